//! Last uses of tokens, written behind, and which scopes are in use (section 4).

use latchkey::model::ids::{RoleId, UserId};
use latchkey::model::roles::OrgRole;
use reqwest::Method;
use serde_json::{Value, json};
use time::Duration;

use crate::support::{Api, Reply, TestApp};

/// A service account that maintains Platform, with a token: whose, where, and a client with it.
fn scene(app: &TestApp, scopes: &str) -> (UserId, String, Api) {
    let team = app.team("Platform");
    let user = app.service("Deployer", OrgRole::Editor, &[(team, RoleId::OWNER)]);
    let api = app.api(&app.token(user, scopes));
    (user, format!("/api/v1/users/{user}/tokens/{}", app.last_token(user)), api)
}

fn written(app: &TestApp) -> Vec<String> {
    app.db.texts("SELECT COALESCE(last_used_for, '-') || ' ' || COALESCE(last_used_address, '-') AS t FROM tokens WHERE last_used_at IS NOT NULL")
}

both! {
    async fn s4_last_use_is_told_at_once_and_written_behind(app) {
        let (user, path, api) = scene(&app, "users:read teams:read");
        let root = app.root_api();
        let read = Reply::of(api.request(Method::GET, &format!("/api/v1/users/{user}?")).header("user-agent", "pipeline/7")).await;
        assert_eq!(read.status, 200, "{}", read.body);
        let told = root.get(&path).await.body;
        assert_eq!(
            (&told["last_used_at"], &told["last_used_address"], &told["last_used_agent"], &told["last_used_for"]),
            (&json!("2026-11-22T10:00:00Z"), &json!("127.0.0.1"), &json!("pipeline/7"), &json!("GET /api/v1/users/{id}"))
        );
        assert_eq!(root.get(&format!("/api/v1/users/{user}")).await.body["last_seen_at"], json!("2026-11-22T10:00:00Z"));
        app.app.write_uses().unwrap();
        assert!(written(&app).contains(&"GET /api/v1/users/{id} 127.0.0.1".to_owned()), "{:?}", written(&app));
        assert_eq!(root.get(&path).await.body["last_used_for"], json!("GET /api/v1/users/{id}"));
        let mut ada = app.admin().await;
        let page = ada.get(&path.replace("/api/v1", "")).await;
        assert!(page.has("pipeline/7") && page.has("GET /api/v1/users/{id}"), "{}", page.text());
    }

    async fn s4_reading_by_a_token_waits_for_no_writer(app) {
        let (_, path, api) = scene(&app, "teams:read");
        let root = app.root_api();
        root.get(&path).await;
        // Somebody writes for as long as the test goes on; the uses wait, and are told all the same.
        let (held, hold) = (std::sync::mpsc::channel::<()>(), std::sync::mpsc::channel::<()>());
        let (portal, begun, go_on) = (app.app.clone(), held.0, hold.1);
        let writer = std::thread::spawn(move || {
            portal.write(&latchkey::service::Caller::cli(), |_| {
                begun.send(()).unwrap();
                go_on.recv_timeout(std::time::Duration::from_secs(50)).unwrap();
                Ok(())
            })
        });
        held.1.recv().unwrap();
        let read = api.get("/api/v1/teams").await;
        assert_eq!(read.status, 200, "{}", read.body);
        assert_eq!(root.get(&path).await.body["last_used_for"], json!("GET /api/v1/teams"));
        assert_eq!(written(&app).iter().filter(|line| line.starts_with("GET /api/v1/teams")).count(), 0, "not written yet");
        hold.0.send(()).unwrap();
        writer.join().unwrap().unwrap();
        app.app.write_uses().unwrap();
        assert!(written(&app).iter().any(|line| line.starts_with("GET /api/v1/teams")));
    }

    async fn s4_an_older_use_never_takes_the_place_of_a_later_one(app) {
        let (_, path, api) = scene(&app, "teams:read");
        let root = app.root_api();
        api.get("/api/v1/teams").await;
        app.sql("UPDATE tokens SET last_used_at = 4102444800000000, last_used_for = 'by another portal'").unwrap();
        app.app.write_uses().unwrap();
        assert_eq!(root.get(&path).await.body["last_used_for"], json!("by another portal"));
    }

    async fn s4_a_deleted_tokens_use_keeps_nothing_else_waiting(app) {
        let (user, _, api) = scene(&app, "teams:read");
        let other = app.service("Other", OrgRole::Editor, &[(app.team("Billing"), RoleId::OWNER)]);
        let others = app.api(&app.token(other, "teams:read"));
        api.get("/api/v1/teams").await;
        others.get("/api/v1/teams").await;
        app.root_api().delete(&format!("/api/v1/users/{user}")).await;
        app.app.write_uses().unwrap();
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM tokens WHERE user_id = {other} AND last_used_at IS NOT NULL")), 1);
    }

    async fn s4_what_waits_is_written_when_the_portal_stops(app) {
        let (_, _, api) = scene(&app, "teams:read");
        let mut config = app.app.config.clone();
        config.data_dir = app.dir.path().to_owned();
        let second = latchkey::cli::open::app(config, latchkey::base::clock::Clock::Fake(app.clock.clone())).unwrap();
        let origin = latchkey::model::actor::Origin { operation: Some("a second portal".into()), ..Default::default() };
        let secret = latchkey::base::secret::Secret::new(api.token().to_owned());
        let caller = latchkey::service::Caller::new(latchkey::service::Credential::Bearer(secret), origin);
        second.read(&caller, |_| Ok(())).unwrap();
        drop(second);
        assert_eq!(written(&app), ["a second portal -"]);
    }
}

