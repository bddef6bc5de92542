SELECT account FROM account WHERE handle = ?1 COLLATE NOCASE AND handle <> ''
UNION
SELECT account FROM name WHERE handle = ?1 COLLATE NOCASE AND handle <> ''
UNION
SELECT account FROM account WHERE service IN (SELECT service FROM service) AND id IN (?1, ?2)
LIMIT ?3
