-- Changes a row if this is later, or an end at the same time, or names what was not named.
INSERT INTO account_relationship (service, id, kind, from_account, to_account, changed_at, ended)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (service, id) DO UPDATE SET
    ended        = iif((excluded.changed_at, excluded.ended) > (changed_at, ended), excluded.ended, ended),
    changed_at   = max(changed_at, excluded.changed_at),
    from_account = coalesce(from_account, excluded.from_account),
    to_account   = coalesce(to_account, excluded.to_account)
WHERE (excluded.changed_at, excluded.ended) > (changed_at, ended)
   OR (from_account IS NULL AND excluded.from_account IS NOT NULL)
   OR (to_account IS NULL AND excluded.to_account IS NOT NULL)
