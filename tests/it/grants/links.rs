//! Links and mail, which end in a log-in.

use super::*;

both! {
    async fn a_link_does_not_outlive_the_growth_of_its_account(app) {
        let scene = Scene::of(&app);
        app.person("max", OrgRole::Manager, &[]);
        let (mut ada, mut max) = (app.log_in("ada").await, app.log_in("max").await);
        let bob = app.person("bob", OrgRole::Member, &[]);
        let ask = format!("/users/{bob}/link");
        let weak = max.post(&ask, &[]).await.link("reset");
        ada.submit(&format!("/teams/{}/members/new", scene.team), &[("kind", "person"), ("user", &bob.to_string()), ("role", "Owner")]).await;
        assert_eq!(app.visitor().get(&weak).await.status, 404, "a team role is growth");
        let weak = max.post(&ask, &[]).await.link("reset");
        let root = app.root_api();
        assert_eq!(root.patch(&format!("/api/v1/users/{bob}"), json!({ "role": "Admin" })).await.status, 200);
        let taken = app.visitor().post(&weak, &[("password", "another harbour of plums")]).await;
        assert_eq!(taken.status, 404, "the Manager's link sets no Admin's password");
        let own = ada.post(&ask, &[]).await.link("reset");
        assert_eq!(app.visitor().get(&own).await.status, 200);
    }

    async fn a_token_does_not_end_in_a_log_in_by_moving_its_accounts_mail(app) {
        let scene = Scene::of(&app);
        let max = app.person("max", OrgRole::Manager, &[]);
        // Whoever reads the mail chooses the password, and so holds all that the account holds: more than these tokens.
        for (user, scopes) in [(scene.mia, "self:read self:update"), (max, "self:read self:update users:update")] {
            let api = app.api(&app.token(user, scopes));
            let path = format!("/api/v1/users/{user}");
            let moved = api.patch(&path, json!({ "email": "thief@example.com" })).await;
            assert_eq!(moved.status, 403, "{scopes}: {}", moved.body);
            assert_eq!(api.patch(&path, json!({ "name": format!("Renamed {user}") })).await.status, 200);
        }
        assert_eq!(app.number("SELECT COUNT(*) AS n FROM users WHERE email = 'thief@example.com'"), 0);
        let all = app.api(&app.token(max, &PermissionSet::everything().to_string()));
        let moved = all.patch(&format!("/api/v1/users/{max}"), json!({ "email": "max@example.org" })).await;
        assert_eq!(moved.status, 200, "a token that holds all of it: {}", moved.body);
    }

    async fn a_session_left_open_does_not_move_its_persons_mail(app) {
        app.make_admin("ada");
        let jonas = app.person("jonas", OrgRole::Member, &[]);
        for (who, path) in [("jonas", "/account".to_owned()), ("ada", format!("/users/{}", app.number("SELECT id AS n FROM users WHERE username = 'ada'")))] {
            let mut browser = app.log_in(who).await;
            app.clock.advance(time::Duration::minutes(11));
            let page = browser.get(&path).await;
            let (version, name) = (page.value("version"), page.value("display_name"));
            let fields = [("version", &*version), ("display_name", &*name), ("username", who), ("email", "thief@example.com"), ("role", "Admin")];
            let answer = browser.post(&path, &fields).await;
            assert_eq!((answer.status, answer.value("email").as_str()), (403, "thief@example.com"), "{}", answer.text());
            assert!(answer.has("password"), "{}", answer.text());
        }
        let mut browser = app.log_in("jonas").await;
        app.clock.advance(time::Duration::minutes(11));
        let version = browser.get("/account").await.value("version");
        let fields = |password| [("version", &*version), ("display_name", "jonas"), ("email", "jonas@example.org"), ("password", password)];
        assert!(browser.post("/account", &fields("wrong wrong wrong")).await.error("password").is_some());
        assert_eq!(browser.post("/account", &fields(PASSWORD)).await.status, 303);
        assert_eq!(app.number(&format!("SELECT COUNT(*) AS n FROM users WHERE id = {jonas} AND email = 'jonas@example.org'")), 1);
    }

    async fn an_address_is_changed_only_by_who_holds_what_its_mail_opens(app) {
        let scene = Scene::of(&app);
        let max = app.person("max", OrgRole::Manager, &[(scene.team, RoleId::VIEWER)]);
        let changing = |email: &str| json!({ "email": email });
        let helpdesk = app.api(&app.token(max, "users:read users:update"));
        let (boss, bob) = (app.person("boss", OrgRole::Manager, &[]), app.person("bob", OrgRole::Member, &[]));
        let refused = helpdesk.patch(&format!("/api/v1/users/{boss}"), changing("boss@taken.example")).await;
        assert_eq!(refused.status, 403, "{}", refused.body);
        assert_eq!(helpdesk.patch(&format!("/api/v1/users/{bob}"), changing("bob@new.example")).await.status, 200);
        // A forgotten password goes by mail: whoever changes the address of their token's own account gets all of the account.
        let narrow = app.api(&app.token(max, "self:read self:update"));
        let own = narrow.patch(&format!("/api/v1/users/{max}"), changing("max@taken.example")).await;
        assert_eq!(own.status, 403, "{}", own.body);
        let (path, named) = (format!("/api/v1/users/{max}"), json!({ "name": "Maximilian" }));
        assert_eq!(narrow.patch(&path, named).await.status, 200, "the rest of the profile is their own");
    }

    async fn a_link_is_handed_out_only_by_who_holds_what_it_opens(app) {
        Scene::of(&app);
        let max = app.person("max", OrgRole::Manager, &[]);
        let (boss, bob) = (app.person("boss", OrgRole::Manager, &[]), app.person("bob", OrgRole::Member, &[]));
        let token = app.token(max, "users:read users:update");
        let caller = || latchkey::service::Caller::new(
            latchkey::service::Credential::Bearer(latchkey::base::secret::Secret::new(token.clone())),
            latchkey::model::actor::Origin::default(),
        );
        assert!(app.app.write(&caller(), |cx| latchkey::service::links::issue_for(cx, boss).map(drop)).is_err());
        app.app.write(&caller(), |cx| latchkey::service::links::issue_for(cx, bob).map(drop)).unwrap();
        let mut browser = app.log_in("max").await;
        let root = app.root_api();
        assert_eq!(root.patch(&format!("/api/v1/users/{boss}"), json!({ "role": "Admin" })).await.status, 200);
        assert_eq!(browser.post(&format!("/users/{boss}/link"), &[]).await.status, 403);
    }

    async fn a_tokens_link_ends_when_its_account_makes_another_grow(app) {
        app.make_admin("ada");
        let ada = UserId(app.number("SELECT id AS n FROM users WHERE username = 'ada'"));
        let max = app.person("max", OrgRole::Manager, &[]);
        let mut browser = app.log_in("ada").await;
        let token = app.token(ada, "users:read users:create users:update");
        let helpdesk = app.api(&token);
        let invited = |n: u32| json!({ "name": format!("Bob {n}"), "user_type": "Person", "username": format!("bob{n}"), "email": format!("bob{n}@example.com"), "role": "Member" });
        let link = |reply: crate::support::Reply| {
            let text = reply.body.to_string();
            let at = text.find("/invitation/").unwrap_or_else(|| panic!("{text}"));
            let link = text[at..].split('"').next().unwrap().to_owned();
            (reply.body["id"].as_i64().unwrap(), link)
        };
        let (bob, weak) = link(helpdesk.post("/api/v1/users", invited(1)).await);
        assert_eq!(app.visitor().get(&weak).await.status, 200);
        let (path, page) = page_of(&mut browser, UserId(bob)).await;
        let version = page.value("version");
        let fields = [("version", &*version), ("display_name", "Bob 1"), ("username", "bob1"), ("email", "bob1@example.com"), ("role", "Manager")];
        assert_eq!(browser.post(&path, &fields).await.status, 303);
        assert_eq!(app.visitor().get(&weak).await.status, 404, "the token was not measured against a Manager");
        let strong = app.api(&app.token(max, &PermissionSet::everything().to_string()));
        let (bob, own) = link(strong.post("/api/v1/users", invited(2)).await);
        assert_eq!(strong.patch(&format!("/api/v1/users/{bob}"), json!({ "role": "Editor" })).await.status, 200);
        assert_eq!(app.visitor().get(&own).await.status, 200, "what the token itself gives, it holds");
    }
}
