//! Error pages: what happened, why, what to do.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError};
use askama::Template;
use tracing_actix_web::RequestId;

use super::{Answer, Page};
use crate::http::guard::CrossSite;
use crate::http::portal::{NoSession, theme};
use crate::model::Error;

/// Any error of a page. It becomes a page itself in [`render`], which knows the request.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PageError(#[from] pub Error);

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        status(&self.0)
    }
}

/// The status that an error answers with.
pub fn status(error: &Error) -> StatusCode {
    match error {
        Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::Forbidden(_) | Error::PasswordNeeded => StatusCode::FORBIDDEN,
        Error::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
        Error::Stale | Error::AlreadyDone(_) | Error::Conflict(_) | Error::Kept { .. } | Error::Unseen(_) => {
            StatusCode::CONFLICT
        }
        Error::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Error::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Whether the form may come back with what was typed, to be mended or sent again.
pub fn is_mendable(error: &Error) -> bool {
    matches!(
        error,
        Error::Invalid(_)
            | Error::Stale
            | Error::Conflict(_)
            | Error::Busy(_)
            | Error::TooMany { .. }
            | Error::PasswordNeeded
    )
}

#[derive(Template)]
#[template(path = "session/error.html")]
struct ErrorPage {
    page: Page,
    status: u16,
    why: String,
    todo: &'static str,
    href: &'static str,
    button: &'static str,
    request_id: String,
}

/// What an error page wants to know of the request.
struct Asked {
    path: String,
    is_get: bool,
    theme: Option<&'static str>,
    request_id: String,
}

impl Asked {
    fn of(request: &HttpRequest) -> Self {
        Self {
            path: request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            is_get: request.method() == Method::GET,
            theme: theme(request),
            request_id: request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default(),
        }
    }
}

/// Turns a page's errors into pages, and a missing session into a way to log in.
///
/// # Errors
/// None of the portal's own; those of actix pass.
pub async fn render<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let asked = Asked::of(request.request());
    let response = next.call(request).await?.map_into_boxed_body();
    let answer = response.response().error().and_then(model_error).map(|error| page(&asked, error));
    Ok(match answer {
        Some(answer) => response.into_response(answer),
        None => response,
    })
}

fn model_error(error: &actix_web::Error) -> Option<&Error> {
    let page = error.as_error::<PageError>().map(|error| &error.0);
    page.or_else(|| error.as_error::<NoSession>().map(|error| &error.0))
        .or_else(|| error.as_error::<CrossSite>().map(|error| &error.0))
}

fn page(asked: &Asked, error: &Error) -> HttpResponse {
    match error {
        Error::Unauthenticated(_) => return to_log_in(asked),
        Error::Internal(detail) => tracing::error!(%detail, "a page failed"),
        _ => {}
    }
    let (title, todo) = words(error);
    let why = match error {
        Error::NotFound(what) => format!("There is no such {what}, or none that you may see."),
        Error::Invalid(errors) => errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    show(asked, status(error), title, (why, todo)).unwrap_or_else(|error| error.error_response())
}

fn to_log_in(asked: &Asked) -> HttpResponse {
    let back =
        if asked.is_get && asked.path != "/" { vec![("back".to_owned(), asked.path.clone())] } else { Vec::new() };
    HttpResponse::SeeOther().insert_header((header::LOCATION, format!("/login{}", super::form::query(&back)))).finish()
}

fn words(error: &Error) -> (&'static str, &'static str) {
    match error {
        Error::NotFound(_) => ("Nothing is here", "It may have been deleted or renamed."),
        Error::Forbidden(_) => ("You may not do this", "Ask an Admin if you need it."),
        Error::PasswordNeeded => ("Your password is needed", "Go back and type it with the form."),
        Error::Stale => ("Somebody else was faster", "Open it again to see what they changed."),
        Error::AlreadyDone(_) => ("This was already done", "Nothing was done twice."),
        Error::Invalid(_) => ("This cannot be done as it is", "Go back and mend it."),
        Error::Conflict(_) | Error::Kept { .. } => ("This cannot be done now", "Nothing was changed."),
        Error::Unseen(_) => ("Look at it first", "Nothing was changed."),
        Error::TooLarge(_) => ("This is too large", "Nothing was changed."),
        Error::Busy(_) => ("The portal is busy", "Nothing was changed."),
        Error::TooMany { .. } => ("That was too often", "Nothing was changed."),
        Error::Internal(_) => (
            "Something went wrong",
            "Nothing was changed. The log of the portal has the details under the number below.",
        ),
        Error::Unauthenticated(_) => ("Log in first", ""),
    }
}

fn show(asked: &Asked, status: StatusCode, title: &str, (why, todo): (String, &'static str)) -> Answer {
    let page = Page {
        title: title.into(),
        path: asked.path.clone(),
        theme: asked.theme,
        nav: "",
        me: None,
        flash: None,
        sees: super::page::Sees::default(),
        agents_stopped: false,
    };
    let request_id = if status.is_server_error() { asked.request_id.clone() } else { String::new() };
    let template =
        ErrorPage { page, status: status.as_u16(), why, todo, href: "/", button: "Go to the dashboard", request_id };
    super::render_as(status, &template)
}

/// No such page.
///
/// # Errors
/// The template failed, which is a fault.
pub async fn nowhere(request: HttpRequest) -> Answer {
    let why = "No page of this portal has this address.".to_owned();
    show(&Asked::of(&request), StatusCode::NOT_FOUND, "Nothing is here", (why, "Check how it is spelled."))
}

/// The page has no such method, but those in `allow`.
///
/// # Errors
/// The template failed, which is a fault.
pub async fn wrong_method(request: HttpRequest, allow: String) -> Answer {
    let why = "This address does not answer to that kind of request.".to_owned();
    let asked = Asked::of(&request);
    let todo = "Open it from a page of the portal.";
    let mut answer = show(&asked, StatusCode::METHOD_NOT_ALLOWED, "This does not work here", (why, todo))?;
    let allow = header::HeaderValue::from_str(&allow).map_err(Error::internal)?;
    answer.headers_mut().insert(header::ALLOW, allow);
    Ok(answer)
}