/// `{scope: used}` of a token.
fn used(token: &Value) -> Vec<(String, bool)> {
    let uses = token["scope_use"].as_array().unwrap();
    uses.iter().map(|one| (one["scope"].as_str().unwrap().to_owned(), one["used"].as_bool().unwrap())).collect()
}

fn told(list: &[(&str, bool)]) -> Vec<(String, bool)> {
    list.iter().map(|(scope, used)| ((*scope).to_owned(), *used)).collect()
}

both! {
    async fn s4_each_scope_tells_whether_it_was_used_in_90_days(app) {
        let (_, path, api) = scene(&app, "users:read service_accounts:read teams:read teams:update");
        let root = app.root_api();
        assert!(used(&root.get(&path).await.body).iter().all(|(_, used)| !used));
        assert_eq!(api.get("/api/v1/teams").await.status, 200);
        assert_eq!(used(&root.get(&path).await.body), told(&[("users:read", false), ("service_accounts:read", false), ("teams:read", true), ("teams:update", false)]));
        // What is refused relies on nothing, whatever was looked at on the way.
        assert_eq!(api.post("/api/v1/teams", json!({ "name": "New" })).await.status, 403);
        assert!(!used(&root.get(&path).await.body)[3].1);
        app.app.write_uses().unwrap();
        let read = root.get(&path).await.body;
        assert_eq!((&read["scope_use"][2]["last_used_at"], &read["scope_use"][3]["last_used_at"]), (&json!("2026-11-22T10:00:00Z"), &json!(null)));
        assert_eq!(read["scope_use"][3]["watched_since"], json!("2026-11-22T10:00:00Z"));
        app.clock.advance(Duration::days(60));
        assert_eq!(api.get("/api/v1/users").await.status, 200);
        app.clock.advance(Duration::days(29));
        assert_eq!(used(&root.get(&path).await.body), told(&[("users:read", true), ("service_accounts:read", false), ("teams:read", true), ("teams:update", false)]));
    }

    async fn s4_a_use_older_than_90_days_is_none(app) {
        let team = app.team("Platform");
        let user = app.service("Deployer", OrgRole::Editor, &[(team, RoleId::OWNER)]);
        let api = app.api(&app.token(user, "teams:read"));
        let path = format!("/api/v1/users/{user}/tokens/{}", app.last_token(user));
        app.sql("UPDATE tokens SET expires_at = NULL").unwrap();
        let root = app.root_api();
        app.sql("UPDATE tokens SET expires_at = NULL").unwrap();
        assert_eq!(api.get("/api/v1/teams").await.status, 200);
        app.app.write_uses().unwrap();
        app.clock.advance(Duration::days(90));
        assert_eq!(used(&root.get(&path).await.body), told(&[("teams:read", true)]));
        app.clock.advance(Duration::seconds(1));
        assert_eq!(used(&root.get(&path).await.body), told(&[("teams:read", false)]));
        assert_eq!(api.get("/api/v1/teams").await.status, 200);
        assert_eq!(used(&root.get(&path).await.body), told(&[("teams:read", true)]), "again on another day");
    }

    async fn s4_own_things_and_what_is_given_count_as_used(app) {
        let (user, path, api) = scene(&app, "self:read tokens:create audit:read");
        let root = app.root_api();
        assert_eq!(api.get("/api/v1/me").await.status, 200);
        assert_eq!(used(&root.get(&path).await.body), told(&[("tokens:create", false), ("audit:read", false), ("self:read", true)]));
        let new = json!({ "name": "child", "expires_in_days": 1, "scopes": ["audit:read"] });
        assert_eq!(api.post(&format!("/api/v1/users/{user}/tokens"), new).await.status, 201);
        let uses = used(&root.get(&path).await.body);
        assert_eq!(uses, told(&[("tokens:create", true), ("audit:read", true), ("self:read", true)]), "what is handed on is needed");
    }

    async fn s4_a_list_of_teams_rests_on_the_scope_for_it(app) {
        // Not an Editor, so that it holds the permission in its team alone.
        let user = app.service("Plain", OrgRole::Member, &[(app.team("Platform"), RoleId::OWNER)]);
        for (scopes, expected) in [("teams:read tokens:read", [("teams:read", true), ("tokens:read", false)]), ("tokens:read audit:read", [("tokens:read", true), ("audit:read", false)])] {
            let api = app.api(&app.token(user, scopes));
            assert_eq!(api.get("/api/v1/teams").await.body["items"].as_array().unwrap().len(), 2);
            let root = app.app.read(&latchkey::service::Caller::cli(), |cx| {
                let info = latchkey::service::tokens::get(cx, user, app.last_token(user))?;
                latchkey::service::tokens::scope_use(cx, &info.token)
            });
            let uses: Vec<_> = root.unwrap().into_iter().map(|one| (one.scope.to_string(), one.last_used_at.is_some())).collect();
            assert_eq!(uses, told(&expected));
        }
    }

    async fn s4_a_scope_that_me_alone_rests_on_is_in_use(app) {
        let (_, path, api) = scene(&app, "teams:read audit:read");
        assert_eq!(api.get("/api/v1/me").await.status, 200);
        assert_eq!(used(&app.root_api().get(&path).await.body).iter().filter(|(_, used)| *used).count(), 1);
    }

    async fn s4_a_scope_is_watched_since_it_was_ticked(app) {
        let (_, path, api) = scene(&app, "teams:read");
        let root = app.root_api();
        assert_eq!(api.get("/api/v1/teams").await.status, 200);
        app.app.write_uses().unwrap();
        app.clock.advance(Duration::days(10));
        for scopes in [json!([]), json!(["teams:read", "audit:read"])] {
            assert_eq!(root.patch(&path, json!({ "scopes": scopes })).await.status, 200);
        }
        let uses = root.get(&path).await.body["scope_use"].clone();
        for at in [0, 1] {
            assert_eq!((&uses[at]["used"], &uses[at]["watched_since"]), (&json!(false), &json!("2026-12-02T10:00:00Z")), "{uses}");
        }
        // As after an update of the program: of the time before nothing is known.
        app.sql("UPDATE scope_watch SET since = 1798761600000000").unwrap();
        assert_eq!(root.get(&path).await.body["scope_use"][1]["watched_since"], json!("2027-01-01T00:00:00Z"));
    }

    async fn s4_unused_scopes_are_dropped_on_the_page(app) {
        let (_, path, api) = scene(&app, "users:read teams:read teams:update");
        assert_eq!(api.get("/api/v1/teams").await.status, 200);
        let mut ada = app.admin().await;
        let place = path.replace("/api/v1", "");
        let page = ada.get(&place).await;
        assert!(page.has("Drop unused scopes") && page.has("2 of 3 scopes were not used in the last 90 days"), "{}", page.text());
        assert_eq!(page.count("input[data-unused]"), 2);
        let ticked = |page: &crate::support::Html| page.count("input[name=scope][checked]");
        assert_eq!(ticked(&page), 3);
        // Without JavaScript the button shows the same page with those boxes cleared; nothing is changed before it is saved.
        let asked = ada.get(&format!("{place}?drop=unused")).await;
        assert!(ticked(&asked) == 1 && asked.has("Nothing is saved yet") && asked.has("users:read"), "{}", asked.text());
        let root = app.root_api();
        assert_eq!(root.get(&path).await.body["scopes"].as_array().unwrap().len(), 3);
        let token = root.get(&path).await.body;
        let name = token["name"].as_str().unwrap();
        let version = token["version"].to_string();
        let saved = ada.post(&place, &[("version", &version), ("name", name), ("scope", "teams:read")]).await;
        assert_eq!(saved.status, 303, "{}", saved.text());
        assert_eq!(root.get(&path).await.body["scopes"], json!(["teams:read"]));
        let clean = ada.get(&place).await;
        assert!(!clean.has("Drop unused scopes") && clean.has("Every scope was used in the last 90 days"), "{}", clean.text());
    }
}
