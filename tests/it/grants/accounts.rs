//! Roles, memberships, homes, and switching on.

use serde_json::Value;

use super::*;

both! {
    async fn an_account_without_a_team_is_no_place_to_lay_by_power(app) {
        let scene = Scene::of(&app);
        for role in ["Admin", "Manager", "Editor"] {
            let body = json!({ "name": "Sneaky", "role": role, "home_team": "Data Engineering" });
            let reply = scene.api.post("/api/v1/users", body).await;
            assert_eq!(reply.status, 403, "{role}: {}", reply.body);
        }
        let mut mia = app.log_in("mia").await;
        let team = scene.team.to_string();
        let fields = [("name", "Sneaky"), ("role", "Admin"), ("home_team", &team), ("token_name", "t"), ("expires", "never"), ("scope", "settings:update")];
        let answer = mia.post("/users/service", &fields).await;
        assert!((400..500).contains(&answer.status) && !answer.body.contains("lk_svc_"), "{}", answer.status);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE kind <> 'person'"), 0);
    }

    async fn nor_is_one_that_has_lost_its_team(app) {
        let scene = Scene::of(&app);
        let strong = app.service("Strong", OrgRole::Manager, &[(scene.team, RoleId::VIEWER)]);
        let weak = app.service("Weak", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        for user in [strong, weak] {
            app.write(|cx| latchkey::service::members::remove(cx, scene.team, user));
        }
        let minted = scene.api.post(&format!("/api/v1/users/{strong}/tokens"), json!({ "name": "t", "expires_in_days": 9, "scopes": ["users:delete"] })).await;
        assert_eq!(minted.status, 403, "{}", minted.body);
        let dormant = scene.api.post(&format!("/api/v1/users/{weak}/tokens"), json!({ "name": "t", "expires_in_days": 9, "scopes": ["settings:update"] })).await;
        assert_eq!((dormant.status, &dormant.body["missing_permission"]), (403, &"settings:update".into()), "{}", dormant.body);
        let raised = scene.api.patch(&format!("/api/v1/users/{weak}"), json!({ "role": "Manager" })).await;
        assert_eq!(raised.status, 403, "{}", raised.body);
        let mut mia = app.log_in("mia").await;
        for (user, scope) in [(strong, "tokens:create"), (weak, "settings:update")] {
            // The first she holds in her team and the account would everywhere; the second nobody gave the account yet.
            let fields = [("token_name", "t"), ("expires", "30"), ("scope", scope)];
            let answer = mia.post(&format!("/users/{user}/tokens/new"), &fields).await;
            assert_eq!(answer.status, 403, "{scope}: {}", answer.text());
        }
        let (path, page) = page_of(&mut mia, weak).await;
        let version = page.value("version");
        let posted = mia.post(&path, &[("version", &version), ("display_name", "Weak"), ("username", "weak@service"), ("role", "Manager"), ("home_team", &scene.team.to_string())]).await;
        assert!((400..500).contains(&posted.status), "{}", posted.status);
        assert_eq!(roles_above_member(&app), 1, "Strong alone");
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM tokens WHERE user_id <> {}", scene.mia)), 0);
    }

    async fn s9_a_sponsor_is_named_only_by_who_may_see_them_and_change_the_agent(app) {
        let scene = Scene::of(&app);
        let agent = app.agent("Writer", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let stranger = app.person("stranger", OrgRole::Member, &[]);
        let vera = app.person("vera", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let before = app.number(&format!("SELECT sponsor_id AS n FROM users WHERE id = {agent}"));
        let path = format!("/api/v1/users/{agent}");
        let unseen = scene.api.patch(&path, json!({ "sponsor": stranger })).await;
        assert_eq!((unseen.status, unseen.pointers()), (422, vec!["/sponsor"]), "{}", unseen.body);
        let guess = scene.api.patch(&path, json!({ "sponsor": "nobody-of-that-name" })).await;
        let named = scene.api.patch(&path, json!({ "sponsor": "stranger" })).await;
        assert_eq!((guess.status, &guess.body), (422, &named.body), "and nobody learns whether there is one");
        let viewer = app.api(&app.token(vera, &PermissionSet::everything().to_string()));
        for sponsor in [json!(vera), json!("nobody-of-that-name")] {
            assert_eq!(viewer.patch(&path, json!({ "sponsor": sponsor })).await.status, 403, "who may not change it is told that first");
        }
        assert_eq!(app.number(&format!("SELECT sponsor_id AS n FROM users WHERE id = {agent}")), before);
        assert_eq!(viewer.get(&path).await.status, 200);
        app.write(|cx| latchkey::service::users::update(cx, agent, latchkey::service::users::UserChange { sponsor: Some(vera), ..Default::default() }));
        assert_eq!(viewer.patch(&path, json!({ "description": "mine" })).await.status, 403, "a sponsor gets no permission by it");
    }

    async fn s9_a_sponsor_out_of_sight_is_neither_told_nor_guessed_over_rest(app) {
        let scene = Scene::of(&app);
        let agent = app.agent("Writer", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let far = app.person("faraway", OrgRole::Member, &[]);
        let stranger = app.person("stranger", OrgRole::Member, &[]);
        app.sql(&format!("UPDATE users SET sponsor_id = {far} WHERE id = {agent}")).unwrap();
        let path = format!("/api/v1/users/{agent}");
        let told = scene.api.get(&path).await;
        assert_eq!((&told.body["sponsor_id"], &told.body["sponsor_hidden"]), (&Value::Null, &json!(true)), "{}", told.body);
        let listed = scene.api.get("/api/v1/users?user_type=Agent").await;
        assert_eq!((&listed.body["items"][0]["sponsor_id"], &listed.body["items"][0]["sponsor_hidden"]), (&Value::Null, &json!(true)), "{}", listed.body);
        let own = app.api(&app.token(agent, "self:read")).get("/api/v1/me").await;
        assert_eq!((&own.body["user"]["sponsor_id"], &own.body["user"]["sponsor_hidden"]), (&Value::Null, &json!(true)), "{}", own.body);
        let wrong = scene.api.patch(&path, json!({ "sponsor": stranger })).await;
        for guess in [json!(far), json!("faraway")] {
            let right = scene.api.patch(&path, json!({ "sponsor": guess })).await;
            assert_eq!((right.status, &right.body), (422, &wrong.body), "a right guess is told like a wrong one");
        }
        let changed = scene.api.patch(&path, json!({ "description": "Writes" })).await;
        assert_eq!((changed.status, &changed.body["sponsor_hidden"]), (200, &json!(true)), "{}", changed.body);
        assert_eq!(app.number(&format!("SELECT sponsor_id AS n FROM users WHERE id = {agent}")), far.0, "who it is stays");
        let root = app.root_api();
        for told in [root.get(&path).await, root.patch(&path, json!({ "sponsor": far })).await] {
            assert_eq!((told.status, &told.body["sponsor_id"], &told.body["sponsor_hidden"]), (200, &json!(far), &json!(false)), "{}", told.body);
        }
        let seen = scene.api.patch(&path, json!({ "sponsor": scene.mia })).await;
        assert_eq!((seen.status, &seen.body["sponsor_id"], &seen.body["sponsor_hidden"]), (200, &json!(scene.mia), &json!(false)), "{}", seen.body);
    }

    async fn no_username_is_somebodys_address(app) {
        let scene = Scene::of(&app);
        let service = app.service("Deployer", OrgRole::Member, &[(scene.team, RoleId::MAINTAINER)]);
        let own = app.api(&app.token(service, "self:read self:update service_accounts:update"));
        for api in [&own, &scene.api] {
            let reply = api.patch(&format!("/api/v1/users/{service}"), json!({ "username": "ada@example.com" })).await;
            assert!((400..500).contains(&reply.status), "{}", reply.body);
        }
        let mut visitor = app.visitor();
        assert_eq!(visitor.post("/login", &[("login", "ada@example.com"), ("password", PASSWORD)]).await.status, 303);
    }

    async fn a_first_team_wakes_no_more_than_its_giver_holds(app) {
        let scene = Scene::of(&app);
        let sleeping = app.service("Sleeping", OrgRole::Manager, &[]);
        let api = app.api(&app.token(sleeping, "users:read"));
        app.person("olga", OrgRole::Member, &[(scene.team, RoleId::OWNER)]);
        let mut olga = app.log_in("olga").await;
        let fields = [("kind", "service"), ("user", &*sleeping.to_string()), ("role", "Viewer")];
        let given = olga.post(&format!("/teams/{}/members/new", scene.team), &fields).await;
        assert!((400..500).contains(&given.status), "{}", given.status);
        assert_eq!(api.get("/api/v1/users").await.status, 403);
        let mut ada = app.log_in("ada").await;
        ada.submit(&format!("/teams/{}/members/new", scene.team), &fields).await;
        assert_eq!(api.get("/api/v1/users").await.status, 200);
    }

    async fn a_home_is_moved_only_by_who_holds_all_that_moves(app) {
        let scene = Scene::of(&app);
        app.write(|cx| latchkey::service::members::set(cx, scene.secret, scene.mia, RoleId::MAINTAINER));
        let strong = app.service("Strong", OrgRole::Manager, &[(scene.team, RoleId::VIEWER)]);
        let weak = app.service("Weak", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let home = json!({ "home_team": "Secret Project" });
        let refused = scene.api.patch(&format!("/api/v1/users/{strong}"), home.clone()).await;
        assert_eq!(refused.status, 403, "{}", refused.body);
        assert_eq!(scene.api.patch(&format!("/api/v1/users/{weak}"), home).await.status, 200);
    }

    async fn an_account_is_switched_on_only_by_who_holds_what_it_can_do(app) {
        let scene = Scene::of(&app);
        let strong = app.service("Strong", OrgRole::Manager, &[(scene.team, RoleId::VIEWER)]);
        let weak = app.service("Weak", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        for (user, status) in [(strong, 403), (weak, 200)] {
            let path = format!("/api/v1/users/{user}");
            assert_eq!(scene.api.patch(&path, json!({ "enabled": false })).await.status, 200, "anybody may stop it");
            let reply = scene.api.patch(&path, json!({ "enabled": true })).await;
            assert_eq!(reply.status, status, "{}", reply.body);
        }
    }

    async fn a_role_is_given_only_by_who_holds_what_it_gives(app) {
        let scene = Scene::of(&app);
        let service = app.service("Deployer", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let max = app.person("max", OrgRole::Manager, &[]);
        let helpdesk = app.api(&app.token(max, "users:read users:update service_accounts:read service_accounts:update"));
        let bob = app.person("bob", OrgRole::Member, &[]);
        for (api, user, role) in [(&scene.api, service, "Editor"), (&helpdesk, bob, "Manager"), (&helpdesk, max, "Admin")] {
            let reply = api.patch(&format!("/api/v1/users/{user}"), json!({ "role": role })).await;
            assert_eq!(reply.status, 403, "{role}: {}", reply.body);
        }
        let root = app.root_api();
        assert_eq!(root.patch(&format!("/api/v1/users/{service}"), json!({ "role": "Editor" })).await.status, 200);
    }

    async fn a_person_becomes_a_service_account_only_by_who_holds_what_they_hold(app) {
        let scene = Scene::of(&app);
        let max = app.person("max", OrgRole::Manager, &[]);
        let caller = |token: &str| latchkey::service::Caller::new(
            latchkey::service::Credential::Bearer(latchkey::base::secret::Secret::new(token.to_owned())),
            latchkey::model::actor::Origin::default(),
        );
        let narrow = app.token(max, "users:read users:update teams:read service_accounts:create");
        let (boss, bob) = (app.person("boss", OrgRole::Manager, &[]), app.person("bob", OrgRole::Member, &[]));
        let turn = |id| app.app.write(&caller(&narrow), |cx| latchkey::service::users::turn_into_service(cx, id, scene.team).map(drop));
        assert!(turn(boss).is_err());
        turn(bob).unwrap();
    }

    async fn a_reach_into_applications_is_given_only_by_who_has_it(app) {
        let scene = Scene::of(&app);
        for (name, permissions, level) in [("Host", "teams:read teams:update", "read"), ("Far", "", "write"), ("Near", "", "read")] {
            app.sql(&format!("INSERT INTO roles (name, name_key, description, permissions, level, created_at, version) VALUES ('{name}', '{}', '', '{permissions}', '{level}', 0, 1)", name.to_lowercase())).unwrap();
        }
        let host = RoleId(app.number("SELECT id AS n FROM roles WHERE name = 'Host'"));
        let hal = app.person("hal", OrgRole::Member, &[(scene.secret, host)]);
        let api = app.api(&app.token(hal, "teams:read teams:update applications:read"));
        let mut browser = app.log_in("hal").await;
        let bob = app.person("bob", OrgRole::Member, &[]).to_string();
        let path = format!("/teams/{}/members/new", scene.secret);
        for (role, good) in [("Far", false), ("Near", true)] {
            let answer = browser.post(&path, &[("kind", "person"), ("user", &bob), ("role", role)]).await;
            assert_eq!(answer.status == 303, good, "{role}: {}", answer.text());
        }
        let by_token = api.put(&format!("/api/v1/teams/{}/members/{bob}", scene.secret), json!({ "role": "Far" })).await;
        assert_eq!(by_token.status, 403, "{}", by_token.body);
    }

    async fn a_setting_leaves_service_accounts_to_admins_but_not_stopping_them(app) {
        let scene = Scene::of(&app);
        let service = app.service("Deployer", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        app.sql("UPDATE settings SET only_admins_manage_machines = TRUE").unwrap();
        let wanted = json!({ "name": "New", "role": "Member", "home_team": "Data Engineering" });
        assert_eq!(scene.api.post("/api/v1/users", wanted).await.status, 403);
        let token = json!({ "name": "t", "expires_in_days": 1, "scopes": [] });
        assert_eq!(scene.api.post(&format!("/api/v1/users/{service}/tokens"), token).await.status, 403);
        app.join_by_sql(scene.team, scene.mia, RoleId::OWNER);
        let path = format!("/api/v1/teams/{}/members/{service}", scene.team);
        assert_eq!(scene.api.put(&path, json!({ "role": "Editor" })).await.status, 403);
        let stopped = scene.api.patch(&format!("/api/v1/users/{service}"), json!({ "enabled": false })).await;
        assert_eq!(stopped.status, 200, "{}", stopped.body);
    }

    async fn a_membership_gives_nothing_that_its_giver_does_not_hold_there(app) {
        let scene = Scene::of(&app);
        app.sql("INSERT INTO roles (name, name_key, description, permissions, level, created_at, version) VALUES ('Host', 'host', '', 'teams:read teams:update', 'none', 0, 1)").unwrap();
        app.join_by_sql(scene.team, scene.mia, RoleId(5));
        // Its organisation role gives all that a team role does, but for the reach into applications, and not for good.
        let strong = app.service("Strong", OrgRole::Manager, &[(scene.team, RoleId::VIEWER)]);
        let path = format!("/api/v1/teams/{}/members/{strong}", scene.team);
        for role in ["Owner", "Maintainer", "Editor"] {
            let reply = scene.api.put(&path, json!({ "role": role })).await;
            assert_eq!(reply.status, 403, "{role}: {}", reply.body);
        }
        assert_eq!(app.number(&format!("SELECT role_id AS n FROM memberships WHERE user_id = {strong}")), RoleId::VIEWER.0);
        assert_eq!(scene.api.put(&path, json!({ "role": "Host" })).await.status, 204, "what she holds there she may give");
    }
}
