//! For each route a request that nothing but the rules can refuse.

use latchkey::http::routing::Route;
use latchkey::model::ids::UserId;
use serde_json::{Value, json};

use super::scene::{CUSTOM, FREE, Scene};
use crate::support::PASSWORD;

/// The custom role: whoever may make service accounts covers it.
const MAKER: &str = "Robot maker";
const USERS: &[&str] = &["service", "person", "admin"];
const MACHINE_AND_PERSON: &[&str] = &["service", "person"];

/// What a route is tried on, where it is about something.
pub fn things(route: &Route) -> &'static [&'static str] {
    match (route.method, route.path) {
        ("POST", "/users/new" | "/api/v1/users") => MACHINE_AND_PERSON,
        (_, path) if path.ends_with("/members/new") => MACHINE_AND_PERSON,
        (_, path) if path.contains("/members/{user") => MACHINE_AND_PERSON,
        (_, "/users/bulk") => USERS,
        (_, path) if path.contains("/users/{id}") => USERS,
        (_, path) if path.contains("/applications/{id}") => &["app"],
        (_, path) if path.contains("/teams/{id}") => &["team", "public"],
        (_, path) if path.contains("/roles/{id}") => &["custom", "free", "owner"],
        _ => &["-"],
    }
}

impl Scene {
    fn user(&self, thing: &str) -> UserId {
        match thing {
            "service" => self.service,
            "person" => self.person,
            _ => self.admin,
        }
    }

    fn token(&self, thing: &str) -> i64 {
        self.tokens[usize::from(thing == "person") + 2 * usize::from(thing == "admin")]
    }

    fn version(&self, table: &str, id: i64) -> String {
        self.app.number(&format!("SELECT version AS n FROM {table} WHERE id = {id}")).to_string()
    }

    fn username(&self, thing: &str) -> String {
        self.app.db.texts(&format!("SELECT username AS t FROM users WHERE id = {}", self.user(thing))).remove(0)
    }
}

/// The route's address for this thing.
pub fn path(scene: &Scene, route: &Route, thing: &str) -> String {
    let mut before = "";
    let parts = route.path.split('/').map(|part| {
        let filled = match (part.starts_with('{'), before) {
            (false, _) => part.to_owned(),
            (true, "users" | "members") => scene.user(thing).to_string(),
            (true, "teams") if thing == "public" => "1".into(),
            (true, "teams") => scene.team.to_string(),
            (true, "tokens") => scene.token(thing).to_string(),
            (true, "roles") if thing == "owner" => "4".into(),
            (true, "roles") if thing == "free" => FREE.to_string(),
            (true, "organisation") => "Manager".into(),
            (true, "applications") => scene.application.to_string(),
            (true, "scopes") => "look".into(),
            // The entry of the team's making.
            (true, "audit") => scene
                .app
                .number("SELECT seq AS n FROM audit WHERE action = 'team.create' AND target_name = 'Billing'")
                .to_string(),
            (true, "roles") => CUSTOM.to_string(),
            (true, _) => "999999".into(),
        };
        before = part;
        filled
    });
    let path = parts.collect::<Vec<_>>().join("/");
    match (route.method, route.path) {
        ("GET", "/users/bulk") => format!("{path}?action=disable&id={}", scene.user(thing)),
        ("GET", "/users/service/new/token") => {
            format!("{path}?name=Robot&role=Member&team={0}&home_team={0}", scene.team)
        }
        ("GET", "/users/agent/new/token") => {
            format!("{path}?name=Robot&role=Member&team={0}&home_team={0}", scene.team)
        }
        ("GET", "/users/service/preview") => format!("{path}?name=Robot"),
        ("GET", _) if route.path.ends_with("/members/new") => format!("{path}?kind={thing}"),
        _ => path,
    }
}

