SELECT post, source.name, post.received_at, raw
FROM post_raw CROSS JOIN post USING (post) CROSS JOIN source USING (source)
