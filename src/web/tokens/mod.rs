//! Access tokens of one account: the table, the form, the page that shows a secret once. The pages of users and of one's own
//! account differ in their addresses alone, which [`Whose`] knows.

pub mod acts;
pub mod edit;
pub mod form;
pub mod index;
pub mod once;
pub mod pages;
mod scopes;
pub mod uses;

use time::OffsetDateTime;

use super::view::{Status, When};
use crate::model::Result;
use crate::model::ids::{TokenId, UserId};
use crate::model::tokens::TokenState;
use crate::model::tokens::leak::WhatLeaked;
use crate::service::tokens::TokenInfo;
use crate::service::users::Rights;
use crate::service::{Cx, account};

/// How many scopes a row names.
const NAMED: usize = 4;

/// Whose tokens a page is about.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    /// A user's, on that user's page.
    User(UserId),
    /// One's own, on the pages of the own account.
    Own,
}

impl Whose {
    /// The account.
    ///
    /// # Errors
    /// Nobody is logged in.
    pub fn id(self, cx: &mut Cx<'_, '_>) -> Result<UserId> {
        match self {
            Self::User(id) => Ok(id),
            Self::Own => account::own(cx).map(|user| user.id),
        }
    }

    /// Where the tokens are listed.
    pub fn list(self) -> String {
        match self {
            Self::User(id) => format!("/users/{id}/tokens"),
            Self::Own => "/account/tokens".into(),
        }
    }

    /// Where a new one is made.
    pub fn form(self) -> String {
        self.list() + "/new"
    }

    /// The page of one of them.
    pub fn one(self, token: TokenId) -> String {
        format!("{}/{token}", self.list())
    }

    /// Where one of them is revoked.
    pub fn revoke(self, token: TokenId) -> String {
        self.one(token) + "/revoke"
    }

    fn nav(self) -> &'static str {
        match self {
            Self::User(_) => "users",
            Self::Own => "",
        }
    }
}

/// A row of the table of an account's tokens.
pub struct TokenRow {
    /// Its page.
    pub href: String,
    /// Whether it may be changed.
    pub may_change: bool,
    /// Its name.
    pub name: String,
    /// Prefix and last four.
    pub hint: String,
    /// Its type.
    pub kind: String,
    /// Whether it acts as an Admin.
    pub global_admin: bool,
    /// To how many teams it is limited; 0 for no limit.
    pub limited: usize,
    /// Its scopes, the first of them.
    pub scopes: Vec<ScopePill>,
    /// How many more there are.
    pub more_scopes: usize,
    /// When it ends.
    pub expires: Option<When>,
    /// Nothing, `caution`, `danger` or `off`.
    pub expires_tone: &'static str,
    /// When it was last used.
    pub last_used: Option<When>,
    /// From where; empty where that is not known.
    pub last_address: String,
    /// Who made it.
    pub creator: String,
    /// When it was made.
    pub created: When,
    /// How it stands.
    pub status: Status,
    /// What was found of it where no token belongs; empty where nothing was.
    pub leaked: &'static str,
    /// Until when the secret before its rotation is good as well.
    pub both_until: Option<When>,
    /// Where it is revoked; empty where that may not be.
    pub revoke: String,
}

/// What was found, in the table.
fn told(what: WhatLeaked) -> &'static str {
    match what {
        WhatLeaked::Itself => "leaked",
        WhatLeaked::Former => "an old secret leaked",
        WhatLeaked::Maker => "made with a leaked token",
    }
}

/// A scope in the table.
pub struct ScopePill {
    /// `users:read`.
    pub name: String,
    /// Whether the account may do it at this moment.
    pub effective: bool,
}

impl TokenRow {
    /// The row of this token.
    pub fn of(info: &TokenInfo, whose: Whose, rights: Rights, now: OffsetDateTime) -> Self {
        let TokenInfo { token, effective, rotation, leak } = info;
        let state = token.state(now);
        let usable = token.is_usable(now);
        let effective = effective.words();
        let pill = |name: String| ScopePill { effective: !usable || effective.contains(&name), name };
        let scopes: Vec<_> = token.words().into_iter().map(pill).collect();
        Self {
            href: whose.one(token.id),
            may_change: !token.is_over(now) && rights.change_tokens,
            name: token.name.clone(),
            hint: token.hint.clone(),
            kind: token.kind.to_string(),
            global_admin: token.global_admin,
            limited: token.teams.as_ref().map_or(0, std::collections::BTreeSet::len),
            more_scopes: scopes.len().saturating_sub(NAMED),
            scopes: scopes.into_iter().take(NAMED).collect(),
            expires: token.expires_at.map(|end| When::of(end, now)),
            expires_tone: match (state, token.expires_at) {
                (TokenState::Revoked, _) => "off",
                (TokenState::Expired, _) => "danger",
                (TokenState::Expiring, _) | (_, None) => "caution",
                (TokenState::Active | TokenState::Suspended | TokenState::Stopped, Some(_)) => "",
            },
            last_used: token.last_use.as_ref().map(|use_| When::of(use_.at, now)),
            last_address: token.last_use.as_ref().and_then(|use_| use_.address.clone()).unwrap_or_default(),
            creator: token.created_by.clone(),
            created: When::of(token.created_at, now),
            status: state.into(),
            leaked: leak.as_ref().map(|leak| told(leak.what)).unwrap_or_default(),
            both_until: rotation
                .as_ref()
                .filter(|rotation| usable && rotation.old.ends_at > now)
                .map(|rotation| When::of(rotation.old.ends_at, now)),
            revoke: if rights.revoke_tokens && state != TokenState::Revoked {
                whose.revoke(token.id)
            } else {
                String::new()
            },
        }
    }
}
