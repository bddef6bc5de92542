-- What was spent of a source since a day, since the beginning of a month, and ever, by track: rows to be added up.
SELECT track, cost, 0, 0 FROM bill_share
WHERE source = (SELECT source FROM source WHERE name = ?1) AND day >= ?2
UNION ALL
SELECT track, 0, cost, 0 FROM bill_month
WHERE source = (SELECT source FROM source WHERE name = ?1) AND month >= ?3
UNION ALL
SELECT track, 0, 0, cost FROM bill_total
WHERE source = (SELECT source FROM source WHERE name = ?1)
