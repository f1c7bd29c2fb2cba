//! AI agents in the portal: the wizard, their sponsor, tokens that always end, and the switch that stops all of them.

use latchkey::model::ids::{RoleId, TeamId, UserId};
use latchkey::model::roles::OrgRole;
use latchkey::model::tokens::Lifetime;
use latchkey::service::tokens::{self, NewToken};

use crate::support::{Browser, Html, PASSWORD, TestApp, new_token};

/// What both steps together post, less what `changes` puts in its place.
fn both_steps(team: TeamId, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let (team, role) = (team.to_string(), format!("team_role_{team}"));
    let all = [
        ("name", "Release notes"),
        ("username", ""),
        ("sponsor", "ada"),
        ("role", "Member"),
        ("team", &team),
        (&role, "Maintainer"),
        ("home_team", &team),
        ("token_name", "writer"),
        ("expires", "90"),
        ("scope", "teams:read"),
        ("form_key", "k"),
    ];
    let kept = all.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    kept.chain(changes).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn finish(browser: &mut Browser, team: TeamId, changes: &[(&str, &str)]) -> Html {
    let fields = both_steps(team, changes);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post("/users/agent", &fields).await
}

fn agents(app: &TestApp) -> (i64, i64) {
    (
        app.number("SELECT COUNT(*) AS n FROM users WHERE kind = 'agent'"),
        app.number("SELECT COUNT(*) AS n FROM tokens WHERE kind = 'Agent'"),
    )
}

/// The scopes that are ticked on a form for a token.
fn ticked(page: &Html) -> usize {
    page.count("input[name=scope][checked]")
}

fn words(app: &TestApp, query: &str) -> String {
    app.db.texts(query).join(" ")
}

async fn save(browser: &mut Browser, agent: UserId, changes: &[(&str, &str)]) -> Html {
    let path = format!("/users/{agent}");
    let sent = browser.get(&path).await.form(&format!("form[action='{path}']"));
    let kept = sent.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    let fields: Vec<_> =
        kept.map(|(name, value)| (name.as_str(), value.as_str())).chain(changes.iter().copied()).collect();
    browser.post(&path, &fields).await
}

both! {
    async fn s9_the_wizard_makes_an_agent_and_its_token(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        assert!(ada.get("/users").await.body.contains(r#"href="/users/agent/new""#));
        let first = ada.get("/users/agent/new").await;
        assert_eq!((first.status, first.value("sponsor").as_str()), (200, "ada"), "the maker at first");
        assert!(["AI service account", "Service username", "Service display name"].iter().all(|label| first.has(label)), "{}", first.text());
        let second = ada.get(&format!("/users/agent/new/token?name=Release+notes&role=Member&sponsor=ada&team={team}&team_role_{team}=Maintainer")).await;
        assert!(second.has("release_notes@agent") && second.has("Agent"), "{}", second.text());
        assert_eq!(second.count("option[value=never]"), 0, "its tokens always end");
        assert_eq!(second.count("option[value=date]"), 1);
        let page = finish(&mut ada, team, &[]).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let token = page.inner("#secret").unwrap();
        assert!(token.starts_with("lk_agt_"), "{token}");
        let me = app.api(&token).get("/api/v1/me").await;
        assert_eq!((me.status, &me.body["user"]["user_type"]), (200, &"Agent".into()), "{}", me.body);
        assert_eq!(words(&app, "SELECT a.username || ' ' || s.username || ' ' || c.username AS t FROM users a JOIN users s ON s.id = a.sponsor_id JOIN users c ON c.id = a.contact_id"), "release_notes@agent ada ada");
        assert_eq!(agents(&app), (1, 1));
        let again = finish(&mut ada, team, &[]).await;
        assert_eq!((again.status, agents(&app)), (303, (1, 1)), "two clicks make one");
    }

    async fn s9_an_agents_form_begins_with_the_scopes_that_only_look(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        let step = format!("/users/agent/new/token?name=Release+notes&role=Member&team={team}&team_role_{team}=Maintainer");
        let second = ada.get(&step).await;
        assert!(ticked(&second) > 2, "{}", second.text());
        assert_eq!(second.count("input[name=scope][checked]:not([data-read])"), 0, "nothing else");
        assert_eq!(second.count("input[name=scope][data-read]:not([checked])"), 0, "and all of those");
        assert_eq!(ticked(&ada.get(&format!("{step}&token_name=writer")).await), 0, "a form that comes back stays as it was left");
        let refused = finish(&mut ada, team, &[("token_name", ""), ("scope", "tokens:read")]).await;
        assert_eq!((refused.status, ticked(&refused)), (422, 1));
        let agent = app.agent("Writer", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
        let service = app.service("Job", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
        let form = ada.get(&format!("/users/{agent}/tokens/new")).await;
        assert!(ticked(&form) > 2 && form.count("input[name=scope][checked]:not([data-read])") == 0);
        assert_eq!(ticked(&ada.get(&format!("/users/{service}/tokens/new")).await), 0, "a service account's begins empty");
        let refused = ada.post(&format!("/users/{agent}/tokens/new"), &[("token_name", ""), ("expires", "30")]).await;
        assert_eq!((refused.status, ticked(&refused)), (422, 0), "what was cleared stays so");
    }

    async fn s9_an_agents_token_always_ends_on_every_page(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        let refused = finish(&mut ada, team, &[("expires", "never")]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.error("expires").unwrap().contains("always expire"), "{}", refused.text());
        let agent = app.agent("Writer", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        let path = format!("/users/{agent}/tokens/new");
        assert_eq!(ada.get(&path).await.count("option[value=never]"), 0);
        let refused = ada.post(&path, &[("token_name", "t"), ("expires", "never"), ("scope", "teams:read")]).await;
        assert!(refused.error("expires").unwrap().contains("always expire"), "{}", refused.text());
        assert_eq!(agents(&app), (1, 0));
        let made = ada.post(&path, &[("token_name", "t"), ("expires", "date"), ("expires_on", "2027-01-31"), ("scope", "teams:read")]).await;
        assert_eq!((made.status, agents(&app)), (200, (1, 1)), "{}", made.text());
    }

    async fn s9_an_agent_made_by_a_form_has_a_sponsor_who_may_be_seen(app) {
        let mut ada = app.admin().await;
        let (team, other) = (app.team("Platform"), app.team("Billing"));
        app.person("olga", OrgRole::Member, &[(team, RoleId::OWNER)]);
        app.person("paula", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        app.person("stranger", OrgRole::Member, &[(other, RoleId::VIEWER)]);
        let gone = app.person("gone", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        app.write(|cx| latchkey::service::users::disable(cx, gone));
        app.service("Job", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        let mut olga = app.log_in("olga").await;
        for nobody in ["stranger", "gone", "job@service", "nobody"] {
            let page = finish(&mut olga, team, &[("sponsor", nobody)]).await;
            assert_eq!(page.status, 422, "{nobody}");
            assert!(page.error("sponsor").is_some() && page.value("sponsor") == nobody, "{nobody}: {}", page.text());
        }
        assert_eq!(agents(&app), (0, 0));
        let made = finish(&mut olga, team, &[("sponsor", "paula")]).await;
        assert_eq!(made.status, 200, "{}", made.text());
        let agent = UserId(app.number("SELECT id AS n FROM users WHERE kind = 'agent'"));
        assert!(ada.get(&format!("/users/{agent}")).await.has("Sponsor"));
        let saved = save(&mut ada, agent, &[("sponsor", "stranger")]).await;
        assert_eq!(saved.status, 303, "an Admin sees everybody: {}", saved.text());
        assert!(save(&mut ada, agent, &[("sponsor", "")]).await.error("sponsor").is_some(), "there always is one");
        let kept = save(&mut olga, agent, &[("description", "Writes the notes"), ("sponsor", "")]).await;
        assert_eq!(kept.status, 303, "whoever it is may stay, seen or not: {}", kept.text());
        assert!(save(&mut olga, agent, &[("sponsor", "gone")]).await.error("sponsor").is_some());
        assert_eq!(words(&app, "SELECT s.username AS t FROM users a JOIN users s ON s.id = a.sponsor_id"), "stranger");
    }

    async fn s9_a_sponsor_out_of_sight_is_not_named_and_stays(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        app.person("olga", OrgRole::Member, &[(team, RoleId::OWNER)]);
        app.person("paula", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        let far = app.person("faraway", OrgRole::Member, &[]);
        let agent = app.agent("Helper", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        assert_eq!(save(&mut ada, agent, &[("sponsor", "faraway")]).await.status, 303);
        let mut olga = app.log_in("olga").await;
        let path = format!("/users/{agent}");
        let page = olga.get(&path).await;
        assert!(page.has("Somebody outside what you may see") && !page.body.contains("faraway"), "{}", page.text());
        assert_eq!((page.value("sponsor").as_str(), page.count("input[name=sponsor][required]")), ("", 0));
        for path in [format!("{path}/activity"), format!("/teams/{team}/activity"), "/audit/export.ndjson".into()] {
            let log = olga.get(&path).await;
            assert!(log.status == 200 && !log.body.contains("faraway"), "{path}: {}", log.text());
        }
        assert!(ada.get(&path).await.has("faraway"));
        let saved = save(&mut olga, agent, &[("description", "Writes the notes")]).await;
        assert_eq!(saved.status, 303, "{}", saved.text());
        let sponsor = "SELECT COALESCE(sponsor_id, 0) AS n FROM users WHERE kind = 'agent'";
        assert_eq!(app.number(sponsor), far.0, "who it is stays");
        let guessed = save(&mut olga, agent, &[("sponsor", "faraway")]).await;
        let nobody = save(&mut olga, agent, &[("sponsor", "nobody")]).await;
        assert_eq!((guessed.status, guessed.error("sponsor")), (422, nobody.error("sponsor")), "a right guess is not told");
        assert_eq!(save(&mut olga, agent, &[("sponsor", "paula")]).await.status, 303);
        assert_ne!(app.number(sponsor), far.0);
    }

    async fn s9_whoever_cannot_be_a_sponsor_is_told_in_one_way_on_each_page(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        let off = app.person("gone", OrgRole::Member, &[]);
        app.sql(&format!("UPDATE users SET disabled_at = 1 WHERE id = {off}")).unwrap();
        let invited = app.person("nadia", OrgRole::Member, &[]);
        app.sql(&format!("UPDATE users SET password_hash = NULL WHERE id = {invited}")).unwrap();
        app.service("Job", OrgRole::Member, &[]);
        let agent = app.agent("Helper", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        let mut told = Vec::new();
        for wrong in ["nobody", "gone", "nadia", "job@service"] {
            told.push(save(&mut ada, agent, &[("sponsor", wrong)]).await.error("sponsor").unwrap());
            told.push(finish(&mut ada, team, &[("sponsor", wrong)]).await.error("sponsor").unwrap());
        }
        told.dedup();
        assert!(told.len() == 1 && told[0].contains("accepted the invitation"), "{told:?}");
        assert_eq!(agents(&app), (1, 0));
    }

    async fn s9_sponsored_agents_are_handed_over(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        let leaver = app.person("leaver", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        app.person("heir", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        let agent = app.agent("Writer", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        app.sql(&format!("UPDATE users SET sponsor_id = {leaver} WHERE id = {agent}")).unwrap();
        let question = ada.get(&format!("/users/{leaver}/disable")).await;
        assert!(question.has("want a new contact or sponsor: writer@agent"), "{}", question.text());
        app.write(|cx| latchkey::service::users::disable(cx, leaver));
        assert!(ada.get("/").await.has("1 AI agent wants a new contact or sponsor"));
        let page = ada.get(&format!("/users/{leaver}/handover")).await;
        assert!(page.has("1 AI agent") && page.has("Sponsor"), "{}", page.text());
        let told = ada.submit(&format!("/users/{leaver}/handover"), &[("contact", "heir"), ("account", &agent.to_string())]).await;
        assert!(told.has("1 AI agent has heir as the contact or sponsor now"), "{}", told.text());
        let now = "SELECT s.username || ' ' || COALESCE(c.username, '-') AS t FROM users a JOIN users s ON s.id = a.sponsor_id LEFT JOIN users c ON c.id = a.contact_id";
        assert_eq!(words(&app, now), "heir -", "whose contact somebody else is keeps it");
        assert!(ada.get(&format!("/users/{leaver}/handover")).await.has("Nothing wants somebody else"));
    }

    async fn s9_who_left_most_accounts_behind_is_listed_first(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        let (many, both) = (app.person("many", OrgRole::Member, &[]), app.person("both", OrgRole::Member, &[]));
        let services: Vec<_> = ["One", "Two", "Three"].map(|name| app.service(name, OrgRole::Member, &[(team, RoleId::VIEWER)])).into();
        for service in &services {
            app.sql(&format!("UPDATE users SET contact_id = {many} WHERE id = {service}")).unwrap();
        }
        for name in ["Writer", "Reader"] {
            let agent = app.agent(name, OrgRole::Member, &[(team, RoleId::VIEWER)]);
            app.sql(&format!("UPDATE users SET contact_id = {both}, sponsor_id = {both} WHERE id = {agent}")).unwrap();
        }
        let mut told = async |three: &str, two: &str| {
            let page = ada.get("/").await;
            let text = page.text();
            (text.find(three), text.find(two))
        };
        let (three, two) = ("3 service accounts want", "2 AI agents want");
        assert_eq!(told(three, two).await, (None, None), "nobody has left");
        for person in [many, both] {
            app.write(|cx| latchkey::service::users::disable(cx, person));
        }
        let (first, second) = told(three, two).await;
        assert!(first.is_some() && first < second, "an agent with one person as both counts once: {first:?} {second:?}");
        for service in &services[..2] {
            app.write(|cx| latchkey::service::users::disable(cx, *service));
        }
        let (second, first) = told("1 service account wants", two).await;
        assert!(first.is_some() && first < second, "a disabled account wants nobody: {first:?} {second:?}");
        app.write(|cx| latchkey::service::users::enable(cx, services[0]));
        app.write(|cx| latchkey::service::users::enable(cx, services[1]));
        app.write(|cx| latchkey::service::users::delete(cx, services[2], None));
        assert!(told("2 service accounts want", two).await.0.is_some());
        app.write(|cx| latchkey::service::users::enable(cx, many));
        app.sql(&format!("UPDATE users SET contact_id = NULL, sponsor_id = NULL WHERE contact_id = {both}")).unwrap();
        assert_eq!(told("want a new contact", "wants a new contact").await, (None, None));
    }

    async fn s9_an_agent_whose_sponsor_is_gone_is_listed(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        let leaver = app.person("leaver", OrgRole::Member, &[]);
        let agent = app.agent("Writer", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        app.sql(&format!("UPDATE users SET sponsor_id = {leaver} WHERE id = {agent}")).unwrap();
        let token = app.token(agent, "teams:read");
        let home = team.to_string();
        let turned = ada.post(&format!("/users/{leaver}/turn-into-service"), &[("home_team", &home)]).await;
        assert_eq!(turned.status, 303, "{}", turned.text());
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE kind = 'agent' AND sponsor_id IS NULL"), 1);
        assert!(ada.get("/").await.has("Has no sponsor"));
        assert_eq!(app.api(&token).get("/api/v1/me").await.status, 200, "it goes on working");
        app.write(|cx| latchkey::service::users::turn_into_person(cx, agent, &latchkey::service::users::PersonWanted { username: "wri".into(), email: "wri@example.com".into() }));
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE sponsor_id IS NOT NULL"), 0);
    }

    async fn s9_one_switch_stops_all_agents_and_lets_them_go_again(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        let agent = app.agent("Writer", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
        let service = app.service("Job", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
        let (good, other) = (app.token(agent, "teams:read"), app.token(service, "teams:read"));
        let suspended = app.token(agent, "teams:read");
        let id = app.last_token(agent);
        app.write(|cx| tokens::suspend(cx, agent, id, None));
        let page = ada.get("/settings").await;
        assert!(page.has("1 AI agent with 1 good token"), "{}", page.text());
        let question = ada.get("/settings/agents/stop").await;
        assert!(question.has("Refused from the next request on: 1 AI agent with 1 good token"), "{}", question.text());
        app.clock.advance(time::Duration::minutes(11));
        let told = ada.submit("/settings/agents/stop", &[]).await;
        assert!(told.has("All AI agents are stopped"), "no password is asked for: {}", told.text());
        for token in [&good, &suspended] {
            let reply = app.api(token).get("/api/v1/me").await;
            assert_eq!(reply.status, 401, "{}", reply.body);
            assert!(reply.header("www-authenticate").contains("invalid_token"));
        }
        assert_eq!(app.api(&other).get("/api/v1/me").await.status, 200, "service accounts go on");
        for path in ["/", "/users", &format!("/users/{agent}"), &format!("/users/{agent}/tokens"), "/teams", "/tokens"] {
            assert!(ada.get(path).await.has("All AI agents are stopped."), "{path}");
        }
        assert!(ada.get(&format!("/users/{agent}/tokens")).await.count(".status.caution") > 1);
        assert!(ada.get("/users?status=stopped").await.has("writer@agent"));
        let inventory = ada.get("/tokens?type=agent&state=stopped").await;
        assert!(inventory.has("writer@agent") || inventory.has("Writer"), "{}", inventory.text());
        assert!(!ada.get("/tokens?type=agent&state=active").await.has("Writer"));
        let none = ada.get("/users?status=idle").await;
        assert!(!none.has("writer@agent"), "{}", none.text());
        let made = app.token(agent, "teams:read");
        assert_eq!(app.api(&made).get("/api/v1/me").await.status, 401, "made meanwhile, and as stopped");
        let resume = "/settings/agents/resume";
        assert!(ada.get(resume).await.count("input[name=password]") == 1);
        assert_eq!(ada.post(resume, &[]).await.status, 403, "letting go asks for the password");
        assert_eq!(ada.post(resume, &[("password", "plum harbour ticket eight")]).await.status, 422);
        assert_eq!(app.api(&good).get("/api/v1/me").await.status, 401);
        let told = ada.submit(resume, &[("password", PASSWORD)]).await;
        assert!(told.has("AI agents go again"), "{}", told.text());
        for (token, status) in [(&good, 200), (&made, 200), (&suspended, 401)] {
            assert_eq!(app.api(token).get("/api/v1/me").await.status, status, "exactly what was good before");
        }
        assert!(!ada.get("/users").await.has("All AI agents are stopped."));
        let audit = app.audit();
        assert_eq!(["agents.stop done Settings -", "agents.resume done Settings -"].map(|entry| audit.iter().filter(|told| *told == entry).count()), [1, 1]);
        app.assert_chain();
    }

    async fn s9_time_stopped_is_no_time_unused(app) {
        let team = app.team("Platform");
        let agent = app.agent("Writer", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
        let new = NewToken { name: "t".into(), scopes: "teams:read".parse().unwrap(), life: Lifetime::Days(300), ..new_token() };
        let token = app.write(|cx| tokens::create(cx, agent, new)).plain;
        app.write(|cx| latchkey::service::settings::update(cx, None, |settings| settings.tokens.dormant_days = Some(30)));
        app.write(|cx| latchkey::service::agents::stop(cx, None));
        app.clock.advance(time::Duration::days(60));
        assert_eq!(tokens::suspend_dormant(&app.app).unwrap(), 0);
        app.write(|cx| latchkey::service::agents::resume(cx, None));
        assert_eq!(tokens::suspend_dormant(&app.app).unwrap(), 0);
        assert_eq!(app.api(token.reveal()).get("/api/v1/me").await.status, 200);
        app.clock.advance(time::Duration::days(31));
        assert_eq!(tokens::suspend_dormant(&app.app).unwrap(), 1);
    }

    async fn s9_an_agent_is_marked_wherever_it_is_named(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        let role = app.role("Reader", "teams:read", latchkey::model::roles::AppLevel::None);
        let agent = app.agent("Writer", OrgRole::Member, &[(team, RoleId::OWNER), (app.team("Billing"), role)]);
        let loner = app.agent("Loner", OrgRole::Member, &[]);
        let every = latchkey::model::permissions::PermissionSet::everything().to_string();
        let api = app.api(&app.token(agent, &every));
        assert_eq!(api.patch(&format!("/api/v1/teams/{team}"), serde_json::json!({ "description": "by an agent" })).await.status, 200);
        app.token(agent, "teams:read");
        let token = app.last_token(agent);
        let pages = [
            "/users".to_owned(),
            "/users?kind=agent".into(),
            format!("/users/{agent}"),
            format!("/users/{agent}/teams"),
            format!("/users/{agent}/tokens"),
            format!("/users/{agent}/tokens/{token}"),
            format!("/users/{agent}/activity"),
            format!("/users/{agent}/permissions"),
            format!("/teams/{team}/service-accounts"),
            format!("/teams/{team}/activity"),
            format!("/teams/{team}/members/new?kind=service"),
            format!("/roles/{role}"),
            "/tokens?type=agent".into(),
            "/".into(),
        ];
        for path in pages {
            let page = ada.get(&path).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(page.count(".badge.agent") > 0, "{path}: {}", page.text());
        }
        let bulk = ada.get(&format!("/users/bulk?action=disable&id={loner}")).await;
        assert!(bulk.has("AI agent"), "{}", bulk.text());
    }
}
