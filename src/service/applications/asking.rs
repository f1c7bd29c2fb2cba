//! Who asks about tokens in an application's name, and what an application may do with a token that it was shown.

use serde_json::json;

use super::{READ, UPDATE, place};
use crate::model::applications::Application;
use crate::model::tokens::{HashedToken, Token};
use crate::model::{Error, Result};
use crate::service::app::{Cx, account};
use crate::service::tokens;
use crate::store;

fn found(cx: &mut Cx<'_, '_>, name: &str) -> Result<Application> {
    let found = store::applications::called(cx.tx, name)?;
    found.filter(|application| cx.actor.can(READ, place(application))).ok_or(Error::NotFound("application"))
}

/// The application, by its slug or its id outside, for which an account may ask about tokens: one that it may read.
///
/// # Errors
/// No good token, or no such application.
pub fn asking(cx: &mut Cx<'_, '_>, name: &str) -> Result<Application> {
    cx.attempt("token.introspect");
    crate::service::account::must_be_able(cx)?;
    found(cx, name)
}

/// The application in whose name the caller ends tokens: its own, or one that it may change.
fn in_whose_name(cx: &mut Cx<'_, '_>, name: &str) -> Result<Application> {
    cx.attempt("token.revoke");
    if let Some(id) = cx.actor.application() {
        return store::applications::get(cx.tx, id);
    }
    crate::service::account::must_be_able(cx)?;
    let application = found(cx, name)?;
    cx.attempt("token.revoke");
    cx.actor.may(UPDATE, place(&application))?;
    Ok(application)
}

/// The token that has this secret, where it has a scope of the application and was not revoked: of any other nothing is told.
fn of_application(
    cx: &mut Cx<'_, '_>,
    application: &Application,
    secret: Option<&HashedToken>,
) -> Result<Option<Token>> {
    let Some(secret) = secret else { return Ok(None) };
    let found = store::secrets::find(cx.tx, secret)?;
    let good = found.filter(|found| !found.ended && found.ends_at.is_none_or(|end| end > cx.now));
    let token = good.map(|found| found.token).filter(|token| token.revoked_at.is_none());
    Ok(token.filter(|token| token.app_scopes.iter().any(|scope| scope.application == application.id)))
}

/// Whether there is a token of the application with this secret, for whoever may end it.
///
/// # Errors
/// No good credential, a refusal, or no such application.
pub fn ending(cx: &mut Cx<'_, '_>, name: &str, secret: Option<&HashedToken>) -> Result<bool> {
    let application = in_whose_name(cx, name)?;
    Ok(of_application(cx, &application, secret)?.is_some())
}

/// Ends the token with this secret for good, where it has a scope of the application (RFC 7009): whoever was shown it could use it.
/// Nothing where there is none.
///
/// # Errors
/// Those of [`ending`].
pub fn end_token(cx: &mut Cx<'_, '_>, name: &str, secret: Option<&HashedToken>) -> Result<()> {
    let application = in_whose_name(cx, name)?;
    let Some(token) = of_application(cx, &application, secret)? else { return Ok(()) };
    let user = store::users::get(cx.tx, token.user)?;
    store::tokens::revoke(cx.tx, token.id, cx.now)?;
    let lost = tokens::told(cx, &token)?;
    cx.done(
        account(&user),
        Some(lost),
        Some(json!({ "application": { "id": application.id, "name": application.name, "slug": application.slug } })),
    )
}
