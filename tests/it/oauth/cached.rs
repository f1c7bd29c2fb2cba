//! What is kept in memory is never older than a change that was answered.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use latchkey::model::ids::{RoleId, TokenId, UserId};
use latchkey::model::roles::AppLevel;
use latchkey::model::tokens::{PlainToken, Token};
use latchkey::service::{Cx, applications, members, tokens, users};
use reqwest::Method;

use super::{Scene, Told};
use crate::support::TestApp;

/// A change that takes something from the token, and one that gives it back.
type Change = (&'static str, fn(&Scene<'_>), fn(&Scene<'_>));

/// Every kind of change that a check has to heed.
const CHANGES: &[Change] = &[
    ("suspension", |scene| token(scene, tokens::suspend), |scene| token(scene, tokens::resume)),
    ("a scope", |scene| scopes(scene, &["reports:write"]), |scene| scopes(scene, &["reports:read", "reports:write"])),
    (
        "the team",
        |scene| scene.app.write(|cx| members::remove(cx, scene.team, scene.job)),
        |scene| scene.app.write(|cx| members::set(cx, scene.team, scene.job, RoleId::MAINTAINER)),
    ),
    ("the role", |scene| role(scene, "Bystander", AppLevel::None), |scene| role(scene, "Maintainer", AppLevel::Write)),
    (
        "access",
        |scene| scene.app.write(|cx| applications::close(cx, scene.reports, scene.team)),
        |scene| scene.app.write(|cx| applications::open(cx, scene.reports, scene.team).map(drop)),
    ),
    (
        "the account",
        |scene| scene.app.write(|cx| users::disable(cx, scene.job).map(drop)),
        |scene| scene.app.write(|cx| users::enable(cx, scene.job).map(drop)),
    ),
];

type Act = fn(&mut Cx<'_, '_>, UserId, TokenId, Option<i64>) -> latchkey::model::Result<Token>;

fn token(scene: &Scene<'_>, act: Act) {
    scene.app.write(|cx| act(cx, scene.job, scene.app.last_token(scene.job), None).map(drop));
}

fn scopes(scene: &Scene<'_>, words: &[&str]) {
    let change = tokens::TokenChange {
        app_scopes: Some(words.iter().map(|word| (*word).to_owned()).collect()),
        ..tokens::TokenChange::default()
    };
    scene.app.write(|cx| tokens::change(cx, scene.job, scene.app.last_token(scene.job), &change).map(drop));
}

fn role(scene: &Scene<'_>, name: &str, level: AppLevel) {
    let known = scene.app.number(&format!("SELECT COALESCE(MAX(id), 0) AS n FROM roles WHERE name = '{name}'"));
    let role = if known == 0 { scene.app.role(name, "teams:read", level) } else { RoleId(known) };
    scene.app.write(|cx| members::set(cx, scene.team, scene.job, role));
}

/// Asks by itself what a check answers, past the network: as often as can be.
fn is_good(app: &TestApp, secret: &latchkey::model::tokens::HashedToken) -> bool {
    let question = latchkey::service::checks::Question::new("reports", Some(secret.clone()));
    let (send, answer) = std::sync::mpsc::channel();
    match app.app.checks.at_once(&question).unwrap() {
        Some(answer) => send.send(Ok(answer)).unwrap(),
        None => app.app.checks.ask(question, move |found| send.send(found).unwrap()),
    }
    let verdict = answer.recv().unwrap().unwrap().verdict;
    let granted = verdict.as_ref().and_then(|verdict| verdict.granted(app.app.clock.now(), None));
    granted.is_some_and(|granted| granted.scopes().iter().any(|scope| scope == "read"))
}

/// A flag that is raised when this goes.
struct Raised<'a>(&'a AtomicBool);

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

