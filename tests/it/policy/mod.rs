//! The policy for tokens: set in Settings, and held by every path that makes one (section 4).

mod cap;
mod dormant;
mod networks;

use latchkey::model::ids::{RoleId, UserId};
use latchkey::model::roles::OrgRole;
use latchkey::service::{Caller, tokens};
use reqwest::Method;
use serde_json::{Value, json};
use time::Duration;

use crate::support::{Api, Browser, Html, Reply, TestApp};

const SETTINGS: &str = "/api/v1/settings";

/// Sets the policy over REST.
async fn set(root: &Api, policy: Value) {
    let changed = root.patch(SETTINGS, json!({ "token_policy": policy })).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
}

fn service(app: &TestApp) -> UserId {
    let team = app.team("Platform");
    app.service("Deployer", OrgRole::Member, &[(team, RoleId::MAINTAINER)])
}

fn ends_in_days(app: &TestApp, token: i64) -> i64 {
    let end = app.number(&format!("SELECT COALESCE(expires_at, 0) AS n FROM tokens WHERE id = {token}"));
    (end - latchkey::base::clock::to_micros(app.app.clock.now())) / 86_400_000_000
}

/// Posts the form for a new token of `user`.
async fn make(browser: &mut Browser, user: UserId, life: &[(&str, &str)]) -> Html {
    let fields = [&[("token_name", "ci"), ("scope", "teams:read")], life].concat();
    browser.post(&format!("/users/{user}/tokens/new"), &fields).await
}

