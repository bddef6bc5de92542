INSERT INTO post (post, service, id, version, own_version, source, author, made_at, received_at, flags, lang, text,
                  detail, erasure, erased_at, withheld)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
ON CONFLICT (service, id) DO NOTHING
