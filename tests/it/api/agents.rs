//! AI agents over REST: their sponsor, tokens that always end, and the switch.

use latchkey::model::ids::{RoleId, UserId};
use latchkey::model::permissions::PermissionSet;
use latchkey::model::roles::OrgRole;
use serde_json::{Value, json};

const USERS: &str = "/api/v1/users";
const STOP: &str = "/api/v1/settings/agents/stop";
const RESUME: &str = "/api/v1/settings/agents/resume";

fn agent(sponsor: Value) -> Value {
    let mut body = json!({ "name": "Release notes", "user_type": "Agent", "role": "Member", "teams": ["Platform"] });
    if !sponsor.is_null() {
        body["sponsor"] = sponsor;
    }
    body
}

both! {
    async fn s9_an_agent_has_the_sponsor_who_is_named_or_asks(app) {
        let team = app.team("Platform");
        let every = PermissionSet::everything().to_string();
        let ada = app.make_admin("ada");
        let paula = app.person("paula", OrgRole::Member, &[]);
        let own = app.api(&app.token(ada, &every));
        let made = own.post(USERS, agent(Value::Null)).await;
        assert_eq!((made.status, &made.body["sponsor_id"]), (201, &ada.0.into()), "{}", made.body);
        assert_eq!(made.body["user_id"], "release_notes@agent");
        let path = format!("{USERS}/{}", made.body["id"]);
        for (named, who) in [(json!("PAULA"), paula), (json!(ada.0), ada), (json!(paula.0), paula)] {
            let changed = own.patch(&path, json!({ "sponsor": named })).await;
            assert_eq!((changed.status, &changed.body["sponsor_id"]), (200, &who.0.into()), "{}", changed.body);
        }
        let machine = app.service("Job", OrgRole::Manager, &[(team, RoleId::OWNER)]);
        for wrong in [Value::Null, json!(machine.0), json!("job@service"), json!("nobody"), json!(999_999)] {
            let refused = own.patch(&path, json!({ "sponsor": wrong })).await;
            assert_eq!((refused.status, refused.pointers()), (422, vec!["/sponsor"]), "{wrong}: {}", refused.body);
        }
        let odd = own.patch(&path, json!({ "sponsor": [1] })).await;
        assert!(odd.status == 422 || odd.status == 400, "{}", odd.body);
        let other = own.patch(&format!("{USERS}/{machine}"), json!({ "sponsor": "paula" })).await;
        assert_eq!((other.status, other.pointers()), (422, vec!["/sponsor"]), "only agents have one");
        assert_eq!(own.delete(&path).await.status, 204);
        let job = app.api(&app.token(machine, &every));
        let refused = job.post(USERS, agent(Value::Null)).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec!["/sponsor"]), "a machine names one: {}", refused.body);
        let made = job.post(USERS, agent(json!("paula"))).await;
        assert_eq!((made.status, &made.body["sponsor_id"]), (201, &paula.0.into()), "{}", made.body);
        let service = job.post(USERS, json!({ "name": "Other", "role": "Member", "sponsor": "paula" })).await;
        assert_eq!((service.status, service.pointers()), (422, vec!["/sponsor"]), "{}", service.body);
    }

    async fn s9_whoever_cannot_be_a_sponsor_is_told_in_one_way(app) {
        let root = app.root_api();
        let team = app.team("Platform");
        app.person("paula", OrgRole::Member, &[]);
        let off = app.person("gone", OrgRole::Member, &[]);
        app.sql(&format!("UPDATE users SET disabled_at = 1 WHERE id = {off}")).unwrap();
        let made = root.post(USERS, json!({ "name": "nadia", "user_type": "Person", "username": "nadia", "email": "nadia@example.com", "role": "Member" })).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let machine = app.service("Job", OrgRole::Member, &[(team, RoleId::OWNER)]);
        let path = format!("{USERS}/{}", app.agent("Helper", OrgRole::Member, &[(team, RoleId::VIEWER)]));
        let mut told = Vec::new();
        for wrong in [json!("nobody"), json!(999_999), json!("gone"), json!(off.0), json!("nadia"), made.body["id"].clone(), json!("job@service"), json!(machine.0)] {
            let changed = root.patch(&path, json!({ "sponsor": wrong })).await;
            let mut body = agent(wrong.clone());
            body["teams"] = json!([]);
            let new = root.post(USERS, body).await;
            for reply in [changed, new] {
                assert_eq!((reply.status, reply.pointers()), (422, vec!["/sponsor"]), "{wrong}: {}", reply.body);
                told.push(reply.body["errors"][0]["detail"].clone());
            }
        }
        told.dedup();
        assert_eq!(told.len(), 1, "{told:?}");
        let paula = UserId(app.number("SELECT id AS n FROM users WHERE username = 'paula'"));
        app.sql(&format!("UPDATE users SET sponsor_id = {paula} WHERE kind = 'agent'")).unwrap();
        let handed = root.post(&format!("{USERS}/{paula}/handover"), json!({ "contact": made.body["id"] })).await;
        assert_eq!(handed.status, 422, "nor by a handover: {}", handed.body);
        app.sql("UPDATE users SET password_hash = 'x' WHERE username = 'nadia'").unwrap();
        assert_eq!(root.patch(&path, json!({ "sponsor": "nadia" })).await.status, 200, "once she has accepted the invitation");
    }

    async fn s9_sponsored_agents_are_handed_over_by_the_api(app) {
        let root = app.root_api();
        let team = app.team("Platform");
        let [leaver, heir] = ["leaver", "heir"].map(|name| app.person(name, OrgRole::Member, &[]));
        let [both, sponsored] = ["Both", "Sponsored"].map(|name| app.agent(name, OrgRole::Member, &[(team, RoleId::VIEWER)]));
        app.sql(&format!("UPDATE users SET sponsor_id = {leaver}, contact_id = CASE id WHEN {both} THEN {leaver} ELSE {heir} END WHERE kind = 'agent'")).unwrap();
        let path = format!("{USERS}/{leaver}/handover");
        let left = root.get(&path).await;
        assert_eq!(left.body["accounts_total"], 2, "each is counted once: {}", left.body);
        let parts: Vec<_> = left.body["accounts"].as_array().unwrap().iter().map(|account| (account["contact"] == true, account["sponsor"] == true)).collect();
        assert_eq!(parts, [(true, true), (false, true)]);
        let done = root.post(&path, json!({ "contact": heir })).await;
        assert_eq!((done.status, &done.body["accounts_left"]), (200, &0.into()), "{}", done.body);
        for agent in [both, sponsored] {
            let told = root.get(&format!("{USERS}/{agent}")).await.body;
            assert_eq!((&told["sponsor_id"], &told["contact_id"]), (&heir.0.into(), &heir.0.into()));
        }
    }

    async fn s9_an_agents_token_always_ends_over_rest(app) {
        let root = app.root_api();
        let team = app.team("Platform");
        let agent = app.agent("Writer", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        let endless = json!({ "name": "t", "never": true, "scopes": ["teams:read"] });
        let refused = root.post(&format!("{USERS}/{agent}/tokens"), endless).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec!["/never"]), "{}", refused.body);
        assert!(refused.body["errors"][0]["detail"].as_str().unwrap().contains("always expire"), "{}", refused.body);
        let made = root.post(&format!("{USERS}/{agent}/tokens"), json!({ "name": "t", "expires_in_days": 30, "scopes": ["teams:read"] })).await;
        assert_eq!((made.status, &made.body["type"]), (201, &"Agent".into()), "{}", made.body);
        let end = made.body["expires_at"].clone();
        let rotated = root.post(&format!("{USERS}/{agent}/tokens/{}/rotate", made.body["id"]), json!({ "overlap": "none" })).await;
        assert_eq!((rotated.status, &rotated.body["expires_at"]), (200, &end), "{}", rotated.body);
        let nulled = root.patch(&format!("{USERS}/{agent}/tokens/{}", made.body["id"]), json!({ "expires_at": null })).await;
        assert_eq!(nulled.status, 422, "an end is not to be edited: {}", nulled.body);
    }

    async fn s9_agents_are_stopped_and_let_go_over_rest(app) {
        let root = app.root_api();
        let team = app.team("Platform");
        let agent = app.agent("Writer", OrgRole::Member, &[(team, RoleId::VIEWER)]);
        let writer = app.api(&app.token(agent, "teams:read"));
        let ada = app.make_admin("ada");
        let narrow = app.api(&app.token(ada, "settings:read settings:update"));
        assert!(root.get("/api/v1/settings").await.body["agents_stopped_at"].is_null());
        let first = narrow.post(STOP, Value::Null).await;
        assert_eq!(first.status, 200, "what only takes away asks for the permission alone: {}", first.body);
        assert!(first.body["agents_stopped_at"].is_string());
        let again = root.post(STOP, Value::Null).await;
        assert_eq!((again.status, &again.body), (200, &first.body), "stopped is stopped");
        assert_eq!(writer.get("/api/v1/me").await.status, 401);
        let told = root.get(&format!("{USERS}/{agent}")).await.body;
        assert_eq!(told["status"], "stopped", "{told}");
        let tokens = root.get(&format!("{USERS}/{agent}/tokens")).await.body;
        assert_eq!((&tokens["items"][0]["state"], &tokens["items"][0]["effective_scopes"]), (&"stopped".into(), &json!([])), "{tokens}");
        let refused = narrow.post(RESUME, Value::Null).await;
        assert_eq!(refused.status, 403, "all that agents can do would come back: {}", refused.body);
        assert_eq!(writer.get("/api/v1/me").await.status, 401);
        let resumed = root.post(RESUME, Value::Null).await;
        assert_eq!((resumed.status, &resumed.body["agents_stopped_at"]), (200, &Value::Null), "{}", resumed.body);
        assert_eq!(writer.get("/api/v1/me").await.status, 200);
        let stale = crate::support::Reply::of(root.request(reqwest::Method::POST, STOP).header("if-match", "\"99\"")).await;
        assert_eq!(stale.status, 412, "{}", stale.body);
        assert_eq!(writer.post(STOP, Value::Null).await.status, 403);
    }

    async fn s9_no_token_wakes_an_agents_global_admin_token(app) {
        let root = app.root_api();
        let agent = app.agent("Root agent", OrgRole::Member, &[]);
        let strong = app.api(&app.global_admin(agent));
        assert_eq!(strong.post(STOP, Value::Null).await.status, 200, "an agent may stop all, itself too");
        assert_eq!(strong.post(RESUME, Value::Null).await.status, 401);
        let refused = root.post(RESUME, Value::Null).await;
        assert_eq!(refused.status, 403, "{}", refused.body);
        app.sql(&format!("UPDATE tokens SET revoked_at = 1 WHERE user_id = {agent}")).unwrap();
        assert_eq!(root.post(RESUME, Value::Null).await.status, 200);
    }
}
