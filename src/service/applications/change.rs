//! Making, changing and removing applications.

use serde_json::json;

use super::{acting, at_version, target};
use crate::model::access::Place;
use crate::model::applications::{self, Application};
use crate::model::audit::Target;
use crate::model::error::Problems;
use crate::model::ids::{ApplicationId, TeamId};
use crate::model::page::{MAX_LIMIT, PageRequest};
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::teams::Team;
use crate::model::{Error, Result, names};
use crate::service::app::{Cx, differences};
use crate::service::teams;
use crate::store;

const CREATE: Permission = Permission::new(Resource::Applications, Action::Create);

/// What the form for a new application, or the API, asks for.
#[derive(Clone, Debug, Default)]
pub struct NewApplication {
    /// Unique without regard to case.
    pub name: String,
    /// What its scopes begin with; made from the name where it is empty.
    pub slug: String,
    /// What it is for.
    pub description: String,
    /// The team whose people keep it.
    pub home: Option<TeamId>,
    /// For whom tokens used there are meant; the slug where it is empty.
    pub audience: String,
    /// The form's key, so that sending it twice makes one application.
    pub form_key: Option<String>,
}

/// What is to be changed of an application; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The version it was read at; without it, whatever is there is changed.
    pub version: Option<i64>,
    /// Another name.
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Another home.
    pub home: Option<TeamId>,
    /// Another audience.
    pub audience: Option<String>,
}

/// Lets those go on who may make applications somewhere.
///
/// # Errors
/// A refusal.
pub fn creating(cx: &mut Cx<'_, '_>) -> Result<()> {
    cx.attempt("application.create");
    if may_create(cx) { Ok(()) } else { Err(Error::lacks(CREATE)) }
}

/// Whether the caller may make applications somewhere.
pub fn may_create(cx: &Cx<'_, '_>) -> bool {
    cx.actor.can(CREATE, Place::Everywhere) || !cx.actor.teams_with(CREATE).is_empty()
}

/// An application whose settings the caller may look at: who may change it, or remove it.
///
/// # Errors
/// A refusal.
pub fn settings(cx: &mut Cx<'_, '_>, id: ApplicationId) -> Result<Application> {
    let application = super::find(cx, id)?;
    match super::rights(cx, &application).delete {
        true => Ok(application),
        false => acting(cx, id, "application.update", Action::Update),
    }
}

/// The teams that the caller may make an application at home in, up to 200 by name, and whether there are more. `Public` is for
/// those who keep applications everywhere.
///
/// # Errors
/// A fault.
pub fn homes(cx: &mut Cx<'_, '_>) -> Result<(Vec<Team>, bool)> {
    let everywhere = cx.actor.can(CREATE, Place::Everywhere);
    let only = cx.actor.teams_with(CREATE);
    let page = store::teams::page(cx.tx, "", (!everywhere).then_some(&only[..]), &PageRequest::first(MAX_LIMIT))?;
    Ok((page.items, page.next.is_some()))
}

/// Makes an application.
///
/// # Errors
/// A refusal, or what is wrong with the fields.
pub fn create(cx: &mut Cx<'_, '_>, new: &NewApplication) -> Result<Application> {
    creating(cx)?;
    cx.on(Target { kind: "application", id: 0, name: names::tidy(&new.name) });
    cx.first_time(new.form_key.as_deref())?;
    let mut problems = Problems::default();
    let home = problems.gather(home(cx, new.home))?;
    if let Some(home) = home {
        cx.actor.may(CREATE, Place::of_home(Some(home)))?;
    }
    let name = name(cx, &new.name, None, &mut problems)?;
    let wanted = if new.slug.trim().is_empty() { applications::slug_of(&new.name) } else { new.slug.clone() };
    let slug = match new.slug.trim().is_empty() && name.is_none() {
        // Whoever mends the name gets another one.
        true => None,
        false => slug(cx, &wanted, &mut problems)?,
    };
    let described = problems.take(names::description(&new.description));
    let own = if new.audience.trim().is_empty() { slug.clone() } else { Some(new.audience.clone()) };
    let audience = match &own {
        Some(text) => audience(cx, text, None, &mut problems)?,
        None => None,
    };
    problems.check()?;
    let (Some(home), Some(name), Some(slug), Some(description), Some(audience)) =
        (home, name, slug, described, audience)
    else {
        return Err(Error::internal("a field is missing that nothing is wrong with"));
    };
    let row = store::applications::NewApplication {
        slug: &slug,
        name: &name,
        description: &description,
        home,
        audience: &audience,
    };
    let application = store::applications::insert(cx.tx, &row, cx.now)?;
    cx.made(new.form_key.as_deref(), application.id.0)?;
    let made = told(cx, &application)?;
    cx.attempt("application.create");
    cx.done(target(&application), None, Some(made))?;
    Ok(application)
}

