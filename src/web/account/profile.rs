//! One's own names and roles.

use actix_web::http::StatusCode;
use askama::Template;

use super::Own;
use crate::base::secret::Secret;
use crate::http::Portal;
use crate::model::Error;
use crate::model::users::User;
use crate::service::account;
use crate::service::users::{self, UserChange};
use crate::web::tokens::pages::confirm_password;
use crate::web::view::{Change, Field, Tab, Who, form_error};
use crate::web::{Answer, Fields, Page, Shell, errors, render_as, see_other};

#[derive(Template)]
#[template(path = "account/profile.html")]
struct Profile {
    page: Page,
    who: Who,
    tabs: Vec<Tab>,
    error: Option<String>,
    conflict: Vec<Change>,
    version: i64,
    display_name: Field,
    email: Field,
    ask_password: bool,
    password: Field,
    role: String,
    teams: Vec<String>,
}

/// `GET /account`.
pub async fn page(portal: Portal) -> Answer {
    form(&portal, None, None).await
}

/// `typed` is what came back, and why.
async fn form(portal: &Portal, typed: Option<&Fields>, error: Option<&Error>) -> Answer {
    let found = portal.read(|cx| {
        let own = Own::of(cx, "Profile")?;
        let id = account::own(cx)?.id;
        let ask_password = cx.actor.typed_password_lately(cx.now).is_err();
        Ok((Shell::of(cx)?, own, users::get(cx, id)?, ask_password))
    });
    let (shell, own, info, ask_password) = found.await?;
    let user = &info.user;
    let field = |name, now: &str| Field::new(name, typed.map_or(now, |typed| typed.get(name))).judged(error);
    let conflict = match (error, typed) {
        (Some(Error::Stale), Some(typed)) => changes(user, typed),
        _ => Vec::new(),
    };
    let template = Profile {
        page: Page::of(portal, shell, "", "Own account"),
        error: error
            .filter(|_| conflict.is_empty())
            .map(|error| form_error(error, &["display_name", "email", "password"])),
        conflict,
        version: user.version,
        display_name: field("display_name", &user.display_name),
        email: field("email", &user.email),
        ask_password,
        password: password(error),
        role: user.role.to_string(),
        teams: info.teams.iter().map(|membership| membership.team_name.clone()).collect(),
        who: own.who,
        tabs: own.tabs,
    };
    render_as(error.map_or(StatusCode::OK, errors::status), &template)
}

fn password(error: Option<&Error>) -> Field {
    let mut field = Field::new("password", "").judged(error);
    if matches!(error, Some(Error::PasswordNeeded)) {
        field.error = Some("Type your password to change the address.".into());
    }
    field
}

/// What the store holds now beside what was typed.
fn changes(now: &User, typed: &Fields) -> Vec<Change> {
    [("Display name", "display_name", &now.display_name), ("Email", "email", &now.email)]
        .into_iter()
        .filter(|(_, name, now)| typed.get(name).trim() != now.as_str())
        .map(|(field, _, now)| Change::new(field, now))
        .collect()
}

/// `POST /account`.
pub async fn update(portal: Portal, fields: Fields) -> Answer {
    let change = UserChange {
        // A form without its version is treated as one that is out of date.
        version: Some(fields.parse("version").unwrap_or(0)),
        display_name: Some(fields.get("display_name").to_owned()),
        email: Some(fields.get("email").to_owned()),
        ..UserChange::default()
    };
    match save(&portal, fields.secret("password"), change).await {
        Ok(()) => {
            portal.session.flash("good", "Saved.")?;
            see_other("/account")
        }
        Err(error) if errors::is_mendable(&error) => form(&portal, Some(&fields), Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

async fn save(portal: &Portal, password: Secret, change: UserChange) -> Result<(), Error> {
    confirm_password(portal, password).await?;
    let saved = portal.write(move |cx| {
        let id = account::own(cx)?.id;
        users::update(cx, id, change).map(drop)
    });
    saved.await
}
