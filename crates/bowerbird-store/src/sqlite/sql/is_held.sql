-- ?1 post, ?2 whether it was only carried.
SELECT EXISTS (SELECT 1 FROM capture WHERE post = ?1)
    OR (?2 AND EXISTS (SELECT 1 FROM post_relationship AS r JOIN post ON post.post = r.post
                       WHERE r.target = ?1 AND post.detail IS NOT NULL))
