-- Posts by service and id, as many as are named by a JSON array of pairs.
SELECT p.post, p.service, p.id, p.version, p.own_version, p.source, p.author, p.made_at, p.received_at, p.flags, p.lang, p.text,
       p.detail, p.erasure, p.erased_at, p.withheld
FROM json_each(?1) AS named CROSS JOIN post AS p ON p.service = named.value ->> 0 AND p.id = named.value ->> 1
