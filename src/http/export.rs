//! The audit log as a file, streamed: a batch is read when the one before was taken, so that memory stays flat and a slow
//! reader holds nothing but its own connection.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::stream;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use super::{Data, blocking};
use crate::model::audit::{Entry, Told};
use crate::model::roles::words;
use crate::model::{Error, Result};
use crate::service::Caller;
use crate::service::audit::Export;

words! {
    /// As what the log is exported.
    Format: "a format" {
        /// Comma-separated values (RFC 4180).
        Csv = "csv",
        /// A JSON object in each line.
        Ndjson = "ndjson",
    }
}

impl Format {
    fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
        }
    }
}

/// How far it has come.
struct Under {
    app: Data,
    caller: Caller,
    export: Export,
    format: Format,
    begun: bool,
}

/// Answers with the whole export. Whoever loses the right to it meanwhile, or their session or token, gets no more: the
/// connection is broken off, so that nobody takes the part for the whole.
pub fn answer(app: Data, caller: Caller, export: Export, format: Format) -> HttpResponse {
    let day = app.clock.now().format(format_description!("[year]-[month]-[day]")).unwrap_or_default();
    let under = Under { app, caller, export, format, begun: false };
    HttpResponse::Ok()
        .content_type(format.content_type())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"latchkey-audit-{day}.{format}\"")))
        .streaming(stream::try_unfold(under, |under| async {
            let part = next(under).await;
            part.inspect_err(|error| tracing::warn!(%error, "an export of the audit log was broken off"))
        }))
}

/// The next part that holds something: an empty one would end the answer.
async fn next(mut under: Under) -> Result<Option<(Bytes, Under)>> {
    loop {
        let (part, then) = blocking::run(move || {
            let batch = under.app.read(&under.caller, |cx| under.export.next(cx))?;
            let part = batch.map(|entries| written(entries, under.format, !under.begun)).transpose()?;
            under.begun = true;
            Ok((part, under))
        })
        .await?;
        under = then;
        match part {
            None => return Ok(None),
            Some(bytes) if bytes.is_empty() => {}
            Some(bytes) => return Ok(Some((bytes.into(), under))),
        }
    }
}

fn written(entries: Vec<Entry>, format: Format, first: bool) -> Result<Vec<u8>> {
    match format {
        Format::Csv => csv(entries, first),
        Format::Ndjson => ndjson(entries),
    }
}

fn ndjson(entries: Vec<Entry>) -> Result<Vec<u8>> {
    let mut lines = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut lines, &Told::from(entry)).map_err(Error::internal)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

const COLUMNS: [&str; 18] = [
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

fn csv(entries: Vec<Entry>, first: bool) -> Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if first {
        writer.write_record(COLUMNS).map_err(Error::internal)?;
    }
    for entry in entries {
        let number = |id: Option<i64>| id.map(|id| id.to_string());
        let at = entry.time().format(&Rfc3339).ok();
        let cells = [
            number(Some(entry.seq)),
            at,
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
        writer.write_record(cells.map(|cell| tame(cell.unwrap_or_default()))).map_err(Error::internal)?;
    }
    writer.into_inner().map_err(Error::internal)
}

/// A spreadsheet takes a cell that begins with one of these for a formula, and so would do what somebody typed as a name: an
/// apostrophe before it makes it a text (OWASP, CSV injection).
fn tame(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{cell}")
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::tame;

    #[test]
    fn nothing_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"] {
            assert!(tame(cell.into()).starts_with('\''), "{cell}");
        }
        for cell in ["", "ada", "{\"a\":1}", "2026-11-22", "a=1"] {
            assert_eq!(tame(cell.into()), cell);
        }
    }
}
