//! One act on several users, in one transaction: all of it, or nothing and the name of whoever stood in the way.

use super::app::Cx;
use super::users::UserInfo;
use crate::model::error::{BECAUSE_OF, Refusal, Undone};
use crate::model::ids::UserId;
use crate::model::page::MAX_LIMIT;
use crate::model::users::AnswersFor;
use crate::model::{Error, Result};

/// What is done to all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// They are switched off.
    Disable,
    /// Their tokens are revoked.
    Revoke,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// To how many users something was done.
    pub users: usize,
    /// How many tokens were revoked.
    pub tokens: usize,
    /// How many service and agent accounts want a new contact or sponsor now, as far as the caller may know of them.
    pub orphans: AnswersFor,
}

/// One of the users selected.
#[derive(Clone, Debug)]
pub struct Selected {
    /// The user.
    pub info: UserInfo,
    /// For how many service and agent accounts they answer, as far as the caller may know of them.
    pub answers_for: AnswersFor,
    /// Why it cannot be done to them.
    pub obstacle: Option<String>,
}

/// Those of the selected users that are still there, for whoever is about to act on them.
///
/// # Errors
/// The first refusal, where it can be done to none of them.
pub fn selected(cx: &mut Cx<'_, '_>, ids: &[UserId], act: Act) -> Result<Vec<Selected>> {
    let ids = &ids[..ids.len().min(usize::try_from(MAX_LIMIT).unwrap_or_default())];
    let counts = super::handover::counts(cx, ids)?;
    let (mut found, mut refused) = (Vec::new(), None);
    for id in ids {
        let info = match super::users::get(cx, *id) {
            Ok(info) => info,
            Err(Error::NotFound(_)) => continue,
            Err(error) => return Err(error),
        };
        let obstacle = match judged(cx, *id, act) {
            Ok(()) => None,
            Err(error @ (Error::Forbidden(_) | Error::Conflict(_))) => {
                refused.get_or_insert((*id, info.user.username.clone()));
                Some(error.to_string())
            }
            Err(error) => return Err(error),
        };
        found.push(Selected { info, answers_for: counts.get(id).copied().unwrap_or_default(), obstacle });
    }
    if let Some((id, name)) = refused.filter(|_| found.iter().all(|chosen| chosen.obstacle.is_some())) {
        // Once more, so that what is written down is the refusal that is told.
        judged(cx, id, act).map_err(|error| naming(Undone::Nothing, error, &name))?;
    }
    Ok(found)
}

fn judged(cx: &mut Cx<'_, '_>, id: UserId, act: Act) -> Result<()> {
    match act {
        Act::Disable => super::users::disabling(cx, id).map(drop),
        Act::Revoke => super::tokens::revoking_all(cx, id).map(drop),
    }
}

/// Does it to all of them.
///
/// # Errors
/// The first refusal, with the name of the user; then nothing was done to anybody.
pub fn run(cx: &mut Cx<'_, '_>, ids: &[UserId], act: Act) -> Result<Done> {
    if i64::try_from(ids.len()).is_ok_and(|n| n > MAX_LIMIT) {
        return Err(Error::Conflict(format!("At most {MAX_LIMIT} users can be selected.")));
    }
    let mut done = Done::default();
    let counts = super::handover::counts(cx, ids)?;
    for id in ids {
        let info = super::users::get(cx, *id).map_err(|error| match error {
            Error::NotFound(_) => Error::Conflict(
                "One of the selected users is not there any more. Nothing was done; select again.".into(),
            ),
            other => other,
        })?;
        let name = &info.user.username;
        let tokens = match act {
            Act::Disable => super::users::disable(cx, *id).map(|_| 0),
            Act::Revoke => super::tokens::revoke_all(cx, *id),
        };
        let tokens = tokens.map_err(|error| naming(Undone::Nothing, error, name))?;
        let changed = match act {
            Act::Disable => info.user.is_enabled(),
            Act::Revoke => tokens > 0,
        };
        done.users += usize::from(changed);
        done.tokens += tokens;
        if act == Act::Disable && changed {
            done.orphans += counts.get(id).copied().unwrap_or_default();
        }
    }
    Ok(done)
}

/// The error with what was not done, and the name of whoever stood in the way.
pub(super) fn naming(undone: Undone, error: Error, name: &str) -> Error {
    let told = |reason: String| format!("{}{BECAUSE_OF}{name}: {reason}", undone.as_str());
    match error {
        Error::Forbidden(refusal) => {
            Error::Forbidden(Refusal { missing: refusal.missing, reason: told(refusal.reason) })
        }
        Error::Conflict(reason) => Error::Conflict(told(reason)),
        other => other,
    }
}
