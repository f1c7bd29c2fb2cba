-- APIs outside that trust Latchkey's tokens.
CREATE TABLE applications (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    -- stands in addresses, in the settings of proxies and before each scope, so it never changes
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT NOT NULL,
    home_team_id BIGINT NOT NULL REFERENCES teams (id),
    audience TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX applications_slug ON applications (slug);
CREATE UNIQUE INDEX applications_name_key ON applications (name_key);
CREATE UNIQUE INDEX applications_audience ON applications (audience);
CREATE INDEX applications_by_home ON applications (home_team_id, name_key);

-- What an application lets tokens be used for. An id is never used twice, so no token ever comes by another scope.
CREATE TABLE application_scopes (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    application_id BIGINT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('read', 'write', 'admin'))
);
CREATE UNIQUE INDEX application_scopes_name ON application_scopes (application_id, name);

-- The teams that may use it. Public gives nothing.
CREATE TABLE application_teams (
    application_id BIGINT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE CHECK (team_id <> 1),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (application_id, team_id)
) WITHOUT ROWID;
CREATE INDEX application_teams_by_team ON application_teams (team_id, application_id);

-- By what it asks about tokens: the secret in force, and the one before it while a rotation overlaps.
CREATE TABLE application_secrets (
    hash BLOB NOT NULL PRIMARY KEY,
    application_id BIGINT NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    hint TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ends_at BIGINT,
    last_used_at BIGINT
) WITHOUT ROWID;
CREATE INDEX application_secrets_by_application ON application_secrets (application_id);
CREATE UNIQUE INDEX application_secrets_in_force ON application_secrets (application_id) WHERE ends_at IS NULL;

-- The scopes of applications that a token has.
CREATE TABLE token_scopes (
    token_id BIGINT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    scope_id BIGINT NOT NULL REFERENCES application_scopes (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, scope_id)
) WITHOUT ROWID;
CREATE INDEX token_scopes_by_scope ON token_scopes (scope_id);

-- Counts each change of what a check of a token rests on, whoever makes it: what was found out before it is not told after it. New
-- accounts, tokens and secrets change nothing that anybody found out, and neither does a use.
CREATE TABLE check_revision (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    n BIGINT NOT NULL
);
INSERT INTO check_revision (id, n) VALUES (1, 1);
CREATE TRIGGER revise_users_update AFTER UPDATE OF kind, username, disabled_at ON users BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_users_delete AFTER DELETE ON users BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_tokens_update AFTER UPDATE OF user_id, name, kind, global_admin, limited, expires_at, revoked_at, suspended_at, networks ON tokens BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_tokens_delete AFTER DELETE ON tokens BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_token_secrets_update AFTER UPDATE OF token_id, ends_at, ended ON token_secrets BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_token_secrets_delete AFTER DELETE ON token_secrets BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_token_teams_insert AFTER INSERT ON token_teams BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_token_teams_update AFTER UPDATE ON token_teams BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_token_teams_delete AFTER DELETE ON token_teams BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_token_scopes_insert AFTER INSERT ON token_scopes BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_token_scopes_update AFTER UPDATE ON token_scopes BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_token_scopes_delete AFTER DELETE ON token_scopes BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_memberships_insert AFTER INSERT ON memberships BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_memberships_update AFTER UPDATE OF user_id, team_id, role_id ON memberships BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_memberships_delete AFTER DELETE ON memberships BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_roles_update AFTER UPDATE OF level ON roles BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_roles_delete AFTER DELETE ON roles BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_teams_update AFTER UPDATE OF name ON teams BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_teams_delete AFTER DELETE ON teams BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_settings_update AFTER UPDATE OF agents_stopped_at ON settings BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_applications_insert AFTER INSERT ON applications BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_applications_update AFTER UPDATE ON applications BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_applications_delete AFTER DELETE ON applications BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_application_scopes_insert AFTER INSERT ON application_scopes BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_application_scopes_update AFTER UPDATE ON application_scopes BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_application_scopes_delete AFTER DELETE ON application_scopes BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_application_teams_insert AFTER INSERT ON application_teams BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_application_teams_update AFTER UPDATE ON application_teams BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_application_teams_delete AFTER DELETE ON application_teams BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_application_secrets_insert AFTER INSERT ON application_secrets BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_application_secrets_update AFTER UPDATE OF application_id, ends_at ON application_secrets BEGIN
    UPDATE check_revision SET n = n + 1;
END;
CREATE TRIGGER revise_application_secrets_delete AFTER DELETE ON application_secrets BEGIN
    UPDATE check_revision SET n = n + 1;
END;
