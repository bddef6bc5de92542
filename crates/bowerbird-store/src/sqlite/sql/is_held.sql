-- ?1 post, ?2 whether it was only carried, ?3 service, ?4 id.
SELECT EXISTS (SELECT 1 FROM capture WHERE post = ?1)
    OR (?2 AND EXISTS (SELECT 1 FROM post_relationship WHERE service = ?3 AND id = ?4 AND carried))
