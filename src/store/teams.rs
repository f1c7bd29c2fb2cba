//! Teams.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use time::OffsetDateTime;

use super::db::{Tx, count_rows, failed};
use super::paging::Order;
use super::rows::TeamRow;
use super::schema::teams;
use super::sql::{Condition, sql};
use crate::base::clock::to_micros;
use crate::base::random;
use crate::model::ids::TeamId;
use crate::model::names::fold;
use crate::model::page::{Key, Page, PageRequest};
use crate::model::teams::Team;
use crate::model::{Error, Result};

/// Adds a team.
///
/// # Errors
/// A name that is taken, or a fault.
pub fn insert(tx: &mut Tx<'_>, name: &str, description: &str, now: OffsetDateTime) -> Result<Team> {
    let row: TeamRow = diesel::insert_into(teams::table)
        .values((
            teams::uuid.eq(random::uuid().to_string()),
            teams::name.eq(name),
            teams::name_key.eq(fold(name)),
            teams::description.eq(description),
            teams::created_at.eq(to_micros(now)),
            teams::version.eq(1),
        ))
        .returning(teams::all_columns)
        .get_result(tx.conn)
        .map_err(failed)?;
    row.try_into()
}

/// The team with this id.
///
/// # Errors
/// [`Error::NotFound`], or a fault.
pub fn get(tx: &mut Tx<'_>, id: TeamId) -> Result<Team> {
    let row: Option<TeamRow> = tx.find(teams::table.filter(teams::id.eq(id.0)))?;
    row.ok_or(Error::NotFound("team"))?.try_into()
}

/// The team of this name, in any case.
///
/// # Errors
/// A fault.
pub fn by_name(tx: &mut Tx<'_>, name: &str) -> Result<Option<Team>> {
    let row: Option<TeamRow> = tx.find(teams::table.filter(teams::name_key.eq(fold(name))))?;
    row.map(Team::try_from).transpose()
}

/// The names of these teams.
///
/// # Errors
/// A fault.
pub fn names(tx: &mut Tx<'_>, ids: &[TeamId]) -> Result<HashMap<TeamId, String>> {
    Ok(in_order(tx, ids)?.into_iter().collect())
}

/// The ids and names of these teams, by name.
///
/// # Errors
/// A fault.
pub fn in_order(tx: &mut Tx<'_>, ids: &[TeamId]) -> Result<Vec<(TeamId, String)>> {
    let rows = teams::table.filter(among(ids)).select((teams::id, teams::name)).order(teams::name_key.asc());
    let rows: Vec<(i64, String)> = tx.load(rows)?;
    Ok(rows.into_iter().map(|(id, name)| (TeamId(id), name)).collect())
}

fn among(ids: &[TeamId]) -> Condition {
    sql("teams.id").among(ids.iter().map(|id| id.0))
}

/// The ids and names of the first teams by name: of all, or of those among `only`.
///
/// # Errors
/// A fault.
pub fn first_names(tx: &mut Tx<'_>, only: Option<&[TeamId]>, limit: i64) -> Result<Vec<(TeamId, String)>> {
    let names = sql::<(BigInt, Text)>("SELECT teams.id, teams.name FROM teams").all_of(only.map(among));
    let rows: Vec<(i64, String)> = tx.load(names.sql(" ORDER BY teams.name_key").limit(limit))?;
    Ok(rows.into_iter().map(|(id, name)| (TeamId(id), name)).collect())
}

/// Renames and describes a team, and counts its version up.
///
/// # Errors
/// A name that is taken, or a fault.
pub fn update(tx: &mut Tx<'_>, team: &Team) -> Result<Team> {
    let row: TeamRow = diesel::update(teams::table.filter(teams::id.eq(team.id.0)))
        .set((
            teams::name.eq(&team.name),
            teams::name_key.eq(fold(&team.name)),
            teams::description.eq(&team.description),
            teams::version.eq(teams::version + 1),
        ))
        .returning(teams::all_columns)
        .get_result(tx.conn)
        .map_err(failed)?;
    row.try_into()
}

/// Removes a team and its memberships.
///
/// # Errors
/// It is some account's home, or a fault.
pub fn delete(tx: &mut Tx<'_>, id: TeamId) -> Result<()> {
    diesel::delete(teams::table.filter(teams::id.eq(id.0))).execute(tx.conn).map(drop).map_err(failed)
}

/// A page of teams by name: all, or those among `only`.
///
/// # Errors
/// A fault.
pub fn page(tx: &mut Tx<'_>, search: &str, only: Option<&[TeamId]>, request: &PageRequest) -> Result<Page<Team>> {
    let mut conditions: Vec<_> = only.map(among).into_iter().collect();
    let text = fold(search);
    if !text.is_empty() {
        let pattern = format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        conditions.push(sql("teams.name_key LIKE ").text(pattern).sql(" ESCAPE '\\'"));
    }
    let order = Order::by_text("teams.name_key", "teams.id");
    let rows: Vec<TeamRow> = tx.load(order.page(TeamRow::columns().rows(), conditions, request)?)?;
    let found = rows.into_iter().map(Team::try_from).collect::<Result<Vec<_>>>()?;
    Ok(Page::build(request, found, |team| (Key::Text(fold(&team.name)), team.id.0)))
}

/// How many teams there are, counted up to one more than the cap.
///
/// # Errors
/// A fault.
pub fn count(tx: &mut Tx<'_>) -> Result<i64> {
    count_rows(tx, sql("FROM teams"))
}
