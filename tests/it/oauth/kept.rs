//! What is kept in memory of tokens: read when the portal starts, again where it was changed, and never in the place of the store's word.

use std::time::Duration;

use latchkey::base::clock::Clock;
use latchkey::base::config::Config;
use latchkey::model::ids::TokenId;
use latchkey::model::tokens::{HashedToken, PlainToken, TokenType};
use latchkey::service::{App, metrics, tokens};

use super::Scene;
use crate::support::TestApp;

fn hash(token: &str) -> HashedToken {
    PlainToken::parse(token).unwrap().hash()
}

/// A figure of a portal.
fn figure(app: &App, name: &str) -> u64 {
    let text = metrics::text(app);
    let line = text.lines().find(|line| line.starts_with(&format!("latchkey_{name} "))).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// How often the store was asked while this was done.
async fn asked(app: &App, done: impl Future<Output = ()>) -> u64 {
    let before = figure(app, "check_cache_misses_total");
    done.await;
    figure(app, "check_cache_misses_total") - before
}

/// Waits for something that a thread does by and by.
async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    for _ in 0..2_000 {
        if is().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what} never came");
}

fn made_up() -> String {
    PlainToken::generate(TokenType::Service).reveal().to_owned()
}

/// Waits until a secret that nobody has is told without the store.
async fn until_unknown_ones_cost_nothing(scene: &Scene<'_>) {
    scene.verify(&scene.token).await;
    let is =
        async || asked(&scene.app.app, async { assert_eq!(scene.verify(&made_up()).await.status, 401) }).await == 0;
    until("the filter over all secrets", is).await;
}

