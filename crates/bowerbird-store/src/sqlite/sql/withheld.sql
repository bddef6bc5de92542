SELECT gap, source.name, from_at, until_at, reason, lost, state, track
FROM gap CROSS JOIN source USING (source)
WHERE family = 1 AND until_at IS NULL
ORDER BY gap
