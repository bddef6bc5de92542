SELECT post, service, id, version, own_version, source, author, made_at, received_at, flags, lang, text, detail, erasure,
       erased_at, withheld
FROM post
