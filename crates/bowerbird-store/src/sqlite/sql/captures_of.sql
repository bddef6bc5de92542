SELECT capture.track, capture.rule_version, capture.backfilled
FROM capture LEFT JOIN track ON track.track = capture.track
WHERE capture.post = ?1 AND track.removed_at IS NULL
ORDER BY capture.track
