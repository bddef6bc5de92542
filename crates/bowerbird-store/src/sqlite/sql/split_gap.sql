INSERT INTO gap (source, track, family, cause, from_at, until_at, reason, lost, state, repaired_by, repaired_at, came, lacks, remains)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
