//! Which scopes of a token are in use.

use time::{Duration, OffsetDateTime};

use crate::model::permissions::{Permission, PermissionSet};

/// For how long a scope counts as in use after it was relied on.
pub const IN_USE_FOR: Duration = Duration::days(90);

/// What is known of the use of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The scope.
    pub scope: Permission,
    /// Since when it is watched: since the token or the scope is there, or since uses are noted at all.
    pub since: OffsetDateTime,
    /// When a request last relied on it, to the day.
    pub last_used_at: Option<OffsetDateTime>,
}

impl Watched {
    /// Whether it was used in the last 90 days.
    pub fn is_in_use(&self, now: OffsetDateTime) -> bool {
        self.last_used_at.is_some_and(|last| now - last <= IN_USE_FOR)
    }

    /// Whether it has been watched for less than 90 days, so that a use before that may be missing.
    pub fn is_young(&self, now: OffsetDateTime) -> bool {
        now - self.since < IN_USE_FOR
    }
}

/// Those that were not used in the last 90 days.
pub fn unused(watched: &[Watched], now: OffsetDateTime) -> PermissionSet {
    watched.iter().filter(|scope| !scope.is_in_use(now)).map(|scope| scope.scope).collect()
}
