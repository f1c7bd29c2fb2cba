//! A forgotten password, where mail is set up.

use actix_web::HttpRequest;
use askama::Template;

use super::page::render_judged;
use super::session::as_nobody;
use super::view::{Field, form_error};
use super::{Answer, Fields, Page, see_other};
use crate::http::{Visitor, blocking};
use crate::model::Error;
use crate::model::links::Purpose;
use crate::service::{Caller, forgotten, throttle};

#[derive(Template)]
#[template(path = "session/forgotten.html")]
struct Forgotten {
    page: Page,
    sent: bool,
    hours: i64,
    error: Option<String>,
    login: Field,
}

fn show(visitor: &Visitor, sent: bool, error: Option<&Error>) -> Answer {
    let title = if sent { "Look into your mail" } else { "Forgotten your password?" };
    let template = Forgotten {
        page: Page::plain(visitor, title),
        sent,
        hours: Purpose::Reset.life().whole_hours(),
        error: error.map(|error| form_error(error, &["login"])),
        login: Field::new("login", "").judged(error),
    };
    render_judged(error, &template)
}

/// `GET /forgotten`.
pub async fn page(visitor: Visitor, request: HttpRequest) -> Answer {
    forgotten::asking(&visitor.app)?;
    show(&visitor, Fields::of_query(&request).has("sent"), None)
}

/// `POST /forgotten`. What is asked too often is refused by the name as it is typed, and for all else the answer is given before
/// anything is looked up, so that neither its words nor its time tell who exists.
pub async fn ask(visitor: Visitor, fields: Fields) -> Answer {
    forgotten::asking(&visitor.app)?;
    let login = fields.get("login").trim().to_owned();
    if login.is_empty() {
        return show(&visitor, false, Some(&Error::field("login", "Type your username or your email address.")));
    }
    let name = login.clone();
    match as_nobody(&visitor, move |app, caller| throttle::forgotten(app, caller, &name)).await {
        Ok(()) => {}
        Err(error @ Error::TooMany { .. }) => return show(&visitor, false, Some(&error)),
        Err(error) => return Err(error.into()),
    }
    let (app, caller) = (visitor.app.clone(), Caller::nobody(visitor.caller.origin.clone()));
    blocking::later(move || forgotten::ask(&app, &caller, &login));
    see_other("/forgotten?sent=1")
}
