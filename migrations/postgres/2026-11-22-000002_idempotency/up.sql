-- What a request with an Idempotency-Key was answered, without secrets, so that sending it again does nothing twice.
CREATE TABLE idempotency (
    -- over the token and the key
    key_hash BYTEA NOT NULL PRIMARY KEY,
    token_id BIGINT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    request_hash BYTEA NOT NULL,
    status INTEGER NOT NULL,
    location TEXT,
    version BIGINT,
    body TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX idempotency_by_token ON idempotency (token_id);
CREATE INDEX idempotency_by_age ON idempotency (created_at);
