//! `/api/v1/users/{id}/tokens`.

use latchkey::model::ids::{RoleId, UserId};
use latchkey::model::roles::OrgRole;
use serde_json::json;

use crate::support::TestApp;

fn deployer(app: &TestApp) -> (UserId, String) {
    let team = app.team("Platform");
    let id = app.service("Deployer", OrgRole::Editor, &[(team, RoleId::MAINTAINER)]);
    (id, format!("/api/v1/users/{id}/tokens"))
}

both! {
    async fn a_token_is_told_once_and_works(app) {
        let (_, path) = deployer(&app);
        let api = app.root_api();
        let body = json!({ "name": "pipeline", "description": "Nightly", "expires_in_days": 30, "scopes": ["users:read", "settings:read"] });
        let made = api.post(&path, body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let token = made.body["token"].as_str().unwrap();
        for (field, value) in [
            ("name", json!("pipeline")), ("description", json!("Nightly")), ("type", json!("Service")), ("state", json!("active")),
            ("scopes", json!(["users:read", "settings:read"])), ("effective_scopes", json!(["users:read"])), ("teams", json!(null)),
            ("expires_at", json!("2026-12-22T10:00:00Z")), ("created_at", json!("2026-11-22T10:00:00Z")), ("created_by", json!("root@service")),
            ("global_admin", json!(false)), ("last_used_at", json!(null)), ("last_used_address", json!(null)),
        ] {
            assert_eq!(made.body[field], value, "{field}");
        }
        assert_eq!(made.header("cache-control"), "no-store");
        assert_eq!(app.api(token).get("/api/v1/users").await.status, 200);
        let read = api.get(made.header("location")).await;
        assert_eq!((read.status, &read.body["last_used_at"]), (200, &json!("2026-11-22T10:00:00Z")));
        assert_eq!(read.body["last_used_address"], "127.0.0.1");
        let list = api.get(&path).await;
        assert!(!list.body.to_string().contains(token) && !read.body.to_string().contains(token));
        assert!(!app.audit().iter().any(|line| line.contains(token)));
    }

    async fn a_token_ends_by_days_by_a_moment_or_never(app) {
        let (_, path) = deployer(&app);
        app.sql("UPDATE tokens SET expires_at = NULL").unwrap();
        let api = app.root_api();
        app.sql("UPDATE tokens SET expires_at = NULL").unwrap();
        for (name, body, end) in [
            ("days", json!({ "expires_in_days": 1 }), json!("2026-11-23T10:00:00Z")),
            ("moment", json!({ "expires_at": "2027-01-31T13:00:00+01:00" }), json!("2027-01-31T12:00:00Z")),
            ("never", json!({ "never": true }), json!(null)),
        ] {
            let mut body = body;
            body["name"] = json!(name);
            body["scopes"] = json!(["users:read"]);
            let made = api.post(&path, body).await;
            assert_eq!((made.status, &made.body["expires_at"]), (201, &end), "{}", made.body);
        }
    }

    async fn what_is_wrong_with_a_token_is_told_and_nothing_is_made(app) {
        let (id, path) = deployer(&app);
        let api = app.root_api();
        app.token(id, "users:read");
        let scopes = ["users:read"];
        for (body, pointers) in [
            (json!({ "name": "a", "scopes": scopes }), vec!["/expires_in_days"]),
            (json!({ "name": "a", "scopes": scopes, "never": false }), vec!["/expires_in_days"]),
            (json!({ "name": "a", "scopes": scopes, "expires_in_days": 3, "never": true }), vec!["/never"]),
            (json!({ "name": "a", "scopes": scopes, "expires_in_days": 0 }), vec!["/expires_in_days"]),
            (json!({ "name": "a", "scopes": scopes, "expires_at": "tomorrow" }), vec!["/expires_at"]),
            (json!({ "name": "a", "scopes": scopes, "expires_at": "2020-01-01T00:00:00Z" }), vec!["/expires_at"]),
            (json!({ "name": "TOKEN 0", "scopes": scopes, "expires_in_days": 3 }), vec!["/name"]),
            (json!({ "name": "a", "expires_in_days": 3 }), vec!["/scopes"]),
            (json!({ "name": "a", "scopes": ["users:read", "users:fly"], "expires_in_days": 3 }), vec!["/scopes/1"]),
            (json!({ "name": "a", "scopes": scopes, "teams": [], "expires_in_days": 3 }), vec!["/teams"]),
            (json!({ "name": "a", "scopes": scopes, "teams": ["Platform", "Nowhere"], "expires_in_days": 3 }), vec!["/teams/1"]),
            (json!({ "name": "a", "scopes": scopes, "teams": ["Public"], "expires_in_days": 3 }), vec!["/teams/0"]),
            (json!({ "name": "a", "scopes": scopes, "expires_in_days": "3" }), vec!["/expires_in_days"]),
            (json!({ "name": "a", "scopes": scopes, "expires": "30d" }), vec!["/expires"]),
            (json!({ "name": "", "scopes": ["x"], "teams": ["Nowhere"] }), vec!["/expires_in_days", "/scopes/0", "/teams/0", "/name"]),
        ] {
            let reply = api.post(&path, body.clone()).await;
            assert_eq!((reply.status, reply.pointers()), (422, pointers), "{body}: {}", reply.body);
        }
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM tokens WHERE user_id = {id}")), 1);
    }

    async fn a_token_limited_to_a_team_names_it(app) {
        let (_, path) = deployer(&app);
        let body = json!({ "name": "limited", "expires_in_days": 3, "scopes": ["teams:read"], "teams": ["platform"] });
        let made = app.root_api().post(&path, body).await;
        assert_eq!((made.status, &made.body["teams"]), (201, &json!(["Platform"])), "{}", made.body);
    }

    async fn no_global_admin_token_is_made_here(app) {
        let (_, path) = deployer(&app);
        let api = app.root_api();
        for body in [
            json!({ "name": "a", "expires_in_days": 3, "global_admin": true }),
            json!({ "name": "a", "never": true, "scopes": ["users:read"], "global_admin": true }),
        ] {
            let reply = api.post(&path, body).await;
            assert_eq!(reply.status, 403, "{}", reply.body);
            assert!(reply.body["detail"].as_str().unwrap().contains("in the portal or on the command line"));
        }
        assert!(app.audit().iter().any(|line| line.starts_with("token.create refused")));
    }

    async fn a_token_neither_exceeds_nor_outlives_the_one_that_makes_it(app) {
        let (id, path) = deployer(&app);
        let api = app.api(&app.token(id, "tokens:create tokens:read service_accounts:read users:read"));
        let body = |scope: &str, days: i64| json!({ "name": format!("{scope} {days}"), "expires_in_days": days, "scopes": [scope] });
        let made = api.post(&path, body("users:read", 30)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let wider = api.post(&path, body("teams:read", 30)).await;
        assert_eq!((wider.status, &wider.body["missing_permission"]), (403, &json!("teams:read")), "{}", wider.body);
        let longer = api.post(&path, body("users:read", 91)).await;
        assert_eq!((longer.status, longer.pointers()), (422, vec!["/expires_in_days"]), "{}", longer.body);
    }

    async fn tokens_are_listed_by_page_and_revoked_for_good(app) {
        let (id, path) = deployer(&app);
        let api = app.root_api();
        let tokens: Vec<_> = (0..5).map(|_| app.token(id, "teams:read")).collect();
        let first = api.get(&format!("{path}?limit=3")).await;
        let next = first.body["next_cursor"].as_str().unwrap();
        let second = api.get(&format!("{path}?limit=3&cursor={next}")).await;
        let names = |body: &serde_json::Value| body["items"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(names(&first.body), ["token 4", "token 3", "token 2"]);
        assert_eq!((names(&second.body), second.body["next_cursor"].is_null()), (vec!["token 1".into(), "token 0".into()], true));
        let newest = format!("{path}/{}", first.body["items"][0]["id"]);
        for _ in 0..2 {
            assert_eq!(api.delete(&newest).await.status, 204);
        }
        let revoked = api.get(&newest).await;
        assert_eq!((&revoked.body["state"], &revoked.body["effective_scopes"]), (&json!("revoked"), &json!([])));
        assert_eq!(app.api(&tokens[4]).get("/api/v1/me").await.status, 401);
        assert_eq!(app.api(&tokens[3]).get("/api/v1/me").await.status, 200);
        let elsewhere = app.service("Other", OrgRole::Member, &[]);
        let other = newest.replace(&format!("/users/{id}/"), &format!("/users/{elsewhere}/"));
        assert_eq!((api.get(&other).await.status, api.delete(&other).await.status), (404, 404));
    }
}
