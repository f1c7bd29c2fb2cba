//! *What may this token do*: each permission with the roles it comes from, and each scope without effect with the reason.

use std::collections::{BTreeSet, HashMap};

use super::{TokenInfo, access, get};
use crate::model::access::{Standing, through};
use crate::model::applications::AppScope;
use crate::model::effective::{self, Idle, Source, Stopped};
use crate::model::ids::{TeamId, TokenId, UserId};
use crate::model::permissions::{Permission, PermissionSet};
use crate::model::tokens::Token;
use crate::model::tokens::uses::Watched;
use crate::model::{Result, names};
use crate::service::app::Cx;
use crate::service::applications::Usable;
use crate::service::teams;
use crate::service::users::{self, Granted};
use crate::store;

/// What a token may do at this moment.
#[derive(Clone, Debug)]
pub struct Power {
    /// The token.
    pub info: TokenInfo,
    /// Why it can do nothing at all, where that is so.
    pub stopped: Option<&'static str>,
    /// Each permission that it has.
    pub uses: Vec<Use>,
    /// Each scope of an application that it may use, and through what.
    pub in_applications: Vec<Usable>,
    /// Each of its scopes that has no effect, in words, with the reason.
    pub idle: Vec<(String, String)>,
    /// The names of the teams that it is limited to, those that the caller may know of, and how many others there are.
    pub limit: Option<(Vec<String>, usize)>,
}

/// Which scopes of a token are in use, for whoever has found it.
///
/// # Errors
/// A fault.
pub fn scope_use(cx: &mut Cx<'_, '_>, token: &Token) -> Result<Vec<Watched>> {
    let mut watched = store::uses::scopes(cx.tx, token)?;
    if let Some((at, scopes)) = cx.app.uses.scopes_of(token.id) {
        let waiting = watched.iter_mut().filter(|one| scopes.has(one.scope));
        waiting.for_each(|one| one.last_used_at = one.last_used_at.max(Some(at)));
    }
    Ok(watched)
}

/// A permission that a token has.
#[derive(Clone, Debug)]
pub struct Use {
    /// The permission.
    pub permission: Permission,
    /// Where it has it, and by which role.
    pub by: Vec<Granted>,
    /// In how many teams that the caller may not know of it has it as well.
    pub hidden_teams: usize,
}

/// What a token may do, for whoever may read it.
///
/// # Errors
/// A refusal, or no such token.
pub fn power(cx: &mut Cx<'_, '_>, user: UserId, token: TokenId) -> Result<Power> {
    let info = get(cx, user, token)?;
    let users::UserInfo { user, teams: own, .. } = users::get(cx, user)?;
    let token = &info.token;
    let memberships = store::memberships::of_user(cx.tx, user.id)?;
    let limit = token.teams.iter().flatten().copied();
    let mut named = teams::names(cx, memberships.iter().map(|team| team.team).chain(limit))?;
    named.extend(own.into_iter().map(|team| (team.team, team.team_name)));
    let account = effective::of_account(user.kind, user.role, &memberships);
    let stopped = Stopped::of(token, &user, cx.now);
    let sources = if stopped.is_some() { Vec::new() } else { effective::of_token(token, &account) };
    let limit = limit_named(token, &named);
    let why = |scope| match stopped {
        Some(stopped) => Some(why_stopped(stopped).to_owned()),
        None => effective::idle(scope, &account, &sources).map(|idle| why_idle(idle, limit.as_ref())),
    };
    let mut idle: Vec<_> = token.scopes.iter().filter_map(|scope| Some((scope.to_string(), why(scope)?))).collect();
    let standing = user.standing(memberships.iter().map(|one| (one.team, one.grants)).collect());
    let open = access(cx, [token])?;
    let none = BTreeSet::new();
    let mut in_applications = Vec::new();
    for scope in &token.app_scopes {
        let open = open.get(&scope.application).unwrap_or(&none);
        match (stopped, why_unused(scope, &standing, open, (token, limit.as_ref()))) {
            (Some(stopped), _) => idle.push((scope.to_string(), why_stopped(stopped).to_owned())),
            (None, Some(why)) => idle.push((scope.to_string(), why)),
            (None, None) => {
                let through: Vec<_> = through(scope.level, &standing, open, token.teams.as_ref()).collect();
                let known = |team| named.contains_key(&team);
                in_applications.push(Usable::told(scope, &through, &memberships, known));
            }
        }
    }
    Ok(Power { stopped: stopped.map(why_stopped), uses: uses(&sources, &named), in_applications, idle, limit, info })
}

