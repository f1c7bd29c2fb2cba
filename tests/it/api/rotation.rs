//! Rotating, suspending and resuming tokens by the API (section 4).

use latchkey::model::ids::{RoleId, TeamId, TokenId, UserId};
use latchkey::model::roles::OrgRole;
use reqwest::Method;
use serde_json::json;
use time::Duration;

use crate::support::{Api, Reply, TestApp};

/// A service account that maintains Platform, with one token.
struct Scene {
    team: TeamId,
    user: UserId,
    path: String,
    old: Api,
    root: Api,
}

impl Scene {
    fn of(app: &TestApp) -> Self {
        let team = app.team("Platform");
        let user = app.service("Deployer", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
        let old = app.api(&app.token(user, "teams:read"));
        Self { team, user, path: address(user, app.last_token(user)), old, root: app.root_api() }
    }

    /// Rotates the token: a client with its new secret.
    async fn rotate(&self, app: &TestApp, overlap: &str) -> Api {
        let rotated = self.root.post(&format!("{}/rotate", self.path), json!({ "overlap": overlap })).await;
        assert_eq!(rotated.status, 200, "{}", rotated.body);
        app.api(rotated.body["token"].as_str().unwrap())
    }
}

fn address(user: UserId, token: TokenId) -> String {
    format!("/api/v1/users/{user}/tokens/{token}")
}

async fn works(api: &Api) -> bool {
    let me = api.get("/api/v1/me").await;
    assert!([200, 401].contains(&me.status), "{}", me.body);
    me.status == 200
}

both! {
    async fn s4_rotate_keeps_both_until_the_overlap_ends(app) {
        let scene = Scene::of(&app);
        app.clock.advance(Duration::hours(2));
        let new = scene.rotate(&app, "1h").await;
        let both = scene.root.get(&scene.path).await.body;
        assert_eq!((&both["old_secret"]["ends_at"], &both["old_secret"]["last_used_at"]), (&json!("2026-11-22T13:00:00Z"), &json!(null)), "{both}");
        assert_ne!(both["hint"], both["old_secret"]["hint"]);
        assert!(works(&new).await && works(&scene.old).await);
        app.clock.advance(Duration::minutes(59));
        assert!(works(&new).await && works(&scene.old).await);
        app.clock.advance(Duration::minutes(1));
        assert!(works(&new).await);
        let refused = scene.old.get("/api/v1/me").await;
        assert!(refused.status == 401 && refused.header("www-authenticate").contains("rotated"), "{:?}", refused.headers);
        let old = scene.root.get(&scene.path).await.body["old_secret"].clone();
        assert_eq!((&old["last_used_at"], &old["last_used_address"]), (&json!("2026-11-22T12:59:00Z"), &json!("127.0.0.1")), "its own uses, not those of the new one");
        app.assert_chain();
    }

    async fn s4_the_old_secret_keeps_the_uses_from_before_the_rotation(app) {
        let scene = Scene::of(&app);
        assert!(works(&scene.old).await);
        app.clock.advance(Duration::minutes(30));
        scene.rotate(&app, "24h").await;
        assert_eq!(scene.root.get(&scene.path).await.body["old_secret"]["last_used_at"], json!("2026-11-22T10:00:00Z"));
    }

    async fn s4_without_an_overlap_the_old_secret_ends_at_once(app) {
        let scene = Scene::of(&app);
        let new = scene.rotate(&app, "none").await;
        assert!(works(&new).await && !works(&scene.old).await);
    }

    async fn s4_a_second_rotation_ends_the_oldest_secret(app) {
        let scene = Scene::of(&app);
        let second = scene.rotate(&app, "7d").await;
        let third = scene.rotate(&app, "7d").await;
        assert!(!works(&scene.old).await && works(&second).await && works(&third).await);
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM token_secrets WHERE ends_at IS NOT NULL"), 1);
        app.clock.advance(Duration::days(7));
        assert!(!works(&second).await && works(&third).await);
    }

    async fn s4_the_old_secret_is_ended_by_hand(app) {
        let scene = Scene::of(&app);
        let new = scene.rotate(&app, "7d").await;
        let finish = format!("{}/finish", scene.path);
        assert_eq!(scene.root.post(&finish, json!({})).await.status, 200);
        assert!(works(&new).await && !works(&scene.old).await);
        assert_eq!(scene.root.post(&finish, json!({})).await.status, 200, "it is over already");
        assert_eq!(app.audit().iter().filter(|entry| entry.starts_with("token.finish_rotation done deployer@service")).count(), 1, "{:?}", app.audit());
    }

    async fn s4_suspending_revoking_and_editing_reach_both_secrets(app) {
        let scene = Scene::of(&app);
        let new = scene.rotate(&app, "7d").await;
        scene.root.patch(&scene.path, json!({ "scopes": ["teams:read", "tokens:read"] })).await;
        for api in [&new, &scene.old] {
            assert_eq!(api.get("/api/v1/me").await.body["token"]["scopes"], json!(["teams:read", "tokens:read"]));
        }
        let act = async |what: &str| scene.root.post(&format!("{}/{what}", scene.path), json!({})).await;
        let suspended = act("suspend").await;
        assert_eq!((suspended.status, &suspended.body["state"], &suspended.body["effective_scopes"]), (200, &json!("suspended"), &json!([])), "{}", suspended.body);
        assert!(!works(&new).await && !works(&scene.old).await);
        let rotate = scene.root.post(&format!("{}/rotate", scene.path), json!({ "overlap": "1h" })).await;
        assert_eq!(rotate.status, 409, "a suspended token is not rotated: {}", rotate.body);
        assert_eq!(act("resume").await.body["state"], json!("active"));
        assert!(works(&new).await && works(&scene.old).await);
        assert_eq!(scene.root.delete(&scene.path).await.status, 204);
        assert!(!works(&new).await && !works(&scene.old).await);
        for what in ["suspend", "resume", "finish"] {
            assert_eq!(act(what).await.status, 409, "{what} what is revoked");
        }
    }

    async fn s4_a_suspended_token_is_revoked_with_all_others(app) {
        let scene = Scene::of(&app);
        scene.root.post(&format!("{}/suspend", scene.path), json!({})).await;
        let revoked = scene.root.post(&format!("/api/v1/users/{}/revoke-tokens", scene.user), json!({})).await;
        assert_eq!(revoked.body, json!({ "tokens_revoked": 1 }));
        assert_eq!(scene.root.post(&format!("{}/resume", scene.path), json!({})).await.status, 409);
    }

    async fn s4_rotation_over_rest_keeps_the_end(app) {
        let scene = Scene::of(&app);
        let made = scene.root.post(&format!("/api/v1/users/{}/tokens", scene.user), json!({ "name": "short", "expires_in_days": 30, "scopes": [] })).await;
        let path = made.header("location").to_owned();
        app.clock.advance(Duration::days(29));
        let rotated = scene.root.post(&format!("{path}/rotate"), json!({ "overlap": "7d" })).await;
        assert_eq!(rotated.body["expires_at"], made.body["expires_at"]);
        assert_eq!(rotated.body["old_secret"]["ends_at"], made.body["expires_at"], "no overlap is longer than the token");
        app.clock.advance(Duration::days(1));
        assert!(!works(&app.api(rotated.body["token"].as_str().unwrap())).await);
        assert_eq!(scene.root.post(&format!("{path}/rotate"), json!({ "overlap": "7d" })).await.status, 409, "what has expired is not renewed");
    }

    async fn s4_a_replayed_rotation_rotates_once_and_tells_no_secret(app) {
        let scene = Scene::of(&app);
        let send = async |tag: &str| {
            let request = scene.root.request(Method::POST, &format!("{}/rotate", scene.path));
            Reply::of(request.header("idempotency-key", "nightly").header("if-match", tag).json(&json!({ "overlap": "1h" }))).await
        };
        let first = send("\"1\"").await;
        assert!(first.status == 200 && first.body["token"].is_string() && first.header("etag") == "\"2\"", "{}", first.body);
        let again = send("\"1\"").await;
        assert_eq!((again.status, again.header("idempotent-replayed"), &again.body["token"]), (200, "true", &json!(null)));
        assert_eq!(again.body["hint"], first.body["hint"]);
        let stale = scene.root.request(Method::POST, &format!("{}/rotate", scene.path)).header("if-match", "\"1\"");
        assert_eq!(Reply::of(stale.json(&json!({ "overlap": "1h" }))).await.status, 412);
        let wrong = scene.root.post(&format!("{}/rotate", scene.path), json!({ "overlap": "2h" })).await;
        assert_eq!((wrong.status, wrong.pointers()), (422, vec!["/overlap"]), "{}", wrong.body);
    }

    async fn s4_nobody_rotates_or_resumes_what_they_do_not_hold(app) {
        let scene = Scene::of(&app);
        let strong = app.service("Strong", OrgRole::Manager, &[(scene.team, RoleId::VIEWER)]);
        let secret = app.token(strong, "users:update tokens:update");
        let path = address(strong, app.last_token(strong));
        let mia = app.person("mia", OrgRole::Member, &[(scene.team, RoleId::MAINTAINER)]);
        let mia = app.api(&app.token(mia, "tokens:read tokens:update users:update teams:read self:update"));
        let act = async |api: &Api, path: &str, what: &str| api.post(&format!("{path}/{what}"), json!({ "overlap": "none" })).await.status;
        assert_eq!(act(&mia, &path, "rotate").await, 403, "the new secret would be hers");
        assert!(works(&app.api(&secret)).await);
        assert_eq!(act(&mia, &path, "suspend").await, 200, "stopping it only takes away");
        assert_eq!(act(&mia, &path, "resume").await, 403);
        assert!(!works(&app.api(&secret)).await);
        let (alone, _) = app.limited_token(strong, "teams:read", &[scene.team]);
        assert_eq!(act(&mia, &address(strong, alone), "rotate").await, 200, "in her own team she holds as much");
        // A token that holds less than the one it would rotate, and one that ends sooner.
        let narrow = app.api(&app.token(scene.user, "tokens:update service_accounts:read"));
        assert_eq!(act(&narrow, &scene.path, "rotate").await, 403);
        let max = app.person("max", OrgRole::Manager, &[]);
        let passing = app.token(max, "tokens:update teams:read service_accounts:read");
        app.sql(&format!("UPDATE tokens SET expires_at = {} WHERE id = {}", 1_800_000_000_000_000_i64, app.last_token(max))).unwrap();
        assert_eq!(act(&app.api(&passing), &scene.path, "rotate").await, 403, "what it gives would outlive it");
    }

    async fn s4_the_old_secret_yields_no_way_past_its_overlap(app) {
        let scene = Scene::of(&app);
        let secret = app.token(scene.user, "tokens:create tokens:update tokens:read service_accounts:read");
        let path = address(scene.user, app.last_token(scene.user));
        let rotated = scene.root.post(&format!("{path}/rotate"), json!({ "overlap": "1h" })).await;
        let (old, new) = (app.api(&secret), app.api(rotated.body["token"].as_str().unwrap()));
        for overlap in ["none", "7d"] {
            assert_eq!(old.post(&format!("{path}/rotate"), json!({ "overlap": overlap })).await.status, 403, "{overlap}");
        }
        scene.root.post(&format!("{}/suspend", scene.path), json!({})).await;
        assert_eq!(old.post(&format!("{}/resume", scene.path), json!({})).await.status, 403);
        let make = json!({ "name": "offspring", "expires_in_days": 1, "scopes": [] });
        let tokens = format!("/api/v1/users/{}/tokens", scene.user);
        assert_eq!(old.post(&tokens, make.clone()).await.pointers(), ["/expires_in_days"], "it would outlive the old secret");
        assert_eq!(old.post(&tokens, json!({ "name": "offspring", "expires_at": "2026-11-22T11:00:00Z", "scopes": [] })).await.status, 201);
        assert_eq!(new.post(&tokens, json!({ "name": "child", "expires_in_days": 1, "scopes": [] })).await.status, 201);
        assert_eq!(new.post(&format!("{path}/rotate"), json!({ "overlap": "none" })).await.status, 200, "the secret in force rotates itself");
    }

    async fn s4_what_is_ended_stays_so_whatever_the_clock(app) {
        let scene = Scene::of(&app);
        scene.rotate(&app, "7d").await;
        scene.root.post(&format!("{}/finish", scene.path), json!({})).await;
        app.sql("UPDATE token_secrets SET ends_at = ends_at + 60000000 WHERE ends_at IS NOT NULL").unwrap();
        assert!(!works(&scene.old).await, "a portal whose clock goes after does not take it either");
    }

    async fn s4_a_rotation_by_a_program_leaves_the_life_of_the_token_as_it_was(app) {
        let scene = Scene::of(&app);
        let made = scene.root.post(&format!("/api/v1/users/{}/tokens", scene.user), json!({ "name": "quarterly", "expires_in_days": 90, "scopes": [] })).await;
        let (path, id) = (made.header("location").to_owned(), made.body["id"].as_i64().unwrap());
        app.clock.advance(Duration::days(80));
        scene.root.post(&format!("{path}/rotate"), json!({ "overlap": "none" })).await;
        let token = TokenId(id);
        let rotate = latchkey::service::tokens::Rotate { version: None, overlap: latchkey::model::tokens::Overlap::None, form_key: None };
        app.write(|cx| latchkey::service::tokens::rotate(cx, scene.user, token, &rotate));
        assert_eq!(scene.root.get(&path).await.body["expires_at"], json!("2027-05-11T10:00:00Z"), "90 days from then");
    }

    async fn s4_ending_a_secret_is_about_the_one_that_was_seen(app) {
        let scene = Scene::of(&app);
        let second = scene.rotate(&app, "7d").await;
        let third = scene.rotate(&app, "7d").await;
        let finish = scene.root.request(Method::POST, &format!("{}/finish", scene.path)).header("if-match", "\"2\"");
        assert_eq!(Reply::of(finish).await.status, 412, "another one is the old one by now");
        assert!(works(&second).await);
        let finish = scene.root.request(Method::POST, &format!("{}/finish", scene.path)).header("if-match", "\"3\"");
        let finished = Reply::of(finish).await;
        assert_eq!((finished.status, finished.header("etag")), (200, "\"4\""), "{}", finished.body);
        assert!(!works(&second).await && works(&third).await);
    }

    async fn s4_who_may_not_rotate_learns_no_state(app) {
        let scene = Scene::of(&app);
        let strong = app.service("Strong", OrgRole::Manager, &[(scene.team, RoleId::VIEWER)]);
        app.token(strong, "users:update");
        let path = address(strong, app.last_token(strong));
        let mia = app.person("mia", OrgRole::Member, &[(scene.team, RoleId::MAINTAINER)]);
        let mia = app.api(&app.token(mia, "tokens:read tokens:update service_accounts:read"));
        scene.root.post(&format!("{path}/suspend"), json!({})).await;
        assert_eq!(mia.post(&format!("{path}/rotate"), json!({ "overlap": "none" })).await.status, 403);
        scene.root.post(&format!("{path}/resume"), json!({})).await;
        scene.root.patch(&format!("/api/v1/users/{strong}"), json!({ "enabled": false })).await;
        assert_eq!(mia.post(&format!("{path}/rotate"), json!({ "overlap": "none" })).await.status, 403);
        assert_eq!(scene.root.post(&format!("{path}/rotate"), json!({ "overlap": "none" })).await.status, 409);
    }

    async fn s4_a_person_s_own_things_are_nobody_elses_to_rotate(app) {
        let scene = Scene::of(&app);
        let jonas = app.person("jonas", OrgRole::Member, &[]);
        app.token(jonas, "self:read self:update");
        let path = address(jonas, app.last_token(jonas));
        let own = app.api(&app.token(jonas, "self:read self:update"));
        assert_eq!(scene.root.post(&format!("{path}/rotate"), json!({ "overlap": "none" })).await.status, 403, "not even an Admin's");
        assert_eq!(scene.root.post(&format!("{path}/suspend"), json!({})).await.status, 200);
        assert_eq!(scene.root.post(&format!("{path}/resume"), json!({})).await.status, 403);
        assert_eq!(own.post(&format!("{path}/resume"), json!({})).await.status, 200);
    }

    async fn s4_a_token_limited_to_teams_rotates_none_that_acts_beyond_them(app) {
        let scene = Scene::of(&app);
        let other = app.team("Billing");
        let olga = app.person("olga", OrgRole::Member, &[(scene.team, RoleId::OWNER), (other, RoleId::OWNER)]);
        let (_, limited) = app.limited_token(olga, "tokens:read tokens:update teams:read", &[scene.team]);
        let limited = app.api(&limited);
        assert_eq!(limited.post(&format!("{}/rotate", scene.path), json!({ "overlap": "none" })).await.status, 403, "it has no limit");
        let (alone, _) = app.limited_token(scene.user, "teams:read", &[scene.team]);
        assert_eq!(limited.post(&format!("{}/rotate", address(scene.user, alone)), json!({ "overlap": "none" })).await.status, 200);
    }

    async fn s4_a_link_of_before_the_rotation_ends_when_its_account_grows(app) {
        let scene = Scene::of(&app);
        let jonas = app.person("jonas", OrgRole::Member, &[]);
        let max = app.service("Onboarding", OrgRole::Manager, &[(scene.team, RoleId::VIEWER)]);
        let secret = app.token(max, "users:read users:update teams:read teams:update tokens:read");
        let path = address(max, app.last_token(max));
        let link = app.api(&secret).post(&format!("/api/v1/users/{jonas}/link"), json!({})).await;
        let link = link.body["link"].as_str().unwrap().trim_start_matches(&app.url).to_owned();
        app.clock.advance(Duration::minutes(1));
        let rotated = scene.root.post(&format!("{path}/rotate"), json!({ "overlap": "none" })).await;
        let new = app.api(rotated.body["token"].as_str().unwrap());
        assert_eq!(app.visitor().get(&link).await.status, 200);
        let grown = new.put(&format!("/api/v1/teams/{}/members/{jonas}", scene.team), json!({ "role": "Viewer" })).await;
        if grown.status < 300 {
            assert_eq!(app.visitor().get(&link).await.status, 404, "whoever had the old secret may have the link");
        }
    }

    async fn s4_no_token_rotates_or_resumes_a_global_admin_token(app) {
        let scene = Scene::of(&app);
        let user = app.service("Backup", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let secret = app.global_admin(user);
        let path = address(user, app.last_token(user));
        let act = async |what: &str| scene.root.post(&format!("{path}/{what}"), json!({ "overlap": "none" })).await.status;
        assert_eq!((act("rotate").await, act("suspend").await, act("resume").await), (403, 200, 403));
        assert!(!works(&app.api(&secret)).await);
        app.write(|cx| latchkey::service::users::disable(cx, user));
        let enabled = scene.root.patch(&format!("/api/v1/users/{user}"), json!({ "enabled": true })).await;
        assert_eq!(enabled.status, 403, "a suspended one sleeps in it still: {}", enabled.body);
    }
}
