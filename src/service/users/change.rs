//! Changing accounts.

use super::acts::keep_an_admin;
use super::{get, profile, sponsor};
use crate::model::access::{Holdings, Place};
use crate::model::error::Problems;
use crate::model::ids::{TeamId, UserId};
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::roles::OrgRole;
use crate::model::users::{Kind, User};
use crate::model::{Error, FieldError, Result, names};
use crate::service::app::{Cx, account, differences};
use crate::service::mail::Letter;
use crate::service::teams;
use crate::store;
use crate::store::users::Unique;

/// What is to be changed; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// The version it was read at; without it, whatever is there is changed.
    pub version: Option<i64>,
    /// Another username.
    pub username: Option<String>,
    /// Another display name.
    pub display_name: Option<String>,
    /// Another address; people only.
    pub email: Option<String>,
    /// Another organisation role.
    pub role: Option<OrgRole>,
    /// Another description.
    pub description: Option<String>,
    /// Another contact, or none; service and agent accounts only.
    pub contact: Option<Option<UserId>>,
    /// Another person who answers for it; agents only.
    pub sponsor: Option<UserId>,
    /// Another home team; service and agent accounts only.
    pub home_team: Option<TeamId>,
    /// Under what name the form calls the display name, for errors.
    pub name_field: Option<&'static str>,
}

/// Changes an account. Everyone may change their own display name and address; the rest is for those who manage it.
///
/// # Errors
/// [`Error::Stale`] where somebody else changed it meanwhile, a refusal, or what is wrong with the fields.
pub fn update(cx: &mut Cx<'_, '_>, id: UserId, change: UserChange) -> Result<User> {
    cx.attempt("user.update");
    let before = get(cx, id)?.user;
    cx.attempt("user.update");
    may_ask(cx, &before, change.manages(&before))?;
    let after = changed(cx, &before, &change)?;
    let grows = authorise_change(cx, &before, &after)?;
    if change.version.is_some_and(|version| version != before.version) {
        return Err(Error::Stale);
    }
    check_clashes(cx, &after, change.name_field.unwrap_or("display_name"))?;
    if before.role == OrgRole::Admin && after.role != OrgRole::Admin {
        keep_an_admin(cx, &before)?;
    }
    if before == after {
        return Ok(before);
    }
    let was = profile(cx, &before)?;
    let updated = store::users::update(cx.tx, &after, cx.now)?;
    if grows {
        crate::service::links::end_after_growth(cx, updated.id)?;
    }
    let (was, is) = differences(was, profile(cx, &updated)?);
    cx.done(account(&updated), was, is)?;
    if before.email != updated.email {
        // Links lie in the mailbox that was theirs, and whoever reads that one is told that it no longer is.
        store::links::delete_of_user(cx.tx, updated.id)?;
        let by = cx.actor.clone();
        cx.mail(&before, &Letter::AddressChanged(&by))?;
    }
    Ok(updated)
}

/// Whoever may change nothing but their own profile is told so before anything they typed is looked up.
pub(in crate::service) fn may_ask(cx: &Cx<'_, '_>, before: &User, manages: bool) -> Result<()> {
    if !manages && cx.actor.owns(before.id, Action::Update) {
        return Ok(());
    }
    cx.actor.may_act_on(before, Action::Update)
}

impl UserChange {
    /// Whether more than one's own profile is to be changed.
    fn manages(&self, before: &User) -> bool {
        self.username.as_ref().is_some_and(|name| *name != before.username)
            || self.role.is_some_and(|role| role != before.role)
            || self.contact.is_some_and(|contact| contact != before.contact)
            || self.sponsor.is_some_and(|sponsor| Some(sponsor) != before.sponsor)
            || self.home_team.is_some_and(|home| Some(home) != before.home_team)
    }
}

