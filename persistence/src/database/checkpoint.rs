//! Moves SQLite's write-ahead log into the database, in a thread of its own.

use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use diesel::RunQueryDsl;

use super::location::Location;
use super::tx::Tx;

/// The size of the write-ahead log from which writers wait until it is emptied, in pages of 4 KiB: 64 MiB.
const LARGE_LOG: i32 = 16_384;

/// Starts the thread. It ends when the last handle of the database is dropped.
pub(super) fn spawn(location: Location, closed: Receiver<()>) {
    let thread = std::thread::Builder::new().name("checkpoint".to_owned());
    if let Err(error) = thread.spawn(move || checkpoints(&location, &closed)) {
        tracing::error!(%error, "the checkpoint thread could not start");
    }
}

/// Moves the write-ahead log into the database. Writers wait for it only if the log is large.
fn checkpoints(location: &Location, closed: &Receiver<()>) {
    use diesel::sql_types::Integer;
    #[derive(diesel::QueryableByName)]
    struct Checkpoint {
        #[diesel(sql_type = Integer)]
        log: i32,
    }
    let mut connection = None;
    let mut large = false;
    while closed.recv_timeout(Duration::from_millis(250)) == Err(RecvTimeoutError::Timeout) {
        if connection.is_none() {
            connection = location.connect(true).ok();
        }
        let Some(Tx::Sqlite(conn)) = &mut connection else { continue };
        let how = if large { "PRAGMA wal_checkpoint(RESTART)" } else { "PRAGMA wal_checkpoint(PASSIVE)" };
        match diesel::sql_query(how).get_result::<Checkpoint>(conn) {
            Ok(Checkpoint { log }) => {
                metrics::gauge!("evenkeel_sqlite_wal_pages").set(log);
                large = LARGE_LOG < log && !large;
            }
            Err(error) => tracing::warn!(%error, "the write-ahead log was not moved"),
        }
    }
}
