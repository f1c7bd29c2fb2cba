//! One sequence: who does what, what is looked at after each step, and the story told where the invariant breaks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use latchkey::base::clock::to_micros;
use latchkey::model::actor::Origin;
use latchkey::model::error::Error;
use latchkey::model::ids::{SessionId, TeamId, UserId};
use latchkey::service::{Caller, Credential, Cx, sessions};

use super::acts::{ACTS, Act};
use super::dice::Dice;
use super::gifts::GIFTS;
use super::hands::{Hands, Key, Learned};
use super::power::{Account, Base, Power, Reading};
use super::scene;
use crate::support::{TestApp, Window};

/// What happens next: data, so that a sequence can be shrunk and played again.
#[derive(Clone, Debug)]
pub enum Step {
    /// Somebody of the set tries something.
    Set { who: u32, act: u32, dice: Vec<u32> },
    /// The Admin outside the set does something.
    Admin { act: u32, dice: Vec<u32> },
    /// Time passes.
    Wait { minutes: u32 },
}

/// How often each act was tried, and how often it was done.
#[derive(Default)]
pub struct Tally(pub BTreeMap<&'static str, (u64, u64)>);

impl Tally {
    fn count(&mut self, act: &'static str, done: bool) {
        let counts = self.0.entry(act).or_default();
        (counts.0, counts.1) = (counts.0 + 1, counts.1 + u64::from(done));
    }

    /// Takes in what another one counted.
    pub fn add(&mut self, other: Self) {
        for (act, (tried, done)) in other.0 {
            let counts = self.0.entry(act).or_default();
            (counts.0, counts.1) = (counts.0 + tried, counts.1 + done);
        }
    }
}

/// One attempt at one act.
pub struct Try<'a> {
    portal: &'a TestApp,
    caller: Caller,
    /// The state before it.
    pub reading: &'a Reading,
    /// What the set has in its hands before it.
    pub hands: &'a Hands,
    /// What is tried.
    pub act: &'static Act,
    /// Whether it is tried also where it seems in vain.
    pub daring: bool,
    /// Who acts.
    pub me: UserId,
    /// What they can do.
    pub power: &'a Power,
    /// The teams to which the token they act with is limited.
    pub limit: Option<&'a BTreeSet<TeamId>>,
    /// Choices.
    pub dice: Dice,
    seen: Option<Power>,
    told: Vec<String>,
    fresh: String,
}

impl Try<'_> {
    /// Runs a use case, and takes down what the product says that the actor can do.
    pub fn write<T>(
        &mut self,
        case: impl FnOnce(&mut Cx<'_, '_>) -> latchkey::model::Result<T>,
    ) -> latchkey::model::Result<T> {
        let seen = &mut self.seen;
        self.portal.app.write(&self.caller, |cx| {
            *seen = Some(Power::of(&cx.actor));
            case(cx)
        })
    }

    /// The portal, for use cases that are more than one transaction.
    pub fn portal(&self) -> &TestApp {
        self.portal
    }

    /// Notes an argument for the story.
    pub fn tell(&mut self, what: impl Into<String>) {
        self.told.push(what.into());
    }

    /// A name that nothing has yet.
    pub fn fresh(&self, what: &str) -> String {
        format!("{}{what}", self.fresh)
    }

    /// One of these accounts, told by its name.
    pub fn one_of(&mut self, accounts: &[UserId]) -> Option<UserId> {
        let id = self.dice.any(accounts)?;
        self.tell(self.reading.accounts[&id].name.clone());
        Some(id)
    }

    /// Some account that the filter lets through.
    pub fn account(&mut self, fits: impl Fn(&Account) -> bool) -> latchkey::model::Result<UserId> {
        let all: Vec<_> =
            self.reading.accounts.iter().filter(|(_, account)| fits(account)).map(|(id, _)| *id).collect();
        self.one_of(&all).ok_or_else(super::acts::none)
    }

    /// One of these teams, told by its id.
    pub fn team_of(&mut self, teams: &[TeamId]) -> Option<TeamId> {
        let team = self.dice.any(teams)?;
        self.tell(format!("team {team}"));
        Some(team)
    }

    /// Some team other than `Public`.
    pub fn team(&mut self) -> Option<TeamId> {
        let all: Vec<_> = self.reading.teams.keys().copied().collect();
        self.team_of(&all)
    }
}

