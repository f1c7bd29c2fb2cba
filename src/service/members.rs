//! Who is in which team, with which role.

use serde_json::json;

use super::app::{Cx, account};
use crate::model::access::{Holdings, Place};
use crate::model::actor::Sight;
use crate::model::ids::{TeamId, UserId};
use crate::model::page::{Page, PageRequest};
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::roles::{OrgRole, TeamRole};
use crate::model::tokens::Summary;
use crate::model::users::{Kind, User};
use crate::model::{Error, Result};
use crate::store;

/// A member of a team.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who.
    pub user: User,
    /// With which role; none in `Public`.
    pub role: Option<TeamRole>,
    /// Their tokens in figures.
    pub tokens: Summary,
}

/// A page of a team's people, or of its service and agent accounts.
///
/// # Errors
/// [`Error::NotFound`] where the caller may not know of the team.
pub fn page(cx: &mut Cx<'_, '_>, team: TeamId, machines: bool, request: &PageRequest) -> Result<Page<Member>> {
    super::teams::get(cx, team)?;
    if team.is_public() && cx.actor.sight() != Sight::All {
        // Everyone is in Public, and who may not see everyone does not see them here either.
        return Ok(Page {
            items: Vec::new(),
            next: None,
            previous: None,
        });
    }
    let page = store::memberships::page(cx.tx, team, machines, request)?;
    let ids: Vec<_> = page.items.iter().map(|(user, _)| user.id).collect();
    let mut tokens = store::tokens::summaries(cx.tx, &ids, cx.now)?;
    Ok(page.map(|(user, role)| Member {
        tokens: tokens.remove(&user.id).unwrap_or_default(),
        user,
        role,
    }))
}

/// Up to 20 enabled accounts that could be added: whoever may change the team's members may look up any of them.
///
/// # Errors
/// A refusal.
pub fn candidates(cx: &mut Cx<'_, '_>, team: TeamId, machines: bool, text: &str) -> Result<Vec<User>> {
    super::teams::target(cx, team, "team.add_member", Action::Update)?;
    store::users::lookup(cx.tx, text, Some(machines), Some(team), 20)
}

/// Makes a user a member with this role, or changes the role.
///
/// # Errors
/// A refusal, or `Public`, where nobody has a role.
pub fn set(cx: &mut Cx<'_, '_>, team: TeamId, user: UserId, role: TeamRole) -> Result<()> {
    cx.attempt("team.set_member");
    let (team, user) = pair(cx, team, user)?;
    let mut teams = store::memberships::roles(cx.tx, user.id)?;
    let held = Holdings::of(&user.standing(teams.clone()));
    teams.retain(|(id, _)| *id != team);
    teams.push((team, role));
    let will_hold = Holdings::of(&user.standing(teams));
    if held.lack_against(&will_hold).is_some() {
        cx.actor.may_grant(&will_hold)?;
    }
    let had = store::memberships::set(cx.tx, user.id, team, role, cx.now)?;
    if had == Some(role) {
        return Ok(());
    }
    let name = store::teams::get(cx.tx, team)?.name;
    let told = |role: TeamRole| json!({ "team": name, "role": role });
    cx.done(account(&user), had.map(told), Some(told(role)))
}

/// Ends a membership.
///
/// # Errors
/// A refusal, `Public`, which nobody can leave, or no such membership.
pub fn remove(cx: &mut Cx<'_, '_>, team: TeamId, user: UserId) -> Result<()> {
    cx.attempt("team.remove_member");
    let (team, user) = pair(cx, team, user)?;
    let had = store::memberships::remove(cx.tx, user.id, team)?;
    let name = store::teams::get(cx.tx, team)?.name;
    cx.done(account(&user), Some(json!({ "team": name, "role": had })), None)
}

/// Checks team and user: membership is `teams:update` in the team, or changing the account where the team is its home;
/// and only Admins act on Admins.
fn pair(cx: &mut Cx<'_, '_>, team: TeamId, user: UserId) -> Result<(TeamId, User)> {
    if !super::teams::is_known(cx, team) {
        return Err(Error::NotFound("team"));
    }
    let user = store::users::get(cx.tx, user)?;
    let teams: Vec<_> = store::memberships::roles(cx.tx, user.id)?
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    let update = Permission::new(Resource::Teams, Action::Update);
    let may_look_up = user.is_enabled() && cx.actor.can(update, Place::Team(team));
    if !cx.actor.sees(&user, &teams) && !may_look_up {
        return Err(Error::NotFound("user"));
    }
    cx.on(account(&user));
    if team.is_public() {
        return Err(Error::Conflict(
            "Everyone is in Public, nobody can leave it, and nobody has a role there.".into(),
        ));
    }
    store::teams::get(cx.tx, team)?;
    let at_home = user.kind != Kind::Person
        && user.home_team == Some(team)
        && cx.actor.can(user.permission(Action::Update), Place::Team(team));
    if !at_home {
        cx.actor.may(update, Place::Team(team))?;
    }
    if user.role == OrgRole::Admin && !cx.actor.is_admin() {
        return Err(Error::refused(format!(
            "{} is an Admin, and only Admins act on Admins.",
            user.username
        )));
    }
    Ok((team, user))
}
