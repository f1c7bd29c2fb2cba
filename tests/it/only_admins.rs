//! *Only administrators manage service accounts*: every path that makes, assigns or gives tokens to one is tried with the
//! setting off and on. Each request is shown to be good before it is shown to be refused.

use latchkey::http::routing::Route;
use latchkey::model::ids::{RoleId, TeamId, UserId};
use latchkey::model::permissions::PermissionSet;
use latchkey::model::roles::OrgRole;
use latchkey::server::routes::table;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, Browser, Reply, Snapshot, TestApp};

const SETTINGS: &str = "/api/v1/settings";

/// A service account with a token in a team, another team, an account to be added, a person to be turned into one.
struct Scene {
    team: TeamId,
    other: TeamId,
    service: UserId,
    outsider: UserId,
    person: UserId,
    token: i64,
}

impl Scene {
    fn of(app: &TestApp) -> Self {
        app.make_admin("ada");
        let (team, other) = (app.team("Billing"), app.team("Platform"));
        let service = app.service("Importer", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        app.token(service, "teams:read");
        let token = app.number("SELECT MAX(id) AS n FROM tokens");
        let outsider = app.service("Loner", OrgRole::Member, &[]);
        let person = app.person("paula", OrgRole::Member, &[]);
        Self { team, other, service, outsider, person, token }
    }

    /// A path with `{team}`, `{service}`, `{outsider}`, `{person}`, `{token}` in it.
    fn fill(&self, text: &str) -> String {
        let ids = [
            ("{team}", self.team.0),
            ("{other}", self.other.0),
            ("{service}", self.service.0),
            ("{outsider}", self.outsider.0),
            ("{person}", self.person.0),
            ("{token}", self.token),
        ];
        ids.into_iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, &id.to_string()))
    }
}

/// Method, path, and the fields of the form.
type Page = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const TOKEN: &[(&str, &str)] = &[("token_name", "fresh"), ("expires", "30"), ("scope", "teams:read")];

const PAGES: &[Page] = &[
    ("GET", "/users/service/new?home_team={team}", &[]),
    ("GET", "/users/service/new/token?name=Robot&role=Member&team={team}&home_team={team}", &[]),
    ("GET", "/users/service/preview?name=Robot", &[]),
    (
        "POST",
        "/users/service",
        &[
            ("name", "Robot"),
            ("role", "Member"),
            ("team", "{team}"),
            ("home_team", "{team}"),
            ("token_name", "fresh"),
            ("expires", "30"),
            ("scope", "teams:read"),
        ],
    ),
    ("POST", "/users/new", &[("is_service", "on"), ("display_name", "Robot"), ("role", "Member"), ("team", "{team}")]),
    ("GET", "/users/bulk?action=revoke&id={service}", &[]),
    ("GET", "/teams/{team}/members/new?kind=service", &[]),
    ("POST", "/teams/{team}/members/new", &[("kind", "service"), ("user", "{outsider}"), ("role", "Viewer")]),
    ("POST", "/teams/{team}/members/{service}/role", &[("role", "Editor")]),
    ("GET", "/teams/{team}/members/{service}/remove", &[]),
    ("POST", "/teams/{team}/members/{service}/remove", &[]),
    ("POST", "/teams/{team}/move-homes", &[("to", "Platform")]),
    ("POST", "/users/{service}/teams", &[("team", "Platform"), ("role", "Viewer")]),
    ("POST", "/users/{service}/teams/{team}", &[("role", "Editor")]),
    ("GET", "/users/{service}/teams/{team}/remove", &[]),
    ("POST", "/users/{service}/teams/{team}/remove", &[]),
    ("POST", "/users/{service}", &[("version", "1"), ("home_team", "{other}")]),
    ("GET", "/users/{person}/turn-into-service", &[]),
    ("POST", "/users/{person}/turn-into-service", &[("home_team", "{team}")]),
    ("GET", "/users/{service}/turn-into-person", &[]),
    ("POST", "/users/{service}/turn-into-person", &[("username", "robot"), ("email", "robot@example.com")]),
    ("GET", "/users/{service}/tokens/new", &[]),
    ("POST", "/users/{service}/tokens/new", TOKEN),
    ("POST", "/users/{service}/tokens/{token}", &[("version", "1"), ("name", "renamed")]),
    ("GET", "/users/{service}/tokens/{token}/rotate", &[]),
    ("POST", "/users/{service}/tokens/{token}/rotate", &[("version", "1"), ("overlap", "none"), ("form_key", "key")]),
    ("POST", "/users/{service}/tokens/{token}/finish", &[("version", "1")]),
    ("GET", "/users/{service}/tokens/{token}/suspend", &[]),
    ("POST", "/users/{service}/tokens/{token}/suspend", &[("version", "1")]),
    ("GET", "/users/{service}/tokens/{token}/resume", &[]),
    ("POST", "/users/{service}/tokens/{token}/resume", &[("version", "1")]),
    ("GET", "/users/{service}/tokens/{token}/revoke", &[]),
    ("POST", "/users/{service}/tokens/{token}/revoke", &[]),
    ("POST", "/users/bulk", &[("action", "revoke"), ("id", "{service}")]),
];

