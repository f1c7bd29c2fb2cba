//! What checks of tokens read: a token by its secret in one statement, an application in a few, and what of that was changed since.

use std::collections::{BTreeMap, HashMap};

use diesel::deserialize::Queryable;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
use uuid::Uuid;

use super::applications;
use super::conn::Conn;
use super::db::Tx;
use super::rows::{kind, word};
use super::schema::{application_secrets, check_changes, roles, token_secrets};
use super::sql::{Sql, sql};
use crate::base::clock::from_micros;
use crate::model::applications::Scope;
use crate::model::checks::{AccountFacts, Audience, TokenFacts};
use crate::model::ids::{RoleId, ScopeId, TeamId, TokenId, UserId};
use crate::model::tokens::HashedToken;
use crate::model::{Error, Result};

/// Something that a check rests on, which was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// A token, or a secret of it.
    Token(TokenId),
    /// An account, or its team roles.
    User(UserId),
    /// An application, a role, a team, or a setting.
    All,
}

/// What was changed, and the number of the last change. Whoever knows nothing older than that number knows what there is.
pub struct Changes {
    /// The number.
    pub last: i64,
    /// Each change with its number; `None` where it is not known any more.
    pub of: Option<Vec<(i64, Changed)>>,
}

/// The number of the last change of what checks rest on.
///
/// # Errors
/// A fault.
pub fn revision(tx: &mut Tx<'_>) -> Result<i64> {
    let last: Sql<(BigInt,)> = sql("SELECT n FROM check_changes ORDER BY n DESC LIMIT 1");
    let found: Option<(i64,)> = tx.find(last)?;
    found.map(|(n,)| n).ok_or_else(|| Error::internal("the log of changes is empty"))
}

/// What was changed after the change of this number, which has to be one that was read before.
///
/// # Errors
/// A fault.
pub fn changes(tx: &mut Tx<'_>, since: i64) -> Result<Changes> {
    let query: Sql<(BigInt, Text, Nullable<BigInt>)> =
        sql("SELECT n, kind, id FROM check_changes WHERE n >= ").number(since).sql(" ORDER BY n");
    let rows: Vec<(i64, String, Option<i64>)> = tx.load(query)?;
    match rows.split_first() {
        // The last one that was known is still there, so none between is missing.
        Some(((first, ..), rest)) if *first == since => {
            let of = rest.iter().map(|(n, kind, id)| Ok((*n, changed(kind, *id)?))).collect::<Result<Vec<_>>>()?;
            Ok(Changes { last: of.last().map_or(since, |(n, _)| *n), of: Some(of) })
        }
        _ => Ok(Changes { last: revision(tx)?, of: None }),
    }
}

fn changed(kind: &str, id: Option<i64>) -> Result<Changed> {
    match (kind, id) {
        ("token", Some(id)) => Ok(Changed::Token(TokenId(id))),
        ("user", Some(id)) => Ok(Changed::User(UserId(id))),
        ("all", None) => Ok(Changed::All),
        _ => Err(Error::internal(format!("the store holds the unknown change {kind:?}"))),
    }
}

/// The secrets of the tokens that were changed after the change of this number, which has to be one that was read before; `None` where
/// they are not known any more.
///
/// # Errors
/// A fault.
pub fn secrets_since(tx: &mut Tx<'_>, since: i64) -> Result<Option<Vec<HashedToken>>> {
    let known = check_changes::table.filter(check_changes::n.eq(since)).select(check_changes::n);
    if tx.find::<i64, _>(known)?.is_none() {
        return Ok(None);
    }
    let query: Sql<(Binary,)> =
        sql("SELECT DISTINCT s.hash FROM check_changes c JOIN token_secrets s ON s.token_id = c.id \
         WHERE c.kind = 'token' AND c.n > ")
        .number(since);
    let rows: Vec<(Vec<u8>,)> = tx.load(query)?;
    rows.into_iter().map(|(hash,)| hashed(hash)).collect::<Result<_>>().map(Some)
}

/// How many secrets of tokens there are.
///
/// # Errors
/// A fault.
pub fn count_secrets(tx: &mut Tx<'_>) -> Result<i64> {
    Ok(tx.find(token_secrets::table.count())?.unwrap_or(0))
}

