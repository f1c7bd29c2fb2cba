//! A user's teams, and the roles in them.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use askama::Template;

use super::{UserHead, home};
use crate::http::Portal;
use crate::model::ids::{TeamId, UserId};
use crate::model::roles::TeamRole;
use crate::model::teams::Membership;
use crate::model::users::Kind;
use crate::model::{Error, Result};
use crate::service::choices::{self, TeamOffer};
use crate::service::users::UserInfo;
use crate::service::{Cx, members, roles, users};
use crate::web::confirm::{self, Confirm};
use crate::web::tokens::pages::keeps_form;
use crate::web::view::{Choice, Field, form_error};
use crate::web::{Answer, Fields, Id, Ids, Page, Shell, errors, render_as, see_other};

#[derive(Template)]
#[template(path = "users/teams.html")]
struct Teams {
    page: Page,
    head: UserHead,
    error: Option<String>,
    rows: Vec<TeamRow>,
    add: Option<AddTeam>,
}

struct TeamRow {
    name: String,
    href: String,
    public: bool,
    home: bool,
    role: String,
    roles: Vec<Choice>,
    action: String,
    remove: String,
    may_edit: bool,
}

struct AddTeam {
    action: String,
    team: Field,
    teams: Vec<Choice>,
    typed: bool,
    role: Field,
    roles: Vec<Choice>,
}

/// What the page is made of.
struct Known {
    info: UserInfo,
    head: UserHead,
    /// The roles that may be given in each team.
    given: HashMap<TeamId, Vec<TeamRole>>,
    offers: Vec<TeamOffer>,
    /// Whether there are more teams than these.
    more: bool,
}

impl Known {
    fn find(cx: &mut Cx<'_, '_>, id: UserId) -> Result<Self> {
        let (info, rights, head) = UserHead::find(cx, id, "Teams")?;
        let (mut offers, more) = match rights.assign {
            true => choices::some_teams(cx, info.user.kind != Kind::Person)?,
            false => (Vec::new(), false),
        };
        offers.retain(|offer| !info.teams.iter().any(|team| team.team == offer.team.id));
        let all = info.teams.iter().map(|team| team.team).chain(offers.iter().map(|offer| offer.team.id));
        let given = members::grantable_in(cx, all.collect::<Vec<_>>(), &info.user)?;
        offers.retain(|offer| !given[&offer.team.id].is_empty());
        Ok(Self { info, head, given, offers, more })
    }

    fn rows(&self) -> Vec<TeamRow> {
        let user = &self.info.user;
        let row = |team: TeamId, name: &str, role: &str, roles: Vec<Choice>| TeamRow {
            name: name.to_owned(),
            href: format!("/teams/{team}"),
            public: team.is_public(),
            home: user.home_team == Some(team),
            role: role.to_owned(),
            may_edit: !roles.is_empty(),
            roles,
            action: format!("{}/teams/{team}", home(user.id)),
            remove: format!("{}/teams/{team}/remove", home(user.id)),
        };
        let others = self.info.teams.iter().map(|membership| {
            let mut roles = self.given.get(&membership.team).cloned().unwrap_or_default();
            if !roles.is_empty() && !roles.iter().any(|role| role.id == membership.role) {
                roles.push(present(membership));
            }
            let roles = Choice::roles(&roles, &membership.role_name);
            row(membership.team, &membership.team_name, &membership.role_name, roles)
        });
        std::iter::once(row(TeamId::PUBLIC, "Public", "", Vec::new())).chain(others).collect()
    }

    fn add(&self, fields: &Fields, error: Option<&Error>) -> Option<AddTeam> {
        let user = &self.info.user;
        let (team, role) = (fields.get("team"), fields.get("role"));
        let mut roles: Vec<TeamRole> = Vec::new();
        for offered in self.offers.iter().flat_map(|offer| &self.given[&offer.team.id]) {
            if !roles.contains(offered) {
                roles.push(offered.clone());
            }
        }
        (!self.offers.is_empty()).then(|| AddTeam {
            action: format!("{}/teams", home(user.id)),
            team: Field::new("team", team).judged(error),
            teams: self.offers.iter().map(|offer| Choice::new(&offer.team.name, &offer.team.name, team)).collect(),
            typed: self.more,
            role: Field::new("role", role).judged(error),
            roles: Choice::roles(&roles, role),
        })
    }
}

