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

-- What of that which a check of a token rests on was changed, whoever changed it, and in which order: what was found out of it before is not
-- told after it. `id` is a token's or an account's; any change of another kind is one of everything. The last ten thousand are kept. The
-- use of a token changes nothing.
CREATE TABLE check_changes (
    n INTEGER NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('token', 'user', 'all')),
    id BIGINT
);
INSERT INTO check_changes (n, kind) VALUES (1, 'all');
CREATE TRIGGER check_changes_prune AFTER INSERT ON check_changes WHEN NEW.n % 1000 = 0 BEGIN
    DELETE FROM check_changes WHERE n <= NEW.n - 10000;
END;
CREATE TRIGGER check_users_update AFTER UPDATE ON users
WHEN (OLD.kind, OLD.username, OLD.disabled_at) IS NOT (NEW.kind, NEW.username, NEW.disabled_at) BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('user', OLD.id);
END;
CREATE TRIGGER check_users_delete AFTER DELETE ON users BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('user', OLD.id);
END;
CREATE TRIGGER check_memberships_insert AFTER INSERT ON memberships BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('user', NEW.user_id);
END;
CREATE TRIGGER check_memberships_update AFTER UPDATE ON memberships
WHEN (OLD.user_id, OLD.team_id, OLD.role_id) IS NOT (NEW.user_id, NEW.team_id, NEW.role_id) BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('user', OLD.user_id), ('user', NEW.user_id);
END;
CREATE TRIGGER check_memberships_delete AFTER DELETE ON memberships BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('user', OLD.user_id);
END;
CREATE TRIGGER check_tokens_update AFTER UPDATE ON tokens
WHEN (OLD.user_id, OLD.name, OLD.kind, OLD.global_admin, OLD.limited, OLD.expires_at, OLD.revoked_at, OLD.suspended_at, OLD.networks) IS NOT (NEW.user_id, NEW.name, NEW.kind, NEW.global_admin, NEW.limited, NEW.expires_at, NEW.revoked_at, NEW.suspended_at, NEW.networks) BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('token', OLD.id);
END;
CREATE TRIGGER check_tokens_delete AFTER DELETE ON tokens BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('token', OLD.id);
END;
CREATE TRIGGER check_token_secrets_insert AFTER INSERT ON token_secrets BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('token', NEW.token_id);
END;
CREATE TRIGGER check_token_secrets_update AFTER UPDATE ON token_secrets
WHEN (OLD.hash, OLD.token_id, OLD.ends_at, OLD.ended) IS NOT (NEW.hash, NEW.token_id, NEW.ends_at, NEW.ended) BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('token', OLD.token_id), ('token', NEW.token_id);
END;
CREATE TRIGGER check_token_secrets_delete AFTER DELETE ON token_secrets BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('token', OLD.token_id);
END;
CREATE TRIGGER check_token_teams_insert AFTER INSERT ON token_teams BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('token', NEW.token_id);
END;
CREATE TRIGGER check_token_teams_update AFTER UPDATE ON token_teams
WHEN (OLD.token_id, OLD.team_id) IS NOT (NEW.token_id, NEW.team_id) BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('token', OLD.token_id), ('token', NEW.token_id);
END;
CREATE TRIGGER check_token_teams_delete AFTER DELETE ON token_teams BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('token', OLD.token_id);
END;
CREATE TRIGGER check_token_scopes_insert AFTER INSERT ON token_scopes BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('token', NEW.token_id);
END;
CREATE TRIGGER check_token_scopes_update AFTER UPDATE ON token_scopes
WHEN (OLD.token_id, OLD.scope_id) IS NOT (NEW.token_id, NEW.scope_id) BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('token', OLD.token_id), ('token', NEW.token_id);
END;
CREATE TRIGGER check_token_scopes_delete AFTER DELETE ON token_scopes BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('token', OLD.token_id);
END;
CREATE TRIGGER check_roles_insert AFTER INSERT ON roles BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_roles_update AFTER UPDATE ON roles
WHEN OLD.level IS NOT NEW.level BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_roles_delete AFTER DELETE ON roles BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_teams_update AFTER UPDATE ON teams
WHEN OLD.name IS NOT NEW.name BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_teams_delete AFTER DELETE ON teams BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_settings_update AFTER UPDATE ON settings
WHEN OLD.agents_stopped_at IS NOT NEW.agents_stopped_at BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_applications_insert AFTER INSERT ON applications BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_applications_update AFTER UPDATE ON applications
WHEN (OLD.slug, OLD.audience) IS NOT (NEW.slug, NEW.audience) BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_applications_delete AFTER DELETE ON applications BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_application_scopes_insert AFTER INSERT ON application_scopes BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_application_scopes_update AFTER UPDATE ON application_scopes
WHEN (OLD.application_id, OLD.name, OLD.level) IS NOT (NEW.application_id, NEW.name, NEW.level) BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_application_scopes_delete AFTER DELETE ON application_scopes BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_application_teams_insert AFTER INSERT ON application_teams BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_application_teams_update AFTER UPDATE ON application_teams
WHEN (OLD.application_id, OLD.team_id) IS NOT (NEW.application_id, NEW.team_id) BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_application_teams_delete AFTER DELETE ON application_teams BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_application_secrets_insert AFTER INSERT ON application_secrets BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_application_secrets_update AFTER UPDATE ON application_secrets
WHEN (OLD.hash, OLD.application_id, OLD.ends_at) IS NOT (NEW.hash, NEW.application_id, NEW.ends_at) BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
CREATE TRIGGER check_application_secrets_delete AFTER DELETE ON application_secrets BEGIN
    INSERT INTO check_changes (kind, id) VALUES ('all', NULL);
END;
