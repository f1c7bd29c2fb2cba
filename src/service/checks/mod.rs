//! Checking tokens for applications: is this one good here, and for what?
//!
//! What was found out is kept in memory, within a bound, and is told again for as long as nothing that it rests on has changed: each
//! such change counts a number in the store up, whoever makes it. A check never waits for a writer, for the threads of use cases, or for
//! a password.
//!
//! - **The embedded store** is asked on the thread of the request. A read of 48 bytes tells whether anything was committed since the
//!   number was last read, so that no answer is ever older than a change that was answered before.
//! - **A server** is asked by threads of their own ([`server`]). A change by this portal counts at once, and one by another as soon as
//!   the number was read again: four times a second, and before an answer where it was not read for [`STALE`].

mod kept;
mod server;
mod verdict;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use self::kept::Kept;
pub use self::server::STALE;
use self::server::Server;
pub use self::verdict::{Granted, Verdict};
use super::app::App;
use super::metrics::{Counted, Metrics};
use super::uses::Used;
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::model::actor::Origin;
use crate::model::checks::Audience;
use crate::model::tokens::{HashedToken, LastUse};
use crate::model::{Error, Result};
use crate::store::{self, Mark, Store};
use arc_swap::ArcSwap;

/// Who is asked about, and by whom.
#[derive(Clone)]
pub struct Question<'a> {
    /// The application for which a token is checked: its slug, or its id outside.
    pub application: Cow<'a, str>,
    /// The secret that was shown. `None` asks for the application alone.
    pub secret: Option<HashedToken>,
}

impl Question<'_> {
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
    /// How often what checks rest on had changed when it was read.
    pub(super) revision: i64,
    /// Its counters.
    counted: Counted,
    /// When that it asked was last noted, in microseconds.
    asked_at: AtomicI64,
}

/// What was last read of how often what checks rest on has changed, and where the store stood before that.
struct Seen {
    mark: Mark,
    revision: i64,
}

/// Checks tokens.
pub struct Checks {
    store: Arc<Store>,
    kept: Arc<Kept>,
    /// Of the embedded store.
    seen: Option<ArcSwap<Seen>>,
    /// Of a server.
    server: Option<Server>,
}

/// How often a check of the embedded store begins anew where something was committed meanwhile.
const TRIES: usize = 8;

impl Checks {
    /// Has checks ask `store`, and keep what they found out, within the bound of the settings.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn start(store: Arc<Store>, clock: &Clock, config: &Config, metrics: Arc<Metrics>) -> Result<Self> {
        let kept = Arc::new(Kept::new(config.check_cache_mib * 1024 * 1024, metrics, config.origin()));
        let seen = match store.mark()? {
            Some(mark) => Some(ArcSwap::from_pointee(Seen { mark, revision: store.check(store::checks::revision)? })),
            None => None,
        };
        let server = match seen {
            Some(_) => None,
            None => Some(Server::start(store.clone(), kept.clone(), clock.clone())),
        };
        Ok(Self { store, kept, seen, server })
    }

    /// Answers where that needs nobody else; `None` where a server has to be asked.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn at_once(&self, question: &Question<'_>) -> Result<Option<Answer>> {
        match (&self.seen, &self.server) {
            (Some(seen), _) => self.embedded(seen, question).map(Some),
            (None, Some(server)) => Ok(server.revision().and_then(|revision| self.kept.answer(question, revision))),
            (None, None) => Err(Error::internal("there is no store to check with")),
        }
    }

    /// Has a server asked, and `tell` told.
    pub fn ask(&self, question: Question<'_>, tell: impl FnOnce(Result<Answer>) + Send + 'static) {
        match &self.server {
            Some(server) => server.ask(question.owned(), Box::new(tell)),
            None => tell(self.at_once(&question).and_then(|answer| answer.ok_or(Error::internal("nobody was asked")))),
        }
    }

    /// The counters of an application that was asked for before, at whatever moment.
    pub fn counted(&self, application: &str) -> Counted {
        self.kept.counted(application)
    }

    /// How many verdicts are kept, and about how many bytes they take.
    pub(super) fn size(&self) -> (u64, u64) {
        self.kept.size()
    }

    fn embedded(&self, seen: &ArcSwap<Seen>, question: &Question<'_>) -> Result<Answer> {
        let audience = |name: &str| self.store.check(|tx| store::checks::audience(tx, name));
        let facts = |secret: &HashedToken| self.store.check_one(|tx| store::checks::facts(tx, secret));
        for _ in 0..TRIES {
            let revision = self.revision(seen)?;
            if let Some(answer) = self.kept.answer(question, revision) {
                return Ok(answer);
            }
            let answer = self.kept.read(question, revision, audience, facts)?;
            // What was read is of one moment if there was no change between the first of it and the last.
            if self.revision(seen)? == revision {
                return Ok(answer);
            }
        }
        Err(Error::Busy("What tokens may do is being changed without pause. Try again in a moment."))
    }

    /// How often what checks rest on has changed, every change included that was answered before this was called.
    fn revision(&self, seen: &ArcSwap<Seen>) -> Result<i64> {
        let mark = self.store.mark()?.ok_or_else(|| Error::internal("the store has no mark"))?;
        let last = seen.load();
        if last.mark == mark {
            return Ok(last.revision);
        }
        let revision = self.store.check_one(store::checks::revision)?;
        seen.store(Arc::new(Seen { mark, revision }));
        Ok(revision)
    }
}

impl App {
    /// Notes that a token was used at an application, at most once a minute, some time soon.
    pub fn used(&self, verdict: &Verdict, secret: &HashedToken, application: &Heard, origin: impl FnOnce() -> Origin) {
        let now = self.clock.now();
        if !verdict.is_due(now) {
            return;
        }
        let Origin { address, user_agent, .. } = origin();
        let purpose = Some(format!("application {}", application.audience.slug));
        let used = Used { token: verdict.token, user: verdict.user, secret: secret.clone(), due: true };
        if !self.uses.note_checked(used, LastUse { at: now, address, user_agent, purpose }) {
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
