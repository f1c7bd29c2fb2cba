//! What is done to a token as a whole.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{CreatedToken, TokenAnswer, ids};
use crate::api::Answer;
use crate::api::answer::{Done, changed};
use crate::api::body::Body;
use crate::api::call::Call;
use crate::api::openapi::{Changes, Deletes};
use crate::model::ids::UserId;
use crate::model::tokens::{Overlap, Token};
use crate::model::{Error, Result};
use crate::service::tokens::{self, Rotate, TokenInfo};
use crate::service::{Cx, users};

/// How a token is rotated.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateToken {
    /// How long the secret that is replaced stays good: `none`, `1h`, `24h` or `7d`.
    #[schema(value_type = OverlapWord, example = "24h")]
    overlap: String,
}

/// How long the secret that is replaced stays good.
#[derive(ToSchema)]
#[schema(as = Overlap)]
#[expect(dead_code, reason = "it only describes the words")]
pub(in crate::api) enum OverlapWord {
    #[schema(rename = "none")]
    None,
    #[schema(rename = "1h")]
    Hour,
    #[schema(rename = "24h")]
    Day,
    #[schema(rename = "7d")]
    Week,
}

fn answer(cx: &mut Cx<'_, '_>, user: UserId, token: Token) -> Result<Done> {
    let user = users::get(cx, user)?.user;
    let info = tokens::told_of(cx, &user, token)?;
    let token = TokenAnswer::of(cx, info)?;
    changed(Some(token.version), &token)
}

/// Rotate a token
///
/// It gets another secret, which is told this once; name, scopes and teams stay, and its end, where policy does not have it end sooner. The secret that it had is good for the
/// overlap, never longer than the token; one that a rotation replaced before ends now. The caller, and the token it calls with,
/// must hold all that the token can do.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/tokens/{token_id}/rotate", tag = "Tokens", operation_id = "rotateToken",
    params(("id" = i64, Path, description = "The user's id."), ("token_id" = i64, Path, description = "The token's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with.", example = "\"3\"")),
    request_body(content = RotateToken, example = json!({"overlap": "24h"})),
    responses((status = 200, description = "The token with its new secret. The answer is not to be stored.", body = CreatedToken,
        headers(("ETag" = String, description = "The token's version."))), Changes),
)]
pub async fn rotate(call: Call, body: Body) -> Answer {
    let input = (ids(&call), call.if_match(), body.read::<RotateToken>());
    call.write(input, |cx, ((user, token), version, wanted)| {
        let overlap = wanted.overlap.parse::<Overlap>();
        let account = tokens::rotating(cx, user, token, version)?.0;
        let overlap = overlap.map_err(|_| Error::field("overlap", "Choose one of none, 1h, 24h and 7d."))?;
        let minted = tokens::rotate(cx, user, token, &Rotate { version, overlap, form_key: None })?;
        let TokenInfo { rotation, leak, .. } = tokens::told_of(cx, &account, minted.token.clone())?;
        let info = TokenInfo { token: minted.token, effective: minted.effective, rotation, leak };
        let metadata = TokenAnswer::of(cx, info)?;
        let answer = changed(Some(metadata.version), &metadata)?;
        answer.telling_once(&CreatedToken { metadata, token: minted.plain.reveal().to_owned() })
    })
    .await
}

/// End a rotation
///
/// The secret that the last rotation replaced is refused from its next request on. Nothing where it is no longer good.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/tokens/{token_id}/finish", tag = "Tokens", operation_id = "finishRotation",
    params(("id" = i64, Path, description = "The user's id."), ("token_id" = i64, Path, description = "The token's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with.", example = "\"3\"")),
    responses((status = 200, description = "The token as it is now.", body = TokenAnswer, headers(("ETag" = String, description = "The token's version."))), Deletes),
)]
pub async fn finish(call: Call) -> Answer {
    call.write((ids(&call), call.if_match()), |cx, ((user, token), version)| {
        let token = tokens::finish(cx, user, token, version)?;
        answer(cx, user, token)
    })
    .await
}

/// Suspend a token
///
/// With all its secrets, from the next request on, until it is resumed.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/tokens/{token_id}/suspend", tag = "Tokens", operation_id = "suspendToken",
    params(("id" = i64, Path, description = "The user's id."), ("token_id" = i64, Path, description = "The token's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with.", example = "\"3\"")),
    responses((status = 200, description = "The token as it is now.", body = TokenAnswer, headers(("ETag" = String, description = "The token's version."))), Deletes),
)]
pub async fn suspend(call: Call) -> Answer {
    call.write((ids(&call), call.if_match()), |cx, ((user, token), version)| {
        let token = tokens::suspend(cx, user, token, version)?;
        answer(cx, user, token)
    })
    .await
}

/// Resume a token
///
/// It is good again, by the same secret. The caller, and the token it calls with, must hold all that the token can do.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/tokens/{token_id}/resume", tag = "Tokens", operation_id = "resumeToken",
    params(("id" = i64, Path, description = "The user's id."), ("token_id" = i64, Path, description = "The token's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with.", example = "\"3\"")),
    responses((status = 200, description = "The token as it is now.", body = TokenAnswer, headers(("ETag" = String, description = "The token's version."))), Deletes),
)]
pub async fn resume(call: Call) -> Answer {
    call.write((ids(&call), call.if_match()), |cx, ((user, token), version)| {
        let token = tokens::resume(cx, user, token, version)?;
        answer(cx, user, token)
    })
    .await
}
