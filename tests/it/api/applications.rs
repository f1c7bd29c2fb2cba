//! Applications over REST, and what keeps tokens away from them.

use latchkey::model::ids::{ApplicationId, RoleId, TeamId, UserId};
use latchkey::model::roles::OrgRole;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, Reply, TestApp};

const APPS: &str = "/api/v1/applications";

/// A team with access to an application of another team.
struct Scene {
    team: TeamId,
    keepers: TeamId,
    reports: ApplicationId,
}

impl Scene {
    fn of(app: &TestApp) -> Self {
        let (team, keepers) = (app.team("Billing"), app.team("Keepers"));
        let reports = app.application("reports", keepers, &["look read", "edit write", "purge admin"]);
        app.open(reports, team);
        Self { team, keepers, reports }
    }

    fn at(&self, path: &str) -> String {
        format!("{APPS}/{}{path}", self.reports)
    }

    fn bot(&self, app: &TestApp, role: RoleId) -> UserId {
        app.service(&format!("Bot {role}"), OrgRole::Member, &[(self.team, role)])
    }
}

async fn scopes(api: &Api, of: &str) -> Value {
    api.get("/api/v1/me").await.body["token"][of].clone()
}

async fn make(api: &Api, user: UserId, name: &str, scopes: &[&str]) -> Reply {
    api.post(&format!("/api/v1/users/{user}/tokens"), json!({ "name": name, "expires_in_days": 1, "scopes": scopes }))
        .await
}

