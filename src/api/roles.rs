//! `/api/v1/roles`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{List, changed, created, nothing, ok, tagged};
use super::body::{Body, given};
use super::call::Call;
use super::openapi::{Changes, Deletes, Lists, Makes, Reads};
use super::query::Paging;
use super::{Answer, ApiError};
use crate::model::error::Problems;
use crate::model::ids::{RoleId, TeamId, UserId};
use crate::model::permissions::{Permission, PermissionSet};
use crate::model::roles::AppLevel;
use crate::model::users::Kind;
use crate::model::{FieldError, Result as ModelResult};
use crate::service::roles::{self, Holder, NewRole, RoleChange, RoleInfo};

/// The most permissions a request may name; there are fewer.
const MOST: usize = 100;

/// A new custom team role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRole {
    /// Unique without regard to case.
    #[schema(max_length = 100, example = "Deployer")]
    name: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// What it allows inside a team. `users`, `roles` and `settings` belong to the organisation and cannot be among them.
    #[serde(default)]
    #[schema(example = json!(["service_accounts:read", "tokens:create"]))]
    permissions: Vec<String>,
    /// How far it reaches into the team's applications.
    #[serde(default = "no_level")]
    #[schema(default = "none")]
    application_level: AppLevel,
}

fn no_level() -> AppLevel {
    AppLevel::None
}

/// What is to be changed of a custom role. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRole {
    /// Another name. Those who have the role keep it.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 100)]
    name: Option<String>,
    /// Another description.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 1000)]
    description: Option<String>,
    /// All of its permissions from now on.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    permissions: Option<Vec<String>>,
    /// Another reach into applications.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    application_level: Option<AppLevel>,
    /// `effect` of the problem that told what this change does, to say that it was looked at.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = "6d1f0c2ab7e94c58a3e1d7720c4f9b16")]
    effect: Option<String>,
}

/// A team role.
#[derive(Serialize, ToSchema)]
#[schema(as = Role)]
pub struct RoleAnswer {
    /// Its id; never used twice. The predefined ones are 1 to 4.
    #[schema(example = 5)]
    id: i64,
    /// Its name, by which members are given it.
    #[schema(example = "Deployer")]
    name: String,
    /// What it is for.
    description: String,
    /// Whether it is one of those that are always there and never change.
    predefined: bool,
    /// What it allows inside a team.
    #[schema(value_type = Vec<String>, example = json!(["service_accounts:read", "tokens:create"]))]
    permissions: PermissionSet,
    /// How far it reaches into the team's applications.
    application_level: AppLevel,
    /// How many memberships have it.
    #[schema(example = 3)]
    members: i64,
    /// Counts changes; `ETag` has it too.
    #[schema(example = 1)]
    version: i64,
}

impl From<RoleInfo> for RoleAnswer {
    fn from(RoleInfo { role, members }: RoleInfo) -> Self {
        Self {
            id: role.id.0,
            predefined: role.is_predefined(),
            name: role.name,
            description: role.description,
            permissions: role.grants.permissions,
            application_level: role.grants.level,
            members,
            version: role.version,
        }
    }
}

/// Somebody who has a role in a team.
#[derive(Serialize, ToSchema)]
#[schema(as = RoleMember)]
pub struct HolderAnswer {
    /// The user's id.
    #[schema(value_type = i64, example = 123)]
    id: UserId,
    /// The username.
    #[schema(example = "api_access@service")]
    user_name: String,
    /// The display name.
    #[schema(example = "API Access")]
    name: String,
    /// What the account stands for.
    user_type: Kind,
    /// The team's id.
    #[schema(value_type = i64, example = 4)]
    team_id: TeamId,
    /// The team's name.
    #[schema(example = "Billing")]
    team: String,
}

impl From<Holder> for HolderAnswer {
    fn from(Holder { user, team, team_name }: Holder) -> Self {
        Self {
            id: user.id,
            user_name: user.username,
            name: user.display_name,
            user_type: user.kind,
            team_id: team,
            team: team_name,
        }
    }
}

fn id(call: &Call) -> Result<RoleId, ApiError> {
    call.id("id", "role")
}

fn set(words: &[String]) -> ModelResult<PermissionSet> {
    if words.len() > MOST {
        return Err(crate::model::Error::field("permissions", format!("Name at most {MOST} permissions.")));
    }
    let mut problems = Problems::default();
    let found = words.iter().enumerate().map(|(n, word)| {
        let wrong = |_| {
            let shown: String = word.chars().take(60).collect();
            let why = "Permissions are written resource:action, for example tokens:create.";
            FieldError::new(format!("permissions/{n}"), format!("{shown} is not a permission. {why}"))
        };
        problems.take(word.parse::<Permission>().map_err(wrong))
    });
    let set = found.flatten().collect();
    problems.check()?;
    Ok(set)
}

