//! Tokens that were found where none belongs (section 4): reporting them, and the rules that find them.

use latchkey::model::ids::{RoleId, TeamId, UserId};
use latchkey::model::roles::OrgRole;
use latchkey::model::tokens::{PlainToken, TokenType};
use regex::Regex;
use reqwest::Method;
use serde_json::{Value, json};
use time::Duration;

use crate::support::{Api, Reply, TestApp};

const PLACE: &str = "https://git.example.com/shop/blob/main/.env#L3";

/// A service account that makes tokens in Platform.
struct Scene {
    team: TeamId,
    user: UserId,
    token: String,
    api: Api,
}

impl Scene {
    fn of(app: &TestApp) -> Self {
        let team = app.team("Platform");
        let user = app.service("Deployer", OrgRole::Member, &[(team, RoleId::OWNER)]);
        let token = app.token(user, "tokens:read tokens:create tokens:update teams:read");
        let api = app.api(&token);
        Self { team, user, token, api }
    }

    /// A token of this account, made with that of `api`: its id and the token.
    async fn made_with(&self, api: &Api, user: UserId, name: &str) -> (i64, String) {
        let new = json!({ "name": name, "expires_in_days": 30, "scopes": ["tokens:read", "tokens:create", "tokens:update", "teams:read"] });
        let made = api.post(&format!("/api/v1/users/{user}/tokens"), new).await;
        assert_eq!(made.status, 201, "{}", made.body);
        (made.body["id"].as_i64().unwrap(), made.body["token"].as_str().unwrap().to_owned())
    }
}

async fn report(app: &TestApp, token: &str, place: Option<&str>) -> Reply {
    let mut body = json!({ "token": token });
    if let Some(place) = place {
        body["found_at"] = place.into();
    }
    app.api("").post("/api/v1/leaks", body).await
}

async fn works(app: &TestApp, token: &str) -> bool {
    let me = app.api(token).get("/api/v1/me").await;
    assert!([200, 401].contains(&me.status), "{}", me.body);
    me.status == 200
}

/// `id before after` of the entries about leaks.
fn entries(app: &TestApp) -> Vec<String> {
    app.db.texts("SELECT actor_kind || ' ' || outcome || ' ' || target_name || ' ' || COALESCE(before, '') || ' ' || COALESCE(after, '') AS t FROM audit WHERE action = 'token.leak' ORDER BY seq")
}

