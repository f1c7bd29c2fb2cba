//! Coming in and going out: log-in, setup, invitations and resets, and the choice of light or dark.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::page::own_path;
use super::view::{Field, form_error};
use super::{Answer, Fields, Id, Page, PageError, Shell, errors, render_as, see_other};
use crate::base::secret::Secret;
use crate::http::portal::THEME_COOKIE;
use crate::http::session::Flash;
use crate::http::{Portal, Visitor};
use crate::model::links::Purpose;
use crate::model::{Error, Result};
use crate::service::setup::NewAdmin;
use crate::service::{App, Caller, Credential, links, sessions, setup};

#[derive(Template)]
#[template(path = "session/login.html")]
struct LogIn {
    page: Page,
    back: String,
    error: Option<String>,
    login: Field,
    password: Field,
}

/// What the log-in page tells those who were sent there.
const TOLD: [(&str, &str); 2] = [
    ("chosen", "Your password is set. Log in with it."),
    ("out", "You are logged out."),
];

/// `GET /login`.
pub async fn log_in_page(visitor: Visitor, request: HttpRequest) -> Answer {
    let has_session = matches!(visitor.caller.credential, Credential::Session(_));
    if has_session && visitor.read(|cx| Shell::of(cx).map(drop)).await.is_ok() {
        return see_other("/");
    }
    let query = Fields::of_query(&request);
    let mut page = Page::plain(&visitor, "Log in");
    page.flash = TOLD.iter().find(|(key, _)| query.has(key)).map(|(_, text)| Flash {
        kind: "good".into(),
        text: (*text).into(),
    });
    log_in_form(page, query.get("back"), "", None)
}

fn log_in_form(page: Page, back: &str, login: &str, error: Option<&Error>) -> Answer {
    let form = LogIn {
        page,
        back: own_path(back).to_owned(),
        error: error.map(ToString::to_string),
        login: Field::new("login", login),
        password: Field::new("password", ""),
    };
    render_as(error.map_or(StatusCode::OK, errors::status), &form)
}

/// `POST /login`.
pub async fn log_in(visitor: Visitor, form: Fields) -> Answer {
    let (login, password) = (form.get("login").to_owned(), form.secret("password"));
    let tried = as_nobody(&visitor, move |app, caller| {
        sessions::log_in(app, caller, &login, &password)
    });
    match tried.await {
        Ok(user) => {
            visitor.session.log_in(user, &visitor.caller.origin)?;
            see_other(own_path(form.get("back")))
        }
        Err(error @ (Error::Unauthenticated(_) | Error::Busy(_))) => {
            let page = Page::plain(&visitor, "Log in");
            log_in_form(page, form.get("back"), form.get("login"), Some(&error))
        }
        Err(error) => Err(error.into()),
    }
}

