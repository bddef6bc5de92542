INSERT INTO dead_letter (source, lane, reason, received_at, size, excerpt, packed, bytes, fingerprint)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (source, fingerprint) DO NOTHING
