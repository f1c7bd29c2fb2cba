//! Acts on custom team roles.

use latchkey::model::Result;
use latchkey::model::error::Error;
use latchkey::model::ids::RoleId;
use latchkey::model::roles::Grants;
use latchkey::service::roles::{self, NewRole, RoleChange};

use super::{Outcome, Try, none, nothing};

impl Try<'_> {
    fn custom_role(&mut self) -> Result<RoleId> {
        let custom: Vec<_> = self.reading.roles.keys().filter(|id| id.0 > 4).copied().collect();
        let role = self.dice.any(&custom).ok_or_else(none)?;
        self.tell(format!("role {role}"));
        Ok(role)
    }

    /// What a custom role might give, mostly such as the actor has.
    fn grants(&mut self) -> Grants {
        let mut grants = self.dice.grants();
        if !self.daring {
            grants.permissions = grants.permissions.and(self.power.anywhere());
        }
        self.tell(format!("{} at {}", grants.permissions, grants.level));
        grants
    }
}

pub fn make_team_role(by: &mut Try<'_>) -> Outcome {
    let Grants { permissions, level } = by.grants();
    let new = NewRole { name: by.fresh("role"), description: String::new(), permissions, level, form_key: None };
    nothing(by.write(|cx| roles::create(cx, new)))
}

/// A role in use is changed by who has seen the effect of it.
pub fn change_team_role(by: &mut Try<'_>) -> Outcome {
    let role = by.custom_role()?;
    let Grants { permissions, level } = by.grants();
    let change = RoleChange { permissions: Some(permissions), level: Some(level), ..RoleChange::default() };
    match by.write(|cx| roles::update(cx, role, change.clone(), None)) {
        Err(Error::Unseen(unseen)) => nothing(by.write(|cx| roles::update(cx, role, change, Some(&unseen.digest)))),
        other => nothing(other),
    }
}

pub fn delete_team_role(by: &mut Try<'_>) -> Outcome {
    let role = by.custom_role()?;
    nothing(by.write(|cx| roles::delete(cx, role)))
}
