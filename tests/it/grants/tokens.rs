//! What a token carries and gives on.

use super::*;

both! {
    async fn enabling_wakes_no_global_admin_token_but_by_an_admin(app) {
        let scene = Scene::of(&app);
        let service = app.service("Deployer", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let root = app.api(&app.global_admin(service));
        let mut mia = app.log_in("mia").await;
        mia.submit(&format!("/users/{service}/disable"), &[]).await;
        assert_eq!(root.get("/api/v1/users").await.status, 401);
        assert_eq!(mia.post(&format!("/users/{service}/enable"), &[]).await.status, 403);
        let by_api = scene.api.patch(&format!("/api/v1/users/{service}"), json!({ "enabled": true })).await;
        assert_eq!(by_api.status, 403, "{}", by_api.body);
        assert_eq!(root.get("/api/v1/users").await.status, 401);
        let mut ada = app.log_in("ada").await;
        ada.submit(&format!("/users/{service}/enable"), &[]).await;
        assert_eq!(root.get("/api/v1/users").await.status, 200);
    }

    async fn an_old_token_makes_no_admin_of_whoever_made_it(app) {
        let scene = Scene::of(&app);
        app.person("max", OrgRole::Manager, &[]);
        let vv = app.person("vv", OrgRole::Member, &[]);
        let mut max = app.log_in("max").await;
        let path = format!("/users/{vv}/tokens/new");
        let own = max.post(&path, &[("token_name", "own"), ("expires", "30"), ("scope", "self:update")]).await;
        assert_eq!(own.status, 403, "a person's own things are theirs alone");
        let page = max.post(&path, &[("token_name", "t"), ("expires", "30"), ("scope", "users:read"), ("scope", "users:update"), ("scope", "users:delete"), ("scope", "tokens:create")]).await;
        let api = app.api(&page.inner("#secret").unwrap_or_else(|| panic!("{}", page.text())));
        let grace = app.make_admin("grace");
        let root = app.root_api();
        assert_eq!(root.patch(&format!("/api/v1/users/{vv}"), json!({ "role": "Admin" })).await.status, 200);
        for user in [grace, vv] {
            let path = format!("/api/v1/users/{user}");
            assert_eq!(api.patch(&path, json!({ "enabled": false })).await.status, 403);
            assert_eq!(api.delete(&path).await.status, 403);
            let minted = api.post(&format!("{path}/tokens"), json!({ "name": "x", "expires_in_days": 1, "scopes": ["users:read"] })).await;
            assert_eq!(minted.status, 403, "{}", minted.body);
        }
        assert_eq!(scene.api.get("/api/v1/me").await.status, 200);
    }

    async fn ones_own_token_lays_by_nothing_for_later(app) {
        app.make_admin("ada");
        let jonas = app.person("jonas", OrgRole::Member, &[]);
        let mut browser = app.log_in("jonas").await;
        let path = format!("/users/{jonas}/tokens/new");
        let fields = [("token_name", "t"), ("expires", "never"), ("scope", "users:delete")];
        assert_eq!(browser.post(&path, &fields).await.status, 403);
        let good = browser.post(&path, &[("token_name", "t"), ("expires", "30"), ("scope", "self:read")]).await;
        assert_eq!(good.status, 200, "{}", good.text());
    }

    async fn every_scope_there_is_makes_no_admin(app) {
        app.make_admin("ada");
        let ada = UserId(app.number("SELECT id AS n FROM users WHERE username = 'ada'"));
        let api = app.api(&app.token(ada, &PermissionSet::everything().to_string()));
        let person = json!({ "name": "Eve", "user_type": "Person", "username": "eve", "email": "eve@example.com", "role": "Admin" });
        let reply = api.post("/api/v1/users", person).await;
        assert_eq!(reply.status, 403, "whoever uses the invitation would be an Admin: {}", reply.body);
        let machine = api.post("/api/v1/users", json!({ "name": "Eve", "role": "Admin" })).await;
        assert_eq!(machine.status, 403, "{}", machine.body);
        assert_eq!(api.post("/api/v1/users", json!({ "name": "Eve", "role": "Manager" })).await.status, 201);
        assert_eq!(app.root_api().post("/api/v1/users", json!({ "name": "Root's", "role": "Admin" })).await.status, 201);
    }

    async fn a_token_of_some_teams_is_measured_in_teams_that_its_account_is_not_in(app) {
        let scene = Scene::of(&app);
        app.sql("INSERT INTO roles (name, name_key, description, permissions, level, created_at, version) VALUES ('Host', 'host', '', 'teams:read teams:update', 'none', 0, 1)").unwrap();
        let host = RoleId(app.number("SELECT id AS n FROM roles WHERE name = 'Host'"));
        app.write(|cx| latchkey::service::members::set(cx, scene.secret, scene.mia, host));
        let strong = app.service("Strong", OrgRole::Manager, &[(scene.team, RoleId::VIEWER)]);
        let wanted = json!({ "name": "t", "expires_in_days": 9, "scopes": ["tokens:create"], "teams": ["Secret Project"] });
        let minted = scene.api.post(&format!("/api/v1/users/{strong}/tokens"), wanted.clone()).await;
        assert_eq!(minted.status, 403, "it is a Manager there too: {}", minted.body);
        let weak = app.service("Weak", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let minted = scene.api.post(&format!("/api/v1/users/{weak}/tokens"), wanted).await;
        assert_eq!(minted.status, 201, "{}", minted.body);
        let given = scene.api.put(&format!("/api/v1/teams/{}/members/{weak}", scene.secret), json!({ "role": "Maintainer" })).await;
        assert_eq!(given.status, 403, "{}", given.body);
    }

    async fn a_token_of_one_team_does_nothing_in_another(app) {
        let scene = Scene::of(&app);
        app.write(|cx| latchkey::service::members::set(cx, scene.secret, scene.mia, RoleId::MAINTAINER));
        let wanted = json!({ "name": "t", "expires_in_days": 9, "scopes": ["service_accounts:read", "service_accounts:create", "tokens:create"], "teams": ["Data Engineering"] });
        let minted = scene.api.post(&format!("/api/v1/users/{}/tokens", scene.mia), wanted).await;
        let limited = app.api(minted.body["token"].as_str().unwrap_or_else(|| panic!("{}", minted.body)));
        let made = |team: &str| json!({ "name": format!("Of {team}"), "role": "Member", "home_team": team });
        assert_eq!(limited.post("/api/v1/users", made("Data Engineering")).await.status, 201);
        let elsewhere = limited.post("/api/v1/users", made("Secret Project")).await;
        assert!((400..500).contains(&elsewhere.status), "{}", elsewhere.body);
        let service = app.service("Deployer", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let path = format!("/api/v1/users/{service}/tokens");
        let child = |name: &str, teams: serde_json::Value| json!({ "name": name, "expires_in_days": 1, "scopes": ["service_accounts:read"], "teams": teams });
        assert_eq!(limited.post(&path, child("within", json!(["Data Engineering"]))).await.status, 201);
        let mut unlimited = child("without", json!(null));
        unlimited.as_object_mut().unwrap().remove("teams");
        let refused = limited.post(&path, unlimited).await;
        assert_eq!(refused.status, 403, "what it makes could act wherever the account comes to: {}", refused.body);
    }

    async fn a_token_gives_no_scope_that_it_has_not(app) {
        let scene = Scene::of(&app);
        let service = app.service("Deployer", OrgRole::Member, &[(scene.team, RoleId::MAINTAINER)]);
        let own = app.api(&app.token(service, "service_accounts:read tokens:create"));
        let path = format!("/api/v1/users/{service}/tokens");
        for (scope, status) in [("service_accounts:read", 201), ("service_accounts:delete", 403), ("self:update", 403)] {
            let reply = own.post(&path, json!({ "name": scope, "expires_in_days": 1, "scopes": [scope] })).await;
            assert_eq!(reply.status, status, "{scope}: {}", reply.body);
        }
    }

    async fn no_token_and_nobody_but_an_admin_makes_a_global_admin_token(app) {
        let scene = Scene::of(&app);
        let service = app.service("Deployer", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let path = format!("/api/v1/users/{service}/tokens");
        let wanted = json!({ "name": "root", "expires_in_days": 1, "global_admin": true });
        for api in [&scene.api, &app.root_api()] {
            let reply = api.post(&path, wanted.clone()).await;
            assert!((400..500).contains(&reply.status), "{}", reply.body);
        }
        let mut mia = app.log_in("mia").await;
        let fields = [("token_name", "root"), ("expires", "30"), ("global_admin", "true")];
        let answer = mia.post(&format!("/users/{service}/tokens/new"), &fields).await;
        assert!((400..500).contains(&answer.status), "{}", answer.text());
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM tokens WHERE global_admin AND name = 'root'"), 0);
    }
}
