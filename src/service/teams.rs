//! Teams.

use std::collections::{BTreeSet, HashMap};

use serde_json::json;

use super::app::{Cx, differences};
use crate::model::access::Place;
use crate::model::actor::Via;
use crate::model::audit::Target;
use crate::model::error::Problems;
use crate::model::ids::{RoleId, TeamId};
use crate::model::page::{Page, PageRequest};
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::teams::{MemberFilter, Team};
use crate::model::users::{Kind, User};
use crate::model::{Error, Result, names};
use crate::store;

const READ: Permission = Permission::new(Resource::Teams, Action::Read);
const UPDATE: Permission = Permission::new(Resource::Teams, Action::Update);

/// A team with its figures.
#[derive(Clone, Debug)]
pub struct TeamInfo {
    /// The team.
    pub team: Team,
    /// How many people are members; `None` for `Public`.
    pub people: Option<i64>,
    /// How many service and agent accounts are members; `None` for `Public`.
    pub machines: Option<i64>,
}

/// What the caller may do with a team, for drawing the controls.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each control of a page")]
pub struct TeamRights {
    /// Change it and its members.
    pub update: bool,
    /// Make service accounts at home in it.
    pub create_accounts: bool,
    /// Give service accounts a role in it: as [`TeamRights::update`], where no setting leaves that to Admins.
    pub assign_accounts: bool,
    /// Remove it.
    pub delete: bool,
    /// See what was done in it.
    pub see_activity: bool,
}

pub(super) fn named(team: &Team) -> Target {
    Target { kind: "team", id: team.id.0, name: team.name.clone() }
}

/// Whether the caller may know of a team: `Public`, their own, and those they may read.
pub(super) fn is_known(cx: &Cx<'_, '_>, team: TeamId) -> bool {
    // Asked first, so that the scope counts as used where it would do.
    team.is_public() || cx.actor.can(READ, Place::Team(team)) || own(cx).contains(&team)
}

/// A team of a form is there, and the caller may know of it.
pub(super) fn there_is(cx: &mut Cx<'_, '_>, team: TeamId, field: &'static str) -> Result<Team> {
    let found = if is_known(cx, team) { store::teams::get(cx.tx, team) } else { Err(Error::NotFound("team")) };
    found.map_err(|error| match error {
        Error::NotFound(_) => Error::field(field, "There is no such team, or none that you may know of. Choose again."),
        other => other,
    })
}

/// The teams that the caller is a member of; by a token, those in which it can do something.
fn own(cx: &Cx<'_, '_>) -> Vec<TeamId> {
    match (&cx.actor.via, cx.actor.identity()) {
        (Via::Session { .. }, Some(who)) => who.standing.teams.iter().map(|(id, _)| *id).collect(),
        _ => cx.actor.holdings.teams(),
    }
}

/// That a team is told of rests on the scope for it, and else on whatever lets the token do something in it.
fn rests_on(cx: &Cx<'_, '_>, team: TeamId) {
    if !team.is_public() && !cx.actor.can(READ, Place::Team(team)) {
        cx.actor.relies_on(cx.actor.holdings.at(Place::Team(team)).iter().take(1).collect());
    }
}

/// A page of the teams that the caller may know of.
///
/// # Errors
/// A cursor that is none, or a fault.
pub fn page(cx: &mut Cx<'_, '_>, search: &str, request: &PageRequest) -> Result<Page<TeamInfo>> {
    cx.attempt("team.list");
    let known = known(cx);
    known.iter().flatten().for_each(|team| rests_on(cx, *team));
    let page = request.of_list("teams", |request| store::teams::page(cx.tx, search, known.as_deref(), request))?;
    let ids: Vec<_> = page.items.iter().map(|team| team.id).collect();
    let counts = store::memberships::counts(cx.tx, &ids)?;
    Ok(page.map(|team| {
        let counted = (!team.id.is_public()).then(|| counts.get(&team.id).copied().unwrap_or_default());
        TeamInfo { people: counted.map(|(people, _)| people), machines: counted.map(|(_, machines)| machines), team }
    }))
}

/// The first teams by name that the caller may know of, as many as a picker holds.
///
/// # Errors
/// A fault.
pub fn first_names(cx: &mut Cx<'_, '_>) -> Result<Vec<(TeamId, String)>> {
    let known = known(cx);
    store::teams::first_names(cx.tx, known.as_deref(), crate::model::page::MAX_LIMIT)
}

/// The teams the caller may know of; `None` for all.
pub(super) fn known(cx: &Cx<'_, '_>) -> Option<Vec<TeamId>> {
    if cx.actor.can(READ, Place::Everywhere) {
        return None;
    }
    let mut ids = own(cx);
    ids.push(TeamId::PUBLIC);
    Some(ids)
}