/// Make a custom role
#[utoipa::path(
    post, path = "/api/v1/roles", tag = "Roles", operation_id = "createRole",
    request_body(content = CreateRole, example = json!({"name": "Deployer", "permissions": ["service_accounts:read", "tokens:create"], "application_level": "write"})),
    responses((status = 201, description = "It was made.", body = RoleAnswer,
        headers(("Location" = String, description = "The path of the role."), ("ETag" = String, description = "The role's version."))), Makes),
)]
pub async fn create(call: Call, body: Body) -> Answer {
    call.write(body.read::<CreateRole>(), |cx, new| {
        roles::creating(cx)?;
        let permissions = set(&new.permissions)?;
        let role = NewRole {
            name: new.name,
            description: new.description.unwrap_or_default(),
            permissions,
            level: new.application_level,
            form_key: None,
        };
        let role = RoleAnswer::from(RoleInfo { role: roles::create(cx, role)?, members: 0 });
        created(format!("/api/v1/roles/{}", role.id), Some(role.version), &role)
    })
    .await
}

/// List team roles
///
/// The predefined ones from the least to the most, then the custom ones by name.
#[utoipa::path(
    get, path = "/api/v1/roles", tag = "Roles", operation_id = "listRoles", params(Paging),
    responses((status = 200, description = "A page of roles.", body = List<RoleAnswer>), Lists),
)]
pub async fn list(call: Call) -> Answer {
    let page = call.list(call.query::<Paging>(), |cx, paging| {
        let page = roles::page(cx, &paging.request(false))?;
        List::of(page, |items| Ok(items.into_iter().map(RoleAnswer::from).collect()))
    });
    ok(page.await?)
}

/// Get a team role
#[utoipa::path(
    get, path = "/api/v1/roles/{id}", tag = "Roles", operation_id = "getRole", params(("id" = i64, Path, description = "The role's id.")),
    responses((status = 200, description = "The role.", body = RoleAnswer, headers(("ETag" = String, description = "The role's version."))), Reads),
)]
pub async fn get(call: Call) -> Answer {
    let role = call.read(id(&call), roles::get);
    let role = RoleAnswer::from(role.await?);
    tagged(role.version, role)
}

/// Change a custom role
///
/// Where the change does something to those who have the role, nothing is written at first: a 409 tells in `effects` what it does. Send the
/// same change again with its `effect` to have it made. If the effect has changed meanwhile, it is told again.
#[utoipa::path(
    patch, path = "/api/v1/roles/{id}", tag = "Roles", operation_id = "changeRole",
    params(("id" = i64, Path, description = "The role's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with: changes nothing where somebody else changed it since.", example = "\"3\"")),
    request_body(content = ChangeRole, example = json!({"permissions": ["service_accounts:read", "tokens:create"]})),
    responses((status = 200, description = "The role as it is now.", body = RoleAnswer, headers(("ETag" = String, description = "The role's version."))), Changes),
)]
pub async fn change(call: Call, body: Body) -> Answer {
    let input = (id(&call), call.if_match(), body.read::<ChangeRole>());
    call.write(input, |cx, (id, version, change)| {
        roles::changing(cx, id)?;
        let permissions = change.permissions.as_deref().map(set).transpose()?;
        let wanted = RoleChange {
            version,
            name: change.name,
            description: change.description,
            permissions,
            level: change.application_level,
        };
        roles::update(cx, id, wanted, change.effect.as_deref())?;
        let role = RoleAnswer::from(roles::get(cx, id)?);
        changed(Some(role.version), &role)
    })
    .await
}

/// Delete a custom role
///
/// Only one that nobody has.
#[utoipa::path(
    delete, path = "/api/v1/roles/{id}", tag = "Roles", operation_id = "deleteRole",
    params(("id" = i64, Path, description = "The role's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with.", example = "\"3\"")),
    responses((status = 204, description = "It is gone."), Deletes),
)]
pub async fn delete(call: Call) -> Answer {
    let input = (id(&call), call.if_match());
    call.write(input, |cx, (id, version)| {
        roles::deleting(cx, id)?;
        roles::at_version(cx, id, version)?;
        roles::delete(cx, id)?;
        nothing()
    })
    .await
}

/// List those who have a role
///
/// Accounts and the teams in which they have it, by display name: those that the caller may know of.
#[utoipa::path(
    get, path = "/api/v1/roles/{id}/members", tag = "Roles", operation_id = "listRoleMembers",
    params(("id" = i64, Path, description = "The role's id."), Paging),
    responses((status = 200, description = "A page of memberships.", body = List<HolderAnswer>), Lists, Reads),
)]
pub async fn members(call: Call) -> Answer {
    let input = (id(&call), call.query::<Paging>());
    let page = call.list(input, |cx, (id, paging)| {
        let page = roles::members(cx, id, &paging.request(false))?;
        List::of(page, |items| Ok(items.into_iter().map(HolderAnswer::from).collect()))
    });
    ok(page.await?)
}
