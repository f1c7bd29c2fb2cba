//! Who is in which team, with which role.

use std::collections::HashMap;

use serde_json::json;

use super::app::{Cx, account};
use crate::model::access::{Holdings, Place};
use crate::model::actor::Sight;
use crate::model::ids::{RoleId, TeamId, UserId};
use crate::model::page::{Page, PageRequest};
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::roles::{Grants, TeamRole};
use crate::model::teams::{MemberFilter, Team};
use crate::model::tokens::Summary;
use crate::model::users::{Kind, User, UserState};
use crate::model::{Error, Result};
use crate::store;

/// A member of a team.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who.
    pub user: User,
    /// With which role, by its name; none in `Public`.
    pub role: Option<String>,
    /// Their tokens in figures.
    pub tokens: Summary,
    /// How they stand.
    pub state: UserState,
}

/// A page of a team's members, those that `filter` asks for.
///
/// # Errors
/// [`Error::NotFound`] where the caller may not know of the team.
pub fn page(cx: &mut Cx<'_, '_>, team: TeamId, filter: &MemberFilter, request: &PageRequest) -> Result<Page<Member>> {
    super::teams::get(cx, team)?;
    if !may_list(cx, team) {
        // Everyone is in Public, and who may not see everyone does not see them here either.
        return Ok(Page::empty());
    }
    if cx.actor.token().is_some() && !team.is_public() {
        // A token that only acts in the team knows of the team, not of who is in it.
        cx.actor.may(Permission::new(Resource::Teams, Action::Read), Place::Team(team))?;
    }
    let page = request.of_list(&format!("members of team {team}"), |request| {
        store::memberships::page(cx.tx, team, filter, request)
    })?;
    let ids: Vec<_> = page.items.iter().map(|(user, _)| user.id).collect();
    let mut tokens = store::tokens::summaries(cx.tx, &ids, (cx.actor.agents_stopped, cx.now))?;
    let teams = store::memberships::of_users(cx.tx, &ids)?;
    let roles: Vec<_> = page.items.iter().filter_map(|(_, role)| *role).collect();
    let names = store::roles::names(cx.tx, &roles)?;
    Ok(page.map(|(user, role)| {
        let role = role.and_then(|id| names.get(&id).cloned());
        let tokens = tokens.remove(&user.id).unwrap_or_default();
        let state = UserState::of(&user, teams.contains_key(&user.id), tokens.usable > 0, cx.actor.agents_stopped);
        Member { state, tokens, user, role }
    }))
}

/// Whether the caller may know who is in a team that they may know of: `Public` is everyone.
pub fn may_list(cx: &Cx<'_, '_>, team: TeamId) -> bool {
    !team.is_public() || cx.actor.sight() == Sight::All
}

/// Up to 20 enabled accounts that the caller may add, of the first that have `text` in their names: whoever may change the
/// team's members may look up any of them.
///
/// # Errors
/// A refusal.
pub fn candidates(cx: &mut Cx<'_, '_>, team: TeamId, machines: bool, text: &str) -> Result<Vec<User>> {
    super::teams::target(cx, team, "team.add_member", Action::Update)?;
    if machines {
        cx.actor.may_manage(Kind::Service)?;
    }
    // Whoever sees not everybody looks strangers up by name alone: an address must not be found out by trying.
    let by_email = cx.actor.sight() == Sight::All;
    let wanted = store::users::Lookup { text, machines, outside: Some(team), by_email };
    let mut found = store::users::lookup(cx.tx, &wanted, 100)?;
    let roles = grantable(cx, team, &found)?;
    found.retain(|user| roles.get(&user.id).is_some_and(|roles| !roles.is_empty()));
    found.truncate(20);
    Ok(found)
}

/// The roles in `team` that the caller may give each of these accounts; none where they may not change its membership.
///
/// # Errors
/// A fault.
pub fn grantable(cx: &mut Cx<'_, '_>, team: TeamId, users: &[User]) -> Result<HashMap<UserId, Vec<TeamRole>>> {
    let ids: Vec<_> = users.iter().map(|user| user.id).collect();
    let mut memberships = store::memberships::of_users(cx.tx, &ids)?;
    let all = super::roles::all(cx)?;
    Ok(users
        .iter()
        .map(|user| {
            let teams = memberships.remove(&user.id).unwrap_or_default();
            let teams: Vec<_> = teams.into_iter().map(|membership| (membership.team, membership.grants)).collect();
            (user.id, roles_for(cx, (team, &all), user, &teams))
        })
        .collect())
}

