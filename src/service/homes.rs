//! The accounts and applications at home in a team, which keep it from being deleted, and moving all of them.

use std::fmt;

use super::app::Cx;
use super::applications;
use super::bulk::naming;
use super::users::{self, UserChange};
use crate::model::access::Place;
use crate::model::applications::Application;
use crate::model::error::Undone;
use crate::model::ids::{TeamId, UserId};
use crate::model::page::MAX_LIMIT;
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::teams::Team;
use crate::model::users::{Kind, User};
use crate::model::{Error, Result};
use crate::store;

const UPDATE: Permission = Permission::new(Resource::ServiceAccounts, Action::Update);
const READ_APPLICATIONS: Permission = Permission::new(Resource::Applications, Action::Read);
const UPDATE_APPLICATIONS: Permission = Permission::new(Resource::Applications, Action::Update);
const CREATE: Permission = Permission::new(Resource::ServiceAccounts, Action::Create);

/// The accounts and applications at home in a team.
#[derive(Clone, Debug, Default)]
pub struct AtHome {
    /// The first of the accounts, by display name, that the caller may see.
    pub seen: Vec<User>,
    /// How many accounts there are; counting stops after 10,000.
    pub total: i64,
    /// The first of the applications, by name, that the caller may read.
    pub applications: Vec<Application>,
    /// How many applications there are; counting stops after 10,000.
    pub applications_total: i64,
}

impl AtHome {
    /// Whether nothing is at home there.
    pub fn is_empty(&self) -> bool {
        self.total + self.applications_total == 0
    }

    /// `2 service accounts and 1 application`.
    pub fn counted(&self) -> String {
        Moved { accounts: self.total, applications: self.applications_total }.to_string()
    }
}

/// How much was moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// How many accounts.
    pub accounts: i64,
    /// How many applications.
    pub applications: i64,
}

impl fmt::Display for Moved {
    /// `2 service accounts and 1 application`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some = |n: i64, one: &str| match n {
            0 => None,
            1 => Some(format!("1 {one}")),
            n => Some(format!("{n} {one}s")),
        };
        let parts = [some(self.accounts, "service account"), some(self.applications, "application")];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(" and "))
    }
}

/// What is at home in a team, the first `limit` of each by name.
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
    let mut applications = store::applications::at_home_in(cx.tx, team, limit)?;
    applications.retain(|_| cx.actor.can(READ_APPLICATIONS, Place::of_home(Some(team))));
    let applications_total = store::applications::count_at_home_in(cx.tx, team)?;
    Ok(AtHome { seen, total, applications, applications_total })
}

/// That nothing is at home in a team.
///
/// # Errors
/// [`Error::Kept`] with the accounts that keep it, those that the caller may see.
pub(super) fn must_be_empty(cx: &mut Cx<'_, '_>, team: &Team) -> Result<()> {
    let there = of_team(cx, team.id, MAX_LIMIT)?;
    if there.is_empty() {
        return Ok(());
    }
    let reason = format!("{} is the home of {}. Move them to another home first.", team.name, there.counted());
    Err(Error::Kept { reason, by: there.seen.iter().map(|user| user.id).collect() })
}

/// Whether the caller may move what is there away from this home, as far as it does not depend on each of it.
pub fn may_move(cx: &Cx<'_, '_>, team: TeamId, there: &AtHome) -> bool {
    let applications = there.applications_total == 0 || cx.actor.can(UPDATE_APPLICATIONS, Place::of_home(Some(team)));
    applications && (there.total == 0 || allowed(cx, team).is_ok())
}

fn allowed(cx: &Cx<'_, '_>, team: TeamId) -> Result<()> {
    cx.actor.may(UPDATE, Place::of_home(Some(team)))?;
    cx.actor.may_manage(Kind::Service)
}

/// Moves every account and application at home in a team to another home, in one transaction. How many there were.
///
/// # Errors
/// A refusal, no such team, or whoever stood in the way, by name; then nobody was moved.
pub fn move_all(cx: &mut Cx<'_, '_>, team: TeamId, to: &str) -> Result<Moved> {
    let from = super::teams::get(cx, team)?.team;
    cx.attempt("team.move_homes");
    let of_accounts = store::users::count_at_home_in(cx.tx, team)? > 0;
    let of_applications = store::applications::count_at_home_in(cx.tx, team)? > 0;
    if of_accounts || !of_applications {
        allowed(cx, team)?;
    }
    if of_applications {
        cx.actor.may(UPDATE_APPLICATIONS, Place::of_home(Some(team)))?;
    }
    let to = destination(cx, &from, to)?;
    if of_accounts || !of_applications {
        cx.actor.may(CREATE, Place::of_home(Some(to)))?;
    }
    Ok(Moved { applications: move_applications(cx, team, to)?, accounts: move_accounts(cx, team, to)? })
}

fn move_applications(cx: &mut Cx<'_, '_>, from: TeamId, to: TeamId) -> Result<i64> {
    let mut moved = 0;
    loop {
        let batch = store::applications::at_home_in(cx.tx, from, MAX_LIMIT)?;
        if batch.is_empty() {
            return Ok(moved);
        }
        for application in &batch {
            let change = applications::Change { home: Some(to), ..applications::Change::default() };
            applications::update(cx, application.id, &change)?;
            moved += 1;
        }
    }
}

fn move_accounts(cx: &mut Cx<'_, '_>, from: TeamId, to: TeamId) -> Result<i64> {
    let (mut moved, mut last) = (0, UserId(0));
    loop {
        let batch = store::users::at_home_in(cx.tx, from, Some(last), MAX_LIMIT)?;
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
