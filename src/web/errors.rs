//! Error pages.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

/// Turns a page's errors into pages.
///
/// # Errors
/// None that the page itself did not have.
pub async fn render<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    next.call(request).await
}

/// No such page.
pub async fn nowhere() -> HttpResponse {
    HttpResponse::NotFound().finish()
}

/// The page has no such method.
pub async fn wrong_method() -> HttpResponse {
    HttpResponse::MethodNotAllowed().finish()
}
