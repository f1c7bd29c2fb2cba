//! Connections and transactions on either database.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::query_dsl::methods::LoadQuery;
use diesel::sql_types::{BigInt, Untyped};
use diesel::{Connection, PgConnection, RunQueryDsl, SqliteConnection, sql_query};

use super::commits::{Commits, Mark};
use super::conn::Conn;
use super::sql::{Statement, sql};
use crate::base::system::give_way;
use crate::model::page::COUNT_CAP;
use crate::model::{Error, Result};

/// Held by every writing transaction on PostgreSQL, so that there, too, one writes at a time: the audit chain needs an order.
const WRITER_LOCK: &str = "SELECT pg_advisory_xact_lock(7815266011)";
const READERS: u32 = 8;
/// One for each thread that checks tokens, in the embedded store and on a server: they never wait for another's connection.
const CHECKERS: [u32; 2] = [2, 3];
/// How long a pool tries to connect before it says so. It also waits up to half of that between two tries: so long after a server came
/// back nobody may know.
const CONNECT: Duration = Duration::from_secs(3);
/// How long a check waits for one all the same, where more threads check than there should be.
const CHECK_PATIENCE: Duration = Duration::from_secs(1);
const POSTGRES_CONNECTIONS: u32 = 16;
/// How long another process (the command line beside a running portal) may hold the writer's place.
const SQLITE_BUSY: Duration = Duration::from_secs(60);
/// How much of an embedded store each connection keeps in memory, in KiB: the upper parts of its indexes and a list or two. To map
/// the file instead is no quicker, and counts as the program's memory whatever was ever read.
const CACHE: u32 = 8 * 1024;

/// How a reading transaction begins on either database.
const READING: [&str; 2] = ["BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"];
const BUSY: Error = Error::Busy("The store is busy. Try again in a moment.");

/// Which database to open.
#[derive(Clone, Debug)]
pub enum Source {
    /// The embedded store, in this file.
    Sqlite(std::path::PathBuf),
    /// A PostgreSQL server, by its URL.
    Postgres(String),
}

/// The store: hands out transactions.
pub struct Store {
    writers: r2d2::Pool<Source>,
    readers: r2d2::Pool<Source>,
    checkers: r2d2::Pool<Source>,
    /// Of the embedded store alone. It stands behind the pools, so that it is closed when their connections are.
    commits: Option<Commits>,
    /// Of a server: the last revision of what checks rest on that this program wrote or read.
    revised: AtomicI64,
    patience: Duration,
}

/// A transaction. Only this layer can look inside.
pub struct Tx<'a> {
    pub(super) conn: &'a mut Conn,
}

impl Tx<'_> {
    /// The rows of `query`, read on the very connection: through the enum over both, every field costs several times as much.
    pub(super) fn load<'query, Row, Q>(&mut self, query: Q) -> Result<Vec<Row>>
    where
        Q: LoadQuery<'query, SqliteConnection, Row> + LoadQuery<'query, PgConnection, Row>,
    {
        let rows = match &mut *self.conn {
            Conn::Sqlite(conn) => query.internal_load(conn).and_then(Iterator::collect),
            Conn::Postgres(conn) => query.internal_load(conn).and_then(Iterator::collect),
        };
        rows.map_err(failed)
    }

    /// The one row of `query`, if there is one; read as [`load`](Self::load) does.
    pub(super) fn find<'query, Row, Q>(&mut self, query: Q) -> Result<Option<Row>>
    where
        Q: LoadQuery<'query, SqliteConnection, Row> + LoadQuery<'query, PgConnection, Row>,
    {
        Ok(self.load(query)?.pop())
    }
}

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No connection.
    #[error("cannot open the store: {0}")]
    Connect(String),
    /// The migrations failed.
    #[error("cannot bring the store up to date: {0}")]
    Migrate(String),
    /// A newer program has been here.
    #[error(
        "the store was written by a newer Latchkey (it has the migration {0}, which this program does not know): use that version"
    )]
    Newer(String),
}

impl r2d2::ManageConnection for Source {
    type Connection = Conn;
    type Error = diesel::ConnectionError;

    fn connect(&self) -> Result<Conn, Self::Error> {
        match self {
            Self::Sqlite(file) => {
                let mut conn = sqlite(file)?;
                conn.set_instrumentation(give_way_to_checks);
                Ok(Conn::Sqlite(conn))
            }
            Self::Postgres(url) => PgConnection::establish(url).map(Conn::Postgres),
        }
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), Self::Error> {
        match sql_query("SELECT 1").execute(conn) {
            Ok(_) => Ok(()),
            Err(error) => Err(diesel::ConnectionError::CouldntSetupConfiguration(error)),
        }
    }

    fn has_broken(&self, _: &mut Conn) -> bool {
        false
    }
}

/// Use cases let checks of tokens go first before each statement, so that none waits for more than one of them.
fn give_way_to_checks(event: InstrumentationEvent<'_>) {
    if matches!(event, InstrumentationEvent::StartQuery { .. }) {
        give_way();
    }
}

