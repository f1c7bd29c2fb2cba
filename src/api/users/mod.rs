//! `/api/v1/users`.

pub mod acts;
pub mod answer;
pub mod handover;
pub mod request;

use super::answer::{List, changed, created, nothing, ok, tagged};
use super::body::Body;
use super::call::Call;
use super::openapi::{Changes, Deletes, Lists, Makes, Reads};
use super::query::Paging;
use super::{Answer, ApiError};
use crate::model::ids::UserId;
use crate::service::{by_name, users};
use answer::{CreatedUser, UserAnswer, answers};
use request::{ChangeUser, CreateUser, UserQuery};

/// The id of a user in the path.
pub(super) fn id(call: &Call) -> Result<UserId, ApiError> {
    call.id("id", "user")
}

/// Make a user
///
/// A service account unless `user_type` says otherwise. A service or agent account gets its username from its name. A person
/// gets an invitation, a link that is told this once, with which they choose their password; it is mailed to them as well where
/// mail is set up.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "Users", operation_id = "createUser",
    request_body(content = CreateUser, examples(
        ("Service account" = (value = json!({"name": "API Access", "role": "Editor", "teams": ["Data Engineering", "Data Quality"]}))),
        ("AI agent" = (value = json!({"name": "Release notes", "user_type": "Agent", "role": "Member", "teams": ["Platform"], "sponsor": "ada"}))),
        ("With team roles" = (value = json!({"name": "Deployer", "role": "Member", "teams": [{"team": "Platform", "role": "Maintainer"}]}))),
        ("Person" = (value = json!({"name": "Ada Okafor", "user_type": "Person", "username": "ada", "email": "ada@example.com", "role": "Member"}))),
    )),
    responses((status = 201, description = "It was made.", body = CreatedUser,
        headers(("Location" = String, description = "The path of the user."), ("ETag" = String, description = "The user's version."))), Makes),
)]
pub async fn create(call: Call, body: Body) -> Answer {
    let origin = call.origin();
    call.write(body.read::<CreateUser>(), move |cx, wanted| {
        let made = by_name::create_user(cx, wanted.into())?;
        let user = UserAnswer::of(cx, made.user)?;
        let (place, version) = (format!("/api/v1/users/{}", user.id), user.version);
        let kept = CreatedUser::of(user, made.invitation.as_ref());
        let answer = created(place, Some(version), &kept)?;
        answer.telling_once(&kept.with_link(made.invitation.as_ref(), &origin))
    })
    .await
}

/// List users
///
/// Those that the caller may know of.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "Users", operation_id = "listUsers", params(UserQuery, Paging),
    responses((status = 200, description = "A page of users.", body = List<UserAnswer>), Lists),
)]
pub async fn list(call: Call) -> Answer {
    let page = call.list(call.query::<(UserQuery, Paging)>(), |cx, (query, paging)| {
        let (filter, sort, descending) = query.resolve(cx)?;
        let page = users::page(cx, &filter, sort, &paging.request(descending))?;
        List::of(page, |items| answers(cx, items))
    });
    ok(page.await?)
}

/// Get a user
#[utoipa::path(
    get, path = "/api/v1/users/{id}", tag = "Users", operation_id = "getUser", params(("id" = i64, Path, description = "The user's id.")),
    responses((status = 200, description = "The user.", body = UserAnswer, headers(("ETag" = String, description = "The user's version."))), Reads),
)]
pub async fn get(call: Call) -> Answer {
    let user = call.read(id(&call), |cx, id| {
        let found = users::get(cx, id)?;
        UserAnswer::told(cx, found)
    });
    let user = user.await?;
    tagged(user.version, user)
}

/// Change a user
///
/// What is left out stays as it is. All of it is changed, or nothing.
#[utoipa::path(
    patch, path = "/api/v1/users/{id}", tag = "Users", operation_id = "changeUser",
    params(("id" = i64, Path, description = "The user's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with: changes nothing where somebody else changed it since.", example = "\"3\"")),
    request_body(content = ChangeUser, example = json!({"role": "Member", "enabled": false})),
    responses((status = 200, description = "The user as it is now.", body = UserAnswer, headers(("ETag" = String, description = "The user's version."))), Changes),
)]
pub async fn change(call: Call, body: Body) -> Answer {
    let input = (id(&call), call.if_match(), body.read::<ChangeUser>());
    call.write(input, |cx, (id, version, change)| {
        let user = by_name::change_user(cx, id, change.at(version))?;
        let user = UserAnswer::of(cx, user)?;
        changed(Some(user.version), &user)
    })
    .await
}

/// Delete a user
///
/// With its tokens, sessions and memberships. The audit log keeps what it did.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}", tag = "Users", operation_id = "deleteUser",
    params(("id" = i64, Path, description = "The user's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with.", example = "\"3\"")),
    responses((status = 204, description = "It is gone."), Deletes),
)]
pub async fn delete(call: Call) -> Answer {
    let input = (id(&call), call.if_match());
    call.write(input, |cx, (id, version)| {
        users::deleting(cx, id)?;
        users::at_version(cx, id, version)?;
        users::delete(cx, id, None)?;
        nothing()
    })
    .await
}
