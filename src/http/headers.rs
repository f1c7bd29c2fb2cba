//! Security headers, on every answer.

use std::sync::LazyLock;

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
    for (name, value) in always(tls) {
        if !headers.contains_key(name) {
            headers.insert(name.clone(), value.clone());
        }
    }
}

/// What every answer has, and behind that what every answer over TLS has. Made once: to make a value anew costs more than to copy it.
static ALWAYS: LazyLock<[(HeaderName, HeaderValue); 9]> = LazyLock::new(|| {
    [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)))
});

/// What every answer has, over TLS or not.
pub fn always(tls: bool) -> &'static [(HeaderName, HeaderValue)] {
    let all = &*ALWAYS;
    if tls { all } else { &all[..all.len() - 1] }
}
