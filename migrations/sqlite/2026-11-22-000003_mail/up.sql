-- When somebody said at the log-in page that the password of an account is forgotten, so that nobody's mailbox is filled by it.
CREATE TABLE reset_asks (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    asked_at BIGINT NOT NULL
);
CREATE INDEX reset_asks_by_user ON reset_asks (user_id, asked_at);
CREATE INDEX reset_asks_by_age ON reset_asks (asked_at);