/// Teams for a picker, `Public` aside: up to 200 that the caller may put somebody into, and whether there are more.
///
/// # Errors
/// A fault.
pub fn assignable(cx: &mut Cx<'_, '_>, machines: bool) -> Result<(Vec<Team>, bool)> {
    let create = Permission::new(Resource::ServiceAccounts, Action::Create);
    let everywhere = cx.actor.can(UPDATE, Place::Everywhere);
    let mut only = cx.actor.teams_with(UPDATE);
    if machines {
        only.extend(cx.actor.teams_with(create));
    }
    let request = PageRequest::first(crate::model::page::MAX_LIMIT);
    let page = store::teams::page(cx.tx, "", (!everywhere).then_some(&only[..]), &request)?;
    let more = page.next.is_some();
    Ok((page.items.into_iter().filter(|team| !team.id.is_public()).collect(), more))
}

/// One team, which the caller may know of.
///
/// # Errors
/// [`Error::NotFound`] where there is none, or none they may know of.
pub fn get(cx: &mut Cx<'_, '_>, id: TeamId) -> Result<TeamInfo> {
    cx.attempt("team.read");
    if !is_known(cx, id) {
        return Err(Error::NotFound("team"));
    }
    rests_on(cx, id);
    let team = store::teams::get(cx.tx, id)?;
    cx.on(named(&team));
    let counted = match id.is_public() {
        true => None,
        false => Some(store::memberships::counts(cx.tx, &[id])?.remove(&id).unwrap_or_default()),
    };
    Ok(TeamInfo { team, people: counted.map(|(people, _)| people), machines: counted.map(|(_, machines)| machines) })
}

/// Goes on only where the team is still at the version it was read at.
///
/// # Errors
/// [`Error::Stale`] where it was changed meanwhile, [`Error::NotFound`] where there is none that the caller may know of.
pub fn at_version(cx: &mut Cx<'_, '_>, id: TeamId, version: Option<i64>) -> Result<()> {
    match version {
        Some(version) if get(cx, id)?.team.version != version => Err(Error::Stale),
        _ => Ok(()),
    }
}

/// The team of this name, which the caller may know of.
///
/// # Errors
/// A fault.
pub fn by_name(cx: &mut Cx<'_, '_>, name: &str) -> Result<Option<Team>> {
    if name.contains('\0') {
        // No team has it in its name, and PostgreSQL could not even be asked.
        return Ok(None);
    }
    let found = store::teams::by_name(cx.tx, name)?;
    Ok(found.filter(|team| is_known(cx, team.id)))
}

/// The names of those of these teams that the caller may know of.
///
/// # Errors
/// A fault.
pub fn names(cx: &mut Cx<'_, '_>, ids: impl IntoIterator<Item = TeamId>) -> Result<HashMap<TeamId, String>> {
    let known: BTreeSet<_> = ids.into_iter().filter(|id| is_known(cx, *id)).collect();
    if known.is_empty() {
        return Ok(HashMap::new());
    }
    store::teams::names(cx.tx, &known.into_iter().collect::<Vec<_>>())
}

/// What the caller may do with this team.
pub fn rights(cx: &Cx<'_, '_>, id: TeamId) -> TeamRights {
    let own = |resource, action| !id.is_public() && cx.actor.can(Permission::new(resource, action), Place::Team(id));
    let update = own(Resource::Teams, Action::Update);
    let machines = cx.actor.may_manage(Kind::Service).is_ok();
    TeamRights {
        update,
        create_accounts: own(Resource::ServiceAccounts, Action::Create) && machines,
        assign_accounts: update && machines,
        delete: own(Resource::Teams, Action::Delete),
        see_activity: cx.actor.can(Permission::new(Resource::Audit, Action::Read), Place::of_home(Some(id))),
    }
}

/// Whether the caller may make teams.
pub fn may_create(cx: &Cx<'_, '_>) -> bool {
    cx.actor.can(Permission::new(Resource::Teams, Action::Create), Place::Everywhere)
}

/// Lets those go on who may make teams.
///
/// # Errors
/// A refusal.
pub fn creating(cx: &mut Cx<'_, '_>) -> Result<()> {
    cx.attempt("team.create");
    cx.actor.may(Permission::new(Resource::Teams, Action::Create), Place::Everywhere)
}

/// A team that the caller may change or remove, with which of the two.
///
/// # Errors
/// A refusal, or `Public`, which nobody may.
pub fn changing(cx: &mut Cx<'_, '_>, id: TeamId) -> Result<(TeamInfo, TeamRights)> {
    let found = get(cx, id)?;
    cx.attempt("team.update");
    if id.is_public() {
        return Err(Error::Conflict("Public is everyone's and cannot be changed.".into()));
    }
    let rights = rights(cx, id);
    if rights.update || rights.delete { Ok((found, rights)) } else { Err(Error::lacks(UPDATE)) }
}