fn sqlite(file: &Path) -> Result<SqliteConnection, diesel::ConnectionError> {
    let mut conn = SqliteConnection::establish(&file.to_string_lossy())?;
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{CACHE};",
        SQLITE_BUSY.as_millis()
    ))
    .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

impl Store {
    /// Opens the store and brings its tables up to date. Whoever finds all its connections taken waits so long for one.
    ///
    /// # Errors
    /// It cannot be reached, cannot be migrated, or is newer than this program.
    pub fn open(source: Source, patience: Duration) -> Result<Self, OpenError> {
        // The pool's own housekeeping is the one use of time here that no test needs to hold still.
        let builder = |source: &Source, size: u32| {
            r2d2::Pool::builder()
                .max_size(size)
                .connection_timeout(CONNECT)
                .min_idle(Some(1))
                .test_on_check_out(matches!(source, Source::Postgres(_)))
                .error_handler(Box::new(r2d2::NopErrorHandler))
        };
        let built = |pool: Result<_, r2d2::Error>| pool.map_err(|error| OpenError::Connect(error.to_string()));
        let pool = |source: Source, size: u32| built(builder(&source, size).build(source));
        // A first connection by hand says what is wrong; the pool would only time out.
        let mut conn =
            r2d2::ManageConnection::connect(&source).map_err(|error| OpenError::Connect(error.to_string()))?;
        super::migrate::migrate(&mut conn)?;
        drop(conn);
        // These are never closed: as long as one is open, SQLite keeps the file that tells of commits.
        let lasting = builder(&source, CHECKERS[usize::from(matches!(source, Source::Postgres(_)))])
            .min_idle(None)
            .max_lifetime(None)
            .idle_timeout(None);
        let checkers = built(lasting.build(source.clone()))?;
        let (writers, readers, commits) = match &source {
            Source::Sqlite(file) => {
                let commits = Commits::of(file).map_err(|error| OpenError::Connect(error.to_string()))?;
                (pool(source.clone(), 1)?, pool(source, READERS)?, Some(commits))
            }
            Source::Postgres(_) => {
                let shared = pool(source, POSTGRES_CONNECTIONS)?;
                (shared.clone(), shared, None)
            }
        };
        let store = Self { writers, readers, checkers, commits, revised: AtomicI64::new(0), patience };
        super::audit::catch_up(&store).map_err(|error| OpenError::Migrate(error.to_string()))?;
        Ok(store)
    }

    /// Runs `work` on a snapshot that does not change under it.
    ///
    /// # Errors
    /// Those of `work`, or that no connection was free.
    pub fn read<T>(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        transaction((&self.readers, self.patience), READING, work)
    }

    /// Looks one thing up without waiting for anybody; `None` where that cannot be: a server answers over the network, and of
    /// the embedded store all connections may be in use. `work` is a single statement, which is a snapshot of its own.
    pub fn look_up<T>(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Option<Result<T>> {
        let mut conn = self.commits.is_some().then(|| self.readers.try_get()).flatten()?;
        Some(work(&mut Tx { conn: &mut conn }))
    }

    /// Runs `work` as the one writer: all of it is kept, or none where it fails.
    ///
    /// # Errors
    /// Those of `work`, or that no connection was free.
    pub fn write<T>(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        transaction((&self.writers, self.patience), ["BEGIN IMMEDIATE", "BEGIN"], |tx| {
            let Conn::Postgres(conn) = &mut *tx.conn else { return Ok((work(tx)?, 0)) };
            conn.batch_execute(WRITER_LOCK).map_err(failed)?;
            let outcome = work(tx)?;
            Ok((outcome, super::checks::revision(tx)?))
        })
        .map(|(outcome, revision)| {
            self.revised(revision);
            outcome
        })
    }

    /// Runs `work` on a snapshot that does not change under it, on the connections that are kept for checks of tokens.
    ///
    /// # Errors
    /// Those of `work`, or that no connection was free.
    pub fn check<T>(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        transaction((&self.checkers, self.patience), READING, work)
    }

    /// Looks one thing up for a check of a token, in the embedded store. `work` is a single statement, which is a snapshot of its own.
    ///
    /// # Errors
    /// Those of `work`, or that no connection was free.
    pub fn check_one<T>(&self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let mut conn = self.checkers.get_timeout(self.patience.min(CHECK_PATIENCE)).map_err(|_| BUSY)?;
        work(&mut Tx { conn: &mut conn })
    }

    /// Whether the store is a file of this program's own, and no server.
    pub fn is_embedded(&self) -> bool {
        self.commits.is_some()
    }

    /// Where the embedded store stands: another mark after every commit, whoever made it. `None` where the store is a server.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn mark(&self) -> Result<Option<Mark>> {
        self.commits.as_ref().map(Commits::mark).transpose().map_err(Error::internal)
    }

