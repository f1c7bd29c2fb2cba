//! Who is in which team with which role. `Public` never stands here: everyone is in it.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use time::OffsetDateTime;

use super::db::{Tx, failed};
use super::paging::Order;
use super::rows::{UserRow, grants};
use super::schema::{memberships, roles, team_counts};
use super::sql::{Condition, condition, sql};
use super::users::{members_by_name, name_matches, of_kind};
use crate::base::clock::to_micros;
use crate::model::actor::Sight;
use crate::model::ids::{RoleId, TeamId, UserId};
use crate::model::names::fold;
use crate::model::page::{Key, Page, PageRequest};
use crate::model::roles::Grants;
use crate::model::teams::{MemberFilter, Membership};
use crate::model::users::User;
use crate::model::{Error, Result};

fn of_these(ids: &[UserId]) -> Condition {
    sql("memberships.user_id").among(ids.iter().map(|id| id.0))
}

/// The memberships of each of these users, by team name.
///
/// # Errors
/// A fault.
pub fn of_users(tx: &mut Tx<'_>, ids: &[UserId]) -> Result<HashMap<UserId, Vec<Membership>>> {
    let mut rows = match ids {
        [] => Vec::new(),
        ids => tx.load::<(i64, i64, i64), _>(memberships::table.filter(of_these(ids)).select((
            memberships::user_id,
            memberships::team_id,
            memberships::role_id,
        )))?,
    };
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    // There are far fewer teams and roles than memberships: each is read once.
    let teams = super::teams::in_order(tx, &distinct(rows.iter().map(|(_, team, _)| TeamId(*team))))?;
    let roles = super::roles::grants_of(tx, &distinct(rows.iter().map(|(_, _, role)| RoleId(*role))))?;
    let places: HashMap<_, _> = teams.iter().enumerate().map(|(place, (team, _))| (team.0, place)).collect();
    rows.sort_by_key(|(_, team, _)| places.get(team).copied());
    let mut by_user: HashMap<UserId, Vec<Membership>> = HashMap::with_capacity(ids.len());
    for (user, team, role) in rows {
        let name = places.get(&team).and_then(|place| teams.get(*place)).map(|(_, name)| name.clone());
        let (user, team, role) = (UserId(user), TeamId(team), RoleId(role));
        let (Some(team_name), Some((role_name, grants))) = (name, roles.get(&role).cloned()) else { continue };
        let found = Membership { user, team, team_name, role, role_name, grants };
        by_user.entry(user).or_default().push(found);
    }
    Ok(by_user)
}

fn distinct<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The memberships of one user, by team name.
///
/// # Errors
/// A fault.
pub fn of_user(tx: &mut Tx<'_>, id: UserId) -> Result<Vec<Membership>> {
    Ok(of_users(tx, &[id])?.remove(&id).unwrap_or_default())
}

/// What the team roles of one user give.
///
/// # Errors
/// A fault.
pub fn roles(tx: &mut Tx<'_>, id: UserId) -> Result<Vec<(TeamId, Grants)>> {
    Ok(roles_of(tx, &[id])?.remove(&id).unwrap_or_default())
}

/// What the team roles of each of these users give; those without one are missing.
///
/// # Errors
/// A fault.
pub fn roles_of(tx: &mut Tx<'_>, ids: &[UserId]) -> Result<HashMap<UserId, Vec<(TeamId, Grants)>>> {
    let rows = memberships::table.inner_join(roles::table).filter(of_these(ids)).select((
        memberships::user_id,
        memberships::team_id,
        memberships::role_id,
        roles::permissions,
        roles::level,
    ));
    let rows: Vec<(i64, i64, i64, String, String)> = tx.load(rows)?;
    let mut held: HashMap<UserId, Vec<_>> = HashMap::new();
    for (user, team, role, permissions, level) in rows {
        held.entry(UserId(user)).or_default().push((TeamId(team), grants(RoleId(role), &permissions, &level)?));
    }
    Ok(held)
}

/// What enabled people other than `except` hold by their roles in each of these teams.
///
/// # Errors
/// A fault.
pub fn held_by_other_people(tx: &mut Tx<'_>, teams: &[TeamId], except: UserId) -> Result<Vec<(TeamId, Grants)>> {
    let people: Condition = sql("memberships.team_id")
        .among(teams.iter().map(|id| id.0))
        .sql(" AND memberships.user_id IN (SELECT id FROM users WHERE kind = 'person' AND disabled_at IS NULL AND id <> ")
        .number(except.0)
        .sql(")");
    let rows = memberships::table
        .inner_join(roles::table)
        .filter(people)
        .select((memberships::team_id, memberships::role_id, roles::permissions, roles::level))
        .distinct();
    let rows: Vec<(i64, i64, String, String)> = tx.load(rows)?;
    rows.into_iter()
        .map(|(team, role, permissions, level)| Ok((TeamId(team), grants(RoleId(role), &permissions, &level)?)))
        .collect()
}

/// The role of `user` in `team`, if it is a member.
///
/// # Errors
/// A fault.
pub fn role_in(tx: &mut Tx<'_>, user: UserId, team: TeamId) -> Result<Option<RoleId>> {
    let row = memberships::table.filter(memberships::user_id.eq(user.0).and(memberships::team_id.eq(team.0)));
    Ok(tx.find::<i64, _>(row.select(memberships::role_id))?.map(RoleId))
}

