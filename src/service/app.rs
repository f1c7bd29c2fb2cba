//! What every use case runs in: one transaction, one actor, one moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use time::OffsetDateTime;

use super::auth;
use super::checks::Checks;
use super::mail::{Ledger, Letter, Parcel, Post};
use super::metrics::Metrics;
use super::passwords::Passwords;
use super::throttle::Throttle;
use super::uses::Uses;
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::base::crypto;
use crate::base::keys::Keys;
use crate::base::secret::Secret;
use crate::clients::smtp::Smtp;
use crate::model::actor::{Actor, Origin};
use crate::model::audit::{Event, Target};
use crate::model::events::Notice;
use crate::model::ids::{SessionId, TeamId};
use crate::model::mail::is_deliverable;
use crate::model::permissions::PermissionSet;
use crate::model::tokens::{HashedToken, LastUse, Policy, TokenType};
use crate::model::users::{Kind, User};
use crate::model::{Error, Result};
use crate::store::{self, Store, Tx};

/// The portal, short of its faces.
pub struct App {
    /// Its settings.
    pub config: Config,
    /// Its clock.
    pub clock: Clock,
    /// Hashes passwords, one at a time.
    pub passwords: Passwords,
    pub(super) throttle: Throttle,
    pub(super) keys: Keys,
    pub(super) store: Arc<Store>,
    pub(super) uses: Uses,
    /// Checks tokens for applications.
    pub checks: Checks,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    post: Option<Post>,
}

/// What a caller shows to prove who they are.
#[derive(Clone)]
pub enum Credential {
    /// A session of the portal, already found by its secret key.
    Session(SessionId),
    /// What stood behind `Authorization: Bearer`.
    Bearer(Secret),
    /// The name of an application, by its id outside or its slug, and its secret.
    Application(String, HashedToken),
    /// Nothing.
    Nothing,
    /// The right to run the program on the server.
    Cli,
    /// Being the portal itself.
    System,
}

/// Whoever calls a use case: the credential is checked in the use case's own transaction, so that it is good at that moment.
#[derive(Clone)]
pub struct Caller {
    /// Their proof.
    pub credential: Credential,
    /// From where they call.
    pub origin: Origin,
    /// Whether a refusal of this request stands in the audit log already: a form that comes back refused asks again what it
    /// may show, and that is no second refusal.
    refused: Arc<AtomicBool>,
}

impl Caller {
    /// The command line.
    pub fn cli() -> Self {
        Self::new(Credential::Cli, Origin::default())
    }

    /// The portal itself.
    pub fn system() -> Self {
        Self::new(Credential::System, Origin::default())
    }

    /// Whoever sends one request with this proof.
    pub fn new(credential: Credential, origin: Origin) -> Self {
        Self { credential, origin, refused: Arc::default() }
    }

    /// Somebody who has shown nothing.
    pub fn nobody(origin: Origin) -> Self {
        Self::new(Credential::Nothing, origin)
    }
}

/// What is being tried, so that a refusal can be written down after the rollback.
#[derive(Default)]
pub(super) struct Attempt {
    action: Option<&'static str>,
    target: Option<Target>,
    team: Option<TeamId>,
    /// Set where a failure other than a refusal of permission is to be written down too.
    reason: Option<String>,
    /// Set where even a refusal of permission is not to be written down once more.
    is_known: bool,
    /// What is to be mailed once it is done and kept.
    mails: Vec<Parcel>,
}

/// A use case's surroundings.
pub struct Cx<'a, 'tx> {
    /// Who asks.
    pub actor: Actor,
    /// The one moment at which all of it happens.
    pub now: OffsetDateTime,
    /// The portal.
    pub app: &'a App,
    pub(super) tx: &'a mut Tx<'tx>,
    attempt: &'a mut Attempt,
}

impl App {
    /// Puts the portal together. The store is open and up to date.
    ///
    /// # Errors
    /// What is wrong with the settings for mail.
    pub fn new(config: Config, clock: Clock, keys: Keys, store: Store) -> Result<Self, String> {
        let store = Arc::new(store);
        let ledger = Ledger { store: store.clone(), keys: keys.clone(), clock: clock.clone() };
        let post = Smtp::of(&config)?.map(|smtp| Post::start(smtp, ledger, config.mail_retries.clone()));
        let throttle = Throttle::new(&clock);
        let uses = Uses::start(store.clone());
        let metrics = Arc::new(Metrics::new());
        let checks = Checks::start(store.clone(), &clock, &config, metrics.clone());
        let checks = checks.map_err(|error| format!("tokens cannot be checked: {error}"))?;
        Ok(Self { config, clock, throttle, keys, store, passwords: Passwords::start(), uses, checks, metrics, post })
    }

    /// Whether mail is set up.
    pub fn mails(&self) -> bool {
        self.post.is_some()
    }

