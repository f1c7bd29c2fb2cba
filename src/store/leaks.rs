//! Tokens that were found where none belongs, and which tokens were made with which.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use time::OffsetDateTime;

use super::db::{Tx, failed};
use super::rows::{TokenRow, word};
use super::schema::{former_secrets, links, token_leaks, token_makers, token_secrets, tokens};
use super::sql::{Condition, Statement, sql};
use super::tokens::with_teams;
use crate::base::clock::{from_micros, to_micros};
use crate::model::Result;
use crate::model::ids::TokenId;
use crate::model::tokens::leak::{Leak, WhatLeaked};
use crate::model::tokens::{HashedToken, Token};

/// Notes that `token` was made or rotated with `maker`, which knows its secret therefore.
///
/// # Errors
/// A fault.
pub(super) fn made_with(tx: &mut Tx<'_>, token: TokenId, maker: TokenId, now: OffsetDateTime) -> Result<()> {
    let pair = token_makers::table
        .filter(token_makers::token_id.eq(token.0).and(token_makers::maker_id.eq(maker.0)))
        .select(token_makers::at);
    if tx.find::<i64, _>(pair)?.is_some() {
        return Ok(());
    }
    diesel::insert_into(token_makers::table)
        .values((
            token_makers::token_id.eq(token.0),
            token_makers::maker_id.eq(maker.0),
            token_makers::at.eq(to_micros(now)),
        ))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// A token whose secret somebody found.
pub struct Exposed {
    /// It.
    pub token: Token,
    /// Since when that secret is over, where it is.
    pub over_since: Option<OffsetDateTime>,
    /// Whether whoever had that secret got the one after it with it.
    pub passed_on: bool,
}

/// The token that has this secret, or ever had it.
///
/// # Errors
/// A fault.
pub fn exposed(tx: &mut Tx<'_>, hash: &HashedToken, now: OffsetDateTime) -> Result<Option<Exposed>> {
    let known = token_secrets::table.inner_join(tokens::table).filter(token_secrets::hash.eq(&hash.0[..])).select((
        TokenRow::columns(),
        token_secrets::ends_at,
        token_secrets::ended,
        token_secrets::passed_on,
    ));
    let known: Option<(TokenRow, Option<i64>, bool, bool)> = tx.find(known)?;
    let former = former_secrets::table.inner_join(tokens::table).filter(former_secrets::hash.eq(&hash.0[..])).select((
        TokenRow::columns(),
        former_secrets::ends_at,
        former_secrets::passed_on,
    ));
    let former: Option<(TokenRow, i64, bool)> = tx.find(former)?;
    let (row, over_since, passed_on) = match (known, former) {
        (Some((row, end, ended, passed_on)), _) => {
            (row, end.map(from_micros).filter(|end| ended || *end <= now), passed_on)
        }
        (None, Some((row, end, passed_on))) => (row, Some(from_micros(end)), passed_on),
        (None, None) => return Ok(None),
    };
    let token = with_teams(tx, vec![row])?.pop();
    Ok(token.map(|token| Exposed { token, over_since, passed_on }))
}

#[derive(QueryableByName)]
struct Member {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// The tokens that were made with `token`, with those, and so on, that are not revoked: all of them, or those whose line begins
/// until a moment.
///
/// # Errors
/// A fault.
pub fn made_by(tx: &mut Tx<'_>, token: TokenId, until: Option<OffsetDateTime>) -> Result<Vec<Token>> {
    let until = until.map_or(i64::MAX, to_micros);
    // UNION and not UNION ALL: two tokens that rotated each other are a ring.
    let family: Statement =
        sql("WITH RECURSIVE family (id) AS (SELECT token_id FROM token_makers WHERE maker_id = ")
            .number(token.0)
            .sql(" AND at <= ")
            .number(until)
            .sql(" UNION SELECT m.token_id FROM token_makers m JOIN family f ON m.maker_id = f.id) SELECT id FROM family WHERE id <> ")
            .number(token.0);
    let ids: Vec<Member> = tx.load(family)?;
    let mut found = Vec::new();
    for some in ids.chunks(500) {
        let those: Condition = sql("tokens.id").among(some.iter().map(|member| member.id));
        let rows = tokens::table.select(TokenRow::columns());
        let rows = tx.load(rows.filter(those.and(tokens::revoked_at.is_null())).order(tokens::id))?;
        found.extend(with_teams(tx, rows)?);
    }
    Ok(found)
}

/// Removes the links that `token` handed out until a moment. How many there were.
///
/// # Errors
/// A fault.
pub fn end_links(tx: &mut Tx<'_>, token: TokenId, until: OffsetDateTime) -> Result<usize> {
    let theirs = links::issued_by_token.eq(token.0).and(links::created_at.le(to_micros(until)));
    diesel::delete(links::table.filter(theirs)).execute(tx.conn).map_err(failed)
}

/// Writes down that a token was found, in place of what was known of it.
///
/// # Errors
/// A fault.
pub fn note(tx: &mut Tx<'_>, token: TokenId, leak: &Leak) -> Result<()> {
    diesel::delete(token_leaks::table.filter(token_leaks::token_id.eq(token.0))).execute(tx.conn).map_err(failed)?;
    diesel::insert_into(token_leaks::table)
        .values((
            token_leaks::token_id.eq(token.0),
            token_leaks::at.eq(to_micros(leak.at)),
            token_leaks::found_at.eq(&leak.place),
            token_leaks::what.eq(leak.what.as_str()),
        ))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// What is known of these tokens, of those that were found.
///
/// # Errors
/// A fault.
pub fn of<'a>(tx: &mut Tx<'_>, tokens: impl IntoIterator<Item = &'a Token>) -> Result<HashMap<TokenId, Leak>> {
    let those: Condition = sql("token_leaks.token_id").among(tokens.into_iter().map(|token| token.id.0));
    let rows: Vec<(i64, i64, String, String)> = tx.load(token_leaks::table.filter(those))?;
    let known = |(token, at, place, what): (i64, i64, String, String)| {
        Ok((TokenId(token), Leak { at: from_micros(at), place, what: word(&what)? }))
    };
    rows.into_iter().map(known).collect()
}

/// Tokens that were themselves found since a moment, the newest first, up to `limit`.
///
/// # Errors
/// A fault.
pub fn lately(tx: &mut Tx<'_>, since: OffsetDateTime, limit: i64) -> Result<Vec<Token>> {
    let rows = tokens::table
        .inner_join(token_leaks::table)
        .filter(token_leaks::at.gt(to_micros(since)).and(token_leaks::what.ne(WhatLeaked::Maker.as_str())))
        .order((token_leaks::at.desc(), tokens::id.desc()))
        .select(TokenRow::columns())
        .limit(limit);
    let rows = tx.load(rows)?;
    with_teams(tx, rows)
}
