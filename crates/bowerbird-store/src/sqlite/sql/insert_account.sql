INSERT INTO account (service, id, handle, name, bio, location, url, avatar, verified, protected, made_at, followers,
                     following, posts, listed, seen_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
ON CONFLICT (service, id) DO NOTHING
