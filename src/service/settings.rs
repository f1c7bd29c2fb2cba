//! What administrators set for the whole portal.

use serde_json::json;

use super::app::{Cx, differences};
use crate::model::access::Place;
use crate::model::audit::Target;
use crate::model::permissions::{Action, Permission, PermissionSet, Resource};
use crate::model::settings::{Affected, Settings};
use crate::model::tokens::TokenPolicy;
use crate::model::{Error, Result};
use crate::store;

const READ: Permission = Permission::new(Resource::Settings, Action::Read);
pub(super) const UPDATE: Permission = Permission::new(Resource::Settings, Action::Update);

pub(super) fn target() -> Target {
    Target { kind: "settings", id: 1, name: "Settings".into() }
}

/// Whether the caller may see the settings.
pub fn may_see(cx: &Cx<'_, '_>) -> bool {
    cx.actor.can(READ, Place::Everywhere)
}

/// Whether the caller may change the settings.
pub fn may_change(cx: &Cx<'_, '_>) -> bool {
    cx.actor.can(UPDATE, Place::Everywhere)
}

/// The settings.
///
/// # Errors
/// A refusal.
pub fn get(cx: &mut Cx<'_, '_>) -> Result<Settings> {
    cx.attempt("settings.read");
    cx.on(target());
    cx.actor.may(READ, Place::Everywhere)?;
    store::settings::get(cx.tx)
}

/// Who manages service accounts without being an Admin, and so cannot while only Admins may.
///
/// # Errors
/// A refusal.
pub fn affected(cx: &mut Cx<'_, '_>) -> Result<Affected> {
    get(cx)?;
    let narrowed = narrowed();
    let roles = super::roles::all(cx)?.into_iter();
    let roles: Vec<_> =
        roles.filter(|role| !role.grants.permissions.and(narrowed).is_empty()).map(|role| role.id).collect();
    store::settings::affected(cx.tx, &roles, narrowed, cx.now)
}

/// The permissions that rule 8 takes from service accounts: making them, giving them teams, and what changes their tokens.
fn narrowed() -> PermissionSet {
    use Action::{Create, Delete, Update};
    let tokens = [Create, Update, Delete].map(|action| Permission::new(Resource::Tokens, action));
    let others = [Permission::new(Resource::ServiceAccounts, Create), Permission::new(Resource::Teams, Update)];
    tokens.into_iter().chain(others).collect()
}

/// Changes the settings, by what `change` makes of those in force. They count from the next request on.
///
/// # Errors
/// [`Error::Stale`] where somebody else changed them meanwhile, what is wrong with them, or a refusal.
pub fn update(cx: &mut Cx<'_, '_>, version: Option<i64>, change: impl FnOnce(&mut Settings)) -> Result<Settings> {
    cx.attempt("settings.update");
    cx.on(target());
    cx.actor.may(UPDATE, Place::Everywhere)?;
    let before = store::settings::get(cx.tx)?;
    if version.is_some_and(|version| version != before.version) {
        return Err(Error::Stale);
    }
    let mut wanted = before.clone();
    change(&mut wanted);
    wanted.check()?;
    if wanted == before {
        return Ok(before);
    }
    let after = store::settings::update(cx.tx, &wanted)?;
    let (was, is) = differences(told(&before), told(&after));
    cx.done(target(), was, is)?;
    Ok(after)
}

/// What is allowed of tokens: by the settings, and by what the program was started with, whichever is stricter.
///
/// # Errors
/// A fault.
pub fn token_policy(cx: &mut Cx<'_, '_>) -> Result<TokenPolicy> {
    let config = &cx.app.config;
    Ok(store::settings::get(cx.tx)?.tokens.within(config.token_max_days, config.token_allow_never))
}

fn told(settings: &Settings) -> serde_json::Value {
    let Settings { only_admins_manage_machines, tokens, agents_stopped_at: _, audit_keep_days, version: _ } = settings;
    json!({
        "only_administrators_manage_service_accounts": only_admins_manage_machines,
        "personal_tokens": tokens.personal_tokens,
        "personal_max_days": tokens.personal_max_days,
        "service_max_days": tokens.service_max_days,
        "agent_max_days": tokens.agent_max_days,
        "allow_never": tokens.allow_never,
        "default_days": tokens.default_days,
        "dormant_days": tokens.dormant_days,
        "audit_keep_days": audit_keep_days,
    })
}
