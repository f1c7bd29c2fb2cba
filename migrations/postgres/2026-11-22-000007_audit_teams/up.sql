-- The teams that an entry of the audit log concerns, so that a team's log is read by an index. It stands beside the entries
-- because these are sealed as they are.
CREATE TABLE audit_teams (
    team_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (team_id, seq)
);

-- Older entries: what was done to the team, what names it as the team or the home before or after, and what was done to the
-- accounts that are at home in it now.
INSERT INTO audit_teams (team_id, seq)
SELECT target_id, seq FROM audit WHERE target_kind = 'team' AND target_id > 0
UNION SELECT (before::jsonb #>> '{team,id}')::bigint, seq FROM audit WHERE before::jsonb #>> '{team,id}' IS NOT NULL
UNION SELECT (after::jsonb #>> '{team,id}')::bigint, seq FROM audit WHERE after::jsonb #>> '{team,id}' IS NOT NULL
UNION SELECT (before::jsonb #>> '{home_team,id}')::bigint, seq FROM audit WHERE before::jsonb #>> '{home_team,id}' IS NOT NULL
UNION SELECT (after::jsonb #>> '{home_team,id}')::bigint, seq FROM audit WHERE after::jsonb #>> '{home_team,id}' IS NOT NULL
UNION SELECT u.home_team_id, a.seq FROM audit a JOIN users u ON u.id = a.target_id
WHERE a.target_kind IN ('service', 'agent') AND u.home_team_id IS NOT NULL;
