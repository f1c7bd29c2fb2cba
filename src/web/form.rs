//! Form bodies, repeated keys (check boxes) included.

use actix_web::web;

/// The largest form. The longest page posts a few kilobytes.
const LIMIT: usize = 64 * 1024;

/// How large a form may be.
pub fn config() -> web::PayloadConfig {
    web::PayloadConfig::new(LIMIT)
}