/// The fields of the route's form.
pub fn form(scene: &Scene, route: &Route, thing: &str) -> Vec<(String, String)> {
    let team = scene.team.to_string();
    let (user, username) = (scene.user(thing).to_string(), scene.username(thing));
    let user_version = scene.version("users", scene.user(thing).0);
    let team_version = scene.version("teams", if thing == "public" { 1 } else { scene.team.0 });
    let app_version = scene.version("applications", scene.application.0);
    let (outsider, service) = (scene.outsider(thing).to_string(), scene.service.to_string());
    let role = format!("team_role_{team}");
    let token = [("token_name", "fresh"), ("expires", "30"), ("scope", "service_accounts:read")];
    let fields: Vec<(&str, &str)> = match route.path {
        "/login" => vec![("login", "grace"), ("password", PASSWORD)],
        "/appearance" => vec![("theme", "dark")],
        "/users/new" if thing == "service" => vec![
            ("is_service", "on"),
            ("display_name", "Robot"),
            ("role", "Member"),
            ("team", &team),
            (&role, MAKER),
            ("home_team", &team),
        ],
        "/users/new" => vec![
            ("display_name", "Nora"),
            ("username", "nora"),
            ("email", "nora@example.com"),
            ("role", "Member"),
            ("team", &team),
            (&role, "Viewer"),
        ],
        "/users/bulk" => vec![("action", "disable"), ("id", &user)],
        "/users/service" | "/users/agent" => [("name", "Robot"), ("role", "Member"), ("team", &team), (&role, MAKER)]
            .into_iter()
            .chain([("home_team", team.as_str())])
            .chain(token)
            .collect(),
        "/users/{id}" => vec![("version", &user_version), ("display_name", "Renamed")],
        "/users/{id}/teams" => vec![("team", "Platform"), ("role", "Viewer")],
        "/users/{id}/teams/{team}" | "/teams/{id}/members/{user}/role" => vec![("role", "Editor")],
        "/users/{id}/tokens/new" => token.to_vec(),
        "/users/{id}/tokens/{token}/rotate" => vec![("version", "1"), ("overlap", "none"), ("form_key", "key")],
        "/users/{id}/tokens/{token}/finish"
        | "/users/{id}/tokens/{token}/suspend"
        | "/users/{id}/tokens/{token}/resume" => vec![("version", "1")],
        "/users/{id}/tokens/{token}" => vec![("version", "1"), ("name", "renamed")],
        "/account/tokens/new" => vec![("token_name", "fresh"), ("expires", "30"), ("scope", "self:read")],
        "/users/{id}/delete" => vec![("username", &username), ("password", PASSWORD)],
        "/users/{id}/turn-into-service" => vec![("home_team", &team)],
        "/users/{id}/turn-into-person" => vec![("username", "nora"), ("email", "nora@example.com")],
        "/users/{id}/handover" => vec![("contact", "viewer"), ("account", &service)],
        "/teams/new" => vec![("name", "Fresh"), ("description", "")],
        "/teams/{id}/move-homes" => vec![("to", "Platform")],
        "/settings" => vec![("version", "1"), ("only_admins", "on")],
        "/settings/audit" => vec![("version", "1"), ("audit_keep_days", "365")],
        "/settings/tokens" => vec![("version", "1"), ("allow_never", "on"), ("personal_tokens", "on")],
        "/teams/{id}/members/new" => vec![("kind", thing), ("user", &outsider), ("role", "Viewer")],
        "/teams/{id}/settings" => vec![("version", &team_version), ("name", "Renamed"), ("description", "")],
        "/roles/new" => vec![("name", "Fresh"), ("level", "none"), ("permission", "tokens:read")],
        "/roles/{id}" => {
            vec![("version", "1"), ("name", "Renamed"), ("level", "none"), ("permission", "service_accounts:create")]
        }
        "/applications/new" => vec![("name", "Fresh"), ("home", "Billing")],
        "/applications/{id}/scopes" => vec![("name", "fresh"), ("level", "read")],
        "/applications/{id}/scopes/{scope}" => vec![("description", "Changed"), ("level", "admin")],
        "/applications/{id}/teams" => vec![("team", "Billing")],
        "/applications/{id}/credential/issue" => {
            vec![("version", &app_version), ("overlap", "1h"), ("form_key", "key")]
        }
        "/applications/{id}/settings" => vec![
            ("version", &app_version),
            ("name", "Renamed"),
            ("description", ""),
            ("audience", "reports"),
            ("home", "Billing"),
        ],
        "/account" => vec![("display_name", "Renamed"), ("email", "renamed@example.com"), ("version", "1")],
        "/account/sessions/end" => vec![("id", "999999")],
        "/account/password" => vec![("current_password", PASSWORD), ("password", "another harbour of plums")],
        _ => vec![],
    };
    fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The body of the route's request.
pub fn json(scene: &Scene, route: &Route, thing: &str) -> Value {
    match (route.method, route.path) {
        ("POST", "/api/v1/users") if thing == "service" => {
            json!({ "name": "Robot", "role": "Member", "teams": [{ "team": "Billing", "role": MAKER }] })
        }
        ("POST", "/api/v1/users") => json!({
            "user_type": "Person", "name": "Nora", "username": "nora", "email": "nora@example.com", "role": "Member",
            "teams": ["Billing"],
        }),
        ("POST", path) if path.ends_with("/tokens") => {
            json!({ "name": "fresh", "expires_in_days": 1, "scopes": ["service_accounts:read"] })
        }
        ("POST", "/api/v1/leaks") => json!({ "token": "lk_svc_unknown" }),
        ("POST", path) if path.ends_with("/rotate") => json!({ "overlap": "none" }),
        ("POST", "/api/v1/tokens/lookup") => json!({ "token": scene.secret }),
        ("POST", path) if path.ends_with("/turn-into-service") => json!({ "home_team": "Billing" }),
        ("POST", path) if path.ends_with("/turn-into-person") => {
            json!({ "username": "nora", "email": "nora@example.com" })
        }
        ("POST", path) if path.ends_with("/handover") => {
            let viewer = scene.app.number("SELECT id AS n FROM users WHERE username = 'viewer'");
            json!({ "contact": viewer, "accounts": [scene.service] })
        }
        ("PUT", path) if path.contains("/scopes/") => json!({ "level": "admin" }),
        ("PUT", _) => json!({ "role": "Editor" }),
        ("POST", "/api/v1/applications") => json!({ "name": "Fresh", "home_team": "Billing" }),
        ("POST", path) if path.ends_with("/credential") => json!({ "overlap": "none" }),
        ("PATCH", path) if path.ends_with("/{token_id}") => json!({ "name": "renamed", "scopes": [] }),
        ("PATCH", path) if path.contains("/users/") => json!({ "name": "Renamed" }),
        ("PATCH", "/api/v1/settings") => json!({ "only_admins_manage_service_accounts": true }),
        ("POST", path) if path.ends_with("/move-homes") => json!({ "to": "Platform" }),
        ("POST", _) => json!({ "name": "Fresh" }),
        _ => json!({ "description": "Renamed" }),
    }
}