fn outbox(app: &TestApp) -> Vec<Value> {
    let rows = app.db.texts("SELECT payload AS t FROM outbox WHERE event = 'token.leaked' AND done_at IS NULL AND next_try_at IS NULL ORDER BY id");
    rows.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

/// Rotates the token of `api` with itself, without an overlap: a client with the new secret.
async fn rotates_itself(user: UserId, api: &Api) -> String {
    let token = api.get("/api/v1/me").await.body["token"]["id"].clone();
    let rotated = api.post(&format!("/api/v1/users/{user}/tokens/{token}/rotate"), json!({ "overlap": "none" })).await;
    assert_eq!(rotated.status, 200, "{}", rotated.body);
    rotated.body["token"].as_str().unwrap().to_owned()
}

both! {
    async fn s4_leak_reaches_the_secret_that_a_thief_got_by_rotating(app) {
        let scene = Scene::of(&app);
        let second = rotates_itself(scene.user, &scene.api).await;
        assert!(works(&app, &second).await);
        report(&app, &scene.token, Some(PLACE)).await;
        assert!(!works(&app, &second).await, "it was had with the one that was found");
    }

    async fn s4_leak_of_a_secret_from_long_ago_is_still_known(app) {
        let scene = Scene::of(&app);
        let (child, made) = scene.made_with(&scene.api, scene.user, "made with the first").await;
        let id = app.last_token(scene.user).0 - 1;
        assert_eq!(child, id + 1);
        let root = app.root_api();
        let mut last = String::new();
        for _ in 0..3 {
            app.clock.advance(Duration::hours(1));
            let rotated = root.post(&format!("/api/v1/users/{}/tokens/{id}/rotate", scene.user), json!({ "overlap": "none" })).await;
            last = rotated.body["token"].as_str().unwrap().to_owned();
        }
        report(&app, &scene.token, Some(PLACE)).await;
        assert!(!works(&app, &made).await && works(&app, &last).await, "what was made with it goes; what somebody else put in its place stays");
        let now = scene.made_with(&app.api(&last), scene.user, "made with the last").await.1;
        report(&app, &scene.token, Some(PLACE)).await;
        assert!(works(&app, &now).await, "which was made after that secret was over");
    }

    async fn s4_leak_ends_a_token_and_says_where(app) {
        let scene = Scene::of(&app);
        let other = app.token(scene.user, "teams:read");
        let reply = report(&app, &scene.token, Some(PLACE)).await;
        assert_eq!((reply.status, reply.header("cache-control")), (202, "no-store"), "{}", reply.body);
        assert!(!works(&app, &scene.token).await && works(&app, &other).await, "the one, and not the other");
        let told = entries(&app);
        assert!(told.len() == 1 && told[0].starts_with("anonymous done deployer@service") && told[0].contains(PLACE), "{told:?}");
        let messages = outbox(&app);
        assert_eq!(messages.len(), 1);
        let (kind, data) = (&messages[0]["type"], &messages[0]["data"]);
        assert_eq!((kind, &data["user"]["username"], &data["found_at"], &data["revoked"]), (&json!("token.leaked"), &json!("deployer@service"), &json!(PLACE), &json!(true)));
        assert_eq!((&data["home_team"], &messages[0]["timestamp"]), (&json!(scene.team), &json!("2026-11-22T10:00:00Z")));
        let listed = app.root_api().get(&format!("/api/v1/users/{}/tokens", scene.user)).await.body;
        let leaked = listed["items"].as_array().unwrap().iter().find(|token| token["state"] == "revoked").unwrap();
        assert_eq!(leaked["leak"], json!({ "at": "2026-11-22T10:00:00Z", "found": "itself", "found_at": PLACE }));
        app.assert_chain();
    }

    async fn s4_leak_answers_the_same_whatever_was_sent(app) {
        let scene = Scene::of(&app);
        let revoked = app.token(scene.user, "teams:read");
        app.root_api().delete(&format!("/api/v1/users/{}/tokens/{}", scene.user, app.last_token(scene.user))).await;
        let mistyped = format!("{}x", &scene.token[..scene.token.len() - 1]);
        let unknown = PlainToken::generate(TokenType::Service).reveal().to_owned();
        let mut answers = Vec::new();
        for token in [&unknown, &mistyped, &scene.token, &scene.token, &revoked, "", "nonsense", &"x".repeat(10_000)] {
            let request = app.api("").request(Method::POST, "/api/v1/leaks").json(&json!({ "token": token, "found_at": PLACE }));
            let answer = request.send().await.unwrap();
            let mut headers: Vec<_> = answer.headers().iter().filter(|(name, _)| *name != "date").map(|(n, v)| format!("{n}: {v:?}")).collect();
            headers.sort();
            answers.push((answer.status().as_u16(), headers, answer.bytes().await.unwrap()));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(entries(&app).len(), 2, "nothing of what is not known, and nothing twice");
        let written = app.db.texts("SELECT COALESCE(before, '') || COALESCE(after, '') || COALESCE(reason, '') AS t FROM audit UNION ALL SELECT payload FROM outbox UNION ALL SELECT found_at FROM token_leaks");
        assert!(written.iter().all(|text| !text.contains(&scene.token[7..]) && !text.contains(&unknown[7..])), "no secret is kept");
    }

    async fn s4_leak_ends_what_was_made_with_it_and_nothing_else(app) {
        let scene = Scene::of(&app);
        let root = app.root_api();
        let (_, child) = scene.made_with(&scene.api, scene.user, "child").await;
        // By way of an account that is deleted meanwhile, and of a token that another one rotated.
        let fellow = app.service("Fellow", OrgRole::Member, &[(scene.team, RoleId::OWNER)]);
        let (_, between) = scene.made_with(&app.api(&child), fellow, "between").await;
        let (grandchild_id, grandchild) = scene.made_with(&app.api(&between), scene.user, "grandchild").await;
        assert_eq!(root.delete(&format!("/api/v1/users/{fellow}")).await.status, 204);
        let rotated = root.post(&format!("/api/v1/users/{}/tokens/{grandchild_id}/rotate", scene.user), json!({ "overlap": "24h" })).await;
        let rotated = rotated.body["token"].as_str().unwrap().to_owned();
        let stranger = app.token(scene.user, "teams:read");
        let by_it = app.last_token(scene.user);
        let rotated_by_it = scene.api.post(&format!("/api/v1/users/{}/tokens/{by_it}/rotate", scene.user), json!({ "overlap": "24h" })).await;
        let rotated_by_it = rotated_by_it.body["token"].as_str().unwrap().to_owned();
        let bystander = app.token(scene.user, "teams:read");
        for token in [&child, &grandchild, &rotated, &stranger, &rotated_by_it, &bystander] {
            assert!(works(&app, token).await);
        }
        assert_eq!(report(&app, &scene.token, None).await.status, 202);
        for token in [&scene.token, &child, &grandchild, &rotated, &stranger, &rotated_by_it] {
            assert!(!works(&app, token).await);
        }
        assert!(works(&app, &bystander).await);
        assert_eq!(root.get("/api/v1/me").await.status, 200, "who rotated a token was not made with it");
        assert_eq!((entries(&app).len(), outbox(&app).len()), (4, 4));
        let grandchild = root.get(&format!("/api/v1/users/{}/tokens/{grandchild_id}", scene.user)).await.body;
        assert_eq!((&grandchild["state"], &grandchild["leak"]["found"]), (&json!("revoked"), &json!("maker")));
    }

    async fn s4_leak_ends_tokens_that_rotated_each_other(app) {
        let scene = Scene::of(&app);
        let (id, other) = scene.made_with(&scene.api, scene.user, "other").await;
        let first = app.number(&format!("SELECT MIN(id) AS n FROM tokens WHERE user_id = {}", scene.user));
        app.sql(&format!("INSERT INTO token_makers (token_id, maker_id, at) VALUES ({first}, {id}, 0)")).unwrap();
        assert_eq!(report(&app, &other, None).await.status, 202);
        assert!(!works(&app, &scene.token).await && !works(&app, &other).await);
    }

    async fn s4_leak_reaches_suspended_and_global_admin_tokens_and_those_of_agents(app) {
        let root_user = app.service("Robot", OrgRole::Member, &[]);
        let global = app.global_admin(root_user);
        let agent = app.agent("Helper", OrgRole::Member, &[(app.team("Platform"), RoleId::VIEWER)]);
        let agents = app.token(agent, "teams:read");
        let paula = app.person("paula", OrgRole::Editor, &[]);
        let personal = app.token(paula, "users:read");
        let id = app.last_token(paula);
        app.write(|cx| latchkey::service::tokens::suspend(cx, paula, id, None));
        for token in [&global, &agents, &personal] {
            assert_eq!(report(&app, token, Some(PLACE)).await.status, 202);
        }
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM tokens WHERE revoked_at IS NULL"), 0);
        assert!(!works(&app, &global).await && !works(&app, &agents).await);
    }

    async fn s4_leak_of_an_old_secret(app) {
        let scene = Scene::of(&app);
        let root = app.root_api();
        let id = app.last_token(scene.user);
        let path = format!("/api/v1/users/{}/tokens/{id}", scene.user);
        let (_, before) = scene.made_with(&scene.api, scene.user, "before").await;
        let rotate = async || root.post(&format!("{path}/rotate"), json!({ "overlap": "1h" })).await.body["token"].as_str().unwrap().to_owned();
        let second = rotate().await;
        app.clock.advance(Duration::hours(2));
        let (_, after) = scene.made_with(&app.api(&second), scene.user, "after").await;
        // It is over: its successor is somebody else's, what was made with it is not.
        assert_eq!(report(&app, &scene.token, Some(PLACE)).await.status, 202);
        assert!(works(&app, &second).await && works(&app, &after).await && !works(&app, &before).await);
        assert_eq!(root.get(&path).await.body["leak"]["found"], json!("former"));
        report(&app, &scene.token, Some(PLACE)).await;
        assert_eq!(entries(&app).len(), 2, "nothing twice");
        // While both are good, the old one is the token.
        let third = rotate().await;
        assert!(works(&app, &second).await && works(&app, &third).await);
        report(&app, &second, Some(PLACE)).await;
        assert!(!works(&app, &second).await && !works(&app, &third).await && !works(&app, &after).await);
        assert_eq!(root.get(&path).await.body["leak"]["found"], json!("itself"));
    }

    async fn s4_leak_of_a_revoked_token_ends_what_was_made_with_it(app) {
        let scene = Scene::of(&app);
        let id = app.last_token(scene.user);
        let (_, child) = scene.made_with(&scene.api, scene.user, "child").await;
        app.root_api().delete(&format!("/api/v1/users/{}/tokens/{id}", scene.user)).await;
        assert!(works(&app, &child).await);
        app.clock.advance(Duration::hours(1));
        report(&app, &scene.token, None).await;
        assert!(!works(&app, &child).await);
    }

    async fn s4_leak_ends_links_that_it_handed_out(app) {
        let team = app.team("Platform");
        let maker = app.service("Maker", OrgRole::Manager, &[(team, RoleId::OWNER)]);
        let token = app.token(maker, "users:read users:create users:update");
        let invited = app.api(&token).post("/api/v1/users", json!({ "user_type": "Person", "username": "mallory", "email": "mallory@example.com", "name": "Mallory", "role": "Member" })).await;
        assert_eq!(invited.status, 201, "{}", invited.body);
        let links = || app.number("SELECT COUNT(*) AS n FROM links WHERE purpose = 'invitation'");
        assert_eq!(links(), 1);
        report(&app, &token, None).await;
        assert_eq!(links(), 0);
        assert!(entries(&app)[0].contains("\"links_ended\":1"), "{:?}", entries(&app));
    }

    async fn s4_leak_keeps_of_a_place_what_is_fit_to_be_shown(app) {
        let scene = Scene::of(&app);
        let nonsense = format!("<script>alert(1)</script>\r\n\u{202e}{} https://a:b@evil.example {}", scene.token, "x".repeat(5_000));
        assert_eq!(report(&app, &scene.token, Some(&nonsense)).await.status, 202);
        let kept = app.db.texts("SELECT found_at AS t FROM token_leaks").remove(0);
        assert!(kept.starts_with("<script>alert(1)</script> lk_svc_… ") && kept.chars().count() <= 501, "{kept}");
        let mut ada = app.admin().await;
        let page = ada.get(&format!("/users/{}/tokens/{}", scene.user, app.last_token(scene.user))).await;
        assert!(page.has("because it was found where no token belongs") && page.has("alert(1)"), "{}", page.text());
        assert!(!page.body.contains("<script>alert"));
        let home = ada.get("/").await;
        assert!(home.has("Token leaked and revoked"), "{}", home.text());
        let activity = ada.get(&format!("/users/{}/activity", scene.user)).await;
        assert!(activity.has("Reported a leaked token of deployer@service") && activity.has("Not logged in"), "{}", activity.text());
    }

    async fn s4_leak_is_told_to_those_who_see_the_account_alone(app) {
        let scene = Scene::of(&app);
        report(&app, &scene.token, Some(PLACE)).await;
        app.person("olga", OrgRole::Member, &[(scene.team, RoleId::OWNER)]);
        assert!(app.log_in("olga").await.get("/").await.has(PLACE));
        app.person("jonas", OrgRole::Member, &[(app.team("Billing"), RoleId::OWNER)]);
        assert!(!app.log_in("jonas").await.get("/").await.has(PLACE));
        app.clock.advance(Duration::days(31));
        assert!(!app.log_in("olga").await.get("/").await.has(PLACE), "not for ever");
    }

    async fn s4_leak_wants_a_body_as_every_route_does(app) {
        let api = app.api("");
        for (body, status, pointer) in [
            (json!({}), 422, "/token"),
            (json!({ "token": 5 }), 422, "/token"),
            (json!({ "token": "x", "url": PLACE }), 422, "/url"),
            (json!({ "token": "x", "found_at": null }), 422, "/found_at"),
            (json!([{ "token": "x" }]), 422, ""),
        ] {
            let reply = api.post("/api/v1/leaks", body.clone()).await;
            assert_eq!((reply.status, reply.pointers()), (status, vec![pointer]), "{body}: {}", reply.body);
        }
        let send = async |kind: &str, body: String| Reply::of(api.request(Method::POST, "/api/v1/leaks").header("content-type", kind).body(body)).await.status;
        assert_eq!(send("application/json", "{".into()).await, 400);
        assert_eq!(send("text/plain", "{\"token\":\"x\"}".into()).await, 415);
        assert_eq!(send("application/json", format!("{{\"token\":\"{}\"}}", "x".repeat(70_000))).await, 413);
        assert_eq!(api.post("/api/v1/leaks?token=x", json!({ "token": "x" })).await.status, 400);
        assert_eq!(api.get("/api/v1/leaks").await.status, 405);
    }

    async fn s4_leak_reports_are_slowed_by_address(app) {
        let scene = Scene::of(&app);
        for _ in 0..30 {
            let unknown = PlainToken::generate(TokenType::Service);
            latchkey::service::tokens::report(&app.app, &here(), &latchkey::service::tokens::Report {
                token: latchkey::base::secret::Secret::new(unknown.reveal().to_owned()),
                place: String::new(),
            }).unwrap();
        }
        for _ in 0..3 {
            let refused = report(&app, &scene.token, None).await;
            assert_eq!((refused.status, refused.header("retry-after")), (429, "5"), "{}", refused.body);
        }
        assert!(works(&app, &scene.token).await, "what is not heard does nothing");
        assert_eq!(app.audit().iter().filter(|line| line.starts_with("token.leak refused")).count(), 1, "{:?}", app.audit());
        app.clock.advance(Duration::seconds(5));
        assert_eq!(report(&app, &scene.token, None).await.status, 202);
        assert!(!works(&app, &scene.token).await);
    }

    async fn s4_leak_rules_find_our_tokens_and_nothing_else(app) {
        let answer = app.api("").request(Method::GET, "/.well-known/latchkey/token-patterns.json").send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()), (200, "application/json"));
        assert_eq!(answer.headers()["cache-control"].to_str().unwrap(), "public, max-age=86400");
        assert!(!answer.headers().contains_key("set-cookie"));
        let published: Value = answer.json().await.unwrap();
        assert_eq!(published["report"]["url"], json!(format!("{}/api/v1/leaks", app.url)));
        let gitleaks: toml::Value = published["gitleaks"].as_str().unwrap().parse::<toml::Table>().unwrap().into();
        let patterns = published["patterns"].as_array().unwrap();
        assert_eq!(patterns.len(), TokenType::ALL.len());
        for (at, kind) in TokenType::ALL.iter().enumerate() {
            let regex = patterns[at]["regex"].as_str().unwrap();
            assert_eq!(gitleaks["rules"][at]["regex"].as_str(), Some(regex));
            assert!(published["trufflehog"].as_str().unwrap().contains(&format!("'{regex}'")));
            let rule = Regex::new(regex).unwrap();
            for _ in 0..50 {
                let token = PlainToken::generate(*kind);
                let text = token.reveal();
                assert_eq!(published["length"], json!(text.len()));
                for line in [text.to_owned(), format!("KEY={text}"), format!("\"{text}\","), format!("KEY_{text}_1"), format!("t={text}&u")] {
                    let found = rule.captures(&line).unwrap_or_else(|| panic!("{line}"));
                    assert_eq!(&found[1], text);
                }
                for near in [&text[..text.len() - 1], &format!("{text}1"), &format!("x{text}"), &text.replace("lk_", "lk-"), &text.to_uppercase()] {
                    assert!(!rule.is_match(near), "{near}");
                }
                // What the document says of the checksum, done by its words alone.
                let (body, sum) = text.split_at(text.len() - published["checksum"]["characters"].as_u64().unwrap() as usize);
                let mut rest = crc32(body.as_bytes());
                let mut digits = String::new();
                for _ in 0..sum.len() {
                    digits.insert(0, char::from(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[rest as usize % 62]));
                    rest /= 62;
                }
                assert_eq!(digits, sum);
            }
        }
    }
}

/// CRC-32 bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(sum & 1)))
    })
}

/// The caller behind the requests of these tests.
fn here() -> latchkey::service::Caller {
    let origin = latchkey::model::actor::Origin { address: Some("127.0.0.1".into()), ..Default::default() };
    latchkey::service::Caller::nobody(origin)
}
