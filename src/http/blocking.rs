//! The one place that leaves the async thread: use cases are synchronous and may wait for the store or for a password hash.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use crate::base::system::{Behind, step_back};
use crate::model::{Error, Result};

/// How many use cases may be under way at once: as many as may wait for a password's hash, and as many again.
const CASES: usize = 128;
/// The threads of use cases. They let those go first that answer checks of tokens and take requests in.
static THREADS: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| threads(CASES));
/// How many threads read what is exported, however many exports there are.
const EXPORTERS: usize = 2;
/// These threads. Each thread keeps the memory that its largest piece of work took: so exports do not go through all of those that
/// answer pages, nor do pages wait for exports.
static EXPORTS: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| threads(EXPORTERS));

fn threads(most: usize) -> std::io::Result<Runtime> {
    Builder::new_current_thread().max_blocking_threads(most).on_thread_start(|| step_back(Behind::Checks)).build()
}

/// Runs a use case where waiting is allowed.
///
/// # Errors
/// Those of the use case; that there are no threads; a panic in it is a fault like any other.
pub async fn run<T: Send + 'static>(case: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    on(&THREADS, case).await
}

/// Runs a piece of an export, as [`run`] does a use case.
///
/// # Errors
/// Those of the piece; that there are no threads; a panic in it.
pub async fn export<T: Send + 'static>(piece: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    on(&EXPORTS, piece).await
}

async fn on<T: Send + 'static>(
    threads: &LazyLock<std::io::Result<Runtime>>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let span = tracing::Span::current();
    let threads = threads.as_ref().map_err(Error::internal)?;
    match threads.spawn_blocking(move || span.in_scope(work)).await {
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
