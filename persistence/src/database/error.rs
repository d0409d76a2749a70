//! Errors of the database.

use diesel::result::DatabaseErrorKind;

/// An error of the database. A row that is not found is `None`, not an error.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Another transaction conflicted with this one. It may succeed if it runs again.
    #[error("another transaction conflicted with this one")]
    Contended,
    /// A unique key is already in use.
    #[error("a unique key is already in use")]
    Duplicate,
    /// The database cannot be reached, is full, or has no free connection.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A wrong setup. The message is for the person who runs the server.
    #[error("{0}")]
    Setup(String),
    /// A bug, or a row that something else changed.
    #[error("an unexpected error in the database: {0}")]
    Broken(String),
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::Error::DatabaseError;
        match &error {
            DatabaseError(DatabaseErrorKind::SerializationFailure, _) => Self::Contended,
            DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Self::Duplicate,
            DatabaseError(
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
                _,
            ) => Self::Unavailable(error.to_string()),
            DatabaseError(_, info) => {
                let message = info.message();
                let busy = ["deadlock detected", "database is locked", "database table is locked"];
                let away = [
                    "disk",
                    "full",
                    "server closed",
                    "terminating connection",
                    "connection",
                    "shutting down",
                ];
                if busy.iter().any(|word| message.contains(word)) {
                    Self::Contended
                } else if away.iter().any(|word| message.contains(word)) {
                    Self::Unavailable(message.to_owned())
                } else {
                    Self::Broken(message.to_owned())
                }
            }
            _ => Self::Broken(error.to_string()),
        }
    }
}

impl From<diesel::ConnectionError> for Error {
    fn from(error: diesel::ConnectionError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// The error type of a unit of work. It can hold a database error and say whether the work should run again.
pub trait Failure: From<Error> + Send + 'static {
    /// Whether the work may succeed if it runs again.
    fn is_contended(&self) -> bool;
}

impl Failure for Error {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Contended)
    }
}
