//! Nobody fills the audit log who has no right to anything here.

use latchkey::base::crypto;
use latchkey::model::roles::OrgRole;
use latchkey::model::tokens::{PlainToken, TokenType};
use reqwest::Method;
use serde_json::json;
use time::Duration;

use crate::support::{Browser, PASSWORD, TestApp};

/// How often each is tried.
const TRIES: usize = 12;

/// A form from a page of somebody else's.
async fn from_elsewhere(browser: &mut Browser, path: &str) {
    let request = browser.request(Method::POST, path).header("sec-fetch-site", "cross-site");
    assert_eq!(browser.send(request.form(&[("login", "ada")])).await.status, 403);
}

/// How many entries end like this.
fn written(app: &TestApp, line: &str) -> usize {
    app.audit().iter().filter(|entry| entry.as_str() == line).count()
}

both! {
    async fn s13_a_request_from_another_site_is_written_down_only_for_a_session(app) {
        let mut ada = app.admin().await;
        let before = app.audit().len();
        let (mut visitor, mut forger) = (app.visitor(), app.visitor());
        forger.set_cookie("latchkey=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=1234567890");
        for _ in 0..TRIES {
            for path in ["/login", "/teams/new", "/logout", "/forgotten"] {
                from_elsewhere(&mut visitor, path).await;
                from_elsewhere(&mut forger, path).await;
            }
        }
        assert_eq!(app.audit().len(), before, "there is nobody to protect");
        let line = "request refused ada the request came from another site";
        for minute in 1..4 {
            for _ in 0..TRIES {
                from_elsewhere(&mut ada, "/teams/new").await;
            }
            assert_eq!(written(&app, line), minute, "it tells whose session, once a minute");
            app.clock.advance(Duration::minutes(1));
        }
        let mut other = app.log_in("ada").await;
        from_elsewhere(&mut ada, "/teams/new").await;
        from_elsewhere(&mut other, "/teams/new").await;
        assert_eq!(written(&app, line), 5, "each session for itself");
    }

    async fn s13_made_up_tokens_in_a_cookie_are_not_written_down(app) {
        let user = app.service("API Access", OrgRole::Member, &[]);
        let token = app.token(user, "users:read");
        let before = app.audit().len();
        let mut visitor = app.visitor();
        for _ in 0..TRIES {
            visitor.set_cookie(&format!("latchkey={}", PlainToken::generate(TokenType::Service).reveal()));
            assert_eq!(visitor.get("/users").await.status, 303);
        }
        assert_eq!(app.audit().len(), before);
        for _ in 0..TRIES {
            visitor.set_cookie(&format!("latchkey={token}"));
            assert_eq!(visitor.get("/users").await.status, 303);
        }
        let line = "session.use refused api_access@service an access token was sent as a session cookie";
        assert_eq!(written(&app, line), 1);
    }

    async fn s13_whoever_has_no_good_token_waits_for_nobody_who_writes(app) {
        let idle = app.token(app.service("Idle", OrgRole::Member, &[]), "users:read");
        let ended = app.token(app.service("Ended", OrgRole::Manager, &[]), "users:read");
        app.sql("UPDATE tokens SET revoked_at = 1 WHERE user_id = (SELECT MAX(id) FROM users)").unwrap();
        assert_eq!(app.api(&idle).get("/api/v1/users").await.status, 403, "which is written down for this minute");
        let made_up = PlainToken::generate(TokenType::Service);
        let held = app.db.hold_writer();
        for (token, status) in [("", 401), (made_up.reveal(), 401), ("lk_svc_none", 401), (&*ended, 401), (&*idle, 403)] {
            let api = app.api(token);
            let body = json!({ "name": "Job", "role": "Member" });
            assert_eq!(api.post("/api/v1/users", body).await.status, status, "{token}");
            assert_eq!(api.delete("/api/v1/users/1").await.status, status, "{token}");
            assert_eq!(api.get("/api/v1/audit/export").await.status, status, "{token}");
        }
        drop(held);
    }

    async fn s13_a_token_that_can_do_nothing_is_written_down_once_a_minute(app) {
        let idle = app.api(&app.token(app.service("Idle", OrgRole::Member, &[]), "users:read"));
        for minute in 1..3 {
            for _ in 0..TRIES {
                assert_eq!(idle.get("/api/v1/users").await.status, 403);
            }
            let written = app.audit().iter().filter(|entry| entry.starts_with("token.use refused -")).count();
            assert_eq!(written, minute, "{:?}", app.audit());
            app.clock.advance(Duration::minutes(1));
        }
    }

    async fn s13_a_dead_session_and_a_dead_link_are_written_down_once_a_minute(app) {
        let id = app.person("jonas", OrgRole::Member, &[]);
        let mut jonas = app.log_in("jonas").await;
        let hash = crypto::hex(&crypto::sha256(b"secret"));
        let blob = if app.db.url().is_some() { format!("'\\x{hash}'") } else { format!("x'{hash}'") };
        let columns = "purpose, user_id, secret_hash, created_at, expires_at";
        app.sql(&format!("INSERT INTO links ({columns}) VALUES ('reset', {id}, {blob}, 0, 9000000000000000)")).unwrap();
        app.sql(&format!("UPDATE users SET disabled_at = 1 WHERE id = {id}")).unwrap();
        for minute in 1..3 {
            for _ in 0..TRIES {
                assert_eq!(jonas.get("/account").await.status, 303);
                let mut visitor = app.visitor();
                assert_eq!(visitor.get("/reset/secret").await.status, 404);
                assert_eq!(visitor.post("/reset/secret", &[("password", PASSWORD)]).await.status, 404);
            }
            assert_eq!(written(&app, "session.use refused jonas the account is disabled"), minute);
            assert_eq!(written(&app, "user.reset_password refused jonas the account is disabled"), minute);
            app.clock.advance(Duration::minutes(1));
        }
        app.assert_chain();
    }
}