/// The roles that the caller may give one account in each of these teams.
///
/// # Errors
/// A fault.
pub fn grantable_in(
    cx: &mut Cx<'_, '_>,
    teams: impl IntoIterator<Item = TeamId>,
    user: &User,
) -> Result<HashMap<TeamId, Vec<TeamRole>>> {
    let held = store::memberships::roles(cx.tx, user.id)?;
    let all = super::roles::all(cx)?;
    Ok(teams.into_iter().map(|team| (team, roles_for(cx, (team, &all), user, &held))).collect())
}

fn roles_for(
    cx: &Cx<'_, '_>,
    (team, all): (TeamId, &[TeamRole]),
    user: &User,
    teams: &[(TeamId, Grants)],
) -> Vec<TeamRole> {
    if team.is_public() || may_change(cx, team, user).is_err() {
        return Vec::new();
    }
    let may_give = |role: &&TeamRole| may_widen(cx, user, (team, role.grants), teams.to_vec()).is_ok();
    all.iter().filter(may_give).cloned().collect()
}

/// Rule 2: a role that widens the account is given only by those who cover all that it could do then. Whether it does.
fn may_widen(
    cx: &Cx<'_, '_>,
    user: &User,
    (team, grants): (TeamId, Grants),
    mut teams: Vec<(TeamId, Grants)>,
) -> Result<bool> {
    // What it holds now, not what sleeps: a first team wakes all of an account's power.
    let held = Holdings::of(&user.standing(teams.clone()));
    let had = teams.iter().find(|(id, _)| *id == team).map_or(Grants::NOTHING, |(_, grants)| *grants);
    teams.retain(|(id, _)| *id != team);
    teams.push((team, grants));
    let will_hold = Holdings::latent(&user.standing(teams));
    if !had.cover(grants) {
        // Also where an organisation role gives as much today: the membership stays when that is taken away.
        cx.actor.may_grant(&Holdings::by_role(team, grants))?;
    }
    // An organisation role reaches into no application by itself, so a level that is raised counts whatever that role is.
    match held.lack_against(&will_hold) {
        None if grants.level <= had.level => Ok(false),
        _ => cx.actor.may_grant(&will_hold).map(|()| true),
    }
}

/// A membership that the caller may end.
#[derive(Clone, Debug)]
pub struct Ending {
    /// Of whom.
    pub user: User,
    /// In which team.
    pub team: Team,
    /// The name of the role that is lost.
    pub role: String,
    /// Whether it is the only team besides `Public`.
    pub last: bool,
}

/// What would end with a membership, for whoever is about to end it.
///
/// # Errors
/// Those of [`remove`].
pub fn ending(cx: &mut Cx<'_, '_>, team: TeamId, user: UserId) -> Result<Ending> {
    cx.attempt("team.remove_member");
    let (team, user) = pair(cx, team, user)?;
    let roles = store::memberships::roles(cx.tx, user.id)?;
    let role = store::memberships::role_in(cx.tx, user.id, team)?.ok_or(Error::NotFound("membership"))?;
    Ok(Ending {
        role: store::roles::get(cx.tx, role)?.name,
        last: roles.len() == 1,
        team: store::teams::get(cx.tx, team)?,
        user,
    })
}

/// The team of this name, for an account that is about to be added to it. Whoever may add it to no team is told that first.
///
/// # Errors
/// A refusal, or at `team` that there is none of this name which the caller may know of.
pub fn team_for(cx: &mut Cx<'_, '_>, user: UserId, name: &str) -> Result<TeamId> {
    let user = super::users::get(cx, user)?.user;
    cx.attempt("team.set_member");
    cx.actor.may_manage(user.kind)?;
    cx.actor.may_touch(&user)?;
    if !super::users::row_rights(cx, &user)?.assign {
        return Err(Error::lacks(Permission::new(Resource::Teams, Action::Update)));
    }
    if name.is_empty() {
        return Err(Error::field("team", "Choose a team."));
    }
    let found = super::teams::by_name(cx, name)?.map(|team| team.id);
    found.ok_or_else(|| Error::field("team", "There is no such team, or none that you may know of."))
}

