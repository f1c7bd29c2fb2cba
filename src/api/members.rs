//! `/api/v1/teams/{id}/members`.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::answer::{List, nothing, ok};
use super::body::Body;
use super::call::Call;
use super::openapi::{Creates, Lists, Reads, Tries};
use super::query::{FromParams, Paging, Params};
use super::teams::id as team_id;
use super::{Answer, ApiError};
use crate::model::ids::UserId;
use crate::model::teams::MemberFilter;
use crate::model::users::Kind;
use crate::service::members::Member;
use crate::service::{by_name, members};

/// The role a member is to have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMember {
    /// The name of the role in this team: a predefined or a custom one.
    #[schema(example = "Maintainer")]
    role: String,
}

/// A member of a team.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberAnswer {
    /// The user's id.
    #[schema(example = 123)]
    id: i64,
    /// The user's id outside.
    uuid: Uuid,
    /// The username.
    #[schema(example = "api_access@service")]
    user_id: String,
    /// The username.
    #[schema(example = "api_access@service")]
    user_name: String,
    /// The display name.
    #[schema(example = "API Access")]
    name: String,
    /// What the account stands for.
    user_type: Kind,
    /// The role in this team; null in `Public`, where nobody has one.
    #[schema(required)]
    role: Option<String>,
}

impl From<Member> for MemberAnswer {
    fn from(Member { user, role, .. }: Member) -> Self {
        Self {
            id: user.id.0,
            uuid: user.uuid,
            user_id: user.username.clone(),
            user_name: user.username,
            name: user.display_name,
            user_type: user.kind,
            role,
        }
    }
}

/// Which members are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MemberQuery {
    /// Part of a display name or username.
    #[param(required = false)]
    q: String,
}

impl FromParams for MemberQuery {
    fn take(params: &mut Params) -> Self {
        Self { q: params.text("q").unwrap_or_default() }
    }
}

fn user_id(call: &Call) -> Result<UserId, ApiError> {
    call.id("user_id", "user")
}

/// List a team's members
///
/// People, service accounts and agents, by display name.
#[utoipa::path(
    get, path = "/api/v1/teams/{id}/members", tag = "Teams", operation_id = "listMembers",
    params(("id" = i64, Path, description = "The team's id."), MemberQuery, Paging),
    responses((status = 200, description = "A page of members.", body = List<MemberAnswer>), Lists, Reads),
)]
pub async fn list(call: Call) -> Answer {
    let input = (team_id(&call), call.query::<(MemberQuery, Paging)>());
    let page = call.list(input, |cx, (team, (query, paging))| {
        let filter = MemberFilter { search: query.q, ..MemberFilter::default() };
        let page = members::page(cx, team, &filter, &paging.request(false))?;
        List::of(page, |items| Ok(items.into_iter().map(MemberAnswer::from).collect()))
    });
    ok(page.await?)
}

/// Add a member, or change its role
#[utoipa::path(
    put, path = "/api/v1/teams/{id}/members/{user_id}", tag = "Teams", operation_id = "setMember",
    params(("id" = i64, Path, description = "The team's id."), ("user_id" = i64, Path, description = "The user's id.")),
    request_body(content = SetMember, example = json!({"role": "Maintainer"})),
    responses((status = 204, description = "The user has this role in the team."), Creates, Reads),
)]
pub async fn set(call: Call, body: Body) -> Answer {
    let input = (team_id(&call), user_id(&call), body.read::<SetMember>());
    call.write(input, |cx, (team, user, wanted)| {
        by_name::set_member(cx, team, user, &wanted.role)?;
        nothing()
    })
    .await
}

/// Remove a member
#[utoipa::path(
    delete, path = "/api/v1/teams/{id}/members/{user_id}", tag = "Teams", operation_id = "removeMember",
    params(("id" = i64, Path, description = "The team's id."), ("user_id" = i64, Path, description = "The user's id.")),
    responses((status = 204, description = "The user is no member any longer."), Tries),
)]
pub async fn remove(call: Call) -> Answer {
    let input = (team_id(&call), user_id(&call));
    call.write(input, |cx, (team, user)| {
        members::remove(cx, team, user)?;
        nothing()
    })
    .await
}
