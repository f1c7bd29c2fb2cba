-- The teams that an entry of the audit log concerns, so that a team's log is read by an index. It stands beside the entries
-- because these are sealed as they are.
CREATE TABLE audit_teams (
    team_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (team_id, seq)
) WITHOUT ROWID;

-- Older entries: what was done to the team, what names it as the team or the home before or after, and what was done to the
-- accounts that are at home in it now.
INSERT OR IGNORE INTO audit_teams (team_id, seq)
SELECT target_id, seq FROM audit WHERE target_kind = 'team' AND target_id > 0;
INSERT OR IGNORE INTO audit_teams (team_id, seq)
SELECT json_extract(before, '$.team.id'), seq FROM audit WHERE json_extract(before, '$.team.id') IS NOT NULL;
INSERT OR IGNORE INTO audit_teams (team_id, seq)
SELECT json_extract(after, '$.team.id'), seq FROM audit WHERE json_extract(after, '$.team.id') IS NOT NULL;
INSERT OR IGNORE INTO audit_teams (team_id, seq)
SELECT json_extract(before, '$.home_team.id'), seq FROM audit WHERE json_extract(before, '$.home_team.id') IS NOT NULL;
INSERT OR IGNORE INTO audit_teams (team_id, seq)
SELECT json_extract(after, '$.home_team.id'), seq FROM audit WHERE json_extract(after, '$.home_team.id') IS NOT NULL;
INSERT OR IGNORE INTO audit_teams (team_id, seq)
SELECT u.home_team_id, a.seq FROM audit a JOIN users u ON u.id = a.target_id
WHERE a.target_kind IN ('service', 'agent') AND u.home_team_id IS NOT NULL;
