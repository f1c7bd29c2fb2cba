//! Administration of people: turned into a person and back, what a leaver leaves behind, several at once.

use latchkey::model::ids::{RoleId, TeamId, UserId};
use latchkey::model::roles::OrgRole;

use crate::support::{Html, PASSWORD, TestApp};

/// The one-time link that a page shows.
fn shown(page: &Html) -> String {
    let at = page.body.find("/invitation/").unwrap_or_else(|| panic!("{} {}", page.status, page.text()));
    page.body[at..].split(|c: char| !(c.is_ascii_alphanumeric() || "/-_".contains(c))).next().unwrap().to_owned()
}

fn contact_is(app: &TestApp, account: UserId, person: UserId) -> bool {
    app.number(&format!("SELECT COUNT(*) AS n FROM users WHERE id = {account} AND contact_id = {person}")) == 1
}

fn set_contact(app: &TestApp, account: UserId, person: UserId) {
    app.sql(&format!("UPDATE users SET contact_id = {person} WHERE id = {account}")).unwrap();
}

fn people(app: &TestApp) -> i64 {
    app.number("SELECT COUNT(*) AS n FROM users WHERE kind = 'person'")
}

/// A team of two service accounts whose contact, and only Owner, is Jonas.
struct Leaver {
    team: TeamId,
    jonas: UserId,
    importer: UserId,
    exporter: UserId,
}

impl Leaver {
    fn of(app: &TestApp) -> Self {
        let team = app.team("Billing");
        let jonas = app.person("jonas", OrgRole::Member, &[(team, RoleId::OWNER)]);
        let [importer, exporter] = ["Importer", "Exporter"].map(|name| {
            let id = app.service(name, OrgRole::Member, &[(team, RoleId::VIEWER)]);
            set_contact(app, id, jonas);
            id
        });
        Self { team, jonas, importer, exporter }
    }
}