fn uses(sources: &[Source], named: &HashMap<TeamId, String>) -> Vec<Use> {
    let held = |permission: Permission| move |source: &&Source| source.grants.permissions.has(permission);
    let all: PermissionSet = sources.iter().fold(PermissionSet::EMPTY, |all, source| all.or(source.grants.permissions));
    let used = |permission| {
        let by = sources.iter().filter(held(permission));
        let (by, hidden_teams) = Granted::told(by, named);
        Use { permission, by, hidden_teams }
    };
    all.iter().map(used).collect()
}

/// The names of the teams of a limit that are known, and how many others there are.
fn limit_named(token: &Token, named: &HashMap<TeamId, String>) -> Option<(Vec<String>, usize)> {
    let limit = token.teams.as_ref()?;
    let mut known: Vec<String> = limit.iter().filter_map(|id| named.get(id).cloned()).collect();
    known.sort_by_key(|name| names::fold(name));
    let hidden = limit.len() - known.len();
    Some((known, hidden))
}

fn why_stopped(stopped: Stopped) -> &'static str {
    match stopped {
        Stopped::Revoked => "The token was revoked.",
        Stopped::Expired => "The token has expired.",
        Stopped::Suspended => "The token is suspended.",
        Stopped::Agents => "All AI agents are stopped.",
        Stopped::Disabled => "Its account is disabled.",
    }
}

fn why_idle(idle: Idle, limit: Option<&(Vec<String>, usize)>) -> String {
    match (idle, limit) {
        (Idle::NoTeam, _) => "Its account is in no team besides Public, so none of its roles counts.".into(),
        (Idle::NoRole, _) | (Idle::Elsewhere, None) => "No role of its account holds it.".into(),
        (Idle::NotInTeams, _) => {
            "A token that is limited to teams does not act on its account\u{2019}s own things.".into()
        }
        (Idle::Elsewhere, Some((known, hidden))) => {
            format!("It is limited to {}, where no role of its account holds it.", listed(known, *hidden))
        }
    }
}

/// Why a scope of an application has no effect, in words. `limit` is what may be told of the token's.
fn why_unused(
    scope: &AppScope,
    standing: &Standing,
    open: &BTreeSet<TeamId>,
    (token, limit): (&Token, Option<&(Vec<String>, usize)>),
) -> Option<String> {
    let level = scope.level;
    let why = match (effective::idle_use(scope, standing, open, token.teams.as_ref())?, limit) {
        (Idle::NoTeam, _) => {
            "Its account is in no team besides Public, and applications are used through teams alone.".into()
        }
        (Idle::Elsewhere | Idle::NotInTeams, Some((known, hidden))) => format!(
            "It is limited to {}, where no team has access with a role of its account that reaches the level {level}.",
            listed(known, *hidden)
        ),
        _ => {
            format!("No team of its account has access to the application with a role that reaches the level {level}.")
        }
    };
    Some(why)
}

/// `Billing, Support and 2 teams that you may not see`.
pub(in crate::service) fn listed(known: &[String], hidden: usize) -> String {
    let mut parts = known.to_vec();
    match hidden {
        0 => {}
        1 => parts.push("1 team that you may not see".into()),
        n => parts.push(format!("{n} teams that you may not see")),
    }
    match parts.split_last() {
        None => "no team".into(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
