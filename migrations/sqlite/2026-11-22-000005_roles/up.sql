CREATE TABLE roles (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    -- what the first four hold is the program's to say; here they only keep their ids and names
    permissions TEXT NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('none', 'read', 'write', 'admin')),
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

INSERT INTO roles (id, name, name_key, description, permissions, level, created_at, version) VALUES
    (1, 'Viewer', 'viewer', '', '', 'none', 0, 1),
    (2, 'Editor', 'editor', '', '', 'none', 0, 1),
    (3, 'Maintainer', 'maintainer', '', '', 'none', 0, 1),
    (4, 'Owner', 'owner', '', '', 'none', 0, 1);

CREATE TABLE memberships_by_role_id (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    role_id BIGINT NOT NULL REFERENCES roles (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, team_id),
    CONSTRAINT public_is_everyones CHECK (team_id <> 1)
) WITHOUT ROWID;
INSERT INTO memberships_by_role_id (user_id, team_id, role_id, created_at)
SELECT m.user_id, m.team_id, r.id, m.created_at FROM memberships m JOIN roles r ON r.name = m.role;
DROP TABLE memberships;
ALTER TABLE memberships_by_role_id RENAME TO memberships;
CREATE INDEX memberships_by_team ON memberships (team_id, user_id);
CREATE INDEX memberships_by_role ON memberships (role_id, user_id);

-- What administrators set for the whole portal: always exactly one row.
CREATE TABLE settings (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    only_admins_manage_machines BOOLEAN NOT NULL,
    version BIGINT NOT NULL
);
INSERT INTO settings (id, only_admins_manage_machines, version) VALUES (1, FALSE, 1);
