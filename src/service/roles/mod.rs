//! Roles: what there are, who has them, and changing the custom team roles.

mod change;

use super::app::Cx;
use crate::model::access::Place;
use crate::model::audit::Target;
use crate::model::ids::{RoleId, TeamId};
use crate::model::page::{self, Cursor, Key, Page, PageRequest};
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::roles::{OrgRole, Predefined, TeamRole};
use crate::model::users::{Kind, User};
use crate::model::{Error, Result, names};
use crate::store;

pub use change::{NewRole, RoleChange, changing, create, creating, delete, deleting, update};

const READ: Permission = Permission::new(Resource::Roles, Action::Read);

/// A team role and how many memberships have it.
#[derive(Clone, Debug)]
pub struct RoleInfo {
    /// The role.
    pub role: TeamRole,
    /// How many have it.
    pub members: i64,
}

/// An organisation role and how many users have it.
#[derive(Clone, Copy, Debug)]
pub struct OrgRoleInfo {
    /// The role.
    pub role: OrgRole,
    /// How many have it.
    pub users: i64,
}

/// What the caller may do with custom roles, for drawing the controls.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoleRights {
    /// Make them.
    pub create: bool,
    /// Change them.
    pub update: bool,
    /// Remove them.
    pub delete: bool,
}

/// Somebody who has a role.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Who.
    pub user: User,
    /// In which team.
    pub team: TeamId,
    /// The team's name.
    pub team_name: String,
}

/// How many accounts of one kind have a role in a team.
#[derive(Clone, Debug)]
pub struct Usage {
    /// The team, where the caller may know of it.
    pub team: Option<(TeamId, String)>,
    /// Of which kind.
    pub kind: Kind,
    /// How many.
    pub count: i64,
}

/// All team roles, for pickers: the predefined ones from the least to the most, then the custom ones by name.
///
/// # Errors
/// A fault.
pub fn all(cx: &mut Cx<'_, '_>) -> Result<Vec<TeamRole>> {
    store::roles::all(cx.tx)
}

/// The role of this name, as a form or a request names it in `field`.
///
/// # Errors
/// [`Error::Invalid`] at `field` where there is none.
pub fn named(cx: &mut Cx<'_, '_>, field: &str, name: &str) -> Result<RoleId> {
    let found = if name.contains('\0') { None } else { store::roles::by_name(cx.tx, name)? };
    match found {
        Some(role) => Ok(role.id),
        None if name.trim().is_empty() => Err(Error::field(field, "Choose a role.")),
        None => {
            let known: Vec<_> = store::roles::all(cx.tx)?.into_iter().map(|role| role.name).collect();
            let shown: String = name.chars().take(names::NAME_MAX).collect();
            Err(Error::field(field, format!("{shown} is not a team role. Choose one of {}.", known.join(", "))))
        }
    }
}

/// Whether the caller may look at roles.
pub fn may_read(cx: &Cx<'_, '_>) -> bool {
    cx.actor.can(READ, Place::Everywhere)
}

/// What the caller may do with custom roles.
pub fn rights(cx: &Cx<'_, '_>) -> RoleRights {
    let can = |action| cx.actor.can(Permission::new(Resource::Roles, action), Place::Everywhere);
    RoleRights { create: can(Action::Create), update: can(Action::Update), delete: can(Action::Delete) }
}

/// The organisation roles, from the least to the most.
///
/// # Errors
/// A refusal.
pub fn organisation(cx: &mut Cx<'_, '_>) -> Result<Vec<OrgRoleInfo>> {
    cx.attempt("role.list");
    cx.actor.may(READ, Place::Everywhere)?;
    let counted =
        |role: &OrgRole| Ok(OrgRoleInfo { role: *role, users: store::roles::count_organisation(cx.tx, *role)? });
    OrgRole::ALL.iter().map(counted).collect()
}

/// A page of the team roles: the predefined ones from the least to the most, then the custom ones by name.
///
/// # Errors
/// A refusal, or a cursor of another list.
pub fn page(cx: &mut Cx<'_, '_>, request: &PageRequest) -> Result<Page<RoleInfo>> {
    cx.attempt("role.list");
    cx.actor.may(READ, Place::Everywhere)?;
    request.of_list("roles", |request| in_order(cx, request))
}

