//! Many at once.

use latchkey::model::ids::RoleId;
use latchkey::model::roles::OrgRole;
use serde_json::json;

const CLIENTS: usize = 16;
const CHANGES: usize = 200;

both! {
    async fn sixteen_clients_lose_nothing(app) {
        let api = app.root_api();
        let before = app.number("SELECT COUNT(*) AS n FROM audit");
        let clients: Vec<_> = (0..CLIENTS).map(|client| tokio::spawn(change(api.clone(), client))).collect();
        let mut answered = 0;
        for client in clients {
            answered += client.await.unwrap();
        }
        let each = i64::try_from(CLIENTS * CHANGES / 4).unwrap();
        assert_eq!(answered, CLIENTS * CHANGES, "every change was answered");
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM teams WHERE name LIKE 'Team %'"), each);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE display_name LIKE 'Account %'"), each);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE description LIKE 'changed by %' AND version = 2"), each);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM tokens WHERE name = 'pipeline'"), each);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM audit") - before, each * 4, "each change has its entry");
        app.assert_chain();
    }
}

/// One client's changes, a quarter of each kind. How many were answered as they should be.
async fn change(api: crate::support::Api, client: usize) -> usize {
    for round in 0..CHANGES / 4 {
        let name = format!("{client} {round}");
        let team = api.post("/api/v1/teams", json!({ "name": format!("Team {name}") })).await;
        assert_eq!(team.status, 201, "{}", team.body);
        let body = json!({ "name": format!("Account {name}"), "role": "Member", "teams": [format!("Team {name}")] });
        let user = api.post("/api/v1/users", body).await;
        assert_eq!(user.status, 201, "{}", user.body);
        let path = format!("/api/v1/users/{}", user.body["id"]);
        let changed = api.patch(&path, json!({ "description": format!("changed by {client}") })).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        let token = json!({ "name": "pipeline", "expires_in_days": 30, "scopes": ["teams:read"] });
        let token = api.post(&format!("{path}/tokens"), token).await;
        assert_eq!(token.status, 201, "{}", token.body);
    }
    CHANGES
}

both! {
    async fn two_admins_cannot_disable_each_other_at_once(app) {
        let (ada, grace) = (app.make_admin("ada"), app.make_admin("grace"));
        for _ in 0..10 {
            let (mut first, mut second) = (app.log_in("ada").await, app.log_in("grace").await);
            let (hers, mine) = (format!("/users/{grace}/disable"), format!("/users/{ada}/disable"));
            let (one, other) = tokio::join!(first.post(&hers, &[]), second.post(&mine, &[]));
            assert!(one.status < 500 && other.status < 500, "{} {}", one.status, other.status);
            let able = "SELECT COUNT(*) AS n FROM users WHERE role = 'Admin' AND disabled_at IS NULL";
            assert_eq!(app.number(able), 1, "one of them is left");
            app.sql("UPDATE users SET disabled_at = NULL").unwrap();
        }
        app.assert_chain();
    }

    async fn two_wizards_of_one_name_make_one_account(app) {
        let team = app.team("Platform");
        let owner = app.service("Maker", OrgRole::Member, &[(team, RoleId::OWNER)]);
        let every = latchkey::model::permissions::PermissionSet::everything().to_string();
        let api = app.api(&app.token(owner, &every));
        let body = json!({ "name": "API Access", "role": "Member", "teams": ["Platform"] });
        let tries = (0..8).map(|_| {
            let (api, body) = (api.clone(), body.clone());
            tokio::spawn(async move { api.post("/api/v1/users", body).await.status })
        });
        let mut statuses = Vec::new();
        for attempt in tries.collect::<Vec<_>>() {
            statuses.push(attempt.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!(statuses[0], 201);
        assert!(statuses[1..].iter().all(|status| *status == 422 || *status == 409), "{statuses:?}");
    }
}
