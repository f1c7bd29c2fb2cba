//! Embedded files. Their address holds a hash of all of them, so that browsers may keep them for good.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use rust_embed::RustEmbed;

use crate::base::crypto;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = Files::iter().collect();
    names.sort();
    let hashes: Vec<u8> =
        names.iter().filter_map(|name| Files::get(name)).flat_map(|file| file.metadata.sha256_hash()).collect();
    crypto::hex(&crypto::sha256(&hashes)[..8])
});

/// The address of an embedded file.
pub fn url(name: &str) -> String {
    format!("/static/{}/{name}", *VERSION)
}

/// `GET /static/{version}/{file}`. A page of another version of the program still finds its files, but does not keep them.
pub async fn file(path: web::Path<(String, String)>) -> HttpResponse {
    let (version, name) = path.into_inner();
    let Some(file) = Files::get(&name) else {
        return HttpResponse::NotFound().finish();
    };
    let kind = match file.metadata.mimetype() {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    let keep = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CONTENT_TYPE, kind)).insert_header((header::CACHE_CONTROL, keep));
    if name.ends_with(".woff2") {
        // Compressed already.
        answer.insert_header((header::CONTENT_ENCODING, "identity"));
    }
    answer.body(file.data.into_owned())
}
