//! What one did, and what was done to one's account.

use actix_web::HttpRequest;
use askama::Template;

use super::Own;
use crate::http::Portal;
use crate::model::actor::Sight;
use crate::model::page::{LISTED, PageRequest};
use crate::service::{account, audit};
use crate::web::activity::{Entry, entries};
use crate::web::listing::Place;
use crate::web::view::{Pager, Tab, Who};
use crate::web::{Answer, Fields, Page, Shell, render};

#[derive(Template)]
#[template(path = "account/activity.html")]
struct Activity {
    page: Page,
    who: Who,
    tabs: Vec<Tab>,
    entries: Vec<Entry>,
    pager: Pager,
}

/// `GET /account/activity`.
pub async fn list(portal: Portal, request: HttpRequest) -> Answer {
    let place = Place::of(&Fields::of_query(&request));
    let (shell, own, (found, again), sees_all, now) = portal
        .read(move |cx| {
            let own = Own::of(cx, "Activity")?;
            let id = account::own(cx)?.id;
            let found = place.find(PageRequest::first(LISTED), |request| audit::of_user(cx, id, request))?;
            Ok((Shell::of(cx)?, own, found, cx.actor.sight() == Sight::All, cx.now))
        })
        .await?;
    let pager = Pager::of(&found, format!("{} entries", found.items.len()), "/account/activity", &[]);
    let mut entries = entries(found.items, now);
    if !sees_all {
        // Their page may be one that this person does not see.
        entries.iter_mut().filter_map(|entry| entry.who.as_mut()).for_each(|who| who.href.clear());
    }
    let page = Page::of(&portal, shell, "", "Activity").begun_again(again);
    render(&Activity { page, who: own.who, tabs: own.tabs, entries, pager })
}
