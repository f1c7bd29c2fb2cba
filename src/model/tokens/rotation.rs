//! Rotation: another secret for the same token, while the one before it stays good for a while.

use time::{Duration, OffsetDateTime};

use super::{LastUse, Policy, Token};
use crate::model::roles::words;

words! {
    /// How long the secret before stays good.
    Overlap: "an overlap" {
        /// It ends at once.
        None = "none",
        /// An hour.
        Hour = "1h",
        /// A day.
        Day = "24h",
        /// A week.
        Week = "7d",
    }
}

impl Overlap {
    /// How long that is.
    pub fn length(self) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Hour => Duration::hours(1),
            Self::Day => Duration::hours(24),
            Self::Week => Duration::days(7),
        }
    }
}

/// How far the last rotation of a token has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// When it was.
    pub at: OffsetDateTime,
    /// The last use of the secret that is there now.
    pub last_use: Option<LastUse>,
    /// The secret before.
    pub old: OldSecret,
}

/// A secret that a rotation replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldSecret {
    /// Prefix and last four.
    pub hint: String,
    /// Until when it is good.
    pub ends_at: OffsetDateTime,
    /// Its last use.
    pub last_use: Option<LastUse>,
}

impl Token {
    /// When it ends if it is rotated now: after the life that it was given the last time, as far as policy allows.
    pub fn renewed(&self, policy: &Policy, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let begun = self.renewed_at.unwrap_or(self.created_at);
        let wanted =
            self.expires_at.map(|end| now.checked_add(end - begun).filter(|end| end.year() < 10_000).unwrap_or(end));
        policy.capped(wanted, now)
    }
}
