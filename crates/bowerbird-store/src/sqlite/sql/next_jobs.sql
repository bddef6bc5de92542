SELECT job FROM job
WHERE source = ?1 AND kind = ?2 AND NOT dead AND due_at <= ?3 AND coalesce(leased_until, ?3) <= ?3
ORDER BY priority DESC, job LIMIT ?4
