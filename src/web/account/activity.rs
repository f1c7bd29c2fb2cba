//! What one did, and what was done to one's account.

use actix_web::HttpRequest;
use askama::Template;

use super::Own;
use crate::http::Portal;
use crate::model::actor::Sight;
use crate::model::page::{Cursor, PageRequest};
use crate::service::{account, audit};
use crate::web::activity::{Entry, entries};
use crate::web::view::{Pager, Tab, Who};
use crate::web::{Answer, Fields, Page, Shell, render};

/// How many entries a page lists.
const LISTED: i64 = 50;

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
    let query = Fields::of_query(&request);
    let cursor = query.get("cursor");
    let cursor = (!cursor.is_empty()).then(|| Cursor::decode(cursor)).transpose()?;
    let asked = PageRequest { cursor, ..PageRequest::first(LISTED) };
    let (shell, own, found, sees_all, now) = portal
        .read(move |cx| {
            let own = Own::of(cx, "Activity")?;
            let id = account::own(cx)?.id;
            let found = audit::of_user(cx, id, &asked)?;
            Ok((Shell::of(cx)?, own, found, cx.actor.sight() == Sight::All, cx.now))
        })
        .await?;
    let pager = Pager::of(&found, format!("{} entries", found.items.len()), "/account/activity", &[]);
    let mut entries = entries(found.items, now);
    if !sees_all {
        // Their page may be one that this person does not see.
        entries.iter_mut().filter_map(|entry| entry.who.as_mut()).for_each(|who| who.href.clear());
    }
    render(&Activity { page: Page::of(&portal, shell, "", "Activity"), who: own.who, tabs: own.tabs, entries, pager })
}
