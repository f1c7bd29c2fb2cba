//! Acts on users: `/api/v1/users/{id}/…`.

use latchkey::model::ids::{RoleId, UserId};
use latchkey::model::roles::OrgRole;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Reply, TestApp};

fn path(id: UserId, act: &str) -> String {
    format!("/api/v1/users/{id}/{act}")
}

fn set_contact(app: &TestApp, account: UserId, person: UserId) {
    app.sql(&format!("UPDATE users SET contact_id = {person} WHERE id = {account}")).unwrap();
}

/// The path in a link, which begins with the portal's own origin.
fn local<'a>(app: &TestApp, link: &'a Value) -> &'a str {
    link.as_str().unwrap().strip_prefix(app.url.as_str()).unwrap()
}

both! {
    async fn sessions_end_and_tokens_are_revoked(app) {
        let api = app.root_api();
        let id = app.person("jonas", OrgRole::Manager, &[]);
        let own = app.api(&app.token(id, "users:read"));
        let mut browsers = [app.log_in("jonas").await, app.log_in("jonas").await];
        let ended = Reply::of(api.request(Method::POST, &path(id, "end-sessions"))).await;
        assert_eq!((ended.status, ended.body), (200, json!({ "sessions_ended": 2 })));
        for browser in &mut browsers {
            assert_eq!(browser.get("/users").await.status, 303);
        }
        assert_eq!(own.get("/api/v1/users").await.status, 200);
        app.token(id, "self:read");
        let revoked = Reply::of(api.request(Method::POST, &path(id, "revoke-tokens"))).await;
        assert_eq!((revoked.status, revoked.body), (200, json!({ "tokens_revoked": 2 })));
        assert_eq!(own.get("/api/v1/users").await.status, 401);
        let again = Reply::of(api.request(Method::POST, &path(id, "revoke-tokens"))).await;
        assert_eq!(again.body, json!({ "tokens_revoked": 0 }));
        app.assert_chain();
    }

    async fn a_password_link_is_told_once_and_never_for_the_stronger(app) {
        let boss = app.person("max", OrgRole::Manager, &[]);
        let api = app.api(&app.token(boss, "users:read users:update"));
        let id = app.person("jonas", OrgRole::Member, &[]);
        let reply = Reply::of(api.request(Method::POST, &path(id, "link"))).await;
        assert_eq!((reply.status, reply.header("cache-control"), &reply.body["purpose"]), (200, "no-store", &json!("reset")), "{}", reply.body);
        assert_eq!(reply.body["expires_at"], "2026-11-23T10:00:00Z");
        let link = local(&app, &reply.body["link"]);
        assert!(link.starts_with("/reset/"), "{link}");
        assert!(!app.audit().iter().any(|line| line.contains(link.rsplit('/').next().unwrap())));
        assert_eq!(app.visitor().post(link, &[("password", "another harbour of plums")]).await.status, 303);
        app.sql(&format!("UPDATE users SET password_hash = NULL WHERE id = {id}")).unwrap();
        let reply = Reply::of(api.request(Method::POST, &path(id, "link"))).await;
        assert_eq!((&reply.body["purpose"], &reply.body["expires_at"]), (&json!("invitation"), &json!("2026-11-25T10:00:00Z")));
        assert!(local(&app, &reply.body["link"]).starts_with("/invitation/"));
        let keyed = async || Reply::of(api.request(Method::POST, &path(id, "link")).header("idempotency-key", "once")).await;
        let (first, mut again) = (keyed().await, keyed().await);
        assert!(first.body["link"].is_string() && again.header("idempotent-replayed") == "true", "{}", again.body);
        again.body["link"] = first.body["link"].clone();
        assert_eq!(again.body, first.body, "the same answer without the secret");
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM idempotency WHERE body LIKE '%/invitation/%'"), 0);
        let editor = app.person("eve", OrgRole::Editor, &[]);
        let admin = app.make_admin("grace");
        let service = app.service("Deployer", OrgRole::Member, &[]);
        for (id, status) in [(editor, 403), (boss, 403), (admin, 403), (service, 403), (UserId(9999), 404)] {
            let reply = Reply::of(api.request(Method::POST, &path(id, "link"))).await;
            assert_eq!((reply.status, reply.body.get("link")), (status, None), "{id}: {}", reply.body);
        }
    }

    async fn a_person_becomes_a_service_account_and_a_person_again(app) {
        let api = app.root_api();
        let platform = app.team("Platform");
        let id = app.person("jonas", OrgRole::Member, &[(platform, RoleId::VIEWER)]);
        let tag = api.get(&format!("/api/v1/users/{id}")).await.header("etag").to_owned();
        for (body, pointers) in [(json!({ "home_team": "Nowhere" }), vec!["/home_team"]), (json!({}), vec!["/home_team"]), (json!({ "home_team": "Platform", "x": 1 }), vec!["/x"])] {
            let reply = api.post(&path(id, "turn-into-service"), body).await;
            assert_eq!((reply.status, reply.pointers()), (422, pointers), "{}", reply.body);
        }
        let machine = api.post(&path(id, "turn-into-service"), json!({ "home_team": "platform" })).await;
        assert_eq!(machine.status, 200, "{}", machine.body);
        for (field, value) in [("user_type", json!("Service")), ("home_team", json!("Platform")), ("user_name", json!("jonas")), ("contact_id", Value::Null)] {
            assert_eq!(machine.body[field], value, "{field}: a machine that acts is nobody's contact");
        }
        let to_person = |body: Value, tag: &str| {
            let request = api.request(Method::POST, &path(id, "turn-into-person")).json(&body);
            Reply::of(if tag.is_empty() { request } else { request.header("if-match", tag) })
        };
        let good = json!({ "username": "jonas", "email": "jonas@example.com" });
        assert_eq!(to_person(good.clone(), &tag).await.status, 412, "it was changed meanwhile");
        for (body, pointers) in [
            (json!({ "username": "jonas@service", "email": "x@y.invalid" }), vec!["/username", "/email"]),
            (json!({ "username": "jonas" }), vec!["/email"]),
        ] {
            let reply = to_person(body, "").await;
            assert_eq!((reply.status, reply.pointers()), (422, pointers), "{}", reply.body);
        }
        let person = to_person(good.clone(), machine.header("etag")).await;
        assert_eq!((person.status, person.header("cache-control")), (200, "no-store"), "{}", person.body);
        for (field, value) in [("user_type", json!("Person")), ("home_team", Value::Null), ("status", json!("invited")), ("email", json!("jonas@example.com"))] {
            assert_eq!(person.body[field], value, "{field}");
        }
        let link = local(&app, &person.body["invitation"]);
        assert_eq!(app.visitor().post("/login", &[("login", "jonas"), ("password", PASSWORD)]).await.status, 401);
        assert_eq!(app.visitor().post(link, &[("password", PASSWORD)]).await.status, 303);
        app.log_in("jonas").await;
        assert_eq!(to_person(good, "").await.status, 409);
        app.assert_chain();
    }

    async fn a_machine_does_not_make_itself_a_log_in(app) {
        let platform = app.team("Platform");
        let id = app.service("Maker", OrgRole::Manager, &[(platform, RoleId::OWNER)]);
        let every = latchkey::model::permissions::PermissionSet::everything().to_string();
        let body = json!({ "username": "maker", "email": "maker@example.com" });
        let own = app.api(&app.token(id, &every)).post(&path(id, "turn-into-person"), body.clone()).await;
        assert_eq!(own.status, 409, "{}", own.body);
        let root = app.root_api();
        app.global_admin(id);
        let marked = root.post(&path(id, "turn-into-person"), body).await;
        assert_eq!(marked.status, 403, "not over REST, whoever asks: {}", marked.body);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE kind = 'person'"), 0);
    }

    async fn what_somebody_leaves_behind_is_seen_and_handed_over(app) {
        let api = app.root_api();
        let platform = app.team("Platform");
        let jonas = app.person("jonas", OrgRole::Member, &[(platform, RoleId::OWNER)]);
        let mia = app.person("mia", OrgRole::Member, &[(platform, RoleId::VIEWER)]);
        app.token(jonas, "self:read");
        let accounts = ["Exporter", "Importer"].map(|name| app.service(name, OrgRole::Member, &[(platform, RoleId::VIEWER)]));
        for id in accounts {
            set_contact(&app, id, jonas);
        }
        let left = api.get(&path(jonas, "handover")).await;
        assert_eq!(left.status, 200, "{}", left.body);
        assert_eq!(left.body, json!({
            "accounts": [
                { "id": accounts[0], "user_name": "exporter@service", "name": "Exporter", "user_type": "Service", "contact": true, "sponsor": false, "may_change": true },
                { "id": accounts[1], "user_name": "importer@service", "name": "Importer", "user_type": "Service", "contact": true, "sponsor": false, "may_change": true },
            ],
            "accounts_total": 2, "teams": [{ "id": platform, "name": "Platform" }], "personal_tokens": 1,
        }));
        for (body, pointers) in [
            (json!({ "contact": jonas }), vec!["/contact"]),
            (json!({ "contact": accounts[0] }), vec!["/contact"]),
            (json!({ "contact": 9999 }), vec!["/contact"]),
            (json!({ "contact": mia, "accounts": [] }), vec!["/accounts"]),
            (json!({ "contact": mia, "accounts": null }), vec!["/accounts"]),
            (json!({}), vec!["/contact"]),
        ] {
            let reply = api.post(&path(jonas, "handover"), body.clone()).await;
            assert_eq!((reply.status, reply.pointers()), (422, pointers), "{body}: {}", reply.body);
        }
        assert_eq!(api.post(&path(jonas, "handover"), json!({ "contact": mia, "accounts": [accounts[0], 9999] })).await.status, 409);
        let one = api.post(&path(jonas, "handover"), json!({ "contact": mia, "accounts": [accounts[0]] })).await;
        assert_eq!((one.status, &one.body), (200, &json!({ "contact_id": mia, "accounts": [accounts[0]], "accounts_left": 1 })));
        let rest = api.post(&path(jonas, "handover"), json!({ "contact": mia })).await;
        assert_eq!(rest.body, json!({ "contact_id": mia, "accounts": [accounts[1]], "accounts_left": 0 }));
        assert_eq!(api.post(&path(jonas, "handover"), json!({ "contact": mia })).await.status, 409, "nothing is left");
        assert_eq!(api.get(&format!("/api/v1/users/{}", accounts[1])).await.body["contact_id"], json!(mia));
    }

    async fn many_accounts_are_handed_over_in_portions(app) {
        let api = app.root_api();
        let (jonas, mia) = (app.person("jonas", OrgRole::Member, &[]), app.person("mia", OrgRole::Member, &[]));
        let ids: Vec<_> = (0..203).map(|n| app.service(&format!("Robot {n:03}"), OrgRole::Member, &[])).collect();
        app.sql(&format!("UPDATE users SET contact_id = {jonas} WHERE username LIKE 'robot%'")).unwrap();
        let left = api.get(&path(jonas, "handover")).await;
        assert_eq!((left.body["accounts"].as_array().map(Vec::len), &left.body["accounts_total"]), (Some(200), &json!(203)));
        let last = api.post(&path(jonas, "handover"), json!({ "contact": mia, "accounts": [ids[202]] })).await;
        assert_eq!((last.status, &last.body["accounts_left"]), (200, &json!(202)), "one beyond those listed: {}", last.body);
        let first = api.post(&path(jonas, "handover"), json!({ "contact": mia })).await;
        assert_eq!(first.body["accounts_left"], json!(2));
        let rest = api.post(&path(jonas, "handover"), json!({ "contact": mia })).await;
        assert_eq!(rest.body["accounts_left"], json!(0));
        assert_eq!(api.post(&path(mia, "handover"), json!({ "contact": jonas, "accounts": ids })).await.pointers(), ["/accounts"], "no more than 200 at once");
    }

    async fn a_handover_is_refused_by_name_and_does_nothing(app) {
        let (platform, other) = (app.team("Platform"), app.team("Other"));
        let maintainer = app.service("Maker", OrgRole::Member, &[(platform, RoleId::MAINTAINER), (other, RoleId::VIEWER)]);
        let jonas = app.person("jonas", OrgRole::Member, &[(platform, RoleId::VIEWER)]);
        let mia = app.person("mia", OrgRole::Member, &[(platform, RoleId::VIEWER)]);
        let mine = app.service("Mine", OrgRole::Member, &[(platform, RoleId::VIEWER)]);
        let theirs = app.service("Theirs", OrgRole::Member, &[(other, RoleId::VIEWER)]);
        for id in [mine, theirs] {
            set_contact(&app, id, jonas);
        }
        let api = app.api(&app.token(maintainer, &latchkey::model::permissions::PermissionSet::everything().to_string()));
        let refused = api.post(&path(jonas, "handover"), json!({ "contact": mia, "accounts": [mine, theirs] })).await;
        assert_eq!(refused.status, 403, "{}", refused.body);
        assert!(refused.body["detail"].as_str().unwrap().contains("theirs@service"), "{}", refused.body);
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM users WHERE contact_id = {jonas}")), 2);
        let done = api.post(&path(jonas, "handover"), json!({ "contact": mia })).await;
        assert_eq!(done.body, json!({ "contact_id": mia, "accounts": [mine], "accounts_left": 1 }), "what it may change");
        let reader = app.api(&app.token(maintainer, "teams:read service_accounts:read"));
        assert_eq!(reader.get(&path(jonas, "handover")).await.status, 403);
    }
}
