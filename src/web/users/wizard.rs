//! *Add a service user*: account and token in two steps, made together at *Finish*. Nothing is kept in between: each step
//! carries what was typed in the other.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::choosing::{Offers, TeamChoice, read, teams_error};
use super::home;
use crate::http::Portal;
use crate::model::ids::UserId;
use crate::model::users::Kind;
use crate::model::{Error, Result};
use crate::service::{users, wizard};
use crate::web::form::{key_of, query};
use crate::web::tokens::form::{self as token, Prospect, TokenForm};
use crate::web::tokens::once::{self, Made};
use crate::web::tokens::pages::{confirm_password, keeps_form};
use crate::web::view::{Choice, Field, form_error};
use crate::web::{Answer, Fields, Page, PageError, Shell, render_judged, see_other};

/// The fields of the first step.
const FIRST: &[&str] = &["name", "role", "home_team", "team", "team_role_*"];
/// How errors name the fields of the second.
const PREFIX: &str = "token_";
const SECOND_SHOWN: &[&str] = &[
    "token_name",
    "token_expires",
    "token_expires_on",
    "token_scopes",
    "token_limit_teams",
    "token_networks",
    "token_global_admin",
    "password",
];

#[derive(Template)]
#[template(path = "users/service_new.html")]
struct FirstStep {
    page: Page,
    error: Option<String>,
    name: Field,
    preview: String,
    role: Field,
    roles: Vec<Choice>,
    home_team: Field,
    home_teams: Vec<Choice>,
    teams: Vec<TeamChoice>,
    teams_error: Option<String>,
    kept: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "users/service_token.html")]
struct SecondStep {
    page: Page,
    error: Option<String>,
    kept: Vec<(String, String)>,
    token: TokenForm,
}

/// `GET /users/service/new`: the first step.
pub async fn first(portal: Portal, request: HttpRequest) -> Answer {
    first_again(&portal, &Fields::of_query(&request), None).await
}

async fn first_again(portal: &Portal, fields: &Fields, error: Option<&Error>) -> Answer {
    let name = fields.get("name").to_owned();
    let found = portal.read(move |cx| {
        users::may_create_somewhere(cx)?;
        let preview = if name.trim().is_empty() { None } else { users::preview(cx, &name)?.id };
        Ok((Shell::of(cx)?, Offers::of(cx)?, preview))
    });
    let (shell, offers, preview) = found.await?;
    let (role, roles) = offers.roles(fields);
    let (home_team, home_teams) = offers.homes(fields);
    let step = FirstStep {
        page: Page::of(portal, shell, "users", "Add a service user"),
        error: error.map(|error| form_error(error, &["name", "role", "teams", "home_team"])),
        name: Field::new("name", fields.get("name")).judged(error),
        preview: preview.unwrap_or_default(),
        role: role.judged(error),
        roles,
        home_team: home_team.judged(error),
        home_teams,
        teams: offers.teams(fields),
        teams_error: teams_error(error),
        kept: of_second(fields),
    };
    render_judged(error, &step)
}

/// What the second step holds; never the password.
fn of_second(fields: &Fields) -> Vec<(String, String)> {
    let mut kept = fields.only(token::NAMES);
    kept.extend(fields.only(&["form_key"]));
    kept
}

/// `GET /users/service/new/token`: the second step, or the first again where it has to be mended.
pub async fn second(portal: Portal, request: HttpRequest) -> Answer {
    second_again(&portal, &Fields::of_query(&request), None).await
}

async fn second_again(portal: &Portal, fields: &Fields, error: Option<&Error>) -> Answer {
    let (shell, prospect) = match prospect(portal, fields).await {
        Ok(found) => found,
        Err(wrong) if keeps_form(&wrong) => return first_again(portal, fields, Some(&wrong)).await,
        Err(wrong) => return Err(wrong.into()),
    };
    let mut kept = fields.only(FIRST);
    kept.push(("form_key".into(), key_of(fields)));
    let step = SecondStep {
        page: Page::of(portal, shell, "users", "Add a service user: token"),
        error: error.map(|error| form_error(error, SECOND_SHOWN)),
        kept,
        token: TokenForm::new(&prospect, fields, error, PREFIX),
    };
    render_judged(error, &step)
}

/// The account as it will be, if the first step is right.
async fn prospect(portal: &Portal, fields: &Fields) -> Result<(Shell, Prospect)> {
    let fields = fields.clone();
    let found = portal.read(move |cx| {
        let new = read(cx, &fields, Kind::Service, "name")?;
        let (username, holdings) = users::plan(cx, &new)?;
        let teams = new.teams.iter().map(|(team, _)| *team).collect();
        let prospect = Prospect::of(cx, (Kind::Service, username), &holdings, false, teams)?;
        Ok((Shell::of(cx)?, prospect))
    });
    found.await
}

/// `GET /users/service`: what a browser asks for when the address of the last page is opened again.
pub async fn gone(_: Portal) -> Answer {
    see_other("/users")
}

/// `POST /users/service`: *Finish*, or *Back* where there is no JavaScript.
pub async fn finish(portal: Portal, fields: Fields) -> Answer {
    if fields.get("step") == "back" {
        let mut all = fields.only(FIRST);
        all.extend(of_second(&fields));
        return see_other(format!("/users/service/new{}", query(&all)));
    }
    match finished(&portal, &fields).await {
        Ok((shell, id, made)) => {
            let page = Page::of(&portal, shell, "users", "The token is ready");
            let (again, done) = (format!("{}/tokens/new", home(id)), home(id));
            once::show(page, made, "The service account and its token are ready", (again, done))
        }
        Err(Error::AlreadyDone(id)) => {
            let told = "This service account and its token were made already: the form was sent twice, and the token was shown in the first answer. If you did not save it, revoke it here and make another.";
            portal.session.flash("caution", told)?;
            see_other(format!("/users/{id}/tokens"))
        }
        Err(error) if of_first(&error) => first_again(&portal, &fields, Some(&error)).await,
        Err(error) if keeps_form(&error) => second_again(&portal, &fields, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

async fn finished(portal: &Portal, fields: &Fields) -> Result<(Shell, UserId, Made)> {
    let new = token::read(fields, PREFIX)?;
    if new.global_admin {
        confirm_password(portal, fields.secret("password")).await?;
    }
    let fields = fields.clone();
    let made = portal.write(move |cx| {
        let user = read(cx, &fields, Kind::Service, "name")?;
        let (user, minted) = wizard::finish(cx, user, new)?;
        Ok((Shell::of(cx)?, user.id, Made::of(cx, user, minted)?))
    });
    made.await
}

/// Whether something is wrong with what the first step asked, because it changed meanwhile.
fn of_first(error: &Error) -> bool {
    match error {
        Error::Invalid(errors) => {
            errors.iter().any(|error| !SECOND_SHOWN.contains(&error.field.as_str()) && !error.field.starts_with(PREFIX))
        }
        _ => false,
    }
}

/// `GET /users/service/preview?name=`: the id that a name gives, as JSON, for the field while it is typed in.
pub async fn preview(portal: Portal, request: HttpRequest) -> Answer {
    let name = Fields::of_query(&request).get("name").to_owned();
    let found = portal.read(move |cx| users::preview(cx, &name)).await.map_err(PageError)?;
    Ok(HttpResponse::Ok().json(serde_json::json!({
        "id": found.id,
        "error": found.error,
        "suggestion": found.suggestion,
    })))
}
