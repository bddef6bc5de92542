INSERT INTO gap (source, track, family, cause, from_at, until_at, reason, lost)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (source, track, family, from_at) DO UPDATE SET
    -- What it has grown by was not fetched again.
    state    = iif(state = 'repaired' AND excluded.until_at > until_at, 'open', state),
    until_at = coalesce(max(until_at, excluded.until_at), until_at, excluded.until_at),
    lost     = coalesce(max(lost, excluded.lost), lost, excluded.lost)
