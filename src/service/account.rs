//! One's own account.

use std::collections::BTreeSet;

use super::app::{App, Caller, Cx, account};
use super::mail::Letter;
use super::throttle::{self, Typist};
use super::tokens::TokenInfo;
use super::users::UserInfo;
use crate::base::secret::Secret;
use crate::model::access::Place;
use crate::model::actor::Via;
use crate::model::applications::AppScope;
use crate::model::effective::Effect;
use crate::model::ids::UserId;
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::users::User;
use crate::model::{Error, Result, passwords};
use crate::store;

/// The caller's id, where they may read or change their own things.
pub(super) fn own_id(cx: &Cx<'_, '_>, action: Action) -> Result<UserId> {
    let id = cx.actor.id().ok_or(Error::Unauthenticated("Log in first."))?;
    if cx.actor.owns(id, action) { Ok(id) } else { Err(Error::lacks(Permission::new(Resource::Own, action))) }
}

/// The caller's own account.
///
/// # Errors
/// The caller may not look, or a fault.
pub fn own(cx: &mut Cx<'_, '_>) -> Result<User> {
    let id = own_id(cx, Action::Read)?;
    store::users::get(cx.tx, id)
}

/// Who the caller is and by which token they came. Whoever has come as far as this may know that.
///
/// # Errors
/// [`Error::Unauthenticated`] where they did not come by a token.
pub fn me(cx: &mut Cx<'_, '_>) -> Result<(UserInfo, TokenInfo)> {
    cx.attempt("user.read");
    let (Some(id), Some(token)) = (cx.actor.id(), cx.actor.token().map(|token| token.id)) else {
        return Err(Error::Unauthenticated(TOKEN_NEEDED));
    };
    let user = store::users::get(cx.tx, id)?;
    let mut token = store::tokens::get(cx.tx, id, token)?;
    super::tokens::freshen(cx, &mut token);
    // Any effective scope opens this: where it is not the one for one's own things, one has to stay.
    if !cx.actor.can(Permission::new(Resource::Own, Action::Read), Place::Own) {
        cx.actor.relies_on(cx.actor.holdings.anywhere().iter().take(1).collect());
    }
    let rotation = super::tokens::rotations(cx, [&token])?.remove(&token.id);
    let leak = store::leaks::of(cx.tx, [&token])?.remove(&token.id);
    let effective = Effect { permissions: cx.actor.holdings.anywhere(), uses: uses(cx)? };
    let token = TokenInfo { token, effective, rotation, leak };
    Ok((super::users::described(cx, user)?, token))
}

/// Changes the caller's password, and ends their other sessions.
///
/// # Errors
/// [`Error::Invalid`] at `current_password` or `password`, [`Error::TooMany`] after too many wrong current ones.
pub fn change_password(app: &App, caller: &Caller, current: &Secret, new: &Secret) -> Result<()> {
    let (user, hash, typist) = app.read(caller, |cx| {
        let user = own(cx)?;
        let typist = Typist::of(&cx.actor, &user);
        Ok((user.clone(), store::users::password_hash(cx.tx, user.id)?, typist))
    })?;
    let about = [user.username.as_str(), user.display_name.as_str(), user.email.as_str()];
    let known = hash.clone();
    let right = throttle::again(app, caller, "user.change_password", typist)?.verify(app, current, hash)?;
    if right {
        passwords::check(new.reveal(), &about).map_err(|error| Error::Invalid(vec![error]))?;
    }
    let fresh = app.passwords.hash(new)?;
    app.write(caller, |cx| {
        cx.attempt("user.change_password");
        cx.on(account(&user));
        let id = own_id(cx, Action::Update)?;
        if !right || store::users::password_hash(cx.tx, id)? != known {
            cx.refused_because("the current password was wrong");
            return Err(Error::field("current_password", "This is not your password."));
        }
        let kept = match cx.actor.via {
            Via::Session { id, .. } => Some(id),
            _ => None,
        };
        store::users::set_password(cx.tx, id, Some(&fresh))?;
        store::links::delete_of_user(cx.tx, id)?;
        let ended = store::sessions::delete_of_user(cx.tx, id, kept)?;
        if let Some(session) = kept {
            store::sessions::authenticated(cx.tx, session, cx.now)?;
        }
        cx.done(account(&user), None, Some(serde_json::json!({ "sessions_ended": ended })))?;
        let user = store::users::get(cx.tx, id)?;
        cx.mail(&user, &Letter::PasswordChanged).map(drop)
    })
}

/// What the caller's token may use of applications.
fn uses(cx: &mut Cx<'_, '_>) -> Result<BTreeSet<AppScope>> {
    let (Some(token), Some(who)) = (cx.actor.token().cloned(), cx.actor.identity().cloned()) else {
        return Ok(BTreeSet::new());
    };
    super::applications::of_holder(cx, &token.app_scopes, &who.standing, token.teams.as_ref())
}

const TOKEN_NEEDED: &str = "This needs an access token: send it as Authorization: Bearer.";

/// What every route of the API asks first: somebody known, by a token that can do something at this moment.
///
/// # Errors
/// [`Error::Unauthenticated`] for nobody, [`Error::Forbidden`] with the reason where effective scopes come to nothing.
pub fn must_be_able(cx: &mut Cx<'_, '_>) -> Result<()> {
    let Some(token) = cx.actor.token() else {
        return Err(Error::Unauthenticated(TOKEN_NEEDED));
    };
    let (id, no_scopes) = (token.id, token.scopes.is_empty() && token.app_scopes.is_empty());
    if !cx.actor.holdings.anywhere().is_empty() || !uses(cx)?.is_empty() {
        return Ok(());
    }
    let machine = cx.actor.identity().is_some_and(|who| who.standing.kind.suffix().is_some());
    let teamless = machine && cx.actor.identity().is_some_and(|who| who.standing.teams.is_empty());
    let reason = if no_scopes {
        "This token has no scopes, so it can do nothing. Give it scopes."
    } else if teamless {
        "This account has no role in any team besides Public, so its tokens can do nothing. Add it to a team."
    } else {
        "None of this token's scopes is something that its account may do. Change its scopes, or the account's roles."
    };
    cx.attempt("token.use");
    if !cx.app.throttle.is_worth_an_entry("token without power", id.0) {
        cx.refused_as_before();
    }
    Err(Error::refused(reason))
}
