//! Setup, log-in, passwords, and sessions.

use latchkey::base::secret::Secret;
use latchkey::model::roles::OrgRole;
use latchkey::service::setup;
use time::Duration;

use crate::support::{PASSWORD, TestApp};

const ADMIN: [(&str, &str); 4] =
    [("username", "mara"), ("display_name", "Mara Ruiz"), ("email", "mara@example.com"), ("password", PASSWORD)];

fn setup_path(app: &TestApp) -> String {
    let secret: Secret = setup::link(&app.app).unwrap().unwrap();
    format!("/setup/{}", secret.reveal())
}

both! {
    async fn the_setup_link_makes_the_first_admin_and_dies(app) {
        let (path, other) = (setup_path(&app), setup_path(&app));
        let mut visitor = app.visitor();
        assert_eq!(visitor.get("/setup/nonsense").await.status, 404);
        assert_eq!(visitor.get(&path).await.status, 200);
        assert_eq!(visitor.get(&path).await.status, 200, "looking does not use it up");
        let mut weak = ADMIN;
        weak[3].1 = "password1234";
        let answer = visitor.post(&path, &weak).await;
        assert_eq!((answer.status, answer.value("username").as_str()), (422, "mara"), "what was typed stays");
        assert!(answer.error("password").is_some() && !answer.body.contains("password1234"));
        let home = visitor.submit(&path, &ADMIN).await;
        assert_eq!(home.status, 200, "and is logged in: {}", home.text());
        for dead in [&path, &other] {
            assert_eq!(app.visitor().get(dead).await.status, 404);
            assert_eq!(app.visitor().post(dead, &ADMIN).await.status, 404);
        }
        assert!(setup::link(&app.app).unwrap().is_none());
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users"), 1);
    }

    async fn two_claims_at_once_make_one_admin(app) {
        let path = setup_path(&app);
        let claims = (0..4).map(|n| {
            let (mut visitor, path) = (app.visitor(), path.clone());
            tokio::spawn(async move {
                let (name, mail) = (format!("mara{n}"), format!("mara{n}@example.com"));
                visitor.post(&path, &[("username", &name), ("display_name", &name), ("email", &mail), ("password", PASSWORD)]).await.status
            })
        });
        let mut statuses = Vec::new();
        for claim in claims.collect::<Vec<_>>() {
            statuses.push(claim.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 404, 404, 404]);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users"), 1);
    }

    async fn every_failed_log_in_looks_the_same_and_says_why_in_the_log(app) {
        app.make_admin("ada");
        let off = app.person("jonas", OrgRole::Member, &[]);
        app.sql(&format!("UPDATE users SET disabled_at = 1 WHERE id = {off}")).unwrap();
        let mut told = Vec::new();
        for (login, password) in [("ada", "wrong wrong wrong"), ("jonas", PASSWORD), ("nobody", PASSWORD), ("", "")] {
            let answer = app.visitor().post("/login", &[("login", login), ("password", password)]).await;
            assert_eq!((answer.status, answer.value("login").as_str()), (401, login), "what was typed stays");
            told.push(answer.inner("[role=alert]").unwrap());
        }
        told.dedup();
        assert_eq!(told.len(), 1, "{told:?}");
        let entries = app.audit().join("\n");
        for reason in ["the password was wrong", "the account is disabled", "there is no such account"] {
            assert!(entries.contains(reason), "{reason} in {entries}");
        }
        assert!(!entries.contains(PASSWORD));
    }

    async fn a_session_ends_when_idle_and_after_its_time(app) {
        let mut ada = app.admin().await;
        for _ in 0..3 {
            app.clock.advance(Duration::minutes(119));
            assert_eq!(ada.get("/account").await.status, 200, "each request keeps it");
        }
        app.clock.advance(Duration::minutes(121));
        assert_eq!(ada.get("/account").await.status, 303);
        let mut ada = app.log_in("ada").await;
        for _ in 0..85 {
            app.clock.advance(Duration::minutes(118));
            ada.get("/account").await;
        }
        app.clock.advance(Duration::minutes(60));
        assert_eq!(ada.get("/account").await.status, 303, "a week is over");
    }

    async fn log_in_gives_a_new_id_and_log_out_ends_it(app) {
        let mut ada = app.admin().await;
        let first = ada.cookie().unwrap().to_owned();
        assert_eq!(ada.post("/login", &[("login", "ada"), ("password", PASSWORD)]).await.status, 303);
        assert_ne!(ada.cookie().unwrap(), first);
        let mut old = app.visitor();
        old.set_cookie(&first);
        assert_eq!(old.get("/account").await.status, 303, "the old id is dead");
        let second = ada.cookie().unwrap().to_owned();
        assert_eq!(ada.post("/logout", &[]).await.status, 303);
        let mut stolen = app.visitor();
        stolen.set_cookie(&second);
        assert_eq!(stolen.get("/account").await.status, 303);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM sessions"), 0);
    }

    async fn one_sees_and_ends_ones_own_sessions(app) {
        let mut ada = app.admin().await;
        let (mut phone, mut tablet) = (app.log_in("ada").await, app.log_in("ada").await);
        let page = ada.get("/account/sessions").await;
        assert_eq!(page.count("form[action=\"/account/sessions/end\"]"), 2, "{}", page.text());
        let oldest = app.number("SELECT MIN(id) + 1 AS n FROM sessions");
        ada.submit("/account/sessions/end", &[("id", &oldest.to_string())]).await;
        assert_eq!(phone.get("/account").await.status, 303);
        assert_eq!(tablet.get("/account").await.status, 200);
        ada.submit("/account/sessions/end-others", &[]).await;
        assert_eq!(tablet.get("/account").await.status, 303);
        assert_eq!(ada.get("/account").await.status, 200);
        app.person("jonas", OrgRole::Member, &[]);
        let mut jonas = app.log_in("jonas").await;
        let hers = app.number("SELECT MIN(id) AS n FROM sessions").to_string();
        assert_eq!(jonas.post("/account/sessions/end", &[("id", &hers)]).await.status, 404);
        assert_eq!(ada.get("/account").await.status, 200, "nobody ends another's");
    }

    async fn changing_the_password_ends_the_other_sessions(app) {
        let mut ada = app.admin().await;
        let mut phone = app.log_in("ada").await;
        let wrong = [("current_password", "wrong wrong wrong"), ("password", "another harbour of plums")];
        assert!(ada.post("/account/password", &wrong).await.error("current_password").is_some());
        let weak = [("current_password", PASSWORD), ("password", "ada@example.com")];
        assert!(ada.post("/account/password", &weak).await.error("password").is_some());
        ada.submit("/account/password", &[("current_password", PASSWORD), ("password", "another harbour of plums")]).await;
        assert_eq!(phone.get("/account").await.status, 303);
        assert_eq!(ada.get("/account").await.status, 200);
        let mut again = app.visitor();
        assert_eq!(again.post("/login", &[("login", "ada"), ("password", PASSWORD)]).await.status, 401);
    }

    async fn only_hashes_of_session_ids_and_links_are_kept(app) {
        let mut ada = app.admin().await;
        let id = app.person("jonas", OrgRole::Member, &[]);
        let link = ada.post(&format!("/users/{id}/link"), &[]).await.link("reset");
        let secret = link.rsplit('/').next().unwrap();
        let cookie = ada.cookie().unwrap();
        let key = cookie.rsplit(['=', '%']).next().unwrap();
        for needle in [secret, &key[key.len() - 30..]] {
            for (table, column) in [("links", "secret_hash"), ("sessions", "key_hash")] {
                let cast = if app.db.url().is_some() { format!("encode({column}, 'escape')") } else { format!("CAST({column} AS TEXT)") };
                assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM {table} WHERE {cast} LIKE '%{needle}%'")), 0);
            }
        }
    }
}

