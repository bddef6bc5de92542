SELECT gap, source.name, from_at, until_at, reason, lost, state, track
FROM gap JOIN source USING (source)
WHERE ?1 IS NULL OR source.name = ?1
ORDER BY from_at DESC, gap DESC
LIMIT ?2
