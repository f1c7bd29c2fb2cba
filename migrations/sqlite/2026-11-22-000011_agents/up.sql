-- Who answers for an agent. Only agents have one, and it is a person.
ALTER TABLE users ADD COLUMN sponsor_id BIGINT REFERENCES users (id) ON DELETE SET NULL
    CONSTRAINT only_agents_have_a_sponsor CHECK (kind = 'agent' OR sponsor_id IS NULL);
CREATE INDEX users_by_sponsor ON users (sponsor_id) WHERE sponsor_id IS NOT NULL;
UPDATE users SET sponsor_id = contact_id
WHERE kind = 'agent' AND contact_id IN (SELECT id FROM users WHERE kind = 'person');
CREATE TRIGGER sponsor_is_a_person_insert BEFORE INSERT ON users
WHEN new.sponsor_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users WHERE id = new.sponsor_id AND kind = 'person')
BEGIN SELECT RAISE(ABORT, 'sponsor_is_a_person'); END;
CREATE TRIGGER sponsor_is_a_person_update BEFORE UPDATE OF sponsor_id ON users
WHEN new.sponsor_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users WHERE id = new.sponsor_id AND kind = 'person')
BEGIN SELECT RAISE(ABORT, 'sponsor_is_a_person'); END;
CREATE TRIGGER sponsor_stays_a_person BEFORE UPDATE OF kind ON users
WHEN old.kind = 'person' AND new.kind <> 'person' AND EXISTS (SELECT 1 FROM users WHERE sponsor_id = old.id)
BEGIN SELECT RAISE(ABORT, 'sponsor_is_a_person'); END;

-- An agent's token always ends. Those that did not end a year from now.
UPDATE tokens SET expires_at = (CAST(strftime('%s', 'now') AS INTEGER) + 31536000) * 1000000, version = version + 1
WHERE kind = 'Agent' AND expires_at IS NULL;
CREATE TRIGGER agents_tokens_end_insert BEFORE INSERT ON tokens WHEN new.kind = 'Agent' AND new.expires_at IS NULL
BEGIN SELECT RAISE(ABORT, 'agents_tokens_end'); END;
CREATE TRIGGER agents_tokens_end_update BEFORE UPDATE OF kind, expires_at ON tokens WHEN new.kind = 'Agent' AND new.expires_at IS NULL
BEGIN SELECT RAISE(ABORT, 'agents_tokens_end'); END;

-- Since when all agents are stopped, and when they were last let go; nothing is written to their tokens, so that letting them go
-- brings back what was.
ALTER TABLE settings ADD COLUMN agents_stopped_at BIGINT;
ALTER TABLE settings ADD COLUMN agents_resumed_at BIGINT;