    /// Notes that what checks rest on has come as far as this, and tells how far it has come as far as is known here. For a server:
    /// whatever this program commits is noted before it is answered.
    pub fn revised(&self, revision: i64) -> i64 {
        self.revised.fetch_max(revision, Ordering::AcqRel).max(revision)
    }

    /// How many connections there are for readers, for the writer and for checks, and how many of each are in use.
    pub fn connections(&self) -> [(&'static str, u32, u32); 3] {
        let of = |name, pool: &r2d2::Pool<Source>| {
            let state = pool.state();
            (name, state.connections, state.connections - state.idle_connections)
        };
        [of("readers", &self.readers), of("writer", &self.writers), of("checks", &self.checkers)]
    }
}

fn transaction<T>(
    (pool, patience): (&r2d2::Pool<Source>, Duration),
    [sqlite, postgres]: [&'static str; 2],
    work: impl FnOnce(&mut Tx<'_>) -> Result<T>,
) -> Result<T> {
    let mut conn = pool.get_timeout(patience).map_err(|_| BUSY)?;
    let begin = if matches!(*conn, Conn::Sqlite(_)) { sqlite } else { postgres };
    run(&mut conn, begin).map_err(failed)?;
    let mut open = RollBack(Some(&mut conn));
    let outcome =
        open.0.as_deref_mut().map_or_else(|| Err(Error::internal("no connection")), |conn| work(&mut Tx { conn }));
    match outcome {
        Ok(value) => {
            open.commit()?;
            Ok(value)
        }
        Err(error) => Err(error),
    }
}

/// Begins or ends a transaction. SQLite keeps the statement like any other.
fn run(conn: &mut Conn, words: &'static str) -> diesel::QueryResult<()> {
    match conn {
        Conn::Sqlite(conn) => sql::<Untyped>(words).execute(conn).map(drop),
        Conn::Postgres(conn) => conn.batch_execute(words),
    }
}

/// Rolls back unless committed, also when `work` unwinds.
struct RollBack<'a>(Option<&'a mut Conn>);

impl RollBack<'_> {
    fn commit(mut self) -> Result<()> {
        let Some(conn) = self.0.take() else { return Ok(()) };
        run(conn, "COMMIT").map_err(|error| {
            let _ = conn.batch_execute("ROLLBACK");
            failed(error)
        })
    }
}

impl Drop for RollBack<'_> {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            // Where even this fails the connection is gone, and the database rolls back by itself.
            let _ = conn.batch_execute("ROLLBACK");
        }
    }
}

/// Gives this connection room for a great many rows. Only whoever fills a store for measuring needs it.
///
/// # Errors
/// A fault.
pub fn bulk(tx: &mut Tx<'_>) -> Result<()> {
    match tx.conn {
        Conn::Sqlite(conn) => conn.batch_execute("PRAGMA cache_size = -1000000").map_err(failed),
        Conn::Postgres(_) => Ok(()),
    }
}

/// Merges what a great many inserts left behind in the search index, and has the planner count the rows.
///
/// # Errors
/// A fault.
pub fn bulk_done(tx: &mut Tx<'_>) -> Result<()> {
    match tx.conn {
        Conn::Sqlite(conn) => {
            conn.batch_execute("INSERT INTO users_search (users_search) VALUES ('optimize')").map_err(failed)
        }
        Conn::Postgres(conn) => conn.batch_execute("ANALYZE").map_err(failed),
    }
}

/// How many rows `FROM … WHERE …` brings, counted up to one more than the cap.
pub(super) fn count_rows(tx: &mut Tx<'_>, from: Statement) -> Result<i64> {
    let capped = sql::<BigInt>("SELECT COUNT(*) FROM (SELECT 1 AS one ").then(from).limit(COUNT_CAP + 1);
    Ok(tx.find(capped.sql(") AS capped"))?.unwrap_or_default())
}

/// What a failed statement means to whoever asked. Use cases check first; this is for what slips between, and for faults.
pub(super) fn failed(error: diesel::result::Error) -> Error {
    use diesel::result::{DatabaseErrorKind as Kind, Error as Diesel};
    match &error {
        Diesel::NotFound => Error::NotFound("thing"),
        Diesel::DatabaseError(_, info) if info.message().contains("last_admin") => Error::Conflict(LAST_ADMIN.into()),
        Diesel::DatabaseError(Kind::UniqueViolation, info) => {
            let clash = format!("{} {}", info.message(), info.constraint_name().unwrap_or_default());
            let taken =
                [("username_key", "username"), ("email_key", "email"), ("name_key", "name"), ("token_names", "name")];
            taken.iter().find(|(column, _)| clash.contains(column)).map_or_else(
                || Error::internal(&error),
                |(_, field)| Error::field(*field, "This is taken. Choose another one."),
            )
        }
        _ => Error::internal(error),
    }
}

/// Why the last Admin stays one.
pub const LAST_ADMIN: &str = "This is the last Admin who can log in. Make another person an Admin first.";
