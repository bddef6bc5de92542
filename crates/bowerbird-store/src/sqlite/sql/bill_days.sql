SELECT day, what, n, cost
FROM bill JOIN source USING (source)
WHERE source.name = ?1 AND day >= ?2 AND day < ?3
ORDER BY day, what
