//! Tokens that nobody uses.

use latchkey::service::{jobs, tokens};
use serde_json::{Value, json};
use time::Duration;

use super::{service, set};

both! {
    async fn s4_a_dormant_token_is_suspended_once_by_the_daily_job(app) {
        let root = app.root_api();
        let user = service(&app);
        let (idle, used) = (app.token(user, "teams:read"), app.token(user, "teams:read"));
        let path = format!("/api/v1/users/{user}/tokens/{}", app.last_token(user).0 - 1);
        set(&root, json!({ "dormant_days": 30 })).await;
        app.clock.advance(Duration::days(20));
        assert_eq!((app.api(&used).get("/api/v1/me").await.status, root.get("/api/v1/me").await.status), (200, 200));
        jobs::daily(&app.app);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM tokens WHERE suspended_at IS NOT NULL"), 0, "not yet");
        app.clock.advance(Duration::days(11));
        jobs::daily(&app.app);
        jobs::daily(&app.app);
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM audit WHERE action = 'token.suspend' AND actor_kind = 'system' AND target_id = {user}")), 1, "a second run finds nothing");
        assert_eq!((app.api(&idle).get("/api/v1/me").await.status, app.api(&used).get("/api/v1/me").await.status), (401, 200));
        let told = root.get(&path).await.body;
        assert_eq!((&told["state"], &told["suspended_for"]), (&json!("suspended"), &json!("dormancy")), "{told}");
        app.make_admin("ada");
        let mut ada = app.log_in("ada").await;
        let page = ada.get(&path.replace("/api/v1", "")).await;
        assert!(page.has("nobody used it"), "{}", page.text());
        assert_eq!(root.post(&format!("{path}/resume"), Value::Null).await.status, 200);
        jobs::daily(&app.app);
        assert_eq!(app.api(&idle).get("/api/v1/me").await.status, 200, "who was woken is not put to sleep the next day");
        assert_eq!(root.get(&path).await.body["suspended_for"], json!(null));
        app.assert_chain();
    }

    async fn s4_nothing_is_suspended_where_policy_says_no_number(app) {
        let user = service(&app);
        app.token(user, "teams:read");
        app.clock.advance(Duration::days(80));
        jobs::daily(&app.app);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM tokens WHERE suspended_at IS NOT NULL"), 0);
        let dormant = app.root_api().get("/api/v1/tokens?usage=dormant").await;
        assert_eq!(dormant.body["items"], json!([]), "less than the 90 days that count where nothing is set");
    }

    async fn s4_a_rotation_wakes_and_many_are_suspended_in_one_run(app) {
        let root = app.root_api();
        let user = service(&app);
        for _ in 0..3 {
            app.token(user, "teams:read");
        }
        let last = app.last_token(user);
        app.sql("UPDATE tokens SET expires_at = NULL").unwrap();
        let sql = |n: i64| format!(
            "INSERT INTO tokens (uuid, user_id, name, name_key, description, kind, global_admin, scopes, limited, hint, created_by, created_at, version, active_at) \
             VALUES ('01900000-0000-7000-8000-{n:012}', {user}, 'bulk {n}', 'bulk {n}', '', 'Service', FALSE, '', FALSE, '', '', 0, 1, 1)"
        );
        for n in 0..450 {
            app.sql(&sql(n)).unwrap();
        }
        app.clock.advance(Duration::days(40));
        app.write(|cx| tokens::rotate(cx, user, last, &tokens::Rotate { version: None, overlap: latchkey::model::tokens::Overlap::None, form_key: None }));
        set(&root, json!({ "dormant_days": 30 })).await;
        jobs::daily(&app.app);
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM tokens WHERE suspended_at IS NULL AND user_id = {user}")), 1, "all but the one that was rotated");
    }
}
