-- What lists need in order to cost the same however long they are.

-- How many accounts of each kind there are in each organisation role.
CREATE TABLE user_counts (
    kind TEXT NOT NULL,
    role TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (kind, role)
) WITHOUT ROWID;
INSERT INTO user_counts (kind, role, n) SELECT kind, role, COUNT(*) FROM users GROUP BY kind, role;
CREATE TRIGGER user_counts_insert AFTER INSERT ON users BEGIN
    INSERT INTO user_counts (kind, role, n) VALUES (new.kind, new.role, 1)
    ON CONFLICT (kind, role) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER user_counts_delete AFTER DELETE ON users BEGIN
    UPDATE user_counts SET n = n - 1 WHERE kind = old.kind AND role = old.role;
END;
CREATE TRIGGER user_counts_update AFTER UPDATE OF kind, role ON users
WHEN old.kind <> new.kind OR old.role <> new.role BEGIN
    UPDATE user_counts SET n = n - 1 WHERE kind = old.kind AND role = old.role;
    INSERT INTO user_counts (kind, role, n) VALUES (new.kind, new.role, 1)
    ON CONFLICT (kind, role) DO UPDATE SET n = n + 1;
END;

-- What a team's list is sorted and split by stands in the membership too, so that one index reads it.
ALTER TABLE memberships ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE memberships ADD COLUMN machine BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE memberships ADD COLUMN last_seen_at BIGINT NOT NULL DEFAULT 0;
UPDATE memberships SET
    name_key = (SELECT display_name_key FROM users WHERE users.id = memberships.user_id),
    machine = (SELECT kind <> 'person' FROM users WHERE users.id = memberships.user_id),
    last_seen_at = (SELECT last_seen_at FROM users WHERE users.id = memberships.user_id);
CREATE INDEX memberships_by_name ON memberships (team_id, name_key, user_id);
CREATE INDEX memberships_by_kind_name ON memberships (team_id, machine, name_key, user_id);
DROP INDEX memberships_by_role;
CREATE INDEX memberships_by_role ON memberships (role_id, name_key, team_id);
CREATE INDEX memberships_by_seen ON memberships (team_id, last_seen_at, user_id);

-- How many people, and how many service and agent accounts, are in each team.
CREATE TABLE team_counts (
    team_id BIGINT NOT NULL,
    machine BOOLEAN NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (team_id, machine)
) WITHOUT ROWID;
INSERT INTO team_counts (team_id, machine, n) SELECT team_id, machine, COUNT(*) FROM memberships GROUP BY team_id, machine;

CREATE TRIGGER memberships_insert AFTER INSERT ON memberships BEGIN
    UPDATE memberships SET (name_key, machine, last_seen_at) =
        (SELECT display_name_key, kind <> 'person', last_seen_at FROM users WHERE id = new.user_id)
    WHERE user_id = new.user_id AND team_id = new.team_id;
    INSERT INTO team_counts (team_id, machine, n)
    SELECT new.team_id, kind <> 'person', 1 FROM users WHERE id = new.user_id
    ON CONFLICT (team_id, machine) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER memberships_delete AFTER DELETE ON memberships BEGIN
    UPDATE team_counts SET n = n - 1 WHERE team_id = old.team_id AND machine = old.machine;
END;
CREATE TRIGGER memberships_follow AFTER UPDATE OF kind, display_name_key ON users
WHEN old.kind <> new.kind OR old.display_name_key <> new.display_name_key BEGIN
    UPDATE memberships SET name_key = new.display_name_key, machine = (new.kind <> 'person') WHERE user_id = new.id;
END;
CREATE TRIGGER memberships_seen AFTER UPDATE OF last_seen_at ON users WHEN old.last_seen_at <> new.last_seen_at BEGIN
    UPDATE memberships SET last_seen_at = new.last_seen_at WHERE user_id = new.id;
END;
CREATE TRIGGER memberships_turn AFTER UPDATE OF machine ON memberships
WHEN old.machine <> new.machine AND old.name_key <> '' BEGIN
    UPDATE team_counts SET n = n - 1 WHERE team_id = old.team_id AND machine = old.machine;
    INSERT INTO team_counts (team_id, machine, n) VALUES (new.team_id, new.machine, 1)
    ON CONFLICT (team_id, machine) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER team_counts_delete AFTER DELETE ON teams BEGIN
    DELETE FROM team_counts WHERE team_id = old.id;
END;

-- How many memberships have each team role.
CREATE TABLE role_counts (
    role_id BIGINT NOT NULL PRIMARY KEY,
    n BIGINT NOT NULL
) WITHOUT ROWID;
INSERT INTO role_counts (role_id, n) SELECT role_id, COUNT(*) FROM memberships GROUP BY role_id;
CREATE TRIGGER role_counts_insert AFTER INSERT ON memberships BEGIN
    INSERT INTO role_counts (role_id, n) VALUES (new.role_id, 1) ON CONFLICT (role_id) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER role_counts_delete AFTER DELETE ON memberships BEGIN
    UPDATE role_counts SET n = n - 1 WHERE role_id = old.role_id;
