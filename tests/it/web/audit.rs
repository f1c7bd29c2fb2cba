//! The audit log's page: filters, entries, exports.

use latchkey::model::ids::{RoleId, TeamId, UserId};
use latchkey::model::roles::OrgRole;
use latchkey::service::{members, teams, users};
use serde_json::{Value, json};

use crate::support::{Browser, Html, TestApp};

/// A log with something of everything.
pub struct Scene {
    pub billing: TeamId,
    pub platform: TeamId,
    pub job: UserId,
    pub robot: UserId,
    pub olga: UserId,
    pub job_token: i64,
}

impl Scene {
    pub async fn of(app: &TestApp) -> Self {
        app.make_admin("ada");
        let (billing, platform) = (app.team("Billing"), app.team("Platform"));
        let olga = app.person("olga", OrgRole::Member, &[(billing, RoleId::OWNER)]);
        let job = app.service("Nightly job", OrgRole::Member, &[(billing, RoleId::OWNER)]);
        let robot = app.agent("Reviewer", OrgRole::Member, &[(platform, RoleId::OWNER)]);
        let by_job = app.api(&app.token(job, "teams:read teams:update audit:read"));
        let job_token = app.last_token(job).0;
        let by_robot = app.api(&app.token(robot, "teams:read teams:update"));
        let change = |text: &str| json!({ "description": text });
        assert_eq!(
            by_job.patch(&format!("/api/v1/teams/{billing}"), change("Invoices, from the job")).await.status,
            200
        );
        assert_eq!(
            by_robot.patch(&format!("/api/v1/teams/{platform}"), change("Servers, from the robot")).await.status,
            200
        );
        assert_eq!(by_robot.patch(&format!("/api/v1/teams/{billing}"), change("x")).await.status, 404);
        assert_eq!(by_job.post("/api/v1/teams", json!({ "name": "Mine" })).await.status, 403);
        assert_eq!(
            app.visitor().post("/login", &[("login", "ada"), ("password", "not the right one")]).await.status,
            401
        );
        Self { billing, platform, job, robot, olga, job_token }
    }
}

/// The words of the lines, the newest first.
pub fn lines(page: &Html) -> Vec<String> {
    let document = scraper::Html::parse_document(&page.body);
    let rows = scraper::Selector::parse("table.cards tbody tr").unwrap();
    let words = |row: scraper::ElementRef<'_>| row.text().flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
    document.select(&rows).map(words).collect()
}

/// What the page lists for this query.
async fn listed(browser: &mut Browser, query: &str) -> Vec<String> {
    let page = browser.get(&format!("/audit?{query}")).await;
    assert_eq!(page.status, 200, "{query}: {}", page.text());
    lines(&page)
}

fn all(lines: &[String], told: &str) -> bool {
    !lines.is_empty() && lines.iter().all(|line| line.contains(told))
}

