//! Answers that are successes.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::Answer;
use crate::model::Result;
use crate::model::page::Page;

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct List<T> {
    /// Its rows, in order.
    pub items: Vec<T>,
    /// `cursor` of the next page; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A page rendered.
    ///
    /// # Errors
    /// Those of rendering its items.
    pub fn of<U>(page: Page<U>, items: impl FnOnce(Vec<U>) -> Result<Vec<T>>) -> Result<Self> {
        Ok(Self { items: items(page.items)?, next_cursor: page.next })
    }
}

/// 200 with a body.
///
/// # Errors
/// None.
pub fn ok(body: impl Serialize) -> Answer {
    Ok(HttpResponse::Ok().json(body))
}

/// 200 with a body and the tag of its version.
///
/// # Errors
/// None.
pub fn tagged(version: i64, body: impl Serialize) -> Answer {
    Ok(HttpResponse::Ok().insert_header(etag(version)).json(body))
}

/// 201 with the place and the version of what was made.
///
/// # Errors
/// None.
pub fn created(location: String, version: Option<i64>, body: impl Serialize) -> Answer {
    let mut answer = HttpResponse::build(StatusCode::CREATED);
    answer.insert_header((header::LOCATION, location));
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(version) = version {
        answer.insert_header(etag(version));
    }
    Ok(answer.json(body))
}

/// 204.
///
/// # Errors
/// None.
pub fn nothing() -> Answer {
    Ok(HttpResponse::NoContent().finish())
}

fn etag(version: i64) -> (header::HeaderName, String) {
    (header::ETAG, format!("\"{version}\""))
}
