//! The list of teams, and making one.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use askama::Template;

use crate::http::Portal;
use crate::model::Error;
use crate::model::page::{LISTED, PageRequest};
use crate::service::teams::{self, TeamInfo};
use crate::web::listing::Place;
use crate::web::view::{Field, Pager, count, form_error};
use crate::web::{Answer, Fields, Page, Shell, errors, form, render, render_as, see_other};

#[derive(Template)]
#[template(path = "teams/index.html")]
struct Index {
    page: Page,
    may_create: bool,
    q: String,
    rows: Vec<TeamLine>,
    pager: Pager,
}

struct TeamLine {
    name: String,
    href: String,
    description: String,
    members: String,
    service_accounts: String,
    public: bool,
}

impl From<TeamInfo> for TeamLine {
    fn from(info: TeamInfo) -> Self {
        let counted = |n: Option<i64>| n.map_or_else(|| "all".to_owned(), count);
        Self {
            href: format!("/teams/{}", info.team.id),
            public: info.team.id.is_public(),
            members: counted(info.people),
            service_accounts: counted(info.machines),
            name: info.team.name,
            description: info.team.description,
        }
    }
}

/// `GET /teams`.
pub async fn index(portal: Portal, request: HttpRequest) -> Answer {
    let query = Fields::of_query(&request);
    let q = query.get("q").trim().to_owned();
    let (place, search) = (Place::of(&query), q.clone());
    let found = portal.read(move |cx| {
        let found = place.find(PageRequest::first(LISTED), |request| teams::page(cx, &search, request))?;
        Ok((Shell::of(cx)?, teams::may_create(cx), found))
    });
    let (shell, may_create, (found, again)) = found.await?;
    let summary = match found.items.len() {
        1 => "1 team".to_owned(),
        n => format!("{n} teams"),
    };
    render(&Index {
        page: Page::of(&portal, shell, "teams", "Teams").begun_again(again),
        may_create,
        pager: Pager::of(&found, summary, "/teams", &query.only(&["q"])),
        rows: found.items.into_iter().map(TeamLine::from).collect(),
        q,
    })
}

#[derive(Template)]
#[template(path = "teams/new.html")]
struct New {
    page: Page,
    form_key: String,
    error: Option<String>,
    name: Field,
    description: Field,
}

/// `GET /teams/new`.
pub async fn new(portal: Portal) -> Answer {
    new_form(&portal, &Fields::default(), form::key(), None).await
}

async fn new_form(portal: &Portal, fields: &Fields, form_key: String, error: Option<&Error>) -> Answer {
    let shell = portal
        .read(|cx| {
            teams::creating(cx)?;
            Shell::of(cx)
        })
        .await?;
    let field = |name| Field::new(name, fields.get(name)).judged(error);
    let template = New {
        page: Page::of(portal, shell, "teams", "Create team"),
        form_key,
        error: error.map(|error| form_error(error, &["name", "description"])),
        name: field("name"),
        description: field("description"),
    };
    render_as(error.map_or(StatusCode::OK, errors::status), &template)
}

/// `POST /teams/new`.
pub async fn create(portal: Portal, fields: Fields) -> Answer {
    let [name, description, key] = ["name", "description", "form_key"].map(|name| fields.get(name).to_owned());
    let form_key = key.clone();
    let made = portal.write(move |cx| teams::create(cx, &name, &description, Some(&key))).await;
    match made {
        Ok(team) => {
            let told = format!("The team {} is made. Add people and service accounts with +.", team.name);
            portal.session.flash("good", told)?;
            see_other(format!("/teams/{}", team.id))
        }
        Err(Error::AlreadyDone(id)) => see_other(format!("/teams/{id}")),
        Err(error) if errors::is_mendable(&error) => new_form(&portal, &fields, form_key, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}
