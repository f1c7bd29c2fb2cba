//! The audit log: entries are added and read, never changed.

mod index;
mod lists;
mod retention;
mod search;

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::db::{Tx, failed};
use super::paging::Order;
use super::schema::{audit, audit_teams};
use super::sql::{Condition, Sql, columns, condition, sql};
use crate::model::audit::{Entry, GENESIS, Head, Mac};
use crate::model::ids::{TeamId, UserId};
use crate::model::page::{Key, Page, PageRequest};
use crate::model::{Error, Result};

pub use index::{catch_up, last_account_named};
pub use retention::{boundary, remove_up_to};
pub use search::{Hits, Range, between, find, of_teams};

#[derive(Queryable)]
struct Row {
    seq: i64,
    at: i64,
    actor_kind: String,
    actor_id: Option<i64>,
    actor_name: String,
    token_id: Option<i64>,
    token_name: Option<String>,
    action: String,
    target_kind: Option<String>,
    target_id: Option<i64>,
    target_name: Option<String>,
    outcome: String,
    reason: Option<String>,
    before: Option<String>,
    after: Option<String>,
    address: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    mac: Vec<u8>,
}

columns!(Row of audit: seq, at, actor_kind, actor_id, actor_name, token_id, token_name, action, target_kind, target_id, target_name,
    outcome, reason, before, after, address, user_agent, request_id, mac);

impl From<Row> for (Entry, Vec<u8>) {
    fn from(row: Row) -> Self {
        let entry = Entry {
            seq: row.seq,
            at: row.at,
            actor_kind: row.actor_kind,
            actor_id: row.actor_id,
            actor_name: row.actor_name,
            token_id: row.token_id,
            token_name: row.token_name,
            action: row.action,
            target_kind: row.target_kind,
            target_id: row.target_id,
            target_name: row.target_name,
            outcome: row.outcome,
            reason: row.reason,
            before: row.before,
            after: row.after,
            address: row.address,
            user_agent: row.user_agent,
            request_id: row.request_id,
        };
        (entry, row.mac)
    }
}

/// The last entry's number and code.
///
/// # Errors
/// A fault.
pub fn head(tx: &mut Tx<'_>) -> Result<Head> {
    let last = audit::table
        .order(audit::seq.desc())
        .select((audit::seq, audit::mac))
        .first::<(i64, Vec<u8>)>(tx.conn)
        .optional()
        .map_err(failed)?;
    match last {
        None => Ok(Head { seq: 0, mac: GENESIS }),
        Some((seq, mac)) => {
            let mac = mac.try_into().map_err(|_| Error::internal("the last audit entry has no code"))?;
            Ok(Head { seq, mac })
        }
    }
}

/// Adds an entry, and files it under the teams that it concerns.
///
/// # Errors
/// A fault.
pub fn append(tx: &mut Tx<'_>, entry: &Entry, mac: &Mac, teams: &BTreeSet<TeamId>) -> Result<()> {
    diesel::insert_into(audit::table)
        .values((
            audit::seq.eq(entry.seq),
            audit::at.eq(entry.at),
            audit::actor_kind.eq(&entry.actor_kind),
            audit::actor_id.eq(entry.actor_id),
            audit::actor_name.eq(&entry.actor_name),
            audit::token_id.eq(entry.token_id),
            audit::token_name.eq(&entry.token_name),
            audit::action.eq(&entry.action),
            audit::target_kind.eq(&entry.target_kind),
            audit::target_id.eq(entry.target_id),
            audit::target_name.eq(&entry.target_name),
            audit::outcome.eq(&entry.outcome),
            audit::reason.eq(&entry.reason),
            audit::before.eq(&entry.before),
            audit::after.eq(&entry.after),
            audit::address.eq(&entry.address),
            audit::user_agent.eq(&entry.user_agent),
            audit::request_id.eq(&entry.request_id),
            audit::mac.eq(&mac[..]),
        ))
        .execute(tx.conn)
        .map_err(failed)?;
    for team in teams {
        diesel::insert_into(audit_teams::table)
            .values((audit_teams::team_id.eq(team.0), audit_teams::seq.eq(entry.seq)))
            .execute(tx.conn)
            .map_err(failed)?;
    }
    index::file(tx, entry)
}

