INSERT INTO track (track, name, rule_version, retention_seconds, paused, created_at, changed_at, priority,
                   budget_day, budget_month, budget_total)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT (track) DO UPDATE SET
    name = excluded.name, rule_version = excluded.rule_version, retention_seconds = excluded.retention_seconds,
    paused = excluded.paused, changed_at = excluded.changed_at, priority = excluded.priority,
    budget_day = excluded.budget_day, budget_month = excluded.budget_month, budget_total = excluded.budget_total
