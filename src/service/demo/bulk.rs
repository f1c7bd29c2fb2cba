//! Large stores, for measuring: rows by the store's own functions, many to a transaction, past the use cases.

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};

use super::dice::Dice;
use super::names;
use crate::base::random;
use crate::model::actor::{Actor, Identity, Origin};
use crate::model::audit::Event;
use crate::model::ids::{RoleId, SessionId, TeamId, UserId};
use crate::model::permissions::PermissionSet;
use crate::model::roles::OrgRole;
use crate::model::tokens::{LastUse, Networks, PlainToken, TokenType};
use crate::model::users::{Kind, User};
use crate::model::{Error, Result};
use crate::service::app::{App, account};
use crate::store::{self, Tx};

/// How many accounts a transaction makes.
const AT_ONCE: usize = 10_000;
/// How many Admins there are at least: their list fills a page in the smallest store too, so that pages of one length are compared.
const ADMINS: usize = 60;
/// How far back the oldest account goes.
const AGE: Duration = Duration::days(3 * 365);
const SCOPES: &[&str] =
    &["", "users:read", "teams:read", "service_accounts:read teams:read", "tokens:read tokens:update audit:read"];
const AGENTS: &[&str] = &["ledger-cli/4.1", "curl/8.5.0", "python-requests/2.32", "Go-http-client/2.0", "okhttp/4.12"];

/// Fills an empty store with so many accounts, as many tokens and as many audit entries. `told` hears how many there are so far.
///
/// # Errors
/// There is somebody in the store already, or a fault.
pub fn fill(app: &App, accounts: usize, seed: u64, mut told: impl FnMut(usize)) -> Result<()> {
    let now = app.clock.now();
    let teams = app.store.write(|tx| {
        if store::users::counts(tx, &crate::model::actor::Sight::All)? != [0; 3] {
            return Err(Error::Conflict(
                "There are accounts in this store already. Only an empty one is filled.".into(),
            ));
        }
        store::db::bulk(tx)?;
        teams(tx, now - AGE)
    })?;
    let password = app.passwords.hash(&random::secret())?;
    let mut crowd = Crowd {
        dice: Dice::new(seed),
        teams,
        password,
        accounts,
        now,
        admin: None,
        people: Vec::new(),
        machines: 0,
        made: 0,
    };
    while crowd.made < accounts {
        app.store.write(|tx| {
            for _ in 0..AT_ONCE.min(accounts - crowd.made) {
                crowd.account(tx, app)?;
            }
            Ok(())
        })?;
        told(crowd.made);
    }
    app.store.write(store::db::bulk_done)
}

fn teams(tx: &mut Tx<'_>, since: OffsetDateTime) -> Result<Vec<TeamId>> {
    let made = names::TEAMS.iter().map(|name| Ok(store::teams::insert(tx, name, "", since)?.id));
    made.collect()
}

/// What is made so far.
struct Crowd {
    dice: Dice,
    teams: Vec<TeamId>,
    password: String,
    accounts: usize,
    now: OffsetDateTime,
    admin: Option<User>,
    /// Some of the people, as contacts.
    people: Vec<UserId>,
    machines: usize,
    made: usize,
}

impl Crowd {
    /// One more account, with its memberships, on average one token, and one audit entry.
    fn account(&mut self, tx: &mut Tx<'_>, app: &App) -> Result<()> {
        let number = self.made;
        let at = self.now - AGE
            + AGE / i32::try_from(self.accounts).unwrap_or(i32::MAX) * i32::try_from(number).unwrap_or(i32::MAX);
        let kind = match number % 25 {
            _ if number == 0 => Kind::Person,
            0..15 => Kind::Person,
            15..23 => Kind::Service,
            _ => Kind::Agent,
        };
        let user = self.user(tx, kind, at)?;
        let joined = self.join(tx, &user, at)?;
        // Two for each service or agent account and one for every third person make one for each account.
        let tokens = if kind == Kind::Person { usize::from(number.is_multiple_of(3)) } else { 2 };
        for nth in 0..tokens {
            self.token(tx, &user, nth, at)?;
        }
        self.entry(tx, app, &user, (joined, at))?;
        self.admin.get_or_insert(user);
        self.made += 1;
        Ok(())
    }

    fn user(&mut self, tx: &mut Tx<'_>, kind: Kind, at: OffsetDateTime) -> Result<User> {
        let person = kind == Kind::Person;
        let (display_name, username) = if person {
            names::person(self.made - self.machines)
        } else {
            let name = names::machine(self.machines);
            let username = format!("{}{}", name.to_lowercase().replace(' ', "_"), kind.suffix().unwrap_or_default());
            self.machines += 1;
            (name, username)
        };
        let email = format!("{username}@{}", names::DOMAIN);
        let home = (!person).then(|| if self.dice.chance(4) { TeamId::PUBLIC } else { self.team() });
        let role = match self.dice.below(1_000) {
            _ if self.made < ADMINS => OrgRole::Admin,
            0 => OrgRole::Admin,
            1..20 => OrgRole::Manager,
            20..70 => OrgRole::Editor,
            _ => OrgRole::Member,
        };
        let contact = if person || self.people.is_empty() { None } else { Some(*self.dice.pick(&self.people)) };
        let chosen = self.made == 0 || !self.dice.chance(5);
        let row = store::users::NewUser {
            kind,
            username: &username,
            display_name: &display_name,
            email: person.then_some(email.as_str()),
            role,
            description: if person { "" } else { "Made for measuring." },
            contact,
            sponsor: contact.filter(|_| kind == Kind::Agent),
            home_team: home,
            password_hash: (person && chosen).then_some(self.password.as_str()),
        };
        let mut user = store::users::insert(tx, &row, at)?;
        if person && self.people.len() < 1_000 {
            self.people.push(user.id);
        }
        if self.made > 0 && self.dice.chance(4) {
            user.disabled_at = Some(at + self.dice.up_to(self.now - at));
            user = store::users::update(tx, &user, at)?;
        }
        if self.dice.chance(80) {
            store::users::touch(tx, user.id, self.now - self.dice.up_to((self.now - at).min(Duration::days(90))))?;
        }
        Ok(user)
    }