/// A sequence that is under way.
pub struct Run<'a> {
    portal: &'a TestApp,
    window: &'a mut Window,
    base: Base,
    name: String,
    ada: UserId,
    hands: Hands,
    reading: Reading,
    ceiling: Power,
    sessions: HashMap<UserId, SessionId>,
    steps: usize,
    /// What happened, line by line.
    pub story: Vec<String>,
}

/// How the invariant broke.
pub type Broken = String;

impl<'a> Run<'a> {
    /// Sets the scene; `number` tells the names of sequences in one store apart.
    pub fn begin(portal: &'a TestApp, window: &'a mut Window, number: u64, start: (&[u32], &[bool])) -> Self {
        let base = Base::here(window);
        let name = format!("s{number}");
        let scene = scene::set(portal, window, &name, start);
        let reading = Reading::of(window, base);
        let now = to_micros(portal.app.clock.now());
        let ceiling = scene.hands.control(&reading, now);
        let mut run = Self {
            portal,
            window,
            base,
            name,
            ada: scene.ada,
            hands: scene.hands,
            reading,
            ceiling,
            sessions: HashMap::new(),
            steps: 0,
            story: Vec::new(),
        };
        run.tell_scene();
        run
    }

    fn now(&self) -> i64 {
        to_micros(self.portal.app.clock.now())
    }

    fn tell_scene(&mut self) {
        let mut story = Vec::new();
        for (id, role) in self.reading.roles.iter().filter(|(id, _)| id.0 > 4) {
            story.push(format!("role {id}: {} at {}", role.permissions, role.level));
        }
        for (id, account) in &self.reading.accounts {
            let home = account.home.map(|home| format!(", at home in {home}")).unwrap_or_default();
            let teams: Vec<_> =
                account.teams.iter().map(|(team, role)| format!("role {role} in team {team}")).collect();
            let known = if self.hands.passwords.contains(id) { ", IN THE SET" } else { "" };
            story.push(format!(
                "{} {} {}{home}: {}{known}",
                account.kind,
                account.name,
                account.role,
                teams.join(", ")
            ));
        }
        for (id, pass) in &self.reading.tokens {
            let known = if self.hands.tokens.iter().any(|token| token.id == *id) { ", KNOWN TO THE SET" } else { "" };
            let what = if pass.global_admin { "global admin".into() } else { pass.scopes.to_string() };
            let limit = pass.limit.as_ref().map(|limit| format!(", limited to {limit:?}")).unwrap_or_default();
            story.push(format!("token {id} of {}: {what}{limit}{known}", self.called(pass.user)));
        }
        self.story = story;
    }

    fn called(&self, user: UserId) -> String {
        self.reading.accounts.get(&user).map_or(format!("nobody {user}"), |account| account.name.clone())
    }

    /// Takes one step.
    pub fn step(&mut self, step: &Step, tally: &mut Tally) -> Result<(), Broken> {
        self.steps += 1;
        match step {
            Step::Wait { minutes } => {
                self.portal.clock.advance(time::Duration::minutes(i64::from(*minutes)));
                self.story.push(format!("{minutes} minutes pass"));
                Ok(())
            }
            Step::Set { who, act, dice } => self.set_acts(*who, *act, dice, tally),
            Step::Admin { act, dice } => self.admin_acts(*act, dice, tally),
        }
    }

