//! Log-in sessions of the portal.

use time::OffsetDateTime;

use super::ids::{SessionId, UserId};

/// A session as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its number, which is no secret.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When they logged in.
    pub created_at: OffsetDateTime,
    /// Its last request, to the minute.
    pub last_seen_at: OffsetDateTime,
    /// When it ends in any case.
    pub expires_at: OffsetDateTime,
    /// When the password was last typed in it.
    pub authenticated_at: OffsetDateTime,
    /// From which address.
    pub address: Option<String>,
    /// With which browser.
    pub user_agent: Option<String>,
}
