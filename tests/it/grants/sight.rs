//! What a refusal, a list or a page tells, and what is written of it.

use super::*;

both! {
    async fn what_one_may_not_see_does_not_show_by_trying(app) {
        let scene = Scene::of(&app);
        let hidden = app.person("hidden", OrgRole::Member, &[(scene.secret, RoleId::VIEWER)]);
        let service = app.service("Deployer", OrgRole::Member, &[(scene.team, RoleId::VIEWER), (scene.secret, RoleId::VIEWER)]);
        let named = scene.api.patch(&format!("/api/v1/users/{service}"), json!({ "contact": hidden })).await;
        let nobody = scene.api.patch(&format!("/api/v1/users/{service}"), json!({ "contact": 9999 })).await;
        assert_eq!((named.status, &named.body), (422, &nobody.body));
        let viewer = app.person("vic", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let vic = app.api(&app.token(viewer, &PermissionSet::everything().to_string()));
        for contact in [scene.mia, UserId(9999)] {
            let reply = vic.patch(&format!("/api/v1/users/{service}"), json!({ "contact": contact })).await;
            assert_eq!(reply.status, 403, "told before anything is looked up: {}", reply.body);
        }
        let mut mia = app.log_in("mia").await;
        let filtered = mia.get(&format!("/users?team={}", scene.secret)).await;
        assert!(!filtered.has("Deployer"), "{}", filtered.text());
        app.join_by_sql(scene.team, scene.mia, RoleId::OWNER);
        let activity = mia.get(&format!("/users/{service}/activity")).await;
        assert_eq!(activity.status, 200);
        assert!(activity.has("Data Engineering") && !activity.has("Secret Project"), "{}", activity.text());
        let plain = app.person("plain", OrgRole::Member, &[]);
        let listed = format!("input[name=user][value='{plain}']");
        let search = format!("/teams/{}/members/new?kind=person&q=", scene.team);
        assert!(mia.get(&format!("{search}plai")).await.count(&listed) == 1, "by name, whoever changes the team finds anyone");
        let by_address = mia.get(&format!("{search}plain@ex")).await;
        assert!(by_address.count(&listed) == 0, "an address is not found out by trying: {}", by_address.text());
    }

    async fn one_refusal_is_written_down_once(app) {
        let scene = Scene::of(&app);
        app.person("vic", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let service = app.service("Deployer", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let mut vic = app.log_in("vic").await;
        let refused = || app.number("SELECT COUNT(*) AS n FROM audit WHERE outcome = 'refused'");
        let mia = scene.mia.to_string();
        let tries = [
            (format!("/users/{service}/disable"), vec![]),
            (format!("/users/{service}/tokens/new"), vec![("token_name", "t"), ("expires", "30")]),
            ("/users/new".to_owned(), vec![("username", "x"), ("display_name", "x"), ("email", "x@example.com"), ("role", "Member")]),
            (format!("/teams/{}/members/new", scene.team), vec![("kind", "person"), ("user", mia.as_str()), ("role", "Owner")]),
        ];
        for (path, fields) in tries {
            let before = refused();
            let answer = vic.post(&path, &fields).await;
            assert_eq!((answer.status, refused() - before), (403, 1), "{path}: {}", answer.text());
        }
    }

    async fn a_nul_is_refused_and_audited_like_anything_else(app) {
        let scene = Scene::of(&app);
        for (path, body) in [
            ("/api/v1/teams", json!({ "name": "a\u{0}b" })),
            ("/api/v1/users", json!({ "name": "a\u{0}b", "role": "Admin" })),
        ] {
            let before = app.audit().len();
            let reply = scene.api.post(path, body).await;
            assert_eq!((reply.status, app.audit().len() - before), (403, 1), "{path}: {}", reply.body);
        }
        for path in ["/api/v1/users", "/api/v1/teams", &format!("/api/v1/teams/{}/members", scene.team)] {
            let reply = scene.api.get(&format!("{path}?cursor=eyJrIjoiYVx1MDAwMGIiLCJpIjoxfQ")).await;
            assert_eq!(reply.status, 400, "{path}: {}", reply.body);
        }
        app.assert_chain();
    }

    async fn a_long_list_is_refused_before_it_is_looked_up(app) {
        let scene = Scene::of(&app);
        let teams: Vec<String> = (0..5_000).map(|n| format!("t{n}")).collect();
        let reply = scene.api.post("/api/v1/users", json!({ "name": "x", "role": "Member", "teams": teams })).await;
        assert_eq!((reply.status, reply.pointers()), (422, vec!["/teams"]));
    }

    async fn a_token_that_reads_all_machines_lists_them_too(app) {
        let scene = Scene::of(&app);
        let max = app.person("max", OrgRole::Manager, &[]);
        let service = app.service("Deployer", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let api = app.api(&app.token(max, "service_accounts:read"));
        let list = api.get("/api/v1/users").await;
        assert_eq!(list.body["items"].as_array().map(Vec::len), Some(1), "{}", list.body);
        assert_eq!(api.get(&format!("/api/v1/users/{service}")).await.status, 200);
        assert_eq!(api.get(&format!("/api/v1/users/{}", scene.mia)).await.status, 404);
    }

    async fn activity_tells_nothing_of_what_lies_elsewhere(app) {
        let scene = Scene::of(&app);
        app.join_by_sql(scene.team, scene.mia, RoleId::OWNER);
        let teams = [(scene.team, RoleId::VIEWER), (scene.secret, RoleId::OWNER)];
        let roamer = app.service("Roamer", OrgRole::Member, &teams);
        let api = app.api(&app.token(roamer, &PermissionSet::everything().to_string()));
        let path = format!("/api/v1/teams/{}", scene.secret);
        assert_eq!(api.patch(&path, json!({ "description": "hush" })).await.status, 200);
        let made = api.post("/api/v1/users", json!({ "name": "Secret kid", "role": "Member", "teams": ["Secret Project"] })).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let mut mia = app.log_in("mia").await;
        let page = mia.get(&format!("/users/{roamer}/activity")).await;
        assert_eq!(page.status, 200);
        for hidden in ["Secret Project", "hush", "secret_kid", "Secret kid"] {
            assert!(!page.body.contains(hidden), "{hidden} in {}", page.text());
        }
        let mut ada = app.log_in("ada").await;
        assert!(ada.get(&format!("/users/{roamer}/activity")).await.has("hush"));
        let housed = app.service("Housed", OrgRole::Member, &[(scene.secret, RoleId::VIEWER), (scene.team, RoleId::VIEWER)]);
        let profile = mia.get(&format!("/users/{housed}")).await;
        assert!(profile.status == 200 && !profile.has("Secret Project"), "{}", profile.text());
    }

    async fn nobody_learns_of_roles_or_of_power_before_they_may_act(app) {
        let scene = Scene::of(&app);
        app.sql("INSERT INTO roles (name, name_key, description, permissions, level, created_at, version) VALUES ('Hush', 'hush', '', '', 'none', 0, 1)").unwrap();
        let stray = app.api(&app.token(app.person("stray", OrgRole::Member, &[]), "self:read teams:read"));
        for path in [format!("/api/v1/teams/{}/members/{}", scene.team, scene.mia), "/api/v1/teams/999/members/999".to_owned()] {
            let reply = stray.put(&path, json!({ "role": "bogus" })).await;
            assert_eq!((reply.status, reply.body.to_string().contains("Hush")), (404, false), "{}", reply.body);
        }
        app.join_by_sql(scene.team, scene.mia, RoleId::OWNER);
        let max = app.person("max", OrgRole::Manager, &[]);
        let ada = UserId(app.number("SELECT id AS n FROM users WHERE username = 'ada'"));
        let mut told = Vec::new();
        for stranger in [max, ada] {
            let reply = scene.api.put(&format!("/api/v1/teams/{}/members/{stranger}", scene.team), json!({ "role": "Viewer" })).await;
            assert_eq!(reply.status, 403, "{}", reply.body);
            told.push(reply.body["detail"].clone());
        }
        assert!(told[0] == told[1], "who is a Manager and who an Admin is not told: {told:?}");
    }

    async fn a_machines_own_token_tells_no_team_that_it_does_not_act_in(app) {
        let scene = Scene::of(&app);
        let roamer = app.service("Roamer", OrgRole::Member, &[(scene.team, RoleId::VIEWER), (scene.secret, RoleId::VIEWER)]);
        let path = format!("/api/v1/users/{roamer}");
        let made = scene.api.post(&format!("{path}/tokens"), json!({ "name": "spy", "expires_in_days": 1, "scopes": ["self:read"] })).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let spy = app.api(made.body["token"].as_str().unwrap());
        for asked in ["/api/v1/me".to_owned(), path.clone(), format!("{path}/permissions")] {
            let reply = spy.get(&asked).await;
            assert!(reply.status == 200 && !reply.body.to_string().contains("Secret Project"), "{asked}: {}", reply.body);
        }
    }
}
