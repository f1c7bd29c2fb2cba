//! `/api/v1/teams`.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::answer::{List, changed, created, nothing, ok, tagged};
use super::body::{Body, given};
use super::call::Call;
use super::openapi::{Changes, Creates, Deletes, Lists, Makes, Reads};
use super::query::{FromParams, Paging, Params};
use super::{Answer, ApiError};
use crate::model::ids::TeamId;
use crate::service::homes::{self, Moved};
use crate::service::teams::{self, TeamInfo};

/// A new team.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTeam {
    /// Unique without regard to case.
    #[schema(max_length = 100, example = "Data Engineering")]
    name: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 1000)]
    description: Option<String>,
}

/// What is to be changed of a team. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeTeam {
    /// Another name.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 100)]
    name: Option<String>,
    /// Another description.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 1000)]
    description: Option<String>,
}

/// Which teams are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TeamQuery {
    /// Part of a name.
    #[param(required = false)]
    q: String,
}

impl FromParams for TeamQuery {
    fn take(params: &mut Params) -> Self {
        Self { q: params.text("q").unwrap_or_default() }
    }
}

/// A team.
#[derive(Serialize, ToSchema)]
#[schema(as = Team)]
pub struct TeamAnswer {
    /// Its id; never used twice. `Public` is 1.
    #[schema(example = 4)]
    id: i64,
    /// Its id outside.
    uuid: Uuid,
    /// Its name.
    #[schema(example = "Data Engineering")]
    name: String,
    /// What it is for.
    description: String,
    /// How many people are members; null for `Public`, in which everyone is.
    #[schema(required)]
    people: Option<i64>,
    /// How many service and agent accounts are members; null for `Public`.
    #[schema(required)]
    service_accounts: Option<i64>,
    /// When it was made.
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    /// Counts changes of name and description; `ETag` has it too.
    #[schema(example = 1)]
    version: i64,
}

impl From<TeamInfo> for TeamAnswer {
    fn from(TeamInfo { team, people, machines }: TeamInfo) -> Self {
        Self {
            id: team.id.0,
            uuid: team.uuid,
            name: team.name,
            description: team.description,
            people,
            service_accounts: machines,
            created_at: team.created_at,
            version: team.version,
        }
    }
}

/// The id of a team in the path.
pub(super) fn id(call: &Call) -> Result<TeamId, ApiError> {
    call.id("id", "team")
}

/// Make a team
#[utoipa::path(
    post, path = "/api/v1/teams", tag = "Teams", operation_id = "createTeam",
    request_body(content = CreateTeam, example = json!({"name": "Data Engineering", "description": "Pipelines and the warehouse"})),
    responses((status = 201, description = "It was made.", body = TeamAnswer,
        headers(("Location" = String, description = "The path of the team."), ("ETag" = String, description = "The team's version."))), Makes),
)]
pub async fn create(call: Call, body: Body) -> Answer {
    call.write(body.read::<CreateTeam>(), |cx, new| {
        let description = new.description.unwrap_or_default();
        let team = teams::create(cx, &new.name, &description, None)?;
        let team = TeamAnswer::from(TeamInfo { team, people: Some(0), machines: Some(0) });
        created(format!("/api/v1/teams/{}", team.id), Some(team.version), &team)
    })
    .await
}

/// List teams
///
/// Those that the caller may know of, by name.
#[utoipa::path(
    get, path = "/api/v1/teams", tag = "Teams", operation_id = "listTeams", params(TeamQuery, Paging),
    responses((status = 200, description = "A page of teams.", body = List<TeamAnswer>), Lists),
)]
pub async fn list(call: Call) -> Answer {
    let page = call.list(call.query::<(TeamQuery, Paging)>(), |cx, (query, paging)| {
        let page = teams::page(cx, &query.q, &paging.request(false))?;
        List::of(page, |items| Ok(items.into_iter().map(TeamAnswer::from).collect()))
    });
    ok(page.await?)
}

/// Get a team
#[utoipa::path(
    get, path = "/api/v1/teams/{id}", tag = "Teams", operation_id = "getTeam", params(("id" = i64, Path, description = "The team's id.")),
    responses((status = 200, description = "The team.", body = TeamAnswer, headers(("ETag" = String, description = "The team's version."))), Reads),
)]
pub async fn get(call: Call) -> Answer {
    let team = call.read(id(&call), teams::get);
    let team = TeamAnswer::from(team.await?);
    tagged(team.version, team)
}

/// Change a team
#[utoipa::path(
    patch, path = "/api/v1/teams/{id}", tag = "Teams", operation_id = "changeTeam",
    params(("id" = i64, Path, description = "The team's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with: changes nothing where somebody else changed it since.", example = "\"3\"")),
    request_body(content = ChangeTeam, example = json!({"description": "Pipelines"})),
    responses((status = 200, description = "The team as it is now.", body = TeamAnswer, headers(("ETag" = String, description = "The team's version."))), Changes),
)]
pub async fn change(call: Call, body: Body) -> Answer {
    let input = (id(&call), call.if_match(), body.read::<ChangeTeam>());
    call.write(input, |cx, (id, version, change)| {
        let before = teams::get(cx, id)?.team;
        let name = change.name.unwrap_or(before.name);
        let description = change.description.unwrap_or(before.description);
        teams::update(cx, id, &name, &description, version)?;
        let team = TeamAnswer::from(teams::get(cx, id)?);
        changed(Some(team.version), &team)
    })
    .await
}

/// Delete a team
///
/// Its members stay users. One that is some account's home is deleted only after that account has moved: the 409 names the
/// accounts.
#[utoipa::path(
    delete, path = "/api/v1/teams/{id}", tag = "Teams", operation_id = "deleteTeam",
    params(("id" = i64, Path, description = "The team's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with.", example = "\"3\"")),
    responses((status = 204, description = "It is gone."), Deletes),
)]
pub async fn delete(call: Call) -> Answer {
    let input = (id(&call), call.if_match());
    call.write(input, |cx, (id, version)| {
        teams::may_delete(cx, id)?;
        teams::at_version(cx, id, version)?;
        teams::delete(cx, id)?;
        nothing()
    })
    .await
}

/// Where the accounts at home in a team are to go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveHomes {
    /// The name of their new home.
    #[schema(max_length = 100, example = "Platform")]
    to: String,
}

/// What was moved.
#[derive(Serialize, ToSchema)]
pub struct MovedHomes {
    /// How many service and agent accounts have the new home now.
    #[schema(example = 3)]
    moved: i64,
    /// How many applications have it now.
    #[schema(example = 1)]
    applications: i64,
}

/// Move what is at home in a team to another home
///
/// Every service and agent account and every application at home in the team, so that it can be deleted: all of them, or none. It needs
/// `service_accounts:update` in the team and `service_accounts:create` in the new home, and all that the accounts can do.
#[utoipa::path(
    post, path = "/api/v1/teams/{id}/move-homes", tag = "Teams", operation_id = "moveHomes",
    params(("id" = i64, Path, description = "The team's id.")),
    request_body(content = MoveHomes, example = json!({"to": "Platform"})),
    responses((status = 200, description = "They were moved.", body = MovedHomes), Creates),
)]
pub async fn move_homes(call: Call, body: Body) -> Answer {
    let input = (id(&call), body.read::<MoveHomes>());
    call.write(input, |cx, (team, wanted)| {
        let Moved { accounts, applications } = homes::move_all(cx, team, &wanted.to)?;
        changed(None, &MovedHomes { moved: accounts, applications })
    })
    .await
}
