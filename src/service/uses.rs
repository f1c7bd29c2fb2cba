//! Last uses of tokens, written behind: whoever reads by a token waits for no writer. Uses are gathered in memory, and one thread
//! writes them together every two seconds, and once more when the portal stops; a crash loses at most that. What still
//! waits, and what was written a moment ago, is laid over what the store says of last uses (see [`Uses::of_token`]), so that here nobody sees an older one;
//! another portal on the same database does, for as long.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::{Date, OffsetDateTime};

use crate::base::system::{Behind, step_back};
use crate::model::Result;
use crate::model::ids::{TokenId, UserId};
use crate::model::permissions::PermissionSet;
use crate::model::tokens::{HashedToken, LastUse};
use crate::store::{self, Store};

/// How often what was gathered is written.
const EVERY: Duration = Duration::from_secs(2);
/// How long it waits at most where writing fails.
const AT_MOST: Duration = Duration::from_secs(60);
/// How many tokens may wait. One more is let go: the store still says that its use is due, so its next one is noted.
const ROOM: usize = 10_000;
/// How many of them may be tokens that were checked for applications: there may be a million in use, and each write costs more than
/// a check. Those for which there is no room are noted at their next use.
const CHECKED: usize = 100;
/// How many tokens are known to have been noted today.
const REMEMBERED: usize = 50_000;
/// How long a portal that stops waits for the last of it.
const LAST_CALL: Duration = Duration::from_secs(10);

/// A use of a token.
pub(super) struct Used {
    pub token: TokenId,
    pub user: UserId,
    pub secret: HashedToken,
    /// Whether the last use is due to be noted again.
    pub due: bool,
}

/// A handle on the thread that writes them. Dropping it lets it write what is left.
pub(super) struct Uses {
    shared: Arc<Shared>,
    ended: Mutex<Receiver<()>>,
}

struct Shared {
    store: Arc<Store>,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    batch: Batch,
    /// What was written last: whoever began to read before that sees a store without it, and finds it here.
    written: Batch,
    /// Which scopes of which tokens were noted on this day, so that this is done once a day.
    noted: HashMap<TokenId, (Date, PermissionSet)>,
    stopping: bool,
}

/// What is written together.
#[derive(Clone, Default)]
struct Batch {
    tokens: HashMap<TokenId, LastUse>,
    secrets: HashMap<HashedToken, LastUse>,
    users: HashMap<UserId, OffsetDateTime>,
    scopes: HashMap<TokenId, (OffsetDateTime, PermissionSet)>,
    /// By the secrets of applications, when they asked.
    asked: HashMap<HashedToken, OffsetDateTime>,
}

impl Uses {
    /// Starts the thread.
    pub fn start(store: Arc<Store>) -> Self {
        let shared = Arc::new(Shared { store, waiting: Mutex::default(), changed: Condvar::new() });
        let (end, ended) = channel();
        let thread = shared.clone();
        let spawned = std::thread::Builder::new().name("uses".into()).spawn(move || {
            thread.run();
            // Nobody may be waiting any more.
            let _ = end.send(());
        });
        if let Err(error) = spawned {
            tracing::error!(%error, "cannot start the thread that notes last uses");
        }
        Self { shared, ended: Mutex::new(ended) }
    }

    /// Notes a use, and which scopes it relied on. This waits for nobody.
    pub fn note(&self, used: Used, last: LastUse, relied: PermissionSet) {
        let mut waiting = self.shared.lock();
        let fresh = waiting.fresh(used.token, last.at.date(), relied);
        let room = waiting.batch.tokens.len().max(waiting.batch.scopes.len()) < ROOM;
        if !room || (!used.due && fresh.is_empty()) {
            return;
        }
        if !fresh.is_empty() {
            waiting.remember(used.token, last.at.date(), fresh);
            let scopes = &mut waiting.batch.scopes.entry(used.token).or_insert((last.at, PermissionSet::EMPTY));
            **scopes = (scopes.0.max(last.at), scopes.1.or(fresh));
        }
        if used.due {
            let batch = &mut waiting.batch;
            batch.users.insert(used.user, last.at);
            batch.secrets.insert(used.secret, last.clone());
            batch.tokens.insert(used.token, last);
        }
        drop(waiting);
        self.shared.changed.notify_one();
    }

