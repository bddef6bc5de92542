SELECT job, kind, key, source, payload, due_at, leased_until, attempts, priority, reason, dead, made_at FROM job
