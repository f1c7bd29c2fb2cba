//! The believable organisation: its months are lived through, act by act, by the same use cases that people and programs use, so
//! that the audit log tells what really happened in this store.

mod applications;
mod plan;

use time::{Duration, OffsetDateTime};

use self::plan::Act;
use super::cast::{ADMIN, Fate, Life, MACHINES, MANAGER, Now, PEOPLE, ROLES, TEAMS, TOKENS};
use super::dice::Dice;
use super::names;
use crate::base::clock::FakeClock;
use crate::base::secret::Secret;
use crate::model::actor::Origin;
use crate::model::applications::{Written, apart};
use crate::model::ids::{ApplicationId, RoleId, SessionId, TeamId, TokenId, UserId};
use crate::model::links::Purpose;
use crate::model::page::PageRequest;
use crate::model::tokens::{Lifetime, Networks, PlainToken};
use crate::model::users::Kind;
use crate::model::{Error, Result};
use crate::service::setup::{self, NewAdmin};
use crate::service::tokens::{self, NewToken, Rotate};
use crate::service::users::{self, NewUser, UserChange};
use crate::service::{App, Caller, Credential, Cx, links, members, roles, sessions, teams};

/// What whoever tries the portal out needs to know.
pub struct Told {
    /// Who can be logged in as: display name, username, and what they are. All have one password.
    pub personae: Vec<(&'static str, String, &'static str)>,
    /// Tokens to try: whose, and what they are.
    pub tokens: Vec<(&'static str, &'static str, PlainToken)>,
}

/// The months so far.
struct Story<'a> {
    app: &'a App,
    dice: Dice,
    password: &'a Secret,
    people: Vec<Option<UserId>>,
    sessions: Vec<Option<(SessionId, OffsetDateTime)>>,
    teams: Vec<TeamId>,
    roles: Vec<RoleId>,
    applications: Vec<ApplicationId>,
    machines: Vec<Option<UserId>>,
    tokens: Vec<Option<(TokenId, PlainToken)>>,
    old: Vec<Option<PlainToken>>,
}

/// Lives through the organisation's months, up to `now`, in an empty store. `clock` is the one that `app` reads. Every person gets
/// `password`.
///
/// # Errors
/// A fault, or a password that is not good enough.
pub fn tell(app: &App, clock: &FakeClock, now: OffsetDateTime, (seed, password): (u64, &Secret)) -> Result<Told> {
    let mut story = Story {
        app,
        dice: Dice::new(seed),
        password,
        people: vec![None; PEOPLE.len()],
        sessions: vec![None; PEOPLE.len()],
        teams: Vec::new(),
        roles: Vec::new(),
        applications: Vec::new(),
        machines: vec![None; MACHINES.len()],
        tokens: TOKENS.iter().map(|_| None).collect(),
        old: TOKENS.iter().map(|_| None).collect(),
    };
    for (ago, act) in plan::plan(&mut story.dice) {
        let ahead = now - ago - app.clock.now();
        clock.advance(ahead.max(Duration::ZERO));
        story.play(act)?;
    }
    clock.advance((now - app.clock.now()).max(Duration::ZERO));
    let what =
        ["Admin: may do everything", "Manager: accounts, teams and tokens everywhere", "Owner of the team Payments"];
    let personae = PEOPLE.iter().zip(what).map(|(person, what)| (person.name, username(person.name), what)).collect();
    let whats = [
        "reads its team\u{2019}s accounts and tokens",
        "Global admin: acts as an Admin",
        "an AI agent\u{2019}s, read-only",
    ];
    let tried = TOKENS.iter().zip(story.tokens).zip(whats);
    let tokens = tried.filter_map(|((token, made), what)| Some((token.of, what, made?.1))).collect();
    Ok(Told { personae, tokens })
}

/// When the store begins, seen from its end.
pub const AGE: Duration = Duration::days(221);

fn username(name: &str) -> String {
    name.split(' ').next().unwrap_or_default().to_lowercase()
}

