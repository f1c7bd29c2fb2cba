//! Who is in which team with which role. `Public` never stands here: everyone is in it.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use time::OffsetDateTime;

use super::db::{Tx, failed};
use super::rows::{UserRow, grants};
use super::schema::{memberships, roles, team_counts, teams, users};
use super::users::{list, members_by_name, name_matches};
use crate::base::clock::to_micros;
use crate::model::ids::{RoleId, TeamId, UserId};
use crate::model::names::fold;
use crate::model::page::{Key, Page, PageRequest};
use crate::model::roles::Grants;
use crate::model::teams::{MemberFilter, Membership};
use crate::model::users::User;
use crate::model::{Error, Result};

type Row = (i64, i64, String, i64, String, String, String);

fn membership((user, team, team_name, role, role_name, permissions, level): Row) -> Result<Membership> {
    let role = RoleId(role);
    let grants = grants(role, &permissions, &level)?;
    Ok(Membership { user: UserId(user), team: TeamId(team), team_name, role, role_name, grants })
}

/// The memberships of each of these users, by team name.
///
/// # Errors
/// A fault.
pub fn of_users(tx: &mut Tx<'_>, ids: &[UserId]) -> Result<HashMap<UserId, Vec<Membership>>> {
    let rows = memberships::table
        .inner_join(teams::table)
        .inner_join(roles::table)
        .filter(sql::<Bool>(&format!("memberships.user_id IN ({})", list(ids.iter().map(|id| id.0)))))
        .order(teams::name_key.asc())
        .select((
            memberships::user_id,
            memberships::team_id,
            teams::name,
            memberships::role_id,
            roles::name,
            roles::permissions,
            roles::level,
        ))
        .load::<Row>(tx.conn)
        .map_err(failed)?;
    let mut by_user: HashMap<UserId, Vec<Membership>> = HashMap::new();
    for row in rows {
        let found = membership(row)?;
        by_user.entry(found.user).or_default().push(found);
    }
    Ok(by_user)
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
    let those = format!("memberships.user_id IN ({})", list(ids.iter().map(|id| id.0)));
    let rows = memberships::table
        .inner_join(roles::table)
        .filter(sql::<Bool>(&those))
        .select((memberships::user_id, memberships::team_id, memberships::role_id, roles::permissions, roles::level))
        .load::<(i64, i64, i64, String, String)>(tx.conn)
        .map_err(failed)?;
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
    let people = format!(
        "memberships.team_id IN ({}) AND memberships.user_id IN \
         (SELECT id FROM users WHERE kind = 'person' AND disabled_at IS NULL AND id <> {except})",
        list(teams.iter().map(|id| id.0))
    );
    let rows = memberships::table
        .inner_join(roles::table)
        .filter(sql::<Bool>(&people))
        .select((memberships::team_id, memberships::role_id, roles::permissions, roles::level))
        .distinct()
        .load::<(i64, i64, String, String)>(tx.conn)
        .map_err(failed)?;
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
    let found = row.select(memberships::role_id).get_result::<i64>(tx.conn).optional();
    Ok(found.map_err(failed)?.map(RoleId))
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
    let mut query = users::table.into_boxed();
    query = match filter.machines {
        Some(true) => query.filter(users::kind.ne("person")),
        Some(false) => query.filter(users::kind.eq("person")),
        None => query,
    };
    for condition in name_matches(tx.conn, &filter.search) {
        query = query.filter(condition);
    }
    let with_role = filter.role.map(|role| format!(" AND role_id = {role}")).unwrap_or_default();
    if !team.is_public() && filter.role.is_none() && filter.search.trim().is_empty() {
        query = query.filter(members_by_name(team, filter.machines, request)?);
    } else if !team.is_public() || filter.role.is_some() {
        let members = format!("users.id IN (SELECT user_id FROM memberships WHERE team_id = {team}{with_role})");
        query = query.filter(sql::<Bool>(&members));
    }
    let backwards = request.cursor.as_ref().is_some_and(|cursor| cursor.backwards);
    if let Some(cursor) = &request.cursor {
        let Key::Text(key) = cursor.key.clone() else {
            return Err(Error::field("cursor", "This cursor belongs to another list. Begin at the first page."));
        };
        query = if backwards {
            query.filter(users::display_name_key.lt(key))
        } else {
            query.filter(users::display_name_key.gt(key))
        };
    }
    let query = if backwards {
        query.order(users::display_name_key.desc())
    } else {
        query.order(users::display_name_key.asc())
    };
    let rows = query.limit(request.limit + 1).load::<UserRow>(tx.conn).map_err(failed)?;
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
        .filter(sql::<Bool>(&format!("memberships.user_id IN ({})", list(ids.iter().map(|id| id.0)))))
        .select((memberships::user_id, memberships::role_id))
        .load::<(i64, i64)>(tx.conn)
        .map_err(failed)?;
    Ok(rows.into_iter().map(|(user, role)| (UserId(user), RoleId(role))).collect())
}

/// How many people, and how many service and agent accounts, are in each of these teams. `Public` is not counted.
///
/// # Errors
/// A fault.
pub fn counts(tx: &mut Tx<'_>, teams: &[TeamId]) -> Result<HashMap<TeamId, (i64, i64)>> {
    let those = sql::<Bool>(&format!("team_counts.team_id IN ({})", list(teams.iter().map(|id| id.0))));
    let rows = team_counts::table.filter(those).load::<(i64, bool, i64)>(tx.conn).map_err(failed)?;
    let mut counts: HashMap<TeamId, (i64, i64)> = HashMap::new();
    for (team, machine, n) in rows {
        let (people, machines) = counts.entry(TeamId(team)).or_default();
        *(if machine { machines } else { people }) = n;
    }
    Ok(counts)
}
