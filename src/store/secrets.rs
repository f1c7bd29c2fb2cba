//! The secrets of tokens, by their SHA-256: the one in force, and the one before it while a rotation overlaps.

use std::collections::HashMap;

use diesel::prelude::*;
use time::OffsetDateTime;

use super::db::{Tx, failed};
use super::rows::TokenRow;
use super::schema::{token_secrets, tokens};
use super::sql::{Condition, Statement, sql};
use crate::base::clock::{from_micros, to_micros};
use crate::model::Result;
use crate::model::ids::TokenId;
use crate::model::tokens::{HashedToken, LastUse, OldSecret, Rotation, Token};

/// A token, found by one of its secrets.
pub struct Found {
    /// The token.
    pub token: Token,
    /// When this secret ends although the token does not: a rotation replaced it.
    pub ends_at: Option<OffsetDateTime>,
    /// Whether it was ended by hand before that.
    pub ended: bool,
    /// When this secret was last used, where the token was ever rotated.
    pub last_used_at: Option<OffsetDateTime>,
}

/// The token that has this secret, or had it before its last rotation.
///
/// # Errors
/// A fault.
pub fn find(tx: &mut Tx<'_>, hash: &HashedToken) -> Result<Option<Found>> {
    let found = token_secrets::table.inner_join(tokens::table).filter(token_secrets::hash.eq(&hash.0[..])).select((
        TokenRow::columns(),
        token_secrets::ends_at,
        token_secrets::ended,
        token_secrets::last_used_at,
    ));
    let found: Option<(TokenRow, Option<i64>, bool, Option<i64>)> = tx.find(found)?;
    let Some((row, end, ended, last)) = found else { return Ok(None) };
    let token = super::tokens::with_teams(tx, vec![row])?.pop();
    let (ends_at, last_used_at) = (end.map(from_micros), last.map(from_micros));
    Ok(token.map(|token| Found { token, ends_at, ended, last_used_at }))
}

