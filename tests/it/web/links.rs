//! Invitation and reset links, and how somebody might misuse one.

use latchkey::model::ids::{RoleId, UserId};
use latchkey::model::permissions::PermissionSet;
use latchkey::model::roles::OrgRole;
use latchkey::service::{Caller, Credential, links};
use reqwest::Method;
use time::Duration;

use crate::support::{Browser, Flavour, PASSWORD, TestApp};

const OTHER: &str = "another harbour of plums";
const SUNITA: [(&str, &str); 4] =
    [("username", "sunita"), ("display_name", "Sunita Nair"), ("email", "sunita@example.com"), ("role", "Member")];

/// A reset link for this person.
async fn reset_link(admin: &mut Browser, id: UserId) -> String {
    admin.post(&format!("/users/{id}/link"), &[]).await.link("reset")
}

/// That `path` opens nothing and sets no password.
async fn assert_dead(app: &TestApp, path: &str, why: &str) {
    let passwords = || app.db.texts("SELECT COALESCE(password_hash, '-') AS t FROM users ORDER BY id");
    let before = passwords();
    let opened = app.visitor().get(path).await;
    assert_eq!(opened.status, 404, "{why}: {}", opened.text());
    assert_eq!(app.visitor().post(path, &[("password", OTHER)]).await.status, 404, "{why}");
    assert_eq!(passwords(), before, "{why}");
}

both! {
    async fn an_invitation_is_used_by_its_form_once(app) {
        let mut ada = app.admin().await;
        let answer = ada.post("/users/new", &SUNITA).await;
        assert!(answer.has("Nothing was mailed"), "{}", answer.text());
        let path = answer.link("invitation");
        let mut sunita = app.visitor();
        for _ in 0..2 {
            assert!(sunita.get(&path).await.has("sunita"), "opening it does not use it up");
        }
        assert_eq!(sunita.post(&path, &[("password", "short")]).await.status, 422, "nor does a form that is refused");
        assert_eq!(sunita.post(&path, &[("password", PASSWORD)]).await.status, 303);
        assert_dead(&app, &path, "it was used").await;
        app.log_in("sunita").await;
        app.log_in("SUNITA@example.com").await;
    }

    async fn a_reset_link_is_used_by_its_form_once_and_ends_sessions(app) {
        let mut ada = app.admin().await;
        let id = app.person("jonas", OrgRole::Member, &[]);
        let mut jonas = app.log_in("jonas").await;
        let path = reset_link(&mut ada, id).await;
        for _ in 0..2 {
            assert!(app.visitor().get(&path).await.has("jonas"), "opening it does not use it up");
        }
        assert_eq!(jonas.get("/account").await.status, 200, "nor does it end anything");
        assert_eq!(app.visitor().post(&path, &[("password", OTHER)]).await.status, 303);
        assert_eq!(jonas.get("/account").await.status, 303, "using it ended all sessions");
        assert_dead(&app, &path, "it was used").await;
        assert_eq!(app.visitor().post("/login", &[("login", "jonas"), ("password", OTHER)]).await.status, 303);
    }

    async fn a_link_grows_old(app) {
        let mut ada = app.admin().await;
        let id = app.person("jonas", OrgRole::Member, &[]);
        let invitation = ada.post("/users/new", &SUNITA).await.link("invitation");
        let reset = reset_link(&mut ada, id).await;
        app.clock.advance(Duration::hours(24) - Duration::seconds(1));
        assert_eq!(app.visitor().get(&reset).await.status, 200);
        app.clock.advance(Duration::seconds(1));
        assert_dead(&app, &reset, "a reset link is good for 24 hours").await;
        app.clock.advance(Duration::hours(48) - Duration::seconds(1));
        assert_eq!(app.visitor().get(&invitation).await.status, 200);
        app.clock.advance(Duration::seconds(1));
        assert_dead(&app, &invitation, "an invitation is good for 72 hours").await;
    }

    async fn a_link_is_replaced_by_a_newer_one(app) {
        let mut ada = app.admin().await;
        let id = app.person("jonas", OrgRole::Member, &[]);
        let (first, second) = (reset_link(&mut ada, id).await, reset_link(&mut ada, id).await);
        assert_dead(&app, &first, "the second replaced it").await;
        assert_eq!(app.visitor().get(&second).await.status, 200);
        let first = ada.post("/users/new", &SUNITA).await.link("invitation");
        let sunita = app.number("SELECT id AS n FROM users WHERE username = 'sunita'");
        let second = ada.post(&format!("/users/{sunita}/link"), &[]).await.link("invitation");
        assert_dead(&app, &first, "the second replaced it").await;
        assert_eq!(app.visitor().get(&second).await.status, 200);
    }

    async fn a_link_is_good_for_one_purpose(app) {
        let mut ada = app.admin().await;
        let id = app.person("jonas", OrgRole::Member, &[]);
        let invitation = ada.post("/users/new", &SUNITA).await.link("invitation");
        let reset = reset_link(&mut ada, id).await;
        for (path, purpose, others) in [(&invitation, "invitation", ["reset", "setup"]), (&reset, "reset", ["invitation", "setup"])] {
            for other in others {
                assert_dead(&app, &path.replacen(purpose, other, 1), other).await;
            }
            assert_dead(&app, &path.to_uppercase().replace(&purpose.to_uppercase(), purpose), "another secret").await;
            assert_dead(&app, &path[..path.len() - 1], "a secret cut short").await;
            assert_eq!(app.visitor().get(path).await.status, 200, "and it is none the worse for it");
        }
    }

    async fn nobody_hands_out_a_link_for_someone_stronger(app) {
        let ada = app.make_admin("ada");
        let team = app.team("Platform");
        let max = app.person("max", OrgRole::Manager, &[]);
        let editor = app.person("edith", OrgRole::Editor, &[(team, RoleId::OWNER)]);
        let mut browser = app.log_in("max").await;
        assert_eq!(browser.post(&format!("/users/{ada}/link"), &[]).await.status, 403);
        assert_eq!(browser.post(&format!("/users/{editor}/link"), &[]).await.status, 200);
        let mut edith = app.log_in("edith").await;
        for stronger in [ada, max] {
            assert_eq!(edith.post(&format!("/users/{stronger}/link"), &[]).await.status, 403);
        }
        // Of a token only what it holds counts: it may change people, and holds less than they do.
        let try_by = |scopes: &str| {
            let caller = Caller::new(Credential::Bearer(latchkey::base::secret::Secret::new(app.token(max, scopes))), Default::default());
            app.app.write(&caller, |cx| links::issue_for(cx, editor)).map(drop)
        };
        let weak = try_by("users:read users:update");
        assert!(matches!(weak, Err(latchkey::model::Error::Forbidden(_))), "{weak:?}");
        assert!(try_by(&PermissionSet::everything().to_string()).is_ok());
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM links WHERE user_id <> {editor}")), 0);
    }

    async fn a_link_does_not_open_an_account_that_is_switched_off(app) {
        let mut ada = app.admin().await;
        let id = app.person("jonas", OrgRole::Member, &[]);
        let path = reset_link(&mut ada, id).await;
        // Past the program, so that the link itself is still there.
        app.sql(&format!("UPDATE users SET disabled_at = 1 WHERE id = {id}")).unwrap();
        assert_dead(&app, &path, "the account is disabled").await;
        let entries = app.audit();
        assert!(entries.contains(&"user.reset_password refused jonas the account is disabled".to_owned()), "{entries:?}");
        app.sql(&format!("UPDATE users SET disabled_at = NULL WHERE id = {id}")).unwrap();
        assert_eq!(app.visitor().get(&path).await.status, 200);
        ada.submit(&format!("/users/{id}/disable"), &[]).await;
        ada.submit(&format!("/users/{id}/enable"), &[]).await;
        assert_dead(&app, &path, "disabling ended it, and enabling does not bring it back").await;
    }

    async fn a_link_does_not_outlive_a_change_of_address(app) {
        let mut ada = app.admin().await;
        let id = app.person("jonas", OrgRole::Member, &[]);
        let path = reset_link(&mut ada, id).await;
        let version = ada.get(&format!("/users/{id}")).await.value("version");
        let fields = [("version", version.as_str()), ("email", "jonas@example.org")];
        let saved = ada.submit(&format!("/users/{id}"), &fields).await;
        assert!(saved.has("made before no longer work"), "{}", saved.text());
        assert_dead(&app, &path, "the address was changed").await;
        let path = reset_link(&mut ada, id).await;
        let version = saved.value("version");
        ada.submit(&format!("/users/{id}"), &[("version", version.as_str()), ("display_name", "Jonas L")]).await;
        assert_eq!(app.visitor().get(&path).await.status, 200, "a name is no address");
    }
}

