//! Service and agent accounts never enter the portal, by whatever way they try.

use latchkey::base::crypto;
use latchkey::model::ids::UserId;
use latchkey::model::roles::OrgRole;

use crate::support::{PASSWORD, TestApp};

/// A service and an agent account, with their usernames.
fn machines(app: &TestApp) -> [(UserId, &'static str); 2] {
    [
        (app.service("API Access", OrgRole::Admin, &[]), "api_access@service"),
        (app.agent("Release notes", OrgRole::Admin, &[]), "release_notes@agent"),
    ]
}

fn assert_audited(app: &TestApp, action: &str, target: &str, reason: &str) {
    let wanted = format!("{action} refused {target} {reason}");
    let entries = app.audit();
    assert!(entries.iter().any(|line| line.starts_with(&wanted)), "no {wanted:?} in {entries:#?}");
}

const REASON: &str = "service and agent accounts cannot enter the portal";

both! {
    async fn at_the_log_in_form(app) {
        app.make_admin("ada");
        let wrong = app.visitor().post("/login", &[("login", "ada"), ("password", "wrong wrong wrong")]).await;
        for (id, username) in machines(&app) {
            let email = app.db.texts(&format!("SELECT email AS t FROM users WHERE id = {id}")).remove(0);
            for login in [username, email.as_str()] {
                let mut visitor = app.visitor();
                let answer = visitor.post("/login", &[("login", login), ("password", PASSWORD)]).await;
                assert_eq!((answer.status, visitor.cookie()), (401, None));
                let told = |page: &crate::support::Html| page.inner(".notice, [role=alert]");
                assert_eq!(told(&answer), told(&wrong), "the answer is that of a wrong password");
                assert!(told(&answer).is_some());
            }
            assert_audited(&app, "session.create", username, REASON);
        }
    }

    async fn by_a_link_asked_for(app) {
        let mut ada = app.admin().await;
        for (id, username) in machines(&app) {
            let answer = ada.post(&format!("/users/{id}/link"), &[]).await;
            assert_eq!(answer.status, 403, "{}", answer.text());
            assert_audited(&app, "user.link", username, "Service and agent accounts have no password");
        }
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM links"), 0);
    }

    async fn by_a_link_slipped_into_the_store(app) {
        for (id, username) in machines(&app) {
            for (purpose, action) in [("invitation", "user.accept_invitation"), ("reset", "user.reset_password")] {
                let secret = format!("{purpose}-{username}");
                let hash = crypto::hex(&crypto::sha256(secret.as_bytes()));
                let blob = if app.db.url().is_some() { format!("'\\x{hash}'") } else { format!("x'{hash}'") };
                let columns = "purpose, user_id, secret_hash, created_at, expires_at";
                app.sql(&format!("INSERT INTO links ({columns}) VALUES ('{purpose}', {id}, {blob}, 0, 9000000000000000)")).unwrap();
                let mut visitor = app.visitor();
                let path = format!("/{purpose}/{secret}");
                assert_eq!(visitor.get(&path).await.status, 404);
                assert_eq!(visitor.post(&path, &[("password", PASSWORD)]).await.status, 404);
                assert_audited(&app, action, username, REASON);
            }
        }
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE kind <> 'person' AND password_hash IS NOT NULL"), 0);
    }

    async fn by_a_forged_session_row(app) {
        for (id, username) in machines(&app) {
            app.sql("DELETE FROM users WHERE kind = 'person' AND role <> 'Admin'").unwrap();
            app.person("jonas", OrgRole::Member, &[]);
            let mut jonas = app.log_in("jonas").await;
            app.sql(&format!("UPDATE sessions SET user_id = {id}")).unwrap();
            for path in ["/", "/users", "/account"] {
                let answer = jonas.get(path).await;
                assert!(answer.status == 303 && answer.location.unwrap().starts_with("/login"));
            }
            let answer = jonas.post("/teams/new", &[("name", "Intruders")]).await;
            assert!(answer.status == 303 && answer.location.unwrap().starts_with("/login"));
            assert_audited(&app, "session.use", username, REASON);
        }
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM teams"), 1);
    }

    async fn by_an_api_token_as_a_cookie(app) {
        for (id, username) in machines(&app) {
            let token = app.global_admin(id);
            let mut visitor = app.visitor();
            visitor.set_cookie(&format!("latchkey={token}"));
            let answer = visitor.get("/users").await;
            assert!(answer.status == 303 && answer.location.unwrap().starts_with("/login"));
            assert_audited(&app, "session.use", username, "an access token was sent as a session cookie");
            let request = app.visitor().request(reqwest::Method::GET, "/users").bearer_auth(&token);
            assert_eq!(app.visitor().send(request).await.status, 303, "nor does a bearer token open a page");
        }
    }

    async fn by_having_been_a_person(app) {
        let mut ada = app.admin().await;
        let id = app.person("jonas", OrgRole::Manager, &[]);
        let mut jonas = app.log_in("jonas").await;
        assert_eq!(jonas.get("/users").await.status, 200);
        let link = ada.post(&format!("/users/{id}/link"), &[]).await;
        assert_eq!(link.status, 200, "{}", link.text());
        let answer = ada.post(&format!("/users/{id}/turn-into-service"), &[("home_team", "1")]).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let answer = jonas.get("/users").await;
        assert!(answer.status == 303 && answer.location.unwrap().starts_with("/login"), "the session is over at once");
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM users WHERE id = {id} AND password_hash IS NULL")), 1);
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM links WHERE user_id = {id}")), 0, "the reset link too");
        let mut visitor = app.visitor();
        assert_eq!(visitor.post("/login", &[("login", "jonas"), ("password", PASSWORD)]).await.status, 401);
        assert_audited(&app, "session.create", "jonas", REASON);
        let entries = app.audit();
        assert!(entries.iter().any(|line| line.starts_with("user.turn_into_service done jonas")), "{entries:?}");
    }

    async fn by_turning_between_two_steps_of_a_request(app) {
        // The row is changed past the program, so that the session itself is still there.
        let id = app.person("jonas", OrgRole::Manager, &[]);
        let mut jonas = app.log_in("jonas").await;
        app.sql(&format!("UPDATE users SET kind = 'service', password_hash = NULL, home_team_id = 1, email_key = 'x@y.invalid' WHERE id = {id}")).unwrap();
        let answer = jonas.post("/teams/new", &[("name", "Intruders")]).await;
        assert!(answer.status == 303 && answer.location.unwrap().starts_with("/login"));
        assert_audited(&app, "session.use", "jonas", REASON);
    }
}
