//! A team that is some account's home: whose, and moving all of them, before it can be deleted.

use actix_web::http::StatusCode;
use askama::Template;

use crate::http::Portal;
use crate::model::ids::TeamId;
use crate::model::{Error, Result};
use crate::service::homes::{self, AtHome};
use crate::service::{Cx, choices, teams};
use crate::web::view::{Choice, Field, Who, count, form_error};
use crate::web::{Answer, Fields, Id, Page, Shell, errors, render_as, see_other};

/// How many accounts are named.
const NAMED: i64 = 10;

#[derive(Template)]
#[template(path = "teams/homes.html")]
struct Homes {
    page: Page,
    title: String,
    lead: String,
    accounts: Vec<Who>,
    applications: Vec<String>,
    more: String,
    action: String,
    cancel: String,
    error: Option<String>,
    may_move: bool,
    to: Field,
    homes: Vec<Choice>,
    typed: bool,
    button: String,
}

/// What keeps a team, and where its accounts may go.
pub(super) struct Kept {
    name: String,
    at_home: AtHome,
    /// The homes that are proposed; `None` where the caller may move nobody.
    homes: Option<Vec<String>>,
    /// Whether there are more than these.
    more: bool,
}

/// Whoever is at home in a team which the caller is about to delete; `None` where nobody is.
///
/// # Errors
/// A fault.
pub(super) fn kept(cx: &mut Cx<'_, '_>, id: TeamId, name: &str) -> Result<Option<Kept>> {
    let at_home = homes::of_team(cx, id, NAMED)?;
    if at_home.is_empty() {
        return Ok(None);
    }
    let (homes, more) = match homes::may_move(cx, id, &at_home) {
        true => {
            let (homes, more) = choices::some_homes(cx)?;
            let others = homes.into_iter().filter(|team| team.id != id);
            (Some(others.map(|team| team.name).collect()), more)
        }
        false => (None, false),
    };
    Ok(Some(Kept { name: name.to_owned(), at_home, homes, more }))
}

/// The page that tells whose home the team is, and moves them.
pub(super) fn show(
    (portal, shell): (&Portal, Shell),
    id: TeamId,
    kept: Kept,
    (fields, error): (&Fields, Option<&Error>),
) -> Answer {
    let Kept { name, at_home, homes, more } = kept;
    let there = at_home.counted();
    let AtHome { seen, applications, .. } = at_home;
    let total = at_home.total + at_home.applications_total;
    let unnamed = total - i64::try_from(seen.len() + applications.len()).unwrap_or_default();
    let all = if total == 1 { "it".to_owned() } else { format!("all {}", count(total)) };
    let template = Homes {
        page: Page::of(portal, shell, "teams", format!("Delete {name}")),
        title: format!("{name} cannot be deleted yet"),
        lead: format!("It is the home of {there}. Move {all} to another home first."),
        accounts: seen.iter().map(Who::of).collect(),
        applications: applications.into_iter().map(|application| application.name).collect(),
        more: match unnamed {
            0 => String::new(),
            n if unnamed == total => format!("{} that you may not see", count(n)),
            n => format!("and {} more", count(n)),
        },
        action: format!("/teams/{id}/move-homes"),
        cancel: format!("/teams/{id}/settings"),
        error: error.filter(|error| !matches!(error, Error::Kept { .. })).map(|error| form_error(error, &["to"])),
        may_move: homes.is_some(),
        typed: more,
        to: Field::new("to", fields.get("to")).judged(error),
        // None is chosen at first, so that nothing is moved to the first of them by mistake.
        homes: (!more)
            .then(|| Choice::new("", "Choose a team", fields.get("to")))
            .into_iter()
            .chain(homes.iter().flatten().map(|name| Choice::new(name, name, fields.get("to"))))
            .collect(),
        button: if total == 1 { "Move it".into() } else { format!("Move all {}", count(total)) },
    };
    render_as(error.map_or(StatusCode::OK, errors::status), &template)
}

/// `POST /teams/{id}/move-homes`.
pub async fn move_all(portal: Portal, Id(team): Id<TeamId>, fields: Fields) -> Answer {
    let to = fields.get("to").to_owned();
    match portal.write(move |cx| homes::move_all(cx, team, &to)).await {
        Ok(moved) => {
            let were = if moved.accounts + moved.applications == 1 { "was" } else { "were" };
            let told = format!("{moved} {were} moved to {}.", fields.get("to").trim());
            if team.is_public() {
                portal.session.flash("good", told)?;
                return see_other("/teams/1/service-accounts");
            }
            portal.session.flash("good", format!("{told} The team can be deleted now."))?;
            see_other(format!("/teams/{team}/delete"))
        }
        Err(error) if errors::is_mendable(&error) || matches!(error, Error::Forbidden(_)) => {
            let found = portal.read(move |cx| {
                let (info, _) = teams::deleting(cx, team)?;
                Ok((Shell::of(cx)?, kept(cx, team, &info.team.name)?))
            });
            match found.await? {
                (shell, Some(kept)) => show((&portal, shell), team, kept, (&fields, Some(&error))),
                (_, None) => see_other(format!("/teams/{team}/delete")),
            }
        }
        Err(error) => Err(error.into()),
    }
}
