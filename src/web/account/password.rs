//! One's own password.

use askama::Template;

use super::Own;
use crate::http::Portal;
use crate::model::Error;
use crate::service::account;
use crate::web::view::{Field, Tab, Who, form_error};
use crate::web::{Answer, Fields, Page, Shell, errors, render_judged, see_other};

#[derive(Template)]
#[template(path = "account/password.html")]
struct Password {
    page: Page,
    who: Who,
    tabs: Vec<Tab>,
    error: Option<String>,
    current_password: Field,
    password: Field,
}

/// `GET /account/password`.
pub async fn page(portal: Portal) -> Answer {
    form(&portal, None).await
}

async fn form(portal: &Portal, error: Option<&Error>) -> Answer {
    let (shell, own) = portal.read(|cx| Ok((Shell::of(cx)?, Own::of(cx, "Password")?))).await?;
    let template = Password {
        page: Page::of(portal, shell, "", "Password"),
        error: error.map(|error| form_error(error, &["current_password", "password"])),
        current_password: Field::new("current_password", "").judged(error),
        password: Field::new("password", "").judged(error),
        who: own.who,
        tabs: own.tabs,
    };
    render_judged(error, &template)
}

/// `POST /account/password`.
pub async fn change(portal: Portal, fields: Fields) -> Answer {
    let (current, new) = (fields.secret("current_password"), fields.secret("password"));
    let changed = portal.run(move |app, caller| account::change_password(app, caller, &current, &new)).await;
    match changed {
        Ok(()) => {
            let told = "Your password is changed. Your other sessions have ended; this one goes on.";
            portal.session.flash("good", told)?;
            see_other("/account/password")
        }
        Err(error) if errors::is_mendable(&error) => form(&portal, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}
