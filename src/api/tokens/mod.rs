//! `/api/v1/users/{id}/tokens`.

pub mod acts;
mod answer;
pub mod inventory;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::answer::{List, changed, created, nothing, ok, tagged};
use crate::api::body::{Body, given};
use crate::api::call::Call;
use crate::api::openapi::{Acts, Changes, Creates, Lists, Reads};
use crate::api::query::Paging;
use crate::api::users::id as user_id;
use crate::api::{Answer, ApiError};
use crate::model::Result;
use crate::model::ids::{TokenId, UserId};
use crate::service::by_name::{self, TokenEdit, TokenWanted};
use crate::service::tokens;
use crate::service::tokens::TokenInfo;

pub use answer::{CreatedToken, LeakAnswer, OldSecretAnswer, ScopeUse, State, TokenAnswer, TokenDetails};

/// A new access token: exactly one of `expires_in_days`, `expires_at` and `never` says how long it lives.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// Unique among the account's tokens.
    #[schema(max_length = 100, example = "pipeline")]
    name: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// So many days from now.
    #[serde(default)]
    #[schema(minimum = 1, example = 30)]
    expires_in_days: Option<i64>,
    /// Until this moment.
    #[serde(default)]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// True for a token without end, where policy allows it.
    #[serde(default)]
    never: Option<bool>,
    /// What it may be used for. Without a scope it can do nothing.
    #[schema(required = true, nullable = false, example = json!(["users:read"]))]
    #[serde(default)]
    scopes: Option<Vec<String>>,
    /// The names of the teams it is limited to; it is not limited where this is left out.
    #[serde(default)]
    teams: Option<Vec<String>>,
    /// The networks (CIDR) from which it may be used; from anywhere where this is left out or empty.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["10.20.0.0/16"]))]
    networks: Option<Vec<String>>,
    /// Refused here: global-admin tokens are made in the portal or on the command line.
    #[serde(default)]
    #[schema(default = false)]
    global_admin: bool,
}

impl From<CreateToken> for TokenWanted {
    fn from(new: CreateToken) -> Self {
        Self {
            name: new.name,
            description: new.description,
            expires_in_days: new.expires_in_days,
            expires_at: new.expires_at,
            never: new.never,
            scopes: new.scopes,
            teams: new.teams,
            global_admin: new.global_admin,
            networks: new.networks,
        }
    }
}

/// What is to be changed of a token. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeToken {
    /// Another name.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 100)]
    name: Option<String>,
    /// Another description.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_length = 1000)]
    description: Option<String>,
    /// All that it may be used for from now on.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = json!(["users:read"]))]
    scopes: Option<Vec<String>>,
    /// The names of the teams that it is limited to from now on, or null for no limit. Those that the caller may not know of stay.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    teams: Option<Option<Vec<String>>>,
    /// The networks (CIDR) from which it may be used from now on; empty for anywhere.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_items = 50, example = json!(["10.20.0.0/16"]))]
    networks: Option<Vec<String>>,
}

impl ChangeToken {
    /// The change, of the token at this version.
    fn at(self, version: Option<i64>) -> TokenEdit {
        let Self { name, description, scopes, teams, networks } = self;
        TokenEdit { version, name, description, scopes, teams, networks }
    }
}

/// Whose token a path is about, and which.
fn ids(call: &Call) -> Result<(UserId, TokenId), ApiError> {
    Ok((user_id(call)?, call.id("token_id", "token")?))
}

/// Make a token
///
/// It can do no more than the token that makes it, and ends no later.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/tokens", tag = "Tokens", operation_id = "createToken",
    params(("id" = i64, Path, description = "The user's id.")),
    request_body(content = CreateToken, examples(
        ("30 days" = (value = json!({"name": "pipeline", "expires_in_days": 30, "scopes": ["users:read"]}))),
        ("To a moment" = (value = json!({"name": "pipeline", "expires_at": "2027-01-31T12:00:00Z", "scopes": ["users:read"]}))),
        ("Without end" = (value = json!({"name": "pipeline", "never": true, "scopes": ["users:read"]}))),
    )),
    responses((status = 201, description = "It was made. The answer is not to be stored.", body = CreatedToken,
        headers(("Location" = String, description = "The path of the token."), ("ETag" = String, description = "The token's version."))), Creates),
)]
pub async fn create(call: Call, body: Body) -> Answer {
    let input = (user_id(&call), body.read::<CreateToken>());
    call.write(input, |cx, (user, wanted)| {
        let minted = by_name::create_token(cx, user, wanted.into())?;
        let info = TokenInfo { token: minted.token, effective: minted.effective, rotation: None, leak: None };
        let metadata = TokenAnswer::of(cx, info)?;
        let answer =
            created(format!("/api/v1/users/{user}/tokens/{}", metadata.id), Some(metadata.version), &metadata)?;
        answer.telling_once(&CreatedToken { metadata, token: minted.plain.reveal().to_owned() })
    })
    .await
}

