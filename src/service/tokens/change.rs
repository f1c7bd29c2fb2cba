//! Changing a token: its name, what it may be used for, and where. It keeps its secret.

use std::collections::BTreeSet;

use super::giving::{Extent, grantable_uses, may_give, named_uses, within_parent};
use super::mint::{known_teams, may_make_global_admin, name_taken};
use super::{may_manage, told};
use crate::model::access::Standing;
use crate::model::applications::AppScope;
use crate::model::error::Problems;
use crate::model::ids::{TeamId, TokenId, UserId};
use crate::model::permissions::{Action, Permission, PermissionSet};
use crate::model::tokens::{Networks, Token, TokenState};
use crate::model::users::User;
use crate::model::{Error, Result, names};
use crate::service::app::{Cx, account, differences};
use crate::service::{teams, users};
use crate::store;

/// What is to be changed of a token; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct TokenChange {
    /// The version it was read at; without it, whatever is there is changed.
    pub version: Option<i64>,
    /// Another name, unique for the account.
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Other scopes.
    pub scopes: Option<PermissionSet>,
    /// Other scopes of applications, as `slug:scope`.
    pub app_scopes: Option<BTreeSet<String>>,
    /// No limit to teams, or a limit to these and to those in force that the caller may not know of.
    pub teams: Option<Option<BTreeSet<TeamId>>>,
    /// From where it may be used.
    pub networks: Option<Networks>,
    /// Whether it acts as an Admin.
    pub global_admin: Option<bool>,
}

/// A token before and after a change.
#[derive(Clone, Debug)]
pub struct Changed {
    /// As it was.
    pub before: Token,
    /// As it is.
    pub after: Token,
}

/// Changes a token, from its next request on. What only takes away asks for the permission alone; what adds also asks that the
/// caller hold all that the token could do then (rule 2).
///
/// # Errors
/// [`Error::Stale`] where somebody else changed it meanwhile, a refusal, what is wrong with the fields, or a token that is
/// over.
pub fn change(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId, change: &TokenChange) -> Result<Changed> {
    let (user, before) = target(cx, user, token)?;
    // Before it is judged: whoever saw another token asks for something that they did not mean.
    at_version(&before, change.version)?;
    let after = checked(cx, &user, &before, change)?;
    authorise(cx, &user, &before, &after)?;
    if before == after {
        return Ok(Changed { before, after });
    }
    let was = told(cx, &before)?;
    let after = store::tokens::update(cx.tx, &after)?;
    let added = after.scopes.without(before.scopes);
    store::uses::added(cx.tx, after.id, added, cx.now)?;
    cx.app.uses.forget(after.id, added);
    let is = told(cx, &after)?;
    let (was, is) = differences(was, is);
    let named = |mut fields: serde_json::Value| {
        fields["token"] = serde_json::json!({ "id": before.id, "name": before.name });
        fields
    };
    cx.done(account(&user), was.map(named), is.map(named))?;
    Ok(Changed { before, after })
}

/// The token that the caller may change, and whose it is.
pub(in crate::service) fn target(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId) -> Result<(User, Token)> {
    acting(cx, user, token, "token.update")
}

/// The token to which the caller may do something that needs `tokens:update`, and whose it is.
pub(super) fn acting(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId, action: &'static str) -> Result<(User, Token)> {
    let user = users::get(cx, user)?.user;
    cx.attempt(action);
    may_manage(cx, &user, Action::Update)?;
    let token = store::tokens::get(cx.tx, user.id, token)?;
    match token.state(cx.now) {
        TokenState::Revoked => over(&token, "was revoked"),
        TokenState::Expired => over(&token, "has expired"),
        TokenState::Active | TokenState::Expiring | TokenState::Suspended | TokenState::Stopped => Ok((user, token)),
    }
}

/// Goes on only where the token is still at the version it was read at.
pub(super) fn at_version(token: &Token, version: Option<i64>) -> Result<()> {
    match version {
        Some(version) if version != token.version => Err(Error::Stale),
        _ => Ok(()),
    }
}

