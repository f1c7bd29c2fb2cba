//! Checks against a server: it is asked over the network, so threads of their own wait for it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Answer, CHANGING, Memory, Question, TRIES};
use crate::base::clock::Clock;
use crate::model::{Error, Result};
use crate::store;

/// How old an answer may be that another portal on the same server has made untrue.
pub const STALE: Duration = Duration::from_secs(1);
/// How often is looked whether it has.
const EVERY: Duration = Duration::from_millis(250);
/// How many threads ask.
const THREADS: usize = 2;
/// How many questions wait for them. One more is refused.
const ROOM: usize = 4_096;
/// How long a question waits at most. Whoever asked has given up by then.
const PATIENCE: Duration = Duration::from_secs(2);

const UNREACHABLE: Error = Error::Busy("The store cannot be asked, so no token is good at the moment. Try again soon.");

type Tell = Box<dyn FnOnce(Result<Answer>) + Send>;

struct Task {
    question: Question<'static>,
    asked: Duration,
    tell: Tell,
}

/// A handle on the threads. They end when it is dropped.
pub(super) struct Server {
    shared: Arc<Shared>,
    tasks: SyncSender<Task>,
}

struct Shared {
    memory: Arc<Memory>,
    clock: Clock,
    /// The last change that was read, with all before it.
    read: AtomicI64,
    /// Until when what is kept may be told, in microseconds of the machine's running time.
    fresh_until: AtomicU64,
}

impl Server {
    /// Starts the threads. Nothing was read before this revision.
    pub fn start(memory: Arc<Memory>, revision: i64, clock: Clock) -> Self {
        let read = AtomicI64::new(revision);
        let shared = Arc::new(Shared { memory, clock, read, fresh_until: AtomicU64::new(0) });
        let (tasks, waiting) = sync_channel(ROOM);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..THREADS {
            let (shared, waiting) = (shared.clone(), waiting.clone());
            spawn("checks", move || shared.answer_all(&waiting));
        }
        let watching = Arc::downgrade(&shared);
        spawn("revision", move || {
            while let Some(shared) = watching.upgrade() {
                // What cannot be read now is not fresh any more by and by, and whoever asks then is told.
                let _ = shared.memory.store.check(|tx| shared.look(tx).map(drop));
                drop(shared);
                std::thread::sleep(EVERY);
            }
        });
        Self { shared, tasks }
    }

    /// What is known of a question, as far as that is fresh enough, and is of one moment.
    pub fn at_once(&self, question: &Question<'_>) -> Option<Answer> {
        let revision = self.revision()?;
        let answer = self.shared.memory.kept.answer(question, revision)?;
        (self.shared.read.load(Ordering::Acquire) == revision).then_some(answer)
    }

    /// The last change of what checks rest on, as far as is fresh enough; `None` also where this program made one that was not read yet.
    fn revision(&self) -> Option<i64> {
        let now = micros(self.shared.clock.running());
        let fresh = now < self.shared.fresh_until.load(Ordering::Acquire);
        let read = self.shared.read.load(Ordering::Acquire);
        (fresh && self.shared.memory.store.revised(0) <= read).then_some(read)
    }

    /// Has a thread ask, and `tell` told.
    pub fn ask(&self, question: Question<'static>, tell: Tell) {
        let asked = self.shared.clock.running();
        if let Err(refused) = self.tasks.try_send(Task { question, asked, tell }) {
            let (std::sync::mpsc::TrySendError::Full(task) | std::sync::mpsc::TrySendError::Disconnected(task)) =
                refused;
            (task.tell)(Err(UNREACHABLE));
        }
    }
}

impl Shared {
    fn answer_all(&self, waiting: &Mutex<Receiver<Task>>) {
        loop {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(EVERY);
            match next {
                Ok(task) => self.answer(task),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn answer(&self, Task { question, asked, tell }: Task) {
        if self.clock.running().saturating_sub(asked) >= PATIENCE {
            return tell(Err(UNREACHABLE));
        }
        tell(self.found(&question).map_err(|error| match error {
            Error::Internal(detail) => {
                tracing::warn!(%detail, "a token could not be checked");
                UNREACHABLE
            }
            other => other,
        }));
    }

    fn found(&self, question: &Question<'_>) -> Result<Answer> {
        let Memory { store, kept } = &*self.memory;
        for _ in 0..TRIES {
            let (revision, answer) = store.check(|tx| {
                let revision = self.look(tx)?;
                if let Some(answer) = kept.answer(question, revision) {
                    return Ok((revision, answer));
                }
                // Both read in the same snapshot, one after the other.
                let tx = std::cell::RefCell::new(tx);
                let audience = |name: &str| store::checks::audience(&mut tx.borrow_mut(), name);
                let facts = |secret: &_| store::checks::facts(&mut tx.borrow_mut(), secret);
                Ok((revision, kept.read(question, revision, audience, facts)?))
            })?;
            // Where another thread has read a later change, what is kept may be of two moments.
            if answer.verdict.is_none() || self.read.load(Ordering::Acquire) == revision {
                return Ok(answer);
            }
        }
        Err(CHANGING)
    }

    /// Reads what was changed. What is known of that was true when this was begun, at least.
    fn look(&self, tx: &mut store::Tx<'_>) -> Result<i64> {
        let begun = self.clock.running();
        let changes = store::checks::changes(tx, self.read.load(Ordering::Acquire))?;
        self.memory.kept.note(&changes);
        self.read.fetch_max(changes.last, Ordering::AcqRel);
        self.fresh_until.fetch_max(micros(begun + STALE), Ordering::AcqRel);
        Ok(changes.last)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn spawn(name: &'static str, work: impl FnOnce() + Send + 'static) {
    if let Err(error) = std::thread::Builder::new().name(name.into()).spawn(work) {
        tracing::error!(%error, "cannot start the thread {name}: tokens cannot be checked");
    }
}
