//! What is done to an account: switching it off and on, removing it, ending its sessions.

use super::{get, profile, teams_told};
use crate::model::access::Holdings;
use crate::model::ids::UserId;
use crate::model::permissions::Action;
use crate::model::roles::OrgRole;
use crate::model::users::{Kind, User};
use crate::model::{Error, Result};
use crate::service::app::{Cx, account};
use crate::store;
use crate::store::db::LAST_ADMIN;
use serde_json::json;

/// Finds the user to act on: 404 where the caller may not know of them, 403 where they may not act.
pub(in crate::service) fn target(cx: &mut Cx<'_, '_>, id: UserId, action: &'static str, needs: Action) -> Result<User> {
    let user = get(cx, id)?.user;
    cx.attempt(action);
    cx.actor.may_act_on(&user, needs)?;
    Ok(user)
}

/// The last Admin who can log in stays one. The store says so too; this says it better.
pub(super) fn keep_an_admin(cx: &mut Cx<'_, '_>, user: &User) -> Result<()> {
    let able = user.kind == Kind::Person && user.role == OrgRole::Admin && user.is_enabled() && user.has_password;
    if able && !store::users::other_able_admin(cx.tx, user.id)? {
        return Err(Error::Conflict(LAST_ADMIN.into()));
    }
    Ok(())
}

/// The account that the caller is about to switch off.
///
/// # Errors
/// [`Error::NotFound`] where the caller may not know of it, a refusal, their own account, or the last Admin.
pub fn disabling(cx: &mut Cx<'_, '_>, id: UserId) -> Result<User> {
    let user = target(cx, id, "user.disable", Action::Update)?;
    if user.is_enabled() {
        not_oneself(cx, &user, "disable your own account")?;
        keep_an_admin(cx, &user)?;
    }
    Ok(user)
}

/// Switches an account off: its sessions end and its tokens stop at the next request.
///
/// # Errors
/// Those of [`disabling`].
pub fn disable(cx: &mut Cx<'_, '_>, id: UserId) -> Result<User> {
    let user = disabling(cx, id)?;
    if !user.is_enabled() {
        return Ok(user);
    }
    let disabled = store::users::update(cx.tx, &User { disabled_at: Some(cx.now), ..user }, cx.now)?;
    let sessions = store::sessions::delete_of_user(cx.tx, id, None)?;
    store::links::delete_of_user(cx.tx, id)?;
    cx.done(
        account(&disabled),
        Some(json!({ "enabled": true })),
        Some(json!({ "enabled": false, "sessions_ended": sessions })),
    )?;
    Ok(disabled)
}

pub(super) fn not_oneself(cx: &Cx<'_, '_>, user: &User, what: &str) -> Result<()> {
    if cx.actor.id() == Some(user.id) {
        return Err(Error::Conflict(format!("You cannot {what}. Ask another administrator.")));
    }
    Ok(())
}

/// The account that the caller is about to switch on, with all its power: so they must hold that much.
///
/// # Errors
/// [`Error::NotFound`] where the caller may not know of it, or a refusal.
pub fn enabling(cx: &mut Cx<'_, '_>, id: UserId) -> Result<User> {
    let user = target(cx, id, "user.enable", Action::Update)?;
    if !user.is_enabled() {
        may_wake(cx, &user)?;
    }
    Ok(user)
}

/// Rule 2 for an account that is switched on, with its tokens.
pub(super) fn may_wake(cx: &mut Cx<'_, '_>, user: &User) -> Result<()> {
    if is_in_person(cx) {
        // They hold everything; a list asks this of each row.
        return Ok(());
    }
    let teams = store::memberships::roles(cx.tx, user.id)?;
    cx.actor.may_grant(&Holdings::latent(&user.standing(teams)))?;
    may_wake_tokens(cx, user)
}

/// Switches an account on again.
///
/// # Errors
/// Those of [`enabling`].
pub fn enable(cx: &mut Cx<'_, '_>, id: UserId) -> Result<User> {
    let user = enabling(cx, id)?;
    if user.is_enabled() {
        return Ok(user);
    }
    let enabled = store::users::update(cx.tx, &User { disabled_at: None, ..user }, cx.now)?;
    cx.done(account(&enabled), Some(json!({ "enabled": false })), Some(json!({ "enabled": true })))?;
    Ok(enabled)
}

/// Enabling resumes the account's tokens, and a global-admin token is for Admins to resume, never over REST.
fn may_wake_tokens(cx: &mut Cx<'_, '_>, user: &User) -> Result<()> {
    if is_in_person(cx) || !has_global_admin(cx, user)? {
        return Ok(());
    }
    Err(Error::refused(format!(
        "{} has a global-admin token, which would work again. Only Admins resume one, in the portal or on the command line.",
        user.username
    )))
}

/// Whether an Admin acts, and not by a token.
pub(super) fn is_in_person(cx: &Cx<'_, '_>) -> bool {
    cx.actor.is_admin() && cx.actor.token().is_none()
}

/// Whether the account has a global-admin token that is good, or can be made so again.
pub(super) fn has_global_admin(cx: &mut Cx<'_, '_>, user: &User) -> Result<bool> {
    let tokens = store::tokens::of_user(cx.tx, user.id)?;
    Ok(tokens.iter().any(|token| token.global_admin && !token.is_over(cx.now)))
}

/// The account that the caller is about to remove.
///
/// # Errors
/// [`Error::NotFound`] where the caller may not know of it, a refusal, their own account, or the last Admin.
pub fn deleting(cx: &mut Cx<'_, '_>, id: UserId) -> Result<User> {
    let user = target(cx, id, "user.delete", Action::Delete)?;
    not_oneself(cx, &user, "delete your own account")?;
    keep_an_admin(cx, &user)?;
    Ok(user)
}

/// Removes an account with its tokens, sessions and memberships. The audit log keeps what it did.
///
/// # Errors
/// Those of [`deleting`], a username typed wrong, or a password that has to be typed again.
pub fn delete(cx: &mut Cx<'_, '_>, id: UserId, typed_username: Option<&str>) -> Result<()> {
    let user = deleting(cx, id)?;
    if typed_username.is_some_and(|typed| typed.trim() != user.username) {
        return Err(Error::field("username", format!("Type {} to confirm.", user.username)));
    }
    cx.actor.typed_password_lately(cx.now)?;
    let mut lost = profile(cx, &user)?;
    lost["teams"] = teams_told(cx, id)?;
    let tokens = store::tokens::of_user(cx.tx, id)?.into_iter().filter(|token| !token.is_over(cx.now));
    lost["tokens"] = tokens.map(|token| token.name).collect();
    store::users::delete(cx.tx, id)?;
    cx.done(account(&user), Some(lost), None)
}

/// The account whose sessions the caller is about to end.
///
/// # Errors
/// [`Error::NotFound`] where the caller may not know of them, or a refusal.
pub fn ending_sessions(cx: &mut Cx<'_, '_>, id: UserId) -> Result<User> {
    target(cx, id, "user.end_sessions", Action::Update)
}

/// Ends all sessions of a person.
///
/// # Errors
/// Those of [`ending_sessions`].
pub fn end_sessions(cx: &mut Cx<'_, '_>, id: UserId) -> Result<usize> {
    let user = ending_sessions(cx, id)?;
    let ended = store::sessions::delete_of_user(cx.tx, id, None)?;
    cx.done(account(&user), None, Some(json!({ "sessions_ended": ended })))?;
    Ok(ended)
}
