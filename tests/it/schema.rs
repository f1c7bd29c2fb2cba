//! The store itself.

use std::collections::BTreeSet;
use std::path::Path;

fn names(folder: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn both_databases_have_the_same_migrations() {
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
}

both! {
    async fn a_machine_never_has_a_password(app) {
        let service = app.service("API Access", latchkey::model::roles::OrgRole::Member, &[]);
        let person = app.person("jonas", latchkey::model::roles::OrgRole::Member, &[]);
        let refused = |statement: String| app.sql(&statement).unwrap_err();
        refused(format!("UPDATE users SET password_hash = 'x' WHERE id = {service}"));
        refused(format!("UPDATE users SET kind = 'service', home_team_id = 1 WHERE id = {person}"));
        let columns = "uuid, kind, username, username_key, display_name, display_name_key, email, email_key, role, description, \
                       home_team_id, password_hash, created_at, updated_at, last_seen_at, version, search";
        for kind in ["service", "agent"] {
            let row = format!("'u', '{kind}', 'x', 'x', 'x', 'x', 'x@y.invalid', 'x@y.invalid', 'Member', '', 1");
            refused(format!("INSERT INTO users ({columns}) VALUES ({row}, 'hash', 0, 0, 0, 1, '')"));
            app.sql(&format!("INSERT INTO users ({columns}) VALUES ({row}, NULL, 0, 0, 0, 1, '')")).unwrap();
            app.sql("DELETE FROM users WHERE username = 'x'").unwrap();
        }
    }

    async fn the_last_admin_stays_in_the_store(app) {
        let ada = app.make_admin("ada");
        for change in ["role = 'Member'", "disabled_at = 1", "password_hash = NULL"] {
            let error = app.sql(&format!("UPDATE users SET {change} WHERE id = {ada}")).unwrap_err();
            assert!(error.contains("last_admin"), "{change}: {error}");
        }
        assert!(app.sql(&format!("DELETE FROM users WHERE id = {ada}")).unwrap_err().contains("last_admin"));
        let grace = app.make_admin("grace");
        app.sql(&format!("UPDATE users SET role = 'Member' WHERE id = {ada}")).unwrap();
        assert!(app.sql(&format!("DELETE FROM users WHERE id = {grace}")).is_err());
    }

    async fn a_token_name_is_unique_for_its_account(app) {
        let user = app.service("API Access", latchkey::model::roles::OrgRole::Member, &[]);
        app.token(user, "users:read");
        let twin = "INSERT INTO tokens (uuid, user_id, name, name_key, description, kind, global_admin, scopes, limited, hint, created_by, created_at) \
                    SELECT 'twin', user_id, 'Token 0', 'token 0', '', kind, global_admin, scopes, limited, hint, created_by, created_at FROM tokens";
        assert!(app.sql(twin).is_err());
        app.sql("UPDATE tokens SET revoked_at = 1").unwrap();
        app.sql(twin).unwrap();
    }

    async fn s9_an_agents_token_always_ends_in_the_store(app) {
        let agent = app.agent("Writer", latchkey::model::roles::OrgRole::Member, &[]);
        let service = app.service("Job", latchkey::model::roles::OrgRole::Member, &[]);
        app.token(agent, "users:read");
        let error = app.sql("UPDATE tokens SET expires_at = NULL").unwrap_err();
        assert!(error.contains("agents_tokens_end"), "{error}");
        app.token(service, "users:read");
        app.sql("UPDATE tokens SET expires_at = NULL WHERE kind = 'Service'").unwrap();
        assert!(app.sql("UPDATE tokens SET kind = 'Agent'").is_err());
        let endless = "INSERT INTO tokens (uuid, user_id, name, name_key, description, kind, global_admin, scopes, limited, hint, created_by, created_at) \
                       SELECT 'twin', user_id, 'Endless', 'endless', '', kind, global_admin, scopes, limited, hint, created_by, created_at FROM tokens WHERE kind = ";
        assert!(app.sql(&format!("{endless}'Agent'")).unwrap_err().contains("agents_tokens_end"));
        app.sql(&format!("{endless}'Service'")).unwrap();
    }

    async fn s9_only_agents_have_a_sponsor_and_it_is_a_person(app) {
        let member = latchkey::model::roles::OrgRole::Member;
        let jonas = app.person("jonas", member, &[]);
        let [agent, service] = [app.agent("Writer", member, &[]), app.service("Job", member, &[])];
        let sponsor = |of: latchkey::model::ids::UserId, who: latchkey::model::ids::UserId| app.sql(&format!("UPDATE users SET sponsor_id = {who} WHERE id = {of}"));
        sponsor(agent, jonas).unwrap();
        for (of, who) in [(service, jonas), (jonas, jonas), (agent, service), (agent, agent)] {
            assert!(sponsor(of, who).is_err(), "{of} by {who}");
        }
        assert!(app.sql(&format!("UPDATE users SET kind = 'service', home_team_id = 1 WHERE id = {agent}")).is_err(), "what it no longer is has none");
        let machine = format!("UPDATE users SET kind = 'service', home_team_id = 1, password_hash = NULL, email = 'x@y.invalid', email_key = 'x@y.invalid' WHERE id = {jonas}");
        assert!(app.sql(&machine).unwrap_err().contains("sponsor_is_a_person"));
        app.sql(&format!("DELETE FROM users WHERE id = {jonas}")).unwrap();
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM users WHERE id = {agent} AND sponsor_id IS NULL")), 1, "it outlives its sponsor");
        app.sql(&machine).unwrap();
    }

    async fn nobody_has_a_role_in_public(app) {
        let user = app.service("API Access", latchkey::model::roles::OrgRole::Member, &[]);
        assert!(app.sql(&format!("INSERT INTO memberships (user_id, team_id, role_id, created_at) VALUES ({user}, 1, 4, 0)")).is_err());
    }

    async fn a_newer_store_is_left_alone(app) {
        app.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')").unwrap();
        let again = latchkey::cli::open::app(app.app.config.clone(), latchkey::base::clock::Clock::System);
        let error = again.err().unwrap().to_string();
        assert!(error.contains("newer Latchkey"), "{error}");
    }
}

#[tokio::test]
async fn a_store_is_copied_before_its_tables_change() {
    let app = crate::support::TestApp::start(crate::support::Flavour::Sqlite).await;
    app.make_admin("ada");
    let file = app.dir.path().join("latchkey.db");
    let old = tempfile::tempdir().unwrap();
    let copy = old.path().join("latchkey.db");
    app.sql(&format!("VACUUM INTO '{}'", copy.display())).unwrap();
    assert!(file.exists());
    // As an older program left it: the newest migration is still to come, and fails on tables that are there already.
    let database = crate::support::Database::Sqlite(copy);
    let version = || database.texts("SELECT MAX(version) AS t FROM __diesel_schema_migrations").remove(0);
    database.execute(&format!("DELETE FROM __diesel_schema_migrations WHERE version = '{}'", version())).unwrap();
    let last = version();
    let mut config = app.app.config.clone();
    config.data_dir = old.path().to_owned();
    let error = latchkey::cli::open::app(config, latchkey::base::clock::Clock::System).err().unwrap();
    assert!(!error.to_string().is_empty());
    let kept = crate::support::Database::Sqlite(old.path().join(format!("latchkey.db.before-{last}")));
    assert_eq!(kept.number("SELECT COUNT(*) AS n FROM users"), 1);
}

/// Takes back this migration and those after it, the last one first.
fn down_to(app: &crate::support::TestApp, name: &str) {
    for later in since(name).iter().rev() {
        script(app, &format!("{later}/down.sql"));
    }
}

/// Puts this migration and those after it in place again.
fn up_from(app: &crate::support::TestApp, name: &str) {
    for later in since(name) {
        script(app, &format!("{later}/up.sql"));
    }
}

/// This migration and those after it, in order.
fn since(name: &str) -> Vec<String> {
    names("sqlite").into_iter().filter(|other| other.as_str() >= name).collect()
}

/// Runs a file of a migration.
fn script(app: &crate::support::TestApp, file: &str) {
    let folder = if matches!(app.db, crate::support::Database::Sqlite(_)) { "sqlite" } else { "postgres" };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    let text = std::fs::read_to_string(root.join(file)).unwrap();
    app.db.run(&text);
}

both! {
    async fn s9_older_agents_get_a_sponsor_and_their_tokens_an_end(app) {
        use latchkey::model::roles::OrgRole::Member;
        let jonas = app.person("jonas", Member, &[]);
        let job = app.service("Job", Member, &[]);
        let [writer, other] = ["Writer", "Other"].map(|name| app.agent(name, Member, &[]));
        app.token(writer, "users:read");
        app.token(job, "users:read");
        down_to(&app, "2026-11-22-000011_agents");
        app.sql("UPDATE tokens SET expires_at = NULL").unwrap();
        app.sql(&format!("UPDATE users SET contact_id = CASE WHEN id = {other} THEN {job} ELSE {jonas} END WHERE kind <> 'person'")).unwrap();
        up_from(&app, "2026-11-22-000011_agents");
        assert_eq!(app.db.texts("SELECT username || ' ' || COALESCE(sponsor_id, 0) AS t FROM users WHERE kind = 'agent' ORDER BY id"), [format!("writer@agent {jonas}"), "other@agent 0".into()]);
        assert_eq!(app.db.texts("SELECT kind AS t FROM tokens WHERE expires_at IS NULL"), ["Service"]);
        app.sql("UPDATE settings SET agents_stopped_at = 5").unwrap();
        down_to(&app, "2026-11-22-000011_agents");
        assert_eq!(app.db.texts("SELECT kind AS t FROM tokens WHERE suspended_at = 5"), ["Agent"], "a program that does not know the switch takes none of them");
        up_from(&app, "2026-11-22-000011_agents");
    }

    async fn links_keep_their_issuers(app) {
        let jonas = app.person("jonas", latchkey::model::roles::OrgRole::Member, &[]);
        let row = |hash: &str, issuer: &str| format!("('reset', {jonas}, {hash}, {issuer}, 0, 0)");
        let bytes = |n: u8| if matches!(app.db, crate::support::Database::Sqlite(_)) { format!("x'0{n}'") } else { format!("'\\x0{n}'") };
        script(&app, "2026-11-22-000008_link_issuer/down.sql");
        app.sql("DELETE FROM links").unwrap();
        let rows = [row(&bytes(1), "-5"), row(&bytes(2), "3"), row(&bytes(3), "NULL")].join(", ");
        app.sql(&format!("INSERT INTO links (purpose, user_id, secret_hash, issued_by, created_at, expires_at) VALUES {rows}")).unwrap();
        for _ in 0..2 {
            script(&app, "2026-11-22-000008_link_issuer/up.sql");
            let issuers = app.db.texts("SELECT COALESCE('account ' || issued_by, 'token ' || issued_by_token, 'command line') AS t FROM links ORDER BY id");
            assert_eq!(issuers, ["token 5", "account 3", "command line"]);
            script(&app, "2026-11-22-000008_link_issuer/down.sql");
            assert_eq!(app.db.texts("SELECT COALESCE('' || issued_by, 'none') AS t FROM links ORDER BY id"), ["-5", "3", "none"]);
        }
    }

    async fn tokens_keep_their_secrets_and_suspended_ones_stay_stopped(app) {
        use latchkey::model::roles::OrgRole::Member;
        use latchkey::model::tokens::Overlap;
        use latchkey::service::tokens::{self, Rotate};
        let user = app.service("Job", Member, &[(app.team("Platform"), latchkey::model::ids::RoleId::VIEWER)]);
        app.token(user, "teams:read");
        let rotated = app.last_token(user);
        app.write(|cx| tokens::rotate(cx, user, rotated, &Rotate { version: None, overlap: Overlap::Week, form_key: None }));
        app.token(user, "teams:read");
        let suspended = app.last_token(user);
        app.write(|cx| tokens::suspend(cx, user, suspended, None));
        down_to(&app, "2026-11-22-000009_token_rotation");
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM token_secrets"), 2, "the old secret is gone");
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM tokens WHERE id = {suspended} AND revoked_at IS NOT NULL")), 1);
        up_from(&app, "2026-11-22-000009_token_rotation");
        let hints = app.db.texts("SELECT s.hint AS t FROM token_secrets s JOIN tokens t ON t.id = s.token_id AND t.hint = s.hint");
        assert_eq!(hints.len(), 2);
    }

    async fn older_entries_are_filed_under_their_teams(app) {
        use latchkey::model::ids::RoleId;
        use latchkey::model::roles::OrgRole::Member;
        let (team, other) = (app.team("Platform"), app.team("Billing"));
        let job = app.service("Job", Member, &[(team, RoleId::VIEWER)]);
        app.token(job, "teams:read");
        let paula = app.person("paula", Member, &[]);
        app.write(|cx| latchkey::service::members::set(cx, other, paula, RoleId::VIEWER));
        let filed = || app.db.texts("SELECT team_id || ' ' || action || ' ' || target_name AS t FROM audit_teams JOIN audit ON audit.seq = audit_teams.seq ORDER BY team_id, audit.seq");
        let before = filed();
        let expected = [
            format!("{team} team.create Platform"),
            format!("{team} user.create job@service"),
            format!("{team} token.create job@service"),
            format!("{other} team.create Billing"),
            format!("{other} team.set_member paula"),
        ];
        assert_eq!(before, expected);
        app.sql("DROP TABLE audit_teams").unwrap();
        script(&app, "2026-11-22-000007_audit_teams/up.sql");
        assert_eq!(filed(), before, "the same as when they were written");
    }
}
