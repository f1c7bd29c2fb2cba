//! Guessing passwords is slow, and the right person gets in all the same.

use latchkey::base::config::Config;
use latchkey::model::roles::OrgRole;
use latchkey::service::throttle::forgotten;
use latchkey::service::{Caller, Credential};
use time::Duration;

use crate::support::{Browser, Html, PASSWORD, TestApp};

const WRONG: &str = "wrong wrong wrong";
const SLOWED: &str = "Too many attempts to log in as this account, or from here.";

/// Each request says for itself from which address it comes.
fn behind_a_proxy(config: &mut Config) {
    config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
}

/// One of 16 million addresses.
fn address(n: usize) -> String {
    format!("10.{}.{}.{}", n >> 16, (n >> 8) & 255, n & 255)
}

async fn try_with(browser: &mut Browser, login: &str, password: &str) -> Html {
    browser.post("/login", &[("login", login), ("password", password)]).await
}

/// A new browser's try.
async fn attempt(app: &TestApp, from: &str, login: &str, password: &str) -> Html {
    try_with(&mut app.visitor().at(from), login, password).await
}

/// Strangers try one account from many addresses until they are refused.
async fn attack(app: &TestApp, login: &str) {
    for n in 0..11 {
        let answer = attempt(app, &address(n), login, WRONG).await;
        assert_eq!(answer.status, if n < 10 { 401 } else { 429 });
    }
}

/// What an answer shows of itself, without what differs from request to request.
fn shown(answer: &Html, login: &str) -> (u16, String, Vec<String>) {
    let names = answer.headers.iter().filter(|(name, _)| *name != "date");
    let headers = names.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
    // The length says how long the name is that was typed.
    let headers = headers.filter(|line| !line.starts_with("content-length"));
    let mut headers: Vec<_> = headers.collect();
    headers.sort_unstable();
    (answer.status, answer.body.replace(login, "NAME"), headers)
}

async fn reset_link(app: &TestApp, admin: &mut Browser, login: &str) -> String {
    let id = app.number(&format!("SELECT id AS n FROM users WHERE username = '{login}'"));
    let page = admin.post(&format!("/users/{id}/link"), &[]).await;
    let at = page.body.find("/reset/").unwrap();
    page.body[at..].split(|c: char| !(c.is_ascii_alphanumeric() || "/-_".contains(c))).next().unwrap().to_owned()
}

