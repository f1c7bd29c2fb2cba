//! `/api/v1/applications/{id}/teams`.

use serde::Serialize;
use utoipa::ToSchema;

use super::id;
use crate::api::answer::{nothing, ok};
use crate::api::call::Call;
use crate::api::openapi::{Acts, Reads};
use crate::api::{Answer, ApiError};
use crate::model::ids::TeamId;
use crate::service::applications::{self, Access};

/// The teams that may use an application.
#[derive(Serialize, ToSchema)]
pub struct ApplicationTeams {
    /// Those that the caller may know of, by name.
    teams: Vec<TeamWithAccess>,
    /// How many others there are.
    hidden_teams: usize,
}

/// A team with access.
#[derive(Serialize, ToSchema)]
pub struct TeamWithAccess {
    /// The team's id.
    #[schema(value_type = i64, example = 4)]
    id: TeamId,
    /// The team's name.
    #[schema(example = "Data Quality")]
    name: String,
}

fn team(call: &Call) -> Result<TeamId, ApiError> {
    call.id("team_id", "team")
}

/// List the teams with access
///
/// Tokens use an application's scopes through these teams alone.
#[utoipa::path(
    get, path = "/api/v1/applications/{id}/teams", tag = "Applications", operation_id = "listApplicationTeams",
    params(("id" = i64, Path, description = "The application's id.")),
    responses((status = 200, description = "The teams with access.", body = ApplicationTeams), Reads),
)]
pub async fn list(call: Call) -> Answer {
    let (teams, hidden_teams) = call.read(id(&call), applications::teams).await?;
    let told = |Access { team, name }| TeamWithAccess { id: team, name };
    ok(ApplicationTeams { teams: teams.into_iter().map(told).collect(), hidden_teams })
}

/// Give a team access
///
/// From the next check on, tokens of its members use the scopes that their roles there reach.
#[utoipa::path(
    put, path = "/api/v1/applications/{id}/teams/{team_id}", tag = "Applications", operation_id = "grantAccess",
    params(("id" = i64, Path, description = "The application's id."), ("team_id" = i64, Path, description = "The team's id.")),
    responses((status = 204, description = "The team has access."), Acts),
)]
pub async fn open(call: Call) -> Answer {
    call.write((id(&call), team(&call)), |cx, (id, team)| {
        applications::open_known(cx, id, team)?;
        nothing()
    })
    .await
}

/// Withdraw a team's access
///
/// Tokens of its members keep the scopes, which have no effect from the next check on unless another team has access.
#[utoipa::path(
    delete, path = "/api/v1/applications/{id}/teams/{team_id}", tag = "Applications", operation_id = "withdrawAccess",
    params(("id" = i64, Path, description = "The application's id."), ("team_id" = i64, Path, description = "The team's id.")),
    responses((status = 204, description = "The team has no access."), Acts),
)]
pub async fn close(call: Call) -> Answer {
    call.write((id(&call), team(&call)), |cx, (id, team)| {
        applications::close(cx, id, team)?;
        nothing()
    })
    .await
}
