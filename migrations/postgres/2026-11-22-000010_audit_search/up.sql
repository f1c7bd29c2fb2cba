-- What the audit log is searched by. It stands beside the entries, because these are sealed as they are; whatever is missing
-- here is filled in when the program opens the store.
CREATE INDEX audit_by_facets ON audit (action, actor_kind, outcome, target_kind, seq);
CREATE INDEX audit_by_actor_action ON audit (actor_id, action, seq);
CREATE INDEX audit_by_token ON audit (token_id, seq) WHERE token_id IS NOT NULL;
CREATE INDEX audit_teams_by_seq ON audit_teams (seq);

-- Which of these occur together: few, so that a question for some of them is asked of the index above word by word.
CREATE TABLE audit_facets (
    action TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    outcome TEXT NOT NULL,
    -- empty where it was done to nothing
    target_kind TEXT NOT NULL,
    PRIMARY KEY (action, actor_kind, outcome, target_kind)
);

-- From which entry to which each hour goes, since the clock may have been set back between them.
CREATE TABLE audit_hours (
    hour BIGINT NOT NULL PRIMARY KEY,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL
);

-- The folded names and words of each entry.
CREATE TABLE audit_words (
    seq BIGINT NOT NULL PRIMARY KEY,
    target_key TEXT COLLATE "C",
    token_key TEXT COLLATE "C",
    text TEXT NOT NULL
);
CREATE INDEX audit_words_by_target ON audit_words (target_key, seq) WHERE target_key IS NOT NULL;
CREATE INDEX audit_words_by_token ON audit_words (token_key, seq) WHERE token_key IS NOT NULL;

-- Substring search stays fast with pg_trgm; where the extension cannot be had, search still works.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX audit_search ON audit_words USING gin (text gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'pg_trgm is not available, search reads the whole table: %', SQLERRM;
END
$$;

-- Up to where old entries were removed: the number, code and time of the last of them, and a seal over these by the key that
-- is not in the store.
CREATE TABLE audit_boundary (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL,
    mac BYTEA NOT NULL,
    at BIGINT NOT NULL,
    seal BYTEA NOT NULL
);

-- Nothing is for ever.
ALTER TABLE settings ADD COLUMN audit_keep_days BIGINT CHECK (audit_keep_days >= 30);
