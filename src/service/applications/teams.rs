//! Which teams may use an application.

use serde_json::json;

use super::{acting, target};
use crate::model::applications::Application;
use crate::model::ids::{ApplicationId, TeamId};
use crate::model::page::MAX_LIMIT;
use crate::model::permissions::Action;
use crate::model::teams::Team;
use crate::model::{Error, Result};
use crate::service::app::Cx;
use crate::service::teams::{by_name, first_names, there_is};
use crate::store;

/// A team with access.
#[derive(Clone, Debug)]
pub struct Access {
    /// Its id.
    pub team: TeamId,
    /// Its name.
    pub name: String,
}

/// The teams with access that the caller may know of, by name, and how many others there are.
///
/// # Errors
/// [`Error::NotFound`] where there is no such application, or none the caller may read.
pub fn teams(cx: &mut Cx<'_, '_>, id: ApplicationId) -> Result<(Vec<Access>, usize)> {
    let info = super::get(cx, id)?;
    let known = info.teams.into_iter().map(|(team, name)| Access { team, name });
    Ok((known.collect(), info.hidden_teams))
}

fn told(team: &Team) -> serde_json::Value {
    json!({ "team": { "id": team.id, "name": team.name } })
}

/// The team of this name, for a form: nothing where no name was typed.
///
/// # Errors
/// A team that is not there, or that the caller may not know of, at `field`.
pub fn named(cx: &mut Cx<'_, '_>, field: &'static str, name: &str) -> Result<Option<TeamId>> {
    let name = name.trim();
    if name.is_empty() {
        return Ok(None);
    }
    match by_name(cx, name)? {
        Some(team) => Ok(Some(team.id)),
        None => Err(Error::field(field, "There is no such team, or none that you may know of. Choose again.")),
    }
}

/// The names of teams that an application may be opened to, up to 200, and whether there are more: then one has to be named.
///
/// # Errors
/// A refusal.
pub fn to_open(cx: &mut Cx<'_, '_>, id: ApplicationId) -> Result<(Vec<String>, bool)> {
    opening(cx, id)?;
    let known = first_names(cx)?;
    let more = i64::try_from(known.len()).is_ok_and(|n| n >= MAX_LIMIT);
    let open: Vec<_> = store::applications::teams(cx.tx, id)?.into_iter().map(|(team, _)| team).collect();
    let others = known.into_iter().filter(|(team, _)| !team.is_public() && !open.contains(team));
    Ok((others.map(|(_, name)| name).collect(), more))
}

/// An application that the caller may open to a team.
///
/// # Errors
/// A refusal.
pub fn opening(cx: &mut Cx<'_, '_>, id: ApplicationId) -> Result<Application> {
    acting(cx, id, "application.grant_access", Action::Update)
}

/// Gives a team access: from the next check on, its members' tokens use what their role there reaches. Whether it had none.
///
/// # Errors
/// A refusal, `Public`, or a team that the caller may not know of.
pub fn open(cx: &mut Cx<'_, '_>, id: ApplicationId, team: TeamId) -> Result<bool> {
    let application = opening(cx, id)?;
    let team = there_is(cx, team, "team")?;
    if team.id.is_public() {
        return Err(Error::field("team", "Public gives nothing, so it has no access either. Choose another team."));
    }
    let is_new = store::applications::open(cx.tx, id, team.id, cx.now)?;
    if is_new {
        cx.done(target(&application), None, Some(told(&team)))?;
    }
    Ok(is_new)
}

/// The same by a team's id in an address: a team that is not there, or that the caller may not know of, is told as such.
///
/// # Errors
/// Those of [`open`], and [`Error::NotFound`] for the team.
pub fn open_known(cx: &mut Cx<'_, '_>, id: ApplicationId, team: TeamId) -> Result<bool> {
    opening(cx, id)?;
    if there_is(cx, team, "team").is_err() {
        return Err(Error::NotFound("team"));
    }
    open(cx, id, team)
}

/// An application from which the caller may take a team's access, and that team.
///
/// # Errors
/// A refusal, or a team that has none or that the caller may not know of.
pub fn closing(cx: &mut Cx<'_, '_>, id: ApplicationId, team: TeamId) -> Result<(Application, Team)> {
    let application = acting(cx, id, "application.withdraw_access", Action::Update)?;
    let is_open = store::applications::is_open_to(cx.tx, id, &[team])?;
    match there_is(cx, team, "team") {
        Ok(team) if is_open => Ok((application, team)),
        Ok(_) | Err(Error::Invalid(_)) => Err(Error::NotFound("team with access")),
        Err(error) => Err(error),
    }
}

/// Withdraws a team's access: from the next check on, its members use the application only through other teams.
///
/// # Errors
/// Those of [`closing`].
pub fn close(cx: &mut Cx<'_, '_>, id: ApplicationId, team: TeamId) -> Result<()> {
    let (application, team) = closing(cx, id, team)?;
    store::applications::close(cx.tx, id, team.id)?;
    cx.done(target(&application), Some(told(&team)), None)
}