/// A team that the caller is about to remove, and how many good tokens are limited to it alone: they could do nothing then.
///
/// # Errors
/// A refusal, or `Public`, which nobody may.
pub fn deleting(cx: &mut Cx<'_, '_>, id: TeamId) -> Result<(TeamInfo, i64)> {
    target(cx, id, "team.delete", Action::Delete)?;
    not_public(id)?;
    let stranded = store::tokens::limited_to(cx.tx, id, cx.now)?;
    let found = get(cx, id)?;
    cx.attempt("team.delete");
    Ok((found, stranded))
}

fn not_public(id: TeamId) -> Result<()> {
    match id.is_public() {
        true => Err(Error::Conflict("Public is everyone's and cannot be deleted.".into())),
        false => Ok(()),
    }
}

fn deletable(cx: &mut Cx<'_, '_>, team: &Team) -> Result<()> {
    not_public(team.id)?;
    super::homes::must_be_empty(cx, team)
}

/// Makes a team.
///
/// # Errors
/// A refusal, or what is wrong with the fields.
pub fn create(cx: &mut Cx<'_, '_>, name: &str, description: &str, form_key: Option<&str>) -> Result<Team> {
    cx.attempt("team.create");
    cx.on(Target { kind: "team", id: 0, name: names::tidy(name) });
    cx.actor.may(Permission::new(Resource::Teams, Action::Create), Place::Everywhere)?;
    cx.first_time(form_key)?;
    let (name, description) = checked(cx, name, description, None)?;
    let team = store::teams::insert(cx.tx, &name, &description, cx.now)?;
    cx.made(form_key, team.id.0)?;
    cx.done(named(&team), None, Some(fields(&team)))?;
    Ok(team)
}

fn fields(team: &Team) -> serde_json::Value {
    json!({ "name": team.name, "description": team.description })
}

fn checked(cx: &mut Cx<'_, '_>, name: &str, description: &str, own: Option<TeamId>) -> Result<(String, String)> {
    let mut problems = Problems::default();
    let name = problems.take(names::display("name", name));
    let description = problems.take(names::description(description));
    if let Some(name) = &name
        && store::teams::by_name(cx.tx, name)?.is_some_and(|team| Some(team.id) != own)
    {
        problems.add("name", "There is a team of this name already. Choose another one.");
    }
    problems.check()?;
    Ok((name.unwrap_or_default(), description.unwrap_or_default()))
}

/// Finds the team to act on: 404 where the caller may not know of it, 403 where they may not act.
pub(super) fn target(cx: &mut Cx<'_, '_>, id: TeamId, action: &'static str, needs: Action) -> Result<Team> {
    let team = get(cx, id)?.team;
    cx.attempt(action);
    cx.actor.may(Permission::new(Resource::Teams, needs), Place::of_home(Some(id)))?;
    Ok(team)
}

/// Lets those go on who may remove this team, before anything else is told of it.
///
/// # Errors
/// [`Error::NotFound`] where the caller may not know of it, or a refusal.
pub fn may_delete(cx: &mut Cx<'_, '_>, id: TeamId) -> Result<()> {
    target(cx, id, "team.delete", Action::Delete).map(drop)
}

/// Renames and describes a team.
///
/// # Errors
/// [`Error::Stale`] where somebody else changed it meanwhile, a refusal, or what is wrong with the fields.
pub fn update(cx: &mut Cx<'_, '_>, id: TeamId, name: &str, description: &str, version: Option<i64>) -> Result<Team> {
    let before = target(cx, id, "team.update", Action::Update)?;
    if id.is_public() {
        return Err(Error::Conflict("Public is everyone's and cannot be changed.".into()));
    }
    if version.is_some_and(|version| version != before.version) {
        return Err(Error::Stale);
    }
    let (name, description) = checked(cx, name, description, Some(id))?;
    if (&name, &description) == (&before.name, &before.description) {
        return Ok(before);
    }
    let team = store::teams::update(cx.tx, &Team { name, description, ..before.clone() })?;
    let (was, is) = differences(fields(&before), fields(&team));
    cx.done(named(&team), was, is)?;
    Ok(team)
}

/// Removes a team that is nobody's home. Its members stay users; the first 200 of them stand in the audit log.
///
/// # Errors
/// A refusal, or that it is `Public` or somebody's home.
pub fn delete(cx: &mut Cx<'_, '_>, id: TeamId) -> Result<()> {
    let team = target(cx, id, "team.delete", Action::Delete)?;
    deletable(cx, &team)?;
    let mut lost = fields(&team);
    let members = store::memberships::page(
        cx.tx,
        id,
        &MemberFilter::default(),
        &PageRequest::first(crate::model::page::MAX_LIMIT),
    )?;
    let roles: Vec<_> = members.items.iter().filter_map(|(_, role)| *role).collect();
    let names = store::roles::names(cx.tx, &roles)?;
    let told = |(user, role): (User, Option<RoleId>)| json!({ "id": user.id, "name": user.username, "role": role.and_then(|role| names.get(&role)) });
    lost["members"] = members.items.into_iter().map(told).collect();
    store::teams::delete(cx.tx, id)?;
    cx.done(named(&team), Some(lost), None)
}
