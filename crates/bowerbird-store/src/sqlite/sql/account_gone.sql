-- Only a later word changes anything. What the account said of itself goes with it.
UPDATE account
SET gone_at = ?2, status = ?3, handle = '', name = '', bio = '', location = '', url = '', avatar = ''
WHERE account = ?1 AND (gone_at IS NULL OR gone_at < ?2)
