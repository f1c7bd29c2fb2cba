ALTER TABLE settings DROP COLUMN audit_keep_days;
-- What was removed cannot be brought back, and an older program would call the log broken: it must not begin past its start.
CREATE TABLE audit_begins_at_its_start (seq BIGINT NOT NULL CHECK (seq = 0));
INSERT INTO audit_begins_at_its_start SELECT seq FROM audit_boundary;
DROP TABLE audit_begins_at_its_start;
DROP TABLE audit_boundary;
DROP TABLE audit_search;
DROP TABLE audit_words;
DROP TABLE audit_hours;
DROP TABLE audit_facets;
DROP INDEX audit_teams_by_seq;
DROP INDEX audit_by_token;
DROP INDEX audit_by_actor_action;
DROP INDEX audit_by_facets;
