DROP TABLE settings;
DROP INDEX memberships_by_role;
CREATE TABLE memberships_by_role (
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('Viewer', 'Editor', 'Maintainer', 'Owner')),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, team_id),
    CONSTRAINT public_is_everyones CHECK (team_id <> 1)
);
-- Older programs know no custom roles: whoever has one becomes a Viewer, the least.
INSERT INTO memberships_by_role (user_id, team_id, role, created_at)
SELECT m.user_id, m.team_id, CASE WHEN r.id <= 4 THEN r.name ELSE 'Viewer' END, m.created_at
FROM memberships m JOIN roles r ON r.id = m.role_id;
DROP TABLE memberships;
ALTER TABLE memberships_by_role RENAME TO memberships;
CREATE INDEX memberships_by_team ON memberships (team_id, user_id);
DROP TABLE roles;
