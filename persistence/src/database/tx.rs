//! The transaction that queries take.

use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

/// A transaction on either engine.
#[derive(diesel::MultiConnection)]
pub enum Tx {
    /// PostgreSQL.
    Postgres(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}