/// Adds the secret in force of a token that has none.
///
/// # Errors
/// A fault.
pub fn insert(tx: &mut Tx<'_>, token: TokenId, hint: &str, hash: &HashedToken) -> Result<()> {
    diesel::insert_into(token_secrets::table)
        .values((
            token_secrets::hash.eq(&hash.0[..]),
            token_secrets::token_id.eq(token.0),
            token_secrets::hint.eq(hint),
        ))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// How a secret is replaced.
pub struct Replacing {
    /// Until when the one that was stays good; it ends now without it.
    pub until: Option<OffsetDateTime>,
    /// Whether the token itself asks for it.
    pub passed_on: bool,
    /// Now.
    pub now: OffsetDateTime,
}

/// Puts another secret in force. One that was before the one that was is good no longer.
///
/// # Errors
/// A fault.
pub fn replace(
    tx: &mut Tx<'_>,
    token: &Token,
    (hint, hash): (&str, &HashedToken),
    Replacing { until, passed_on, now }: Replacing,
) -> Result<()> {
    let of_token = token_secrets::table.filter(token_secrets::token_id.eq(token.id.0));
    // The one before is over now, but known for as long as the token, where somebody finds it.
    let former: Statement = sql(
        "INSERT INTO former_secrets (hash, token_id, ends_at, passed_on) SELECT hash, token_id, CASE WHEN ends_at < ",
    );
    former
        .number(to_micros(now))
        .sql(" THEN ends_at ELSE ")
        .number(to_micros(now))
        .sql(" END, passed_on FROM token_secrets WHERE ends_at IS NOT NULL AND token_id = ")
        .number(token.id.0)
        .execute(tx.conn)
        .map_err(failed)?;
    diesel::delete(of_token.filter(token_secrets::ends_at.is_not_null())).execute(tx.conn).map_err(failed)?;
    diesel::update(of_token)
        .set((
            token_secrets::ends_at.eq(to_micros(until.unwrap_or(now))),
            token_secrets::ended.eq(until.is_none()),
            token_secrets::passed_on.eq(passed_on),
        ))
        .execute(tx.conn)
        .map_err(failed)?;
    // Until it is rotated, a token's uses are those of its only secret, and are noted with the token alone.
    if let Some(last) = token.last_use.as_ref().filter(|_| token.rotated_at.is_none()) {
        diesel::update(of_token)
            .set((
                token_secrets::last_used_at.eq(to_micros(last.at)),
                token_secrets::last_used_address.eq(&last.address),
                token_secrets::last_used_agent.eq(&last.user_agent),
            ))
            .execute(tx.conn)
            .map_err(failed)?;
    }
    insert(tx, token.id, hint, hash)
}

/// Ends the secret before the one in force, where it is still good. Whether it was.
///
/// # Errors
/// A fault.
pub fn end_old(tx: &mut Tx<'_>, token: TokenId, now: OffsetDateTime) -> Result<bool> {
    let old =
        token_secrets::table.filter(token_secrets::token_id.eq(token.0).and(token_secrets::ends_at.gt(to_micros(now))));
    let ended = diesel::update(old)
        .set((token_secrets::ends_at.eq(to_micros(now)), token_secrets::ended.eq(true)))
        .execute(tx.conn);
    Ok(ended.map_err(failed)? > 0)
}

#[derive(Queryable)]
struct SecretRow {
    hash: Vec<u8>,
    token: i64,
    hint: String,
    ends_at: Option<i64>,
    at: Option<i64>,
    address: Option<String>,
    user_agent: Option<String>,
}

impl SecretRow {
    fn last_use(&self, waiting: impl Fn(&HashedToken) -> Option<LastUse>) -> Option<LastUse> {
        let fresh = self.hash.as_slice().try_into().ok().and_then(|hash| waiting(&HashedToken(hash)));
        let (address, user_agent) = (self.address.clone(), self.user_agent.clone());
        let fresh = fresh.filter(|fresh| self.at.is_none_or(|at| from_micros(at) <= fresh.at));
        fresh.or(self.at.map(|at| LastUse { at: from_micros(at), address, user_agent, purpose: None }))
    }
}

/// How far the last rotation of each of these tokens has come, of those that were rotated. `waiting` knows of uses that are not
/// written yet.
///
/// # Errors
/// A fault.
pub fn rotations<'a>(
    tx: &mut Tx<'_>,
    tokens: impl IntoIterator<Item = &'a Token>,
    waiting: impl Fn(&HashedToken) -> Option<LastUse>,
) -> Result<HashMap<TokenId, Rotation>> {
    let rotated: HashMap<i64, OffsetDateTime> =
        tokens.into_iter().filter_map(|token| Some((token.id.0, token.rotated_at?))).collect();
    if rotated.is_empty() {
        return Ok(HashMap::new());
    }
    let those: Condition = sql("token_secrets.token_id").among(rotated.keys().copied());
    let rows = token_secrets::table.filter(those).select((
        token_secrets::hash,
        token_secrets::token_id,
        token_secrets::hint,
        token_secrets::ends_at,
        token_secrets::last_used_at,
        token_secrets::last_used_address,
        token_secrets::last_used_agent,
    ));
    let rows: Vec<SecretRow> = tx.load(rows)?;
    let (old, in_force): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.ends_at.is_some());
    let last: HashMap<i64, Option<LastUse>> = in_force.iter().map(|row| (row.token, row.last_use(&waiting))).collect();
    let rotation = |row: SecretRow| {
        let last_use = row.last_use(&waiting);
        Some((
            TokenId(row.token),
            Rotation {
                at: *rotated.get(&row.token)?,
                last_use: last.get(&row.token).cloned().flatten(),
                old: OldSecret { hint: row.hint, ends_at: from_micros(row.ends_at?), last_use },
            },
        ))
    };
    Ok(old.into_iter().filter_map(rotation).collect())
}
