//! Doing a request once, however often it is sent.

use super::app::Cx;
use crate::model::Result;
use crate::model::idempotency::{KEPT_FOR, Keyed, Reply};
use crate::store;

/// What became of a request.
pub enum Outcome<T> {
    /// It was done now.
    Done(T),
    /// It had been done before: this was the answer.
    Before(Reply),
    /// Its key came with another request before. Nothing was done.
    OtherRequest,
}

/// Runs a use case, unless the same token sent the same request under the same key in the last 24 hours. What it answers is kept
/// in its own transaction, so that the two stand or fall together. As there is one writer, two at once come one after the other.
///
/// # Errors
/// Those of the use case. A request that failed has written nothing and is not remembered.
pub fn once<T: AsRef<Reply>>(
    cx: &mut Cx<'_, '_>,
    wanted: Option<&Keyed>,
    case: impl FnOnce(&mut Cx<'_, '_>) -> Result<T>,
) -> Result<Outcome<T>> {
    let (Some(wanted), Some(token)) = (wanted, cx.actor.token().map(|token| token.id)) else {
        return case(cx).map(Outcome::Done);
    };
    let key_hash = wanted.key_hash(token);
    if let Some((request_hash, reply)) = store::idempotency::find(cx.tx, &key_hash, cx.now - KEPT_FOR)? {
        let same = request_hash == wanted.request_hash();
        return Ok(if same { Outcome::Before(reply) } else { Outcome::OtherRequest });
    }
    let done = case(cx)?;
    store::idempotency::sweep(cx.tx, cx.now - KEPT_FOR)?;
    store::idempotency::insert(cx.tx, (&key_hash, token), wanted.request_hash(), done.as_ref(), cx.now)?;
    Ok(Outcome::Done(done))
}
