//! The audit log over REST.

use latchkey::model::audit::{Filter, NAMES};
use latchkey::model::ids::RoleId;
use latchkey::model::page::PageRequest;
use latchkey::model::roles::OrgRole;
use latchkey::service::{Caller, audit, members, teams};
use serde_json::{Value, json};

use crate::support::{Api, PASSWORD, TestApp};
use crate::web::audit::Scene;

async fn seqs(api: &Api, query: &str) -> Vec<i64> {
    let reply = api.get(&format!("/api/v1/audit?{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.body);
    reply.body["items"].as_array().unwrap().iter().map(|entry| entry["seq"].as_i64().unwrap()).collect()
}

/// A token that reads the whole log.
fn reader(app: &TestApp) -> Api {
    app.api(&app.token(app.person("max", OrgRole::Manager, &[]), "audit:read"))
}

both! {
    async fn s13_every_filter_narrows_the_list(app) {
        let scene = Scene::of(&app).await;
        let api = reader(&app);
        let found = |sql: &str| app.db.texts(&format!("SELECT '' || seq AS t FROM audit WHERE {sql} ORDER BY seq DESC")).iter().map(|seq| seq.parse().unwrap()).collect::<Vec<i64>>();
        for (query, sql) in [
            ("", "1 = 1".to_owned()),
            ("kind=agent", "actor_kind = 'agent'".into()),
            ("kind=service", "actor_kind = 'service'".into()),
            ("kind=cli&action=user.*", "actor_kind = 'cli' AND action LIKE 'user.%'".into()),
            ("action=token.create", "action = 'token.create'".into()),
            ("outcome=refused", "outcome = 'refused'".into()),
            ("actor=reviewer@agent", format!("actor_id = {}", scene.robot)),
            (&*format!("actor={}&outcome=refused", scene.job), format!("actor_id = {} AND outcome = 'refused'", scene.job)),
            (&*format!("token={}", scene.job_token), format!("token_id = {}", scene.job_token)),
            ("token=token%200&kind=agent", "token_name = 'token 0' AND actor_kind = 'agent'".into()),
            ("target_kind=team", "target_kind = 'team'".into()),
            ("target_kind=person&action=user.create", "target_kind = 'person' AND action = 'user.create'".into()),
            (&*format!("target_kind=team&target={}", scene.platform), format!("target_kind = 'team' AND target_id = {}", scene.platform)),
            ("target=olga", "target_name = 'olga'".into()),
            ("q=invoices", "after LIKE '%Invoices%'".into()),
            ("q=in&action=team.update", "action = 'team.update' AND (after LIKE '%nvoices%' OR actor_name LIKE '%in%' OR user_agent LIKE '%in%' OR target_name LIKE '%in%')".into()),
            ("from=2026-11-22T00:00:00Z&to=2026-11-22", "1 = 1".into()),
            ("from=2026-11-23", "1 = 0".into()),
        ] {
            assert_eq!(seqs(&api, &format!("{query}&limit=200")).await, found(&sql), "{query}");
        }
    }

    async fn s13_an_entry_is_told_in_full(app) {
        let scene = Scene::of(&app).await;
        let api = reader(&app);
        let listed = api.get("/api/v1/audit?action=team.update&kind=service").await.body["items"][0].clone();
        let one = api.get(&format!("/api/v1/audit/{}", listed["seq"])).await;
        assert_eq!((one.status, &one.body), (200, &listed));
        assert_eq!(listed["at"], "2026-11-22T10:00:00Z");
        assert_eq!(listed["actor"], json!({ "kind": "service", "id": scene.job.0, "name": "nightly_job@service" }));
        assert_eq!(listed["token"], json!({ "id": scene.job_token, "name": "token 0" }));
        assert_eq!(listed["target"], json!({ "kind": "team", "id": scene.billing.0, "name": "Billing" }));
        assert_eq!(listed["after"], json!({ "description": "Invoices, from the job" }));
        assert_eq!((&listed["outcome"], &listed["address"]), (&json!("done"), &json!("127.0.0.1")));
        assert!(listed["request_id"].is_string());
        assert_eq!(api.get("/api/v1/audit/999999").await.status, 404);
        assert_eq!(api.get("/api/v1/audit/x").await.status, 404);
    }

    async fn s13_pages_follow_each_other_without_a_gap(app) {
        let api = reader(&app);
        let team = app.team("Billing");
        for round in 0..30 {
            app.write(|cx| teams::update(cx, team, "Billing", &format!("round {round}"), None));
        }
        for query in ["", "action=team.update", "q=round+1", "target=billing&kind=cli"] {
            let whole = seqs(&api, &format!("{query}&limit=200")).await;
            let (mut paged, mut cursor) = (Vec::new(), String::new());
            loop {
                let reply = api.get(&format!("/api/v1/audit?{query}&limit=7{cursor}")).await;
                paged.extend(reply.body["items"].as_array().unwrap().iter().map(|entry| entry["seq"].as_i64().unwrap()));
                let Some(next) = reply.body["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(paged, whole, "{query}");
        }
    }

    async fn s13_what_is_wrong_with_the_query_is_told(app) {
        let api = reader(&app);
        for (query, parameter) in [
            ("kind=robot", "kind"), ("outcome=maybe", "outcome"), ("from=yesterday", "from"), ("from=2026-11-22&to=2026-11-01", "to"),
            ("action=create", "action"), ("actor=nobody.here", "actor"), ("nonsense=1", "nonsense"), ("limit=1000", "limit"), ("cursor=x", "cursor"),
        ] {
            let reply = api.get(&format!("/api/v1/audit?{query}")).await;
            assert_eq!((reply.status, &reply.body["errors"][0]["parameter"]), (400, &json!(parameter)), "{query}: {}", reply.body);
        }
        let reply = api.get("/api/v1/audit/export?format=xml").await;
        assert_eq!((reply.status, &reply.body["errors"][0]["parameter"]), (400, &json!("format")), "{}", reply.body);
        assert_eq!(api.get("/api/v1/audit/export?actor=nobody.here").await.status, 400);
    }

    async fn s13_without_audit_read_the_refusal_names_it_and_is_written(app) {
        let scene = Scene::of(&app).await;
        let able = app.person("moira", OrgRole::Manager, &[]);
        let others = app.api(&app.token(able, "users:read teams:read tokens:read"));
        let maintainer = app.service("Maintainer", OrgRole::Member, &[(scene.billing, RoleId::MAINTAINER)]);
        let maintainer = app.api(&app.token(maintainer, "audit:read teams:read"));
        for (who, api) in [("moira@", &others), ("maintainer@", &maintainer)] {
            for (path, action) in [("/api/v1/audit", "audit.list"), ("/api/v1/audit/export", "audit.export")] {
                let before = app.audit().len();
                let reply = api.get(path).await;
                assert_eq!((reply.status, &reply.body["missing_permission"]), (403, &json!("audit:read")), "{who} {path}: {}", reply.body);
                assert!(app.audit()[before].starts_with(&format!("{action} refused")), "{:?}", app.audit().last());
                assert_eq!(app.audit().len(), before + 1);
            }
            assert_eq!(api.get("/api/v1/audit/1").await.status, 404);
        }
        // The token of a team's owner reads the team's.
        let job = app.api(&app.token(scene.job, "audit:read"));
        let told = job.get("/api/v1/audit?limit=200").await.body["items"].as_array().unwrap().clone();
        assert!(told.iter().any(|entry| entry["target"]["name"] == "Billing") && !told.iter().any(|entry| entry["target"]["name"] == "Platform"));
        assert_eq!(job.get(&format!("/api/v1/audit/{}", told[0]["seq"])).await.body, told[0]);
    }

    async fn s13_an_export_by_a_token_keeps_none_of_it(app) {
        let root = app.root_api();
        let secret = app.token(app.service("Job", latchkey::model::roles::OrgRole::Member, &[]), "teams:read");
        for name in ["token", "q", "target", "actor"] {
            let reply = root.get(&format!("/api/v1/audit/export?{name}={secret}")).await;
            assert!(reply.status == 400 && !reply.body.to_string().contains(&secret[7..20]), "{}", reply.body);
            assert_eq!(reply.body["errors"][0]["parameter"], name);
        }
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM audit WHERE action = 'audit.export'"), 0);
    }

    async fn s13_exports_hold_what_is_listed(app) {
        let scene = Scene::of(&app).await;
        let api = reader(&app);
        for query in ["action=team.*", "kind=agent", "q=billing"] {
            let mut listed = api.get(&format!("/api/v1/audit?{query}&limit=200")).await.body["items"].as_array().unwrap().clone();
            listed.reverse();
            let text = |format: &str| {
                let request = api.request(reqwest::Method::GET, &format!("/api/v1/audit/export?{query}{format}"));
                async move { request.send().await.unwrap() }
            };
            let ndjson = text("").await;
            assert_eq!(ndjson.headers()["content-type"], "application/x-ndjson");
            let lines: Vec<Value> = ndjson.text().await.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!(lines, listed, "{query}");
            let csv = text("&format=csv").await.text().await.unwrap();
            let mut reader = csv::Reader::from_reader(csv.as_bytes());
            let seqs: Vec<String> = reader.records().map(|row| row.unwrap()[0].to_owned()).collect();
            let expected: Vec<String> = listed.iter().map(|entry| entry["seq"].to_string()).collect();
            assert!(seqs.starts_with(&expected) && seqs.len() <= expected.len() + 1, "{query}: {seqs:?}");
        }
        assert!(app.audit().iter().any(|line| line.starts_with("audit.export done")));
        assert!(scene.olga.0 > 0);
        app.assert_chain();
    }

    async fn s13_no_entry_holds_a_secret(app) {
        let team = app.team("Billing");
        let mut secrets = vec![PASSWORD.to_owned()];
        let mut ada = app.admin().await;
        let job = app.service("Job", OrgRole::Member, &[(team, RoleId::OWNER)]);
        let jonas = app.person("jonas", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        let root = app.root_api();
        for user in [job, jonas] {
            let body = json!({ "name": "pipeline", "expires_in_days": 30, "scopes": ["teams:read"] });
            let made = root.post(&format!("/api/v1/users/{user}/tokens"), body).await.body;
            secrets.push(made["token"].as_str().unwrap().to_owned());
            let rotated = root.post(&format!("/api/v1/users/{user}/tokens/{}/rotate", made["id"]), json!({ "overlap": "none" })).await.body;
            secrets.push(rotated["token"].as_str().unwrap().to_owned());
        }
        let link = root.post(&format!("/api/v1/users/{jonas}/link"), json!({})).await.body;
        let link = link["link"].as_str().or(link["url"].as_str()).unwrap_or_else(|| panic!("{link}")).to_owned();
        secrets.push(link.rsplit('/').next().unwrap().to_owned());
        let wrong = "a wrong password of some length";
        secrets.push(wrong.into());
        for login in ["jonas", wrong, secrets[1].clone().as_str()] {
            assert_eq!(app.visitor().post("/login", &[("login", login), ("password", wrong)]).await.status, 401);
        }
        assert_eq!(app.api(&format!("{}x", secrets[1])).get("/api/v1/me").await.status, 401);
        secrets.push(ada.cookie().unwrap().split('=').nth(1).unwrap().to_owned());
        for path in ["/audit/export.ndjson", "/audit/export.csv"] {
            let export = ada.get(path).await.body;
            assert!(export.contains("token.rotate") && export.contains("pipeline"));
            for secret in &secrets {
                assert!(!export.contains(secret.as_str()), "{path} holds {secret}");
                let middle: String = secret.chars().skip(8).take(16).collect();
                assert!(!export.contains(&middle), "{path} holds a part of {secret}");
            }
        }
    }

    async fn s13_a_search_finds_what_reading_everything_finds(app) {
        let _ = Scene::of(&app).await;
        let mut dice = Dice(7);
        let words = ["Straße", "ÅNGSTRÖM", "a_b%c", "\"quoted\"", "back\\slash", "日本語のチーム", "token", "to", "Überweisung", "x'y", "emoji 🦀 here", "invoice"];
        let name = |dice: &mut Dice| format!("{} {} {}", words[dice.roll(12)], words[dice.roll(12)], dice.roll(50));
        let team = app.team("Random");
        let person = app.person("paula", OrgRole::Member, &[]);
        for round in 0..150 {
            let text = name(&mut dice);
            match dice.roll(4) {
                0 => drop(app.team(&format!("{text} {round}"))),
                1 => drop(app.write(|cx| teams::update(cx, team, "Random", &text, None))),
                2 => app.write(|cx| members::set(cx, team, person, [RoleId::VIEWER, RoleId::EDITOR][dice.roll(2)]).map(drop)),
                _ => drop(app.service(&format!("Job {round} {}", dice.roll(9)), OrgRole::Member, &[(team, RoleId::VIEWER)])),
            }
            app.clock.advance(time::Duration::minutes(i64::try_from(dice.roll(90)).unwrap() - 20));
        }
        let all: Vec<_> = everything(&app);
        let mut hits = 0;
        for _ in 0..400 {
            let sample = &all[dice.roll(all.len())];
            let mut asked: Vec<(&str, String)> = Vec::new();
            for filter in NAMES {
                if dice.roll(3) > 0 {
                    continue;
                }
                let letters: Vec<char> = sample.text().chars().collect();
                let value = match filter {
                    "q" => {
                        let (at, len) = (dice.roll(letters.len()), 1 + dice.roll(9));
                        letters.iter().skip(at).take(len).collect::<String>()
                    }
                    "kind" => sample.actor_kind.clone(),
                    "action" if dice.roll(2) == 0 => format!("{}.*", sample.action.split('.').next().unwrap()),
                    "action" => sample.action.clone(),
                    "outcome" => sample.outcome.clone(),
                    "actor" => sample.actor_id.map(|id| id.to_string()).unwrap_or_default(),
                    "token" => sample.token_name.clone().unwrap_or_default(),
                    "target_kind" => sample.target_kind.clone().unwrap_or_default(),
                    "target" => sample.target_name.clone().unwrap_or_default(),
                    _ => sample.time().replace_nanosecond(0).unwrap().format(&time::format_description::well_known::Rfc3339).unwrap(),
                };
                asked.push((filter, value));
            }
            let Ok(filter) = Filter::read(|name| asked.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)) else { continue };
            let expected: Vec<i64> = all.iter().filter(|entry| filter.matches(entry)).map(|entry| entry.seq).collect();
            let request = PageRequest::first(200);
            let found = app.app.read(&Caller::cli(), |cx| audit::page(cx, &filter, &request)).unwrap();
            let found: Vec<i64> = found.page.items.iter().map(|entry| entry.seq).collect();
            assert_eq!(found, expected.iter().take(200).copied().collect::<Vec<_>>(), "{asked:?}");
            hits += expected.len();
        }
        assert!(hits > 500, "too little was found to mean anything: {hits}");
    }

    async fn s13_a_long_log_is_searched_in_bounded_steps(app) {
        let _ = Scene::of(&app).await;
        // Two things that are frequent each by itself, the one in the older half and the other in the newer, and meet in between.
        for part in 0..20 {
            let action = if part < 10 { "team.update" } else { "team.create" };
            app.sql(&format!(
                "INSERT INTO audit (seq, at, actor_kind, actor_name, action, outcome, target_kind, target_id, target_name, mac) \
                 SELECT seq + (SELECT MAX(seq) FROM audit), at, 'cli', 'command line', '{action}', 'done', 'team', 77, 'Old', mac FROM audit \
                 WHERE seq <= 600"
            ))
            .unwrap();
        }
        app.sql("UPDATE audit SET target_id = 78 WHERE seq > 3000").unwrap();
        catch_up(&app);
        let api = reader(&app);
        for (query, sql) in [
            ("action=team.update&target=78", "action = 'team.update' AND target_id = 78"),
            ("action=team.update&q=zz", "1 = 0"),
            ("target=old&kind=cli&outcome=done", "target_name = 'Old' AND actor_kind = 'cli'"),
            ("target=78&q=command+line", "target_id = 78"),
        ] {
            let expected = app.number(&format!("SELECT COUNT(*) AS n FROM audit WHERE {sql}"));
            let (mut found, mut pages, mut cursor) = (0, 0, String::new());
            loop {
                let reply = api.get(&format!("/api/v1/audit?{query}&limit=200{cursor}")).await;
                found += i64::try_from(reply.body["items"].as_array().unwrap().len()).unwrap();
                pages += 1;
                let Some(next) = reply.body["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(found, expected, "{query}");
            assert!(pages <= 5 + expected / 190, "{query}: {pages} pages");
            let export = api.request(reqwest::Method::GET, &format!("/api/v1/audit/export?{query}")).send().await.unwrap();
            assert_eq!(i64::try_from(export.text().await.unwrap().lines().count()).unwrap(), expected, "{query}");
        }
        let mut max = app.log_in("max").await;
        let page = max.get("/audit?action=team.update&q=zz").await;
        assert!(page.has("Older ones may") && page.has("searched back to"), "{}", page.text());
        let older = page.links().into_iter().find(|(text, _)| text == "Search older entries").unwrap().1;
        assert_eq!(max.get(&older).await.status, 200);
    }
}

/// Files entries that were put into the store past the program, as the next start of one does.
fn catch_up(app: &TestApp) {
    use latchkey::service::{Source, Store};
    let source = match &app.db {
        crate::support::Database::Sqlite(file) => Source::Sqlite(file.clone()),
        crate::support::Database::Postgres(url) => Source::Postgres(url.clone()),
    };
    drop(Store::open(source, std::time::Duration::from_secs(30)).unwrap());
}

/// The whole log, the newest first.
fn everything(app: &TestApp) -> Vec<latchkey::model::audit::Entry> {
    let (mut all, mut request) = (Vec::new(), PageRequest::first(200));
    loop {
        let found = app.app.read(&Caller::cli(), |cx| audit::page(cx, &Filter::default(), &request)).unwrap();
        all.extend(found.page.items);
        let Some(next) = found.page.next else { break all };
        request.cursor = Some(next);
    }
}

/// Numbers that look random and are the same at each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}
