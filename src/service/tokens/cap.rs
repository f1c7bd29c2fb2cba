//! Bringing the tokens that are there under a policy that became stricter.

use serde_json::json;
use time::OffsetDateTime;

use super::moment;
use crate::model::access::Place;
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::tokens::TokenType;
use crate::model::{Error, Result};
use crate::service::app::{Cx, account};
use crate::service::settings;
use crate::store;

/// How many are capped in one transaction.
const BATCH: i64 = 200;

/// How many tokens break the policy, counted up to one more than the cap of counts; none where the caller may not cap them.
///
/// # Errors
/// A refusal.
pub fn capping(cx: &mut Cx<'_, '_>) -> Result<i64> {
    cx.attempt("token.cap");
    cx.actor.may(Permission::new(Resource::Settings, Action::Update), Place::Everywhere)?;
    if !cx.actor.is_admin() {
        return Err(Error::refused("Tokens of Admins may be among them, and only Admins act on Admins."));
    }
    let policy = settings::token_policy(cx)?;
    store::tokens::count_breaking(cx.tx, &policy, cx.now)
}

/// What was done to the tokens that broke the policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capped {
    /// How many end earlier now.
    pub shortened: usize,
    /// How many were revoked, since there may be none of their type.
    pub revoked: usize,
    /// Whether there may be more of them.
    pub more: bool,
}

/// Brings some of the tokens that break the policy under it: those that live too long end as late as a new one would, and
/// those of a type that may not be are revoked.
///
/// # Errors
/// A refusal.
pub fn cap(cx: &mut Cx<'_, '_>) -> Result<Capped> {
    capping(cx)?;
    let policy = settings::token_policy(cx)?;
    let breaking = store::tokens::breaking(cx.tx, &policy, cx.now, BATCH)?;
    let mut capped = Capped { more: i64::try_from(breaking.len()) == Ok(BATCH), ..Capped::default() };
    for token in breaking {
        let user = store::users::get(cx.tx, token.user)?;
        let rule = policy.of(TokenType::from(user.kind));
        let named = |end: Option<OffsetDateTime>| json!({ "token": { "id": token.id, "name": token.name }, "expires_at": end.map(moment) });
        let was = named(token.expires_at);
        let is = if rule.allowed {
            let end = rule.capped(token.expires_at, cx.now);
            store::tokens::end_at(cx.tx, token.id, end)?;
            capped.shortened += 1;
            named(end)
        } else {
            store::tokens::revoke(cx.tx, token.id, cx.now)?;
            capped.revoked += 1;
            json!({ "token": { "id": token.id, "name": token.name }, "revoked": true })
        };
        cx.attempt("token.cap");
        cx.done(account(&user), Some(was), Some(is))?;
    }
    Ok(capped)
}
