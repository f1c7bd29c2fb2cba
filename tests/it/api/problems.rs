//! What goes wrong, and how it is told. Nothing of it may write anything.

use latchkey::model::ids::RoleId;
use latchkey::model::roles::OrgRole;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Reply;

const USERS: &str = "/api/v1/users";
const COUNTS: &str = "SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM teams) + (SELECT COUNT(*) FROM memberships) \
                      + (SELECT COUNT(*) FROM tokens) + (SELECT COUNT(*) FROM audit WHERE outcome = 'done') AS n";

/// A problem of this status, told as RFC 9457 says.
fn assert_problem(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{}", reply.body);
    assert_eq!(reply.header("content-type"), "application/problem+json");
    assert_eq!(reply.body["status"], status);
    for field in ["type", "title", "detail"] {
        assert!(reply.body[field].as_str().is_some_and(|text| !text.is_empty()), "{}", reply.body);
    }
}

fn detail(reply: &Reply) -> &str {
    reply.body["detail"].as_str().unwrap()
}

/// What is said of the field at this pointer.
fn said<'a>(reply: &'a Reply, pointer: &str) -> &'a str {
    let errors = reply.body["errors"].as_array().unwrap();
    let found = errors.iter().find(|error| error["pointer"] == pointer);
    found.and_then(|error| error["detail"].as_str()).unwrap_or_else(|| panic!("nothing at {pointer}: {}", reply.body))
}