    fn set_acts(&mut self, who: u32, act: u32, dice: &[u32], tally: &mut Tally) -> Result<(), Broken> {
        let Some((act, key)) = self.actor(who, act) else { return Ok(()) };
        let expected = Hands::by_key(&key, &self.reading, self.now());
        let Some(power) = expected else { return self.must_be_shut_out(&key) };
        let (me, caller, by) = self.enter(&key)?;
        let before = self.reading.clone();
        let (done, learned) = self.attempt(act, caller, (me, &power), &by, dice)?;
        tally.count(act.name, done);
        if !done {
            return Ok(());
        }
        self.hands.learn(learned, &self.reading);
        // Whoever was made an Admin from outside may do that to another; nobody else may.
        let ousted = self.admin_outside(&before).is_some() && self.admin_outside(&self.reading).is_none();
        if ousted && !power.is_admin() {
            return Err(format!("{by} has put the Admin outside out of office"));
        }
        if before.only_admins_manage_machines && self.reading.only_admins_manage_machines {
            // Nobody in the set acts as an Admin, unless given to by one.
            let free = power.beyond(&Power::default()).contains("Admin");
            if let Some(what) = self.reading.meddled(&before).filter(|_| !free) {
                return Err(format!("only Admins manage service accounts now, but {what}"));
            }
        }
        self.must_hold()
    }

    /// Who does what: an act at random, mostly by one who may hope to do it, or else the next act that anybody may hope to do.
    fn actor(&self, who: u32, act: u32) -> Option<(&'static Act, Key)> {
        let keys = self.hands.keys(&self.reading);
        let power = |key: &&Key| Hands::by_key(key, &self.reading, self.now()).unwrap_or_default();
        let some = |keys: &[&Key]| (!keys.is_empty()).then(|| keys[(who / 8) as usize % keys.len()].clone());
        if who.is_multiple_of(8) {
            return Some((chosen(ACTS, act), some(&keys.iter().collect::<Vec<_>>())?));
        }
        (0..ACTS.len()).find_map(|further| {
            let act = chosen(ACTS, act.wrapping_add(further as u32 * 7));
            let suited: Vec<_> = keys.iter().filter(|key| act.suits(&power(key))).collect();
            Some((act, some(&suited)?))
        })
    }

    /// A way in that is not good lets nobody in.
    fn must_be_shut_out(&mut self, key: &Key) -> Result<(), Broken> {
        let user = match key {
            Key::Token(token) => {
                let caller = Caller::new(Credential::Bearer(token.plain.clone()), Origin::default());
                let entered = self.portal.app.read(&caller, |_| Ok(()));
                return if entered.is_ok() { Err(format!("the dead token {} still works", token.id)) } else { Ok(()) };
            }
            Key::Password(user) => *user,
        };
        let inside = self.sessions.remove(&user).is_some_and(|id| {
            let caller = Caller::new(Credential::Session(id), Origin::default());
            self.portal.app.read(&caller, |_| Ok(())).is_ok()
        });
        if inside { Err(format!("a session of {} outlives its log-in", self.called(user))) } else { Ok(()) }
    }

    fn enter(&mut self, key: &Key) -> Result<(UserId, Caller, String), Broken> {
        match key {
            Key::Token(token) => {
                let user = self.reading.tokens[&token.id].user;
                let caller = Caller::new(Credential::Bearer(token.plain.clone()), Origin::default());
                Ok((user, caller, format!("{} by token {}", self.called(user), token.id)))
            }
            Key::Password(user) => {
                let caller = self.session(*user)?;
                Ok((*user, caller, self.called(*user)))
            }
        }
    }

    /// A session of somebody whose password is known: the one they have, or a new one.
    fn session(&mut self, user: UserId) -> Result<Caller, Broken> {
        if let Some(id) = self.sessions.get(&user) {
            let caller = Caller::new(Credential::Session(*id), Origin::default());
            if self.portal.app.read(&caller, |_| Ok(())).is_ok() {
                return Ok(caller);
            }
        }
        let key = format!("{} {user} {}", self.name, self.steps);
        let nobody = Caller::nobody(Origin::default());
        sessions::open(&self.portal.app, &nobody, &key, user, "").map_err(|error| format!("no session: {error}"))?;
        let (session, _) = sessions::load(&self.portal.app, &key).ok().flatten().ok_or("the session is not there")?;
        self.sessions.insert(user, session.id);
        Ok(Caller::new(Credential::Session(session.id), Origin::default()))
    }

