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
use crate::model::users::{AnswersFor, User};
use crate::store::db::{Tx, failed};
use crate::store::rows::UserRow;
use crate::store::schema::users;

/// Service and agent accounts within `sight` whose contact or sponsor is `person`, by name, up to `limit`.
///
/// # Errors
/// A fault.
pub fn answered_by(tx: &mut Tx<'_>, person: UserId, sight: &Sight, limit: i64) -> Result<Vec<User>> {
    let rows = users::table
        .filter(users::contact_id.eq(person.0).or(users::sponsor_id.eq(person.0)))
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
    person: i64,
    #[diesel(sql_type = BigInt)]
    services: i64,
    #[diesel(sql_type = BigInt)]
    agents: i64,
}

impl Count {
    /// Each person in `people` with the accounts that they answer for, each counted once.
    fn of(people: &str, accounts: &str, rest: &str) -> String {
        let by = |column: &str| {
            format!(
                "SELECT {column} AS person, users.id AS account, users.kind AS kind FROM users \
                 WHERE {column} IN ({people}) AND {accounts}"
            )
        };
        let of_kind = |which: &str| format!("CAST(SUM(CASE WHEN kind {which} 'agent' THEN 1 ELSE 0 END) AS BIGINT)");
        format!(
            "SELECT person, {} AS services, {} AS agents FROM ({} UNION {}) AS answered GROUP BY person {rest}",
            of_kind("<>"),
            of_kind("="),
            by("contact_id"),
            by("sponsor_id"),
        )
    }

    fn load(tx: &mut Tx<'_>, query: String) -> Result<Vec<(UserId, AnswersFor)>> {
        let rows = diesel::sql_query(query).load::<Self>(tx.conn).map_err(failed)?;
        let told = |row: Self| (UserId(row.person), AnswersFor { services: row.services, agents: row.agents });
        Ok(rows.into_iter().map(told).collect())
    }
}

/// For how many service and agent accounts within `sight` each of these people answers; for none where they are missing.
///
/// # Errors
/// A fault.
pub fn answers_counts(tx: &mut Tx<'_>, people: &[UserId], sight: &Sight) -> Result<HashMap<UserId, AnswersFor>> {
    let seen = seen_by(sight).unwrap_or_else(|| "1 = 1".into());
    let query = Count::of(&list(people.iter().map(|id| id.0)), &seen, "");
    Ok(Count::load(tx, query)?.into_iter().collect())
}

/// Disabled people who are still the contact or sponsor of enabled service and agent accounts, with how many: those of the most
/// first, up to `limit`.
///
/// # Errors
/// A fault.
pub fn leavers(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<(UserId, AnswersFor)>> {
    let gone = "SELECT id FROM users WHERE disabled_at IS NOT NULL";
    let rest = format!("ORDER BY COUNT(*) DESC, person LIMIT {limit}");
    Count::load(tx, Count::of(gone, "users.disabled_at IS NULL", &rest))
}

/// Whom an account is without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone {
    /// A person to ask about it.
    Contact,
    /// A person who answers for an agent.
    Sponsor,
}

/// Enabled service and agent accounts that nobody is the contact of, or agents that nobody is the sponsor of, up to `limit`.
///
/// # Errors
/// A fault.
pub fn without(tx: &mut Tx<'_>, whom: Alone, limit: i64) -> Result<Vec<User>> {
    // Worded as their indexes are.
    let those = match whom {
        Alone::Contact => "users.disabled_at IS NULL AND users.kind <> 'person' AND users.contact_id IS NULL",
        Alone::Sponsor => "users.disabled_at IS NULL AND users.kind = 'agent' AND users.sponsor_id IS NULL",
    };
    let rows = users::table
        .filter(sql::<Bool>(those))
        .order(users::display_name_key.asc())
        .limit(limit)
        .load::<UserRow>(tx.conn)
        .map_err(failed)?;
    rows.into_iter().map(User::try_from).collect()
}

/// Has nobody name this account as their contact or sponsor any more: only people are.
///
/// # Errors
/// A fault.
pub fn release(tx: &mut Tx<'_>, id: UserId) -> Result<()> {
    diesel::update(users::table.filter(users::contact_id.eq(id.0)))
        .set((users::contact_id.eq(None::<i64>), users::version.eq(users::version + 1)))
        .execute(tx.conn)
        .map_err(failed)?;
    diesel::update(users::table.filter(users::sponsor_id.eq(id.0)))
        .set((users::sponsor_id.eq(None::<i64>), users::version.eq(users::version + 1)))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}
