-- The folded name and hint, for search.
ALTER TABLE tokens ADD COLUMN search TEXT NOT NULL DEFAULT '';
UPDATE tokens SET search = name_key || chr(10) || lower(hint);

-- Substring search stays fast with pg_trgm; where the extension cannot be had, search still works.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX tokens_search ON tokens USING gin (search gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'pg_trgm is not available, search reads the whole table: %', SQLERRM;
END
$$;

-- What lists are sorted by; a token without an end sorts last, one that was never used first.
CREATE INDEX tokens_by_kind ON tokens (kind, id);
CREATE INDEX tokens_by_kind_name ON tokens (kind, name_key, id);
CREATE INDEX tokens_by_name ON tokens (name_key, id);
CREATE INDEX tokens_by_kind_end ON tokens (kind, (COALESCE(expires_at, 9223372036854775807)), id);
CREATE INDEX tokens_by_end ON tokens ((COALESCE(expires_at, 9223372036854775807)), id);
CREATE INDEX tokens_by_kind_use ON tokens (kind, (COALESCE(last_used_at, 0)), id);
CREATE INDEX tokens_by_use ON tokens ((COALESCE(last_used_at, 0)), id);
CREATE INDEX tokens_suspended ON tokens (id) WHERE suspended_at IS NOT NULL;
CREATE INDEX tokens_revoked ON tokens (id) WHERE revoked_at IS NOT NULL;
