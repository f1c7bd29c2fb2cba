//! What an application lets tokens be used for.

use serde_json::json;

use super::{acting, brief, target};
use crate::model::applications::{self, Application, SCOPES_MAX, Scope};
use crate::model::error::Problems;
use crate::model::ids::ApplicationId;
use crate::model::permissions::Action;
use crate::model::{Error, Result, names};
use crate::service::app::{Cx, differences};
use crate::store;

/// What the form for a scope, or the API, asks for.
#[derive(Clone, Debug, Default)]
pub struct NewScope {
    /// Unique in the application.
    pub name: String,
    /// What it allows.
    pub description: String,
    /// How far a role has to reach for it.
    pub level: String,
}

fn fields(application: &Application, scope: &Scope) -> serde_json::Value {
    json!({
        "scope": format!("{}:{}", application.slug, scope.name),
        "description": scope.description,
        "level": scope.level,
    })
}

/// Adds a scope. No token has it yet.
///
/// # Errors
/// A refusal, or what is wrong with the fields.
pub fn add_scope(cx: &mut Cx<'_, '_>, id: ApplicationId, new: &NewScope) -> Result<Scope> {
    let application = acting(cx, id, "application.add_scope", Action::Update)?;
    let mut problems = Problems::default();
    let name = problems.take(applications::scope_name("name", &new.name));
    let description = problems.take(names::description(&new.description));
    let level = problems.take(applications::level("level", &new.level));
    let known = store::applications::scopes(cx.tx, id)?;
    if known.iter().any(|scope| Some(&scope.name) == name.as_ref()) {
        problems.add("name", "The application has a scope of this name already. Choose another one.");
    } else if known.len() >= SCOPES_MAX {
        problems.add("name", format!("An application has at most {SCOPES_MAX} scopes."));
    }
    problems.check()?;
    let (Some(name), Some(description), Some(level)) = (name, description, level) else {
        return Err(Error::internal("a field is missing that nothing is wrong with"));
    };
    let row = store::applications::NewScope { name: &name, description: &description, level };
    let scope = store::applications::insert_scope(cx.tx, id, &row)?;
    cx.done(target(&application), None, Some(fields(&application, &scope)))?;
    Ok(scope)
}

fn scope(cx: &mut Cx<'_, '_>, application: &Application, name: &str) -> Result<Scope> {
    let scopes = store::applications::scopes(cx.tx, application.id)?;
    scopes.into_iter().find(|scope| scope.name == name).ok_or(Error::NotFound("scope"))
}

/// Whether an application that the caller may change has a scope of this name.
///
/// # Errors
/// A refusal.
pub fn has_scope(cx: &mut Cx<'_, '_>, id: ApplicationId, name: &str) -> Result<bool> {
    let application = acting(cx, id, "application.add_scope", Action::Update)?;
    Ok(scope(cx, &application, name).is_ok())
}

/// A scope that the caller may change, and its application.
///
/// # Errors
/// A refusal, or no such scope.
pub fn changing_scope(cx: &mut Cx<'_, '_>, id: ApplicationId, name: &str) -> Result<(Application, Scope)> {
    let application = acting(cx, id, "application.change_scope", Action::Update)?;
    let scope = scope(cx, &application, name)?;
    Ok((application, scope))
}

/// Changes the description and level of a scope; its name stays, since tokens and programs know it by that. What is `None` stays.
///
/// # Errors
/// A refusal, no such scope, or what is wrong with the fields.
pub fn change_scope(
    cx: &mut Cx<'_, '_>,
    id: ApplicationId,
    name: &str,
    (description, level): (Option<&str>, Option<&str>),
) -> Result<Scope> {
    let application = acting(cx, id, "application.change_scope", Action::Update)?;
    let before = scope(cx, &application, name)?;
    let mut problems = Problems::default();
    let mut after = before.clone();
    if let Some(text) = description {
        after.description = problems.take(names::description(text)).unwrap_or_default();
    }
    if let Some(text) = level {
        after.level = problems.take(applications::level("level", text)).unwrap_or(before.level);
    }
    problems.check()?;
    if before == after {
        return Ok(before);
    }
    store::applications::update_scope(cx.tx, id, &after)?;
    let (was, is) = differences(fields(&application, &before), fields(&application, &after));
    let which = |mut fields: serde_json::Value| {
        fields["scope"] = json!(format!("{}:{}", application.slug, after.name));
        fields
    };
    cx.done(target(&application), was.map(which), is.map(which))?;
    Ok(after)
}

/// A scope that the caller may remove, and how many tokens have it.
///
/// # Errors
/// A refusal, or no such scope.
pub fn removing_scope(cx: &mut Cx<'_, '_>, id: ApplicationId, name: &str) -> Result<(Application, Scope, i64)> {
    let application = acting(cx, id, "application.remove_scope", Action::Update)?;
    let scope = scope(cx, &application, name)?;
    let tokens = store::applications::count_tokens(cx.tx, &[scope.id])?.remove(&scope.id).unwrap_or_default();
    Ok((application, scope, tokens))
}

/// Removes a scope, from every token that has it too.
///
/// # Errors
/// A refusal, or no such scope.
pub fn remove_scope(cx: &mut Cx<'_, '_>, id: ApplicationId, name: &str) -> Result<Scope> {
    let (application, scope, tokens) = removing_scope(cx, id, name)?;
    store::applications::delete_scope(cx.tx, id, scope.id)?;
    let mut was = fields(&application, &scope);
    was["application"] = brief(&application);
    was["tokens"] = json!(tokens);
    cx.done(target(&application), Some(was), None)?;
    Ok(scope)
}
