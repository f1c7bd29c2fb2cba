//! `/api/v1/me`.

use serde::Serialize;
use utoipa::ToSchema;

use super::Answer;
use super::answer::ok;
use super::call::Call;
use super::openapi::Lists;
use super::tokens::TokenAnswer;
use super::users::answer::UserAnswer;
use crate::service::account;

/// Who calls, and by which token.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// The account.
    user: UserAnswer,
    /// The token of this request.
    token: TokenAnswer,
}

/// Who am I
///
/// Any token with an effective scope may ask this.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "Users", operation_id = "me",
    responses((status = 200, description = "The caller and its token.", body = Me), Lists),
)]
pub async fn get(call: Call) -> Answer {
    let me = call.read(Ok(()), |cx, ()| {
        let (user, token) = account::me(cx)?;
        Ok(Me { user: UserAnswer::told(cx, user)?, token: TokenAnswer::of(cx, token)? })
    });
    ok(me.await?)
}
