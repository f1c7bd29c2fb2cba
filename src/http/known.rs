//! The cookie by which an account's own browser is known again, long after its session.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse};

use super::Visitor;
use crate::model::ids::UserId;
use crate::model::{Error, Result};
use crate::service::{App, known};

/// The cookie's name: with `__Host-` under TLS, as the session's.
fn name(app: &App) -> &'static str {
    if app.config.is_tls() { "__Host-latchkey_browser" } else { "latchkey_browser" }
}

/// What the browser was given, if it sends anything.
pub(super) fn sent(request: &HttpRequest, app: &App) -> Option<String> {
    request.cookie(name(app)).map(|cookie| cookie.value().to_owned())
}

/// Has the browser of someone who has just shown who they are be known from now on.
///
/// # Errors
/// A fault.
pub fn remember(visitor: &Visitor, user: UserId, answer: &mut HttpResponse) -> Result<()> {
    let app = &visitor.app;
    let cookie = Cookie::build(name(app), known::issue(app, user, visitor.known.as_deref()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.config.is_tls())
        .max_age(Duration::seconds(known::LIFE.whole_seconds()))
        .finish();
    answer.add_cookie(&cookie).map_err(Error::internal)
}