fn over<T>(token: &Token, what: &str) -> Result<T> {
    Err(Error::Conflict(format!("{} {what}, so it cannot be changed. Make another token.", token.name)))
}

/// The token as it would be after `change`, once the fields are seen to be good.
pub(in crate::service) fn checked(
    cx: &mut Cx<'_, '_>,
    user: &User,
    before: &Token,
    change: &TokenChange,
) -> Result<Token> {
    let mut problems = Problems::default();
    let mut after = before.clone();
    if let Some(name) = &change.name {
        after.name = problems.take(names::display("name", name)).unwrap_or_default();
        if store::tokens::name_taken(cx.tx, user.id, &after.name, Some(before.id))? {
            problems.add("name", name_taken(user));
        }
    }
    if let Some(text) = &change.description {
        after.description = problems.take(names::description(text)).unwrap_or_default();
    }
    after.global_admin = change.global_admin.unwrap_or(before.global_admin);
    if after.global_admin && !before.global_admin {
        (after.scopes, after.app_scopes, after.teams) = (PermissionSet::EMPTY, BTreeSet::new(), None);
    }
    after.scopes = change.scopes.unwrap_or(after.scopes);
    if let Some(words) = &change.app_scopes {
        let standing = user.standing(store::memberships::roles(cx.tx, user.id)?);
        let named = problems.gather(named_uses(cx, words, &standing, &before.app_scopes))?;
        after.app_scopes = named.unwrap_or_default();
    }
    if let Some(limit) = &change.teams {
        match limited(cx, before, limit.as_ref()) {
            Ok(limit) => after.teams = limit,
            error => problems.merge(error)?,
        }
    }
    if let Some(networks) = &change.networks {
        after.networks = networks.clone();
    }
    let has_scopes = !after.scopes.is_empty() || !after.app_scopes.is_empty();
    if after.global_admin && (has_scopes || after.teams.is_some()) {
        problems.add("scopes", "A global-admin token has no scopes and no teams of its own: it acts as an Admin.");
    }
    problems.check()?;
    Ok(after)
}

/// The teams that the token is limited to afterwards: those that are wanted, and those that the caller may not know of.
fn limited(cx: &mut Cx<'_, '_>, before: &Token, wanted: Option<&BTreeSet<TeamId>>) -> Result<Option<BTreeSet<TeamId>>> {
    let Some(wanted) = wanted else { return Ok(None) };
    known_teams(cx, wanted.iter().copied())?;
    let hidden = before.teams.iter().flatten().filter(|id| !teams::is_known(cx, **id));
    let limit: BTreeSet<_> = wanted.iter().chain(hidden).copied().collect();
    if limit.is_empty() && before.teams.as_ref() != Some(&limit) {
        return Err(Error::field("limit_teams", "Tick at least one team, or let it act wherever its account may."));
    }
    Ok(Some(limit))
}

/// Rule 2: what makes a token wider asks more than the permission to change it.
fn authorise(cx: &mut Cx<'_, '_>, user: &User, before: &Token, after: &Token) -> Result<()> {
    if !after.is_wider_than(before) {
        return Ok(());
    }
    // It has no scopes to be measured by: a wider network is an Admin's power from more places.
    if after.global_admin {
        return may_make_global_admin(cx, extent(after));
    }
    let standing = user.standing(store::memberships::roles(cx.tx, user.id)?);
    may_widen(cx, user, &standing, after)
}

/// Rule 2 for a token that is rotated or resumed: whoever does it may make it as it is.
pub(super) fn may_yield(cx: &mut Cx<'_, '_>, user: &User, token: &Token) -> Result<()> {
    if cx.actor.token().is_some_and(|acting| acting.replaced) {
        return Err(Error::refused(
            "This secret was replaced by a rotation, and is good for a while only. Use the new one.",
        ));
    }
    if token.global_admin {
        return may_make_global_admin(cx, extent(token));
    }
    let standing = user.standing(store::memberships::roles(cx.tx, user.id)?);
    may_widen(cx, user, &standing, token)
}

fn extent(token: &Token) -> Extent<'_> {
    Extent {
        scopes: token.scopes,
        app_scopes: &token.app_scopes,
        teams: token.teams.as_ref(),
        networks: &token.networks,
    }
}

