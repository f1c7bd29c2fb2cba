//! Rotating a token: another secret with the same name, scopes and lifetime, and an overlap in which both are good.

use serde_json::json;
use time::OffsetDateTime;

use super::change::{acting, at_version, may_yield};
use super::mint::must_be_enabled;
use super::{Minted, effect, moment, told};
use crate::model::ids::{TokenId, UserId};
use crate::model::tokens::{Overlap, PlainToken, Token, TokenState, TokenType};
use crate::model::users::User;
use crate::model::{Error, Result};
use crate::service::app::{Cx, account, differences};
use crate::store;
use crate::store::secrets::Replacing;
use crate::store::tokens::Renewal;

/// How a token is to be rotated.
#[derive(Clone, Debug)]
pub struct Rotate {
    /// The version it was read at; without it, whatever is there is rotated.
    pub version: Option<i64>,
    /// How long the secret before stays good.
    pub overlap: Overlap,
    /// The form's key, so that sending it twice rotates once.
    pub form_key: Option<String>,
}

/// A token that the caller is about to rotate, at this version, where they saw one.
///
/// # Errors
/// A refusal, no such token, [`Error::Stale`], or one that is over or suspended.
pub fn rotating(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId, version: Option<i64>) -> Result<(User, Token)> {
    let (user, token) = acting(cx, user, token, "token.rotate")?;
    match judged(cx, &user, &token, version) {
        // The form asks for it.
        Ok(()) | Err(Error::PasswordNeeded) => Ok((user, token)),
        Err(error) => Err(error),
    }
}

/// The password is asked for last, so that nobody types it in vain.
fn judged(cx: &mut Cx<'_, '_>, user: &User, token: &Token, version: Option<i64>) -> Result<()> {
    at_version(token, version)?;
    match may_yield(cx, user, token) {
        Ok(()) => rotatable(cx, user, token),
        Err(Error::PasswordNeeded) => rotatable(cx, user, token).and(Err(Error::PasswordNeeded)),
        Err(refusal) => Err(refusal),
    }
}

fn rotatable(cx: &mut Cx<'_, '_>, user: &User, token: &Token) -> Result<()> {
    must_be_enabled(user)?;
    cx.token_policy(TokenType::from(user.kind))?.permits()?;
    if token.state(cx.now) == TokenState::Suspended {
        return Err(Error::Conflict(format!("{} is suspended. Resume it before it is rotated.", token.name)));
    }
    Ok(())
}

/// Gives a token another secret. The one before stays good for the overlap, and one that was before that ends now. In the portal
/// its life begins anew; by way of the API it keeps its end, since a program could renew itself for ever.
///
/// # Errors
/// [`Error::PasswordNeeded`], and those of [`rotating`].
pub fn rotate(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId, wanted: &Rotate) -> Result<Minted> {
    let (user, before) = acting(cx, user, token, "token.rotate")?;
    cx.first_time(wanted.form_key.as_deref())?;
    judged(cx, &user, &before, wanted.version)?;
    let plain = PlainToken::generate(before.kind);
    let end = ends(cx, &before)?;
    let until = until(&before, wanted.overlap, end, cx.now);
    let was = told(cx, &before)?;
    let by = cx.actor.token().map(|token| token.id);
    let replacing = Replacing { until, passed_on: by == Some(before.id), now: cx.now };
    store::secrets::replace(cx.tx, &before, (&plain.hint(), &plain.hash()), replacing)?;
    let hint = plain.hint();
    let renewal = Renewal { hint: &hint, end, renewed: by.is_none(), by: by.filter(|by| *by != before.id) };
    let after = store::tokens::rotate(cx.tx, &before, &renewal, cx.now)?;
    let (was, is) = differences(was, told(cx, &after)?);
    let named = |mut fields: serde_json::Value| {
        fields["token"] = json!({ "id": before.id, "name": before.name });
        fields
    };
    let is = is.map(named).map(|mut is| {
        is["old_secret_until"] = moment(until.unwrap_or(cx.now));
        is
    });
    cx.made(wanted.form_key.as_deref(), after.id.0)?;
    cx.done(account(&user), was.map(named), is)?;
    Ok(Minted { effective: effect(cx, &user, &after)?, token: after, plain })
}

/// Until when the secret before is good: for the overlap, and never longer than the token was or is.
fn until(before: &Token, overlap: Overlap, end: Option<OffsetDateTime>, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let limits = [before.expires_at, end].into_iter().flatten();
    (overlap != Overlap::None).then(|| limits.fold(now + overlap.length(), OffsetDateTime::min))
}

/// When a token ends that the caller rotates now.
///
/// # Errors
/// A fault.
pub fn ends(cx: &mut Cx<'_, '_>, token: &Token) -> Result<Option<OffsetDateTime>> {
    let user = store::users::get(cx.tx, token.user)?;
    let policy = cx.token_policy(TokenType::from(user.kind))?;
    Ok(match cx.actor.token() {
        Some(_) => policy.capped(token.expires_at, cx.now),
        None => token.renewed(&policy, cx.now),
    })
}

/// A token whose old secret the caller is about to end.
///
/// # Errors
/// A refusal, or no such token.
pub fn finishing(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId) -> Result<(User, Token)> {
    acting(cx, user, token, "token.finish_rotation")
}

/// Ends the secret that the last rotation replaced; nothing where that is over.
///
/// # Errors
/// [`Error::Stale`] where the token was changed, and perhaps rotated, meanwhile, and those of [`finishing`].
pub fn finish(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId, version: Option<i64>) -> Result<Token> {
    let (user, token) = finishing(cx, user, token)?;
    at_version(&token, version)?;
    let old = super::rotations(cx, [&token])?.remove(&token.id).map(|rotation| rotation.old);
    if !store::secrets::end_old(cx.tx, token.id, cx.now)? {
        return Ok(token);
    }
    let token = store::tokens::count_change(cx.tx, &token)?;
    let old = old.map(|old| json!({ "hint": old.hint, "until": moment(old.ends_at) }));
    let named = json!({ "token": { "id": token.id, "name": token.name }, "old_secret": old });
    cx.done(account(&user), Some(named), None)?;
    Ok(token)
}
