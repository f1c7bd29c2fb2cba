-- What lists need in order to cost the same however long they are.

-- How many accounts of each kind there are in each organisation role.
CREATE TABLE user_counts (
    kind TEXT NOT NULL,
    role TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (kind, role)
);
INSERT INTO user_counts (kind, role, n) SELECT kind, role, COUNT(*) FROM users GROUP BY kind, role;
CREATE FUNCTION count_users() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op <> 'INSERT' THEN
        UPDATE user_counts SET n = n - 1 WHERE kind = old.kind AND role = old.role;
    END IF;
    IF tg_op <> 'DELETE' THEN
        INSERT INTO user_counts (kind, role, n) VALUES (new.kind, new.role, 1)
        ON CONFLICT (kind, role) DO UPDATE SET n = user_counts.n + 1;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER user_counts_change AFTER INSERT OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION count_users();
CREATE TRIGGER user_counts_update AFTER UPDATE OF kind, role ON users FOR EACH ROW
WHEN (old.kind <> new.kind OR old.role <> new.role) EXECUTE FUNCTION count_users();

-- What a team's list is sorted and split by stands in the membership too, so that one index reads it.
ALTER TABLE memberships ADD COLUMN name_key TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE memberships ADD COLUMN machine BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE memberships ADD COLUMN last_seen_at BIGINT NOT NULL DEFAULT 0;
UPDATE memberships SET name_key = u.display_name_key, machine = u.kind <> 'person', last_seen_at = u.last_seen_at FROM users u WHERE u.id = memberships.user_id;
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
);
INSERT INTO team_counts (team_id, machine, n) SELECT team_id, machine, COUNT(*) FROM memberships GROUP BY team_id, machine;

CREATE FUNCTION know_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT display_name_key, kind <> 'person', last_seen_at INTO new.name_key, new.machine, new.last_seen_at
    FROM users WHERE id = new.user_id;
    IF new.name_key IS NULL THEN
        -- No such account: the foreign key says so.
        new.name_key = '';
        new.machine = FALSE;
        new.last_seen_at = 0;
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER memberships_insert BEFORE INSERT ON memberships FOR EACH ROW EXECUTE FUNCTION know_member();
CREATE FUNCTION count_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op <> 'INSERT' THEN
        UPDATE team_counts SET n = n - 1 WHERE team_id = old.team_id AND machine = old.machine;
    END IF;
    IF tg_op <> 'DELETE' THEN
        INSERT INTO team_counts (team_id, machine, n) VALUES (new.team_id, new.machine, 1)
        ON CONFLICT (team_id, machine) DO UPDATE SET n = team_counts.n + 1;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER memberships_count AFTER INSERT OR DELETE ON memberships FOR EACH ROW EXECUTE FUNCTION count_members();
CREATE TRIGGER memberships_turn AFTER UPDATE OF machine ON memberships FOR EACH ROW
WHEN (old.machine <> new.machine) EXECUTE FUNCTION count_members();
CREATE FUNCTION follow_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE memberships
    SET name_key = new.display_name_key, machine = (new.kind <> 'person'), last_seen_at = new.last_seen_at
    WHERE user_id = new.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER memberships_follow AFTER UPDATE OF kind, display_name_key, last_seen_at ON users FOR EACH ROW
WHEN (old.kind <> new.kind OR old.display_name_key <> new.display_name_key OR old.last_seen_at <> new.last_seen_at) EXECUTE FUNCTION follow_user();
CREATE FUNCTION forget_team() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM team_counts WHERE team_id = old.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER team_counts_delete AFTER DELETE ON teams FOR EACH ROW EXECUTE FUNCTION forget_team();

-- How many memberships have each team role.
CREATE TABLE role_counts (
    role_id BIGINT NOT NULL PRIMARY KEY,
    n BIGINT NOT NULL
);
INSERT INTO role_counts (role_id, n) SELECT role_id, COUNT(*) FROM memberships GROUP BY role_id;
CREATE FUNCTION count_roles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op <> 'INSERT' THEN
        UPDATE role_counts SET n = n - 1 WHERE role_id = old.role_id;
    END IF;
    IF tg_op <> 'DELETE' THEN
        INSERT INTO role_counts (role_id, n) VALUES (new.role_id, 1)
        ON CONFLICT (role_id) DO UPDATE SET n = role_counts.n + 1;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER role_counts_change AFTER INSERT OR DELETE ON memberships FOR EACH ROW EXECUTE FUNCTION count_roles();
CREATE TRIGGER role_counts_update AFTER UPDATE OF role_id ON memberships FOR EACH ROW
WHEN (old.role_id <> new.role_id) EXECUTE FUNCTION count_roles();
CREATE FUNCTION forget_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM role_counts WHERE role_id = old.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER role_counts_forget AFTER DELETE ON roles FOR EACH ROW EXECUTE FUNCTION forget_role();

-- In how many teams each account is, besides Public.
ALTER TABLE users ADD COLUMN teams BIGINT NOT NULL DEFAULT 0;
UPDATE users SET teams = (SELECT COUNT(*) FROM memberships WHERE memberships.user_id = users.id);
CREATE FUNCTION count_teams() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op = 'INSERT' THEN
        UPDATE users SET teams = teams + 1 WHERE id = new.user_id;
    ELSE
        UPDATE users SET teams = teams - 1 WHERE id = old.user_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER teams_change AFTER INSERT OR DELETE ON memberships FOR EACH ROW EXECUTE FUNCTION count_teams();

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
CREATE FUNCTION count_answers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op <> 'INSERT' THEN
        UPDATE users SET answers = answers - 1, answers_agents = answers_agents - (old.kind = 'agent')::int
        WHERE old.disabled_at IS NULL AND id IN (old.contact_id, old.sponsor_id);
    END IF;
    IF tg_op <> 'DELETE' THEN
        UPDATE users SET answers = answers + 1, answers_agents = answers_agents + (new.kind = 'agent')::int
        WHERE new.disabled_at IS NULL AND id IN (new.contact_id, new.sponsor_id);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER answers_change AFTER INSERT OR DELETE ON users FOR EACH ROW EXECUTE FUNCTION count_answers();
CREATE TRIGGER answers_update AFTER UPDATE OF contact_id, sponsor_id, disabled_at, kind ON users FOR EACH ROW
WHEN (old.kind <> new.kind OR old.contact_id IS DISTINCT FROM new.contact_id OR old.sponsor_id IS DISTINCT FROM new.sponsor_id
    OR (old.disabled_at IS NULL) <> (new.disabled_at IS NULL))
EXECUTE FUNCTION count_answers();
