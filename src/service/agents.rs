//! One switch that stops all AI agents at once, and lets them go again as they were: nothing is written to their tokens.

use serde_json::json;

use super::app::Cx;
use super::settings::{UPDATE, get, target};
use crate::model::access::Place;
use crate::model::settings::{Agents, Settings};
use crate::model::{Error, Result};
use crate::store;

/// Whom the switch stops or has stopped.
///
/// # Errors
/// A refusal.
pub fn counts(cx: &mut Cx<'_, '_>) -> Result<Agents> {
    get(cx)?;
    store::settings::agents(cx.tx, cx.now)
}

/// Whom the caller is about to stop.
///
/// # Errors
/// A refusal.
pub fn stopping(cx: &mut Cx<'_, '_>) -> Result<Agents> {
    begin(cx, "agents.stop", None)?;
    store::settings::agents(cx.tx, cx.now)
}

/// Stops every AI agent: their tokens are refused from the next request on. It only takes away, so the permission is enough, and
/// no password is asked for.
///
/// # Errors
/// [`Error::Stale`] where somebody else changed the settings since `version`, or a refusal.
pub fn stop(cx: &mut Cx<'_, '_>, version: Option<i64>) -> Result<Settings> {
    let before = begin(cx, "agents.stop", version)?;
    if before.agents_stopped_at.is_some() {
        return Ok(before);
    }
    let whom = store::settings::agents(cx.tx, cx.now)?;
    let after = store::settings::stop_agents(cx.tx, cx.now)?;
    cx.done(target(), Some(json!({ "stopped": false })), Some(told(true, whom)))?;
    Ok(after)
}

/// Whom the caller is about to let go.
///
/// # Errors
/// A refusal.
pub fn resuming(cx: &mut Cx<'_, '_>) -> Result<Agents> {
    begin(cx, "agents.resume", None)?;
    let whom = store::settings::agents(cx.tx, cx.now)?;
    may_let_go(cx, whom)?;
    Ok(whom)
}

/// Lets the AI agents go again: what was good before is good again.
///
/// # Errors
/// [`Error::PasswordNeeded`], [`Error::Stale`] where somebody else changed the settings since `version`, or a refusal.
pub fn resume(cx: &mut Cx<'_, '_>, version: Option<i64>) -> Result<Settings> {
    let before = begin(cx, "agents.resume", version)?;
    let whom = store::settings::agents(cx.tx, cx.now)?;
    may_let_go(cx, whom)?;
    if before.agents_stopped_at.is_none() {
        return Ok(before);
    }
    cx.actor.typed_password_lately(cx.now)?;
    let after = store::settings::resume_agents(cx.tx, cx.now)?;
    cx.done(target(), Some(json!({ "stopped": true })), Some(told(false, whom)))?;
    Ok(after)
}

fn begin(cx: &mut Cx<'_, '_>, action: &'static str, version: Option<i64>) -> Result<Settings> {
    cx.attempt(action);
    cx.on(target());
    cx.actor.may(UPDATE, Place::Everywhere)?;
    let settings = store::settings::get(cx.tx)?;
    if version.is_some_and(|version| version != settings.version) {
        return Err(Error::Stale);
    }
    Ok(settings)
}

/// Rule 2: agents get back all that they can do, of which only an Admin holds everything; and a global-admin token is for Admins
/// to resume, never over REST.
fn may_let_go(cx: &Cx<'_, '_>, whom: Agents) -> Result<()> {
    if !cx.actor.is_admin() {
        return Err(Error::refused(
            "Only Admins let AI agents go again, since all that agents can do comes back. A token with scopes is no Admin.",
        ));
    }
    if cx.actor.token().is_some() && whom.global_admin > 0 {
        return Err(Error::refused(
            "An AI agent has a global-admin token, which would work again. Only Admins in the portal let them go then.",
        ));
    }
    Ok(())
}

fn told(stopped: bool, whom: Agents) -> serde_json::Value {
    json!({ "stopped": stopped, "agents": whom.accounts, "tokens": whom.tokens })
}
