//! The scope escape: no token ends in a log-in that holds more than the token does.

use latchkey::model::access::Holdings;
use latchkey::model::ids::{RoleId, TeamId, UserId};
use latchkey::model::permissions::PermissionSet;
use latchkey::model::roles::OrgRole;
use latchkey::service::{Caller, tokens, users};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, Browser, PASSWORD, Reply, TestApp};

/// What the token is good for; all but the last four are for a Manager's account, those for an Admin's.
const SCOPES: [&str; 14] = [
    "users:create",
    "users:read users:create",
    "users:read users:create users:update",
    "users:read users:create users:update users:delete self:read self:update",
    "users:read users:create users:update teams:read teams:create teams:update teams:delete",
    "users:read users:create users:update service_accounts:read service_accounts:create service_accounts:update",
    "users:read users:create tokens:read tokens:create tokens:update tokens:delete self:update",
    "users:read users:create users:update teams:update service_accounts:create service_accounts:update tokens:create",
    "users:read users:create users:update users:delete teams:read teams:create teams:update teams:delete service_accounts:read \
     service_accounts:create service_accounts:update service_accounts:delete self:read self:update",
    "users:read users:create users:update users:delete teams:read teams:create teams:update teams:delete service_accounts:read \
     service_accounts:create service_accounts:update service_accounts:delete tokens:read tokens:create tokens:update tokens:delete \
     applications:read applications:create applications:update applications:delete webhooks:read webhooks:create \
     webhooks:update webhooks:delete roles:read audit:read self:read self:update",
    "users:create",
    "users:read users:create users:update self:read self:update",
    "users:read users:create users:update teams:update service_accounts:create service_accounts:update tokens:create",
    "users:read users:create users:update users:delete settings:read settings:update roles:create roles:update self:update",
];
const ROLES: [&str; 4] = ["Member", "Editor", "Manager", "Admin"];
const TEAM_ROLES: [&str; 4] = ["Viewer", "Editor", "Maintainer", "Owner"];

/// Whoever has the token, and what they got hold of.
struct Thief {
    api: Api,
    n: usize,
    team: TeamId,
    /// Ways into accounts: whose, and the path of the link.
    links: Vec<(UserId, String)>,
    /// Accounts that are the thief's in another way: by their address, or woken.
    taken: Vec<(UserId, &'static str)>,
    /// Tokens.
    minted: Vec<String>,
    /// Somebody whose account is disabled.
    disabled: UserId,
    made: usize,
}

/// Accounts worth having.
struct Prey {
    people: Vec<UserId>,
    machines: Vec<UserId>,
    /// The paths of the machines' tokens.
    tokens: Vec<String>,
}

impl Prey {
    fn make(app: &TestApp, n: usize, team: TeamId) -> Self {
        let person = |name: &str, role, teams: &[(TeamId, RoleId)]| app.person(&format!("{name}{n}"), role, teams);
        let machine = |name: &str, role, teams: &[(TeamId, RoleId)]| app.service(&format!("{name} {n}"), role, teams);
        let off = person("off", OrgRole::Manager, &[]);
        app.write(|cx| users::disable(cx, off));
        let invited = person("invited", OrgRole::Editor, &[(team, RoleId::MAINTAINER)]);
        app.sql(&format!("UPDATE users SET password_hash = NULL WHERE id = {invited}")).unwrap();
        let marked = machine("Marked", OrgRole::Member, &[]);
        app.global_admin(marked);
        let machines = vec![
            machine("Weak", OrgRole::Member, &[]),
            machine("Sleeping", OrgRole::Manager, &[]),
            machine("Strong", OrgRole::Editor, &[(team, RoleId::OWNER)]),
            machine("Root", OrgRole::Admin, &[(team, RoleId::VIEWER)]),
            marked,
        ];
        for id in &machines[..4] {
            app.token(*id, "users:read users:update users:delete teams:update tokens:create roles:read");
        }
        let path = |id: &UserId| format!("/api/v1/users/{id}/tokens/{}", app.last_token(*id));
        Self {
            tokens: machines.iter().map(path).collect(),
            people: vec![
                person("plain", OrgRole::Member, &[]),
                person("owner", OrgRole::Member, &[(team, RoleId::OWNER)]),
                person("manager", OrgRole::Manager, &[]),
                app.make_admin(&format!("admin{n}")),
                off,
                invited,
            ],
            machines,
        }
    }
}

impl Thief {
    /// Where a link leads, of whatever was answered.
    fn keep(&mut self, user: UserId, reply: &Reply) {
        let link = reply.body["link"].as_str().or_else(|| reply.body["invitation"].as_str());
        self.links.extend(
            link.map(|link| (user, link[link.find("/invitation/").or(link.find("/reset/")).unwrap()..].to_owned())),
        );
    }

