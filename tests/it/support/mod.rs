//! A running portal for each test, on either database, with a clock that stands still.

mod api;
mod applications;
mod browser;
mod contract;
mod database;
#[macro_use]
mod post;
mod snapshot;

use std::net::TcpListener;

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use latchkey::base::clock::{Clock, FakeClock};
use latchkey::base::config::Config;
use latchkey::base::secret::Secret;
use latchkey::cli::open;
use latchkey::model::applications::{Written, apart};
use latchkey::model::ids::{RoleId, TeamId, TokenId, UserId};
use latchkey::model::permissions::PermissionSet;
use latchkey::model::roles::{AppLevel, OrgRole};
use latchkey::model::tokens::{Lifetime, Networks};
use latchkey::model::users::Kind;
use latchkey::service::roles::{self, NewRole};
use latchkey::service::setup::{self, NewAdmin};
use latchkey::service::tokens::NewToken;
use latchkey::service::users::NewUser;
use latchkey::service::{App, Caller, teams, tokens, users};
use time::macros::datetime;

pub use api::{Api, Reply};
pub use browser::{Browser, Html};
pub use database::{Database, Flavour, Window};
pub use post::PostOffice;
pub use snapshot::Snapshot;

/// A password that is good enough, for everybody.
pub const PASSWORD: &str = "plum harbour ticket seven";

/// Makes a test for each database: `name::sqlite` and `name::postgres`. `async fn name(app, settings)` runs with those settings.
macro_rules! both {
    (@settings) => { |_: &mut latchkey::base::config::Config| {} };
    (@settings $settings:path) => { $settings };
    ($(async fn $name:ident($app:ident $(, $settings:path)?) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports, clippy::allow_attributes, reason = "a short test may need nothing from around it")]
            use super::*;

            async fn run($app: crate::support::TestApp) $body

            #[tokio::test]
            async fn sqlite() {
                run(crate::support::TestApp::with(crate::support::Flavour::Sqlite, both!(@settings $($settings)?)).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                run(crate::support::TestApp::with(crate::support::Flavour::Postgres, both!(@settings $($settings)?)).await).await;
            }
        }
    )+};
}

/// A running portal.
pub struct TestApp {
    pub url: String,
    pub app: Data<App>,
    pub clock: FakeClock,
    pub db: Database,
    server: ServerHandle,
    pub dir: tempfile::TempDir,
}

impl TestApp {
    pub async fn start(flavour: Flavour) -> Self {
        Self::with(flavour, |_| {}).await
    }

