//! Access tokens: making, listing, changing, revoking, and what each may do.

mod cap;
mod change;
mod dormant;
mod giving;
mod inventory;
mod leak;
mod mint;
mod power;
mod revoke;
mod rotate;
mod suspend;

use std::collections::{BTreeSet, HashMap};

use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::app::Cx;
use super::applications::{Open, usable};
use crate::model::access::{Holdings, Place, Standing};
use crate::model::effective::Effect;
use crate::model::ids::{TokenId, UserId};
use crate::model::page::{Cursor, Key, Page, PageRequest};
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::tokens::{Leak, Rotation, Token, TokenType};
use crate::model::users::{Kind, User};
use crate::model::{Error, Result};
use crate::store;

pub use cap::{Capped, cap, capping};
pub use change::{Changed, Editing, LimitTeam, TokenChange, change, editing};
pub(in crate::service) use change::{checked as checked_change, target as changing};
pub use dormant::suspend_dormant;
pub use giving::{grantable, grantable_uses};
pub use inventory::{Export, Exported, Listed, Pasted, account_named, list, may_list, pasted};
pub use leak::{Report, report};
pub use mint::{Minted, NewToken, create, making};
pub(in crate::service) use mint::{checked, may_make, may_make_as_admin, mint};
pub use power::{Power, Use, power, scope_use};
pub use revoke::{revoke, revoke_all, revoking, revoking_all};
pub use rotate::{Rotate, ends, finish, finishing, rotate, rotating};
pub use suspend::{resume, resuming, suspend, suspending};

/// A token with what it can do at this moment.
#[derive(Clone, Debug)]
pub struct TokenInfo {
    /// The token.
    pub token: Token,
    /// Its scopes and what its account may do.
    pub effective: Effect,
    /// How far its last rotation has come.
    pub rotation: Option<Rotation>,
    /// Where it was found, or one that it was made with.
    pub leak: Option<Leak>,
}

/// A time as the audit log keeps it: to the second, as RFC 3339 writes it.
fn moment(at: OffsetDateTime) -> serde_json::Value {
    let at = at.replace_nanosecond(0).unwrap_or(at);
    json!(at.format(&Rfc3339).ok())
}

/// What the audit log keeps of a token.
pub(super) fn told(cx: &mut Cx<'_, '_>, token: &Token) -> Result<serde_json::Value> {
    let mut kept = json!({
        "token_id": token.id,
        "name": token.name,
        "description": token.description,
        "hint": token.hint,
        "scopes": token.words(),
        "global_admin": token.global_admin,
        "expires_at": token.expires_at.map(moment),
    });
    if !token.networks.is_anywhere() {
        kept["networks"] = token.networks.iter().collect();
    }
    if let Some(limit) = &token.teams {
        let mut teams = Vec::new();
        for id in limit {
            teams.push(json!({ "id": id, "name": store::teams::get(cx.tx, *id)?.name }));
        }
        kept["teams"] = teams.into();
    }
    Ok(kept)
}

/// All tokens of a user, the newest first.
///
/// # Errors
/// A refusal.
pub fn of_user(cx: &mut Cx<'_, '_>, user: UserId) -> Result<Vec<TokenInfo>> {
    let user = super::users::get(cx, user)?.user;
    cx.attempt("token.list");
    if !cx.actor.owns(user.id, Action::Read) {
        cx.actor.may(Permission::new(Resource::Tokens, Action::Read), Place::of_home(user.home_team))?;
    }
    let mut tokens = store::tokens::of_user(cx.tx, user.id)?;
    tokens.iter_mut().for_each(|token| freshen(cx, token));
    let standing = standing(cx, &user)?;
    let open = access(cx, &tokens)?;
    let mut rotations = rotations(cx, &tokens)?;
    let mut leaks = store::leaks::of(cx.tx, &tokens)?;
    let informed = |token: Token| TokenInfo {
        effective: effective((&user, &standing), &open, &token, cx.now),
        rotation: rotations.remove(&token.id),
        leak: leaks.remove(&token.id),
        token,
    };
    Ok(tokens.into_iter().map(informed).collect())
}

/// Lays a last use that is not written yet over what the store says.
pub(super) fn freshen(cx: &Cx<'_, '_>, token: &mut Token) {
    if let Some(last) = cx.app.uses.of_token(token.id) {
        token.active_at = token.active_at.max(last.at);
        if token.last_use.as_ref().is_none_or(|known| known.at <= last.at) {
            token.last_use = Some(last);
        }
    }
}

/// How far the last rotations have come, last uses that are not written yet included.
pub(super) fn rotations<'a>(
    cx: &mut Cx<'_, '_>,
    tokens: impl IntoIterator<Item = &'a Token>,
) -> Result<HashMap<TokenId, Rotation>> {
    let uses = &cx.app.uses;
    store::secrets::rotations(cx.tx, tokens, |secret| uses.of_secret(secret))
}

