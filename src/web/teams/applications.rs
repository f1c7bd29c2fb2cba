//! The applications that a team may use.

use askama::Template;

use super::TeamHead;
use crate::http::Portal;
use crate::model::applications::{AppScope, Application};
use crate::model::ids::TeamId;
use crate::service::{applications, teams};
use crate::web::{Answer, Id, Page, Shell, render};

#[derive(Template)]
#[template(path = "teams/applications.html")]
struct Applications {
    page: Page,
    team: TeamHead,
    rows: Vec<AppRow>,
}

struct AppRow {
    name: String,
    href: String,
    slug: String,
    scopes: Vec<ScopeLine>,
}

struct ScopeLine {
    word: String,
    level: &'static str,
}

impl From<(Application, Vec<AppScope>, bool)> for AppRow {
    fn from((application, scopes, readable): (Application, Vec<AppScope>, bool)) -> Self {
        let line = |scope: &AppScope| ScopeLine { word: scope.to_string(), level: scope.level.as_str() };
        Self {
            href: if readable { format!("/applications/{}", application.id) } else { String::new() },
            scopes: scopes.iter().map(line).collect(),
            name: application.name,
            slug: application.slug,
        }
    }
}

/// `GET /teams/{id}/applications`.
pub async fn list(portal: Portal, Id(id): Id<TeamId>) -> Answer {
    let found = portal.read(move |cx| {
        let team = TeamHead::of(&teams::get(cx, id)?, teams::rights(cx, id), "Applications");
        Ok((Shell::of(cx)?, team, applications::of_team(cx, id)?))
    });
    let (shell, team, open) = found.await?;
    render(&Applications {
        page: Page::of(&portal, shell, "teams", format!("Applications of {}", team.name)),
        rows: open.into_iter().map(AppRow::from).collect(),
        team,
    })
}
