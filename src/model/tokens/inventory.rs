//! Which tokens a list is asked for.

use super::{TokenState, TokenType};
use crate::model::ids::{TeamId, TokenId, UserId};
use crate::model::roles::words;

words! {
    /// The orders in which tokens are listed.
    TokenSort: "an order" {
        /// By when they were made.
        Created = "created",
        /// By name.
        Name = "name",
        /// By when they end; those that never do come last.
        Expires = "expires",
        /// By when they were last used; those that never were come first.
        LastUsed = "last_used",
        /// By when they were last used, or made or resumed, where that is later: dormant ones alone.
        Active = "active",
    }
}

impl TokenSort {
    /// The order where none is asked for, and whether it falls: the newest first; of dormant ones those that nobody used for longest.
    pub fn of(usage: Option<Usage>) -> (Self, bool) {
        match usage {
            Some(Usage::Dormant) => (Self::Active, false),
            _ => (Self::Created, true),
        }
    }

    /// Whether a list of those that are used like this may be in this order.
    pub fn is_of(self, usage: Option<Usage>) -> bool {
        self != Self::Active || usage == Some(Usage::Dormant)
    }
}

words! {
    /// What is remarkable about the end of a token.
    Ending: "an end" {
        /// It has none.
        Never = "never",
        /// It could not be made like this today.
        BeyondPolicy = "beyond-policy",
    }
}

words! {
    /// What is remarkable about the use of a token.
    Usage: "a use" {
        /// Nobody used it yet.
        Never = "never",
        /// It is good, and nobody used it for long.
        Dormant = "dormant",
    }
}

/// Which tokens are asked for. The page and the API filter by the same.
#[derive(Clone, Debug, Default)]
pub struct TokenFilter {
    /// Part of a name or of a hint.
    pub search: String,
    /// This one alone.
    pub id: Option<TokenId>,
    /// Of this type.
    pub kind: Option<TokenType>,
    /// In this state.
    pub state: Option<TokenState>,
    /// Of accounts in this team.
    pub team: Option<TeamId>,
    /// Of this account.
    pub account: Option<UserId>,
    /// Whose end is like this.
    pub ending: Option<Ending>,
    /// Whose use is like this.
    pub usage: Option<Usage>,
    /// That act as an Admin.
    pub global_admin: bool,
}
