UPDATE post
SET version = ?2, own_version = ?3, author = ?4, made_at = ?5, flags = ?6, lang = ?7, text = ?8, detail = ?9,
    erasure = ?10, erased_at = ?11, withheld = ?12
WHERE post = ?1
