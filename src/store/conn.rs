//! One connection type over both databases.

use diesel::{PgConnection, SqliteConnection};

/// A connection to the embedded store or to a server.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// Embedded.
    Sqlite(SqliteConnection),
    /// A server.
    Postgres(PgConnection),
}
