SELECT post, backfilled, received_at
FROM capture INDEXED BY capture_by_track
WHERE track = ?1 AND post > ?2
ORDER BY post
LIMIT ?3