END;
CREATE TRIGGER role_counts_update AFTER UPDATE OF role_id ON memberships WHEN old.role_id <> new.role_id BEGIN
    UPDATE role_counts SET n = n - 1 WHERE role_id = old.role_id;
    INSERT INTO role_counts (role_id, n) VALUES (new.role_id, 1) ON CONFLICT (role_id) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER role_counts_forget AFTER DELETE ON roles BEGIN
    DELETE FROM role_counts WHERE role_id = old.id;
END;

-- In how many teams each account is, besides Public.
ALTER TABLE users ADD COLUMN teams BIGINT NOT NULL DEFAULT 0;
UPDATE users SET teams = (SELECT COUNT(*) FROM memberships WHERE memberships.user_id = users.id);
CREATE TRIGGER teams_insert AFTER INSERT ON memberships BEGIN
    UPDATE users SET teams = teams + 1 WHERE id = new.user_id;
END;
CREATE TRIGGER teams_delete AFTER DELETE ON memberships BEGIN
    UPDATE users SET teams = teams - 1 WHERE id = old.user_id;
END;

-- The states that few accounts are in.
CREATE INDEX users_disabled ON users (display_name_key, id) WHERE disabled_at IS NOT NULL;
CREATE INDEX users_invited ON users (kind, display_name_key, id) WHERE disabled_at IS NULL AND kind = 'person' AND password_hash IS NULL;
CREATE INDEX users_without_contact ON users (display_name_key, id) WHERE disabled_at IS NULL AND kind <> 'person' AND contact_id IS NULL;
CREATE INDEX users_without_sponsor ON users (kind, display_name_key, id) WHERE disabled_at IS NULL AND kind = 'agent' AND sponsor_id IS NULL;
CREATE INDEX users_machines ON users (display_name_key, id, kind, teams) WHERE disabled_at IS NULL AND kind <> 'person';
-- What the tokens of an account are good for is told from this index alone.
CREATE INDEX tokens_by_standing ON tokens (user_id, revoked_at, kind, suspended_at, expires_at) WHERE revoked_at IS NULL;
-- The dormant ones of a kind.
CREATE INDEX tokens_by_kind_activity ON tokens (kind, active_at, id) WHERE revoked_at IS NULL AND suspended_at IS NULL;
-- A kind or a role by when they were last seen.
CREATE INDEX users_by_kind_seen ON users (kind, last_seen_at, id);
CREATE INDEX users_by_role_seen ON users (role, last_seen_at, id);

-- For how many enabled accounts a person answers, as their contact or as their sponsor, and how many of these are agents.
ALTER TABLE users ADD COLUMN answers BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN answers_agents BIGINT NOT NULL DEFAULT 0;
UPDATE users SET
    answers = (SELECT COUNT(*) FROM users a
        WHERE a.disabled_at IS NULL AND (a.contact_id = users.id OR a.sponsor_id = users.id)),
    answers_agents = (SELECT COUNT(*) FROM users a
        WHERE a.disabled_at IS NULL AND a.kind = 'agent' AND (a.contact_id = users.id OR a.sponsor_id = users.id))
WHERE kind = 'person';
CREATE INDEX users_leavers ON users (answers DESC, id) WHERE disabled_at IS NOT NULL AND answers > 0;
CREATE TRIGGER answers_insert AFTER INSERT ON users WHEN new.contact_id IS NOT NULL OR new.sponsor_id IS NOT NULL BEGIN
    UPDATE users SET answers = answers + 1, answers_agents = answers_agents + (new.kind = 'agent')
    WHERE new.disabled_at IS NULL AND id IN (new.contact_id, new.sponsor_id);
END;
CREATE TRIGGER answers_delete AFTER DELETE ON users WHEN old.contact_id IS NOT NULL OR old.sponsor_id IS NOT NULL BEGIN
    UPDATE users SET answers = answers - 1, answers_agents = answers_agents - (old.kind = 'agent')
    WHERE old.disabled_at IS NULL AND id IN (old.contact_id, old.sponsor_id);
END;
CREATE TRIGGER answers_update AFTER UPDATE OF contact_id, sponsor_id, disabled_at, kind ON users
WHEN old.kind <> new.kind OR old.contact_id IS NOT new.contact_id OR old.sponsor_id IS NOT new.sponsor_id
    OR (old.disabled_at IS NULL) <> (new.disabled_at IS NULL) BEGIN
    UPDATE users SET answers = answers - 1, answers_agents = answers_agents - (old.kind = 'agent')
    WHERE old.disabled_at IS NULL AND id IN (old.contact_id, old.sponsor_id);
    UPDATE users SET answers = answers + 1, answers_agents = answers_agents + (new.kind = 'agent')
    WHERE new.disabled_at IS NULL AND id IN (new.contact_id, new.sponsor_id);
END;
