//! Team roles.

use super::app::Cx;
use crate::model::ids::RoleId;
use crate::model::roles::TeamRole;
use crate::model::{Error, Result};
use crate::store;

/// All team roles, for pickers: the predefined ones from the least to the most, then the custom ones by name.
///
/// # Errors
/// A fault.
pub fn all(cx: &mut Cx<'_, '_>) -> Result<Vec<TeamRole>> {
    store::roles::all(cx.tx)
}

/// The role of this name, as a form or a request names it in `field`.
///
/// # Errors
/// [`Error::Invalid`] at `field` where there is none.
pub fn named(cx: &mut Cx<'_, '_>, field: &str, name: &str) -> Result<RoleId> {
    let found = if name.contains('\0') { None } else { store::roles::by_name(cx.tx, name)? };
    match found {
        Some(role) => Ok(role.id),
        None if name.trim().is_empty() => Err(Error::field(field, "Choose a role.")),
        None => {
            let known: Vec<_> = store::roles::all(cx.tx)?.into_iter().map(|role| role.name).collect();
            let shown: String = name.chars().take(crate::model::names::NAME_MAX).collect();
            Err(Error::field(field, format!("{shown} is not a team role. Choose one of {}.", known.join(", "))))
        }
    }
}
