//! What goes wrong with the storage, and what work may fail with.

use diesel::result::DatabaseErrorKind;

/// What went wrong with the storage. "Not there" is an `Option`, never an error.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Another transaction was in the way; running this one again may succeed.
    #[error("another transaction was in the way")]
    Contended,
    /// A key that has to be unique is taken.
    #[error("a unique key is taken")]
    Duplicate,
    /// The database cannot be reached, is full, or has no connection free.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A bug of ours or a row changed behind our back.
    #[error("the database answered something that cannot be: {0}")]
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

/// What a unit of work may fail with: it must be able to carry a storage error and say whether it was one of
/// contention, so that the work runs again.
pub trait Failure: From<Error> + Send + 'static {
    /// Whether running the work again may succeed.
    fn is_contended(&self) -> bool;
}

impl Failure for Error {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Contended)
    }
}
