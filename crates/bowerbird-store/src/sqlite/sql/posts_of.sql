-- From the text index, and what was kept without one.
SELECT rowid FROM post_text WHERE post_text MATCH ?1
UNION
SELECT post FROM post WHERE author = ?2 AND detail IS NOT NULL AND flags & 1024 = 0