/// Makes `user` a member with `role`, or changes the role. Gives the role it had.
///
/// # Errors
/// A fault.
pub fn set(tx: &mut Tx<'_>, user: UserId, team: TeamId, role: RoleId, now: OffsetDateTime) -> Result<Option<RoleId>> {
    let had = role_in(tx, user, team)?;
    let row = memberships::table.filter(memberships::user_id.eq(user.0).and(memberships::team_id.eq(team.0)));
    let changed = match had {
        Some(_) => diesel::update(row).set(memberships::role_id.eq(role.0)).execute(tx.conn),
        None => diesel::insert_into(memberships::table)
            .values((
                memberships::user_id.eq(user.0),
                memberships::team_id.eq(team.0),
                memberships::role_id.eq(role.0),
                memberships::created_at.eq(to_micros(now)),
            ))
            .execute(tx.conn),
    };
    changed.map_err(failed)?;
    Ok(had)
}

/// Ends a membership. Gives the role it had.
///
/// # Errors
/// [`Error::NotFound`] where there was none, or a fault.
pub fn remove(tx: &mut Tx<'_>, user: UserId, team: TeamId) -> Result<RoleId> {
    let had = role_in(tx, user, team)?.ok_or(Error::NotFound("membership"))?;
    let row = memberships::table.filter(memberships::user_id.eq(user.0).and(memberships::team_id.eq(team.0)));
    diesel::delete(row).execute(tx.conn).map_err(failed)?;
    Ok(had)
}

/// A page of a team's members by display name, those that `filter` asks for.
///
/// # Errors
/// A fault.
pub fn page(
    tx: &mut Tx<'_>,
    team: TeamId,
    filter: &MemberFilter,
    request: &PageRequest,
) -> Result<Page<(User, Option<RoleId>)>> {
    let mut conditions = name_matches(tx.conn, &filter.search);
    let plain = conditions.is_empty() && filter.role.is_none();
    if plain && !team.is_public() {
        conditions.push(members_by_name(team, filter.machines, request)?);
    } else {
        conditions.extend(filter.machines.map(|machines| of_kind(machines, !plain)));
    }
    if !plain && (!team.is_public() || filter.role.is_some()) {
        let mut members = condition("users.id IN (SELECT user_id FROM memberships WHERE team_id = ").number(team.0);
        if let Some(role) = filter.role {
            members = members.sql(" AND role_id = ").number(role.0);
        }
        conditions.push(members.sql(")"));
    }
    let order = Order::by_text("users.display_name_key", "users.id");
    let rows: Vec<UserRow> = tx.load(order.page(UserRow::columns().rows(), conditions, request)?)?;
    let found = rows.into_iter().map(User::try_from).collect::<Result<Vec<_>>>()?;
    let ids: Vec<_> = found.iter().map(|user| user.id).collect();
    let roles = roles_in(tx, team, &ids)?;
    let page = Page::build(request, found, |user| (Key::Text(fold(&user.display_name)), user.id.0));
    Ok(page.map(|user| {
        let role = roles.get(&user.id).copied();
        (user, role)
    }))
}

fn roles_in(tx: &mut Tx<'_>, team: TeamId, ids: &[UserId]) -> Result<HashMap<UserId, RoleId>> {
    let rows = memberships::table
        .filter(memberships::team_id.eq(team.0))
        .filter(of_these(ids))
        .select((memberships::user_id, memberships::role_id));
    let rows: Vec<(i64, i64)> = tx.load(rows)?;
    Ok(rows.into_iter().map(|(user, role)| (UserId(user), RoleId(role))).collect())
}

/// The condition that an account is in `team`, for a list that ends after `limit`. Of a large team the list is gone through until
/// it is full, asking of each account; of a small one the members are collected first: whichever is likely to look at less.
///
/// # Errors
/// A fault.
pub(super) fn condition_of(tx: &mut Tx<'_>, team: TeamId, account: &'static str, limit: i64) -> Result<Condition> {
    let (people, machines) = counts(tx, &[team])?.remove(&team).unwrap_or_default();
    let all: i64 = super::users::counts(tx, &Sight::All)?.iter().sum();
    let members = people.saturating_add(machines);
    let asks_each = members.saturating_mul(members) > limit.saturating_mul(all);
    let (before, behind) = match asks_each {
        true => ("EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = {} AND m.team_id = ", ")"),
        false => ("{} IN (SELECT user_id FROM memberships WHERE team_id = ", ")"),
    };
    Ok(sql(before.replace("{}", account)).number(team.0).sql(behind))
}

/// How many people, and how many service and agent accounts, are in each of these teams. `Public` is not counted.
///
/// # Errors
/// A fault.
pub fn counts(tx: &mut Tx<'_>, teams: &[TeamId]) -> Result<HashMap<TeamId, (i64, i64)>> {
    let those: Condition = sql("team_counts.team_id").among(teams.iter().map(|id| id.0));
    let rows: Vec<(i64, bool, i64)> = tx.load(team_counts::table.filter(those))?;
    let mut counts: HashMap<TeamId, (i64, i64)> = HashMap::new();
    for (team, machine, n) in rows {
        let (people, machines) = counts.entry(TeamId(team)).or_default();
        *(if machine { machines } else { people }) = n;
    }
    Ok(counts)
}
