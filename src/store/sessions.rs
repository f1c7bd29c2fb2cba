//! Log-in sessions, by the hash of their key.

use diesel::prelude::*;
use time::OffsetDateTime;

use super::db::{Tx, failed};
use super::rows::SessionRow;
use super::schema::sessions;
use crate::base::clock::to_micros;
use crate::model::Result;
use crate::model::actor::Origin;
use crate::model::ids::{SessionId, UserId};
use crate::model::sessions::Session;

/// Adds a session.
///
/// # Errors
/// A fault.
pub fn insert(
    tx: &mut Tx<'_>,
    key_hash: &[u8; 32],
    user: UserId,
    data: &str,
    (session, origin): (&Session, &Origin),
) -> Result<()> {
    diesel::insert_into(sessions::table)
        .values((
            sessions::key_hash.eq(&key_hash[..]),
            sessions::user_id.eq(user.0),
            sessions::data.eq(data),
            sessions::created_at.eq(to_micros(session.created_at)),
            sessions::last_seen_at.eq(to_micros(session.last_seen_at)),
            sessions::expires_at.eq(to_micros(session.expires_at)),
            sessions::authenticated_at.eq(to_micros(session.authenticated_at)),
            sessions::address.eq(&origin.address),
            sessions::user_agent.eq(&origin.user_agent),
        ))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// The session with this key, and its data.
///
/// # Errors
/// A fault.
pub fn by_key(tx: &mut Tx<'_>, key_hash: &[u8; 32]) -> Result<Option<(Session, String)>> {
    let row = sessions::table.select(SessionRow::columns()).filter(sessions::key_hash.eq(&key_hash[..]));
    let row: Option<SessionRow> = tx.find(row)?;
    Ok(row.map(|mut row| {
        let data = std::mem::take(&mut row.data);
        (row.into(), data)
    }))
}

/// Replaces a session's data. Whether it was still there.
///
/// # Errors
/// A fault.
pub fn set_data(tx: &mut Tx<'_>, key_hash: &[u8; 32], data: &str) -> Result<bool> {
    let row = sessions::table.filter(sessions::key_hash.eq(&key_hash[..]));
    let changed = diesel::update(row).set(sessions::data.eq(data)).execute(tx.conn).map_err(failed)?;
    Ok(changed > 0)
}

/// Notes a request.
///
/// # Errors
/// A fault.
pub fn touch(tx: &mut Tx<'_>, id: SessionId, now: OffsetDateTime) -> Result<()> {
    diesel::update(sessions::table.filter(sessions::id.eq(id.0)))
        .set(sessions::last_seen_at.eq(to_micros(now)))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// Notes that the password was typed.
///
/// # Errors
/// A fault.
pub fn authenticated(tx: &mut Tx<'_>, id: SessionId, now: OffsetDateTime) -> Result<()> {
    diesel::update(sessions::table.filter(sessions::id.eq(id.0)))
        .set(sessions::authenticated_at.eq(to_micros(now)))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// Ends the session with this key.
///
/// # Errors
/// A fault.
pub fn delete_key(tx: &mut Tx<'_>, key_hash: &[u8; 32]) -> Result<()> {
    diesel::delete(sessions::table.filter(sessions::key_hash.eq(&key_hash[..])))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// Ends one session of `user`. Whether there was one.
///
/// # Errors
/// A fault.
pub fn delete(tx: &mut Tx<'_>, user: UserId, id: SessionId) -> Result<bool> {
    let row = sessions::table.filter(sessions::id.eq(id.0).and(sessions::user_id.eq(user.0)));
    Ok(diesel::delete(row).execute(tx.conn).map_err(failed)? > 0)
}

/// Ends the sessions of `user`, all or all but one. How many there were.
///
/// # Errors
/// A fault.
pub fn delete_of_user(tx: &mut Tx<'_>, user: UserId, except: Option<SessionId>) -> Result<usize> {
    let kept = except.map_or(0, |id| id.0);
    let rows = sessions::table.filter(sessions::user_id.eq(user.0).and(sessions::id.ne(kept)));
    diesel::delete(rows).execute(tx.conn).map_err(failed)
}

/// The sessions of `user` that have not ended, the latest used first.
///
/// # Errors
/// A fault.
pub fn of_user(tx: &mut Tx<'_>, user: UserId, idle_since: OffsetDateTime, now: OffsetDateTime) -> Result<Vec<Session>> {
    let rows = sessions::table
        .select(SessionRow::columns())
        .filter(sessions::user_id.eq(user.0))
        .filter(sessions::expires_at.gt(to_micros(now)).and(sessions::last_seen_at.gt(to_micros(idle_since))))
        .order(sessions::last_seen_at.desc());
    let rows: Vec<SessionRow> = tx.load(rows)?;
    Ok(rows.into_iter().map(Session::from).collect())
}

/// Sweeps away what has ended.
///
/// # Errors
/// A fault.
pub fn delete_ended(tx: &mut Tx<'_>, idle_since: OffsetDateTime, now: OffsetDateTime) -> Result<()> {
    let ended = sessions::expires_at.le(to_micros(now)).or(sessions::last_seen_at.le(to_micros(idle_since)));
    diesel::delete(sessions::table.filter(ended)).execute(tx.conn).map(drop).map_err(failed)
}

/// The session with this number.
///
/// # Errors
/// A fault.
pub fn get(tx: &mut Tx<'_>, id: SessionId) -> Result<Option<Session>> {
    let row = sessions::table.select(SessionRow::columns()).filter(sessions::id.eq(id.0));
    Ok(tx.find::<SessionRow, _>(row)?.map(Session::from))
}
