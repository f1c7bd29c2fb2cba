-- What a token was last used for: an operation of the portal's own API, by its route.
ALTER TABLE tokens ADD COLUMN last_used_for TEXT;

-- When each scope of a token was last relied on, and since when it is there, where that is later than the token's making.
CREATE TABLE scope_uses (
    token_id BIGINT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    added_at BIGINT,
    last_used_at BIGINT,
    PRIMARY KEY (token_id, scope)
);

-- Since when that is watched; tokens from before tell nothing of the time before. Always exactly one row.
CREATE TABLE scope_watch (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    since BIGINT NOT NULL
);
INSERT INTO scope_watch (id, since)
SELECT 1, CASE WHEN EXISTS (SELECT 1 FROM tokens) THEN CAST(EXTRACT(EPOCH FROM now()) AS BIGINT) * 1000000 ELSE 0 END;