/// Which teams have access to each application that any of these tokens has a scope of.
fn access<'a>(cx: &mut Cx<'_, '_>, tokens: impl IntoIterator<Item = &'a Token>) -> Result<Open> {
    let used: BTreeSet<_> =
        tokens.into_iter().flat_map(|token| &token.app_scopes).map(|scope| scope.application).collect();
    if used.is_empty() { Ok(Open::new()) } else { store::applications::access(cx.tx, used) }
}

/// What a token can do, which is nothing once it or its account is over.
fn effective((user, standing): (&User, &Standing), open: &Open, token: &Token, now: OffsetDateTime) -> Effect {
    if !user.is_enabled() || !token.is_usable(now) {
        return Effect::default();
    }
    if token.global_admin {
        return Effect { permissions: Holdings::everything().anywhere(), uses: BTreeSet::new() };
    }
    let limit = token.teams.as_ref();
    Effect {
        permissions: Holdings::of(standing).limited(token.scopes, limit).anywhere(),
        uses: usable(&token.app_scopes, open, standing, limit),
    }
}

/// What a token of this account can do at this moment.
fn effect(cx: &mut Cx<'_, '_>, user: &User, token: &Token) -> Result<Effect> {
    let standing = standing(cx, user)?;
    let open = access(cx, [token])?;
    Ok(effective((user, &standing), &open, token, cx.now))
}

/// What is told of a token that the caller has just changed.
///
/// # Errors
/// A fault.
pub fn told_of(cx: &mut Cx<'_, '_>, user: &User, mut token: Token) -> Result<TokenInfo> {
    freshen(cx, &mut token);
    let rotation = rotations(cx, [&token])?.remove(&token.id);
    let leak = store::leaks::of(cx.tx, [&token])?.remove(&token.id);
    Ok(TokenInfo { effective: effect(cx, user, &token)?, rotation, leak, token })
}

/// A page of a user's tokens, the newest first.
///
/// # Errors
/// A refusal, or a cursor that is none.
pub fn page(cx: &mut Cx<'_, '_>, user: UserId, request: &PageRequest) -> Result<Page<TokenInfo>> {
    let mut tokens = of_user(cx, user)?;
    request.of_list(&format!("tokens of user {user}"), |request| {
        if let Some(Cursor { id, backwards, .. }) = request.cursor {
            tokens.retain(|info| (info.token.id.0 < id) != backwards && info.token.id.0 != id);
            if backwards {
                tokens.reverse();
            }
        }
        Ok(Page::build(request, tokens, |info| (Key::Number(info.token.id.0), info.token.id.0)))
    })
}

/// One token of a user.
///
/// # Errors
/// A refusal, or no such token.
pub fn get(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId) -> Result<TokenInfo> {
    let found = of_user(cx, user)?.into_iter().find(|info| info.token.id == token);
    found.ok_or(Error::NotFound("token"))
}

/// Rules 1, 3 and 8 for a token that is there: one's own as a person, or the permission in the account's home; and only
/// Admins for Admins.
fn may_manage(cx: &Cx<'_, '_>, user: &User, action: Action) -> Result<()> {
    if user.kind == Kind::Person && cx.actor.owns(user.id, Action::Update) {
        return Ok(());
    }
    cx.actor.may(Permission::new(Resource::Tokens, action), Place::of_home(user.home_team))?;
    cx.actor.may_manage(user.kind)?;
    cx.actor.may_touch(user)
}

/// What the caller may do to a token besides changing and revoking it, for drawing the controls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Acts {
    /// Give it another secret.
    pub rotate: bool,
    /// Stop it, or end the secret that it had before.
    pub suspend: bool,
    /// Have it work again.
    pub resume: bool,
}

/// What the caller may do to `token` of `user`.
///
/// # Errors
/// A fault.
pub fn acts(cx: &mut Cx<'_, '_>, user: &User, token: &Token) -> Result<Acts> {
    if may_manage(cx, user, Action::Update).is_err() || token.is_over(cx.now) {
        return Ok(Acts::default());
    }
    let yields = match change::may_yield(cx, user, token) {
        Ok(()) | Err(Error::PasswordNeeded) => true,
        Err(Error::Internal(fault)) => return Err(Error::Internal(fault)),
        Err(_) => false,
    };
    let yields = yields && cx.token_policy(TokenType::from(user.kind))?.permits().is_ok();
    let suspended = token.suspended_at.is_some();
    Ok(Acts { rotate: yields && !suspended && user.is_enabled(), suspend: true, resume: yields && suspended })
}

/// How an account stands at this moment.
///
/// # Errors
/// A fault.
pub fn standing(cx: &mut Cx<'_, '_>, user: &User) -> Result<Standing> {
    Ok(user.standing(store::memberships::roles(cx.tx, user.id)?))
}
