//! Access tokens: how they are written, kept and aged.

mod inventory;
pub mod leak;
mod mention;
mod networks;
pub mod patterns;
mod policy;
mod rotation;
mod secret;
pub mod uses;

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::applications::AppScope;
use super::ids::{TeamId, TokenId, UserId};
use super::permissions::PermissionSet;
use super::roles::words;
use super::users::Kind;

pub use inventory::{Ending, TokenFilter, TokenSort, Usage};
pub use leak::Leak;
pub use mention::Mention;
pub use networks::Networks;
pub use policy::{Lifetime, Policy, TokenPolicy};
pub use rotation::{OldSecret, Overlap, Rotation};
pub use secret::{HashedToken, PlainToken};

words! {
    /// What kind of token it is; it follows from the account's kind.
    TokenType: "a type of token" {
        /// A person's.
        Personal = "Personal",
        /// A service account's.
        Service = "Service",
        /// An AI agent's.
        Agent = "Agent",
    }
}

impl TokenType {
    /// What tokens of this type begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Personal => "lk_pat_",
            Self::Service => "lk_svc_",
            Self::Agent => "lk_agt_",
        }
    }

    /// Whether tokens of this type always end, whatever policy allows.
    pub fn always_ends(self) -> bool {
        self == Self::Agent
    }
}

impl From<Kind> for TokenType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Person => Self::Personal,
            Kind::Service => Self::Service,
            Kind::Agent => Self::Agent,
        }
    }
}

/// A token without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id inside and in REST.
    pub id: TokenId,
    /// Its id outside.
    pub uuid: Uuid,
    /// Whose it is.
    pub user: UserId,
    /// Unique among the account's tokens that are not revoked, without regard to case.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// From the account's kind when it was made.
    pub kind: TokenType,
    /// Whether it acts as an Admin.
    pub global_admin: bool,
    /// What it may be used for in the portal.
    pub scopes: PermissionSet,
    /// What it may be used for in applications.
    pub app_scopes: BTreeSet<AppScope>,
    /// The teams it is limited to.
    pub teams: Option<BTreeSet<TeamId>>,
    /// Prefix and last four.
    pub hint: String,
    /// When it ends.
    pub expires_at: Option<OffsetDateTime>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Its last use.
    pub last_use: Option<LastUse>,
    /// When it was revoked.
    pub revoked_at: Option<OffsetDateTime>,
    /// Since when it is suspended.
    pub suspended_at: Option<OffsetDateTime>,
    /// Whether it is an agent's and all agents are stopped.
    pub stopped: bool,
    /// When it last got a new secret.
    pub rotated_at: Option<OffsetDateTime>,
    /// Since when its present life counts, where a rotation began it anew.
    pub renewed_at: Option<OffsetDateTime>,
    /// From where it may be used.
    pub networks: Networks,
    /// When it was last used, made, renewed or resumed.
    pub active_at: OffsetDateTime,
    /// Why it is suspended, where no person did it.
    pub suspended_for: Option<SuspendedFor>,
    /// Counts changes, for `If-Match` and for two people editing at once.
    pub version: i64,
}

/// When and from where a token was last used. Kept to the minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub at: OffsetDateTime,
    /// From which address.
    pub address: Option<String>,
    /// By which program.
    pub user_agent: Option<String>,
    /// For what: an operation of the portal's own API, by its route, as `GET /api/v1/users`.
    pub purpose: Option<String>,
}

words! {
    /// Why a token was suspended by itself.
    SuspendedFor: "a reason" {
        /// Nobody used it for as many days as policy says.
        Dormancy = "dormancy",
    }
}

words! {
    /// How a token stands.
    TokenState: "a state" {
        /// Good.
        Active = "Active",
        /// Good, for 20 days at most.
        Expiring = "Expiring",
        /// Stopped until somebody resumes it.
        Suspended = "Suspended",
        /// An agent's, while all agents are stopped.
        Stopped = "Stopped",
        /// Its time is over.
        Expired = "Expired",
        /// Ended for good.
        Revoked = "Revoked",
    }
}

/// How long before its end a token counts as expiring.
pub const EXPIRING_WITHIN: Duration = Duration::days(20);

impl Token {
    /// The words of its scopes.
    pub fn words(&self) -> Vec<String> {
        super::effective::words(self.scopes, &self.app_scopes)
    }

