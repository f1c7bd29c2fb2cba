//! Users.

mod contacts;
mod search;

pub use contacts::{Alone, answered_by, answers_counts, leavers, release, without};
pub use search::{Lookup, counts, lookup, page};
pub(in crate::store) use search::{members_by_name, name_matches, of_kind, pattern, seen_by};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use time::OffsetDateTime;

use crate::base::clock::to_micros;
use crate::base::random;
use crate::model::ids::{TeamId, UserId};
use crate::model::names::fold;
use crate::model::users::{Kind, User};
use crate::model::{Error, Result};
use crate::store::db::{Tx, count_rows, failed};
use crate::store::rows::UserRow;
use crate::store::schema::users;
use crate::store::sql::{Condition, condition, sql};

/// What a new account is made of.
pub struct NewUser<'a> {
    /// What it stands for.
    pub kind: Kind,
    /// Checked and free.
    pub username: &'a str,
    /// Checked and free.
    pub display_name: &'a str,
    /// A person's address; other kinds get a dummy.
    pub email: Option<&'a str>,
    /// What it may do everywhere.
    pub role: crate::model::roles::OrgRole,
    /// What it is for.
    pub description: &'a str,
    /// The person to ask about it.
    pub contact: Option<UserId>,
    /// The person who answers for an agent.
    pub sponsor: Option<UserId>,
    /// The team whose people manage it; `None` for people.
    pub home_team: Option<TeamId>,
    /// A password's hash, for the first Admin alone.
    pub password_hash: Option<&'a str>,
}

fn search_text(names: [&str; 3]) -> String {
    names.map(fold).join("\n")
}

/// Adds an account.
///
/// # Errors
/// A name that is taken, or a fault.
pub fn insert(tx: &mut Tx<'_>, new: &NewUser<'_>, now: OffsetDateTime) -> Result<User> {
    let uuid = random::uuid().to_string();
    let dummy = format!("{}-{uuid}@latchkey.invalid", new.kind.slug());
    let email = new.email.unwrap_or(&dummy);
    let row: UserRow = diesel::insert_into(users::table)
        .values((
            users::uuid.eq(&uuid),
            users::kind.eq(new.kind.slug()),
            users::username.eq(new.username),
            users::username_key.eq(fold(new.username)),
            users::display_name.eq(new.display_name),
            users::display_name_key.eq(fold(new.display_name)),
            users::email.eq(email),
            users::email_key.eq(fold(email)),
            users::role.eq(new.role.as_str()),
            users::description.eq(new.description),
            users::contact_id.eq(new.contact.map(|id| id.0)),
            users::sponsor_id.eq(new.sponsor.map(|id| id.0)),
            users::home_team_id.eq(new.home_team.map(|id| id.0)),
            users::password_hash.eq(new.password_hash),
            users::created_at.eq(to_micros(now)),
            users::updated_at.eq(to_micros(now)),
            users::last_seen_at.eq(0),
            users::version.eq(1),
            users::search.eq(search_text([new.display_name, new.username, email])),
        ))
        .returning(UserRow::columns())
        .get_result(tx.conn)
        .map_err(failed)?;
    row.try_into()
}

/// The account with this id.
///
/// # Errors
/// [`Error::NotFound`], or a fault.
pub fn get(tx: &mut Tx<'_>, id: UserId) -> Result<User> {
    find(tx, id)?.ok_or(Error::NotFound("user"))
}

/// The account with this id, if there is one.
///
/// # Errors
/// A fault.
pub fn find(tx: &mut Tx<'_>, id: UserId) -> Result<Option<User>> {
    let row = users::table.select(UserRow::columns()).filter(users::id.eq(id.0));
    let row: Option<UserRow> = tx.find(row)?;
    row.map(User::try_from).transpose()
}

/// The account with this username, or else with this email address.
///
/// # Errors
/// A fault.
pub fn by_login(tx: &mut Tx<'_>, login: &str) -> Result<Option<User>> {
    let key = fold(login);
    let all = users::table.select(UserRow::columns());
    let row: Option<UserRow> = match tx.find(all.filter(users::username_key.eq(&key)))? {
        Some(row) => Some(row),
        None => tx.find(all.filter(users::email_key.eq(&key)))?,
    };
    row.map(User::try_from).transpose()
}

/// The hash of a person's password.
///
/// # Errors
/// A fault.
pub fn password_hash(tx: &mut Tx<'_>, id: UserId) -> Result<Option<String>> {
    let found = users::table.filter(users::id.eq(id.0)).select(users::password_hash);
    Ok(tx.find::<Option<String>, _>(found)?.flatten())
}

