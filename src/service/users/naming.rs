//! Names of new accounts: their form, that they are free, and what is free near them.

use super::create::{NewUser, may_create_somewhere};
use crate::model::error::Problems;
use crate::model::users::Kind;
use crate::model::{Result, names};
use crate::service::app::Cx;
use crate::store;
use crate::store::users::Unique;

pub(in crate::service) type Names = (String, String, Option<String>, String);

/// Checks the names of a new account: their form, and that they are free.
pub(in crate::service) fn checked(cx: &mut Cx<'_, '_>, new: &NewUser) -> Result<Names> {
    let mut problems = Problems::default();
    let display = problems.take(names::display(new.name_field, &new.display_name));
    let made = new.username.trim().is_empty() && new.kind != Kind::Person;
    let username = if made {
        let id = display.as_deref().and_then(|name| names::account_id(name, new.kind));
        if id.is_none() && display.is_some() {
            problems.add(new.name_field, NOTHING_LEFT);
        }
        id
    } else {
        problems.take(names::username(&new.username, new.kind))
    };
    let email = match new.kind {
        Kind::Person => problems.take(names::email(&new.email)),
        Kind::Service | Kind::Agent => None,
    };
    let description = problems.take(names::description(&new.description));
    let mut clash =
        |cx: &mut Cx<'_, '_>, what, value: &Option<String>, field: &'static str, message: String| -> Result<()> {
            if let Some(value) = value
                && store::users::taken_by(cx.tx, what, value, None)?.is_some()
            {
                problems.add(field, message);
            }
            Ok(())
        };
    let suggestion = match &display {
        Some(name) => suggest(cx, name, new.kind)?,
        None => None,
    };
    let is_free = |free: Option<String>| free.map(|free| format!(" {free} is free.")).unwrap_or_default();
    let free_id = suggestion.as_ref().and_then(|free| names::account_id(free, new.kind));
    let hint = is_free(suggestion);
    let username_hint = if made { hint.clone() } else { is_free(free_id) };
    let username_field = if made { new.name_field } else { "username" };
    let called = username.clone().unwrap_or_default();
    clash(cx, Unique::DisplayName, &display, new.name_field, format!("This name is taken.{hint}"))?;
    let same_field = made && clash_reported(&display, cx)?;
    if !same_field {
        clash(
            cx,
            Unique::Username,
            &username,
            username_field,
            format!("The username {called} is taken.{username_hint}"),
        )?;
    }
    clash(cx, Unique::Email, &email, "email", "Another user has this email address.".into())?;
    problems.check()?;
    Ok((username.unwrap_or_default(), display.unwrap_or_default(), email, description.unwrap_or_default()))
}

fn clash_reported(display: &Option<String>, cx: &mut Cx<'_, '_>) -> Result<bool> {
    match display {
        Some(name) => Ok(store::users::taken_by(cx.tx, Unique::DisplayName, name, None)?.is_some()),
        None => Ok(true),
    }
}

const NOTHING_LEFT: &str = "Nothing is left of this name once it is written in a to z and 0 to 9. Use some of these.";

/// A name near `name` that is free with the username it gives; `None` where there is none near.
fn suggest(cx: &mut Cx<'_, '_>, name: &str, kind: Kind) -> Result<Option<String>> {
    let base: String = name.chars().take(names::NAME_MAX - 4).collect();
    for number in 2..100 {
        let candidate = format!("{base} {number}");
        let id = names::account_id(&candidate, kind);
        let free = store::users::taken_by(cx.tx, Unique::DisplayName, &candidate, None)?.is_none()
            && match id {
                Some(id) => store::users::taken_by(cx.tx, Unique::Username, &id, None)?.is_none(),
                None => kind == Kind::Person,
            };
        if free {
            return Ok(Some(candidate));
        }
    }
    Ok(None)
}

/// What a service account of this name would be called, or what is wrong with the name.
pub struct Preview {
    /// The username it would get.
    pub id: Option<String>,
    /// What is wrong.
    pub error: Option<String>,
    /// A name that is free.
    pub suggestion: Option<String>,
}

/// Looks ahead at the username that `name` gives.
///
/// # Errors
/// The caller makes no service accounts, or a fault.
pub fn preview(cx: &mut Cx<'_, '_>, name: &str) -> Result<Preview> {
    cx.attempt("user.create");
    may_create_somewhere(cx)?;
    let display = match names::display("name", name) {
        Ok(display) => display,
        Err(error) => {
            return Ok(Preview { id: None, error: Some(error.message), suggestion: None });
        }
    };
    let Some(id) = names::account_id(&display, Kind::Service) else {
        return Ok(Preview { id: None, error: Some(NOTHING_LEFT.into()), suggestion: None });
    };
    let name_taken = store::users::taken_by(cx.tx, Unique::DisplayName, &display, None)?.is_some();
    let id_taken = store::users::taken_by(cx.tx, Unique::Username, &id, None)?.is_some();
    if !(name_taken || id_taken) {
        return Ok(Preview { id: Some(id), error: None, suggestion: None });
    }
    let what = if name_taken { "This name".to_owned() } else { format!("The username {id}") };
    let suggestion = suggest(cx, &display, Kind::Service)?;
    let hint = suggestion.as_ref().map(|free| format!(" {free} is free.")).unwrap_or_default();
    Ok(Preview { id: None, error: Some(format!("{what} is taken.{hint}")), suggestion })
}
