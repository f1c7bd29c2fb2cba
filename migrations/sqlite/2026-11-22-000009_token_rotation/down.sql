-- A program that knows no suspension must not take such a token for good.
UPDATE tokens SET revoked_at = suspended_at WHERE suspended_at IS NOT NULL AND revoked_at IS NULL;
DROP INDEX token_secret_in_force;
DELETE FROM token_secrets WHERE ends_at IS NOT NULL;
ALTER TABLE token_secrets DROP COLUMN last_used_agent;
ALTER TABLE token_secrets DROP COLUMN last_used_address;
ALTER TABLE token_secrets DROP COLUMN last_used_at;
ALTER TABLE token_secrets DROP COLUMN ended;
ALTER TABLE token_secrets DROP COLUMN ends_at;
ALTER TABLE token_secrets DROP COLUMN hint;
ALTER TABLE tokens DROP COLUMN renewed_at;
ALTER TABLE tokens DROP COLUMN rotated_at;
ALTER TABLE tokens DROP COLUMN suspended_at;
