//! Team roles. The first four are predefined: the program says what they give, and no statement here changes them.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use time::OffsetDateTime;

use super::db::{Tx, failed};
use super::paging::Order;
use super::rows::{RoleRow, UserRow, grants, kind, word};
use super::schema::{memberships, role_counts, roles, user_counts};
use super::sql::{Statement, condition, sql};
use super::users::seen_by;
use crate::base::clock::to_micros;
use crate::model::actor::Sight;
use crate::model::effects::Use;
use crate::model::ids::{RoleId, TeamId, UserId};
use crate::model::names::fold;
use crate::model::page::{Key, Page, PageRequest};
use crate::model::roles::{Grants, OrgRole, Predefined, TeamRole};
use crate::model::users::User;
use crate::model::{Error, Result};

/// The last of the predefined roles.
const PREDEFINED: i64 = RoleId::OWNER.0;

/// All of them: the predefined ones from the least to the most, then the others by name.
///
/// # Errors
/// A fault.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<TeamRole>> {
    let rows: Vec<RoleRow> = tx.load(
        roles::table.order((sql::<BigInt>("CASE WHEN roles.id <= 4 THEN roles.id ELSE 5 END"), roles::name_key.asc())),
    )?;
    rows.into_iter().map(TeamRole::try_from).collect()
}

/// The role with this id.
///
/// # Errors
/// [`Error::NotFound`], or a fault.
pub fn get(tx: &mut Tx<'_>, id: RoleId) -> Result<TeamRole> {
    let row: Option<RoleRow> = tx.find(roles::table.filter(roles::id.eq(id.0)))?;
    row.ok_or(Error::NotFound("role"))?.try_into()
}

/// The role of this name, in any case.
///
/// # Errors
/// A fault.
pub fn by_name(tx: &mut Tx<'_>, name: &str) -> Result<Option<TeamRole>> {
    let row: Option<RoleRow> = tx.find(roles::table.filter(roles::name_key.eq(fold(name))))?;
    row.map(TeamRole::try_from).transpose()
}

/// The names of these roles.
///
/// # Errors
/// A fault.
pub fn names(tx: &mut Tx<'_>, ids: &[RoleId]) -> Result<HashMap<RoleId, String>> {
    let those = condition("roles.id").among(ids.iter().map(|id| id.0));
    let rows: Vec<(i64, String)> = tx.load(roles::table.filter(those).select((roles::id, roles::name)))?;
    Ok(rows.into_iter().map(|(id, name)| (RoleId(id), name)).collect())
}

/// The names of these roles, with what they give.
///
/// # Errors
/// A fault.
pub fn grants_of(tx: &mut Tx<'_>, ids: &[RoleId]) -> Result<HashMap<RoleId, (String, Grants)>> {
    // Of the predefined ones the program says it, as `grants` does.
    let predefined = |id: &RoleId| Predefined::of(*id).map(|role| (*id, (role.to_string(), role.grants())));
    let mut known: HashMap<_, _> = ids.iter().filter_map(predefined).collect();
    let custom: Vec<_> = ids.iter().filter(|id| !known.contains_key(id)).map(|id| id.0).collect();
    if custom.is_empty() {
        return Ok(known);
    }
    let rows = roles::table.filter(condition("roles.id").among(custom)).select((
        roles::id,
        roles::name,
        roles::permissions,
        roles::level,
    ));
    let rows: Vec<(i64, String, String, String)> = tx.load(rows)?;
    for (id, name, permissions, level) in rows {
        known.insert(RoleId(id), (name, grants(RoleId(id), &permissions, &level)?));
    }
    Ok(known)
}

/// Adds a custom role.
///
/// # Errors
/// A name that is taken, or a fault.
pub fn insert(tx: &mut Tx<'_>, name: &str, description: &str, grants: Grants, now: OffsetDateTime) -> Result<TeamRole> {
    let row: RoleRow = diesel::insert_into(roles::table)
        .values((
            roles::name.eq(name),
            roles::name_key.eq(fold(name)),
            roles::description.eq(description),
            roles::permissions.eq(grants.permissions.to_string()),
            roles::level.eq(grants.level.as_str()),
            roles::created_at.eq(to_micros(now)),
            roles::version.eq(1),
        ))
        .returning(roles::all_columns)
        .get_result(tx.conn)
        .map_err(failed)?;
    row.try_into()
}

