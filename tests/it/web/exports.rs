//! Exports: what is written down of them, and who is told (section 13).

use latchkey::model::ids::RoleId;
use latchkey::model::roles::OrgRole;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Browser, TestApp};

fn exports(app: &TestApp) -> usize {
    app.audit().iter().filter(|line| line.contains(".export ")).count()
}

async fn head(browser: &mut Browser, path: &str) -> crate::support::Html {
    let request = browser.request(Method::HEAD, path);
    browser.send(request).await
}

both! {
    async fn s13_head_of_an_export_writes_nothing_and_says_what_get_would(app) {
        let mut ada = app.admin().await;
        let root = app.root_api();
        app.person("member", OrgRole::Member, &[]);
        let mut member = app.log_in("member").await;
        for path in ["/audit/export.csv", "/audit/export.ndjson", "/tokens/export.csv"] {
            let before = exports(&app);
            let asked = head(&mut ada, path).await;
            assert_eq!((asked.status, asked.body.as_str(), exports(&app)), (200, "", before), "{path}");
            let file = ada.get(path).await;
            for headers in [&asked.headers, &file.headers] {
                assert!(!headers.contains_key("content-length"), "{path}: nobody knows it");
            }
            for name in ["content-type", "content-disposition", "cache-control"] {
                assert_eq!(asked.headers[name], file.headers[name], "{path}: {name}");
            }
            assert_eq!((file.status, exports(&app)), (200, before + 1), "{path}");
            assert_eq!(head(&mut member, path).await.status, 403, "{path}");
        }
        for wrong in ["/audit/export.csv?kind=robot", "/tokens/export.csv?state=foo"] {
            assert_eq!(head(&mut ada, wrong).await.status, 422);
        }
        let before = exports(&app);
        let asked = root.request(Method::HEAD, "/api/v1/audit/export?format=csv").send().await.unwrap();
        assert_eq!((asked.status().as_u16(), asked.headers()["content-type"].to_str().unwrap()), (200, "text/csv; charset=utf-8; header=present"));
        assert!(!asked.headers().contains_key("content-length"));
        assert!(asked.bytes().await.unwrap().is_empty());
        assert_eq!(root.request(Method::HEAD, "/api/v1/audit/export?kind=robot").send().await.unwrap().status().as_u16(), 400);
        assert_eq!(app.api("").request(Method::HEAD, "/api/v1/audit/export").send().await.unwrap().status().as_u16(), 401);
        assert_eq!(exports(&app), before);
    }

    async fn s13_what_somebody_looked_for_is_theirs_and_the_whole_logs_readers(app) {
        app.make_admin("ada");
        let (team, other) = (app.team("Billing"), app.team("Platform"));
        for name in ["olga", "paula"] {
            app.person(name, OrgRole::Member, &[(team, RoleId::OWNER)]);
        }
        let robot = app.service("Robot", OrgRole::Member, &[(team, RoleId::OWNER), (other, RoleId::OWNER)]);
        let mut olga = app.log_in("olga").await;
        assert_eq!(olga.get("/audit/export.ndjson?token=hush-hush&q=quiet").await.status, 200);
        let by_robot = app.api(&app.token(robot, "audit:read"));
        assert_eq!(by_robot.get("/api/v1/audit/export?token=hush-robot").await.status, 200);
        let entry = app.number("SELECT MIN(seq) AS n FROM audit WHERE action = 'audit.export'");
        let told = |body: &str| ["hush-hush", "quiet", "hush-robot"].into_iter().filter(|word| body.contains(word)).count();
        let mut paula = app.log_in("paula").await;
        let paths = [format!("/audit/{entry}"), format!("/teams/{team}/activity"), "/audit".into(), "/audit?q=hush".into(), "/audit/export.ndjson".into(), format!("/users/{robot}/activity")];
        for path in &paths {
            let page = paula.get(path).await;
            // The page and the field of a search tell what was typed there.
            let said = page.body.replace("value=\"hush\"", "");
            assert!(page.status == 200 && told(&said) == 0, "{path}: {}", page.text());
        }
        assert!(paula.get(&format!("/audit/{entry}")).await.has("ndjson"), "that it was made is told, and as what");
        assert!(told(&olga.get(&format!("/audit/{entry}")).await.body) == 2, "who looked may see it");
        let mut ada = app.log_in("ada").await;
        assert_eq!(told(&ada.get(&format!("/audit/{entry}")).await.body), 2);
        let mina = app.service("Mina", OrgRole::Member, &[(team, RoleId::OWNER)]);
        let api = app.api(&app.token(mina, "audit:read"));
        let list = api.get("/api/v1/audit?action=audit.export").await;
        let listed = list.body["items"].as_array().unwrap();
        assert!(!listed.is_empty() && listed.iter().all(|entry| entry["after"]["filters"] == Value::Null), "{}", list.body);
    }

    async fn s13_a_refusal_tells_a_teams_readers_nothing_of_power_elsewhere(app) {
        let mut ada = app.admin().await;
        let (team, other) = (app.team("Billing"), app.team("Platform"));
        app.person("olga", OrgRole::Member, &[(team, RoleId::OWNER)]);
        let paula = app.person("paula", OrgRole::Member, &[(team, RoleId::OWNER), (other, RoleId::VIEWER)]);
        let job = app.service("Job", OrgRole::Member, &[(team, RoleId::MAINTAINER), (other, RoleId::OWNER)]);
        let mut by_paula = app.log_in("paula").await;
        let refused = by_paula.post(&format!("/users/{job}/tokens/new"), &[("token_name", "x"), ("expires", "30"), ("scope", "applications:delete"), ("scope", "teams:update")]).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
        let reason = app.db.texts("SELECT reason AS t FROM audit WHERE reason LIKE '%Nobody grants more than they hold.%'").remove(0);
        assert!(reason.len() > "Nobody grants more than they hold.".len(), "{reason}");
        let mut olga = app.log_in("olga").await;
        for path in [format!("/users/{job}/activity"), format!("/teams/{team}/activity"), "/audit?outcome=refused".into(), "/audit/export.csv".into()] {
            let page = olga.get(&path).await;
            assert!(page.has("Nobody grants more than they hold.") && !page.has(&reason), "{path}: {}", page.text());
        }
        let hits = olga.get(&format!("/audit?{}", serde_html_form::to_string([("q", &reason[..20])]).unwrap())).await;
        assert!(hits.has("Nothing matches"), "nor is it found by that: {}", hits.text());
        for (whose, browser) in [("paula", &mut by_paula), ("ada", &mut ada)] {
            assert!(browser.get("/audit?outcome=refused").await.has(&reason), "{whose}");
        }
        assert!(paula.0 > 0);
    }

    async fn s13_what_a_token_is_called_hides_no_refusal_from_a_teams_readers(app) {
        let team = app.team("Billing");
        app.person("olga", OrgRole::Member, &[(team, RoleId::OWNER)]);
        let job = app.service("Job", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
        let mut olga = app.log_in("olga").await;
        let root = app.root_api();
        for name in ["ci, because of x", "Nobody grants more than they hold."] {
            let body = json!({ "name": name, "scopes": ["teams:read"], "expires_in_days": 30, "networks": ["10.20.0.0/16"] });
            let made = root.post(&format!("/api/v1/users/{job}/tokens"), body).await;
            assert_eq!(app.api(made.body["token"].as_str().unwrap()).get("/api/v1/me").await.status, 401, "{}", made.body);
            for path in [format!("/users/{job}/activity"), format!("/teams/{team}/activity")] {
                let page = olga.get(&path).await;
                assert!(page.has(&format!("the token “{name}” may not be used from this address")), "{path}: {}", page.text());
            }
        }
    }

    async fn s13_every_time_in_the_log_is_written_in_one_way(app) {
        let mut ada = app.admin().await;
        let job = app.service("Job", OrgRole::Member, &[(app.team("Billing"), RoleId::MAINTAINER)]);
        let root = app.root_api();
        let path = format!("/api/v1/users/{job}/tokens");
        let made = root.post(&path, json!({ "name": "ci", "scopes": ["teams:read"], "expires_in_days": 60 })).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let token = format!("{path}/{}", made.body["id"]);
        assert_eq!(root.post(&format!("{token}/rotate"), json!({ "overlap": "24h" })).await.status, 200);
        assert_eq!(root.post(&format!("{token}/finish"), json!({})).await.status, 200);
        assert_eq!(root.patch("/api/v1/settings", json!({ "token_policy": { "service_max_days": 30 } })).await.status, 200);
        assert_eq!(root.post("/api/v1/tokens/cap", json!({})).await.body["shortened"], 2, "the one that asks as well");
        let times = |json: &Value| ["expires_at", "old_secret_until", "until"].map(|name| json[name].clone());
        let kept = app.db.texts("SELECT t FROM (SELECT before AS t FROM audit UNION ALL SELECT after AS t FROM audit) AS kept WHERE t IS NOT NULL");
        let kept: Vec<Value> = kept.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        let found: Vec<_> = kept.iter().flat_map(|json| [times(json), times(&json["old_secret"])]).flatten().filter(|at| !at.is_null()).collect();
        assert!(found.len() >= 5, "{found:?}");
        for at in &found {
            let text = at.as_str().unwrap_or_default();
            assert!(time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).is_ok(), "{at}");
        }
        let page = ada.get(&format!("/users/{job}/activity")).await;
        for at in found {
            assert!(!page.has(at.as_str().unwrap()), "pages tell the day: {}", page.text());
        }
    }
}
