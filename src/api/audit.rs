//! `/api/v1/audit`.

use utoipa::IntoParams;

use super::answer::{List, ok};
use super::call::Call;
use super::openapi::{Lists, Reads};
use super::query::{FromParams, Paging, Params};
use super::{Answer, ApiError};
use crate::http::export::Format;
use crate::model::Error;
use crate::model::audit::{ActorKind, Filter, NAMES, Outcome, Told};
use crate::service::audit::{self, Export};

/// Which entries are asked for. An entry matches all that are given.
#[derive(Default, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the document is made from the fields; the filter is read from all of them at once")]
pub struct AuditQuery {
    /// Part of a name, a reason, an address, a user agent, a request id or a value before or after, in any case.
    #[param(required = false)]
    q: String,
    /// What kind of actor it was.
    #[param(required = false, value_type = ActorKind)]
    kind: String,
    /// What was done: `token.create`, or all that is done to such things: `token.*`.
    #[param(required = false, example = "token.*")]
    action: String,
    /// How it ended.
    #[param(required = false, value_type = Outcome)]
    outcome: String,
    /// The account that acted: its id, or its username, also one that it once had.
    #[param(required = false, example = "ada")]
    actor: String,
    /// The token that was used: its id, or its name.
    #[param(required = false)]
    token: String,
    /// What kind of thing it was done to: `person`, `service`, `agent`, `team`, `role`, `settings`.
    #[param(required = false, example = "team")]
    target_kind: String,
    /// What it was done to: its id, or its name at that time.
    #[param(required = false)]
    target: String,
    /// The first day in UTC, or a moment by RFC 3339.
    #[param(required = false, example = "2026-11-01")]
    from: String,
    /// The last day in UTC, or the moment before which it happened.
    #[param(required = false, example = "2026-11-22T10:00:00Z")]
    to: String,
}

/// The filter that the query says.
pub struct Asked(Filter);

impl FromParams for Asked {
    fn take(params: &mut Params) -> Self {
        let texts: Vec<_> = NAMES.iter().map(|name| (*name, params.text(name).unwrap_or_default())).collect();
        let read = Filter::read(|name| texts.iter().find(|(key, _)| *key == name).map_or("", |(_, text)| text));
        let filter = read.unwrap_or_else(|error| {
            if let Error::Invalid(errors) = error {
                for error in errors {
                    params.note::<()>(&error.field, Err(error.message));
                }
            }
            Filter::default()
        });
        Self(filter)
    }
}

/// As what it is exported.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FormatQuery {
    /// `csv` (RFC 4180), or `ndjson`: an entry as JSON in each line.
    #[param(required = false, default = "ndjson")]
    format: Format,
}

impl FromParams for FormatQuery {
    fn take(params: &mut Params) -> Self {
        Self { format: params.word("format").unwrap_or(Format::Ndjson) }
    }
}

/// List audit entries
///
/// The newest first. Whoever may read the log of some teams alone gets what concerns those, without what they may not know of.
/// A search that finds little in a long log comes in several pages: one may hold fewer than `limit`, even none; it is the last
/// where `next_cursor` is null.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "Audit", operation_id = "listAuditEntries", params(AuditQuery, Paging),
    responses((status = 200, description = "A page of entries.", body = List<Told>), Lists),
)]
pub async fn list(call: Call) -> Answer {
    let page = call.list(call.query::<(Asked, Paging)>(), |cx, (Asked(filter), paging)| {
        let found = audit::page(cx, &filter, &paging.request(true))?;
        List::of(found.page, |entries| Ok(entries.into_iter().map(Told::from).collect()))
    });
    ok(page.await?)
}

/// Get an audit entry
#[utoipa::path(
    get, path = "/api/v1/audit/{seq}", tag = "Audit", operation_id = "getAuditEntry", params(("seq" = i64, Path, description = "Its number.")),
    responses((status = 200, description = "The entry.", body = Told), Reads),
)]
pub async fn get(call: Call) -> Answer {
    let seq: Result<i64, ApiError> = call.id("seq", "audit entry");
    let entry = call.read(seq, audit::entry);
    ok(Told::from(entry.await?))
}

/// Export audit entries
///
/// Those that were there when it began, the oldest first, as a file that is streamed. That it was made stands in the log. An
/// answer that is broken off is not the whole.
#[utoipa::path(
    get, path = "/api/v1/audit/export", tag = "Audit", operation_id = "exportAuditEntries", params(AuditQuery, FormatQuery),
    responses((status = 200, description = "The entries.", content((String = "application/x-ndjson"), (String = "text/csv"))), Lists),
)]
pub async fn export(call: Call) -> Answer {
    let query = call.query::<(Asked, FormatQuery)>();
    let format = query.as_ref().map_or(Format::Ndjson, |(_, query)| query.format);
    if call.is_head() {
        call.list(query, |cx, (Asked(filter), _)| Export::of(cx, Ok(filter))).await?;
        return Ok(call.as_exported(format));
    }
    let begun =
        call.begin(query, |cx, (Asked(filter), FormatQuery { format })| Export::begin(cx, Ok(filter), format.as_str()));
    Ok(call.exported(begun.await?, format))
}
