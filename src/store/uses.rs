//! Last uses of tokens, of their secrets and of their scopes. A later one that another portal has noted stays.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use time::OffsetDateTime;

use super::db::{Tx, failed};
use super::schema::{scope_uses, scope_watch, token_secrets, tokens};
use super::sql::{Statement, sql};
use crate::base::clock::{from_micros, to_micros};
use crate::model::Result;
use crate::model::ids::TokenId;
use crate::model::permissions::{Permission, PermissionSet};
use crate::model::tokens::uses::Watched;
use crate::model::tokens::{HashedToken, LastUse, Token};

/// Notes a use of a token.
///
/// # Errors
/// A fault.
pub fn of_token(tx: &mut Tx<'_>, token: TokenId, last: &LastUse) -> Result<()> {
    let older = tokens::last_used_at.is_null().or(tokens::last_used_at.lt(to_micros(last.at)));
    diesel::update(tokens::table.filter(tokens::id.eq(token.0)).filter(older))
        .set((
            tokens::last_used_at.eq(to_micros(last.at)),
            // Something else may have counted as activity since.
            tokens::active_at.eq(sql::<BigInt>("CASE WHEN active_at < ")
                .number(to_micros(last.at))
                .sql(" THEN ")
                .number(to_micros(last.at))
                .sql(" ELSE active_at END")),
            tokens::last_used_address.eq(&last.address),
            tokens::last_used_agent.eq(&last.user_agent),
            tokens::last_used_for.eq(&last.purpose),
        ))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// Notes a use of one secret of a token.
///
/// # Errors
/// A fault.
pub fn of_secret(tx: &mut Tx<'_>, hash: &HashedToken, last: &LastUse) -> Result<()> {
    let older = token_secrets::last_used_at.is_null().or(token_secrets::last_used_at.lt(to_micros(last.at)));
    diesel::update(token_secrets::table.filter(token_secrets::hash.eq(&hash.0[..])).filter(older))
        .set((
            token_secrets::last_used_at.eq(to_micros(last.at)),
            token_secrets::last_used_address.eq(&last.address),
            token_secrets::last_used_agent.eq(&last.user_agent),
        ))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// Notes that a scope of a token was relied on; nothing where the token is gone.
///
/// # Errors
/// A fault.
pub fn of_scope(tx: &mut Tx<'_>, token: TokenId, scope: Permission, at: OffsetDateTime) -> Result<()> {
    let row = scope_uses::token_id.eq(token.0).and(scope_uses::scope.eq(scope.to_string()));
    let earlier = scope_uses::last_used_at.is_null().or(scope_uses::last_used_at.lt(to_micros(at)));
    // What was added later than this use is another giving of the scope.
    let given = scope_uses::added_at.is_null().or(scope_uses::added_at.le(to_micros(at)));
    diesel::update(scope_uses::table.filter(row).filter(earlier).filter(given))
        .set(scope_uses::last_used_at.eq(to_micros(at)))
        .execute(tx.conn)
        .map_err(failed)?;
    let first: Statement =
        sql(format!("INSERT INTO scope_uses (token_id, scope, last_used_at) SELECT id, '{scope}', "));
    let first = first.number(to_micros(at)).sql(" FROM tokens WHERE id = ").number(token.0);
    let known = first.sql(format!(" AND NOT EXISTS (SELECT 1 FROM scope_uses WHERE scope = '{scope}' AND token_id = "));
    known.number(token.0).sql(")").execute(tx.conn).map(drop).map_err(failed)
}

/// Notes since when these scopes are a token's.
///
/// # Errors
/// A fault.
pub fn added(tx: &mut Tx<'_>, token: TokenId, scopes: PermissionSet, now: OffsetDateTime) -> Result<()> {
    for scope in scopes.iter() {
        let row = scope_uses::token_id.eq(token.0).and(scope_uses::scope.eq(scope.to_string()));
        diesel::delete(scope_uses::table.filter(row)).execute(tx.conn).map_err(failed)?;
        diesel::insert_into(scope_uses::table)
            .values((
                scope_uses::token_id.eq(token.0),
                scope_uses::scope.eq(scope.to_string()),
                scope_uses::added_at.eq(to_micros(now)),
            ))
            .execute(tx.conn)
            .map_err(failed)?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct ScopeRow {
    #[diesel(sql_type = Text)]
    scope: String,
    #[diesel(sql_type = diesel::sql_types::Nullable<BigInt>)]
    added_at: Option<i64>,
    #[diesel(sql_type = diesel::sql_types::Nullable<BigInt>)]
    last_used_at: Option<i64>,
}

/// What is known of the use of each scope of `token`.
///
/// # Errors
/// A fault.
pub fn scopes(tx: &mut Tx<'_>, token: &Token) -> Result<Vec<Watched>> {
    let since: i64 = scope_watch::table.select(scope_watch::since).get_result(tx.conn).map_err(failed)?;
    let from = token.created_at.max(from_micros(since));
    let rows: Statement = sql("SELECT scope, added_at, last_used_at FROM scope_uses WHERE token_id = ");
    let rows: Vec<ScopeRow> = tx.load(rows.number(token.id.0))?;
    let known: HashMap<String, ScopeRow> = rows.into_iter().map(|row| (row.scope.clone(), row)).collect();
    let watched = |scope: Permission| {
        let row = known.get(&scope.to_string());
        let added = row.and_then(|row| row.added_at).map(from_micros);
        let last_used_at = row.and_then(|row| row.last_used_at).map(from_micros);
        Watched { scope, since: added.map_or(from, |added| added.max(from)), last_used_at }
    };
    Ok(token.scopes.iter().map(watched).collect())
}
