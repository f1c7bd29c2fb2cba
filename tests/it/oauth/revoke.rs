//! `POST /oauth/revoke` (RFC 7009).

use latchkey::model::ids::RoleId;
use latchkey::model::roles::OrgRole;
use serde_json::json;

use super::{Scene, Told};

const PATH: &str = "/oauth/revoke";

both! {
    async fn s10_rfc7009_2_an_application_ends_a_token_that_it_was_shown(app) {
        let scene = Scene::new(&app);
        let (id, secret) = (scene.client_id(scene.reports), scene.secret(scene.reports));
        assert_eq!(scene.verify(&scene.token).await.status, 200);
        let told = Told::of(scene.form(PATH, &[("token", &scene.token)]).basic_auth(&id, Some(&secret))).await;
        assert_eq!((told.status, told.header("cache-control")), (200, "no-store"));
        assert_eq!(scene.verify(&scene.token).await.status, 401, "from the next check on");
        let again = Told::of(scene.form(PATH, &[("token", &scene.token)]).basic_auth(&id, Some(&secret))).await;
        assert_eq!(again.status, 200, "RFC 7009, section 2.2");
        let entry = "action = 'token.revoke' AND actor_kind = 'application' AND actor_name = 'The reports'";
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM audit WHERE {entry}")), 1, "once, and by whom");
        app.assert_chain();
    }

    async fn s10_rfc7009_2_1_no_application_ends_what_is_not_for_it(app) {
        let scene = Scene::new(&app);
        let (id, secret) = (scene.client_id(scene.reports), scene.secret(scene.reports));
        app.opened("billing", scene.team, &["read read"], &[scene.team]);
        let (other, portal) = (app.token(scene.job, "billing:read"), app.token(scene.job, "self:read"));
        for token in [&other, &portal, "nonsense", &secret] {
            let told = Told::of(scene.form(PATH, &[("token", token)]).basic_auth(&id, Some(&secret))).await;
            assert_eq!(told.status, 200, "and nothing is told of it");
        }
        assert_eq!(scene.verify_at("/auth/verify/billing", &other).await.status, 200);
        assert_eq!(app.api(&portal).get("/api/v1/me").await.status, 200);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM tokens WHERE revoked_at IS NOT NULL"), 0);
    }

    async fn s10_only_known_clients_end_tokens(app) {
        let scene = Scene::new(&app);
        let id = scene.client_id(scene.reports);
        scene.secret(scene.reports);
        let home = app.write(|cx| latchkey::service::applications::find(cx, scene.reports)).home;
        let viewer = app.service("Viewer", OrgRole::Member, &[(home, RoleId::VIEWER)]);
        let keeper = app.service("Keeper", OrgRole::Member, &[(home, RoleId::EDITOR)]);
        let form = || scene.form(PATH, &[("token", &scene.token), ("client_id", "reports")]);
        let told = Told::of(scene.form(PATH, &[("token", &scene.token)]).basic_auth(&id, Some(&scene.token))).await;
        assert_eq!((told.status, &told.body["error"]), (401, &json!("invalid_client")));
        let told = Told::of(form().bearer_auth(app.token(viewer, "applications:read"))).await;
        assert_eq!((told.status, &told.body["error"]), (403, &json!("insufficient_scope")));
        let told = Told::of(form().bearer_auth(app.token(keeper, "applications:read"))).await;
        assert_eq!(told.status, 403, "the account may, but not by this token");
        assert_eq!(scene.verify(&scene.token).await.status, 200);
        assert_eq!(Told::of(form().bearer_auth(app.token(keeper, "applications:read applications:update"))).await.status, 200);
        assert_eq!(scene.verify(&scene.token).await.status, 401);
    }
}