#[tokio::test]
async fn the_cookies_are_locked_down() {
    let app = TestApp::with(crate::support::Flavour::Sqlite, |config| {
        config.public_url = Some("https://keys.example.com".parse().unwrap());
    })
    .await;
    app.make_admin("ada");
    let mut visitor = crate::support::Browser::new(&format!("http://{}", app.app.config.listen));
    let answer = visitor.post("/login", &[("login", "ada"), ("password", PASSWORD)]).await;
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    for name in ["__Host-latchkey=", "__Host-latchkey_browser="] {
        let cookie = cookies.iter().find(|cookie| cookie.starts_with(name)).unwrap();
        for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(part), "{part} in {cookie}");
        }
        assert!(!cookie.contains("Domain"));
    }
    assert!(answer.headers.contains_key("strict-transport-security"));
}

#[tokio::test]
async fn every_answer_carries_its_security_headers() {
    let app = TestApp::start(crate::support::Flavour::Sqlite).await;
    for path in ["/login", "/nowhere", "/api/v1/me", "/api/nowhere", "/healthz"] {
        let answer = app.visitor().get(path).await;
        let policy = answer.headers.get("content-security-policy").unwrap().to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        for (name, value) in
            [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("cache-control", "no-store")]
        {
            assert_eq!(answer.headers.get(name).unwrap(), value, "{path}");
        }
    }
}
