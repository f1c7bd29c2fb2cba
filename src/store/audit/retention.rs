//! Removing the oldest entries, and the boundary that is left.

use diesel::prelude::*;

use crate::model::audit::{Boundary, Mac};
use crate::model::{Error, Result};
use crate::store::db::{Tx, failed};
use crate::store::schema::{audit, audit_boundary, audit_hours, audit_teams, audit_words};

fn code(bytes: Vec<u8>) -> Result<Mac> {
    bytes.try_into().map_err(|_| Error::internal("a code of the audit log has another length"))
}

/// Where the log begins, if retention has removed entries.
///
/// # Errors
/// A fault.
pub fn boundary(tx: &mut Tx<'_>) -> Result<Option<Boundary>> {
    let row = audit_boundary::table.filter(audit_boundary::id.eq(1));
    let row = row.select((audit_boundary::seq, audit_boundary::mac, audit_boundary::at, audit_boundary::seal));
    let found: Option<(i64, Vec<u8>, i64, Vec<u8>)> = tx.find(row)?;
    // One whose codes have another length was not written here: no seal fits it.
    let read = |(seq, mac, at, seal)| Boundary {
        seq,
        mac: code(mac).unwrap_or_default(),
        at,
        seal: code(seal).unwrap_or_default(),
    };
    Ok(found.map(read))
}

/// Removes all entries up to the boundary, with what they are searched by, and leaves the boundary.
///
/// # Errors
/// A fault.
pub fn remove_up_to(tx: &mut Tx<'_>, boundary: &Boundary) -> Result<()> {
    let seq = boundary.seq;
    diesel::delete(audit_words::table.filter(audit_words::seq.le(seq))).execute(tx.conn).map_err(failed)?;
    diesel::delete(audit_hours::table.filter(audit_hours::last_seq.le(seq))).execute(tx.conn).map_err(failed)?;
    diesel::delete(audit::table.filter(audit::seq.le(seq))).execute(tx.conn).map_err(failed)?;
    diesel::delete(audit_teams::table.filter(audit_teams::seq.le(seq))).execute(tx.conn).map_err(failed)?;
    diesel::delete(audit_boundary::table).execute(tx.conn).map_err(failed)?;
    diesel::insert_into(audit_boundary::table)
        .values((
            audit_boundary::id.eq(1),
            audit_boundary::seq.eq(seq),
            audit_boundary::mac.eq(&boundary.mac[..]),
            audit_boundary::at.eq(boundary.at),
            audit_boundary::seal.eq(&boundary.seal[..]),
        ))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}
