//! Who gets through which route, and that nobody else changes anything.

mod matrix;
mod requests;
mod scene;

use latchkey::http::routing::{Face, Policy, Route};
use latchkey::model::ids::{ApplicationId, RoleId, TeamId, UserId};
use latchkey::model::roles::{AppLevel, OrgRole};
use latchkey::server::routes::table;
use reqwest::Method;
use serde_json::json;

use crate::support::{Api, Browser, TestApp};

/// Things that a caller would like to get at.
struct Targets {
    admin: UserId,
    team: TeamId,
    role: RoleId,
    application: ApplicationId,
}

impl Targets {
    fn make(app: &TestApp) -> Self {
        let admin = app.make_admin("grace");
        let team = app.team("Platform");
        let service = app.service("Deployer", OrgRole::Editor, &[(team, RoleId::OWNER)]);
        app.token(service, "users:read");
        app.token(admin, "users:read");
        let role = app.role("Deployer", "tokens:create", AppLevel::Read);
        let application = app.application("reports", team, &["look read"]);
        app.open(application, team);
        app.credential(application);
        Self { admin, team, role, application }
    }

    /// The path of a route with the targets' ids in it.
    fn path(&self, route: &Route) -> String {
        let mut before = "";
        let parts = route.path.split('/').map(|part| {
            let filled = match (part.starts_with('{'), before) {
                (false, _) => part.to_owned(),
                (true, "users" | "members") => self.admin.to_string(),
                (true, "teams") => self.team.to_string(),
                (true, "roles") => self.role.to_string(),
                (true, "applications") => self.application.to_string(),
                (true, "scopes") => "look".into(),
                (true, "organisation") => "Admin".into(),
                (true, "tokens") => "2".into(),
                (true, _) => "1".into(),
            };
            before = part;
            filled
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// Everything that a form or body could do harm with.
fn fields(targets: &Targets) -> Vec<(String, String)> {
    let (admin, team) = (targets.admin.to_string(), targets.team.to_string());
    [
        ("username", "intruder"),
        ("display_name", "Intruder"),
        ("email", "intruder@example.com"),
        ("name", "Intruder"),
        ("role", "Owner"),
        ("password", "plum harbour ticket seven"),
        ("team", &team),
        ("user", &admin),
        ("user_id", &admin),
        ("account", "grace"),
        ("contact", "jonas"),
        ("id", &admin),
        ("action", "disable"),
        ("scope", "users:read"),
        ("expires", "30"),
        ("token_name", "intruder"),
        ("global_admin", "on"),
        ("home_team", &team),
        ("description", "Intruder"),
        ("version", "1"),
        ("who", "grace"),
        ("sponsor", "grace"),
        ("to", "Public"),
        ("only_admins", "on"),
        ("permission", "tokens:delete"),
        ("level", "admin"),
        ("slug", "intruder"),
        ("home", "Platform"),
        ("audience", "intruder"),
        ("overlap", "none"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// Everything in the store that is worth keeping, in words.
fn contents(app: &TestApp) -> Vec<String> {
    app.db.texts(
        "SELECT t FROM (\
         SELECT 'user ' || id || username || display_name || email || role || description || COALESCE(password_hash, '-') || COALESCE(disabled_at, 0) || version AS t FROM users \
         UNION ALL SELECT 'team ' || id || name || description || version FROM teams \
         UNION ALL SELECT 'role ' || id || name || description || permissions || level || version FROM roles \
         UNION ALL SELECT 'member ' || user_id || '/' || team_id || '/' || role_id FROM memberships \
         UNION ALL SELECT 'token ' || id || name || description || scopes || COALESCE(revoked_at, 0) || version FROM tokens \
         UNION ALL SELECT 'application ' || id || slug || name || description || home_team_id || audience || version FROM applications \
         UNION ALL SELECT 'scope ' || id || name || description || level FROM application_scopes \
         UNION ALL SELECT 'access ' || application_id || '/' || team_id FROM application_teams \
         UNION ALL SELECT 'secret ' || application_id || hint || COALESCE(ends_at, 0) FROM application_secrets \
         UNION ALL SELECT 'use ' || token_id || '/' || scope_id FROM token_scopes \
         UNION ALL SELECT 'settings ' || version FROM settings \
         UNION ALL SELECT 'home ' || id || '/' || COALESCE(home_team_id, 0) || '/' || COALESCE(sponsor_id, 0) FROM users \
         UNION ALL SELECT 'link ' || id || purpose FROM links) AS everything ORDER BY t",
    )
}

fn pages() -> Vec<Route> {
    table().into_iter().filter(|route| route.face == Face::Page).collect()
}

fn unsafe_pages() -> Vec<Route> {
    pages().into_iter().filter(|route| route.method != "GET").collect()
}

async fn send(
    browser: &mut Browser,
    route: &Route,
    targets: &Targets,
    headers: &[(&str, &str)],
) -> crate::support::Html {
    let method = Method::from_bytes(route.method.as_bytes()).unwrap();
    let mut request = browser.request(method, &targets.path(route));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if route.method != "GET" {
        request = request.form(&fields(targets));
    }
    browser.send(request).await
}

async fn call(api: &Api, route: &Route, targets: &Targets) -> crate::support::Reply {
    let method = Method::from_bytes(route.method.as_bytes()).unwrap();
    let request = api.request(method, &targets.path(route));
    crate::support::Reply::of(if route.method == "GET" { request } else { request.json(&body(route)) }).await
}

/// A body that the route would take from somebody who may, so that nothing but the rules can refuse it.
pub fn body(route: &Route) -> serde_json::Value {
    match (route.method, route.path) {
        ("POST", "/api/v1/users") => json!({ "name": "Intruder", "role": "Member", "teams": ["Platform"] }),
        ("POST", path) if path.ends_with("/tokens") => {
            json!({ "name": "intruder", "expires_in_days": 1, "scopes": ["teams:read"] })
        }
        ("POST", path) if path.ends_with("/rotate") => json!({ "overlap": "none" }),
        ("POST", "/api/v1/leaks") => json!({ "token": "lk_svc_0000000000000000000000000000000000000000" }),
        ("POST", "/api/v1/tokens/lookup") => json!({ "token": "lk_svc_0000000000000000000000000000000000000000" }),
        ("POST", path) if path.ends_with("/turn-into-service") => json!({ "home_team": "Platform" }),
        ("POST", path) if path.ends_with("/turn-into-person") => {
            json!({ "username": "intruder", "email": "intruder@example.com" })
        }
        ("POST", path) if path.ends_with("/handover") => json!({ "contact": 1 }),
        ("PUT", path) if path.contains("/scopes/") => json!({ "level": "admin" }),
        ("PUT", _) => json!({ "role": "Owner" }),
        ("POST", "/api/v1/applications") => json!({ "name": "Intruder", "home_team": "Platform" }),
        ("POST", path) if path.ends_with("/credential") => json!({ "overlap": "none" }),
        ("PATCH", "/api/v1/settings") => json!({ "only_admins_manage_service_accounts": true }),
        ("POST", path) if path.ends_with("/move-homes") => json!({ "to": "Platform" }),
        ("POST", "/api/v1/roles") => json!({ "name": "Intruder", "permissions": ["tokens:delete"] }),
        ("PATCH", path) if path.contains("/roles/") => json!({ "permissions": ["tokens:delete"] }),
        ("PATCH", path) if path.contains("/users/") => json!({ "description": "Intruder" }),
        _ => json!({ "name": "Intruder" }),
    }
}

const SAME: &[(&str, &str)] = &[("sec-fetch-site", "same-origin")];

both! {
    async fn a_visitor_is_led_to_the_log_in(app) {
        let targets = Targets::make(&app);
        let before = contents(&app);
        for route in pages().iter().filter(|route| route.policy == Policy::Session) {
            let answer = send(&mut app.visitor(), route, &targets, SAME).await;
            let to_log_in = answer.location.as_deref().is_some_and(|path| path.starts_with("/login"));
            assert!(answer.status == 303 && to_log_in, "{} {}: {}", route.method, route.path, answer.status);
        }
        assert_eq!(contents(&app), before);
    }

    async fn another_site_gets_nothing_done(app) {
        let targets = Targets::make(&app);
        let mut ada = app.admin().await;
        let before = contents(&app);
        let elsewhere: [&[(&str, &str)]; 5] = [
            &[],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "https://evil.example")],
            &[("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1")],
        ];
        for route in unsafe_pages() {
            for headers in elsewhere {
                let answer = send(&mut ada, &route, &targets, headers).await;
                assert_eq!(answer.status, 403, "{} {} {headers:?}", route.method, route.path);
                assert!(answer.has("did not come from a page of this portal"), "{}", answer.text());
            }
        }
        assert_eq!(contents(&app), before);
        let refused = app.audit().iter().filter(|line| line.starts_with("request refused")).count();
        assert_eq!(refused, 1, "written down once a minute");
        let origin = app.url.clone();
        let answer = send(&mut ada, &unsafe_pages()[0], &targets, &[("origin", &origin)]).await;
        assert_ne!(answer.status, 403, "the portal's own origin counts where Sec-Fetch-Site is missing");
    }

    async fn a_member_changes_nothing_of_others(app) {
        let targets = Targets::make(&app);
        app.person("jonas", OrgRole::Member, &[]);
        let mut jonas = app.log_in("jonas").await;
        let before = contents(&app);
        let own = ["/logout", "/appearance", "/login", "/account", "/account/password", "/account/sessions/end", "/account/sessions/end-others"];
        for route in unsafe_pages().iter().filter(|route| !own.contains(&route.path)) {
            let answer = send(&mut jonas, route, &targets, SAME).await;
            // Of the users selected none is there for him, so the list asks him to select again.
            let nobody_selected = route.path == "/users/bulk" && answer.status == 303;
            let refused = (400..500).contains(&answer.status) || nobody_selected;
            assert!(refused, "{} {}: {} {}", route.method, route.path, answer.status, answer.text());
        }
        for route in pages().iter().filter(|route| route.method == "GET") {
            let answer = send(&mut jonas, route, &targets, &[]).await;
            assert!(answer.status < 500, "{}: {}", route.path, answer.status);
            assert!(!answer.body.contains("grace@example.com"), "{} shows a stranger", route.path);
        }
        assert_eq!(contents(&app), before);
    }

    async fn the_api_wants_a_token_that_can_do_something(app) {
        let targets = Targets::make(&app);
        let ada = app.admin().await;
        let stray = app.service("Stray", OrgRole::Admin, &[]);
        let idle = app.service("Idle", OrgRole::Admin, &[(targets.team, RoleId::OWNER)]);
        let callers = [
            ("nobody", 401, app.api("")),
            ("nonsense", 401, app.api("lk_svc_nonsense")),
            ("a mistyped token", 401, app.api("lk_svc_000000000000000000000000000000000000000")),
            ("no team", 403, app.api(&app.token(stray, "users:read users:create teams:read self:read"))),
            ("no scopes", 403, app.api(&app.token(idle, ""))),
        ];
        let before = contents(&app);
        for route in table().iter().filter(|route| route.policy == Policy::Token) {
            for (who, status, api) in &callers {
                let reply = call(api, route, &targets).await;
                assert_eq!(reply.status, *status, "{} {} by {who}: {}", route.method, route.path, reply.body);
                assert_eq!(reply.header("content-type"), "application/problem+json", "{}", route.path);
                assert_eq!(reply.header("www-authenticate").starts_with("Bearer"), *status == 401);
                if *status == 403 {
                    assert!(reply.body["detail"].as_str().is_some_and(|why| why.contains("can do nothing")), "{}", reply.body);
                }
            }
            let method = Method::from_bytes(route.method.as_bytes()).unwrap();
            let by_session = app.api("").request(method, &targets.path(route)).header("cookie", ada.cookie().unwrap());
            assert_eq!(crate::support::Reply::of(by_session).await.status, 401, "{} by a browser session", route.path);
        }
        assert_eq!(contents(&app), before);
    }

    async fn a_viewer_of_a_team_changes_nothing_through_the_api(app) {
        let targets = Targets::make(&app);
        let viewer = app.service("Viewer", OrgRole::Member, &[(targets.team, RoleId::VIEWER)]);
        // Seen by the viewer, so that the answer is a refusal and not that there is no such thing.
        app.sql(&format!("INSERT INTO memberships (user_id, team_id, role_id, created_at) VALUES ({}, {}, 1, 0)", targets.admin, targets.team)).unwrap();
        let every = latchkey::model::permissions::PermissionSet::everything().to_string();
        let api = app.api(&app.token(viewer, &every));
        let before = contents(&app);
        // Who may read tokens may look one up, which changes nothing.
        let looks = |route: &&Route| route.method == "GET" || route.path == "/api/v1/tokens/lookup";
        for route in table().iter().filter(|route| route.policy == Policy::Token && !looks(route)) {
            let reply = call(&api, route, &targets).await;
            // What roles hold is not for the members of teams to see.
            let status = if route.path == "/api/v1/roles/{id}" { 404 } else { 403 };
            assert_eq!(reply.status, status, "{} {}: {}", route.method, route.path, reply.body);
        }
        assert_eq!(contents(&app), before);
    }
}
