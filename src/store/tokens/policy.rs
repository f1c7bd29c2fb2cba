//! Tokens that policy says something of.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use time::OffsetDateTime;

use super::{good, with_teams};
use crate::base::clock::to_micros;
use crate::model::Result;
use crate::model::tokens::{Token, TokenPolicy, TokenType};
use crate::model::users::Kind;
use crate::store::db::{Tx, count_rows, failed};
use crate::store::schema::tokens;

/// Good tokens that nobody used since a moment, the longest unused first, up to `limit`.
///
/// # Errors
/// A fault.
pub fn dormant(tx: &mut Tx<'_>, since: OffsetDateTime, now: OffsetDateTime, limit: i64) -> Result<Vec<Token>> {
    let rows = tokens::table
        .filter(sql::<Bool>(&unused(since, now)))
        .order((tokens::active_at.asc(), tokens::id.asc()))
        .limit(limit)
        .load(tx.conn)
        .map_err(failed)?;
    with_teams(tx, rows)
}

/// That a token is good at `now` and nobody used it since a moment, in SQL. Agents that were stopped meanwhile could not be used.
pub(super) fn unused(since: OffsetDateTime, now: OffsetDateTime) -> String {
    let since = to_micros(since);
    let let_go = format!("EXISTS (SELECT 1 FROM settings WHERE agents_resumed_at >= {since})");
    format!("active_at < {since} AND NOT (kind = 'Agent' AND {let_go}) AND {}", good(to_micros(now)))
}

/// That a token could not be made as it is under `policy`, in SQL.
pub(super) fn breaks(policy: &TokenPolicy, now: OffsetDateTime) -> String {
    // By the account and not by the token: one that was turned into another kind lives by the rules of what it is.
    let breaks = |kind: &Kind| {
        let rule = policy.of(TokenType::from(*kind));
        let too_long = match rule.latest(now) {
            _ if !rule.allowed => "1 = 1".to_owned(),
            // A day given by its date ends at midnight, so the last allowed day is allowed whole.
            Some(end) => format!("expires_at IS NULL OR expires_at > {}", to_micros(end + time::Duration::days(1))),
            None if rule.never_allowed() => "1 = 0".to_owned(),
            None => "expires_at IS NULL".to_owned(),
        };
        let slug = kind.slug();
        format!("(({too_long}) AND EXISTS (SELECT 1 FROM users u WHERE u.id = tokens.user_id AND u.kind = '{slug}'))")
    };
    let any: Vec<_> = Kind::ALL.iter().map(breaks).collect();
    format!("revoked_at IS NULL AND (expires_at IS NULL OR expires_at > {}) AND ({})", to_micros(now), any.join(" OR "))
}

/// Tokens that break `policy`, up to `limit`.
///
/// # Errors
/// A fault.
pub fn breaking(tx: &mut Tx<'_>, policy: &TokenPolicy, now: OffsetDateTime, limit: i64) -> Result<Vec<Token>> {
    let those = tokens::table.filter(sql::<Bool>(&breaks(policy, now)));
    let rows = those.order(tokens::id.asc()).limit(limit).load(tx.conn).map_err(failed)?;
    with_teams(tx, rows)
}

/// How many tokens break `policy`, counted up to one more than the cap.
///
/// # Errors
/// A fault.
pub fn count_breaking(tx: &mut Tx<'_>, policy: &TokenPolicy, now: OffsetDateTime) -> Result<i64> {
    count_rows(tx, &format!("FROM tokens WHERE {}", breaks(policy, now)))
}
