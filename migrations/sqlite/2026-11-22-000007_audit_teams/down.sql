DROP TABLE audit_teams;
