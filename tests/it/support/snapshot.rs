//! The store as it was: kept once, and put back after a change, so that many requests can be tried on the same things.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::{PgConnection, SqliteConnection};

use super::Database;
use super::database::WRITER;

/// What was changed since is not known: whatever was kept in memory of tokens is read again.
const ALL_CHANGED: &str = "INSERT INTO check_changes (kind) VALUES ('all');\n\
                           DELETE FROM check_changes WHERE n < (SELECT MAX(n) FROM check_changes);\n";

/// A copy of every table, but for the log of changes, which only goes on.
pub struct Snapshot {
    tables: Vec<String>,
}

const SQLITE_TABLES: &str = "SELECT name AS t FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' \
                             AND NOT EXISTS (SELECT 1 FROM sqlite_master v WHERE v.sql LIKE 'CREATE VIRTUAL%' AND sqlite_master.name LIKE v.name || '\\_%' ESCAPE '\\') \
                             AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'snap_%' AND name <> 'check_changes' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'";
/// Made from tables, and so made anew with them.
const SQLITE_INDEXES: &str = "SELECT name AS t FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%fts5%'";
const POSTGRES_TABLES: &str = "SELECT tablename::text AS t FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'snap\\_%' AND tablename <> 'check_changes' AND tablename NOT LIKE '\\_\\_%'";

impl Snapshot {
    /// Copies every table beside itself.
    pub fn of(db: &Database) -> Self {
        let tables = db.texts(match db {
            Database::Sqlite(_) => SQLITE_TABLES,
            Database::Postgres(_) => POSTGRES_TABLES,
        });
        for table in &tables {
            db.execute(&format!("CREATE TABLE snap_{table} AS SELECT * FROM {table}")).unwrap();
        }
        Self { tables }
    }

    /// Puts everything back, past the triggers and references that guard the tables in earnest.
    pub fn restore(&self, db: &Database) {
        let rows: String = self
            .tables
            .iter()
            .map(|table| format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM snap_{table};\n"))
            .chain(std::iter::once(ALL_CHANGED.to_owned()))
            .collect();
        match db {
            Database::Postgres(url) => {
                let script = format!(
                    "BEGIN; SELECT pg_advisory_xact_lock({WRITER}); SET LOCAL session_replication_role = replica;\n{rows}COMMIT;"
                );
                PgConnection::establish(url).unwrap().batch_execute(&script).unwrap();
            }
            Database::Sqlite(file) => {
                let names = db.texts("SELECT name AS t FROM sqlite_master WHERE type = 'trigger'");
                let triggers = db.texts("SELECT sql AS t FROM sqlite_master WHERE type = 'trigger'");
                let off: String = names.iter().map(|name| format!("DROP TRIGGER {name};\n")).collect();
                let indexes = db.texts(SQLITE_INDEXES);
                let anew: String =
                    indexes.iter().map(|name| format!("INSERT INTO {name} ({name}) VALUES ('rebuild');\n")).collect();
                let script = format!(
                    "PRAGMA busy_timeout = 20000; PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE;\n{off}{rows}\
                     {anew}{};\nCOMMIT;",
                    triggers.join(";\n")
                );
                let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
                conn.batch_execute(&script).unwrap();
            }
        }
    }
}