    /// Notes a use of a token that was checked for an application. Whether there was room for it.
    pub fn note_checked(&self, used: Used, last: impl FnOnce() -> LastUse) -> bool {
        if self.shared.lock().batch.tokens.len() >= CHECKED {
            return false;
        }
        self.note(used, last(), PermissionSet::EMPTY);
        true
    }

    /// Notes that an application asked by this secret. This waits for nobody.
    pub fn note_asked(&self, secret: HashedToken, at: OffsetDateTime) {
        let mut waiting = self.shared.lock();
        if waiting.batch.asked.len() < ROOM {
            waiting.batch.asked.insert(secret, at);
            drop(waiting);
            self.shared.changed.notify_one();
        }
    }

    /// The last use of a token, where it is not written yet, or was a moment ago.
    pub fn of_token(&self, token: TokenId) -> Option<LastUse> {
        self.shared.lock().either(|batch| batch.tokens.get(&token).cloned())
    }

    /// The last use of one secret of a token, likewise.
    pub fn of_secret(&self, secret: &HashedToken) -> Option<LastUse> {
        self.shared.lock().either(|batch| batch.secrets.get(secret).cloned())
    }

    /// When an account was last seen by a token, likewise.
    pub fn of_user(&self, user: UserId) -> Option<OffsetDateTime> {
        self.shared.lock().either(|batch| batch.users.get(&user).copied())
    }

    /// The scopes of a token that were relied on, and when, likewise.
    pub fn scopes_of(&self, token: TokenId) -> Option<(OffsetDateTime, PermissionSet)> {
        self.shared.lock().either(|batch| batch.scopes.get(&token).copied())
    }

    /// Forgets what was noted of these scopes of a token, which are given to it anew.
    pub fn forget(&self, token: TokenId, scopes: PermissionSet) {
        let mut waiting = self.shared.lock();
        if let Some(noted) = waiting.noted.get_mut(&token) {
            noted.1 = noted.1.without(scopes);
        }
        let Waiting { batch, written, .. } = &mut *waiting;
        for used in [batch, written].into_iter().filter_map(|batch| batch.scopes.get_mut(&token)) {
            used.1 = used.1.without(scopes);
        }
    }

    /// Writes what waits, now.
    ///
    /// # Errors
    /// A fault; what waits goes on waiting.
    pub fn write(&self) -> Result<()> {
        self.shared.write()?;
        self.shared.lock().written = Batch::default();
        Ok(())
    }
}

impl Drop for Uses {
    fn drop(&mut self) {
        self.shared.lock().stopping = true;
        self.shared.changed.notify_all();
        if let Ok(ended) = self.ended.get_mut() {
            // Whether it ended or the time is up: the portal stops.
            let _ = ended.recv_timeout(LAST_CALL);
        }
    }
}

impl Waiting {
    /// What is known of something: what waits is later than what was written.
    fn either<T>(&self, told: impl Fn(&Batch) -> Option<T>) -> Option<T> {
        told(&self.batch).or_else(|| told(&self.written))
    }

    /// `batch` is in the store now.
    fn done(&mut self, batch: Batch) {
        self.batch.remove(&batch);
        self.written = batch;
    }

    /// Which of these scopes were not noted yet today.
    fn fresh(&self, token: TokenId, today: Date, relied: PermissionSet) -> PermissionSet {
        match self.noted.get(&token) {
            Some((day, noted)) if *day == today => relied.without(*noted),
            _ => relied,
        }
    }

