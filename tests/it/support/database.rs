//! The store of a test, and a way into it past the program.

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::{PgConnection, SqliteConnection, sql_query};

/// The lock on PostgreSQL that `store/db.rs` takes for each writing transaction.
pub const WRITER: i64 = 7_815_266_011;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    Sqlite,
    Postgres,
}

/// A store of one test's own.
pub enum Database {
    Sqlite(PathBuf),
    Postgres(String),
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Words {
    #[diesel(sql_type = Text)]
    t: String,
}

macro_rules! connected {
    ($database:expr, $conn:ident => $work:expr) => {
        match $database {
            Database::Sqlite(file) => {
                let mut opened = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
                let $conn = &mut opened;
                sql_query("PRAGMA busy_timeout = 20000").execute($conn).unwrap();
                sql_query("PRAGMA foreign_keys = ON").execute($conn).unwrap();
                $work
            }
            Database::Postgres(url) => {
                let $conn = &mut PgConnection::establish(url).unwrap();
                $work
            }
        }
    };
}

/// One connection past the program that stays open, for tests that look often.
pub enum Window {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

macro_rules! through {
    ($window:expr, $conn:ident => $work:expr) => {
        match $window {
            Window::Sqlite($conn) => $work,
            Window::Postgres($conn) => $work,
        }
    };
}

impl Window {
    pub fn execute(&mut self, statement: &str) {
        through!(self, conn => sql_query(statement).execute(conn).map(drop).unwrap());
    }

    pub fn texts(&mut self, query: &str) -> Vec<String> {
        let rows: Vec<Words> = through!(self, conn => sql_query(query).load(conn).unwrap());
        rows.into_iter().map(|row| row.t).collect()
    }
}

impl Database {
    /// Takes its room back; nothing may use it any more.
    pub fn discard(&self) {
        if let Self::Postgres(url) = self {
            let mut url = url::Url::parse(url).unwrap();
            let name = url.path().trim_start_matches('/').to_owned();
            url.set_path("postgres");
            let mut conn = PgConnection::establish(url.as_str()).unwrap();
            sql_query(format!("DROP DATABASE {name} WITH (FORCE)")).execute(&mut conn).unwrap();
        }
    }

    /// Opens a window on it.
    pub fn window(&self) -> Window {
        match self {
            Self::Sqlite(file) => {
                let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
                sql_query("PRAGMA busy_timeout = 20000").execute(&mut conn).unwrap();
                sql_query("PRAGMA foreign_keys = ON").execute(&mut conn).unwrap();
                Window::Sqlite(conn)
            }
            Self::Postgres(url) => Window::Postgres(PgConnection::establish(url).unwrap()),
        }
    }

    pub fn create(flavour: Flavour, dir: &Path) -> Self {
        match flavour {
            Flavour::Sqlite => Self::Sqlite(dir.join("latchkey.db")),
            Flavour::Postgres => {
                let server = std::env::var("LATCHKEY_TEST_POSTGRES_URL").expect(
                    "no PostgreSQL for the tests: run them with `make test`, or with \
                     `scripts/with-postgres.sh cargo test` (Debian: apt install postgresql)",
                );
                let name = format!("t_{}", latchkey::base::random::base62(16).to_lowercase());
                let mut conn = PgConnection::establish(&server).expect("the test PostgreSQL answers");
                sql_query(format!("CREATE DATABASE {name}")).execute(&mut conn).unwrap();
                let mut url = url::Url::parse(&server).unwrap();
                url.set_path(&name);
                Self::Postgres(url.into())
            }
        }
    }

    /// What goes into `LATCHKEY_DATABASE_URL`.
    pub fn url(&self) -> Option<String> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(url) => Some(url.clone()),
        }
    }

    pub fn execute(&self, statement: &str) -> Result<(), String> {
        connected!(self, conn => sql_query(statement).execute(conn).map(drop).map_err(|error| error.to_string()))
    }

    /// Runs a script of several statements.
    pub fn run(&self, script: &str) {
        connected!(self, conn => conn.batch_execute(script).unwrap());
    }

    pub fn number(&self, query: &str) -> i64 {
        connected!(self, conn => sql_query(query).get_result::<Number>(conn).unwrap().n)
    }

    /// Keeps everybody else from writing until what it gives is dropped.
    pub fn hold_writer(&self) -> Box<dyn std::any::Any> {
        match self {
            Self::Sqlite(file) => {
                let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
                sql_query("PRAGMA busy_timeout = 20000").execute(&mut conn).unwrap();
                sql_query("BEGIN IMMEDIATE").execute(&mut conn).unwrap();
                Box::new(conn)
            }
            Self::Postgres(url) => {
                let mut conn = PgConnection::establish(url).unwrap();
                // It goes with the connection.
                sql_query(format!("SELECT pg_advisory_lock({WRITER})")).execute(&mut conn).unwrap();
                Box::new(conn)
            }
        }
    }

    pub fn texts(&self, query: &str) -> Vec<String> {
        let rows: Vec<Words> = connected!(self, conn => sql_query(query).load(conn).unwrap());
        rows.into_iter().map(|row| row.t).collect()
    }
}
