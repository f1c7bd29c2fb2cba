//! `/.well-known/latchkey/token-patterns.json`: how scanners know our tokens.

use actix_web::HttpResponse;
use actix_web::http::header;

use crate::http::Data;
use crate::model::tokens::patterns::Patterns;

/// The rules, to anybody.
pub async fn json(app: Data) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .json(Patterns::of(&app.config.origin()))
}
