//! Security headers, on every answer.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;

use super::Data;

/// Everything comes from here, nothing is inline, and no other site may frame a page.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Adds the headers that an answer does not have yet. What nobody marked as cacheable is not stored.
///
/// # Errors
/// Those of the handler.
pub async fn secure<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let tls = request.app_data::<Data>().is_some_and(|app| app.config.is_tls());
    let mut response = next.call(request).await?;
    add(response.headers_mut(), tls);
    Ok(response)
}

fn add(headers: &mut HeaderMap, tls: bool) {
    let mut default = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    always().into_iter().for_each(|(name, value)| default(name, value));
    if tls {
        default(header::STRICT_TRANSPORT_SECURITY, TLS);
    }
}

/// What an answer over TLS has besides.
pub const TLS: &str = "max-age=31536000";

/// What every answer has.
pub fn always() -> [(HeaderName, &'static str); 8] {
    [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ]
}