/// Up to `limit` entries after `seq`, with their codes, in order.
///
/// # Errors
/// A fault.
pub fn after(tx: &mut Tx<'_>, seq: i64, limit: i64) -> Result<Vec<(Entry, Vec<u8>)>> {
    let rows = Row::columns().rows().sql(" WHERE audit.seq > ").number(seq).sql(" ORDER BY audit.seq").limit(limit);
    Ok(tx.load::<Row, _>(rows)?.into_iter().map(Into::into).collect())
}

/// A page of what `user` did and of what was done to them, the newest first.
///
/// # Errors
/// A fault.
pub fn of_user(tx: &mut Tx<'_>, user: UserId, request: &PageRequest) -> Result<Page<Entry>> {
    // Each side brings no more than a page out of its index.
    let side = |those| newest_first("seq", sql::<BigInt>("SELECT seq FROM audit"), those, request);
    let did = side(condition("actor_id = ").number(user.0))?;
    let suffered = condition("target_id = ").number(user.0).sql(" AND target_kind IN ('person', 'service', 'agent')");
    let theirs = condition("audit.seq IN (SELECT seq FROM (").then(did).sql(") AS did UNION SELECT seq FROM (");
    let theirs = theirs.then(side(suffered)?).sql(") AS suffered)");
    let rows = tx.load(newest_first("audit.seq", Row::columns().rows(), theirs, request)?)?;
    Ok(built(request, rows))
}

/// A page of what concerns `team`, the newest first.
///
/// # Errors
/// A fault.
pub fn of_team(tx: &mut Tx<'_>, team: TeamId, request: &PageRequest) -> Result<Page<Entry>> {
    let filed = condition("audit_teams.team_id = ").number(team.0);
    let rows = Row::columns().rows().sql(" JOIN audit_teams ON audit_teams.seq = audit.seq");
    let rows = tx.load(newest_first("audit_teams.seq", rows, filed, request)?)?;
    Ok(built(request, rows))
}

fn newest_first<ST>(seq: &'static str, rows: Sql<ST>, those: Condition, request: &PageRequest) -> Result<Sql<ST>> {
    let request = PageRequest { descending: true, ..request.clone() };
    Order::by_number(seq, seq).page(rows, vec![those], &request)
}

/// The entry of this number, if it is there.
///
/// # Errors
/// A fault.
pub fn get(tx: &mut Tx<'_>, seq: i64) -> Result<Option<Entry>> {
    let row = audit::table.select(Row::columns()).filter(audit::seq.eq(seq));
    let row: Option<Row> = tx.find(row)?;
    Ok(row.map(|row| <(Entry, Vec<u8>)>::from(row).0))
}

/// Whether the entry is filed under one of `teams`.
///
/// # Errors
/// A fault.
pub fn is_filed_under(tx: &mut Tx<'_>, seq: i64, teams: &[TeamId]) -> Result<bool> {
    let filed = audit_teams::table.filter(audit_teams::seq.eq(seq)).select(audit_teams::team_id);
    let filed: Vec<i64> = tx.load(filed)?;
    Ok(filed.iter().any(|team| teams.contains(&TeamId(*team))))
}

/// How many entries around one are looked through for others of its request.
const AROUND: i64 = 100;

/// The entries of one request around the entry `seq`, which are written close to each other, in order.
///
/// # Errors
/// A fault.
pub fn of_request(tx: &mut Tx<'_>, seq: i64, request: &str) -> Result<Vec<Entry>> {
    let near = audit::table.filter(audit::seq.between(seq.saturating_sub(AROUND), seq.saturating_add(AROUND)));
    let rows = near.filter(audit::request_id.eq(request)).order(audit::seq.asc());
    Ok(entries(tx.load(rows)?))
}

fn entries(rows: Vec<Row>) -> Vec<Entry> {
    rows.into_iter().map(|row| <(Entry, Vec<u8>)>::from(row).0).collect()
}

fn built(request: &PageRequest, rows: Vec<Row>) -> Page<Entry> {
    Page::build(request, entries(rows), |entry: &Entry| (Key::Number(entry.seq), entry.seq))
}
