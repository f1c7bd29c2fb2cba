//! Errors of RFC 6749, section 5.2, as the endpoints of RFC 7009 and RFC 7662 answer them.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use crate::http::checks::begin;
use crate::model::Error;
use crate::service::App;

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OAuthError {
    /// 400: it is not what it should be.
    InvalidRequest(&'static str),
    /// 401: whoever asks has not shown who they are.
    InvalidClient,
    /// 401: the bearer token of whoever asks is not good (RFC 6750, section 3.1).
    InvalidToken(String),
    /// 403: it is good, but not for this.
    InsufficientScope(String),
    /// 413: it is too long.
    TooLarge,
    /// 429: too much at once.
    TooMany,
    /// 503: the store cannot be asked.
    Unavailable,
    /// 500: a fault; what it is stands in the log.
    Fault,
}

#[derive(Serialize)]
struct Told<'a> {
    error: &'a str,
    error_description: &'a str,
}

const BASIC: HeaderValue = HeaderValue::from_static("Basic realm=\"Latchkey\", charset=\"UTF-8\"");

impl OAuthError {
    /// Its status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::InvalidRequest(_) => StatusCode::BAD_REQUEST,
            Self::InvalidClient | Self::InvalidToken(_) => StatusCode::UNAUTHORIZED,
            Self::InsufficientScope(_) => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn told(&self) -> Told<'_> {
        let (error, error_description) = match self {
            Self::InvalidRequest(what) => ("invalid_request", *what),
            Self::InvalidClient => ("invalid_client", "No application is known by this client id and secret."),
            Self::InvalidToken(why) => ("invalid_token", why.as_str()),
            Self::InsufficientScope(why) => ("insufficient_scope", why.as_str()),
            Self::TooLarge => ("invalid_request", "The request is too long."),
            Self::TooMany => ("temporarily_unavailable", "Too many requests. Try again later."),
            Self::Unavailable => ("temporarily_unavailable", "The store cannot be asked. Try again in a moment."),
            Self::Fault => ("server_error", "Something went wrong here. It stands in the log."),
        };
        Told { error, error_description }
    }

    /// Puts it into an answer that was begun with its status.
    pub fn answer(&self, mut answer: HttpResponseBuilder) -> HttpResponse {
        let told = self.told();
        match self {
            Self::InvalidClient => {
                answer.insert_header((header::WWW_AUTHENTICATE, BASIC));
            }
            Self::InvalidToken(_) | Self::InsufficientScope(_) => {
                let challenge = format!("Bearer realm=\"Latchkey\", error=\"{}\"", told.error);
                answer.insert_header((header::WWW_AUTHENTICATE, challenge));
            }
            Self::Unavailable | Self::TooMany => {
                answer.insert_header((header::RETRY_AFTER, "1"));
            }
            Self::InvalidRequest(_) | Self::TooLarge | Self::Fault => {}
        }
        answer.json(told)
    }
}

impl From<Error> for OAuthError {
    fn from(error: Error) -> Self {
        match error {
            Error::Unauthenticated(why) => Self::InvalidToken(why.to_owned()),
            Error::Forbidden(refusal) => Self::InsufficientScope(refusal.reason),
            Error::Busy(_) => Self::Unavailable,
            Error::TooMany { .. } => Self::TooMany,
            Error::NotFound(_) => Self::InvalidRequest("There is no such application, or none that you may read."),
            error => {
                tracing::error!(%error, "failed");
                Self::Fault
            }
        }
    }
}

/// 405 with what is allowed (RFC 9110, section 15.5.6).
pub fn wrong_method(app: &App, allow: &str) -> HttpResponse {
    begin(StatusCode::METHOD_NOT_ALLOWED, app).0.insert_header((header::ALLOW, allow)).finish()
}