both! {
    async fn s10_what_was_taken_is_refused_by_every_check_that_begins_after_it_was_answered(app) {
        let scene = Scene::new(&app);
        let secret = PlainToken::parse(&scene.token).unwrap().hash();
        let (checks, stale) = (AtomicU64::new(0), AtomicU64::new(0));
        // Of four: good, being taken, refused, being given back. Whoever saw the same number before and after a check knows what it
        // had to be told.
        let turn = AtomicU64::new(0);
        let stop = AtomicBool::new(false);
        let watch = || {
            while !stop.load(Ordering::SeqCst) {
                let before = turn.load(Ordering::SeqCst);
                let good = is_good(&app, &secret);
                let same = turn.load(Ordering::SeqCst) == before;
                checks.fetch_add(1, Ordering::Relaxed);
                if same && before.is_multiple_of(2) && good != before.is_multiple_of(4) {
                    stale.fetch_add(1, Ordering::SeqCst);
                }
            }
        };
        std::thread::scope(|threads| {
            // Also where an assertion fails: whoever watches does not watch for ever.
            let _ends = Raised(&stop);
            let watchers = [threads.spawn(watch), threads.spawn(watch)];
            let mut rounds = 0;
            while checks.load(Ordering::Relaxed) < 100_000 || rounds < 5 {
                assert!(watchers.iter().all(|watcher| !watcher.is_finished()), "a check failed, round {rounds}");
                for (what, take, give) in CHANGES {
                    turn.fetch_add(1, Ordering::SeqCst);
                    take(&scene);
                    turn.fetch_add(1, Ordering::SeqCst);
                    assert!(!is_good(&app, &secret), "{what}, round {rounds}");
                    turn.fetch_add(1, Ordering::SeqCst);
                    give(&scene);
                    turn.fetch_add(1, Ordering::SeqCst);
                    assert!(is_good(&app, &secret), "{what} given back, round {rounds}");
                }
                rounds += 1;
            }
        });
        assert_eq!(stale.load(Ordering::SeqCst), 0, "of {}", checks.load(Ordering::SeqCst));
        app.assert_chain();
    }

    async fn s10_every_change_is_seen_by_the_next_check(app) {
        let scene = Scene::new(&app);
        for (what, take, give) in CHANGES {
            assert_eq!(scene.verify_at("/auth/verify/reports?scope=read", &scene.token).await.status, 200, "before {what}");
            take(&scene);
            let refused = scene.verify_at("/auth/verify/reports?scope=read", &scene.token).await.status;
            assert_eq!(refused, if *what == "a scope" { 403 } else { 401 }, "{what}");
            give(&scene);
        }
        let id = app.last_token(scene.job);
        app.sql("UPDATE users SET username = 'renamed@service' WHERE username = 'api_access@service'").unwrap();
        assert_eq!(scene.verify(&scene.token).await.header("x-auth-user"), "renamed@service", "a name as well");
        app.clock.advance(time::Duration::days(90));
        assert_eq!(scene.verify(&scene.token).await.status, 401, "expired");
        let fresh = app.token(scene.job, "reports:read");
        assert_eq!(scene.verify(&fresh).await.status, 200);
        app.write(|cx| tokens::revoke(cx, scene.job, app.last_token(scene.job)));
        assert_eq!(scene.verify(&fresh).await.status, 401, "revoked");
        assert!(id < app.last_token(scene.job));
    }

    async fn s10_whatever_a_check_rests_on_may_be_changed_by_hand(app) {
        let scene = Scene::new(&app);
        let reader = app.role("Reader", "teams:read", AppLevel::Read);
        app.write(|cx| members::set(cx, scene.team, scene.job, reader));
        let (id, secret) = (scene.client_id(scene.reports), scene.secret(scene.reports));
        let token = app.last_token(scene.job);
        let by_hand = |statement: &str| {
            app.sql(&statement.replace("{token}", &token.to_string()).replace("{team}", &scene.team.to_string())).unwrap();
            // A server tells nobody: within a second it is found out.
            app.clock.advance(time::Duration::seconds(1));
        };
        let look = async || scene.verify_at("/auth/verify/reports?scope=read", &scene.token).await.status;
        assert_eq!(look().await, 200);
        for (take, refused, give) in [
            ("UPDATE tokens SET networks = '10.0.0.0/8' WHERE id = {token}", 401, "UPDATE tokens SET networks = '' WHERE id = {token}"),
            ("UPDATE tokens SET global_admin = TRUE WHERE id = {token}", 401, "UPDATE tokens SET global_admin = FALSE WHERE id = {token}"),
            ("UPDATE tokens SET expires_at = 1 WHERE id = {token}", 401, "UPDATE tokens SET expires_at = NULL WHERE id = {token}"),
            ("UPDATE token_secrets SET ends_at = 1 WHERE token_id = {token}", 401, "UPDATE token_secrets SET ends_at = NULL WHERE token_id = {token}"),
            ("UPDATE token_secrets SET ended = TRUE WHERE token_id = {token}", 401, "UPDATE token_secrets SET ended = FALSE WHERE token_id = {token}"),
            ("UPDATE tokens SET limited = TRUE WHERE id = {token}", 401, "INSERT INTO token_teams (token_id, team_id) VALUES ({token}, {team})"),
            ("DELETE FROM token_teams WHERE token_id = {token}", 401, "UPDATE tokens SET limited = FALSE WHERE id = {token}"),
            ("UPDATE roles SET level = 'none' WHERE name = 'Reader'", 401, "UPDATE roles SET level = 'read' WHERE name = 'Reader'"),
            ("UPDATE application_scopes SET level = 'write' WHERE name = 'read'", 401, "UPDATE application_scopes SET level = 'read' WHERE name = 'read'"),
            ("UPDATE application_scopes SET name = 'look' WHERE name = 'read'", 403, "UPDATE application_scopes SET name = 'read' WHERE name = 'look'"),
            ("UPDATE applications SET slug = 'other' WHERE slug = 'reports'", 401, "UPDATE applications SET slug = 'reports' WHERE slug = 'other'"),
        ] {
            by_hand(take);
            assert_eq!(look().await, refused, "{take}");
            by_hand(give);
            assert_eq!(look().await, 200, "{give}");
        }
        by_hand("UPDATE teams SET name = 'Numbers' WHERE id = {team}");
        by_hand("UPDATE tokens SET name = 'renamed' WHERE id = {token}");
        let told = scene.verify(&scene.token).await;
        assert_eq!((told.header("x-auth-teams"), told.header("x-auth-token")), ("Numbers", "renamed"));
        let introspect = async || {
            let form = scene.form("/oauth/introspect", &[("token", &scene.token)]).basic_auth(&id, Some(&secret));
            let told = Told::of(form).await;
            (told.status, told.body["aud"].clone())
        };
        by_hand("UPDATE applications SET audience = 'elsewhere' WHERE slug = 'reports'");
        assert_eq!(introspect().await, (200, "elsewhere".into()));
        by_hand("UPDATE application_secrets SET ends_at = 1");
        assert_eq!(introspect().await.0, 401);
        by_hand("DELETE FROM token_scopes WHERE token_id = {token}");
        assert_eq!(look().await, 401, "no scope any more");
    }

    async fn s10_rotation_and_stopped_agents_are_seen_by_the_next_check(app) {
        let scene = Scene::new(&app);
        let agent = app.agent("Scribe", latchkey::model::roles::OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let token = app.token(agent, "reports:read");
        let wanted = tokens::Rotate { version: None, overlap: latchkey::model::tokens::Overlap::Hour, form_key: None };
        let rotated = app.write(|cx| tokens::rotate(cx, agent, app.last_token(agent), &wanted)).plain.reveal().to_owned();
        assert_eq!((scene.verify(&token).await.status, scene.verify(&rotated).await.status), (200, 200));
        app.clock.advance(time::Duration::hours(1));
        assert_eq!((scene.verify(&token).await.status, scene.verify(&rotated).await.status), (401, 200));
        app.write(|cx| latchkey::service::agents::stop(cx, None));
        assert_eq!((scene.verify(&rotated).await.status, scene.verify(&scene.token).await.status), (401, 200));
        app.write(|cx| latchkey::service::agents::resume(cx, None));
        assert_eq!(scene.verify(&rotated).await.status, 200);
    }

    async fn s10_what_the_command_line_did_is_seen_by_the_next_check(app) {
        let scene = Scene::new(&app);
        assert_eq!(scene.verify(&scene.token).await.status, 200);
        // As another process does: by a connection of its own, that this program knows nothing of.
        app.sql(&format!("UPDATE tokens SET revoked_at = 1 WHERE user_id = {}", scene.job)).unwrap();
        if app.db.url().is_some() {
            // A server tells nobody: within a second it is found out.
            app.clock.advance(time::Duration::seconds(1));
        }
        assert_eq!(scene.verify(&scene.token).await.status, 401);
    }

    async fn s10_tokens_that_nobody_has_take_no_memory(app) {
        let scene = Scene::new(&app);
        scene.verify(&scene.token).await;
        let figures = || async { scene.request(Method::GET, "/metrics").send().await.unwrap().text().await.unwrap() };
        let kept = |text: &str| text.lines().find(|line| line.starts_with("latchkey_check_cache_entries ")).unwrap().to_owned();
        let before = kept(&figures().await);
        assert_eq!(before, "latchkey_check_cache_entries 1");
        for _ in 0..50 {
            let made_up = PlainToken::generate(latchkey::model::tokens::TokenType::Service);
            assert_eq!(scene.verify(made_up.reveal()).await.status, 401);
        }
        for nth in 0..50 {
            assert_eq!(scene.verify_at(&format!("/auth/verify/app{nth}"), &scene.token).await.status, 401);
        }
        assert_eq!(kept(&figures().await), before);
    }

    async fn s10_uses_are_noted_with_the_application(app) {
        let scene = Scene::new(&app);
        let (id, secret) = (scene.client_id(scene.reports), scene.secret(scene.reports));
        let request = scene.request(Method::GET, "/auth/verify/reports").bearer_auth(&scene.token);
        Told::of(request.header("user-agent", "ledger-cli/4.1")).await;
        Told::of(scene.form("/oauth/introspect", &[("token", &scene.token)]).basic_auth(&id, Some(&secret))).await;
        app.app.write_uses().unwrap();
        let used = "last_used_agent = 'ledger-cli/4.1' AND last_used_for = 'application reports'";
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM tokens WHERE {used}")), 1);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM application_secrets WHERE last_used_at IS NOT NULL"), 1);
        let refused = scene.verify_at("/auth/verify/reports?scope=admin", &scene.token).await;
        assert_eq!(refused.status, 403);
    }
}
