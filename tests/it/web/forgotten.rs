//! A forgotten password, where mail is set up and where it is not.

use latchkey::model::actor::Origin;
use latchkey::model::ids::{RoleId, UserId};
use latchkey::model::roles::OrgRole;
use latchkey::service::{Caller, forgotten};
use time::Duration;

use crate::support::{Flavour, Html, PASSWORD, PostOffice, TestApp};

const OTHER: &str = "another harbour of plums";

/// Asks as the page does, and waits until it has been seen to, which the page does not.
fn ask(app: &TestApp, login: &str) {
    forgotten::ask(&app.app, &Caller::nobody(Origin::default()), login).unwrap();
}

/// Somebody of every sort who is mailed nothing, with what the audit log says of them.
fn without_mail(app: &TestApp) -> Vec<(String, Option<&'static str>)> {
    let machine = Some("service and agent accounts cannot enter the portal");
    let service = app.service("API Access", OrgRole::Member, &[]);
    let agent = app.agent("Release notes", OrgRole::Member, &[]);
    let off = app.person("off", OrgRole::Member, &[]);
    app.sql(&format!("UPDATE users SET disabled_at = 1 WHERE id = {off}")).unwrap();
    let invited = app.person("invited", OrgRole::Member, &[]);
    app.sql(&format!("UPDATE users SET password_hash = NULL WHERE id = {invited}")).unwrap();
    let dummy = |id: UserId| app.db.texts(&format!("SELECT email AS t FROM users WHERE id = {id}")).remove(0);
    vec![
        ("nobody".into(), None),
        ("nobody@example.com".into(), None),
        ("api_access@service".into(), machine),
        (dummy(service), machine),
        (dummy(agent), machine),
        ("off".into(), Some("the account is disabled")),
        ("off@example.com".into(), Some("the account is disabled")),
        ("invited".into(), Some("the account has no password yet")),
    ]
}

/// All that an answer tells, but when it was given.
fn told(answer: &Html) -> (u16, Option<String>, Vec<(String, String)>, String) {
    let headers = answer.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let mut headers: Vec<_> = headers.filter(|(name, _)| name != "date").collect();
    headers.sort_unstable();
    (answer.status, answer.location.clone(), headers, answer.body.clone())
}

