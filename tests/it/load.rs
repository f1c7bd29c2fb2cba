//! Many at once.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Barrier};

use latchkey::base::random;
use latchkey::model::actor::Origin;
use latchkey::model::ids::{RoleId, TeamId, UserId};
use latchkey::model::roles::OrgRole;
use latchkey::model::{Error, Result};
use latchkey::service::users::{self, UserChange};
use latchkey::service::{Caller, Credential, Cx, sessions};
use serde_json::json;

use crate::support::{Api, TestApp};

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

/// How often all agents are stopped.
const THROWS: usize = 12;

/// How far the one who throws the switch has come.
#[derive(Default)]
struct Switch {
    stops_sent: AtomicUsize,
    stops_answered: AtomicUsize,
    resumes_sent: AtomicUsize,
    resumes_answered: AtomicUsize,
}

/// A request's status, and whether agents were stopped, or going, from before it began until after it was answered.
struct Seen {
    status: u16,
    stopped: bool,
    going: bool,
}

/// Asks until the last stop was answered, and once more.
async fn hammer(api: Api, switch: Arc<Switch>) -> Vec<Seen> {
    let mut seen = Vec::new();
    loop {
        let (stops, resumes) = (switch.stops_answered.load(SeqCst), switch.resumes_answered.load(SeqCst));
        let status = api.get("/api/v1/me").await.status;
        let stopped = stops > switch.resumes_sent.load(SeqCst);
        let going = switch.stops_sent.load(SeqCst) <= resumes;
        seen.push(Seen { status, stopped, going });
        if stops == THROWS {
            return seen;
        }
    }
}

/// Leaves the others some time.
async fn idle(root: &Api) {
    for _ in 0..8 {
        assert_eq!(root.get("/api/v1/me").await.status, 200);
    }
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

    async fn s9_whatever_begins_after_the_answer_to_stop_is_refused(app) {
        let team = app.team("Platform");
        let root = app.root_api();
        let [mut agents, mut services] = [Vec::new(), Vec::new()];
        for at in 0..4 {
            let agent = app.agent(&format!("Agent {at}"), OrgRole::Member, &[(team, RoleId::VIEWER)]);
            agents.push(app.api(&app.token(agent, "teams:read")));
            let service = app.service(&format!("Job {at}"), OrgRole::Member, &[(team, RoleId::VIEWER)]);
            services.push(app.api(&app.token(service, "teams:read")));
        }
        let switch = Arc::new(Switch::default());
        let hammer = |api: Api| tokio::spawn(hammer(api, switch.clone()));
        let agents: Vec<_> = agents.into_iter().map(hammer).collect();
        let services: Vec<_> = services.into_iter().map(hammer).collect();
        for throw in 0..THROWS {
            if throw > 0 {
                switch.resumes_sent.fetch_add(1, SeqCst);
                assert_eq!(root.post("/api/v1/settings/agents/resume", json!(null)).await.status, 200);
                switch.resumes_answered.fetch_add(1, SeqCst);
                idle(&root).await;
            }
            switch.stops_sent.fetch_add(1, SeqCst);
            assert_eq!(root.post("/api/v1/settings/agents/stop", json!(null)).await.status, 200);
            switch.stops_answered.fetch_add(1, SeqCst);
            idle(&root).await;
        }
        let (mut refused, mut served) = (0, 0);
        for client in agents {
            for Seen { status, stopped, going } in client.await.unwrap() {
                assert!(status == 401 || (status == 200 && !stopped), "{status} although it began after the answer to stop");
                assert!(status == 200 || !going, "{status} although it began after the answer to resume");
                (refused, served) = (refused + usize::from(stopped), served + usize::from(going));
            }
        }
        assert!(refused > 0 && served > 0, "{refused} refused and {served} served for sure");
        for client in services {
            assert!(client.await.unwrap().iter().all(|seen| seen.status == 200), "service accounts go on");
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
