//! No token stands in an address of ours.

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;

use super::form::{Fields, query};
use super::page::own_path;
use crate::http::session::Typed;
use crate::model::tokens::Mention;

/// What is told where a token stood in an address.
const TOLD: &str = "A token must not stand in an address, which browsers and programs on the way keep: it was taken out, and nothing was \
                    looked for by it. Rotate it if others may have seen it. To find it, paste it into the search of Access Tokens.";

/// Answers an address that holds a token, or a piece of one, with the way to the same page without it, before anything is read by it.
///
/// # Errors
/// Those of the handler.
pub async fn keep_out<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let asked = Fields::of_query(request.request());
    let (kept, dropped): (Vec<_>, Vec<_>) =
        asked.without(&[]).into_iter().partition(|(name, value)| !holds_token(name) && !holds_token(value));
    if dropped.is_empty() || !request.method().is_safe() {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    // The place was one in another list.
    let kept: Vec<_> = kept.into_iter().filter(|(name, _)| name != "cursor").collect();
    // A file without a filter that was asked for would be another file.
    let path = request.path();
    let path = path.split_once("/export.").map_or(path, |(list, _)| list);
    let target = own_path(&format!("{path}{}", query(&kept))).to_owned();
    // What cannot be told to a visitor is not kept for them.
    Typed::of(&request).flash("caution", TOLD).map_err(super::PageError::from)?;
    let answer = HttpResponse::SeeOther().insert_header((header::LOCATION, target)).finish();
    Ok(request.into_response(answer))
}

fn holds_token(text: &str) -> bool {
    Mention::of(text).is_some()
}
