//! What was done to a team, in it, and to what is at home in it.

use actix_web::HttpRequest;
use askama::Template;

use super::TeamHead;
use crate::http::Portal;
use crate::model::actor::Sight;
use crate::model::ids::TeamId;
use crate::model::page::{LISTED, PageRequest};
use crate::service::{audit, teams};
use crate::web::activity::{Entry, entries};
use crate::web::listing::Place;
use crate::web::view::Pager;
use crate::web::{Answer, Fields, Id, Page, Shell, render};

#[derive(Template)]
#[template(path = "teams/activity.html")]
struct Activity {
    page: Page,
    team: TeamHead,
    entries: Vec<Entry>,
    pager: Pager,
}

/// `GET /teams/{id}/activity`.
pub async fn list(portal: Portal, Id(id): Id<TeamId>, request: HttpRequest) -> Answer {
    let place = Place::of(&Fields::of_query(&request));
    let found = portal.read(move |cx| {
        let team = TeamHead::of(&teams::get(cx, id)?, teams::rights(cx, id), "Activity");
        let found = place.find(PageRequest::first(LISTED), |request| audit::of_team(cx, id, request))?;
        Ok((Shell::of(cx)?, team, found, cx.actor.sight() == Sight::All, cx.now))
    });
    let (shell, team, (found, again), sees_all, now) = found.await?;
    let summary = match found.items.len() {
        1 => "1 entry".to_owned(),
        n => format!("{n} entries"),
    };
    let pager = Pager::of(&found, summary, &format!("/teams/{id}/activity"), &[]);
    let mut entries = entries(found.items, now);
    if !sees_all {
        // Whoever acted may have a page that this person does not see.
        entries.iter_mut().filter_map(|entry| entry.who.as_mut()).for_each(|who| who.href.clear());
    }
    let title = format!("Activity of {}", team.name);
    let page = Page::of(&portal, shell, "teams", title).begun_again(again);
    render(&Activity { page, team, entries, pager })
}
