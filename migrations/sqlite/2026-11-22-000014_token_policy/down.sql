-- A program that knows no networks must not take such a token from anywhere.
UPDATE tokens SET suspended_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000000, version = version + 1
WHERE networks <> '' AND revoked_at IS NULL AND suspended_at IS NULL;
DROP INDEX tokens_by_activity;
ALTER TABLE tokens DROP COLUMN suspended_for;
ALTER TABLE tokens DROP COLUMN active_at;
ALTER TABLE tokens DROP COLUMN networks;
ALTER TABLE settings DROP COLUMN dormant_days;
ALTER TABLE settings DROP COLUMN default_days;
ALTER TABLE settings DROP COLUMN allow_never;
ALTER TABLE settings DROP COLUMN agent_max_days;
ALTER TABLE settings DROP COLUMN service_max_days;
ALTER TABLE settings DROP COLUMN personal_max_days;
ALTER TABLE settings DROP COLUMN personal_tokens;
