//! By what applications ask about tokens: the secret in force, and the one before it while a rotation overlaps.

use diesel::prelude::*;
use time::OffsetDateTime;

use super::touch;
use crate::base::clock::{from_micros, to_micros};
use crate::model::Result;
use crate::model::ids::ApplicationId;
use crate::model::tokens::HashedToken;
use crate::store::db::{Tx, failed};
use crate::store::schema::application_secrets;

/// What is told of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Prefix and last four.
    pub hint: String,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it ends: a rotation replaced it.
    pub ends_at: Option<OffsetDateTime>,
    /// When it was last used.
    pub last_used_at: Option<OffsetDateTime>,
}

/// The secrets of an application that are good at `now`: the one in force first.
///
/// # Errors
/// A fault.
pub fn secrets(tx: &mut Tx<'_>, application: ApplicationId, now: OffsetDateTime) -> Result<Vec<Secret>> {
    let good = application_secrets::ends_at.is_null().or(application_secrets::ends_at.gt(to_micros(now)));
    let rows = application_secrets::table
        .filter(application_secrets::application_id.eq(application.0).and(good))
        .order(application_secrets::created_at.desc())
        .select((
            application_secrets::hint,
            application_secrets::created_by,
            application_secrets::created_at,
            application_secrets::ends_at,
            application_secrets::last_used_at,
        ));
    type Row = (String, String, i64, Option<i64>, Option<i64>);
    let told = |(hint, created_by, at, end, last): Row| Secret {
        hint,
        created_by,
        created_at: from_micros(at),
        ends_at: end.map(from_micros),
        last_used_at: last.map(from_micros),
    };
    let mut found: Vec<_> = tx.load(rows)?.into_iter().map(told).collect();
    found.sort_by_key(|secret| secret.ends_at.is_some());
    Ok(found)
}

/// Puts a secret in force. The one that was ends at `until`; one that was before that is gone.
///
/// # Errors
/// A fault.
pub fn insert_secret(
    tx: &mut Tx<'_>,
    application: ApplicationId,
    (hint, hash, created_by): (&str, &HashedToken, &str),
    (until, now): (OffsetDateTime, OffsetDateTime),
) -> Result<()> {
    let of_application = application_secrets::application_id.eq(application.0);
    let old = of_application.and(application_secrets::ends_at.is_not_null());
    diesel::delete(application_secrets::table.filter(old)).execute(tx.conn).map_err(failed)?;
    diesel::update(application_secrets::table.filter(of_application))
        .set(application_secrets::ends_at.eq(to_micros(until)))
        .execute(tx.conn)
        .map_err(failed)?;
    diesel::insert_into(application_secrets::table)
        .values((
            application_secrets::hash.eq(&hash.0[..]),
            of_application,
            application_secrets::hint.eq(hint),
            application_secrets::created_by.eq(created_by),
            application_secrets::created_at.eq(to_micros(now)),
        ))
        .execute(tx.conn)
        .map_err(failed)?;
    touch(tx, application)
}

/// Ends the secret that the last rotation replaced. Whether it was still good.
///
/// # Errors
/// A fault.
pub fn end_old(tx: &mut Tx<'_>, application: ApplicationId, now: OffsetDateTime) -> Result<bool> {
    let of_application = application_secrets::application_id.eq(application.0);
    let old = of_application.and(application_secrets::ends_at.gt(to_micros(now)));
    let ended = diesel::delete(application_secrets::table.filter(old)).execute(tx.conn).map_err(failed)? > 0;
    touch(tx, application).map(|()| ended)
}

/// Removes all secrets of an application. Whether there were any.
///
/// # Errors
/// A fault.
pub fn end_secrets(tx: &mut Tx<'_>, application: ApplicationId) -> Result<bool> {
    let all = application_secrets::table.filter(application_secrets::application_id.eq(application.0));
    let ended = diesel::delete(all).execute(tx.conn).map_err(failed)? > 0;
    touch(tx, application).map(|()| ended)
}
