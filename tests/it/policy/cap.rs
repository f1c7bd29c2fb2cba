//! A policy that became stricter: what breaks it is listed, and capped where somebody says so.

use latchkey::model::roles::OrgRole;
use serde_json::{Value, json};

use super::{ends_in_days, service, set};
use crate::support::TestApp;

/// An endless token, one for 90 days, one for 20, a personal one, and one that is over: their ids.
fn tokens(app: &TestApp) -> [i64; 5] {
    let (user, jonas) = (service(app), app.person("jonas", OrgRole::Member, &[]));
    let make = |user| {
        app.token(user, "teams:read");
        app.last_token(user).0
    };
    let made = [make(user), make(user), make(user), make(jonas), make(user)];
    let [endless, _, short, _, over] = made;
    app.sql(&format!("UPDATE tokens SET expires_at = NULL WHERE id = {endless}")).unwrap();
    app.sql(&format!("UPDATE tokens SET expires_at = created_at + 20 * 86400000000 WHERE id = {short}")).unwrap();
    app.sql(&format!("UPDATE tokens SET expires_at = NULL, revoked_at = 1 WHERE id = {over}")).unwrap();
    made
}

/// What the audit log keeps of a token that was capped.
fn kept(app: &TestApp, token: i64, side: &str) -> Value {
    let query = format!("SELECT {side} AS t FROM audit WHERE action = 'token.cap'");
    let all = app.db.texts(&query).into_iter().map(|text| serde_json::from_str::<Value>(&text).unwrap());
    all.into_iter().find(|json| json["token"]["id"] == token).unwrap()
}

both! {
    async fn s4_a_stricter_policy_lists_what_breaks_it_and_caps_it(app) {
        let mut ada = app.admin().await;
        let [endless, ninety, short, personal, over] = tokens(&app);
        assert_eq!(ada.get("/tokens/cap").await.status, 409, "nothing to be capped");
        let page = ada.get("/settings").await;
        let mut fields = page.form("form[action='/settings/tokens']");
        fields.retain(|(name, _)| name != "service_max_days");
        fields.push(("service_max_days".into(), "30".into()));
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let saved = ada.submit("/settings/tokens", &fields).await;
        assert!(saved.has("2 tokens break the policy"), "{}", saved.text());
        let list = ada.get("/tokens?type=all&expiry=beyond-policy").await;
        let listed = |id: i64| list.count(&format!("a.name[href$='/tokens/{id}']"));
        assert_eq!([endless, ninety, short, personal, over].map(listed), [1, 1, 0, 0, 0], "{}", list.text());
        let asked = ada.get("/tokens/cap").await;
        assert!(asked.has("Cap 2 tokens?"), "{}", asked.text());
        let done = ada.submit("/tokens/cap", &[]).await;
        assert!(done.has("2 tokens capped."), "{}", done.text());
        assert_eq!([endless, ninety, short].map(|id| ends_in_days(&app, id)), [30, 30, 20]);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM audit WHERE action = 'token.cap'"), 2);
        let (before, after) = (kept(&app, endless, "before"), kept(&app, endless, "after"));
        assert_eq!((&before["expires_at"], &after["expires_at"]), (&Value::Null, &json!("2026-12-22T10:00:00Z")));
        assert_eq!(kept(&app, ninety, "before")["expires_at"], "2027-02-20T10:00:00Z");
        assert!(!ada.get("/settings").await.has("break the policy"));
        app.assert_chain();
    }

    async fn s4_capping_revokes_personal_tokens_where_people_may_have_none(app) {
        let root = app.root_api();
        let [_, ninety, _, personal, _] = tokens(&app);
        set(&root, json!({ "personal_tokens": false })).await;
        let breaking = root.get("/api/v1/tokens?ending=beyond-policy").await;
        let ids: Vec<_> = breaking.body["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect();
        assert_eq!(ids, [personal], "{}", breaking.body);
        let capped = root.post("/api/v1/tokens/cap", Value::Null).await;
        assert_eq!((capped.status, &capped.body), (200, &json!({ "shortened": 0, "revoked": 1, "more": false })));
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM tokens WHERE id = {personal} AND revoked_at IS NOT NULL")), 1);
        assert_eq!(ends_in_days(&app, ninety), 90);
        let again = root.post("/api/v1/tokens/cap", Value::Null).await;
        assert_eq!(again.body, json!({ "shortened": 0, "revoked": 0, "more": false }), "nothing is found twice");
    }

    async fn s4_only_who_sets_the_policy_caps(app) {
        let root = app.root_api();
        tokens(&app);
        set(&root, json!({ "service_max_days": 30 })).await;
        app.person("max", OrgRole::Manager, &[]);
        let mut max = app.log_in("max").await;
        assert_eq!((max.get("/tokens/cap").await.status, max.post("/tokens/cap", &[]).await.status), (403, 403));
        let list = max.get("/tokens?type=all&expiry=beyond-policy").await;
        assert_eq!((list.status, list.count("a[href='/tokens/cap']")), (200, 0), "and is not offered it");
        app.make_admin("ada");
        let ada = latchkey::model::ids::UserId(app.number("SELECT id AS n FROM users WHERE username = 'ada'"));
        let narrow = app.api(&app.token(ada, "settings:read settings:update"));
        assert_eq!(narrow.post("/api/v1/tokens/cap", Value::Null).await.status, 403, "a token with scopes acts on no Admin's tokens");
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM audit WHERE action = 'token.cap' AND outcome = 'done'"), 0);
    }
}
