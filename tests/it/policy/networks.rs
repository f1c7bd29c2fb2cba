//! From where a token may be used.

use latchkey::base::config::Config;
use serde_json::json;

use super::service;
use crate::support::{Api, Reply, TestApp};

/// Addresses that proxies tell count.
fn behind_a_proxy(config: &mut Config) {
    config.trusted_proxies = vec![[127, 0, 0, 1].into()];
}

async fn from(api: &Api, address: &str) -> Reply {
    Reply::of(api.request(reqwest::Method::GET, "/api/v1/me").header("x-forwarded-for", address)).await
}

async fn limited(app: &TestApp, networks: &[&str]) -> (Api, String, Api) {
    let user = service(app);
    let path = format!("/api/v1/users/{user}/tokens");
    let body = json!({ "name": "ci", "scopes": ["teams:read", "tokens:create", "tokens:update"], "expires_in_days": 30, "networks": networks });
    let root = app.root_api();
    let made = root.post(&path, body).await;
    assert_eq!((made.status, &made.body["networks"]), (201, &json!(networks)), "{}", made.body);
    (root, format!("{path}/{}", made.body["id"]), app.api(made.body["token"].as_str().unwrap()))
}

both! {
    async fn s4_a_token_is_refused_outside_its_networks(app, behind_a_proxy) {
        let (root, path, api) = limited(&app, &["10.20.0.0/16", "2001:db8::/32"]).await;
        for inside in ["10.20.1.2", "2001:db8::7", "::ffff:10.20.9.9"] {
            assert_eq!(from(&api, inside).await.status, 200, "{inside}");
        }
        for outside in ["10.21.0.1", "192.0.2.1", "2001:db9::1", "nonsense"] {
            let refused = from(&api, outside).await;
            assert!(refused.status == 401 && refused.header("www-authenticate").contains("address"), "{outside}: {:?}", refused.headers);
        }
        let told = |app: &TestApp| app.audit().iter().filter(|line| line.starts_with("token.use refused")).count();
        assert_eq!(told(&app), 1, "written down once a minute, however often it is tried");
        app.clock.advance(time::Duration::minutes(2));
        from(&api, "192.0.2.1").await;
        assert_eq!(told(&app), 2);
        let lifted = root.patch(&path, json!({ "networks": [] })).await;
        assert_eq!((lifted.status, &lifted.body["networks"]), (200, &json!([])), "{}", lifted.body);
        assert_eq!(from(&api, "192.0.2.1").await.status, 200, "from its next request on");
    }

    async fn s4_a_token_gives_no_network_from_which_it_may_not_be_used_itself(app, behind_a_proxy) {
        let (_, path, api) = limited(&app, &["10.20.0.0/16"]).await;
        let list = path.rsplit_once('/').unwrap().0;
        let make = |networks: serde_json::Value| {
            let body = json!({ "name": format!("child {networks}"), "scopes": ["teams:read"], "expires_in_days": 1, "networks": networks });
            Reply::of(api.request(reqwest::Method::POST, list).header("x-forwarded-for", "10.20.0.1").json(&body))
        };
        for wider in [json!([]), json!(["0.0.0.0/0"]), json!(["10.20.0.0/16", "192.0.2.1"])] {
            let refused = make(wider.clone()).await;
            assert_eq!(refused.status, 403, "{wider}: {}", refused.body);
        }
        assert_eq!(make(json!(["10.20.30.0/24"])).await.status, 201);
        for wider in [json!([]), json!(["10.0.0.0/8"])] {
            let own = api.request(reqwest::Method::PATCH, &path).header("x-forwarded-for", "10.20.0.1").json(&json!({ "networks": wider }));
            let refused = Reply::of(own).await;
            assert_eq!(refused.status, 403, "nor to itself: {}", refused.body);
        }
    }

    async fn s4_only_an_admin_in_person_widens_the_networks_of_a_global_admin_token(app, behind_a_proxy) {
        let mut ada = app.admin().await;
        let user = service(&app);
        app.global_admin(user);
        let token = app.last_token(user);
        app.sql(&format!("UPDATE tokens SET networks = '10.20.0.0/16' WHERE id = {token}")).unwrap();
        let path = format!("/api/v1/users/{user}/tokens/{token}");
        let maintainer = app.api(&app.token(user, "tokens:update service_accounts:read teams:read"));
        for api in [&maintainer, &app.root_api()] {
            let refused = api.patch(&path, json!({ "networks": [] })).await;
            assert_eq!(refused.status, 403, "{}", refused.body);
            let less = api.patch(&path, json!({ "networks": ["10.20.30.0/24"] })).await;
            assert_eq!(less.status, 200, "taking away asks for the permission alone: {}", less.body);
        }
        app.clock.advance(time::Duration::minutes(11));
        let page = ada.get(&path.replace("/api/v1", "")).await;
        let mut fields = page.form("form[action]:has(input[name='networks'])");
        fields.retain(|(name, _)| name != "networks");
        fields.push(("networks".into(), String::new()));
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let asked = ada.post(&path.replace("/api/v1", ""), &fields).await;
        assert!(asked.status >= 400 && asked.count("input[name='password']") == 1, "{} {}", asked.status, asked.text());
        let fields = [&fields[..], &[("password", crate::support::PASSWORD)]].concat();
        assert_eq!(ada.post(&path.replace("/api/v1", ""), &fields).await.status, 303);
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM tokens WHERE id = {token} AND networks = ''")), 1);
    }

    async fn s4_networks_are_read_on_the_pages_and_mistakes_are_told_at_the_field(app, behind_a_proxy) {
        let mut ada = app.admin().await;
        let user = service(&app);
        let new = format!("/users/{user}/tokens/new");
        let fields = |networks: &'static str| [("token_name", "ci"), ("expires", "30"), ("scope", "teams:read"), ("networks", networks)];
        let back = ada.post(&new, &fields("10.0.0.0/8 office")).await;
        assert!(back.status == 422 && back.error("networks").unwrap().contains("office is no network"), "{}", back.text());
        assert_eq!(back.value("networks"), "10.0.0.0/8 office", "kept as typed");
        assert_eq!(ada.post(&new, &fields("10.1.2.3/8, 192.0.2.7")).await.status, 200);
        let token = app.last_token(user);
        let path = format!("/users/{user}/tokens/{token}");
        let page = ada.get(&path).await;
        assert_eq!(page.value("networks"), "10.0.0.0/8 192.0.2.7/32");
        let mut fields = page.form(&format!("form[action='{path}']"));
        fields.retain(|(name, _)| name != "networks");
        fields.push(("networks".into(), "192.0.2.7".into()));
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let saved = ada.submit(&path, &fields).await;
        assert!(saved.has("− from 10.0.0.0/8"), "{}", saved.text());
        let root = app.root_api();
        for nothing in ["", " ", "\n"] {
            let open = root.patch(&format!("/api/v1{path}"), json!({ "networks": [nothing] })).await;
            assert_eq!((open.status, open.pointers()), (422, vec!["/networks/0"]), "nothing is no network: {}", open.body);
        }
        let wrong = root.post(&format!("/api{}", new.replace("/users", "/v1/users").replace("/new", "")), json!({ "name": "x", "scopes": [], "expires_in_days": 1, "networks": ["10.0.0.0/8", "x"] })).await;
        assert_eq!((wrong.status, wrong.pointers()), (422, vec!["/networks/1"]), "{}", wrong.body);
    }
}
