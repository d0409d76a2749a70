//! Where the data lives, and how a connection to it is set up.

use std::path::PathBuf;

use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

use super::Tx;
use super::error::Error;

/// Where the data lives.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file of the embedded database.
    Sqlite(PathBuf),
    /// A PostgreSQL server, by URL.
    Postgres(String),
}

impl Location {
    /// Reads a `DATABASE_URL`. An unknown scheme is refused, or a misspelt one would make a file of that name.
    pub fn parse(url: &str) -> Result<Self, Error> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        match url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            _ => Err(Error::Unavailable("DATABASE_URL must begin with postgres:// or sqlite://".to_owned())),
        }
    }

    pub(crate) fn connect(&self, write: bool) -> Result<Tx, Error> {
        match self {
            Self::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
                // The wait comes first: switching to WAL may itself meet a lock.
                conn.batch_execute(
                    "PRAGMA busy_timeout = 3000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                     PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA cache_size = -16000; \
                     PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 0;",
                )?;
                if !write {
                    conn.batch_execute("PRAGMA query_only = ON;")?;
                }
                Ok(Tx::Sqlite(conn))
            }
            Self::Postgres(url) => {
                let mut conn = PgConnection::establish(url)?;
                conn.batch_execute(
                    "SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '30s'; \
                     SET lock_timeout = '10s'; SET random_page_cost = 1.1; SET TIME ZONE 'UTC';",
                )?;
                Ok(Tx::Postgres(conn))
            }
        }
    }
}

impl std::fmt::Display for Location {
    /// Without user and password: this is printed at the start.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "SQLite, {}", path.display()),
            Self::Postgres(url) => {
                let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
                let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                write!(f, "PostgreSQL, {}", host.split('?').next().unwrap_or_default())
            }
        }
    }
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
