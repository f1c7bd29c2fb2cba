//! Removing entries that are older than the settings keep them.

use serde_json::json;
use time::Duration;

use crate::base::clock::to_micros;
use crate::model::audit::{Boundary, Broken, Event, RETENTION, Verifier};
use crate::model::{Error, Result};
use crate::service::app::{App, Caller, Cx};
use crate::store;

/// How many entries are removed in one transaction, so that others who write wait but shortly.
const BATCH: i64 = 2_000;

/// Removes the oldest entries, where the settings keep them for so many days only, and seals the boundary that is left. How many
/// it were. What it did stands in the log; nothing else removes entries.
///
/// # Errors
/// A fault, or entries that do not hold: of their portion nothing is removed. What was removed before it stays so.
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
    let Some((boundary, count)) = oldest_before(cx, to_micros(until))? else { return Ok(0) };
    store::audit::remove_up_to(cx.tx, &boundary)?;
    let told = json!({ "entries_removed": count, "removed_up_to": boundary.seq, "kept_for_days": days });
    cx.record(Event::done(RETENTION, None).change(None, Some(told)))?;
    Ok(count)
}

/// The boundary behind the oldest entries that were written before `at`, and how many these are: never the newest entry of all.
///
/// The seal vouches for what was removed, so it is set on what verifies alone, from the present boundary on. Otherwise whoever can
/// write to the store, but has no key, would make entries old and have the portal itself sign that they are gone. The first entry that is kept is
/// verified as well: one that was made younger would hold up retention in silence.
fn oldest_before(cx: &mut Cx<'_, '_>, at: i64) -> Result<Option<(Boundary, usize)>> {
    let (key, present) = (&cx.app.keys.audit, store::audit::boundary(cx.tx)?);
    let mut verifier = Verifier::new(key, None, present).map_err(distrusted)?;
    let mut entries = store::audit::after(cx.tx, i64::MIN, BATCH + 1)?.into_iter().peekable();
    let mut last = None;
    let mut count = 0;
    while let Some((entry, mac)) = entries.next() {
        let head = verifier.next(&entry, &mac).map_err(distrusted)?;
        if entry.at >= at || entries.peek().is_none() {
            break;
        }
        last = Some((head.seq, head.mac, entry.at));
        count += 1;
    }
    Ok(last.map(|last| (Boundary::sealed(key, last), count)))
}

/// For the program's log: what an administrator has to look at.
fn distrusted(broken: Broken) -> Error {
    Error::internal(format!("the audit log does not hold, so that none of its old entries is removed: {broken}"))
}
