//! Lists in the portal: places in them that lead nowhere (section 7), and what an empty page says.

use latchkey::model::ids::RoleId;
use latchkey::model::page::{Cursor, Key};
use latchkey::model::roles::OrgRole;

use crate::support::TestApp;

/// A cursor that this list might have handed out.
fn place(list: &str, key: Key, id: i64) -> String {
    Cursor { list: list.into(), ..Cursor::at(key, id, false) }.encode()
}

fn lists(app: &TestApp) -> Vec<String> {
    let team = app.team("Platform");
    let job = app.service("Job", OrgRole::Member, &[(team, RoleId::OWNER)]);
    let mut lists: Vec<_> =
        ["/audit", "/tokens", "/users", "/teams", "/roles", "/account/activity"].map(str::to_owned).into();
    lists.extend([
        format!("/teams/{team}"),
        format!("/teams/{team}/service-accounts"),
        format!("/teams/{team}/activity"),
        format!("/users/{job}/activity"),
        "/roles/2".to_owned(),
    ]);
    lists
}

both! {
    async fn s7_a_place_that_leads_nowhere_is_told_on_every_list(app) {
        let mut ada = app.admin().await;
        let other = place("another list", Key::Number(3), 3);
        let named = place("another list", Key::Text("x".into()), 3);
        let nameless = place("", Key::Number(3), 3);
        for path in lists(&app) {
            let first = ada.get(&path).await;
            assert!(first.status == 200 && !first.has("not to be found any more"), "{path}: {}", first.text());
            for cursor in ["garbage", "e30", &other, &named, &nameless] {
                let page = ada.get(&format!("{path}?cursor={cursor}")).await;
                assert!(page.status == 200 && page.has("That page of the list is not to be found any more."), "{path}?cursor={cursor}: {}", page.text());
            }
        }
    }

    async fn s13_past_its_end_the_log_is_not_called_empty(app) {
        let mut ada = app.admin().await;
        let end = place("audit", Key::Number(1), 1);
        for query in ["", "&kind=person"] {
            let page = ada.get(&format!("/audit?cursor={end}{query}")).await;
            assert!(page.status == 200 && page.has("Nothing older") && !page.has("Nothing yet"), "{}", page.text());
            let newer = page.links().into_iter().find(|(words, _)| words.contains("Newer entries")).unwrap().1;
            assert!(!ada.get(&newer).await.has("Nothing older"));
        }
    }

    async fn words_that_are_no_filter_are_told_and_can_be_left(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        app.person("paula", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        app.service("Job", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        let members = format!("/teams/{team}");
        let machines = format!("{members}/service-accounts");
        for (path, name, wrong) in [
            ("/users", "status", "disbled"),
            ("/users", "kind", "robot"),
            ("/users", "role", "Boss"),
            ("/users", "team", "Platform"),
            ("/users", "sort", "age"),
            (&*members, "role", "Boss"),
            (&*machines, "role", "viewer"),
        ] {
            let page = ada.get(&format!("{path}?{name}={wrong}&q=o")).await;
            assert_eq!((page.status, page.value("q").as_str()), (422, "o"), "{path}?{name}: {}", page.text());
            let told = page.inner("[role=alert]").unwrap_or_default();
            assert!(told.contains(wrong) && page.count("table") == 0 && page.count("#bulk") == 0, "{path}?{name}: {}", page.text());
            let form = page.form("form.tools");
            let applied = ada.get(&format!("{path}?{}", serde_html_form::to_string(&form).unwrap())).await;
            assert_eq!(applied.status, 200, "{path}?{name}: {form:?}");
            let again = page.links().into_iter().find(|(words, _)| words == "Go on without it").unwrap().1;
            let again = ada.get(&again).await;
            assert_eq!((again.status, again.value("q").as_str()), (200, "o"), "{path}?{name}");
        }
        let empty = "/users?status=&kind=&role=&team=&sort=&q=";
        assert!(ada.get(empty).await.has("paula"), "what is left empty is no filter");
        let chosen = ada.get(&format!("{members}?role=Viewer")).await;
        assert!(chosen.status == 200 && chosen.has("paula"), "{}", chosen.text());
    }

    async fn s4_an_account_whose_tokens_are_suspended_is_not_said_to_have_none(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        let job = app.service("Job", OrgRole::Member, &[(team, RoleId::OWNER)]);
        assert!(ada.get("/").await.has("It has no token that is good."));
        app.token(job, "teams:read");
        app.sql("UPDATE tokens SET suspended_at = 1").unwrap();
        let page = ada.get("/").await;
        assert!(page.has("All its tokens are suspended.") && !page.has("no token"), "{}", page.text());
        let way = page.links().into_iter().find(|(words, _)| words.contains("See its tokens")).unwrap().1;
        assert_eq!(way, format!("/users/{job}/tokens"));
        app.person("eddi", OrgRole::Editor, &[]);
        let mut eddi = app.log_in("eddi").await;
        let page = eddi.get("/").await;
        assert!(page.has("All its tokens are suspended.") && !page.has("See its tokens"), "{}", page.text());
        for (words, way) in page.links() {
            assert_eq!(eddi.get(&way).await.status, 200, "{words}: nobody is led where they may not go");
        }
        let profile = ada.get(&format!("/users/{job}")).await;
        assert!(profile.has("All its access tokens are suspended.") && !profile.has("no access token"), "{}", profile.text());
        // Whoever does not know the team that it is in is not told that there is none.
        let home = app.team("Billing");
        app.sql(&format!("UPDATE users SET home_team_id = {home} WHERE id = {job}")).unwrap();
        app.person("mia", OrgRole::Member, &[(home, RoleId::MAINTAINER)]);
        let mut mia = app.log_in("mia").await;
        let page = mia.get("/").await;
        assert!(page.has("All its tokens are suspended.") && !page.has("in no team besides"), "{}", page.text());
        app.sql("DELETE FROM memberships").unwrap();
        assert!(ada.get("/").await.has("It is in no team besides Public, and its tokens are suspended."));
    }
}
