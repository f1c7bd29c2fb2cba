//! Users of the three kinds.

use time::OffsetDateTime;
use uuid::Uuid;

use super::access::Standing;
use super::ids::{TeamId, UserId};
use super::permissions::{Action, Permission, Resource};
use super::roles::{Grants, OrgRole, words};

words! {
    /// Who or what an account stands for. The words are those of the API's `user_type`.
    Kind: "a kind of user" {
        /// A human being, who can log in to the portal.
        Person = "Person",
        /// A program's account: API only.
        Service = "Service",
        /// An AI agent's account: API only.
        Agent = "Agent",
    }
}

impl Kind {
    /// The ending of a username of this kind.
    pub fn suffix(self) -> Option<&'static str> {
        match self {
            Self::Person => None,
            Self::Service => Some("@service"),
            Self::Agent => Some("@agent"),
        }
    }

    /// The word in the audit log and the store.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Service => "service",
            Self::Agent => "agent",
        }
    }

    /// The kind of that slug.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.slug() == slug)
    }

    /// Whether accounts of this kind may enter the web portal. Only people may.
    pub fn may_enter_portal(self) -> bool {
        self == Self::Person
    }

    /// The resource under which accounts of this kind are governed.
    pub fn resource(self) -> Resource {
        match self {
            Self::Person => Resource::Users,
            Self::Service | Self::Agent => Resource::ServiceAccounts,
        }
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id inside and in REST.
    pub id: UserId,
    /// Its id outside.
    pub uuid: Uuid,
    /// What it stands for.
    pub kind: Kind,
    /// Unique without regard to case.
    pub username: String,
    /// Unique without regard to case.
    pub display_name: String,
    /// A person's address; for other kinds a dummy under `.invalid`.
    pub email: String,
    /// What it may do everywhere.
    pub role: OrgRole,
    /// Since when it is switched off.
    pub disabled_at: Option<OffsetDateTime>,
    /// What it is for.
    pub description: String,
    /// The person to ask about a service or agent account.
    pub contact: Option<UserId>,
    /// The person who answers for an agent; `None` for others, and where that person was deleted.
    pub sponsor: Option<UserId>,
    /// The team whose people manage a service or agent account; `None` for people.
    pub home_team: Option<TeamId>,
    /// Whether a password was chosen. Always false for service and agent accounts.
    pub has_password: bool,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it was last changed.
    pub updated_at: OffsetDateTime,
    /// When it last logged in or used a token.
    pub last_seen_at: Option<OffsetDateTime>,
    /// Counts changes, for `If-Match` and for two people editing at once.
    pub version: i64,
}

impl User {
    /// Whether it is switched on.
    pub fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }

    /// Whether it is a person who has an invitation but has not used it yet.
    pub fn is_invited(&self) -> bool {
        self.kind == Kind::Person && !self.has_password
    }

    /// The permission that `action` on this account needs.
    pub fn permission(&self, action: Action) -> Permission {
        Permission::new(self.kind.resource(), action)
    }

    /// What the rules of access need to know of it.
    pub fn standing(&self, teams: Vec<(TeamId, Grants)>) -> Standing {
        Standing { kind: self.kind, role: self.role, teams }
    }
}

/// For how many accounts a person answers, as their contact or as their sponsor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswersFor {
    /// Service accounts.
    pub services: i64,
    /// Agents.
    pub agents: i64,
}

impl AnswersFor {
    /// All of them.
    pub fn total(self) -> i64 {
        self.services + self.agents
    }
}

impl std::ops::AddAssign for AnswersFor {
    fn add_assign(&mut self, more: Self) {
        self.services += more.services;
        self.agents += more.agents;
    }
}

impl FromIterator<Kind> for AnswersFor {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::default(), |mut sum, kind| {
            let of_kind = if kind == Kind::Agent { &mut sum.agents } else { &mut sum.services };
            *of_kind += 1;
            sum
        })
    }
}

words! {
    /// The one word that says how an account stands.
    UserState: "a status" {
        /// It can be used.
        Active = "Active",
        /// A person who has not chosen a password yet.
        Invited = "Invited",
        /// An agent, while all agents are stopped.
        Stopped = "Stopped",
        /// A service or agent account without a team or without a token.
        Idle = "Can do nothing yet",
        /// Switched off.
        Disabled = "Disabled",
    }
}

impl UserState {
    /// The state of `user`, given whether it has a team role and a usable token, and whether agents are stopped.
    pub fn of(user: &User, has_team: bool, has_token: bool, agents_stopped: bool) -> Self {
        if !user.is_enabled() {
            Self::Disabled
        } else if agents_stopped && user.kind == Kind::Agent {
            Self::Stopped
        } else if user.is_invited() {
            Self::Invited
        } else if user.kind != Kind::Person && !(has_team && has_token) {
            Self::Idle
        } else {
            Self::Active
        }
    }

    /// The word in addresses and in the API.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Invited => "invited",
            Self::Stopped => "stopped",
            Self::Idle => "idle",
            Self::Disabled => "disabled",
        }
    }

    /// The state of that slug.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.slug() == slug)
    }
}

words! {
    /// The orders in which users are listed.
    UserSort: "an order" {
        /// By display name.
        Name = "name",
        /// By username.
        Username = "username",
        /// By when they were last seen.
        LastSeen = "last_seen",
        /// By when they were made.
        Created = "created",
    }
}

/// Which users are asked for. The pages and the API filter by the same.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Part of a name, username or email.
    pub search: String,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// In this state.
    pub state: Option<UserState>,
    /// With this organisation role.
    pub role: Option<OrgRole>,
    /// In this team.
    pub team: Option<TeamId>,
}

impl UserFilter {
    /// Whether everything is asked for.
    pub fn is_empty(&self) -> bool {
        self.search.trim().is_empty()
            && self.kind.is_none()
            && self.state.is_none()
            && self.role.is_none()
            && self.team.is_none_or(TeamId::is_public)
    }
}
