//! What a person leaves behind, and to whom it goes.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use super::app::{Cx, account};
use super::bulk::naming;
use super::users::{self, UserChange, UserInfo};
use crate::model::error::Undone;
use crate::model::ids::{TeamId, UserId};
use crate::model::page::MAX_LIMIT;
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::users::{AnswersFor, Kind, User};
use crate::model::{Error, Result};
use crate::store;

/// A service or agent account that somebody is the contact or the sponsor of.
#[derive(Clone, Debug)]
pub struct Account {
    /// It.
    pub user: User,
    /// Whether the person is its contact.
    pub contact: bool,
    /// Whether the person is its sponsor; agents alone have one.
    pub sponsor: bool,
    /// Whether the caller may name somebody else.
    pub may_change: bool,
}

/// What a person leaves behind, as far as the caller may know of it.
#[derive(Clone, Debug)]
pub struct Left {
    /// Whose it is.
    pub person: UserInfo,
    /// The first 200 accounts that they are the contact or the sponsor of, by name.
    pub accounts: Vec<Account>,
    /// How many there are.
    pub total: AnswersFor,
    /// The teams whose members and settings no other enabled person may change, by name.
    pub teams: Vec<(TeamId, String)>,
}

impl Left {
    /// Whether nothing wants somebody else.
    pub fn is_empty(&self) -> bool {
        self.total.total() == 0 && self.teams.is_empty()
    }
}

/// What was handed over.
#[derive(Clone, Debug)]
pub struct HandedOver {
    /// To whom.
    pub to: User,
    /// The accounts.
    pub accounts: Vec<UserId>,
    /// How many of each kind.
    pub kinds: AnswersFor,
    /// How many still wait for somebody else.
    pub left: i64,
}

/// What a person leaves behind, for those who may hand any of it over, manage the person, or are the person.
///
/// # Errors
/// [`Error::NotFound`] where the caller may not know of the person, a refusal, or an account that is no person.
pub fn of(cx: &mut Cx<'_, '_>, id: UserId) -> Result<Left> {
    let person = users::get(cx, id)?;
    cx.attempt("user.handover");
    let left = left_by(cx, person)?;
    let user = &left.person.user;
    let concerned = cx.actor.may_act_on(user, Action::Update).is_ok() || cx.actor.owns(id, Action::Read);
    if !concerned && !left.accounts.iter().any(|account| account.may_change) {
        return Err(Error::lacks(Permission::new(Resource::ServiceAccounts, Action::Update)));
    }
    if user.kind != Kind::Person {
        return Err(Error::Conflict(format!(
            "{} is no person, so nobody is left without a contact or a sponsor.",
            user.username
        )));
    }
    Ok(left)
}

/// What a person whom the caller may know of leaves behind.
///
/// # Errors
/// A fault.
pub fn left_by(cx: &mut Cx<'_, '_>, person: UserInfo) -> Result<Left> {
    let (id, sight) = (person.user.id, cx.actor.sight());
    let accounts = store::users::answered_by(cx.tx, id, &sight, MAX_LIMIT)?;
    let account = |user: User| Account {
        contact: user.contact == Some(id),
        sponsor: user.sponsor == Some(id),
        may_change: cx.actor.may_act_on(&user, Action::Update).is_ok(),
        user,
    };
    let accounts: Vec<_> = accounts.into_iter().map(account).collect();
    let total = match i64::try_from(accounts.len()) {
        Ok(n) if n < MAX_LIMIT => accounts.iter().map(|account| account.user.kind).collect(),
        _ => counts(cx, &[id])?.remove(&id).unwrap_or_default(),
    };
    let teams = managed_alone(cx, &person)?;
    Ok(Left { person, accounts, total, teams })
}

/// Of how many service and agent accounts, within the caller's sight, each of these people is the contact or the sponsor.
///
/// # Errors
/// A fault.
pub fn counts(cx: &mut Cx<'_, '_>, people: &[UserId]) -> Result<HashMap<UserId, AnswersFor>> {
    let sight = cx.actor.sight();
    store::users::answers_counts(cx.tx, people, &sight)
}