    async fn create(&mut self, mut body: Value) -> Option<UserId> {
        self.made += 1;
        let name = format!("thief-{}-{}", self.n, self.made);
        body["name"] = name.clone().into();
        if body["user_type"] == "Person" {
            body["username"] = name.clone().into();
            body["email"] = format!("{name}@example.com").into();
        }
        let reply = self.api.post("/api/v1/users", body).await;
        let id = UserId(reply.body["id"].as_i64()?);
        self.keep(id, &reply);
        Some(id)
    }

    /// Everything that gives power or control over an account that is there.
    async fn lean_on(&mut self, user: UserId) {
        let path = format!("/api/v1/users/{user}");
        self.made += 1;
        let address = format!("thief-{}-{}@evil.example", self.n, self.made);
        if self.api.patch(&path, json!({ "email": address })).await.status == 200 {
            self.taken.push((user, "its address"));
        }
        let woken = self.api.patch(&path, json!({ "enabled": true })).await.status == 200;
        if woken && user == self.disabled {
            self.taken.push((user, "woken"));
        }
        let link = Reply::of(self.api.request(Method::POST, &format!("{path}/link"))).await;
        self.keep(user, &link);
        self.grow(user).await;
        let link = Reply::of(self.api.request(Method::POST, &format!("{path}/link"))).await;
        self.keep(user, &link);
        for scopes in [json!(["users:read", "users:delete"]), json!(["users:create"]), json!(["self:update"])] {
            self.made += 1;
            let body = json!({ "name": format!("t{}", self.made), "expires_in_days": 1, "scopes": scopes });
            let reply = self.api.post(&format!("{path}/tokens"), body).await;
            self.minted.extend(reply.body["token"].as_str().map(str::to_owned));
        }
    }

    async fn grow(&mut self, user: UserId) {
        for role in ROLES {
            self.api.patch(&format!("/api/v1/users/{user}"), json!({ "role": role })).await;
        }
        for role in TEAM_ROLES {
            let path = format!("/api/v1/teams/{}/members/{user}", self.team);
            self.api.put(&path, json!({ "role": role })).await;
        }
    }

    async fn make_a_person_of(&mut self, machine: UserId) {
        self.made += 1;
        let name = format!("thief-{}-{}", self.n, self.made);
        let body = json!({ "username": name, "email": format!("{name}@example.com") });
        let reply = self.api.post(&format!("/api/v1/users/{machine}/turn-into-person"), body).await;
        self.keep(machine, &reply);
    }

