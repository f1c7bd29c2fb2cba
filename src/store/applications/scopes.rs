//! The scopes of applications, and the tokens that have them.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::touch;
use crate::model::Result;
use crate::model::applications::{AppScope, Scope};
use crate::model::ids::{ApplicationId, ScopeId, TeamId, TokenId};
use crate::model::roles::AppLevel;
use crate::store::db::{Tx, count_rows, failed};
use crate::store::rows::word;
use crate::store::schema::{application_scopes, token_scopes};
use crate::store::sql::{Condition, Sql, condition, sql};

/// What a new scope is made of.
pub struct NewScope<'a> {
    /// Checked and free.
    pub name: &'a str,
    /// What it allows.
    pub description: &'a str,
    /// How far a role has to reach for it.
    pub level: AppLevel,
}

type Row = (i64, i64, String, String, String);

fn scope((id, _, name, description, level): Row) -> Result<Scope> {
    Ok(Scope { id: ScopeId(id), name, description, level: word(&level)? })
}

/// The scopes of an application, by name.
///
/// # Errors
/// A fault.
pub fn scopes(tx: &mut Tx<'_>, application: ApplicationId) -> Result<Vec<Scope>> {
    let rows = application_scopes::table
        .filter(application_scopes::application_id.eq(application.0))
        .order(application_scopes::name.asc());
    tx.load::<Row, _>(rows)?.into_iter().map(scope).collect()
}

/// Adds a scope.
///
/// # Errors
/// A name that is taken, or a fault.
pub fn insert_scope(tx: &mut Tx<'_>, application: ApplicationId, new: &NewScope<'_>) -> Result<Scope> {
    let row: Row = diesel::insert_into(application_scopes::table)
        .values((
            application_scopes::application_id.eq(application.0),
            application_scopes::name.eq(new.name),
            application_scopes::description.eq(new.description),
            application_scopes::level.eq(new.level.as_str()),
        ))
        .returning(application_scopes::all_columns)
        .get_result(tx.conn)
        .map_err(failed)?;
    touch(tx, application)?;
    scope(row)
}

/// Writes the description and level of a scope. Its name stays, since tokens and programs know it by that.
///
/// # Errors
/// A fault.
pub fn update_scope(tx: &mut Tx<'_>, application: ApplicationId, scope: &Scope) -> Result<()> {
    diesel::update(application_scopes::table.filter(application_scopes::id.eq(scope.id.0)))
        .set((
            application_scopes::description.eq(&scope.description),
            application_scopes::level.eq(scope.level.as_str()),
        ))
        .execute(tx.conn)
        .map_err(failed)?;
    touch(tx, application)
}

/// Removes a scope, on every token that has it too.
///
/// # Errors
/// A fault.
pub fn delete_scope(tx: &mut Tx<'_>, application: ApplicationId, id: ScopeId) -> Result<()> {
    diesel::delete(application_scopes::table.filter(application_scopes::id.eq(id.0)))
        .execute(tx.conn)
        .map_err(failed)?;
    touch(tx, application)
}

/// How many tokens that were not revoked have each of these scopes; one that none has is missing. Counting stops after the cap.
///
/// # Errors
/// A fault.
pub fn count_tokens(tx: &mut Tx<'_>, scopes: &[ScopeId]) -> Result<HashMap<ScopeId, i64>> {
    let mut counts = HashMap::new();
    for id in scopes {
        let theirs = sql("FROM token_scopes JOIN tokens ON tokens.id = token_scopes.token_id WHERE scope_id = ");
        let n = count_rows(tx, theirs.number(id.0).sql(" AND tokens.revoked_at IS NULL"))?;
        counts.insert(*id, n);
    }
    Ok(counts)
}

type Named = (i64, i64, String, String, String);
type NamedTypes = (BigInt, BigInt, Text, Text, Text);

fn named((id, application, slug, name, level): Named) -> Result<AppScope> {
    Ok(AppScope { id: ScopeId(id), application: ApplicationId(application), slug, name, level: word(&level)? })
}

const NAMED: &str =
    "application_scopes.id, applications.id, applications.slug, application_scopes.name, application_scopes.level";

