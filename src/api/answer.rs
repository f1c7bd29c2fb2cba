//! Answers that are successes.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::Answer;
use super::idempotency::REPLAYED;
use crate::model::idempotency::Reply;
use crate::model::page::Page;
use crate::model::{Error, Result};

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
        Ok(Self { items: items(page.items)?, next_cursor: page.next.map(|cursor| cursor.encode()) })
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

/// What a write answers. It is made inside the transaction, so that [`super::call::Call::write`] can keep it there.
pub struct Done {
    /// Without secrets, as it is kept.
    reply: Reply,
    /// What is told instead of its body this once.
    once: Option<String>,
}

impl AsRef<Reply> for Done {
    fn as_ref(&self) -> &Reply {
        &self.reply
    }
}

impl Done {
    /// Tells this instead, this once: the same body and the secret, which is not kept.
    ///
    /// # Errors
    /// A fault.
    pub fn telling_once(mut self, body: &impl Serialize) -> Result<Self> {
        self.once = Some(json(body)?);
        Ok(self)
    }

    /// The first answer.
    pub fn answer(mut self) -> HttpResponse {
        if self.once.is_some() {
            self.reply.body = self.once;
        }
        rendered(self.reply, false)
    }
}

/// 201 with the place and the version of what was made.
///
/// # Errors
/// A fault.
pub fn created(location: String, version: Option<i64>, body: &impl Serialize) -> Result<Done> {
    done(StatusCode::CREATED, Some(location), version, Some(json(body)?))
}

/// 200 with what was changed as it is now, and its version.
///
/// # Errors
/// A fault.
pub fn changed(version: Option<i64>, body: &impl Serialize) -> Result<Done> {
    done(StatusCode::OK, None, version, Some(json(body)?))
}

/// 204.
///
/// # Errors
/// None.
pub fn nothing() -> Result<Done> {
    done(StatusCode::NO_CONTENT, None, None, None)
}

fn done(status: StatusCode, location: Option<String>, version: Option<i64>, body: Option<String>) -> Result<Done> {
    Ok(Done { reply: Reply { status: status.as_u16(), location, version, body }, once: None })
}

fn json(body: &impl Serialize) -> Result<String> {
    serde_json::to_string(body).map_err(Error::internal)
}

/// An answer that was given before.
pub fn replayed(reply: Reply) -> HttpResponse {
    rendered(reply, true)
}

fn rendered(reply: Reply, again: bool) -> HttpResponse {
    let mut answer = HttpResponse::build(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK));
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(location) = reply.location {
        answer.insert_header((header::LOCATION, location));
    }
    if let Some(version) = reply.version {
        answer.insert_header(etag(version));
    }
    if again {
        answer.insert_header((REPLAYED, "true"));
    }
    match reply.body {
        Some(body) => answer.content_type(header::ContentType::json()).body(body),
        None => answer.finish(),
    }
}

fn etag(version: i64) -> (header::HeaderName, String) {
    (header::ETAG, format!("\"{version}\""))
}
