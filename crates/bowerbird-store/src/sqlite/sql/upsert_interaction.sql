-- Changes a row if this is later, or an end at the same time, or names what was not named.
INSERT INTO post_interaction (service, id, kind, account, post_id, changed_at, ended)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (service, id) DO UPDATE SET
    ended      = iif((excluded.changed_at, excluded.ended) > (changed_at, ended), excluded.ended, ended),
    changed_at = max(changed_at, excluded.changed_at),
    account    = coalesce(account, excluded.account),
    post_id    = iif(post_id = '', excluded.post_id, post_id)
WHERE (excluded.changed_at, excluded.ended) > (changed_at, ended)
   OR (account IS NULL AND excluded.account IS NOT NULL)
   OR (post_id = '' AND excluded.post_id <> '')
