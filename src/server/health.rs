//! For load balancers and supervisors.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};

use crate::base::crypto;
use crate::http::{Data, bearer, blocking, origin};
use crate::service::metrics;

/// `GET /healthz`: the process answers.
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// `GET /readyz`: the store answers too.
pub async fn readyz(app: Data) -> HttpResponse {
    match blocking::run(move || app.ready()).await {
        Ok(()) => HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n"),
        Err(error) => {
            tracing::error!(%error, "not ready");
            HttpResponse::ServiceUnavailable()
                .content_type("text/plain; charset=utf-8")
                .body("the store does not answer\n")
        }
    }
}

/// `GET /metrics`: figures for Prometheus, for whoever sends the token of the settings; without one, for this machine itself, where the
/// portal has no address for others: a proxy before it would be this machine too. Anybody else is told that there is nothing.
pub async fn metrics(request: HttpRequest, app: Data) -> HttpResponse {
    let is_welcome = match &app.config.metrics_token {
        Some(token) => origin::text(&request, &header::AUTHORIZATION)
            .and_then(bearer::token)
            .is_some_and(|sent| crypto::same(sent.as_bytes(), token.reveal().as_bytes())),
        None => !app.config.is_public() && origin::is_local(&request, &app.config.trusted_proxies),
    };
    if !is_welcome {
        return HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("there is nothing here\n");
    }
    HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(metrics::text(&app))
}
