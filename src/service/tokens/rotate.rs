//! Rotating a token: another secret with the same name, scopes and lifetime, and an overlap in which both are good.

use serde_json::json;

use super::change::{acting, at_version, may_yield};
use super::mint::must_be_enabled;
use super::{Minted, effective, holdings, told};
use crate::model::ids::{TokenId, UserId};
use crate::model::tokens::{Overlap, PlainToken, Token, TokenState};
use crate::model::users::User;
use crate::model::{Error, Result};
use crate::service::app::{Cx, account, differences};
use crate::store;

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

/// A token that the caller is about to rotate.
///
/// # Errors
/// A refusal, no such token, or one that is over or suspended.
pub fn rotating(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId) -> Result<(User, Token)> {
    let (user, token) = acting(cx, user, token, "token.rotate")?;
    must_be_enabled(&user)?;
    if token.state(cx.now) == TokenState::Suspended {
        return Err(Error::Conflict(format!("{} is suspended. Resume it before it is rotated.", token.name)));
    }
    match may_yield(cx, &user, &token) {
        // The form asks for it.
        Ok(()) | Err(Error::PasswordNeeded) => Ok((user, token)),
        Err(error) => Err(error),
    }
}

/// Gives a token another secret. The one before stays good for the overlap, and one that was before that ends now. In the portal
/// its life begins anew; by way of the API it keeps its end, since a program could renew itself for ever.
///
/// # Errors
/// [`Error::Stale`] where somebody else changed it meanwhile, and those of [`rotating`].
pub fn rotate(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId, wanted: &Rotate) -> Result<Minted> {
    let (user, before) = rotating(cx, user, token)?;
    cx.first_time(wanted.form_key.as_deref())?;
    at_version(&before, wanted.version)?;
    may_yield(cx, &user, &before)?;
    let plain = PlainToken::generate(before.kind);
    let until = cx.now + wanted.overlap.length();
    let until = before.expires_at.map_or(until, |end| end.min(until));
    let end = ends(cx, &before);
    let was = told(cx, &before)?;
    store::secrets::replace(cx.tx, &before, (&plain.hint(), &plain.hash()), until)?;
    let after = store::tokens::rotate(cx.tx, &before, &plain.hint(), end, cx.now)?;
    let (was, is) = differences(was, told(cx, &after)?);
    let named = |mut fields: serde_json::Value| {
        fields["token"] = json!({ "id": before.id, "name": before.name });
        fields
    };
    let is = is.map(named).map(|mut is| {
        is["old_secret_until"] = until.unix_timestamp().into();
        is
    });
    cx.made(wanted.form_key.as_deref(), after.id.0)?;
    cx.done(account(&user), was.map(named), is)?;
    let held = holdings(cx, &user)?;
    Ok(Minted { effective: effective(&user, &held, &after, cx.now), token: after, plain })
}

/// When a token ends that the caller rotates now.
pub fn ends(cx: &Cx<'_, '_>, token: &Token) -> Option<time::OffsetDateTime> {
    let policy = cx.app.token_policy();
    match cx.actor.token() {
        Some(_) => policy.capped(token.expires_at, cx.now),
        None => token.renewed(&policy, cx.now),
    }
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
/// Those of [`finishing`].
pub fn finish(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId) -> Result<Token> {
    let (user, token) = finishing(cx, user, token)?;
    let old = store::secrets::rotations(cx.tx, [&token])?.remove(&token.id).map(|rotation| rotation.old);
    if store::secrets::end_old(cx.tx, token.id, cx.now)? {
        let old = old.map(|old| json!({ "hint": old.hint, "until": old.ends_at.unix_timestamp() }));
        let named = json!({ "token": { "id": token.id, "name": token.name }, "old_secret": old });
        cx.done(account(&user), Some(named), None)?;
    }
    Ok(token)
}