/// The role that a membership has, for a list in which it would not be offered.
fn present(membership: &Membership) -> TeamRole {
    TeamRole {
        id: membership.role,
        name: membership.role_name.clone(),
        description: String::new(),
        grants: membership.grants,
        version: 0,
    }
}

/// `GET /users/{id}/teams`.
pub async fn page(portal: Portal, Id(id): Id<UserId>) -> Answer {
    again(&portal, id, &Fields::default(), None).await
}

async fn again(portal: &Portal, id: UserId, fields: &Fields, error: Option<&Error>) -> Answer {
    let (shell, known) = portal.read(move |cx| Ok((Shell::of(cx)?, Known::find(cx, id)?))).await?;
    let title = format!("Teams of {}", known.head.who.name);
    let teams = Teams {
        page: Page::of(portal, shell, "users", title),
        error: error.map(|error| form_error(error, &["team", "role"])),
        rows: known.rows(),
        add: known.add(fields, error),
        head: known.head,
    };
    render_as(error.map_or(StatusCode::OK, errors::status), &teams)
}

/// `POST /users/{id}/teams`: adds the user to the team of this name.
pub async fn add(portal: Portal, Id(id): Id<UserId>, fields: Fields) -> Answer {
    let name = fields.get("team").trim().to_owned();
    set(&portal, id, fields, move |cx| members::team_for(cx, id, &name)).await
}

/// `POST /users/{id}/teams/{team}`: changes the role there.
pub async fn change(portal: Portal, Ids(id, team): Ids<UserId, TeamId>, fields: Fields) -> Answer {
    set(&portal, id, fields, move |_| Ok(team)).await
}

async fn set(
    portal: &Portal,
    id: UserId,
    fields: Fields,
    team: impl FnOnce(&mut Cx<'_, '_>) -> Result<TeamId> + Send + 'static,
) -> Answer {
    let role = fields.get("role").to_owned();
    let done = portal.write(move |cx| {
        let team = team(cx)?;
        members::setting(cx, team, id)?;
        let chosen = roles::named(cx, "role", &role)?;
        members::set(cx, team, id, chosen)?;
        let known = crate::service::teams::names(cx, [team])?;
        Ok((known.into_values().next().unwrap_or_default(), role))
    });
    match done.await {
        Ok((team, role)) => {
            portal.session.flash("good", format!("The role in {team} is now {role}."))?;
            see_other(format!("{}/teams", home(id)))
        }
        Err(error) if keeps_form(&error) => again(portal, id, &fields, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

/// `GET /users/{id}/teams/{team}/remove`.
pub async fn ask_remove(portal: Portal, Ids(id, team): Ids<UserId, TeamId>) -> Answer {
    let (shell, ending) = portal.read(move |cx| Ok((Shell::of(cx)?, members::ending(cx, team, id)?))).await?;
    let (name, role) = (&ending.team.name, &ending.role);
    let mut losses = vec![format!("It loses what {role} of {name} gives, and so do its tokens, at the next request.")];
    if ending.last && ending.user.kind != Kind::Person {
        losses.push("It is its only team besides Public: without one the account can do nothing.".into());
    }
    if ending.user.home_team == Some(team) {
        losses.push(format!("{name} stays its home team: its people go on managing it."));
    }
    let asked = Confirm {
        title: format!("Remove {} from {name}?", ending.user.display_name),
        lead: "It can be added again at any time.".into(),
        losses,
        action: format!("{}/teams/{team}/remove", home(id)),
        button: "Remove".into(),
        danger: true,
        cancel: format!("{}/teams", home(id)),
        ..Confirm::default()
    };
    confirm::ask(Page::of(&portal, shell, "users", asked.title.clone()), asked, None)
}

/// `POST /users/{id}/teams/{team}/remove`. Whoever does not see the user any more is led to the list.
pub async fn remove(portal: Portal, Ids(id, team): Ids<UserId, TeamId>) -> Answer {
    let done = portal.write(move |cx| {
        let ending = members::ending(cx, team, id)?;
        members::remove(cx, team, id)?;
        Ok((ending, users::get(cx, id).is_ok()))
    });
    let (ending, seen) = done.await?;
    let told = format!("{} was removed from {}.", ending.user.display_name, ending.team.name);
    portal.session.flash("good", told)?;
    see_other(if seen { format!("{}/teams", home(id)) } else { "/users".into() })
}
