DROP TABLE audit, form_keys, links, sessions, token_teams, token_secrets, tokens, memberships, users, teams;
DROP FUNCTION keep_last_admin;
