//! Which scopes of applications an account or a token may use at this moment (rule 6).

use std::collections::{BTreeSet, HashMap};

use super::READ;
use crate::model::Result;
use crate::model::access::{Place, Standing, through};
use crate::model::applications::{AppScope, Application};
use crate::model::ids::{ApplicationId, ScopeId, TeamId, UserId};
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

impl Usable {
    /// What may be told of a scope that is used through these teams: those of them that are `known`, and how many others there are.
    pub(in crate::service) fn told(
        scope: &AppScope,
        through: &[TeamId],
        memberships: &[Membership],
        known: impl Fn(TeamId) -> bool,
    ) -> Self {
        let told = memberships.iter().filter(|one| through.contains(&one.team) && known(one.team));
        let told: Vec<_> = told.cloned().collect();
        Self { scope: scope.clone(), hidden_teams: through.len() - told.len(), through: told }
    }
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
        (!through.is_empty()).then(|| Usable::told(scope, &through, &memberships, |team| known.contains(&team)))
    };
    Ok(offered.scopes.iter().filter_map(usable).collect())
}

/// An application, and some of its scopes.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The application.
    pub application: Application,
    /// The scopes by name, each with what it allows.
    pub scopes: Vec<(AppScope, String)>,
}

/// These scopes by application, by its name, with what is said of them. Whoever asks may know of the scopes.
///
/// # Errors
/// A fault.
pub fn described(cx: &mut Cx<'_, '_>, scopes: &BTreeSet<AppScope>) -> Result<Vec<Offer>> {
    let ids: BTreeSet<_> = scopes.iter().map(|scope| scope.application).collect();
    let mut offers = Vec::new();
    for application in store::applications::many(cx.tx, ids)? {
        let said = store::applications::scopes(cx.tx, application.id)?;
        let mut said: HashMap<ScopeId, String> = said.into_iter().map(|one| (one.id, one.description)).collect();
        let of_it = scopes.iter().filter(|scope| scope.application == application.id);
        let scopes = of_it.map(|scope| (scope.clone(), said.remove(&scope.id).unwrap_or_default())).collect();
        offers.push(Offer { application, scopes });
    }
    Ok(offers)
}

fn reachable(cx: &mut Cx<'_, '_>, standing: &Standing) -> Result<Reachable> {
    let teams: Vec<_> = standing.teams.iter().map(|(id, _)| *id).collect();
    if teams.is_empty() {
        return Ok(Reachable::default());
    }
    store::applications::reachable(cx.tx, &teams)
}

/// The teams that have access to each of some applications.
pub(in crate::service) type Open = HashMap<ApplicationId, BTreeSet<TeamId>>;

/// Those of the scopes that an account of this standing may use, by a token that is limited to these teams.
pub(in crate::service) fn usable<'a>(
    scopes: impl IntoIterator<Item = &'a AppScope>,
    open: &Open,
    standing: &Standing,
    limit: Option<&BTreeSet<TeamId>>,
) -> BTreeSet<AppScope> {
    let usable = |scope: &&AppScope| {
        let open = open.get(&scope.application);
        open.is_some_and(|open| through(scope.level, standing, open, limit).next().is_some())
    };
    scopes.into_iter().filter(usable).cloned().collect()
}

/// What an account of this standing may use of applications.
pub(in crate::service) fn usable_by(cx: &mut Cx<'_, '_>, standing: &Standing) -> Result<BTreeSet<AppScope>> {
    let offered = reachable(cx, standing)?;
    Ok(usable(&offered.scopes, &offered.access, standing, None))
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
    let open = store::applications::access(cx.tx, scopes.iter().map(|scope| scope.application))?;
    Ok(usable(scopes, &open, standing, limit))
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