both! {
    async fn a_service_account_becomes_a_person_by_an_invitation(app) {
        let mut ada = app.admin().await;
        let team = app.team("Billing");
        let id = app.service("Jonas Weber", OrgRole::Editor, &[(team, RoleId::VIEWER)]);
        let token = app.token(id, "users:read self:read self:update");
        let path = format!("/users/{id}/turn-into-person");
        let asked = ada.get(&path).await;
        assert_eq!(asked.value("username"), "jonas_weber", "proposed without the ending");
        for told in ["Editor, Viewer in Billing", "1 access token stays", "Its home team and its contact go"] {
            assert!(asked.has(told), "{told}: {}", asked.text());
        }
        let made = ada.post(&path, &[("username", "jonas"), ("email", "jonas@example.com")]).await;
        assert_eq!((made.status, made.headers.get("cache-control").unwrap().to_str().unwrap()), (200, "no-store"));
        let link = shown(&made);

        let row = format!("FROM users WHERE id = {id} AND kind = 'person' AND home_team_id IS NULL AND contact_id IS NULL AND email = 'jonas@example.com'");
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n {row} AND password_hash IS NULL")), 1);
        assert_eq!(app.visitor().post("/login", &[("login", "jonas"), ("password", PASSWORD)]).await.status, 401, "barred until it is used");
        let api = app.api(&token);
        assert_eq!(api.get("/api/v1/users").await.status, 200, "its programs go on working");
        let renamed = api.patch(&format!("/api/v1/users/{id}"), serde_json::json!({ "email": "thief@example.com" })).await;
        assert_eq!(renamed.status, 403, "the person's own things are theirs alone: {}", renamed.body);
        assert_eq!(app.db.texts(&format!("SELECT scopes AS t FROM tokens WHERE user_id = {id}")), ["users:read"]);

        let mut jonas = app.visitor();
        assert_eq!(jonas.post(&link, &[("password", PASSWORD)]).await.status, 303);
        assert_eq!(app.visitor().get(&link).await.status, 404, "it works once");
        let mut jonas = app.log_in("jonas").await;
        assert_eq!(jonas.get("/users").await.status, 200);
        assert_eq!(jonas.get(&format!("/teams/{team}")).await.status, 200, "team roles stay");
        for line in ["user.turn_into_person done jonas", "user.invite done jonas", "user.accept_invitation done jonas"] {
            assert!(app.audit().iter().any(|entry| entry.starts_with(line)), "{line} in {:?}", app.audit());
        }
        let activity = ada.get(&format!("/users/{id}/activity")).await;
        assert!(activity.has("Turned jonas into a person") && activity.has("person"), "{}", activity.text());
        app.assert_chain();
    }

    async fn there_and_back_keeps_the_username(app) {
        let mut ada = app.admin().await;
        let id = app.person("jonas", OrgRole::Member, &[]);
        let asked = ada.get(&format!("/users/{id}/turn-into-service")).await;
        assert!(asked.has("Turning it back takes another invitation"), "{}", asked.text());
        ada.submit(&format!("/users/{id}/turn-into-service"), &[("home_team", "1")]).await;
        let path = format!("/users/{id}/turn-into-person");
        let asked = ada.get(&path).await;
        assert_eq!(asked.value("username"), "jonas");
        let made = ada.post(&path, &[("username", "jonas"), ("email", "jonas@example.com")]).await;
        let link = shown(&made);
        assert_eq!(app.visitor().post("/login", &[("login", "jonas"), ("password", PASSWORD)]).await.status, 401, "the old password is gone");
        app.visitor().post(&link, &[("password", "another harbour of plums")]).await;
        assert_eq!(app.visitor().post("/login", &[("login", "jonas"), ("password", "another harbour of plums")]).await.status, 303);
        let again = ada.post(&path, &[("username", "jonas"), ("email", "jonas@example.com")]).await;
        assert_eq!(again.status, 409, "a person already: {}", again.text());
    }

    async fn clashes_stand_at_the_field_and_what_was_typed_stays(app) {
        let mut ada = app.admin().await;
        app.person("mia", OrgRole::Member, &[]);
        let id = app.service("Jonas", OrgRole::Member, &[]);
        let path = format!("/users/{id}/turn-into-person");
        for (username, email, wrong) in [
            ("MIA", "jonas@example.com", &["username"][..]),
            ("jonas", "Mia@example.com", &["email"]),
            ("ada", "mia@example.com", &["username", "email"]),
            ("jonas@service", "x@latchkey.invalid", &["username", "email"]),
            ("", "", &["username", "email"]),
        ] {
            let page = ada.post(&path, &[("username", username), ("email", email)]).await;
            assert_eq!(page.status, 422, "{username} {email}: {}", page.text());
            assert_eq!((page.value("username"), page.value("email")), (username.to_owned(), email.to_owned()));
            let marked: Vec<_> = ["username", "email"].into_iter().filter(|name| page.error(name).is_some()).collect();
            assert_eq!(marked, wrong, "{username} {email}");
        }
        assert_eq!((people(&app), app.number("SELECT COUNT(*) AS n FROM links")), (2, 0));
    }

    async fn nobody_makes_a_log_in_beyond_their_own(app) {
        app.make_admin("ada");
        let team = app.team("Billing");
        app.person("max", OrgRole::Manager, &[]);
        app.person("mia", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
        app.person("olga", OrgRole::Member, &[(team, RoleId::OWNER)]);
        let strong = app.service("Strong", OrgRole::Admin, &[(team, RoleId::VIEWER)]);
        let weak = app.service("Weak", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        let marked = app.service("Marked", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        app.global_admin(marked);
        let off = app.service("Off", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        app.write(|cx| latchkey::service::users::disable(cx, off));
        let fields = [("username", "new"), ("email", "new@example.com")];
        let before = people(&app);
        for (who, id, status) in [("mia", weak, 403), ("olga", weak, 403), ("max", strong, 403), ("max", marked, 403), ("max", off, 409), ("ada", off, 409)] {
            let mut browser = app.log_in(who).await;
            let path = format!("/users/{id}/turn-into-person");
            assert_eq!(browser.get(&path).await.status, status, "{who} asks");
            let answer = browser.post(&path, &fields).await;
            assert!(answer.status == status && !answer.body.contains("/invitation/"), "{who}: {} {}", answer.status, answer.text());
            let profile = browser.get(&format!("/users/{id}")).await;
            assert_eq!(profile.count("a[href$='/turn-into-person']"), 0, "{who}: what one may not do is not drawn");
        }
        let mut max = app.log_in("max").await;
        assert_eq!(max.get(&format!("/users/{weak}")).await.count("a[href$='/turn-into-person']"), 1);
        app.sql("UPDATE settings SET only_admins_manage_machines = (1 = 1)").ok();
        assert_eq!(max.post(&format!("/users/{weak}/turn-into-person"), &fields).await.status, 403, "a setting leaves them to Admins");
        assert_eq!((people(&app), app.number("SELECT COUNT(*) AS n FROM links")), (before, 0));
        let mut ada = app.log_in("ada").await;
        let made = ada.post(&format!("/users/{marked}/turn-into-person"), &fields).await;
        assert_eq!(made.status, 200, "an Admin in person may: {}", made.text());
    }

    async fn a_leaver_is_told_of_before_and_after(app) {
        let mut ada = app.admin().await;
        let Leaver { team, jonas, importer, .. } = Leaver::of(&app);
        app.token(jonas, "self:read");
        let handover = format!("/users/{jonas}/handover");
        for act in ["disable", "delete", "turn-into-service"] {
            let asked = ada.get(&format!("/users/{jonas}/{act}")).await;
            assert_eq!(asked.count(&format!("a[href='{handover}']")), 1, "{act}");
            for told in ["exporter@service, importer@service", "Nobody else of the team manages Billing"] {
                assert!(asked.has(told), "{act}: {}", asked.text());
            }
        }
        let page = ada.get(&handover).await;
        assert!(page.has("2 service accounts") && page.has("1 personal token stops as soon as"), "{}", page.text());
        assert_eq!((page.count("input[name=account][checked]"), page.count(&format!("a[href='/teams/{team}']"))), (2, 1));
        let profile = ada.submit(&format!("/users/{jonas}/disable"), &[]).await;
        assert!(profile.has("still the contact of 2 service accounts, and the only one who manages Billing"), "{}", profile.text());
        assert_eq!(profile.count(&format!(".notice a[href='{handover}']")), 1);
        let mut admin_page = ada.get("/").await;
        assert!(admin_page.has("2 service accounts want a new contact"), "{}", admin_page.text());
        assert_eq!(admin_page.count(&format!("a[href='{handover}']")), 1, "one entry for the leaver, not one for each account");
        let own = app.number("SELECT id AS n FROM users WHERE username = 'ada'");
        ada.submit(&handover, &[("contact", "ada"), ("account", &importer.to_string())]).await;
        admin_page = ada.get("/").await;
        assert!(admin_page.has("1 service account wants a new contact"), "{}", admin_page.text());
        assert!(contact_is(&app, importer, UserId(own)));
        app.write(|cx| latchkey::service::users::delete(cx, jonas, None));
        assert!(ada.get("/").await.has("Nobody answers for it"), "that one has no contact to hand over from");
    }

    async fn accounts_go_to_another_contact_all_or_none(app) {
        let mut ada = app.admin().await;
        let Leaver { jonas, importer, exporter, .. } = Leaver::of(&app);
        let grace = app.make_admin("grace");
        let off = app.person("off", OrgRole::Member, &[]);
        app.write(|cx| latchkey::service::users::disable(cx, off));
        let path = format!("/users/{jonas}/handover");
        let (one, two) = (importer.to_string(), exporter.to_string());
        for (contact, field) in [("", "contact"), ("nobody", "contact"), ("off", "contact"), ("jonas", "contact"), ("importer@service", "contact")] {
            let page = ada.post(&path, &[("contact", contact), ("account", &one)]).await;
            assert_eq!((page.status, page.error(field).is_some()), (422, true), "{contact}: {}", page.text());
            assert_eq!((page.value("contact"), page.count("input[name=account][checked]")), (contact.to_owned(), 1), "what was chosen stays");
        }
        let none = ada.post(&path, &[("contact", "grace")]).await;
        assert!(none.status == 422 && none.error("accounts").is_some(), "{}", none.text());
        set_contact(&app, exporter, grace);
        let stale = ada.post(&path, &[("contact", "ada"), ("account", &one), ("account", &two)]).await;
        assert!(stale.status == 409 && stale.has("has another contact by now"), "{}", stale.text());
        assert!(contact_is(&app, importer, jonas) && contact_is(&app, exporter, grace), "nothing was done");
        set_contact(&app, exporter, jonas);
        let done = ada.submit(&path, &[("contact", "grace"), ("account", &one), ("account", &two)]).await;
        assert!(done.has("2 service accounts have grace the Admin as the contact now"), "{}", done.text());
        assert!(contact_is(&app, importer, grace) && contact_is(&app, exporter, grace));
        for line in ["user.update done importer@service", "user.update done exporter@service", "user.handover done jonas"] {
            assert!(app.audit().iter().any(|entry| entry.starts_with(line)), "{line}");
        }
        let machine = ada.get(&format!("/users/{importer}/handover")).await;
        assert_eq!(machine.status, 409, "a machine is nobody's contact");
        app.assert_chain();
    }

    async fn one_hands_over_what_one_may_change_and_sees_no_more(app) {
        app.make_admin("ada");
        let Leaver { team, jonas, importer, exporter } = Leaver::of(&app);
        let secret = app.team("Secret Project");
        let hidden = app.service("Hidden", OrgRole::Member, &[(secret, RoleId::VIEWER)]);
        let near = app.service("Near", OrgRole::Member, &[(secret, RoleId::VIEWER), (team, RoleId::VIEWER)]);
        for id in [hidden, near] {
            set_contact(&app, id, jonas);
        }
        app.person("olga", OrgRole::Member, &[(team, RoleId::OWNER)]);
        app.person("vic", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        app.person("stranger", OrgRole::Member, &[]);
        let path = format!("/users/{jonas}/handover");
        let ids: Vec<_> = [importer, exporter, near, hidden].iter().map(ToString::to_string).collect();
        for (who, status) in [("stranger", 404), ("vic", 403)] {
            let mut browser = app.log_in(who).await;
            assert_eq!(browser.get(&path).await.status, status);
            assert_eq!(browser.post(&path, &[("contact", "vic"), ("account", &ids[0])]).await.status, status);
        }
        let mut olga = app.log_in("olga").await;
        let page = olga.get(&path).await;
        assert_eq!((page.status, page.count("input[name=account]")), (200, 2));
        assert!(page.has("You may not change this one") && page.has("Near") && !page.has("Hidden"), "{}", page.text());
        for foreign in [&ids[2], &ids[3]] {
            let refused = olga.post(&path, &[("contact", "olga"), ("account", &ids[0]), ("account", foreign)]).await;
            assert!((400..500).contains(&refused.status), "{}", refused.text());
            assert!(refused.has("Nothing was done, because of near@service") || refused.has("Nothing was handed over"), "{}", refused.text());
        }
        assert!([importer, exporter, near, hidden].iter().all(|id| contact_is(&app, *id, jonas)));
        olga.submit(&path, &[("contact", "olga"), ("account", &ids[0])]).await;
        assert!(!contact_is(&app, importer, jonas));
        let mut leaving = app.log_in("jonas").await;
        leaving.submit(&path, &[("contact", "olga"), ("account", &ids[1])]).await;
        assert!(!contact_is(&app, exporter, jonas), "whoever leaves hands over by themselves");
    }

    async fn a_team_is_left_alone_only_where_no_other_person_manages_it(app) {
        let mut ada = app.admin().await;
        let Leaver { team, jonas, .. } = Leaver::of(&app);
        let path = format!("/users/{jonas}/handover");
        let alone = async |ada: &mut crate::support::Browser| ada.get(&path).await.has("Teams that nobody else manages");
        app.service("Robot owner", OrgRole::Member, &[(team, RoleId::OWNER)]);
        app.person("mia", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
        assert!(alone(&mut ada).await, "a machine runs no team, nor does who may not change it");
        let olga = app.person("olga", OrgRole::Member, &[(team, RoleId::OWNER)]);
        assert!(!alone(&mut ada).await);
        app.write(|cx| latchkey::service::users::disable(cx, olga));
        assert!(alone(&mut ada).await);
        app.sql("INSERT INTO roles (name, name_key, description, permissions, level, created_at, version) VALUES ('Steward', 'steward', '', 'teams:update', 'none', 0, 1)").unwrap();
        let steward = RoleId(app.number("SELECT id AS n FROM roles WHERE name = 'Steward'"));
        app.person("stella", OrgRole::Member, &[(team, steward)]);
        assert!(!alone(&mut ada).await, "a custom role may manage it as well");
    }

    async fn who_may_not_do_it_is_not_even_asked(app) {
        let mut ada = app.admin().await;
        let grace = app.make_admin("grace");
        let own = app.number("SELECT id AS n FROM users WHERE username = 'ada'");
        app.person("max", OrgRole::Manager, &[]);
        let (team, jonas) = (app.team("Platform"), app.person("jonas", OrgRole::Member, &[]));
        let strong = app.service("Strong", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        app.global_admin(strong);
        app.write(|cx| latchkey::service::users::disable(cx, strong));
        app.write(|cx| latchkey::service::users::disable(cx, jonas));
        let mut max = app.log_in("max").await;
        assert_eq!(max.get(&format!("/users/{strong}/enable")).await.status, 403, "it would wake a global-admin token");
        assert!(max.get(&format!("/users/{jonas}/enable")).await.status == 200 && ada.get(&format!("/users/{strong}/enable")).await.status == 200);
        for (page, path) in [(format!("/users/{strong}"), strong), ("/users".into(), strong), ("/users".into(), jonas)] {
            let drawn = max.get(&page).await.count(&format!("a[href='/users/{path}/enable']"));
            assert_eq!(drawn, usize::from(path == jonas), "{page} to {path}");
        }
        for act in ["disable", "delete", "turn-into-service"] {
            assert_eq!(ada.get(&format!("/users/{own}/{act}")).await.status, 409, "{act} oneself");
        }
        assert_eq!(ada.get(&format!("/users/{jonas}/link")).await.status, 409, "a link for a disabled account");
        let alone = ada.get(&format!("/users/bulk?action=disable&id={own}")).await;
        assert!(alone.status == 409 && alone.has("because of ada"), "{}", alone.text());
        let mixed = max.get(&format!("/users/bulk?action=revoke&id={jonas}&id={grace}")).await;
        assert_eq!((mixed.count("input[name=id][checked]"), mixed.count("input[name=id][disabled]")), (1, 1), "{}", mixed.text());
        let none = max.get(&format!("/users/bulk?action=disable&id={own}&id={grace}&id=999")).await;
        assert!(none.status == 403 && none.has("because of ada"), "{}", none.text());
        let last = app.audit().pop().unwrap();
        assert!(last.starts_with("user.disable refused ada "), "what is told is what is written down: {last}");
    }

    async fn several_at_once_are_asked_about_one_by_one(app) {
        let mut ada = app.admin().await;
        let Leaver { jonas, importer, .. } = Leaver::of(&app);
        app.token(importer, "self:read");
        let own = app.number("SELECT id AS n FROM users WHERE username = 'ada'").to_string();
        let (jonas, importer) = (jonas.to_string(), importer.to_string());
        let ask = format!("/users/bulk?action=disable&id={jonas}&id={importer}&id={own}");
        let page = ada.get(&ask).await;
        assert_eq!((page.count("input[name=id][checked]"), page.count("input[name=id][disabled]")), (2, 1));
        for told in ["2 service accounts want a new contact", "1 good token", "You cannot disable your own account"] {
            assert!(page.has(told), "{}", page.text());
        }
        let all = [("action", "disable"), ("id", jonas.as_str()), ("id", &importer), ("id", &own)];
        let refused = ada.post("/users/bulk", &all).await;
        assert!(refused.status == 409 && refused.has("because of ada"), "{}", refused.text());
        assert_eq!(refused.count("input[name=id][checked]"), 2, "the selection stays, but for whoever stands in the way");
        let done = ada.submit("/users/bulk", &all[..3]).await;
        assert!(done.has("2 users were disabled. 2 service accounts want a new contact"), "{}", done.text());
        let nobody = ada.submit("/users/bulk", &[("action", "disable")]).await;
        assert!(nobody.has("Nobody was selected"), "{}", nobody.text());
    }
}
