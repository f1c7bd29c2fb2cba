//! Many at once.

use std::sync::Barrier;

use latchkey::base::random;
use latchkey::model::actor::Origin;
use latchkey::model::ids::{RoleId, TeamId, UserId};
use latchkey::model::roles::OrgRole;
use latchkey::model::{Error, Result};
use latchkey::service::users::{self, UserChange};
use latchkey::service::{Caller, Credential, Cx, sessions};
use serde_json::json;

use crate::support::TestApp;

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

/// What an Admin does that makes one Admin fewer.
#[derive(Clone, Copy, Debug)]
enum Act {
    DemoteOther,
    DisableOther,
    DeleteOther,
    TurnOther,
    StepDown,
}

const ACTS: [Act; 5] = [Act::DemoteOther, Act::DisableOther, Act::DeleteOther, Act::TurnOther, Act::StepDown];

fn act(cx: &mut Cx<'_, '_>, act: Act, own: UserId, other: UserId) -> Result<()> {
    let member = UserChange { role: Some(OrgRole::Member), ..UserChange::default() };
    match act {
        Act::DemoteOther => users::update(cx, other, member).map(drop),
        Act::DisableOther => users::disable(cx, other).map(drop),
        Act::DeleteOther => users::delete(cx, other, None),
        Act::TurnOther => users::turn_into_service(cx, other, TeamId(1)).map(drop),
        Act::StepDown => users::update(cx, own, member).map(drop),
    }
}

/// Somebody in a session that they have just opened.
fn in_session(app: &TestApp, user: UserId) -> Caller {
    let key = random::secret();
    sessions::open(&app.app, &Caller::nobody(Origin::default()), key.reveal(), user, "{}").unwrap();
    let (session, _) = sessions::load(&app.app, key.reveal()).unwrap().unwrap();
    Caller::new(Credential::Session(session.id), Origin::default())
}

const ABLE: &str =
    "FROM users WHERE kind = 'person' AND role = 'Admin' AND disabled_at IS NULL AND password_hash IS NOT NULL";

both! {
    async fn the_last_admin_survives_two_at_once(app) {
        app.make_admin("ada");
        let pairs = ACTS.into_iter().flat_map(|one| ACTS.map(|other| (one, other)));
        for (round, (one, other)) in pairs.cycle().take(200).enumerate() {
            let old = UserId(app.number(&format!("SELECT id AS n {ABLE}")));
            let new = app.make_admin(&format!("admin{round}"));
            let barrier = Barrier::new(2);
            let run = |what, own, other| {
                // Half of the rounds by the two themselves; the others from outside, where the first act does not disarm the second.
                let caller = if round / 25 % 2 == 0 { in_session(&app, own) } else { Caller::cli() };
                let (portal, barrier) = (&app.app, &barrier);
                move || {
                    barrier.wait();
                    portal.write(&caller, |cx| act(cx, what, own, other))
                }
            };
            let (first, second) = (run(one, old, new), run(other, new, old));
            let outcomes = std::thread::scope(|scope| {
                [scope.spawn(first), scope.spawn(second)].map(|thread| thread.join().unwrap())
            });
            let told = format!("round {round}, {one:?} and {other:?}: {outcomes:?}");
            assert_eq!(app.number(&format!("SELECT COUNT(*) AS n {ABLE}")), 1, "{told}");
            assert!(outcomes.iter().any(|outcome| outcome.is_ok()), "{told}");
            for refused in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
                assert!(!matches!(refused, Error::Internal(_) | Error::Busy(_)), "{told}");
            }
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
