//! What can be asked of users.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::body::given;
use super::super::query::{FromParams, Params};
use super::answer::Status;
use crate::model::ids::UserId;
use crate::model::roles::OrgRole;
use crate::model::users::{Kind, UserFilter, UserSort, UserState};
use crate::model::{Error, Result};
use crate::service::by_name::{PersonNamed, TeamWanted, UserEdit, UserWanted};
use crate::service::{Cx, teams};

/// A new user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// The display name; unique without regard to case.
    #[schema(max_length = 100)]
    name: String,
    /// What it may do everywhere.
    #[schema(value_type = OrgRole)]
    role: String,
    /// What it stands for; `Service` where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<Kind>)]
    user_type: Option<String>,
    /// Its teams; `Public` needs no mention. The first is the home of a service or agent account.
    #[serde(default)]
    teams: Vec<TeamRef>,
    /// The username; required for people, and made from the name for others.
    #[serde(default)]
    #[schema(max_length = 64)]
    username: Option<String>,
    /// The address; required for people, and not to be chosen for others.
    #[serde(default)]
    #[schema(max_length = 254)]
    email: Option<String>,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// The team whose people manage a service or agent account, by name; the first of `teams` where it is left out.
    #[serde(default)]
    home_team: Option<String>,
    /// The person who answers for an agent, by username or id; whoever asks, where that is a person and this is left out. The
    /// token of a service account names one. Their account is enabled, and they have accepted the invitation.
    #[serde(default)]
    sponsor: Option<PersonRef>,
}

impl From<CreateUser> for UserWanted {
    fn from(new: CreateUser) -> Self {
        Self {
            user_type: new.user_type,
            name: new.name,
            username: new.username,
            email: new.email,
            role: new.role,
            teams: new.teams.into_iter().map(TeamWanted::from).collect(),
            home_team: new.home_team,
            description: new.description,
            sponsor: new.sponsor.map(PersonNamed::from),
        }
    }
}

/// A person by username or by id.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum PersonRef {
    /// Their username.
    Username(String),
    /// Their id.
    Id(i64),
}

impl From<PersonRef> for PersonNamed {
    fn from(person: PersonRef) -> Self {
        match person {
            PersonRef::Username(name) => Self::Username(name),
            PersonRef::Id(id) => Self::Id(UserId(id)),
        }
    }
}

// By hand, for the same reason as a team's below.
impl<'de> Deserialize<'de> for PersonRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Either;

        impl Visitor<'_> for Either {
            type Value = PersonRef;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a person's username or id")
            }

            fn visit_str<E>(self, name: &str) -> std::result::Result<PersonRef, E> {
                Ok(PersonRef::Username(name.to_owned()))
            }

            fn visit_i64<E>(self, id: i64) -> std::result::Result<PersonRef, E> {
                Ok(PersonRef::Id(id))
            }

            fn visit_u64<E>(self, id: u64) -> std::result::Result<PersonRef, E> {
                Ok(PersonRef::Id(id.try_into().unwrap_or(i64::MAX)))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// A team by its name, with the team role Viewer, or with another.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum TeamRef {
    /// Its name; the team role is Viewer.
    Name(String),
    /// Its name and a team role.
    WithRole(TeamWithRole),
}

/// A team by its name, and a role in it.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TeamWithRole {
    /// The team's name.
    team: String,
    /// The role in it.
    #[schema(example = "Maintainer")]
    role: String,
}

impl From<TeamRef> for TeamWanted {
    fn from(team: TeamRef) -> Self {
        match team {
            TeamRef::Name(name) => Self { name, role: None },
            TeamRef::WithRole(TeamWithRole { team, role }) => Self { name: team, role: Some(role) },
        }
    }
}

