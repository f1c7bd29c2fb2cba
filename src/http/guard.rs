//! The same-origin guard: what changes something must come from the portal's own pages.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest};

use super::session::Typed;
use super::{app_of, blocking, origin};
use crate::model;
use crate::service::{Caller, sessions};

/// Lets safe methods through, and others only from the same origin: by `Sec-Fetch-Site`, or by `Origin` where a browser
/// does not send that. With neither a request is refused. A refusal is a [`CrossSite`] answer. It is worth an audit entry where the
/// request comes with a session: without one there is nobody in whose name anything could have been done.
///
/// # Errors
/// Those of the handler.
pub async fn same_origin<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let app = app_of(request.app_data());
    let verdict = if request.method().is_safe() { Ok(()) } else { verdict(request.request(), &app.config.origin()) };
    let Err(reason) = verdict else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let noted = match Typed::of(&request).row() {
        Some(session) => {
            let caller = Caller::nobody(origin::of(request.request(), &app.config.trusted_proxies));
            blocking::run(move || sessions::cross_site(&app, &caller, session, reason)).await
        }
        None => Ok(()),
    };
    let told = "This request did not come from a page of this portal, so nothing was done. Open the page again and repeat it there.";
    let (request, _) = request.into_parts();
    Ok(ServiceResponse::from_err(CrossSite(noted.err().unwrap_or_else(|| model::Error::refused(told))), request))
}

fn verdict(request: &HttpRequest, own: &str) -> Result<(), &'static str> {
    let sent = |name: &'static str| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    match (sent("sec-fetch-site"), sent(header::ORIGIN.as_str())) {
        (Some("same-origin"), _) => Ok(()),
        (Some(_), _) => Err("the request came from another site"),
        (None, Some(origin)) if origin == own => Ok(()),
        (None, Some(_)) => Err("the request came from another origin"),
        (None, None) => Err("the request did not say where it came from"),
    }
}

/// A request from elsewhere.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CrossSite(pub model::Error);

impl actix_web::ResponseError for CrossSite {
    fn status_code(&self) -> actix_web::http::StatusCode {
        actix_web::http::StatusCode::FORBIDDEN
    }
}
