//! The same-origin guard: what changes something must come from the portal's own pages.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, web};

use super::{Data, blocking, origin};
use crate::model;
use crate::service::{Caller, sessions};

/// Lets safe methods through, and others only from the same origin: by `Sec-Fetch-Site`, or by `Origin` where a browser
/// does not send that. With neither a request is refused.
///
/// # Errors
/// [`CrossSite`], after an audit entry.
pub async fn same_origin<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    if request.method().is_safe() {
        return next.call(request).await;
    }
    #[expect(clippy::expect_used, reason = "the server is not built without its App")]
    let app: web::Data<_> = request.app_data::<Data>().expect("App is registered").clone();
    let Err(reason) = verdict(request.request(), &app.config.origin()) else {
        return next.call(request).await;
    };
    let caller = Caller::nobody(origin::of(request.request(), &app.config.trusted_proxies));
    blocking::run(move || sessions::cross_site(&app, &caller, reason))
        .await
        .map_err(CrossSite)?;
    Err(CrossSite(model::Error::refused(
        "This request did not come from a page of this portal, so nothing was done. Open the page again and repeat it there.",
    ))
    .into())
}

fn verdict(request: &HttpRequest, own: &str) -> Result<(), &'static str> {
    let sent = |name: &'static str| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
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
