//! The page of one token: changing what it may do, and being told what that is.

use latchkey::model::ids::{RoleId, TeamId, TokenId, UserId};
use latchkey::model::roles::OrgRole;
use serde_json::json;
use time::Duration;

use crate::support::{Browser, Html, PASSWORD, TestApp};

const FORM: &str = "form[data-changes]";

/// A team with a Maintainer, and a team that the Maintainer may not know of.
struct Scene {
    team: TeamId,
    secret: TeamId,
}

impl Scene {
    fn of(app: &TestApp) -> Self {
        app.make_admin("ada");
        let (team, secret) = (app.team("Data Engineering"), app.team("Secret Project"));
        app.person("mia", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
        Self { team, secret }
    }

    /// A service account at home in the team, which owns the other one.
    fn roamer(&self, app: &TestApp) -> UserId {
        app.service("Roamer", OrgRole::Member, &[(self.team, RoleId::MAINTAINER), (self.secret, RoleId::OWNER)])
    }
}

fn path(user: UserId, token: TokenId) -> String {
    format!("/users/{user}/tokens/{token}")
}

/// Opens a token's page, ticks and clears, and sends the form.
async fn edit(browser: &mut Browser, path: &str, more: &[(&str, &str)], less: &[(&str, &str)]) -> Html {
    let page = browser.get(path).await;
    assert_eq!(page.status, 200, "{}", page.text());
    send(browser, path, page.form(FORM), more, less).await
}

async fn send(
    browser: &mut Browser,
    path: &str,
    mut fields: Vec<(String, String)>,
    more: &[(&str, &str)],
    less: &[(&str, &str)],
) -> Html {
    for (name, value) in more {
        if !["scope", "limit_team"].contains(name) {
            fields.retain(|(known, _)| known != name);
        }
        fields.push(((*name).into(), (*value).into()));
    }
    fields.retain(|(name, value)| !less.contains(&(name.as_str(), value.as_str())));
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &fields).await
}

fn scopes(app: &TestApp, token: TokenId) -> String {
    app.db.texts(&format!("SELECT scopes AS t FROM tokens WHERE id = {token}")).remove(0)
}

fn limit(app: &TestApp, token: TokenId) -> Vec<String> {
    app.db
        .texts(&format!("SELECT CAST(team_id AS TEXT) AS t FROM token_teams WHERE token_id = {token} ORDER BY team_id"))
}

fn untouched(app: &TestApp, token: TokenId) -> (i64, String, Vec<String>) {
    (app.number(&format!("SELECT version AS n FROM tokens WHERE id = {token}")), scopes(app, token), limit(app, token))
}

