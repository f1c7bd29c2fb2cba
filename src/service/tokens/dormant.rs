//! Suspending tokens that nobody uses.

use serde_json::json;

use crate::model::Result;
use crate::model::tokens::{SuspendedFor, Token};
use crate::service::app::{App, Caller, Cx, account};
use crate::service::settings;
use crate::store;

/// How many are suspended in one transaction, so that others who write wait but shortly.
const BATCH: i64 = 200;

/// Suspends the good tokens that were not used for as many days as policy says, and tells how many.
///
/// # Errors
/// A fault; what was suspended before it stays so.
pub fn suspend_dormant(app: &App) -> Result<usize> {
    let mut all = 0;
    loop {
        // What was used just now is not dormant.
        app.write_uses()?;
        let (suspended, looked_at) = app.write(&Caller::system(), suspend_some)?;
        all += suspended;
        // Those that were left alone are used and so are not found again, once that is written.
        if i64::try_from(looked_at).unwrap_or(i64::MAX) < BATCH {
            return Ok(all);
        }
    }
}

/// How many were suspended, of how many that were looked at.
fn suspend_some(cx: &mut Cx<'_, '_>) -> Result<(usize, usize)> {
    let policy = settings::token_policy(cx)?;
    if policy.dormant_days.is_none() {
        return Ok((0, 0));
    }
    let since = policy.dormant_since(cx.now);
    let found = store::tokens::dormant(cx.tx, since, cx.now, BATCH)?;
    let looked_at = found.len();
    let is_unused = |token: &Token| cx.app.uses.of_token(token.id).is_none_or(|last| last.at < since);
    let dormant: Vec<_> = found.into_iter().filter(is_unused).collect();
    for token in &dormant {
        let user = store::users::get(cx.tx, token.user)?;
        store::tokens::suspend(cx.tx, token, Some(SuspendedFor::Dormancy), cx.now)?;
        cx.attempt("token.suspend");
        let named = json!({ "id": token.id, "name": token.name });
        let after = json!({ "token": named, "suspended": true, "not_used_for_days": policy.dormant_days });
        cx.done(account(&user), Some(json!({ "token": named, "suspended": false })), Some(after))?;
    }
    Ok((dormant.len(), looked_at))
}
