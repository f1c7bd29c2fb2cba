ALTER TABLE tokens ADD COLUMN suspended_at BIGINT;
ALTER TABLE tokens ADD COLUMN rotated_at BIGINT;
-- Since when its present life counts, where a rotation began it anew.
ALTER TABLE tokens ADD COLUMN renewed_at BIGINT;
-- One secret of a token has no end of its own; the one before it is good until ends_at.
ALTER TABLE token_secrets ADD COLUMN hint TEXT NOT NULL DEFAULT '';
ALTER TABLE token_secrets ADD COLUMN ends_at BIGINT;
-- Whether it was ended by hand: so that no clock, of whichever portal, makes it good again.
ALTER TABLE token_secrets ADD COLUMN ended BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE token_secrets ADD COLUMN last_used_at BIGINT;
ALTER TABLE token_secrets ADD COLUMN last_used_address TEXT;
ALTER TABLE token_secrets ADD COLUMN last_used_agent TEXT;
UPDATE token_secrets SET hint = (SELECT tokens.hint FROM tokens WHERE tokens.id = token_secrets.token_id);
CREATE UNIQUE INDEX token_secret_in_force ON token_secrets (token_id) WHERE ends_at IS NULL;
