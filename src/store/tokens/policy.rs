//! Tokens that policy says something of.

use diesel::prelude::*;
use time::OffsetDateTime;

use super::{good, with_teams};
use crate::base::clock::to_micros;
use crate::model::Result;
use crate::model::tokens::{Token, TokenPolicy, TokenType};
use crate::model::users::Kind;
use crate::store::db::{Tx, count_rows};
use crate::store::rows::TokenRow;
use crate::store::schema::tokens;
use crate::store::sql::{Condition, sql};

/// Good tokens that nobody used since a moment, the longest unused first, up to `limit`.
///
/// # Errors
/// A fault.
pub fn dormant(tx: &mut Tx<'_>, since: OffsetDateTime, now: OffsetDateTime, limit: i64) -> Result<Vec<Token>> {
    let rows = tokens::table
        .select(TokenRow::columns())
        .filter(unused(since, now))
        .order((tokens::active_at.asc(), tokens::id.asc()))
        .limit(limit);
    let rows = tx.load(rows)?;
    with_teams(tx, rows)
}

/// That a token is good at `now` and nobody used it since a moment. Agents that were stopped meanwhile could not be used.
pub(super) fn unused(since: OffsetDateTime, now: OffsetDateTime) -> Condition {
    unused_by("active_at", since, now)
}

/// The same, for a list that is gone through in another order until it is full: no index is entered by the last use.
pub(super) fn unused_in_passing(since: OffsetDateTime, now: OffsetDateTime) -> Condition {
    unused_by("active_at + 0", since, now)
}

/// Whether so many are unused since a moment that going through a list finds them sooner than collecting them.
pub(super) fn are_many_dormant(tx: &mut Tx<'_>, since: OffsetDateTime, now: OffsetDateTime) -> Result<bool> {
    const MANY: i64 = 2_000;
    let those = sql("FROM (SELECT 1 AS one FROM tokens WHERE ").then(unused(since, now));
    let some = those.limit(MANY).sql(") AS dormant");
    Ok(count_rows(tx, some)? == MANY)
}

fn unused_by(active: &'static str, since: OffsetDateTime, now: OffsetDateTime) -> Condition {
    let since = to_micros(since);
    sql(active)
        .sql(" < ")
        .number(since)
        .sql(" AND NOT (kind = 'Agent' AND EXISTS (SELECT 1 FROM settings WHERE agents_resumed_at >= ")
        .number(since)
        .sql(")) AND ")
        .then(good(now))
}

/// That a token could not be made as it is under `policy`.
pub(super) fn breaks(policy: &TokenPolicy, now: OffsetDateTime) -> Condition {
    // By the account and not by the token: one that was turned into another kind lives by the rules of what it is.
    let breaks = |kind: &Kind| {
        let rule = policy.of(TokenType::from(*kind));
        let too_long: Condition = match rule.latest(now) {
            _ if !rule.allowed => sql("1 = 1"),
            // A day given by its date ends at midnight, so the last allowed day is allowed whole.
            Some(end) => sql("expires_at IS NULL OR expires_at > ").number(to_micros(end + time::Duration::days(1))),
            None if rule.never_allowed() => sql("1 = 0"),
            None => sql("expires_at IS NULL"),
        };
        let of_kind =
            format!("EXISTS (SELECT 1 FROM users u WHERE u.id = tokens.user_id AND u.kind = '{}')", kind.slug());
        (too_long, of_kind)
    };
    let going = sql("revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ").number(to_micros(now));
    let any =
        |all: Condition, (too_long, of_kind)| all.sql(" OR ((").then(too_long).sql(") AND ").sql(of_kind).sql(")");
    Kind::ALL.iter().map(breaks).fold(going.sql(") AND (1 = 0"), any).sql(")")
}

/// Tokens that break `policy`, up to `limit`.
///
/// # Errors
/// A fault.
pub fn breaking(tx: &mut Tx<'_>, policy: &TokenPolicy, now: OffsetDateTime, limit: i64) -> Result<Vec<Token>> {
    let those = tokens::table.select(TokenRow::columns()).filter(breaks(policy, now));
    let rows = tx.load(those.order(tokens::id.asc()).limit(limit))?;
    with_teams(tx, rows)
}

/// How many tokens break `policy`, counted up to one more than the cap.
///
/// # Errors
/// A fault.
pub fn count_breaking(tx: &mut Tx<'_>, policy: &TokenPolicy, now: OffsetDateTime) -> Result<i64> {
    count_rows(tx, sql("FROM tokens WHERE ").then(breaks(policy, now)))
}
