//! Applications, their scopes, and the teams that may use them.

mod scopes;
mod secrets;

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use time::OffsetDateTime;
use uuid::Uuid;

use super::db::{Tx, count_rows, failed};
use super::paging::Order;
use super::rows::ApplicationRow;
use super::schema::{application_teams, applications};
use super::sql::{Condition, condition, sql};
use super::users::pattern;
use crate::base::clock::to_micros;
use crate::base::random;
use crate::model::applications::Application;
use crate::model::ids::{ApplicationId, TeamId};
use crate::model::names::fold;
use crate::model::page::{Key, Page, PageRequest};
use crate::model::{Error, Result};

pub use scopes::{
    NewScope, Reachable, by_words, count_tokens, delete_scope, give, insert_scope, of_tokens, reachable, scopes,
    update_scope,
};
pub use secrets::{Secret, end_old, end_secrets, insert_secret, secrets};

/// What a new application is made of.
pub struct NewApplication<'a> {
    /// Checked and free.
    pub slug: &'a str,
    /// Checked and free.
    pub name: &'a str,
    /// What it is for.
    pub description: &'a str,
    /// The team whose people keep it.
    pub home: TeamId,
    /// For whom tokens used there are meant.
    pub audience: &'a str,
}

/// Adds an application.
///
/// # Errors
/// A slug, name or audience that is taken, or a fault.
pub fn insert(tx: &mut Tx<'_>, new: &NewApplication<'_>, now: OffsetDateTime) -> Result<Application> {
    let row: ApplicationRow = diesel::insert_into(applications::table)
        .values((
            applications::uuid.eq(random::uuid().to_string()),
            applications::slug.eq(new.slug),
            applications::name.eq(new.name),
            applications::name_key.eq(fold(new.name)),
            applications::description.eq(new.description),
            applications::home_team_id.eq(new.home.0),
            applications::audience.eq(new.audience),
            applications::created_at.eq(to_micros(now)),
            applications::version.eq(1),
        ))
        .returning(applications::all_columns)
        .get_result(tx.conn)
        .map_err(failed)?;
    row.try_into()
}

/// The application with this id.
///
/// # Errors
/// [`Error::NotFound`], or a fault.
pub fn get(tx: &mut Tx<'_>, id: ApplicationId) -> Result<Application> {
    one(tx, condition("applications.id = ").number(id.0))?.ok_or(Error::NotFound("application"))
}

/// The application of this slug.
///
/// # Errors
/// A fault.
pub fn by_slug(tx: &mut Tx<'_>, slug: &str) -> Result<Option<Application>> {
    one(tx, condition("applications.slug = ").text(slug))
}

/// The application that is called this outside: by its id there, as it is usually written, or by its slug.
///
/// # Errors
/// A fault.
pub fn called(tx: &mut Tx<'_>, name: &str) -> Result<Option<Application>> {
    match name.parse::<Uuid>() {
        Ok(uuid) if name.len() == uuid::fmt::Hyphenated::LENGTH => by_uuid(tx, uuid),
        _ if name.contains('\0') => Ok(None),
        _ => by_slug(tx, name),
    }
}

/// The application of this name, in any case.
///
/// # Errors
/// A fault.
pub fn by_name(tx: &mut Tx<'_>, name: &str) -> Result<Option<Application>> {
    one(tx, condition("applications.name_key = ").text(fold(name)))
}

/// The application of this audience.
///
/// # Errors
/// A fault.
pub fn by_audience(tx: &mut Tx<'_>, audience: &str) -> Result<Option<Application>> {
    one(tx, condition("applications.audience = ").text(audience))
}

/// The application with this id outside.
///
/// # Errors
/// A fault.
pub fn by_uuid(tx: &mut Tx<'_>, uuid: Uuid) -> Result<Option<Application>> {
    one(tx, condition("applications.uuid = ").text(uuid.to_string()))
}