/// The next so many secrets after this one, in their order.
///
/// # Errors
/// A fault.
pub fn secrets_after(tx: &mut Tx<'_>, after: &HashedToken, limit: i64) -> Result<Vec<HashedToken>> {
    let query: Sql<(Binary,)> =
        sql("SELECT hash FROM token_secrets WHERE hash > ").bytes(&after.0).sql(" ORDER BY hash").limit(limit);
    let rows: Vec<(Vec<u8>,)> = tx.load(query)?;
    rows.into_iter().map(|(hash,)| hashed(hash)).collect()
}

fn hashed(bytes: Vec<u8>) -> Result<HashedToken> {
    bytes.try_into().map(HashedToken).map_err(|_| Error::internal("the store holds a secret of a wrong length"))
}

type FactTypes = (
    (BigInt, Text, Text, Text, Bool, Nullable<BigInt>, BigInt, Text, Nullable<BigInt>),
    (Nullable<Text>, Nullable<Text>, Nullable<Text>),
    (BigInt, Text, Text, Text, Bool),
    Binary,
);
/// What is known of a secret.
type Known = (TokenFacts, AccountFacts);

#[derive(Queryable)]
struct TokenColumns {
    id: i64,
    uuid: String,
    name: String,
    kind: String,
    ended: bool,
    until: Option<i64>,
    created_at: i64,
    networks: String,
    noted_at: Option<i64>,
}

#[derive(Queryable)]
struct SetColumns {
    scopes: Option<String>,
    limit: Option<String>,
    roles: Option<String>,
}

#[derive(Queryable)]
struct UserColumns {
    id: i64,
    uuid: String,
    username: String,
    kind: String,
    disabled: bool,
}

/// One statement, so that it is of one moment and costs one way to the database. What there are several of comes as one text, with
/// blanks between. A limit to no team is a blank, no limit is nothing.
const FACTS: &str = "SELECT t.id, t.uuid, t.name, t.kind, s.ended OR t.revoked_at IS NOT NULL OR t.suspended_at IS NOT NULL, \
     CASE WHEN s.ends_at IS NULL THEN t.expires_at WHEN t.expires_at IS NULL OR s.ends_at < t.expires_at THEN s.ends_at \
     ELSE t.expires_at END, t.created_at, t.networks, CASE WHEN t.rotated_at IS NULL THEN t.last_used_at ELSE s.last_used_at END, ";
const FACTS_SQLITE: &str = "CASE WHEN NOT t.global_admin THEN (SELECT group_concat(scope_id, ' ') FROM token_scopes WHERE token_id = t.id) END, \
     CASE WHEN t.limited THEN (SELECT coalesce(group_concat(team_id, ' '), '') FROM token_teams WHERE token_id = t.id) END, \
     (SELECT group_concat(team_id || ' ' || role_id, ' ') FROM memberships WHERE user_id = u.id), ";
const FACTS_POSTGRES: &str = "CASE WHEN NOT t.global_admin THEN (SELECT string_agg(scope_id::text, ' ') FROM token_scopes WHERE token_id = t.id) END, \
     CASE WHEN t.limited THEN (SELECT coalesce(string_agg(team_id::text, ' '), '') FROM token_teams WHERE token_id = t.id) END, \
     (SELECT string_agg(team_id || ' ' || role_id, ' ') FROM memberships WHERE user_id = u.id), ";
const FACTS_OF: &str = "u.id, u.uuid, u.username, u.kind, u.disabled_at IS NOT NULL, s.hash \
     FROM token_secrets s JOIN tokens t ON t.id = s.token_id JOIN users u ON u.id = t.user_id WHERE ";

/// What is known of the token that has this secret, or had it before its last rotation, and of its account.
///
/// # Errors
/// A fault.
pub fn facts(tx: &mut Tx<'_>, secret: &HashedToken) -> Result<Option<Known>> {
    let found = known(tx, sql("s.hash = ").bytes(&secret.0))?;
    Ok(found.into_iter().next().map(|(_, known)| known))
}

/// The same of the secrets of the next so many tokens that were made before this one and are good for something at an application, the
/// last ones first.
///
/// # Errors
/// A fault.
pub fn facts_before(tx: &mut Tx<'_>, before: TokenId, limit: i64) -> Result<Vec<(HashedToken, Known)>> {
    let good = sql("t.id IN (SELECT id FROM tokens WHERE id < ").number(before.0);
    let good = good.sql(
        " AND revoked_at IS NULL AND suspended_at IS NULL AND EXISTS (SELECT 1 FROM token_scopes WHERE token_id = tokens.id) \
         ORDER BY id DESC",
    );
    known(tx, good.limit(limit).sql(") ORDER BY t.id DESC"))
}

