//! The command line, beside a running portal.

mod audit;
mod demo;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use latchkey::model::ids::RoleId;
use latchkey::model::roles::OrgRole;

use crate::support::{PASSWORD, TestApp};

/// Runs the real program on the test's store.
fn latchkey(app: &TestApp, args: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command.args(args).env_clear().env("LATCHKEY_DATA_DIR", app.dir.path());
    if let Some(url) = app.db.url() {
        command.env("LATCHKEY_DATABASE_URL", url);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap().trim().to_owned()
}

fn err(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8(output.stderr.clone()).unwrap()
}

const CREATE: [&str; 9] = [
    "admin",
    "create",
    "--username",
    "grace",
    "--email",
    "grace@example.com",
    "--display-name",
    "Grace",
    "--password-stdin",
];

both! {
    async fn an_admin_is_made_and_reset_beside_a_running_portal(app) {
        out(&latchkey(&app, &CREATE, &format!("{PASSWORD}\n")));
        let mut grace = app.log_in("grace").await;
        assert_eq!(grace.get("/account").await.status, 200);
        let reset = ["admin", "reset", "--username", "grace", "--password-stdin"];
        assert!(err(&latchkey(&app, &reset, "short\n")).contains("12 characters"));
        out(&latchkey(&app, &reset, "another harbour of plums\n"));
        assert_eq!(grace.get("/account").await.status, 303, "her sessions have ended");
        let mut again = app.visitor();
        assert_eq!(again.post("/login", &[("login", "grace"), ("password", PASSWORD)]).await.status, 401);
        assert_eq!(again.post("/login", &[("login", "grace"), ("password", "another harbour of plums")]).await.status, 303);
        let entries = app.audit();
        assert!(entries.iter().any(|line| line.starts_with("user.create done grace")), "{entries:?}");
        assert!(entries.iter().any(|line| line.starts_with("user.reset_password done grace")), "{entries:?}");
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM audit WHERE actor_kind = 'cli'"), 2);
        app.assert_chain();
    }

    async fn a_bad_admin_is_refused_and_nothing_is_written(app) {
        assert!(err(&latchkey(&app, &CREATE, "password\n")).contains("12 characters"));
        out(&latchkey(&app, &CREATE, &format!("{PASSWORD}\n")));
        assert!(err(&latchkey(&app, &CREATE, &format!("{PASSWORD}\n"))).contains("taken"));
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users"), 1);
        app.person("jonas", OrgRole::Member, &[]);
        let reset = ["admin", "reset", "--username", "jonas", "--password-stdin"];
        assert!(err(&latchkey(&app, &reset, &format!("{PASSWORD}\n"))).contains("not a person with the role Admin"));
    }

    async fn a_token_is_printed_alone_and_works(app) {
        let team = app.team("Platform");
        app.service("API Access", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        let create = ["token", "create", "--user", "api_access@service", "--name", "pipeline", "--scope", "teams:read", "--expires", "30d"];
        let token = out(&latchkey(&app, &create, ""));
        assert!(latchkey::model::tokens::PlainToken::parse(&token).is_some(), "{token}");
        let me = app.api(&token).get("/api/v1/me").await;
        assert_eq!((me.status, &me.body["token"]["name"]), (200, &"pipeline".into()), "{}", me.body);
        assert!(err(&latchkey(&app, &create, "")).contains("token of this name"));
        let bad = ["token", "create", "--user", "nobody", "--name", "x", "--scope", "teams:read"];
        assert!(err(&latchkey(&app, &bad, "")).contains("no such user"));
        assert!(err(&latchkey(&app, &["token", "create", "--user", "x", "--name", "x", "--scope", "teams:fly"], "")).contains("not a scope"));
        assert!(err(&latchkey(&app, &["token", "create", "--user", "x", "--name", "x", "--expires", "soon"], "")).contains("30d, 90d"));
        let global = ["token", "create", "--user", "api_access@service", "--name", "root", "--global-admin", "--expires", "never"];
        let token = out(&latchkey(&app, &global, ""));
        assert_eq!(app.api(&token).get("/api/v1/users").await.status, 200);
    }

    async fn s9_an_agents_token_always_ends_on_the_command_line(app) {
        app.agent("Writer", OrgRole::Member, &[(app.team("Platform"), RoleId::VIEWER)]);
        let create = |name: &'static str, expires: &'static str| ["token", "create", "--user", "writer@agent", "--name", name, "--scope", "teams:read", "--expires", expires];
        assert!(err(&latchkey(&app, &create("endless", "never"), "")).contains("always expire"));
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM tokens"), 0);
        assert!(out(&latchkey(&app, &create("ending", "30d"), "")).starts_with("lk_agt_"));
        let global = ["token", "create", "--user", "writer@agent", "--name", "root", "--global-admin", "--expires", "never"];
        assert!(err(&latchkey(&app, &global, "")).contains("always expire"));
    }

    async fn the_audit_log_is_verified(app) {
        app.make_admin("ada");
        for name in ["One", "Two", "Three", "Four"] {
            app.team(name);
        }
        let head = out(&latchkey(&app, &["audit", "head"], ""));
        let verify = ["audit", "verify", "--head", head.as_str()];
        assert!(out(&latchkey(&app, &verify, "")).contains("holds: 5 entries"));
        let broken = |change: &str, back: &str| {
            app.sql(change).unwrap();
            let told = err(&latchkey(&app, &["audit", "verify"], ""));
            app.sql(back).unwrap();
            told
        };
        assert!(broken("UPDATE audit SET actor_name = 'x' WHERE seq = 3", "UPDATE audit SET actor_name = 'command line' WHERE seq = 3").contains("entry 3 was altered"));
        assert!(broken("UPDATE audit SET seq = 99 WHERE seq = 3", "UPDATE audit SET seq = 3 WHERE seq = 99").contains("entry 3 is missing"));
        out(&latchkey(&app, &["audit", "verify"], ""));
        app.sql("DELETE FROM audit WHERE seq = 5").unwrap();
        out(&latchkey(&app, &["audit", "verify"], ""));
        assert!(err(&latchkey(&app, &verify, "")).contains("once reached entry 5"));
        app.sql("DELETE FROM audit WHERE seq = 2").unwrap();
        assert!(err(&latchkey(&app, &["audit", "verify"], "")).contains("entry 2 is missing"));
    }

    async fn migrating_again_changes_nothing(app) {
        assert_eq!(out(&latchkey(&app, &["migrate"], "")), "The store is up to date.");
    }
}

fn refused(vars: &[(&str, &str)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    // Not `serve`, which would want a port before it opens the store.
    command.arg("migrate").env_clear().env("LATCHKEY_DATA_DIR", dir.path()).envs(vars.iter().copied());
    err(&command.stdin(Stdio::null()).output().unwrap())
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    assert!(refused(&[("LATCHKEY_LISTEN", "0.0.0.0:8080")]).contains("LATCHKEY_PUBLIC_URL"));
    assert!(refused(&[("LATCHKEY_LISTEN", "nonsense")]).contains("listen"));
    assert!(refused(&[("LATCHKEY_NONSENSE", "1")]).contains("nonsense"));
    assert!(refused(&[("LATCHKEY_PUBLIC_URL", "ftp://x")]).contains("http://"));
    assert!(refused(&[("LATCHKEY_DATABASE_URL", "postgres://u@db.example.com/x")]).contains("TLS"));
    assert!(refused(&[("LATCHKEY_CONFIG", "/nowhere/latchkey.toml")]).contains("/nowhere/latchkey.toml"));
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for (folder, open) in [("made", false), ("there already", true)] {
        let data = dir.path().join(folder);
        if open {
            std::fs::create_dir(&data).unwrap();
            std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        out(&command.arg("migrate").env_clear().env("LATCHKEY_DATA_DIR", &data).output().unwrap());
        if !open {
            assert_eq!(mode(&data), 0o700);
        }
        for file in ["latchkey.db", "latchkey.key"] {
            assert_eq!(mode(&data.join(file)), 0o600, "{folder}/{file}");
        }
    }
}
