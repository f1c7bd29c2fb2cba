//! Which scopes of applications an account or a token may use at this moment (rule 6).

use std::collections::BTreeSet;

use super::READ;
use crate::model::Result;
use crate::model::access::{Place, Standing, through};
use crate::model::applications::AppScope;
use crate::model::ids::{TeamId, UserId};
use crate::model::teams::Membership;
use crate::service::app::Cx;
use crate::service::{teams, users};
use crate::store;
use crate::store::applications::Reachable;

/// A scope of an application that an account may use, and through what.
#[derive(Clone, Debug)]
pub struct Usable {
    /// The scope.
    pub scope: AppScope,
    /// The teams that open it and that the caller may know of, with the account's role there.
    pub through: Vec<Membership>,
    /// How many other teams open it.
    pub hidden_teams: usize,
}

/// What an account may use of applications, in the order of the scopes' words.
///
/// # Errors
/// [`NotFound`](crate::model::Error::NotFound) where the caller may not know of the user.
pub fn of_account(cx: &mut Cx<'_, '_>, id: UserId) -> Result<Vec<Usable>> {
    let info = users::get(cx, id)?;
    let memberships = store::memberships::of_user(cx.tx, id)?;
    let standing = info.user.standing(memberships.iter().map(|one| (one.team, one.grants)).collect());
    let offered = reachable(cx, &standing)?;
    let mut known: BTreeSet<TeamId> = teams::names(cx, memberships.iter().map(|one| one.team))?.into_keys().collect();
    known.extend(info.teams.iter().map(|team| team.team));
    let usable = |scope: &AppScope| {
        let open = offered.access.get(&scope.application)?;
        let through: Vec<_> = through(scope.level, &standing, open, None).collect();
        let told = memberships.iter().filter(|one| through.contains(&one.team) && known.contains(&one.team));
        let told: Vec<_> = told.cloned().collect();
        let hidden_teams = through.len() - told.len();
        (!through.is_empty()).then(|| Usable { scope: scope.clone(), through: told, hidden_teams })
    };
    Ok(offered.scopes.iter().filter_map(usable).collect())
}

fn reachable(cx: &mut Cx<'_, '_>, standing: &Standing) -> Result<Reachable> {
    let teams: Vec<_> = standing.teams.iter().map(|(id, _)| *id).collect();
    if teams.is_empty() {
        return Ok(Reachable::default());
    }
    store::applications::reachable(cx.tx, &teams)
}

/// What an account of this standing may use of applications.
pub(in crate::service) fn usable_by(cx: &mut Cx<'_, '_>, standing: &Standing) -> Result<BTreeSet<AppScope>> {
    let offered = reachable(cx, standing)?;
    let usable = |scope: &AppScope| {
        let open = offered.access.get(&scope.application);
        open.is_some_and(|open| through(scope.level, standing, open, None).next().is_some())
    };
    Ok(offered.scopes.iter().filter(|scope| usable(scope)).cloned().collect())
}

/// What of these scopes whoever holds them may use, whose standing this is, where a token is limited to these teams.
pub(in crate::service) fn of_holder(
    cx: &mut Cx<'_, '_>,
    scopes: &BTreeSet<AppScope>,
    standing: &Standing,
    limit: Option<&BTreeSet<TeamId>>,
) -> Result<BTreeSet<AppScope>> {
    if scopes.is_empty() {
        return Ok(BTreeSet::new());
    }
    let access = store::applications::access(cx.tx, scopes.iter().map(|scope| scope.application))?;
    let usable = |scope: &AppScope| {
        let open = access.get(&scope.application);
        open.is_some_and(|open| through(scope.level, standing, open, limit).next().is_some())
    };
    Ok(scopes.iter().filter(|scope| usable(scope)).cloned().collect())
}

/// The scope of this word, `slug:scope`, where the caller may know of it: they read the application, or they or the account with
/// this standing are in a team that has access.
pub(in crate::service) fn known_scope(cx: &mut Cx<'_, '_>, word: &str, account: &Standing) -> Result<Option<AppScope>> {
    let Some((slug, name)) = word.split_once(':').filter(|_| !word.contains('\0')) else { return Ok(None) };
    let Some(scope) = store::applications::by_words(cx.tx, slug, name)? else { return Ok(None) };
    let home = store::applications::get(cx.tx, scope.application)?.home;
    if cx.actor.can(READ, Place::of_home(Some(home))) {
        return Ok(Some(scope));
    }
    let own = cx.actor.identity().map(|who| who.standing.teams.clone()).unwrap_or_default();
    let teams: Vec<_> = own.iter().chain(&account.teams).map(|(id, _)| *id).collect();
    let is_open = store::applications::is_open_to(cx.tx, scope.application, &teams)?;
    Ok(is_open.then_some(scope))
}
