//! The log as a file: read in batches, each in a transaction of its own, so that neither memory nor the store is held for long.

use serde_json::{Value, json};

use super::search::{Scope, find, settled};
use crate::model::audit::{Entry, Event, Filter};
use crate::model::tokens::Mention;
use crate::model::{Error, Result};
use crate::service::app::Cx;
use crate::store;
use crate::store::audit::Range;

/// What was asked for, without a token that somebody looked for: the log keeps none.
fn without_secrets(mut filters: Value) -> Value {
    for value in filters.as_object_mut().into_iter().flat_map(|fields| fields.values_mut()) {
        if value.as_str().is_some_and(|text| Mention::of(text).is_some()) {
            *value = "…".into();
        }
    }
    filters
}

/// How many entries are read at once: each thread that ever reads some keeps the room for them.
const BATCH: usize = 100;

/// An export under way: the entries that were there when it began, the oldest first.
#[derive(Debug)]
pub struct Export {
    /// What the reader might read when it began, which is what the file is of.
    scope: Scope,
    filter: Filter,
    /// Up to where retention had removed entries when it began.
    removed: i64,
    rest: Option<Range>,
}

impl Export {
    /// Begins one, and writes down that it was made. `format` is told in the log. What is wrong with the filter is told to
    /// those alone who may read the log.
    ///
    /// # Errors
    /// A refusal, or what is wrong with the filter.
    pub fn begin(cx: &mut Cx<'_, '_>, filter: Result<Filter>, format: &str) -> Result<Self> {
        let told = filter.as_ref().map_or(Value::Null, Filter::told);
        let export = Self::of(cx, filter)?;
        let mut event = Event::done("audit.export", None);
        event.after = Some(json!({ "format": format, "filters": without_secrets(told) }));
        event.team = match &export.scope {
            Scope::Teams(teams) if teams.len() == 1 => teams.first().copied(),
            _ => None,
        };
        cx.record(event)?;
        Ok(export)
    }

    /// One that nobody has begun, for whoever only asks whether they could.
    ///
    /// # Errors
    /// As [`Export::begin`].
    pub fn of(cx: &mut Cx<'_, '_>, filter: Result<Filter>) -> Result<Self> {
        cx.attempt("audit.export");
        let scope = Scope::of(cx)?;
        let filter = settled(cx, &scope, &filter?)?;
        let range = promised(cx, &filter)?;
        Ok(Self { scope, removed: removed(cx)?, filter, rest: Some(range) })
    }

    /// The next entries, possibly none; `None` at the end. Whoever asks must still be allowed to, to all that they were allowed to when
    /// it began and to no more: a file that changes on the way from one right to another would look whole and be neither.
    ///
    /// # Errors
    /// A refusal, that the session or token is over, or that entries went before they were read.
    pub fn next(&mut self, cx: &mut Cx<'_, '_>) -> Result<Option<Vec<Entry>>> {
        cx.attempt("audit.export");
        if Scope::of(cx)? != self.scope {
            return Err(Error::refused(
                "What you may read of the audit log changed while it was exported. Begin the export again.",
            ));
        }
        let Some(range) = self.rest else { return Ok(None) };
        self.check_all_is_there(cx, range)?;
        let hits = find(cx, &self.scope, &self.filter, range, BATCH)?;
        self.rest = hits.more.map(|seq| range.behind(seq));
        Ok(Some(hits.entries))
    }
    /// A fault where retention has meanwhile removed entries of `range`: without them the file would look whole.
    fn check_all_is_there(&self, cx: &mut Cx<'_, '_>, range: Range) -> Result<()> {
        let now = removed(cx)?;
        if now > self.removed && now >= range.first {
            let first = range.first;
            return Err(Error::internal(format!(
                "retention removed entries up to {now}, but an export was at {first}"
            )));
        }
        Ok(())
    }
}

/// Where all entries lie that are there now and that the filter can ask for. It begins at the first of all and not at the boundary:
/// one that somebody moved in the store must hide nothing.
fn promised(cx: &mut Cx<'_, '_>, filter: &Filter) -> Result<Range> {
    let all = Range { first: 1, last: store::audit::head(cx.tx)?.seq, rising: true };
    Ok(store::audit::between(cx.tx, filter, all)?.unwrap_or(all))
}

/// Up to where retention has removed entries.
fn removed(cx: &mut Cx<'_, '_>) -> Result<i64> {
    Ok(store::audit::boundary(cx.tx)?.map_or(0, |boundary| boundary.seq))
}
