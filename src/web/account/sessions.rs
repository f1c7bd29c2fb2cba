//! One's own sessions.

use askama::Template;
use time::OffsetDateTime;

use super::{Own, browser};
use crate::http::Portal;
use crate::model::Error;
use crate::model::ids::SessionId;
use crate::model::sessions;
use crate::service::sessions::{end_own, own};
use crate::web::view::{Tab, When, Who};
use crate::web::{Answer, Fields, Page, Shell, render, see_other};

#[derive(Template)]
#[template(path = "account/sessions.html")]
struct Sessions {
    page: Page,
    who: Who,
    tabs: Vec<Tab>,
    rows: Vec<Session>,
}

struct Session {
    id: SessionId,
    agent: String,
    address: String,
    started: When,
    seen: When,
    current: bool,
}

/// `GET /account/sessions`.
pub async fn list(portal: Portal) -> Answer {
    let (shell, frame, found, now) =
        portal.read(|cx| Ok((Shell::of(cx)?, Own::of(cx, "Sessions")?, own(cx)?, cx.now))).await?;
    let current = portal.session.row();
    let mut rows: Vec<_> = found.into_iter().map(|session| row(session, current, now)).collect();
    rows.sort_by_key(|row| !row.current);
    render(&Sessions { page: Page::of(&portal, shell, "", "Sessions"), who: frame.who, tabs: frame.tabs, rows })
}

fn row(session: sessions::Session, current: Option<SessionId>, now: OffsetDateTime) -> Session {
    Session {
        id: session.id,
        agent: browser::name(session.user_agent.as_deref()),
        address: session.address.unwrap_or_else(|| "unknown".into()),
        started: When::of(session.created_at, now),
        seen: When::of(session.last_seen_at, now),
        current: current == Some(session.id),
    }
}

/// `POST /account/sessions/end`.
pub async fn end(portal: Portal, fields: Fields) -> Answer {
    let id: SessionId = fields.parse("id").ok_or(Error::NotFound("session"))?;
    portal.write(move |cx| end_own(cx, Some(id))).await?;
    if portal.session.row() == Some(id) {
        portal.session.end();
        return see_other("/login?out=1");
    }
    portal.session.flash("good", "That session has ended.")?;
    see_other("/account/sessions")
}

/// `POST /account/sessions/end-others`.
pub async fn end_others(portal: Portal) -> Answer {
    portal.write(|cx| end_own(cx, None)).await?;
    portal.session.flash("good", "All your other sessions have ended.")?;
    see_other("/account/sessions")
}
