//! Logging in and out of the portal, and the sessions between.

use time::Duration;

use super::app::{App, Caller, Credential, Cx, account};
use super::auth::{self, barred};
use super::throttle::{self, Typist};
use crate::base::crypto;
use crate::base::secret::Secret;
use crate::model::actor::Via;
use crate::model::audit::Event;
use crate::model::idempotency::KEPT_FOR;
use crate::model::ids::{SessionId, UserId};
use crate::model::permissions::Action;
use crate::model::sessions::Session;
use crate::model::tokens::PlainToken;
use crate::model::users::User;
use crate::model::{Error, Result};
use crate::store;

/// One answer to every failed log-in, so that nobody learns which part was wrong.
pub const WRONG: &str = "The username or the password is not right.";

/// Checks a username or email address and a password. The session itself is opened by [`open`], when its key is known.
/// `known` is what the browser was given by [`known::issue`](super::known::issue), if it sent anything.
///
/// # Errors
/// [`Error::Unauthenticated`], the same for every reason; the audit log has the reason. [`Error::TooMany`] before anything
/// of it is checked.
pub fn log_in(app: &App, caller: &Caller, login: &str, password: &Secret, known: Option<&str>) -> Result<UserId> {
    let guess = throttle::log_in(app, caller, login, known)?;
    let outcome = check(app, caller, login, password);
    // Whatever was wrong: if a disabled account's password were free to try, that would tell when it is right.
    if !matches!(outcome, Err(Error::Unauthenticated(_))) {
        guess.give_back();
    }
    outcome
}

fn check(app: &App, caller: &Caller, login: &str, password: &Secret) -> Result<UserId> {
    let (user, hash) = app.store.read(|tx| {
        let user = store::users::by_login(tx, login)?;
        let hash = match &user {
            Some(user) => store::users::password_hash(tx, user.id)?,
            None => None,
        };
        Ok((user, hash))
    })?;
    let verdict = app.passwords.verify(password, hash.clone())?;
    let fresh = if verdict.right && verdict.outdated { Some(app.passwords.hash(password)?) } else { None };
    app.write(caller, |cx| {
        cx.attempt("session.create");
        let wrong = || Error::Unauthenticated(WRONG);
        let Some(user) = user else {
            // The typed name is not written down: it is sometimes a password in the wrong field.
            cx.refused_because("there is no such account");
            return Err(wrong());
        };
        let user = store::users::get(cx.tx, user.id)?;
        cx.on(account(&user));
        if let Some(reason) = refusal(&user, verdict.right) {
            cx.refused_because(reason);
            return Err(wrong());
        }
        if store::users::password_hash(cx.tx, user.id)? != hash {
            cx.refused_because("the password was changed meanwhile");
            return Err(wrong());
        }
        if let Some(fresh) = fresh {
            store::users::set_password(cx.tx, user.id, Some(&fresh))?;
        }
        Ok(user.id)
    })
}

fn refusal(user: &User, right: bool) -> Option<&'static str> {
    if !user.kind.may_enter_portal() || !user.is_enabled() {
        Some(barred(user))
    } else if !user.has_password {
        Some("the account has no password yet")
    } else if !right {
        Some("the password was wrong")
    } else {
        None
    }
}

/// Opens the session of someone who has just shown their password. `data` is the web face's own.
///
/// # Errors
/// The account was barred meanwhile, or a fault.
pub fn open(app: &App, caller: &Caller, key: &str, user: UserId, data: &str) -> Result<()> {
    app.write(caller, |cx| {
        cx.attempt("session.create");
        let user = store::users::get(cx.tx, user)?;
        cx.on(account(&user));
        if let Some(reason) = refusal(&user, true) {
            cx.refused_because(reason);
            return Err(Error::Unauthenticated(WRONG));
        }
        let idle = Duration::minutes(app.config.session_idle_minutes);
        store::sessions::delete_ended(cx.tx, cx.now - idle, cx.now)?;
        store::forms::delete_older(cx.tx, cx.now - Duration::days(7))?;
        store::idempotency::sweep(cx.tx, cx.now - KEPT_FOR)?;
        let session = Session {
            id: SessionId(0),
            user: user.id,
            created_at: cx.now,
            last_seen_at: cx.now,
            expires_at: cx.now + Duration::hours(app.config.session_hours),
            authenticated_at: cx.now,
            address: None,
            user_agent: None,
        };
        let origin = cx.actor.origin.clone();
        store::sessions::insert(cx.tx, &crypto::sha256(key.as_bytes()), user.id, data, (&session, &origin))?;
        store::users::touch(cx.tx, user.id, cx.now)?;
        auth::known_as(cx, &user)?;
        cx.done(account(&user), None, None)
    })
}

/// The session behind a cookie's key, with the web face's data. Whether it is still good is for [`App::read`] to say.
///
/// # Errors
/// A fault.
pub fn load(app: &App, key: &str) -> Result<Option<(Session, String)>> {
    app.store.read(|tx| store::sessions::by_key(tx, &crypto::sha256(key.as_bytes())))
}

