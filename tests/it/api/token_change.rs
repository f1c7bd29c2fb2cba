//! `PATCH /api/v1/users/{id}/tokens/{token_id}`, and what the API tells of what may be done.

use latchkey::model::ids::{RoleId, TeamId, TokenId, UserId};
use latchkey::model::roles::OrgRole;
use serde_json::{Value, json};

use crate::support::{Api, Reply, TestApp};

/// A service account that maintains Platform, and a team that it has nothing to do with.
struct Scene {
    team: TeamId,
    other: TeamId,
    user: UserId,
}

impl Scene {
    fn of(app: &TestApp) -> Self {
        let (team, other) = (app.team("Platform"), app.team("Billing"));
        let user = app.service("Deployer", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
        Self { team, other, user }
    }

    /// A token of the account: its path, and a client that uses it.
    fn token(&self, app: &TestApp, scopes: &str) -> (String, Api) {
        let token = app.token(self.user, scopes);
        (address(self.user, app.last_token(self.user)), app.api(&token))
    }
}

fn address(user: UserId, token: TokenId) -> String {
    format!("/api/v1/users/{user}/tokens/{token}")
}

async fn patch_if(api: &Api, path: &str, tag: &str, body: Value) -> Reply {
    Reply::of(api.request(reqwest::Method::PATCH, path).header("if-match", tag).json(&body)).await
}

const ALL: &str = "tokens:read tokens:update tokens:create service_accounts:read service_accounts:create teams:read";

both! {
    async fn a_token_is_changed_and_keeps_its_secret(app) {
        let scene = Scene::of(&app);
        let root = app.root_api();
        let (path, own) = scene.token(&app, "teams:read service_accounts:read");
        let read = root.get(&path).await;
        assert_eq!((read.header("etag"), &read.body["version"]), ("\"1\"", &json!(1)));
        let body = json!({ "name": "renamed", "description": "Nightly", "scopes": ["teams:read", "users:read"], "teams": ["platform"] });
        let changed = root.patch(&path, body).await;
        assert_eq!((changed.status, changed.header("etag")), (200, "\"2\""), "{}", changed.body);
        for (field, value) in [
            ("name", json!("renamed")), ("description", json!("Nightly")), ("scopes", json!(["users:read", "teams:read"])),
            ("effective_scopes", json!(["teams:read"])), ("teams", json!(["Platform"])), ("version", json!(2)), ("state", json!("active")),
        ] {
            assert_eq!(changed.body[field], value, "{field}");
        }
        let me = own.get("/api/v1/me").await;
        assert_eq!(me.body["token"]["effective_scopes"], json!(["teams:read"]), "at the next request, by the same secret");
        for (tag, status) in [("\"1\"", 412), ("\"x\"", 412), ("2", 400), ("\"2\"", 200), ("*", 200)] {
            let reply = patch_if(&root, &path, tag, json!({ "teams": null })).await;
            assert_eq!(reply.status, status, "{tag}: {}", reply.body);
        }
        assert_eq!(root.get(&path).await.body["teams"], json!(null));
        assert_eq!(root.patch(&path, json!({})).await.header("etag"), "\"3\"", "nothing changed, nothing counted");
        assert_eq!(root.delete(&path).await.status, 204);
        assert_eq!(root.patch(&path, json!({ "name": "again" })).await.status, 409);
    }

    async fn what_is_wrong_with_a_change_is_told_and_nothing_is_changed(app) {
        let scene = Scene::of(&app);
        let root = app.root_api();
        scene.token(&app, "teams:read");
        let (path, _) = scene.token(&app, "teams:read");
        let before = root.get(&path).await.body;
        let long = "x".repeat(1_001);
        let many: Vec<String> = (0..101).map(|n| format!("t{n}")).collect();
        for (body, pointers) in [
            (json!({ "name": "" }), vec!["/name"]),
            (json!({ "name": null }), vec!["/name"]),
            (json!({ "name": "TOKEN 0" }), vec!["/name"]),
            (json!({ "description": long }), vec!["/description"]),
            (json!({ "scopes": null }), vec!["/scopes"]),
            (json!({ "scopes": "teams:read" }), vec!["/scopes"]),
            (json!({ "scopes": ["teams:read", "teams:fly"] }), vec!["/scopes/1"]),
            (json!({ "scopes": many }), vec!["/scopes"]),
            (json!({ "teams": [] }), vec!["/teams"]),
            (json!({ "teams": ["Platform", "Nowhere"] }), vec!["/teams/1"]),
            (json!({ "teams": ["Public"] }), vec!["/teams/0"]),
            (json!({ "teams": ["a\u{0}b"] }), vec!["/teams/0"]),
            (json!({ "teams": many }), vec!["/teams"]),
            (json!({ "global_admin": true }), vec!["/global_admin"]),
            (json!({ "expires_at": null }), vec!["/expires_at"]),
            (json!({ "name": "", "scopes": ["x"], "teams": ["Nowhere"] }), vec!["/scopes/0", "/teams/0", "/name"]),
        ] {
            let reply = root.patch(&path, body.clone()).await;
            assert_eq!((reply.status, reply.pointers()), (422, pointers), "{body}: {}", reply.body);
        }
        assert_eq!(root.get(&path).await.body, before);
    }

    async fn no_global_admin_token_gets_scopes_here_nor_the_other_way_round(app) {
        let scene = Scene::of(&app);
        app.global_admin(scene.user);
        let path = address(scene.user, app.last_token(scene.user));
        let root = app.root_api();
        for (body, pointer) in [(json!({ "scopes": ["teams:read"] }), "/scopes"), (json!({ "teams": ["Platform"] }), "/scopes")] {
            let reply = root.patch(&path, body).await;
            assert_eq!((reply.status, reply.pointers()), (422, vec![pointer]), "{}", reply.body);
        }
        assert_eq!(root.patch(&path, json!({ "name": "root" })).await.status, 200);
        assert_eq!(root.get(&path).await.body["global_admin"], true);
    }

    async fn a_token_widens_neither_itself_nor_others_beyond_itself(app) {
        let scene = Scene::of(&app);
        let (mine, api) = scene.token(&app, "tokens:read tokens:update teams:read service_accounts:read");
        let (sister, _) = scene.token(&app, "teams:read");
        let refused = |reply: Reply, what: &str| assert_eq!(reply.status, 403, "{what}: {}", reply.body);
        for path in [&mine, &sister] {
            refused(api.patch(path, json!({ "scopes": ["teams:read", "tokens:read", "tokens:update", "tokens:create"] })).await, path);
            refused(api.patch(path, json!({ "scopes": ["teams:read", "settings:update"] })).await, path);
        }
        let wider = api.patch(&sister, json!({ "scopes": ["teams:read", "tokens:read"] })).await;
        assert_eq!(wider.status, 200, "what it has itself it gives: {}", wider.body);
        // Its own scopes by way of itself, taken away and wanted back.
        assert_eq!(api.patch(&mine, json!({ "scopes": ["tokens:read", "tokens:update", "service_accounts:read"] })).await.status, 200);
        refused(api.patch(&mine, json!({ "scopes": ["tokens:read", "tokens:update", "service_accounts:read", "teams:read"] })).await, "back");
        // A sister that ends later, and one without end.
        let more = json!({ "scopes": ["service_accounts:read", "tokens:read"] });
        for (ends, status) in [("expires_at + 1", 403), ("NULL", 403), ("(SELECT MIN(expires_at) FROM tokens)", 200)] {
            let id = sister.rsplit_once('/').unwrap().1;
            app.sql(&format!("UPDATE tokens SET scopes = 'service_accounts:read', expires_at = {ends} WHERE id = {id}")).unwrap();
            assert_eq!(api.patch(&sister, json!({ "description": ends })).await.status, 200, "that adds nothing");
            assert_eq!(api.patch(&sister, more.clone()).await.status, status, "{ends}");
        }
        refused(api.patch(&sister, json!({ "scopes": ["tokens:read", "self:read"] })).await, "own things, which it may not touch itself");
        assert_eq!(api.patch(&sister, json!({ "scopes": [] })).await.status, 200, "nor does that");
        assert!(app.audit().iter().any(|line| line.starts_with("token.update refused")));
    }

    async fn a_token_limited_to_teams_gives_no_others(app) {
        let scene = Scene::of(&app);
        let (_, secret) = app.limited_token(scene.user, ALL, &[scene.team]);
        let (free, _) = scene.token(&app, "teams:read");
        let wider = app.api(&secret).patch(&free, json!({ "scopes": ["teams:read", "tokens:read"] })).await;
        assert_eq!(wider.status, 403, "also where its account is in no other team yet: {}", wider.body);
        app.write(|cx| latchkey::service::members::set(cx, scene.other, scene.user, RoleId::VIEWER));
        let (mine, secret) = app.limited_token(scene.user, ALL, &[scene.team]);
        let api = app.api(&secret);
        let (both, _) = app.limited_token(scene.user, "teams:read", &[scene.team]);
        let (mine, both) = (address(scene.user, mine), address(scene.user, both));
        for path in [&mine, &both] {
            for teams in [json!(null), json!(["Platform", "Billing"]), json!(["Billing"])] {
                let reply = api.patch(path, json!({ "teams": teams })).await;
                assert!([403, 422].contains(&reply.status), "{teams}: {}", reply.body);
            }
            assert_eq!(api.get(path).await.body["teams"], json!(["Platform"]));
        }
        assert_eq!(api.patch(&both, json!({ "scopes": ["teams:read", "tokens:read"] })).await.status, 200);
        let (free, _) = scene.token(&app, "teams:read");
        assert_eq!(api.patch(&free, json!({ "scopes": ["teams:read", "tokens:read"] })).await.status, 403, "it acts elsewhere too");
        assert_eq!(api.patch(&free, json!({ "teams": ["Platform"] })).await.status, 200, "a limit takes away");
        assert_eq!(api.patch(&free, json!({ "scopes": ["teams:read", "tokens:read"] })).await.status, 200);
    }

    async fn a_stronger_token_is_narrowed_and_not_widened(app) {
        let scene = Scene::of(&app);
        let strong = app.service("Strong", OrgRole::Manager, &[(scene.team, RoleId::OWNER), (scene.other, RoleId::OWNER)]);
        app.token(strong, "users:delete teams:read");
        let path = address(strong, app.last_token(strong));
        let mia = app.person("mia", OrgRole::Member, &[(scene.team, RoleId::MAINTAINER)]);
        let api = app.api(&app.token(mia, ALL));
        assert_eq!(api.patch(&path, json!({ "scopes": ["users:delete", "teams:read", "tokens:read"] })).await.status, 403);
        assert_eq!(api.patch(&path, json!({ "scopes": ["users:delete"] })).await.status, 200);
        assert_eq!(api.patch(&path, json!({ "scopes": ["users:delete", "teams:read"] })).await.status, 403, "and not back again");
        // The same names send back what was read, and what is hidden stays.
        let (limited, _) = app.limited_token(strong, "teams:read", &[scene.team, scene.other]);
        let limited = address(strong, limited);
        let read = api.get(&limited).await;
        assert_eq!(read.body["teams"], json!(["Platform"]));
        let sent = api.patch(&limited, json!({ "teams": read.body["teams"], "description": "seen" })).await;
        assert_eq!((sent.status, &sent.body["teams"]), (200, &json!(["Platform"])), "{}", sent.body);
        assert_eq!(app.root_api().get(&limited).await.body["teams"], json!(["Billing", "Platform"]));
        assert_eq!(api.patch(&limited, json!({ "teams": ["Billing"] })).await.pointers(), ["/teams/0"]);
    }

    async fn who_may_change_a_token(app) {
        let scene = Scene::of(&app);
        let (path, _) = scene.token(&app, "teams:read");
        let body = json!({ "scopes": [] });
        let vic = app.person("vic", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let refused = app.api(&app.token(vic, "tokens:read teams:read")).patch(&path, body.clone()).await;
        assert_eq!((refused.status, &refused.body["missing_permission"]), (403, &json!("tokens:update")));
        let stranger = app.person("stranger", OrgRole::Member, &[(scene.other, RoleId::OWNER)]);
        let every = "tokens:read tokens:update teams:read";
        assert_eq!(app.api(&app.token(stranger, every)).patch(&path, body.clone()).await.status, 404);
        let mia = app.person("mia", OrgRole::Member, &[(scene.team, RoleId::MAINTAINER)]);
        let mia = app.api(&app.token(mia, ALL));
        app.sql("UPDATE settings SET only_admins_manage_machines = TRUE").unwrap();
        assert_eq!(mia.patch(&path, body.clone()).await.status, 403, "a setting leaves it to Admins");
        app.sql("UPDATE settings SET only_admins_manage_machines = FALSE").unwrap();
        assert_eq!(mia.patch(&path, body).await.status, 200);
        // One's own, as a person.
        let own = app.api(&app.token(vic, "self:read self:update tokens:read"));
        let mine = address(vic, app.last_token(vic));
        assert_eq!(own.patch(&mine, json!({ "scopes": ["self:read"] })).await.status, 200);
        assert_eq!(own.patch(&mine, json!({ "name": "more" })).await.status, 403);
        let machine = app.api(&app.token(scene.user, "self:read self:update"));
        let its = address(scene.user, app.last_token(scene.user));
        assert_eq!(machine.patch(&its, json!({ "name": "mine" })).await.status, 403, "a machine's tokens are its team's");
    }

    async fn what_is_told_is_what_the_api_answers(app) {
        let scene = Scene::of(&app);
        app.write(|cx| latchkey::service::members::set(cx, scene.other, scene.user, RoleId::VIEWER));
        let root = app.root_api();
        let scopes = "service_accounts:create teams:read teams:update teams:create users:read self:read";
        let (free, limited) = (app.token(scene.user, scopes), app.limited_token(scene.user, scopes, &[scene.other]));
        let free = (TokenId(limited.0.0 - 1), free);
        for (n, (id, secret)) in [free, limited].into_iter().enumerate() {
            let told = root.get(&format!("{}/permissions", address(scene.user, id))).await;
            let at = |permission: &str, team: &str| {
                let rows = told.body["permissions"].as_array().unwrap().iter().filter(|row| row["permission"] == permission);
                rows.flat_map(|row| row["by"].as_array().unwrap()).any(|by| by["team"] == team || by["where"] == "everywhere")
            };
            let api = app.api(&secret);
            for (team, team_id) in [("Platform", scene.team), ("Billing", scene.other)] {
                let made = api.post("/api/v1/users", json!({ "name": format!("Kid {team} {n}"), "role": "Member", "home_team": team })).await;
                assert_eq!(made.status == 201, at("service_accounts:create", team), "{team} {n}: {} {}", made.body, told.body);
                let read = api.get(&format!("/api/v1/teams/{team_id}")).await;
                assert_eq!(read.status == 200, at("teams:read", team), "{team} {n}: {} {}", read.body, told.body);
                let renamed = api.patch(&format!("/api/v1/teams/{team_id}"), json!({ "description": "x" })).await;
                assert_eq!(renamed.status == 200, at("teams:update", team), "{team} {n}: {} {}", renamed.body, told.body);
            }
            let made = api.post("/api/v1/teams", json!({ "name": format!("Team {n}") })).await;
            assert_eq!(made.status == 201, at("teams:create", ""), "{}", told.body);
            let idle: Vec<_> = told.body["without_effect"].as_array().unwrap().iter().map(|row| row["scope"].as_str().unwrap()).collect();
            let known: &[&str] = [&["users:read", "teams:create", "teams:update"][..], &["users:read", "service_accounts:create", "teams:create", "teams:update", "self:read"][..]][n];
            assert_eq!(idle, known, "{}", told.body);
        }
    }

    async fn permissions_of_an_account_are_told_by_place(app) {
        let scene = Scene::of(&app);
        let root = app.root_api();
        let told = root.get(&format!("/api/v1/users/{}/permissions", scene.user)).await;
        let granted = told.body["granted"].as_array().unwrap();
        assert_eq!((granted[0]["where"].as_str(), &granted[0]["role"], &granted[0]["permissions"]), (Some("everywhere"), &json!("Member"), &json!([])));
        assert_eq!((&granted[1]["team"], &granted[1]["role"], &granted[1]["application_level"]), (&json!("Platform"), &json!("Maintainer"), &json!("write")));
        assert_eq!((granted[2]["where"].as_str(), &granted[2]["role"], &granted[2]["permissions"]), (Some("own"), &json!(null), &json!(["self:read", "self:update"])));
        assert_eq!((&told.body["hidden_teams"], &told.body["waiting_role"], &told.body["enabled"]), (&json!(0), &json!(null), &json!(true)));
        let asleep = app.service("Asleep", OrgRole::Editor, &[]);
        let told = root.get(&format!("/api/v1/users/{asleep}/permissions")).await;
        assert_eq!((&told.body["granted"], &told.body["waiting_role"]), (&json!([]), &json!("Editor")));
        let vic = app.person("vic", OrgRole::Member, &[(scene.other, RoleId::VIEWER)]);
        let api = app.api(&app.token(vic, "teams:read tokens:read"));
        assert_eq!(api.get(&format!("/api/v1/users/{}/permissions", scene.user)).await.status, 404);
        app.write(|cx| latchkey::service::members::set(cx, scene.other, scene.user, RoleId::VIEWER));
        let seen = api.get(&format!("/api/v1/users/{}/permissions", scene.user)).await;
        assert!(seen.body["hidden_teams"] == 1 && !seen.body.to_string().contains("Platform"), "{}", seen.body);
        let (path, _) = scene.token(&app, "teams:read");
        assert_eq!(api.get(&format!("{path}/permissions")).await.status, 403, "tokens are read in the account's home");
    }
}
