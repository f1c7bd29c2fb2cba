//! Problems (RFC 9457).

use actix_web::HttpResponse;

/// The route has no such method.
pub async fn wrong_method() -> HttpResponse {
    HttpResponse::MethodNotAllowed().finish()
}
