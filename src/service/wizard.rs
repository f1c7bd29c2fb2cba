//! *Add a service user*: an account and its first token, both or neither.

use super::app::Cx;
use super::tokens::{Minted, NewToken};
use super::users::{Created, NewUser};
use crate::model::access::Place;
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::users::User;
use crate::model::{Error, Result};

/// Makes the account and its token in the caller's transaction. Errors of the token's fields come back as `token_<field>`.
///
/// # Errors
/// A refusal, or what is wrong with the fields; then nothing is left behind.
pub fn finish(cx: &mut Cx<'_, '_>, user: NewUser, token: NewToken) -> Result<(User, Minted)> {
    let Created { user, .. } = super::users::create(cx, user)?;
    cx.attempt("token.create");
    cx.actor.may(Permission::new(Resource::Tokens, Action::Create), Place::of_home(user.home_team))?;
    let minted = super::tokens::mint(cx, &user, &token).map_err(of_second_step)?;
    Ok((user, minted))
}

fn of_second_step(error: Error) -> Error {
    match error {
        Error::Invalid(mut errors) => {
            for error in &mut errors {
                error.field.insert_str(0, "token_");
            }
            Error::Invalid(errors)
        }
        other => other,
    }
}
