-- What administrators allow of tokens; no number is no limit.
ALTER TABLE settings ADD COLUMN personal_tokens BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE settings ADD COLUMN personal_max_days BIGINT CHECK (personal_max_days >= 1);
ALTER TABLE settings ADD COLUMN service_max_days BIGINT CHECK (service_max_days >= 1);
ALTER TABLE settings ADD COLUMN agent_max_days BIGINT CHECK (agent_max_days >= 1);
ALTER TABLE settings ADD COLUMN allow_never BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE settings ADD COLUMN default_days BIGINT CHECK (default_days >= 1);
ALTER TABLE settings ADD COLUMN dormant_days BIGINT CHECK (dormant_days >= 1);

-- From where it may be used, as CIDR blocks with a blank between them; empty for anywhere.
ALTER TABLE tokens ADD COLUMN networks TEXT NOT NULL DEFAULT '';
-- When it was last used, made, renewed or resumed: from here it is reckoned whether it is dormant.
ALTER TABLE tokens ADD COLUMN active_at BIGINT NOT NULL DEFAULT 0;
-- Why it is suspended, where no person did it.
ALTER TABLE tokens ADD COLUMN suspended_for TEXT;
UPDATE tokens SET active_at = MAX(created_at, COALESCE(rotated_at, 0), COALESCE(renewed_at, 0), COALESCE(last_used_at, 0));
CREATE INDEX tokens_by_activity ON tokens (active_at, id) WHERE revoked_at IS NULL AND suspended_at IS NULL;
