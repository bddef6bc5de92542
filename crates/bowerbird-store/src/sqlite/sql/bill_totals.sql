SELECT track, cost
FROM bill_total JOIN source USING (source)
WHERE source.name = ?1
