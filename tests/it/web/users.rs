//! Users: the list, the form, a user's page.

use latchkey::model::ids::RoleId;
use latchkey::model::roles::OrgRole;

use crate::support::{Browser, Html};

/// Display names in the order of the list.
fn names(page: &Html) -> Vec<String> {
    let document = scraper::Html::parse_document(&page.body);
    let selector = scraper::Selector::parse("tbody a.name").unwrap();
    document.select(&selector).map(|link| link.text().collect::<String>()).collect()
}

/// The pages from `path` on that the links of this relation lead through, with whom they list.
async fn walk(browser: &mut Browser, path: &str, relation: &str) -> Vec<(String, Vec<String>)> {
    let (mut path, mut pages) = (path.to_owned(), Vec::new());
    loop {
        let page = browser.get(&path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        pages.push((path, names(&page)));
        match page.attribute(&format!("a[rel='{relation}']"), "href") {
            Some(way) => path = way,
            None => return pages,
        }
    }
}

/// That the pages from `path` on, and those back from the last one, list all of these in their order.
async fn assert_pages(browser: &mut Browser, path: &str, expected: impl Iterator<Item = String>) {
    let expected: Vec<_> = expected.collect();
    let on = walk(browser, path, "next").await;
    assert_eq!(on.iter().flat_map(|(_, names)| names.clone()).collect::<Vec<_>>(), expected, "{path}");
    let back = walk(browser, &on[on.len() - 1].0, "prev").await;
    let back: Vec<_> = back.into_iter().rev().map(|(_, names)| names).collect();
    assert_eq!(back, on.into_iter().map(|(_, names)| names).collect::<Vec<_>>(), "{path}, backwards");
}

both! {
    async fn search_and_filters_find_what_they_say(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        app.service("Terraform runner", OrgRole::Editor, &[(team, RoleId::OWNER)]);
        app.agent("Release notes writer", OrgRole::Member, &[]);
        let off = app.person("jonas", OrgRole::Manager, &[]);
        app.write(|cx| latchkey::service::users::disable(cx, off));
        for (query, found) in [
            ("q=raform", vec!["Terraform runner"]),
            ("q=TERRAFORM_RUNNER@", vec!["Terraform runner"]),
            ("q=te", vec!["Release notes writer", "Terraform runner"]),
            ("q=100%25", vec![]),
            ("q=%22quote", vec![]),
            ("q=jonas@example", vec!["jonas"]),
            ("kind=agent", vec!["Release notes writer"]),
            ("status=disabled", vec!["jonas"]),
            ("status=idle", vec!["Release notes writer", "Terraform runner"]),
            ("role=Manager", vec!["jonas"]),
            (&format!("team={team}"), vec!["Terraform runner"]),
            (&format!("team={team}&q=jonas"), vec![]),
        ] {
            let page = ada.get(&format!("/users?{query}")).await;
            assert_eq!((page.status, names(&page)), (200, found.iter().map(|name| (*name).to_owned()).collect()), "{query}");
        }
        for nonsense in ["kind=x&status=y&role=z&team=w&sort=v&cursor=u", "cursor=%00", "team=999999", "q=%F0%9F%97%9D", "limit=-1"] {
            let page = ada.get(&format!("/users?{nonsense}")).await;
            assert!(page.status < 500, "{nonsense}: {}", page.status);
        }
    }

    async fn the_form_makes_a_service_account_by_its_box(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform").to_string();
        let role = format!("team_role_{team}");
        let fields = [
            ("is_service", "on"), ("display_name", "Nightly backup"), ("username", "nightly_backup@service"),
            ("email", "ada@example.com"), ("password", "ignored and cleared"), ("role", "Member"), ("team", team.as_str()), (&role, "Viewer"), ("form_key", "k1"),
        ];
        let page = ada.submit("/users/new", &fields).await;
        assert!(page.has("Nightly backup") && page.has("Service"), "{}", page.text());
        let again = ada.submit("/users/new", &fields).await;
        assert_eq!(again.inner("h1"), page.inner("h1"), "sent twice, made once");
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE kind = 'service' AND email LIKE '%.invalid' AND password_hash IS NULL"), 1);
    }

    async fn a_clash_names_the_field_and_keeps_what_was_typed(app) {
        let mut ada = app.admin().await;
        app.person("jonas", OrgRole::Member, &[]);
        let fields = [("username", "JONAS"), ("display_name", "Another"), ("email", "new@example.com"), ("role", "Editor")];
        let page = ada.post("/users/new", &fields).await;
        assert_eq!(page.status, 422);
        assert!(page.error("username").is_some() && page.error("email").is_none());
        let kept = [page.value("username"), page.value("display_name"), page.value("email"), page.chosen("role").unwrap()];
        assert_eq!(kept, ["JONAS", "Another", "new@example.com", "Editor"]);
        let nonsense = [("username", "a b"), ("display_name", ""), ("email", "nonsense"), ("role", "King"), ("team", "x"), ("home_team", "y")];
        let page = ada.post("/users/new", &nonsense).await;
        assert!((400..500).contains(&page.status), "{}", page.status);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users"), 2);
    }

    async fn the_second_of_two_editors_is_told_and_loses_nothing(app) {
        let mut ada = app.admin().await;
        app.make_admin("grace");
        let mut grace = app.log_in("grace").await;
        let id = app.service("API Access", OrgRole::Member, &[]);
        let path = format!("/users/{id}");
        let (hers, mine) = (ada.get(&path).await, grace.get(&path).await);
        let fields = |page: &Html, name: &str, text: &str| {
            [("version", page.value("version")), ("display_name", name.into()), ("username", page.value("username")), ("role", "Member".into()), ("description", text.into()), ("home_team", "1".into())]
        };
        let first = fields(&hers, "API Access (prod)", "Ada's words");
        ada.submit(&path, &first.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
        let second = fields(&mine, "API Access", "Grace's words");
        let told = grace.post(&path, &second.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
        assert_eq!(told.status, 409);
        assert!(told.has("Grace's words") && told.has("Ada's words") && told.has("API Access (prod)"), "{}", told.text());
        assert_eq!(app.db.texts("SELECT description AS t FROM users WHERE kind = 'service'"), ["Ada's words"]);
        let third = fields(&told, "API Access (prod)", "Ada's words. Grace's words");
        grace.submit(&path, &third.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
        assert_eq!(app.db.texts("SELECT description AS t FROM users WHERE kind = 'service'"), ["Ada's words. Grace's words"]);
    }

    async fn disabling_ends_sessions_and_stops_tokens_at_once(app) {
        let mut ada = app.admin().await;
        let id = app.person("jonas", OrgRole::Manager, &[]);
        let mut jonas = app.log_in("jonas").await;
        let api = app.api(&app.token(id, "users:read"));
        assert_eq!((jonas.get("/users").await.status, api.get("/api/v1/users").await.status), (200, 200));
        ada.submit(&format!("/users/{id}/disable"), &[]).await;
        assert_eq!((jonas.get("/users").await.status, api.get("/api/v1/users").await.status), (303, 401));
        ada.submit(&format!("/users/{id}/enable"), &[]).await;
        assert_eq!((jonas.get("/users").await.status, api.get("/api/v1/users").await.status), (303, 200));
    }

    async fn deleting_asks_for_the_username_and_frees_it(app) {
        let mut ada = app.admin().await;
        let id = app.service("API Access", OrgRole::Member, &[]);
        let token = app.token(id, "self:read");
        let path = format!("/users/{id}/delete");
        assert!(ada.get(&path).await.has("api_access@service"));
        assert_eq!(ada.post(&path, &[("username", "something else")]).await.status, 422);
        app.clock.advance(time::Duration::minutes(11));
        let asked = ada.post(&path, &[("username", "api_access@service")]).await;
        assert!(asked.status >= 400 && asked.count("input[type=password]") == 1, "{}", asked.text());
        let wrong = ada.post(&path, &[("username", "api_access@service"), ("password", "wrong wrong wrong")]).await;
        assert!(wrong.error("password").is_some());
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE kind = 'service'"), 1);
        ada.submit(&path, &[("username", "api_access@service"), ("password", crate::support::PASSWORD)]).await;
        assert_eq!(app.api(&token).get("/api/v1/me").await.status, 401);
        let again = app.service("API Access", OrgRole::Member, &[]);
        assert!(again > id, "the username is free again, the id never");
        assert!(app.audit().iter().any(|line| line.starts_with("user.delete done api_access@service")));
    }

    async fn the_last_admin_stays(app) {
        let mut ada = app.admin().await;
        let id = app.number("SELECT id AS n FROM users WHERE username = 'ada'");
        app.service("Root", OrgRole::Admin, &[]);
        app.person("jonas", OrgRole::Manager, &[]);
        let page = ada.get(&format!("/users/{id}")).await;
        let fields = [("version", page.value("version")), ("display_name", "Ada".into()), ("username", "ada".into()), ("email", "ada@example.com".into()), ("role", "Member".into())];
        let demoted = ada.post(&format!("/users/{id}"), &fields.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
        assert!(demoted.status == 409 || demoted.status == 422, "{}", demoted.status);
        assert!(demoted.has("last Admin"), "{}", demoted.text());
        for act in ["disable", "delete", "turn-into-service"] {
            let answer = ada.post(&format!("/users/{id}/{act}"), &[("username", "ada"), ("home_team", "1")]).await;
            assert!((400..500).contains(&answer.status), "{act}: {}", answer.status);
        }
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE kind = 'person' AND role = 'Admin' AND disabled_at IS NULL"), 1);
    }

    async fn one_sees_oneself_and_ones_teams(app) {
        app.make_admin("ada");
        let (mine, other) = (app.team("Mine"), app.team("Other"));
        app.person("jonas", OrgRole::Member, &[(mine, RoleId::VIEWER)]);
        let mate = app.person("mate", OrgRole::Member, &[(mine, RoleId::VIEWER), (other, RoleId::OWNER)]);
        let stranger = app.person("stranger", OrgRole::Member, &[(other, RoleId::VIEWER)]);
        let robot = app.service("Robot", OrgRole::Member, &[(mine, RoleId::VIEWER)]);
        let mut jonas = app.log_in("jonas").await;
        assert_eq!(names(&jonas.get("/users").await), ["jonas", "mate", "Robot"]);
        assert_eq!(jonas.get(&format!("/users/{mate}")).await.status, 200);
        assert!(!jonas.get(&format!("/users/{mate}")).await.has("Other"), "a team one is not in is not told");
        assert_eq!(jonas.get(&format!("/users/{stranger}")).await.status, 404);
        assert_eq!(jonas.get(&format!("/users/{robot}/tokens")).await.status, 200);
        assert_eq!(jonas.get(&format!("/users/{mate}/tokens")).await.status, 403);
        assert_eq!(jonas.get(&format!("/teams/{other}")).await.status, 404);
        let page = jonas.get(&format!("/users/{robot}")).await;
        assert_eq!(page.count("a[href$='/delete'], a[href$='/disable']"), 0, "what one may not do is not drawn");
    }

    async fn bulk_does_all_or_nothing(app) {
        let mut ada = app.admin().await;
        let own = app.number("SELECT id AS n FROM users WHERE username = 'ada'").to_string();
        let (one, two) = (app.service("One", OrgRole::Member, &[]).to_string(), app.service("Two", OrgRole::Member, &[]).to_string());
        let refused = ada.post("/users/bulk", &[("action", "disable"), ("id", &one), ("id", &own)]).await;
        assert!((400..500).contains(&refused.status), "{}", refused.status);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE disabled_at IS NOT NULL"), 0);
        ada.submit("/users/bulk", &[("action", "disable"), ("id", &one), ("id", &two)]).await;
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE disabled_at IS NOT NULL"), 2);
    }

    async fn s2_pages_lead_on_and_back_in_every_order(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        let made = (0..120).map(|n| format!("Robot {n:03}"));
        let made: Vec<_> = made.map(|name| (app.service(&name, OrgRole::Member, &[(team, RoleId::VIEWER)]).0, name)).collect();
        // Very many were last seen at the same moment, and many never.
        app.sql("UPDATE users SET last_seen_at = (id % 3) * 1000000 WHERE kind <> 'person'").unwrap();
        let (of_kind, of_team) = ("/users?kind=service".to_owned(), format!("/users?team={team}"));
        for path in [of_kind, of_team] {
            for sort in ["name", "-name", "last_seen", "-last_seen"] {
                let mut expected = made.clone();
                expected.sort_by_key(|(id, _)| if sort.ends_with("seen") { (id % 3, *id) } else { (0, *id) });
                if sort.starts_with('-') {
                    expected.reverse();
                }
                assert_pages(&mut ada, &format!("{path}&sort={sort}"), expected.into_iter().map(|(_, name)| name)).await;
            }
        }
        assert_pages(&mut ada, &format!("/teams/{team}/service-accounts"), made.into_iter().map(|(_, name)| name)).await;
    }

    async fn names_cannot_write_markup(app) {
        let mut ada = app.admin().await;
        let nasty = "<script>alert(1)</script>";
        let team = app.team(nasty);
        let id = app.service(&format!("x {nasty}"), OrgRole::Member, &[(team, RoleId::VIEWER)]);
        for path in ["/", "/users", "/teams", &format!("/users/{id}"), &format!("/users/{id}/activity"), &format!("/teams/{team}/service-accounts"), "/users?q=<script>alert(1)"] {
            let page = ada.get(path).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(!page.body.contains("<script>alert"), "{path}");
        }
    }
}