fn home(cx: &mut Cx<'_, '_>, wanted: Option<TeamId>) -> Result<TeamId> {
    match wanted {
        None => Err(Error::field("home", "Choose the team whose people keep it.")),
        Some(team) => Ok(teams::there_is(cx, team, "home")?.id),
    }
}

fn name(
    cx: &mut Cx<'_, '_>,
    text: &str,
    own: Option<ApplicationId>,
    problems: &mut Problems,
) -> Result<Option<String>> {
    let Some(name) = problems.take(names::display("name", text)) else { return Ok(None) };
    if store::applications::by_name(cx.tx, &name)?.is_some_and(|found| Some(found.id) != own) {
        problems.add("name", "There is an application of this name already. Choose another one.");
        return Ok(None);
    }
    Ok(Some(name))
}

fn slug(cx: &mut Cx<'_, '_>, text: &str, problems: &mut Problems) -> Result<Option<String>> {
    let Some(slug) = problems.take(applications::slug(text)) else { return Ok(None) };
    if store::applications::by_slug(cx.tx, &slug)?.is_some() {
        problems.add("slug", "There is an application of this slug already. Choose another one.");
        return Ok(None);
    }
    Ok(Some(slug))
}

fn audience(
    cx: &mut Cx<'_, '_>,
    text: &str,
    own: Option<ApplicationId>,
    problems: &mut Problems,
) -> Result<Option<String>> {
    let Some(audience) = problems.take(applications::audience(text)) else { return Ok(None) };
    if store::applications::by_audience(cx.tx, &audience)?.is_some_and(|found| Some(found.id) != own) {
        problems.add("audience", "Another application has this audience. Choose another one.");
        return Ok(None);
    }
    Ok(Some(audience))
}

/// What the audit log keeps of an application.
fn told(cx: &mut Cx<'_, '_>, application: &Application) -> Result<serde_json::Value> {
    let home = store::teams::get(cx.tx, application.home)?;
    Ok(json!({
        "name": application.name,
        "slug": application.slug,
        "description": application.description,
        "audience": application.audience,
        "home_team": { "id": home.id, "name": home.name },
    }))
}

/// Lets those go on who may change this application.
///
/// # Errors
/// A refusal.
pub fn may_change(cx: &mut Cx<'_, '_>, id: ApplicationId) -> Result<()> {
    acting(cx, id, "application.update", Action::Update).map(drop)
}

/// Changes an application. Another home asks for the right to make applications there as well.
///
/// # Errors
/// [`Error::Stale`] where somebody else changed it meanwhile, a refusal, or what is wrong with the fields.
pub fn update(cx: &mut Cx<'_, '_>, id: ApplicationId, change: &Change) -> Result<Application> {
    let before = acting(cx, id, "application.update", Action::Update)?;
    at_version(&before, change.version)?;
    let mut after = before.clone();
    let mut problems = Problems::default();
    if let Some(wanted) = change.home.filter(|home| *home != before.home)
        && let Some(home) = problems.gather(home(cx, Some(wanted)))?
    {
        cx.actor.may(CREATE, Place::of_home(Some(home)))?;
        after.home = home;
    }
    if let Some(text) = &change.name {
        after.name = name(cx, text, Some(id), &mut problems)?.unwrap_or_default();
    }
    if let Some(text) = &change.description {
        after.description = problems.take(names::description(text)).unwrap_or_default();
    }
    if let Some(text) = &change.audience {
        after.audience = audience(cx, text, Some(id), &mut problems)?.unwrap_or_default();
    }
    problems.check()?;
    if before == after {
        return Ok(before);
    }
    let was = told(cx, &before)?;
    let after = store::applications::update(cx.tx, &after)?;
    let (was, is) = differences(was, told(cx, &after)?);
    cx.attempt("application.update");
    cx.done(target(&after), was, is)?;
    Ok(after)
}

/// An application that the caller may remove, and how many tokens have one of its scopes, each counted once for every scope.
///
/// # Errors
/// A refusal.
pub fn deleting(cx: &mut Cx<'_, '_>, id: ApplicationId) -> Result<(Application, i64)> {
    let application = acting(cx, id, "application.delete", Action::Delete)?;
    let scopes: Vec<_> = store::applications::scopes(cx.tx, id)?.iter().map(|scope| scope.id).collect();
    let tokens = store::applications::count_tokens(cx.tx, &scopes)?.values().sum();
    Ok((application, tokens))
}

/// Removes an application: its scopes go from every token, and nothing checks tokens for it any more.
///
/// # Errors
/// A refusal, or [`Error::Stale`].
pub fn delete(cx: &mut Cx<'_, '_>, id: ApplicationId, version: Option<i64>) -> Result<Application> {
    let application = acting(cx, id, "application.delete", Action::Delete)?;
    at_version(&application, version)?;
    let mut was = told(cx, &application)?;
    was["scopes"] = store::applications::scopes(cx.tx, id)?.iter().map(|scope| scope.name.clone()).collect();
    store::applications::delete(cx.tx, id)?;
    cx.done(target(&application), Some(was), None)?;
    Ok(application)
}