    fn remember(&mut self, token: TokenId, today: Date, scopes: PermissionSet) {
        if self.noted.len() >= REMEMBERED {
            // They are noted once more.
            self.noted.clear();
        }
        let noted = self.noted.entry(token).or_insert((today, PermissionSet::EMPTY));
        *noted = if noted.0 == today { (today, noted.1.or(scopes)) } else { (today, scopes) };
    }
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.scopes.is_empty() && self.asked.is_empty()
    }

    /// Takes out what was written, unless there was another use meanwhile.
    fn remove(&mut self, written: &Self) {
        fn without<K: Eq + Hash, V: PartialEq>(here: &mut HashMap<K, V>, written: &HashMap<K, V>) {
            here.retain(|key, value| written.get(key) != Some(value));
        }
        without(&mut self.tokens, &written.tokens);
        without(&mut self.secrets, &written.secrets);
        without(&mut self.users, &written.users);
        without(&mut self.scopes, &written.scopes);
        without(&mut self.asked, &written.asked);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Whoever panicked here left nothing half-done that matters.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        step_back(Behind::Everybody);
        let mut pause = EVERY;
        loop {
            let nothing = |waiting: &mut Waiting| waiting.batch.is_empty() && !waiting.stopping;
            // By then nobody reads any more who began before the last of it was written.
            let lately = self.changed.wait_timeout_while(self.lock(), EVERY, nothing);
            let (mut waiting, passed) = lately.unwrap_or_else(PoisonError::into_inner);
            if passed.timed_out() {
                waiting.written = Batch::default();
            }
            let waiting = self.changed.wait_while(waiting, nothing).unwrap_or_else(PoisonError::into_inner);
            let gathering = self.changed.wait_timeout_while(waiting, pause, |waiting| !waiting.stopping);
            let stopping = gathering.unwrap_or_else(PoisonError::into_inner).0.stopping;
            match self.write() {
                Ok(()) => pause = EVERY,
                Err(error) => {
                    tracing::warn!(%error, "could not note last uses; they wait");
                    pause = (pause * 2).min(AT_MOST);
                }
            }
            if stopping {
                return;
            }
        }
    }

    /// What is being written stays where it is read until it is in the store.
    fn write(&self) -> Result<()> {
        let batch = self.lock().batch.clone();
        if batch.is_empty() {
            return Ok(());
        }
        self.store.write(|tx| {
            // Neighbours lie together in the store.
            let mut tokens: Vec<_> = batch.tokens.iter().collect();
            tokens.sort_unstable_by_key(|(token, _)| **token);
            tokens.into_iter().try_for_each(|(token, last)| store::uses::of_token(tx, *token, last))?;
            batch.secrets.iter().try_for_each(|(secret, last)| store::uses::of_secret(tx, secret, last))?;
            batch.asked.iter().try_for_each(|(secret, at)| store::checks::secret_used(tx, secret, *at))?;
            batch.users.iter().try_for_each(|(user, at)| store::users::touch(tx, *user, *at))?;
            batch.scopes.iter().try_for_each(|(token, (at, scopes))| {
                scopes.iter().try_for_each(|scope| store::uses::of_scope(tx, *token, scope, *at))
            })
        })?;
        self.lock().done(batch);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_began_to_read_before_a_use_was_written_is_told_of_it() {
        let (user, early) = (UserId(7), OffsetDateTime::UNIX_EPOCH);
        let late = early + Duration::from_secs(1);
        let told = |waiting: &Waiting| waiting.either(|batch| batch.users.get(&user).copied());
        let mut waiting = Waiting::default();
        waiting.batch.users.insert(user, early);
        let batch = waiting.batch.clone();
        waiting.done(batch);
        assert!(waiting.batch.users.is_empty(), "it is not written twice");
        assert_eq!(told(&waiting).unwrap(), early);
        waiting.batch.users.insert(user, late);
        assert_eq!(told(&waiting).unwrap(), late, "what waits is later");
        let batch = waiting.batch.clone();
        waiting.done(batch);
        waiting.done(Batch::default());
        assert_eq!(told(&waiting), None, "nor for ever");
    }
}
