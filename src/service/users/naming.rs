//! Names of new accounts: their form, that they are free, and what is free near them.

use super::create::{NewUser, may_create_somewhere};
use super::sponsor;
use crate::model::error::Problems;
use crate::model::ids::UserId;
use crate::model::users::Kind;
use crate::model::{Error, FieldError, Result, names};
use crate::service::app::Cx;
use crate::store;
use crate::store::users::Unique;

/// The fields of a new account that are right.
pub(in crate::service) struct Checked {
    pub username: String,
    pub display_name: String,
    pub email: Option<String>,
    pub description: String,
    pub sponsor: Option<UserId>,
}

/// Checks the fields of a new account: the form of its names, that they are free, and who answers for an agent.
pub(in crate::service) fn checked(cx: &mut Cx<'_, '_>, new: &NewUser) -> Result<Checked> {
    let mut problems = Problems::default();
    let display = problems.take(names::display(new.name_field, &new.display_name)).unwrap_or_default();
    let username = problems.take(username_of(new, &display)).unwrap_or_default();
    let email = match new.kind {
        Kind::Person => problems.take(names::email(&new.email)),
        Kind::Service | Kind::Agent => None,
    };
    let description = problems.take(names::description(&new.description)).unwrap_or_default();
    add_clashes(cx, new, (&display, &username, email.as_deref()), &mut problems)?;
    let sponsor = problems.take(sponsor::of_new(cx, new)?).flatten();
    problems.check()?;
    Ok(Checked { username, display_name: display, email, description, sponsor })
}

/// Whether the username is made from the display name.
fn is_made(new: &NewUser) -> bool {
    new.username.trim().is_empty() && new.kind != Kind::Person
}

/// The username as typed, or as made from a display name that is right; one that is wrong has been told already.
fn username_of(new: &NewUser, display: &str) -> Result<String, FieldError> {
    if !is_made(new) {
        return names::username(&new.username, new.kind);
    }
    match names::account_id(display, new.kind) {
        Some(id) => Ok(id),
        None if display.is_empty() => Ok(String::new()),
        None => Err(FieldError::new(new.name_field, NOTHING_LEFT)),
    }
}

/// Adds what is taken, with what is free near it.
fn add_clashes(
    cx: &mut Cx<'_, '_>,
    new: &NewUser,
    (display, username, email): (&str, &str, Option<&str>),
    problems: &mut Problems,
) -> Result<()> {
    let mut taken = |what, value: &str| Ok::<_, Error>(store::users::taken_by(cx.tx, what, value, None)?.is_some());
    let name_taken = taken(Unique::DisplayName, display)?;
    let username_taken = taken(Unique::Username, username)?;
    if taken(Unique::Email, email.unwrap_or_default())? {
        problems.add("email", "Another user has this email address.");
    }
    if !(name_taken || username_taken) {
        return Ok(());
    }
    let free = suggest(cx, display, new.kind)?;
    let free_id = free.as_deref().and_then(|name| names::account_id(name, new.kind));
    let is_free = |free: Option<String>| free.map(|free| format!(" {free} is free.")).unwrap_or_default();
    if name_taken {
        problems.add(new.name_field, format!("This name is taken.{}", is_free(free.clone())));
    }
    if username_taken && !is_made(new) {
        problems.add("username", format!("The username {username} is taken.{}", is_free(free_id)));
    } else if username_taken && !name_taken {
        problems.add(new.name_field, format!("The username {username} is taken.{}", is_free(free)));
    }
    Ok(())
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