both! {
    async fn s7_an_application_is_made_with_all_that_belongs_to_it_at_once(app) {
        let api = app.root_api();
        app.team("Billing");
        let wanted = json!({
            "name": "Data Quality", "home_team": "billing", "audience": "https://dq.example.com",
            "scopes": [{ "name": "read", "level": "read", "description": "Look" }, { "name": "run", "level": "write" }],
            "teams": ["Billing"],
        });
        let made = api.post(APPS, wanted).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let path = made.header("location").to_owned();
        assert_eq!((&made.body["slug"], &made.body["home_team"]), (&json!("data-quality"), &json!("Billing")));
        let words: Vec<_> = made.body["scopes"].as_array().unwrap().iter().map(|scope| &scope["scope"]).collect();
        assert_eq!(words, ["data-quality:read", "data-quality:run"]);
        assert_eq!(api.get(&format!("{path}/teams")).await.body["teams"][0]["name"], "Billing");
        let listed = api.get(&format!("{APPS}?q=QUALITY")).await.body;
        assert_eq!((&listed["items"][0]["scope_count"], &listed["items"][0]["team_count"]), (&json!(2), &json!(1)), "{listed}");
        let got = api.get(&path).await;
        assert_eq!(got.body, made.body);
        let tag = got.header("etag").to_owned();
        let change = |tag: &str| api.request(Method::PATCH, &path).header("if-match", tag).json(&json!({ "name": "DQ" }));
        let changed = Reply::of(change(&tag)).await;
        assert_eq!((changed.status, &changed.body["name"]), (200, &json!("DQ")), "{}", changed.body);
        assert_eq!(Reply::of(change(&tag)).await.status, 412);
        assert_eq!(api.patch(&path, json!({ "slug": "other" })).await.pointers(), ["/slug"], "it never changes");
        assert_eq!(api.delete(&path).await.status, 204);
        assert_eq!(api.get(&path).await.status, 404);
        app.assert_chain();
    }

    async fn s7_what_is_wrong_with_an_application_is_told_and_nothing_is_made(app) {
        let api = app.root_api();
        app.team("Billing");
        let with = |more: Value| {
            let mut wanted = json!({ "name": "Reports", "home_team": "Billing" });
            wanted.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            wanted
        };
        for (more, pointers) in [
            (json!({ "nonsense": 1 }), vec!["/nonsense"]),
            (json!({ "name": "" }), vec!["/name"]),
            (json!({ "slug": "users" }), vec!["/slug"]),
            (json!({ "audience": "a b" }), vec!["/audience"]),
            (json!({ "home_team": null }), vec!["/home_team"]),
            (json!({ "home_team": "Nowhere" }), vec!["/home_team"]),
            (json!({ "teams": ["Billing", "Nowhere", "Public"] }), vec!["/teams/1", "/teams/2"]),
            (
                json!({ "scopes": [{ "name": "read", "level": "read" }, { "name": "Read", "level": "none" }, { "name": "read", "level": "write" }] }),
                vec!["/scopes/1/name", "/scopes/1/level", "/scopes/2/name"],
            ),
            (json!({ "scopes": [{ "name": "read", "level": "read", "colour": "red" }] }), vec!["/scopes/0/colour"]),
        ] {
            let reply = api.post(APPS, with(more.clone())).await;
            assert_eq!((reply.status, reply.pointers()), (422, pointers), "{more}: {}", reply.body);
        }
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM applications"), 0, "all of it, or nothing");
    }

    async fn s7_scopes_teams_and_the_credential_are_kept_over_rest(app) {
        let (api, scene) = (app.root_api(), Scene::of(&app));
        let scope = scene.at("/scopes/export");
        assert_eq!(api.put(&scope, json!({ "description": "x" })).await.pointers(), ["/level"]);
        let made = api.put(&scope, json!({ "level": "read" })).await;
        assert_eq!((made.status, made.header("location")), (201, &*scope), "{}", made.body);
        let changed = api.put(&scope, json!({ "description": "Take out" })).await;
        assert_eq!((changed.status, &changed.body["level"], &changed.body["description"]), (200, &json!("read"), &json!("Take out")));
        assert_eq!(api.put(&scene.at("/scopes/Bad"), json!({ "level": "read" })).await.status, 422);
        assert_eq!((api.delete(&scope).await.status, api.delete(&scope).await.status), (204, 404));
        let open = scene.at(&format!("/teams/{}", scene.keepers));
        assert_eq!((api.request(Method::PUT, &open).send().await.unwrap().status().as_u16(), api.get(&scene.at("/teams")).await.body["teams"].as_array().unwrap().len()), (204, 2));
        assert_eq!(Reply::of(api.request(Method::PUT, &scene.at("/teams/1"))).await.status, 422, "Public gives nothing");
        assert_eq!((api.delete(&open).await.status, api.delete(&open).await.status), (204, 404));
        let credential = scene.at("/credential");
        assert_eq!(api.get(&credential).await.body["secret"], Value::Null);
        assert_eq!(api.post(&credential, json!({ "overlap": "1d" })).await.pointers(), ["/overlap"]);
        let first = api.post(&credential, json!({})).await;
        assert_eq!((first.status, first.header("cache-control")), (201, "no-store"), "{}", first.body);
        let second = api.post(&credential, json!({ "overlap": "24h" })).await;
        let secrets = [&first, &second].map(|reply| reply.body["client_secret"].as_str().unwrap().to_owned());
        assert!(secrets[0] != secrets[1] && secrets.iter().all(|secret| secret.starts_with("lk_app_")), "{}", second.body);
        let told = api.get(&credential).await.body;
        assert_eq!((&told["client_id"], &told["old_secret"]["ends_at"]), (&api.get(&scene.at("")).await.body["uuid"], &json!("2026-11-23T10:00:00Z")));
        assert!(secrets.iter().all(|secret| !told.to_string().contains(secret)));
        assert_eq!(api.post(&scene.at("/credential/finish"), Value::Null).await.body["old_secret"], Value::Null);
        assert_eq!(api.delete(&credential).await.status, 204);
        assert_eq!(api.get(&credential).await.body["secret"], Value::Null);
        app.assert_chain();
    }

    async fn s5_a_token_changes_applications_by_its_scope_alone(app) {
        let scene = Scene::of(&app);
        let keeper = app.service("Keeper", OrgRole::Member, &[(scene.keepers, RoleId::OWNER)]);
        let reads = app.api(&app.token(keeper, "applications:read teams:read"));
        for reply in [
            reads.patch(&scene.at(""), json!({ "name": "Mine" })).await,
            reads.put(&scene.at("/scopes/look"), json!({ "level": "admin" })).await,
            reads.post(&scene.at("/credential"), json!({})).await,
            reads.delete(&scene.at(&format!("/teams/{}", scene.team))).await,
        ] {
            assert_eq!((reply.status, &reply.body["missing_permission"]), (403, &json!("applications:update")), "{}", reply.body);
        }
        assert_eq!(reads.delete(&scene.at("")).await.body["missing_permission"], "applications:delete");
        assert_eq!(reads.post(APPS, json!({ "name": "X", "home_team": "Keepers" })).await.body["missing_permission"], "applications:create");
        let blind = app.api(&app.token(keeper, "teams:read"));
        assert_eq!((blind.get(&scene.at("")).await.status, blind.get(APPS).await.status), (404, 403));
        let elsewhere = scene.bot(&app, RoleId::OWNER);
        let other = app.api(&app.token(elsewhere, "applications:read applications:update applications:delete teams:read"));
        assert_eq!((other.get(&scene.at("")).await.status, other.delete(&scene.at("")).await.status), (404, 404), "access is no sight");
        let moved = app.api(&app.token(keeper, "applications:read applications:update applications:create teams:read"));
        assert_eq!(moved.patch(&scene.at(""), json!({ "home_team": "Billing" })).await.status, 422, "a team that it may not know of");
    }

    async fn s5_a_scope_is_given_by_whoever_reaches_it(app) {
        let scene = Scene::of(&app);
        app.person("mia", OrgRole::Member, &[(scene.team, RoleId::MAINTAINER)]);
        let mia = app.number("SELECT id AS n FROM users WHERE username = 'mia'");
        let owner = scene.bot(&app, RoleId::OWNER);
        let bot = scene.bot(&app, RoleId::EDITOR);
        let with = |scopes: &str| app.api(&app.token(UserId(mia), scopes));
        let maker = with("tokens:create tokens:read service_accounts:read reports:look reports:edit");
        let made = make(&maker, bot, "one", &["reports:look", "reports:edit"]).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let refused = make(&maker, bot, "two", &["reports:purge"]).await;
        assert_eq!(refused.status, 403, "beyond the maker's own level: {}", refused.body);
        let refused = make(&maker, owner, "two", &["reports:purge"]).await;
        assert_eq!(refused.status, 403, "{}", refused.body);
        let poor = with("tokens:create tokens:read service_accounts:read reports:look");
        let refused = make(&poor, bot, "three", &["reports:edit"]).await;
        assert!(refused.body["detail"].as_str().unwrap().contains("does not have reports:edit itself"), "{}", refused.body);
        assert_eq!(refused.status, 403);
    }

    async fn s5_a_scope_that_may_not_be_known_is_told_as_unknown(app) {
        let scene = Scene::of(&app);
        let hidden = app.application("hidden", scene.keepers, &["look read"]);
        let owner = scene.bot(&app, RoleId::OWNER);
        let bot = scene.bot(&app, RoleId::VIEWER);
        let maker = app.api(&app.token(owner, "tokens:create tokens:read service_accounts:read reports:look"));
        let mut answers = Vec::new();
        for scope in ["hidden:look", "hidden:none", "nowhere:look"] {
            let reply = make(&maker, bot, "one", &[scope]).await;
            assert_eq!(reply.status, 422, "{}", reply.body);
            answers.push(reply.body["errors"].to_string().replace(scope, "it"));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        app.open(hidden, scene.team);
        let reply = make(&maker, bot, "one", &["hidden:look"]).await;
        assert_eq!(reply.status, 403, "known now, and beyond the token that gives it: {}", reply.body);
    }

    async fn s10_a_scope_counts_while_team_role_and_access_reach_it(app) {
        let scene = Scene::of(&app);
        let root = app.root_api();
        let bot = scene.bot(&app, RoleId::MAINTAINER);
        // Another team's access is no help, whatever else happens.
        app.open(scene.reports, scene.keepers);
        let api = app.api(&app.token(bot, "reports:edit tokens:read"));
        let all = json!(["tokens:read", "reports:edit"]);
        let without = json!(["tokens:read"]);
        let token = format!("/api/v1/users/{bot}/tokens/{}/permissions", app.last_token(bot));
        assert_eq!(scopes(&api, "effective_scopes").await, all);
        let told = root.get(&token).await.body;
        assert_eq!((&told["application_scopes"][0]["scope"], &told["application_scopes"][0]["by"][0]["team"]), (&json!("reports:edit"), &json!("Billing")), "{told}");
        let member = format!("/api/v1/teams/{}/members/{bot}", scene.team);
        assert_eq!(root.put(&member, json!({ "role": "Viewer" })).await.status, 204);
        assert_eq!(scopes(&api, "effective_scopes").await, without, "demoted");
        let told = root.get(&token).await.body;
        assert!(told["without_effect"][0]["reason"].as_str().unwrap().contains("reaches the level write"), "{told}");
        assert_eq!(root.put(&member, json!({ "role": "Editor" })).await.status, 204);
        assert_eq!(scopes(&api, "effective_scopes").await, all);
        assert_eq!(root.put(&scene.at("/scopes/edit"), json!({ "level": "admin" })).await.status, 200);
        assert_eq!(scopes(&api, "effective_scopes").await, without, "raised");
        root.put(&scene.at("/scopes/edit"), json!({ "level": "write" })).await;
        let access = scene.at(&format!("/teams/{}", scene.team));
        assert_eq!(root.delete(&access).await.status, 204);
        assert_eq!(scopes(&api, "effective_scopes").await, without, "withdrawn");
        assert_eq!(scopes(&api, "scopes").await, all, "it keeps the scope");
        assert_eq!(Reply::of(root.request(Method::PUT, &access)).await.status, 204);
        assert_eq!(scopes(&api, "effective_scopes").await, all);
        let user = root.get(&format!("/api/v1/users/{bot}/permissions")).await.body;
        let words: Vec<_> = user["application_scopes"].as_array().unwrap().iter().map(|one| &one["scope"]).collect();
        assert_eq!(words, ["reports:edit", "reports:look"], "{user}");
        assert_eq!(root.delete(&scene.at("/scopes/edit")).await.status, 204);
        app.scope(scene.reports, "edit read");
        assert_eq!(scopes(&api, "scopes").await, without, "one of the same name is another one");
    }

    async fn s10_a_token_limited_to_teams_uses_applications_through_those_alone(app) {
        let scene = Scene::of(&app);
        let other = app.team("Other");
        let bot = app.service("Bot", OrgRole::Member, &[(scene.team, RoleId::OWNER), (other, RoleId::OWNER)]);
        let root = app.root_api();
        let limited = |team: &str, name: &str| json!({ "name": name, "expires_in_days": 1, "scopes": ["reports:look", "tokens:read"], "teams": [team] });
        let made = root.post(&format!("/api/v1/users/{bot}/tokens"), limited("Other", "one")).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let api = app.api(made.body["token"].as_str().unwrap());
        assert_eq!(scopes(&api, "effective_scopes").await, json!(["tokens:read"]), "Other has no access");
        app.open(scene.reports, other);
        assert_eq!(scopes(&api, "effective_scopes").await, json!(["tokens:read", "reports:look"]));
        let access = scene.at(&format!("/teams/{other}"));
        assert_eq!(root.delete(&access).await.status, 204);
        assert_eq!(scopes(&api, "effective_scopes").await, json!(["tokens:read"]), "the other team's access does not help");
    }
}
