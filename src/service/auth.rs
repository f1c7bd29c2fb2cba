//! Who a caller is, found out in the transaction of what they ask for.

use std::cell::Cell;

use time::{Duration, OffsetDateTime};

use super::app::{Caller, Credential, Cx, account};
use super::uses::Used;
use crate::model::actor::{Actor, Identity, Origin, TokenUse, Who};
use crate::model::ids::{SessionId, UserId};
use crate::model::tokens::{HashedToken, PlainToken, TokenState};
use crate::model::users::{Kind, User};
use crate::model::{Error, Result};
use crate::store::secrets::Found;
use crate::store::{self, Tx};

/// Last use is kept to this, so that reading does not mean writing.
const NOTED_EVERY: Duration = Duration::minutes(1);

/// What was used.
#[derive(Default)]
pub(super) struct Seen {
    /// A session and whose it is, where it is time to note it again. It is noted at once and not behind: whether it has been
    /// idle for too long is for every portal on the same database to know.
    session: Option<(SessionId, UserId)>,
    /// A token.
    pub token: Option<Used>,
}

impl Seen {
    pub(super) fn is_due(&self) -> bool {
        self.session.is_some()
    }

    pub(super) fn note(&self, tx: &mut Tx<'_>, now: OffsetDateTime) -> Result<()> {
        let Some((session, user)) = self.session else { return Ok(()) };
        store::sessions::touch(tx, session, now)?;
        store::users::touch(tx, user, now)
    }
}

/// The actor behind `caller`.
///
/// # Errors
/// [`Error::Unauthenticated`] where the credential is not good, or no longer.
pub(super) fn authenticate(cx: &mut Cx<'_, '_>, caller: &Caller, seen: &mut Seen) -> Result<Actor> {
    let mut actor = match &caller.credential {
        Credential::Nothing => return Ok(Actor::anonymous(caller.origin.clone())),
        Credential::Cli => Actor::cli(),
        Credential::System => Actor::system(),
        Credential::Session(id) => by_session(cx, *id, caller.origin.clone(), seen)?,
        Credential::Application(name, secret) => return by_secret(cx, (name, secret), caller.origin.clone()),
        Credential::Bearer(secret) => by_token(cx, secret.reveal(), caller.origin.clone(), seen)?,
    };
    let settings = store::settings::get(cx.tx)?;
    actor.agents_stopped = settings.agents_stopped_at.is_some();
    let Some(kind) = actor.identity().map(|who| who.standing.kind) else { return Ok(actor) };
    actor.machines_are_for_admins = settings.only_admins_manage_machines;
    if actor.agents_stopped && kind == Kind::Agent {
        return Err(Error::Unauthenticated(AGENTS_STOPPED));
    }
    Ok(actor)
}

const AGENTS_STOPPED: &str = "All AI agents are stopped here.";
const SESSION_OVER: &str = "Your session has ended. Log in again.";

fn by_session(cx: &mut Cx<'_, '_>, id: SessionId, origin: Origin, seen: &mut Seen) -> Result<Actor> {
    let over = || Error::Unauthenticated(SESSION_OVER);
    let session = store::sessions::get(cx.tx, id)?.ok_or_else(over)?;
    let idle = Duration::minutes(cx.app.config.session_idle_minutes);
    if session.expires_at <= cx.now || cx.now - session.last_seen_at > idle {
        return Err(over());
    }
    let user = store::users::find(cx.tx, session.user)?.ok_or_else(over)?;
    if !user.kind.may_enter_portal() || !user.is_enabled() {
        if cx.app.throttle.is_worth_an_entry("session", id.0) {
            cx.attempt("session.use");
            cx.on(account(&user));
            cx.refused_because(barred(&user));
        }
        return Err(over());
    }
    if cx.now - session.last_seen_at >= NOTED_EVERY {
        seen.session = Some((id, user.id));
    }
    Ok(Actor::in_session(identity(cx, &user)?, id, session.authenticated_at, origin))
}

/// Why this account may not enter the portal.
pub(super) fn barred(user: &User) -> &'static str {
    if user.kind.may_enter_portal() {
        "the account is disabled"
    } else {
        "service and agent accounts cannot enter the portal"
    }
}

fn by_secret(cx: &mut Cx<'_, '_>, (name, secret): (&str, &HashedToken), origin: Origin) -> Result<Actor> {
    let known = store::checks::audience(cx.tx, name)?.filter(|audience| audience.knows(secret, cx.now));
    let known = known.ok_or(Error::Unauthenticated("No application is known by this client id and secret."))?;
    let application = store::applications::get(cx.tx, known.id)?;
    Ok(Actor::of_application(application.id, application.name, origin))
}

fn by_token(cx: &mut Cx<'_, '_>, text: &str, origin: Origin, seen: &mut Seen) -> Result<Actor> {
    let refuse = |reason| Err(Error::Unauthenticated(reason));
    let Some(plain) = PlainToken::parse(text) else {
        return refuse("This is not an access token: it is cut short or mistyped.");
    };
    let hash = plain.hash();
    let Some(Found { token, ends_at, ended, last_used_at }) = store::secrets::find(cx.tx, &hash)? else {
        return refuse("This access token is not known here.");
    };
    if ended || ends_at.is_some_and(|end| end <= cx.now) {
        return refuse("This access token was rotated: another secret took the place of this one.");
    }
    match token.state(cx.now) {
        TokenState::Revoked => return refuse("This access token was revoked."),
        TokenState::Expired => return refuse("This access token has expired."),
        TokenState::Suspended => return refuse("This access token is suspended."),
        TokenState::Stopped => return refuse(AGENTS_STOPPED),
        TokenState::Active | TokenState::Expiring => {}
    }
    let user = store::users::get(cx.tx, token.user)?;
    if !user.is_enabled() {
        return refuse("The account of this access token is disabled.");
    }
    if !token.networks.admit(origin.address.as_deref()) {
        if cx.app.throttle.is_worth_an_entry("token elsewhere", token.id.0) {
            cx.attempt("token.use");
            cx.on(account(&user));
            cx.refused_because(format!("the token “{}” may not be used from this address", token.name));
        }
        return refuse("This access token may not be used from this address.");
    }
    let rotated = token.rotated_at.is_some();
    let last = if rotated { last_used_at } else { token.last_use.as_ref().map(|last| last.at) };
    let due = last.is_none_or(|last| cx.now - last >= NOTED_EVERY);
    seen.token = Some(Used { token: token.id, user: user.id, secret: hash, due });
    let used = TokenUse {
        id: token.id,
        name: token.name,
        scopes: token.scopes,
        app_scopes: token.app_scopes,
        teams: token.teams,
        global_admin: token.global_admin,
        networks: token.networks,
        expires_at: token.expires_at.into_iter().chain(ends_at).min(),
        rotated_at: token.rotated_at,
        replaced: ends_at.is_some(),
        relied: Cell::default(),
    };
    Ok(Actor::with_token(identity(cx, &user)?, used, origin))
}

/// Somebody has just shown that they are this person, so that what follows in this transaction is written down as theirs.
pub(super) fn known_as(cx: &mut Cx<'_, '_>, user: &User) -> Result<()> {
    cx.actor.who = Who::User(identity(cx, user)?);
    Ok(())
}

fn identity(cx: &mut Cx<'_, '_>, user: &User) -> Result<Identity> {
    Ok(Identity {
        id: user.id,
        username: user.username.clone(),
        display_name: user.display_name.clone(),
        standing: user.standing(store::memberships::roles(cx.tx, user.id)?),
    })
}