/// Runs a use case for somebody who has yet to show who they are, whatever session their browser still remembers.
async fn as_nobody<T: Send + 'static>(
    visitor: &Visitor,
    work: impl FnOnce(&App, &Caller) -> Result<T> + Send + 'static,
) -> Result<T> {
    visitor
        .run(move |app, caller| work(app, &Caller::nobody(caller.origin.clone())))
        .await
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

#[derive(Template)]
#[template(path = "session/setup.html")]
struct Setup {
    page: Page,
    action: String,
    error: Option<String>,
    username: Field,
    display_name: Field,
    email: Field,
    password: Field,
}

fn setup_form(visitor: &Visitor, secret: &str, form: &Fields, error: Option<&Error>) -> Answer {
    let field = |name| Field::new(name, form.get(name)).judged(error);
    let template = Setup {
        page: Page::plain(visitor, "Set up"),
        action: format!("/setup/{secret}"),
        error: error.map(|error| form_error(error, &["username", "display_name", "email", "password"])),
        username: field("username"),
        display_name: field("display_name"),
        email: field("email"),
        password: Field::new("password", "").judged(error),
    };
    render_as(error.map_or(StatusCode::OK, errors::status), &template)
}

/// `GET /setup/{secret}`.
pub async fn setup_page(visitor: Visitor, Id(secret): Id<String>) -> Answer {
    let link = Secret::new(secret.clone());
    let checked = as_nobody(&visitor, move |app, caller| {
        app.read(caller, |cx| setup::check(cx, &link))
    });
    match checked.await {
        Ok(()) => setup_form(&visitor, &secret, &Fields::default(), None),
        Err(error) => not_good(&visitor, Purpose::Setup, error),
    }
}

/// `POST /setup/{secret}`: the first Admin is made, and is logged in.
pub async fn claim(visitor: Visitor, Id(secret): Id<String>, form: Fields) -> Answer {
    let new = NewAdmin {
        username: form.get("username").to_owned(),
        display_name: form.get("display_name").to_owned(),
        email: form.get("email").to_owned(),
        password: form.secret("password"),
    };
    let link = Secret::new(secret.clone());
    let claimed = as_nobody(&visitor, move |app, caller| setup::claim(app, caller, &link, &new));
    match claimed.await {
        Ok(user) => {
            visitor.session.log_in(user, &visitor.caller.origin)?;
            see_other("/")
        }
        Err(error) if errors::is_mendable(&error) => setup_form(&visitor, &secret, &form, Some(&error)),
        Err(error) => not_good(&visitor, Purpose::Setup, error),
    }
}

#[derive(Template)]
#[template(path = "session/choose_password.html")]
struct ChoosePassword {
    page: Page,
    action: String,
    invitation: bool,
    name: String,
    username: String,
    hours: i64,
    error: Option<String>,
    password: Field,
}

/// `GET /invitation/{secret}`. Opening the link does not use it.
pub async fn invitation_page(visitor: Visitor, Id(secret): Id<String>) -> Answer {
    choose_page(&visitor, Purpose::Invitation, secret, None).await
}

/// `POST /invitation/{secret}`.
pub async fn accept(visitor: Visitor, Id(secret): Id<String>, form: Fields) -> Answer {
    choose(&visitor, Purpose::Invitation, secret, &form).await
}

/// `GET /reset/{secret}`. Opening the link does not use it.
pub async fn reset_page(visitor: Visitor, Id(secret): Id<String>) -> Answer {
    choose_page(&visitor, Purpose::Reset, secret, None).await
}

/// `POST /reset/{secret}`.
pub async fn reset(visitor: Visitor, Id(secret): Id<String>, form: Fields) -> Answer {
    choose(&visitor, Purpose::Reset, secret, &form).await
}

async fn choose_page(visitor: &Visitor, purpose: Purpose, secret: String, refused: Option<&Error>) -> Answer {
    let link = Secret::new(secret.clone());
    let found = as_nobody(visitor, move |app, caller| {
        app.read(caller, |cx| links::check(cx, &link, purpose))
    });
    let user = match found.await {
        Ok(user) => user,
        Err(error) => return not_good(visitor, purpose, error),
    };
    let template = ChoosePassword {
        page: Page::plain(visitor, "Choose a password"),
        action: format!("/{purpose}/{secret}"),
        invitation: purpose == Purpose::Invitation,
        name: user.display_name,
        username: user.username,
        hours: purpose.life().whole_hours(),
        error: refused.map(|error| form_error(error, &["password"])),
        password: Field::new("password", "").judged(refused),
    };
    render_as(refused.map_or(StatusCode::OK, errors::status), &template)
}

async fn choose(visitor: &Visitor, purpose: Purpose, secret: String, form: &Fields) -> Answer {
    let (link, password) = (Secret::new(secret.clone()), form.secret("password"));
    let chosen = as_nobody(visitor, move |app, caller| {
        links::choose_password(app, caller, &link, purpose, &password)
    });
    match chosen.await {
        Ok(_) => see_other("/login?chosen=1"),
        Err(error) if errors::is_mendable(&error) => choose_page(visitor, purpose, secret, Some(&error)).await,
        Err(error) => not_good(visitor, purpose, error),
    }
}

#[derive(Template)]
#[template(path = "session/error.html")]
struct DeadLink {
    page: Page,
    status: u16,
    why: &'static str,
    todo: &'static str,
    href: &'static str,
    button: &'static str,
    request_id: String,
}

/// A link that is not good says what may have become of it, and never for whom it was.
fn not_good(visitor: &Visitor, purpose: Purpose, error: Error) -> Answer {
    if !matches!(error, Error::NotFound(_)) {
        return Err(PageError(error));
    }
    let (why, todo) = match purpose {
        Purpose::Setup => (
            "This setup link was used already, was replaced by a newer one, or is older than 7 days.",
            "If there is an administrator, log in. Otherwise start Latchkey again: it prints a new link.",
        ),
        Purpose::Invitation => (
            "This invitation was used already, was replaced by a newer one, or is older than 72 hours.",
            "If you have chosen a password, log in. Otherwise ask your administrator for a new invitation.",
        ),
        Purpose::Reset => (
            "This link was used already, was replaced by a newer one, or is older than 24 hours.",
            "If you have chosen a password, log in. Otherwise ask your administrator for a new link.",
        ),
    };
    let template = DeadLink {
        page: Page::plain(visitor, "This link no longer works"),
        status: StatusCode::NOT_FOUND.as_u16(),
        why,
        todo,
        href: "/login",
        button: "Go to the log-in page",
        request_id: String::new(),
    };
    render_as(StatusCode::NOT_FOUND, &template)
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
