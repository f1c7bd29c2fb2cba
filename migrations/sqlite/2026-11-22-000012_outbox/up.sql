-- Which token was made or rotated with which; tokens.parent_id names the last of them alone. No reference: where an account in
-- the midst of such a line is deleted, the line still holds.
CREATE TABLE token_makers (
    token_id BIGINT NOT NULL,
    maker_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (token_id, maker_id)
) WITHOUT ROWID;
CREATE INDEX token_makers_by_maker ON token_makers (maker_id);
INSERT INTO token_makers (token_id, maker_id, at)
SELECT id, parent_id, created_at FROM tokens WHERE parent_id IS NOT NULL;

-- Whether the secret that took the place of this one was asked for with the token itself: whoever had this one then has that one.
ALTER TABLE token_secrets ADD COLUMN passed_on BOOLEAN NOT NULL DEFAULT FALSE;
-- Secrets before the one that the last rotation replaced, so that they are known when somebody finds them.
CREATE TABLE former_secrets (
    hash BLOB NOT NULL PRIMARY KEY,
    token_id BIGINT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    ends_at BIGINT NOT NULL,
    passed_on BOOLEAN NOT NULL
) WITHOUT ROWID;
CREATE INDEX former_secrets_by_token ON former_secrets (token_id);

-- Tokens that somebody found where none belongs, and those that were made with them.
CREATE TABLE token_leaks (
    token_id BIGINT NOT NULL PRIMARY KEY REFERENCES tokens (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    -- in the words of whoever found it; empty where they said nothing
    found_at TEXT NOT NULL,
    -- the token itself, the secret that it no longer has, or one that it was made with
    what TEXT NOT NULL CHECK (what IN ('itself', 'former', 'maker'))
);
CREATE INDEX token_leaks_by_time ON token_leaks (at);

-- What somebody is to be told of, written in the transaction that caused it. No reference: it outlives what it tells of.
CREATE TABLE outbox (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- the message's id, the same at every try
    uuid TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    token_id BIGINT,
    payload TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    next_try_at BIGINT,
    done_at BIGINT
);
CREATE INDEX outbox_waiting ON outbox (next_try_at, id) WHERE done_at IS NULL;
