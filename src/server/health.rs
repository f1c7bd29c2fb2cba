//! For load balancers and supervisors.

use actix_web::HttpResponse;

use crate::http::{Data, blocking};

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
