UPDATE account
SET handle = ?2, name = ?3, bio = ?4, location = ?5, url = ?6, avatar = ?7, verified = ?8, protected = ?9, made_at = ?10,
    followers = ?11, following = ?12, posts = ?13, listed = ?14, seen_at = ?15
WHERE account = ?1
