-- Whoever handed out a link knows its secret: an account (issued_by), or a token alone; neither for the command line.
ALTER TABLE links ADD COLUMN issued_by_token BIGINT CHECK (issued_by_token IS NULL OR issued_by IS NULL);
UPDATE links SET issued_by_token = -issued_by, issued_by = NULL WHERE issued_by < 0;
