SELECT track.track, track.rule_version, track.name, rule.rule, rule.sources, rule.start_at, rule.end_at,
       track.retention_seconds, track.paused, track.created_at, track.changed_at, track.priority,
       track.budget_day, track.budget_month, track.budget_total
FROM track JOIN rule ON rule.track = track.track AND rule.version = track.rule_version