fn calls() -> Vec<(&'static str, &'static str, Value)> {
    let token = json!({ "name": "fresh", "expires_in_days": 1, "scopes": ["teams:read"] });
    vec![
        ("POST", "/api/v1/users", json!({ "name": "Robot", "role": "Member", "teams": ["Billing"] })),
        ("PATCH", "/api/v1/users/{service}", json!({ "home_team": "Platform" })),
        ("PUT", "/api/v1/teams/{team}/members/{outsider}", json!({ "role": "Viewer" })),
        ("PUT", "/api/v1/teams/{team}/members/{service}", json!({ "role": "Editor" })),
        ("DELETE", "/api/v1/teams/{team}/members/{service}", Value::Null),
        ("POST", "/api/v1/teams/{team}/move-homes", json!({ "to": "Platform" })),
        ("POST", "/api/v1/users/{person}/turn-into-service", json!({ "home_team": "Billing" })),
        (
            "POST",
            "/api/v1/users/{service}/turn-into-person",
            json!({ "username": "robot", "email": "robot@example.com" }),
        ),
        ("POST", "/api/v1/users/{service}/revoke-tokens", Value::Null),
        ("POST", "/api/v1/users/{service}/tokens", token),
        ("PATCH", "/api/v1/users/{service}/tokens/{token}", json!({ "scopes": [] })),
        ("POST", "/api/v1/users/{service}/tokens/{token}/rotate", json!({ "overlap": "none" })),
        ("POST", "/api/v1/users/{service}/tokens/{token}/finish", Value::Null),
        ("POST", "/api/v1/users/{service}/tokens/{token}/suspend", Value::Null),
        ("POST", "/api/v1/users/{service}/tokens/{token}/resume", Value::Null),
        ("DELETE", "/api/v1/users/{service}/tokens/{token}", Value::Null),
    ]
}

async fn open(browser: &mut Browser, scene: &Scene, (method, path, fields): &Page) -> u16 {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, scene.fill(value))).collect();
    let request = browser.request(Method::from_bytes(method.as_bytes()).unwrap(), &scene.fill(path));
    let request = request.header("sec-fetch-site", "same-origin");
    let request = if *method == "GET" { request } else { request.form(&fields) };
    browser.send(request).await.status
}

async fn call(api: &Api, scene: &Scene, (method, path, body): &(&str, &str, Value)) -> Reply {
    let request = api.request(Method::from_bytes(method.as_bytes()).unwrap(), &scene.fill(path));
    Reply::of(if body.is_null() { request } else { request.json(body) }).await
}

fn turn_on(app: &TestApp) {
    app.write(|cx| {
        latchkey::service::settings::update(cx, None, |settings| settings.only_admins_manage_machines = true)
    });
}

fn is_good(status: u16) -> bool {
    matches!(status, 200 | 201 | 204 | 303)
}

#[test]
fn no_route_is_left_out() {
    let about_machines = |route: &Route| {
        let path = route.path;
        let one_account = path.contains("/users/{id}/tokens") || path.contains("/users/{id}/teams");
        route.method != "GET"
            && (one_account
                || path.contains("/members")
                || path.contains("/turn-into")
                || path.ends_with("/move-homes"))
    };
    let shape = |path: &str| -> Vec<String> {
        let path = path.split('?').next().unwrap_or_default();
        path.split('/').map(|part| if part.starts_with('{') { "{}".into() } else { part.to_owned() }).collect()
    };
    let tried: Vec<_> =
        PAGES.iter().map(|page| (page.0, page.1)).chain(calls().iter().map(|call| (call.0, call.1))).collect();
    for route in table().iter().filter(|route| about_machines(route)) {
        let found = tried.iter().any(|(method, path)| *method == route.method && shape(path) == shape(route.path));
        assert!(found, "{} {} is not tried with the setting on", route.method, route.path);
    }
}

