//! The one place that leaves the async thread: use cases are synchronous and may wait for the store or for a password hash.

use actix_web::web;
use tokio::sync::Semaphore;

use crate::model::{Error, Result};

/// Runs a use case where waiting is allowed.
///
/// # Errors
/// Those of the use case; a panic in it is a fault like any other.
pub async fn run<T: Send + 'static>(case: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let span = tracing::Span::current();
    match web::block(move || span.in_scope(case)).await {
        Ok(outcome) => outcome,
        Err(error) => Err(Error::internal(error)),
    }
}

/// How many use cases may be under way whose answer has gone already.
static LATER: Semaphore = Semaphore::const_new(32);

/// Runs a use case that nobody waits for. Where too many are under way it is let go, and so is what becomes of it, but for
/// the log: it must be something that can be asked for again.
pub fn later(case: impl FnOnce() -> Result<()> + Send + 'static) {
    let Ok(place) = LATER.try_acquire() else {
        return tracing::warn!("too much at once: a request was answered and let go");
    };
    actix_web::rt::spawn(async move {
        if let Err(error) = run(case).await {
            tracing::warn!(%error, "failed after its answer");
        }
        drop(place);
    });
}
