//! Teams: whose home one is, what was done in it, and finding its members.

use latchkey::model::ids::{RoleId, TeamId, UserId};
use latchkey::model::permissions::PermissionSet;
use latchkey::model::roles::OrgRole;
use latchkey::service::members;
use latchkey::service::users::{self, UserChange};
use serde_json::json;

use crate::support::TestApp;

/// Two teams and an Owner of both.
fn teams(app: &TestApp) -> (TeamId, TeamId, UserId) {
    app.make_admin("ada");
    let (billing, platform) = (app.team("Billing"), app.team("Platform"));
    let olga = app.person("olga", OrgRole::Member, &[(billing, RoleId::OWNER), (platform, RoleId::OWNER)]);
    (billing, platform, olga)
}

fn homes(app: &TestApp, team: TeamId) -> i64 {
    app.number(&format!("SELECT COUNT(*) AS n FROM users WHERE home_team_id = {team}"))
}

both! {
    async fn a_home_tells_whose_it_is_and_moves_them(app) {
        let (billing, platform, _) = teams(&app);
        for number in 1..=12 {
            app.service(&format!("Job {number:02}"), OrgRole::Member, &[(billing, RoleId::VIEWER)]);
        }
        let mut olga = app.log_in("olga").await;
        let path = format!("/teams/{billing}");
        assert!(olga.get(&format!("{path}/settings")).await.has("It is the home of 12 service accounts"));
        let page = olga.get(&format!("{path}/delete")).await;
        assert!(page.has("Job 01") && page.has("Job 10") && !page.has("Job 11") && page.has("and 2 more"), "{}", page.text());
        assert_eq!(page.count("li .badge"), 10, "each with its badge");
        assert_eq!(page.count(&format!("option[value='{}']", "Billing")), 0, "not to where they are");
        let kept = olga.post(&format!("{path}/delete"), &[]).await;
        assert!(kept.status == 409 && kept.has("It is the home of 12 service accounts"), "{}", kept.text());
        for (to, why) in [("", "Choose their new home."), ("Nowhere", "There is no such team"), ("billing", "Choose another team")] {
            let answer = olga.post(&format!("{path}/move-homes"), &[("to", to)]).await;
            assert!(answer.status == 422 && answer.error("to").is_some_and(|text| text.contains(why)), "{to}: {}", answer.text());
        }
        let moved = olga.submit(&format!("{path}/move-homes"), &[("to", "platform")]).await;
        assert!(moved.has("12 service accounts were moved") && moved.has("Delete Billing?"), "{}", moved.text());
        assert_eq!((homes(&app, billing), homes(&app, platform)), (0, 12));
        assert!(olga.submit(&format!("{path}/delete"), &[]).await.has("The team Billing is deleted."));
        app.assert_chain();
    }

    async fn all_are_moved_or_none(app) {
        let (billing, platform, _) = teams(&app);
        app.service("Able", OrgRole::Member, &[(billing, RoleId::VIEWER)]);
        let strong = app.service("Strong", OrgRole::Manager, &[(billing, RoleId::VIEWER)]);
        let secret = app.team("Secret");
        app.person("mia", OrgRole::Member, &[(billing, RoleId::MAINTAINER)]);
        let (mut olga, mut mia) = (app.log_in("olga").await, app.log_in("mia").await);
        let path = format!("/teams/{billing}/move-homes");
        let refused = olga.post(&path, &[("to", "Platform")]).await;
        assert!(refused.status == 403 && refused.has("Nobody was moved, because of strong@service"), "{}", refused.text());
        assert_eq!((homes(&app, billing), homes(&app, platform)), (2, 0));
        assert_eq!(olga.post(&path, &[("to", "Secret")]).await.status, 422, "a team that she does not know of");
        assert_eq!(olga.post(&path, &[("to", "Public")]).await.status, 403, "organisation roles alone manage what is at home there");
        let elsewhere = mia.post(&path, &[("to", "Platform")]).await;
        assert!((400..500).contains(&elsewhere.status), "a Maintainer here has no right there: {}", elsewhere.status);
        assert_eq!((homes(&app, billing), homes(&app, secret)), (2, 0));
        app.write(|cx| users::delete(cx, strong, None));
        olga.submit(&path, &[("to", "Platform")]).await;
        assert_eq!(homes(&app, platform), 1);
    }

    async fn whoever_may_only_delete_is_told_who_is_at_home(app) {
        let (billing, ..) = teams(&app);
        app.sql("INSERT INTO roles (name, name_key, description, permissions, level, created_at, version) VALUES ('Undertaker', 'undertaker', '', 'teams:delete', 'none', 0, 1)").unwrap();
        app.person("ute", OrgRole::Member, &[(billing, RoleId(5))]);
        app.service("Job", OrgRole::Member, &[(billing, RoleId::VIEWER)]);
        let hidden = app.service("Hidden", OrgRole::Member, &[(billing, RoleId::VIEWER)]);
        app.write(|cx| members::remove(cx, billing, hidden));
        let mut ute = app.log_in("ute").await;
        let page = ute.get(&format!("/teams/{billing}/delete")).await;
        assert!(page.has("Job") && page.has("and 1 more") && !page.has("Hidden"), "{}", page.text());
        assert!(page.count("form [name=to]") == 0 && page.has("You may not move them"), "{}", page.text());
        assert_eq!(ute.post(&format!("/teams/{billing}/move-homes"), &[("to", "Platform")]).await.status, 403);
    }

    async fn deleting_says_which_tokens_lose_all(app) {
        let (billing, platform, _) = teams(&app);
        let api = app.root_api();
        let job = app.service("Job", OrgRole::Member, &[(platform, RoleId::VIEWER), (billing, RoleId::VIEWER)]);
        for (name, teams) in [("alone", json!(["Billing"])), ("both", json!(["Billing", "Platform"]))] {
            let body = json!({ "name": name, "expires_in_days": 9, "scopes": ["teams:read"], "teams": teams });
            assert_eq!(api.post(&format!("/api/v1/users/{job}/tokens"), body).await.status, 201);
        }
        let page = app.log_in("olga").await.get(&format!("/teams/{billing}/delete")).await;
        assert!(page.has("All that 1 token can do, which is limited to this team alone"), "{}", page.text());
    }

    async fn an_owner_reads_the_log_of_the_team(app) {
        let (billing, platform, olga) = teams(&app);
        let secret = app.team("Secret Project");
        let job = app.service("Job", OrgRole::Member, &[(billing, RoleId::VIEWER), (secret, RoleId::VIEWER)]);
        app.token(job, "teams:read");
        let paula = app.person("paula", OrgRole::Manager, &[(billing, RoleId::VIEWER), (secret, RoleId::OWNER)]);
        app.token(paula, "users:read");
        app.write(|cx| members::remove(cx, billing, paula));
        app.write(|cx| latchkey::service::teams::update(cx, secret, "Secret Project", "hush", None));
        let gone = app.service("Gone", OrgRole::Member, &[(billing, RoleId::VIEWER)]);
        app.write(|cx| users::delete(cx, gone, None));
        let member = app.person("left", OrgRole::Member, &[(billing, RoleId::VIEWER)]);
        app.token(member, "self:read");
        app.write(|cx| users::delete(cx, member, None));
        let mut browser = app.log_in("olga").await;
        let ada = app.number("SELECT id AS n FROM users WHERE username = 'ada'").to_string();
        let strong = [("kind", "person"), ("user", &*ada), ("role", "Viewer")];
        assert!((400..500).contains(&browser.post(&format!("/teams/{billing}/members/new"), &strong).await.status));
        let path = format!("/teams/{billing}/activity");
        let page = browser.get(&path).await;
        assert_eq!(page.status, 200);
        for told in [
            "Created the team Billing", "Created job@service", "Made a token for job@service", "Created paula", "Removed paula from a team",
            "Deleted gone@service", "Deleted left", "Tried to give ada a role in a team", "a team that you may not see",
        ] {
            assert!(page.has(told), "{told}: {}", page.text());
        }
        for hidden in ["Secret Project", "hush", "left@example.com", "Made a token for paula", "Made a token for left", "token 0, "] {
            assert!(!page.has(hidden), "{hidden}: {}", page.text());
        }
        assert_eq!(page.count(".tabs a[aria-current]"), 1);
        app.write(|cx| {
            let change = UserChange { home_team: Some(platform), ..UserChange::default() };
            users::update(cx, job, change)
        });
        for team in [billing, platform] {
            assert!(browser.get(&format!("/teams/{team}/activity")).await.has("Changed job@service"), "both homes have the move");
        }
        app.token(job, "teams:read");
        let made = "Made a token for job@service";
        assert_eq!(browser.get(&path).await.text().matches(made).count(), 1, "from then on its new home has what is done to it");
        assert!(browser.get(&format!("/teams/{platform}/activity")).await.has(made));
        assert!(app.log_in("ada").await.get(&format!("/teams/{secret}/activity")).await.has("hush"));
        let unlinked = browser.get(&path).await.count(&format!("td a[href='/users/{olga}']"));
        assert_eq!(unlinked, 0, "who acted is no link for whoever does not see everyone");
        app.assert_chain();
    }

    async fn the_log_of_a_team_is_for_those_with_audit_read(app) {
        let (billing, ..) = teams(&app);
        app.person("mia", OrgRole::Member, &[(billing, RoleId::MAINTAINER)]);
        app.person("max", OrgRole::Manager, &[]);
        app.person("jonas", OrgRole::Member, &[]);
        for (who, status, tabs) in [("mia", 403, 0), ("max", 200, 1), ("jonas", 404, 0)] {
            let mut browser = app.log_in(who).await;
            assert_eq!(browser.get(&format!("/teams/{billing}/activity")).await.status, status, "{who}");
            let drawn = browser.get(&format!("/teams/{billing}")).await.count(".tabs a[href$='/activity']");
            assert_eq!(drawn, tabs, "{who}");
        }
        assert_eq!(app.log_in("max").await.get("/teams/1/activity").await.status, 200);
        assert_eq!(app.log_in("mia").await.get("/teams/1/activity").await.status, 403);
    }

    async fn a_long_log_comes_in_pages(app) {
        let (billing, ..) = teams(&app);
        for round in 0..60 {
            app.write(|cx| latchkey::service::teams::update(cx, billing, "Billing", &format!("round {round}"), None));
        }
        let mut olga = app.log_in("olga").await;
        let first = olga.get(&format!("/teams/{billing}/activity")).await;
        assert!(first.has("round 59") && first.has("50 entries") && !first.has("round 8 "), "{}", first.text());
        let older = olga.get(&first.attribute("a[rel=next]", "href").unwrap()).await;
        assert!(older.has("Created the team Billing") && !older.inner("tbody").unwrap().contains("round 59"), "{}", older.text());
        let newer = olga.get(&older.attribute("a[rel=prev]", "href").unwrap()).await;
        assert_eq!(newer.inner("tbody"), first.inner("tbody"));
        let other_list = olga.get(&format!("/teams/{billing}/activity?cursor=eyJrIjoiYSIsImkiOjF9")).await;
        assert_eq!((other_list.status, other_list.inner("tbody")), (200, first.inner("tbody")), "a cursor of another list");
    }

    async fn members_are_found_by_name_and_role(app) {
        let (billing, ..) = teams(&app);
        for name in ["anna", "annika", "bert"] {
            app.person(name, OrgRole::Member, &[(billing, RoleId::VIEWER)]);
        }
        app.service("Annual report", OrgRole::Member, &[(billing, RoleId::EDITOR)]);
        let mut olga = app.log_in("olga").await;
        let path = format!("/teams/{billing}");
        let all = olga.get(&path).await;
        assert!(all.has("4 members") && all.count("tbody tr") == 4, "{}", all.text());
        let found = olga.get(&format!("{path}?q=ANN")).await;
        assert!(found.count("tbody tr") == 2 && found.has("2 members on this page") && found.value("q") == "ANN", "{}", found.text());
        assert_eq!(olga.get(&format!("{path}?q=a%25")).await.count("tbody tr"), 0, "a percent sign is a percent sign");
        assert_eq!(olga.get(&format!("{path}?q=example.com")).await.count("tbody tr"), 0, "an address is no name");
        assert_eq!(olga.get(&format!("{path}?role=Owner")).await.count("tbody tr"), 1);
        assert_eq!(olga.get(&format!("{path}?q=an&role=Owner")).await.count("tbody tr"), 0);
        assert_eq!(olga.get(&format!("{path}/service-accounts?q=ann")).await.count("tbody tr"), 1);
        let api = app.root_api();
        let rest = api.get(&format!("/api/v1/teams/{billing}/members?q=ann&limit=2")).await;
        assert_eq!(rest.body["items"].as_array().unwrap().len(), 2, "{}", rest.body);
        let next = api.get(&format!("/api/v1/teams/{billing}/members?q=ann&limit=2&cursor={}", rest.body["next_cursor"].as_str().unwrap())).await;
        assert_eq!((next.body["items"].as_array().unwrap().len(), &next.body["next_cursor"]), (1, &json!(null)));
    }

    async fn a_picker_shows_name_username_and_badge(app) {
        let (billing, ..) = teams(&app);
        let plain = app.person("plain", OrgRole::Manager, &[]);
        app.service("Robot", OrgRole::Member, &[]);
        app.sql(&format!("UPDATE users SET description = 'a secret hobby', last_seen_at = 5 WHERE id = {plain}")).unwrap();
        let mut ada = app.log_in("ada").await;
        let page = ada.get(&format!("/teams/{billing}/members/new?kind=person&q=plain")).await;
        assert_eq!(page.inner(".picks li").as_deref(), Some("P plain plain"), "initials, name, username");
        for hidden in ["plain@example.com", "a secret hobby", "Manager"] {
            assert!(!page.inner(".picks").unwrap().contains(hidden), "{hidden}");
        }
        let machines = ada.get(&format!("/teams/{billing}/members/new?kind=service&q=robot")).await;
        assert_eq!(machines.inner(".picks li").as_deref(), Some("Robot Service robot@service"));
        assert_eq!(machines.inner(".foot .primary").as_deref(), Some("Invite Team Member"));
        assert!(machines.has("Permissions in this team"), "{}", machines.text());
    }

    async fn an_owner_makes_a_service_account_from_the_plus(app) {
        let (billing, _, olga_id) = teams(&app);
        let mut olga = app.log_in("olga").await;
        let plus = olga.get(&format!("/teams/{billing}/service-accounts")).await;
        let add = olga.get(&plus.attribute(".menu-list a[href*='kind=service']", "href").unwrap()).await;
        let wizard = olga.get(&add.attribute("a[href^='/users/service/new']", "href").unwrap()).await;
        assert_eq!(wizard.chosen("home_team"), Some(billing.to_string()));
        assert_eq!(wizard.count(&format!("#team-{billing}[checked]")), 1);
        let team = billing.to_string();
        let role = format!("team_role_{billing}");
        let fields = [("name", "Invoices"), ("role", "Member"), ("home_team", &*team), ("team", &team), (&role, "Maintainer"), ("token_name", "t"), ("expires", "30"), ("scope", "teams:read")];
        let made = olga.post("/users/service", &fields).await;
        assert_eq!(made.status, 200, "{}", made.text());
        let list = olga.get(&format!("/teams/{billing}/service-accounts")).await;
        assert!(list.has("Invoices") && list.count("a[aria-label='Access Token of Invoices']") == 1, "{}", list.text());
        assert!(olga.get(&format!("/teams/{billing}/activity")).await.has("Made a token for invoices@service"));
        app.write(|cx| members::set(cx, billing, olga_id, RoleId::MAINTAINER));
        let plus = olga.get(&format!("/teams/{billing}")).await;
        assert_eq!(plus.count(".menu-list a[href*='members/new']"), 0, "a Maintainer adds nobody");
        assert_eq!(plus.count(&format!("a[href='/users/service/new?home_team={billing}']")), 1, "but makes service accounts");
    }

    async fn a_member_without_any_permission_sees_the_list_and_no_controls(app) {
        let (billing, ..) = teams(&app);
        app.sql("INSERT INTO roles (name, name_key, description, permissions, level, created_at, version) VALUES ('Nothing', 'nothing', '', '', 'none', 0, 1)").unwrap();
        app.service("Job", OrgRole::Member, &[(billing, RoleId::VIEWER)]);
        for (who, role) in [("vic", RoleId::VIEWER), ("nil", RoleId(5))] {
            let user = app.person(who, OrgRole::Member, &[(billing, role)]);
            let mut browser = app.log_in(who).await;
            for (path, name) in [(format!("/teams/{billing}"), "olga"), (format!("/teams/{billing}/service-accounts"), "Job")] {
                let page = browser.get(&path).await;
                assert!(page.status == 200 && page.has(name), "{who} {path}: {}", page.text());
                for control in [".plus", "td select", "a[href$='/remove']", "a[href$='/settings']", "a[href$='/activity']"] {
                    assert_eq!(page.count(control), 0, "{who} {path} {control}");
                }
            }
            assert_eq!(browser.get("/users").await.has("olga"), browser.get("/teams").await.has("Billing"), "{who}: lists agree");
            let api = app.api(&app.token(user, &PermissionSet::everything().to_string()));
            let team = api.get(&format!("/api/v1/teams/{billing}")).await;
            assert_eq!(team.status, if who == "vic" { 200 } else { 404 }, "a token sees the teams it can do something in: {}", team.body);
        }
    }

    async fn a_role_that_is_not_to_be_given_is_still_shown_as_it_is(app) {
        let (billing, ..) = teams(&app);
        app.sql("INSERT INTO roles (name, name_key, description, permissions, level, created_at, version) VALUES ('Greeter', 'greeter', '', 'teams:read teams:update', 'none', 0, 1)").unwrap();
        app.person("gil", OrgRole::Member, &[(billing, RoleId(5))]);
        let page = app.log_in("gil").await.get(&format!("/teams/{billing}")).await;
        assert_eq!(page.attribute("select[aria-label='Role of olga'] option[selected]", "value").as_deref(), Some("Owner"), "{}", page.body);
    }

    async fn one_of_many_teams_is_named(app) {
        teams(&app);
        for number in 0..210 {
            app.team(&format!("Team {number:03}"));
        }
        let job = app.service("Job", OrgRole::Member, &[]);
        let mut ada = app.log_in("ada").await;
        let page = ada.get(&format!("/users/{job}/teams")).await;
        assert_eq!((page.count("input[name=team][list]"), page.count("select[name=team]")), (1, 0));
        let path = format!("/users/{job}/teams");
        for (team, status) in [("team 209", 303), ("Nowhere", 422), ("", 422), ("Public", 409)] {
            assert_eq!(ada.post(&path, &[("team", team), ("role", "Viewer")]).await.status, status, "{team}");
        }
        assert!(ada.get(&path).await.has("Team 209"));
    }
}
