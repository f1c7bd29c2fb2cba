//! Rule 2 for tokens: what may be put on one, and by whom.

use std::collections::BTreeSet;

use crate::model::access::{Holdings, Standing};
use crate::model::actor::{TokenUse, Via};
use crate::model::ids::TeamId;
use crate::model::permissions::{PermissionSet, Resource};
use crate::model::tokens::Networks;
use crate::model::users::{Kind, User};
use crate::model::{Error, Result};
use crate::service::app::Cx;

/// What a token may be used for, and where.
#[derive(Clone, Copy)]
pub(in crate::service) struct Extent<'a> {
    pub scopes: PermissionSet,
    pub teams: Option<&'a BTreeSet<TeamId>>,
    pub networks: &'a Networks,
}

/// Rule 2: the caller must cover all that a token of this extent could do, and hold each scope that sleeps.
pub(super) fn may_give(cx: &Cx<'_, '_>, user: &User, standing: &Standing, extent: Extent<'_>) -> Result<()> {
    cx.actor.may_grant(&Holdings::latent(standing).limited(extent.scopes, extent.teams))?;
    may_lay_by(cx, user, extent.scopes)
}

/// A scope that the account cannot use today may wake when its roles grow, so whoever puts it on a token must hold it too.
fn may_lay_by(cx: &Cx<'_, '_>, user: &User, scopes: PermissionSet) -> Result<()> {
    let mine = to_give(cx, user.kind, cx.actor.id() == Some(user.id));
    match scopes.without(mine).iter().next() {
        None => Ok(()),
        Some(scope) => Err(Error::beyond(Some(scope), format!("You do not have {scope} to give here."))),
    }
}

/// What a token gives by way of the API is its own: no scope, no team and no network beyond that.
pub(super) fn within_parent(cx: &Cx<'_, '_>, parent: &TokenUse, extent: Extent<'_>) -> Result<()> {
    cx.actor.relies_on(extent.scopes);
    let beyond = extent.scopes.without(cx.actor.holdings.anywhere());
    if let Some(scope) = beyond.iter().next().filter(|_| !parent.global_admin) {
        return Err(Error::beyond(Some(scope), format!("The token that gives it does not have {scope} itself.")));
    }
    if !extent.networks.are_within(&parent.networks) {
        return Err(Error::refused("A token cannot give networks from which it may not be used itself."));
    }
    match (&parent.teams, extent.teams) {
        (Some(allowed), Some(wanted)) if wanted.is_subset(allowed) => Ok(()),
        (Some(_), _) => Err(Error::refused("A token cannot give teams in which it cannot act itself.")),
        (None, _) => Ok(()),
    }
}

/// The scopes that the caller may put on a token of an account with these holdings: what both hold somewhere, and the
/// account's own things.
pub fn grantable(cx: &Cx<'_, '_>, kind: Kind, account: &Holdings, own: bool) -> PermissionSet {
    account.anywhere().and(to_give(cx, kind, own))
}

/// What the caller has to put on a token. A person's own things are theirs alone; a machine's are whoever manages it.
fn to_give(cx: &Cx<'_, '_>, kind: Kind, own: bool) -> PermissionSet {
    let things = PermissionSet::all_of(&[Resource::Own]);
    let held = cx.actor.holdings.anywhere();
    match kind {
        _ if matches!(cx.actor.via, Via::Cli) => held,
        Kind::Person if own => held,
        Kind::Person => held.without(things),
        Kind::Service | Kind::Agent => held.or(things),
    }
}
