//! Who is in a team: people, and service accounts.

use std::collections::HashMap;

use actix_web::HttpRequest;
use askama::Template;

use super::TeamHead;
use super::list::page_request;
use crate::http::Portal;
use crate::model::ids::{TeamId, UserId};
use crate::model::roles::TeamRole;
use crate::model::users::{Kind, User};
use crate::model::{Result, page};
use crate::service::{Cx, members, roles, teams, users};
use crate::web::confirm::{self, Confirm};
use crate::web::view::{Choice, Pager, Status, Who, count};
use crate::web::{Answer, Fields, Id, Ids, Page, Shell, render, see_other};

#[derive(Template)]
#[template(path = "teams/members.html")]
struct Members {
    page: Page,
    team: TeamHead,
    services: bool,
    rows: Vec<Member>,
    pager: Pager,
    hidden: bool,
}

struct Member {
    who: Who,
    role: String,
    roles: Vec<Choice>,
    action: String,
    remove: String,
    may_edit: bool,
    home: bool,
    tokens: String,
    status: Status,
}

/// `GET /teams/{id}`: people.
pub async fn people(portal: Portal, Id(team): Id<TeamId>, request: HttpRequest) -> Answer {
    list(&portal, team, false, &Fields::of_query(&request)).await
}

/// `GET /teams/{id}/service-accounts`.
pub async fn services(portal: Portal, Id(team): Id<TeamId>, request: HttpRequest) -> Answer {
    list(&portal, team, true, &Fields::of_query(&request)).await
}

async fn list(portal: &Portal, id: TeamId, services: bool, query: &Fields) -> Answer {
    let asked = page_request(query)?;
    let tab = if services { "Service Accounts" } else { "Members" };
    let (shell, team, all, found, rows, hidden) = portal
        .read(move |cx| {
            let info = teams::get(cx, id)?;
            let all = if services { info.machines } else { info.people };
            let team = TeamHead::of(&info, teams::rights(cx, id), tab);
            let found = members::page(cx, id, services, &asked)?;
            let rows = rows(cx, id, &found)?;
            Ok((Shell::of(cx)?, team, all, found, rows, !members::may_list(cx, id)))
        })
        .await?;
    let path = portal.path.split('?').next().unwrap_or_default();
    let summary = summary(all.unwrap_or_else(|| rows.len().try_into().unwrap_or_default()), services);
    render(&Members {
        page: Page::of(portal, shell, "teams", team.name.clone()),
        pager: Pager::of(&found, summary, path, &[]),
        team,
        services,
        rows,
        hidden,
    })
}

fn summary(n: i64, services: bool) -> String {
    let what = match (n, services) {
        (1, false) => "member",
        (1, true) => "service account",
        (_, false) => "members",
        (_, true) => "service accounts",
    };
    format!("{} {what}", count(n))
}

fn rows(cx: &mut Cx<'_, '_>, team: TeamId, found: &page::Page<members::Member>) -> Result<Vec<Member>> {
    let accounts: Vec<_> = found.items.iter().map(|member| member.user.clone()).collect();
    let roles = members::grantable(cx, team, &accounts)?;
    found.items.iter().map(|member| row(cx, team, member, &roles)).collect()
}

fn row(
    cx: &mut Cx<'_, '_>,
    team: TeamId,
    member: &members::Member,
    roles: &HashMap<UserId, Vec<TeamRole>>,
) -> Result<Member> {
    let user = &member.user;
    let role = member.role.as_deref().unwrap_or_default();
    let roles = roles.get(&user.id).map(Vec::as_slice).unwrap_or_default();
    let here = format!("/teams/{team}/members/{}", user.id);
    let see_tokens = user.kind != Kind::Person && users::rights(cx, user)?.see_tokens;
    Ok(Member {
        who: Who::of(user),
        role: role.to_owned(),
        may_edit: !roles.is_empty(),
        roles: Choice::roles(roles, role),
        action: format!("{here}/role"),
        remove: format!("{here}/remove"),
        home: user.home_team == Some(team) && !team.is_public(),
        tokens: if see_tokens { format!("/users/{}/tokens", user.id) } else { String::new() },
        status: member.state.into(),
    })
}

/// `POST /teams/{id}/members/{user}/role`.
pub async fn change_role(portal: Portal, Ids(team, user): Ids<TeamId, UserId>, fields: Fields) -> Answer {
    let role = fields.get("role").to_owned();
    let (member, role) = portal.write(move |cx| given(cx, team, user, &role)).await?;
    portal.session.flash("good", format!("{} is {role} in this team now.", member.display_name))?;
    see_other(tab(team, member.kind))
}

/// Gives a user the role of this name, and tells what is to be said of it.
pub(super) fn given(cx: &mut Cx<'_, '_>, team: TeamId, user: UserId, role: &str) -> Result<(User, String)> {
    let chosen = roles::named(cx, "role", role)?;
    members::set(cx, team, user, chosen)?;
    Ok((users::get(cx, user)?.user, role.to_owned()))
}

/// The tab on which a member of this kind stands.
pub(super) fn tab(team: TeamId, kind: Kind) -> String {
    match kind {
        Kind::Person => format!("/teams/{team}"),
        Kind::Service | Kind::Agent => format!("/teams/{team}/service-accounts"),
    }
}

/// `GET /teams/{id}/members/{user}/remove`.
pub async fn ask_remove(portal: Portal, Ids(team, user): Ids<TeamId, UserId>) -> Answer {
    let (shell, ending) = portal.read(move |cx| Ok((Shell::of(cx)?, members::ending(cx, team, user)?))).await?;
    let name = &ending.user.display_name;
    let mut losses = vec![format!("The role {} in {}, and all that it allows", ending.role, ending.team.name)];
    if ending.last && ending.user.kind != Kind::Person {
        losses.push("Every access of its tokens: it is in no other team besides Public".into());
    }
    let question = Confirm {
        title: format!("Remove {name} from {}?", ending.team.name),
        lead: format!("{name} stays a user, and can be added again. What is lost:"),
        losses,
        action: format!("/teams/{team}/members/{user}/remove"),
        button: "Remove from team".into(),
        danger: true,
        cancel: tab(team, ending.user.kind),
        ..Confirm::default()
    };
    confirm::ask(Page::of(&portal, shell, "teams", "Remove from team"), question, None)
}

/// `POST /teams/{id}/members/{user}/remove`.
pub async fn remove(portal: Portal, Ids(team, user): Ids<TeamId, UserId>) -> Answer {
    let ended = portal
        .write(move |cx| {
            let ending = members::ending(cx, team, user)?;
            members::remove(cx, team, user)?;
            Ok(ending)
        })
        .await?;
    let told = format!("{} is no longer in {}.", ended.user.display_name, ended.team.name);
    portal.session.flash("good", told)?;
    see_other(tab(team, ended.user.kind))
}