both! {
    async fn every_page_is_closed_to_all_but_admins(app) {
        let scene = Scene::of(&app);
        app.person("max", OrgRole::Manager, &[]);
        app.person("olga", OrgRole::Member, &[(scene.team, RoleId::OWNER), (scene.other, RoleId::OWNER)]);
        let [mut ada, mut max, mut olga] = [app.log_in("ada").await, app.log_in("max").await, app.log_in("olga").await];
        let off = Snapshot::of(&app.db);
        for page in PAGES {
            assert!(is_good(open(&mut max, &scene, page).await), "{page:?} is open to a Manager with the setting off");
            off.restore(&app.db);
        }
        for page in PAGES {
            turn_on(&app);
            for (who, browser) in [("a Manager", &mut max), ("an Owner", &mut olga)] {
                let status = open(browser, &scene, page).await;
                // What an Owner does not see is not there at all.
                assert!(status == 403 || (who == "an Owner" && status == 404), "{page:?} by {who}: {status}");
            }
            assert!(is_good(open(&mut ada, &scene, page).await), "{page:?} stays open to an Admin");
            off.restore(&app.db);
        }
    }

    async fn the_api_is_closed_to_all_but_global_admins(app) {
        let scene = Scene::of(&app);
        let every = PermissionSet::everything().to_string();
        let max = app.person("max", OrgRole::Manager, &[]);
        let grace = app.make_admin("grace");
        let runner = app.service("Runner", OrgRole::Member, &[(scene.team, RoleId::OWNER), (scene.other, RoleId::OWNER)]);
        let scoped = [("a Manager", max), ("a scoped token of an Admin", grace), ("a service account", runner)];
        let scoped = scoped.map(|(who, user)| (who, app.api(&app.token(user, &every))));
        let root = app.root_api();
        let off = Snapshot::of(&app.db);
        for request in calls() {
            for (who, api) in &scoped[..2] {
                let reply = call(api, &scene, &request).await;
                assert!(is_good(reply.status), "{request:?} by {who} with the setting off: {}", reply.body);
                off.restore(&app.db);
            }
            turn_on(&app);
            for (who, api) in &scoped {
                let reply = call(api, &scene, &request).await;
                assert!(reply.status == 403 || (who.ends_with("account") && reply.status == 404), "{request:?} by {who}: {}", reply.body);
            }
            let reply = call(&root, &scene, &request).await;
            assert!(is_good(reply.status), "{request:?} by a global-admin token: {}", reply.body);
            off.restore(&app.db);
        }
    }

    async fn a_machine_does_not_revoke_its_own_tokens_then(app) {
        let scene = Scene::of(&app);
        let api = app.api(&app.token(scene.service, "self:read self:update teams:read"));
        turn_on(&app);
        let path = scene.fill("/api/v1/users/{service}/tokens/{token}");
        assert_eq!(api.delete(&path).await.status, 403);
        app.write(|cx| latchkey::service::settings::update(cx, None, |settings| settings.only_admins_manage_machines = false));
        assert_eq!(api.delete(&path).await.status, 204);
    }

    async fn the_controls_are_not_drawn_and_stopping_an_account_stays(app) {
        let scene = Scene::of(&app);
        app.person("olga", OrgRole::Member, &[(scene.team, RoleId::OWNER)]);
        app.person("max", OrgRole::Manager, &[]);
        let (mut olga, mut max) = (app.log_in("olga").await, app.log_in("max").await);
        let (team, account) = (format!("/teams/{}", scene.team), format!("/users/{}", scene.service));
        let controls = [
            (team.clone(), "a[href*='kind=service']"),
            (format!("{team}/service-accounts"), "a[href$='/remove']"),
            (format!("{team}/service-accounts"), "select[name=role][data-submit][aria-label^='Role of']"),
            (format!("{team}/service-accounts"), "a[href*='kind=service']"),
            ("/users".into(), "a[href='/users/service/new']"),
            (account.clone(), "select[name=home_team]"),
            (format!("{account}/tokens"), "a[href$='/tokens/new']"),
            (format!("{account}/tokens"), "a[href$='/revoke']"),
            (format!("{account}/tokens/{}", scene.token), "a[href$='/rotate']"),
            (format!("{account}/tokens/{}", scene.token), "a[href$='/suspend']"),
            (format!("{account}/teams"), "a[href$='/remove']"),
            (format!("{account}/teams"), "form[action$='/teams']"),
        ];
        let for_managers =
            [("/users/new".to_owned(), "#is_service"), (format!("/users/{}", scene.person), "a[href$='/turn-into-service']")];
        for on in [false, true] {
            for (path, control) in &controls {
                // Nobody but a Manager may add it to another team: an Owner of one has no other to give.
                let browser = if control.starts_with("form") { &mut max } else { &mut olga };
                let page = browser.get(path).await;
                assert_eq!(page.count(control) > 0, !on, "{control} on {path}, on: {on}: {}", page.body);
            }
            for (path, control) in &for_managers {
                assert_eq!(max.get(path).await.count(control) > 0, !on, "{control} on {path}, on: {on}");
            }
            turn_on(&app);
        }
        let profile = olga.get(&account).await;
        let renamed = olga.submit(&account, &[("version", &profile.value("version")), ("display_name", "Importer 2")]).await;
        assert!(renamed.has("Importer 2 was saved."), "{}", renamed.text());
        for act in ["disable", "enable"] {
            assert_eq!(olga.post(&format!("{account}/{act}"), &[]).await.status, 303, "{act}");
        }
        let person = [("kind", "person"), ("user", &*scene.person.to_string()), ("role", "Viewer")];
        assert_eq!(olga.post(&format!("{team}/members/new"), &person).await.status, 303, "people are added as before");
    }

    async fn admins_alone_see_and_change_the_settings(app) {
        let scene = Scene::of(&app);
        app.person("max", OrgRole::Manager, &[]);
        app.person("olga", OrgRole::Member, &[(scene.team, RoleId::OWNER)]);
        let (mut ada, mut max) = (app.log_in("ada").await, app.log_in("max").await);
        assert_eq!((max.get("/settings").await.status, max.get("/").await.count("nav a[href='/settings']")), (403, 0));
        assert_eq!(max.post("/settings", &[("version", "1"), ("only_admins", "on")]).await.status, 403);
        assert!(ada.get("/").await.count("nav a[href='/settings']") > 0);
        let page = ada.get("/settings").await;
        assert!(page.has("1 person in 1 team") && page.has("1 Manager, everywhere"), "{}", page.text());
        let saved = ada.submit("/settings", &[("version", &page.value("version")), ("only_admins", "on")]).await;
        assert!(saved.has("Saved. Only administrators manage service accounts now."), "{}", saved.text());
        assert_eq!(saved.count("#only_admins[checked]"), 1);
        let stale = ada.post("/settings", &[("version", "1")]).await;
        assert!(stale.status == 409 && stale.has("Not saved") && stale.count("#only_admins[checked]") == 0, "{}", stale.text());
        ada.submit("/settings", &[("version", &saved.value("version"))]).await;
        let log = app.audit();
        assert_eq!(log.iter().filter(|line| line.starts_with("settings.update done Settings")).count(), 2, "{log:#?}");
        assert!(log.iter().any(|line| line.starts_with("settings.update refused Settings")));
        app.assert_chain();
    }

    async fn the_settings_over_rest(app) {
        let scene = Scene::of(&app);
        let api = app.root_api();
        let found = api.get(SETTINGS).await;
        assert_eq!((found.header("etag"), &found.body["only_admins_manage_service_accounts"]), ("\"1\"", &json!(false)));
        let changed = api.patch(SETTINGS, json!({ "only_admins_manage_service_accounts": true })).await;
        assert_eq!((changed.status, changed.header("etag")), (200, "\"2\""), "{}", changed.body);
        assert_eq!(api.patch(SETTINGS, json!({})).await.header("etag"), "\"2\"", "nothing asked, nothing changed");
        let stale = api.request(Method::PATCH, SETTINGS).header("if-match", "\"1\"").json(&json!({ "only_admins_manage_service_accounts": false }));
        assert_eq!(Reply::of(stale).await.status, 412);
        assert_eq!(api.patch(SETTINGS, json!({ "only_admins": true })).await.pointers(), ["/only_admins"]);
        let weak = app.api(&app.token(scene.person, &PermissionSet::everything().to_string()));
        for reply in [weak.get(SETTINGS).await, weak.patch(SETTINGS, json!({ "only_admins_manage_service_accounts": false })).await] {
            assert_eq!(reply.status, 403, "{}", reply.body);
        }
    }

    async fn the_page_counts_whom_the_setting_takes_something_from(app) {
        let scene = Scene::of(&app);
        let count = || app.write(latchkey::service::settings::affected);
        let counted = |affected: latchkey::model::settings::Affected| (affected.people, affected.everywhere, affected.teams, affected.machines);
        assert_eq!(counted(count()), (0, 0, 0, 0));
        app.person("olga", OrgRole::Member, &[(scene.team, RoleId::OWNER), (scene.other, RoleId::MAINTAINER)]);
        app.person("vic", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let mia = app.person("mia", OrgRole::Member, &[(scene.team, RoleId::MAINTAINER)]);
        app.person("max", OrgRole::Manager, &[]);
        let runner = app.service("Runner", OrgRole::Member, &[(scene.team, RoleId::OWNER)]);
        assert_eq!(counted(count()), (3, 1, 2, 0), "a service account without a token for it manages nothing");
        app.token(runner, "tokens:create");
        app.write(|cx| latchkey::service::users::disable(cx, mia));
        assert_eq!(counted(count()), (2, 1, 2, 1));
    }
}
