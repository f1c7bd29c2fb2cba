//! What a form already made, so that sending it twice makes it once.

use diesel::prelude::*;
use time::OffsetDateTime;

use super::db::{Tx, failed};
use super::schema::form_keys;
use crate::base::clock::to_micros;
use crate::model::Result;

/// What the form with this key made.
///
/// # Errors
/// A fault.
pub fn made(tx: &mut Tx<'_>, key_hash: &[u8; 32]) -> Result<Option<i64>> {
    let row = form_keys::table.filter(form_keys::key_hash.eq(&key_hash[..])).select(form_keys::made_id);
    tx.find(row)
}

/// Notes what the form with this key made.
///
/// # Errors
/// A fault.
pub fn insert(tx: &mut Tx<'_>, key_hash: &[u8; 32], made: i64, now: OffsetDateTime) -> Result<()> {
    diesel::insert_into(form_keys::table)
        .values((
            form_keys::key_hash.eq(&key_hash[..]),
            form_keys::made_id.eq(made),
            form_keys::created_at.eq(to_micros(now)),
        ))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// Sweeps away those older than `before`.
///
/// # Errors
/// A fault.
pub fn delete_older(tx: &mut Tx<'_>, before: OffsetDateTime) -> Result<()> {
    let old = form_keys::table.filter(form_keys::created_at.lt(to_micros(before)));
    diesel::delete(old).execute(tx.conn).map(drop).map_err(failed)
}
