//! The way from a commit to the mail server: one thread, a bounded queue, a few tries.
//!
//! Nothing of it is in the store. A mail may hold a link, of which the store keeps only the hash, so a row from which it could be
//! sent again would give away what the hash is for. A mail that is lost with the process costs nobody anything but another link.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::base::clock::Clock;
use crate::base::keys::Keys;
use crate::clients::smtp::Smtp;
use crate::model::actor::Actor;
use crate::model::audit::{Event, Target};
use crate::model::mail::Mail;
use crate::store::Store;

/// How many may wait for their first try, and how many for another one.
const QUEUE: usize = 500;
/// How long a portal that stops waits for mail under way.
const LAST_CALL: Duration = Duration::from_secs(10);

/// A mail on its way.
pub(in crate::service) struct Parcel {
    /// It.
    pub mail: Mail,
    /// What it is about, in the audit log's words.
    pub about: &'static str,
    /// The account it is for.
    pub to: Target,
    /// Who caused it.
    pub by: Actor,
}

/// Where what became of a mail is written down.
pub(in crate::service) struct Ledger {
    /// The store of the audit log.
    pub store: Arc<Store>,
    /// The key that seals it.
    pub keys: Keys,
    /// The time.
    pub clock: Clock,
}

impl Ledger {
    /// Writes down that `parcel` was taken, or why not.
    fn note(&self, parcel: &Parcel, lost: Option<&str>) {
        let target = Some(parcel.to.clone());
        let event = match lost {
            None => Event::done("mail.send", target),
            Some(reason) => Event::refused("mail.send", target, reason),
        };
        let event = event.change(None, Some(json!({ "mail": parcel.about })));
        let (keys, now) = (&self.keys, self.clock.now());
        if let Err(error) = self.store.write(|tx| crate::service::audit::append(tx, keys, (&parcel.by, now), event)) {
            tracing::error!(%error, "what became of a mail could not be written down");
        }
    }
}

/// A handle on the thread that sends mail. Dropping it lets mail under way go first, for a short while.
pub(in crate::service) struct Post {
    queue: Option<SyncSender<Parcel>>,
    ledger: Arc<Ledger>,
    ended: Mutex<Receiver<()>>,
}

impl Post {
    /// Starts the thread. After each try that failed, a mail waits for the next of `retries`, until there is none left.
    pub fn start(smtp: Smtp, ledger: Ledger, retries: Vec<Duration>) -> Self {
        let (sender, receiver) = sync_channel(QUEUE);
        let (end, ended) = channel();
        let ledger = Arc::new(ledger);
        let mut round = Round { smtp, ledger: ledger.clone(), retries, waiting: Vec::new() };
        let spawned = std::thread::Builder::new().name("mail".into()).spawn(move || {
            round.run(&receiver);
            // Nobody may be waiting any more.
            let _ = end.send(());
        });
        if let Err(error) = spawned {
            // The receiver went with the closure, so that every mail is noted as lost.
            tracing::error!(%error, "cannot start the mail thread");
        }
        Self { queue: Some(sender), ledger, ended: Mutex::new(ended) }
    }

    /// Has a mail sent. This waits for nobody; where too many wait already it is lost, and noted as such.
    pub fn hand_over(&self, parcel: Parcel) {
        let Some(queue) = &self.queue else { return };
        let (parcel, reason) = match queue.try_send(parcel) {
            Ok(()) => return,
            Err(TrySendError::Full(parcel)) => (parcel, "too many mails are waiting"),
            Err(TrySendError::Disconnected(parcel)) => (parcel, "the thread that sends mail is gone"),
        };
        tracing::warn!(mail = parcel.about, reason, "a mail was not sent");
        self.ledger.note(&parcel, Some(reason));
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.queue = None;
        if let Ok(ended) = self.ended.get_mut() {
            // Whether it ended or the time is up: the portal stops.
            let _ = ended.recv_timeout(LAST_CALL);
        }
    }
}

/// The thread's own.
struct Round {
    smtp: Smtp,
    ledger: Arc<Ledger>,
    retries: Vec<Duration>,
    waiting: Vec<Again>,
}

/// A mail that is to be tried again.
struct Again {
    due: Instant,
    tries: usize,
    parcel: Parcel,
}

impl Round {
    fn run(&mut self, queue: &Receiver<Parcel>) {
        loop {
            let due = self.waiting.iter().map(|again| again.due).min();
            let next = match due {
                None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => queue.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match next {
                Ok(parcel) => self.deliver(parcel, 0),
                Err(RecvTimeoutError::Timeout) => self.deliver_what_is_due(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        for again in std::mem::take(&mut self.waiting) {
            self.lost(&again.parcel, "the portal stopped before it could be tried again");
        }
    }

    fn deliver_what_is_due(&mut self) {
        let now = Instant::now();
        let (due, later) = std::mem::take(&mut self.waiting).into_iter().partition(|again| again.due <= now);
        self.waiting = later;
        let due: Vec<Again> = due;
        due.into_iter().for_each(|again| self.deliver(again.parcel, again.tries));
    }

    fn deliver(&mut self, parcel: Parcel, tries: usize) {
        let Err(failure) = self.smtp.send(&parcel.mail) else {
            tracing::info!(mail = parcel.about, to = parcel.to.id, "a mail was sent");
            return self.ledger.note(&parcel, None);
        };
        let wait = self.retries.get(tries).filter(|_| failure.again && self.waiting.len() < QUEUE);
        tracing::warn!(
            mail = parcel.about,
            to = parcel.to.id,
            reason = failure.reason,
            cause = failure.cause,
            again_in = wait.map(Duration::as_secs),
            "a mail was not taken"
        );
        match wait {
            Some(wait) => self.waiting.push(Again { due: Instant::now() + *wait, tries: tries + 1, parcel }),
            None => self.lost(&parcel, &failure.reason),
        }
    }

    fn lost(&self, parcel: &Parcel, reason: &str) {
        self.ledger.note(parcel, Some(reason));
    }
}
