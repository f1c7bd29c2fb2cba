//! A team's name and description, and its end.

use actix_web::http::StatusCode;
use askama::Template;

use super::TeamHead;
use super::homes::{kept, show};
use crate::http::Portal;
use crate::model::Error;
use crate::model::ids::TeamId;
use crate::model::teams::Team;
use crate::service::homes::AtHome;
use crate::service::teams::{self, TeamInfo};
use crate::service::{Cx, homes};
use crate::web::confirm::{self, Confirm};
use crate::web::view::{Change, Field, count, form_error};
use crate::web::{Answer, Fields, Id, Page, Shell, errors, render_as, see_other};

#[derive(Template)]
#[template(path = "teams/settings.html")]
struct Settings {
    page: Page,
    team: TeamHead,
    action: String,
    error: Option<String>,
    conflict: Vec<Change>,
    version: i64,
    name: Field,
    description: Field,
    may_edit: bool,
    delete: String,
    delete_text: String,
}

/// `GET /teams/{id}/settings`.
pub async fn page(portal: Portal, Id(team): Id<TeamId>) -> Answer {
    form(&portal, team, None, None).await
}

/// `typed` is what came back, and why.
async fn form(portal: &Portal, id: TeamId, typed: Option<&Fields>, error: Option<&Error>) -> Answer {
    let (shell, info, rights, homes) = portal
        .read(move |cx| {
            let (info, rights) = teams::changing(cx, id)?;
            Ok((Shell::of(cx)?, info, rights, homes::of_team(cx, id, 0)?))
        })
        .await?;
    let team = &info.team;
    let field = |name, now: &str| Field::new(name, typed.map_or(now, |typed| typed.get(name))).judged(error);
    let conflict = match (error, typed) {
        (Some(Error::Stale), Some(typed)) => changes(team, typed),
        _ => Vec::new(),
    };
    let template = Settings {
        page: Page::of(portal, shell, "teams", format!("Settings of {}", team.name)),
        action: format!("/teams/{id}/settings"),
        error: error.filter(|_| conflict.is_empty()).map(|error| form_error(error, &["name", "description"])),
        conflict,
        version: team.version,
        name: field("name", &team.name),
        description: field("description", &team.description),
        may_edit: rights.update,
        delete: if rights.delete { format!("/teams/{id}/delete") } else { String::new() },
        delete_text: if rights.delete { delete_text(&homes) } else { String::new() },
        team: TeamHead::of(&info, rights, "Settings"),
    };
    render_as(error.map_or(StatusCode::OK, errors::status), &template)
}

/// What the store holds now beside what was typed.
fn changes(now: &Team, typed: &Fields) -> Vec<Change> {
    [("Name", "name", &now.name), ("Description", "description", &now.description)]
        .into_iter()
        .filter(|(_, name, now)| typed.get(name).trim() != now.as_str())
        .map(|(field, _, now)| Change::new(field, now))
        .collect()
}

fn delete_text(there: &AtHome) -> String {
    match there.total + there.applications_total {
        0 => "Its members stay users and lose what their role here allows.".into(),
        1 => format!("It is the home of {}, which has to be moved to another home first.", there.counted()),
        _ => format!("It is the home of {}, which have to be moved to another home first.", there.counted()),
    }
}

/// `POST /teams/{id}/settings`.
pub async fn update(portal: Portal, Id(team): Id<TeamId>, fields: Fields) -> Answer {
    let [name, description] = ["name", "description"].map(|name| fields.get(name).to_owned());
    // A form without its version is treated as one that is out of date.
    let version = fields.parse("version").unwrap_or(0);
    let saved = portal.write(move |cx| teams::update(cx, team, &name, &description, Some(version))).await;
    match saved {
        Ok(team) => {
            portal.session.flash("good", "Saved.")?;
            see_other(format!("/teams/{}/settings", team.id))
        }
        Err(error) if errors::is_mendable(&error) => form(&portal, team, Some(&fields), Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

/// `GET /teams/{id}/delete`.
pub async fn ask_delete(portal: Portal, Id(team): Id<TeamId>) -> Answer {
    ask(&portal, team, None).await
}

async fn ask(portal: &Portal, id: TeamId, refused: Option<&Error>) -> Answer {
    let found = portal.read(move |cx| {
        let (info, stranded) = teams::deleting(cx, id)?;
        let kept = kept(cx, id, &info.team.name)?;
        Ok((Shell::of(cx)?, info, stranded, kept))
    });
    let (shell, info, stranded, kept) = found.await?;
    if let Some(kept) = kept {
        return show((portal, shell), id, kept, (&Fields::default(), refused));
    }
    let losses = losses(&info, stranded);
    let question = Confirm {
        title: format!("Delete {}?", info.team.name),
        lead: if losses.is_empty() {
            "The team is gone for good. Nobody is in it.".into()
        } else {
            "The team is gone for good; its members stay users. What is lost:".into()
        },
        losses,
        action: format!("/teams/{id}/delete"),
        button: "Delete team".into(),
        danger: true,
        cancel: format!("/teams/{id}/settings"),
        ..Confirm::default()
    };
    confirm::ask(Page::of(portal, shell, "teams", "Delete team"), question, refused)
}

fn losses(info: &TeamInfo, stranded: i64) -> Vec<String> {
    let roles = [(info.people, "member", "members"), (info.machines, "service account", "service accounts")];
    let roles = roles.into_iter().filter_map(|(n, one, many)| match n.unwrap_or_default() {
        0 => None,
        1 => Some(format!("The role of 1 {one} in it")),
        n => Some(format!("The roles of {} {many} in it", count(n))),
    });
    let tokens = match stranded {
        0 => None,
        1 => Some("All that 1 token can do, which is limited to this team alone".into()),
        n => Some(format!("All that {} tokens can do, which are limited to this team alone", count(n))),
    };
    roles.chain(tokens).collect()
}

/// `POST /teams/{id}/delete`.
pub async fn delete(portal: Portal, Id(team): Id<TeamId>) -> Answer {
    match portal.write(move |cx| gone(cx, team)).await {
        Ok(name) => {
            portal.session.flash("good", format!("The team {name} is deleted."))?;
            see_other("/teams")
        }
        // Somebody came home in it meanwhile.
        Err(error @ Error::Kept { .. }) => ask(&portal, team, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

/// Deletes a team, and gives the name it had.
fn gone(cx: &mut Cx<'_, '_>, team: TeamId) -> Result<String, Error> {
    let name = teams::get(cx, team)?.team.name;
    teams::delete(cx, team)?;
    Ok(name)
}
