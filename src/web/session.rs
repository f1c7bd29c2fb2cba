//! Coming in and going out, and the choice of light or dark.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::page::own_path;
use super::view::Field;
use super::{Answer, Fields, Page, Shell, render_judged, see_other};
use crate::http::portal::THEME_COOKIE;
use crate::http::session::Flash;
use crate::http::{Portal, Visitor, known};
use crate::model::{Error, Result};
use crate::service::{App, Caller, Credential, sessions};

#[derive(Template)]
#[template(path = "session/login.html")]
struct LogIn {
    page: Page,
    back: String,
    error: Option<String>,
    login: Field,
    password: Field,
    mails: bool,
}

/// What the log-in page tells those who were sent there.
const TOLD: [(&str, &str); 2] = [("chosen", "Your password is set. Log in with it."), ("out", "You are logged out.")];

/// `GET /login`.
pub async fn log_in_page(visitor: Visitor, request: HttpRequest) -> Answer {
    let has_session = matches!(visitor.caller.credential, Credential::Session(_));
    if has_session && visitor.read(|cx| Shell::of(cx).map(drop)).await.is_ok() {
        return see_other("/");
    }
    let query = Fields::of_query(&request);
    let mut page = Page::plain(&visitor, "Log in");
    page.flash = TOLD
        .iter()
        .find(|(key, _)| query.has(key))
        .map(|(_, text)| Flash { kind: "good".into(), text: (*text).into() });
    log_in_form(&visitor, page, (query.get("back"), ""), None)
}

fn log_in_form(visitor: &Visitor, page: Page, (back, login): (&str, &str), error: Option<&Error>) -> Answer {
    let form = LogIn {
        page,
        back: own_path(back).to_owned(),
        error: error.map(ToString::to_string),
        login: Field::new("login", login),
        password: Field::new("password", ""),
        mails: visitor.app.mails(),
    };
    render_judged(error, &form)
}

/// `POST /login`.
pub async fn log_in(visitor: Visitor, form: Fields) -> Answer {
    let (login, password) = (form.get("login").to_owned(), form.secret("password"));
    let browser = visitor.known.clone();
    let tried =
        as_nobody(&visitor, move |app, caller| sessions::log_in(app, caller, &login, &password, browser.as_deref()));
    match tried.await {
        Ok(user) => {
            visitor.session.log_in(user, &visitor.caller.origin)?;
            let mut answer = see_other(own_path(form.get("back")))?;
            known::remember(&visitor, user, &mut answer)?;
            Ok(answer)
        }
        Err(error @ (Error::Unauthenticated(_) | Error::Busy(_) | Error::TooMany { .. })) => {
            let page = Page::plain(&visitor, "Log in");
            log_in_form(&visitor, page, (form.get("back"), form.get("login")), Some(&error))
        }
        Err(error) => Err(error.into()),
    }
}

/// Runs a use case for somebody who has yet to show who they are, whatever session their browser still remembers.
pub(super) async fn as_nobody<T: Send + 'static>(
    visitor: &Visitor,
    work: impl FnOnce(&App, &Caller) -> Result<T> + Send + 'static,
) -> Result<T> {
    visitor.run(move |app, caller| work(app, &Caller::nobody(caller.origin.clone()))).await
}

/// `POST /logout`.
pub async fn log_out(portal: Portal) -> Answer {
    match portal.write(sessions::log_out).await {
        // A session that is over already is logged out as well.
        Ok(()) | Err(Error::Unauthenticated(_)) => {
            portal.session.end();
            see_other("/login?out=1")
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /appearance`: light, dark, or as the system has it.
pub async fn appearance(visitor: Visitor, form: Fields) -> Answer {
    let chosen = ["light", "dark"].into_iter().find(|theme| *theme == form.get("theme"));
    let mut cookie = Cookie::build(THEME_COOKIE, chosen.unwrap_or_default())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(visitor.app.config.is_tls())
        .max_age(Duration::days(365))
        .finish();
    if chosen.is_none() {
        cookie.make_removal();
    }
    let mut answer: HttpResponse = see_other(own_path(form.get("back")))?;
    answer.add_cookie(&cookie).map_err(Error::internal)?;
    Ok(answer)
}
