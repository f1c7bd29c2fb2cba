//! Applications: who keeps them, which teams may use them, and what they let tokens be used for.

mod asking;
mod change;
mod credential;
mod effective;
mod scopes;
mod teams;

use std::collections::HashMap;

use serde_json::json;

use super::app::Cx;
use crate::model::access::Place;
use crate::model::applications::{AppScope, Application, Scope};
use crate::model::audit::Target;
use crate::model::ids::{ApplicationId, ScopeId, TeamId};
use crate::model::page::{Page, PageRequest};
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::{Error, Result};
use crate::store;

pub use asking::{asking, end_token, ending};
pub use change::{
    Change, NewApplication, create, creating, delete, deleting, homes, may_change, may_create, settings, update,
};
pub use credential::{Credential, Issued, credential, end, finish, issue, may_issue};
pub use effective::{Offer, Usable, described, of_account};
pub(super) use effective::{Open, known_scope, of_holder, usable, usable_by};
pub use scopes::{NewScope, add_scope, change_scope, changing_scope, has_scope, remove_scope, removing_scope};
pub use store::applications::Secret;
pub use teams::{Access, close, closing, named, open, open_known, opening, teams, to_open};

const READ: Permission = Permission::new(Resource::Applications, Action::Read);
const UPDATE: Permission = Permission::new(Resource::Applications, Action::Update);

/// An application as its page shows it.
#[derive(Clone, Debug)]
pub struct ApplicationInfo {
    /// The application.
    pub application: Application,
    /// The name of its home, where the caller may know of it.
    pub home: Option<String>,
    /// Its scopes, by name.
    pub scopes: Vec<Scope>,
    /// How many tokens that were not revoked have each scope.
    pub tokens: HashMap<ScopeId, i64>,
    /// The teams with access that the caller may know of, by name.
    pub teams: Vec<(TeamId, String)>,
    /// How many other teams have access.
    pub hidden_teams: usize,
}

/// A line of the list of applications.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The application.
    pub application: Application,
    /// The name of its home, where the caller may know of it.
    pub home: Option<String>,
    /// How many scopes it has.
    pub scopes: usize,
    /// How many teams have access.
    pub teams: usize,
}

/// What the caller may do with an application, for drawing the controls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rights {
    /// Change it, its scopes, its teams and its credential.
    pub update: bool,
    /// Remove it.
    pub delete: bool,
}

pub(super) fn target(application: &Application) -> Target {
    Target { kind: "application", id: application.id.0, name: application.name.clone() }
}

fn place(application: &Application) -> Place {
    Place::of_home(Some(application.home))
}

/// Whether the caller may look at applications at all, and so has use for the list.
pub fn may_list(cx: &Cx<'_, '_>) -> bool {
    cx.actor.can(READ, Place::Everywhere) || !cx.actor.teams_with(READ).is_empty()
}

/// What the caller may do with this application.
pub fn rights(cx: &Cx<'_, '_>, application: &Application) -> Rights {
    let can = |action| cx.actor.can(Permission::new(Resource::Applications, action), place(application));
    Rights { update: can(Action::Update), delete: can(Action::Delete) }
}

/// A page of the applications that the caller may read, by name.
///
/// # Errors
/// A refusal, or a cursor of another list.
pub fn page(cx: &mut Cx<'_, '_>, search: &str, request: &PageRequest) -> Result<Page<Listed>> {
    cx.attempt("application.list");
    if !may_list(cx) {
        return Err(Error::lacks(READ));
    }
    let homes = match cx.actor.can(READ, Place::Everywhere) {
        true => None,
        false => Some(cx.actor.teams_with(READ)),
    };
    let page = request
        .of_list("applications", |request| store::applications::page(cx.tx, search, homes.as_deref(), request))?;
    let names = super::teams::names(cx, page.items.iter().map(|application| application.home))?;
    let mut access = store::applications::access(cx.tx, page.items.iter().map(|application| application.id))?;
    let mut counted = Vec::new();
    for application in &page.items {
        counted.push(store::applications::scopes(cx.tx, application.id)?.len());
    }
    let mut counted = counted.into_iter();
    Ok(page.map(|application| Listed {
        home: names.get(&application.home).cloned(),
        scopes: counted.next().unwrap_or_default(),
        teams: access.remove(&application.id).map_or(0, |teams| teams.len()),
        application,
    }))
}

