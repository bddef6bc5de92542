SELECT json_array(handle, name, bio, location, url, avatar, verified, protected, made_at, followers, following, posts, listed)
FROM account
WHERE service = ?1 AND id = ?2