/// The teams, of those the caller may know of, that no other enabled person manages by a role in them.
fn managed_alone(cx: &mut Cx<'_, '_>, person: &UserInfo) -> Result<Vec<(TeamId, String)>> {
    let manages = Permission::new(Resource::Teams, Action::Update);
    let managed: Vec<_> = person.teams.iter().filter(|team| team.grants.permissions.has(manages)).collect();
    let ids: Vec<_> = managed.iter().map(|team| team.team).collect();
    let others = store::memberships::held_by_other_people(cx.tx, &ids, person.user.id)?;
    let kept: HashSet<_> =
        others.into_iter().filter(|(_, held)| held.permissions.has(manages)).map(|(team, _)| team).collect();
    let alone = managed.into_iter().filter(|team| !kept.contains(&team.team));
    Ok(alone.map(|team| (team.team, team.team_name.clone())).collect())
}

/// Makes `to` the contact of the accounts that `person` is the contact of, and the sponsor of the agents that `person` is the sponsor of: of `only` these, or else of all that the caller may
/// change, 200 at once. All of it is done, or nothing.
///
/// # Errors
/// A refusal with the name of the account, somebody who can be nobody's contact, or an account that `person` does not answer for by now.
pub fn hand_over(cx: &mut Cx<'_, '_>, person: UserId, to: UserId, only: Option<&[UserId]>) -> Result<HandedOver> {
    let left = of(cx, person)?;
    let to = successor(cx, &left.person.user, to)?;
    let chosen = chosen(cx, &left, only)?;
    if !to.has_password && chosen.iter().any(|user| user.sponsor == Some(person)) {
        let told = "An AI agent's sponsor must be somebody who has accepted the invitation. Name another person.";
        return Err(Error::field("contact", told));
    }
    let mut names = Vec::new();
    for user in &chosen {
        let change = UserChange {
            contact: (user.contact == Some(person)).then_some(Some(to.id)),
            sponsor: (user.sponsor == Some(person)).then_some(to.id),
            ..UserChange::default()
        };
        users::update(cx, user.id, change).map_err(|error| naming(Undone::Nothing, error, &user.username))?;
        names.push(json!({ "id": user.id, "name": user.username }));
    }
    cx.attempt("user.handover");
    cx.done(
        account(&left.person.user),
        None,
        Some(json!({ "accounts": names, "contact": { "id": to.id, "name": to.username } })),
    )?;
    let kinds = chosen.iter().map(|user| user.kind).collect();
    let accounts: Vec<_> = chosen.into_iter().map(|user| user.id).collect();
    let left = counts(cx, &[person])?.remove(&person).unwrap_or_default().total();
    Ok(HandedOver { to, accounts, kinds, left })
}

/// Another enabled person, whom the caller may know of.
fn successor(cx: &mut Cx<'_, '_>, person: &User, to: UserId) -> Result<User> {
    let found = match users::get(cx, to) {
        Ok(found) => Some(found.user),
        Err(Error::NotFound(_)) => None,
        Err(error) => return Err(error),
    };
    cx.attempt("user.handover");
    cx.on(account(person));
    found.filter(|user| user.kind == Kind::Person && user.is_enabled() && user.id != person.id).ok_or_else(|| {
        Error::field(
            "contact",
            "The new contact must be another person whose account is enabled, and whom you may see.",
        )
    })
}

fn chosen(cx: &mut Cx<'_, '_>, left: &Left, only: Option<&[UserId]>) -> Result<Vec<User>> {
    let Some(only) = only else {
        let changeable = left.accounts.iter().filter(|account| account.may_change);
        let all: Vec<_> = changeable.map(|account| account.user.clone()).collect();
        let name = &left.person.user.username;
        let none =
            || Error::Conflict(format!("{name} is the contact or the sponsor of no account that you may change."));
        return if all.is_empty() { Err(none()) } else { Ok(all) };
    };
    if only.is_empty() || i64::try_from(only.len()).is_ok_and(|n| n > MAX_LIMIT) {
        return Err(Error::field("accounts", format!("Choose some of the accounts, at most {MAX_LIMIT}.")));
    }
    let mut found: Vec<User> = Vec::new();
    for id in only {
        let user = match users::get(cx, *id) {
            Ok(info) if [info.user.contact, info.user.sponsor].contains(&Some(left.person.user.id)) => info.user,
            Ok(_) | Err(Error::NotFound(_)) => return Err(Error::Conflict(OTHER_BY_NOW.into())),
            Err(error) => return Err(error),
        };
        if !found.contains(&user) {
            found.push(user);
        }
    }
    Ok(found)
}

const OTHER_BY_NOW: &str = "One of these accounts is gone, or has another contact by now, or another sponsor. Nothing was handed over; choose again.";
