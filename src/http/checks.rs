//! Checks of tokens on the thread of a request, and what every answer to one has.

use std::cell::Cell;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::headers;
use crate::base::random;
use crate::model::{Error, Result};
use crate::service::App;
use crate::service::checks::{Answer, Question};

/// How long an answer waits for a server that does not answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is known of a token, by the time this is answered. Waits for a server alone.
///
/// # Errors
/// The store cannot be asked.
pub async fn check(app: &App, question: Question<'_>) -> Result<Answer> {
    if let Some(answer) = app.checks.at_once(&question)? {
        return Ok(answer);
    }
    let (send, answer) = oneshot::channel();
    app.checks.ask(question, move |found| {
        // Whoever asked may have given up.
        let _ = send.send(found);
    });
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(found)) => found,
        Ok(Err(_)) | Err(_) => Err(Error::Busy("The store does not answer, so no token is good at the moment.")),
    }
}

thread_local! {
    /// One half of the ids of this thread's requests, and how many there were.
    static REQUESTS: Cell<(u64, u64)> = Cell::new((u64::from_be_bytes(random::bytes()), 0));
}

/// The next id of a request: one half is random and this thread's, the other one counts.
fn request_id() -> Uuid {
    let (thread, count) = REQUESTS.get();
    REQUESTS.set((thread, count.wrapping_add(1)));
    Uuid::from_u64_pair(thread, count)
}

/// Begins the answer to a check, with its id and the security headers that answers of all faces have.
pub fn begin(status: StatusCode, app: &App) -> (HttpResponseBuilder, Uuid) {
    let id = request_id();
    let mut answer = HttpResponse::build(status);
    for (name, value) in headers::always(app.config.is_tls()) {
        answer.insert_header((name.clone(), value.clone()));
    }
    let mut buffer = Uuid::encode_buffer();
    if let Ok(id) = HeaderValue::from_str(id.hyphenated().encode_lower(&mut buffer)) {
        answer.insert_header((HeaderName::from_static("x-request-id"), id));
    }
    (answer, id)
}
