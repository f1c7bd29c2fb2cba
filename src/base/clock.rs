//! The one place that reads the wall clock, so that a test can stand still or travel.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

/// From when on [`Clock::running`] counts.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A source of the current time in UTC, to the microsecond (the precision of the store).
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's wall clock.
    #[default]
    System,
    /// A clock that moves only when it is told to.
    Fake(FakeClock),
}

impl Clock {
    /// The current time in UTC, truncated to microseconds.
    pub fn now(&self) -> OffsetDateTime {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the module that the ban points to")]
            Self::System => from_micros(to_micros(OffsetDateTime::now_utc())),
            Self::Fake(clock) => from_micros(clock.0.load(Ordering::SeqCst)),
        }
    }

    /// Time that only goes forward, from a start that means nothing: for measuring how long ago something was, also where
    /// somebody sets the machine's clock meanwhile.
    pub fn running(&self) -> Duration {
        match self {
            Self::System => START.elapsed(),
            Self::Fake(clock) => Duration::from_micros(u64::try_from(clock.0.load(Ordering::SeqCst)).unwrap_or(0)),
        }
    }
}

/// A clock for tests; clones share the same hands.
#[derive(Clone, Debug)]
pub struct FakeClock(Arc<AtomicI64>);

impl FakeClock {
    /// A clock that stands at `now`.
    pub fn at(now: OffsetDateTime) -> Self {
        Self(Arc::new(AtomicI64::new(to_micros(now))))
    }

    /// Moves the clock on by `by`.
    pub fn advance(&self, by: time::Duration) {
        let micros = i64::try_from(by.whole_microseconds()).unwrap_or(i64::MAX);
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

/// Unix time in microseconds.
pub fn to_micros(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
}

/// The time `micros` microseconds after the Unix epoch; the epoch itself where that is out of range.
pub fn from_micros(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
