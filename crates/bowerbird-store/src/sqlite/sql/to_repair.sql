WHERE gap.source = (SELECT source FROM source WHERE name = ?1) AND state = 'open' AND until_at IS NOT NULL
    AND cause NOT IN (SELECT value FROM json_each(?2))
ORDER BY from_at, gap LIMIT ?3
