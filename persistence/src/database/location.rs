//! Where the database is, and how a connection to it is set up.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;
use diesel::{Connection, ConnectionError};

use super::error::Error;
use super::tx::Tx;

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file of the embedded database.
    Sqlite(PathBuf),
    /// A PostgreSQL server, by URL.
    Postgres(String),
}

impl Location {
    /// Reads a `DATABASE_URL`. An unknown scheme is refused, because a misspelled one would otherwise make a file of
    /// that name.
    pub fn parse(url: &str) -> Result<Self, Error> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        match url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
            // SQLite would not read these as the name of a file.
            Some(path) if !path.is_empty() && !path.starts_with(':') && !path.starts_with("file:") => {
                Ok(Self::Sqlite(path.into()))
            }
            _ => Err(Error::Setup(
                "DATABASE_URL must be postgres://user:password@host/database or sqlite://path/to/a/file"
                    .to_owned(),
            )),
        }
    }

    /// Whether an SQLite file exists and is not empty. Always true for a PostgreSQL server, which only a connection can
    /// test.
    pub fn exists(&self) -> bool {
        match self {
            Self::Sqlite(path) => std::fs::metadata(path).is_ok_and(|file| 0 < file.len()),
            Self::Postgres(_) => true,
        }
    }

    pub(crate) fn connect(&self, write: bool) -> Result<Tx, Error> {
        match self {
            Self::Sqlite(path) => {
                make_private(path)?;
                let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
                // The timeout comes first, because the change to WAL may itself wait for a lock.
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
                let mut conn = PgConnection::establish(url).map_err(|error| unreached(&error))?;
                conn.batch_execute(
                    "SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '30s'; \
                     SET lock_timeout = '10s'; SET random_page_cost = 1.1; SET TIME ZONE 'UTC';",
                )?;
                Ok(Tx::Postgres(conn))
            }
        }
    }
}

/// Makes the database file if it does not exist, readable only by its owner. SQLite gives its other files the same
/// mode.
fn make_private(path: &Path) -> Result<(), Error> {
    // Closing a file drops the locks that SQLite holds on it in this process. So only one thread does this at a time,
    // before the file is used.
    static MAKING: Mutex<()> = Mutex::new(());
    let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(Error::Unavailable(format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

/// Why a server could not be reached. If libpq cannot read a URL, its message quotes the URL with the password. If it
/// can, the message is about the connection.
fn unreached(error: &ConnectionError) -> Error {
    let text = error.to_string();
    if text.starts_with("connection to server ") {
        return Error::Unavailable(text);
    }
    Error::Setup(
        "DATABASE_URL cannot be read, or its host cannot be found. Its form is \
         postgres://user:password@host:5432/database; in the password, write characters other than letters and \
         digits as %XX"
            .to_owned(),
    )
}

impl std::fmt::Display for Location {
    /// Without user and password, because it is printed at the start.
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
