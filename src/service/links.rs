//! Invitations and password resets: links that a person uses to choose their own password.

use super::app::{App, Caller, Cx, account};
use super::auth::barred;
use super::mail::Letter;
use crate::base::secret::Secret;
use crate::base::{crypto, random};
use crate::model::access::Holdings;
use crate::model::ids::{RoleId, UserId};
use crate::model::links::{Issuer, Link, Purpose};
use crate::model::permissions::Action;
use crate::model::roles::OrgRole;
use crate::model::users::{Kind, User};
use crate::model::{Error, Result, passwords};
use crate::store;

/// A link that was just made.
pub struct Issued {
    /// For whom.
    pub user: User,
    /// What it is for.
    pub purpose: Purpose,
    /// Its secret, this once.
    pub secret: Secret,
    /// Whether it is on its way to them by mail as well.
    pub mailed: bool,
}

impl Issued {
    /// The link itself.
    pub fn address(&self, origin: &str) -> Secret {
        Secret::new(format!("{origin}/{}/{}", self.purpose, self.secret.reveal()))
    }
}

/// An invitation for a person who was just made; making them was the permission.
pub(super) fn new_invitation(cx: &mut Cx<'_, '_>, user: &User) -> Result<Issued> {
    cx.attempt("user.invite");
    issue(cx, user.clone(), Purpose::Invitation)
}

/// The person for whom the caller is about to make a link.
///
/// # Errors
/// [`Error::NotFound`] where the caller may not know of them, or a refusal: the account is no person, is disabled, or is stronger
/// than the caller.
pub fn issuing(cx: &mut Cx<'_, '_>, id: UserId) -> Result<User> {
    let user = super::users::target(cx, id, "user.link", Action::Update)?;
    if !user.kind.may_enter_portal() {
        return Err(Error::refused("Service and agent accounts have no password: they cannot enter the portal."));
    }
    if !user.is_enabled() {
        return Err(Error::Conflict("This account is disabled. Enable it first.".into()));
    }
    let teams = store::memberships::roles(cx.tx, id)?;
    cx.actor.may_grant(&Holdings::latent(&user.standing(teams)))?;
    Ok(user)
}

/// A new link for a person, in place of every older one: an invitation while they have no password, else a reset.
///
/// # Errors
/// Those of [`issuing`].
pub fn issue_for(cx: &mut Cx<'_, '_>, id: UserId) -> Result<Issued> {
    let user = issuing(cx, id)?;
    let purpose = if user.has_password { Purpose::Reset } else { Purpose::Invitation };
    cx.attempt(if user.has_password { "user.reset_link" } else { "user.invite" });
    issue(cx, user, purpose)
}

fn issue(cx: &mut Cx<'_, '_>, user: User, purpose: Purpose) -> Result<Issued> {
    store::links::delete_of_user(cx.tx, user.id)?;
    let by = cx.actor.clone();
    let issuer = issuer(cx);
    let secret = made(cx, &user, purpose, issuer)?;
    cx.done(account(&user), None, None)?;
    let letter = match purpose {
        Purpose::Invitation | Purpose::Setup => Letter::Invitation(&by, &secret),
        Purpose::Reset => Letter::ResetMade(&by, &secret),
    };
    let mailed = cx.mail(&user, &letter)?;
    Ok(Issued { user, purpose, secret, mailed })
}

/// A reset link that `user` is mailed and nobody else sees. The owner counts as having handed it out to themselves: it takes
/// the place of an earlier one of this kind, but not of one that an administrator made, which anybody at all could end otherwise.
pub(super) fn mail_reset(cx: &mut Cx<'_, '_>, user: &User) -> Result<()> {
    store::links::delete_own(cx.tx, user.id)?;
    let secret = made(cx, user, Purpose::Reset, Issuer::Account(user.id))?;
    cx.mail(user, &Letter::ResetAsked(&secret)).map(drop)
}