    /// The key that signs the session cookie.
    pub fn cookie_key(&self) -> &[u8; 64] {
        &self.keys.cookie
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// It does not.
    pub fn ready(&self) -> Result<()> {
        self.store.read(|tx| store::audit::head(tx).map(drop))
    }

    /// Runs a use case that changes nothing.
    ///
    /// # Errors
    /// Those of the use case, and those of the caller's credential.
    pub fn read<T>(&self, caller: &Caller, case: impl FnOnce(&mut Cx<'_, '_>) -> Result<T>) -> Result<T> {
        let mut seen = auth::Seen::default();
        let mut relied = PermissionSet::EMPTY;
        let outcome = self.attempt(caller, |attempt| {
            self.store.read(|tx| {
                let (actor, now) = self.enter(tx, caller, attempt, &mut seen)?;
                let mut cx = Cx { actor, now, app: self, tx, attempt };
                let outcome = case(&mut cx)?;
                relied = cx.relied();
                Ok(outcome)
            })
        });
        if seen.is_due() {
            // Noting when a session was last used is worth a log line when it fails, not the caller's answer.
            let noted = self.store.write(|tx| seen.note(tx, self.clock.now()));
            if let Err(error) = noted {
                tracing::warn!(%error, "could not note the last use");
            }
        }
        self.note(seen, &caller.origin, relied);
        outcome
    }

    /// Has the use of a token noted, some time soon.
    fn note(&self, seen: auth::Seen, origin: &Origin, relied: PermissionSet) {
        if let Some(used) = seen.token {
            let Origin { address, user_agent, operation, .. } = origin.clone();
            let last = LastUse { at: self.clock.now(), address, user_agent, purpose: operation };
            self.uses.note(used, last, relied);
        }
    }

    /// Writes down the last uses that still wait for it: for whoever asks the store itself.
    ///
    /// # Errors
    /// A fault.
    pub fn write_uses(&self) -> Result<()> {
        self.uses.write()
    }

    /// Runs a use case that changes something: all of it, with its audit entries, or nothing.
    ///
    /// # Errors
    /// Those of the use case, and those of the caller's credential.
    pub fn write<T>(&self, caller: &Caller, case: impl FnOnce(&mut Cx<'_, '_>) -> Result<T>) -> Result<T> {
        let mut seen = auth::Seen::default();
        let mut relied = PermissionSet::EMPTY;
        let outcome = self.attempt(caller, |attempt| {
            self.store.write(|tx| {
                let (actor, now) = self.enter(tx, caller, attempt, &mut seen)?;
                if seen.is_due() {
                    seen.note(tx, now)?;
                }
                let mut cx = Cx { actor, now, app: self, tx, attempt };
                let outcome = case(&mut cx)?;
                relied = cx.relied();
                Ok(outcome)
            })
        });
        self.note(seen, &caller.origin, relied);
        outcome
    }

    fn enter(
        &self,
        tx: &mut Tx<'_>,
        caller: &Caller,
        attempt: &mut Attempt,
        seen: &mut auth::Seen,
    ) -> Result<(Actor, OffsetDateTime)> {
        let now = self.clock.now();
        let mut cx = Cx { actor: Actor::anonymous(caller.origin.clone()), now, app: self, tx, attempt };
        let actor = auth::authenticate(&mut cx, caller, seen)?;
        *cx.attempt = Attempt::default();
        Ok((actor, now))
    }

    /// Writes refusals down in a transaction of their own, after the rollback of what was refused.
    fn attempt<T>(&self, caller: &Caller, run: impl FnOnce(&mut Attempt) -> Result<T>) -> Result<T> {
        let mut attempt = Attempt::default();
        let outcome = run(&mut attempt);
        if let (Ok(_), Some(post)) = (&outcome, &self.post) {
            std::mem::take(&mut attempt.mails).into_iter().for_each(|parcel| post.hand_over(parcel));
        }
        let reason = match &outcome {
            Ok(_) => None,
            Err(Error::Forbidden(_)) if attempt.is_known => None,
            Err(Error::Forbidden(refusal)) => Some(refusal.reason.clone()),
            Err(_) => attempt.reason,
        };
        if let Some(reason) = reason
            && !caller.refused.swap(true, Ordering::Relaxed)
        {
            let mut event = Event::refused(attempt.action.unwrap_or("request"), attempt.target, reason);
            event.team = attempt.team;
            self.store.write(|tx| {
                let mut unseen = auth::Seen::default();
                let mut nobody = Attempt::default();
                let now = self.clock.now();
                let anonymous = Actor::anonymous(caller.origin.clone());
                let mut cx = Cx { actor: anonymous.clone(), now, app: self, tx, attempt: &mut nobody };
                cx.actor = auth::authenticate(&mut cx, caller, &mut unseen).unwrap_or(anonymous);
                cx.record(event)
            })?;
        }
        outcome
    }
}

impl Cx<'_, '_> {
    /// Which scopes of the caller's token this rests on.
    fn relied(&self) -> PermissionSet {
        self.actor.token().map_or(PermissionSet::EMPTY, |token| token.relied.get())
    }

