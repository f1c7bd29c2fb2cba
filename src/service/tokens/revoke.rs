//! Revoking tokens.

use super::{TokenInfo, get, told};
use crate::model::Result;
use crate::model::access::Place;
use crate::model::ids::{TokenId, UserId};
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::users::User;
use crate::service::app::{Cx, account};
use crate::service::users;
use crate::store;

/// Revokes a token for good.
///
/// # Errors
/// A refusal, or no such token.
pub fn revoke(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId) -> Result<()> {
    let user = users::get(cx, user)?.user;
    cx.attempt("token.revoke");
    may_revoke(cx, &user)?;
    let token = store::tokens::get(cx.tx, user.id, token)?;
    if token.revoked_at.is_some() {
        return Ok(());
    }
    store::tokens::revoke(cx.tx, token.id, cx.now)?;
    let lost = told(cx, &token)?;
    cx.done(account(&user), Some(lost), None)
}

/// A token that the caller is about to revoke.
///
/// # Errors
/// A refusal, or no such token.
pub fn revoking(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId) -> Result<TokenInfo> {
    let account = users::get(cx, user)?.user;
    cx.attempt("token.revoke");
    may_revoke(cx, &account)?;
    get(cx, user, token)
}

fn may_revoke(cx: &Cx<'_, '_>, user: &User) -> Result<()> {
    if cx.actor.owns(user.id, Action::Update) && cx.actor.may_manage(user.kind).is_ok() {
        return Ok(());
    }
    cx.actor.may(Permission::new(Resource::Tokens, Action::Delete), Place::of_home(user.home_team))?;
    cx.actor.may_manage(user.kind)?;
    cx.actor.may_touch(user)
}

/// The user whose tokens the caller is about to revoke.
///
/// # Errors
/// [`Error::NotFound`](crate::model::Error::NotFound) where the caller may not know of them, or a refusal.
pub fn revoking_all(cx: &mut Cx<'_, '_>, user: UserId) -> Result<User> {
    let user = users::get(cx, user)?.user;
    cx.attempt("token.revoke");
    may_revoke(cx, &user)?;
    Ok(user)
}

/// Revokes every token of a user that is not over. How many there were.
///
/// # Errors
/// Those of [`revoking_all`].
pub fn revoke_all(cx: &mut Cx<'_, '_>, user: UserId) -> Result<usize> {
    revoking_all(cx, user)?;
    let tokens = store::tokens::of_user(cx.tx, user)?;
    let left: Vec<_> = tokens.into_iter().filter(|token| !token.is_over(cx.now)).map(|token| token.id).collect();
    for token in &left {
        revoke(cx, user, *token)?;
    }
    Ok(left.len())
}
