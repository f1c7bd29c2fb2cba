//! Hashing passwords with argon2id on one thread of its own: a burst of log-ins queues there instead of taking the machine.

mod argon;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::time::Duration;

use self::argon::Hasher;
use crate::base::secret::Secret;
use crate::base::system::{Behind, step_back};
use crate::model::{Error, Result};

/// How many may wait. At some 15 ms each the last one waits about a second.
const QUEUE: usize = 64;
/// For how long the memory that a hash takes is kept for the next one.
const KEPT: Duration = Duration::from_secs(5);

enum Work {
    Hash(Secret, Sender<Option<String>>),
    Verify(Secret, Option<String>, Sender<Verdict>),
}

/// What became of a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the password is right.
    pub right: bool,
    /// Whether its hash was made with other parameters than today's.
    pub outdated: bool,
}

/// A handle on the hashing thread.
pub struct Passwords {
    work: SyncSender<Work>,
    checks: AtomicU64,
}

impl Passwords {
    /// Starts the thread; it ends with the last handle.
    pub fn start() -> Self {
        let (sender, receiver) = sync_channel(QUEUE);
        let spawned = std::thread::Builder::new().name("passwords".into()).spawn(move || run(&receiver));
        if let Err(error) = spawned {
            // The receiver went with the closure, so that every call answers "busy".
            tracing::error!(%error, "cannot start the password thread");
        }
        Self { work: sender, checks: AtomicU64::new(0) }
    }

    /// The PHC string of `password` under today's parameters.
    ///
    /// # Errors
    /// [`Error::Busy`] where too many wait.
    pub fn hash(&self, password: &Secret) -> Result<String> {
        let (answer, wait) = channel();
        self.send(Work::Hash(password.clone(), answer))?;
        wait.recv().ok().flatten().ok_or_else(|| Error::internal("argon2 failed"))
    }

    /// Whether `password` belongs to `hash`. Where there is no hash it is never right, and takes as long.
    ///
    /// # Errors
    /// [`Error::Busy`] where too many wait.
    pub fn verify(&self, password: &Secret, hash: Option<String>) -> Result<Verdict> {
        let (answer, wait) = channel();
        self.send(Work::Verify(password.clone(), hash, answer))?;
        self.checks.fetch_add(1, Ordering::Relaxed);
        wait.recv().map_err(|_| Error::internal("the password thread is gone"))
    }

    /// How many passwords were checked since the start, whether they were right or wrong, or there was none to be right.
    pub fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    fn send(&self, work: Work) -> Result<()> {
        self.work.try_send(work).map_err(|error| match error {
            TrySendError::Full(_) => Error::Busy("Too many people are logging in at once. Try again in a moment."),
            TrySendError::Disconnected(_) => Error::internal("the password thread is gone"),
        })
    }
}

fn run(work: &Receiver<Work>) {
    step_back(Behind::Everybody);
    let mut hasher = Hasher::new();
    while let Some(next) = next(work, &mut hasher) {
        // Whoever asked may have gone away meanwhile; then nobody needs the answer.
        let _ = match next {
            Work::Hash(password, answer) => answer.send(hasher.hash(&password)).is_ok(),
            Work::Verify(password, known, answer) => answer.send(hasher.verify(&password, known.as_deref())).is_ok(),
        };
    }
}

fn next(work: &Receiver<Work>, hasher: &mut Hasher) -> Option<Work> {
    if hasher.takes_memory() {
        match work.recv_timeout(KEPT) {
            Err(RecvTimeoutError::Timeout) => hasher.rest(),
            other => return other.ok(),
        }
    }
    work.recv().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_no_hash_is_never_right() {
        let passwords = Passwords::start();
        let secret = Secret::new("plum harbour ticket seven".into());
        let hash = passwords.hash(&secret).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(passwords.verify(&secret, Some(hash.clone())).unwrap(), Verdict { right: true, outdated: false });
        assert!(!passwords.verify(&Secret::new("another".into()), Some(hash)).unwrap().right);
        assert!(!passwords.verify(&secret, None).unwrap().right);
    }
}
