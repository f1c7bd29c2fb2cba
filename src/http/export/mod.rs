//! Lists as files, streamed: a batch is read when the one before was taken, so that memory stays flat and a slow reader holds
//! nothing but its own connection.

mod audit;
mod tokens;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use futures_util::stream;
use time::macros::format_description;

use super::{Data, blocking};
use crate::model::roles::words;
use crate::model::{Error, Result};
use crate::service::{Caller, Cx};

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

/// A list that is exported, batch by batch.
pub trait Source: Send + 'static {
    /// What it is a list of, for the file's name.
    const NAME: &'static str;
    /// The columns of a table of it.
    const COLUMNS: &'static [&'static str];
    /// A row.
    type Row;

    /// The next rows, possibly none; `None` at the end. Whoever asks must still be allowed to.
    ///
    /// # Errors
    /// A refusal, or that the session or token is over.
    fn next(&mut self, cx: &mut Cx<'_, '_>) -> Result<Option<Vec<Self::Row>>>;

    /// The cells of a row, in the order of the columns.
    fn cells(row: Self::Row) -> Vec<String>;

    /// A row as JSON.
    ///
    /// # Errors
    /// A fault.
    fn json(row: Self::Row) -> Result<serde_json::Value>;
}

/// How far it has come.
struct Under<S> {
    app: Data,
    caller: Caller,
    source: S,
    format: Format,
    begun: bool,
}

/// Answers with the whole export. Whoever loses the right to it meanwhile, or their session or token, gets no more: the
/// connection is broken off, so that nobody takes the part for the whole.
pub fn answer<S: Source>(app: Data, caller: Caller, source: S, format: Format) -> HttpResponse {
    let mut file = file::<S>(&app, format);
    let under = Under { app, caller, source, format, begun: false };
    file.streaming(stream::try_unfold(under, |under| async {
        let part = next(under).await;
        part.inspect_err(|error| tracing::warn!(%error, list = S::NAME, "an export was broken off"))
    }))
}

/// What a HEAD request is answered: as the export itself, without any of it. Its length is not told there either, since nobody
/// knows it (RFC 9110, section 8.6).
pub fn head<S: Source>(app: &Data, format: Format) -> HttpResponse {
    file::<S>(app, format).streaming(stream::empty::<Result<Bytes>>())
}

fn file<S: Source>(app: &Data, format: Format) -> HttpResponseBuilder {
    let day = app.clock.now().format(format_description!("[year]-[month]-[day]")).unwrap_or_default();
    let name = format!("attachment; filename=\"latchkey-{}-{day}.{format}\"", S::NAME);
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(format.content_type())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_DISPOSITION, name));
    answer
}

/// The next part that holds something: an empty one would end the answer.
async fn next<S: Source>(mut under: Under<S>) -> Result<Option<(Bytes, Under<S>)>> {
    loop {
        let (part, then) = blocking::export(move || {
            let batch = under.app.read(&under.caller, |cx| under.source.next(cx))?;
            let part = batch.map(|rows| written::<S>(rows, under.format, !under.begun)).transpose()?;
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

fn written<S: Source>(rows: Vec<S::Row>, format: Format, first: bool) -> Result<Vec<u8>> {
    match format {
        Format::Csv => csv::<S>(rows, first),
        Format::Ndjson => {
            let mut lines = Vec::new();
            for row in rows {
                serde_json::to_writer(&mut lines, &S::json(row)?).map_err(Error::internal)?;
                lines.push(b'\n');
            }
            Ok(lines)
        }
    }
}

fn csv<S: Source>(rows: Vec<S::Row>, first: bool) -> Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if first {
        writer.write_record(S::COLUMNS).map_err(Error::internal)?;
    }
    for row in rows {
        writer.write_record(S::cells(row).into_iter().map(tame)).map_err(Error::internal)?;
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