/// The scopes of these words, `slug` and name; one that there is not is missing.
///
/// # Errors
/// A fault.
pub fn by_words(tx: &mut Tx<'_>, slug: &str, name: &str) -> Result<Option<AppScope>> {
    let query: Sql<NamedTypes> = sql("SELECT ")
        .sql(NAMED)
        .sql(" FROM applications JOIN application_scopes ON application_scopes.application_id = applications.id");
    let those = [condition("applications.slug = ").text(slug), condition("application_scopes.name = ").text(name)];
    tx.find::<Named, _>(query.all_of(those))?.map(named).transpose()
}

/// The scopes of applications that each of these tokens has; tokens without any are missing.
///
/// # Errors
/// A fault.
pub fn of_tokens(tx: &mut Tx<'_>, tokens: impl IntoIterator<Item = i64>) -> Result<HashMap<i64, BTreeSet<AppScope>>> {
    let query: Sql<(BigInt, NamedTypes)> = sql("SELECT token_scopes.token_id, ").sql(NAMED).sql(
        " FROM token_scopes JOIN application_scopes ON application_scopes.id = token_scopes.scope_id \
         JOIN applications ON applications.id = application_scopes.application_id",
    );
    let those: Condition = sql("token_scopes.token_id");
    let rows: Vec<(i64, Named)> = tx.load(query.all_of([those.among(tokens)]))?;
    let mut found: HashMap<_, BTreeSet<_>> = HashMap::new();
    for (token, row) in rows {
        found.entry(token).or_default().insert(named(row)?);
    }
    Ok(found)
}

/// Has a token have these scopes of applications, and no others.
///
/// # Errors
/// A fault.
pub fn give(tx: &mut Tx<'_>, token: TokenId, scopes: &BTreeSet<AppScope>) -> Result<()> {
    let all = token_scopes::table.filter(token_scopes::token_id.eq(token.0)).select(token_scopes::scope_id);
    let before: BTreeSet<i64> = tx.load(all)?.into_iter().collect();
    let after: BTreeSet<i64> = scopes.iter().map(|scope| scope.id.0).collect();
    for gone in before.difference(&after) {
        let row = token_scopes::token_id.eq(token.0).and(token_scopes::scope_id.eq(*gone));
        diesel::delete(token_scopes::table.filter(row)).execute(tx.conn).map_err(failed)?;
    }
    for new in after.difference(&before) {
        diesel::insert_into(token_scopes::table)
            .values((token_scopes::token_id.eq(token.0), token_scopes::scope_id.eq(*new)))
            .execute(tx.conn)
            .map_err(failed)?;
    }
    Ok(())
}

/// What the members of some teams may use of applications.
#[derive(Clone, Debug, Default)]
pub struct Reachable {
    /// Every scope of the applications that any of these teams has access to, in the order of their words.
    pub scopes: BTreeSet<AppScope>,
    /// Which of these teams have access to each application.
    pub access: HashMap<ApplicationId, BTreeSet<TeamId>>,
}

/// What applications that any of these teams has access to offer.
///
/// # Errors
/// A fault.
pub fn reachable(tx: &mut Tx<'_>, teams: &[TeamId]) -> Result<Reachable> {
    let ids = teams.iter().map(|id| id.0);
    let query: Sql<(BigInt, BigInt)> = sql("SELECT application_id, team_id FROM application_teams");
    let rows: Vec<(i64, i64)> = tx.load(query.all_of([condition("team_id").among(ids)]))?;
    let mut found = Reachable::default();
    for (application, team) in rows {
        found.access.entry(ApplicationId(application)).or_default().insert(TeamId(team));
    }
    let query: Sql<NamedTypes> = sql("SELECT ")
        .sql(NAMED)
        .sql(" FROM applications JOIN application_scopes ON application_scopes.application_id = applications.id");
    let those = condition("applications.id").among(found.access.keys().map(|id| id.0));
    found.scopes = tx.load::<Named, _>(query.all_of([those]))?.into_iter().map(named).collect::<Result<_>>()?;
    Ok(found)
}
