//! Teams and memberships.

use time::OffsetDateTime;
use uuid::Uuid;

use super::ids::{RoleId, TeamId, UserId};
use super::roles::Grants;

/// A named group of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Its id inside and in REST.
    pub id: TeamId,
    /// Its id outside.
    pub uuid: Uuid,
    /// Unique without regard to case.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Counts changes.
    pub version: i64,
}

/// A user's role in a team. Membership of `Public` is everyone's, has no role, and is never written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The member.
    pub user: UserId,
    /// The team.
    pub team: TeamId,
    /// The team's name.
    pub team_name: String,
    /// The member's role there.
    pub role: RoleId,
    /// The role's name.
    pub role_name: String,
    /// What the role gives.
    pub grants: Grants,
}

/// Which members of a team are asked for.
#[derive(Clone, Debug, Default)]
pub struct MemberFilter {
    /// Service and agent accounts, or people; both where it is `None`.
    pub machines: Option<bool>,
    /// Part of the display name or username.
    pub search: String,
    /// With this role in the team.
    pub role: Option<RoleId>,
}

impl MemberFilter {
    /// Whether it asks for fewer than all people, or all service and agent accounts.
    pub fn is_narrowed(&self) -> bool {
        self.role.is_some() || !self.search.trim().is_empty()
    }
}
