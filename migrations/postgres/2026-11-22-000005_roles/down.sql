DROP TABLE settings;
ALTER TABLE memberships ADD COLUMN role TEXT CHECK (role IN ('Viewer', 'Editor', 'Maintainer', 'Owner'));
-- Older programs know no custom roles: whoever has one becomes a Viewer, the least.
UPDATE memberships m SET role = CASE WHEN r.id <= 4 THEN r.name ELSE 'Viewer' END FROM roles r WHERE r.id = m.role_id;
ALTER TABLE memberships ALTER COLUMN role SET NOT NULL;
ALTER TABLE memberships DROP COLUMN role_id;
DROP TABLE roles;
