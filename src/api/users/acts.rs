//! What is done to a user as a whole.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;
use utoipa::ToSchema;

use super::answer::{CreatedUser, UserAnswer};
use super::id;
use crate::api::Answer;
use crate::api::answer::changed;
use crate::api::body::Body;
use crate::api::call::Call;
use crate::api::openapi::{Acts, Changes, Tries};
use crate::model::links::Purpose;
use crate::service::users::PersonWanted;
use crate::service::{by_name, links, tokens, users};

/// Sessions that ended.
#[derive(Serialize, ToSchema)]
pub struct EndedSessions {
    /// How many there were.
    #[schema(example = 2)]
    sessions_ended: usize,
}

/// Tokens that were revoked.
#[derive(Serialize, ToSchema)]
pub struct RevokedTokens {
    /// How many there were.
    #[schema(example = 3)]
    tokens_revoked: usize,
}

/// A link with which a person chooses their password.
#[derive(Serialize, ToSchema)]
pub struct PasswordLink {
    /// `invitation` while the person has no password, else `reset`.
    #[schema(value_type = LinkPurpose)]
    purpose: &'static str,
    /// When it ends.
    #[serde(with = "rfc3339")]
    expires_at: OffsetDateTime,
    /// Whether it was also mailed to the person, which it is where a mail server is set up.
    mailed: bool,
    /// The link. It works once, and is told this once: not where the answer is replayed by its `Idempotency-Key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "https://keys.example.com/invitation/…")]
    link: Option<String>,
}

/// What a link is for.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it only describes the words")]
enum LinkPurpose {
    Invitation,
    Reset,
}

/// A service account's home.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnIntoService {
    /// The team whose people manage the account, by name.
    #[schema(example = "Data Engineering")]
    home_team: String,
}

/// What a person has that a service account has not.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnIntoPerson {
    /// The username, without the ending of service accounts.
    #[schema(max_length = 64, example = "jonas")]
    username: String,
    /// The person's own address.
    #[schema(max_length = 254, example = "jonas@example.com")]
    email: String,
}

/// End all sessions of a user
///
/// They are logged out of every browser and can log in again. Access tokens go on working.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/end-sessions", tag = "Users", operation_id = "endSessions",
    params(("id" = i64, Path, description = "The user's id.")),
    responses((status = 200, description = "They are over.", body = EndedSessions), Acts),
)]
pub async fn end_sessions(call: Call) -> Answer {
    call.write(id(&call), |cx, id| {
        let sessions_ended = users::end_sessions(cx, id)?;
        changed(None, &EndedSessions { sessions_ended })
    })
    .await
}

/// Revoke all tokens of a user
///
/// For good, from the next request on.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/revoke-tokens", tag = "Tokens", operation_id = "revokeTokens",
    params(("id" = i64, Path, description = "The user's id.")),
    responses((status = 200, description = "They are revoked.", body = RevokedTokens), Acts),
)]
pub async fn revoke_tokens(call: Call) -> Answer {
    call.write(id(&call), |cx, id| {
        let tokens_revoked = tokens::revoke_all(cx, id)?;
        changed(None, &RevokedTokens { tokens_revoked })
    })
    .await
}

/// Make a link with which a person chooses their password
///
/// An invitation while they have no password, good for 72 hours; else a reset link, good for 24 hours. Older links stop working.
/// Whoever has the link controls the account, so the token must be able to do all that the person can.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/link", tag = "Users", operation_id = "makePasswordLink",
    params(("id" = i64, Path, description = "The user's id.")),
    responses((status = 200, description = "It was made. The answer is not to be stored.", body = PasswordLink), Tries),
)]
pub async fn link(call: Call) -> Answer {
    let origin = call.origin();
    call.write(id(&call), move |cx, id| {
        let issued = links::issue_for(cx, id)?;
        let purpose = if issued.purpose == Purpose::Reset { "reset" } else { "invitation" };
        let expires_at = cx.now + issued.purpose.life();
        let kept = PasswordLink { purpose, expires_at, mailed: issued.mailed, link: None };
        let link = Some(issued.address(&origin).reveal().to_owned());
        changed(None, &kept)?.telling_once(&PasswordLink { link, ..kept })
    })
    .await
}

/// Turn a person into a service account
///
/// The password is erased, all sessions and links end, and the address is replaced by a made-up one. Username, roles, teams and
/// tokens stay.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/turn-into-service", tag = "Users", operation_id = "turnIntoService",
    params(("id" = i64, Path, description = "The user's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with.", example = "\"3\"")),
    request_body(content = TurnIntoService, example = json!({"home_team": "Data Engineering"})),
    responses((status = 200, description = "The user as it is now.", body = UserAnswer, headers(("ETag" = String, description = "The user's version."))), Changes),
)]
pub async fn turn_into_service(call: Call, body: Body) -> Answer {
    let input = (id(&call), call.if_match(), body.read::<TurnIntoService>());
    call.write(input, |cx, (id, version, wanted)| {
        users::turning_into_service(cx, id)?;
        users::at_version(cx, id, version)?;
        let user = by_name::turn_into_service(cx, id, &wanted.home_team)?;
        let user = UserAnswer::of(cx, user)?;
        changed(Some(user.version), &user)
    })
    .await
}

/// Turn a service or agent account into a person
///
/// They get an invitation, a link that is told this once, with which they choose their password. Roles, teams and tokens stay;
/// home team and contact go, and the tokens lose the scopes `self:read` and `self:update`.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/turn-into-person", tag = "Users", operation_id = "turnIntoPerson",
    params(("id" = i64, Path, description = "The user's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with.", example = "\"3\"")),
    request_body(content = TurnIntoPerson, example = json!({"username": "jonas", "email": "jonas@example.com"})),
    responses((status = 200, description = "The user as they are now, with the invitation. The answer is not to be stored.", body = CreatedUser,
        headers(("ETag" = String, description = "The user's version."))), Changes),
)]
pub async fn turn_into_person(call: Call, body: Body) -> Answer {
    let origin = call.origin();
    let input = (id(&call), call.if_match(), body.read::<TurnIntoPerson>());
    call.write(input, move |cx, (id, version, wanted)| {
        users::turning_into_person(cx, id)?;
        users::at_version(cx, id, version)?;
        let TurnIntoPerson { username, email } = wanted;
        let turned = users::turn_into_person(cx, id, &PersonWanted { username, email })?;
        let user = UserAnswer::of(cx, turned.user)?;
        let version = user.version;
        let kept = CreatedUser::of(user, turned.invitation.as_ref());
        let answer = changed(Some(version), &kept)?;
        answer.telling_once(&kept.with_link(turned.invitation.as_ref(), &origin))
    })
    .await
}
