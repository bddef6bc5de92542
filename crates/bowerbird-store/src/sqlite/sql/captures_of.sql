-- The captures of posts, as many as are numbered by a JSON array.
SELECT capture.post, capture.track, capture.rule_version, capture.backfilled
FROM json_each(?1) AS numbered
    CROSS JOIN capture ON capture.post = numbered.value
    LEFT JOIN track ON track.track = capture.track
WHERE track.removed_at IS NULL