/// A request as from a page of the portal, under a name that is not its own.
fn forged(browser: &Browser, method: Method, path: &str) -> reqwest::RequestBuilder {
    let request = browser.request(method, path).header("sec-fetch-site", "same-origin");
    let request = request.header("host", "evil.example").header("x-forwarded-host", "evil.example");
    request.header("forwarded", "host=evil.example;proto=https").header("x-forwarded-proto", "https")
}

#[tokio::test]
async fn a_forged_host_is_in_no_link_redirect_or_cookie() {
    let app = TestApp::with(Flavour::Sqlite, |config| {
        config.public_url = Some("https://keys.example.com".parse().unwrap());
    })
    .await;
    app.make_admin("ada");
    let id = app.person("jonas", OrgRole::Member, &[]);
    let mut ada = Browser::new(&format!("http://{}", app.app.config.listen));
    let steps = [
        (Method::GET, "/users".to_owned(), vec![]),
        (Method::GET, "/login".to_owned(), vec![]),
        (
            Method::POST,
            "/login".to_owned(),
            vec![("login", "ada"), ("password", PASSWORD), ("back", "//evil.example/")],
        ),
        (Method::POST, "/users/new".to_owned(), SUNITA.to_vec()),
        (Method::POST, format!("/users/{id}/link"), vec![]),
        (Method::POST, "/teams/new".to_owned(), vec![("name", "Platform")]),
        (Method::GET, "/nowhere".to_owned(), vec![]),
        (Method::POST, "/logout".to_owned(), vec![]),
    ];
    let mut shown = Vec::new();
    for (method, path, fields) in steps {
        let request = forged(&ada, method.clone(), &path);
        let request = if method == Method::POST { request.form(&fields) } else { request };
        let answer = ada.send(request).await;
        assert!(answer.status < 500 && !answer.body.contains("evil.example"), "{path}: {}", answer.text());
        for (name, value) in &answer.headers {
            assert!(!value.to_str().unwrap().contains("evil"), "{path}: {name}: {value:?}");
        }
        if let Some(target) = &answer.location {
            assert!(target.starts_with('/') && !target.starts_with("//"), "{path}: {target}");
        }
        let cookie = answer.headers.get("set-cookie").map_or("", |value| value.to_str().unwrap());
        assert!(!cookie.to_lowercase().contains("domain="), "{path}: {cookie}");
        shown.extend(answer.inner("#secret"));
    }
    assert_eq!(shown.len(), 2);
    for (link, purpose) in shown.iter().zip(["invitation", "reset"]) {
        assert!(link.starts_with(&format!("https://keys.example.com/{purpose}/")), "{link}");
    }
}
