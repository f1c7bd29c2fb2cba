//! What the log is searched by: words, hours and facets, beside the sealed entries.

use diesel::prelude::*;

use super::after;
use crate::model::Result;
use crate::model::audit::Entry;
use crate::model::names::fold;
use crate::store::db::{Store, Tx, failed};
use crate::store::schema::{audit, audit_facets, audit_hours, audit_words};
use crate::store::sql::{Statement, sql};

/// How many entries are indexed in one transaction, where they were not when they were written.
const BATCH: i64 = 1_000;
/// An hour, in microseconds.
pub(super) const HOUR: i64 = 3_600_000_000;

/// Files `entry`, the newest so far.
pub(super) fn file(tx: &mut Tx<'_>, entry: &Entry) -> Result<()> {
    let key = |name: &Option<String>| name.as_deref().map(fold);
    diesel::insert_into(audit_words::table)
        .values((
            audit_words::seq.eq(entry.seq),
            audit_words::target_key.eq(key(&entry.target_name)),
            audit_words::token_key.eq(key(&entry.token_name)),
            audit_words::text.eq(entry.text()),
        ))
        .execute(tx.conn)
        .map_err(failed)?;
    let hour = entry.at.div_euclid(HOUR);
    let moved = diesel::update(audit_hours::table.filter(audit_hours::hour.eq(hour)))
        .set(audit_hours::last_seq.eq(entry.seq))
        .execute(tx.conn)
        .map_err(failed)?;
    if moved == 0 {
        diesel::insert_into(audit_hours::table)
            .values((
                audit_hours::hour.eq(hour),
                audit_hours::first_seq.eq(entry.seq),
                audit_hours::last_seq.eq(entry.seq),
            ))
            .execute(tx.conn)
            .map_err(failed)?;
    }
    let kind = entry.target_kind.as_deref().unwrap_or_default();
    let known = audit_facets::table
        .filter(audit_facets::action.eq(&entry.action))
        .filter(audit_facets::actor_kind.eq(&entry.actor_kind))
        .filter(audit_facets::outcome.eq(&entry.outcome))
        .filter(audit_facets::target_kind.eq(kind));
    if diesel::select(diesel::dsl::exists(known)).get_result(tx.conn).map_err(failed)? {
        return Ok(());
    }
    diesel::insert_into(audit_facets::table)
        .values((
            audit_facets::action.eq(&entry.action),
            audit_facets::actor_kind.eq(&entry.actor_kind),
            audit_facets::outcome.eq(&entry.outcome),
            audit_facets::target_kind.eq(kind),
        ))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// Files the entries that an older program wrote, a bounded number at a time.
///
/// # Errors
/// A fault.
pub fn catch_up(store: &Store) -> Result<()> {
    while store.read(|tx| Ok(missing(tx)?.is_some()))? {
        store.write(|tx| {
            let Some(last) = missing(tx)? else { return Ok(()) };
            after(tx, last, BATCH)?.iter().try_for_each(|(entry, _)| file(tx, entry))
        })?;
    }
    Ok(())
}

/// The last entry that is filed, where there are others behind it.
fn missing(tx: &mut Tx<'_>) -> Result<Option<i64>> {
    let last = audit::table.select(diesel::dsl::max(audit::seq)).get_result::<Option<i64>>(tx.conn).map_err(failed)?;
    let filed = audit_words::table.select(diesel::dsl::max(audit_words::seq));
    let filed = filed.get_result::<Option<i64>>(tx.conn).map_err(failed)?.unwrap_or(0);
    Ok(last.filter(|last| *last > filed).map(|_| filed))
}

/// The account that was last known by this folded name, though it may be gone.
///
/// # Errors
/// A fault.
pub fn last_account_named(tx: &mut Tx<'_>, name: &str) -> Result<Option<i64>> {
    #[derive(QueryableByName)]
    struct Id {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        id: i64,
    }
    let named: Statement = sql(
        "SELECT audit.target_id AS id FROM audit_words JOIN audit ON audit.seq = audit_words.seq \
         WHERE audit.target_id > 0 AND audit.target_kind IN ('person', 'service', 'agent') AND audit_words.target_key = ",
    );
    let last = named.text(name).sql(" ORDER BY audit_words.seq DESC LIMIT 1");
    let found = last.get_result::<Id>(tx.conn).optional();
    Ok(found.map_err(failed)?.map(|found| found.id))
}
