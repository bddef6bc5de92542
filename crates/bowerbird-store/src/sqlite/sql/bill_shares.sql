SELECT track, what, sum(bill_share.n), sum(bill_share.cost)
FROM bill_share JOIN source USING (source)
WHERE source.name = ?1 AND day >= ?2 AND day < ?3
GROUP BY track, what
ORDER BY 4 DESC, track, what
