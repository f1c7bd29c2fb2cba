-- A program that does not know the switch must not take what it stopped.
UPDATE tokens SET suspended_at = (SELECT agents_stopped_at FROM settings), version = version + 1
WHERE kind = 'Agent' AND suspended_at IS NULL AND revoked_at IS NULL AND (SELECT agents_stopped_at FROM settings) IS NOT NULL;
ALTER TABLE settings DROP COLUMN agents_resumed_at;
ALTER TABLE settings DROP COLUMN agents_stopped_at;
ALTER TABLE tokens DROP CONSTRAINT agents_tokens_end;
DROP TRIGGER sponsor_is_a_person ON users;
DROP FUNCTION sponsor_is_a_person;
DROP INDEX users_by_sponsor;
ALTER TABLE users DROP CONSTRAINT only_agents_have_a_sponsor;
ALTER TABLE users DROP COLUMN sponsor_id;
