-- Counts changes, for If-Match and for two people editing at once.
ALTER TABLE tokens ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