impl Story<'_> {
    fn play(&mut self, act: Act) -> Result<()> {
        match act {
            Act::Person(at) => self.person(at),
            Act::Team(at) => {
                let (name, what) = TEAMS[at];
                let team = self.by(ADMIN, |cx| teams::create(cx, name, what, None))?;
                self.teams.push(team.id);
                Ok(())
            }
            Act::Role(at) => self.role(at),
            Act::Application(at) => self.application(at),
            Act::Secret(at) => self.secret(at),
            Act::Machine(at) => self.machine(at),
            Act::Token(at) => self.token(at),
            Act::LogIn(at) => self.session(at).map(drop),
            Act::WrongPassword(at) => {
                self.at_the_door(&username(PEOPLE[at].name));
                Ok(())
            }
            Act::Barred(at) => {
                self.at_the_door(&format!("{}@service", MACHINES[at].name.to_lowercase().replace(' ', "_")));
                Ok(())
            }
            Act::Refused(at) => {
                let team = self.teams[3];
                // That it is refused is the point.
                let _ = self.by(at, |cx| teams::update(cx, team, "Security", "Mine now.", None));
                Ok(())
            }
            Act::Use(at) => {
                self.used(at, false);
                Ok(())
            }
            Act::UseOld(at) => {
                self.used(at, true);
                Ok(())
            }
            Act::Rotate(at) => self.rotate(at),
            Act::Suspend(at) => self.with_token(at, |cx, user, token| tokens::suspend(cx, user, token, None).map(drop)),
            Act::Revoke(at) => self.with_token(at, tokens::revoke),
            Act::Leave(at) => {
                let Some(id) = self.people[at] else { return Ok(()) };
                self.by(MANAGER, |cx| users::disable(cx, id)).map(drop)
            }
            Act::Describe(at) => {
                let (name, what) = TEAMS[at];
                let (id, by) = (self.teams[at], self.owner(at));
                let what = format!("{what} Ask in the channel #{}.", name.to_lowercase().replace(' ', "-"));
                self.by(by, |cx| teams::update(cx, id, name, &what, None)).map(drop)
            }
        }
    }

    /// The person who owns a team.
    fn owner(&self, team: usize) -> usize {
        let owns = |at: &usize| PEOPLE[*at].teams.contains(&(team, "Owner")) && self.people[*at].is_some();
        (0..PEOPLE.len()).find(owns).unwrap_or(ADMIN)
    }

    fn origin(&mut self, agent: &str) -> Origin {
        Origin { address: Some(self.dice.address()), user_agent: Some(agent.into()), request_id: None, operation: None }
    }

    /// The session of a person, opened anew where the last one is older than some minutes.
    fn session(&mut self, who: usize) -> Result<Caller> {
        let user = self.people[who].ok_or(Error::NotFound("user"))?;
        let now = self.app.clock.now();
        let origin = self.origin("Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0");
        if let Some((id, since)) = self.sessions[who].filter(|(_, since)| now - *since < Duration::minutes(9)) {
            self.sessions[who] = Some((id, since));
            return Ok(Caller::new(Credential::Session(id), origin));
        }
        let key = crate::base::random::secret();
        sessions::open(self.app, &Caller::nobody(origin.clone()), key.reveal(), user, "{}")?;
        let (session, _) = sessions::load(self.app, key.reveal())?.ok_or(Error::NotFound("session"))?;
        self.sessions[who] = Some((session.id, now));
        Ok(Caller::new(Credential::Session(session.id), origin))
    }

    /// Has a person do something.
    fn by<T>(&mut self, who: usize, case: impl FnOnce(&mut Cx<'_, '_>) -> Result<T>) -> Result<T> {
        let caller = self.session(who)?;
        self.app.write(&caller, case)
    }

    fn person(&mut self, at: usize) -> Result<()> {
        let (person, username) = (&PEOPLE[at], username(PEOPLE[at].name));
        let email = format!("{username}@{}", names::DOMAIN);
        if at == ADMIN {
            let new = NewAdmin { username, display_name: person.name.into(), email, password: self.password.clone() };
            self.people[at] = Some(setup::create_admin(self.app, &new)?);
            return Ok(());
        }
        let teams = self.placed(person.teams);
        let new = NewUser { email, username, role: person.role, teams, ..blank(Kind::Person, person.name) };
        let by = if person.role == crate::model::roles::OrgRole::Member && self.people[MANAGER].is_some() {
            at % 2
        } else {
            ADMIN
        };
        // A Manager acts on nobody who can do more.
        let by = if person.teams.iter().any(|(_, role)| *role == "Owner") { ADMIN } else { by };
        let created = self.by(by, |cx| users::create(cx, new))?;
        self.people[at] = Some(created.user.id);
        if let (Some(issued), true) = (created.invitation, person.now != Now::Invited) {
            let nobody = Caller::nobody(self.origin("Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"));
            links::choose_password(self.app, &nobody, &issued.secret, Purpose::Invitation, self.password)?;
        }
        Ok(())
    }

    /// Teams and roles by their ids.
    fn placed(&self, teams: &[(usize, &str)]) -> Vec<(TeamId, RoleId)> {
        let role = |name: &str| match name {
            "Owner" => RoleId::OWNER,
            "Maintainer" => RoleId::MAINTAINER,
            "Editor" => RoleId::EDITOR,
            _ => ROLES.iter().position(|role| role.0 == name).map_or(RoleId::VIEWER, |at| self.roles[at]),
        };
        teams.iter().map(|(team, name)| (self.teams[*team], role(name))).collect()
    }

    fn role(&mut self, at: usize) -> Result<()> {
        let (name, what, permissions, level) = ROLES[at];
        let permissions = permissions.parse().map_err(Error::internal)?;
        let new = roles::NewRole { name: name.into(), description: what.into(), permissions, level, form_key: None };
        let role = self.by(ADMIN, |cx| roles::create(cx, new))?;
        self.roles.push(role.id);
        if at == 0 {
            // Ada made every team, and is in the one that is hers.
            let (team, ada) = (self.teams[0], self.people[ADMIN].ok_or(Error::NotFound("user"))?);
            self.by(ADMIN, |cx| members::set(cx, team, ada, RoleId::OWNER))?;
        }
        Ok(())
    }

    fn machine(&mut self, at: usize) -> Result<()> {
        let machine = &MACHINES[at];
        let teams = self.placed(machine.teams);
        let new = NewUser {
            role: machine.role,
            teams,
            description: machine.what.into(),
            ..blank(machine.kind, machine.name)
        };
        let made = self.by(machine.by, |cx| users::create(cx, new))?.user;
        self.machines[at] = Some(made.id);
        if let Some(contact) = machine.contact {
            let change = UserChange { contact: Some(self.people[contact]), ..UserChange::default() };
            self.by(MANAGER, |cx| users::update(cx, made.id, change))?;
        }
        Ok(())
    }

    /// The machine of a token, and who made it.
    fn whose(&self, at: usize) -> Result<(UserId, usize)> {
        let found = MACHINES.iter().position(|machine| machine.name == TOKENS[at].of);
        let found = found.and_then(|machine| Some((self.machines[machine]?, MACHINES[machine].by)));
        found.ok_or(Error::NotFound("user"))
    }

    fn token(&mut self, at: usize) -> Result<()> {
        let token = &TOKENS[at];
        let (user, by) = self.whose(at)?;
        let life = match token.life {
            Life::Days(days) => Lifetime::Days(days),
            Life::Never => Lifetime::Never,
        };
        let written = token.scopes.split_whitespace().map(|word| word.parse::<Written>());
        let (scopes, app_scopes) = apart(written.collect::<Result<Vec<_>, _>>().map_err(Error::internal)?);
        let new = NewToken {
            name: token.name.into(),
            description: token.what.into(),
            life,
            life_field: "expires",
            scopes,
            app_scopes,
            teams: None,
            networks: Networks::default(),
            global_admin: token.global_admin,
            form_key: None,
        };
        let minted = self.by(by, |cx| tokens::create(cx, user, new))?;
        self.tokens[at] = Some((minted.token.id, minted.plain));
        Ok(())
    }

    fn with_token(
        &mut self,
        at: usize,
        act: impl FnOnce(&mut Cx<'_, '_>, UserId, TokenId) -> Result<()>,
    ) -> Result<()> {
        let (user, by) = self.whose(at)?;
        let Some((token, _)) = self.tokens[at].as_ref().map(|(id, plain)| (*id, plain)) else { return Ok(()) };
        self.by(by, |cx| act(cx, user, token))
    }

    fn rotate(&mut self, at: usize) -> Result<()> {
        let (user, by) = self.whose(at)?;
        let Fate::Rotated(_, overlap) = TOKENS[at].fate else { return Ok(()) };
        let Some((token, before)) = self.tokens[at].take() else { return Ok(()) };
        let minted =
            self.by(by, |cx| tokens::rotate(cx, user, token, &Rotate { version: None, overlap, form_key: None }))?;
        self.tokens[at] = Some((token, minted.plain));
        self.old[at] = Some(before);
        Ok(())
    }

    /// A program uses a token, to look at its teams: other scopes than that one are never in use.
    fn used(&mut self, at: usize, old: bool) {
        let plain = if old { self.old[at].as_ref() } else { self.tokens[at].as_ref().map(|(_, plain)| plain) };
        let Some(secret) = plain.map(|plain| Secret::new(plain.reveal().to_owned())) else { return };
        let agent = *self.dice.pick(&["curl/8.5.0", "python-requests/2.32.3", "Go-http-client/2.0", "node-fetch/3.3"]);
        let caller = Caller::new(Credential::Bearer(secret), self.origin(agent));
        // One that has ended meanwhile, or may not look, is refused, as it would be.
        let _ = self.app.read(&caller, |cx| teams::page(cx, "", &PageRequest::first(20)));
    }

    /// Somebody at the log-in form with a wrong password.
    fn at_the_door(&mut self, login: &str) {
        let nobody = Caller::nobody(self.origin("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0"));
        // Refused, and written down.
        let _ = sessions::log_in(self.app, &nobody, login, &Secret::new("not the one".into()), None);
    }
}

fn blank(kind: Kind, name: &str) -> NewUser {
    NewUser {
        kind,
        username: String::new(),
        display_name: name.into(),
        email: String::new(),
        role: crate::model::roles::OrgRole::Member,
        teams: Vec::new(),
        home_team: None,
        description: String::new(),
        sponsor: None,
        name_field: "display_name",
        form_key: None,
    }
}