both! {
    async fn s7_what_is_no_such_value_is_told_in_our_words(app) {
        let root = app.root_api();
        let user = app.service("Job", latchkey::model::roles::OrgRole::Member, &[]);
        let tokens = format!("/api/v1/users/{user}/tokens");
        let token = |name: &str, value: Value| json!({ "name": "x", "expires_in_days": 1, name: value });
        app.token(user, "teams:read");
        let one = format!("{tokens}/{}", app.last_token(user));
        for (path, body, pointer, told) in [
            ("/api/v1/settings", json!({ "token_policy": null }), "/token_policy", "This is null, but must be an object."),
            ("/api/v1/settings", json!({ "token_policy": 7 }), "/token_policy", "This is the number 7, but must be an object."),
            ("/api/v1/settings", json!({ "audit_keep_days": "30" }), "/audit_keep_days", "This is the text \"30\", but must be a whole number."),
            ("/api/v1/settings", json!({ "audit_keep_days": 30.5 }), "/audit_keep_days", "This is the number 30.5, but must be a whole number."),
            ("/api/v1/settings", json!({ "only_admins_manage_service_accounts": 1 }), "/only_admins_manage_service_accounts", "This is the number 1, but must be true or false."),
            (one.as_str(), json!({ "networks": null }), "/networks", "This is null, but must be a list."),
            (one.as_str(), json!({ "networks": {} }), "/networks", "This is an object, but must be a list."),
            (one.as_str(), json!({ "name": true }), "/name", "This is true, but must be a text."),
            (one.as_str(), json!({ "name": ["x".repeat(900)] }), "/name", "This is a list, but must be a text."),
        ] {
            let reply = root.patch(path, body.clone()).await;
            assert_eq!((reply.status, reply.pointers()), (422, vec![pointer]), "{body}: {}", reply.body);
            assert_eq!(reply.body["errors"][0]["detail"], told, "{body}");
        }
        for (name, value) in [("networks", Value::Null), ("expires_in_days", json!("x".repeat(500))), ("expires_at", json!(5)), ("scopes", json!([5])), ("teams", json!(7))] {
            let reply = root.post(&tokens, token(name, value)).await;
            let told = reply.body["errors"][0]["detail"].as_str().unwrap().to_owned();
            assert!(reply.status == 422 && told.len() < 150, "{name}: {}", reply.body);
            for word in ["struct", "i64", "sequence", "map", "boolean", "`", "variant", "OffsetDateTime"] {
                assert!(!told.contains(word), "{name}: {told}");
            }
        }
    }

    async fn each_mistake_in_a_new_user_has_its_pointer_and_writes_nothing(app) {
        app.team("Data Quality");
        app.service("Taken", OrgRole::Member, &[]);
        let api = app.root_api();
        let before = app.number(COUNTS);
        let long = "x".repeat(101);
        for (body, pointers) in [
            (json!({ "name": "Taken", "role": "Editor" }), vec!["/name"]),
            (json!({ "name": "Fresh", "role": "Editor", "username": "TAKEN@service" }), vec!["/username"]),
            (json!({ "name": "API", "role": "Editor", "teams": ["Data Quality", "Nowhere"] }), vec!["/teams/1"]),
            (json!({ "name": "API", "role": "Editor", "teams": ["Data Quality", "data quality"] }), vec!["/teams/1"]),
            (json!({ "name": "API", "role": "Editor", "teams": ["Public"] }), vec!["/teams/0"]),
            (json!({ "name": "API", "role": "Editor", "teams": ["nul \u{0} byte"] }), vec!["/teams/0"]),
            (json!({ "name": "API", "role": "Editor", "teams": [{ "team": "Data Quality", "role": "Boss" }] }), vec!["/teams/0/role"]),
            (json!({ "name": "API", "role": "Editor", "teams": [{ "team": "Data Quality", "rank": 1 }] }), vec!["/teams/0/rank"]),
            (json!({ "name": "API", "role": "Editor", "teams": [{ "role": "Viewer" }] }), vec!["/teams/0/team"]),
            (json!({ "name": "API", "role": "Editor", "teams": [7] }), vec!["/teams/0"]),
            (json!({ "name": "API", "role": "Editor", "teams": "Data Quality" }), vec!["/teams"]),
            (json!({ "name": "API", "role": "Boss" }), vec!["/role"]),
            (json!({ "name": "API" }), vec!["/role"]),
            (json!({ "role": "Editor" }), vec!["/name"]),
            (json!({ "name": 5, "role": "Editor" }), vec!["/name"]),
            (json!({ "name": long, "role": "Editor" }), vec!["/name"]),
            (json!({ "name": "!!!", "role": "Editor" }), vec!["/name"]),
            (json!({ "name": "API", "role": "Editor", "colour": "red" }), vec!["/colour"]),
            (json!({ "name": "API", "role": "Editor", "user_type": "Robot" }), vec!["/user_type"]),
            (json!({ "name": "API", "role": "Editor", "email": "a@example.com" }), vec!["/email"]),
            (json!({ "name": "API", "role": "Editor", "home_team": "Nowhere" }), vec!["/home_team"]),
            (json!({ "name": "Jo", "role": "Member", "user_type": "Person" }), vec!["/username", "/email"]),
            (json!({ "name": "Jo", "role": "Member", "user_type": "Person", "username": "jo", "email": "jo@example.com", "home_team": "Data Quality" }), vec!["/home_team"]),
            (json!([{ "name": "API", "role": "Editor" }]), vec![""]),
        ] {
            let reply = api.post(USERS, body.clone()).await;
            assert_problem(&reply, 422);
            assert_eq!(reply.pointers(), pointers, "{body}: {}", reply.body);
        }
        assert_eq!(app.number(COUNTS), before);
    }

    async fn everything_wrong_with_a_new_user_is_told_at_once(app) {
        app.service("Taken", OrgRole::Member, &[]);
        let body = json!({ "name": "taken", "role": "Boss", "description": "x".repeat(1001), "teams": ["Nowhere", { "team": "Elsewhere", "role": "King" }] });
        let reply = app.root_api().post(USERS, body).await;
        assert_problem(&reply, 422);
        let mut pointers = reply.pointers();
        pointers.sort_unstable();
        assert_eq!(pointers, ["/description", "/name", "/role", "/teams/0", "/teams/1", "/teams/1/role"]);
        assert!(said(&reply, "/role").contains("Member, Editor, Manager, Admin"), "{}", reply.body);
        assert!(said(&reply, "/teams/1/role").contains("Viewer, Editor, Maintainer, Owner"), "{}", reply.body);
        assert!(said(&reply, "/teams/0").contains("Nowhere"), "{}", reply.body);
        assert!(said(&reply, "/name").contains("is free"), "a free name is suggested: {}", reply.body);
    }

    async fn an_unknown_field_is_refused_by_name_and_the_known_ones_are_told(app) {
        let reply = app.root_api().post("/api/v1/teams", json!({ "name": "Platform", "owner": 3 })).await;
        assert_problem(&reply, 422);
        assert!(said(&reply, "/owner").contains("name, description"), "{}", reply.body);
    }

    async fn what_is_no_json_is_told_by_its_place(app) {
        let api = app.root_api();
        let before = app.number(COUNTS);
        for (body, place) in [
            ("{\"name\":\n \"API\",,}", "line 2 column 8"),
            ("{\"name\":\"API\",\"role\":\"Editor\"", "line 1 column 29"),
            ("", "line 1 column 0"),
        ] {
            let request = api.request(Method::POST, USERS).header("content-type", "application/json");
            let reply = Reply::of(request.body(body)).await;
            assert_problem(&reply, 400);
            assert!(detail(&reply).contains(place), "{}", reply.body);
        }
        assert_eq!(app.number(COUNTS), before);
    }

    async fn other_types_and_encodings_are_refused(app) {
        let api = app.root_api();
        let body = "{\"name\":\"API\",\"role\":\"Editor\"}";
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml", "application/json-patch+json", ""] {
            let request = api.request(Method::POST, USERS).body(body);
            let reply = Reply::of(if kind.is_empty() { request } else { request.header("content-type", kind) }).await;
            assert_problem(&reply, 415);
        }
        let packed = api.request(Method::POST, USERS).header("content-type", "application/json").header("content-encoding", "gzip");
        assert_problem(&Reply::of(packed.body(body)).await, 415);
        for kind in ["application/json", "application/JSON; charset=utf-8"] {
            let request = api.request(Method::POST, USERS).header("content-type", kind);
            let name = format!("{{\"name\":\"API {}\",\"role\":\"Editor\"}}", kind.len());
            assert_eq!(Reply::of(request.body(name)).await.status, 201, "{kind}");
        }
    }

    async fn a_body_that_is_too_large_is_refused(app) {
        let api = app.root_api();
        let before = app.number(COUNTS);
        for size in [64 * 1024 + 1, 1024 * 1024] {
            let mut body = String::from("{\"name\":\"API\",\"role\":\"Editor\",\"description\":\"");
            body.push_str(&"x".repeat(size - body.len() - 2));
            body.push_str("\"}");
            let request = api.request(Method::POST, USERS).header("content-type", "application/json");
            assert_problem(&Reply::of(request.body(body)).await, 413);
        }
        assert_eq!(app.number(COUNTS), before);
    }

    async fn nobody_unknown_learns_what_is_wrong_with_what_they_sent(app) {
        for (token, challenge) in [
            ("", "Bearer realm=\"Latchkey\""),
            ("lk_svc_nonsense", "Bearer realm=\"Latchkey\", error=\"invalid_token\", error_description=\""),
        ] {
            let api = app.api(token);
            let tries = [
                api.post(USERS, json!({ "colour": 1 })).await,
                api.patch("/api/v1/users/x", json!([])).await,
                api.get("/api/v1/users?limit=0&colour=red").await,
                Reply::of(api.request(Method::POST, USERS).body("{")).await,
                Reply::of(api.request(Method::DELETE, "/api/v1/users/1").header("if-match", "3")).await,
            ];
            for reply in tries {
                assert_problem(&reply, 401);
                assert!(reply.body["errors"].is_null(), "{}", reply.body);
                assert!(reply.header("www-authenticate").starts_with(challenge), "{:?}", reply.headers);
                assert_eq!(reply.header("www-authenticate").contains("error"), !token.is_empty());
            }
        }
        let basic = app.api("").request(Method::GET, USERS).basic_auth("ada", Some("x"));
        assert_eq!(Reply::of(basic).await.header("www-authenticate"), "Bearer realm=\"Latchkey\"");
    }

    async fn a_token_that_is_not_good_says_why(app) {
        let team = app.team("Platform");
        let user = app.service("Deployer", OrgRole::Member, &[(team, RoleId::OWNER)]);
        let (spare, old) = (app.token(user, "teams:read"), app.token(user, "teams:read"));
        app.sql("UPDATE tokens SET revoked_at = 1 WHERE name = 'token 0'").unwrap();
        let revoked = app.api(&spare).get("/api/v1/me").await;
        assert!(revoked.status == 401 && detail(&revoked).contains("revoked"), "{}", revoked.body);
        app.clock.advance(time::Duration::days(91));
        let expired = app.api(&old).get("/api/v1/me").await;
        assert!(expired.status == 401 && detail(&expired).contains("expired"), "{}", expired.body);
    }

    async fn a_refusal_names_the_missing_permission(app) {
        let team = app.team("Platform");
        let user = app.service("Reader", OrgRole::Editor, &[(team, RoleId::VIEWER)]);
        let api = app.api(&app.token(user, "users:read teams:read"));
        for (reply, missing) in [
            (api.post(USERS, json!({ "name": "X", "role": "Member" })).await, "service_accounts:create"),
            (api.post(USERS, json!({ "name": "X", "role": "Member", "user_type": "Person", "username": "x", "email": "x@example.com" })).await, "users:create"),
            (api.post(USERS, json!({ "name": "X", "role": "Boss", "teams": ["Nowhere"] })).await, "service_accounts:create"),
            (api.post("/api/v1/teams", json!({ "name": "X" })).await, "teams:create"),
            (api.delete(&format!("/api/v1/teams/{team}")).await, "teams:delete"),
            (api.delete(&format!("{USERS}/{user}")).await, "service_accounts:delete"),
            (api.get(&format!("{USERS}/{user}/tokens")).await, "tokens:read"),
        ] {
            assert_problem(&reply, 403);
            assert_eq!(reply.body["missing_permission"], missing, "{}", reply.body);
            assert!(detail(&reply).contains(missing));
            assert!(reply.header("www-authenticate").contains(&format!("scope=\"{missing}\"")));
        }
        assert!(app.audit().iter().any(|line| line.starts_with("team.create refused X")), "{:?}", app.audit());
    }

    async fn unknown_paths_methods_and_parameters_are_problems(app) {
        let api = app.root_api();
        for path in ["/api", "/api/", "/api/v1", "/api/v2/users", "/api/v1/users/", "/api/v1/users/1/tokens/2/3"] {
            assert_problem(&api.get(path).await, 404);
        }
        for path in ["/api/v1/users/x", "/api/v1/users/999999", "/api/v1/teams/999999", "/api/v1/users/1/tokens/x", "/api/v1/users/99999999999999999999"] {
            assert_problem(&api.get(path).await, 404);
        }
        let wrong = api.put(USERS, json!({})).await;
        assert_problem(&wrong, 405);
        assert_eq!(wrong.header("allow"), "POST, GET, HEAD");
        assert_problem(&api.post("/api/openapi.json", json!({})).await, 405);
        for (path, parameters) in [
            ("/api/v1/users?limit=0", vec!["limit"]),
            ("/api/v1/users?limit=201", vec!["limit"]),
            ("/api/v1/users?limit=ten", vec!["limit"]),
            ("/api/v1/users?cursor=nonsense", vec!["cursor"]),
            ("/api/v1/users?q=a&q=b", vec!["q"]),
            ("/api/v1/users?q=%00", vec!["q"]),
            ("/api/v1/users?team=Nowhere", vec!["team"]),
            ("/api/v1/users?role=Boss&user_type=Robot&status=fine&sort=size&colour=red", vec!["status", "sort", "user_type", "role", "colour"]),
            ("/api/v1/teams?page=2", vec!["page"]),
            ("/api/v1/teams/1?expand=1", vec!["expand"]),
            ("/api/v1/teams/1/members?limit=-1", vec!["limit"]),
            ("/api/v1/me?x", vec!["x"]),
        ] {
            let reply = api.get(path).await;
            assert_problem(&reply, 400);
            let named: Vec<_> = reply.body["errors"].as_array().unwrap().iter().map(|error| error["parameter"].clone()).collect();
            assert_eq!(named, parameters, "{path}: {}", reply.body);
        }
    }

    async fn what_answers_get_answers_head(app) {
        let api = app.root_api();
        for path in ["/api/v1/users", "/api/v1/me", "/api/openapi.json", "/healthz", "/login"] {
            let (head, get) = (api.request(Method::HEAD, path), api.request(Method::GET, path));
            let (head, get) = (head.send().await.unwrap(), get.send().await.unwrap());
            assert_eq!((head.status().as_u16(), get.status().as_u16()), (200, 200), "{path}");
            assert_eq!(head.headers().get("content-type"), get.headers().get("content-type"));
            assert!(head.bytes().await.unwrap().is_empty(), "{path}");
        }
        assert_eq!(Reply::of(api.request(Method::DELETE, "/healthz")).await.status, 405);
    }

    async fn if_match_is_one_tag_or_a_star(app) {
        let api = app.root_api();
        let id = app.service("Deployer", OrgRole::Member, &[]);
        let path = format!("{USERS}/{id}");
        for (tag, status) in [("\"1\"", 200), ("*", 200), ("\"9\"", 412), ("W/\"2\"", 412), ("\"abc\"", 412), ("2", 400), ("\"1\", \"2\"", 400), ("", 400)] {
            let body: Value = json!({ "description": format!("by {tag}") });
            let reply = Reply::of(api.request(Method::PATCH, &path).header("if-match", tag).json(&body)).await;
            assert_eq!(reply.status, status, "{tag}: {}", reply.body);
        }
        assert_eq!(app.number("SELECT MAX(version) AS n FROM users"), 3);
        for (tag, status) in [("\"1\"", 412), ("\"3\"", 204)] {
            assert_eq!(Reply::of(api.request(Method::DELETE, &path).header("if-match", tag)).await.status, status);
        }
    }
}
