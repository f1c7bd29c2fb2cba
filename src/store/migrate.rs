//! Brings the tables of either database up to date.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::{PgConnection, RunQueryDsl, SqliteConnection, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::conn::Conn;
use super::db::OpenError;

const SQLITE_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Held while migrating, by whichever of several portals starts first.
const MIGRATION_LOCK: (&str, &str) = ("SELECT pg_advisory_lock(7815266012)", "SELECT pg_advisory_unlock(7815266012)");

/// Runs the migrations that were not run yet.
pub(super) fn migrate(conn: &mut Conn) -> Result<(), OpenError> {
    match conn {
        Conn::Sqlite(conn) => {
            keep_a_copy(conn)?;
            bring_up_to_date(conn, SQLITE_MIGRATIONS)
        }
        Conn::Postgres(conn) => {
            let locked = |conn: &mut PgConnection, sql| {
                conn.batch_execute(sql).map_err(|error: diesel::result::Error| OpenError::Migrate(error.to_string()))
            };
            locked(conn, MIGRATION_LOCK.0)?;
            let outcome = bring_up_to_date(conn, POSTGRES_MIGRATIONS);
            locked(conn, MIGRATION_LOCK.1)?;
            outcome
        }
    }
}

/// Before tables that hold something are changed, the store is copied beside itself.
fn keep_a_copy(conn: &mut SqliteConnection) -> Result<(), OpenError> {
    let fail = |error: Box<dyn std::error::Error + Send + Sync>| OpenError::Migrate(error.to_string());
    let applied = conn.applied_migrations().map_err(fail)?;
    let Some(last) = applied.iter().max() else { return Ok(()) };
    if !conn.has_pending_migration(SQLITE_MIGRATIONS).map_err(fail)? {
        return Ok(());
    }
    let file = sql_query("SELECT file AS name FROM pragma_database_list WHERE name = 'main'").get_result::<File>(conn);
    let file = file.map_err(|error| OpenError::Migrate(error.to_string()))?.name;
    let copy = format!("{file}.before-{last}");
    if Path::new(&copy).exists() {
        return Ok(());
    }
    let kept = sql_query("VACUUM INTO ?").bind::<diesel::sql_types::Text, _>(&copy).execute(conn);
    kept.map(drop).map_err(|error| OpenError::Migrate(format!("cannot keep a copy as {copy}: {error}")))
}

#[derive(diesel::QueryableByName)]
struct File {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

fn bring_up_to_date<DB, C>(conn: &mut C, known: EmbeddedMigrations) -> Result<(), OpenError>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB>,
    EmbeddedMigrations: diesel::migration::MigrationSource<DB>,
{
    use diesel::migration::MigrationSource;
    let fail = |error: Box<dyn std::error::Error + Send + Sync>| OpenError::Migrate(error.to_string());
    let ours = known.migrations().map_err(fail)?;
    let ours: Vec<_> = ours.iter().map(|migration| migration.name().version().as_owned()).collect();
    if let Some(newer) = conn.applied_migrations().map_err(fail)?.into_iter().find(|applied| !ours.contains(applied)) {
        return Err(OpenError::Newer(newer.to_string()));
    }
    conn.run_pending_migrations(known).map(drop).map_err(fail)
}
