//! Checking tokens for applications: is this one good here, and for what?
//!
//! What was found out is kept in memory, within a bound, and is told again for as long as nothing that it rests on was changed: the store
//! writes down each such change, whoever makes it, and of which token or account it was. A check never waits for a writer, for the
//! threads of use cases, or for a password.
//!
//! - **The embedded store** is asked on the thread of the request. A read of 48 bytes tells whether anything was committed since the
//!   changes were last read, so that no answer is ever older than a change that was answered before. A secret that nobody has is told by a
//!   filter over all of them.
//! - **A server** is asked by threads of their own ([`server`]). A change by this portal counts at once, and one by another as soon as
//!   the changes were read again: four times a second, and before an answer where they were not read for [`STALE`].

mod changed;
mod kept;
mod packed;
mod secrets;
mod server;
mod verdict;
mod warm;

use std::borrow::Cow;
use std::sync::atomic::AtomicI64;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};

use self::changed::Stamp;
use self::kept::Kept;
use self::secrets::Secrets;
pub use self::server::STALE;
use self::server::Server;
pub use self::verdict::{Granted, Verdict};
use super::app::App;
use super::metrics::{Counted, Metrics};
use super::uses::Used;
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::model::actor::Origin;
use crate::model::checks::{Addressee, Audience};
use crate::model::tokens::{HashedToken, LastUse};
use crate::model::{Error, Result};
use crate::store::checks::Changed;
use crate::store::{self, Mark, Store};
use arc_swap::ArcSwap;

/// Who is asked about, and by whom.
#[derive(Clone)]
pub struct Question<'a> {
    application: Cow<'a, str>,
    secret: Option<HashedToken>,
}

impl<'a> Question<'a> {
    /// Asks about the token with this secret at the application of this name: its slug, or its id outside, in any case. `None` asks for the
    /// application alone.
    pub fn new(application: &'a str, secret: Option<HashedToken>) -> Self {
        // One spelling for each, since what is found out is kept by it. No slug has a large letter.
        let is_small = !application.bytes().any(|byte| byte.is_ascii_uppercase());
        let application =
            if is_small { Cow::Borrowed(application) } else { Cow::Owned(application.to_ascii_lowercase()) };
        Self { application, secret }
    }

    fn owned(self) -> Question<'static> {
        Question { application: Cow::Owned(self.application.into_owned()), secret: self.secret }
    }
}

/// What is known of what was asked.
#[derive(Clone)]
pub struct Answer {
    /// The application; `None` where there is no such.
    pub application: Option<Arc<Heard>>,
    /// What the token is good for there; `None` where the token is not known, or none was asked about.
    pub verdict: Option<Arc<Verdict>>,
}

/// An application as it was read, with the counters of its checks.
pub struct Heard {
    /// The application.
    pub audience: Audience,
    stamp: Stamp,
    addressee: Arc<Addressee>,
    /// Its counters.
    counted: Counted,
    /// When that it asked was last noted, in microseconds.
    asked_at: AtomicI64,
}

/// The last change that was read of what checks rest on, and where the store stood before that.
struct Seen {
    mark: Mark,
    revision: i64,
}

/// The store, and what is kept of it.
struct Memory {
    store: Arc<Store>,
    kept: Kept,
}

/// Checks tokens.
pub struct Checks {
    memory: Arc<Memory>,
    asks: Asks,
    /// What the thread that reads beforehand waits for, until it is started.
    wanted: Mutex<Option<Receiver<()>>>,
}

/// How what is not known is found out.
enum Asks {
    /// From the embedded store.
    Embedded(ArcSwap<Seen>),
    /// From a server.
    Server(Server),
}

/// How often a check begins anew where something was changed meanwhile.
const TRIES: usize = 8;
const CHANGING: Error = Error::Busy("What tokens may do is being changed without pause. Try again in a moment.");

