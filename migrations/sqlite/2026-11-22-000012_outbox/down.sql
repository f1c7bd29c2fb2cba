DROP TABLE outbox;
DROP TABLE token_leaks;
DROP TABLE former_secrets;
ALTER TABLE token_secrets DROP COLUMN passed_on;
DROP TABLE token_makers;