fn in_order(cx: &mut Cx<'_, '_>, request: &PageRequest) -> Result<Page<RoleInfo>> {
    let mut roles = store::roles::all(cx.tx)?;
    roles.sort_by_key(place);
    if let Some(Cursor { key, backwards, .. }) = &request.cursor {
        let Key::Text(edge) = key else {
            return Err(page::other_list());
        };
        roles.retain(|role| if *backwards { place(role) < *edge } else { place(role) > *edge });
        if *backwards {
            roles.reverse();
        }
    }
    roles.truncate(usize::try_from(request.limit + 1).unwrap_or_default());
    let counted = |role: TeamRole| Ok(RoleInfo { members: store::roles::count_members(cx.tx, role.id)?, role });
    let rows = roles.into_iter().map(counted).collect::<Result<Vec<_>>>()?;
    Ok(Page::build(request, rows, |row| (Key::Text(place(&row.role)), row.role.id.0)))
}

/// Where a role stands in the list.
fn place(role: &TeamRole) -> String {
    match Predefined::of(role.id) {
        Some(known) => known.id().to_string(),
        None => format!("custom {}", names::fold(&role.name)),
    }
}

/// One team role.
///
/// # Errors
/// [`Error::NotFound`] where there is none, or the caller may not look at roles.
pub fn get(cx: &mut Cx<'_, '_>, id: RoleId) -> Result<RoleInfo> {
    cx.attempt("role.read");
    if !may_read(cx) {
        return Err(Error::NotFound("role"));
    }
    let role = store::roles::get(cx.tx, id)?;
    cx.on(target(&role));
    Ok(RoleInfo { members: store::roles::count_members(cx.tx, id)?, role })
}

/// One organisation role.
///
/// # Errors
/// [`Error::NotFound`] where the caller may not look at roles.
pub fn get_organisation(cx: &mut Cx<'_, '_>, role: OrgRole) -> Result<OrgRoleInfo> {
    cx.attempt("role.read");
    if !may_read(cx) {
        return Err(Error::NotFound("role"));
    }
    Ok(OrgRoleInfo { role, users: store::roles::count_organisation(cx.tx, role)? })
}

/// Goes on only where the role is still at the version it was read at.
///
/// # Errors
/// [`Error::Stale`] where it was changed meanwhile, [`Error::NotFound`] where there is none that the caller may know of.
pub fn at_version(cx: &mut Cx<'_, '_>, id: RoleId, version: Option<i64>) -> Result<()> {
    match version {
        Some(version) if get(cx, id)?.role.version != version => Err(Error::Stale),
        _ => Ok(()),
    }
}

/// A page of those who have a role, by name: accounts and teams that the caller may know of.
///
/// # Errors
/// [`Error::NotFound`] as [`get`], or a cursor of another list.
pub fn members(cx: &mut Cx<'_, '_>, id: RoleId, request: &PageRequest) -> Result<Page<Holder>> {
    get(cx, id)?;
    let (sight, known) = (cx.actor.sight(), super::teams::known(cx));
    let page = request.of_list(&format!("members of role {id}"), |request| {
        store::roles::page_of_members(cx.tx, id, (&sight, known.as_deref()), request)
    })?;
    Ok(page.map(|(user, team, team_name)| Holder { user, team, team_name }))
}

/// Where a role is in use, by team.
///
/// # Errors
/// [`Error::NotFound`] as [`get`].
pub fn usages(cx: &mut Cx<'_, '_>, id: RoleId) -> Result<Vec<Usage>> {
    get(cx, id)?;
    let mut found: Vec<(TeamId, Usage)> = Vec::new();
    for place in store::roles::uses(cx.tx, id)? {
        // They come by team and kind, one for each organisation role.
        match found.last_mut() {
            Some((team, usage)) if *team == place.team && usage.kind == place.kind => usage.count += place.count,
            _ => {
                let known = super::teams::is_known(cx, place.team);
                let team = known.then_some((place.team, place.team_name));
                found.push((place.team, Usage { team, kind: place.kind, count: place.count }));
            }
        }
    }
    Ok(found.into_iter().map(|(_, usage)| usage).collect())
}

/// A role as the audit log names it.
fn target(role: &TeamRole) -> Target {
    Target { kind: "role", id: role.id.0, name: role.name.clone() }
}
