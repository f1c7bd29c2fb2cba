//! The accounts at home in a team, which keep it from being deleted, and moving all of them.

use super::app::Cx;
use super::bulk::naming;
use super::users::{self, UserChange};
use crate::model::access::Place;
use crate::model::error::Undone;
use crate::model::ids::{TeamId, UserId};
use crate::model::page::MAX_LIMIT;
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::teams::Team;
use crate::model::users::{Kind, User};
use crate::model::{Error, Result};
use crate::store;

const UPDATE: Permission = Permission::new(Resource::ServiceAccounts, Action::Update);
const CREATE: Permission = Permission::new(Resource::ServiceAccounts, Action::Create);

/// The accounts at home in a team.
#[derive(Clone, Debug, Default)]
pub struct AtHome {
    /// The first of them, by display name, that the caller may see.
    pub seen: Vec<User>,
    /// How many there are; counting stops after 10,000.
    pub total: i64,
}

/// The accounts at home in a team, the first `limit` of them by name.
///
/// # Errors
/// A fault.
pub fn of_team(cx: &mut Cx<'_, '_>, team: TeamId, limit: i64) -> Result<AtHome> {
    let total = store::users::count_at_home_in(cx.tx, team)?;
    let mut seen = Vec::new();
    for user in store::users::at_home_in(cx.tx, team, None, limit)? {
        let teams = store::memberships::roles(cx.tx, user.id)?;
        let teams: Vec<_> = teams.into_iter().map(|(team, _)| team).collect();
        if cx.actor.sees(&user, &teams) {
            seen.push(user);
        }
    }
    Ok(AtHome { seen, total })
}

/// That nobody is at home in a team.
///
/// # Errors
/// [`Error::Kept`] with the accounts that keep it, those that the caller may see.
pub(super) fn must_be_empty(cx: &mut Cx<'_, '_>, team: &Team) -> Result<()> {
    let AtHome { seen, total } = of_team(cx, team.id, MAX_LIMIT)?;
    if total == 0 {
        return Ok(());
    }
    let accounts = if total == 1 { "service account" } else { "service accounts" };
    let reason = format!("{} is the home of {total} {accounts}. Move them to another home first.", team.name);
    Err(Error::Kept { reason, by: seen.iter().map(|user| user.id).collect() })
}

/// Whether the caller may move accounts away from this home, as far as it does not depend on the accounts.
pub fn may_move(cx: &Cx<'_, '_>, team: TeamId) -> bool {
    allowed(cx, team).is_ok()
}

fn allowed(cx: &Cx<'_, '_>, team: TeamId) -> Result<()> {
    cx.actor.may(UPDATE, Place::of_home(Some(team)))?;
    cx.actor.may_manage(Kind::Service)
}

/// Moves every account at home in a team to another home, in one transaction. How many there were.
///
/// # Errors
/// A refusal, no such team, or whoever stood in the way, by name; then nobody was moved.
pub fn move_all(cx: &mut Cx<'_, '_>, team: TeamId, to: &str) -> Result<usize> {
    let from = super::teams::get(cx, team)?.team;
    cx.attempt("team.move_homes");
    allowed(cx, team)?;
    let to = destination(cx, &from, to)?;
    cx.actor.may(CREATE, Place::of_home(Some(to)))?;
    let (mut moved, mut last) = (0, UserId(0));
    loop {
        let batch = store::users::at_home_in(cx.tx, team, Some(last), MAX_LIMIT)?;
        let Some(end) = batch.last() else { return Ok(moved) };
        last = end.id;
        for user in &batch {
            let change = UserChange { home_team: Some(to), ..UserChange::default() };
            users::update(cx, user.id, change).map_err(|error| in_the_way(error, &user.username))?;
            moved += 1;
        }
    }
}

fn destination(cx: &mut Cx<'_, '_>, from: &Team, name: &str) -> Result<TeamId> {
    if name.trim().is_empty() {
        return Err(Error::field("to", "Choose their new home."));
    }
    match super::teams::by_name(cx, name.trim())? {
        Some(team) if team.id == from.id => {
            Err(Error::field("to", format!("They are at home in {} now. Choose another team.", from.name)))
        }
        Some(team) => Ok(team.id),
        None => Err(Error::field("to", "There is no such team, or none that you may know of. Choose again.")),
    }
}

/// An error with the name of the account that stood in the way, where it may be known.
fn in_the_way(error: Error, name: &str) -> Error {
    match error {
        Error::NotFound(_) => Error::Conflict("Nobody was moved, because of an account that you may not see.".into()),
        other => naming(Undone::Homes, other, name),
    }
}
