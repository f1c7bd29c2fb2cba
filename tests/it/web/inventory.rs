//! *Access Tokens*: the inventory, and finding a token in it (section 4).

use latchkey::model::ids::{RoleId, TeamId, UserId};
use latchkey::model::roles::OrgRole;
use time::Duration;

use crate::support::{Html, TestApp};

struct Scene {
    team: TeamId,
    deployer: UserId,
    secret: String,
}

/// A service account, an agent and a person, with a token each, made one after the other.
fn scene(app: &TestApp) -> Scene {
    let (team, other) = (app.team("Platform"), app.team("Billing"));
    let deployer = app.service("Deployer", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
    let agent = app.agent("Helper", OrgRole::Member, &[(other, RoleId::VIEWER)]);
    let jonas = app.person("jonas", OrgRole::Member, &[(team, RoleId::OWNER)]);
    let secret = app.token(deployer, "teams:read");
    app.token(agent, "teams:read");
    app.token(jonas, "self:read");
    for (user, name) in [(deployer, "deploy"), (agent, "assist"), (jonas, "laptop")] {
        app.sql(&format!(
            "UPDATE tokens SET name = '{name}', name_key = '{name}', search = '{name}' || search WHERE user_id = {user}"
        ))
        .unwrap();
    }
    Scene { team, deployer, secret }
}

/// The names of the listed tokens, in order.
fn names(page: &Html) -> Vec<String> {
    assert_eq!(page.status, 200, "{}", page.text());
    page.all("table.inventory a.name[href*='/tokens/']")
}

both! {
    async fn s4_the_panel_lists_service_account_tokens_and_agent_keys_apart(app) {
        let mut ada = app.admin().await;
        scene(&app);
        let page = ada.get("/tokens").await;
        assert_eq!((names(&page), page.inner("#panel").as_deref()), (vec!["deploy".to_owned()], Some("Service Account Tokens")));
        assert_eq!(page.count("nav a[href='/tokens'][aria-current='page']"), 2, "side bar and menu");
        for (kind, name, title) in [("agent", "assist", "AI Agent Tokens"), ("personal", "laptop", "Personal Tokens")] {
            let page = ada.get(&format!("/tokens?type={kind}")).await;
            assert_eq!((names(&page), page.inner("#panel").unwrap().as_str()), (vec![name.to_owned()], title));
        }
        assert_eq!(names(&ada.get("/tokens?type=all").await), ["laptop", "assist", "deploy"], "the newest first");
        assert_eq!(ada.get("/tokens?type=agent").await.count("td .badge.agent"), 1);
    }

    async fn s4_the_edit_icon_leads_to_the_scopes(app) {
        let mut ada = app.admin().await;
        let scene = scene(&app);
        let page = ada.get("/tokens").await;
        let edit = page.attribute("td.act a[aria-label='Edit deploy']", "href").unwrap();
        assert_eq!(edit, format!("/users/{}/tokens/{}", scene.deployer, app.last_token(scene.deployer)));
        assert!(ada.get(&edit).await.count("input[name='scope'][value='teams:read'][checked]") == 1);
    }

    async fn s4_filters_of_the_inventory(app) {
        let scene = scene(&app);
        let id = |name: &str| app.number(&format!("SELECT id AS n FROM tokens WHERE name = '{name}'"));
        let (deploy, assist, laptop) = (id("deploy"), id("assist"), id("laptop"));
        app.sql(&format!("UPDATE tokens SET expires_at = NULL, last_used_at = created_at WHERE id = {deploy}")).unwrap();
        app.make_admin("ada");
        app.clock.advance(Duration::days(75));
        let expect = async |query: &str, wanted: &[&str]| {
            let mut ada = app.log_in("ada").await;
            let page = ada.get(&format!("/tokens?type=all&{query}")).await;
            assert_eq!(names(&page), wanted, "{query}");
        };
        expect("expiry=never", &["deploy"]).await;
        expect("use=never", &["laptop", "assist"]).await;
        expect("state=expiring", &["laptop", "assist"]).await;
        expect("state=active", &["deploy"]).await;
        expect(&format!("team={}", scene.team), &["laptop", "deploy"]).await;
        expect("account=jonas", &["laptop"]).await;
        expect("q=AST", &[]).await;
        expect("q=Lap", &["laptop"]).await;
        expect("q=ss", &["assist"]).await;
        expect("sort=name", &["assist", "deploy", "laptop"]).await;
        expect("sort=-expires", &["deploy", "laptop", "assist"]).await;
        expect("sort=last_used", &["assist", "laptop", "deploy"]).await;
        expect("power=global", &[]).await;
        app.sql(&format!("UPDATE tokens SET suspended_at = 1 WHERE id = {assist}")).unwrap();
        app.sql(&format!("UPDATE tokens SET revoked_at = 1 WHERE id = {laptop}")).unwrap();
        expect("state=suspended", &["assist"]).await;
        expect("state=revoked", &["laptop"]).await;
        app.clock.advance(Duration::days(30));
        expect("state=expired", &["assist"]).await;
        expect("use=dormant", &["deploy"]).await;
    }

    async fn s4_dormant_tokens_begin_with_the_one_that_nobody_used_for_longest(app) {
        scene(&app);
        app.make_admin("ada");
        for (name, active) in [("deploy", 3), ("laptop", 1), ("assist", 2)] {
            app.sql(&format!("UPDATE tokens SET expires_at = 32503680000000000, active_at = {active} WHERE name = '{name}'")).unwrap();
        }
        let mut ada = app.log_in("ada").await;
        for (order, wanted) in [
            ("", ["laptop", "assist", "deploy"]),
            ("&sort=-active", ["deploy", "assist", "laptop"]),
            ("&sort=name", ["assist", "deploy", "laptop"]),
        ] {
            let page = ada.get(&format!("/tokens?type=all&use=dormant{order}")).await;
            assert_eq!(names(&page), wanted, "{order}");
        }
        let root = app.root_api();
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = root.get(&format!("/api/v1/tokens?usage=dormant&limit=1{cursor}")).await;
            found.extend(page.body["items"].as_array().unwrap().iter().map(|token| token["name"].as_str().unwrap().to_owned()));
            let Some(next) = page.body["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(found, ["laptop", "assist", "deploy"]);
        // Others have no such order: the page has its usual one, and who writes a program is told.
        assert_eq!(names(&ada.get("/tokens?type=all&sort=active").await), names(&ada.get("/tokens?type=all").await));
        let refused = root.get("/api/v1/tokens?sort=-active").await;
        assert_eq!((refused.status, &refused.body["errors"][0]["parameter"]), (400, &"sort".into()), "{}", refused.body);
    }

    async fn s4_words_that_are_no_filter_are_told(app) {
        let mut ada = app.admin().await;
        scene(&app);
        for (name, wrong) in [("state", "foo"), ("type", "robot"), ("expiry", "soon"), ("use", "often"), ("power", "all"), ("team", "Platform"), ("token", "x"), ("sort", "age")] {
            let page = ada.get(&format!("/tokens?{name}={wrong}&q=dep")).await;
            assert_eq!((page.status, page.value("q").as_str()), (422, "dep"), "{name}: {}", page.text());
            let told = page.inner("[role=alert]").unwrap_or_default();
            assert!(told.contains(wrong) && page.has("Nothing was looked for") && !page.has("deploy"), "{name}: {}", page.text());
            assert_eq!(page.count("a[download]"), 0, "nor can it be exported");
            let form = page.form("form.tools");
            let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let applied = ada.post("/tokens/find", &form).await;
            let applied = ada.get(applied.location.as_deref().unwrap()).await;
            assert_eq!((applied.status, applied.value("q").as_str()), (200, "dep"), "{name}: {}", applied.text());
            for (words, way) in page.links() {
                assert_eq!(ada.get(&way).await.status, 200, "{name}: {words} leads to {way}");
            }
            let file = ada.get(&format!("/tokens/export.csv?{name}={wrong}")).await;
            assert!(file.status == 422 && file.has(wrong) && !file.has("deployer@service"), "{name}: {}", file.text());
        }
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM audit WHERE action = 'token.export'"), 0);
        app.person("member", OrgRole::Member, &[]);
        let mut member = app.log_in("member").await;
        for path in ["/tokens", "/tokens/export.csv"] {
            assert_eq!(member.get(&format!("{path}?state=foo")).await.status, 403, "{path}");
        }
        let listed = ada.get("/tokens?state=&type=&expiry=&use=&power=&team=&token=&sort=&account=").await;
        assert_eq!(names(&listed), ["deploy"], "what is left empty is no filter");
    }

    async fn s4_an_account_that_is_none_is_told_at_the_field(app) {
        let mut ada = app.admin().await;
        scene(&app);
        let page = ada.get("/tokens?account=nobody%40service&state=active").await;
        assert_eq!((page.status, page.value("account").as_str()), (422, "nobody@service"));
        assert!(page.error("account").unwrap().contains("no account") && page.chosen("state").as_deref() == Some("active"));
    }

    async fn s4_a_pasted_token_is_found_and_stands_in_no_address(app) {
        let mut ada = app.admin().await;
        let scene = scene(&app);
        let found = ada.post("/tokens/find", &[("q", &format!(" {} ", scene.secret)), ("type", "agent")]).await;
        let target = found.location.clone().unwrap();
        assert!(found.status == 303 && !target.contains(&scene.secret[7..20]), "{target}");
        let page = ada.get(&target).await;
        assert_eq!(names(&page), ["deploy"]);
        assert!(page.has("The token that you pasted") && !page.body.contains(&scene.secret), "{}", page.text());
        for (pasted, told) in [
            (format!("{}X", &scene.secret[..scene.secret.len() - 1]), "cut short or mistyped"),
            (scene.secret[..30].to_owned(), "cut short or mistyped"),
            (latchkey::model::tokens::PlainToken::generate(latchkey::model::tokens::TokenType::Service).reveal().to_owned(), "No token that you may see"),
        ] {
            let lost = ada.post("/tokens/find", &[("q", &pasted)]).await;
            let target = lost.location.unwrap();
            assert!(!target.contains(&pasted[7..20]), "{target}");
            assert!(ada.get(&target).await.has(told), "{told}");
        }
        for around in ["Bearer {}", "TOKEN={}", "\"{}\"", "see {} there"] {
            let found = ada.post("/tokens/find", &[("q", &around.replace("{}", &scene.secret))]).await;
            let target = found.location.unwrap();
            assert!(!target.contains(&scene.secret[7..20]), "{target}");
            assert_eq!(names(&ada.get(&target).await), ["deploy"], "{around}");
        }
        let hint = format!("lk_svc_…{}", &scene.secret[scene.secret.len() - 4..]);
        for typed in [hint.clone(), hint.replace('…', "..."), scene.secret[scene.secret.len() - 4..].to_owned()] {
            let found = ada.submit("/tokens/find", &[("q", &typed), ("type", "")]).await;
            assert_eq!(names(&found), ["deploy"], "{typed}");
            assert_eq!(found.value("q"), typed.replace("...", "…"));
        }
        assert!(app.audit().iter().any(|line| line.starts_with("token.look_up done deployer@service")));
    }

    async fn s4_the_secret_before_a_rotation_is_found_too(app) {
        let mut ada = app.admin().await;
        let scene = scene(&app);
        let token = app.last_token(scene.deployer);
        let rotate = latchkey::service::tokens::Rotate { version: None, overlap: latchkey::model::tokens::Overlap::Hour, form_key: None };
        app.write(|cx| latchkey::service::tokens::rotate(cx, scene.deployer, token, &rotate));
        assert_eq!(names(&ada.submit("/tokens/find", &[("q", &scene.secret)]).await), ["deploy"]);
    }

    async fn s4_one_sees_the_tokens_of_the_machines_of_ones_teams_and_ones_own(app) {
        let scene = scene(&app);
        let mut jonas = app.log_in("jonas").await;
        assert_eq!(names(&jonas.get("/tokens?type=all").await), ["laptop", "deploy"], "not the agent's of Billing");
        let hidden = app.number("SELECT id AS n FROM teams WHERE name = 'Billing'");
        app.sql(&format!("INSERT INTO memberships (user_id, team_id, role_id, created_at) VALUES ({}, {hidden}, 1, 0)", scene.deployer)).unwrap();
        for path in ["/tokens", "/tokens/export.csv"] {
            let dark = jonas.get(&format!("{path}?type=all&team={hidden}")).await;
            assert!(dark.status == 200 && !dark.body.contains("deployer@service"), "who is in a hidden team is not told: {}", dark.body);
        }
        let agent = app.number("SELECT id AS n FROM tokens WHERE name = 'assist'");
        assert_eq!(names(&jonas.get(&format!("/tokens?token={agent}")).await), Vec::<String>::new());
        assert!(jonas.get("/tokens?account=helper%40agent").await.error("account").is_some(), "who is out of sight is told like nobody");
        app.person("member", OrgRole::Member, &[]);
        let mut member = app.log_in("member").await;
        assert_eq!((member.get("/tokens").await.status, member.post("/tokens/find", &[("q", &scene.secret)]).await.status), (403, 403));
        assert_eq!(member.get("/").await.count("nav a[href='/tokens']"), 0, "and has no way there");
    }

    async fn s4_what_is_filtered_is_exported_as_a_file(app) {
        let mut ada = app.admin().await;
        let scene = scene(&app);
        app.sql("UPDATE tokens SET name = '=HYPERLINK(\"http://x\")' WHERE name = 'assist'").unwrap();
        let page = ada.get("/tokens?type=all&sort=created").await;
        let file = ada.get(&page.attribute("a[download]", "href").unwrap()).await;
        assert_eq!((file.status, file.headers["content-type"].to_str().unwrap()), (200, "text/csv; charset=utf-8; header=present"));
        assert!(file.headers["content-disposition"].to_str().unwrap().contains("latchkey-tokens-2026-11-22.csv"));
        let mut reader = csv::Reader::from_reader(file.body.as_bytes());
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        let names: Vec<_> = rows.iter().map(|row| &row[1]).collect();
        assert_eq!(names, ["deploy", "'=HYPERLINK(\"http://x\")", "laptop"], "nothing is a formula to a spreadsheet");
        assert_eq!((&rows[0][5], &rows[0][7], &rows[0][9]), ("active", "deployer@service", "teams:read"));
        assert!(!file.body.contains(&scene.secret));
        let some = ada.get("/tokens/export.csv?account=jonas&type=all").await;
        assert_eq!(csv::Reader::from_reader(some.body.as_bytes()).records().count(), 1);
        assert_eq!(ada.get("/tokens/export.csv?account=nobody").await.status, 422);
        assert!(app.audit().iter().any(|line| line.starts_with("token.export done")));
        let mut jonas = app.log_in("jonas").await;
        let own = jonas.get("/tokens/export.csv?type=all").await;
        assert_eq!(csv::Reader::from_reader(own.body.as_bytes()).records().count(), 2, "no more than the page shows");
        app.person("member", OrgRole::Member, &[]);
        assert_eq!(app.log_in("member").await.get("/tokens/export.csv").await.status, 403);
    }

    async fn s4_an_export_of_many_holds_each_once(app) {
        let mut ada = app.admin().await;
        let user = app.service("Many", OrgRole::Member, &[]);
        for n in 0..1_203 {
            app.sql(&format!(
                "INSERT INTO tokens (uuid, user_id, name, name_key, description, kind, global_admin, scopes, limited, hint, created_by, created_at, version, active_at, expires_at) \
                 VALUES ('01900000-0000-7000-8000-{n:012}', {user}, 't{n:04}', 't{n:04}', '', 'Service', FALSE, '', FALSE, '', '', 0, 1, 1, {})",
                n % 7
            )).unwrap();
        }
        let file = ada.get("/tokens/export.csv?sort=-expires").await;
        let ids: std::collections::BTreeSet<_> = csv::Reader::from_reader(file.body.as_bytes()).records().map(|row| row.unwrap()[0].to_owned()).collect();
        assert_eq!(ids.len(), 1_203);
    }

    async fn s4_pages_of_the_inventory_lead_on_and_back(app) {
        let mut ada = app.admin().await;
        let user = app.service("Many", OrgRole::Member, &[]);
        for n in 0..120 {
            app.sql(&format!(
                "INSERT INTO tokens (uuid, user_id, name, name_key, description, kind, global_admin, scopes, limited, hint, created_by, created_at, version, active_at, search, last_used_at, expires_at) \
                 VALUES ('01900000-0000-7000-8000-{n:012}', {user}, 't{n:03}', 't{n:03}', '', 'Service', FALSE, '', FALSE, '', '', 0, 1, 1, 't{n:03} many', {}, {})",
                if n % 3 == 0 { "NULL".to_owned() } else { (n % 7).to_string() },
                if n % 2 == 0 { "NULL".to_owned() } else { (n % 5).to_string() },
            )).unwrap();
        }
        for sort in ["created", "-created", "created&type=all&q=many", "-created&type=all&q=many", "name", "-name", "expires", "-expires", "last_used", "-last_used"] {
            let (mut path, mut seen, mut firsts) = (format!("/tokens?sort={sort}"), Vec::new(), Vec::new());
            let last = loop {
                let page = ada.get(&path).await;
                let listed = names(&page);
                firsts.push(listed[0].clone());
                seen.extend(listed);
                match page.attribute("a[rel='next']", "href") {
                    Some(next) => path = next,
                    None => break page,
                }
            };
            let mut all = seen.clone();
            all.sort();
            all.dedup();
            assert_eq!((seen.len(), all.len()), (120, 120), "{sort}: each once");
            let back = ada.get(&last.attribute("a[rel='prev']", "href").unwrap()).await;
            assert_eq!(names(&back)[0], firsts[1], "{sort}: back is where one came from");
        }
        let gone = ada.get("/tokens?sort=name&cursor=nonsense").await;
        assert!(gone.has("not to be found any more") && names(&gone).len() == 50);
    }
}
