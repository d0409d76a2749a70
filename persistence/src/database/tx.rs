//! The transaction that queries take.

use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

/// A transaction, on whichever engine the database is.
#[derive(diesel::MultiConnection)]
pub enum Tx {
    /// PostgreSQL.
    Postgres(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}
