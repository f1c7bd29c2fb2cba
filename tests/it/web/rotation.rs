//! Rotating, suspending and resuming tokens on their pages (section 4).

use latchkey::base::config::Config;
use latchkey::model::ids::{RoleId, UserId};
use latchkey::model::roles::OrgRole;
use time::Duration;

use crate::support::{Browser, Html, PASSWORD, TestApp};

fn service(app: &TestApp) -> (UserId, String, String) {
    let team = app.team("Platform");
    let user = app.service("Deployer", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
    let secret = app.token(user, "teams:read");
    (user, secret, format!("/users/{user}/tokens/{}", app.last_token(user)))
}

/// Answers the question of `act` as it was drawn.
async fn answer(browser: &mut Browser, path: &str, act: &str, more: &[(&str, &str)]) -> Html {
    let path = format!("{path}/{act}");
    let asked = browser.get(&path).await;
    assert_eq!(asked.status, 200, "{}", asked.text());
    let mut fields = asked.form(&format!("form[action='{path}']"));
    fields.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    let fields: Vec<_> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(more.iter().copied()).collect();
    browser.post(&path, &fields).await
}

async fn works(app: &TestApp, secret: &str) -> bool {
    app.api(secret).get("/api/v1/me").await.status == 200
}

fn end(app: &TestApp) -> i64 {
    app.number("SELECT COALESCE(MAX(expires_at), 0) AS n FROM tokens")
}

const DAY: i64 = 86_400_000_000;

fn ninety_days(config: &mut Config) {
    config.token_max_days = Some(90);
}

both! {
    async fn s4_a_new_secret_is_shown_once_and_both_are_told_apart(app) {
        let mut ada = app.admin().await;
        let (_, old, path) = service(&app);
        assert!(works(&app, &old).await);
        app.clock.advance(Duration::minutes(5));
        let page = ada.get(&path).await;
        assert_eq!((page.count("a[href$='/rotate']"), page.count("a[href$='/suspend']"), page.count("a[href$='/resume']")), (1, 1, 0));
        let shown = answer(&mut ada, &path, "rotate", &[("overlap", "1h")]).await;
        assert!(shown.status == 200 && shown.has("The old one works until 22 Nov 2026, 11:05 UTC"), "{}", shown.text());
        let new = shown.inner("#secret").unwrap();
        assert!(new != old && works(&app, &new).await && works(&app, &old).await);
        let page = ada.get(&path).await;
        assert!(page.has("Two secrets") && page.count("a[href$='/finish']") == 1 && !page.body.contains(&new), "{}", page.text());
        let done = answer(&mut ada, &path, "finish", &[]).await;
        assert_eq!(done.location.as_deref(), Some(path.as_str()), "{}", done.text());
        assert!(works(&app, &new).await && !works(&app, &old).await);
        let page = ada.get(&path).await;
        assert!(page.has("Last rotation") && page.count("a[href$='/finish']") == 0, "{}", page.text());
        assert_eq!(ada.get(&format!("{path}/finish")).await.status, 409);
        app.assert_chain();
    }

    async fn s4_a_rotation_sent_twice_rotates_once(app) {
        let mut ada = app.admin().await;
        let (.., path) = service(&app);
        let asked = ada.get(&format!("{path}/rotate")).await;
        let fields = asked.form(&format!("form[action='{path}/rotate']"));
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let rotate = format!("{path}/rotate");
        let first = ada.post(&rotate, &fields).await;
        let again = ada.submit(&rotate, &fields).await;
        assert!(again.has("rotated already") && again.inner("#secret").is_none(), "{}", again.text());
        assert!(works(&app, &first.inner("#secret").unwrap()).await);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM token_secrets"), 2);
    }

    async fn s4_what_somebody_else_changed_is_told_before_a_rotation(app) {
        let mut ada = app.admin().await;
        let (_, old, path) = service(&app);
        let asked = ada.get(&format!("{path}/rotate")).await;
        app.sql("UPDATE tokens SET version = version + 1").unwrap();
        let fields = asked.form(&format!("form[action='{path}/rotate']"));
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let stale = ada.post(&format!("{path}/rotate"), &fields).await;
        assert!(stale.status == 409 && stale.inner("#secret").is_none(), "{} {}", stale.status, stale.text());
        assert!(works(&app, &old).await);
        let nonsense = answer(&mut ada, &path, "rotate", &[("overlap", "forever")]).await;
        assert!(nonsense.status == 422 && nonsense.error("overlap").is_some(), "{}", nonsense.text());
    }

    async fn s4_in_the_portal_a_rotated_token_lives_as_long_again(app, ninety_days) {
        let mut ada = app.admin().await;
        let (.., path) = service(&app);
        let now = app.number("SELECT created_at AS n FROM tokens");
        app.sql(&format!("UPDATE tokens SET expires_at = {}", now + 60 * DAY)).unwrap();
        app.clock.advance(Duration::days(40));
        let mut ada_again = app.log_in("ada").await;
        answer(&mut ada_again, &path, "rotate", &[]).await;
        assert_eq!(end(&app), now + 100 * DAY, "60 days from the day of the rotation");
        app.clock.advance(Duration::days(10));
        let mut ada_again = app.log_in("ada").await;
        answer(&mut ada_again, &path, "rotate", &[]).await;
        assert_eq!(end(&app), now + 110 * DAY);
        app.sql(&format!("UPDATE tokens SET expires_at = {}", now + 900 * DAY)).unwrap();
        let asked = ada_again.get(&format!("{path}/rotate")).await;
        assert!(asked.has("expires in 90 days then"), "{}", asked.text());
        answer(&mut ada_again, &path, "rotate", &[]).await;
        assert_eq!(end(&app), now + 140 * DAY, "no longer than policy has it");
        app.sql("UPDATE tokens SET expires_at = NULL").unwrap();
        answer(&mut ada_again, &path, "rotate", &[]).await;
        assert_eq!(end(&app), now + 140 * DAY, "nor without end");
        assert_eq!(ada.get("/").await.status, 303, "her first session is over");
    }

    async fn s4_a_token_is_suspended_and_resumed(app) {
        let mut ada = app.admin().await;
        let (user, secret, path) = service(&app);
        answer(&mut ada, &path, "suspend", &[]).await;
        assert!(!works(&app, &secret).await);
        let page = ada.get(&path).await;
        assert!(page.has("Suspended") && page.has("The token is suspended."), "{}", page.text());
        assert_eq!((page.count("a[href$='/rotate']"), page.count("a[href$='/suspend']"), page.count("a[href$='/resume']")), (0, 0, 1));
        assert_eq!(ada.get(&format!("{path}/rotate")).await.status, 409);
        assert!(ada.get(&format!("/users/{user}/tokens")).await.has("Suspended"));
        assert!(ada.get(&format!("/users/{user}")).await.has("All its access tokens are suspended."));
        answer(&mut ada, &path, "resume", &[]).await;
        assert!(works(&app, &secret).await);
        assert!(ada.get(&format!("/users/{user}/activity")).await.has("Resumed a token of deployer@service"));
    }

    async fn s4_a_global_admin_token_is_rotated_by_an_admin_with_the_password(app) {
        let mut ada = app.admin().await;
        let team = app.team("Platform");
        let user = app.service("Backup", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        let secret = app.global_admin(user);
        let path = format!("/users/{user}/tokens/{}", app.last_token(user));
        app.person("max", OrgRole::Manager, &[]);
        let mut max = app.log_in("max").await;
        let page = max.get(&path).await;
        assert_eq!((page.count("a[href$='/rotate']"), page.count("a[href$='/suspend']")), (0, 1), "{}", page.text());
        assert_eq!(max.get(&format!("{path}/rotate")).await.status, 403);
        assert_eq!(max.post(&format!("{path}/rotate"), &[("overlap", "none"), ("version", "1"), ("form_key", "k")]).await.status, 403);
        answer(&mut max, &path, "suspend", &[]).await;
        assert_eq!(max.post(&format!("{path}/resume"), &[]).await.status, 403);
        assert!(!works(&app, &secret).await);
        app.clock.advance(Duration::minutes(11));
        for act in ["resume", "rotate"] {
            let refused = answer(&mut ada, &path, act, &[]).await;
            assert!(refused.status >= 400 && refused.error("password").is_some(), "{act}: {}", refused.text());
            app.clock.advance(Duration::minutes(11));
            let done = answer(&mut ada, &path, act, &[("password", PASSWORD)]).await;
            assert!(done.status == 303 || done.inner("#secret").is_some(), "{act}: {}", done.text());
            app.clock.advance(Duration::minutes(11));
        }
    }

    async fn s4_one_rotates_ones_own_tokens(app) {
        let jonas = app.person("jonas", OrgRole::Member, &[]);
        let old = app.token(jonas, "self:read");
        let path = format!("/account/tokens/{}", app.last_token(jonas));
        let mut jonas = app.log_in("jonas").await;
        let shown = answer(&mut jonas, &path, "rotate", &[("overlap", "none")]).await;
        assert!(works(&app, &shown.inner("#secret").unwrap()).await && !works(&app, &old).await);
        answer(&mut jonas, &path, "suspend", &[]).await;
        answer(&mut jonas, &path, "resume", &[]).await;
        assert!(works(&app, &shown.inner("#secret").unwrap()).await);
    }
}
