-- The folded name and hint, for search.
ALTER TABLE tokens ADD COLUMN search TEXT NOT NULL DEFAULT '';
UPDATE tokens SET search = name_key || char(10) || lower(hint);

CREATE VIRTUAL TABLE tokens_search USING fts5 (search, content = 'tokens', content_rowid = 'id', tokenize = 'trigram');
INSERT INTO tokens_search (rowid, search) SELECT id, search FROM tokens;
CREATE TRIGGER tokens_search_insert AFTER INSERT ON tokens BEGIN
    INSERT INTO tokens_search (rowid, search) VALUES (new.id, new.search);
END;
CREATE TRIGGER tokens_search_delete AFTER DELETE ON tokens BEGIN
    INSERT INTO tokens_search (tokens_search, rowid, search) VALUES ('delete', old.id, old.search);
END;
CREATE TRIGGER tokens_search_update AFTER UPDATE OF search ON tokens WHEN old.search <> new.search BEGIN
    INSERT INTO tokens_search (tokens_search, rowid, search) VALUES ('delete', old.id, old.search);
    INSERT INTO tokens_search (rowid, search) VALUES (new.id, new.search);
END;

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