/// The same, where it can be told without waiting.
pub fn look_up(app: &App, key: &str) -> Option<Result<Option<(Session, String)>>> {
    app.store.look_up(|tx| store::sessions::by_key(tx, &crypto::sha256(key.as_bytes())))
}

/// Replaces the web face's data. Whether the session was still there.
///
/// # Errors
/// A fault.
pub fn save(app: &App, key: &str, data: &str) -> Result<bool> {
    app.store.write(|tx| store::sessions::set_data(tx, &crypto::sha256(key.as_bytes()), data))
}

/// Ends the session behind a cookie's key.
///
/// # Errors
/// A fault.
pub fn close(app: &App, key: &str) -> Result<()> {
    app.store.write(|tx| store::sessions::delete_key(tx, &crypto::sha256(key.as_bytes())))
}

/// Writes down that the caller logs out.
///
/// # Errors
/// A fault.
pub fn log_out(cx: &mut Cx<'_, '_>) -> Result<()> {
    let (Via::Session { id, .. }, Some(user)) = (&cx.actor.via, cx.actor.id()) else {
        return Ok(());
    };
    let id = *id;
    cx.attempt("session.end");
    store::sessions::delete(cx.tx, user, id)?;
    let user = store::users::get(cx.tx, user)?;
    cx.done(account(&user), None, None)
}

/// Notes that the caller typed their password again, for dangerous acts.
///
/// # Errors
/// [`Error::Invalid`] at `password` where it is wrong, [`Error::TooMany`] after too many wrong ones.
pub fn confirm(app: &App, caller: &Caller, password: &Secret) -> Result<()> {
    let (user, hash, typist) = app.read(caller, |cx| {
        let id = cx.actor.id().ok_or(Error::Unauthenticated("Log in first."))?;
        let user = store::users::get(cx.tx, id)?;
        let typist = Typist::of(&cx.actor, &user);
        Ok((user, store::users::password_hash(cx.tx, id)?, typist))
    })?;
    let right = throttle::again(app, caller, "session.confirm", typist)?.verify(app, password, hash)?;
    app.write(caller, |cx| {
        cx.attempt("session.confirm");
        cx.on(account(&user));
        if !right {
            cx.refused_because("the password was wrong");
            return Err(Error::field("password", "This is not your password."));
        }
        if let Via::Session { id, .. } = cx.actor.via {
            store::sessions::authenticated(cx.tx, id, cx.now)?;
        }
        cx.done(account(&user), None, None)
    })
}

/// Writes down that an access token of this portal came where a session belongs. The caller gets nowhere with it.
///
/// # Errors
/// A fault.
pub fn token_as_cookie(app: &App, caller: &Caller, token: &PlainToken) -> Result<()> {
    debug_assert!(matches!(caller.credential, Credential::Nothing));
    let found = app.store.read(|tx| {
        let found = store::secrets::find(tx, &token.hash())?;
        found.map(|found| Ok((found.token.id, store::users::get(tx, found.token.user)?))).transpose()
    })?;
    // What only looks like a token is anybody's to make up.
    let Some((id, user)) = found else { return Ok(()) };
    if !app.throttle.is_worth_an_entry("token as cookie", id.0) {
        return Ok(());
    }
    let reason = "an access token was sent as a session cookie";
    app.write(caller, |cx| cx.record(Event::refused("session.use", Some(account(&user)), reason)))
}

/// Writes down that a request in this session came from another site.
///
/// # Errors
/// A fault.
pub fn cross_site(app: &App, caller: &Caller, session: SessionId, reason: &str) -> Result<()> {
    if !app.throttle.is_worth_an_entry("cross-site", session.0) {
        return Ok(());
    }
    app.write(caller, |cx| {
        let target = match store::sessions::get(cx.tx, session)? {
            Some(session) => Some(account(&store::users::get(cx.tx, session.user)?)),
            None => None,
        };
        cx.record(Event::refused("request", target, reason))
    })
}

/// The sessions of the caller that have not ended.
///
/// # Errors
/// The caller may not look, or a fault.
pub fn own(cx: &mut Cx<'_, '_>) -> Result<Vec<Session>> {
    let id = super::account::own_id(cx, Action::Read)?;
    let idle = Duration::minutes(cx.app.config.session_idle_minutes);
    store::sessions::of_user(cx.tx, id, cx.now - idle, cx.now)
}

/// Ends one of the caller's sessions, or all but the one they are in.
///
/// # Errors
/// There is none, or a fault.
pub fn end_own(cx: &mut Cx<'_, '_>, which: Option<SessionId>) -> Result<()> {
    cx.attempt("session.end");
    let id = super::account::own_id(cx, Action::Update)?;
    let user = store::users::get(cx.tx, id)?;
    let ended = match (which, &cx.actor.via) {
        (Some(session), _) if store::sessions::delete(cx.tx, id, session)? => 1,
        (Some(_), _) => return Err(Error::NotFound("session")),
        (None, Via::Session { id: current, .. }) => store::sessions::delete_of_user(cx.tx, id, Some(*current))?,
        (None, _) => store::sessions::delete_of_user(cx.tx, id, None)?,
    };
    cx.done(account(&user), None, Some(serde_json::json!({ "sessions_ended": ended })))
}
