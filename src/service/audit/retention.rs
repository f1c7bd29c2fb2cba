//! Removing entries that are older than the settings keep them.

use serde_json::json;
use time::Duration;

use crate::base::clock::to_micros;
use crate::model::Result;
use crate::model::audit::{Boundary, Event, RETENTION};
use crate::service::app::{App, Caller, Cx};
use crate::store;
use crate::store::audit::Oldest;

/// How many entries are removed in one transaction, so that others who write wait but shortly.
const BATCH: i64 = 2_000;

/// Removes the oldest entries, where the settings keep them for so many days only, and seals the boundary that is left. How many
/// it were. What it did stands in the log; nothing else removes entries.
///
/// # Errors
/// A fault; what was removed before it stays so.
pub fn retain(app: &App) -> Result<usize> {
    let mut all = 0;
    loop {
        let some = app.write(&Caller::system(), remove_some)?;
        all += some;
        if some == 0 {
            return Ok(all);
        }
    }
}

fn remove_some(cx: &mut Cx<'_, '_>) -> Result<usize> {
    let Some(days) = store::settings::get(cx.tx)?.audit_keep_days else { return Ok(0) };
    let Some(until) = cx.now.checked_sub(Duration::days(days)) else { return Ok(0) };
    let Some(Oldest { seq, at, mac, count }) = store::audit::oldest_before(cx.tx, to_micros(until), BATCH)? else {
        return Ok(0);
    };
    let boundary = Boundary::sealed(&cx.app.keys.audit, (seq, mac, at));
    store::audit::remove_up_to(cx.tx, &boundary)?;
    let told = json!({ "entries_removed": count, "removed_up_to": seq, "kept_for_days": days });
    cx.record(Event::done(RETENTION, None).change(None, Some(told)))?;
    Ok(usize::try_from(count).unwrap_or(0))
}
