//! A pasted token stands in no address, link or log of ours (section 4).

use latchkey::model::ids::{RoleId, UserId};
use latchkey::model::roles::OrgRole;
use latchkey::model::tokens::{PlainToken, TokenType};

use crate::support::{Html, TestApp};

struct Scene {
    deployer: UserId,
    secret: String,
}

fn scene(app: &TestApp) -> Scene {
    let team = app.team("Platform");
    let deployer = app.service("Deployer", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
    let secret = app.token(deployer, "teams:read");
    Scene { deployer, secret }
}

/// The forms in which a token comes out of mails, terminals and double clicks.
fn pasted(secret: &str) -> Vec<String> {
    let (prefix, rest) = secret.split_at(7);
    vec![
        secret.to_owned(),
        format!("  {secret}\n"),
        format!("{} {}", &secret[..20], &secret[20..]),
        format!("{prefix} {rest}"),
        format!("{}\n{}", &secret[..9], &secret[9..]),
        format!("{}{rest}", prefix.to_uppercase()),
        format!("Lk_Svc_{rest}"),
        rest.to_owned(),
        format!("{} {}", &rest[..15], &rest[15..]),
        format!("svc_{rest}"),
        format!("see {secret} there"),
        secret[..30].to_owned(),
        format!("{} {}", &secret[..8], &secret[8..30]),
    ]
}

/// No piece of it that is long enough to be worth something.
fn assert_keeps(secret: &str, text: &str) {
    for at in 7..secret.len() - 8 {
        assert!(!text.contains(&secret[at..at + 8]), "{} in {text}", &secret[at..at + 8]);
    }
}

fn assert_page_keeps(secret: &str, page: &Html) {
    assert_keeps(secret, page.location.as_deref().unwrap_or_default());
    assert_keeps(secret, &page.body);
}

both! {
    async fn s4_the_search_knows_a_token_however_it_was_pasted(app) {
        let mut ada = app.admin().await;
        let scene = scene(&app);
        let id = app.last_token(scene.deployer);
        for text in pasted(&scene.secret) {
            let whole = !matches!(text.as_str(), cut if cut.replace(' ', "") == scene.secret[..30]);
            for field in ["q", "account", "team", "sort"] {
                let found = ada.post("/tokens/find", &[(field, &text)]).await;
                assert_eq!(found.status, 303);
                assert_page_keeps(&scene.secret, &found);
                let target = found.location.unwrap();
                assert_eq!(target == format!("/tokens?token={id}"), whole, "{field}={text:?}: {target}");
            }
        }
        let kept = app.db.texts("SELECT COALESCE(before, '') || COALESCE(after, '') || COALESCE(reason, '') AS t FROM audit").join("\n");
        assert_keeps(&scene.secret, &kept);
    }

    async fn s4_a_token_in_an_address_is_taken_out_of_it_and_that_is_told(app) {
        let mut ada = app.admin().await;
        let scene = scene(&app);
        let lists = ["/tokens", "/audit", "/users", "/teams", "/users/new", "/teams/2"];
        for (path, text) in lists.iter().flat_map(|path| pasted(&scene.secret).into_iter().map(move |text| (path, text))) {
            let pairs = [("q", text.as_str()), ("kind", "service"), ("cursor", "x")];
            let query = serde_html_form::to_string(pairs).unwrap();
            let answer = ada.get(&format!("{path}?{query}")).await;
            assert_eq!((answer.status, answer.location.as_deref()), (303, Some(format!("{path}?kind=service").as_str())), "{text:?}");
            assert_page_keeps(&scene.secret, &answer);
            let page = ada.get(answer.location.as_deref().unwrap()).await;
            assert!(page.has("A token must not stand in an address"), "{path}: {}", page.text());
            assert_page_keeps(&scene.secret, &page);
        }
        for (path, name, target) in [
            ("/audit", "token", "/audit"),
            ("/audit", "actor", "/audit"),
            ("/tokens", "account", "/tokens"),
            ("/audit/export.csv", "q", "/audit"),
            ("/audit/export.ndjson", "q", "/audit"),
            ("/tokens/export.csv", "q", "/tokens"),
        ] {
            let answer = ada.get(&format!("{path}?{name}={}", scene.secret)).await;
            assert_eq!((answer.status, answer.location.as_deref()), (303, Some(target)), "{path}?{name}");
        }
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM audit WHERE action LIKE '%.export'"), 0, "what was not asked for is not exported");
        let back = serde_html_form::to_string([("back", format!("/tokens?q={}", scene.secret))]).unwrap();
        let mut visitor = app.visitor();
        for path in [format!("/tokens?q={}", scene.secret), format!("/login?{back}")] {
            let answer = visitor.get(&path).await;
            assert_eq!(answer.status, 303);
            assert_page_keeps(&scene.secret, &answer);
            assert_page_keeps(&scene.secret, &visitor.get(answer.location.as_deref().unwrap()).await);
        }
    }

    async fn s4_names_of_plain_words_behind_a_prefix_are_no_tokens(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        let query = |pairs: &[(&str, &str)]| serde_html_form::to_string(pairs).unwrap();
        let names = ["lk_svc_deployer", "lk_svc_production_2026", "lk_svc_ tokens of Team 7"];
        let root = app.root_api();
        for name in names {
            let first = [("name", name), ("role", "Member"), ("team", &*team.to_string()), ("token_name", name)];
            for path in ["/users/service/new", "/users/service/new/token"] {
                let step = ada.get(&format!("{path}?{}", query(&first))).await;
                assert_eq!((step.status, step.value("name").as_str()), (200, name), "{path}: {}", step.text());
                assert_eq!(step.value("token_name"), name, "{path} keeps what was typed in the other step");
            }
            for path in ["/tokens", "/users", "/audit"] {
                let page = ada.get(&format!("{path}?{}", query(&[("q", name)]))).await;
                assert_eq!((page.status, page.value("q").as_str()), (200, name), "{path}");
            }
            let found = ada.post("/tokens/find", &[("q", name)]).await;
            assert_eq!(found.location.unwrap(), format!("/tokens?{}", query(&[("q", name)])));
            let reply = root.get(&format!("/api/v1/users?{}", query(&[("q", name)]))).await;
            assert_eq!(reply.status, 200, "{}", reply.body);
        }
        app.person("lk_svc_deployer", OrgRole::Member, &[]);
        for path in ["/tokens?account=lk_svc_deployer", "/audit?actor=lk_svc_deployer"] {
            assert_eq!(ada.get(path).await.status, 200, "{path}");
        }
    }

    async fn s4_a_token_is_found_at_the_end_of_the_longest_address(app) {
        let token = PlainToken::generate(TokenType::Agent);
        let filler = "a".repeat(60_000);
        let mut visitor = app.visitor();
        let page = visitor.get(&format!("/login?x={filler}")).await;
        assert_eq!(page.status, 200);
        let answer = visitor.get(&format!("/login?x={filler}{}", &token.reveal()[7..])).await;
        assert_eq!((answer.status, answer.location.as_deref()), (303, Some("/login")));
    }

    async fn s4_a_search_that_is_no_token_stays_one(app) {
        let mut ada = app.admin().await;
        let scene = scene(&app);
        let hint = format!("lk_svc_…{}", &scene.secret[scene.secret.len() - 4..]);
        let other = PlainToken::generate(TokenType::Service);
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for text in ["deploy", "lk_svc_", hint.as_str(), "lk_svc_ is a prefix", commit, &other.reveal()[7..20]] {
            for path in ["/tokens", "/audit", "/users"] {
                let query = serde_html_form::to_string([("q", text)]).unwrap();
                let page = ada.get(&format!("{path}?{query}")).await;
                assert_eq!((page.status, page.value("q").as_str()), (200, text), "{path}");
            }
        }
    }
}
