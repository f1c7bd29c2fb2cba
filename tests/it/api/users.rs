//! `/api/v1/users`.

use latchkey::model::ids::RoleId;
use latchkey::model::permissions::PermissionSet;
use latchkey::model::roles::OrgRole;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, Reply};

const USERS: &str = "/api/v1/users";

fn names(reply: &Reply) -> Vec<&str> {
    reply.body["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

async fn create(api: &Api, body: Value) -> Reply {
    let reply = api.post(USERS, body).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    reply
}

both! {
    async fn the_request_of_the_specification_gets_its_answer(app) {
        let api = app.root_api();
        app.team("Data Engineering");
        app.team("Data Quality");
        let body = json!({ "name": "API Access", "role": "Editor", "teams": ["Data Engineering", "Data Quality"] });
        let reply = create(&api, body).await;
        let id = app.number("SELECT id AS n FROM users WHERE username = 'api_access@service'");
        let expected = json!({
            "id": id, "user_id": "api_access@service", "user_name": "api_access@service", "name": "API Access",
            "user_type": "Service", "role": "Editor", "teams": ["Public", "Data Engineering", "Data Quality"],
            "status": "idle", "home_team": "Data Engineering", "description": "", "version": 1, "last_seen_at": null,
            "created_at": "2026-11-22T10:00:00Z", "updated_at": "2026-11-22T10:00:00Z",
        });
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&reply.body[field], value, "{field}");
        }
        assert!(reply.body["email"].as_str().unwrap().ends_with(".invalid"));
        assert!(reply.body.get("invitation").is_none());
        let roles: Vec<_> = reply.body["memberships"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap()).collect();
        assert_eq!(roles, ["Viewer", "Viewer"], "a bare name means Viewer");
        assert_eq!((reply.header("etag"), reply.header("location")), ("\"1\"", format!("{USERS}/{id}").as_str()));
        let mut read = api.get(&format!("{USERS}/{id}")).await;
        assert_eq!((read.status, read.header("etag")), (200, "\"1\""));
        assert_eq!(std::mem::take(&mut read.body), reply.body);
        assert!(app.audit().iter().any(|line| line == "user.create done api_access@service -"), "{:?}", app.audit());
    }

    async fn team_roles_kinds_and_homes_can_be_chosen(app) {
        app.make_admin("grace");
        let api = app.root_api();
        let (platform, quality) = (app.team("Platform"), app.team("Data Quality"));
        let body = json!({
            "name": "Release notes", "role": "Member", "user_type": "Agent", "sponsor": "grace", "username": "notes@agent", "home_team": "data quality",
            "description": "Writes them", "teams": [{ "team": "PLATFORM", "role": "Maintainer" }, "Data Quality"],
        });
        let reply = create(&api, body).await;
        assert_eq!(reply.body["user_id"], "notes@agent");
        assert_eq!((&reply.body["user_type"], &reply.body["home_team"]), (&json!("Agent"), &json!("Data Quality")));
        assert_eq!(reply.body["memberships"], json!([
            { "team_id": quality.0, "team": "Data Quality", "role": "Viewer" },
            { "team_id": platform.0, "team": "Platform", "role": "Maintainer" },
        ]));
        let alone = create(&api, json!({ "name": "Alone", "role": "Member" })).await;
        assert_eq!((&alone.body["teams"], &alone.body["home_team"]), (&json!(["Public"]), &json!("Public")));
    }

    async fn a_person_gets_an_invitation_once(app) {
        let api = app.root_api();
        let body = json!({ "name": "Jonas Weber", "role": "Member", "user_type": "Person", "username": "jonas", "email": "jonas@example.com" });
        let reply = create(&api, body).await;
        let link = reply.body["invitation"].as_str().unwrap();
        let secret = link.strip_prefix(&format!("{}/invitation/", app.url)).unwrap();
        assert!(secret.len() > 20);
        assert_eq!((&reply.body["status"], &reply.body["home_team"]), (&json!("invited"), &Value::Null));
        assert_eq!(reply.header("cache-control"), "no-store");
        let read = api.get(reply.header("location")).await;
        assert!(read.body.get("invitation").is_none());
        assert!(!app.audit().iter().any(|line| line.contains(secret)));
    }

    async fn lists_page_filter_and_sort(app) {
        let (platform, quality) = (app.team("Platform"), app.team("Quality"));
        let api = app.root_api();
        for number in 0..7 {
            app.service(&format!("Job {number}"), OrgRole::Member, &[(platform, RoleId::VIEWER)]);
        }
        app.person("jonas", OrgRole::Manager, &[]);
        app.agent("Writer", OrgRole::Editor, &[(quality, RoleId::VIEWER)]);
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = api.get(&format!("{USERS}?limit=3{cursor}")).await;
            assert_eq!(page.status, 200, "{}", page.body);
            seen.extend(names(&page).into_iter().map(str::to_owned));
            match page.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, ["Job 0", "Job 1", "Job 2", "Job 3", "Job 4", "Job 5", "Job 6", "jonas", "Root", "Writer"]);
        for (query, found) in [
            ("q=JOB%203", vec!["Job 3"]),
            ("user_type=Agent", vec!["Writer"]),
            ("user_type=Person&role=Manager", vec!["jonas"]),
            ("team=quality", vec!["Writer"]),
            ("team=Platform&sort=-name&limit=2", vec!["Job 6", "Job 5"]),
            ("sort=-created&limit=1", vec!["Writer"]),
            ("status=active", vec!["jonas"]),
            ("status=disabled", vec![]),
            ("sort=username&user_type=Service&q=job%200", vec!["Job 0"]),
        ] {
            assert_eq!(names(&api.get(&format!("{USERS}?{query}")).await), found, "{query}");
        }
        let page = api.get(&format!("{USERS}?limit=2")).await;
        let other = api.get(&format!("{USERS}?sort=created&cursor={}", page.body["next_cursor"].as_str().unwrap())).await;
        assert_eq!((other.status, &other.body["errors"][0]["parameter"]), (400, &json!("cursor")));
    }

    async fn two_people_edit_one_user_and_the_second_is_told(app) {
        let api = app.root_api();
        let id = app.service("Deployer", OrgRole::Member, &[]);
        let path = format!("{USERS}/{id}");
        let tag = api.get(&path).await.header("etag").to_owned();
        let edit = |body: Value| Reply::of(api.request(Method::PATCH, &path).header("if-match", &tag).json(&body));
        let first = edit(json!({ "name": "Deployer 2", "role": "Editor" })).await;
        assert_eq!((first.status, first.header("etag"), &first.body["role"]), (200, "\"2\"", &json!("Editor")));
        let second = edit(json!({ "description": "mine" })).await;
        assert_eq!((second.status, second.header("content-type")), (412, "application/problem+json"));
        let now = api.get(&path).await;
        assert_eq!((&now.body["name"], &now.body["description"]), (&json!("Deployer 2"), &json!("")));
    }

    async fn a_user_is_changed_all_or_nothing(app) {
        let (jonas, platform) = (app.person("jonas", OrgRole::Member, &[]), app.team("Platform"));
        let id = app.service("Deployer", OrgRole::Member, &[(platform, RoleId::VIEWER)]);
        let (api, path) = (app.root_api(), format!("{USERS}/{id}"));
        let body = json!({ "username": "deploy@service", "contact": jonas.0, "home_team": "platform", "description": "Deploys", "enabled": false });
        let reply = api.patch(&path, body).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        for (field, value) in [("user_id", json!("deploy@service")), ("contact_id", json!(jonas.0)), ("home_team", json!("Platform")), ("status", json!("disabled"))] {
            assert_eq!(reply.body[field], value);
        }
        let reply = api.patch(&path, json!({ "contact": null, "enabled": true })).await;
        assert_eq!((&reply.body["contact_id"], &reply.body["status"]), (&Value::Null, &json!("idle")));
        for (body, pointers) in [
            (json!({ "name": null }), vec!["/name"]),
            (json!({ "enabled": "no" }), vec!["/enabled"]),
            (json!({ "name": "Other", "contact": id.0 }), vec!["/contact"]),
            (json!({ "name": "Other", "home_team": "Nowhere", "role": "Boss" }), vec!["/role", "/home_team"]),
            (json!({ "name": "jonas" }), vec!["/name"]),
            (json!({ "email": "a@example.com" }), vec!["/email"]),
            (json!({ "user_type": "Person" }), vec!["/user_type"]),
            (json!({ "version": 3 }), vec!["/version"]),
        ] {
            let reply = api.patch(&path, body.clone()).await;
            assert_eq!((reply.status, reply.pointers()), (422, pointers), "{body}: {}", reply.body);
        }
        let person = api.patch(&format!("{USERS}/{jonas}"), json!({ "home_team": "Platform", "contact": null })).await;
        assert_eq!(person.pointers(), ["/contact", "/home_team"]);
        assert_eq!(api.get(&path).await.body["name"], "Deployer");
    }

    async fn disabling_stops_tokens_at_the_next_request_and_deleting_frees_the_name(app) {
        let platform = app.team("Platform");
        let id = app.service("Deployer", OrgRole::Member, &[(platform, RoleId::VIEWER)]);
        let (api, own) = (app.root_api(), app.api(&app.token(id, "teams:read")));
        let path = format!("{USERS}/{id}");
        assert_eq!(own.get("/api/v1/me").await.status, 200);
        assert_eq!(api.patch(&path, json!({ "enabled": false })).await.status, 200);
        assert_eq!(own.get("/api/v1/me").await.status, 401);
        assert_eq!(api.patch(&path, json!({ "enabled": true })).await.status, 200);
        assert_eq!(own.get("/api/v1/me").await.status, 200);
        assert_eq!(api.delete(&path).await.status, 204);
        assert_eq!(own.get("/api/v1/me").await.status, 401);
        assert_eq!(api.get(&path).await.status, 404);
        let again = api.post(USERS, json!({ "name": "Deployer", "role": "Member" })).await;
        assert_eq!(again.status, 201);
        assert_ne!(again.body["id"], id.0);
        app.assert_chain();
    }

    async fn the_last_admin_stays(app) {
        let ada = app.make_admin("ada");
        let (api, path) = (app.root_api(), format!("{USERS}/{ada}"));
        for reply in [
            api.delete(&path).await,
            api.patch(&path, json!({ "enabled": false })).await,
            api.patch(&path, json!({ "role": "Member" })).await,
        ] {
            assert_eq!(reply.status, 409, "{}", reply.body);
        }
        app.make_admin("grace");
        assert_eq!(api.patch(&path, json!({ "role": "Member" })).await.status, 200);
    }

    async fn a_team_sees_its_own_and_makes_its_own(app) {
        let (platform, secret) = (app.team("Platform"), app.team("Secret"));
        let hidden = app.service("Hidden", OrgRole::Member, &[(secret, RoleId::VIEWER)]);
        app.service("Both", OrgRole::Member, &[(platform, RoleId::VIEWER), (secret, RoleId::VIEWER)]);
        let maker = app.service("Maker", OrgRole::Member, &[(platform, RoleId::OWNER)]);
        let api = app.api(&app.token(maker, &PermissionSet::everything().to_string()));
        let list = api.get(USERS).await;
        assert_eq!(names(&list), ["Both", "Maker"]);
        assert_eq!(list.body["items"][0]["teams"], json!(["Public", "Platform"]), "a team one may not know of is not told");
        assert_eq!(api.get(&format!("{USERS}/{hidden}")).await.status, 404);
        assert_eq!(api.delete(&format!("{USERS}/{hidden}")).await.status, 404);
        let made = api.post(USERS, json!({ "name": "Job", "role": "Member", "teams": ["Platform"] })).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let unknown = api.post(USERS, json!({ "name": "Spy", "role": "Member", "teams": ["Platform", "Secret"] })).await;
        assert_eq!((unknown.status, unknown.pointers()), (422, vec!["/teams/1"]), "a hidden team is an unknown one");
        let stronger = api.post(USERS, json!({ "name": "Boss", "role": "Manager", "teams": ["Platform"] })).await;
        assert_eq!(stronger.status, 403, "{}", stronger.body);
        assert_eq!(api.post(USERS, json!({ "name": "Loose", "role": "Member" })).await.status, 403);
    }
}
