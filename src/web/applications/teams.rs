//! Which teams may use an application.

use askama::Template;

use super::{AppHead, home};
use crate::http::Portal;
use crate::model::error::Problems;
use crate::model::ids::{ApplicationId, TeamId};
use crate::model::{Error, Result};
use crate::service::{Cx, applications};
use crate::web::confirm::{self, Confirm};
use crate::web::tokens::pages::keeps_form;
use crate::web::view::{Choice, Field, form_error};
use crate::web::{Answer, Fields, Id, Ids, Page, Shell, render_judged, see_other};

/// How many scopes a question names.
const NAMED: usize = 10;

#[derive(Template)]
#[template(path = "applications/teams.html")]
struct Teams {
    page: Page,
    head: AppHead,
    rows: Vec<TeamRow>,
    hidden: String,
    may_change: bool,
    add: Option<AddTeam>,
}

struct TeamRow {
    name: String,
    href: String,
    remove: String,
}

/// Giving another team access.
struct AddTeam {
    action: String,
    error: Option<String>,
    team: Field,
    teams: Vec<Choice>,
    typed: bool,
}

/// `GET /applications/{id}/teams`.
pub async fn page(portal: Portal, Id(id): Id<ApplicationId>) -> Answer {
    again(&portal, id, &Fields::default(), None).await
}

async fn again(portal: &Portal, id: ApplicationId, fields: &Fields, error: Option<&Error>) -> Answer {
    let found = portal.read(move |cx| {
        let (info, rights, head) = AppHead::find(cx, id, "Teams")?;
        let offer = if rights.update { Some(applications::to_open(cx, id)?) } else { None };
        Ok((Shell::of(cx)?, info, head, offer))
    });
    let (shell, info, head, offer) = found.await?;
    let may_change = offer.is_some();
    let row = |(team, name): (TeamId, String)| TeamRow {
        name,
        href: format!("/teams/{team}"),
        remove: if may_change { format!("{}/teams/{team}/remove", home(id)) } else { String::new() },
    };
    let teams = Teams {
        page: Page::of(portal, shell, "applications", format!("Teams of {}", head.name)),
        hidden: match info.hidden_teams {
            0 => String::new(),
            1 => "1 team more has access, which you may not see.".into(),
            n => format!("{n} teams more have access, which you may not see."),
        },
        rows: info.teams.into_iter().map(row).collect(),
        add: offer.filter(|(names, more)| *more || !names.is_empty()).map(|offer| add_form(id, offer, fields, error)),
        may_change,
        head,
    };
    render_judged(error, &teams)
}

fn add_form(id: ApplicationId, (names, typed): (Vec<String>, bool), fields: &Fields, error: Option<&Error>) -> AddTeam {
    let chosen = fields.get("team");
    let none = (!typed).then(|| Choice::new("", "Choose a team", chosen));
    AddTeam {
        action: format!("{}/teams", home(id)),
        error: error.map(|error| form_error(error, &["team"])),
        team: Field::new("team", chosen).judged(error),
        teams: none.into_iter().chain(names.iter().map(|name| Choice::new(name, name, chosen))).collect(),
        typed,
    }
}

/// `POST /applications/{id}/teams`.
pub async fn add(portal: Portal, Id(id): Id<ApplicationId>, fields: Fields) -> Answer {
    let name = fields.get("team").to_owned();
    match portal.write(move |cx| opened(cx, id, &name)).await {
        Ok(name) => {
            let told = format!("{name} has access. Its members' tokens use the scopes that their roles there reach.");
            portal.session.flash("good", told)?;
            see_other(format!("{}/teams", home(id)))
        }
        Err(error) if keeps_form(&error) => again(&portal, id, &fields, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

fn opened(cx: &mut Cx<'_, '_>, id: ApplicationId, name: &str) -> Result<String> {
    applications::opening(cx, id)?;
    let mut problems = Problems::default();
    let team = applications::named(cx, "team", name)?;
    if team.is_none() {
        problems.add("team", "Choose the team that is to have access.");
    }
    problems.check()?;
    applications::open(cx, id, team.unwrap_or(TeamId::PUBLIC))?;
    Ok(name.trim().to_owned())
}

/// `GET /applications/{id}/teams/{team}/remove`.
pub async fn ask_remove(portal: Portal, Ids(id, team): Ids<ApplicationId, TeamId>) -> Answer {
    let found = portal.read(move |cx| {
        let (application, team) = applications::closing(cx, id, team)?;
        Ok((Shell::of(cx)?, application, team, applications::get(cx, id)?.scopes))
    });
    let (shell, application, team, scopes) = found.await?;
    let mut losses: Vec<_> = scopes.iter().take(NAMED).map(|scope| scope.of(&application).to_string()).collect();
    if scopes.len() > NAMED {
        losses.push(format!("and {} scopes more", scopes.len() - NAMED));
    }
    let (name, team_name) = (&application.name, &team.name);
    let asked = Confirm {
        title: format!("Withdraw the access of {team_name}?"),
        lead: format!(
            "From the next check on, members of {team_name} use {name} only through other teams that have access. Their tokens keep \
             its scopes, which have no effect until a team gives them access again{}",
            if losses.is_empty() { "." } else { ":" }
        ),
        losses,
        action: format!("{}/teams/{}/remove", home(id), team.id),
        button: "Withdraw access".into(),
        danger: true,
        cancel: format!("{}/teams", home(id)),
        ..Confirm::default()
    };
    confirm::ask(Page::of(&portal, shell, "applications", asked.title.clone()), asked, None)
}

/// `POST /applications/{id}/teams/{team}/remove`.
pub async fn remove(portal: Portal, Ids(id, team): Ids<ApplicationId, TeamId>) -> Answer {
    let closed = portal.write(move |cx| {
        let (_, team) = applications::closing(cx, id, team)?;
        applications::close(cx, id, team.id)?;
        Ok(team.name)
    });
    let name = closed.await?;
    portal.session.flash("good", format!("{name} has no access any more."))?;
    see_other(format!("{}/teams", home(id)))
}
