//! What checks want to have at hand is read when the portal starts, so that a restart does not have it all read one by one.

use std::ops::ControlFlow;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::Memory;
use crate::base::system::{Behind, step_back};
use crate::model::Result;
use crate::model::ids::TokenId;
use crate::model::tokens::HashedToken;
use crate::store;

/// How many rows are read at once.
const AT_ONCE: i64 = 2_000;
/// How long is waited after the store could not be read.
const AGAIN: Duration = Duration::from_secs(5);

/// Starts the thread. It ends when the memory is gone.
pub(super) fn start(memory: &Arc<Memory>, wanted: Receiver<()>) {
    let memory = Arc::downgrade(memory);
    let work = move || {
        step_back(Behind::Everybody);
        secrets(&memory);
        logged(know_tokens(&memory));
        while wanted.recv().is_ok() {
            secrets(&memory);
        }
    };
    if let Err(error) = std::thread::Builder::new().name("warm".into()).spawn(work) {
        tracing::error!(%error, "cannot start the thread that reads tokens beforehand");
    }
}

/// Makes the filter, or has it wanted again in a while.
fn secrets(memory: &Weak<Memory>) {
    if !logged(know_secrets(memory)) {
        std::thread::sleep(AGAIN);
        if let Some(memory) = memory.upgrade() {
            memory.kept.secrets.forget();
        }
    }
}

/// Without it, checks ask the store more often, and are right all the same.
fn logged(outcome: Result<()>) -> bool {
    if let Err(error) = &outcome {
        tracing::warn!(%error, "tokens could not be read beforehand");
    }
    outcome.is_ok()
}

/// Makes the filter over all secrets, for the embedded store: on a server another portal may have made a token a moment ago.
fn know_secrets(memory: &Weak<Memory>) -> Result<()> {
    let Some(start) = memory.upgrade().filter(|memory| memory.store.is_embedded()) else { return Ok(()) };
    let (revision, count) =
        start.store.read(|tx| Ok((store::checks::revision(tx)?, store::checks::count_secrets(tx)?)))?;
    // From here on whoever notes a change adds the secrets of its tokens.
    let filter = start.kept.secrets.keep(usize::try_from(count).unwrap_or_default());
    drop(start);
    let mut last = HashedToken([0; 32]);
    while let Some(memory) = memory.upgrade() {
        let page = memory.store.read(|tx| store::checks::secrets_after(tx, &last, AT_ONCE))?;
        filter.add(&page);
        if let Some(end) = page.last() {
            last = end.clone();
            continue;
        }
        // What was noted before there was a filter to add it to.
        let Some(missed) = memory.store.read(|tx| store::checks::secrets_since(tx, revision))? else {
            memory.kept.secrets.forget();
            return Ok(());
        };
        filter.add(&missed);
        filter.is_whole();
        return Ok(());
    }
    Ok(())
}

/// Reads tokens, the youngest first, until there is no room for more.
fn know_tokens(memory: &Weak<Memory>) -> Result<()> {
    let mut before = TokenId(i64::MAX);
    while let Some(memory) = memory.upgrade() {
        let (revision, page) = memory
            .store
            .read(|tx| Ok((store::checks::revision(tx)?, store::checks::facts_before(tx, before, AT_ONCE)?)))?;
        let Some((_, (last, _))) = page.last() else { return Ok(()) };
        before = last.id;
        if memory.kept.fill(page, revision) == ControlFlow::Break(()) {
            return Ok(());
        }
    }
    Ok(())
}
