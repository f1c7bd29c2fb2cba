//! `Idempotency-Key`: every write of the API is done once, however often it is sent.

use latchkey::http::routing::Policy;
use latchkey::model::ids::{ApplicationId, RoleId, TeamId, TokenId, UserId};
use latchkey::model::roles::OrgRole;
use latchkey::model::tokens::Overlap;
use latchkey::server::routes::table;
use latchkey::service::tokens::{self, Rotate};
use reqwest::Method;
use serde_json::{Value, json};
use time::Duration;

use crate::support::{Api, Database, Reply, TestApp};

const USERS: &str = "/api/v1/users";
const TEAMS: &str = "/api/v1/teams";
const ENTRIES: &str = "SELECT COUNT(*) AS n FROM audit";
const KEPT: &str = "SELECT COUNT(*) AS n FROM idempotency";

/// A request, to be sent with any key.
#[derive(Clone)]
pub(super) struct Request {
    method: Method,
    path: String,
    body: Value,
    pub if_match: Option<&'static str>,
}

impl Request {
    fn new(method: &str, path: impl Into<String>, body: Value) -> Self {
        Self { method: method.parse().unwrap(), path: path.into(), body, if_match: None }
    }

    fn team(name: &str) -> Self {
        Self::new("POST", TEAMS, json!({ "name": name }))
    }

    pub async fn send(&self, api: &Api, key: &str) -> Reply {
        let mut request = api.request(self.method.clone(), &self.path).header("idempotency-key", key);
        if let Some(tag) = self.if_match {
            request = request.header("if-match", tag);
        }
        Reply::of(if self.body.is_null() { request } else { request.json(&self.body) }).await
    }
}

fn replayed(reply: &Reply) -> bool {
    reply.header("idempotent-replayed") == "true"
}

/// Refused because the key came with another request before.
fn assert_other_request(reply: &Reply) {
    assert_eq!(reply.status, 422, "{}", reply.body);
    assert!(reply.body["errors"].is_null() && !replayed(reply), "{}", reply.body);
    assert!(reply.body["detail"].as_str().unwrap().contains("Idempotency-Key"), "{}", reply.body);
}

/// Every cell of every table; bytes as hexadecimal digits.
fn everything(app: &TestApp) -> Vec<String> {
    let tables = match &app.db {
        Database::Sqlite(_) => "SELECT name AS t FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'",
        Database::Postgres(_) => "SELECT tablename::text AS t FROM pg_tables WHERE schemaname = 'public'",
    };
    // Last uses are written behind; what waits is written now, so that it is no difference.
    app.app.write_uses().unwrap();
    let tables = app.db.texts(tables);
    assert!(tables.contains(&"idempotency".to_owned()) && tables.contains(&"token_secrets".to_owned()));
    let mut found = Vec::new();
    for name in tables {
        let columns = match &app.db {
            Database::Sqlite(_) => format!("SELECT name AS t FROM pragma_table_info('{name}')"),
            Database::Postgres(_) => {
                format!("SELECT column_name::text AS t FROM information_schema.columns WHERE table_name = '{name}'")
            }
        };
        for column in app.db.texts(&columns) {
            let text = match &app.db {
                Database::Sqlite(_) => {
                    format!("CASE typeof({column}) WHEN 'blob' THEN hex({column}) ELSE CAST({column} AS TEXT) END")
                }
                Database::Postgres(_) => format!("CAST({column} AS TEXT)"),
            };
            let cells = app.db.texts(&format!("SELECT COALESCE({text}, '') AS t FROM {name} ORDER BY 1"));
            found.extend(cells.into_iter().map(|cell| format!("{name}.{column} {cell}")));
        }
    }
    found
}

/// What a write would be done to.
pub(super) struct Targets {
    user: UserId,
    team: TeamId,
    home: TeamId,
    member: UserId,
    /// Whose contact is the user; and another person.
    people: [UserId; 2],
    /// A token with two secrets.
    token: TokenId,
    /// The first of them.
    secret: String,
    suspended: TokenId,
    role: i64,
    application: ApplicationId,
}

