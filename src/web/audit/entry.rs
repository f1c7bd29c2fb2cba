//! One entry, with all that is known of it.

use askama::Template;
use time::macros::format_description;

use crate::http::Portal;
use crate::model::actor::Sight;
use crate::model::audit;
use crate::model::ids::{ApplicationId, RoleId, TeamId, UserId};
use crate::model::users::Kind;
use crate::model::{Error, Result};
use crate::service::audit::{entry, same_request};
use crate::service::{Cx, applications, roles, settings, teams, users};
use crate::web::activity::{self, Delta, Entry};
use crate::web::form::query;
use crate::web::{Answer, Id, Page, Shell, render};

#[derive(Template)]
#[template(path = "audit/entry.html")]
struct One {
    page: Page,
    seq: i64,
    entry: Entry,
    action: String,
    /// To the second.
    exact: String,
    user_agent: String,
    request_id: String,
    by_actor: String,
    token: Option<Thing>,
    target: Option<Thing>,
    fields: Vec<Delta>,
    others: Vec<Entry>,
}

/// What an entry names, with the way to it and to what else the log has of it.
struct Thing {
    kind: &'static str,
    name: String,
    service: bool,
    agent: bool,
    href: String,
    filter: String,
}

/// `GET /audit/{seq}`.
pub async fn page(portal: Portal, Id(seq): Id<i64>) -> Answer {
    let found = portal.read(move |cx| {
        let found = entry(cx, seq)?;
        let others = same_request(cx, &found)?;
        let target = target(cx, &found)?;
        let actor_is_there = found.actor_id.is_some_and(|id| users::get(cx, UserId(id)).is_ok());
        Ok((Shell::of(cx)?, found, others, target, (actor_is_there, cx.actor.sight() == Sight::All), cx.now))
    });
    let (shell, found, others, target, (actor_is_there, sees_all), now) = found.await?;
    let links: Vec<_> = others.iter().map(|other| format!("/audit/{}", other.seq)).collect();
    let mut others = activity::entries(others, now);
    for (line, link) in others.iter_mut().zip(links) {
        line.href = link;
        line.who.iter_mut().filter(|_| !sees_all).for_each(|who| who.href.clear());
    }
    let second = format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute]:[second] UTC");
    let by_actor = found.actor_id.map(|id| filter(&[("actor", &id.to_string())]));
    let template = One {
        page: Page::of(&portal, shell, "audit", format!("Audit entry {seq}")),
        seq,
        exact: found.time().format(second).unwrap_or_default(),
        by_actor: by_actor.unwrap_or_default(),
        token: token(&found, actor_is_there),
        target,
        fields: activity::fields(found.before.as_deref(), found.after.as_deref()),
        action: found.action.clone(),
        user_agent: found.user_agent.clone().unwrap_or_default(),
        request_id: found.request_id.clone().unwrap_or_default(),
        entry: line(found, actor_is_there, now),
        others,
    };
    render(&template)
}

fn line(found: audit::Entry, actor_is_there: bool, now: time::OffsetDateTime) -> Entry {
    let mut line = activity::entry(found, now);
    line.who.iter_mut().filter(|_| !actor_is_there).for_each(|who| who.href.clear());
    line
}

/// The list with these filters.
fn filter(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    format!("/audit{}", query(&pairs))
}

fn token(entry: &audit::Entry, actor_is_there: bool) -> Option<Thing> {
    let id = entry.token_id?;
    let account = entry.actor_id.filter(|_| actor_is_there);
    Some(Thing {
        kind: "Token",
        name: entry.token_name.clone().unwrap_or_else(|| format!("token {id}")),
        service: false,
        agent: false,
        href: account.map(|account| format!("/users/{account}/tokens/{id}")).unwrap_or_default(),
        filter: filter(&[("token", &id.to_string())]),
    })
}

fn target(cx: &mut Cx<'_, '_>, entry: &audit::Entry) -> Result<Option<Thing>> {
    let Some(slug) = &entry.target_kind else { return Ok(None) };
    let id = entry.target_id.unwrap_or_default();
    let account = Kind::from_slug(slug);
    let (kind, home, there) = match (account, slug.as_str()) {
        (Some(Kind::Person), _) => ("Person", "/users", users::get(cx, UserId(id)).map(drop)),
        (Some(Kind::Service), _) => ("Service account", "/users", users::get(cx, UserId(id)).map(drop)),
        (Some(Kind::Agent), _) => ("AI agent", "/users", users::get(cx, UserId(id)).map(drop)),
        (_, "team") => ("Team", "/teams", teams::get(cx, TeamId(id)).map(drop)),
        (_, "application") => ("Application", "/applications", applications::find(cx, ApplicationId(id)).map(drop)),
        (_, "role") => ("Role", "/roles", roles::get(cx, RoleId(id)).map(drop)),
        (_, "settings") => ("Settings", "/settings", settings::get(cx).map(drop)),
        _ => ("Other", "", Err(Error::NotFound("page"))),
    };
    let href = match there {
        Ok(()) if home == "/settings" => home.to_owned(),
        Ok(()) => format!("{home}/{id}"),
        Err(Error::NotFound(_) | Error::Forbidden(_)) => String::new(),
        Err(error) => return Err(error),
    };
    let name = entry.target_name.clone().unwrap_or_else(|| format!("{slug} {id}"));
    // What was never made has no id to be found by.
    let by = if id > 0 { id.to_string() } else { name.clone() };
    let (service, agent) = (account == Some(Kind::Service), account == Some(Kind::Agent));
    // An account may have been turned into one of another kind.
    let filter =
        if account.is_some() { filter(&[("target", &by)]) } else { filter(&[("target_kind", slug), ("target", &by)]) };
    Ok(Some(Thing { kind, name, service, agent, href, filter }))
}
