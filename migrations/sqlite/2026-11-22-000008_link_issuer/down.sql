UPDATE links SET issued_by = -issued_by_token, issued_by_token = NULL WHERE issued_by_token IS NOT NULL;
ALTER TABLE links DROP COLUMN issued_by_token;