/// Sets or erases the password.
///
/// # Errors
/// The store refuses one for an account that is no person.
pub fn set_password(tx: &mut Tx<'_>, id: UserId, hash: Option<&str>) -> Result<()> {
    diesel::update(users::table.filter(users::id.eq(id.0)))
        .set(users::password_hash.eq(hash))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// Writes every field of `user` that can change, and counts the version up. Gives it back as it now is.
///
/// # Errors
/// A name that is taken, the last Admin, or a fault.
pub fn update(tx: &mut Tx<'_>, user: &User, now: OffsetDateTime) -> Result<User> {
    let row: UserRow = diesel::update(users::table.filter(users::id.eq(user.id.0)))
        .set((
            users::kind.eq(user.kind.slug()),
            users::username.eq(&user.username),
            users::username_key.eq(fold(&user.username)),
            users::display_name.eq(&user.display_name),
            users::display_name_key.eq(fold(&user.display_name)),
            users::email.eq(&user.email),
            users::email_key.eq(fold(&user.email)),
            users::role.eq(user.role.as_str()),
            users::disabled_at.eq(user.disabled_at.map(to_micros)),
            users::description.eq(&user.description),
            users::contact_id.eq(user.contact.map(|id| id.0)),
            users::sponsor_id.eq(user.sponsor.map(|id| id.0)),
            users::home_team_id.eq(user.home_team.map(|id| id.0)),
            users::updated_at.eq(to_micros(now)),
            users::version.eq(users::version + 1),
            users::search.eq(search_text([&user.display_name, &user.username, &user.email])),
        ))
        .returning(UserRow::columns())
        .get_result(tx.conn)
        .map_err(failed)?;
    row.try_into()
}

/// The dummy address of a service or agent account, under the reserved `.invalid` (RFC 2606, section 2).
pub fn dummy_email(user: &User, kind: Kind) -> String {
    format!("{}-{}@latchkey.invalid", kind.slug(), user.uuid)
}

/// Notes that an account was just active.
///
/// # Errors
/// A fault.
pub fn touch(tx: &mut Tx<'_>, id: UserId, now: OffsetDateTime) -> Result<()> {
    // Another portal may have noted a later one.
    diesel::update(users::table.filter(users::id.eq(id.0).and(users::last_seen_at.lt(to_micros(now)))))
        .set(users::last_seen_at.eq(to_micros(now)))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// Removes an account with everything that hangs on it. The audit log stays.
///
/// # Errors
/// The last Admin, or a fault.
pub fn delete(tx: &mut Tx<'_>, id: UserId) -> Result<()> {
    diesel::delete(users::table.filter(users::id.eq(id.0))).execute(tx.conn).map(drop).map_err(failed)
}

/// Who has this name or address, by its folded form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unique {
    /// The username.
    Username,
    /// The display name.
    DisplayName,
    /// The email address.
    Email,
}

/// The account that has taken `value`, other than `except`.
///
/// # Errors
/// A fault.
pub fn taken_by(tx: &mut Tx<'_>, what: Unique, value: &str, except: Option<UserId>) -> Result<Option<UserId>> {
    let key = fold(value);
    let column = match what {
        Unique::Username => "username_key",
        Unique::DisplayName => "display_name_key",
        Unique::Email => "email_key",
    };
    let holder = sql::<BigInt>("SELECT id FROM users WHERE ").sql(column).sql(" = ").text(key);
    let found: Option<i64> = tx.find(holder)?;
    Ok(found.map(UserId).filter(|id| Some(*id) != except))
}

/// Whether there is an Admin who is a person.
///
/// # Errors
/// A fault.
pub fn any_admin(tx: &mut Tx<'_>) -> Result<bool> {
    let admins = condition("users.kind = 'person' AND users.role = 'Admin'");
    is_there(tx, admins)
}

/// Whether an Admin other than `except` is a person able to log in.
///
/// # Errors
/// A fault.
pub fn other_able_admin(tx: &mut Tx<'_>, except: UserId) -> Result<bool> {
    let admins = condition("users.kind = 'person' AND users.role = 'Admin' AND users.disabled_at IS NULL");
    is_there(tx, admins.sql(" AND users.password_hash IS NOT NULL AND users.id <> ").number(except.0))
}

fn is_there(tx: &mut Tx<'_>, those: Condition) -> Result<bool> {
    let found = sql::<BigInt>("SELECT users.id FROM users").all_of([those]).limit(1);
    Ok(tx.find::<i64, _>(found)?.is_some())
}

/// The accounts with these ids, in no order.
///
/// # Errors
/// A fault.
pub fn many(tx: &mut Tx<'_>, ids: &[UserId]) -> Result<Vec<User>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let those = UserRow::columns().rows().sql(" WHERE users.id").among(ids.iter().map(|id| id.0));
    tx.load(those)?.into_iter().map(|row: UserRow| row.try_into()).collect()
}

/// How many accounts have `team` as their home, counted up to one more than the cap of counts.
///
/// # Errors
/// A fault.
pub fn count_at_home_in(tx: &mut Tx<'_>, team: TeamId) -> Result<i64> {
    count_rows(tx, sql("FROM users WHERE home_team_id = ").number(team.0))
}

/// Accounts that have `team` as their home, up to `limit`: by display name, or those after `after` by id.
///
/// # Errors
/// A fault.
pub fn at_home_in(tx: &mut Tx<'_>, team: TeamId, after: Option<UserId>, limit: i64) -> Result<Vec<User>> {
    let those = UserRow::columns().rows().sql(" WHERE users.home_team_id = ").number(team.0);
    let those = match after {
        Some(last) => those.sql(" AND users.id > ").number(last.0).sql(" ORDER BY users.id"),
        None => those.sql(" ORDER BY users.display_name_key"),
    };
    tx.load(those.limit(limit))?.into_iter().map(|row: UserRow| row.try_into()).collect()
}
