SELECT post, backfilled, received_at
FROM capture INDEXED BY capture_by_age
WHERE track = ?1 AND received_at <= ?2
ORDER BY received_at
LIMIT ?3
