SELECT day, what, bill_share.n, bill_share.cost
FROM bill_share JOIN source USING (source)
WHERE source.name = ?1 AND day >= ?2 AND day < ?3 AND track = ?4
ORDER BY day, what
