DROP TABLE scope_watch;
DROP TABLE scope_uses;
ALTER TABLE tokens DROP COLUMN last_used_for;