    /// Every road over REST that ends in a log-in.
    async fn run(&mut self, own: UserId, prey: &Prey) {
        for role in ROLES {
            if let Some(id) = self.create(json!({ "user_type": "Person", "role": role })).await {
                self.lean_on(id).await;
            }
            if let Some(id) = self.create(json!({ "role": role })).await {
                self.grow(id).await;
                self.make_a_person_of(id).await;
            }
        }
        let team = format!("Team {}", self.n);
        for role in TEAM_ROLES {
            let teams = json!([{ "team": team, "role": role }]);
            self.create(json!({ "user_type": "Person", "role": "Member", "teams": teams })).await;
            if let Some(id) = self.create(json!({ "role": "Member", "teams": teams })).await {
                self.make_a_person_of(id).await;
            }
        }
        self.lean_on(own).await;
        for token in &prey.tokens {
            for act in ["rotate", "suspend", "resume", "rotate"] {
                let reply = self.api.post(&format!("{token}/{act}"), json!({ "overlap": "none" })).await;
                self.minted.extend(reply.body["token"].as_str().map(str::to_owned));
            }
        }
        for machine in &prey.machines {
            self.make_a_person_of(*machine).await;
        }
        for person in &prey.people {
            self.lean_on(*person).await;
            let turned =
                self.api.post(&format!("/api/v1/users/{person}/turn-into-service"), json!({ "home_team": team })).await;
            if turned.status == 200 {
                self.make_a_person_of(*person).await;
            }
        }
        // Growth after the links were handed out.
        let got: Vec<_> = self.links.iter().map(|(user, _)| *user).collect();
        for user in got {
            self.grow(user).await;
        }
    }

    /// Uses everything that was got, and gives how many log-ins that made. None holds more than the token.
    async fn judge(&self, app: &TestApp, token: &Holdings, scopes: &str) -> usize {
        let mut log_ins = 0;
        for (user, link) in &self.links {
            let mut browser = app.visitor();
            if browser.post(link, &[("password", PASSWORD)]).await.status != 303 {
                continue;
            }
            let username = app.db.texts(&format!("SELECT username AS t FROM users WHERE id = {user}")).remove(0);
            let mut browser: Browser = app.log_in(&username).await;
            assert_eq!(browser.get("/account").await.status, 200);
            log_ins += 1;
            let lack = token.lack_against(&holdings(app, *user));
            assert_eq!(lack, None, "[{scopes}] logs in as {username}, by a link");
        }
        for (user, how) in &self.taken {
            let lack = token.lack_against(&holdings(app, *user));
            assert_eq!(lack, None, "[{scopes}] has account {user}: {how}");
        }
        for plain in &self.minted {
            let me = app.api(plain).get("/api/v1/me").await;
            let effective: Vec<_> = me.body["token"]["effective_scopes"].as_array().into_iter().flatten().collect();
            for scope in effective.iter().filter_map(|scope| scope.as_str()).filter(|scope| !scope.starts_with("self:"))
            {
                assert!(token.anywhere().has(scope.parse().unwrap()), "[{scopes}] made a token of {scope}");
            }
        }
        log_ins
    }
}

fn holdings(app: &TestApp, user: UserId) -> Holdings {
    let found = app.app.read(&Caller::cli(), |cx| {
        let user = users::get(cx, user)?.user;
        Ok(Holdings::of(&tokens::standing(cx, &user)?))
    });
    found.unwrap()
}

both! {
    async fn a_token_with_users_create_makes_no_log_in_stronger_than_itself(app) {
        for (n, scopes) in SCOPES.iter().enumerate() {
            let team = app.team(&format!("Team {n}"));
            let own = match n {
                10.. => app.make_admin(&format!("attacker{n}")),
                _ => app.person(&format!("attacker{n}"), OrgRole::Manager, &[]),
            };
            let prey = Prey::make(&app, n, team);
            let limit: PermissionSet = scopes.parse().unwrap();
            let token = holdings(&app, own).limited(limit, None);
            let api = app.api(&app.token(own, scopes));
            let mut thief = Thief { api, n, team, links: vec![], taken: vec![], minted: vec![], disabled: prey.people[4], made: 0 };
            thief.run(own, &prey).await;
            let log_ins = thief.judge(&app, &token, scopes).await;
            assert!(log_ins > 0, "[{scopes}] makes people who can do nothing, at the least");
        }
    }
}
