//! Which person answers for which service and agent accounts.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::search::seen_by;
use crate::model::Result;
use crate::model::actor::Sight;
use crate::model::ids::UserId;
use crate::model::users::{AnswersFor, User};
use crate::store::db::{Tx, failed};
use crate::store::rows::UserRow;
use crate::store::schema::users;
use crate::store::sql::{Condition, Statement, condition, sql};

/// Service and agent accounts within `sight` whose contact or sponsor is `person`, by name, up to `limit`.
///
/// # Errors
/// A fault.
pub fn answered_by(tx: &mut Tx<'_>, person: UserId, sight: &Sight, limit: i64) -> Result<Vec<User>> {
    let rows = users::table
        .select(UserRow::columns())
        .filter(users::contact_id.eq(person.0).or(users::sponsor_id.eq(person.0)))
        .filter(seen_by(sight).unwrap_or_else(everyone))
        .order(users::display_name_key.asc())
        .limit(limit);
    let rows: Vec<UserRow> = tx.load(rows)?;
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
    /// Each of these people with the accounts that they answer for, each counted once.
    fn of(people: &[UserId], accounts: &Condition) -> Statement {
        let by = |column: &'static str| -> Statement {
            sql("SELECT ")
                .sql(column)
                .sql(" AS person, users.id AS account, users.kind AS kind FROM users WHERE ")
                .sql(column)
                .among(people.iter().map(|id| id.0))
                .sql(" AND ")
                .then(accounts.clone())
        };
        let of_kind = |which: &str| format!("CAST(SUM(CASE WHEN kind {which} 'agent' THEN 1 ELSE 0 END) AS BIGINT)");
        sql(format!("SELECT person, {} AS services, {} AS agents FROM (", of_kind("<>"), of_kind("=")))
            .then(by("contact_id"))
            .sql(" UNION ")
            .then(by("sponsor_id"))
            .sql(") AS answered GROUP BY person")
    }
}

/// For how many service and agent accounts within `sight` each of these people answers; for none where they are missing.
///
/// # Errors
/// A fault.
pub fn answers_counts(tx: &mut Tx<'_>, people: &[UserId], sight: &Sight) -> Result<HashMap<UserId, AnswersFor>> {
    let rows: Vec<Count> = tx.load(Count::of(people, &seen_by(sight).unwrap_or_else(everyone)))?;
    let told = |row: Count| (UserId(row.person), AnswersFor { services: row.services, agents: row.agents });
    Ok(rows.into_iter().map(told).collect())
}

fn everyone() -> Condition {
    sql("1 = 1")
}

/// Disabled people who are still the contact or sponsor of enabled service and agent accounts, with how many: those of the most
/// first, up to `limit`.
///
/// # Errors
/// A fault.
pub fn leavers(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<(UserId, AnswersFor)>> {
    // Worded as the index is.
    let gone: Condition = sql("users.disabled_at IS NOT NULL AND users.answers > 0");
    let [answers, agents] = ["users.answers", "users.answers_agents"].map(sql::<BigInt>);
    let most_first = (answers.clone().desc(), users::id.asc());
    let gone = users::table.filter(gone).order(most_first).select((users::id, answers, agents)).limit(limit);
    let rows: Vec<(i64, i64, i64)> = tx.load(gone)?;
    let told = |(person, all, agents)| (UserId(person), AnswersFor { services: all - agents, agents });
    Ok(rows.into_iter().map(told).collect())
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
        .select(UserRow::columns())
        .filter(condition(those))
        .order(users::display_name_key.asc())
        .limit(limit);
    let rows: Vec<UserRow> = tx.load(rows)?;
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
