//! Nobody grants more than they hold: what team people and machines try in order to widen their power.

use latchkey::model::ids::{RoleId, TeamId, UserId};
use latchkey::model::permissions::PermissionSet;
use latchkey::model::roles::OrgRole;
use serde_json::json;

use crate::support::{Api, Browser, PASSWORD, TestApp};

/// A team with a Maintainer who knows the API, and a team that the Maintainer may not know of.
struct Scene {
    team: TeamId,
    secret: TeamId,
    mia: UserId,
    api: Api,
}

impl Scene {
    fn of(app: &TestApp) -> Self {
        app.make_admin("ada");
        let (team, secret) = (app.team("Data Engineering"), app.team("Secret Project"));
        let mia = app.person("mia", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
        let api = app.api(&app.token(mia, &PermissionSet::everything().to_string()));
        Self { team, secret, mia, api }
    }
}

fn roles_above_member(app: &TestApp) -> i64 {
    app.number("SELECT COUNT(*) AS n FROM users WHERE kind <> 'person' AND role <> 'Member'")
}

async fn page_of(browser: &mut Browser, id: UserId) -> (String, crate::support::Html) {
    let path = format!("/users/{id}");
    let page = browser.get(&path).await;
    (path, page)
}

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

    async fn a_link_does_not_outlive_the_growth_of_its_account(app) {
        let scene = Scene::of(&app);
        app.person("max", OrgRole::Manager, &[]);
        let (mut ada, mut max) = (app.log_in("ada").await, app.log_in("max").await);
        let bob = app.person("bob", OrgRole::Member, &[]);
        let ask = format!("/users/{bob}/link");
        let weak = max.post(&ask, &[]).await.link("reset");
        ada.submit(&format!("/teams/{}/members/new", scene.team), &[("kind", "person"), ("user", &bob.to_string()), ("role", "Owner")]).await;
        assert_eq!(app.visitor().get(&weak).await.status, 404, "a team role is growth");
        let weak = max.post(&ask, &[]).await.link("reset");
        let root = app.root_api();
        assert_eq!(root.patch(&format!("/api/v1/users/{bob}"), json!({ "role": "Admin" })).await.status, 200);
        let taken = app.visitor().post(&weak, &[("password", "another harbour of plums")]).await;
        assert_eq!(taken.status, 404, "the Manager's link sets no Admin's password");
        let own = ada.post(&ask, &[]).await.link("reset");
        assert_eq!(app.visitor().get(&own).await.status, 200);
    }

    async fn a_token_does_not_end_in_a_log_in_by_moving_its_accounts_mail(app) {
        let scene = Scene::of(&app);
        let max = app.person("max", OrgRole::Manager, &[]);
        // Whoever reads the mail chooses the password, and so holds all that the account holds: more than these tokens.
        for (user, scopes) in [(scene.mia, "self:read self:update"), (max, "self:read self:update users:update")] {
            let api = app.api(&app.token(user, scopes));
            let path = format!("/api/v1/users/{user}");
            let moved = api.patch(&path, json!({ "email": "thief@example.com" })).await;
            assert_eq!(moved.status, 403, "{scopes}: {}", moved.body);
            assert_eq!(api.patch(&path, json!({ "name": format!("Renamed {user}") })).await.status, 200);
        }
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE email = 'thief@example.com'"), 0);
        let all = app.api(&app.token(max, &PermissionSet::everything().to_string()));
        let moved = all.patch(&format!("/api/v1/users/{max}"), json!({ "email": "max@example.org" })).await;
        assert_eq!(moved.status, 200, "a token that holds all of it: {}", moved.body);
    }