/// Makes a user a member with this role, or changes the role.
///
/// # Errors
/// A refusal, no such role, or `Public`, where nobody has a role.
pub fn set(cx: &mut Cx<'_, '_>, team: TeamId, user: UserId, role: RoleId) -> Result<()> {
    cx.attempt("team.set_member");
    let (team, user) = pair(cx, team, user)?;
    let role = store::roles::get(cx.tx, role)?;
    let teams = store::memberships::roles(cx.tx, user.id)?;
    let ids: Vec<_> = teams.iter().map(|(id, _)| *id).collect();
    let grows = may_widen(cx, &user, (team, role.grants), teams);
    let grows = if cx.actor.sees(&user, &ids) { grows? } else { grows.map_err(untold)? };
    let had = store::memberships::set(cx.tx, user.id, team, role.id, cx.now)?;
    if had == Some(role.id) {
        return Ok(());
    }
    if grows {
        super::links::end_after_growth(cx, user.id)?;
    }
    let was = had.map(|role| told(cx, team, role)).transpose()?;
    let is = told(cx, team, role.id)?;
    cx.done(account(&user), was, Some(is))
}

/// Goes on only where the caller may give this user some role in this team, before anything else is looked up.
///
/// # Errors
/// Those of [`set`].
pub fn setting(cx: &mut Cx<'_, '_>, team: TeamId, user: UserId) -> Result<()> {
    cx.attempt("team.set_member");
    pair(cx, team, user).map(drop)
}

/// Whoever looks up somebody whom they do not see learns their name, and not how much they may do.
fn untold(error: Error) -> Error {
    match error {
        Error::Forbidden(_) => Error::refused("This account can do more than you can give, so you cannot add it."),
        other => other,
    }
}

/// What the audit log keeps of a membership.
fn told(cx: &mut Cx<'_, '_>, team: TeamId, role: RoleId) -> Result<serde_json::Value> {
    let (team, role) = (store::teams::get(cx.tx, team)?, store::roles::get(cx.tx, role)?);
    Ok(json!({ "team": { "id": team.id, "name": team.name }, "role": role.name }))
}

/// Ends a membership.
///
/// # Errors
/// A refusal, `Public`, which nobody can leave, or no such membership.
pub fn remove(cx: &mut Cx<'_, '_>, team: TeamId, user: UserId) -> Result<()> {
    cx.attempt("team.remove_member");
    let (team, user) = pair(cx, team, user)?;
    let had = store::memberships::remove(cx.tx, user.id, team)?;
    let was = told(cx, team, had)?;
    cx.done(account(&user), Some(was), None)
}

/// Checks team and user: membership is `teams:update` in the team, and only Admins act on Admins.
fn pair(cx: &mut Cx<'_, '_>, team: TeamId, user: UserId) -> Result<(TeamId, User)> {
    if !super::teams::is_known(cx, team) {
        return Err(Error::NotFound("team"));
    }
    let user = store::users::get(cx.tx, user)?;
    let teams: Vec<_> = store::memberships::roles(cx.tx, user.id)?.into_iter().map(|(id, _)| id).collect();
    let update = Permission::new(Resource::Teams, Action::Update);
    let may_look_up = user.is_enabled() && cx.actor.can(update, Place::Team(team));
    if !cx.actor.sees(&user, &teams) && !may_look_up {
        return Err(Error::NotFound("user"));
    }
    cx.on(account(&user));
    cx.within(team);
    if team.is_public() {
        return Err(Error::Conflict("Everyone is in Public, nobody can leave it, and nobody has a role there.".into()));
    }
    store::teams::get(cx.tx, team)?;
    let may = may_change(cx, team, &user);
    if cx.actor.sees(&user, &teams) {
        may?
    } else {
        may.map_err(untold)?
    }
    Ok((team, user))
}

/// Membership of a team is `teams:update` there, whoever the member is.
fn may_change(cx: &Cx<'_, '_>, team: TeamId, user: &User) -> Result<()> {
    cx.actor.may(Permission::new(Resource::Teams, Action::Update), Place::Team(team))?;
    cx.actor.may_manage(user.kind)?;
    cx.actor.may_touch(user)
}