/// The account as it would be after `change`.
pub(in crate::service) fn changed(cx: &mut Cx<'_, '_>, before: &User, change: &UserChange) -> Result<User> {
    let mut problems = Problems::default();
    let mut after = before.clone();
    let person = before.kind == Kind::Person;
    if let Some(name) = &change.username {
        after.username = problems.take(names::username(name, before.kind)).unwrap_or_default();
    }
    if let Some(name) = &change.display_name {
        let field = change.name_field.unwrap_or("display_name");
        after.display_name = problems.take(names::display(field, name)).unwrap_or_default();
    }
    match &change.email {
        Some(email) if person => after.email = problems.take(names::email(email)).unwrap_or_default(),
        Some(email) if *email != before.email => {
            problems.add("email", "The address of a service account is made by Latchkey and cannot be changed.");
        }
        _ => {}
    }
    if let Some(text) = &change.description {
        after.description = problems.take(names::description(text)).unwrap_or_default();
    }
    after.role = change.role.unwrap_or(before.role);
    if let Some(contact) = change.contact.filter(|_| !person) {
        after.contact = problems.take(contact_of(cx, before, contact)?);
        after.contact = after.contact.filter(|_| contact.is_some());
    }
    if let Some(sponsor) = change.sponsor.filter(|_| before.kind == Kind::Agent) {
        after.sponsor = problems.take(sponsor::of_changed(cx, before, sponsor)?);
    }
    if let Some(home) = change.home_team.filter(|_| !person) {
        if Some(home) != before.home_team {
            teams::there_is(cx, home, "home_team")?;
        }
        after.home_team = Some(home);
    }
    problems.check()?;
    Ok(after)
}

/// A contact is an enabled person whom the caller may know of, or stays whoever it was.
fn contact_of(cx: &mut Cx<'_, '_>, before: &User, contact: Option<UserId>) -> Result<Result<UserId, FieldError>> {
    let Some(id) = contact else { return Ok(Ok(UserId(0))) };
    if before.contact == Some(id) {
        return Ok(Ok(id));
    }
    let good = sponsor::is_good(cx, id)?;
    cx.attempt("user.update");
    cx.on(account(before));
    Ok(if good {
        Ok(id)
    } else {
        Err(FieldError::new("contact", "The contact must be a person whose account is enabled, and whom you may see."))
    })
}

/// Rules 1 to 3 for a change. Whether the account can do more afterwards.
fn authorise_change(cx: &mut Cx<'_, '_>, before: &User, after: &User) -> Result<bool> {
    let own = User {
        display_name: after.display_name.clone(),
        email: after.email.clone(),
        description: after.description.clone(),
        ..before.clone()
    };
    let moves_mail = before.email != after.email;
    if moves_mail && cx.actor.id() == Some(before.id) {
        cx.actor.typed_password_lately(cx.now)?;
    }
    let teams = store::memberships::roles(cx.tx, before.id)?;
    let held = Holdings::latent(&before.standing(teams.clone()));
    if own == *after && cx.actor.owns(before.id, Action::Update) {
        if moves_mail {
            // Whoever reads the mail of an account can log in to it, and a token may be good for less than its account.
            cx.actor.may_touch(before)?;
            cx.actor.may_grant(&held)?;
        }
        return Ok(false);
    }
    cx.actor.may_act_on(before, Action::Update)?;
    let will_hold = Holdings::latent(&after.standing(teams));
    let widens = held.lack_against(&will_hold).is_some();
    if widens || moves_mail || before.home_team != after.home_team {
        cx.actor.may_grant(&will_hold)?;
    }
    if after.role != before.role {
        cx.actor.may_make(after.role)?;
    }
    if before.home_team != after.home_team {
        cx.actor.may_manage(before.kind)?;
        cx.actor.may(Permission::new(Resource::ServiceAccounts, Action::Create), Place::of_home(after.home_team))?;
    }
    Ok(widens)
}

/// Names that another account has, each at its field.
pub(super) fn check_clashes(cx: &mut Cx<'_, '_>, user: &User, name_field: &'static str) -> Result<()> {
    let mut problems = Problems::default();
    for (what, value, field, message) in [
        (Unique::Username, &user.username, "username", "This username is taken. Choose another one."),
        (Unique::DisplayName, &user.display_name, name_field, "This name is taken. Choose another one."),
        (Unique::Email, &user.email, "email", "Another user has this email address."),
    ] {
        if store::users::taken_by(cx.tx, what, value, Some(user.id))?.is_some() {
            problems.add(field, message);
        }
    }
    problems.check()
}
