//! One-time links: the secret is in the address, and only its hash is kept.

use time::{Duration, OffsetDateTime};

use super::ids::{TokenId, UserId};
use super::roles::words;

words! {
    /// What a link is for.
    Purpose: "a purpose" {
        /// Makes the first Admin of an empty store.
        Setup = "setup",
        /// Lets a new person choose their password.
        Invitation = "invitation",
        /// Lets a person choose another password.
        Reset = "reset",
    }
}

impl Purpose {
    /// How long such a link is good.
    pub fn life(self) -> Duration {
        match self {
            Self::Setup => Duration::days(7),
            Self::Invitation => Duration::hours(72),
            Self::Reset => Duration::hours(24),
        }
    }
}

/// Who handed out a link, and so knows its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// Whoever runs the program on the server.
    CommandLine,
    /// An account.
    Account(UserId),
    /// A token alone, which can do less than its account, or more.
    Token {
        /// Which.
        id: TokenId,
        /// Since when it has its secret, where that is not its first: whoever handed out a link before may know it no longer.
        since: Option<OffsetDateTime>,
    },
}

/// A link that was found by its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its row.
    pub id: i64,
    /// What it is for.
    pub purpose: Purpose,
    /// For whom; nobody for a setup link.
    pub user: Option<UserId>,
    /// When it ends.
    pub expires_at: OffsetDateTime,
}
