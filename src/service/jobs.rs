//! What the portal does by itself. Each job may be run twice, and beside another portal on the same database: what is done already
//! is not found again.

use super::app::App;
use super::{audit, tokens};
use crate::model::Result;

/// Does something, and tells how much of it.
type Job = fn(&App) -> Result<usize>;

/// The jobs of a day, each with what it did.
const DAILY: &[(&str, Job)] = &[
    ("tokens not used for long were suspended", tokens::suspend_dormant),
    ("old entries of the audit log were removed", audit::retain),
];

/// Does the jobs of a day. One that fails is told of in the log and hinders no other; it is tried again the next day, or at the
/// next start.
pub fn daily(app: &App) {
    for (what, job) in DAILY {
        match job(app) {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "{what}"),
            Err(error) => tracing::error!(%error, "a daily job failed ({what})"),
        }
    }
}

/// Writes the head of the audit log to the log, so that a copy of it is kept where the log is.
pub fn tell_head(app: &App) {
    match audit::head(app) {
        Ok(head) => tracing::info!(%head, "the audit log's head"),
        Err(error) => tracing::error!(%error, "the audit log's head cannot be read"),
    }
}
