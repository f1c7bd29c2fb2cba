//! The list of applications.

use actix_web::HttpRequest;
use askama::Template;

use super::home;
use crate::http::Portal;
use crate::model::page::{LISTED, PageRequest};
use crate::service::applications::{self, Listed};
use crate::web::listing::Place;
use crate::web::view::{Pager, count};
use crate::web::{Answer, Fields, Page, Shell, render};

#[derive(Template)]
#[template(path = "applications/index.html")]
struct Index {
    page: Page,
    may_create: bool,
    q: String,
    rows: Vec<AppLine>,
    pager: Pager,
}

struct AppLine {
    name: String,
    href: String,
    slug: String,
    home: String,
    scopes: String,
    teams: String,
}

impl From<Listed> for AppLine {
    fn from(listed: Listed) -> Self {
        let counted = |n: usize| count(i64::try_from(n).unwrap_or(i64::MAX));
        Self {
            href: home(listed.application.id),
            name: listed.application.name,
            slug: listed.application.slug,
            home: listed.home.unwrap_or_default(),
            scopes: counted(listed.scopes),
            teams: counted(listed.teams),
        }
    }
}

/// `GET /applications`.
pub async fn index(portal: Portal, request: HttpRequest) -> Answer {
    let query = Fields::of_query(&request);
    let q = query.get("q").trim().to_owned();
    let (place, search) = (Place::of(&query), q.clone());
    let found = portal.read(move |cx| {
        let found = place.find(PageRequest::first(LISTED), |request| applications::page(cx, &search, request))?;
        Ok((Shell::of(cx)?, applications::may_create(cx), found))
    });
    let (shell, may_create, (found, again)) = found.await?;
    let summary = match found.items.len() {
        1 => "1 application".to_owned(),
        n => format!("{n} applications"),
    };
    render(&Index {
        page: Page::of(&portal, shell, "applications", "Applications").begun_again(again),
        may_create,
        pager: Pager::of(&found, summary, "/applications", &query.only(&["q"])),
        rows: found.items.into_iter().map(AppLine::from).collect(),
        q,
    })
}