// By hand, because serde's own reading of untagged enums forgets where in the body the mistake is.
impl<'de> Deserialize<'de> for TeamRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = TeamRef;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a team's name, or an object with team and role")
            }

            fn visit_str<E>(self, name: &str) -> std::result::Result<TeamRef, E> {
                Ok(TeamRef::Name(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<TeamRef, A::Error> {
                TeamWithRole::deserialize(MapAccessDeserializer::new(map)).map(TeamRef::WithRole)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// What is to be changed of a user. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeUser {
    /// Another display name.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 100)]
    name: Option<String>,
    /// Another username.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 64)]
    username: Option<String>,
    /// Another address; people only.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 254)]
    email: Option<String>,
    /// Another organisation role.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, value_type = Option<OrgRole>)]
    role: Option<String>,
    /// Another description.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 1000)]
    description: Option<String>,
    /// The id of another person to ask about a service or agent account, or null for nobody.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    contact: Option<Option<UserId>>,
    /// Another person who answers for an agent, by username or id.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, value_type = Option<PersonRef>)]
    sponsor: Option<Option<PersonRef>>,
    /// Another home for a service or agent account, by name.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    home_team: Option<String>,
    /// False switches the account off: its sessions end, and its tokens stop at the next request. True switches it on again.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    enabled: Option<bool>,
}

impl ChangeUser {
    /// The change, of the account at this version.
    pub fn at(self, version: Option<i64>) -> UserEdit {
        UserEdit {
            version,
            name: self.name,
            username: self.username,
            email: self.email,
            role: self.role,
            description: self.description,
            contact: self.contact,
            sponsor: self.sponsor.map(|person| person.map(PersonNamed::from)),
            home_team: self.home_team,
            enabled: self.enabled,
        }
    }
}

/// Which users are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserQuery {
    /// Part of a name, username or email address. Where more than 200 users match, they come in the order in which they were made,
    /// whatever `sort` says.
    #[param(required = false)]
    q: String,
    /// Of this kind.
    user_type: Option<Kind>,
    /// In this state.
    #[param(value_type = Option<Status>)]
    status: Option<UserState>,
    /// With this organisation role.
    role: Option<OrgRole>,
    /// In the team of this name.
    team: Option<String>,
    /// `name` (as where nothing is said), `username`, `last_seen` or `created`; with `-` before it, the other way round.
    #[param(required = false, value_type = String, example = "-created")]
    sort: (UserSort, bool),
}

impl FromParams for UserQuery {
    fn take(params: &mut Params) -> Self {
        let status = params.text("status").and_then(|text| {
            let known: Vec<_> = UserState::ALL.iter().map(|state| state.slug()).collect();
            let found = UserState::from_slug(&text);
            params.note("status", found.ok_or_else(|| format!("Choose one of {}.", known.join(", "))))
        });
        let sort = params.text("sort").and_then(|text| {
            let order = text.strip_prefix('-').unwrap_or(&text).parse::<UserSort>();
            params.note("sort", order.map(|order| (order, text.starts_with('-'))))
        });
        Self {
            q: params.text("q").unwrap_or_default(),
            user_type: params.word("user_type"),
            status,
            role: params.word("role"),
            team: params.text("team"),
            sort: sort.unwrap_or((UserSort::Name, false)),
        }
    }
}

impl UserQuery {
    /// The filter, the order, and whether it is the other way round.
    ///
    /// # Errors
    /// [`Error::Invalid`] at `team` where there is none of this name.
    pub fn resolve(self, cx: &mut Cx<'_, '_>) -> Result<(UserFilter, UserSort, bool)> {
        let team = match &self.team {
            Some(name) => {
                let found = teams::by_name(cx, name)?;
                let unknown = || Error::field("team", "There is no team of this name, or none that you may know of.");
                Some(found.ok_or_else(unknown)?.id)
            }
            None => None,
        };
        let filter = UserFilter { search: self.q, kind: self.user_type, state: self.status, role: self.role, team };
        Ok((filter, self.sort.0, self.sort.1))
    }
}
