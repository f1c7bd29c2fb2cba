//! What checks of tokens read: a token by its secret in one statement, an application in a few, and the number that counts each change
//! of what they rest on.

use std::collections::{BTreeMap, HashMap};

use diesel::deserialize::Queryable;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use uuid::Uuid;

use super::applications;
use super::conn::Conn;
use super::db::Tx;
use super::rows::{kind, word};
use super::schema::{application_secrets, check_revision, roles};
use super::sql::{Sql, sql};
use crate::base::clock::from_micros;
use crate::model::checks::{Audience, Facts};
use crate::model::ids::{RoleId, ScopeId, TeamId, TokenId, UserId};
use crate::model::tokens::HashedToken;
use crate::model::{Error, Result};

/// How often what checks rest on has changed so far.
///
/// # Errors
/// A fault.
pub fn revision(tx: &mut Tx<'_>) -> Result<i64> {
    tx.find(check_revision::table.select(check_revision::n))?.ok_or_else(|| Error::internal("the revision is missing"))
}

type FactTypes = (
    (BigInt, Text, Text, Text, Bool, Nullable<BigInt>, BigInt, Text, Nullable<BigInt>),
    (Nullable<Text>, Nullable<Text>, Nullable<Text>),
    (BigInt, Text, Text, Text, Bool),
);

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
const FACTS_OF: &str = "u.id, u.uuid, u.username, u.kind, u.disabled_at IS NOT NULL \
     FROM token_secrets s JOIN tokens t ON t.id = s.token_id JOIN users u ON u.id = t.user_id WHERE s.hash = ";

/// What is known of the token that has this secret, or had it before its last rotation.
///
/// # Errors
/// A fault.
pub fn facts(tx: &mut Tx<'_>, secret: &HashedToken) -> Result<Option<Facts>> {
    let sets = match tx.conn {
        Conn::Sqlite(_) => FACTS_SQLITE,
        Conn::Postgres(_) => FACTS_POSTGRES,
    };
    let query: Sql<FactTypes> = sql(FACTS).sql(sets).sql(FACTS_OF).bytes(&secret.0);
    let found: Option<(TokenColumns, SetColumns, UserColumns)> = tx.find(query)?;
    let Some((token, sets, user)) = found else { return Ok(None) };
    let teams = sets.limit.as_deref().map(numbers).transpose()?;
    let roles = numbers(sets.roles.as_deref().unwrap_or_default())?;
    Ok(Some(Facts {
        token: TokenId(token.id),
        token_uuid: uuid(&token.uuid)?,
        token_name: token.name,
        kind: word(&token.kind)?,
        ended: token.ended,
        until: token.until.map(from_micros),
        created_at: from_micros(token.created_at),
        limit: teams.map(|teams| teams.into_iter().map(TeamId).collect()),
        networks: word(&token.networks)?,
        scopes: numbers(sets.scopes.as_deref().unwrap_or_default())?.into_iter().map(ScopeId).collect(),
        noted_at: token.noted_at.map(from_micros),
        user: UserId(user.id),
        user_uuid: uuid(&user.uuid)?,
        username: user.username,
        user_kind: kind(&user.kind)?,
        disabled: user.disabled,
        roles: roles.chunks_exact(2).map(|pair| (TeamId(pair[0]), RoleId(pair[1]))).collect(),
    }))
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
    if name.contains('\0') {
        return Ok(None);
    }
    let found = match name.parse::<Uuid>() {
        Ok(uuid) => applications::by_uuid(tx, uuid)?,
        Err(_) => applications::by_slug(tx, name)?,
    };
    let Some(application) = found else { return Ok(None) };
    let secrets = application_secrets::table
        .filter(application_secrets::application_id.eq(application.id.0))
        .select((application_secrets::hash, application_secrets::ends_at));
    let secrets: Vec<(Vec<u8>, Option<i64>)> = tx.load(secrets)?;
    let secret = |(hash, end): (Vec<u8>, Option<i64>)| Some((HashedToken(hash.try_into().ok()?), end.map(from_micros)));
    let access: BTreeMap<_, _> = applications::teams(tx, application.id)?.into_iter().collect();
    Ok(Some(Audience {
        id: application.id,
        uuid: application.uuid,
        slug: application.slug,
        audience: application.audience,
        scopes: applications::scopes(tx, application.id)?,
        access,
        reach: reach(tx)?,
        secrets: secrets.into_iter().filter_map(secret).collect(),
        agents_stopped: super::settings::agents_are_stopped(tx)?,
    }))
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
