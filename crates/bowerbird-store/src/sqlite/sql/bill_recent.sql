SELECT track, sum(iif(day >= ?3, cost, 0)), sum(cost)
FROM bill_share JOIN source USING (source)
WHERE source.name = ?1 AND day >= ?2
GROUP BY track