impl Targets {
    pub fn make(app: &TestApp, round: usize) -> Self {
        let (team, home) = (app.team(&format!("Team {round}")), app.team(&format!("Home {round}")));
        let user = app.service(&format!("Account {round}"), OrgRole::Member, &[(home, RoleId::OWNER)]);
        let member =
            app.service(&format!("Member {round}"), OrgRole::Member, &[(home, RoleId::OWNER), (team, RoleId::VIEWER)]);
        let secret = app.token(user, "teams:read");
        let token = app.last_token(user);
        let rotate = Rotate { version: None, overlap: Overlap::Week, form_key: None };
        app.write(|cx| tokens::rotate(cx, user, token, &rotate));
        app.token(user, "teams:read");
        let suspended = app.last_token(user);
        app.write(|cx| tokens::suspend(cx, user, suspended, None));
        // One that breaks the policy.
        app.token(user, "teams:read");
        app.sql(&format!("UPDATE tokens SET expires_at = NULL WHERE id = {}", app.last_token(user))).unwrap();
        app.sql("UPDATE settings SET allow_never = FALSE").unwrap();
        let people = ["leaver", "heir"].map(|name| app.person(&format!("{name}{round}"), OrgRole::Member, &[]));
        app.sql(&format!("UPDATE users SET contact_id = {} WHERE id = {user}", people[0])).unwrap();
        app.sql(&format!("INSERT INTO roles (name, name_key, description, permissions, level, created_at, version) VALUES ('Role {round}', 'role {round}', '', '', 'none', 0, 1)")).unwrap();
        let role = app.number("SELECT MAX(id) AS n FROM roles");
        // With a scope, a team and two secrets.
        let application = app.application(&format!("app-{round}"), home, &["look read"]);
        app.open(application, home);
        app.credential(application);
        app.credential(application);
        Self { user, team, home, member, people, token, secret, suspended, role, application }
    }
}

/// Acts that take no body.
const BARE: &[&str] = &["/stop", "/end-sessions", "/link", "/revoke-tokens", "/finish", "/suspend", "/resume", "/cap"];

/// How to send each write. A new route gets a line here, and thereby a test that it can be sent twice.
pub(super) fn write(method: &str, path: &str, targets: &Targets) -> Request {
    let Targets { user, team, home, member, people: [person, other], token, secret, suspended, role, application } =
        targets;
    let body = match (method, path) {
        ("POST", "/api/v1/users") => {
            json!({ "name": "Ada Okafor", "user_type": "Person", "username": "ada", "email": "ada@example.com", "role": "Member" })
        }
        ("PATCH", "/api/v1/users/{id}") => json!({ "description": "changed" }),
        ("POST", "/api/v1/users/{id}/tokens") => {
            json!({ "name": "pipeline", "expires_in_days": 1, "scopes": ["teams:read"] })
        }
        ("POST", path) if path.ends_with("/rotate") => json!({ "overlap": "none" }),
        ("POST", "/api/v1/teams") => json!({ "name": "Data Quality" }),
        ("PATCH", "/api/v1/teams/{id}") => json!({ "description": "changed" }),
        ("PUT", "/api/v1/teams/{id}/members/{user_id}") => json!({ "role": "Maintainer" }),
        ("POST", "/api/v1/users/{id}/turn-into-service") => json!({ "home_team": "Public" }),
        ("POST", "/api/v1/users/{id}/turn-into-person") => json!({ "username": "eve", "email": "eve@example.com" }),
        ("POST", "/api/v1/users/{id}/handover") => json!({ "contact": other }),
        ("POST", "/api/v1/tokens/lookup") => json!({ "token": secret }),
        ("POST", path) if BARE.iter().any(|act| path.ends_with(act)) => Value::Null,
        ("POST", "/api/v1/teams/{id}/move-homes") => json!({ "to": "Public" }),
        ("PATCH", "/api/v1/users/{id}/tokens/{token_id}") => json!({ "scopes": [] }),
        ("POST", "/api/v1/roles") => json!({ "name": "Importer", "permissions": ["tokens:read"] }),
        ("PATCH", "/api/v1/roles/{id}") => json!({ "description": "changed" }),
        ("POST", "/api/v1/applications") => json!({ "name": "Reports", "home_team": "Public" }),
        ("PATCH", "/api/v1/applications/{id}") => json!({ "description": "changed" }),
        ("PUT", "/api/v1/applications/{id}/scopes/{name}") => json!({ "level": "write" }),
        ("PUT", "/api/v1/applications/{id}/teams/{team_id}") => Value::Null,
        ("POST", "/api/v1/applications/{id}/credential") => json!({ "overlap": "1h" }),
        ("PATCH", "/api/v1/settings") => json!({ "only_admins_manage_service_accounts": true }),
        ("DELETE", _) => Value::Null,
        _ => panic!("{method} {path} is new: give it a line here"),
    };
    let of_people = ["/end-sessions", "/link", "/turn-into-service", "/handover"];
    let id = match path {
        path if path.ends_with("/move-homes") => home.0,
        path if path.starts_with("/api/v1/teams") => team.0,
        path if path.starts_with("/api/v1/roles") => *role,
        path if path.starts_with("/api/v1/applications") => application.0,
        path if of_people.iter().any(|act| path.ends_with(act)) => person.0,
        _ => user.0,
    };
    let token = if path.ends_with("/resume") { suspended } else { token };
    let path = path.replace("{id}", &id.to_string());
    let path = path.replace("{user_id}", &member.to_string()).replace("{token_id}", &token.to_string());
    let open = if method == "DELETE" { home } else { team };
    let path = path.replace("{name}", "look").replace("{team_id}", &open.to_string());
    Request::new(method, path, body)
}

