//! The Roles pages, and what a change of a role does.

use latchkey::model::ids::{RoleId, TeamId, UserId};
use latchkey::model::roles::{AppLevel, OrgRole};

use crate::support::{Browser, Html, TestApp};

/// A custom role that three service accounts and an agent of Billing have.
struct Scene {
    billing: TeamId,
    role: RoleId,
    services: Vec<UserId>,
}

impl Scene {
    fn of(app: &TestApp) -> Self {
        let billing = app.team("Billing");
        let role = app.role("Importer", "tokens:read", AppLevel::None);
        let services = ["One", "Two", "Three"].map(|name| app.service(name, OrgRole::Member, &[(billing, role)]));
        Self { billing, role, services: services.to_vec() }
    }

    fn path(&self) -> String {
        format!("/roles/{}", self.role)
    }
}

/// The form of a role as its page holds it, with these permissions and this level.
fn filled<'a>(page: &'a [String; 2], permissions: &[&'a str], level: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut fields = vec![("name", page[0].as_str()), ("version", &page[1]), ("level", level)];
    fields.extend(permissions.iter().map(|permission| ("permission", *permission)));
    fields
}

async fn form(browser: &mut Browser, path: &str) -> [String; 2] {
    let page = browser.get(path).await;
    assert_eq!(page.status, 200, "{path}: {}", page.text());
    [page.value("name"), page.value("version")]
}

/// The permissions that a page shows as ticked boxes.
fn ticked(page: &Html) -> Vec<String> {
    let document = scraper::Html::parse_document(&page.body);
    let boxes = scraper::Selector::parse("input[name=permission][checked]").unwrap();
    document.select(&boxes).map(|tick| tick.value().attr("value").unwrap().to_owned()).collect()
}

/// What the page that asks says will happen.
fn effects(page: &Html) -> Vec<String> {
    let document = scraper::Html::parse_document(&page.body);
    let lines = scraper::Selector::parse(".losses li").unwrap();
    document.select(&lines).map(|line| line.text().collect()).collect()
}

/// Answers the page that asks with what it holds.
async fn confirm(browser: &mut Browser, path: &str, page: &Html) -> Html {
    let document = scraper::Html::parse_document(&page.body);
    let hidden = scraper::Selector::parse("main form input[type=hidden]").unwrap();
    let fields: Vec<_> = document
        .select(&hidden)
        .map(|field| (field.value().attr("name").unwrap().to_owned(), field.value().attr("value").unwrap().to_owned()))
        .collect();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &fields).await
}

fn stored(app: &TestApp, role: RoleId) -> Vec<String> {
    app.db.texts(&format!("SELECT name || ': ' || permissions || ', ' || level AS t FROM roles WHERE id = {role}"))
}

