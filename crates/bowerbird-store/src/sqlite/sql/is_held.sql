-- Is it caught, or does another post whose text is here carry it?
SELECT EXISTS (SELECT 1 FROM capture WHERE post = ?1)
    OR EXISTS (SELECT 1 FROM post_relationship AS r JOIN post ON post.post = r.post
               WHERE r.target = ?1 AND r.post <> ?1 AND post.detail IS NOT NULL)
