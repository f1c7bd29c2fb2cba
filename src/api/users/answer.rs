//! What is told of users.

use std::collections::HashSet;

use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::Result;
use crate::model::ids::UserId;
use crate::model::roles::OrgRole;
use crate::model::users::{Kind, User, UserState};
use crate::service::links::Issued;
use crate::service::users::UserInfo;
use crate::service::{Cx, teams, users};

/// A user of any kind.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserAnswer {
    /// Its id; never used twice.
    #[schema(example = 123)]
    pub id: i64,
    /// Its id outside.
    uuid: Uuid,
    /// Its username.
    #[schema(example = "api_access@service")]
    user_id: String,
    /// Its username.
    #[schema(example = "api_access@service")]
    user_name: String,
    /// A person's address; a dummy under `.invalid` for others.
    email: String,
    /// Its display name.
    #[schema(example = "API Access")]
    name: String,
    /// What it stands for.
    user_type: Kind,
    /// What it may do everywhere.
    role: OrgRole,
    /// How it stands.
    status: Status,
    /// What it is for.
    description: String,
    /// The names of its teams that the caller may know of, `Public` first.
    #[schema(example = json!(["Public", "Data Engineering", "Data Quality"]))]
    teams: Vec<String>,
    /// Its roles in those teams; nobody has one in `Public`.
    memberships: Vec<MembershipAnswer>,
    /// The team whose people manage a service or agent account, if the caller may know of it.
    #[schema(required, example = "Data Engineering")]
    home_team: Option<String>,
    /// The person to ask about a service or agent account.
    #[schema(required)]
    contact_id: Option<i64>,
    /// The person who answers for an agent; null for others, where that person was deleted, and where the caller may not know of
    /// them.
    #[schema(required)]
    sponsor_id: Option<i64>,
    /// Whether there is a sponsor whom the caller may not know of.
    sponsor_hidden: bool,
    /// When it was made.
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    /// When it was last changed.
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
    /// When it last logged in or used a token, to the minute.
    #[serde(with = "rfc3339::option")]
    #[schema(required)]
    last_seen_at: Option<OffsetDateTime>,
    /// Counts changes; `ETag` has it too.
    #[schema(example = 1)]
    pub version: i64,
}

/// A role in a team.
#[derive(Serialize, ToSchema)]
#[schema(as = Membership)]
pub struct MembershipAnswer {
    /// The team's id.
    team_id: i64,
    /// The team's name.
    team: String,
    /// The role in it.
    #[schema(example = "Maintainer")]
    role: String,
}

/// A user who was just made.
#[derive(Serialize, ToSchema)]
pub struct CreatedUser {
    /// The user.
    #[serde(flatten)]
    pub user: UserAnswer,
    /// A person's invitation: the link with which they choose their password. It is told this once, not where the
    /// answer is replayed by its `Idempotency-Key`, and good for 72 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub invitation: Option<String>,
    /// Whether the invitation was also mailed to the person, which it is where a mail server is set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub invitation_mailed: Option<bool>,
}

impl CreatedUser {
    /// Whose invitation, where one was made, is not told.
    pub fn of(user: UserAnswer, invitation: Option<&Issued>) -> Self {
        Self { user, invitation: None, invitation_mailed: invitation.map(|issued| issued.mailed) }
    }

    /// With the link itself.
    #[must_use]
    pub fn with_link(self, invitation: Option<&Issued>, origin: &str) -> Self {
        let link = invitation.map(|issued| issued.address(origin).reveal().to_owned());
        Self { invitation: link, ..self }
    }
}

/// How an account stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It can be used.
    Active,
    /// A person who has not chosen a password yet.
    Invited,
    /// An agent, while all agents are stopped.
    Stopped,
    /// A service or agent account without a team or without a token: it can do nothing yet.
    Idle,
    /// Switched off.
    Disabled,
}

impl From<UserState> for Status {
    fn from(state: UserState) -> Self {
        match state {
            UserState::Active => Self::Active,
            UserState::Invited => Self::Invited,
            UserState::Stopped => Self::Stopped,
            UserState::Idle => Self::Idle,
            UserState::Disabled => Self::Disabled,
        }
    }
}

impl UserAnswer {
    /// One user, whom the caller may know of.
    ///
    /// # Errors
    /// A fault.
    pub fn of(cx: &mut Cx<'_, '_>, user: User) -> Result<Self> {
        let info = users::described(cx, user)?;
        Self::told(cx, info)
    }

    /// One user with what is already known of it.
    ///
    /// # Errors
    /// A fault.
    pub fn told(cx: &mut Cx<'_, '_>, info: UserInfo) -> Result<Self> {
        let home = teams::names(cx, info.user.home_team)?.into_values().next();
        let sponsors = users::sponsors_in_sight(cx, [&info.user])?;
        Ok(Self::new(info, home, &sponsors))
    }

    fn new(info: UserInfo, home_team: Option<String>, sponsors: &HashSet<UserId>) -> Self {
        let UserInfo { user, teams, state, .. } = info;
        let sponsor = user.sponsor.filter(|id| sponsors.contains(id));
        let named = teams.iter().map(|team| team.team_name.clone());
        Self {
            id: user.id.0,
            uuid: user.uuid,
            user_id: user.username.clone(),
            user_name: user.username,
            email: user.email,
            name: user.display_name,
            user_type: user.kind,
            role: user.role,
            status: state.into(),
            description: user.description,
            teams: std::iter::once("Public".to_owned()).chain(named).collect(),
            memberships: teams
                .into_iter()
                .map(|team| MembershipAnswer { team_id: team.team.0, team: team.team_name, role: team.role_name })
                .collect(),
            home_team,
            contact_id: user.contact.map(|id| id.0),
            sponsor_id: sponsor.map(|id| id.0),
            sponsor_hidden: sponsor != user.sponsor,
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_seen_at: user.last_seen_at,
            version: user.version,
        }
    }
}

/// Users of a page.
///
/// # Errors
/// A fault.
pub fn answers(cx: &mut Cx<'_, '_>, listed: Vec<UserInfo>) -> Result<Vec<UserAnswer>> {
    let homes = teams::names(cx, listed.iter().filter_map(|info| info.user.home_team))?;
    let sponsors = users::sponsors_in_sight(cx, listed.iter().map(|info| &info.user))?;
    let home = |info: &UserInfo| info.user.home_team.and_then(|id| homes.get(&id).cloned());
    Ok(listed
        .into_iter()
        .map(|info| {
            let home = home(&info);
            UserAnswer::new(info, home, &sponsors)
        })
        .collect())
}
