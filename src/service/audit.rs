//! Reading and verifying the audit log.

use super::app::{App, Cx};
use crate::model::Result;
use crate::model::access::Place;
use crate::model::audit::{Broken, Entry, Head, Verifier};
use crate::model::ids::UserId;
use crate::model::page::{Page, PageRequest};
use crate::model::permissions::{Action, Permission, Resource};
use crate::store;

/// A page of what a user did and of what was done to them, the newest first.
///
/// # Errors
/// A refusal.
pub fn of_user(cx: &mut Cx<'_, '_>, id: UserId, request: &PageRequest) -> Result<Page<Entry>> {
    let user = super::users::get(cx, id)?.user;
    cx.attempt("audit.read");
    if !cx.actor.owns(id, Action::Read) {
        cx.actor.may(Permission::new(Resource::Audit, Action::Read), Place::of_home(user.home_team))?;
    }
    store::audit::of_user(cx.tx, id, request)
}

/// Walks the whole chain, comparing it with a head that was shown earlier.
///
/// # Errors
/// A fault of the store; a chain that does not hold is the inner error.
pub fn verify(app: &App, shown: Option<Head>) -> Result<Result<Head, Broken>> {
    app.store.read(|tx| {
        let mut verifier = Verifier::new(&app.keys.audit, shown);
        let mut last = 0;
        loop {
            let entries = store::audit::after(tx, last, 1_000)?;
            if entries.is_empty() {
                return Ok(verifier.finish());
            }
            for (entry, mac) in entries {
                if let Err(broken) = verifier.next(&entry, &mac) {
                    return Ok(Err(broken));
                }
                last = entry.seq;
            }
        }
    })
}

/// The last entry's number and code, to be kept elsewhere.
///
/// # Errors
/// A fault.
pub fn head(app: &App) -> Result<Head> {
    app.store.read(store::audit::head)
}
