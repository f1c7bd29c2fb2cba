//! `/api/v1/me`.

use latchkey::model::ids::RoleId;
use latchkey::model::roles::OrgRole;
use serde_json::json;

both! {
    async fn any_effective_scope_tells_who_one_is(app) {
        let team = app.team("Platform");
        let id = app.service("Deployer", OrgRole::Editor, &[(team, RoleId::VIEWER)]);
        let token = app.token(id, "teams:read settings:read");
        let me = app.api(&token).get("/api/v1/me").await;
        assert_eq!(me.status, 200, "{}", me.body);
        let (user, about) = (&me.body["user"], &me.body["token"]);
        assert_eq!((&user["user_id"], &user["teams"]), (&json!("deployer@service"), &json!(["Public", "Platform"])));
        assert_eq!((&about["scopes"], &about["effective_scopes"]), (&json!(["teams:read", "settings:read"]), &json!(["teams:read"])));
        assert_eq!((&about["type"], &about["state"], &about["global_admin"]), (&json!("Service"), &json!("active"), &json!(false)));
        assert!(about["hint"].as_str().unwrap().starts_with("lk_svc_…"));
        assert!(!me.body.to_string().contains(&token));
        assert!(about.get("token").is_none());
    }

    async fn a_global_admin_token_says_so(app) {
        let me = app.root_api().get("/api/v1/me").await;
        assert_eq!((me.status, &me.body["token"]["global_admin"]), (200, &json!(true)));
        let effective = me.body["token"]["effective_scopes"].as_array().unwrap();
        assert!(effective.contains(&json!("settings:update")) && me.body["token"]["scopes"] == json!([]));
    }

    async fn a_person_without_teams_reads_their_own(app) {
        let jonas = app.person("jonas", OrgRole::Member, &[]);
        let api = app.api(&app.token(jonas, "self:read"));
        let me = api.get("/api/v1/me").await;
        assert_eq!((me.status, &me.body["token"]["effective_scopes"]), (200, &json!(["self:read"])));
        assert_eq!(me.body["user"]["email"], "jonas@example.com");
        assert_eq!(api.get(&format!("/api/v1/users/{jonas}")).await.status, 200);
    }
}
