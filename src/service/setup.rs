//! The first Admin: by a one-time link that is printed at the first start, or by the command line.

use super::app::{App, Caller, Cx, account};
use super::mail::Letter;
use crate::base::secret::Secret;
use crate::base::{crypto, random};
use crate::model::audit::Target;
use crate::model::error::Problems;
use crate::model::ids::UserId;
use crate::model::links::{Issuer, Purpose};
use crate::model::roles::OrgRole;
use crate::model::users::{Kind, User};
use crate::model::{Error, FieldError, Result, names, passwords};
use crate::store;
use crate::store::users::Unique;

/// What the first Admin types.
#[derive(Clone, Debug, Default)]
pub struct NewAdmin {
    /// Their username.
    pub username: String,
    /// Their display name.
    pub display_name: String,
    /// Their email address.
    pub email: String,
    /// Their password.
    pub password: Secret,
}

/// A new setup link's secret, where there is no Admin yet.
///
/// # Errors
/// A fault.
pub fn link(app: &App) -> Result<Option<Secret>> {
    app.store.write(|tx| {
        let now = app.clock.now();
        store::links::delete_ended(tx, now)?;
        if store::users::any_admin(tx)? {
            store::links::delete_setup(tx)?;
            return Ok(None);
        }
        let secret = random::secret();
        store::links::insert(
            tx,
            Purpose::Setup,
            None,
            &crypto::sha256(secret.reveal().as_bytes()),
            (Issuer::CommandLine, now),
        )?;
        Ok(Some(secret))
    })
}

/// Whether this setup link is good.
///
/// # Errors
/// [`Error::NotFound`] where it is not, or no longer.
pub fn check(cx: &mut Cx<'_, '_>, secret: &Secret) -> Result<()> {
    let found = store::links::by_hash(cx.tx, &crypto::sha256(secret.reveal().as_bytes()))?;
    let good = found.is_some_and(|link| link.purpose == Purpose::Setup && link.expires_at > cx.now);
    if good && !store::users::any_admin(cx.tx)? { Ok(()) } else { Err(Error::NotFound("setup link")) }
}

/// Makes the first Admin, in the transaction that finds none.
///
/// # Errors
/// A dead link, or what is wrong with the fields.
pub fn claim(app: &App, caller: &Caller, secret: &Secret, new: &NewAdmin) -> Result<UserId> {
    app.read(caller, |cx| check(cx, secret))?;
    check_fields(new)?;
    let hash = app.passwords.hash(&new.password)?;
    app.write(caller, |cx| {
        cx.attempt("portal.setup");
        check(cx, secret)?;
        let user = insert(cx, new, &hash)?;
        store::links::delete_setup(cx.tx)?;
        super::auth::known_as(cx, &user)?;
        cx.done(account(&user), None, Some(serde_json::json!({ "role": "Admin" })))?;
        Ok(user.id)
    })
}

/// `latchkey admin create`: an Admin with a password, whether or not there is one already.
///
/// # Errors
/// What is wrong with the fields.
pub fn create_admin(app: &App, new: &NewAdmin) -> Result<UserId> {
    check_fields(new)?;
    let hash = app.passwords.hash(&new.password)?;
    app.write(&Caller::cli(), |cx| {
        cx.attempt("user.create");
        let user = insert(cx, new, &hash)?;
        store::links::delete_setup(cx.tx)?;
        cx.done(account(&user), None, Some(serde_json::json!({ "role": "Admin" })))?;
        Ok(user.id)
    })
}

/// `latchkey admin reset`: another password for an Admin who is a person. It enables them again and ends their sessions.
///
/// # Errors
/// No such Admin, or a password that is not good enough.
pub fn reset_admin(app: &App, username: &str, password: &Secret) -> Result<()> {
    passwords::check(password.reveal(), &[username]).map_err(|error| Error::Invalid(vec![error]))?;
    let hash = app.passwords.hash(password)?;
    app.write(&Caller::cli(), |cx| {
        cx.attempt("user.reset_password");
        let user = store::users::by_login(cx.tx, username)?.ok_or(Error::NotFound("user"))?;
        cx.on(account(&user));
        if user.kind != Kind::Person || user.role != OrgRole::Admin {
            return Err(Error::refused(format!("{} is not a person with the role Admin.", user.username)));
        }
        store::users::set_password(cx.tx, user.id, Some(&hash))?;
        let user = store::users::update(cx.tx, &User { disabled_at: None, ..user }, cx.now)?;
        store::links::delete_of_user(cx.tx, user.id)?;
        let ended = store::sessions::delete_of_user(cx.tx, user.id, None)?;
        cx.done(account(&user), None, Some(serde_json::json!({ "sessions_ended": ended })))?;
        cx.mail(&user, &Letter::PasswordChanged).map(drop)
    })
}

fn check_fields(new: &NewAdmin) -> Result<()> {
    let mut problems = Problems::default();
    problems.take(names::username(&new.username, Kind::Person));
    problems.take(names::display("display_name", &new.display_name));
    problems.take(names::email(&new.email));
    problems.take(passwords::check(new.password.reveal(), &[&new.username, &new.display_name, &new.email]));
    problems.check()
}

fn insert(cx: &mut Cx<'_, '_>, new: &NewAdmin, hash: &str) -> Result<User> {
    let mut problems = Problems::default();
    for (what, field, value) in [
        (Unique::Username, "username", &new.username),
        (Unique::DisplayName, "display_name", &new.display_name),
        (Unique::Email, "email", &new.email),
    ] {
        if store::users::taken_by(cx.tx, what, value, None)?.is_some() {
            problems.take::<()>(Err(FieldError::new(field, format!("{value} is taken. Choose another one."))));
        }
    }
    problems.check()?;
    let checked = |result: Result<String, FieldError>| result.map_err(|error| Error::Invalid(vec![error]));
    let row = store::users::NewUser {
        kind: Kind::Person,
        username: &checked(names::username(&new.username, Kind::Person))?,
        display_name: &checked(names::display("display_name", &new.display_name))?,
        email: Some(&checked(names::email(&new.email))?),
        role: OrgRole::Admin,
        description: "",
        contact: None,
        sponsor: None,
        home_team: None,
        password_hash: Some(hash),
    };
    cx.on(Target { kind: "person", id: 0, name: row.username.into() });
    store::users::insert(cx.tx, &row, cx.now)
}
