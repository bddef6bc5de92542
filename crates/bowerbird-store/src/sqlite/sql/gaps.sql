SELECT gap, source.name, track, from_at, until_at, cause, reason, lost, state, repaired_by, repaired_at, came, lacks, remains
FROM gap CROSS JOIN source USING (source)
