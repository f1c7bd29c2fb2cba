//! *Create user*: a person or a service account, in one form.

use actix_web::http::StatusCode;
use askama::Template;

use super::choosing::{Offers, TeamChoice, read, teams_error};
use super::home;
use super::link::{self, MadeLink};
use crate::http::Portal;
use crate::model::users::{Kind, User};
use crate::model::{Error, Result};
use crate::service::users::{self, Created};
use crate::web::tokens::pages::keeps_form;
use crate::web::view::{Choice, Field, form_error};
use crate::web::{Answer, Fields, Page, Shell, errors, form, render_as, see_other};

const TWICE: &str = "This user was created already: the form was sent twice. A person's link was shown in the first answer; \
                     if you did not save it, make another one below.";

#[derive(Template)]
#[template(path = "users/new.html")]
struct New {
    page: Page,
    form_key: String,
    error: Option<String>,
    username: Field,
    display_name: Field,
    email: Field,
    role: Field,
    roles: Vec<Choice>,
    teams: Vec<TeamChoice>,
    teams_error: Option<String>,
    is_service: bool,
    may_service: bool,
    home_team: Field,
    home_teams: Vec<Choice>,
}

/// `GET /users/new`.
pub async fn page(portal: Portal) -> Answer {
    again(&portal, &Fields::default(), None).await
}

async fn again(portal: &Portal, fields: &Fields, error: Option<&Error>) -> Answer {
    let found = portal.read(|cx| {
        users::creating(cx)?;
        Ok((Shell::of(cx)?, Offers::of(cx)?))
    });
    let (shell, offers) = found.await?;
    let is_service = fields.has("is_service");
    let field = |name| Field::new(name, fields.get(name)).judged(error);
    let (role, roles) = offers.roles(fields);
    let (home_team, home_teams) = offers.homes(fields);
    let shown = ["username", "display_name", "email", "role", "teams", "home_team"];
    let new = New {
        page: Page::of(portal, shell, "users", "Create user"),
        form_key: form::key_of(fields),
        error: error.map(|error| form_error(error, &shown)),
        username: field("username"),
        display_name: field("display_name"),
        email: if is_service { Field::new("email", "") } else { field("email") },
        role: role.judged(error),
        roles,
        teams: offers.teams(fields),
        teams_error: teams_error(error),
        is_service,
        may_service: offers.may_service(),
        home_team: home_team.judged(error),
        home_teams,
    };
    render_as(error.map_or(StatusCode::OK, errors::status), &new)
}

/// What was made.
enum Made {
    /// A person, with the link that lets them in.
    Person(Shell, MadeLink),
    /// A service account.
    Service(User),
}

/// `POST /users/new`. A person's invitation is seen in the answer; a service account's page follows.
pub async fn create(portal: Portal, fields: Fields) -> Answer {
    match made(&portal, &fields).await {
        Ok(Made::Person(shell, made)) => {
            let page = Page::of(&portal, shell, "users", "The invitation is ready");
            link::show(page, &made, "/users/new")
        }
        Ok(Made::Service(user)) => {
            let told = format!("{} was created. Its username is {}.", user.display_name, user.username);
            portal.session.flash("good", told)?;
            see_other(home(user.id))
        }
        Err(Error::AlreadyDone(id)) => {
            portal.session.flash("caution", TWICE)?;
            see_other(format!("/users/{id}"))
        }
        Err(error) if keeps_form(&error) => again(&portal, &fields, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

async fn made(portal: &Portal, fields: &Fields) -> Result<Made> {
    let kind = if fields.has("is_service") { Kind::Service } else { Kind::Person };
    let fields = fields.clone();
    let made = portal.write(move |cx| {
        let new = read(cx, &fields, kind, "display_name")?;
        let Created { user, invitation } = users::create(cx, new)?;
        Ok(match invitation {
            None => Made::Service(user),
            Some(issued) => Made::Person(Shell::of(cx)?, MadeLink::of(cx, issued)),
        })
    });
    made.await
}
