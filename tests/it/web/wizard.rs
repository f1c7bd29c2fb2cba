//! *Add a service user*: both steps, all or nothing.

use latchkey::model::ids::RoleId;
use latchkey::model::roles::OrgRole;

use crate::support::{Browser, Html, TestApp};

/// What both steps together post.
fn both_steps<'a>(key: &'a str, team: &'a str, role: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("name", "API Access"),
        ("role", "Editor"),
        ("team", team),
        (role, "Maintainer"),
        ("home_team", team),
        ("form_key", key),
        ("token_name", "pipeline-production"),
        ("expires", "365"),
        ("scope", "users:read"),
        ("scope", "teams:read"),
    ]
}

async fn finish(browser: &mut Browser, app: &TestApp, key: &str) -> Html {
    let team = app.number("SELECT id AS n FROM teams WHERE name = 'Data Engineering'").to_string();
    let role = format!("team_role_{team}");
    browser.post("/users/service", &both_steps(key, &team, &role)).await
}

fn token_on(page: &Html) -> String {
    page.inner("#secret").unwrap_or_else(|| panic!("no token on {}", page.text()))
}

fn counts(app: &TestApp) -> (i64, i64) {
    (
        app.number("SELECT COUNT(*) AS n FROM users WHERE kind = 'service'"),
        app.number("SELECT COUNT(*) AS n FROM tokens"),
    )
}

