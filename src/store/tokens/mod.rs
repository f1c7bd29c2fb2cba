//! Access tokens. Of a secret only its SHA-256 is ever here.

mod inventory;
mod policy;

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use time::OffsetDateTime;

use super::db::{Tx, count_rows, failed};
use super::rows::TokenRow;
use super::schema::{token_teams, tokens};
use super::sql::{Condition, condition, sql};
use crate::base::clock::{from_micros, to_micros};
use crate::base::random;
use crate::model::applications::AppScope;
use crate::model::ids::{TeamId, TokenId, UserId};
use crate::model::names::fold;
use crate::model::permissions::PermissionSet;
use crate::model::tokens::{EXPIRING_WITHIN, HashedToken, Networks, Summary, SuspendedFor, Token, TokenType};
use crate::model::{Error, Result};

pub use inventory::{Reach, page};
pub use policy::{breaking, count_breaking, dormant};

/// What a new token is made of.
pub struct NewToken<'a> {
    /// Whose it is.
    pub user: UserId,
    /// Checked and free.
    pub name: &'a str,
    /// What it is for.
    pub description: &'a str,
    /// From the account's kind.
    pub kind: TokenType,
    /// Whether it acts as an Admin.
    pub global_admin: bool,
    /// What it may be used for.
    pub scopes: PermissionSet,
    /// What it may be used for in applications.
    pub app_scopes: &'a BTreeSet<AppScope>,
    /// The teams it is limited to.
    pub teams: Option<&'a BTreeSet<TeamId>>,
    /// Prefix and last four.
    pub hint: &'a str,
    /// The secret's hash.
    pub hash: &'a HashedToken,
    /// When it ends.
    pub expires_at: Option<OffsetDateTime>,
    /// Who made it.
    pub created_by: &'a str,
    /// From where it may be used.
    pub networks: &'a Networks,
    /// The token that made it.
    pub parent: Option<TokenId>,
}

/// What a token is found by: its name, and the hint by which people tell secrets apart.
fn search(name: &str, hint: &str) -> String {
    fold(&format!("{name}\n{hint}"))
}

/// Adds a token.
///
/// # Errors
/// A name that is taken, or a fault.
pub fn insert(tx: &mut Tx<'_>, new: &NewToken<'_>, now: OffsetDateTime) -> Result<Token> {
    let row: TokenRow = diesel::insert_into(tokens::table)
        .values((
            tokens::uuid.eq(random::uuid().to_string()),
            tokens::user_id.eq(new.user.0),
            tokens::name.eq(new.name),
            tokens::name_key.eq(fold(new.name)),
            tokens::description.eq(new.description),
            tokens::kind.eq(new.kind.as_str()),
            tokens::global_admin.eq(new.global_admin),
            tokens::scopes.eq(new.scopes.to_string()),
            tokens::limited.eq(new.teams.is_some()),
            tokens::hint.eq(new.hint),
            tokens::expires_at.eq(new.expires_at.map(to_micros)),
            tokens::created_by.eq(new.created_by),
            tokens::parent_id.eq(new.parent.map(|id| id.0)),
            tokens::created_at.eq(to_micros(now)),
            tokens::networks.eq(new.networks.to_string()),
            tokens::active_at.eq(to_micros(now)),
            tokens::search.eq(search(new.name, new.hint)),
        ))
        .returning(TokenRow::columns())
        .get_result(tx.conn)
        .map_err(failed)?;
    super::secrets::insert(tx, TokenId(row.id), new.hint, new.hash)?;
    if let Some(maker) = new.parent {
        super::leaks::made_with(tx, TokenId(row.id), maker, now)?;
    }
    limit(tx, row.id, new.teams)?;
    super::applications::give(tx, TokenId(row.id), new.app_scopes)?;
    with_teams(tx, vec![row])?.pop().ok_or(Error::NotFound("token"))
}

/// The token with this id, of this account.
///
/// # Errors
/// [`Error::NotFound`], or a fault.
pub fn get(tx: &mut Tx<'_>, user: UserId, id: TokenId) -> Result<Token> {
    let row = tokens::table.select(TokenRow::columns()).filter(tokens::id.eq(id.0).and(tokens::user_id.eq(user.0)));
    let row: Option<TokenRow> = tx.find(row)?;
    let found = with_teams(tx, row.into_iter().collect())?.pop();
    found.ok_or(Error::NotFound("token"))
}