both! {
    async fn every_write_is_done_once(app) {
        let api = app.root_api();
        let writes = table().into_iter().filter(|route| route.policy == Policy::Token && route.method != "GET");
        for (round, route) in writes.enumerate() {
            let what = format!("{} {}", route.method, route.path);
            let targets = Targets::make(&app, round);
            let request = write(route.method, route.path, &targets);
            let key = format!("round-{round}");
            let entries = app.number(ENTRIES);
            let first = request.send(&api, &key).await;
            assert!((200..300).contains(&first.status) && !replayed(&first), "{what}: {} {}", first.status, first.body);
            assert!(app.number(ENTRIES) > entries, "{what} is written down");
            let before = everything(&app);
            let again = request.send(&api, &key).await;
            assert!(replayed(&again), "{what} does not replay: {} {}", again.status, again.body);
            assert_eq!(again.status, first.status, "{what}: {}", again.body);
            for name in ["location", "etag", "content-type", "cache-control"] {
                assert_eq!(again.header(name), first.header(name), "{what}: {name}");
            }
            let mut known = first.body.clone();
            let secrets = ["token", "invitation", "link", "client_secret"].map(|name| known.as_object_mut().and_then(|body| body.remove(name)));
            assert_eq!(again.body, known, "{what}: the same without the secret");
            let tells = ["/users", "/{id}/tokens", "/rotate", "/link", "/turn-into-person", "/credential"].iter().any(|end| what.ends_with(end));
            assert_eq!(secrets.iter().flatten().count(), usize::from(tells && route.method == "POST"), "{what}");
            for secret in secrets.iter().flatten() {
                let secret = secret.as_str().unwrap().rsplit('/').next().unwrap();
                let bytes = latchkey::base::crypto::hex(secret.as_bytes());
                let kept = |cell: &String| cell.contains(secret) || cell.to_lowercase().contains(&bytes);
                assert!(secret.len() > 30 && !before.iter().any(kept), "{what}: a secret is kept");
            }
            let other = Request { if_match: Some("*"), ..request };
            assert_other_request(&other.send(&api, &key).await);
            assert_eq!(everything(&app), before, "{what} did something twice");
        }
        app.assert_chain();
    }

    async fn a_replay_tells_what_was_and_not_what_is(app) {
        let api = app.root_api();
        let made = Request::team("Platform").send(&api, "k").await;
        let path = made.header("location").to_owned();
        assert_eq!(api.delete(&path).await.status, 204);
        let again = Request::team("Platform").send(&api, "k").await;
        assert_eq!((again.status, replayed(&again), &again.body), (201, true, &made.body));
        assert_eq!(api.get(&path).await.status, 404);
    }

    async fn the_same_key_with_another_request_is_refused(app) {
        let api = app.root_api();
        let first = Request::team("Platform");
        let made = first.send(&api, "k").await;
        assert_eq!(made.status, 201, "{}", made.body);
        let before = everything(&app);
        let path = made.header("location");
        for other in [
            Request::team("platform"),
            Request::new("POST", TEAMS, json!({ "name": "Platform", "description": "" })),
            Request::new("POST", USERS, json!({ "name": "Platform", "role": "Member" })),
            Request::new("PATCH", path, json!({ "name": "Platform" })),
            Request::new("DELETE", path, Value::Null),
            Request { if_match: Some("\"1\""), ..first.clone() },
        ] {
            assert_other_request(&other.send(&api, "k").await);
        }
        assert_eq!(everything(&app), before);
        let deletion = |id: TeamId| Request::new("DELETE", format!("{TEAMS}/{id}"), Value::Null);
        let (gone, left) = (app.team("Gone"), app.team("Left"));
        assert_eq!(deletion(gone).send(&api, "d").await.status, 204);
        assert_other_request(&deletion(left).send(&api, "d").await);
        assert_eq!(api.get(&format!("{TEAMS}/{left}")).await.status, 200);
        assert!(replayed(&first.send(&api, "k").await), "the first answer is still there");
        assert!(replayed(&first.send(&api, "\"k\"").await), "quotes are no part of the key");
        assert_eq!(first.send(&api, "K").await.status, 422, "keys are told apart by case");
    }

    async fn if_match_is_part_of_the_request(app) {
        let api = app.root_api();
        let path = format!("{TEAMS}/{}", app.team("Platform"));
        let change = Request { if_match: Some("\"1\""), ..Request::new("PATCH", &path, json!({ "description": "one" })) };
        let first = change.send(&api, "k").await;
        assert_eq!((first.status, first.header("etag")), (200, "\"2\""));
        let again = change.send(&api, "k").await;
        assert_eq!((again.status, again.header("etag"), replayed(&again)), (200, "\"2\"", true), "and not 412");
        assert_eq!(change.send(&api, "l").await.status, 412);
        assert_other_request(&Request { if_match: Some("\"2\""), ..change.clone() }.send(&api, "k").await);
        assert_other_request(&Request { if_match: None, ..change }.send(&api, "k").await);
        assert_eq!(api.get(&path).await.body["version"], 2);
    }

    async fn keys_are_each_tokens_own(app) {
        let team = app.team("Platform");
        let user = app.service("Deployer", OrgRole::Editor, &[(team, RoleId::OWNER)]);
        let strong = app.api(&app.token(user, "teams:read tokens:create tokens:read service_accounts:read"));
        let weak = app.api(&app.token(user, "teams:read"));
        let body = json!({ "name": "pipeline", "expires_in_days": 1, "scopes": ["teams:read"] });
        let request = Request::new("POST", format!("{USERS}/{user}/tokens"), body);
        assert_eq!(request.send(&strong, "k").await.status, 201);
        let stolen = request.send(&weak, "k").await;
        assert_eq!((stolen.status, replayed(&stolen)), (403, false), "{}", stolen.body);
        let (one, other) = (app.root_api(), app.api(&app.global_admin(app.service("Other", OrgRole::Member, &[]))));
        assert_eq!(Request::team("One").send(&one, "k").await.status, 201);
        let made = Request::team("Other").send(&other, "k").await;
        assert_eq!((made.status, replayed(&made)), (201, false), "{}", made.body);
        let taken = Request::team("One").send(&other, "l").await;
        assert_eq!((taken.status, taken.pointers()), (422, vec!["/name"]));
    }

    async fn an_answer_is_kept_for_a_day(app) {
        app.sql("UPDATE tokens SET expires_at = NULL").unwrap();
        let api = app.root_api();
        let request = Request::team("Platform");
        let made = request.send(&api, "k").await;
        app.clock.advance(Duration::hours(24) - Duration::microseconds(1));
        assert!(replayed(&request.send(&api, "k").await));
        app.clock.advance(Duration::microseconds(1));
        let late = request.send(&api, "k").await;
        assert_eq!((late.status, late.pointers(), replayed(&late)), (422, vec!["/name"], false), "done again, and taken");
        assert_eq!(api.delete(made.header("location")).await.status, 204);
        let anew = request.send(&api, "k").await;
        assert_eq!((anew.status, replayed(&anew)), (201, false), "the old answer makes room");
        assert!(anew.body["id"] != made.body["id"] && request.send(&api, "k").await.body == anew.body);
    }

    async fn old_answers_are_swept_away(app) {
        let api = app.root_api();
        Request::team("Platform").send(&api, "old").await;
        let copies = "INSERT INTO idempotency (key_hash, token_id, request_hash, status, created_at) \
                      SELECT token_secrets.hash, token_secrets.token_id, token_secrets.hash, 204, created_at FROM idempotency, token_secrets";
        app.sql(copies).unwrap();
        assert_eq!(app.number(KEPT), 2);
        app.clock.advance(Duration::hours(23));
        Request::team("Data Quality").send(&api, "fresh").await;
        assert_eq!(app.number(KEPT), 3);
        app.clock.advance(Duration::hours(1));
        Request::team("Data Engineering").send(&api, "fresher").await;
        assert_eq!(app.number(KEPT), 2, "those of the last day are left");
        app.clock.advance(Duration::hours(24));
        app.admin().await;
        assert_eq!(app.number(KEPT), 0, "a log-in sweeps too");
    }

    async fn what_is_no_key_is_refused(app) {
        let api = app.root_api();
        let before = everything(&app).len();
        let long = "k".repeat(256);
        for key in ["", "two words", "\"open", "\"\"", "\"a\";p=1", "schlüssel", &long] {
            let request = api.request(Method::POST, TEAMS).header("idempotency-key", key.as_bytes());
            let reply = Reply::of(request.json(&json!({ "name": "Platform" }))).await;
            assert_eq!(reply.status, 400, "{key}: {}", reply.body);
            assert!(reply.body["detail"].as_str().unwrap().starts_with("Idempotency-Key "), "{}", reply.body);
        }
        let twice = api.request(Method::POST, TEAMS).header("idempotency-key", "a").header("idempotency-key", "b");
        assert_eq!(Reply::of(twice.json(&json!({ "name": "Platform" }))).await.status, 400);
        assert_eq!(everything(&app).len(), before);
        assert_eq!(Request::team("Platform").send(&app.api(""), "two words").await.status, 401, "nobody unknown learns of it");
        assert_eq!(Request::team("Platform").send(&api, &"k".repeat(255)).await.status, 201);
        let read = api.request(Method::GET, TEAMS).header("idempotency-key", "two words");
        assert_eq!(Reply::of(read).await.status, 200, "reading takes no key and minds none");
    }

    async fn a_request_that_failed_is_not_remembered(app) {
        let api = app.root_api();
        let team = app.team("Platform");
        let taken = Request::team("Platform");
        assert_eq!(taken.send(&api, "k").await.status, 422);
        let missing = Request::new("DELETE", format!("{USERS}/999999"), Value::Null);
        assert_eq!(missing.send(&api, "k").await.status, 404);
        assert_eq!(Request::new("POST", TEAMS, json!({})).send(&api, "k").await.status, 422);
        let stale = Request { if_match: Some("\"9\""), ..Request::new("DELETE", format!("{TEAMS}/{team}"), Value::Null) };
        assert_eq!(stale.send(&api, "k").await.status, 412);
        let reader = app.api(&app.token(app.service("Reader", OrgRole::Editor, &[(team, RoleId::VIEWER)]), "teams:read"));
        assert_eq!(Request::team("Mine").send(&reader, "k").await.status, 403);
        assert_eq!(Request::team("Mine").send(&reader, "k").await.status, 403);
        assert_eq!(app.number(KEPT), 0);
        assert_eq!(api.delete(&format!("{TEAMS}/{team}")).await.status, 409, "it is Reader's home");
        app.sql(&format!("UPDATE teams SET name = 'Moved', name_key = 'moved' WHERE id = {team}")).unwrap();
        let made = taken.send(&api, "k").await;
        assert_eq!((made.status, replayed(&made)), (201, false), "the same key, once the name is free: {}", made.body);
    }

    async fn a_token_that_can_do_nothing_any_longer_replays_nothing(app) {
        let team = app.team("Platform");
        let user = app.service("Deployer", OrgRole::Editor, &[(team, RoleId::OWNER)]);
        let request = Request::new("PATCH", format!("{TEAMS}/{team}"), json!({ "description": "one" }));
        for (change, back, status) in [
            ("UPDATE tokens SET scopes = ''", "UPDATE tokens SET scopes = 'teams:read teams:update'", 403),
            ("DELETE FROM memberships", "", 403),
            ("UPDATE users SET disabled_at = 1 WHERE kind = 'service'", "UPDATE users SET disabled_at = NULL", 401),
            ("UPDATE tokens SET revoked_at = 1", "", 401),
        ] {
            let api = app.api(&app.token(user, "teams:read teams:update"));
            assert_eq!(request.send(&api, "k").await.status, 200);
            assert!(replayed(&request.send(&api, "k").await));
            app.sql(change).unwrap();
            let reply = request.send(&api, "k").await;
            assert_eq!((reply.status, replayed(&reply)), (status, false), "{change}: {}", reply.body);
            assert!(reply.body["description"].is_null(), "{}", reply.body);
            if change.starts_with("DELETE") {
                app.sql(&format!("INSERT INTO memberships (user_id, team_id, role_id, created_at) VALUES ({user}, {team}, {}, 0)", RoleId::OWNER)).unwrap();
            } else if !back.is_empty() {
                app.sql(back).unwrap();
            }
        }
    }

    async fn answers_go_with_the_account(app) {
        let team = app.team("Platform");
        let user = app.service("Deployer", OrgRole::Editor, &[(team, RoleId::OWNER)]);
        let every = latchkey::model::permissions::PermissionSet::everything().to_string();
        let api = app.api(&app.token(user, &every));
        let change = Request::new("PATCH", format!("{TEAMS}/{team}"), json!({ "description": "one" }));
        assert_eq!(change.send(&api, "k").await.status, 200);
        assert_eq!(app.number(KEPT), 1);
        let root = app.root_api();
        let deletion = Request::new("DELETE", format!("{USERS}/{user}"), Value::Null);
        assert_eq!(deletion.send(&root, "k").await.status, 204);
        assert_eq!(app.number(KEPT), 1, "that of the deletion");
        assert_eq!(change.send(&api, "k").await.status, 401);
    }

    async fn sixteen_at_once_make_one(app) {
        let api = app.root_api();
        let body = json!({ "name": "Ada Okafor", "user_type": "Person", "username": "ada", "email": "ada@example.com", "role": "Member" });
        let request = Request::new("POST", USERS, body);
        let clients: Vec<_> = (0..16)
            .map(|_| {
                let (api, request) = (api.clone(), request.clone());
                tokio::spawn(async move { request.send(&api, "k").await })
            })
            .collect();
        let mut answers = Vec::new();
        for client in clients {
            answers.push(client.await.unwrap());
        }
        assert_eq!(answers.iter().filter(|answer| !replayed(answer)).count(), 1, "one was the first");
        assert_eq!(answers.iter().filter(|answer| answer.body["invitation"].is_string()).count(), 1, "and it alone has the link");
        for answer in &mut answers {
            assert_eq!(answer.status, 201, "{}", answer.body);
            answer.body.as_object_mut().unwrap().remove("invitation");
        }
        assert!(answers.iter().all(|answer| answer.body == answers[0].body && answer.header("location") == answers[0].header("location")));
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE username = 'ada'"), 1);
        let entries = app.audit().into_iter().filter(|entry| entry.starts_with("user.create done") && entry.contains("ada"));
        assert_eq!(entries.count(), 1);
        app.assert_chain();
    }
}