both! {
    async fn both_steps_make_an_account_and_a_token_that_works(app) {
        let mut ada = app.admin().await;
        let team = app.team("Data Engineering").to_string();
        let first = ada.get("/users/service/new").await;
        assert_eq!(first.chosen("role").as_deref(), Some("Member"), "the least");
        assert!(first.has("Public"));
        let query = format!("/users/service/new/token?name=API+Access&role=Editor&team={team}&team_role_{team}=Maintainer&home_team={team}");
        let second = ada.get(&query).await;
        assert_eq!(second.status, 200, "{}", second.text());
        assert!(second.has("api_access@service"));
        assert_eq!(second.value("name"), "API Access", "step 1 is kept");
        assert_eq!(second.chosen("expires").as_deref(), Some("365"));
        assert_eq!(counts(&app), (0, 0), "leaving half-way leaves nothing behind");
        let page = finish(&mut ada, &app, "k1").await;
        assert_eq!(page.status, 200, "{}", page.text());
        assert_eq!(page.headers.get("cache-control").unwrap(), "no-store");
        let token = token_on(&page);
        assert!(token.starts_with("lk_svc_"));
        let download = page.attribute("a[download]", "href").unwrap();
        assert!(download.starts_with("data:text/plain") && download.contains(&token));
        let me = app.api(&token).get("/api/v1/me").await;
        assert_eq!(me.status, 200, "{}", me.body);
        assert_eq!(me.body["user"]["user_id"], "api_access@service");
        assert_eq!(me.body["token"]["effective_scopes"], serde_json::json!(["users:read", "teams:read"]));
        assert_eq!(app.api(&token).get("/api/v1/users").await.status, 200);
        assert_eq!(app.api(&token).delete("/api/v1/users/1").await.status, 403);
        let email = app.db.texts("SELECT email AS t FROM users WHERE kind = 'service'").remove(0);
        assert!(email.ends_with(".invalid"), "{email}");
    }

    async fn a_failure_between_account_and_token_leaves_neither(app) {
        let mut ada = app.admin().await;
        app.team("Data Engineering");
        if app.db.url().is_some() {
            app.sql("CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no tokens today''; END'").unwrap();
            app.sql("CREATE TRIGGER fail BEFORE INSERT ON tokens FOR EACH ROW EXECUTE FUNCTION fail()").unwrap();
        } else {
            app.sql("CREATE TRIGGER fail BEFORE INSERT ON tokens BEGIN SELECT RAISE(ABORT, 'no tokens today'); END").unwrap();
        }
        let before = app.audit();
        let page = finish(&mut ada, &app, "k1").await;
        assert_eq!(page.status, 500);
        assert!(!page.body.contains("no tokens today") && !page.body.contains("lk_svc_"));
        assert_eq!(counts(&app), (0, 0));
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM memberships"), 0);
        assert_eq!(app.audit(), before, "nor does the audit log tell of an account");
        app.sql(if app.db.url().is_some() { "DROP TRIGGER fail ON tokens" } else { "DROP TRIGGER fail" }).unwrap();
        assert_eq!(finish(&mut ada, &app, "k1").await.status, 200, "and the same form works afterwards");
        assert_eq!(counts(&app), (1, 1));
    }

    async fn two_clicks_on_finish_make_one_account(app) {
        let mut ada = app.admin().await;
        app.team("Data Engineering");
        let mut tab = app.visitor();
        tab.set_cookie(ada.cookie().unwrap());
        let (one, other) = tokio::join!(finish(&mut ada, &app, "k1"), finish(&mut tab, &app, "k1"));
        let shown = [&one, &other].iter().filter(|page| page.body.contains("lk_svc_")).count();
        assert_eq!(shown, 1, "{} {}", one.status, other.status);
        assert_eq!(counts(&app), (1, 1));
        let third = finish(&mut ada, &app, "k1").await;
        assert!(third.status < 500 && !third.body.contains("lk_svc_"));
        assert_eq!(counts(&app), (1, 1));
    }

    async fn the_token_is_nowhere_afterwards(app) {
        let mut ada = app.admin().await;
        app.team("Data Engineering");
        let token = token_on(&finish(&mut ada, &app, "k1").await);
        let secret = &token["lk_svc_".len()..token.len() - 6];
        let id = app.number("SELECT id AS n FROM users WHERE kind = 'service'");
        for path in [format!("/users/{id}"), format!("/users/{id}/tokens"), format!("/users/{id}/activity"), "/".into(), "/account".into()] {
            let page = ada.get(&path).await;
            assert!(page.status == 200 && !page.body.contains(secret), "{path}");
        }
        assert!(!app.db.texts("SELECT COALESCE(before, '') || COALESCE(after, '') AS t FROM audit").concat().contains(secret));
        assert!(!app.db.texts("SELECT data AS t FROM sessions").concat().contains(secret));
        for file in std::fs::read_dir(app.dir.path()).unwrap() {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "the token stands in {}", path.display());
        }
    }

    async fn mistakes_are_told_at_their_fields_and_nothing_is_lost(app) {
        let mut ada = app.admin().await;
        let team = app.team("Data Engineering").to_string();
        app.service("API Access", OrgRole::Member, &[]);
        let taken = ada.get("/users/service/new/token?name=API+Access&role=Editor").await;
        assert!(taken.error("name").unwrap().contains("API Access 2 is free"), "{}", taken.text());
        assert_eq!((taken.value("name").as_str(), taken.chosen("role").as_deref()), ("API Access", Some("Editor")));
        assert!(ada.get("/users/service/new/token?name=%21%21&role=Editor").await.error("name").is_some(), "folds to nothing");
        assert!(ada.get("/users/service/new/token?role=Editor").await.error("name").is_some());
        let role = format!("team_role_{team}");
        let fields = [("name", "New one"), ("role", "Member"), ("team", &team), (&role, "Owner"), ("token_name", ""), ("expires", "date"), ("expires_on", "2020-01-01"), ("scope", "teams:read"), ("form_key", "k")];
        let second = ada.post("/users/service", &fields).await;
        assert_eq!(second.status, 422);
        assert!(second.error("token_name").is_some() && second.has("future"), "{}", second.text());
        assert_eq!((second.value("name").as_str(), second.value("expires_on").as_str()), ("New one", "2020-01-01"));
        assert_eq!(second.count("input[name=scope][value='teams:read'][checked]"), 1);
        assert_eq!(counts(&app), (1, 0));
    }

    async fn a_team_owner_makes_them_in_their_team_and_no_further(app) {
        let team = app.team("Data Engineering");
        let other = app.team("Billing");
        app.person("olga", OrgRole::Member, &[(team, RoleId::OWNER)]);
        let mut olga = app.log_in("olga").await;
        let (id, role) = (team.to_string(), format!("team_role_{team}"));
        let make = |changes: Vec<(&'static str, String)>| {
            let mut fields: Vec<(String, String)> = [("name", "API Access"), ("role", "Member"), ("team", &id), (&role, "Maintainer"), ("token_name", "t"), ("expires", "30"), ("scope", "teams:read")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
            for (name, value) in changes {
                fields.retain(|(key, _)| key != name);
                fields.push((name.to_owned(), value));
            }
            fields
        };
        for stronger in [
            make(vec![("role", "Admin".into())]),
            make(vec![("role", "Editor".into())]),
            make(vec![("team", other.to_string())]),
            make(vec![("home_team", other.to_string())]),
            make(vec![("team", "1".into()), ("home_team", "1".into())]),
            make(vec![("global_admin", "on".into()), ("scope", String::new())]),
        ] {
            let borrowed: Vec<_> = stronger.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let page = olga.post("/users/service", &borrowed).await;
            assert!((400..500).contains(&page.status) && !page.body.contains("lk_svc_"), "{stronger:?}: {}", page.status);
            assert_eq!(counts(&app), (0, 0), "{stronger:?}");
        }
        let good = make(vec![]);
        let borrowed: Vec<_> = good.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let page = olga.post("/users/service", &borrowed).await;
        assert_eq!(page.status, 200, "{}", page.text());
        assert_eq!(counts(&app), (1, 1));
    }
}
