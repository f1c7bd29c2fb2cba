//! The audit log.

use serde_json::Value;
use time::format_description::well_known::Rfc3339;

use super::Source;
use crate::model::audit::{Entry, Told};
use crate::model::{Error, Result};
use crate::service::Cx;
use crate::service::audit::Export;

impl Source for Export {
    const NAME: &'static str = "audit";
    const COLUMNS: &'static [&'static str] = &[
        "seq",
        "at",
        "actor_kind",
        "actor_id",
        "actor_name",
        "token_id",
        "token_name",
        "action",
        "target_kind",
        "target_id",
        "target_name",
        "outcome",
        "reason",
        "before",
        "after",
        "address",
        "user_agent",
        "request_id",
    ];
    type Row = Entry;

    fn next(&mut self, cx: &mut Cx<'_, '_>) -> Result<Option<Vec<Entry>>> {
        Self::next(self, cx)
    }

    fn cells(entry: Entry) -> Vec<String> {
        let number = |id: Option<i64>| id.map(|id| id.to_string());
        let cells = [
            number(Some(entry.seq)),
            entry.time().format(&Rfc3339).ok(),
            Some(entry.actor_kind),
            number(entry.actor_id),
            Some(entry.actor_name),
            number(entry.token_id),
            entry.token_name,
            Some(entry.action),
            entry.target_kind,
            number(entry.target_id),
            entry.target_name,
            Some(entry.outcome),
            entry.reason,
            entry.before,
            entry.after,
            entry.address,
            entry.user_agent,
            entry.request_id,
        ];
        cells.into_iter().map(Option::unwrap_or_default).collect()
    }

    fn json(entry: Entry) -> Result<Value> {
        serde_json::to_value(Told::from(entry)).map_err(Error::internal)
    }
}