/// Writes what can change of a custom role, and counts its version up.
///
/// # Errors
/// [`Error::NotFound`] for a predefined one, a name that is taken, or a fault.
pub fn update(tx: &mut Tx<'_>, role: &TeamRole) -> Result<TeamRole> {
    let row: RoleRow = diesel::update(roles::table.filter(roles::id.eq(role.id.0).and(roles::id.gt(PREDEFINED))))
        .set((
            roles::name.eq(&role.name),
            roles::name_key.eq(fold(&role.name)),
            roles::description.eq(&role.description),
            roles::permissions.eq(role.grants.permissions.to_string()),
            roles::level.eq(role.grants.level.as_str()),
            roles::version.eq(roles::version + 1),
        ))
        .returning(roles::all_columns)
        .get_result(tx.conn)
        .map_err(failed)?;
    row.try_into()
}

/// Removes a custom role that nobody has.
///
/// # Errors
/// Somebody has it, or a fault.
pub fn delete(tx: &mut Tx<'_>, id: RoleId) -> Result<()> {
    let row = roles::table.filter(roles::id.eq(id.0).and(roles::id.gt(PREDEFINED)));
    diesel::delete(row).execute(tx.conn).map(drop).map_err(failed)
}

/// How many memberships have this role.
///
/// # Errors
/// A fault.
pub fn count_members(tx: &mut Tx<'_>, id: RoleId) -> Result<i64> {
    let counted = role_counts::table.filter(role_counts::role_id.eq(id.0)).select(role_counts::n);
    Ok(tx.find(counted)?.unwrap_or_default())
}

/// How many users have this organisation role.
///
/// # Errors
/// A fault.
pub fn count_organisation(tx: &mut Tx<'_>, role: OrgRole) -> Result<i64> {
    let of_each_kind = user_counts::table.filter(user_counts::role.eq(role.as_str())).select(user_counts::n);
    Ok(tx.load::<i64, _>(of_each_kind)?.iter().sum())
}

/// A page of those who have this role, by display name and team: accounts that `sight` allows, in these teams (`None` for all).
///
/// # Errors
/// A cursor of another list, or a fault.
pub fn page_of_members(
    tx: &mut Tx<'_>,
    id: RoleId,
    (sight, known): (&Sight, Option<&[TeamId]>),
    request: &PageRequest,
) -> Result<Page<(User, TeamId, String)>> {
    let mut conditions = vec![condition("memberships.role_id = ").number(id.0)];
    conditions.extend(seen_by(sight));
    conditions.extend(known.map(|known| condition("teams.id").among(known.iter().map(|id| id.0))));
    let joined = UserRow::columns().and::<BigInt, Text>(
        "teams.id, teams.name FROM memberships \
         JOIN users ON users.id = memberships.user_id JOIN teams ON teams.id = memberships.team_id",
    );
    let order = Order::by_text("memberships.name_key", "memberships.team_id");
    let rows: Vec<(UserRow, i64, String)> = tx.load(order.page(joined, conditions, request)?)?;
    let found = rows.into_iter().map(|(user, team, name)| Ok((User::try_from(user)?, TeamId(team), name)));
    let found = found.collect::<Result<Vec<_>>>()?;
    Ok(Page::build(request, found, |(user, team, _)| (Key::Text(fold(&user.display_name)), team.0)))
}

/// The accounts that have this role in some team, without order.
///
/// # Errors
/// A fault.
pub fn members(tx: &mut Tx<'_>, id: RoleId) -> Result<Vec<UserId>> {
    let rows = memberships::table.filter(memberships::role_id.eq(id.0)).select(memberships::user_id).distinct();
    Ok(tx.load::<i64, _>(rows)?.into_iter().map(UserId).collect())
}

#[derive(QueryableByName)]
struct UseRow {
    #[diesel(sql_type = BigInt)]
    team_id: i64,
    #[diesel(sql_type = Text)]
    team_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    org_role: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Where this role is in use, by team name.
///
/// # Errors
/// A fault.
pub fn uses(tx: &mut Tx<'_>, id: RoleId) -> Result<Vec<Use>> {
    let query: Statement =
        sql("SELECT t.id AS team_id, t.name AS team_name, u.kind AS kind, u.role AS org_role, COUNT(*) AS n \
         FROM memberships m JOIN teams t ON t.id = m.team_id JOIN users u ON u.id = m.user_id WHERE m.role_id = ");
    let query = query
        .number(id.0)
        .sql(" GROUP BY t.id, t.name, t.name_key, u.kind, u.role ORDER BY t.name_key, u.kind, u.role");
    let rows: Vec<UseRow> = tx.load(query)?;
    rows.into_iter()
        .map(|row| {
            Ok(Use {
                team: TeamId(row.team_id),
                team_name: row.team_name,
                kind: kind(&row.kind)?,
                org_role: word(&row.org_role)?,
                count: row.n,
            })
        })
        .collect()
}
