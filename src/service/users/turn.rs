//! Turning a person into a service account, and back.

use super::acts::{has_global_admin, is_in_person, keep_an_admin, not_oneself, target};
use super::change::check_clashes;
use super::create::{Created, may_create_somewhere, person_acting};
use super::profile;
use crate::model::access::{Holdings, Place};
use crate::model::error::Problems;
use crate::model::ids::{TeamId, UserId};
use crate::model::permissions::{Action, Permission, PermissionSet, Resource};
use crate::model::users::{Kind, User};
use crate::model::{Error, Result, names};
use crate::service::app::{Cx, account, differences};
use crate::service::teams;
use crate::store;

/// The person whom the caller is about to turn into a service account.
///
/// # Errors
/// [`Error::NotFound`] where the caller may not know of them, a refusal, an account that is no person or the caller's own, or
/// the last Admin.
pub fn turning_into_service(cx: &mut Cx<'_, '_>, id: UserId) -> Result<User> {
    let user = target(cx, id, "user.turn_into_service", Action::Update)?;
    cx.actor.may_manage(Kind::Service)?;
    may_become_service(cx, &user)?;
    if user.kind != Kind::Person {
        return Err(Error::Conflict(format!("{} is no person.", user.username)));
    }
    not_oneself(cx, &user, "turn your own account into a service account")?;
    keep_an_admin(cx, &user)?;
    Ok(user)
}

/// Turns a person into a service account: the password is erased, and every session and link ends. Tokens stay.
///
/// # Errors
/// Those of [`turning_into_service`], or a home where the caller may not make one.
pub fn turn_into_service(cx: &mut Cx<'_, '_>, id: UserId, home: TeamId) -> Result<User> {
    let user = turning_into_service(cx, id)?;
    teams::there_is(cx, home, "home_team")?;
    cx.actor.may(Permission::new(Resource::ServiceAccounts, Action::Create), Place::of_home(Some(home)))?;
    let was = profile(cx, &user)?;
    store::users::set_password(cx.tx, id, None)?;
    store::users::release(cx.tx, id)?;
    let sessions = store::sessions::delete_of_user(cx.tx, id, None)?;
    store::links::delete_of_user(cx.tx, id)?;
    let machine = User {
        kind: Kind::Service,
        email: store::users::dummy_email(&user, Kind::Service),
        home_team: Some(home),
        contact: person_acting(cx),
        ..user.clone()
    };
    let machine = store::users::update(cx.tx, &machine, cx.now)?;
    let (was, is) = differences(was, profile(cx, &machine)?);
    cx.done(
        account(&machine),
        was,
        is.map(|mut is| {
            is["sessions_ended"] = sessions.into();
            is
        }),
    )?;
    Ok(machine)
}

/// What a person must hold who makes a service account of somebody, its new home aside.
pub(super) fn may_become_service(cx: &mut Cx<'_, '_>, user: &User) -> Result<()> {
    may_create_somewhere(cx)?;
    cx.actor.may_grant(&Holdings::latent(&user.standing(store::memberships::roles(cx.tx, user.id)?)))
}

/// What a person has that a service account has not.
#[derive(Clone, Debug)]
pub struct PersonWanted {
    /// The username, without the ending of service accounts.
    pub username: String,
    /// The address.
    pub email: String,
}

/// Turns a service or agent account into a person, who gets an invitation as a new one does. Roles and tokens stay; home,
/// contact and sponsor go.
///
/// # Errors
/// A refusal, a disabled account, or what is wrong with the fields.
pub fn turn_into_person(cx: &mut Cx<'_, '_>, id: UserId, wanted: &PersonWanted) -> Result<Created> {
    let user = turning_into_person(cx, id)?;
    let was = profile(cx, &user)?;
    let person =
        User { kind: Kind::Person, home_team: None, contact: None, sponsor: None, ..named(cx, &user, wanted)? };
    let person = store::users::update(cx.tx, &person, cx.now)?;
    let reduced = withdraw_own_scopes(cx, &person)?;
    let (was, is) = differences(was, profile(cx, &person)?);
    let told = is.map(|mut is| {
        if !reduced.is_empty() {
            is["tokens_without_own_scopes"] = reduced.into();
        }
        is
    });
    cx.done(account(&person), was, told)?;
    let invitation = crate::service::links::new_invitation(cx, &person)?;
    Ok(Created { user: person, invitation: Some(invitation) })
}

/// The service or agent account that the caller is about to turn into a person.
///
/// # Errors
/// A refusal, or an account that is a person, disabled, or the caller's own.
pub fn turning_into_person(cx: &mut Cx<'_, '_>, id: UserId) -> Result<User> {
    let user = target(cx, id, "user.turn_into_person", Action::Update)?;
    may_become_person(cx, &user)?;
    if user.kind == Kind::Person {
        return Err(Error::Conflict(format!("{} is a person already.", user.username)));
    }
    not_oneself(cx, &user, "turn your own account into a person's")?;
    if !user.is_enabled() {
        return Err(Error::Conflict("This account is disabled. Enable it first.".into()));
    }
    Ok(user)
}

/// Whoever has the invitation controls the account and all its power (rule 2), what sleeps and what its tokens have included.
pub(super) fn may_become_person(cx: &mut Cx<'_, '_>, user: &User) -> Result<()> {
    cx.actor.may_manage(user.kind)?;
    cx.actor.may(Permission::new(Resource::Users, Action::Create), Place::Everywhere)?;
    cx.actor.may_grant(&Holdings::latent(&user.standing(store::memberships::roles(cx.tx, user.id)?)))?;
    if !is_in_person(cx) && has_global_admin(cx, user)? {
        return Err(Error::refused(format!(
            "{} has a global-admin token. Only Admins make a log-in for such an account, in the portal.",
            user.username
        )));
    }
    Ok(())
}

/// The account under the names of a person, which are right and free.
fn named(cx: &mut Cx<'_, '_>, user: &User, wanted: &PersonWanted) -> Result<User> {
    let mut problems = Problems::default();
    let username = problems.take(names::username(&wanted.username, Kind::Person)).unwrap_or_default();
    let email = problems.take(names::email(&wanted.email)).unwrap_or_default();
    let named = User { username, email, ..user.clone() };
    problems.merge(check_clashes(cx, &named, "display_name"))?;
    problems.check()?;
    Ok(named)
}

/// A machine's own things are whoever manages it, a person's are theirs alone: so a token that somebody gave the machine
/// reaches them no longer. The names of those tokens.
fn withdraw_own_scopes(cx: &mut Cx<'_, '_>, person: &User) -> Result<Vec<String>> {
    let own = PermissionSet::all_of(&[Resource::Own]);
    let tokens = store::tokens::of_user(cx.tx, person.id)?;
    let reaching = tokens.into_iter().filter(|token| token.revoked_at.is_none() && !token.scopes.and(own).is_empty());
    let mut reduced = Vec::new();
    for token in reaching {
        store::tokens::set_scopes(cx.tx, token.id, token.scopes.without(own))?;
        reduced.push(token.name);
    }
    Ok(reduced)
}

/// The username that is proposed for a service or agent account that becomes a person.
pub fn person_username(user: &User) -> &str {
    let ending = user.kind.suffix().filter(|ending| names::fold(&user.username).ends_with(ending));
    &user.username[..user.username.len() - ending.map_or(0, str::len)]
}
