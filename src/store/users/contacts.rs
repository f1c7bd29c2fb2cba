//! Which person answers for which service and agent accounts.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::list;
use super::search::seen_by;
use crate::model::Result;
use crate::model::actor::Sight;
use crate::model::ids::UserId;
use crate::model::users::User;
use crate::store::db::{Tx, failed};
use crate::store::rows::UserRow;
use crate::store::schema::users;

/// Service and agent accounts within `sight` whose contact is `person`, by name, up to `limit`.
///
/// # Errors
/// A fault.
pub fn with_contact(tx: &mut Tx<'_>, person: UserId, sight: &Sight, limit: i64) -> Result<Vec<User>> {
    let rows = users::table
        .filter(users::contact_id.eq(person.0))
        .filter(sql::<Bool>(&seen_by(sight).unwrap_or_else(|| "1 = 1".into())))
        .order(users::display_name_key.asc())
        .limit(limit)
        .load::<UserRow>(tx.conn)
        .map_err(failed)?;
    rows.into_iter().map(User::try_from).collect()
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Of how many service and agent accounts within `sight` each of these people is the contact; of none where they are missing.
///
/// # Errors
/// A fault.
pub fn contact_counts(tx: &mut Tx<'_>, people: &[UserId], sight: &Sight) -> Result<HashMap<UserId, i64>> {
    let query = format!(
        "SELECT contact_id AS id, COUNT(*) AS n FROM users WHERE contact_id IN ({}) AND {} GROUP BY contact_id",
        list(people.iter().map(|id| id.0)),
        seen_by(sight).unwrap_or_else(|| "1 = 1".into()),
    );
    let rows = diesel::sql_query(query).load::<Count>(tx.conn).map_err(failed)?;
    Ok(rows.into_iter().map(|row| (UserId(row.id), row.n)).collect())
}

/// Disabled people who are still the contact of enabled service and agent accounts, with how many: those of the most first, up
/// to `limit`.
///
/// # Errors
/// A fault.
pub fn leavers(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<(UserId, i64)>> {
    let query = format!(
        "SELECT contact_id AS id, COUNT(*) AS n FROM users WHERE disabled_at IS NULL \
         AND contact_id IN (SELECT id FROM users WHERE disabled_at IS NOT NULL) \
         GROUP BY contact_id ORDER BY n DESC, contact_id LIMIT {limit}"
    );
    let rows = diesel::sql_query(query).load::<Count>(tx.conn).map_err(failed)?;
    Ok(rows.into_iter().map(|row| (UserId(row.id), row.n)).collect())
}

/// Enabled service and agent accounts that nobody is the contact of, up to `limit`.
///
/// # Errors
/// A fault.
pub fn without_contact(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<User>> {
    let rows = users::table
        .filter(users::kind.ne("person").and(users::disabled_at.is_null()).and(users::contact_id.is_null()))
        .order(users::display_name_key.asc())
        .limit(limit)
        .load::<UserRow>(tx.conn)
        .map_err(failed)?;
    rows.into_iter().map(User::try_from).collect()
}

/// Has nobody name this account as their contact any more: only people are.
///
/// # Errors
/// A fault.
pub fn release_contact(tx: &mut Tx<'_>, id: UserId) -> Result<()> {
    diesel::update(users::table.filter(users::contact_id.eq(id.0)))
        .set((users::contact_id.eq(None::<i64>), users::version.eq(users::version + 1)))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}