impl Checks {
    /// Has checks ask `store`, and keep what they found out, within the bound of the settings.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn start(store: Arc<Store>, clock: &Clock, config: &Config, metrics: Arc<Metrics>) -> Result<Self> {
        let (secrets, wanted) = Secrets::new();
        let kept = Kept::new(config.check_cache_mib * 1024 * 1024, metrics, secrets, config.origin());
        let memory = Arc::new(Memory { store, kept });
        let mark = memory.store.mark()?;
        let revision = memory.store.check(store::checks::revision)?;
        let asks = match mark {
            Some(mark) => Asks::Embedded(ArcSwap::from_pointee(Seen { mark, revision })),
            None => Asks::Server(Server::start(memory.clone(), revision, clock.clone())),
        };
        Ok(Self { memory, asks, wanted: Mutex::new(Some(wanted)) })
    }

    /// Has what checks want to have at hand read beforehand, by a thread of its own. A program that only does one thing has no use for it.
    pub fn warm(&self) {
        if let Some(wanted) = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).take() {
            warm::start(&self.memory, wanted);
        }
    }

    /// Answers where that needs nobody else; `None` where a server has to be asked.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn at_once(&self, question: &Question<'_>) -> Result<Option<Answer>> {
        match &self.asks {
            Asks::Embedded(seen) => self.memory.embedded(seen, question).map(Some),
            Asks::Server(server) => Ok(server.at_once(question)),
        }
    }

    /// Has a server asked, and `tell` told.
    pub fn ask(&self, question: Question<'_>, tell: impl FnOnce(Result<Answer>) + Send + 'static) {
        match &self.asks {
            Asks::Embedded(seen) => tell(self.memory.embedded(seen, &question)),
            Asks::Server(server) => server.ask(question.owned(), Box::new(tell)),
        }
    }

    /// The counters of an application that was asked for before, at whatever moment.
    pub fn counted(&self, application: &str) -> Counted {
        self.memory.kept.counted(application)
    }

    /// How many tokens are kept, and about how many bytes all takes that is kept.
    pub(super) fn size(&self) -> (u64, u64) {
        self.memory.kept.size()
    }
}

impl Memory {
    fn embedded(&self, seen: &ArcSwap<Seen>, question: &Question<'_>) -> Result<Answer> {
        let audience = |name: &str| self.store.check(|tx| store::checks::audience(tx, name));
        let facts = |secret: &HashedToken| self.store.check_one(|tx| store::checks::facts(tx, secret));
        for _ in 0..TRIES {
            let revision = self.revision(seen)?;
            if let Some(answer) = self.kept.answer(question, revision) {
                // What is kept is of one moment unless somebody found out meanwhile that it was changed, and kept what is new of it.
                if seen.load().revision == revision {
                    return Ok(answer);
                }
                continue;
            }
            let answer = self.kept.read(question, revision, audience, facts)?;
            // What was read is of one moment if there was no change between the first of it and the last. That nobody has a secret
            // rests on nothing else.
            if answer.verdict.is_none() || self.revision(seen)? == revision {
                return Ok(answer);
            }
        }
        Err(CHANGING)
    }

    /// The last change of what checks rest on, every one included that was answered before this was called.
    fn revision(&self, seen: &ArcSwap<Seen>) -> Result<i64> {
        let mark = self.store.mark()?.ok_or_else(|| Error::internal("the store has no mark"))?;
        let last = seen.load();
        if last.mark == mark {
            return Ok(last.revision);
        }
        let since = last.revision;
        let changes = self.store.check_one(|tx| store::checks::changes(tx, since))?;
        self.kept.note(&changes);
        // Only now is asked whether there is a filter: whoever makes one after that finds what was read here in the store.
        if self.kept.secrets.is_kept() {
            let of_token = |of: &Vec<(i64, Changed)>| of.iter().any(|(_, of)| matches!(of, Changed::Token(_)));
            match &changes.of {
                Some(of) if !of_token(of) => {}
                Some(_) => match self.store.check(|tx| store::checks::secrets_since(tx, since))? {
                    Some(secrets) => self.kept.secrets.add(&secrets),
                    None => self.kept.secrets.forget(),
                },
                None => self.kept.secrets.forget(),
            }
        }
        seen.store(Arc::new(Seen { mark, revision: changes.last }));
        Ok(changes.last)
    }
}

impl App {
    /// Notes that a token was used at an application, at most once a minute, some time soon.
    pub fn used(&self, verdict: &Verdict, secret: &HashedToken, application: &Heard, origin: impl FnOnce() -> Origin) {
        let now = self.clock.now();
        if !verdict.is_due(now) {
            return;
        }
        let last = || {
            let Origin { address, user_agent, .. } = origin();
            LastUse {
                at: now,
                address,
                user_agent,
                purpose: Some(format!("application {}", application.audience.slug)),
            }
        };
        let used = Used { token: verdict.token(), user: verdict.user(), secret: secret.clone(), due: true };
        if self.uses.note_checked(used, last) {
            self.checks.memory.kept.noted(secret, now);
        } else {
            verdict.was_not_noted();
        }
    }
}

impl App {
    /// Notes that an application asked by this secret, at most once a minute, some time soon.
    pub fn asked(&self, application: &Heard, secret: &HashedToken) {
        let now = self.clock.now();
        if verdict::is_due(&application.asked_at, now) {
            self.uses.note_asked(secret.clone(), now);
        }
    }
}

impl Heard {
    /// Its counters.
    pub fn counted(&self) -> &Counted {
        &self.counted
    }
}
