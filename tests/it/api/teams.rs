//! `/api/v1/teams`.

use latchkey::model::ids::RoleId;
use latchkey::model::roles::OrgRole;
use reqwest::Method;
use serde_json::json;

use crate::support::Reply;

const TEAMS: &str = "/api/v1/teams";

both! {
    async fn a_team_is_made_read_changed_and_deleted(app) {
        let api = app.root_api();
        let made = api.post(TEAMS, json!({ "name": "Data Engineering", "description": "Pipelines" })).await;
        assert_eq!((made.status, made.header("etag")), (201, "\"1\""), "{}", made.body);
        assert_eq!((&made.body["people"], &made.body["service_accounts"]), (&json!(0), &json!(0)));
        let path = made.header("location").to_owned();
        assert_eq!(api.get(&path).await.body, made.body);
        let clash = api.post(TEAMS, json!({ "name": "data engineering" })).await;
        assert_eq!((clash.status, clash.pointers()), (422, vec!["/name"]));
        let changed = api.patch(&path, json!({ "name": "Data" })).await;
        assert_eq!((changed.status, changed.header("etag")), (200, "\"2\""), "{}", changed.body);
        assert_eq!((&changed.body["name"], &changed.body["description"]), (&json!("Data"), &json!("Pipelines")));
        let stale = api.request(Method::PATCH, &path).header("if-match", "\"1\"").json(&json!({ "name": "Other" }));
        assert_eq!(Reply::of(stale).await.status, 412);
        let stale = api.request(Method::DELETE, &path).header("if-match", "\"1\"");
        assert_eq!(Reply::of(stale).await.status, 412);
        assert_eq!(api.delete(&path).await.status, 204);
        assert_eq!(api.get(&path).await.status, 404);
        app.assert_chain();
    }

    async fn public_stays_as_it_is(app) {
        let api = app.root_api();
        let public = api.get("/api/v1/teams/1").await;
        assert_eq!((&public.body["name"], &public.body["people"]), (&json!("Public"), &json!(null)));
        let id = app.service("Deployer", OrgRole::Member, &[]);
        for reply in [
            api.patch("/api/v1/teams/1", json!({ "name": "All" })).await,
            api.delete("/api/v1/teams/1").await,
            api.put(&format!("/api/v1/teams/1/members/{id}"), json!({ "role": "Owner" })).await,
            api.delete(&format!("/api/v1/teams/1/members/{id}")).await,
        ] {
            assert_eq!(reply.status, 409, "{}", reply.body);
        }
    }

    async fn members_come_and_go(app) {
        let team = app.team("Platform");
        let (jonas, job) = (app.person("jonas", OrgRole::Member, &[]), app.service("Job", OrgRole::Member, &[]));
        let (api, path) = (app.root_api(), format!("{TEAMS}/{team}/members"));
        for (user, role) in [(jonas, "Owner"), (job, "Viewer"), (job, "Maintainer")] {
            let reply = api.put(&format!("{path}/{user}"), json!({ "role": role })).await;
            assert_eq!(reply.status, 204, "{}", reply.body);
        }
        let list = api.get(&path).await;
        assert_eq!(list.body["items"][0]["user_id"], "job@service");
        assert_eq!(list.body["items"][0]["role"], "Maintainer");
        assert_eq!(list.body["items"][1]["user_type"], "Person");
        let page = api.get(&format!("{path}?limit=1")).await;
        let next = api.get(&format!("{path}?limit=1&cursor={}", page.body["next_cursor"].as_str().unwrap())).await;
        assert_eq!((&next.body["items"][0]["name"], &next.body["next_cursor"]), (&json!("jonas"), &json!(null)));
        let team_now = api.get(&format!("{TEAMS}/{team}")).await;
        assert_eq!((&team_now.body["people"], &team_now.body["service_accounts"]), (&json!(1), &json!(1)));
        let wrong = api.put(&format!("{path}/{job}"), json!({ "role": "Boss" })).await;
        assert_eq!((wrong.status, wrong.pointers()), (422, vec!["/role"]));
        assert_eq!(api.put(&format!("{path}/999999"), json!({ "role": "Owner" })).await.status, 404);
        assert_eq!(api.delete(&format!("{path}/{job}")).await.status, 204);
        assert_eq!(api.delete(&format!("{path}/{job}")).await.status, 404);
        assert_eq!(api.get(&path).await.body["items"].as_array().unwrap().len(), 1);
    }

    async fn a_home_is_not_deleted_before_its_accounts_have_moved(app) {
        let (team, other) = (app.team("Platform"), app.team("Billing"));
        let [job, agent] = [app.service("Job", OrgRole::Member, &[(team, RoleId::VIEWER)]), app.agent("Agent", OrgRole::Member, &[(team, RoleId::VIEWER)])];
        let (api, path) = (app.root_api(), format!("{TEAMS}/{team}"));
        let reply = api.delete(&path).await;
        assert!(reply.status == 409 && reply.body["detail"].as_str().unwrap().contains("is the home of 2 service accounts"), "{}", reply.body);
        assert_eq!(reply.body["accounts"], json!([agent, job]), "by name");
        let move_to = |to: &str| (format!("{path}/move-homes"), json!({ "to": to }));
        for (to, status) in [("Nowhere", 422), ("platform", 422), ("", 422)] {
            let (path, body) = move_to(to);
            let reply = api.post(&path, body).await;
            assert_eq!((reply.status, reply.pointers()), (status, vec!["/to"]), "{to}");
        }
        let owner = app.person("olga", OrgRole::Member, &[(team, RoleId::OWNER)]);
        let weak = app.api(&app.token(owner, "teams:read teams:delete service_accounts:update service_accounts:create"));
        let unseen = weak.delete(&path).await;
        assert_eq!((unseen.status, unseen.body["accounts"].as_array().map(Vec::len)), (409, Some(2)), "{}", unseen.body);
        let (to, body) = move_to("Billing");
        assert_eq!(weak.post(&to, body.clone()).await.status, 422, "she does not know of that team");
        app.write(|cx| latchkey::service::members::set(cx, other, owner, RoleId::VIEWER));
        let refused = weak.post(&to, body.clone()).await;
        assert_eq!((refused.status, &refused.body["missing_permission"]), (403, &json!("service_accounts:create")), "{}", refused.body);
        let moved = api.post(&to, body).await;
        assert_eq!((moved.status, &moved.body), (200, &json!({ "moved": 2, "applications": 0 })));
        assert_eq!(api.get(&format!("/api/v1/users/{job}")).await.body["home_team"], "Billing");
        assert_eq!(api.delete(&path).await.status, 204);
        app.assert_chain();
    }

    async fn nobody_is_moved_because_of_an_account_that_one_may_not_see(app) {
        let (team, other) = (app.team("Platform"), app.team("Billing"));
        let mover = app.role("Mover", "service_accounts:update service_accounts:create", latchkey::model::roles::AppLevel::None);
        let olga = app.person("olga", OrgRole::Member, &[(team, mover), (other, mover)]);
        let job = app.service("Job", OrgRole::Member, &[]);
        app.sql(&format!("UPDATE users SET home_team_id = {team} WHERE id = {job}")).unwrap();
        let api = app.api(&app.token(olga, "service_accounts:update service_accounts:create"));
        let refused = api.post(&format!("{TEAMS}/{team}/move-homes"), json!({ "to": "Billing" })).await;
        assert_eq!(refused.status, 409, "{}", refused.body);
        assert!(!refused.body.to_string().contains("job@service"), "{}", refused.body);
        assert_eq!(app.number(&format!("SELECT home_team_id AS n FROM users WHERE id = {job}")), team.0);
    }

    async fn lists_show_what_one_may_know_of(app) {
        let (platform, _) = (app.team("Platform"), app.team("Secret"));
        let id = app.service("Job", OrgRole::Member, &[(platform, RoleId::VIEWER)]);
        let api = app.api(&app.token(id, "teams:read"));
        let names = |reply: &Reply| reply.body["items"].as_array().unwrap().iter().map(|team| team["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(names(&api.get(TEAMS).await), ["Platform", "Public"]);
        let root = app.root_api();
        assert_eq!(names(&root.get(&format!("{TEAMS}?q=SEC")).await), ["Secret"]);
        let page = root.get(&format!("{TEAMS}?limit=2")).await;
        let next = root.get(&format!("{TEAMS}?limit=2&cursor={}", page.body["next_cursor"].as_str().unwrap())).await;
        assert_eq!((names(&page).len(), names(&next)), (2, vec!["Secret".to_owned()]));
    }
}