both_with_mail! {
    async fn a_link_comes_by_mail_and_sets_the_password(app, post) {
        app.make_admin("ada");
        app.person("jonas", OrgRole::Member, &[]);
        assert!(post.next().link(&app.url).starts_with("/invitation/"));
        let mut jonas = app.log_in("jonas").await;
        let mut visitor = app.visitor();
        assert_eq!(visitor.get("/login").await.count("a[href=\"/forgotten\"]"), 1);
        assert!(visitor.post("/forgotten", &[("login", "  ")]).await.error("login").is_some());
        let page = visitor.submit("/forgotten", &[("login", "JONAS@example.com")]).await;
        assert!(page.has("Look into your mail"), "{}", page.text());
        let mail = post.next();
        assert_eq!((mail.to(), mail.subject()), ("jonas@example.com", "Choose a new password for Latchkey"));
        assert!(mail.text().contains("jonas") && mail.text().contains("do nothing"), "{}", mail.text());
        let path = mail.link(&app.url);
        assert!(visitor.get(&path).await.has("jonas"));
        assert_eq!(jonas.get("/account").await.status, 200, "nothing has changed yet");
        assert_eq!(visitor.post(&path, &[("password", OTHER)]).await.status, 303);
        assert_eq!(jonas.get("/account").await.status, 303, "all sessions have ended");
        assert_eq!(visitor.post("/login", &[("login", "jonas"), ("password", OTHER)]).await.status, 303);
        let dead = app.visitor().get(&path).await;
        assert!(dead.status == 404 && dead.has("ask for a new link there"), "{}", dead.text());
        let notice = post.next();
        assert_eq!((notice.to(), notice.subject()), ("jonas@example.com", "Your Latchkey password was changed"));
        let noted = app.mails_noted(3).await;
        assert!(noted.iter().all(|line| line.starts_with("mail.send done jonas")), "{noted:?}");
        let entries = app.audit().join("\n");
        assert!(entries.contains("user.forgotten done jonas") && !entries.contains(path.rsplit('/').next().unwrap()), "{entries}");
        app.assert_chain();
    }

    async fn who_is_not_mailed_gets_the_same_answer(app, post) {
        app.make_admin("ada");
        let others = without_mail(&app);
        assert_eq!([post.next(), post.next()].map(|mail| mail.to().to_owned()), ["off@example.com", "invited@example.com"]);
        let right = told(&app.visitor().post("/forgotten", &[("login", "ada")]).await);
        assert_eq!(post.next().to(), "ada@example.com");
        assert_eq!((right.0, right.1.as_deref()), (303, Some("/forgotten?sent=1")));
        for (login, _) in &others {
            assert_eq!(told(&app.visitor().post("/forgotten", &[("login", login)]).await), right, "{login}");
        }
        let links = app.number("SELECT COUNT(*) AS n FROM links");
        for (login, reason) in &others {
            ask(&app, login);
            let entries = app.audit();
            let refused = |line: &&String| line.starts_with("user.forgotten refused") && reason.is_some_and(|why| line.ends_with(why));
            assert_eq!(entries.iter().find(refused).is_some(), reason.is_some(), "{login}: {entries:?}");
            assert!(!entries.join("\n").contains("nobody"), "what names nobody is not written down");
        }
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM links"), links);
        ask(&app, "ada");
        assert_eq!(post.next().to(), "ada@example.com", "the next mail is hers, so nobody else was mailed");
        assert_eq!(app.mails_noted(4).await.len(), 4);
        post.assert_empty();
    }

    async fn the_answer_waits_for_nothing_that_depends_on_who_it_is(app, post) {
        app.make_admin("ada");
        // Nobody can write now, so that nothing can come of it before the answer.
        let held = app.db.hold_writer();
        for login in ["ada", "nobody"] {
            assert_eq!(app.visitor().post("/forgotten", &[("login", login)]).await.status, 303);
        }
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM links"), 0);
        drop(held);
        assert_eq!(post.next().to(), "ada@example.com");
    }

    async fn nobodys_mailbox_is_filled(app, post) {
        app.make_admin("ada");
        app.service("API Access", OrgRole::Member, &[]);
        for _ in 0..10 {
            ask(&app, "ada");
            ask(&app, "ada@example.com");
            ask(&app, "api_access@service");
        }
        let links = || app.number("SELECT COUNT(*) AS n FROM links");
        assert_eq!((app.mails_noted(3).await.len(), links()), (3, 1));
        let noted = |what: &str| app.audit().iter().filter(|line| line.starts_with(what)).count();
        assert_eq!((noted("user.forgotten done"), noted("user.forgotten refused")), (3, 3), "nor is the audit log");
        let [_, _, last] = [(); 3].map(|()| post.next().link(&app.url));
        assert_eq!(app.visitor().get(&last).await.status, 200, "the last one mailed is the one that works");
        app.clock.advance(Duration::minutes(61));
        ask(&app, "ada");
        assert_eq!(post.next().to(), "ada@example.com");
        assert_eq!(app.mails_noted(4).await.len(), 4);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM reset_asks"), 1, "what is over is forgotten");
    }

    async fn who_asks_too_often_is_told_so_in_the_same_words(app, post) {
        app.make_admin("ada");
        let mut told = Vec::new();
        for login in ["ada", "nobody"] {
            for _ in 0..3 {
                assert_eq!(app.visitor().post("/forgotten", &[("login", login)]).await.status, 303);
            }
            let over = app.visitor().post("/forgotten", &[("login", login)]).await;
            assert_eq!((over.status, over.headers.contains_key("retry-after")), (429, true), "{}", over.text());
            told.push(over.inner("[role=alert]").unwrap());
        }
        assert_eq!(told[0], told[1]);
        assert_eq!(app.mails_noted(3).await.len(), 3);
        assert!((0..3).all(|_| post.next().to() == "ada@example.com"));
    }

    async fn asking_ends_no_link_of_an_administrators(app, post) {
        let mut ada = app.admin().await;
        let id = app.person("jonas", OrgRole::Member, &[]);
        post.next();
        let made = ada.post(&format!("/users/{id}/link"), &[]).await.link("reset");
        assert_eq!(post.next().link(&app.url), made);
        ask(&app, "jonas");
        let first = post.next().link(&app.url);
        ask(&app, "jonas");
        let second = post.next().link(&app.url);
        for (path, status, which) in [(&made, 200, "made by an administrator"), (&first, 404, "asked for"), (&second, 200, "asked for again")] {
            assert_eq!(app.visitor().get(path).await.status, status, "{which}");
        }
        assert_eq!(app.visitor().post(&second, &[("password", OTHER)]).await.status, 303);
        assert_eq!(app.visitor().get(&made).await.status, 404, "using one ends them all");
    }

    async fn what_was_asked_for_ends_when_the_account_grows(app, post) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        let id = app.person("jonas", OrgRole::Member, &[]);
        post.next();
        ask(&app, "jonas");
        let path = post.next().link(&app.url);
        let fields = [("kind", "person"), ("user", &*id.to_string()), ("role", "Viewer")];
        ada.submit(&format!("/teams/{team}/members/new"), &fields).await;
        assert_eq!(app.visitor().get(&path).await.status, 404);
        ask(&app, "jonas");
        let path = post.next().link(&app.url);
        app.write(|cx| latchkey::service::members::set(cx, team, id, RoleId::OWNER).map(drop));
        assert_eq!(app.visitor().get(&path).await.status, 404, "by the command line as well");
    }
}

both! {
    async fn without_mail_an_administrator_is_asked(app) {
        app.make_admin("ada");
        let mut visitor = app.visitor();
        let page = visitor.get("/login").await;
        assert!(page.has("Ask an administrator for a reset link") && page.count("a[href=\"/forgotten\"]") == 0);
        assert_eq!(visitor.get("/forgotten").await.status, 404);
        assert_eq!(visitor.post("/forgotten", &[("login", "ada")]).await.status, 404);
        assert!(forgotten::ask(&app.app, &Caller::nobody(Origin::default()), "ada").is_err());
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM links"), 0);
    }
}

#[tokio::test]
async fn a_mailed_link_keeps_to_the_portals_own_address() {
    let post = PostOffice::open();
    let app = TestApp::with(Flavour::Sqlite, |config| {
        post.settings(config);
        config.public_url = Some("https://keys.example.com".parse().unwrap());
    })
    .await;
    app.make_admin("ada");
    let mut visitor = crate::support::Browser::new(&format!("http://{}", app.app.config.listen));
    let request = visitor.request(reqwest::Method::POST, "/forgotten").header("sec-fetch-site", "same-origin");
    let request = request.header("host", "evil.example").header("x-forwarded-host", "evil.example");
    assert_eq!(visitor.send(request.form(&[("login", "ada")])).await.status, 303);
    let mail = post.next();
    assert!(mail.link("https://keys.example.com").starts_with("/reset/"));
    assert!(![mail.text(), mail.html(), mail.header("message-id")].concat().contains("evil"), "{}", mail.text());
    assert!(mail.header("message-id").ends_with("@keys.example.com>"), "{}", mail.header("message-id"));
    assert_eq!(visitor.post("/login", &[("login", "ada"), ("password", PASSWORD)]).await.status, 303);
}
