INSERT INTO job (kind, key, payload, due_at, made_at) VALUES (?1, ?2, ?3, ?4, ?4)
ON CONFLICT (kind, key) DO UPDATE SET
    payload = excluded.payload, due_at = excluded.due_at, made_at = excluded.made_at
