//! Making an application.

use askama::Template;

use super::{Homes, home};
use crate::http::Portal;
use crate::model::applications::Application;
use crate::model::{Error, Result};
use crate::service::Cx;
use crate::service::applications::{self, NewApplication};
use crate::web::form::key_of;
use crate::web::tokens::pages::keeps_form;
use crate::web::view::{Choice, Field, form_error};
use crate::web::{Answer, Fields, Page, Shell, render_judged, see_other};

const SHOWN: &[&str] = &["name", "slug", "description", "home", "audience"];

#[derive(Template)]
#[template(path = "applications/new.html")]
struct New {
    page: Page,
    form_key: String,
    error: Option<String>,
    name: Field,
    slug: Field,
    description: Field,
    home: Field,
    homes: Vec<Choice>,
    typed: bool,
    audience: Field,
}

/// `GET /applications/new`.
pub async fn page(portal: Portal) -> Answer {
    form(&portal, &Fields::default(), None).await
}

async fn form(portal: &Portal, fields: &Fields, error: Option<&Error>) -> Answer {
    let found = portal.read(|cx| {
        applications::creating(cx)?;
        Ok((Shell::of(cx)?, Homes::of(cx)?))
    });
    let (shell, offered) = found.await?;
    let field = |name| Field::new(name, fields.get(name)).judged(error);
    let (home, homes, typed) = offered.field(fields.has("home").then(|| fields.get("home")), None, error);
    let new = New {
        page: Page::of(portal, shell, "applications", "New application"),
        form_key: key_of(fields),
        error: error.map(|error| form_error(error, SHOWN)),
        name: field("name"),
        slug: field("slug"),
        description: field("description"),
        home,
        homes,
        typed,
        audience: field("audience"),
    };
    render_judged(error, &new)
}

/// `POST /applications/new`.
pub async fn create(portal: Portal, fields: Fields) -> Answer {
    let sent = fields.clone();
    match portal.write(move |cx| made(cx, &sent)).await {
        Ok(made) => {
            portal
                .session
                .flash("good", format!("{} is made. Give it scopes here, then give teams access to it.", made.name))?;
            see_other(home(made.id))
        }
        Err(Error::AlreadyDone(id)) => see_other(format!("/applications/{id}")),
        Err(error) if keeps_form(&error) => form(&portal, &fields, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

fn made(cx: &mut Cx<'_, '_>, fields: &Fields) -> Result<Application> {
    let sent = |name: &str| fields.get(name).to_owned();
    let new = NewApplication {
        name: sent("name"),
        slug: sent("slug"),
        description: sent("description"),
        home: applications::named(cx, "home", fields.get("home"))?,
        audience: sent("audience"),
        form_key: Some(sent("form_key")),
    };
    applications::create(cx, &new)
}
