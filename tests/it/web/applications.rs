//! The pages of applications.

use latchkey::model::ids::{ApplicationId, RoleId, TeamId, UserId};
use latchkey::model::roles::OrgRole;

use crate::support::{Browser, TestApp};

/// An application at home in a team whose Owner, Maintainer and Viewer there are, and a Maintainer of another team.
struct Scene {
    team: TeamId,
    other: TeamId,
    reports: ApplicationId,
}

impl Scene {
    fn of(app: &TestApp) -> Self {
        app.make_admin("ada");
        let (team, other) = (app.team("Billing"), app.team("Platform"));
        for (name, role) in [("olga", RoleId::OWNER), ("mia", RoleId::MAINTAINER), ("vera", RoleId::VIEWER)] {
            app.person(name, OrgRole::Member, &[(team, role)]);
        }
        app.person("paul", OrgRole::Member, &[(other, RoleId::MAINTAINER)]);
        let reports = app.application("reports", team, &["look read", "edit write"]);
        Self { team, other, reports }
    }

    fn at(&self, path: &str) -> String {
        format!("/applications/{}{path}", self.reports)
    }
}

async fn send(browser: &mut Browser, path: &str, changed: &[(&str, &str)]) -> crate::support::Html {
    let mut fields = browser.get(path).await.form("main form[method=post]");
    for (name, value) in changed {
        fields.retain(|(known, _)| known != name);
        fields.push(((*name).into(), (*value).into()));
    }
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &fields).await
}

