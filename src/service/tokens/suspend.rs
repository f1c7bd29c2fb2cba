//! Suspending a token, which can be undone, and resuming it.

use serde_json::json;

use super::change::{acting, at_version, may_yield};
use crate::model::ids::{TokenId, UserId};
use crate::model::tokens::Token;
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
    let since = Some(cx.now);
    changed(cx, &user, &token, since)
}

/// A token that the caller is about to resume, at this version, where they saw one.
///
/// # Errors
/// A refusal, no such token, [`Error::Stale`], or one that is over.
pub fn resuming(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId, version: Option<i64>) -> Result<(User, Token)> {
    let (user, token) = acting(cx, user, token, "token.resume")?;
    at_version(&token, version)?;
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
    changed(cx, &user, &token, None)
}

fn changed(cx: &mut Cx<'_, '_>, user: &User, token: &Token, since: Option<time::OffsetDateTime>) -> Result<Token> {
    let after = store::tokens::suspend(cx.tx, token, since)?;
    let told = |suspended: bool| json!({ "token": { "id": token.id, "name": token.name }, "suspended": suspended });
    cx.done(account(user), Some(told(since.is_none())), Some(told(since.is_some())))?;
    Ok(after)
}
