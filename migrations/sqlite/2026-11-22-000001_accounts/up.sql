CREATE TABLE teams (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

INSERT INTO teams (id, uuid, name, name_key, description, created_at, version)
VALUES (1, '01900000-0000-7000-8000-000000000001', 'Public', 'public', 'Everyone is in this team. It gives no permission.', 0, 1);

CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'service', 'agent')),
    username TEXT NOT NULL,
    username_key TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    display_name_key TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('Member', 'Editor', 'Manager', 'Admin')),
    disabled_at BIGINT,
    description TEXT NOT NULL,
    contact_id BIGINT REFERENCES users (id) ON DELETE SET NULL,
    home_team_id BIGINT REFERENCES teams (id),
    password_hash TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- 0 is never
    last_seen_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    -- the folded names and address, for search
    search TEXT NOT NULL,
    CONSTRAINT only_people_have_passwords CHECK (kind = 'person' OR password_hash IS NULL),
    CONSTRAINT only_machines_have_a_home CHECK ((kind = 'person') = (home_team_id IS NULL)),
    CONSTRAINT machines_have_dummy_addresses CHECK (kind = 'person' OR email_key LIKE '%.invalid')
);
CREATE INDEX users_by_kind ON users (kind, display_name_key, id);
CREATE INDEX users_by_role ON users (role, display_name_key, id);
CREATE INDEX users_by_name ON users (display_name_key, id);
CREATE INDEX users_by_last_seen ON users (last_seen_at, id);
CREATE INDEX users_by_created ON users (created_at, id);
CREATE INDEX users_by_home ON users (home_team_id);
CREATE INDEX users_by_contact ON users (contact_id) WHERE contact_id IS NOT NULL;

CREATE VIRTUAL TABLE users_search USING fts5 (search, content = 'users', content_rowid = 'id', tokenize = 'trigram');
CREATE TRIGGER users_search_insert AFTER INSERT ON users BEGIN
    INSERT INTO users_search (rowid, search) VALUES (new.id, new.search);
END;
CREATE TRIGGER users_search_delete AFTER DELETE ON users BEGIN
    INSERT INTO users_search (users_search, rowid, search) VALUES ('delete', old.id, old.search);
END;
CREATE TRIGGER users_search_update AFTER UPDATE OF search ON users BEGIN
    INSERT INTO users_search (users_search, rowid, search) VALUES ('delete', old.id, old.search);
    INSERT INTO users_search (rowid, search) VALUES (new.id, new.search);
END;

-- The last Admin who is a person able to log in stays one.
CREATE TRIGGER last_admin_update BEFORE UPDATE OF kind, role, disabled_at, password_hash ON users
WHEN old.kind = 'person' AND old.role = 'Admin' AND old.disabled_at IS NULL AND old.password_hash IS NOT NULL
    AND NOT (new.kind = 'person' AND new.role = 'Admin' AND new.disabled_at IS NULL AND new.password_hash IS NOT NULL)
    AND NOT EXISTS (
        SELECT 1 FROM users
        WHERE id <> old.id AND kind = 'person' AND role = 'Admin' AND disabled_at IS NULL AND password_hash IS NOT NULL
    )
BEGIN
    SELECT RAISE(ABORT, 'last_admin');
END;
CREATE TRIGGER last_admin_delete BEFORE DELETE ON users
WHEN old.kind = 'person' AND old.role = 'Admin' AND old.disabled_at IS NULL AND old.password_hash IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM users
        WHERE id <> old.id AND kind = 'person' AND role = 'Admin' AND disabled_at IS NULL AND password_hash IS NOT NULL
    )
BEGIN
    SELECT RAISE(ABORT, 'last_admin');
END;

CREATE TABLE memberships (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('Viewer', 'Editor', 'Maintainer', 'Owner')),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, team_id),
    CONSTRAINT public_is_everyones CHECK (team_id <> 1)
);
CREATE INDEX memberships_by_team ON memberships (team_id, user_id);

CREATE TABLE tokens (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('Personal', 'Service', 'Agent')),
    global_admin BOOLEAN NOT NULL,
    scopes TEXT NOT NULL,
    -- whether token_teams limits it; then no row means nowhere
    limited BOOLEAN NOT NULL,
    hint TEXT NOT NULL,
    expires_at BIGINT,
    created_by TEXT NOT NULL,
    parent_id BIGINT REFERENCES tokens (id) ON DELETE SET NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    last_used_address TEXT,
    last_used_agent TEXT,
    revoked_at BIGINT,
    CONSTRAINT global_admin_has_no_scopes CHECK (NOT global_admin OR scopes = '')
);
CREATE UNIQUE INDEX token_names ON tokens (user_id, name_key) WHERE revoked_at IS NULL;
CREATE INDEX tokens_by_user ON tokens (user_id, id);
CREATE INDEX tokens_by_parent ON tokens (parent_id);
CREATE INDEX tokens_by_expiry ON tokens (expires_at) WHERE revoked_at IS NULL;

CREATE TABLE token_secrets (
    hash BLOB NOT NULL PRIMARY KEY,
    token_id BIGINT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX token_secrets_by_token ON token_secrets (token_id);

CREATE TABLE token_teams (
    token_id BIGINT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, team_id)
);
CREATE INDEX token_teams_by_team ON token_teams (team_id);

CREATE TABLE sessions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key_hash BLOB NOT NULL UNIQUE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    data TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    authenticated_at BIGINT NOT NULL,
    address TEXT,
    user_agent TEXT
);
CREATE INDEX sessions_by_user ON sessions (user_id, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE links (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    purpose TEXT NOT NULL CHECK (purpose IN ('setup', 'invitation', 'reset')),
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    secret_hash BLOB NOT NULL UNIQUE,
    -- who knows the secret; nobody's id for the command line
    issued_by BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT setup_is_for_nobody_yet CHECK ((purpose = 'setup') = (user_id IS NULL))
);
CREATE INDEX links_by_user ON links (user_id);

-- What a form or request already made, so that sending it twice makes it once.
CREATE TABLE form_keys (
    key_hash BLOB NOT NULL PRIMARY KEY,
    made_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX form_keys_by_age ON form_keys (created_at);

-- No reference to other tables: entries outlive what they tell of.
CREATE TABLE audit (
    seq BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id BIGINT,
    actor_name TEXT NOT NULL,
    token_id BIGINT,
    token_name TEXT,
    action TEXT NOT NULL,
    target_kind TEXT,
    target_id BIGINT,
    target_name TEXT,
    outcome TEXT NOT NULL,
    reason TEXT,
    before TEXT,
    after TEXT,
    address TEXT,
    user_agent TEXT,
    request_id TEXT,
    mac BLOB NOT NULL
);
CREATE INDEX audit_by_actor ON audit (actor_id, seq);
CREATE INDEX audit_by_target ON audit (target_id, seq);
