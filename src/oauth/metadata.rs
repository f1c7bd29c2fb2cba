//! `/.well-known/oauth-authorization-server` (RFC 8414): where the endpoints are, and how to ask them.

use actix_web::HttpResponse;
use actix_web::http::header;
use serde::Serialize;

use crate::http::Data;

/// What RFC 8414, section 2 names, as far as it is there.
#[derive(Serialize)]
struct Metadata {
    issuer: String,
    response_types_supported: [&'static str; 0],
    grant_types_supported: [&'static str; 0],
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: [&'static str; 2],
}

const WAYS: [&str; 2] = ["client_secret_basic", "client_secret_post"];

/// The same for everybody.
pub async fn json(app: Data) -> HttpResponse {
    let issuer = app.config.origin();
    let metadata = Metadata {
        introspection_endpoint: format!("{issuer}/oauth/introspect"),
        introspection_endpoint_auth_methods_supported: WAYS,
        revocation_endpoint: format!("{issuer}/oauth/revoke"),
        revocation_endpoint_auth_methods_supported: WAYS,
        // No tokens are issued here yet.
        response_types_supported: [],
        grant_types_supported: [],
        issuer,
    };
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=3600")).json(metadata)
}