both! {
    async fn s13_every_filter_narrows_the_page(app) {
        let scene = Scene::of(&app).await;
        let mut ada = app.log_in("ada").await;
        let everything = listed(&mut ada, "").await;
        assert_eq!(i64::try_from(everything.len()).unwrap(), app.number("SELECT COUNT(*) AS n FROM audit"));
        assert!(everything[0].contains("Logged in"), "the newest first: {everything:?}");
        let agents = listed(&mut ada, "kind=agent").await;
        assert!(agents.len() == 1 && agents[0].contains("AI agent") && agents[0].contains("Changed the team Platform"), "{agents:?}");
        let services = listed(&mut ada, "kind=service").await;
        assert!(services.len() == 2 && all(&services, "nightly_job@service"), "agents apart: {services:?}");
        assert!(all(&listed(&mut ada, "kind=cli").await, "Command line"));
        assert!(all(&listed(&mut ada, "kind=anonymous").await, "Tried to log in"));
        for actor in ["nightly_job@service", "NIGHTLY_JOB@service", &scene.job.to_string()] {
            assert_eq!(listed(&mut ada, &format!("actor={actor}")).await, services, "{actor}");
        }
        for token in ["token+0", "TOKEN+0"] {
            assert_eq!(listed(&mut ada, &format!("token={token}")).await.len(), 3, "of both accounts");
        }
        assert_eq!(listed(&mut ada, &format!("token={}", scene.job_token)).await, services);
        let refused = listed(&mut ada, "outcome=refused").await;
        assert!(refused.len() == 2 && refused[1].contains("Tried to create the team Mine") && refused[1].contains("teams:create"), "{refused:?}");
        let updates = listed(&mut ada, "action=team.update").await;
        assert!(updates.len() == 2 && all(&updates, "Changed the team"), "{updates:?}");
        assert_eq!(listed(&mut ada, "action=team.*").await.len(), 5);
        assert_eq!(listed(&mut ada, "action=team.*&kind=agent").await, agents);
        assert_eq!(listed(&mut ada, "action=token.*").await.len(), 2);
        let billing = listed(&mut ada, "target=billing").await;
        assert_eq!(billing.len(), 2, "{billing:?}");
        assert_eq!(listed(&mut ada, &format!("target_kind=team&target={}", scene.billing)).await, billing);
        assert_eq!(listed(&mut ada, "target_kind=team").await.len(), 5);
        assert_eq!(listed(&mut ada, "target_kind=settings").await.len(), 0);
        assert_eq!(listed(&mut ada, "q=FROM+THE+ROBOT").await, agents);
        assert_eq!(listed(&mut ada, "q=robot&kind=service").await.len(), 0);
        assert_eq!(listed(&mut ada, "q=%25").await.len(), 0, "a percent sign is a percent sign");
        assert_eq!(listed(&mut ada, "q=_").await.len(), listed(&mut ada, "q=%5F").await.len());
        app.assert_chain();
    }

    async fn s13_days_and_moments_bound_the_page(app) {
        app.make_admin("ada");
        for (day, name) in [(0, "First"), (1, "Second"), (2, "Third")] {
            app.clock.advance(time::Duration::days(i64::from(day > 0)));
            app.team(name);
        }
        let mut ada = app.log_in("ada").await;
        let of = async |ada: &mut Browser, query: &str| listed(ada, &format!("action=team.create&{query}")).await.len();
        for (query, count) in [
            ("from=2026-11-23", 2), ("to=2026-11-23", 2), ("from=2026-11-23&to=2026-11-23", 1), ("from=2026-11-25", 0), ("to=2026-11-21", 0),
            ("from=2026-11-22T10:00:00Z", 3), ("from=2026-11-22T10:00:01Z", 2), ("to=2026-11-22T10:00:00Z", 0), ("to=2026-11-22T10:00:01Z", 1),
        ] {
            assert_eq!(of(&mut ada, query).await, count, "{query}");
        }
        // Somebody sets the machine's clock back.
        app.clock.advance(time::Duration::days(-2));
        app.team("Fourth");
        assert_eq!(of(&mut ada, "from=2026-11-22&to=2026-11-22").await, 2, "also what was written later");
        assert_eq!(of(&mut ada, "from=2026-11-23").await, 2);
    }

    async fn s13_a_wrong_filter_is_told_at_its_field_and_keeps_what_was_typed(app) {
        let _ = Scene::of(&app).await;
        let mut ada = app.log_in("ada").await;
        for (name, typed) in [("from", "tomorrow"), ("to", "2026-13-01"), ("actor", "nobody.like.this")] {
            let page = ada.get(&format!("/audit?{name}={typed}&target=billing&q=job")).await;
            assert_eq!(page.status, 422, "{name}");
            assert!(page.error(name).is_some(), "{name}: {}", page.text());
            assert_eq!((page.value(name), page.value("target"), page.value("q")), (typed.into(), "billing".into(), "job".into()));
            assert!(page.count("tbody tr") == 0 && page.count("details.more[open]") == 1);
        }
        let page = ada.get("/audit?kind=robot").await;
        assert!(page.status == 422 && page.has("robot is not a kind of actor"), "{}", page.text());
        assert_eq!(ada.get("/audit/export.csv?from=tomorrow").await.status, 422);
        let page = ada.get("/audit?cursor=nonsense").await;
        assert!(page.status == 200 && page.has("This is the first one"), "{}", page.text());
    }

    async fn s13_a_long_log_comes_in_pages_with_its_filters(app) {
        app.make_admin("ada");
        let team = app.team("Billing");
        for round in 0..120 {
            app.write(|cx| teams::update(cx, team, "Billing", &format!("round {round}"), None));
        }
        let mut ada = app.log_in("ada").await;
        let first = ada.get("/audit?action=team.update&q=round").await;
        assert!(first.has("round 119") && first.has("50 entries on this page") && !first.has("round 68"), "{}", first.text());
        let second = ada.get(&first.attribute("a[rel=next]", "href").unwrap()).await;
        assert_eq!(lines(&second).len(), 50);
        let third = ada.get(&second.attribute("a[rel=next]", "href").unwrap()).await;
        assert!(lines(&third).len() == 20 && third.count("a[rel=next]") == 0, "{}", third.text());
        let back = ada.get(&third.attribute("a[rel=prev]", "href").unwrap()).await;
        assert_eq!(lines(&back), lines(&second));
        let back = ada.get(&back.attribute("a[rel=prev]", "href").unwrap()).await;
        assert_eq!((lines(&back), back.count("a[rel=prev]")), (lines(&first), 0));
        assert_eq!(back.chosen("action").as_deref(), Some("team.update"));
    }

    async fn s13_an_entry_tells_what_was_before_and_after(app) {
        let scene = Scene::of(&app).await;
        let mut ada = app.log_in("ada").await;
        let page = ada.get("/audit?action=team.update&kind=service").await;
        let entry = ada.get(&page.attribute("tbody a[href^='/audit/']", "href").unwrap()).await;
        for told in [
            "Changed the team Billing", "22 November 2026, 10:00:00 UTC", "nightly_job@service", "token 0", "Invoices, from the job", "127.0.0.1", "team.update",
        ] {
            assert!(entry.has(told), "{told}: {}", entry.text());
        }
        assert_eq!(entry.inner(".diff ins").as_deref(), Some("Invoices, from the job"));
        for (link, lines) in [("Everything this account did", 2), ("Everything done with this token", 2), ("Everything about it", 2)] {
            let href = entry.links().into_iter().find(|(text, _)| text == link).unwrap().1;
            assert_eq!(listed(&mut ada, href.split_once('?').unwrap().1).await.len(), lines, "{link}: {href}");
        }
        for there in [format!("/users/{}", scene.job), format!("/teams/{}", scene.billing), format!("/users/{}/tokens/{}", scene.job, scene.job_token)] {
            assert!(entry.links().iter().any(|(_, href)| *href == there), "{there}");
            assert_eq!(ada.get(&there).await.status, 200);
        }
        assert_eq!(ada.get("/audit/999999").await.status, 404);
        assert_eq!(ada.get("/audit/nonsense").await.status, 404);
    }

    async fn s13_a_deleted_account_is_found_by_the_name_it_had(app) {
        app.make_admin("ada");
        let team = app.team("Billing");
        let gone = app.service("Old job", OrgRole::Member, &[(team, RoleId::OWNER)]);
        let api = app.api(&app.token(gone, "teams:update"));
        assert_eq!(api.patch(&format!("/api/v1/teams/{team}"), json!({ "description": "x" })).await.status, 200);
        app.write(|cx| users::delete(cx, gone, None));
        let mut ada = app.log_in("ada").await;
        assert!(all(&listed(&mut ada, "actor=old_job@service").await, "Changed the team Billing"));
        let again = app.service("Old job", OrgRole::Member, &[(team, RoleId::OWNER)]);
        assert_ne!(gone, again);
        assert_eq!(listed(&mut ada, "actor=old_job@service").await.len(), 0, "it names one account: who has the name now");
        assert_eq!(listed(&mut ada, &format!("actor={gone}")).await.len(), 1);
    }

    async fn s13_the_log_is_for_those_who_may_read_it(app) {
        let scene = Scene::of(&app).await;
        app.person("max", OrgRole::Manager, &[]);
        app.person("eve", OrgRole::Editor, &[(scene.billing, RoleId::MAINTAINER)]);
        app.person("jonas", OrgRole::Member, &[]);
        let entry = app.number("SELECT seq AS n FROM audit WHERE action = 'team.create' AND target_name = 'Platform'");
        for (who, status, one) in [("max", 200, 200), ("olga", 200, 404), ("eve", 403, 404), ("jonas", 403, 404)] {
            let mut browser = app.log_in(who).await;
            for path in ["/audit", "/audit/export.csv", "/audit/export.ndjson"] {
                let page = browser.get(path).await;
                assert_eq!(page.status, status, "{who} {path}");
                assert!(status == 200 || page.has("audit:read"), "{}", page.text());
            }
            assert_eq!(browser.get(&format!("/audit/{entry}")).await.status, one, "{who}");
            assert_eq!(browser.get("/").await.count(".nav a[href='/audit']") > 0, status == 200, "{who}");
        }
        let refused = app.audit();
        for line in ["audit.list refused", "audit.export refused"] {
            assert!(refused.iter().any(|entry| entry.starts_with(line)), "{line}: {refused:?}");
        }
    }

    async fn s13_an_owner_finds_nothing_by_what_is_not_theirs_to_know(app) {
        let scene = Scene::of(&app).await;
        let (billing, olga) = (scene.billing, scene.olga);
        let secret = app.team("Secret");
        let paula = app.person("paula", OrgRole::Manager, &[(billing, RoleId::VIEWER), (secret, RoleId::OWNER)]);
        app.write(|cx| teams::update(cx, secret, "Secret Project", "hush", None));
        let by_stranger = app.api(&app.global_admin(app.service("Stranger", OrgRole::Member, &[])));
        assert_eq!(by_stranger.patch(&format!("/api/v1/teams/{billing}"), json!({ "description": "Bills" })).await.status, 200);
        let stranger = app.number("SELECT MAX(id) AS n FROM tokens");
        app.write(|cx| members::set(cx, billing, paula, RoleId::EDITOR));
        let mut browser = app.log_in("olga").await;
        let page = browser.get("/audit").await;
        assert!(page.has("Changed the team Billing") && page.has("Gave paula a role in a team"), "{}", page.text());
        for hidden in ["Secret", "hush", "Platform", "Logged in"] {
            assert!(!lines(&page).join("\n").contains(hidden), "{hidden}: {}", page.text());
        }
        for query in ["q=hush", "q=secret", "target=Secret", "q=paula%40example.com", "target=platform", &format!("token={stranger}"), &format!("actor={}", scene.robot)] {
            assert_eq!(listed(&mut browser, query).await.len(), 0, "{query}");
        }
        let mine = listed(&mut browser, "q=bills").await;
        assert!(mine.len() == 1 && mine[0].contains("stranger@service") && !mine[0].contains("token 0"), "{mine:?}");
        assert!(all(&listed(&mut browser, "actor=nightly_job@service").await, "nightly_job@service"));
        assert_eq!(listed(&mut browser, "kind=agent").await.len(), 0);
        assert_eq!(listed(&mut browser, "from=2026-11-23").await.len(), 0);
        // One filed under two of her teams is there once.
        app.write(|cx| members::set(cx, scene.platform, olga, RoleId::OWNER));
        app.service("Both", OrgRole::Member, &[(billing, RoleId::VIEWER), (scene.platform, RoleId::VIEWER)]);
        assert_eq!(listed(&mut browser, "target=both@service").await.len(), 1);
        let export = browser.get("/audit/export.ndjson").await;
        assert!(export.body.contains("Bills") && !export.body.contains("hush") && !export.body.contains("Secret"));
        assert_eq!(export.body.lines().count(), lines(&browser.get("/audit").await).len());
        for line in export.body.lines() {
            let entry: Value = serde_json::from_str(line).unwrap();
            let one = browser.get(&format!("/audit/{}", entry["seq"])).await;
            assert!(one.status == 200 && !one.body.contains("hush") && !one.body.contains("Secret"), "{line}");
        }
    }

    async fn s13_exports_hold_what_the_list_holds(app) {
        let scene = Scene::of(&app).await;
        for name in ["=HYPERLINK(\"http://evil.example\")", "+1", "-1", "@SUM(A1)", "a \"quoted\", name"] {
            app.team(name);
        }
        app.write(|cx| teams::update(cx, scene.billing, "Billing", "two\nlines, \"quoted\"", None));
        let mut ada = app.log_in("ada").await;
        for query in ["", "action=team.*", "kind=agent", "q=job", "outcome=refused&kind=service", "target=nothing"] {
            let count = listed(&mut ada, query).await.len();
            let csv = ada.get(&format!("/audit/export.csv?{query}")).await;
            assert!(csv.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
            assert!(csv.headers["content-disposition"].to_str().unwrap().contains("attachment; filename=\"latchkey-audit-2026-11-22.csv\""));
            assert!(csv.body.lines().next().unwrap().starts_with("seq,at,actor_kind"), "{query}: {}", csv.body);
            assert_eq!(csv.body.matches("\r\n").count(), count + 1, "{query}: CRLF ends each record");
            let mut reader = csv::Reader::from_reader(csv.body.as_bytes());
            let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            assert_eq!(rows.len(), count, "{query}");
            for cell in rows.iter().flat_map(csv::StringRecord::iter) {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell} is a formula");
            }
            // The other export is an entry too, and so is what it was asked for.
            let count = listed(&mut ada, query).await.len();
            let ndjson = ada.get(&format!("/audit/export.ndjson?{query}")).await;
            let entries: Vec<Value> = ndjson.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!(entries.len(), count, "{query}");
            let seqs: Vec<i64> = entries.iter().map(|entry| entry["seq"].as_i64().unwrap()).collect();
            assert!(seqs.is_sorted(), "in the order in which they were written");
        }
        let all = ada.get("/audit/export.csv?q=quoted").await.body;
        assert!(all.contains("'=HYPERLINK") || ada.get("/audit/export.csv?q=hyperlink").await.body.contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\""));
        let told = app.db.texts("SELECT after AS t FROM audit WHERE action = 'audit.export' ORDER BY seq");
        assert_eq!(serde_json::from_str::<Value>(&told[2]).unwrap(), json!({ "format": "csv", "filters": { "action": "team.*" } }), "{told:?}");
        app.assert_chain();
    }

    async fn s13_an_export_ends_when_the_right_to_it_does(app) {
        app.make_admin("ada");
        let max = app.person("max", OrgRole::Manager, &[]);
        app.team("Billing");
        // More than the sockets between hold, so that some of it is read after the right to it has gone.
        for _ in 0..11 {
            let long = "x".repeat(10_000);
            app.sql(&format!(
                "INSERT INTO audit (seq, at, actor_kind, actor_name, action, outcome, reason, mac) \
                 SELECT seq + (SELECT MAX(seq) FROM audit), at, actor_kind, actor_name, action, outcome, '{long}', mac FROM audit"
            ))
            .unwrap();
        }
        let mut browser = app.log_in("max").await;
        let whole = browser.get("/audit/export.ndjson").await.body.len();
        for ends in [
            format!("UPDATE users SET role = 'Member' WHERE id = {max}"),
            format!("UPDATE users SET disabled_at = 1 WHERE id = {max}"),
            "DELETE FROM sessions".to_owned(),
        ] {
            app.sql(&format!("UPDATE users SET role = 'Manager', disabled_at = NULL WHERE id = {max}")).unwrap();
            let mut answer = browser.request(reqwest::Method::GET, "/audit/export.ndjson").send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let mut read = answer.chunk().await.unwrap().unwrap().len();
            app.sql(&ends).unwrap();
            let broken = loop {
                match answer.chunk().await {
                    Ok(Some(part)) => read += part.len(),
                    Ok(None) => break false,
                    Err(_) => break true,
                }
            };
            assert!(broken && read < whole, "{ends}: {read} of {whole} bytes, as if they were all");
        }
    }

    async fn s13_an_export_ends_when_part_of_the_right_to_it_goes_or_comes(app) {
        let scene = Scene::of(&app).await;
        let (billing, platform, olga) = (scene.billing, scene.platform, scene.olga);
        let third = app.team("Third");
        let owns = |team| move |cx: &mut latchkey::service::Cx<'_, '_>| members::set(cx, team, olga, RoleId::OWNER);
        app.write(owns(platform));
        // More than the sockets between hold, and in each team.
        for team in [billing, platform] {
            let long = "x".repeat(10_000);
            app.sql(&format!(
                "INSERT INTO audit (seq, at, actor_kind, actor_name, action, target_kind, target_id, outcome, reason, mac) \
                 SELECT a.seq * 100 + b.seq + (SELECT MAX(seq) FROM audit), a.at, 'cli', 'cli', 'team.update', 'team', {team}, 'done', '{long}', a.mac \
                 FROM (SELECT * FROM audit ORDER BY seq LIMIT 14) a CROSS JOIN (SELECT * FROM audit WHERE seq < 100 LIMIT 100) b WHERE TRUE"
            )).unwrap();
            for _ in 0..6 {
                app.sql(&format!(
                    "INSERT INTO audit (seq, at, actor_kind, actor_name, action, target_kind, target_id, outcome, reason, mac) \
                     SELECT seq + (SELECT MAX(seq) FROM audit), at, actor_kind, actor_name, action, target_kind, target_id, outcome, reason, mac \
                     FROM audit WHERE target_id = {team} AND reason = '{long}' ORDER BY seq LIMIT 700"
                )).unwrap();
            }
            app.sql(&format!("INSERT INTO audit_teams (team_id, seq) SELECT {team}, seq FROM audit WHERE target_id = {team} AND reason = '{long}'")).unwrap();
        }
        let mut browser = app.log_in("olga").await;
        let path = "/audit/export.ndjson";
        let whole = browser.get(path).await.body.len();
        for (what, team, gives) in [("less", platform, false), ("more", third, true)] {
            let mut answer = browser.request(reqwest::Method::GET, path).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let mut read = answer.chunk().await.unwrap().unwrap().len();
            if gives {
                app.write(owns(team));
            } else {
                app.sql(&format!("DELETE FROM memberships WHERE user_id = {olga} AND team_id = {team}")).unwrap();
            }
            let broken = loop {
                match answer.chunk().await {
                    Ok(Some(part)) => read += part.len(),
                    Ok(None) => break false,
                    Err(_) => break true,
                }
            };
            assert!(broken && read < whole, "{what}: {read} of {whole} bytes, as if they were all");
        }
    }

    async fn s13_an_export_ends_when_what_it_is_of_is_removed(app) {
        use latchkey::model::audit::Filter;
        use latchkey::service::audit::{Export, retain};
        use latchkey::service::{Caller, settings};
        app.make_admin("ada");
        let team = app.team("Billing");
        let begin = || app.write(|cx| Export::begin(cx, Ok(Filter::default()), "ndjson"));
        let many = || app.write(|cx| (0..600).try_for_each(|round| teams::update(cx, team, "Billing", &format!("round {round}"), None).map(drop)));
        many();
        app.clock.advance(time::Duration::days(20));
        many();
        app.clock.advance(time::Duration::days(20));
        app.write(|cx| settings::update(cx, None, |settings| settings.audit_keep_days = Some(30)));
        let next = |export: &mut Export| app.app.read(&Caller::cli(), |cx| export.next(cx));
        let (mut unread, mut in_it, mut past_it) = (begin(), begin(), begin());
        assert_eq!(next(&mut in_it).unwrap().unwrap().len(), 100);
        for _ in 0..7 {
            assert_eq!(next(&mut past_it).unwrap().unwrap().len(), 100);
        }
        assert_eq!(retain(&app.app).unwrap(), 602);
        for export in [&mut unread, &mut in_it] {
            let refused = next(export);
            assert!(matches!(&refused, Err(latchkey::model::Error::Internal(why)) if why.contains("retention removed")), "{refused:?}");
        }
        assert!(next(&mut past_it).unwrap().is_some(), "it has read what is gone");
        let (mut later, mut all) = (begin(), Vec::new());
        while let Some(part) = next(&mut later).unwrap() {
            all.extend(part);
        }
        assert_eq!(all.first().map(|entry| entry.seq), Some(603), "what was gone before it began was never promised");
    }
}
