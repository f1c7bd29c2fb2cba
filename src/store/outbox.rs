//! The outbox: what somebody is to be told of, kept until it is delivered.

use diesel::prelude::*;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::db::{Tx, failed};
use super::schema::outbox;
use crate::base::clock::to_micros;
use crate::base::random;
use crate::model::events::Notice;
use crate::model::{Error, Result};

/// Adds a message, which waits for its first try. Its body has the fields of Standard Webhooks: `type`, `timestamp`, `data`.
///
/// # Errors
/// A fault.
pub fn insert(tx: &mut Tx<'_>, notice: Notice, now: OffsetDateTime) -> Result<()> {
    let timestamp = now.format(&Rfc3339).map_err(Error::internal)?;
    let payload = json!({ "type": notice.event, "timestamp": timestamp, "data": notice.data });
    diesel::insert_into(outbox::table)
        .values((
            outbox::uuid.eq(random::uuid().to_string()),
            outbox::event.eq(notice.event),
            outbox::user_id.eq(notice.user.0),
            outbox::token_id.eq(notice.token.map(|id| id.0)),
            outbox::payload.eq(payload.to_string()),
            outbox::created_at.eq(to_micros(now)),
        ))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}
