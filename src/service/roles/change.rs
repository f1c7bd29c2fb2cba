//! Making, changing and removing custom team roles.

use serde_json::json;

use super::{RoleInfo, get, target};
use crate::model::access::{Holdings, Place};
use crate::model::audit::Target;
use crate::model::effects::{Effects, Unseen};
use crate::model::error::Problems;
use crate::model::ids::RoleId;
use crate::model::permissions::{Action, Permission, PermissionSet, Resource};
use crate::model::roles::{AppLevel, Grants, OrgRole, TeamRole};
use crate::model::{Error, Result, names};
use crate::service::app::{Cx, differences};
use crate::service::teams::is_known;
use crate::store;

/// A role to be made.
#[derive(Clone, Debug)]
pub struct NewRole {
    /// Unique without regard to case.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it gives inside a team.
    pub permissions: PermissionSet,
    /// How far it reaches into the team's applications.
    pub level: AppLevel,
    /// The form's key, so that sending it twice makes one role.
    pub form_key: Option<String>,
}

/// What is to be changed; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct RoleChange {
    /// The version it was read at; without it, whatever is there is changed.
    pub version: Option<i64>,
    /// Another name.
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Other permissions.
    pub permissions: Option<PermissionSet>,
    /// Another reach into applications.
    pub level: Option<AppLevel>,
}

/// Lets those go on who may make roles.
///
/// # Errors
/// A refusal.
pub fn creating(cx: &mut Cx<'_, '_>) -> Result<()> {
    cx.attempt("role.create");
    cx.actor.may(Permission::new(Resource::Roles, Action::Create), Place::Everywhere)
}

/// Makes a custom team role. Nobody has it yet, so nobody can do more for it.
///
/// # Errors
/// A refusal, or what is wrong with the fields.
pub fn create(cx: &mut Cx<'_, '_>, new: NewRole) -> Result<TeamRole> {
    cx.attempt("role.create");
    cx.on(Target { kind: "role", id: 0, name: names::tidy(&new.name) });
    creating(cx)?;
    cx.first_time(new.form_key.as_deref())?;
    let grants = Grants { permissions: new.permissions, level: new.level };
    let (name, description) = checked(cx, (&new.name, &new.description), grants, None)?;
    let role = store::roles::insert(cx.tx, &name, &description, grants, cx.now)?;
    cx.made(new.form_key.as_deref(), role.id.0)?;
    cx.done(target(&role), None, Some(fields(&role)))?;
    Ok(role)
}

fn fields(role: &TeamRole) -> serde_json::Value {
    json!({
        "name": role.name,
        "description": role.description,
        "permissions": role.grants.permissions,
        "application_level": role.grants.level,
    })
}

fn checked(
    cx: &mut Cx<'_, '_>,
    (name, description): (&str, &str),
    grants: Grants,
    own: Option<RoleId>,
) -> Result<(String, String)> {
    let mut problems = Problems::default();
    let name = problems.take(names::display("name", name));
    let description = problems.take(names::description(description));
    if let Some(name) = &name {
        match store::roles::by_name(cx.tx, name)? {
            Some(role) if Some(role.id) == own => {}
            Some(_) => problems.add("name", "There is a team role of this name already. Choose another one."),
            None if is_organisational(name) => {
                problems
                    .add("name", "An organisation role has this name. Choose another one, so that nobody mistakes it.");
            }
            None => {}
        }
    }
    if let Some(beyond) = grants.permissions.without(TeamRole::grantable()).iter().next() {
        let why = format!("{beyond} belongs to the organisation and cannot be part of a team role.");
        problems.add("permissions", why);
    }
    problems.check()?;
    Ok((name.unwrap_or_default(), description.unwrap_or_default()))
}

fn is_organisational(name: &str) -> bool {
    OrgRole::ALL.iter().any(|role| names::fold(role.as_str()) == names::fold(name))
}

/// Finds the role to act on: 404 where the caller may not look at roles, 403 where they may not act, and the predefined ones
/// stay as they are.
fn acting(cx: &mut Cx<'_, '_>, id: RoleId, action: &'static str, needs: Action) -> Result<RoleInfo> {
    let found = get(cx, id)?;
    cx.attempt(action);
    cx.actor.may(Permission::new(Resource::Roles, needs), Place::Everywhere)?;
    if found.role.is_predefined() {
        let what = if needs == Action::Delete { "deleted" } else { "changed" };
        let why = format!("{} is predefined and cannot be {what}. Make a custom role from it.", found.role.name);
        return Err(Error::Conflict(why));
    }
    Ok(found)
}