both! {
    async fn a_scope_taken_away_is_refused_at_the_next_request_and_the_secret_stays(app) {
        let scene = Scene::of(&app);
        let id = app.service("API Access", OrgRole::Manager, &[(scene.team, RoleId::VIEWER)]);
        let api = app.api(&app.token(id, "teams:read teams:create"));
        let make = |name: &str| json!({ "name": name });
        assert_eq!(api.post("/api/v1/teams", make("One")).await.status, 201);
        let (mut ada, path) = (app.log_in("ada").await, path(id, app.last_token(id)));
        let list = ada.get(&format!("/users/{id}/tokens")).await;
        assert_eq!(list.count(&format!("a.name[href='{path}']")), 1);
        assert_eq!(list.count(&format!("a[href='{path}'][aria-label='Edit token 0']")), 1);
        let saved = edit(&mut ada, &path, &[("scope", "users:read")], &[("scope", "teams:create")]).await;
        assert_eq!((saved.status, saved.location.as_deref()), (303, Some(path.as_str())), "{}", saved.text());
        let page = ada.get(&path).await;
        assert!(page.has("+ users:read, − teams:create, from its next request on"), "{}", page.text());
        let refused = api.post("/api/v1/teams", make("Two")).await;
        assert_eq!((refused.status, &refused.body["missing_permission"]), (403, &json!("teams:create")));
        assert_eq!(api.get("/api/v1/users").await.status, 200, "by the same secret");
        let kept = app.db.texts("SELECT before || ' > ' || after AS t FROM audit WHERE action = 'token.update'").remove(0);
        for told in ["teams:create", "users:read", "token 0", " > "] {
            assert!(kept.contains(told), "{kept}");
        }
        assert!(ada.get(&format!("/users/{id}/activity")).await.has("Changed a token of api_access@service"));
    }

    async fn what_only_takes_away_asks_less_than_what_adds(app) {
        let scene = Scene::of(&app);
        let strong = app.service("Strong", OrgRole::Manager, &[(scene.team, RoleId::VIEWER)]);
        app.token(strong, "users:delete teams:read");
        let token = app.last_token(strong);
        let (mut mia, path) = (app.log_in("mia").await, path(strong, token));
        let page = mia.get(&path).await;
        assert!(page.has("You may only take away from this token"), "{}", page.text());
        assert_eq!(page.count("input[name=scope]"), 2, "only those that are ticked: {}", page.text());
        assert_eq!(page.count("#limit-all[disabled]"), 0, "it has no limit, so it may stay without");
        for (more, status) in [("service_accounts:read", 403), ("settings:update", 403), ("users:read", 403)] {
            assert_eq!(edit(&mut mia, &path, &[("scope", more)], &[]).await.status, status, "{more}");
        }
        assert_eq!(scopes(&app, token), "users:delete teams:read");
        assert_eq!(edit(&mut mia, &path, &[], &[("scope", "users:delete")]).await.status, 303);
        assert_eq!(scopes(&app, token), "teams:read");
        // The account reads every team, and she her own alone.
        assert_eq!(edit(&mut mia, &path, &[("scope", "service_accounts:read")], &[]).await.status, 403);
        let here = scene.team.to_string();
        let alone = [("limit", "teams"), ("limit_team", here.as_str())];
        assert_eq!(edit(&mut mia, &path, &alone, &[]).await.status, 303);
        assert_eq!(edit(&mut mia, &path, &[("scope", "service_accounts:read")], &[]).await.status, 303);
        assert_eq!(edit(&mut mia, &path, &[("limit", "all")], &[]).await.status, 403, "lifting the limit adds");
        assert_eq!(mia.get(&path).await.count("#limit-all[disabled]"), 1);
        assert_eq!(limit(&app, token), [here]);
    }

    async fn a_maintainer_gives_what_a_token_can_use_in_their_own_team_alone(app) {
        let scene = Scene::of(&app);
        let roamer = scene.roamer(&app);
        app.token(roamer, "teams:read");
        let token = app.last_token(roamer);
        let (mut mia, path) = (app.log_in("mia").await, path(roamer, token));
        let before = untouched(&app, token);
        assert_eq!(edit(&mut mia, &path, &[("scope", "tokens:delete")], &[]).await.status, 403, "in the other team too");
        let (here, there) = (scene.team.to_string(), scene.secret.to_string());
        let hidden = [("limit", "teams"), ("limit_team", here.as_str()), ("limit_team", there.as_str())];
        let guessed = edit(&mut mia, &path, &hidden, &[]).await;
        assert_eq!(guessed.status, 422);
        assert!(guessed.error("limit").unwrap().contains("There is no such team"), "{}", guessed.text());
        assert_eq!(untouched(&app, token), before);
        let more = [("scope", "tokens:delete"), ("limit", "teams"), ("limit_team", here.as_str())];
        assert_eq!(edit(&mut mia, &path, &more, &[]).await.status, 303);
        assert_eq!((scopes(&app, token), limit(&app, token)), ("teams:read tokens:delete".into(), vec![here]));
        let owner_only = edit(&mut mia, &path, &[("scope", "teams:update")], &[]).await;
        assert_eq!(owner_only.status, 403, "which she does not hold anywhere");
    }

    async fn hidden_teams_are_neither_told_nor_lost(app) {
        let scene = Scene::of(&app);
        let roamer = scene.roamer(&app);
        let (both, _) = app.limited_token(roamer, "teams:read tokens:read", &[scene.team, scene.secret]);
        let (one, _) = app.limited_token(roamer, "teams:read", &[scene.team]);
        let mut mia = app.log_in("mia").await;
        let page = mia.get(&path(roamer, both)).await;
        assert!(!page.body.contains("Secret Project") && page.has("and 1 team that you may not see"), "{}", page.text());
        assert_eq!(edit(&mut mia, &path(roamer, both), &[], &[("scope", "tokens:read")]).await.status, 303);
        assert_eq!(limit(&app, both), [scene.team.to_string(), scene.secret.to_string()]);
        let there = scene.secret.to_string();
        let mut answers = Vec::new();
        for token in [both, one] {
            let guess = edit(&mut mia, &path(roamer, token), &[("limit_team", &there)], &[]).await;
            answers.push((guess.status, guess.error("limit")));
        }
        assert_eq!(answers[0].0, 422);
        assert_eq!(answers[0], answers[1], "the answer does not tell which of them acts there");
        let here = scene.team.to_string();
        assert_eq!(edit(&mut mia, &path(roamer, both), &[], &[("limit_team", &here)]).await.status, 303);
        assert_eq!(limit(&app, both), [there]);
        let none = edit(&mut mia, &path(roamer, one), &[], &[("limit_team", &here)]).await;
        assert_eq!(none.status, 422, "no team at all is not what anybody means: {}", none.text());
        assert_eq!(limit(&app, one), [here]);
        app.sql(&format!("DELETE FROM token_teams WHERE token_id = {one}")).unwrap();
        let renamed = edit(&mut mia, &path(roamer, one), &[("name", "nowhere")], &[]).await;
        assert_eq!(renamed.status, 303, "whose teams are gone can be named: {}", renamed.text());
    }

    async fn two_people_editing_are_told(app) {
        let scene = Scene::of(&app);
        let id = scene.roamer(&app);
        app.token(id, "teams:read");
        let token = app.last_token(id);
        let (mut ada, mut mia, path) = (app.log_in("ada").await, app.log_in("mia").await, path(id, token));
        let seen = mia.get(&path).await.form(FORM);
        edit(&mut ada, &path, &[("scope", "tokens:read"), ("name", "renamed")], &[]).await;
        let before = untouched(&app, token);
        let late = send(&mut mia, &path, seen.clone(), &[("description", "mine")], &[("scope", "teams:read")]).await;
        assert_eq!(late.status, 409);
        assert!(late.has("somebody else changed this token") && late.has("Name is now: renamed"), "{}", late.text());
        assert!(late.has("Scopes is now: teams:read, tokens:read"), "{}", late.text());
        assert_eq!(late.form(FORM).iter().find(|(name, _)| name == "description").unwrap().1, "mine");
        let mut without: Vec<_> = seen;
        without.retain(|(name, _)| name != "version");
        assert_eq!(send(&mut mia, &path, without, &[], &[]).await.status, 409, "nothing is known of what was read");
        assert_eq!(untouched(&app, token), before);
        assert_eq!(send(&mut mia, &path, late.form(FORM), &[], &[]).await.status, 303, "saved again");
    }

    async fn nonsense_changes_nothing(app) {
        let scene = Scene::of(&app);
        let id = scene.roamer(&app);
        app.token(id, "teams:read");
        app.token(id, "teams:read");
        let token = app.last_token(id);
        let (mut ada, path) = (app.log_in("ada").await, path(id, token));
        let before = untouched(&app, token);
        let long = "x".repeat(1_001);
        for (name, value, field) in [
            ("scope", "fly:high", "scopes"), ("scope", "", "scopes"), ("scope", "settings:delete", "scopes"),
            ("limit_team", "x", "limit"), ("limit_team", "-1", "limit"), ("limit", "everything", "limit"), ("limit_team", "1", "limit"),
            ("name", "", "name"), ("name", " \t ", "name"), ("name", &long, "name"), ("name", "TOKEN 0", "name"), ("name", "a\u{202e}b", "name"),
            ("description", &long, "description"),
        ] {
            let more = if name == "limit_team" { vec![("limit", "teams"), (name, value)] } else { vec![(name, value)] };
            let answer = edit(&mut ada, &path, &more, &[]).await;
            assert_eq!(answer.status, 422, "{name}={value}: {}", answer.text());
            assert!(answer.error(field).is_some(), "{name}={value}: {}", answer.text());
            assert_eq!(untouched(&app, token), before, "{name}={value}");
        }
        assert_eq!(ada.post(&path, &[("version", "x")]).await.status, 409);
        assert_eq!(ada.post(&path, &[]).await.status, 409);
        assert_eq!(ada.get(&format!("/users/{id}/tokens/99999999")).await.status, 404);
        assert_eq!(untouched(&app, token), before);
    }

    async fn an_admin_gives_an_existing_token_global_admin_and_less_takes_it_away(app) {
        let scene = Scene::of(&app);
        app.person("max", OrgRole::Manager, &[]);
        let id = app.service("Root", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        let api = app.api(&app.token(id, "teams:read"));
        let token = app.last_token(id);
        let (mut ada, mut max, path) = (app.log_in("ada").await, app.log_in("max").await, path(id, token));
        let on = [("global_admin", "on")];
        assert_eq!(max.get(&path).await.count("#global_admin"), 0);
        assert_eq!(edit(&mut max, &path, &on, &[]).await.status, 403);
        app.clock.advance(Duration::minutes(11));
        let asked = edit(&mut ada, &path, &on, &[]).await;
        assert!(asked.status == 403 && asked.count("input[type=password]") == 1, "{}", asked.text());
        let wrong = edit(&mut ada, &path, &[on[0], ("password", "wrong wrong wrong")], &[]).await;
        assert!(wrong.error("password").is_some());
        assert_eq!(api.get("/api/v1/users").await.body["items"].as_array().unwrap().len(), 2, "a Viewer of a team still");
        let given = edit(&mut ada, &path, &[on[0], ("password", PASSWORD)], &[]).await;
        assert_eq!(given.status, 303, "{}", given.text());
        let page = ada.get(&path).await;
        assert!(page.has("Global admin") && page.has("+ Global admin"), "{}", page.text());
        assert_eq!((scopes(&app, token).as_str(), page.count("input[name=scope]")), ("", 0));
        assert_eq!(api.post("/api/v1/teams", json!({ "name": "New" })).await.status, 201, "by the same secret");
        let taken = edit(&mut max, &path, &[("name", "tamed")], &[("global_admin", "on")]).await;
        assert_eq!(taken.status, 303, "that only takes away: {}", taken.text());
        let dead = api.get("/api/v1/me").await;
        assert!(dead.status == 403 && dead.body["detail"].as_str().unwrap().contains("no scopes"), "{}", dead.body);
        assert!(app.audit().iter().filter(|line| line.starts_with("token.update done")).count() == 2);
    }

    async fn a_token_that_is_over_is_shown_and_not_changed(app) {
        let scene = Scene::of(&app);
        let id = scene.roamer(&app);
        let mut ada = app.log_in("ada").await;
        for how in ["revoked", "expired"] {
            app.token(id, "teams:read");
            let path = path(id, app.last_token(id));
            let form = ada.get(&path).await.form(FORM);
            match how {
                "revoked" => drop(ada.submit(&format!("{path}/revoke"), &[]).await),
                _ => {
                    app.clock.advance(Duration::days(91));
                    ada = app.log_in("ada").await;
                }
            }
            let page = ada.get(&path).await;
            assert_eq!((page.status, page.count(FORM)), (200, 0), "{how}");
            assert!(page.has(&format!("Nothing. The token {}", if how == "revoked" { "was revoked" } else { "has expired" })), "{}", page.text());
            assert_eq!(send(&mut ada, &path, form, &[("name", "again")], &[]).await.status, 409, "{how}");
        }
    }

    async fn whoever_may_look_sees_and_whoever_may_not_does_not(app) {
        let scene = Scene::of(&app);
        let id = scene.roamer(&app);
        app.token(id, "teams:read");
        let path = path(id, app.last_token(id));
        app.person("vic", OrgRole::Member, &[(scene.team, RoleId::VIEWER)]);
        app.person("jonas", OrgRole::Member, &[]);
        let (mut vic, mut jonas, mut mia) = (app.log_in("vic").await, app.log_in("jonas").await, app.log_in("mia").await);
        let page = vic.get(&path).await;
        assert_eq!((page.status, page.count(FORM), page.count("a[aria-label^=Edit]")), (200, 0, 0), "{}", page.text());
        let form = mia.get(&path).await.form(FORM);
        assert_eq!(send(&mut vic, &path, form.clone(), &[], &[("scope", "teams:read")]).await.status, 403);
        assert_eq!(jonas.get(&path).await.status, 404);
        assert_eq!(send(&mut jonas, &path, form.clone(), &[], &[]).await.status, 404);
        app.sql("UPDATE settings SET only_admins_manage_machines = TRUE").unwrap();
        assert_eq!(mia.get(&path).await.count(FORM), 0, "a setting leaves service accounts to Admins");
        assert_eq!(send(&mut mia, &path, form, &[], &[("scope", "teams:read")]).await.status, 403);
        assert_eq!(scopes(&app, app.last_token(id)), "teams:read");
    }

    async fn only_admins_change_the_tokens_of_admins(app) {
        let ada = app.make_admin("ada");
        app.person("max", OrgRole::Manager, &[]);
        app.token(ada, "users:read self:read");
        let token = app.last_token(ada);
        let (mut max, mut own) = (app.log_in("max").await, app.log_in("ada").await);
        let form = own.get(&path(ada, token)).await.form(FORM);
        assert_eq!(max.get(&path(ada, token)).await.count(FORM), 0);
        assert_eq!(send(&mut max, &path(ada, token), form, &[], &[("scope", "users:read")]).await.status, 403);
        let mine = format!("/account/tokens/{token}");
        let saved = edit(&mut own, &mine, &[("scope", "settings:read")], &[("scope", "users:read")]).await;
        assert_eq!((saved.status, saved.location.as_deref()), (303, Some(mine.as_str())));
        assert_eq!(scopes(&app, token), "settings:read self:read");
        assert_eq!(max.get(&format!("/account/tokens/{token}")).await.status, 404, "which is none of his own");
    }

    async fn a_token_is_told_what_it_may_do_and_why_not_more(app) {
        let scene = Scene::of(&app);
        let roamer = scene.roamer(&app);
        let (token, _) = app.limited_token(roamer, "teams:read users:read self:read audit:read", &[scene.team]);
        let mut mia = app.log_in("mia").await;
        let page = mia.get(&path(roamer, token)).await;
        for told in [
            "teams:read Data Engineering · Maintainer, team role",
            "users:read No role of its account holds it.",
            "self:read A token that is limited to teams does not act on its account’s own things.",
            "audit:read It is limited to Data Engineering, where no role of its account holds it.",
        ] {
            assert!(page.has(told), "{told} in {}", page.text());
        }
        assert!(!page.body.contains("Secret Project"));
        app.write(|cx| latchkey::service::users::disable(cx, roamer));
        assert!(mia.get(&path(roamer, token)).await.has("Nothing. Its account is disabled."));
    }

    async fn effective_permissions_are_told_by_place(app) {
        let scene = Scene::of(&app);
        let roamer = scene.roamer(&app);
        let mut mia = app.log_in("mia").await;
        let tab = mia.get(&format!("/users/{roamer}/permissions")).await;
        assert!(tab.has("Data Engineering Maintainer team role") && tab.has("Tokens see, make, change and delete"), "{}", tab.text());
        assert!(tab.has("scopes that read and write") && tab.has("It has a role in 1 team more, which you may not see."), "{}", tab.text());
        assert!(!tab.body.contains("Secret Project"));
        let mut ada = app.log_in("ada").await;
        assert!(ada.get(&format!("/users/{roamer}/permissions")).await.has("Secret Project Owner team role"));
        let asleep = app.service("Asleep", OrgRole::Editor, &[]);
        let tab = ada.get(&format!("/users/{asleep}/permissions")).await;
        assert!(tab.has("It has the organisation role Editor, which counts as soon as it has a role in a team."), "{}", tab.text());
        assert_eq!(tab.count("section.card"), 0, "and nothing counts until then");
    }
}