fn one(tx: &mut Tx<'_>, which: Condition) -> Result<Option<Application>> {
    let row: Option<ApplicationRow> = tx.find(applications::table.filter(which))?;
    row.map(Application::try_from).transpose()
}

/// Writes what can change of an application, and counts its version up.
///
/// # Errors
/// A name or audience that is taken, or a fault.
pub fn update(tx: &mut Tx<'_>, application: &Application) -> Result<Application> {
    let row: ApplicationRow = diesel::update(applications::table.filter(applications::id.eq(application.id.0)))
        .set((
            applications::name.eq(&application.name),
            applications::name_key.eq(fold(&application.name)),
            applications::description.eq(&application.description),
            applications::home_team_id.eq(application.home.0),
            applications::audience.eq(&application.audience),
            applications::version.eq(applications::version + 1),
        ))
        .returning(applications::all_columns)
        .get_result(tx.conn)
        .map_err(failed)?;
    row.try_into()
}

/// Counts a change of what belongs to an application.
pub(super) fn touch(tx: &mut Tx<'_>, id: ApplicationId) -> Result<()> {
    diesel::update(applications::table.filter(applications::id.eq(id.0)))
        .set(applications::version.eq(applications::version + 1))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// Removes an application, with its scopes on every token that has them.
///
/// # Errors
/// A fault.
pub fn delete(tx: &mut Tx<'_>, id: ApplicationId) -> Result<()> {
    diesel::delete(applications::table.filter(applications::id.eq(id.0))).execute(tx.conn).map(drop).map_err(failed)
}

/// A page of applications by name: all, or those at home in `homes`.
///
/// # Errors
/// A cursor of another list, or a fault.
pub fn page(
    tx: &mut Tx<'_>,
    search: &str,
    homes: Option<&[TeamId]>,
    request: &PageRequest,
) -> Result<Page<Application>> {
    let mut conditions: Vec<Condition> = homes
        .map(|homes| condition("applications.home_team_id").among(homes.iter().map(|id| id.0)))
        .into_iter()
        .collect();
    if let Some(pattern) = pattern(search) {
        let by_name = condition("(applications.name_key LIKE ").text(&pattern).sql(" ESCAPE '\\'");
        conditions.push(by_name.sql(" OR applications.slug LIKE ").text(pattern).sql(" ESCAPE '\\')"));
    }
    let order = Order::by_text("applications.name_key", "applications.id");
    let rows: Vec<ApplicationRow> = tx.load(order.page(ApplicationRow::columns().rows(), conditions, request)?)?;
    let found = rows.into_iter().map(Application::try_from).collect::<Result<Vec<_>>>()?;
    Ok(Page::build(request, found, |found| (Key::Text(fold(&found.name)), found.id.0)))
}

/// The applications with these ids, by name.
///
/// # Errors
/// A fault.
pub fn many(tx: &mut Tx<'_>, ids: impl IntoIterator<Item = ApplicationId>) -> Result<Vec<Application>> {
    let those = condition("applications.id").among(ids.into_iter().map(|id| id.0));
    let rows: Vec<ApplicationRow> =
        tx.load(ApplicationRow::columns().rows().all_of([those]).sql(" ORDER BY applications.name_key"))?;
    rows.into_iter().map(Application::try_from).collect()
}

/// How many applications have `team` as their home, counted up to one more than the cap of counts.
///
/// # Errors
/// A fault.
pub fn count_at_home_in(tx: &mut Tx<'_>, team: TeamId) -> Result<i64> {
    count_rows(tx, sql("FROM applications WHERE home_team_id = ").number(team.0))
}

/// Applications that have `team` as their home, by name, up to `limit`.
///
/// # Errors
/// A fault.
pub fn at_home_in(tx: &mut Tx<'_>, team: TeamId, limit: i64) -> Result<Vec<Application>> {
    let those = condition("applications.home_team_id = ").number(team.0);
    let those = ApplicationRow::columns().rows().all_of([those]).sql(" ORDER BY applications.name_key").limit(limit);
    tx.load(those)?.into_iter().map(|row: ApplicationRow| row.try_into()).collect()
}

/// Applications that `team` has access to, by name, up to `limit`.
///
/// # Errors
/// A fault.
pub fn open_to(tx: &mut Tx<'_>, team: TeamId, limit: i64) -> Result<Vec<Application>> {
    let those = condition("applications.id IN (SELECT application_id FROM application_teams WHERE team_id = ");
    let those = ApplicationRow::columns().rows().all_of([those.number(team.0).sql(")")]);
    let those = those.sql(" ORDER BY applications.name_key").limit(limit);
    tx.load(those)?.into_iter().map(|row: ApplicationRow| row.try_into()).collect()
}

/// The teams that have access to an application, by name.
///
/// # Errors
/// A fault.
pub fn teams(tx: &mut Tx<'_>, id: ApplicationId) -> Result<Vec<(TeamId, String)>> {
    let rows =
        sql::<(BigInt, Text)>("SELECT teams.id, teams.name FROM application_teams JOIN teams ON teams.id = team_id");
    let rows = rows.all_of([condition("application_id = ").number(id.0)]).sql(" ORDER BY teams.name_key");
    let rows: Vec<(i64, String)> = tx.load(rows)?;
    Ok(rows.into_iter().map(|(id, name)| (TeamId(id), name)).collect())
}

/// Which teams have access to each of these applications.
///
/// # Errors
/// A fault.
pub fn access(
    tx: &mut Tx<'_>,
    ids: impl IntoIterator<Item = ApplicationId>,
) -> Result<HashMap<ApplicationId, BTreeSet<TeamId>>> {
    let those = condition("application_teams.application_id").among(ids.into_iter().map(|id| id.0));
    let rows =
        application_teams::table.filter(those).select((application_teams::application_id, application_teams::team_id));
    let rows: Vec<(i64, i64)> = tx.load(rows)?;
    let mut access: HashMap<_, BTreeSet<_>> = HashMap::new();
    for (application, team) in rows {
        access.entry(ApplicationId(application)).or_default().insert(TeamId(team));
    }
    Ok(access)
}

/// Whether any of these teams has access to an application.
///
/// # Errors
/// A fault.
pub fn is_open_to(tx: &mut Tx<'_>, id: ApplicationId, teams: &[TeamId]) -> Result<bool> {
    let theirs = sql::<BigInt>("SELECT COUNT(*) FROM application_teams WHERE application_id = ").number(id.0);
    let theirs = theirs.sql(" AND team_id").among(teams.iter().map(|id| id.0));
    Ok(tx.find::<i64, _>(theirs)?.unwrap_or_default() > 0)
}

/// Gives a team access. Whether it had none.
///
/// # Errors
/// A fault.
pub fn open(tx: &mut Tx<'_>, id: ApplicationId, team: TeamId, now: OffsetDateTime) -> Result<bool> {
    if is_open_to(tx, id, &[team])? {
        return Ok(false);
    }
    diesel::insert_into(application_teams::table)
        .values((
            application_teams::application_id.eq(id.0),
            application_teams::team_id.eq(team.0),
            application_teams::created_at.eq(to_micros(now)),
        ))
        .execute(tx.conn)
        .map_err(failed)?;
    touch(tx, id).map(|()| true)
}

/// Withdraws a team's access. Whether it had any.
///
/// # Errors
/// A fault.
pub fn close(tx: &mut Tx<'_>, id: ApplicationId, team: TeamId) -> Result<bool> {
    let row = application_teams::application_id.eq(id.0).and(application_teams::team_id.eq(team.0));
    let gone = diesel::delete(application_teams::table.filter(row)).execute(tx.conn).map_err(failed)?;
    touch(tx, id).map(|()| gone > 0)
}
