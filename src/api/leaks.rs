//! `/api/v1/leaks`: whoever finds a token may end it.

use std::time::Duration;

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Body, given};
use super::openapi::Reports;
use super::query::Params;
use super::{Answer, ApiError};
use crate::base::secret::Secret;
use crate::http::Bearer;
use crate::service::tokens::{self, Report};
use crate::service::{Caller, Credential};

/// Longer than a token takes to be ended, so that the time of the answer tells nothing either.
const ANSWERED_AFTER: Duration = Duration::from_millis(150);

/// A token that was found where none belongs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportLeak {
    /// The whole token, as it was found.
    #[schema(example = "lk_svc_…")]
    token: String,
    /// Where it was found: an address, or some words. Of a long text the beginning is kept.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = "https://git.example.com/shop/blob/main/.env#L3")]
    found_at: Option<String>,
}

/// The one answer to every report.
#[derive(Serialize, ToSchema)]
pub struct LeakReported {
    /// What happened, whether the token is known here or not.
    #[schema(example = "Thank you. If this token is one of ours, it is revoked now.")]
    message: &'static str,
}

/// Report a leaked token
///
/// Whoever has a token may end it: nobody is asked who they are, and no token is sent in `Authorization`. A token that is known here is
/// revoked at once, with those that were made or rotated with it, and with the links that they handed out; whoever answers for it is told where it was
/// found. The answer is the same for every token, known or not, and so is its time. A secret that a rotation replaced, and that is over, ends
/// only what was made while it was good. Sending the same again does nothing more. The number of reports from one address is limited.
#[utoipa::path(
    post, path = "/api/v1/leaks", tag = "Tokens", operation_id = "reportLeak", security(()),
    request_body(content = ReportLeak, examples(
        ("Found in a repository" = (value = json!({"token": "lk_svc_…", "found_at": "https://git.example.com/shop/blob/main/.env#L3"}))),
    )),
    responses((status = 202, description = "It was received.", body = LeakReported), Reports),
)]
pub async fn report(request: actix_web::HttpRequest, bearer: Bearer, body: Body) -> Answer {
    // Not by whom: a token in the header stands for nobody here.
    let Bearer { app, caller } = bearer;
    let caller = Caller::nobody(caller.origin);
    Params::read::<()>(request.query_string())?;
    let report: ReportLeak = body.read()?;
    let report = Report { token: Secret::new(report.token), place: report.found_at.unwrap_or_default() };
    let work = crate::http::blocking::run(move || tokens::report(&app, &caller, &report));
    let (done, ()) = tokio::join!(work, actix_web::rt::time::sleep(ANSWERED_AFTER));
    done.map_err(|error| ApiError::of(error, &Credential::Nothing))?;
    let message = "Thank you. If this token is one of ours, it is revoked now.";
    Ok(HttpResponse::Accepted().json(LeakReported { message }))
}