    /// How it stands at `now`.
    pub fn state(&self, now: OffsetDateTime) -> TokenState {
        match (self.revoked_at, self.expires_at) {
            (Some(_), _) => TokenState::Revoked,
            (None, Some(end)) if end <= now => TokenState::Expired,
            _ if self.suspended_at.is_some() => TokenState::Suspended,
            _ if self.stopped => TokenState::Stopped,
            (None, Some(end)) if end - now <= EXPIRING_WITHIN => TokenState::Expiring,
            _ => TokenState::Active,
        }
    }

    /// Whether it is good at `now`.
    pub fn is_usable(&self, now: OffsetDateTime) -> bool {
        matches!(self.state(now), TokenState::Active | TokenState::Expiring)
    }

    /// Whether it is never good again.
    pub fn is_over(&self, now: OffsetDateTime) -> bool {
        matches!(self.state(now), TokenState::Expired | TokenState::Revoked)
    }

    /// Whether it could be used for anything that it could not be used for when it was `before`: for another scope, even one
    /// that sleeps, in another team, or from another network. What is neither cannot do more either, as scopes and teams only ever take away.
    pub fn is_wider_than(&self, before: &Self) -> bool {
        let other_teams = match (&before.teams, &self.teams) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(before), Some(now)) => !now.is_subset(before),
        };
        let other_scopes =
            !self.scopes.without(before.scopes).is_empty() || !self.app_scopes.is_subset(&before.app_scopes);
        let other_networks = !self.networks.are_within(&before.networks);
        other_teams || other_scopes || other_networks || (self.global_admin && !before.global_admin)
    }
}

/// What a list of users tells of each one's tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many are good.
    pub usable: i64,
    /// How many are suspended, and can be resumed.
    pub suspended: i64,
    /// How many would be good if agents were not stopped.
    pub stopped: i64,
    /// How many of the good ones never expire.
    pub endless: i64,
    /// When the first of the good ones ends, where that is soon.
    pub soonest_end: Option<OffsetDateTime>,
    /// How many of those end soon.
    pub ending: i64,
}

impl Summary {
    /// How many are good or can be good again.
    pub fn left(&self) -> i64 {
        self.usable + self.suspended + self.stopped
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn limited(scopes: &str, teams: Option<&[i64]>) -> Token {
        let now = datetime!(2026-11-22 10:00 UTC);
        Token {
            id: TokenId(1),
            uuid: Uuid::nil(),
            user: UserId(1),
            name: "ci".into(),
            description: String::new(),
            kind: TokenType::Service,
            global_admin: false,
            scopes: scopes.parse().unwrap(),
            app_scopes: BTreeSet::new(),
            teams: teams.map(|ids| ids.iter().copied().map(TeamId).collect()),
            hint: String::new(),
            expires_at: None,
            created_by: String::new(),
            created_at: now,
            last_use: None,
            revoked_at: None,
            suspended_at: None,
            stopped: false,
            rotated_at: None,
            renewed_at: None,
            networks: Networks::default(),
            active_at: now,
            suspended_for: None,
            version: 1,
        }
    }

    #[test]
    fn another_scope_or_another_team_is_wider_and_less_is_not() {
        let before = limited("users:read teams:read", Some(&[7, 8]));
        for wider in [
            limited("users:read teams:read audit:read", Some(&[7, 8])),
            limited("audit:read", Some(&[7])),
            limited("users:read", Some(&[7, 9])),
            limited("users:read", None),
            Token { global_admin: true, ..limited("", None) },
        ] {
            assert!(wider.is_wider_than(&before), "{wider:?}");
        }
        for not in [before.clone(), limited("users:read", Some(&[7])), limited("", Some(&[])), limited("", Some(&[8]))]
        {
            assert!(!not.is_wider_than(&before), "{not:?}");
        }
        let unlimited = limited("users:read", None);
        assert!(!limited("users:read", Some(&[7])).is_wider_than(&unlimited), "any limit is less than none");
        let root = Token { global_admin: true, ..limited("", None) };
        assert!(!limited("", None).is_wider_than(&root), "taking it away only takes away");
        assert!(limited("users:read", None).is_wider_than(&root), "what it is left with is given anew");
    }
}
