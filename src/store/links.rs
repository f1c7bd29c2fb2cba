//! One-time links, by the hash of their secret.

use diesel::prelude::*;
use time::OffsetDateTime;

use super::db::{Tx, failed};
use super::rows::word;
use super::schema::{links, reset_asks};
use super::sql::{Condition, condition};
use crate::base::clock::{from_micros, to_micros};
use crate::model::Result;
use crate::model::ids::{RoleId, UserId};
use crate::model::links::{Issuer, Link, Purpose};
use crate::model::roles::OrgRole;

/// Adds a link for `user`, handed out by `issuer`, that is good for its purpose's life.
///
/// # Errors
/// A fault.
pub fn insert(
    tx: &mut Tx<'_>,
    purpose: Purpose,
    user: Option<UserId>,
    hash: &[u8; 32],
    (issuer, now): (Issuer, OffsetDateTime),
) -> Result<()> {
    let (account, token) = match issuer {
        Issuer::CommandLine => (None, None),
        Issuer::Account(id) => (Some(id.0), None),
        Issuer::Token { id, .. } => (None, Some(id.0)),
    };
    diesel::insert_into(links::table)
        .values((
            links::purpose.eq(purpose.as_str()),
            links::user_id.eq(user.map(|id| id.0)),
            links::secret_hash.eq(&hash[..]),
            links::issued_by.eq(account),
            links::issued_by_token.eq(token),
            links::created_at.eq(to_micros(now)),
            links::expires_at.eq(to_micros(now + purpose.life())),
        ))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// Removes the links of `user` that somebody other than `issuer` handed out.
///
/// # Errors
/// A fault.
pub fn delete_of_others(tx: &mut Tx<'_>, user: UserId, issuer: Issuer) -> Result<usize> {
    let theirs = links::table.filter(links::user_id.eq(user.0).and(by_others(issuer)));
    diesel::delete(theirs).execute(tx.conn).map_err(failed)
}

/// Whether somebody other than `issuer` handed out a link.
fn by_others(issuer: Issuer) -> Condition {
    match issuer {
        Issuer::CommandLine => condition("(links.issued_by IS NOT NULL OR links.issued_by_token IS NOT NULL)"),
        Issuer::Account(id) => condition("(links.issued_by IS NULL OR links.issued_by <> ").number(id.0).sql(")"),
        Issuer::Token { id, since } => condition("(links.issued_by_token IS NULL OR links.issued_by_token <> ")
            .number(id.0)
            .sql(" OR links.created_at < ")
            .number(since.map_or(0, to_micros))
            .sql(")"),
    }
}

/// Removes the links that somebody other than `issuer` handed out to those who have this team role and one of these
/// organisation roles.
///
/// # Errors
/// A fault.
pub fn delete_of_role(tx: &mut Tx<'_>, role: RoleId, among: &[OrgRole], issuer: Issuer) -> Result<usize> {
    let words: Vec<_> = among.iter().map(|role| format!("'{role}'")).collect();
    let holders = condition(
        "links.user_id IN (SELECT m.user_id FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.role_id = ",
    );
    let holders = holders.number(role.0).sql(format!(" AND u.role IN ({}))", words.join(", ")));
    diesel::delete(links::table.filter(holders.and(by_others(issuer)))).execute(tx.conn).map_err(failed)
}

/// Removes the links that `user` asked for themselves.
///
/// # Errors
/// A fault.
pub fn delete_own(tx: &mut Tx<'_>, user: UserId) -> Result<()> {
    let theirs = links::table.filter(links::user_id.eq(user.0).and(links::issued_by.eq(user.0)));
    diesel::delete(theirs).execute(tx.conn).map(drop).map_err(failed)
}

/// The link with this secret.
///
/// # Errors
/// A fault.
pub fn by_hash(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<Option<Link>> {
    let row = links::table.filter(links::secret_hash.eq(&hash[..])).select((
        links::id,
        links::purpose,
        links::user_id,
        links::expires_at,
    ));
    let row: Option<(i64, String, Option<i64>, i64)> = tx.find(row)?;
    row.map(|(id, purpose, user, end)| {
        Ok(Link { id, purpose: word(&purpose)?, user: user.map(UserId), expires_at: from_micros(end) })
    })
    .transpose()
}

/// Removes every link of `user`.
///
/// # Errors
/// A fault.
pub fn delete_of_user(tx: &mut Tx<'_>, user: UserId) -> Result<usize> {
    diesel::delete(links::table.filter(links::user_id.eq(user.0))).execute(tx.conn).map_err(failed)
}

/// Removes every setup link.
///
/// # Errors
/// A fault.
pub fn delete_setup(tx: &mut Tx<'_>) -> Result<()> {
    diesel::delete(links::table.filter(links::purpose.eq("setup"))).execute(tx.conn).map(drop).map_err(failed)
}

/// Sweeps away what has ended.
///
/// # Errors
/// A fault.
pub fn delete_ended(tx: &mut Tx<'_>, now: OffsetDateTime) -> Result<()> {
    diesel::delete(links::table.filter(links::expires_at.le(to_micros(now)))).execute(tx.conn).map(drop).map_err(failed)
}

/// How often it was said since `since` that the password of `user` is forgotten.
///
/// # Errors
/// A fault.
pub fn asked(tx: &mut Tx<'_>, user: UserId, since: OffsetDateTime) -> Result<i64> {
    let lately = reset_asks::user_id.eq(user.0).and(reset_asks::asked_at.gt(to_micros(since)));
    reset_asks::table.filter(lately).count().get_result(tx.conn).map_err(failed)
}

/// Notes that it was said, and forgets what was said until `since`, of whomever.
///
/// # Errors
/// A fault.
pub fn note_ask(tx: &mut Tx<'_>, user: UserId, since: OffsetDateTime, now: OffsetDateTime) -> Result<()> {
    let old = reset_asks::table.filter(reset_asks::asked_at.le(to_micros(since)));
    diesel::delete(old).execute(tx.conn).map_err(failed)?;
    diesel::insert_into(reset_asks::table)
        .values((reset_asks::user_id.eq(user.0), reset_asks::asked_at.eq(to_micros(now))))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}