    /// Names what is being tried: the first line of a use case.
    pub(super) fn attempt(&mut self, action: &'static str) {
        self.attempt.action = Some(action);
    }

    /// Names whom it is tried on.
    pub(super) fn on(&mut self, target: Target) {
        self.attempt.target = Some(target);
    }

    /// Names the team in which it is tried on somebody who may not be at home there, so that a refusal stands in its log.
    pub(super) fn within(&mut self, team: TeamId) {
        self.attempt.team = Some(team);
    }

    /// Has a failure written down with this reason, which the caller is not told.
    pub(super) fn refused_because(&mut self, reason: impl Into<String>) {
        self.attempt.reason = Some(reason.into());
    }

    /// Has a refusal not written down, since it was a moment ago.
    pub(super) fn refused_as_before(&mut self) {
        self.attempt.is_known = true;
    }

    /// Writes down that what was tried was done.
    pub(super) fn done(
        &mut self,
        target: Target,
        before: Option<serde_json::Value>,
        after: Option<serde_json::Value>,
    ) -> Result<()> {
        let action = self.attempt.action.unwrap_or("request");
        self.record(Event::done(action, Some(target)).change(before, after))
    }

    /// What is allowed of tokens of this type: by the settings, within what the program was started with.
    ///
    /// # Errors
    /// A fault.
    pub fn token_policy(&mut self, kind: TokenType) -> Result<Policy> {
        Ok(super::settings::token_policy(self)?.of(kind))
    }

    /// Adds an entry to the audit log, in this transaction.
    pub(super) fn record(&mut self, event: Event) -> Result<()> {
        super::audit::append(self.tx, &self.app.keys, (&self.actor, self.now), event)
    }

    /// Has those told who are to be told of it, once all of this is kept.
    pub(super) fn notify(&mut self, notice: Notice) -> Result<()> {
        store::outbox::insert(self.tx, notice, self.now)
    }

    /// Has `letter` mailed to a person once all of this is kept. Whether it will be: not where no mail server is set up, and
    /// never to a service or agent account or to an address that is nobody's.
    pub(super) fn mail(&mut self, to: &User, letter: &Letter<'_>) -> Result<bool> {
        let is_reachable = to.kind == Kind::Person && is_deliverable(&to.email);
        if self.app.post.is_none() || !is_reachable {
            return Ok(false);
        }
        let mail = letter.write(to, &self.app.config.origin(), self.now)?;
        self.attempt.mails.push(Parcel { mail, about: letter.about(), to: account(to), by: self.actor.clone() });
        Ok(true)
    }

    /// What the form with this key already made, as [`Error::AlreadyDone`].
    pub(super) fn first_time(&mut self, form_key: Option<&str>) -> Result<()> {
        match form_key.filter(|key| !key.is_empty()) {
            None => Ok(()),
            Some(key) => match store::forms::made(self.tx, &self.form_hash(key))? {
                None => Ok(()),
                Some(made) => Err(Error::AlreadyDone(made)),
            },
        }
    }

    /// Notes what the form with this key made.
    pub(super) fn made(&mut self, form_key: Option<&str>, id: i64) -> Result<()> {
        match form_key.filter(|key| !key.is_empty()) {
            None => Ok(()),
            Some(key) => {
                let hash = self.form_hash(key);
                store::forms::insert(self.tx, &hash, id, self.now)
            }
        }
    }

    /// A key is the form's and the caller's, so that nobody learns from another's form.
    fn form_hash(&self, key: &str) -> [u8; 32] {
        let owner = self.actor.id().map_or(0, |id| id.0).to_be_bytes();
        crypto::sha256(&[&owner[..], key.as_bytes()].concat())
    }
}

/// An account as the audit log names it.
pub(super) fn account(user: &User) -> Target {
    Target { kind: user.kind.slug(), id: user.id.0, name: user.username.clone() }
}

/// The fields in which two JSON objects differ, each side's own.
pub(super) fn differences(
    before: serde_json::Value,
    after: serde_json::Value,
) -> (Option<serde_json::Value>, Option<serde_json::Value>) {
    let (serde_json::Value::Object(mut before), serde_json::Value::Object(mut after)) = (before, after) else {
        return (None, None);
    };
    let same: Vec<String> =
        before.iter().filter(|(key, value)| after.get(*key) == Some(value)).map(|(key, _)| key.clone()).collect();
    for key in same {
        before.remove(&key);
        after.remove(&key);
    }
    (Some(before.into()), Some(after.into()))
}