both! {
    async fn roles_are_listed_with_who_has_them(app) {
        let mut ada = app.admin().await;
        let scene = Scene::of(&app);
        let page = ada.get("/roles").await;
        for name in ["Admin", "Manager", "Member", "Viewer", "Editor", "Maintainer", "Owner", "Importer"] {
            assert!(page.has(name), "{name}: {}", page.text());
        }
        assert!(page.has("3 members") && page.has("1 user"), "{}", page.text());
        assert_eq!(page.count("a[href='/roles/new']"), 1);
        assert_eq!(page.count("nav a[href='/roles']"), 2, "in the sidebar, and in the menu of narrow screens");
        let role = ada.get(&scene.path()).await;
        assert!(["One", "Two", "Three", "Billing"].iter().all(|word| role.has(word)), "{}", role.text());
        assert_eq!(ticked(&role), ["tokens:read"]);
        let owner = ada.get("/roles/4").await;
        assert_eq!((owner.count("input[type=checkbox]"), owner.count(".grid .yes")), (0, 21), "shown, not to be ticked");
        assert!(owner.count("form[method=post][action='/roles/4']") == 0 && owner.count("a[href='/roles/new?from=4']") == 1);
        let admin = ada.get("/roles/organisation/Admin").await;
        assert!(admin.status == 200 && admin.count(".grid .yes") == 31, "{}", admin.count(".grid .yes"));
        assert_eq!(ada.get("/roles/organisation/Owner").await.status, 404);
        assert_eq!(ada.get("/roles/999").await.status, 404);
    }

    async fn a_custom_role_is_made_from_another_and_given_by_name(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        let copy = ada.get("/roles/new?from=3").await;
        assert_eq!((copy.value("name").as_str(), copy.chosen("level").as_deref()), ("Copy of Maintainer", Some("write")));
        assert!(ticked(&copy).contains(&"service_accounts:create".to_owned()));
        let key = copy.value("form_key");
        let fields = [("form_key", &*key), ("name", "Account maker"), ("level", "none"), ("permission", "service_accounts:create")];
        let made = ada.submit("/roles/new", &fields).await;
        assert!(made.has("Account maker") && ticked(&made) == ["service_accounts:create"], "{}", made.text());
        let again = ada.post("/roles/new", &fields).await;
        assert_eq!(again.status, 303, "sent twice, made once");
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM roles"), 5);
        let jonas = app.person("jonas", OrgRole::Member, &[]);
        let picker = ada.get(&format!("/teams/{team}/members/new?q=jonas")).await;
        assert!(picker.count("select[name=role] option[value='Account maker']") == 1, "{}", picker.text());
        ada.submit(&format!("/teams/{team}/members/new"), &[("user", &jonas.to_string()), ("role", "Account maker")]).await;
        let page = ada.get(&format!("/users/{jonas}/permissions")).await;
        assert!(page.has("Platform Account maker team role") && page.has("service_accounts:create"), "{}", page.text());
        assert!(app.audit().iter().any(|line| line == "role.create done Account maker -"), "{:?}", app.audit());
        app.assert_chain();
    }

    async fn what_is_wrong_with_a_role_is_told_at_its_fields(app) {
        let mut ada = app.admin().await;
        Scene::of(&app);
        for (name, permission, level, wrong) in [
            ("", "tokens:read", "none", "name"),
            ("OWNER", "tokens:read", "none", "name"),
            (" importer ", "tokens:read", "none", "name"),
            ("Fine", "users:read", "none", "permissions"),
            ("Fine", "roles:update", "none", "permissions"),
            ("Fine", "settings:update", "none", "permissions"),
            ("Fine", "self:read", "none", "permissions"),
            ("Fine", "tokens:fly", "none", "permissions"),
            ("Fine", "tokens:read", "most", "level"),
        ] {
            let answer = ada.post("/roles/new", &[("name", name), ("permission", permission), ("level", level)]).await;
            assert_eq!(answer.status, 422, "{name} {permission}: {}", answer.text());
            assert!(answer.error(wrong).is_some(), "{name} {permission} {wrong}: {}", answer.text());
        }
        let long = "x".repeat(101);
        assert_eq!(ada.post("/roles/new", &[("name", &long), ("level", "none")]).await.status, 422);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM roles"), 5);
    }

    async fn a_change_is_made_only_after_its_effect_was_shown(app) {
        let mut ada = app.admin().await;
        let scene = Scene::of(&app);
        let held = form(&mut ada, &scene.path()).await;
        let asked = ada.post(&scene.path(), &filled(&held, &["tokens:read", "tokens:create"], "none")).await;
        assert_eq!(effects(&asked), ["3 service accounts gain tokens:create in Billing."], "{}", asked.text());
        assert_eq!(stored(&app, scene.role), ["Importer: tokens:read, none"], "nothing is written yet");
        let invented = [filled(&held, &["tokens:read", "tokens:create"], "none"), vec![("effect", "seen")]].concat();
        assert_eq!(effects(&ada.post(&scene.path(), &invented).await).len(), 1, "no other word will do");
        // Somebody is given the role while the question stands there.
        app.agent("Four", OrgRole::Member, &[(scene.billing, scene.role)]);
        let again = confirm(&mut ada, &scene.path(), &asked).await;
        assert!(again.has("meanwhile somebody was given this role"), "{}", again.text());
        assert_eq!(effects(&again), ["1 AI agent gains tokens:create in Billing.", "3 service accounts gain tokens:create in Billing."]);
        assert_eq!(stored(&app, scene.role), ["Importer: tokens:read, none"]);
        let saved = confirm(&mut ada, &scene.path(), &again).await;
        assert_eq!(saved.status, 303, "{}", saved.text());
        assert_eq!(stored(&app, scene.role), ["Importer: tokens:read tokens:create, none"]);
        assert!(ada.get(&scene.path()).await.has("Saved."));
        let entry = app.db.texts("SELECT before || ' > ' || after AS t FROM audit WHERE action = 'role.update' AND outcome = 'done'");
        assert!(entry.len() == 1 && entry[0].contains("tokens:create"), "{entry:?}");
        app.assert_chain();
    }

    async fn the_effect_is_what_changes_and_for_whom(app) {
        let mut ada = app.admin().await;
        let scene = Scene::of(&app);
        let platform = app.team("Platform");
        app.person("pia", OrgRole::Member, &[(platform, scene.role)]);
        app.person("max", OrgRole::Manager, &[(platform, scene.role)]);
        let held = form(&mut ada, &scene.path()).await;
        let asked = ada.post(&scene.path(), &filled(&held, &["webhooks:read"], "write")).await;
        assert_eq!(effects(&asked), [
            "3 service accounts gain webhooks:read in Billing.",
            "3 service accounts lose tokens:read in Billing.",
            "3 service accounts reach applications at the level write instead of none in Billing.",
            "2 people reach applications at the level write instead of none in Platform.",
            "1 person gains webhooks:read in Platform.",
            "1 person loses tokens:read in Platform.",
        ]);
        let renamed = ada.post(&scene.path(), &[("name", "Renamed"), ("version", &held[1]), ("level", "none"), ("permission", "tokens:read")]).await;
        assert_eq!(renamed.status, 303, "a name does nothing to anybody: {}", renamed.text());
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM memberships WHERE role_id = {}", scene.role)), 5, "they keep it");
        let page = ada.get(&format!("/teams/{platform}")).await;
        assert!(page.has("Renamed"), "{}", page.text());
    }

    async fn who_was_slower_is_told_what_changed(app) {
        let mut ada = app.admin().await;
        let scene = Scene::of(&app);
        let held = form(&mut ada, &scene.path()).await;
        let first = ada.post(&scene.path(), &[("name", "Loader"), ("version", &held[1]), ("level", "none"), ("permission", "tokens:read")]).await;
        assert_eq!(first.status, 303);
        let second = ada.post(&scene.path(), &filled(&held, &["tokens:read", "teams:read"], "none")).await;
        assert!(second.status == 409 && second.has("Name is now: Loader") && second.has("Permissions is now: tokens:read"), "{}", second.text());
        assert_eq!(ticked(&second), ["teams:read", "tokens:read"], "what was typed is kept");
        assert_eq!(stored(&app, scene.role), ["Loader: tokens:read, none"]);
    }

    async fn what_is_predefined_stays_and_what_is_in_use_is_not_deleted(app) {
        let mut ada = app.admin().await;
        let scene = Scene::of(&app);
        for path in ["/roles/4", "/roles/4/delete"] {
            let answer = ada.post(path, &[("name", "Boss"), ("version", "1"), ("level", "none")]).await;
            assert_eq!(answer.status, 409, "{path}: {}", answer.text());
        }
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM roles WHERE id = 4 AND name = 'Owner' AND version = 1"), 1);
        let delete = format!("{}/delete", scene.path());
        let page = ada.get(&scene.path()).await;
        assert!(page.has("It is in use: 3 members of teams have it.") && page.has("Billing : 3 service accounts"), "{}", page.text());
        assert_eq!((page.count(&format!("a[href='{delete}']")), page.count(&format!(".acts a[href='/teams/{}/service-accounts']", scene.billing))), (0, 1));
        for answer in [ada.get(&delete).await, ada.post(&delete, &[]).await] {
            assert!(answer.status == 409 && answer.has("is in use"), "{}", answer.text());
        }
        for user in &scene.services {
            app.write(|cx| latchkey::service::members::set(cx, scene.billing, *user, RoleId::VIEWER));
        }
        assert_eq!(ada.get(&scene.path()).await.count(&format!("a[href='{delete}']")), 1);
        let gone = ada.submit(&delete, &[]).await;
        assert!(gone.has("The role Importer is deleted.") && gone.count("td a.name[href='/roles/5']") == 0, "{}", gone.text());
        assert!(app.audit().iter().any(|line| line == "role.delete done Importer -"));
    }

    async fn whoever_may_not_look_at_roles_sees_none(app) {
        app.make_admin("ada");
        let scene = Scene::of(&app);
        app.person("pia", OrgRole::Member, &[(scene.billing, RoleId::OWNER)]);
        let mut pia = app.log_in("pia").await;
        assert_eq!(pia.get("/").await.count("a[href='/roles']"), 0);
        for (path, status) in [("/roles", 403), ("/roles/1", 404), ("/roles/5", 404), ("/roles/organisation/Admin", 404), ("/roles/new", 403), ("/roles/5/delete", 404)] {
            let answer = pia.get(path).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text());
        }
        for (name, role) in [("max", OrgRole::Manager), ("edda", OrgRole::Editor)] {
            app.person(name, role, &[]);
            let mut browser = app.log_in(name).await;
            let page = browser.get("/roles").await;
            assert!(page.status == 200 && page.count("a[href='/roles/new']") == 0, "{}", page.text());
            let page = browser.get(&scene.path()).await;
            let controls = page.count("main input") + page.count("main button") + page.count("main a[href*='from=']") + page.count("main a[href$=delete]");
            assert!(page.status == 200 && controls == 0, "read only: {}", page.text());
            assert_eq!(browser.get("/roles/new").await.status, 403);
            let held = ["Importer".to_owned(), "1".to_owned()];
            for (path, fields) in [(scene.path(), filled(&held, &["tokens:delete"], "admin")), (format!("{}/delete", scene.path()), vec![]), ("/roles/new".into(), filled(&held, &[], "none"))] {
                assert_eq!(browser.post(&path, &fields).await.status, 403, "{path}");
            }
        }
        assert_eq!(stored(&app, scene.role), ["Importer: tokens:read, none"]);
    }

    async fn activity_tells_of_roles_to_whoever_may_look_at_them(app) {
        let mut ada = app.admin().await;
        let scene = Scene::of(&app);
        app.person("pia", OrgRole::Member, &[(scene.billing, RoleId::OWNER)]);
        let root = app.service("Root", OrgRole::Member, &[(scene.billing, RoleId::VIEWER)]);
        let made = app.api(&app.global_admin(root)).post("/api/v1/roles", serde_json::json!({ "name": "Hush" })).await;
        assert_eq!((made.status, &made.body["id"]), (201, &root.0.into()), "the id of an account whom she sees: {}", made.body);
        let path = format!("/users/{root}/activity");
        assert!(ada.get(&path).await.has("Created the role Hush"));
        let page = app.log_in("pia").await.get(&path).await;
        assert!(page.status == 200 && page.has("something that you may not see") && !page.has("Hush"), "{}", page.text());
    }

    async fn a_link_ends_when_a_role_makes_its_account_grow(app) {
        let mut ada = app.admin().await;
        let scene = Scene::of(&app);
        app.person("max", OrgRole::Manager, &[]);
        let pia = app.person("pia", OrgRole::Member, &[(scene.billing, scene.role)]);
        let mut max = app.log_in("max").await;
        let links = || app.number(&format!("SELECT COUNT(*) AS n FROM links WHERE user_id = {pia}"));
        max.post(&format!("/users/{pia}/link"), &[]).await;
        assert_eq!(links(), 1);
        let held = form(&mut ada, &scene.path()).await;
        let asked = ada.post(&scene.path(), &filled(&held, &[], "none")).await;
        confirm(&mut ada, &scene.path(), &asked).await;
        assert_eq!(links(), 1, "it can do less");
        let held = form(&mut ada, &scene.path()).await;
        let asked = ada.post(&scene.path(), &filled(&held, &["audit:read"], "none")).await;
        confirm(&mut ada, &scene.path(), &asked).await;
        assert_eq!(links(), 0, "the Manager's link was measured against less");
        ada.post(&format!("/users/{pia}/link"), &[]).await;
        let held = form(&mut ada, &scene.path()).await;
        let asked = ada.post(&scene.path(), &filled(&held, &["audit:read", "teams:read"], "none")).await;
        confirm(&mut ada, &scene.path(), &asked).await;
        assert_eq!(links(), 1, "the Admin's own covers it");
    }
}
