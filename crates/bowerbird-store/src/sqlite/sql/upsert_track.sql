INSERT INTO track (track, name, rule_version, retention_seconds, paused, created_at, changed_at, priority)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (track) DO UPDATE SET
    name = excluded.name, rule_version = excluded.rule_version, retention_seconds = excluded.retention_seconds,
    paused = excluded.paused, changed_at = excluded.changed_at, priority = excluded.priority
