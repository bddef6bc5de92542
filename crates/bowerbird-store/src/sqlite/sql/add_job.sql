INSERT INTO job (kind, key, source, payload, due_at, priority, made_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (kind, key) DO NOTHING
