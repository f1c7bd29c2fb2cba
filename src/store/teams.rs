//! Teams.

use std::collections::HashMap;

use diesel::prelude::*;
use time::OffsetDateTime;

use super::db::{Tx, count_rows, failed};
use super::rows::TeamRow;
use super::schema::teams;
use super::sql::{condition, sql};
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
    let row = teams::table.filter(teams::id.eq(id.0)).get_result::<TeamRow>(tx.conn).optional().map_err(failed)?;
    row.ok_or(Error::NotFound("team"))?.try_into()
}

/// The team of this name, in any case.
///
/// # Errors
/// A fault.
pub fn by_name(tx: &mut Tx<'_>, name: &str) -> Result<Option<Team>> {
    let row = teams::table.filter(teams::name_key.eq(fold(name))).get_result::<TeamRow>(tx.conn).optional();
    row.map_err(failed)?.map(Team::try_from).transpose()
}

/// The names of these teams.
///
/// # Errors
/// A fault.
pub fn names(tx: &mut Tx<'_>, ids: &[TeamId]) -> Result<HashMap<TeamId, String>> {
    let those = condition("teams.id").among(ids.iter().map(|id| id.0));
    let rows = teams::table.filter(those).select((teams::id, teams::name)).load::<(i64, String)>(tx.conn);
    Ok(rows.map_err(failed)?.into_iter().map(|(id, name)| (TeamId(id), name)).collect())
}

/// The ids and names of the first teams by name: of all, or of those among `only`.
///
/// # Errors
/// A fault.
pub fn first_names(tx: &mut Tx<'_>, only: Option<&[TeamId]>, limit: i64) -> Result<Vec<(TeamId, String)>> {
    let mut query = teams::table.select((teams::id, teams::name)).into_boxed();
    if let Some(ids) = only {
        query = query.filter(condition("teams.id").among(ids.iter().map(|id| id.0)));
    }
    let rows = query.order(teams::name_key.asc()).limit(limit).load::<(i64, String)>(tx.conn).map_err(failed)?;
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
    let mut query = teams::table.into_boxed();
    let text = fold(search);
    if !text.is_empty() {
        let pattern = format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        query = query.filter(condition("teams.name_key LIKE ").text(pattern).sql(" ESCAPE '\\'"));
    }
    if let Some(ids) = only {
        query = query.filter(condition("teams.id").among(ids.iter().map(|id| id.0)));
    }
    let falling = request.descending != request.cursor.as_ref().is_some_and(|cursor| cursor.backwards);
    if let Some(cursor) = &request.cursor {
        let Key::Text(key) = cursor.key.clone() else {
            return Err(Error::field("cursor", "This cursor belongs to another list. Begin at the first page."));
        };
        query = if falling { query.filter(teams::name_key.lt(key)) } else { query.filter(teams::name_key.gt(key)) };
    }
    let query = if falling { query.order(teams::name_key.desc()) } else { query.order(teams::name_key.asc()) };
    let rows = query.limit(request.limit + 1).load::<TeamRow>(tx.conn).map_err(failed)?;
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