    async fn a_session_left_open_does_not_move_its_persons_mail(app) {
        app.make_admin("ada");
        let jonas = app.person("jonas", OrgRole::Member, &[]);
        for (who, path) in [("jonas", "/account".to_owned()), ("ada", format!("/users/{}", app.number("SELECT id AS n FROM users WHERE username = 'ada'")))] {
            let mut browser = app.log_in(who).await;
            app.clock.advance(time::Duration::minutes(11));
            let page = browser.get(&path).await;
            let (version, name) = (page.value("version"), page.value("display_name"));
            let fields = [("version", &*version), ("display_name", &*name), ("username", who), ("email", "thief@example.com"), ("role", "Admin")];
            let answer = browser.post(&path, &fields).await;
            assert_eq!((answer.status, answer.value("email").as_str()), (403, "thief@example.com"), "{}", answer.text());
            assert!(answer.has("password"), "{}", answer.text());
        }
        let mut browser = app.log_in("jonas").await;
        app.clock.advance(time::Duration::minutes(11));
        let version = browser.get("/account").await.value("version");
        let fields = |password| [("version", &*version), ("display_name", "jonas"), ("email", "jonas@example.org"), ("password", password)];
        assert!(browser.post("/account", &fields("wrong wrong wrong")).await.error("password").is_some());
        assert_eq!(browser.post("/account", &fields(PASSWORD)).await.status, 303);
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM users WHERE id = {jonas} AND email = 'jonas@example.org'")), 1);
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

    async fn an_address_is_changed_only_by_who_holds_what_its_mail_opens(app) {
        let scene = Scene::of(&app);
        let max = app.person("max", OrgRole::Manager, &[(scene.team, RoleId::VIEWER)]);
        let changing = |email: &str| json!({ "email": email });
        let helpdesk = app.api(&app.token(max, "users:read users:update"));
        let (boss, bob) = (app.person("boss", OrgRole::Manager, &[]), app.person("bob", OrgRole::Member, &[]));
        let refused = helpdesk.patch(&format!("/api/v1/users/{boss}"), changing("boss@taken.example")).await;
        assert_eq!(refused.status, 403, "{}", refused.body);
        assert_eq!(helpdesk.patch(&format!("/api/v1/users/{bob}"), changing("bob@new.example")).await.status, 200);
        // A forgotten password goes by mail: whoever changes the address of their token's own account gets all of the account.
        let narrow = app.api(&app.token(max, "self:read self:update"));
        let own = narrow.patch(&format!("/api/v1/users/{max}"), changing("max@taken.example")).await;
        assert_eq!(own.status, 403, "{}", own.body);
        let (path, named) = (format!("/api/v1/users/{max}"), json!({ "name": "Maximilian" }));
        assert_eq!(narrow.patch(&path, named).await.status, 200, "the rest of the profile is their own");
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

    async fn a_link_is_handed_out_only_by_who_holds_what_it_opens(app) {
        Scene::of(&app);
        let max = app.person("max", OrgRole::Manager, &[]);
        let (boss, bob) = (app.person("boss", OrgRole::Manager, &[]), app.person("bob", OrgRole::Member, &[]));
        let token = app.token(max, "users:read users:update");
        let caller = || latchkey::service::Caller::new(
            latchkey::service::Credential::Bearer(latchkey::base::secret::Secret::new(token.clone())),
            latchkey::model::actor::Origin::default(),
        );
        assert!(app.app.write(&caller(), |cx| latchkey::service::links::issue_for(cx, boss).map(drop)).is_err());
        app.app.write(&caller(), |cx| latchkey::service::links::issue_for(cx, bob).map(drop)).unwrap();
        let mut browser = app.log_in("max").await;
        let root = app.root_api();
        assert_eq!(root.patch(&format!("/api/v1/users/{boss}"), json!({ "role": "Admin" })).await.status, 200);
        assert_eq!(browser.post(&format!("/users/{boss}/link"), &[]).await.status, 403);
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

    async fn a_tokens_link_ends_when_its_account_makes_another_grow(app) {
        app.make_admin("ada");
        let ada = UserId(app.number("SELECT id AS n FROM users WHERE username = 'ada'"));
        let max = app.person("max", OrgRole::Manager, &[]);
        let mut browser = app.log_in("ada").await;
        let token = app.token(ada, "users:read users:create users:update");
        let helpdesk = app.api(&token);
        let invited = |n: u32| json!({ "name": format!("Bob {n}"), "user_type": "Person", "username": format!("bob{n}"), "email": format!("bob{n}@example.com"), "role": "Member" });
        let link = |reply: crate::support::Reply| {
            let text = reply.body.to_string();
            let at = text.find("/invitation/").unwrap_or_else(|| panic!("{text}"));
            let link = text[at..].split('"').next().unwrap().to_owned();
            (reply.body["id"].as_i64().unwrap(), link)
        };
        let (bob, weak) = link(helpdesk.post("/api/v1/users", invited(1)).await);
        assert_eq!(app.visitor().get(&weak).await.status, 200);
        let (path, page) = page_of(&mut browser, UserId(bob)).await;
        let version = page.value("version");
        let fields = [("version", &*version), ("display_name", "Bob 1"), ("username", "bob1"), ("email", "bob1@example.com"), ("role", "Manager")];
        assert_eq!(browser.post(&path, &fields).await.status, 303);
        assert_eq!(app.visitor().get(&weak).await.status, 404, "the token was not measured against a Manager");
        let strong = app.api(&app.token(max, &PermissionSet::everything().to_string()));
        let (bob, own) = link(strong.post("/api/v1/users", invited(2)).await);
        assert_eq!(strong.patch(&format!("/api/v1/users/{bob}"), json!({ "role": "Editor" })).await.status, 200);
        assert_eq!(app.visitor().get(&own).await.status, 200, "what the token itself gives, it holds");
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
