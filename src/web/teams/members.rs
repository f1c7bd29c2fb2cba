//! Who is in a team: people, and service accounts.

use std::collections::HashMap;

use actix_web::HttpRequest;
use askama::Template;

use super::TeamHead;
use crate::http::Portal;
use crate::model::ids::{TeamId, UserId};
use crate::model::page::{self, LISTED, PageRequest};
use crate::model::roles::TeamRole;
use crate::model::teams::MemberFilter;
use crate::model::users::{Kind, User};
use crate::model::{Error, Result};
use crate::service::{Cx, members, roles, teams, users};
use crate::web::confirm::{self, Confirm};
use crate::web::listing::{self, Place};
use crate::web::view::{Choice, Pager, Status, Who, count};
use crate::web::{Answer, Fields, Id, Ids, Page, Shell, render_judged, see_other};

#[derive(Template)]
#[template(path = "teams/members.html")]
struct Members {
    page: Page,
    /// Why nothing is listed: a filter that means nothing.
    error: Option<String>,
    /// The list without that filter.
    again: String,
    team: TeamHead,
    listed: Listed,
    services: bool,
    path: String,
    q: String,
    pager: Pager,
}

/// What a use case finds of it.
struct Listed {
    /// How many there are, where it is not searched.
    total: Option<i64>,
    rows: Vec<Member>,
    /// Everyone is in the team, and the person may not see everyone.
    hidden: bool,
    narrowed: bool,
    roles: Vec<Choice>,
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
    let place = Place::of(query);
    let (q, wanted) = (query.get("q").trim().to_owned(), query.get("role").trim().to_owned());
    let search = q.clone();
    let tab = if services { "Service Accounts" } else { "Members" };
    let found = portal.read(move |cx| {
        let info = teams::get(cx, id)?;
        let all = if services { info.machines } else { info.people };
        let known = roles::all(cx)?;
        let role = known.iter().find(|role| role.name == wanted).map(|role| role.id);
        let wrong = (role.is_none() && !wanted.is_empty()).then(|| no_role(&wanted, &known));
        let filter = MemberFilter { machines: Some(services), search, role };
        let (mut found, again) =
            place.find(PageRequest::first(LISTED), |request| members::page(cx, id, &filter, request))?;
        if wrong.is_some() {
            found = page::Page::empty();
        }
        let team = TeamHead::of(&info, teams::rights(cx, id), tab);
        let listed = Listed {
            total: all.filter(|_| !filter.is_narrowed()),
            rows: rows(cx, id, &found)?,
            hidden: !members::may_list(cx, id),
            narrowed: filter.is_narrowed(),
            roles: Choice::roles(&known, &wanted),
        };
        Ok((Shell::of(cx)?, team, listed, found, (again, wrong)))
    });
    let (shell, team, listed, found, (again, wrong)) = found.await?;
    let path = portal.path.split('?').next().unwrap_or_default();
    let summary = summary(listed.total, listed.rows.len(), services);
    let sent = if wrong.is_some() { vec!["q"] } else { vec!["q", "role"] };
    let sent = query.only(&sent);
    let template = Members {
        page: Page::of(portal, shell, "teams", team.name.clone()).begun_again(again),
        team,
        error: wrong.as_ref().map(listing::told),
        again: format!("{path}{}", crate::web::form::query(&sent)),
        pager: Pager::of(&found, summary, path, &sent),
        path: path.to_owned(),
        listed,
        services,
        q,
    };
    render_judged(wrong.as_ref(), &template)
}

fn no_role(wanted: &str, known: &[TeamRole]) -> Error {
    let names: Vec<_> = known.iter().map(|role| role.name.as_str()).collect();
    Error::field("role", format!("{wanted} is no role in a team. Choose one of {}.", names.join(", ")))
}

/// How many there are; of a search, and of `Public`, how many are shown.
fn summary(total: Option<i64>, shown: usize, services: bool) -> String {
    let n = total.unwrap_or_else(|| shown.try_into().unwrap_or_default());
    let what = match (n, services) {
        (1, false) => "member",
        (1, true) => "service account",
        (_, false) => "members",
        (_, true) => "service accounts",
    };
    format!("{} {what}{}", count(n), if total.is_none() { " on this page" } else { "" })
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
    let mut choices = Choice::roles(roles, role);
    if !roles.is_empty() && !choices.iter().any(|choice| choice.selected) {
        // The present role is shown as it is, though it would not be offered.
        choices.push(Choice::new(role, role, role));
    }
    let here = format!("/teams/{team}/members/{}", user.id);
    let see_tokens = user.kind != Kind::Person && users::rights(cx, user)?.see_tokens;
    Ok(Member {
        who: Who::of(user),
        role: role.to_owned(),
        may_edit: !roles.is_empty(),
        roles: choices,
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
    members::setting(cx, team, user)?;
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