both! {
    async fn s10_an_application_is_made_in_the_portal(app) {
        let mut ada = app.admin().await;
        app.team("Billing");
        let empty = ada.get("/applications").await;
        assert!(empty.has("No applications yet") && empty.count("a[href='/applications/new']") == 2, "{}", empty.text());
        assert_eq!(empty.count("nav a[href='/applications']"), 2, "in the sidebar, and in the menu of narrow screens");
        let form = ada.get("/applications/new").await;
        let key = form.value("form_key");
        let wrong = [("form_key", &*key), ("name", "Data Quality"), ("slug", "users"), ("description", "Checks"), ("home", ""), ("audience", "a b")];
        let back = ada.post("/applications/new", &wrong).await;
        assert_eq!(back.status, 422);
        assert!(back.error("slug").is_some() && back.error("audience").is_some(), "{}", back.text());
        assert_eq!((back.value("name").as_str(), back.value("slug").as_str(), back.inner("#description")), ("Data Quality", "users", Some("Checks".into())), "kept");
        let back = ada.post("/applications/new", &[("name", "Data Quality"), ("home", "Nowhere")]).await;
        assert!(back.error("home").is_some_and(|told| told.contains("There is no such team")), "{}", back.text());
        let good = [("form_key", &*key), ("name", "Data Quality"), ("home", "Billing")];
        let page = ada.submit("/applications/new", &good).await;
        assert!(page.has("Data Quality is made.") && page.has("data-quality") && page.has("No scopes yet"), "{}", page.text());
        assert_eq!(ada.post("/applications/new", &good).await.status, 303, "sent twice, made once");
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM applications"), 1);
        let twin = ada.post("/applications/new", &[("name", "DATA quality"), ("home", "Billing")]).await;
        assert!(twin.error("name").is_some(), "{}", twin.text());
        let list = ada.get("/applications").await;
        assert!(list.has("Data Quality data-quality Billing 0 0 1 application"), "{}", list.text());
        assert!(ada.get("/applications?q=nothing").await.has("No application matches"));
        let log = ada.get("/audit?target_kind=application").await;
        assert!(log.has("Created the application Data Quality"), "{}", log.text());
        app.assert_chain();
    }

    async fn s10_scopes_are_added_changed_and_removed(app) {
        let scene = Scene::of(&app);
        let mut mia = app.log_in("mia").await;
        let page = mia.get(&scene.at("")).await;
        assert!(page.has("reports:look read What look is for 0"), "{}", page.text());
        let add = scene.at("/scopes");
        for (name, level, wrong) in [("Look", "read", "name"), ("look", "read", "name"), ("", "read", "name"), ("new", "none", "level")] {
            let back = mia.post(&add, &[("name", name), ("level", level), ("description", "Kept")]).await;
            assert!(back.status == 422 && back.error(wrong).is_some() && back.value("description") == "Kept", "{name}: {}", back.text());
        }
        let page = mia.submit(&add, &[("name", "purge"), ("level", "admin"), ("description", "All gone")]).await;
        assert!(page.has("reports:purge admin All gone 0"), "{}", page.text());
        let one = scene.at("/scopes/purge");
        assert!(mia.get(&one).await.chosen("level").as_deref() == Some("admin"));
        assert_eq!(mia.post(&one, &[("level", "none"), ("description", "x")]).await.status, 422);
        let page = mia.submit(&one, &[("level", "write"), ("description", "Old ones gone")]).await;
        assert!(page.has("reports:purge write Old ones gone 0"), "{}", page.text());
        app.open(scene.reports, scene.team);
        let bot = app.service("Bot", OrgRole::Member, &[(scene.team, RoleId::OWNER)]);
        let api = app.api(&app.token(bot, "reports:purge reports:look"));
        let asked = mia.get(&scene.at("/scopes/purge/remove")).await;
        assert!(asked.has("1 token has reports:purge. It loses it."), "{}", asked.text());
        let page = mia.submit(&scene.at("/scopes/purge/remove"), &[]).await;
        assert!(!page.has("reports:purge"), "{}", page.text());
        let scopes = |me: &serde_json::Value| me["token"]["scopes"].clone();
        assert_eq!(scopes(&api.get("/api/v1/me").await.body), serde_json::json!(["reports:look"]));
        app.scope(scene.reports, "purge write");
        assert_eq!(scopes(&api.get("/api/v1/me").await.body), serde_json::json!(["reports:look"]), "another one of the same name");
        assert_eq!(mia.get(&scene.at("/scopes/none")).await.status, 404);
        app.assert_chain();
    }

    async fn s10_teams_are_given_access_and_lose_it(app) {
        let scene = Scene::of(&app);
        let mut ada = app.log_in("ada").await;
        let page = ada.get(&scene.at("/teams")).await;
        assert!(page.has("No team has access") && page.count("select[name=team] option") == 3, "{}", page.text());
        assert_eq!(ada.post(&scene.at("/teams"), &[("team", "")]).await.status, 422);
        assert_eq!(ada.post(&scene.at("/teams"), &[("team", "Public")]).await.status, 422);
        let page = ada.submit(&scene.at("/teams"), &[("team", "Billing")]).await;
        assert!(page.has("Billing has access.") && page.count("td a[href^='/teams/']") == 1, "{}", page.text());
        let bot = app.service("Bot", OrgRole::Member, &[(scene.team, RoleId::OWNER)]);
        let api = app.api(&app.token(bot, "reports:look tokens:read"));
        let effective = |me: &serde_json::Value| me["token"]["effective_scopes"].clone();
        assert_eq!(effective(&api.get("/api/v1/me").await.body), serde_json::json!(["tokens:read", "reports:look"]));
        let remove = scene.at(&format!("/teams/{}/remove", scene.team));
        let asked = ada.get(&remove).await;
        assert!(asked.has("Withdraw the access of Billing?") && asked.has("reports:look"), "{}", asked.text());
        let page = ada.submit(&remove, &[]).await;
        assert!(page.has("Billing has no access any more."), "{}", page.text());
        assert_eq!(effective(&api.get("/api/v1/me").await.body), serde_json::json!(["tokens:read"]), "from the next check on");
        assert_eq!(ada.get(&remove).await.status, 404);
        let mut mia = app.log_in("mia").await;
        app.open(scene.reports, scene.other);
        let page = mia.get(&scene.at("/teams")).await;
        assert!(page.has("1 team more has access, which you may not see.") && !page.has("Platform"), "{}", page.text());
        let hidden = scene.at(&format!("/teams/{}/remove", scene.other));
        assert_eq!((mia.get(&hidden).await.status, mia.post(&hidden, &[]).await.status), (404, 404), "as if it were not there");
        assert_eq!(mia.post(&scene.at("/teams"), &[("team", "Platform")]).await.status, 422, "nor is it found by name");
    }

    async fn s10_a_secret_is_shown_once_and_rotated(app) {
        let scene = Scene::of(&app);
        let mut mia = app.log_in("mia").await;
        let checking = scene.at("/checking");
        let page = mia.get(&checking).await;
        assert!(page.has("No secret yet") && page.has("/auth/verify/reports") && page.has("/oauth/introspect"), "{}", page.text());
        let uuid = app.db.texts("SELECT LOWER(uuid) AS t FROM applications");
        let issue = scene.at("/credential/issue");
        let once = send(&mut mia, &issue, &[]).await;
        assert_eq!((once.status, once.headers.get("cache-control").unwrap().to_str().unwrap()), (200, "no-store"), "{}", once.text());
        let secret = once.inner("#secret").unwrap();
        assert!(once.attribute("a[download]", "href").unwrap().contains(&secret));
        assert!(uuid.is_empty() || once.has("Client id"));
        let page = mia.get(&checking).await;
        assert!(!page.body.contains(&secret) && page.has("In force") && page.has("by mia"), "{}", page.text());
        let stale = mia.post(&issue, &[("overlap", "1h"), ("version", "0"), ("form_key", "k0")]).await;
        assert_eq!(stale.status, 409, "{}", stale.text());
        let rotated = send(&mut mia, &issue, &[("overlap", "24h"), ("form_key", "k1")]).await;
        assert!(rotated.has("The old one works until 23 Nov 2026, 10:00 UTC."), "{}", rotated.text());
        assert_ne!(rotated.inner("#secret").unwrap(), secret);
        let twice = mia.post(&issue, &[("overlap", "24h"), ("form_key", "k1")]).await;
        assert_eq!(twice.status, 303);
        assert!(mia.get(&checking).await.has("This secret was made already"));
        let page = mia.get(&checking).await;
        assert!(page.has("Before") && page.has("End it now"), "{}", page.text());
        let page = mia.submit(&scene.at("/credential/finish"), &[]).await;
        assert!(page.has("The old secret works no longer.") && !page.has("End it now"), "{}", page.text());
        assert_eq!(mia.get(&scene.at("/credential/finish")).await.status, 409);
        let page = mia.submit(&scene.at("/credential/remove"), &[]).await;
        assert!(page.has("The credential is gone") && page.has("No secret yet"), "{}", page.text());
        let log = app.audit().join("\n");
        assert!(!log.contains(&secret) && log.contains("application.issue_secret done The reports -"), "{log}");
        app.assert_chain();
    }

    async fn s10_settings_are_changed_and_nothing_is_lost(app) {
        let scene = Scene::of(&app);
        let mut ada = app.log_in("ada").await;
        let settings = scene.at("/settings");
        let page = send(&mut ada, &settings, &[("name", "Reporting"), ("audience", "https://reports.example.com")]).await;
        assert_eq!(page.status, 303, "{}", page.text());
        let stale = ada.post(&settings, &[("version", "1"), ("name", "Mine"), ("description", ""), ("audience", "reports"), ("home", "Billing")]).await;
        assert!(stale.status == 409 && stale.has("Name is now: Reporting") && stale.value("name") == "Mine", "{}", stale.text());
        let wrong = send(&mut ada, &settings, &[("name", ""), ("audience", "a b")]).await;
        assert!(wrong.status == 422 && wrong.error("name").is_some() && wrong.error("audience").is_some());
        let moved = send(&mut ada, &settings, &[("home", "Platform")]).await;
        assert_eq!(moved.status, 303);
        assert_eq!(app.number("SELECT home_team_id AS n FROM applications"), scene.other.0);
        let asked = ada.get(&scene.at("/delete")).await;
        assert!(asked.has("Its 2 scopes, with what they allow"), "{}", asked.text());
        assert!(ada.submit(&scene.at("/delete"), &[]).await.has("Reporting is deleted."));
        assert_eq!(ada.get(&scene.at("")).await.status, 404);
    }

    async fn s5_who_keeps_an_application_and_who_looks_on(app) {
        let scene = Scene::of(&app);
        app.person("emil", OrgRole::Editor, &[]);
        app.person("nora", OrgRole::Member, &[]);
        let posts = [
            (scene.at("/scopes"), vec![("name", "x"), ("level", "read")]),
            (scene.at("/scopes/look"), vec![("level", "admin")]),
            (scene.at("/scopes/look/remove"), vec![]),
            (scene.at("/teams"), vec![("team", "Billing")]),
            (scene.at("/credential/issue"), vec![("overlap", "none"), ("version", "3")]),
            (scene.at("/credential/remove"), vec![]),
            (scene.at("/settings"), vec![("version", "3"), ("name", "Taken")]),
        ];
        for (who, sees, changes, deletes) in
            [("vera", true, false, false), ("mia", true, true, false), ("emil", true, true, false), ("olga", true, true, true), ("paul", false, false, false), ("nora", false, false, false)]
        {
            let mut browser = app.log_in(who).await;
            let page = browser.get(&scene.at("")).await;
            assert_eq!(page.status, if sees { 200 } else { 404 }, "{who}");
            assert_eq!(browser.get(&scene.at("/checking")).await.status, page.status, "{who}");
            if sees {
                assert_eq!(page.count("main form, main td .btn") > 0, changes, "{who}: what may not be done is not drawn");
                assert_eq!(browser.get(&scene.at("/checking")).await.count("a[href$='/credential/issue']") == 1, changes, "{who}");
                let settings = browser.get(&scene.at("/settings")).await;
                assert_eq!(settings.status, if changes { 200 } else { 403 }, "{who}");
                assert_eq!(settings.count("a[href$='/delete']") == 1, deletes, "{who}");
            }
            if !changes {
                for (path, fields) in &posts {
                    assert_eq!(browser.post(path, fields).await.status, if sees { 403 } else { 404 }, "{who} {path}");
                }
            }
            if !deletes {
                assert_eq!(browser.post(&scene.at("/delete"), &[]).await.status, if sees { 403 } else { 404 }, "{who}");
            }
            let list = browser.get("/applications").await;
            match who {
                "nora" => assert_eq!((list.status, list.count("nav a[href='/applications']")), (403, 0)),
                "paul" => assert!(list.has("No applications here"), "{}", list.text()),
                _ => assert!(list.has("The reports"), "{who}"),
            }
        }
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM application_scopes"), 2);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM application_secrets"), 0);
    }

    async fn s10_teams_and_accounts_are_told_what_they_may_use(app) {
        let scene = Scene::of(&app);
        let (team, other) = (scene.team, scene.other);
        app.open(scene.reports, team);
        app.open(scene.reports, other);
        let bot = app.service("Bot", OrgRole::Member, &[(team, RoleId::EDITOR), (other, RoleId::VIEWER)]);
        let mut mia = app.log_in("mia").await;
        let page = mia.get(&format!("/teams/{team}/applications")).await;
        assert!(page.has("The reports reports reports:edit write reports:look read"), "{}", page.text());
        assert_eq!(page.count(&format!("td a[href='/applications/{}']", scene.reports)), 1);
        let page = mia.get(&format!("/users/{bot}/permissions")).await;
        assert!(page.has("reports:look read Billing · Editor, team role and 1 team that you may not see"), "{}", page.text());
        let mut paul = app.log_in("paul").await;
        let page = paul.get(&format!("/teams/{other}/applications")).await;
        assert!(page.has("reports:look read") && page.count("td a") == 0, "told, without a link: {}", page.text());
        assert_eq!(paul.get(&format!("/teams/{team}/applications")).await.status, 404);
        let mut ada = app.log_in("ada").await;
        let page = ada.get(&format!("/users/{bot}/permissions")).await;
        assert!(page.has("Billing · Editor, team role Platform · Viewer, team role"), "{}", page.text());
        assert!(ada.get("/teams/1/applications").await.has("No applications"));
        assert_eq!(ada.get(&format!("/audit?target_kind=application&target={}", scene.reports)).await.status, 200);
    }

    async fn s5_an_application_is_made_and_moved_only_where_one_may(app) {
        let scene = Scene::of(&app);
        let third = app.team("Third");
        app.person("rosa", OrgRole::Member, &[(scene.team, RoleId::OWNER), (scene.other, RoleId::MAINTAINER)]);
        let mut rosa = app.log_in("rosa").await;
        let form = rosa.get("/applications/new").await;
        assert_eq!(form.chosen("home").as_deref(), Some("Billing"), "the only one that she may");
        let make = |name: &'static str, home: &'static str| [("name", name), ("home", home), ("form_key", "")];
        assert_eq!(rosa.post("/applications/new", &make("One", "Platform")).await.status, 403, "known, and not hers to make in");
        assert_eq!(rosa.post("/applications/new", &make("Two", "Third")).await.status, 422, "not known");
        assert_eq!(rosa.post("/applications/new", &make("Three", "Billing")).await.status, 303);
        let moved = send(&mut rosa, &scene.at("/settings"), &[("home", "Platform")]).await;
        assert_eq!(moved.status, 403, "{}", moved.text());
        assert_eq!(send(&mut rosa, &scene.at("/settings"), &[("home", "Third")]).await.status, 422);
        assert_eq!(app.number(&format!("SELECT home_team_id AS n FROM applications WHERE id = {}", scene.reports)), scene.team.0);
        app.join_by_sql(scene.other, UserId(app.number("SELECT id AS n FROM users WHERE username = 'rosa'")), RoleId::OWNER);
        assert_eq!(send(&mut rosa, &scene.at("/settings"), &[("home", "Platform")]).await.status, 303);
        assert!(third.0 > 0);
    }

    async fn s13_who_keeps_an_application_finds_what_was_done_to_it(app) {
        let scene = Scene::of(&app);
        let mut olga = app.log_in("olga").await;
        olga.submit(&scene.at("/scopes"), &[("name", "purge"), ("level", "admin")]).await;
        app.open(scene.reports, scene.other);
        let log = olga.get(&format!("/audit?target_kind=application&target={}", scene.reports)).await;
        assert!(log.has("Added a scope to The reports") && log.has("Gave a team access to The reports"), "{}", log.text());
        assert!(!log.has("Platform"), "not who the other team is: {}", log.text());
        assert!(olga.get(&format!("/teams/{}/activity", scene.team)).await.has("Added a scope to The reports"));
    }
}
