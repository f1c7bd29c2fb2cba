//! `/api/v1/roles`.

use latchkey::model::ids::{RoleId, TeamId};
use latchkey::model::permissions::PermissionSet;
use latchkey::model::roles::{AppLevel, OrgRole};
use reqwest::Method;
use serde_json::json;

use crate::support::{Reply, TestApp};

const ROLES: &str = "/api/v1/roles";

/// A custom role that three service accounts of Billing have.
fn scene(app: &TestApp) -> (TeamId, RoleId) {
    let billing = app.team("Billing");
    let role = app.role("Importer", "tokens:read", AppLevel::None);
    for name in ["One", "Two", "Three"] {
        app.service(name, OrgRole::Member, &[(billing, role)]);
    }
    (billing, role)
}

fn names(reply: &Reply) -> Vec<&str> {
    let items = reply.body["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item["name"].as_str()).collect()
}

both! {
    async fn a_role_is_made_read_changed_and_deleted(app) {
        let api = app.root_api();
        let body = json!({ "name": "Deployer", "description": "Ships", "permissions": ["tokens:create", "service_accounts:read"], "application_level": "write" });
        let made = api.post(ROLES, body).await;
        assert_eq!((made.status, made.header("etag"), made.header("location")), (201, "\"1\"", "/api/v1/roles/5"), "{}", made.body);
        let expected = json!({ "id": 5, "name": "Deployer", "description": "Ships", "predefined": false, "permissions": ["service_accounts:read", "tokens:create"], "application_level": "write", "members": 0, "version": 1 });
        assert_eq!(made.body, expected);
        assert_eq!(api.get("/api/v1/roles/5").await.body, made.body);
        for (body, pointer) in [
            (json!({ "name": "deployer" }), "/name"),
            (json!({ "name": "VIEWER" }), "/name"),
            (json!({ "name": "x", "permissions": ["tokens:read", "tokens:fly"] }), "/permissions/1"),
            (json!({ "name": "x", "permissions": ["users:read"] }), "/permissions"),
            (json!({ "name": "ADMIN" }), "/name"),
            (json!({ "name": "x", "application_level": "most" }), "/application_level"),
            (json!({ "name": "x", "grants": [] }), "/grants"),
        ] {
            let reply = api.post(ROLES, body).await;
            assert_eq!((reply.status, reply.pointers()), (422, vec![pointer]), "{}", reply.body);
        }
        let changed = api.patch("/api/v1/roles/5", json!({ "permissions": [], "application_level": "none" })).await;
        assert_eq!((changed.status, changed.header("etag"), &changed.body["permissions"]), (200, "\"2\"", &json!([])), "{}", changed.body);
        for method in [Method::PATCH, Method::DELETE] {
            let stale = api.request(method, "/api/v1/roles/5").header("if-match", "\"1\"").json(&json!({ "name": "Other" }));
            assert_eq!(Reply::of(stale).await.status, 412);
        }
        assert_eq!(api.delete("/api/v1/roles/5").await.status, 204);
        assert_eq!(api.get("/api/v1/roles/5").await.status, 404);
        app.assert_chain();
    }

    async fn the_predefined_ones_come_first_and_pages_follow(app) {
        for name in ["Zebra", "älter", "beta"] {
            app.role(name, "", AppLevel::None);
        }
        let api = app.root_api();
        let all = api.get(ROLES).await;
        assert_eq!(names(&all), ["Viewer", "Editor", "Maintainer", "Owner", "beta", "Zebra", "älter"]);
        let (mut seen, mut path) = (Vec::new(), format!("{ROLES}?limit=3"));
        loop {
            let page = api.get(&path).await;
            seen.extend(names(&page).into_iter().map(str::to_owned));
            match page.body["next_cursor"].as_str() {
                Some(next) => path = format!("{ROLES}?limit=3&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, names(&all));
        for (reply, word) in [(api.patch("/api/v1/roles/4", json!({ "name": "Boss" })).await, "changed"), (api.delete("/api/v1/roles/4").await, "deleted")] {
            assert!(reply.status == 409 && reply.body["detail"].as_str().unwrap().contains(word), "{}", reply.body);
        }
    }

    async fn a_change_with_an_effect_is_told_before_it_is_made(app) {
        let (billing, role) = scene(&app);
        let (api, path) = (app.root_api(), format!("{ROLES}/{role}"));
        let body = json!({ "permissions": ["tokens:read", "tokens:create"] });
        let told = api.patch(&path, body.clone()).await;
        assert_eq!((told.status, &told.body["effects"]), (409, &json!(["3 service accounts gain tokens:create in Billing"])), "{}", told.body);
        assert_eq!(told.header("content-type"), "application/problem+json");
        assert_eq!(api.get(&path).await.body["permissions"], json!(["tokens:read"]));
        let seen = json!({ "permissions": ["tokens:read", "tokens:create"], "effect": told.body["effect"] });
        app.service("Four", OrgRole::Member, &[(billing, role)]);
        let again = api.patch(&path, seen).await;
        assert_eq!((again.status, &again.body["effects"]), (409, &json!(["4 service accounts gain tokens:create in Billing"])), "{}", again.body);
        let seen = json!({ "permissions": ["tokens:read", "tokens:create"], "effect": again.body["effect"] });
        let other = json!({ "permissions": ["tokens:read", "tokens:create", "audit:read"], "effect": again.body["effect"] });
        assert_eq!(api.patch(&path, other).await.status, 409, "another change has another effect");
        let keyed = |body: &serde_json::Value| Reply::of(api.request(Method::PATCH, &path).header("idempotency-key", "change-1").json(body));
        assert_eq!(keyed(&body).await.status, 409, "a question is not kept as the answer");
        let done = keyed(&seen).await;
        let repeated = keyed(&seen).await;
        assert_eq!((repeated.status, repeated.header("idempotent-replayed"), &repeated.body), (200, "true", &done.body));
        assert_eq!((done.status, &done.body["permissions"]), (200, &json!(["tokens:read", "tokens:create"])), "{}", done.body);
        let renamed = api.patch(&path, json!({ "name": "Loader" })).await;
        assert_eq!((renamed.status, &renamed.body["members"]), (200, &json!(4)), "{}", renamed.body);
        assert_eq!(api.delete(&path).await.status, 409);
        app.assert_chain();
    }

    async fn a_token_makes_nobody_stronger_than_itself_by_a_role(app) {
        let (billing, role) = scene(&app);
        let grace = app.make_admin("grace");
        let path = format!("{ROLES}/{role}");
        let narrow = app.api(&app.token(grace, "roles:read roles:update tokens:read"));
        for body in [json!({ "permissions": ["tokens:read", "tokens:create"] }), json!({ "application_level": "read" })] {
            let reply = narrow.patch(&path, body).await;
            assert_eq!(reply.status, 403, "{}", reply.body);
            assert!(reply.body["detail"].as_str().unwrap().contains("Nobody grants more than they hold"), "{}", reply.body);
        }
        let less = narrow.patch(&path, json!({ "permissions": [] })).await;
        assert_eq!((less.status, &less.body["effects"]), (409, &json!(["3 memberships of service accounts lose tokens:read in a team that you may not see"])), "less may be asked for: {}", less.body);
        let wide = app.api(&app.token(grace, "roles:read roles:update tokens:read tokens:create teams:read"));
        let asked = wide.patch(&path, json!({ "permissions": ["tokens:read", "tokens:create"] })).await;
        assert_eq!(asked.status, 409, "what it covers it may give: {}", asked.body);
        // One of them can do more elsewhere, which the token does not cover.
        let strong = app.service("Strong", OrgRole::Member, &[(app.team("Platform"), RoleId::OWNER), (billing, role)]);
        assert_eq!(wide.patch(&path, json!({ "permissions": ["tokens:read", "tokens:create"] })).await.status, 403);
        app.write(|cx| latchkey::service::users::delete(cx, strong, Some("strong@service")));
        // A Manager's account gains no permission by it, but the use of applications comes from team roles alone.
        let reader = app.role("Reader", "", AppLevel::None);
        app.service("Managed", OrgRole::Manager, &[(billing, reader)]);
        let reach = wide.patch(&format!("{ROLES}/{reader}"), json!({ "application_level": "admin" })).await;
        assert_eq!(reach.status, 403, "{}", reach.body);
        let anyway = wide.patch(&format!("{ROLES}/{reader}"), json!({ "permissions": ["webhooks:delete"] })).await;
        assert_eq!(anyway.status, 200, "its organisation role gives that anyway: {}", anyway.body);
        let free = app.role("Free", "", AppLevel::None);
        let nobody = wide.patch(&format!("{ROLES}/{free}"), json!({ "permissions": ["service_accounts:delete"] })).await;
        assert_eq!(nobody.status, 200, "nobody has it, and only who covers it can give it: {}", nobody.body);
    }

    async fn a_member_with_one_permission_makes_accounts_and_nothing_more(app) {
        let billing = app.team("Billing");
        let maker = app.role("Account maker", "service_accounts:create", AppLevel::None);
        app.role("Nothing", "", AppLevel::None);
        let mia = app.person("mia", OrgRole::Member, &[(billing, maker)]);
        let api = app.api(&app.token(mia, &PermissionSet::everything().to_string()));
        let make = |name: &str, role: &str| json!({ "name": name, "role": "Member", "teams": [{ "team": "Billing", "role": role }] });
        for role in ["Account maker", "Nothing"] {
            let made = api.post("/api/v1/users", make(&format!("By {role}"), role)).await;
            assert_eq!(made.status, 201, "{role}: {}", made.body);
        }
        for role in ["Viewer", "Editor", "Maintainer", "Owner"] {
            let refused = api.post("/api/v1/users", make("Strong", role)).await;
            assert_eq!(refused.status, 403, "{role}: {}", refused.body);
        }
        let homeless = api.post("/api/v1/users", json!({ "name": "Homeless", "role": "Member" })).await;
        assert_eq!(homeless.status, 403, "what lives in Public is the organisation's: {}", homeless.body);
        let editor = api.post("/api/v1/users", json!({ "name": "Reader", "role": "Editor", "teams": [{ "team": "Billing", "role": "Nothing" }] })).await;
        assert_eq!(editor.status, 403, "{}", editor.body);
        let made = app.number("SELECT id AS n FROM users WHERE display_name = 'By Account maker'");
        let path = format!("/api/v1/users/{made}");
        let minted = api.post(&format!("{path}/tokens"), json!({ "name": "t", "expires_in_days": 1, "scopes": [] })).await;
        let given = api.put(&format!("/api/v1/teams/{billing}/members/{made}"), json!({ "role": "Nothing" })).await;
        for reply in [api.patch(&path, json!({ "description": "x" })).await, api.delete(&path).await, minted, given] {
            assert_eq!(reply.status, 404, "her role does not even see what it makes: {}", reply.body);
        }
        let mut browser = app.log_in("mia").await;
        let form = browser.get(&format!("/users/service/new?home_team={billing}")).await;
        assert_eq!(form.status, 200, "{}", form.text());
        let offered = form.count(&format!("select[name=team_role_{billing}] option"));
        assert_eq!(offered, 2, "only what she covers: {}", form.text());
    }

    async fn who_has_a_role_is_told_to_whoever_sees_them(app) {
        let (_, role) = scene(&app);
        let grace = app.make_admin("grace");
        let path = format!("{ROLES}/{role}/members");
        let root = app.root_api();
        let first = root.get(&format!("{path}?limit=2")).await;
        assert_eq!(names(&first), ["One", "Three"], "{}", first.body);
        assert_eq!((&first.body["items"][0]["team"], &first.body["items"][0]["user_type"]), (&json!("Billing"), &json!("Service")));
        let next = first.body["next_cursor"].as_str().unwrap();
        assert_eq!(names(&root.get(&format!("{path}?limit=2&cursor={next}")).await), ["Two"]);
        for (scopes, seen) in [
            ("roles:read", 0),
            ("roles:read users:read", 0),
            ("roles:read teams:read", 0),
            ("roles:read service_accounts:read teams:read", 3),
            ("roles:read users:read teams:read", 3),
        ] {
            let reply = app.api(&app.token(grace, scopes)).get(&path).await;
            assert_eq!((reply.status, names(&reply).len()), (200, seen), "{scopes}: {}", reply.body);
        }
        let blind = app.api(&app.token(grace, "users:read teams:read"));
        assert_eq!((blind.get(&path).await.status, blind.get(ROLES).await.status), (404, 403));
        let limited = app.person("max", OrgRole::Manager, &[]);
        assert_eq!(app.api(&app.token(limited, "roles:read roles:update")).patch(&format!("{ROLES}/{role}"), json!({ "name": "x" })).await.status, 403);
    }
}
