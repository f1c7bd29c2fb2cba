//! One limit for many keys, in memory of a fixed size.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use governor::{Quota, RateLimiter, clock};

use crate::base::clock::Clock;
use crate::base::{crypto, random};

/// A key is a slot, by a hash that nobody outside can compute: what is sent, however much, takes no more memory. Two keys
/// share a slot by chance, once in so many.
const SLOTS: usize = 1 << 16;
/// A slot over its limit is worth an audit entry so often.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// The portal's clock as governor reads it.
struct Ticks(Clock);

impl clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.running()
    }
}

/// When each slot would be empty again.
#[derive(Clone)]
struct Slots(Arc<[InMemoryState]>);

impl StateStore for Slots {
    type Key = usize;

    fn measure_and_replace<T, F, E>(&self, slot: &usize, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.0[*slot].measure_and_replace(&NotKeyed::NonKey, decide)
    }
}

/// What was said of a slot over its limit.
#[derive(Default)]
struct Said {
    /// When, in milliseconds and one more: 0 is never.
    at: AtomicU64,
    unheard: AtomicU32,
}

/// One limit for each of many keys: so many at once, and one more after each interval (the generic cell rate algorithm).
pub(super) struct Table {
    limiter: RateLimiter<usize, Slots, Ticks, NoOpMiddleware<Duration>>,
    slots: Slots,
    each: Nanos,
    said: Box<[Said]>,
    secret: [u8; 32],
}

/// A key over its limit.
pub(super) struct Full {
    /// After how many seconds the next is heard.
    pub seconds: u64,
    /// Where it is time to say so: how many were refused without a word since the last time.
    pub unheard: Option<u32>,
}

/// One that was let through.
pub(super) struct Charge<'a> {
    table: &'a Table,
    slot: usize,
}

impl Table {
    /// `burst` at once, and one more each `each`.
    pub(super) fn new(burst: u32, each: Duration, time: &Clock) -> Self {
        let slots = Slots((0..SLOTS).map(|_| InMemoryState::default()).collect());
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        // `None` only for an interval of nothing, which none of ours is.
        let quota = Quota::with_period(each).unwrap_or(Quota::per_second(burst)).allow_burst(burst);
        Self {
            limiter: RateLimiter::new(quota, slots.clone(), Ticks(time.clone())),
            slots,
            each: each.into(),
            said: (0..SLOTS).map(|_| Said::default()).collect(),
            secret: random::bytes(),
        }
    }

    /// Charges `key`, of the kind that `label` names.
    pub(super) fn charge(&self, label: &str, key: &str) -> Result<Charge<'_>, Full> {
        let slot = self.slot(label, key);
        match self.limiter.check_key(&slot) {
            Ok(()) => Ok(Charge { table: self, slot }),
            Err(until) => {
                let now = clock::Clock::now(self.limiter.clock());
                let wait = until.wait_time_from(now);
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Err(Full { seconds: seconds.max(1), unheard: self.said[slot].again(now) })
            }
        }
    }

    fn slot(&self, label: &str, key: &str) -> usize {
        let hash = crypto::hmac_sha256(&self.secret, &[label.as_bytes(), b"\0", key.as_bytes()]);
        usize::from(u16::from_be_bytes([hash[0], hash[1]]))
    }
}

impl Charge<'_> {
    /// As if it had not been.
    pub(super) fn give_back(self) {
        let each = self.table.each;
        let less = |at: Option<Nanos>| Ok::<_, ()>(((), at.unwrap_or_default().saturating_sub(each)));
        // It cannot fail: `less` never refuses.
        let _ = self.table.slots.measure_and_replace(&self.slot, less);
    }
}

impl Said {
    /// Whether to say it again, and how many it was not said of.
    fn again(&self, now: Duration) -> Option<u32> {
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        let last = self.at.load(Ordering::Relaxed);
        let due = last == 0 || now.saturating_sub(last) >= TOLD_EVERY.as_millis().try_into().unwrap_or(u64::MAX);
        if due && self.at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            return Some(self.unheard.swap(0, Ordering::Relaxed));
        }
        self.unheard.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::FakeClock;
    use time::macros::datetime;

    fn table() -> (Table, FakeClock) {
        let clock = FakeClock::at(datetime!(2026-11-22 10:00 UTC));
        (Table::new(3, Duration::from_secs(10), &Clock::Fake(clock.clone())), clock)
    }

    #[test]
    fn so_many_at_once_and_then_one_each_interval() {
        let (table, clock) = table();
        for _ in 0..3 {
            assert!(table.charge("account", "ada").is_ok());
        }
        clock.advance(time::Duration::milliseconds(500));
        assert_eq!(table.charge("account", "ada").err().unwrap().seconds, 10, "rounded up");
        assert!(table.charge("account", "grace").is_ok() && table.charge("browser", "ada").is_ok());
        clock.advance(time::Duration::milliseconds(9_500));
        assert!(table.charge("account", "ada").is_ok());
        assert!(table.charge("account", "ada").is_err());
        clock.advance(time::Duration::seconds(30));
        assert_eq!((0..9).filter(|_| table.charge("account", "ada").is_ok()).count(), 3, "and no more after a rest");
    }

    #[test]
    fn what_is_given_back_never_makes_more() {
        let (table, _) = table();
        for _ in 0..100 {
            table.charge("account", "ada").ok().unwrap().give_back();
        }
        assert_eq!((0..9).filter(|_| table.charge("account", "ada").is_ok()).count(), 3);
    }

    #[test]
    fn a_full_slot_is_spoken_of_once_a_minute() {
        let (table, clock) = table();
        let refused = |_| table.charge("account", "ada").err().map(|full| full.unheard);
        let said: Vec<_> = (0..13).filter_map(refused).collect();
        assert_eq!((said.len(), said[0], said.iter().flatten().count()), (10, Some(0), 1));
        clock.advance(time::Duration::seconds(59));
        assert_eq!((0..9).filter_map(refused).flatten().count(), 0);
        clock.advance(time::Duration::seconds(1));
        assert!((0..9).filter_map(refused).flatten().next().is_some_and(|unheard| unheard > 9));
    }

    #[test]
    fn whatever_is_sent_takes_no_more_memory() {
        let (table, _) = table();
        let size = || (table.slots.0.len(), table.said.len());
        let before = size();
        let slots: std::collections::HashSet<_> =
            (0..SLOTS * 4).map(|n| table.slot("account", &n.to_string())).collect();
        assert!(slots.iter().all(|slot| *slot < SLOTS) && slots.len() > SLOTS / 2, "and the slots are all used");
        let long = "x".repeat(1 << 20);
        assert!(table.charge("account", &long).is_ok());
        assert_eq!(size(), before);
    }
}