/// A custom role that the caller may change.
///
/// # Errors
/// A refusal, or that it is predefined.
pub fn changing(cx: &mut Cx<'_, '_>, id: RoleId) -> Result<TeamRole> {
    Ok(acting(cx, id, "role.update", Action::Update)?.role)
}

/// Changes a custom role. Where that does something to those who have it, it is written only if `shown` says that exactly
/// this was looked at.
///
/// # Errors
/// [`Error::Unseen`] with what it would do, [`Error::Stale`] where somebody else changed it meanwhile, a refusal, or what is wrong with the fields.
pub fn update(cx: &mut Cx<'_, '_>, id: RoleId, change: RoleChange, shown: Option<&str>) -> Result<TeamRole> {
    let before = changing(cx, id)?;
    if change.version.is_some_and(|version| version != before.version) {
        return Err(Error::Stale);
    }
    let grants = Grants {
        permissions: change.permissions.unwrap_or(before.grants.permissions),
        level: change.level.unwrap_or(before.grants.level),
    };
    let name = change.name.as_deref().unwrap_or(&before.name);
    let description = change.description.as_deref().unwrap_or(&before.description);
    let (name, description) = checked(cx, (name, description), grants, Some(id))?;
    let after = TeamRole { name, description, grants, ..before.clone() };
    if after == before {
        return Ok(before);
    }
    let growing = OrgRole::growing(before.grants, grants);
    may_widen(cx, &after, &growing)?;
    let effects = Effects::of(before.grants, grants, &store::roles::uses(cx.tx, id)?);
    let digest = effects.digest();
    if !effects.is_empty() && shown != Some(digest.as_str()) {
        let effects = effects.told(|team| is_known(cx, team));
        return Err(Error::Unseen(Box::new(Unseen { name: before.name, effects, digest })));
    }
    let role = store::roles::update(cx.tx, &after)?;
    if !growing.is_empty() {
        crate::service::links::end_after_growth_of(cx, id, &growing)?;
    }
    let (was, is) = differences(fields(&before), fields(&role));
    cx.done(target(&role), was, is)?;
    Ok(role)
}

/// Rule 2 for everyone whom the role makes grow: what they could do then must be covered, only Admins act on Admins, and
/// rule 8 where it holds. Admins cover everything, so nobody has to be looked up for them.
fn may_widen(cx: &mut Cx<'_, '_>, after: &TeamRole, growing: &[OrgRole]) -> Result<()> {
    if growing.is_empty() || cx.actor.is_admin() {
        return Ok(());
    }
    for id in store::roles::members(cx.tx, after.id)? {
        let user = store::users::get(cx.tx, id)?;
        if !growing.contains(&user.role) {
            continue;
        }
        cx.actor.may_touch(&user)?;
        cx.actor.may_manage(user.kind)?;
        let teams = store::memberships::of_user(cx.tx, id)?.into_iter().map(|team| {
            let grants = if team.role == after.id { after.grants } else { team.grants };
            (team.team, grants)
        });
        cx.actor.may_grant(&Holdings::latent(&user.standing(teams.collect())))?;
    }
    Ok(())
}

/// A role that the caller may remove, and that nobody has.
///
/// # Errors
/// Those of [`delete`].
pub fn deleting(cx: &mut Cx<'_, '_>, id: RoleId) -> Result<TeamRole> {
    let RoleInfo { role, members } = acting(cx, id, "role.delete", Action::Delete)?;
    let who = match members {
        0 => return Ok(role),
        1 => "1 member of a team has it".to_owned(),
        n => format!("{n} members of teams have it"),
    };
    Err(Error::Conflict(format!("{} is in use: {who}. Give them another role first.", role.name)))
}

/// Removes a custom role that nobody has.
///
/// # Errors
/// A refusal, or that it is predefined or in use.
pub fn delete(cx: &mut Cx<'_, '_>, id: RoleId) -> Result<TeamRole> {
    let role = deleting(cx, id)?;
    store::roles::delete(cx.tx, id)?;
    cx.done(target(&role), Some(fields(&role)), None)?;
    Ok(role)
}
