//! Access tokens on a user's page, and what they can do.

use latchkey::model::ids::RoleId;
use latchkey::model::roles::OrgRole;
use time::Duration;

use crate::support::PASSWORD;

both! {
    async fn a_token_works_until_it_expires_or_is_revoked(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        let id = app.service("API Access", OrgRole::Editor, &[(team, RoleId::VIEWER)]);
        let list = format!("/users/{id}/tokens");
        let path = format!("{list}/new");
        let fields = [("token_name", "pipeline"), ("expires", "30"), ("scope", "users:read"), ("form_key", "k")];
        let page = ada.post(&path, &fields).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let token = page.inner("#secret").unwrap();
        let api = app.api(&token);
        assert_eq!(api.get("/api/v1/users").await.status, 200);
        assert!(!ada.post(&path, &fields).await.body.contains("lk_svc_0"), "sent twice, made once");
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM tokens"), 1);
        let twin = ada.post(&path, &[("token_name", "PIPELINE"), ("expires", "30"), ("scope", "users:read")]).await;
        assert!(twin.error("token_name").is_some(), "{}", twin.text());
        app.clock.advance(Duration::days(29));
        assert_eq!(api.get("/api/v1/users").await.status, 200);
        app.clock.advance(Duration::days(1));
        let over = api.get("/api/v1/users").await;
        assert_eq!(over.status, 401);
        assert!(over.header("www-authenticate").contains("invalid_token"));
        let mut ada = app.log_in("ada").await;
        let fresh = ada.post(&path, &[("token_name", "second"), ("expires", "30"), ("scope", "users:read")]).await;
        let api = app.api(&fresh.inner("#secret").unwrap());
        assert_eq!(api.get("/api/v1/users").await.status, 200);
        ada.submit(&format!("{list}/2/revoke"), &[]).await;
        assert_eq!(api.get("/api/v1/users").await.status, 401, "at the next request");
        assert!(ada.get(&list).await.has("Revoked"));
    }

    async fn scopes_follow_what_the_account_may_do_at_that_moment(app) {
        let team = app.team("Platform");
        let id = app.service("API Access", OrgRole::Editor, &[(team, RoleId::VIEWER)]);
        let api = app.api(&app.token(id, "users:read users:create"));
        let scopes = |reply: crate::support::Reply| reply.body["token"]["effective_scopes"].clone();
        assert_eq!(scopes(api.get("/api/v1/me").await), serde_json::json!(["users:read"]));
        app.write(|cx| latchkey::service::users::update(cx, id, latchkey::service::users::UserChange { role: Some(OrgRole::Manager), ..Default::default() }));
        assert_eq!(scopes(api.get("/api/v1/me").await), serde_json::json!(["users:read", "users:create"]));
        app.write(|cx| latchkey::service::members::remove(cx, team, id));
        let stopped = api.get("/api/v1/me").await;
        assert_eq!(stopped.status, 403);
        assert!(stopped.body["detail"].as_str().unwrap().contains("no role in any team"), "{}", stopped.body);
    }

    async fn global_admin_wants_an_admin_and_a_password_typed_lately(app) {
        let mut ada = app.admin().await;
        app.person("manuel", OrgRole::Manager, &[]);
        let mut manuel = app.log_in("manuel").await;
        let id = app.service("Root", OrgRole::Member, &[]);
        let path = format!("/users/{id}/tokens/new");
        let fields = [("token_name", "root"), ("expires", "30"), ("global_admin", "on")];
        assert!((400..500).contains(&manuel.post(&path, &fields).await.status));
        app.clock.advance(Duration::minutes(11));
        let asked = ada.post(&path, &fields).await;
        assert!(asked.status >= 400 && asked.count("input[type=password]") == 1, "{}", asked.text());
        let mut wrong = fields.to_vec();
        wrong.push(("password", "wrong wrong wrong"));
        assert!(ada.post(&path, &wrong).await.error("password").is_some());
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM tokens"), 0);
        let mut right = fields.to_vec();
        right.push(("password", PASSWORD));
        let page = ada.post(&path, &right).await;
        assert_eq!(page.status, 200, "{}", page.text());
        assert!(page.has("Global admin") && ada.get(&format!("/users/{id}/tokens")).await.has("Global admin"), "it is marked");
        let api = app.api(&page.inner("#secret").unwrap());
        assert_eq!(api.get("/api/v1/users").await.status, 200, "whatever its account's teams");
        let over_rest = serde_json::json!({ "name": "more", "expires_in_days": 30, "global_admin": true });
        let refused = api.post(&format!("/api/v1/users/{id}/tokens"), over_rest).await;
        assert_eq!(refused.status, 403, "never over REST: {}", refused.body);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM tokens"), 1);
    }

    async fn a_manager_disables_the_stronger_and_mints_nothing_for_them(app) {
        let ada = app.make_admin("ada");
        app.person("manuel", OrgRole::Manager, &[]);
        let team = app.team("Platform");
        let strong = app.service("Strong", OrgRole::Admin, &[(team, RoleId::OWNER)]);
        let mut manuel = app.log_in("manuel").await;
        for user in [ada, strong] {
            let answer = manuel.post(&format!("/users/{user}/tokens/new"), &[("token_name", "t"), ("expires", "30"), ("scope", "users:read")]).await;
            assert_eq!(answer.status, 403, "{}", answer.text());
        }
        assert_eq!(manuel.post(&format!("/users/{strong}/disable"), &[]).await.status, 403, "only Admins act on Admins");
        let editor = app.service("Editor", OrgRole::Editor, &[(team, RoleId::OWNER)]);
        manuel.submit(&format!("/users/{editor}/disable"), &[]).await;
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM tokens"), 0);
    }

    async fn s4_a_new_token_and_the_wizard_have_the_matrix_of_the_edit_page(app) {
        let team = app.team("Platform");
        app.person("mia", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
        let strong = app.service("Strong", OrgRole::Member, &[(team, RoleId::OWNER)]);
        let weak = app.service("Weak", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        app.token(weak, "teams:read");
        let mut mia = app.log_in("mia").await;
        let new = format!("/users/{strong}/tokens/new");
        let wizard = format!("/users/service/new/token?name=Job&role=Member&team={team}&team_role_{team}=Maintainer&home_team={team}");
        let edit = format!("/users/{weak}/tokens/{}", app.last_token(weak));
        for path in [&new, &wizard, &edit] {
            let page = mia.get(path).await;
            assert_eq!(page.all(".grid thead th"), ["Resource", "Read", "Create", "Update", "Delete"], "{path}: {}", page.text());
            assert!(page.count(".grid th[scope=row]") > 1 && page.count(".grid-head [data-pick]") == 3, "{path}");
            let of_teams = |action: &str| page.count(&format!(".grid input[name=scope][value='teams:{action}']"));
            assert_eq!((of_teams("read"), of_teams("update")), (1, 0), "{path}: no box for what may not be given");
            assert!(page.has("hold yourself"), "{path}: and that is told: {}", page.text());
        }
        let fields = [("token_name", "job"), ("expires", "30"), ("scope", "teams:read"), ("scope", "teams:update")];
        let refused = mia.post(&new, &fields).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
        assert_eq!(refused.value("token_name"), "job");
        assert_eq!(refused.count("input[name=scope][value='teams:read'][checked]"), 1, "what was ticked stays");
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM tokens"), 1);
    }

    async fn s4_without_a_scope_to_give_the_form_says_why(app) {
        let mut ada = app.admin().await;
        let idle = app.service("Idle", OrgRole::Member, &[]);
        let page = ada.get(&format!("/users/{idle}/tokens/new")).await;
        assert!(page.has("No scope can be given yet: without a role in a team"), "{}", page.text());
        assert_eq!((page.count("input[name=scope]"), page.count(".grid table"), page.count("[data-pick]")), (0, 0, 0));
    }

    async fn a_token_made_by_a_token_ends_no_later(app) {
        let id = app.service("API Access", OrgRole::Member, &[]);
        let api = app.root_api();
        let path = format!("/api/v1/users/{id}/tokens");
        let outlives = api.post(&path, serde_json::json!({ "name": "x", "never": true, "scopes": ["self:read"] })).await;
        assert_eq!(outlives.status, 422, "a token made by one that expires expires no later: {}", outlives.body);
        let longer = api.post(&path, serde_json::json!({ "name": "x", "expires_in_days": 91, "scopes": ["self:read"] })).await;
        assert_eq!(longer.status, 422, "{}", longer.body);
        let fits = api.post(&path, serde_json::json!({ "name": "x", "expires_in_days": 89, "scopes": ["self:read"] })).await;
        assert_eq!(fits.status, 201, "{}", fits.body);
    }
}

#[tokio::test]
async fn policy_holds_on_every_path() {
    let app =
        crate::support::TestApp::with(crate::support::Flavour::Sqlite, |config| config.token_max_days = Some(90)).await;
    let mut ada = app.admin().await;
    let team = app.team("Platform");
    let id = app.service("API Access", OrgRole::Member, &[(team, RoleId::VIEWER)]);
    let api = app.root_api();
    for (page, json) in
        [("never", serde_json::json!({ "never": true })), ("365", serde_json::json!({ "expires_in_days": 365 }))]
    {
        let fields = [("token_name", "long"), ("expires", page), ("scope", "teams:read")];
        let answer = ada.post(&format!("/users/{id}/tokens/new"), &fields).await;
        assert_eq!(answer.status, 422, "{}", answer.text());
        let wizard =
            [("name", "Another"), ("role", "Member"), ("token_name", "long"), ("expires", page), ("form_key", page)];
        assert_eq!(ada.post("/users/service", &wizard).await.status, 422);
        let mut body = json;
        body["name"] = "long".into();
        body["scopes"] = serde_json::json!(["teams:read"]);
        let reply = api.post(&format!("/api/v1/users/{id}/tokens"), body).await;
        assert_eq!(reply.status, 422, "{}", reply.body);
    }
    assert_eq!(app.number("SELECT COUNT(*) AS n FROM tokens WHERE name = 'long'"), 0);
    assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE display_name = 'Another'"), 0);
    let fields = [("token_name", "fits"), ("expires", "90"), ("scope", "teams:read")];
    assert_eq!(ada.post(&format!("/users/{id}/tokens/new"), &fields).await.status, 200);
}
