//! Who answers for an agent: a person whose account is enabled and who has accepted the invitation.

use std::collections::HashSet;

use super::create::{NewUser, person_acting, trying};
use super::get;
use crate::model::ids::UserId;
use crate::model::users::{Kind, User};
use crate::model::{Error, FieldError, Result};
use crate::service::app::{Cx, account};
use crate::store;

/// Who answers for a new agent: whoever is named, else whoever makes it; nobody for others.
pub(super) fn of_new(cx: &mut Cx<'_, '_>, new: &NewUser) -> Result<Result<Option<UserId>, FieldError>> {
    if new.kind != Kind::Agent {
        return Ok(Ok(None));
    }
    let maker = person_acting(cx);
    match new.sponsor.or(maker) {
        None => Ok(Err(missing())),
        // Makers need not be able to look themselves up.
        Some(id) if maker == Some(id) => Ok(Ok(Some(id))),
        Some(id) => {
            let good = is_fit(cx, id)?;
            trying(cx, new);
            Ok(if good { Ok(Some(id)) } else { Err(unfit()) })
        }
    }
}

/// The sponsors of these accounts whom the caller may know of; themselves besides, who need not be able to look themselves up.
///
/// # Errors
/// A fault.
pub fn sponsors_in_sight<'a>(
    cx: &mut Cx<'_, '_>,
    accounts: impl IntoIterator<Item = &'a User>,
) -> Result<HashSet<UserId>> {
    let mut ids: Vec<_> = accounts.into_iter().filter_map(|account| account.sponsor).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let mut roles = store::memberships::roles_of(cx.tx, &ids)?;
    let mut seen = HashSet::new();
    for user in store::users::many(cx.tx, &ids)? {
        let teams: Vec<_> = roles.remove(&user.id).unwrap_or_default().into_iter().map(|(team, _)| team).collect();
        if cx.actor.id() == Some(user.id) || cx.actor.sees(&user, &teams) {
            seen.insert(user.id);
        }
    }
    Ok(seen)
}

/// Who answers for the agent `before` from now on; whoever it was may stay, but that is told to nobody who may not know of them.
pub(super) fn of_changed(cx: &mut Cx<'_, '_>, before: &User, sponsor: UserId) -> Result<Result<UserId, FieldError>> {
    if before.sponsor == Some(sponsor) && sponsors_in_sight(cx, [before])?.contains(&sponsor) {
        return Ok(Ok(sponsor));
    }
    let good = is_fit(cx, sponsor)?;
    cx.attempt("user.update");
    cx.on(account(before));
    Ok(if good { Ok(sponsor) } else { Err(unfit()) })
}

/// Whether somebody can answer for an agent who does not do so yet.
fn is_fit(cx: &mut Cx<'_, '_>, id: UserId) -> Result<bool> {
    Ok(is_good(cx, id)? && store::users::get(cx.tx, id)?.has_password)
}

/// Whether this is an enabled person whom the caller may know of.
pub(super) fn is_good(cx: &mut Cx<'_, '_>, id: UserId) -> Result<bool> {
    match get(cx, id) {
        Ok(found) => Ok(found.user.kind == Kind::Person && found.user.is_enabled()),
        Err(Error::NotFound(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// An agent always has one.
pub(in crate::service) fn missing() -> FieldError {
    FieldError::new("sponsor", "An AI agent has a sponsor: a person who answers for it. Name one.")
}

/// The one answer to whoever names somebody that cannot be a sponsor, or nobody: which of it was so is not told.
pub fn unfit() -> FieldError {
    FieldError::new(
        "sponsor",
        "The sponsor must be a person whom you may see, whose account is enabled, and who has accepted the invitation.",
    )
}
