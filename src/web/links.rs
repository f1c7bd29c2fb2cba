//! One-time links: setup, invitations, resets. Opening one does not use it; its form does.

use actix_web::http::StatusCode;
use askama::Template;

use super::session::as_nobody;
use super::view::{Field, form_error};
use super::{Answer, Fields, Id, Page, PageError, errors, render_as, see_other};
use crate::base::secret::Secret;
use crate::http::{Visitor, known};
use crate::model::Error;
use crate::model::links::Purpose;
use crate::service::setup::NewAdmin;
use crate::service::{links, setup};

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
    let checked = as_nobody(&visitor, move |app, caller| app.read(caller, |cx| setup::check(cx, &link)));
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
            let mut answer = see_other("/")?;
            known::remember(&visitor, user, &mut answer)?;
            Ok(answer)
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
    let found = as_nobody(visitor, move |app, caller| app.read(caller, |cx| links::check(cx, &link, purpose)));
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
    let chosen = as_nobody(visitor, move |app, caller| links::choose_password(app, caller, &link, purpose, &password));
    match chosen.await {
        Ok(user) => {
            // So that it gets in at once, also while strangers try the account's password.
            let mut answer = see_other("/login?chosen=1")?;
            known::remember(visitor, user.id, &mut answer)?;
            Ok(answer)
        }
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
            "This setup link was used already, there is an administrator already, or it is older than 7 days.",
            "If there is an administrator, log in or ask them. Otherwise start Latchkey again: it prints a new link.",
        ),
        Purpose::Invitation => (
            "This invitation was used already, was replaced by a newer one, or is older than 72 hours.",
            "If you have chosen a password, log in. Otherwise ask your administrator for a new invitation.",
        ),
        Purpose::Reset if visitor.app.mails() => (
            "This link was used already, was replaced by a newer one, or is older than 24 hours.",
            "If you have chosen a password, log in. Otherwise go to the log-in page and ask for a new link there.",
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