    /// A team: the first ones have many members, the last ones few.
    fn team(&mut self) -> TeamId {
        let most = self.teams.len();
        let at = self.dice.below(most).min(self.dice.below(most)).min(self.dice.below(most));
        self.teams[at]
    }

    fn join(&mut self, tx: &mut Tx<'_>, user: &User, at: OffsetDateTime) -> Result<Option<TeamId>> {
        let home = match user.home_team {
            Some(TeamId::PUBLIC) => return Ok(None),
            Some(home) => home,
            None if self.dice.chance(10) => return Ok(None),
            None => self.team(),
        };
        let role = |dice: &mut Dice| *dice.pick(&[RoleId::VIEWER, RoleId::VIEWER, RoleId::EDITOR, RoleId::MAINTAINER]);
        let first = role(&mut self.dice);
        store::memberships::set(tx, user.id, home, first, at)?;
        if self.dice.chance(30) {
            let (other, second) = (self.team(), role(&mut self.dice));
            store::memberships::set(tx, user.id, other, second, at)?;
        }
        Ok(Some(home))
    }

    fn token(&mut self, tx: &mut Tx<'_>, user: &User, nth: usize, at: OffsetDateTime) -> Result<()> {
        let kind = TokenType::from(user.kind);
        let plain = PlainToken::generate(kind);
        let expires_at = match self.dice.below(10) {
            // Over by now, or soon.
            0..2 => Some(at + Duration::days(30)),
            2..4 => Some(self.now + self.dice.up_to(Duration::days(30))),
            4 if user.kind != Kind::Agent => None,
            _ => Some(self.now + Duration::days(30) + self.dice.up_to(Duration::days(365))),
        };
        let scopes: PermissionSet = self.dice.pick(SCOPES).parse().unwrap_or(PermissionSet::EMPTY);
        let new = store::tokens::NewToken {
            user: user.id,
            name: ["pipeline", "nightly"][nth % 2],
            description: "",
            kind,
            global_admin: false,
            scopes,
            app_scopes: &BTreeSet::new(),
            teams: None,
            networks: &Networks::default(),
            hint: &plain.hint(),
            hash: &plain.hash(),
            expires_at,
            created_by: &user.username,
            parent: None,
        };
        let token = store::tokens::insert(tx, &new, at)?;
        if self.dice.chance(75) {
            let last = LastUse {
                at: self.now - self.dice.up_to((self.now - at).min(Duration::days(200))),
                address: Some(self.dice.address()),
                user_agent: Some((*self.dice.pick(AGENTS)).into()),
                purpose: Some("GET /api/v1/users".into()),
            };
            store::uses::of_token(tx, token.id, &last)?;
        }
        match self.dice.below(100) {
            0..5 => store::tokens::revoke(tx, token.id, self.now - self.dice.up_to(self.now - at)),
            5..15 => {
                let since = self.now - self.dice.up_to(self.now - at);
                store::tokens::suspend(tx, &token, None, since).map(drop)
            }
            _ => Ok(()),
        }
    }

    fn entry(
        &mut self,
        tx: &mut Tx<'_>,
        app: &App,
        user: &User,
        (team, at): (Option<TeamId>, OffsetDateTime),
    ) -> Result<()> {
        let target = Some(account(user));
        let event = match self.dice.below(10) {
            0 if user.kind == Kind::Person => {
                Event::refused("session.create", target, "the password was wrong")
            }
            0..3 if user.kind == Kind::Person => Event::done("session.create", target),
            0..3 => Event::refused("request", target, "the permission teams:update is missing"),
            3..5 => Event::done("token.create", target)
                .change(None, Some(serde_json::json!({ "name": "pipeline", "scopes": "teams:read" }))),
            5..6 if team.is_some() => Event::done("team.set_member", target)
                .change(None, Some(serde_json::json!({ "team": { "id": team }, "role": "Viewer" }))),
            _ => Event::done("user.create", target).change(
                None,
                Some(serde_json::json!({ "username": user.username, "display_name": user.display_name, "role": user.role })),
            ),
        };
        let own = event.action == "session.create" || event.action == "request";
        let by = if own { user } else { self.admin.as_ref().unwrap_or(user) };
        let who = Identity {
            id: by.id,
            username: by.username.clone(),
            display_name: by.display_name.clone(),
            standing: by.standing(Vec::new()),
        };
        let actor = Actor::in_session(who, SessionId(0), at, self.origin());
        crate::service::audit::append(tx, &app.keys, (&actor, at), event)
    }

    fn origin(&mut self) -> Origin {
        Origin {
            address: Some(self.dice.address()),
            user_agent: Some((*self.dice.pick(AGENTS)).into()),
            request_id: Some(format!("{:016x}", self.made)),
            operation: None,
        }
    }
}
