//! Adding a member or a service account to a team: search, choose, give a role.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use askama::Template;

use super::members::{given, tab};
use super::{TeamHead, new_service};
use crate::http::Portal;
use crate::model::Error;
use crate::model::error::Problems;
use crate::model::ids::{TeamId, UserId};
use crate::model::roles::Predefined;
use crate::model::users::User;
use crate::service::{choices, members, teams};
use crate::web::view::{Choice, Field, Who, form_error};
use crate::web::{Answer, Fields, Id, Page, Shell, errors, render_as, see_other};

#[derive(Template)]
#[template(path = "teams/add.html")]
struct Add {
    page: Page,
    team: TeamHead,
    services: bool,
    kind: &'static str,
    q: String,
    action: String,
    cancel: String,
    error: Option<String>,
    user: Field,
    found: Vec<Candidate>,
    role: Field,
    roles: Vec<Choice>,
    new_service: String,
}

struct Candidate {
    id: UserId,
    who: Who,
    chosen: bool,
}

/// `GET /teams/{id}/members/new`.
pub async fn page(portal: Portal, Id(team): Id<TeamId>, request: HttpRequest) -> Answer {
    form(&portal, team, &Fields::of_query(&request), None).await
}

async fn form(portal: &Portal, id: TeamId, fields: &Fields, error: Option<&Error>) -> Answer {
    let services = fields.get("kind") == "service";
    let (q, kind) = (fields.get("q").trim().to_owned(), if services { "service" } else { "person" });
    let search = q.clone();
    let (shell, info, rights, found, roles) = portal
        .read(move |cx| {
            let found = members::candidates(cx, id, services, &search)?;
            Ok((Shell::of(cx)?, teams::get(cx, id)?, teams::rights(cx, id), found, choices::roles_in(cx, id)?))
        })
        .await?;
    let chosen: Option<UserId> = fields.parse("user");
    let role = if fields.has("role") { fields.get("role") } else { Predefined::Viewer.as_str() };
    let team = TeamHead::of(&info, rights, if services { "Service Accounts" } else { "Members" });
    let template = Add {
        page: Page {
            path: format!("/teams/{id}/members/new?kind={kind}"),
            ..Page::of(portal, shell, "teams", format!("Add to {}", info.team.name))
        },
        services,
        kind,
        q,
        action: format!("/teams/{id}/members/new"),
        cancel: if services { format!("/teams/{id}/service-accounts") } else { team.href.clone() },
        error: error.map(|error| form_error(error, &["user", "role"])),
        user: Field::new("user", "").judged(error),
        found: found.iter().map(|user| candidate(user, chosen)).collect(),
        role: Field::new("role", role).judged(error),
        roles: Choice::roles(&roles, role),
        new_service: if services { new_service(&info, rights) } else { String::new() },
        team,
    };
    render_as(error.map_or(StatusCode::OK, errors::status), &template)
}

fn candidate(user: &User, chosen: Option<UserId>) -> Candidate {
    Candidate { id: user.id, who: Who::of(user), chosen: chosen == Some(user.id) }
}

/// `POST /teams/{id}/members/new`.
pub async fn add(portal: Portal, Id(team): Id<TeamId>, fields: Fields) -> Answer {
    let (user, role) = match picked(&fields) {
        Ok(picked) => picked,
        Err(error) => return form(&portal, team, &fields, Some(&error)).await,
    };
    let added = portal.write(move |cx| given(cx, team, user, &role)).await;
    match added {
        Ok((user, role)) => {
            portal.session.flash("good", format!("{} is {role} in this team now.", user.display_name))?;
            see_other(tab(team, user.kind))
        }
        Err(error) if errors::is_mendable(&error) || matches!(error, Error::Forbidden(_)) => {
            form(&portal, team, &fields, Some(&error)).await
        }
        Err(error) => Err(error.into()),
    }
}

fn picked(fields: &Fields) -> Result<(UserId, String), Error> {
    let mut problems = Problems::default();
    let user = fields.parse("user");
    if user.is_none() {
        problems.add("user", "Choose an account.");
    }
    if fields.get("role").trim().is_empty() {
        problems.add("role", "Choose a role.");
    }
    problems.check()?;
    Ok((user.unwrap_or(UserId(0)), fields.get("role").to_owned()))
}