both! {
    async fn a_thousand_addresses_against_one_account(app, behind_a_proxy) {
        app.make_admin("ada");
        let before = app.app.passwords.checks();
        let (mut heard, mut crowd) = (0, app.visitor());
        for n in 0..1_000 {
            crowd.go_to(address(n));
            let answer = try_with(&mut crowd, "ada", WRONG).await;
            heard += u64::from(answer.status == 401);
            assert!(answer.status == 401 || answer.status == 429);
            app.clock.advance(Duration::seconds(1));
        }
        assert_eq!(heard, 10 + 99, "ten, and one every ten seconds");
        assert_eq!(app.app.passwords.checks() - before, heard, "no refused password was even hashed");
    }

    async fn one_address_against_a_thousand_accounts(app, behind_a_proxy) {
        app.make_admin("ada");
        let before = app.app.passwords.checks();
        let mut sprayer = app.visitor().at("10.0.0.1");
        for n in 0..1_000 {
            let answer = try_with(&mut sprayer, &format!("user{n}"), WRONG).await;
            assert_eq!(answer.status, if n < 30 { 401 } else { 429 });
        }
        assert_eq!(app.app.passwords.checks() - before, 30);
        app.clock.advance(Duration::seconds(50));
        let mut heard = 0;
        for n in 0..20 {
            heard += u64::from(try_with(&mut sprayer, &format!("user{n}"), WRONG).await.status == 401);
        }
        assert_eq!(heard, 10, "one every five seconds");
        assert_eq!(attempt(&app, "10.0.0.2", "ada", PASSWORD).await.status, 303, "others are not touched");
    }

    async fn one_ipv6_subscriber_is_one_address(app, behind_a_proxy) {
        for n in 0..40 {
            let answer = attempt(&app, &format!("2001:db8::{n:x}"), &format!("user{n}"), WRONG).await;
            assert_eq!(answer.status, if n < 30 { 401 } else { 429 });
        }
    }

    async fn tries_at_once_are_no_better(app, behind_a_proxy) {
        app.make_admin("ada");
        let tries = (0..40).map(|n| {
            let mut browser = app.visitor().at(address(n));
            tokio::spawn(async move { try_with(&mut browser, "ada", WRONG).await.status })
        });
        let mut heard = 0;
        for attempt in tries.collect::<Vec<_>>() {
            heard += u32::from(attempt.await.unwrap() == 401);
        }
        assert_eq!(heard, 10);
    }

    async fn a_slowed_account_does_not_use_up_an_address(app, behind_a_proxy) {
        app.make_admin("ada");
        attack(&app, "ada").await;
        for _ in 0..60 {
            assert_eq!(attempt(&app, "192.0.2.1", "ada", WRONG).await.status, 429);
        }
        assert_eq!(attempt(&app, "192.0.2.1", "somebody", WRONG).await.status, 401);
    }

    async fn mistyping_a_few_times_slows_nobody(app) {
        app.make_admin("ada");
        let mut ada = app.visitor();
        for _ in 0..8 {
            for _ in 0..9 {
                assert_eq!(try_with(&mut ada, "ada", WRONG).await.status, 401);
            }
            assert_eq!(try_with(&mut ada, "ada", PASSWORD).await.status, 303);
            app.clock.advance(Duration::seconds(90));
        }
    }

    async fn logging_in_is_not_counted(app) {
        app.make_admin("ada");
        for _ in 0..40 {
            assert_eq!(try_with(&mut app.visitor(), "ada", PASSWORD).await.status, 303);
        }
    }

    async fn a_known_browser_gets_in_amid_an_attack(app, behind_a_proxy) {
        app.make_admin("ada");
        let mut laptop = app.visitor().at("192.0.2.1");
        assert_eq!(try_with(&mut laptop, "ada", PASSWORD).await.status, 303);
        laptop.post("/logout", &[]).await;
        for _ in 0..31 {
            attempt(&app, "192.0.2.1", "somebody", WRONG).await;
        }
        attack(&app, "ada").await;
        app.clock.advance(Duration::days(2));
        attack(&app, "ada").await;
        for login in ["ada", "ADA@example.com"] {
            assert_eq!(try_with(&mut laptop, login, PASSWORD).await.status, 303, "by either name, at once");
        }
        assert_eq!(attempt(&app, "192.0.2.9", "ada", PASSWORD).await.status, 429, "a new browser waits");
    }

    async fn a_new_browser_gets_in_soon_after_an_attack(app, behind_a_proxy) {
        app.make_admin("ada");
        for _ in 0..5 {
            attack(&app, "ada").await;
            app.clock.advance(Duration::seconds(100));
        }
        attack(&app, "ada").await;
        for n in 0..50 {
            attempt(&app, "192.0.2.1", &format!("user{n}"), WRONG).await;
        }
        let waits = attempt(&app, "192.0.2.1", "ada", PASSWORD).await;
        assert_eq!((waits.status, waits.headers["retry-after"].to_str().unwrap()), (429, "5"));
        let waits = attempt(&app, "192.0.2.2", "ada", PASSWORD).await;
        assert_eq!((waits.status, waits.headers["retry-after"].to_str().unwrap()), (429, "10"));
        assert!(waits.has(&format!("{SLOWED} Wait 10 seconds and try again.")), "{}", waits.text());
        assert_eq!(waits.value("login"), "ada", "what was typed stays");
        assert!(!waits.body.contains(PASSWORD));
        app.clock.advance(Duration::seconds(10));
        assert_eq!(attempt(&app, "192.0.2.1", "ada", PASSWORD).await.status, 303, "ten seconds later");
    }

    async fn a_reset_link_lets_a_new_browser_in_amid_an_attack(app, behind_a_proxy) {
        let mut ada = app.admin().await;
        app.person("jonas", OrgRole::Member, &[]);
        attack(&app, "jonas").await;
        let link = reset_link(&app, &mut ada, "jonas").await;
        let mut phone = app.visitor().at("192.0.2.1");
        assert_eq!(try_with(&mut phone, "jonas", PASSWORD).await.status, 429);
        assert_eq!(phone.get(&link).await.status, 200);
        assert!(phone.known().is_none(), "opening a link is not using it");
        let chosen = "another harbour of plums";
        assert_eq!(phone.post(&link, &[("password", "12345")]).await.status, 422);
        assert!(phone.known().is_none());
        assert_eq!(phone.post(&link, &[("password", chosen)]).await.status, 303);
        assert_eq!(try_with(&mut phone, "jonas", chosen).await.status, 303);
    }

    async fn a_cookie_helps_its_own_account_alone(app, behind_a_proxy) {
        app.make_admin("ada");
        app.person("mallory", OrgRole::Member, &[]);
        let mut mallory = app.visitor().at("192.0.2.1");
        assert_eq!(try_with(&mut mallory, "mallory", PASSWORD).await.status, 303);
        attack(&app, "ada").await;
        let answer = try_with(&mut mallory, "ada", WRONG).await;
        assert_eq!(answer.status, 429);
        for unknown in 0..40 {
            try_with(&mut mallory, &format!("user{unknown}"), WRONG).await;
        }
        assert_eq!(try_with(&mut mallory, "user1", WRONG).await.status, 429, "the address counts for strangers' names");
        assert_eq!(try_with(&mut mallory, "mallory", PASSWORD).await.status, 303);
    }

    async fn a_forged_or_old_cookie_is_none(app, behind_a_proxy) {
        let id = app.make_admin("ada");
        app.person("mallory", OrgRole::Member, &[]);
        let (mut ada, mut mallory) = (app.log_in("ada").await, app.log_in("mallory").await);
        attack(&app, "ada").await;
        let own = mallory.known().unwrap().to_owned();
        let (name, value) = own.split_once('=').unwrap();
        let parts: Vec<&str> = value.split('.').collect();
        let [_, until, nonce, proof] = parts[..] else { panic!("{value}") };
        for forged in [
            format!("{id}.{until}.{nonce}.{proof}"),
            format!("{id}.{until}.{nonce}.{}", "0".repeat(64)),
            format!("{id}.{until}.{nonce}."),
            format!("{id}.{until}.{nonce}"),
            "...".into(),
            String::new(),
            "x".repeat(3_000),
        ] {
            mallory.set_known(&format!("{name}={forged}"));
            let answer = try_with(&mut mallory, "ada", PASSWORD).await;
            assert_eq!(answer.status, 429, "{forged}");
        }
        assert_eq!(try_with(&mut ada, "ada", PASSWORD).await.status, 303);
        app.clock.advance(Duration::days(366));
        attack(&app, "ada").await;
        assert_eq!(try_with(&mut ada, "ada", PASSWORD).await.status, 429, "a year is over");
    }

    async fn a_stolen_cookie_gives_no_more_tries_than_a_stranger_has(app, behind_a_proxy) {
        app.make_admin("ada");
        let mut ada = app.visitor().at("192.0.2.1");
        try_with(&mut ada, "ada", PASSWORD).await;
        let stolen = ada.known().unwrap().to_owned();
        let mut heard = 0;
        for n in 0..200 {
            let mut thief = app.visitor().at(address(n));
            thief.set_known(&stolen);
            heard += u32::from(try_with(&mut thief, "ada", WRONG).await.status == 401);
            app.clock.advance(Duration::seconds(1));
        }
        assert_eq!(heard, 10 + 19);
        assert_eq!(attempt(&app, "192.0.2.9", "ada", PASSWORD).await.status, 303, "and holds up no other browser");
    }

    async fn answers_do_not_tell_who_exists(app, behind_a_proxy) {
        app.make_admin("ada");
        let off = app.person("jonas", OrgRole::Member, &[]);
        app.sql(&format!("UPDATE users SET disabled_at = 1 WHERE id = {off}")).unwrap();
        let new = app.person("nadia", OrgRole::Member, &[]);
        app.sql(&format!("UPDATE users SET password_hash = NULL WHERE id = {new}")).unwrap();
        app.service("API Access", OrgRole::Admin, &[]);
        let mut told = Vec::new();
        // The disabled account's password is right, which must not show either.
        let accounts = [("nobody", WRONG), ("ada", WRONG), ("ada@example.com", WRONG), ("jonas", PASSWORD)];
        for (login, password) in accounts.into_iter().chain([("nadia", WRONG), ("api_access@service", WRONG)]) {
            let mut here = Vec::new();
            for n in 0..15 {
                let before = app.app.passwords.checks();
                let answer = attempt(&app, &address(n), login, password).await;
                assert_eq!(answer.status, if n < 10 { 401 } else { 429 }, "{login}");
                let checks = app.app.passwords.checks() - before;
                assert_eq!(checks, u64::from(n < 10), "{login}: the same work, whoever it is");
                here.push(shown(&answer, login));
                app.clock.advance(Duration::milliseconds(100));
            }
            told.push(here);
        }
        for (other, first) in told[1..].iter().flatten().zip(told[0].iter().cycle()) {
            assert_eq!(other, first);
        }
    }

    async fn the_log_is_not_flooded(app, behind_a_proxy) {
        app.make_admin("ada");
        attack(&app, "ada").await;
        let mut crowd = app.visitor();
        for n in 0..200 {
            crowd.go_to(address(n));
            try_with(&mut crowd, "ada", WRONG).await;
        }
        let about = |reason: &str| app.audit().iter().filter(|line| line.ends_with(reason)).count();
        assert_eq!(about("session.create refused ada the password was wrong"), 10, "what was heard is written down");
        let account = "session.create refused ada too many attempts to log in as this account";
        assert_eq!(about(account), 1);
        crowd.go_to("192.0.2.1");
        for n in 0..80 {
            try_with(&mut crowd, &format!("user{n}"), WRONG).await;
        }
        assert_eq!(about("session.create refused - too many attempts from this address"), 1);
        for _ in 0..3 {
            app.clock.advance(Duration::minutes(3));
            attack(&app, "ada").await;
        }
        assert_eq!(about(account), 4);
        assert!(!app.audit().join("\n").contains("user1"), "what strangers type is not written down");
        app.assert_chain();
    }

    async fn the_password_again_is_slowed_for_each_session(app) {
        let mut thief = app.admin().await;
        let mut ada = app.log_in("ada").await;
        let new = "another harbour of plums";
        let change = |current| [("current_password", current), ("password", new)];
        let token = [("name", "x"), ("token_name", "x"), ("expires", "30"), ("global_admin", "1"), ("password", WRONG)];
        let before = app.app.passwords.checks();
        for n in 0..12 {
            let answer = if n % 2 == 0 {
                thief.post("/account/password", &change(WRONG)).await
            } else {
                thief.post("/account/tokens/new", &token).await
            };
            assert_eq!(answer.status, if n < 10 { 422 } else { 429 }, "{}", answer.text());
            if n >= 10 {
                assert_eq!(answer.headers["retry-after"], "10");
                assert!(answer.has("Too many wrong passwords were typed here. Wait 10 seconds and try again."));
            }
        }
        assert_eq!(app.app.passwords.checks() - before, 10);
        assert_eq!(thief.post("/account/password", &change(PASSWORD)).await.status, 429, "a right guess is not heard");
        let refused = app.audit().iter().filter(|line| line.ends_with("too many wrong passwords in this session")).count();
        assert_eq!(refused, 1);
        assert_eq!(ada.post("/account/password", &change(PASSWORD)).await.status, 303, "the owner is not held up");
        assert_eq!(thief.get("/account").await.status, 303, "and so ends the thief's session");
    }

    async fn mails_are_slowed_in_the_same_way(app) {
        app.make_admin("ada");
        let from = |n: usize| {
            let origin = latchkey::model::actor::Origin { address: Some(address(n)), ..Default::default() };
            Caller::new(Credential::Nothing, origin)
        };
        let told = |login: &str| -> Vec<_> {
            (0..5).map(|n| forgotten(&app.app, &from(n), login).map_err(|error| error.to_string())).collect()
        };
        let known = told("ada@example.com");
        assert_eq!(known, told("nobody@example.com"), "whoever exists");
        assert_eq!(known.iter().filter(|outcome| outcome.is_ok()).count(), 3);
        assert!(known[3].as_ref().unwrap_err().ends_with("Wait 600 seconds and try again."));
        let many = (0..40).filter(|n| forgotten(&app.app, &from(99), &format!("user{n}")).is_ok()).count();
        assert_eq!(many, 30, "and for one address");
    }
}