/// The application, which the caller may read.
///
/// # Errors
/// [`Error::NotFound`] where there is none, or none they may read.
pub fn find(cx: &mut Cx<'_, '_>, id: ApplicationId) -> Result<Application> {
    cx.attempt("application.read");
    let application = store::applications::get(cx.tx, id)?;
    if !cx.actor.can(READ, place(&application)) {
        return Err(Error::NotFound("application"));
    }
    cx.on(target(&application));
    Ok(application)
}

/// The application of this slug, which the caller may read.
///
/// # Errors
/// A fault.
pub fn by_slug(cx: &mut Cx<'_, '_>, slug: &str) -> Result<Option<Application>> {
    let found = if slug.contains('\0') { None } else { store::applications::by_slug(cx.tx, slug)? };
    Ok(found.filter(|application| cx.actor.can(READ, place(application))))
}

/// One application with all that belongs to it.
///
/// # Errors
/// [`Error::NotFound`] where there is none, or none the caller may read.
pub fn get(cx: &mut Cx<'_, '_>, id: ApplicationId) -> Result<ApplicationInfo> {
    let application = find(cx, id)?;
    told(cx, application)
}

/// What is told of an application that the caller has just read or changed: by a change of its home they may have lost sight of it.
///
/// # Errors
/// A fault.
pub fn told(cx: &mut Cx<'_, '_>, application: Application) -> Result<ApplicationInfo> {
    let scopes = store::applications::scopes(cx.tx, application.id)?;
    let ids: Vec<_> = scopes.iter().map(|scope| scope.id).collect();
    let tokens = store::applications::count_tokens(cx.tx, &ids)?;
    let all = store::applications::teams(cx.tx, application.id)?;
    let count = all.len();
    let teams: Vec<_> = all.into_iter().filter(|(id, _)| super::teams::is_known(cx, *id)).collect();
    let home = super::teams::names(cx, [application.home])?.remove(&application.home);
    Ok(ApplicationInfo { hidden_teams: count - teams.len(), application, home, scopes, tokens, teams })
}

/// The application that the caller may do something to.
fn acting(cx: &mut Cx<'_, '_>, id: ApplicationId, action: &'static str, needs: Action) -> Result<Application> {
    let application = find(cx, id)?;
    cx.attempt(action);
    cx.actor.may(Permission::new(Resource::Applications, needs), place(&application))?;
    Ok(application)
}

/// Goes on only where the application is still at the version it was read at.
fn at_version(application: &Application, version: Option<i64>) -> Result<()> {
    match version {
        Some(version) if version != application.version => Err(Error::Stale),
        _ => Ok(()),
    }
}

fn brief(application: &Application) -> serde_json::Value {
    json!({ "id": application.id, "name": application.name, "slug": application.slug })
}

/// The applications that a team may use, by name, as many as a page holds: for whoever may know of the team. With each, whether the
/// caller may read it.
///
/// # Errors
/// Those of finding the team.
pub fn of_team(cx: &mut Cx<'_, '_>, team: TeamId) -> Result<Vec<(Application, Vec<AppScope>, bool)>> {
    super::teams::get(cx, team)?;
    cx.attempt("application.list");
    let open = store::applications::open_to(cx.tx, team, crate::model::page::MAX_LIMIT)?;
    let mut found = Vec::new();
    for application in open {
        let scopes = store::applications::scopes(cx.tx, application.id)?;
        let scopes = scopes.iter().map(|scope| scope.of(&application)).collect();
        let readable = cx.actor.can(READ, place(&application));
        found.push((application, scopes, readable));
    }
    Ok(found)
}
