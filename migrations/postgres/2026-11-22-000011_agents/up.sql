-- Who answers for an agent. Only agents have one, and it is a person.
ALTER TABLE users ADD COLUMN sponsor_id BIGINT REFERENCES users (id) ON DELETE SET NULL;
ALTER TABLE users ADD CONSTRAINT only_agents_have_a_sponsor CHECK (kind = 'agent' OR sponsor_id IS NULL);
CREATE INDEX users_by_sponsor ON users (sponsor_id) WHERE sponsor_id IS NOT NULL;
UPDATE users SET sponsor_id = contact_id
WHERE kind = 'agent' AND contact_id IN (SELECT id FROM users WHERE kind = 'person');
CREATE FUNCTION sponsor_is_a_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.sponsor_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users WHERE id = new.sponsor_id AND kind = 'person')
        OR tg_op = 'UPDATE' AND new.kind <> 'person' AND EXISTS (SELECT 1 FROM users WHERE sponsor_id = new.id)
    THEN RAISE EXCEPTION 'sponsor_is_a_person' USING ERRCODE = 'check_violation'; END IF; RETURN new; END
$$;
CREATE TRIGGER sponsor_is_a_person BEFORE INSERT OR UPDATE OF sponsor_id, kind ON users FOR EACH ROW EXECUTE FUNCTION sponsor_is_a_person();

-- An agent's token always ends. Those that did not end a year from now.
UPDATE tokens SET expires_at = (EXTRACT(EPOCH FROM now())::BIGINT + 31536000) * 1000000, version = version + 1
WHERE kind = 'Agent' AND expires_at IS NULL;
ALTER TABLE tokens ADD CONSTRAINT agents_tokens_end CHECK (kind <> 'Agent' OR expires_at IS NOT NULL);

-- Since when all agents are stopped, and when they were last let go; nothing is written to their tokens, so that letting them go
-- brings back what was.
ALTER TABLE settings ADD COLUMN agents_stopped_at BIGINT;
ALTER TABLE settings ADD COLUMN agents_resumed_at BIGINT;