    /// Tries one act, and reads the store again where it was done.
    fn attempt(
        &mut self,
        act: &'static Act,
        caller: Caller,
        (me, power): (UserId, &Power),
        by: &str,
        dice: &[u32],
    ) -> Result<(bool, Vec<Learned>), Broken> {
        let limit = match &caller.credential {
            Credential::Bearer(plain) => {
                let known = self.hands.tokens.iter().find(|token| token.plain.reveal() == plain.reveal());
                known.and_then(|token| self.reading.tokens[&token.id].limit.as_ref())
            }
            _ => None,
        };
        let mut dice = Dice::new(dice);
        let mut attempt = Try {
            act,
            daring: dice.once_in(4),
            portal: self.portal,
            caller,
            reading: &self.reading,
            hands: &self.hands,
            me,
            power,
            limit,
            dice,
            seen: None,
            told: Vec::new(),
            fresh: format!("{}n{}", self.name, self.steps),
        };
        let outcome = (act.run)(&mut attempt);
        let (seen, told) = (attempt.seen.take(), attempt.told.join(", "));
        let said = match &outcome {
            Ok(_) => "done".to_owned(),
            Err(error) => format!("refused: {error}"),
        };
        self.story.push(format!("{by}: {} ({told}) → {said}", act.name));
        if seen.as_ref().is_some_and(|seen| seen != power) {
            return Err(format!("{by} has {seen:?}, and by the rules {power:?}"));
        }
        match outcome {
            Ok(_) if act.hopeless && !power.is_admin() => Err(format!("nobody but an Admin may {}", act.name)),
            Ok(learned) => {
                self.reading = Reading::of(self.window, self.base);
                Ok((true, learned))
            }
            Err(Error::Internal(fault)) => Err(format!("a fault: {fault}")),
            Err(Error::Unauthenticated(why)) => Err(format!("a good log-in or token was refused: {why}")),
            Err(_) => Ok((false, Vec::new())),
        }
    }

    /// What the Admin outside can do, while they are one.
    fn admin_outside(&self, reading: &Reading) -> Option<Power> {
        reading.by_password(self.ada).filter(Power::is_admin)
    }

    fn admin_acts(&mut self, act: u32, dice: &[u32], tally: &mut Tally) -> Result<(), Broken> {
        let act = chosen(GIFTS, act);
        let ada = self.ada;
        let Some(power) = self.admin_outside(&self.reading) else { return Ok(()) };
        let caller = self.session(ada)?;
        let (done, learned) = self.attempt(act, caller, (ada, &power), "the Admin outside", dice)?;
        tally.count(act.name, done);
        let mut learned = learned;
        // A password that somebody outside has set is known to the set no longer.
        learned.retain(|one| match one {
            Learned::Password(user) => {
                self.hands.passwords.remove(user);
                false
            }
            _ => true,
        });
        self.hands.learn(learned, &self.reading);
        let given = self.hands.lasting(&self.reading, self.now());
        self.ceiling.add(&given);
        self.must_hold()
    }

    /// The invariant.
    fn must_hold(&self) -> Result<(), Broken> {
        let control = self.hands.control(&self.reading, self.now());
        if let Some(what) = self.hands.laid_by(&self.reading, &self.ceiling) {
            return Err(format!("the set has laid by {what}"));
        }
        let beyond = control.beyond(&self.ceiling);
        if beyond.is_empty() { Ok(()) } else { Err(format!("the set has gained {beyond}")) }
    }
}

fn chosen(acts: &'static [Act], number: u32) -> &'static Act {
    let total: u32 = acts.iter().map(|act| act.weight).sum();
    let mut left = number % total;
    for act in acts {
        if left < act.weight {
            return act;
        }
        left -= act.weight;
    }
    &acts[0]
}
