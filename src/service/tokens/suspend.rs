//! Suspending a token, which can be undone, and resuming it.

use serde_json::json;

use super::change::{acting, at_version, may_yield};
use crate::model::ids::{TokenId, UserId};
use crate::model::tokens::{Token, TokenType};
use crate::model::users::User;
use crate::model::{Error, Result};
use crate::service::app::{Cx, account};
use crate::store;

/// A token that the caller is about to suspend.
///
/// # Errors
/// A refusal, no such token, or one that is over.
pub fn suspending(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId) -> Result<(User, Token)> {
    acting(cx, user, token, "token.suspend")
}

/// Stops a token until it is resumed, with all its secrets, from its next request on.
///
/// # Errors
/// [`Error::Stale`] where somebody else changed it meanwhile, and those of [`suspending`].
pub fn suspend(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId, version: Option<i64>) -> Result<Token> {
    let (user, token) = suspending(cx, user, token)?;
    at_version(&token, version)?;
    if token.suspended_at.is_some() {
        return Ok(token);
    }
    let after = store::tokens::suspend(cx.tx, &token, None, cx.now)?;
    told(cx, &user, after, true)
}

/// A token that the caller is about to resume, at this version, where they saw one.
///
/// # Errors
/// A refusal, no such token, [`Error::Stale`], or one that is over.
pub fn resuming(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId, version: Option<i64>) -> Result<(User, Token)> {
    let (user, token) = acting(cx, user, token, "token.resume")?;
    at_version(&token, version)?;
    cx.token_policy(TokenType::from(user.kind))?.permits()?;
    match may_yield(cx, &user, &token) {
        // The form asks for it.
        Ok(()) | Err(Error::PasswordNeeded) => Ok((user, token)),
        Err(error) => Err(error),
    }
}

/// Has a suspended token be good again: so the caller must hold all that it can do (rule 2).
///
/// # Errors
/// [`Error::PasswordNeeded`], and those of [`resuming`].
pub fn resume(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId, version: Option<i64>) -> Result<Token> {
    let (user, token) = resuming(cx, user, token, version)?;
    if token.suspended_at.is_none() {
        return Ok(token);
    }
    may_yield(cx, &user, &token)?;
    let after = store::tokens::resume(cx.tx, &token, cx.now)?;
    told(cx, &user, after, false)
}

fn told(cx: &mut Cx<'_, '_>, user: &User, after: Token, suspended: bool) -> Result<Token> {
    let state = |suspended: bool| json!({ "token": { "id": after.id, "name": after.name }, "suspended": suspended });
    cx.done(account(user), Some(state(!suspended)), Some(state(suspended)))?;
    Ok(after)
}
