//! The answers that can be had again by an `Idempotency-Key`.

use diesel::prelude::*;
use time::OffsetDateTime;

use super::db::{Tx, failed};
use super::rows::ReplyRow;
use super::schema::idempotency;
use super::sql::condition;
use crate::base::clock::to_micros;
use crate::model::Result;
use crate::model::idempotency::Reply;
use crate::model::ids::TokenId;

/// How many a sweep takes at most, so that no single write pays for many.
const SWEPT: i64 = 100;

/// The request's hash and the answer under this key, where it was given after `after`.
///
/// # Errors
/// A fault.
pub fn find(tx: &mut Tx<'_>, key_hash: &[u8; 32], after: OffsetDateTime) -> Result<Option<(Vec<u8>, Reply)>> {
    let row = idempotency::table
        .filter(idempotency::key_hash.eq(&key_hash[..]).and(idempotency::created_at.gt(to_micros(after))));
    let row: Option<ReplyRow> = tx.find(row)?;
    row.map(<(Vec<u8>, Reply)>::try_from).transpose()
}

/// Keeps the answer to a request, in place of one that was kept too long.
///
/// # Errors
/// A fault.
pub fn insert(
    tx: &mut Tx<'_>,
    (key_hash, token): (&[u8; 32], TokenId),
    request_hash: &[u8; 32],
    reply: &Reply,
    now: OffsetDateTime,
) -> Result<()> {
    let old = idempotency::table.filter(idempotency::key_hash.eq(&key_hash[..]));
    diesel::delete(old).execute(tx.conn).map_err(failed)?;
    diesel::insert_into(idempotency::table)
        .values((
            idempotency::key_hash.eq(&key_hash[..]),
            idempotency::token_id.eq(token.0),
            idempotency::request_hash.eq(&request_hash[..]),
            idempotency::status.eq(i32::from(reply.status)),
            idempotency::location.eq(&reply.location),
            idempotency::version.eq(reply.version),
            idempotency::body.eq(&reply.body),
            idempotency::created_at.eq(to_micros(now)),
        ))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// Sweeps away the oldest of those given at `before` or earlier: not all of them, but more than one write adds.
///
/// # Errors
/// A fault.
pub fn sweep(tx: &mut Tx<'_>, before: OffsetDateTime) -> Result<()> {
    let oldest = condition("key_hash IN (SELECT key_hash FROM idempotency WHERE created_at <= ");
    let oldest = oldest.number(to_micros(before)).sql(format!(" ORDER BY created_at LIMIT {SWEPT})"));
    diesel::delete(idempotency::table.filter(oldest)).execute(tx.conn).map(drop).map_err(failed)
}