    /// With other settings.
    pub async fn with(flavour: Flavour, settings: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let db = Database::create(flavour, dir.path());
        let mut config = Config {
            listen: listener.local_addr().unwrap(),
            data_dir: dir.path().to_owned(),
            database_url: db.url(),
            ..Config::default()
        };
        settings(&mut config);
        let clock = FakeClock::at(datetime!(2026-11-22 10:00 UTC));
        let app = Data::new(open::app(config, Clock::Fake(clock.clone())).unwrap());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let served = app.clone();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = latchkey::server::run(served, listener).unwrap();
                sender.send(server.handle()).ok();
                server.await.unwrap();
            });
        });
        let server = receiver.await.unwrap();
        Self { url: app.config.origin(), app, clock, db, server, dir }
    }

    /// Somebody at a browser who is not logged in.
    pub fn visitor(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// An Admin named `ada`, logged in.
    pub async fn admin(&self) -> Browser {
        self.make_admin("ada");
        self.log_in("ada").await
    }

    /// An Admin who can log in.
    pub fn make_admin(&self, username: &str) -> UserId {
        let new = NewAdmin {
            username: username.into(),
            display_name: format!("{username} the Admin"),
            email: format!("{username}@example.com"),
            password: Secret::new(PASSWORD.into()),
        };
        setup::create_admin(&self.app, &new).unwrap()
    }

    /// Somebody logged in with the common password.
    pub async fn log_in(&self, username: &str) -> Browser {
        let mut browser = self.visitor();
        let answer = browser.post("/login", &[("login", username), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        browser
    }

    /// A person with this role who has chosen the common password.
    pub fn person(&self, username: &str, role: OrgRole, teams: &[(TeamId, RoleId)]) -> UserId {
        let new = self.new_user(Kind::Person, username, role, teams);
        let created = self.write(|cx| users::create(cx, new));
        let (app, caller) = (&self.app, Caller::nobody(latchkey::model::actor::Origin::default()));
        let secret = created.invitation.unwrap().secret;
        let purpose = latchkey::model::links::Purpose::Invitation;
        latchkey::service::links::choose_password(app, &caller, &secret, purpose, &Secret::new(PASSWORD.into()))
            .unwrap();
        created.user.id
    }

    /// A service account of this display name.
    pub fn service(&self, name: &str, role: OrgRole, teams: &[(TeamId, RoleId)]) -> UserId {
        let new = self.new_user(Kind::Service, name, role, teams);
        self.write(|cx| users::create(cx, new)).user.id
    }

    /// An AI agent's account of this display name.
    pub fn agent(&self, name: &str, role: OrgRole, teams: &[(TeamId, RoleId)]) -> UserId {
        let new = self.new_user(Kind::Agent, name, role, teams);
        self.write(|cx| users::create(cx, new)).user.id
    }

    fn new_user(&self, kind: Kind, name: &str, role: OrgRole, teams: &[(TeamId, RoleId)]) -> NewUser {
        let person = kind == Kind::Person;
        NewUser {
            kind,
            username: if person { name.into() } else { String::new() },
            display_name: name.into(),
            email: if person { format!("{name}@example.com") } else { String::new() },
            role,
            teams: teams.to_vec(),
            home_team: None,
            description: String::new(),
            sponsor: (kind == Kind::Agent).then(|| self.somebody()),
            name_field: "display_name",
            form_key: None,
        }
    }

    /// The first person who can log in, or one who is made.
    fn somebody(&self) -> UserId {
        let who = "kind = 'person' AND disabled_at IS NULL AND password_hash IS NOT NULL";
        match self.number(&format!("SELECT COALESCE(MIN(id), 0) AS n FROM users WHERE {who}")) {
            0 => self.person("sponsor", OrgRole::Member, &[]),
            id => UserId(id),
        }
    }

    /// A team of this name.
    pub fn team(&self, name: &str) -> TeamId {
        self.write(|cx| teams::create(cx, name, "", None)).id
    }

    /// A custom team role of this name with these permissions, separated by blanks.
    pub fn role(&self, name: &str, permissions: &str, level: AppLevel) -> RoleId {
        let new = NewRole {
            name: name.into(),
            description: String::new(),
            permissions: permissions.parse().unwrap(),
            level,
            form_key: None,
        };
        self.write(|cx| roles::create(cx, new)).id
    }

    /// Changes a membership past the program.
    pub fn join_by_sql(&self, team: TeamId, user: UserId, role: RoleId) {
        self.sql(&format!("UPDATE memberships SET role_id = {role} WHERE team_id = {team} AND user_id = {user}"))
            .unwrap();
    }

    /// A token of this user with these scopes, separated by blanks.
    pub fn token(&self, user: UserId, scopes: &str) -> String {
        self.mint(user, scopes, false)
    }

    /// A token of this user that acts as an Admin.
    pub fn global_admin(&self, user: UserId) -> String {
        self.mint(user, "", true)
    }

    fn mint(&self, user: UserId, scopes: &str, global_admin: bool) -> String {
        let count = self.number(&format!("SELECT COUNT(*) AS n FROM tokens WHERE user_id = {user}"));
        let (scopes, app_scopes) = apart(scopes.split_whitespace().map(|word| word.parse::<Written>().unwrap()));
        let new = NewToken { name: format!("token {count}"), scopes, app_scopes, global_admin, ..new_token() };
        self.write(|cx| tokens::create(cx, user, new)).plain.reveal().to_owned()
    }

    /// A token of this user with these scopes that acts in these teams alone: its id and the token.
    pub fn limited_token(&self, user: UserId, scopes: &str, teams: &[TeamId]) -> (TokenId, String) {
        let name = format!("limited {}", self.number("SELECT COUNT(*) AS n FROM tokens"));
        let (scopes, app_scopes) = apart(scopes.split_whitespace().map(|word| word.parse::<Written>().unwrap()));
        let new = NewToken { name, scopes, app_scopes, teams: Some(teams.iter().copied().collect()), ..new_token() };
        let minted = self.write(|cx| tokens::create(cx, user, new));
        (minted.token.id, minted.plain.reveal().to_owned())
    }

    /// The newest token of this user.
    pub fn last_token(&self, user: UserId) -> TokenId {
        TokenId(self.number(&format!("SELECT MAX(id) AS n FROM tokens WHERE user_id = {user}")))
    }

    /// An API client with a global-admin token of a service account of its own.
    pub fn root_api(&self) -> Api {
        let user = self.service("Root", OrgRole::Member, &[]);
        self.api(&self.global_admin(user))
    }

    /// An API client with this token.
    pub fn api(&self, token: &str) -> Api {
        Api::new(&self.url, token)
    }

    /// Runs a use case as the command line would.
    pub fn write<T>(&self, case: impl FnOnce(&mut latchkey::service::Cx<'_, '_>) -> latchkey::model::Result<T>) -> T {
        self.app.write(&Caller::cli(), case).unwrap()
    }

    /// Runs SQL on the store itself, past all of the program.
    pub fn sql(&self, statement: &str) -> Result<(), String> {
        self.db.execute(statement)
    }

    /// The number `n` that a query answers.
    pub fn number(&self, query: &str) -> i64 {
        self.db.number(query)
    }

    /// Audit entries as `action outcome target reason`, the oldest first.
    pub fn audit(&self) -> Vec<String> {
        self.db.texts(
            "SELECT action || ' ' || outcome || ' ' || COALESCE(target_name, '-') || ' ' || COALESCE(reason, '-') AS t \
             FROM audit ORDER BY seq",
        )
    }

    /// That the audit chain verifies.
    pub fn assert_chain(&self) {
        let verdict = latchkey::service::audit::verify(&self.app, None).unwrap();
        assert!(verdict.is_ok(), "{verdict:?}");
    }
}

/// A token for 90 days that can do nothing.
pub fn new_token() -> NewToken {
    NewToken {
        name: String::new(),
        description: String::new(),
        life: Lifetime::Days(90),
        life_field: "expires",
        scopes: PermissionSet::EMPTY,
        app_scopes: std::collections::BTreeSet::new(),
        teams: None,
        global_admin: false,
        networks: Networks::default(),
        form_key: None,
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // Not waited for: the thread ends by itself, and the folder goes with the test.
        drop(self.server.stop(false));
    }
}
