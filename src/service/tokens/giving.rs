//! Rule 2 for tokens: what may be put on one, and by whom.

use std::collections::BTreeSet;

use crate::model::access::{Holdings, Place, Standing, through};
use crate::model::actor::{TokenUse, Via};
use crate::model::applications::AppScope;
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
    pub app_scopes: &'a BTreeSet<AppScope>,
    pub teams: Option<&'a BTreeSet<TeamId>>,
    pub networks: &'a Networks,
}

/// Rule 2: the caller must cover all that a token of this extent could do, and hold each scope that sleeps.
pub(super) fn may_give(cx: &Cx<'_, '_>, user: &User, standing: &Standing, extent: Extent<'_>) -> Result<()> {
    cx.actor.may_grant(&Holdings::latent(standing).limited(extent.scopes, extent.teams))?;
    may_lay_by(cx, user, extent.scopes)?;
    extent.app_scopes.iter().try_for_each(|scope| may_give_use(cx, standing, extent.teams, scope))
}

/// Rule 2 for a scope of an application: in each team through which the account could use it, with or without access today, the
/// caller must reach as far; and somewhere, where it could not use it at all.
fn may_give_use(
    cx: &Cx<'_, '_>,
    standing: &Standing,
    limit: Option<&BTreeSet<TeamId>>,
    scope: &AppScope,
) -> Result<()> {
    let everywhere: BTreeSet<_> = standing.teams.iter().map(|(id, _)| *id).collect();
    let reaches = |place| cx.actor.reach(place) >= scope.level;
    if !through(scope.level, standing, &everywhere, limit).all(|team| reaches(Place::Team(team))) {
        let what = format!("It could then use {scope} in a team, where your role does not reach that far.");
        return Err(Error::beyond(None, what));
    }
    let own = cx.actor.identity().map(|who| who.standing.teams.as_slice()).unwrap_or_default();
    if reaches(Place::Everywhere) || own.iter().any(|(team, _)| reaches(Place::Team(*team))) {
        return Ok(());
    }
    Err(Error::beyond(None, format!("You do not have {scope} to give here.")))
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
    if let Some(scope) = extent.app_scopes.difference(&parent.app_scopes).next().filter(|_| !parent.global_admin) {
        return Err(Error::beyond(None, format!("The token that gives it does not have {scope} itself.")));
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

/// The scopes of applications that the caller may put on a token of an account: of those that it may use.
pub fn grantable_uses(cx: &mut Cx<'_, '_>, standing: &Standing) -> Result<BTreeSet<AppScope>> {
    let mut usable = crate::service::applications::usable_by(cx, standing)?;
    usable.retain(|scope| {
        let beyond = cx.actor.token().is_some_and(|token| !token.global_admin && !token.app_scopes.contains(scope));
        !beyond && may_give_use(cx, standing, None, scope).is_ok()
    });
    Ok(usable)
}

/// The scopes of these words that a token of an account with this standing is to have. Those that it has already stay what they
/// are.
pub(in crate::service) fn named_uses(
    cx: &mut Cx<'_, '_>,
    words: &BTreeSet<String>,
    standing: &Standing,
    has: &BTreeSet<AppScope>,
) -> Result<BTreeSet<AppScope>> {
    let mut named = BTreeSet::new();
    for word in words {
        let had = has.iter().find(|scope| scope.to_string() == *word).cloned();
        let found = match had {
            Some(scope) => Some(scope),
            None => crate::service::applications::known_scope(cx, word, standing)?,
        };
        match found {
            Some(scope) => named.insert(scope),
            None => {
                return Err(Error::field("scopes", format!("There is no scope {word}, or none that you may know of.")));
            }
        };
    }
    Ok(named)
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