fn known(tx: &mut Tx<'_>, which: Sql<FactTypes>) -> Result<Vec<(HashedToken, Known)>> {
    let sets = match tx.conn {
        Conn::Sqlite(_) => FACTS_SQLITE,
        Conn::Postgres(_) => FACTS_POSTGRES,
    };
    let query: Sql<FactTypes> = sql(FACTS).sql(sets).sql(FACTS_OF).then(which);
    let rows: Vec<(TokenColumns, SetColumns, UserColumns, Vec<u8>)> = tx.load(query)?;
    rows.into_iter().map(|(token, sets, user, hash)| Ok((hashed(hash)?, read(token, &sets, user)?))).collect()
}

fn read(token: TokenColumns, sets: &SetColumns, user: UserColumns) -> Result<Known> {
    let teams = sets.limit.as_deref().map(numbers).transpose()?;
    let roles = numbers(sets.roles.as_deref().unwrap_or_default())?;
    let account = AccountFacts {
        id: UserId(user.id),
        uuid: uuid(&user.uuid)?,
        username: user.username,
        kind: kind(&user.kind)?,
        disabled: user.disabled,
        roles: roles.chunks_exact(2).map(|pair| (TeamId(pair[0]), RoleId(pair[1]))).collect(),
    };
    let token = TokenFacts {
        id: TokenId(token.id),
        uuid: uuid(&token.uuid)?,
        name: token.name,
        kind: word(&token.kind)?,
        ended: token.ended,
        until: token.until.map(from_micros),
        created_at: from_micros(token.created_at),
        limit: teams.map(|teams| teams.into_iter().map(TeamId).collect()),
        networks: word(&token.networks)?,
        scopes: numbers(sets.scopes.as_deref().unwrap_or_default())?.into_iter().map(ScopeId).collect(),
        noted_at: token.noted_at.map(from_micros),
        user: account.id,
    };
    Ok((token, account))
}

fn uuid(text: &str) -> Result<Uuid> {
    word(text)
}

fn numbers(text: &str) -> Result<Vec<i64>> {
    text.split_ascii_whitespace().map(word).collect()
}

/// The application that is called `name`, by its slug or by its id outside, with all that a check rests on.
///
/// # Errors
/// A fault.
pub fn audience(tx: &mut Tx<'_>, name: &str) -> Result<Option<Audience>> {
    let found = applications::called(tx, name)?;
    let Some(application) = found else { return Ok(None) };
    let secrets = application_secrets::table
        .filter(application_secrets::application_id.eq(application.id.0))
        .select((application_secrets::hash, application_secrets::ends_at));
    let secrets: Vec<(Vec<u8>, Option<i64>)> = tx.load(secrets)?;
    let secret = |(hash, end): (Vec<u8>, Option<i64>)| Ok((hashed(hash)?, end.map(from_micros)));
    let access: BTreeMap<_, _> = applications::teams(tx, application.id)?.into_iter().collect();
    Ok(Some(Audience {
        id: application.id,
        uuid: application.uuid,
        slug: application.slug,
        audience: application.audience,
        scopes: applications::scopes(tx, application.id)?.into_iter().map(without_words).collect(),
        access,
        reach: reach(tx)?,
        secrets: secrets.into_iter().map(secret).collect::<Result<_>>()?,
        agents_stopped: super::settings::agents_are_stopped(tx)?,
    }))
}

/// What a scope allows is for people, and no check tells it.
fn without_words(scope: Scope) -> Scope {
    Scope { description: String::new(), ..scope }
}

/// How far the custom roles reach, those that reach at all.
fn reach(tx: &mut Tx<'_>) -> Result<HashMap<RoleId, crate::model::roles::AppLevel>> {
    let rows: Vec<(i64, String)> =
        tx.load(roles::table.filter(roles::level.ne("none")).select((roles::id, roles::level)))?;
    rows.into_iter().map(|(id, level)| Ok((RoleId(id), word(&level)?))).collect()
}

/// Notes when the secrets of applications were last used.
///
/// # Errors
/// A fault.
pub fn secret_used(tx: &mut Tx<'_>, secret: &HashedToken, at: time::OffsetDateTime) -> Result<()> {
    diesel::update(application_secrets::table.filter(application_secrets::hash.eq(&secret.0[..])))
        .set(application_secrets::last_used_at.eq(crate::base::clock::to_micros(at)))
        .execute(tx.conn)
        .map(drop)
        .map_err(super::db::failed)
}
