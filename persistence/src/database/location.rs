//! Where the data lives, and how a connection to it is set up.

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
            // SQLite would read these as something else than a file's name.
            Some(path) if !path.is_empty() && !path.starts_with(':') && !path.starts_with("file:") => {
                Ok(Self::Sqlite(path.into()))
            }
            _ => Err(Error::Setup(
                "DATABASE_URL must be postgres://user:password@host/database or sqlite://path/of/a/file"
                    .to_owned(),
            )),
        }
    }

    /// Whether there is something to connect to: an SQLite file with something in it. A server is asked by
    /// connecting.
    pub fn is_there(&self) -> bool {
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

/// Makes a database file that is not there yet, for its owner alone; SQLite gives its other files the same mode.
fn make_private(path: &Path) -> Result<(), Error> {
    // Closing a file drops the locks that SQLite holds on it in this process: one at a time, before it is used.
    static MAKING: Mutex<()> = Mutex::new(());
    let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(Error::Unavailable(format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

/// Why a server was not reached. What libpq says of a URL it cannot read quotes it, password and all; once it
/// has read it, it speaks of the connection.
fn unreached(error: &ConnectionError) -> Error {
    let text = error.to_string();
    if text.starts_with("connection to server ") {
        return Error::Unavailable(text);
    }
    Error::Setup(
        "DATABASE_URL cannot be read, or its host cannot be found; the form is \
         postgres://user:password@host:5432/database, other signs than letters and digits in the password as %XX"
            .to_owned(),
    )
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