/// All tokens of an account, the newest first.
///
/// # Errors
/// A fault.
pub fn of_user(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<Token>> {
    let rows = tokens::table.select(TokenRow::columns()).filter(tokens::user_id.eq(user.0)).order(tokens::id.desc());
    let rows = tx.load(rows)?;
    with_teams(tx, rows)
}

/// Adds to each its scopes of applications, the teams to those that are limited, and to those of agents whether all of these are stopped.
pub(super) fn with_teams(tx: &mut Tx<'_>, rows: Vec<TokenRow>) -> Result<Vec<Token>> {
    let mut teams: HashMap<i64, BTreeSet<TeamId>> = HashMap::new();
    if rows.iter().any(|row| row.limited) {
        let limited = rows.iter().filter(|row| row.limited).map(|row| row.id);
        let found = token_teams::table.filter(condition("token_teams.token_id").among(limited));
        let found: Vec<(i64, i64)> = tx.load(found)?;
        for (token, team) in found {
            teams.entry(token).or_default().insert(TeamId(team));
        }
    }
    let mut app_scopes = super::applications::of_tokens(tx, rows.iter().map(|row| row.id))?;
    let agents_stopped = rows.iter().any(TokenRow::is_agents) && super::settings::agents_are_stopped(tx)?;
    rows.into_iter()
        .map(|row| {
            let teams = teams.remove(&row.id).unwrap_or_default();
            let app_scopes = app_scopes.remove(&row.id).unwrap_or_default();
            row.with(app_scopes, teams, agents_stopped)
        })
        .collect()
}

/// Whether the account has a token of this name, other than `except`, that is not revoked.
///
/// # Errors
/// A fault.
pub fn name_taken(tx: &mut Tx<'_>, user: UserId, name: &str, except: Option<TokenId>) -> Result<bool> {
    let found = tokens::table
        .filter(tokens::user_id.eq(user.0).and(tokens::name_key.eq(fold(name))).and(tokens::revoked_at.is_null()))
        .filter(tokens::id.ne(except.map_or(0, |id| id.0)))
        .select(tokens::id);
    Ok(tx.find::<i64, _>(found)?.is_some())
}

/// Writes the name, description, scopes, teams, networks and power of a token down as they are in `token`, and counts the change.
///
/// # Errors
/// A name that is taken, or a fault.
pub fn update(tx: &mut Tx<'_>, token: &Token) -> Result<Token> {
    diesel::update(tokens::table.filter(tokens::id.eq(token.id.0)))
        .set((
            tokens::name.eq(&token.name),
            tokens::name_key.eq(fold(&token.name)),
            tokens::search.eq(search(&token.name, &token.hint)),
            tokens::description.eq(&token.description),
            tokens::global_admin.eq(token.global_admin),
            tokens::scopes.eq(token.scopes.to_string()),
            tokens::limited.eq(token.teams.is_some()),
            tokens::networks.eq(token.networks.to_string()),
            tokens::version.eq(tokens::version + 1),
        ))
        .execute(tx.conn)
        .map_err(failed)?;
    diesel::delete(token_teams::table.filter(token_teams::token_id.eq(token.id.0))).execute(tx.conn).map_err(failed)?;
    limit(tx, token.id.0, token.teams.as_ref())?;
    super::applications::give(tx, token.id, &token.app_scopes)?;
    get(tx, token.user, token.id)
}

fn limit(tx: &mut Tx<'_>, token: i64, teams: Option<&BTreeSet<TeamId>>) -> Result<()> {
    for team in teams.into_iter().flatten() {
        diesel::insert_into(token_teams::table)
            .values((token_teams::token_id.eq(token), token_teams::team_id.eq(team.0)))
            .execute(tx.conn)
            .map_err(failed)?;
    }
    Ok(())
}

/// Revokes one token.
///
/// # Errors
/// A fault.
pub fn revoke(tx: &mut Tx<'_>, id: TokenId, now: OffsetDateTime) -> Result<()> {
    diesel::update(tokens::table.filter(tokens::id.eq(id.0).and(tokens::revoked_at.is_null())))
        .set((tokens::revoked_at.eq(to_micros(now)), tokens::version.eq(tokens::version + 1)))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// What changes about a token that gets another secret.
pub struct Renewal<'a> {
    /// Prefix and last four of the new one.
    pub hint: &'a str,
    /// When it ends.
    pub end: Option<OffsetDateTime>,
    /// Whether its life begins anew.
    pub renewed: bool,
    /// The other token that asked for it, and so knows the secret.
    pub by: Option<TokenId>,
}

/// Writes a rotation down.
///
/// # Errors
/// A fault.
pub fn rotate(tx: &mut Tx<'_>, token: &Token, renewal: &Renewal<'_>, now: OffsetDateTime) -> Result<Token> {
    let Renewal { hint, end, renewed, by } = renewal;
    diesel::update(tokens::table.filter(tokens::id.eq(token.id.0)))
        .set((
            tokens::hint.eq(hint),
            tokens::search.eq(search(&token.name, hint)),
            tokens::expires_at.eq(end.map(to_micros)),
            tokens::rotated_at.eq(to_micros(now)),
            tokens::active_at.eq(to_micros(now)),
            renewed.then(|| tokens::renewed_at.eq(to_micros(now))),
            by.map(|by| tokens::parent_id.eq(by.0)),
            tokens::version.eq(tokens::version + 1),
        ))
        .execute(tx.conn)
        .map_err(failed)?;
    if let Some(by) = by {
        super::leaks::made_with(tx, token.id, *by, now)?;
    }
    get(tx, token.user, token.id)
}

/// Counts a change that stands elsewhere than in the token's own row.
///
/// # Errors
/// A fault.
pub fn count_change(tx: &mut Tx<'_>, token: &Token) -> Result<Token> {
    diesel::update(tokens::table.filter(tokens::id.eq(token.id.0)))
        .set(tokens::version.eq(tokens::version + 1))
        .execute(tx.conn)
        .map_err(failed)?;
    get(tx, token.user, token.id)
}

/// Stops a token, by somebody or for a reason of the portal's own.
///
/// # Errors
/// A fault.
pub fn suspend(tx: &mut Tx<'_>, token: &Token, reason: Option<SuspendedFor>, now: OffsetDateTime) -> Result<Token> {
    diesel::update(tokens::table.filter(tokens::id.eq(token.id.0)))
        .set((
            tokens::suspended_at.eq(to_micros(now)),
            tokens::suspended_for.eq(reason.map(SuspendedFor::as_str)),
            tokens::version.eq(tokens::version + 1),
        ))
        .execute(tx.conn)
        .map_err(failed)?;
    get(tx, token.user, token.id)
}

/// Has a suspended token be good again. It counts as used at that moment, so that it is not dormant at once.
///
/// # Errors
/// A fault.
pub fn resume(tx: &mut Tx<'_>, token: &Token, now: OffsetDateTime) -> Result<Token> {
    diesel::update(tokens::table.filter(tokens::id.eq(token.id.0)))
        .set((
            tokens::suspended_at.eq(None::<i64>),
            tokens::suspended_for.eq(None::<String>),
            tokens::active_at.eq(to_micros(now)),
            tokens::version.eq(tokens::version + 1),
        ))
        .execute(tx.conn)
        .map_err(failed)?;
    get(tx, token.user, token.id)
}

/// Has a token end at another moment.
///
/// # Errors
/// A fault.
pub fn end_at(tx: &mut Tx<'_>, id: TokenId, end: Option<OffsetDateTime>) -> Result<()> {
    diesel::update(tokens::table.filter(tokens::id.eq(id.0)))
        .set((tokens::expires_at.eq(end.map(to_micros)), tokens::version.eq(tokens::version + 1)))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// Has a token be good for these scopes from now on.
///
/// # Errors
/// A fault.
pub fn set_scopes(tx: &mut Tx<'_>, id: TokenId, scopes: PermissionSet) -> Result<()> {
    diesel::update(tokens::table.filter(tokens::id.eq(id.0)))
        .set((tokens::scopes.eq(scopes.to_string()), tokens::version.eq(tokens::version + 1)))
        .execute(tx.conn)
        .map(drop)
        .map_err(failed)
}

/// That a token is good at `now`.
pub(super) fn good(now: OffsetDateTime) -> Condition {
    lasting(now).sql(" AND NOT ").sql(STOPPED)
}

/// That a token is good at `now`, or would be if agents were not stopped.
pub(super) fn lasting(now: OffsetDateTime) -> Condition {
    sql("revoked_at IS NULL AND suspended_at IS NULL AND (expires_at IS NULL OR expires_at > ")
        .number(to_micros(now))
        .sql(")")
}

/// That a row is an agent's (of `users` or of `tokens`), and all agents are stopped, in SQL.
pub(super) const STOPPED: &str =
    "(kind IN ('agent', 'Agent') AND EXISTS (SELECT 1 FROM settings WHERE agents_stopped_at IS NOT NULL))";

/// Whose they are and of which kind; how many there are, are suspended, and would end or end soon if they are not; and when the
/// first of these ends.
type Standing<Id, Word, Number> = (Id, Word, Id, Id, Id, Id, Number);

/// A summary for each of these users that has a token that is not over, at `now` and with all agents stopped or not.
///
/// # Errors
/// A fault.
pub fn summaries(
    tx: &mut Tx<'_>,
    users: &[UserId],
    (agents_stopped, now): (bool, OffsetDateTime),
) -> Result<HashMap<UserId, Summary>> {
    if users.is_empty() {
        return Ok(HashMap::new());
    }
    let soon = to_micros(now + EXPIRING_WITHIN);
    let counted = sql::<Standing<BigInt, Text, Nullable<BigInt>>>(
        "SELECT user_id, kind, COUNT(*), COUNT(suspended_at), COUNT(CASE WHEN suspended_at IS NULL THEN expires_at END), \
         COUNT(CASE WHEN suspended_at IS NULL AND expires_at <= ",
    );
    let counted = counted
        .number(soon)
        .sql(" THEN 1 END), MIN(CASE WHEN suspended_at IS NULL THEN expires_at END) FROM tokens WHERE user_id")
        .among(users.iter().map(|id| id.0))
        .sql(" AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ")
        .number(to_micros(now))
        .sql(") GROUP BY user_id, kind");
    let rows: Vec<Standing<i64, String, Option<i64>>> = tx.load(counted)?;
    let mut all: HashMap<UserId, Summary> = HashMap::with_capacity(rows.len());
    for (user, kind, lasting, suspended, ending_once, ending, soonest) in rows {
        let summary = all.entry(UserId(user)).or_default();
        summary.suspended += suspended;
        let going = lasting - suspended;
        if agents_stopped && kind == TokenType::Agent.as_str() {
            summary.stopped += going;
            continue;
        }
        summary.usable += going;
        summary.endless += going - ending_once;
        summary.ending += ending;
        let end = soonest.filter(|end| *end <= soon).map(from_micros);
        summary.soonest_end = summary.soonest_end.into_iter().chain(end).min();
    }
    Ok(all)
}

/// Which good tokens of enabled accounts an administrator should look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attention {
    /// Those that end soon.
    Ending,
    /// Those that never end.
    Endless,
}

/// Good tokens that need attention, those of service and agent accounts and of people, the soonest first, up to `limit`.
///
/// # Errors
/// A fault.
pub fn attention(tx: &mut Tx<'_>, what: Attention, now: OffsetDateTime, limit: i64) -> Result<Vec<Token>> {
    let soon = to_micros(now + EXPIRING_WITHIN);
    let end: Condition = match what {
        Attention::Ending => sql("expires_at > ").number(to_micros(now)).sql(" AND expires_at <= ").number(soon),
        Attention::Endless => sql("expires_at IS NULL"),
    };
    // Of the accounts it is asked of each, in the order of the index: a list of all enabled ones would be made first.
    let good = condition("revoked_at IS NULL AND suspended_at IS NULL AND NOT ")
        .sql(STOPPED)
        .sql(" AND EXISTS (SELECT 1 FROM users u WHERE u.id = tokens.user_id AND u.disabled_at IS NULL)");
    let those = TokenRow::columns().rows().all_of([end, good]);
    let rows = tx.load(those.sql(" ORDER BY expires_at, tokens.id").limit(limit))?;
    with_teams(tx, rows)
}

/// How many good tokens there are, counted up to one more than the cap.
///
/// # Errors
/// A fault.
pub fn count(tx: &mut Tx<'_>, now: OffsetDateTime) -> Result<i64> {
    count_rows(tx, sql("FROM tokens WHERE ").then(good(now)))
}

/// How many good tokens act in `team` alone, counted up to one more than the cap.
///
/// # Errors
/// A fault.
pub fn limited_to(tx: &mut Tx<'_>, team: TeamId, now: OffsetDateTime) -> Result<i64> {
    let alone = "NOT EXISTS (SELECT 1 FROM token_teams o WHERE o.token_id = t.id AND o.team_id <> tt.team_id)";
    let those = sql("FROM token_teams tt JOIN tokens t ON t.id = tt.token_id WHERE tt.team_id = ").number(team.0);
    count_rows(tx, those.sql(format!(" AND t.limited AND {alone} AND ")).then(good(now)))
}