/// List a user's tokens
///
/// The newest first, without their secrets.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/tokens", tag = "Tokens", operation_id = "listTokens",
    params(("id" = i64, Path, description = "The user's id."), Paging),
    responses((status = 200, description = "A page of tokens.", body = List<TokenAnswer>), Lists, Reads),
)]
pub async fn list(call: Call) -> Answer {
    let input = (user_id(&call), call.query::<Paging>());
    let page = call.list(input, |cx, (user, paging)| {
        let page = tokens::page(cx, user, &paging.request(true))?;
        List::of(page, |items| items.into_iter().map(|info| TokenAnswer::of(cx, info)).collect())
    });
    ok(page.await?)
}

/// Get a token
///
/// With `scope_use`: which of its scopes were used in the last 90 days, so that the others can be dropped.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/tokens/{token_id}", tag = "Tokens", operation_id = "getToken",
    params(("id" = i64, Path, description = "The user's id."), ("token_id" = i64, Path, description = "The token's id.")),
    responses((status = 200, description = "The token.", body = TokenDetails, headers(("ETag" = String, description = "The token's version."))), Reads),
)]
pub async fn get(call: Call) -> Answer {
    let input = (user_id(&call), call.id::<TokenId>("token_id", "token"));
    let token = call.read(input, |cx, (user, token)| {
        let info = tokens::get(cx, user, token)?;
        let uses = tokens::scope_use(cx, &info.token)?.into_iter().map(|watched| ScopeUse::of(watched, cx.now));
        Ok(TokenDetails { scope_use: uses.collect(), token: TokenAnswer::of(cx, info)? })
    });
    let details = token.await?;
    tagged(details.token.version, details)
}

/// Change a token
///
/// From its next request on; it keeps its secret. What only takes away needs `tokens:update` alone. What adds a scope or a team
/// also needs that the caller, and the token it calls with, hold all that the token could do then, and that the token ends no
/// later than the one it is changed with. No token is made to act as an Admin here.
#[utoipa::path(
    patch, path = "/api/v1/users/{id}/tokens/{token_id}", tag = "Tokens", operation_id = "changeToken",
    params(("id" = i64, Path, description = "The user's id."), ("token_id" = i64, Path, description = "The token's id."),
        ("If-Match" = Option<String>, Header, description = "The ETag it was read with: changes nothing where somebody else changed it since.", example = "\"3\"")),
    request_body(content = ChangeToken, examples(
        ("Scopes" = (value = json!({"scopes": ["users:read"]}))),
        ("One team alone" = (value = json!({"teams": ["Billing"]}))),
        ("No limit to teams" = (value = json!({"teams": null}))),
    )),
    responses((status = 200, description = "The token as it is now.", body = TokenAnswer, headers(("ETag" = String, description = "The token's version."))), Changes),
)]
pub async fn change(call: Call, body: Body) -> Answer {
    let input = (ids(&call), call.if_match(), body.read::<ChangeToken>());
    call.write(input, |cx, ((user, token), version, change)| {
        let info = by_name::change_token(cx, user, token, change.at(version))?;
        let token = TokenAnswer::of(cx, info)?;
        changed(Some(token.version), &token)
    })
    .await
}

/// Revoke a token
///
/// For good, from the next request on.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}/tokens/{token_id}", tag = "Tokens", operation_id = "revokeToken",
    params(("id" = i64, Path, description = "The user's id."), ("token_id" = i64, Path, description = "The token's id.")),
    responses((status = 204, description = "It is revoked."), Acts),
)]
pub async fn revoke(call: Call) -> Answer {
    let input = (user_id(&call), call.id::<TokenId>("token_id", "token"));
    call.write(input, |cx, (user, token)| {
        tokens::revoke(cx, user, token)?;
        nothing()
    })
    .await
}
