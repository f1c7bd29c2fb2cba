//! The log as a file: read in batches, each in a transaction of its own, so that neither memory nor the store is held for long.

use serde_json::json;

use super::search::{Scope, find, settled};
use crate::model::Result;
use crate::model::audit::{Entry, Event, Filter};
use crate::service::app::Cx;
use crate::store;
use crate::store::audit::Range;

/// How many entries are read at once.
const BATCH: usize = 500;

/// An export under way: the entries that were there when it began, the oldest first.
#[derive(Debug)]
pub struct Export {
    filter: Filter,
    rest: Option<Range>,
}

impl Export {
    /// Begins one, and writes down that it was made. `format` is told in the log. What is wrong with the filter is told to
    /// those alone who may read the log.
    ///
    /// # Errors
    /// A refusal, or what is wrong with the filter.
    pub fn begin(cx: &mut Cx<'_, '_>, filter: Result<Filter>, format: &str) -> Result<Self> {
        cx.attempt("audit.export");
        let scope = Scope::of(cx)?;
        let filter = filter?;
        let settled = settled(cx, &scope, &filter)?;
        let range = Range { first: 1, last: store::audit::head(cx.tx)?.seq, rising: true };
        let mut event = Event::done("audit.export", None);
        event.after = Some(json!({ "format": format, "filters": filter.told() }));
        event.team = match &scope {
            Scope::Teams(teams) if teams.len() == 1 => teams.first().copied(),
            _ => None,
        };
        cx.record(event)?;
        Ok(Self { filter: settled, rest: Some(range) })
    }

    /// The next entries, possibly none; `None` at the end. Whoever asks must still be allowed to.
    ///
    /// # Errors
    /// A refusal, or that the session or token is over.
    pub fn next(&mut self, cx: &mut Cx<'_, '_>) -> Result<Option<Vec<Entry>>> {
        cx.attempt("audit.export");
        let scope = Scope::of(cx)?;
        let Some(range) = self.rest else { return Ok(None) };
        let hits = find(cx, &scope, &self.filter, range, BATCH)?;
        self.rest = hits.more.map(|seq| range.behind(seq));
        Ok(Some(hits.entries))
    }
}
