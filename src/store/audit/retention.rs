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
    let found = row.get_result::<(i64, Vec<u8>, i64, Vec<u8>)>(tx.conn).optional().map_err(failed)?;
    // One whose codes have another length was not written here: no seal fits it.
    let read = |(seq, mac, at, seal)| Boundary {
        seq,
        mac: code(mac).unwrap_or_default(),
        at,
        seal: code(seal).unwrap_or_default(),
    };
    Ok(found.map(read))
}

/// The last of the oldest entries that were written before `at`: at most `most` of them, never the newest entry of all.
///
/// # Errors
/// A fault.
pub fn oldest_before(tx: &mut Tx<'_>, at: i64, most: i64) -> Result<Option<Oldest>> {
    let rows = audit::table.order(audit::seq.asc()).select((audit::seq, audit::at)).limit(most + 1);
    let rows = rows.load::<(i64, i64)>(tx.conn).map_err(failed)?;
    let last = rows.last().map(|(seq, _)| *seq);
    let old = rows.iter().take_while(|(seq, written)| *written < at && Some(*seq) != last);
    let old: Vec<_> = old.take(usize::try_from(most).unwrap_or(usize::MAX)).collect();
    let Some((seq, at)) = old.last() else { return Ok(None) };
    let mac = audit::table.filter(audit::seq.eq(seq)).select(audit::mac).get_result(tx.conn).map_err(failed)?;
    let count = i64::try_from(old.len()).unwrap_or(i64::MAX);
    Ok(Some(Oldest { seq: *seq, at: *at, mac: code(mac)?, count }))
}

/// The last of some of the oldest entries.
pub struct Oldest {
    /// Its number.
    pub seq: i64,
    /// When it was written.
    pub at: i64,
    /// Its code.
    pub mac: Mac,
    /// How many entries it is with those before.
    pub count: i64,
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
