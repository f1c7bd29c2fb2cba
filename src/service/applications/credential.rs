//! By what an application asks about tokens: a client id and a secret (RFC 6749, section 2.3.1), shown once and rotated with an
//! overlap.

use serde_json::json;
use time::OffsetDateTime;

use super::{acting, at_version, target};
use crate::model::Result;
use crate::model::applications::Application;
use crate::model::ids::ApplicationId;
use crate::model::permissions::Action;
use crate::model::tokens::{Overlap, PlainToken};
use crate::service::app::Cx;
use crate::store;
use crate::store::applications::Secret;

/// What is told of an application's credential.
#[derive(Clone, Debug, Default)]
pub struct Credential {
    /// The secret in force.
    pub secret: Option<Secret>,
    /// The one that the last rotation replaced, while it is good.
    pub old: Option<Secret>,
}

/// A new secret, this once.
pub struct Issued {
    /// Whose it is; its UUID is the `client_id`.
    pub application: Application,
    /// The secret.
    pub plain: PlainToken,
    /// Until when the one before is good, where there was one.
    pub old_until: Option<OffsetDateTime>,
}

/// The credential of an application that the caller may read.
///
/// # Errors
/// [`NotFound`](crate::model::Error::NotFound) where there is none, or none the caller may read.
pub fn credential(cx: &mut Cx<'_, '_>, id: ApplicationId) -> Result<Credential> {
    super::find(cx, id)?;
    let secrets = store::applications::secrets(cx.tx, id, cx.now)?;
    let (old, in_force): (Vec<_>, Vec<_>) = secrets.into_iter().partition(|secret| secret.ends_at.is_some());
    Ok(Credential { secret: in_force.into_iter().next(), old: old.into_iter().next() })
}

/// An application whose secrets the caller may make, rotate and end.
///
/// # Errors
/// A refusal.
pub fn may_issue(cx: &mut Cx<'_, '_>, id: ApplicationId) -> Result<Application> {
    acting(cx, id, "application.issue_secret", Action::Update)
}

/// Makes a secret. One that is there already stays good for the overlap.
///
/// # Errors
/// A refusal, or [`Stale`](crate::model::Error::Stale).
pub fn issue(
    cx: &mut Cx<'_, '_>,
    id: ApplicationId,
    overlap: Overlap,
    (version, form_key): (Option<i64>, Option<&str>),
) -> Result<Issued> {
    let application = may_issue(cx, id)?;
    cx.first_time(form_key)?;
    at_version(&application, version)?;
    let before = credential(cx, id)?.secret;
    cx.attempt("application.issue_secret");
    let plain = PlainToken::for_application();
    let until = cx.now + overlap.length();
    let created_by = cx.actor.name().to_owned();
    let row = (&*plain.hint(), &plain.hash(), &*created_by);
    store::applications::insert_secret(cx.tx, id, row, (until, cx.now))?;
    cx.made(form_key, id.0)?;
    let old_until = before.as_ref().filter(|_| overlap != Overlap::None).map(|_| until);
    let was = before.map(|secret| json!({ "hint": secret.hint }));
    let is = json!({ "hint": plain.hint(), "overlap": overlap });
    cx.done(target(&application), was, Some(is))?;
    Ok(Issued { application, plain, old_until })
}

/// Ends the secret that the last rotation replaced; nothing where that is over.
///
/// # Errors
/// A refusal.
pub fn finish(cx: &mut Cx<'_, '_>, id: ApplicationId) -> Result<()> {
    let application = acting(cx, id, "application.finish_rotation", Action::Update)?;
    let old = credential(cx, id)?.old;
    cx.attempt("application.finish_rotation");
    if !store::applications::end_old(cx.tx, id, cx.now)? {
        return Ok(());
    }
    cx.done(target(&application), old.map(|old| json!({ "hint": old.hint })), None)
}

/// Takes the credential away: the application asks about no token any more. Whether there was one.
///
/// # Errors
/// A refusal.
pub fn end(cx: &mut Cx<'_, '_>, id: ApplicationId) -> Result<bool> {
    let application = acting(cx, id, "application.remove_secret", Action::Update)?;
    let before = credential(cx, id)?.secret;
    cx.attempt("application.remove_secret");
    let ended = store::applications::end_secrets(cx.tx, id)?;
    if ended {
        cx.done(target(&application), before.map(|secret| json!({ "hint": secret.hint })), None)?;
    }
    Ok(ended)
}