both! {
    async fn s4_forms_begin_with_no_more_than_tokens_may_live(app) {
        let root = app.root_api();
        let team = app.team("Platform");
        let agent = app.agent("Helper", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        let service = app.service("Job", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        set(&root, json!({ "default_days": 90 })).await;
        set(&root, json!({ "agent_max_days": 30 })).await;
        let mut ada = app.admin().await;
        for (account, days) in [(service, "90"), (agent, "30")] {
            let page = ada.get(&format!("/users/{account}/tokens/new")).await;
            assert_eq!(page.chosen("expires").as_deref(), Some(days), "{}", page.text());
        }
        // Shorter than each of the usual ones.
        set(&root, json!({ "agent_max_days": 20 })).await;
        let page = ada.get(&format!("/users/{agent}/tokens/new")).await;
        assert_eq!(page.chosen("expires").as_deref(), Some("20"), "{}", page.text());
    }

    async fn s4_policy_is_set_on_the_page_and_kept_as_typed_where_it_is_wrong(app) {
        let mut ada = app.admin().await;
        let page = ada.get("/settings").await;
        let mut fields = page.form("form[action='/settings/tokens']");
        assert!(fields.iter().any(|(name, value)| name == "allow_never" && value == "on"), "{fields:?}");
        fields.retain(|(name, _)| name != "allow_never" && !name.ends_with("_days"));
        let send = |days: &'static str| {
            let mut sent: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            sent.extend([("service_max_days", days), ("dormant_days", "60")]);
            sent
        };
        for wrong in ["0", "-3", "nonsense", "99999999", "1e3"] {
            let back = ada.post("/settings/tokens", &send(wrong)).await;
            assert_eq!((back.status, back.value("service_max_days").as_str(), back.value("dormant_days").as_str()), (422, wrong, "60"));
            assert!(back.error("service_max_days").is_some(), "{}", back.text());
            assert_eq!(back.count("#allow_never[checked]"), 0, "what was chosen is kept");
        }
        assert_eq!(app.number("SELECT version AS n FROM settings"), 1, "nothing was written");
        let saved = ada.submit("/settings/tokens", &send("30")).await;
        assert!(saved.has("Saved.") && saved.value("service_max_days") == "30" && saved.value("dormant_days") == "60", "{}", saved.text());
        let stale = ada.post("/settings/tokens", &send("90")).await;
        assert!(stale.status == 409 && stale.value("service_max_days") == "90", "{}", stale.text());
        let entry = app.db.texts("SELECT after AS t FROM audit WHERE action = 'settings.update'");
        assert!(entry.len() == 1 && entry[0].contains("\"service_max_days\":30"), "{entry:?}");
        let mut max = { app.person("max", OrgRole::Manager, &[]); app.log_in("max").await };
        assert_eq!(max.post("/settings/tokens", &send("90")).await.status, 403);
    }

    async fn s4_policy_over_rest_changes_what_is_sent_and_null_takes_a_limit_away(app) {
        let api = app.root_api();
        let set = api.patch(SETTINGS, json!({ "token_policy": { "service_max_days": 30, "allow_never": false } })).await;
        assert_eq!((set.status, &set.body["token_policy"]["service_max_days"], &set.body["token_policy"]["personal_tokens"]), (200, &json!(30), &json!(true)));
        let freed = api.patch(SETTINGS, json!({ "token_policy": { "service_max_days": null } })).await;
        assert_eq!((&freed.body["token_policy"]["service_max_days"], &freed.body["token_policy"]["allow_never"]), (&json!(null), &json!(false)));
        for (wrong, pointer) in [
            (json!({ "service_max_days": 0 }), "/token_policy/service_max_days"),
            (json!({ "dormant_days": 40_000 }), "/token_policy/dormant_days"),
            (json!({ "allow_never": null }), "/token_policy/allow_never"),
            (json!({ "forever": true }), "/token_policy/forever"),
        ] {
            let reply = api.patch(SETTINGS, json!({ "token_policy": wrong })).await;
            assert_eq!((reply.status, reply.pointers()), (422, vec![pointer]), "{}", reply.body);
        }
        let stale = api.request(Method::PATCH, SETTINGS).header("if-match", "\"1\"").json(&json!({ "token_policy": { "allow_never": true } }));
        assert_eq!(Reply::of(stale).await.status, 412);
    }

    async fn s4_policy_cannot_be_walked_around_on_the_page(app) {
        let root = app.root_api();
        let mut ada = app.admin().await;
        let user = service(&app);
        set(&root, json!({ "service_max_days": 30 })).await;
        let form = ada.get(&format!("/users/{user}/tokens/new")).await;
        assert_eq!((form.count("option[value='365']"), form.count("option[value='never']"), form.count("option[value='30']")), (0, 0, 1));
        assert!(form.has("Policy: at most 30 days."), "{}", form.text());
        for (life, field) in [
            (vec![("expires", "365")], "expires"),
            (vec![("expires", "never")], "expires"),
            (vec![("expires", "31")], "expires"),
            (vec![("expires", "date"), ("expires_on", "2026-12-31")], "expires_on"),
        ] {
            let back = make(&mut ada, user, &life).await;
            assert!(back.status == 422 && back.error(field).is_some(), "{life:?}: {}", back.text());
        }
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM tokens WHERE user_id = {user}")), 0);
        assert_eq!(make(&mut ada, user, &[("expires", "30")]).await.status, 200);
    }

    async fn s4_policy_cannot_be_walked_around_by_the_wizard(app) {
        let root = app.root_api();
        let mut ada = app.admin().await;
        set(&root, json!({ "service_max_days": 30, "agent_max_days": 7 })).await;
        for life in ["365", "never", "31"] {
            let steps = [("name", "Robot"), ("role", "Member"), ("token_name", "ci"), ("expires", life), ("form_key", life)];
            let back = ada.post("/users/service", &steps).await;
            assert!(back.status == 422 && back.error("expires").is_some(), "{life}: {}", back.text());
        }
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE display_name = 'Robot'"), 0, "neither account nor token");
    }

    async fn s4_policy_cannot_be_walked_around_over_rest_nor_by_a_token_that_makes_a_token(app) {
        let root = app.root_api();
        let user = service(&app);
        let before = app.api(&app.token(user, "tokens:create teams:read"));
        set(&root, json!({ "service_max_days": 30 })).await;
        let path = format!("/api/v1/users/{user}/tokens");
        for api in [&root, &before] {
            for (life, pointer) in [
                (json!({ "expires_in_days": 31 }), "/expires_in_days"),
                (json!({ "expires_at": "2027-01-31T00:00:00Z" }), "/expires_at"),
                (json!({ "never": true }), "/never"),
            ] {
                let mut body = json!({ "name": "ci", "scopes": ["teams:read"] });
                body.as_object_mut().unwrap().extend(life.as_object().unwrap().clone());
                let reply = api.post(&path, body).await;
                assert_eq!((reply.status, reply.pointers()), (422, vec![pointer]), "{}", reply.body);
            }
            let name = if std::ptr::eq(api, &root) { "by root" } else { "by a token" };
            let fits = api.post(&path, json!({ "name": name, "scopes": ["teams:read"], "expires_in_days": 30 })).await;
            assert_eq!(fits.status, 201, "{}", fits.body);
        }
    }

    async fn s4_policy_cannot_be_walked_around_by_rotation(app) {
        let root = app.root_api();
        let mut ada = app.admin().await;
        let user = service(&app);
        app.token(user, "teams:read");
        let token = app.last_token(user);
        set(&root, json!({ "service_max_days": 30 })).await;
        let rotated = root.post(&format!("/api/v1/users/{user}/tokens/{token}/rotate"), json!({ "overlap": "none" })).await;
        assert_eq!(rotated.status, 200, "{}", rotated.body);
        assert_eq!(ends_in_days(&app, token.0), 30, "over REST a token keeps its end, as far as policy goes");
        app.clock.advance(Duration::days(10));
        let version = app.number(&format!("SELECT version AS n FROM tokens WHERE id = {token}")).to_string();
        let fields = [("version", version.as_str()), ("overlap", "none"), ("form_key", "k")];
        let mut again = app.log_in("ada").await;
        let page = again.post(&format!("/users/{user}/tokens/{token}/rotate"), &fields).await;
        assert_eq!(page.status, 200, "{}", page.text());
        assert_eq!(ends_in_days(&app, token.0), 30, "in the portal its life begins anew, as policy has it");
        drop(ada.get("/").await);
    }

    async fn s4_policy_holds_on_the_command_line(app) {
        let root = app.root_api();
        let user = service(&app);
        set(&root, json!({ "service_max_days": 30 })).await;
        let new = tokens::NewToken {
            name: "ci".into(),
            description: String::new(),
            life: latchkey::model::tokens::Lifetime::Days(90),
            life_field: "expires",
            scopes: "teams:read".parse().unwrap(),
            app_scopes: std::collections::BTreeSet::new(),
            teams: None,
            global_admin: false,
            networks: latchkey::model::tokens::Networks::default(),
            form_key: None,
        };
        for (global_admin, scopes) in [(false, "teams:read"), (true, "")] {
            let new = tokens::NewToken { global_admin, scopes: scopes.parse().unwrap(), ..new.clone() };
            let refused = app.app.write(&Caller::cli(), |cx| tokens::create(cx, user, new)).err().unwrap();
            assert!(refused.of_field("expires").is_some(), "{refused}");
        }
    }

    async fn s4_people_may_be_kept_from_having_tokens(app) {
        let root = app.root_api();
        let jonas = app.person("jonas", OrgRole::Manager, &[]);
        let own = app.api(&app.token(jonas, "self:read self:update users:read tokens:create"));
        let token = app.last_token(jonas);
        app.write(|cx| tokens::suspend(cx, jonas, token, None));
        app.token(jonas, "users:read");
        let second = app.last_token(jonas);
        set(&root, json!({ "personal_tokens": false })).await;
        let mut browser = app.log_in("jonas").await;
        for path in ["/account/tokens/new", &format!("/users/{jonas}/tokens/new")] {
            assert_eq!(browser.get(path).await.status, 409, "{path} is not even drawn");
            let fields = [("token_name", "mine"), ("expires", "30"), ("scope", "self:read")];
            assert_eq!(browser.post(path, &fields).await.status, 409);
        }
        assert_eq!(browser.get("/account/tokens").await.count("a[href$='/tokens/new']"), 0, "nor offered");
        let body = json!({ "name": "mine", "expires_in_days": 1, "scopes": ["self:read"] });
        assert_eq!(root.post(&format!("/api/v1/users/{jonas}/tokens"), body).await.status, 409);
        let page = browser.get(&format!("/account/tokens/{second}")).await;
        assert_eq!((page.status, page.count("a[href$='/rotate']")), (200, 0));
        let rotated = root.post(&format!("/api/v1/users/{jonas}/tokens/{second}/rotate"), json!({ "overlap": "none" })).await;
        assert_eq!(rotated.status, 409, "{}", rotated.body);
        assert_eq!(root.post(&format!("/api/v1/users/{jonas}/tokens/{token}/resume"), Value::Null).await.status, 409);
        assert_eq!(own.get("/api/v1/me").await.status, 401, "it stays suspended");
    }

    async fn s4_forms_begin_with_the_life_that_policy_says(app) {
        let root = app.root_api();
        let mut ada = app.admin().await;
        let user = service(&app);
        set(&root, json!({ "default_days": 45 })).await;
        let form = ada.get(&format!("/users/{user}/tokens/new")).await;
        assert_eq!(form.chosen("expires").as_deref(), Some("45"));
        assert_eq!(make(&mut ada, user, &[("expires", "45")]).await.status, 200);
        assert_eq!(ends_in_days(&app, app.last_token(user).0), 45);
    }
}
