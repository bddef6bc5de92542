SELECT gap, source.name, from_at, until_at, reason, lost, state, track
FROM gap JOIN source USING (source)
WHERE (?1 IS NULL OR source.name = ?1)
  AND (?2 IS NULL OR (from_at, gap) < (SELECT last.from_at, last.gap FROM gap AS last WHERE last.gap = ?2))
ORDER BY from_at DESC, gap DESC
LIMIT ?3
