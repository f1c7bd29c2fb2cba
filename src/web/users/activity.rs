//! What a user did, and what was done to them.

use actix_web::HttpRequest;
use askama::Template;

use super::{UserHead, counted, home};
use crate::http::Portal;
use crate::model::actor::Sight;
use crate::model::ids::UserId;
use crate::model::page::{LISTED, PageRequest};
use crate::service::audit;
use crate::web::activity::{Entry, entries};
use crate::web::listing::Place;
use crate::web::view::Pager;
use crate::web::{Answer, Fields, Id, Page, Shell, render};

#[derive(Template)]
#[template(path = "users/activity.html")]
struct Activity {
    page: Page,
    head: UserHead,
    entries: Vec<Entry>,
    pager: Pager,
}

/// `GET /users/{id}/activity`.
pub async fn list(portal: Portal, Id(id): Id<UserId>, request: HttpRequest) -> Answer {
    let place = Place::of(&Fields::of_query(&request));
    let found = portal.read(move |cx| {
        let (.., head) = UserHead::find(cx, id, "Activity")?;
        let found = place.find(PageRequest::first(LISTED), |request| audit::of_user(cx, id, request))?;
        Ok((Shell::of(cx)?, head, found, cx.actor.sight() == Sight::All, cx.now))
    });
    let (shell, head, (found, again), sees_all, now) = found.await?;
    let summary = counted(found.items.len(), "entry", "entries");
    let pager = Pager::of(&found, summary, &format!("{}/activity", home(id)), &[]);
    let mut entries = entries(found.items, now);
    if !sees_all {
        // Their page may be one that this person does not see.
        let others = entries.iter_mut().filter_map(|entry| entry.who.as_mut());
        others.filter(|who| who.href != home(id)).for_each(|who| who.href.clear());
    }
    let title = format!("Activity of {}", head.who.name);
    let page = Page::of(&portal, shell, "users", title).begun_again(again);
    render(&Activity { page, head, entries, pager })
}
