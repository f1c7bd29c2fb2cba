//! Applications as programs write them: their home and the teams with access by name, their scopes at once.

use super::{not_too_many, team};
use crate::model::applications::{Application, SCOPES_MAX, Scope};
use crate::model::error::Problems;
use crate::model::ids::ApplicationId;
use crate::model::{Error, FieldError, Result};
use crate::service::app::Cx;
use crate::service::applications::{self, Change, NewApplication, NewScope};

/// A new application.
#[derive(Clone, Debug, Default)]
pub struct ApplicationWanted {
    /// Its fields; the home is named beside.
    pub fields: NewApplication,
    /// The name of its home.
    pub home_team: Option<String>,
    /// Its scopes.
    pub scopes: Vec<NewScope>,
    /// The names of the teams with access.
    pub teams: Vec<String>,
}

/// Makes an application with its scopes, and gives teams access to it: all of it, or nothing.
///
/// # Errors
/// A refusal, or what is wrong with the fields.
pub fn create_application(cx: &mut Cx<'_, '_>, wanted: ApplicationWanted) -> Result<Application> {
    applications::creating(cx)?;
    not_too_many("teams", &wanted.teams)?;
    if wanted.scopes.len() > SCOPES_MAX {
        return Err(Error::field("scopes", format!("An application has at most {SCOPES_MAX} scopes.")));
    }
    let mut problems = Problems::default();
    let home = match &wanted.home_team {
        Some(name) => team(cx, "home_team", name, &mut problems)?,
        None => None,
    };
    problems.check()?;
    let new = NewApplication { home, ..wanted.fields };
    let application = applications::create(cx, &new).map_err(home_is_a_team)?;
    let mut problems = Problems::default();
    for (n, scope) in wanted.scopes.iter().enumerate() {
        let added = applications::add_scope(cx, application.id, scope);
        problems.gather(added.map_err(|error| under(error, &format!("scopes/{n}/"))))?;
    }
    for (n, name) in wanted.teams.iter().enumerate() {
        let field = format!("teams/{n}");
        if let Some(team) = team(cx, &field, name, &mut problems)? {
            let opened = applications::open(cx, application.id, team);
            problems.gather(opened.map_err(|error| at(error, &field)))?;
        }
    }
    problems.check()?;
    Ok(application)
}

/// Changes an application, whose home is named.
///
/// # Errors
/// Those of changing it.
pub fn change_application(
    cx: &mut Cx<'_, '_>,
    id: ApplicationId,
    change: Change,
    home_team: Option<&str>,
) -> Result<Application> {
    applications::may_change(cx, id)?;
    let mut problems = Problems::default();
    let home = match home_team {
        Some(name) => team(cx, "home_team", name, &mut problems)?,
        None => None,
    };
    problems.check()?;
    applications::update(cx, id, &Change { home, ..change }).map_err(home_is_a_team)
}

/// Makes the scope of this name, or changes it. Whether it was made.
///
/// # Errors
/// A refusal, or what is wrong with the fields.
pub fn put_scope(
    cx: &mut Cx<'_, '_>,
    id: ApplicationId,
    name: &str,
    (description, level): (Option<&str>, Option<&str>),
) -> Result<(Scope, bool)> {
    if applications::has_scope(cx, id, name)? {
        return Ok((applications::change_scope(cx, id, name, (description, level))?, false));
    }
    let text = |given: Option<&str>| given.unwrap_or_default().to_owned();
    let new = NewScope { name: name.to_owned(), description: text(description), level: text(level) };
    Ok((applications::add_scope(cx, id, &new)?, true))
}

fn home_is_a_team(error: Error) -> Error {
    renamed(error, |field| if field == "home" { "home_team".into() } else { field })
}

fn under(error: Error, prefix: &str) -> Error {
    renamed(error, |field| format!("{prefix}{field}"))
}

fn at(error: Error, field: &str) -> Error {
    renamed(error, |_| field.to_owned())
}

/// An error whose fields are called as the request calls them.
fn renamed(error: Error, name: impl Fn(String) -> String) -> Error {
    match error {
        Error::Invalid(errors) => {
            let told = errors.into_iter().map(|FieldError { field, message }| FieldError::new(name(field), message));
            Error::Invalid(told.collect())
        }
        other => other,
    }
}
