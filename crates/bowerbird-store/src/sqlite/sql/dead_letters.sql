SELECT dead_letter, source.name, lane, reason, received_at, size, excerpt, packed, bytes
FROM dead_letter JOIN source USING (source)
