//! Settings of the whole portal: one page, with a card and a form for each subject.

pub mod agents;
pub mod audit;
pub mod machines;
pub mod tokens;

use actix_web::http::StatusCode;
use askama::Template;

use self::agents::AgentsCard;
use self::audit::AuditCard;
use self::machines::MachinesCard;
use self::tokens::TokensCard;
use crate::http::Portal;
use crate::model::Error;
use crate::service::settings;
use crate::web::view::form_error;
use crate::web::{Answer, Fields, Page, Shell, errors, render_as};

#[derive(Template)]
#[template(path = "settings/index.html")]
struct Index {
    page: Page,
    may_change: bool,
    version: i64,
    machines: MachinesCard,
    agents: AgentsCard,
    tokens: TokensCard,
    audit: AuditCard,
}

/// A subject.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Card {
    Machines,
    Tokens,
    Audit,
}

/// A form that came back, with what was typed and why.
#[derive(Clone, Copy)]
struct Back<'a> {
    card: Card,
    typed: &'a Fields,
    error: &'a Error,
}

impl<'a> Back<'a> {
    /// What was typed in the form of `card`.
    fn of(back: Option<Self>, card: Card) -> Option<Self> {
        back.filter(|back| back.card == card)
    }

    /// What stands above the form. `shown` are the fields beside which errors stand.
    fn told(&self, shown: &[&str]) -> String {
        match self.error {
            Error::Stale => "Not saved: somebody else changed the settings while this page was open. They are shown as they are now, with what you had chosen.".into(),
            other => form_error(other, shown),
        }
    }
}

/// `GET /settings`.
pub async fn page(portal: Portal) -> Answer {
    form(&portal, None).await
}

async fn form(portal: &Portal, back: Option<Back<'_>>) -> Answer {
    let found = portal.read(|cx| {
        let kept = settings::get(cx)?;
        let policy = settings::token_policy(cx)?;
        let may_change = settings::may_change(cx);
        let breaking = if may_change { crate::service::tokens::capping(cx)? } else { 0 };
        let agents = AgentsCard::new(&kept, crate::service::agents::counts(cx)?, cx.now);
        let affected = settings::affected(cx)?;
        Ok((Shell::of(cx)?, (kept, policy), (affected, agents, breaking), may_change))
    });
    let (shell, (kept, policy), (affected, agents, breaking), may_change) = found.await?;
    let template = Index {
        page: Page::of(portal, shell, "settings", "Settings"),
        may_change,
        version: kept.version,
        machines: MachinesCard::new(&kept, &affected, Back::of(back, Card::Machines)),
        agents,
        tokens: TokensCard::new((&kept.tokens, &policy), breaking, Back::of(back, Card::Tokens)),
        audit: AuditCard::new(&kept, Back::of(back, Card::Audit)),
    };
    render_as(back.map_or(StatusCode::OK, |back| errors::status(back.error)), &template)
}

/// What came of a form: told on the page, or the form again.
async fn answer(portal: Portal, card: Card, typed: &Fields, saved: Result<String, Error>) -> Answer {
    match saved {
        Ok(told) => {
            portal.session.flash("good", told)?;
            crate::web::see_other("/settings")
        }
        Err(error) if errors::is_mendable(&error) => form(&portal, Some(Back { card, typed, error: &error })).await,
        Err(error) => Err(error.into()),
    }
}

/// The version that a form stands on: one without it is treated as out of date.
fn version(fields: &Fields) -> Option<i64> {
    Some(fields.parse("version").unwrap_or(0))
}