/// A token acting gives no more than it has, and nothing to one that outlives it; to itself it therefore gives nothing at all.
fn may_widen(cx: &Cx<'_, '_>, user: &User, standing: &Standing, after: &Token) -> Result<()> {
    may_give(cx, user, standing, extent(after))?;
    let Some(parent) = cx.actor.token() else { return Ok(()) };
    if parent.expires_at.is_some_and(|limit| after.expires_at.is_none_or(|end| end > limit)) {
        return Err(Error::refused(
            "This token ends later than the one that acts on it. A token gives nothing that outlives it.",
        ));
    }
    within_parent(cx, parent, extent(after))
}

/// What the form for a token offers: only what the caller may give, and what is there already.
#[derive(Clone, Debug)]
pub struct Editing {
    /// The scopes that may be added.
    pub scopes: PermissionSet,
    /// The scopes of applications that may be added.
    pub app_scopes: BTreeSet<AppScope>,
    /// The teams that the caller may know of, of the account and of the limit, by name.
    pub teams: Vec<LimitTeam>,
    /// How many teams it is limited to that the caller may not know of.
    pub hidden_teams: usize,
    /// Whether it may be left or made without a limit to teams.
    pub may_lift: bool,
    /// Why nothing at all may be added, where that is so.
    pub only_less: Option<String>,
    /// Whether it may be made to act as an Admin.
    pub may_global: bool,
    /// Whether the password has to be typed for that.
    pub ask_password: bool,
}

/// A team that a token is or may be limited to.
#[derive(Clone, Debug)]
pub struct LimitTeam {
    /// Its id.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// Whether the token acts in it by its limit.
    pub ticked: bool,
    /// Whether it may be added to the limit.
    pub may_add: bool,
}

/// What the caller may change of a token.
///
/// # Errors
/// Those of [`change`].
pub fn editing(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId) -> Result<Editing> {
    let (user, token) = target(cx, user, token)?;
    let memberships = store::memberships::roles(cx.tx, user.id)?;
    let limit = token.teams.clone().unwrap_or_default();
    let known = teams::names(cx, memberships.iter().map(|(id, _)| *id).chain(limit.iter().copied()))?;
    let standing = user.standing(memberships);
    let mut app_scopes = if token.global_admin { BTreeSet::new() } else { grantable_uses(cx, &standing)? };
    let may = |after: &Token| !after.is_wider_than(&token) || may_widen(cx, &user, &standing, after).is_ok();
    let may_tick =
        |scope: &Permission| may(&Token { scopes: token.scopes.or([*scope].into_iter().collect()), ..token.clone() });
    let may_add = |id: TeamId| {
        let more = token.teams.as_ref().map(|limit| limit.iter().copied().chain([id]).collect());
        may(&Token { teams: more, ..token.clone() })
    };
    let limit_team = |(id, name)| LimitTeam { id, name, ticked: limit.contains(&id), may_add: may_add(id) };
    let hidden_teams = limit.iter().filter(|id| !known.contains_key(*id)).count();
    let mut offered: Vec<_> = known.into_iter().map(limit_team).collect();
    offered.sort_by_cached_key(|team| names::fold(&team.name));
    let only_less = may_widen(cx, &user, &standing, &token).err().filter(|_| !token.global_admin);
    let with = |scope: &AppScope| token.app_scopes.iter().chain([scope]).cloned().collect();
    app_scopes.retain(|scope| {
        let wider = Token { app_scopes: with(scope), ..token.clone() };
        !wider.is_wider_than(&token) || may_widen(cx, &user, &standing, &wider).is_ok()
    });
    Ok(Editing {
        app_scopes,
        scopes: Permission::all().filter(|scope| !token.global_admin && may_tick(scope)).collect(),
        teams: offered,
        hidden_teams,
        may_lift: may(&Token { teams: None, ..token.clone() }),
        only_less: only_less.map(|error| error.to_string()),
        may_global: cx.actor.is_admin() && cx.actor.token().is_none(),
        ask_password: cx.actor.typed_password_lately(cx.now).is_err(),
    })
}
