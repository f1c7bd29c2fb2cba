//! *Add a service user* and *Add an AI service account*: account and token in two steps, made together at *Finish*. Nothing is
//! kept in between: each step carries what was typed in the other.

use actix_web::web::{get, post};
use actix_web::{HttpRequest, HttpResponse, Route};
use askama::Template;

use super::choosing::{Offers, TeamChoice, read, sponsor_field, teams_error};
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
const FIRST: &[&str] = &["name", "username", "sponsor", "role", "home_team", "team", "team_role_*"];
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

/// Which account is added, in the words of the pages.
#[derive(Clone, Copy)]
struct Words {
    /// Where the first step is asked for, less its ending.
    base: &'static str,
    /// What the wizard is called.
    title: &'static str,
    /// What its first step is called.
    step: &'static str,
    agent: bool,
}

impl Words {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Agent => Self {
                base: "/users/agent",
                title: "Add an AI service account",
                step: "AI service account",
                agent: true,
            },
            Kind::Person | Kind::Service => {
                Self { base: "/users/service", title: "Add a service user", step: "Service user", agent: false }
            }
        }
    }
}

#[derive(Template)]
#[template(path = "users/service_new.html")]
struct FirstStep {
    page: Page,
    words: Words,
    error: Option<String>,
    name: Field,
    preview: String,
    username: Field,
    sponsor: Field,
    people: Vec<Choice>,
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
    words: Words,
    error: Option<String>,
    kept: Vec<(String, String)>,
    token: TokenForm,
}

/// `GET /users/service/new` and `GET /users/agent/new`: the first step.
pub fn first(kind: Kind) -> Route {
    get().to(move |portal: Portal, request: HttpRequest| async move {
        first_again(&portal, kind, &Fields::of_query(&request), None).await
    })
}

async fn first_again(portal: &Portal, kind: Kind, fields: &Fields, error: Option<&Error>) -> Answer {
    let typed = fields.clone();
    let found = portal.read(move |cx| {
        users::may_create_somewhere(cx)?;
        let name = typed.get("name");
        let previews = kind == Kind::Service && !name.trim().is_empty();
        let preview = if previews { users::preview(cx, name)?.id } else { None };
        let answering = if kind == Kind::Agent { sponsor_field(cx, &typed)? } else { (Field::default(), Vec::new()) };
        Ok((Shell::of(cx)?, Offers::of(cx)?, preview, answering))
    });
    let (shell, offers, preview, (sponsor, people)) = found.await?;
    let words = Words::of(kind);
    let (role, roles) = offers.roles(fields);
    let (home_team, home_teams) = offers.homes(fields);
    let step = FirstStep {
        page: Page::of(portal, shell, "users", words.title),
        words,
        error: error.map(|error| form_error(error, &["name", "username", "sponsor", "role", "teams", "home_team"])),
        name: Field::new("name", fields.get("name")).judged(error),
        preview: preview.unwrap_or_default(),
        username: Field::new("username", fields.get("username")).judged(error),
        sponsor: sponsor.judged(error),
        people,
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

/// `GET /users/service/new/token` and `GET /users/agent/new/token`: the second step, or the first again where it has to be
/// mended.
pub fn second(kind: Kind) -> Route {
    get().to(move |portal: Portal, request: HttpRequest| async move {
        second_again(&portal, kind, &Fields::of_query(&request), None).await
    })
}

async fn second_again(portal: &Portal, kind: Kind, fields: &Fields, error: Option<&Error>) -> Answer {
    let (shell, prospect) = match prospect(portal, kind, fields).await {
        Ok(found) => found,
        Err(wrong) if keeps_form(&wrong) => return first_again(portal, kind, fields, Some(&wrong)).await,
        Err(wrong) => return Err(wrong.into()),
    };
    let mut kept = fields.only(FIRST);
    kept.push(("form_key".into(), key_of(fields)));
    let words = Words::of(kind);
    let step = SecondStep {
        page: Page::of(portal, shell, "users", format!("{}: token", words.title)),
        words,
        error: error.map(|error| form_error(error, SECOND_SHOWN)),
        kept,
        token: TokenForm::new(&prospect, fields, error, PREFIX),
    };
    render_judged(error, &step)
}

/// The account as it will be, if the first step is right.
async fn prospect(portal: &Portal, kind: Kind, fields: &Fields) -> Result<(Shell, Prospect)> {
    let fields = fields.clone();
    let found = portal.read(move |cx| {
        let new = read(cx, &fields, kind, "name")?;
        let (username, standing) = users::plan(cx, &new)?;
        let teams = new.teams.iter().map(|(team, _)| *team).collect();
        let prospect = Prospect::of(cx, (kind, username), &standing, false, teams)?;
        Ok((Shell::of(cx)?, prospect))
    });
    found.await
}

/// `GET /users/service` and `GET /users/agent`: what a browser asks for when the address of the last page is opened again.
pub async fn gone(_: Portal) -> Answer {
    see_other("/users")
}

/// `POST /users/service` and `POST /users/agent`: *Finish*, or *Back* where there is no JavaScript.
pub fn finish(kind: Kind) -> Route {
    post().to(move |portal: Portal, fields: Fields| async move {
        if fields.get("step") == "back" {
            let mut all = fields.only(FIRST);
            all.extend(of_second(&fields));
            return see_other(format!("{}/new{}", Words::of(kind).base, query(&all)));
        }
        match finished(&portal, kind, &fields).await {
            Ok((shell, id, made)) => {
                let page = Page::of(&portal, shell, "users", "The token is ready");
                let (again, done) = (format!("{}/tokens/new", home(id)), home(id));
                let what = if kind == Kind::Agent { "AI agent" } else { "service account" };
                once::show(page, made, format!("The {what} and its token are ready"), (again, done))
            }
            Err(Error::AlreadyDone(id)) => {
                portal.session.flash("caution", TWICE)?;
                see_other(format!("/users/{id}/tokens"))
            }
            Err(error) if of_first(&error) => first_again(&portal, kind, &fields, Some(&error)).await,
            Err(error) if keeps_form(&error) => second_again(&portal, kind, &fields, Some(&error)).await,
            Err(error) => Err(error.into()),
        }
    })
}

const TWICE: &str = "This account and its token were made already: the form was sent twice, and the token was shown in the first answer. \
                     If you did not save it, revoke it here and make another.";

async fn finished(portal: &Portal, kind: Kind, fields: &Fields) -> Result<(Shell, UserId, Made)> {
    let new = token::read(fields, PREFIX)?;
    if new.global_admin {
        confirm_password(portal, fields.secret("password")).await?;
    }
    let fields = fields.clone();
    let made = portal.write(move |cx| {
        let user = read(cx, &fields, kind, "name")?;
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
