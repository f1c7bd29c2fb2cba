//! One act on several users, in one transaction: all of it, or nothing and the name of whoever stood in the way.

use super::app::Cx;
use super::users::UserInfo;
use crate::model::error::Refusal;
use crate::model::ids::UserId;
use crate::model::page::MAX_LIMIT;
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
}

/// Those of the selected users that are still there, for whoever is about to act on them.
///
/// # Errors
/// A fault.
pub fn selected(cx: &mut Cx<'_, '_>, ids: &[UserId]) -> Result<Vec<UserInfo>> {
    let mut found = Vec::new();
    for id in ids.iter().take(usize::try_from(MAX_LIMIT).unwrap_or_default()) {
        match super::users::get(cx, *id) {
            Ok(info) => found.push(info),
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
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
        let tokens = tokens.map_err(|error| naming(error, name))?;
        let changed = match act {
            Act::Disable => info.user.is_enabled(),
            Act::Revoke => tokens > 0,
        };
        done.users += usize::from(changed);
        done.tokens += tokens;
    }
    Ok(done)
}

fn naming(error: Error, name: &str) -> Error {
    let told = |reason: String| format!("Nothing was done, because of {name}: {reason}");
    match error {
        Error::Forbidden(refusal) => {
            Error::Forbidden(Refusal { missing: refusal.missing, reason: told(refusal.reason) })
        }
        Error::Conflict(reason) => Error::Conflict(told(reason)),
        other => other,
    }
}
