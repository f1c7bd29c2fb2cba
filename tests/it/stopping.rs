//! What is taken away is gone for every request that begins after it was answered, with several clients at it (section 4).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use latchkey::model::ids::RoleId;
use latchkey::model::roles::OrgRole;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, Reply, TestApp};

/// Programs that send the same token.
const CLIENTS: usize = 6;
/// How often each act is played.
const ROUNDS: usize = 5;
/// How many requests each program sends after the answer.
const AFTER: usize = 5;

/// Sends requests until some have begun after the act was answered: the statuses from before, and from after.
async fn hammer(api: Api, done: Arc<AtomicBool>, served: Arc<AtomicUsize>) -> (Vec<u16>, Vec<u16>) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    while after.len() < AFTER {
        let begun_after = done.load(Ordering::SeqCst);
        let status = api.get("/api/v1/tokens").await.status;
        served.fetch_add(usize::from(status == 200), Ordering::SeqCst);
        if begun_after { after.push(status) } else { before.push(status) }
    }
    (before, after)
}

/// Plays an act of which every request is refused with `status` that begins after its answer.
async fn gone_after(app: &TestApp, act: (Method, &str, Value), status: u16) {
    let (team, root) = (app.team(&format!("Team of {}", act.1)), app.root_api());
    for round in 0..ROUNDS {
        let user = app.service(&format!("{}{} {round}", act.0, act.1), OrgRole::Member, &[(team, RoleId::VIEWER)]);
        let api = app.api(&app.token(user, "tokens:read service_accounts:read"));
        let path = format!("/api/v1/users/{user}{}", act.1.replace("{token}", &app.last_token(user).to_string()));
        let (done, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let start = |_| tokio::spawn(hammer(api.clone(), done.clone(), served.clone()));
        let clients: Vec<_> = (0..CLIENTS).map(start).collect();
        while served.load(Ordering::SeqCst) < CLIENTS {
            tokio::task::yield_now().await;
        }
        let request = root.request(act.0.clone(), &path);
        let answer = Reply::of(if act.2.is_null() { request } else { request.json(&act.2) }).await;
        done.store(true, Ordering::SeqCst);
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.body);
        for client in clients {
            let (before, after) = client.await.unwrap();
            assert!(before.iter().all(|seen| [200, status].contains(seen)), "{path}: {before:?}");
            assert!(after.iter().all(|seen| *seen == status), "{path}: {after:?} after the answer");
        }
    }
    app.sql("DELETE FROM users WHERE display_name = 'Root'").unwrap();
}

both! {
    async fn s4_a_scope_taken_away_is_gone_for_whatever_begins_afterwards(app) {
        gone_after(&app, (Method::PATCH, "/tokens/{token}", json!({ "scopes": ["service_accounts:read"] })), 403).await;
    }

    async fn s4_a_suspended_token_is_refused_to_whatever_begins_afterwards(app) {
        gone_after(&app, (Method::POST, "/tokens/{token}/suspend", Value::Null), 401).await;
    }

    async fn s4_a_revoked_token_is_refused_to_whatever_begins_afterwards(app) {
        gone_after(&app, (Method::DELETE, "/tokens/{token}", Value::Null), 401).await;
    }

    async fn s4_a_replaced_secret_is_refused_to_whatever_begins_afterwards(app) {
        gone_after(&app, (Method::POST, "/tokens/{token}/rotate", json!({ "overlap": "none" })), 401).await;
    }

    async fn s4_a_disabled_accounts_tokens_are_refused_to_whatever_begins_afterwards(app) {
        gone_after(&app, (Method::PATCH, "", json!({ "enabled": false })), 401).await;
    }
}
