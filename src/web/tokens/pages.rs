//! Making and revoking a token of one account.

use askama::Template;

use super::form::{Prospect, TokenForm, read};
use super::once::{self, Made};
use super::{TokenRow, Whose};
use crate::base::secret::Secret;
use crate::http::Portal;
use crate::model::ids::TokenId;
use crate::model::users::{Kind, User};
use crate::model::{Error, Result};
use crate::service::tokens::TokenInfo;
use crate::service::users::Rights;
use crate::service::{Cx, sessions, tokens, users};
use crate::web::confirm::{self, Confirm};
use crate::web::view::form_error;
use crate::web::{Answer, Fields, Page, Shell, errors, form, render_judged, see_other};

/// The rows of an account's tokens, and where a new one is made: empty where none may be.
///
/// # Errors
/// A refusal.
pub fn rows(cx: &mut Cx<'_, '_>, whose: Whose) -> Result<(Vec<TokenRow>, String)> {
    let id = whose.id(cx)?;
    let user = users::get(cx, id)?.user;
    let rights = users::rights(cx, &user)?;
    let found = tokens::of_user(cx, id)?;
    let new = if tokens::making(cx, &user).is_ok() { whose.form() } else { String::new() };
    let row = |info: &TokenInfo| TokenRow::of(info, whose, rights, cx.now);
    Ok((found.iter().map(row).collect(), new))
}

#[derive(Template)]
#[template(path = "tokens/new.html")]
struct NewPage {
    page: Page,
    title: String,
    action: String,
    cancel: String,
    error: Option<String>,
    hidden: Vec<(String, String)>,
    token: TokenForm,
}

/// The names of the fields beside which the form shows errors.
const SHOWN: &[&str] =
    &["name", "expires", "expires_on", "scopes", "limit_teams", "networks", "global_admin", "password"];

/// The form for a new token.
///
/// # Errors
/// A refusal.
pub async fn ask(portal: &Portal, whose: Whose) -> Answer {
    ask_again(portal, whose, &Fields::default(), None).await
}

async fn ask_again(portal: &Portal, whose: Whose, fields: &Fields, error: Option<&Error>) -> Answer {
    let found = portal.read(move |cx| Ok((Shell::of(cx)?, prospect(cx, whose)?))).await;
    let (shell, (user, account)) = found?;
    let new_page = NewPage {
        page: Page::of(portal, shell, whose.nav(), "New token"),
        title: match user.kind {
            Kind::Person => "New personal token".into(),
            Kind::Service | Kind::Agent => format!("New token for {}", user.display_name),
        },
        action: whose.form(),
        cancel: whose.list(),
        error: error.map(|error| form_error(error, SHOWN)),
        hidden: vec![("form_key".into(), form::key_of(fields))],
        token: TokenForm::new(&account, fields, error, ""),
    };
    render_judged(error, &new_page)
}

fn prospect(cx: &mut Cx<'_, '_>, whose: Whose) -> Result<(User, Prospect)> {
    let id = whose.id(cx)?;
    let user = users::get(cx, id)?.user;
    tokens::making(cx, &user)?;
    let standing = tokens::standing(cx, &user)?;
    let teams = users::get(cx, id)?.teams.iter().map(|team| team.team).collect();
    let own = cx.actor.id() == Some(id);
    let named = (user.kind, user.username.clone());
    Ok((user, Prospect::of(cx, named, &standing, own, teams)?))
}

/// Makes the token, and shows it this once.
///
/// # Errors
/// A refusal, or no such account.
pub async fn make(portal: &Portal, whose: Whose, fields: Fields) -> Answer {
    match minted(portal, whose, &fields).await {
        Ok((shell, made)) => {
            let page = Page::of(portal, shell, whose.nav(), "New token");
            once::show(page, made, "The token is ready", (whose.form(), whose.list()))
        }
        Err(Error::AlreadyDone(_)) => {
            portal.session.flash(
                "caution",
                "This token was made already: the form was sent twice. It was shown in the first answer. If you did not save it, revoke it and make another.",
            )?;
            see_other(whose.list())
        }
        Err(error) if keeps_form(&error) => ask_again(portal, whose, &fields, Some(&error)).await,
        Err(error) => Err(error.into()),
    }
}

async fn minted(portal: &Portal, whose: Whose, fields: &Fields) -> Result<(Shell, Made)> {
    let new = read(fields, "")?;
    if new.global_admin {
        confirm_password(portal, fields.secret("password")).await?;
    }
    let made = portal.write(move |cx| {
        let id = whose.id(cx)?;
        let user = users::get(cx, id)?.user;
        let minted = tokens::create(cx, id, new)?;
        Ok((Shell::of(cx)?, Made::of(cx, user, minted)?))
    });
    made.await
}

/// Whether a form comes back with what was typed. A refusal is told there too: something else may be allowed.
pub fn keeps_form(error: &Error) -> bool {
    errors::is_mendable(error) || matches!(error, Error::Forbidden(_))
}

/// Notes a password that was typed for a dangerous act; nothing where none was.
///
/// # Errors
/// It is wrong.
pub async fn confirm_password(portal: &Portal, password: Secret) -> Result<()> {
    if password.is_empty() {
        return Ok(());
    }
    portal.run(move |app, caller| sessions::confirm(app, caller, &password)).await
}

/// Asks before a token is revoked.
///
/// # Errors
/// A refusal, or no such token.
pub async fn ask_revoke(portal: &Portal, whose: Whose, token: TokenId) -> Answer {
    let found = portal.read(move |cx| {
        let id = whose.id(cx)?;
        Ok((Shell::of(cx)?, tokens::revoking(cx, id, token)?, cx.now))
    });
    let (shell, info, now) = found.await?;
    let row = TokenRow::of(&info, whose, Rights::default(), now);
    let mut losses = vec![format!("Programs that send {} are refused from their next request on.", row.hint)];
    losses.push(match (&row.last_used, row.last_address.as_str()) {
        (Some(when), "") => format!("It was last used {}.", when.text),
        (Some(when), address) => format!("It was last used {} from {address}.", when.text),
        (None, _) => "It has never been used.".into(),
    });
    let page = Page::of(portal, shell, whose.nav(), format!("Revoke {}", row.name));
    let asked = Confirm {
        title: format!("Revoke {}?", row.name),
        lead: "This is final: a revoked token is never good again.".into(),
        losses,
        action: whose.revoke(token),
        button: "Revoke token".into(),
        danger: true,
        cancel: whose.list(),
        ..Confirm::default()
    };
    confirm::ask(page, asked, None)
}

/// Revokes a token.
///
/// # Errors
/// A refusal, or no such token.
pub async fn revoke(portal: &Portal, whose: Whose, token: TokenId) -> Answer {
    let revoked = portal.write(move |cx| {
        let id = whose.id(cx)?;
        let name = tokens::revoking(cx, id, token)?.token.name;
        tokens::revoke(cx, id, token)?;
        Ok(name)
    });
    let name = revoked.await?;
    portal.session.flash("good", format!("{name} was revoked."))?;
    see_other(whose.list())
}