fn made(cx: &mut Cx<'_, '_>, user: &User, purpose: Purpose, issuer: Issuer) -> Result<Secret> {
    let secret = random::secret();
    let hash = crypto::sha256(secret.reveal().as_bytes());
    store::links::insert(cx.tx, purpose, Some(user.id), &hash, (issuer, cx.now))?;
    Ok(secret)
}

/// Who knows the secret of a link that the caller hands out.
fn issuer(cx: &Cx<'_, '_>) -> Issuer {
    match (cx.actor.token(), cx.actor.id()) {
        (Some(token), _) => Issuer::Token { id: token.id, since: token.rotated_at },
        (None, Some(id)) => Issuer::Account(id),
        (None, None) => Issuer::CommandLine,
    }
}

/// An account has just grown. Whoever handed out a link to it was measured against less, so the link ends, unless it is the
/// caller's own, who covers what the account can do now. One that the owner asked for by mail ends too: their mailbox was as
/// good a keeper as the account needed, and that may no longer be enough.
pub(super) fn end_after_growth(cx: &mut Cx<'_, '_>, id: UserId) -> Result<()> {
    let issuer = issuer(cx);
    store::links::delete_of_others(cx.tx, id, issuer).map(drop)
}

/// The accounts with this team role and one of these organisation roles have just grown; see [`end_after_growth`].
pub(super) fn end_after_growth_of(cx: &mut Cx<'_, '_>, role: RoleId, among: &[OrgRole]) -> Result<()> {
    let issuer = issuer(cx);
    store::links::delete_of_role(cx.tx, role, among, issuer).map(drop)
}

/// For whom this link is.
///
/// # Errors
/// [`Error::NotFound`] where it is not good: unknown, used, too old, or for an account that may not enter the portal.
pub fn check(cx: &mut Cx<'_, '_>, secret: &Secret, purpose: Purpose) -> Result<User> {
    cx.attempt(match purpose {
        Purpose::Invitation => "user.accept_invitation",
        Purpose::Reset | Purpose::Setup => "user.reset_password",
    });
    let dead = || Error::NotFound("link");
    let found = store::links::by_hash(cx.tx, &crypto::sha256(secret.reveal().as_bytes()))?;
    let Some(Link { user: Some(id), .. }) = found.filter(|link| link.purpose == purpose && link.expires_at > cx.now)
    else {
        return Err(dead());
    };
    let user = store::users::get(cx.tx, id)?;
    cx.on(account(&user));
    if user.kind != Kind::Person || !user.is_enabled() {
        if cx.app.throttle.is_worth_an_entry(&format!("link {purpose}"), user.id.0) {
            cx.refused_because(barred(&user));
        }
        return Err(dead());
    }
    Ok(user)
}

/// Uses a link: the password is chosen, the link and all sessions end.
///
/// # Errors
/// A dead link, or a password that is not good enough.
pub fn choose_password(
    app: &App,
    caller: &Caller,
    secret: &Secret,
    purpose: Purpose,
    password: &Secret,
) -> Result<User> {
    let user = app.read(caller, |cx| check(cx, secret, purpose))?;
    let about = [user.username.as_str(), user.display_name.as_str(), user.email.as_str()];
    passwords::check(password.reveal(), &about).map_err(|error| Error::Invalid(vec![error]))?;
    let hash = app.passwords.hash(password)?;
    app.write(caller, |cx| {
        let user = check(cx, secret, purpose)?;
        store::users::set_password(cx.tx, user.id, Some(&hash))?;
        store::links::delete_of_user(cx.tx, user.id)?;
        let ended = store::sessions::delete_of_user(cx.tx, user.id, None)?;
        super::auth::known_as(cx, &user)?;
        cx.done(account(&user), None, Some(serde_json::json!({ "sessions_ended": ended })))?;
        if purpose == Purpose::Reset {
            cx.mail(&user, &Letter::PasswordChanged)?;
        }
        Ok(user)
    })
}
