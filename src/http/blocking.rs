//! The one place that leaves the async thread: use cases are synchronous and may wait for the store or for a password hash.

use actix_web::web;

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
