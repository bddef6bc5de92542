SELECT account FROM name WHERE handle = ?1 COLLATE NOCASE
UNION
SELECT account FROM account WHERE service IN (SELECT service FROM service) AND id IN (?1, ?2)
LIMIT ?3
