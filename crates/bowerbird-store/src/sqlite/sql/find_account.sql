SELECT account, handle, name, bio, location, url, avatar, verified, protected, made_at, followers, following, posts, listed,
       seen_at, gone_at, scrubbed_to
FROM account
WHERE service = ?1 AND id = ?2
