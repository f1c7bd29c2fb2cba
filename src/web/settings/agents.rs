//! The switch that stops all AI agents at once.

use actix_web::Route;
use actix_web::web::{get, post};
use time::OffsetDateTime;

use crate::http::Portal;
use crate::model::settings::{Agents, Settings};
use crate::model::{Error, Result};
use crate::service::{Cx, agents};
use crate::web::confirm::{self, Confirm};
use crate::web::tokens::pages::{confirm_password, keeps_form};
use crate::web::view::{Field, When, count};
use crate::web::{Answer, Fields, Page, Shell, see_other};

/// The card.
pub(super) struct AgentsCard {
    /// Since when they are stopped.
    pub stopped: Option<When>,
    /// `12 AI agents with 20 good tokens`.
    pub whom: String,
}

impl AgentsCard {
    pub fn new(kept: &Settings, whom: Agents, now: OffsetDateTime) -> Self {
        Self { stopped: kept.agents_stopped_at.map(|at| When::of(at, now)), whom: told(whom) }
    }
}

fn told(whom: Agents) -> String {
    let some = |n: i64, one: &str, many: &str| match n {
        0 => format!("no {one}"),
        1 => format!("1 {one}"),
        n => format!("{} {many}", count(n)),
    };
    let accounts = some(whom.accounts, "AI agent", "AI agents");
    format!("{accounts} with {}", some(whom.tokens, "good token", "good tokens"))
}

/// Which way the switch is thrown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// All stop.
    Stop,
    /// All go again.
    Resume,
}

impl Switch {
    fn path(self) -> &'static str {
        match self {
            Self::Stop => "/settings/agents/stop",
            Self::Resume => "/settings/agents/resume",
        }
    }

    fn button(self) -> &'static str {
        match self {
            Self::Stop => "Stop all AI agents",
            Self::Resume => "Let AI agents go again",
        }
    }
}

/// The route that asks first.
pub fn asking(switch: Switch) -> Route {
    get().to(move |portal: Portal| async move { ask(&portal, switch, None).await })
}

/// The route that throws the switch.
pub fn throwing(switch: Switch) -> Route {
    post().to(move |portal: Portal, fields: Fields| async move {
        match throw(&portal, switch, &fields).await {
            Ok(()) => {
                let told = match switch {
                    Switch::Stop => "All AI agents are stopped: their tokens are refused from now on.",
                    Switch::Resume => "AI agents go again: their tokens that were good before are good again.",
                };
                portal.session.flash("good", told)?;
                see_other("/settings")
            }
            Err(error) if keeps_form(&error) => ask(&portal, switch, Some(&error)).await,
            Err(error) => Err(error.into()),
        }
    })
}

async fn throw(portal: &Portal, switch: Switch, fields: &Fields) -> Result<()> {
    if switch == Switch::Resume {
        confirm_password(portal, fields.secret("password")).await?;
    }
    let thrown = portal.write(move |cx| match switch {
        Switch::Stop => agents::stop(cx, None),
        Switch::Resume => agents::resume(cx, None),
    });
    thrown.await.map(drop)
}

async fn ask(portal: &Portal, switch: Switch, refused: Option<&Error>) -> Answer {
    let (shell, asked) = portal.read(move |cx| Ok((Shell::of(cx)?, question(cx, switch)?))).await?;
    confirm::ask(Page::of(portal, shell, "settings", switch.button()), asked, refused)
}

fn question(cx: &mut Cx<'_, '_>, switch: Switch) -> Result<Confirm> {
    let about = match switch {
        Switch::Stop => Confirm {
            title: "Stop all AI agents?".into(),
            lead: "Nothing is revoked: letting them go again brings back exactly what was.".into(),
            losses: vec![
                format!("Refused from the next request on: {}.", told(agents::stopping(cx)?)),
                "So are agents and tokens made while they are stopped.".into(),
                "Service accounts and people go on. So do tokens that an agent made for them.".into(),
            ],
            danger: true,
            ..Confirm::default()
        },
        Switch::Resume => Confirm {
            title: "Let AI agents go again?".into(),
            lead: format!("Good again from the next request on: {}.", told(agents::resuming(cx)?)),
            losses: vec!["What was revoked, suspended or disabled, or has expired meanwhile, stays so.".into()],
            password: cx.actor.typed_password_lately(cx.now).is_err().then(|| Field::new("password", "")),
            ..Confirm::default()
        },
    };
    Ok(Confirm { action: switch.path().into(), button: switch.button().into(), cancel: "/settings".into(), ..about })
}