both! {
    async fn s10_a_change_has_nothing_read_again_but_what_it_is_of(app) {
        let scene = Scene::new(&app);
        let other = app.token(scene.job, "reports:read");
        let both_good = async || {
            assert_eq!((scene.verify(&scene.token).await.status, scene.verify(&other).await.status), (200, 200));
        };
        both_good().await;
        let id = app.last_token(scene.job);
        app.write(|cx| tokens::suspend(cx, scene.job, id, None));
        assert_eq!(scene.verify(&other).await.status, 401);
        // The server is asked what was changed; that is no question about the token.
        let misses = asked(&app.app, async { assert_eq!(scene.verify(&scene.token).await.status, 200) }).await;
        assert_eq!(misses, 0, "the other token of the account is as it was");
        app.write(|cx| tokens::resume(cx, scene.job, id, None));
        both_good().await;
    }

    async fn s10_a_role_that_is_made_later_counts(app) {
        let scene = Scene::new(&app);
        assert_eq!(scene.verify(&scene.token).await.status, 200);
        let role = app.role("Importer", "teams:read", latchkey::model::roles::AppLevel::Write);
        app.write(|cx| latchkey::service::members::set(cx, scene.team, scene.job, role));
        let told = scene.verify(&scene.token).await;
        assert_eq!((told.status, told.header("x-auth-scopes")), (200, "reports:read reports:write"));
    }

    async fn s10_one_application_is_kept_once_however_it_is_spelled(app) {
        let scene = Scene::new(&app);
        let id = scene.client_id(scene.reports);
        assert_eq!(scene.verify_at(&format!("/auth/verify/{id}"), &scene.token).await.status, 200);
        let before = figure(&app.app, "check_cache_bytes");
        for spelled in (0..id.len()).map(|at| format!("{}{}", id[..at].to_uppercase(), &id[at..])) {
            assert_eq!(scene.verify_at(&format!("/auth/verify/{spelled}"), &scene.token).await.status, 200, "{spelled}");
        }
        for spelled in [id.replace('-', ""), format!("urn:uuid:{id}"), format!("%7B{id}%7D")] {
            assert_eq!(scene.verify_at(&format!("/auth/verify/{spelled}"), &scene.token).await.status, 401, "{spelled}");
        }
        assert_eq!(figure(&app.app, "check_cache_bytes"), before);
    }

    async fn s10_more_changes_than_are_written_down_are_all_heeded(app) {
        let scene = Scene::new(&app);
        let doomed = app.token(scene.job, "reports:read");
        assert_eq!((scene.verify(&scene.token).await.status, scene.verify(&doomed).await.status), (200, 200));
        app.sql(&format!("UPDATE tokens SET revoked_at = 1 WHERE id = {}", app.last_token(scene.job).0)).unwrap();
        app.sql("INSERT INTO check_changes (kind, id) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) \
                 SELECT 'user', -i FROM n").unwrap();
        app.sql("DELETE FROM check_changes WHERE n <= (SELECT MAX(n) FROM check_changes) - 10000").unwrap();
        app.clock.advance(time::Duration::SECOND);
        assert_eq!((scene.verify(&doomed).await.status, scene.verify(&scene.token).await.status), (401, 200));
        let fresh = app.token(scene.job, "reports:read");
        assert_eq!(scene.verify(&fresh).await.status, 200, "made after that");
    }

    async fn s10_a_portal_that_starts_reads_the_tokens_that_are_good_for_something(app) {
        let scene = Scene::new(&app);
        let ended = app.token(scene.job, "reports:read");
        app.write(|cx| tokens::revoke(cx, scene.job, app.last_token(scene.job)));
        app.token(scene.job, "teams:read");
        let config = Config { data_dir: app.dir.path().to_owned(), database_url: app.db.url(), ..Config::default() };
        let other = latchkey::cli::open::app(config, Clock::Fake(app.clock.clone())).unwrap();
        other.checks.warm();
        until("what is read beforehand", async || figure(&other, "check_cache_entries") == 1).await;
        let good = async |secret: HashedToken| {
            let question = latchkey::service::checks::Question::new("reports", Some(secret));
            latchkey::http::checks::check(&other, question).await.unwrap().verdict.is_some_and(|verdict| {
                verdict.granted(other.clock.now(), None).is_some()
            })
        };
        assert!(good(hash(&scene.token)).await && !good(hash(&ended)).await);
        app.write(|cx| tokens::suspend(cx, scene.job, TokenId(app.number("SELECT MIN(id) AS n FROM tokens WHERE revoked_at IS NULL")), None));
        app.clock.advance(time::Duration::SECOND);
        assert!(!good(hash(&scene.token)).await, "and follows what is done to them");
    }
}

#[tokio::test]
async fn s10_a_token_is_good_as_soon_as_it_is_made_also_where_unknown_ones_cost_nothing() {
    let app = TestApp::start(crate::support::Flavour::Sqlite).await;
    let scene = Scene::new(&app);
    until_unknown_ones_cost_nothing(&scene).await;
    for _ in 0..20 {
        let fresh = app.token(scene.job, "reports:read");
        assert_eq!(scene.verify(&fresh).await.status, 200);
    }
    // As another process makes one.
    let by_hand = made_up();
    let hex: String = hash(&by_hand).0.iter().map(|byte| format!("{byte:02x}")).collect();
    let last = app.last_token(scene.job).0;
    app.sql(&format!("UPDATE token_secrets SET hash = x'{hex}' WHERE token_id = {last}")).unwrap();
    assert_eq!(scene.verify(&by_hand).await.status, 200);
    let rotate = tokens::Rotate { version: None, overlap: latchkey::model::tokens::Overlap::Hour, form_key: None };
    let rotated =
        app.write(|cx| tokens::rotate(cx, scene.job, app.last_token(scene.job), &rotate)).plain.reveal().to_owned();
    assert_eq!((scene.verify(&rotated).await.status, scene.verify(&by_hand).await.status), (200, 200));
    let misses = asked(&app.app, async { assert_eq!(scene.verify(&made_up()).await.status, 401) }).await;
    assert_eq!(misses, 0, "and unknown ones still cost nothing");
}
