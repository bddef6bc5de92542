SELECT rule.version, rule.rule, rule.sources, rule.start_at, rule.end_at, rule.made_at,
       lead(rule.made_at) OVER (ORDER BY rule.version)
FROM rule JOIN track ON track.track = rule.track
WHERE rule.track = ?1 AND track.removed_at IS NULL
ORDER BY rule.version
