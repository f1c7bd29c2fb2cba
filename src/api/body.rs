//! JSON bodies.

use actix_web::web;

/// The largest body.
pub const LIMIT: usize = 64 * 1024;

/// How large a JSON body may be.
pub fn config() -> web::JsonConfig {
    web::JsonConfig::default().limit(LIMIT)
}
