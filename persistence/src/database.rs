//! Transactions on either engine. Nothing outside this folder begins or ends one.
//!
//! Jobs wait in bounded queues. Each thread owns a connection and takes jobs. A writer takes all jobs that wait and
//! commits them together, so that they share one flush to disk, and answers each after it.

mod checkpoint;
mod error;
mod job;
mod location;
mod migration;
mod tx;
mod worker;

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::{Sender, bounded};
use diesel::RunQueryDsl;
use uuid::Uuid;

pub use error::{Error, Failure};
use job::{Job, Work};
pub use location::Location;
pub use tx::{MultiBackend, Tx};
use worker::Mode;

impl Tx {
    /// Whether the database answers and has the schema of this binary. Writes nothing.
    pub fn ready(&mut self) -> Result<(), Error> {
        if migration::is_migrated(self)? {
            Ok(())
        } else {
            Err(Error::Unavailable("migrations are pending".to_owned()))
        }
    }
}

/// The database, with two verbs: `read` and `write`.
#[derive(Clone)]
pub struct Database {
    location: Location,
    reads: Sender<Box<dyn Job>>,
    // One for each writer. Jobs of one record always go to the same writer.
    writes: Arc<[Sender<Box<dyn Job>>]>,
    // Counts jobs without a record, which go to the writers in turn.
    next_writer: Arc<AtomicUsize>,
    // Dropped with the last handle, which ends the checkpoint thread.
    _open: Arc<Sender<()>>,
}

/// The most jobs that may wait in a queue. The next one is refused.
const QUEUE: usize = 1024;

impl Database {
    /// Starts the threads that own the connections. They connect at the first use. An SQLite database always has one
    /// writer.
    pub fn open(location: Location, readers: usize, writers: usize) -> Self {
        let (reads, read_queue) = bounded(QUEUE);
        let (open, closed) = bounded(0);
        for number in 0..readers.max(1) {
            worker::spawn(format!("read-{number}"), location.clone(), read_queue.clone(), Mode::Read);
        }
        let is_sqlite = matches!(location, Location::Sqlite(_));
        let writer = |number| {
            let (sender, queue) = bounded(QUEUE);
            worker::spawn(format!("write-{number}"), location.clone(), queue, Mode::Write);
            sender
        };
        let senders = (0..if is_sqlite { 1 } else { writers.max(1) }).map(writer).collect();
        if is_sqlite {
            checkpoint::spawn(location.clone(), closed);
        }
        Self { location, reads, writes: senders, next_writer: Arc::default(), _open: Arc::new(open) }
    }

    /// Where the database is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Runs the pending migrations under a lock and returns their number. Refuses a schema that is newer than this
    /// binary.
    pub fn migrate(&self) -> Result<usize, Error> {
        migration::migrate(&mut self.location.connect(true)?)
    }

    /// Runs `work` on one consistent view of the data and passes its result to `answer`.
    ///
    /// `started` is called when a connection is free. It returns whether somebody still waits.
    pub fn read<T, E: Failure>(
        &self,
        started: impl FnOnce() -> bool + Send + 'static,
        work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static,
        answer: impl FnOnce(Result<T, E>) + Send + 'static,
    ) where
        T: Send + 'static,
    {
        Work::new(None, started, work, answer).submit(&self.reads);
    }

    /// Runs `work` in one serializable transaction and passes its result to `answer` when it is on disk. `work` may run
    /// more than once, so ids and the time are made outside it.
    ///
    /// `record` is the record that `work` writes to, a participant's or an account's, or none if it writes to
    /// several. Jobs of one record run one after the other, so that they do not conflict. Jobs of several records
    /// share a commit.
    pub fn write<T, E: Failure>(
        &self,
        record: Option<Uuid>,
        started: impl FnOnce() -> bool + Send + 'static,
        work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static,
        answer: impl FnOnce(Result<T, E>) + Send + 'static,
    ) where
        T: Send + 'static,
    {
        Work::new(record, started, work, answer).submit(self.writer(record));
    }

    fn writer(&self, record: Option<Uuid>) -> &Sender<Box<dyn Job>> {
        let number = match record {
            Some(record) => BuildHasherDefault::<DefaultHasher>::default().hash_one(record),
            None => self.next_writer.fetch_add(1, Ordering::Relaxed) as u64,
        };
        let number = usize::try_from(number % self.writes.len() as u64).unwrap_or(0);
        &self.writes[number]
    }

    /// [`Database::write`] for callers that may block: commands and tests.
    pub fn write_now<T, E: Failure>(
        &self,
        work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
    {
        let (sender, receiver) = bounded(1);
        self.write(None, || true, work, move |outcome| drop(sender.send(outcome)));
        receiver
            .recv()
            .unwrap_or_else(|_| Err(Error::Unavailable("the writer has stopped".to_owned()).into()))
    }

    /// [`Database::read`] for callers that may block.
    pub fn read_now<T, E: Failure>(
        &self,
        work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
    {
        let (sender, receiver) = bounded(1);
        self.read(|| true, work, move |outcome| drop(sender.send(outcome)));
        receiver
            .recv()
            .unwrap_or_else(|_| Err(Error::Unavailable("the readers have stopped".to_owned()).into()))
    }

    /// Whether somebody has an account. Blocks. Does not make a database that does not exist.
    pub fn has_accounts(&self) -> Result<bool, Error> {
        if !self.location.exists() {
            return Ok(false);
        }
        let tx = &mut self.location.connect(false)?;
        Ok(migration::has_tables(tx)? && crate::account::anybody(tx)?)
    }

    /// Copies the SQLite database to a new file that only its owner can read. The copy is consistent, even while the
    /// database is in use.
    pub fn backup(&self, to: &Path) -> Result<(), Error> {
        if matches!(self.location, Location::Postgres(_)) {
            return Err(Error::Setup("use pg_dump for a PostgreSQL database".to_owned()));
        }
        let mut tx = self.location.connect(true)?;
        let explained = |error: std::io::Error| {
            Error::Setup(match error.kind() {
                ErrorKind::AlreadyExists => format!("{} exists already; name a new file", to.display()),
                ErrorKind::NotFound => {
                    format!("the folder of {} does not exist; make it first", to.display())
                }
                _ => format!("{}: {error}", to.display()),
            })
        };
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(explained)?;
        let vacuum = diesel::sql_query("VACUUM INTO ?");
        let copied = vacuum
            .bind::<diesel::sql_types::Text, _>(to.to_string_lossy().into_owned())
            .execute(&mut tx)
            .map_err(Error::from)
            .and_then(|_| File::open(to).and_then(|copy| copy.sync_all()).map_err(explained));
        if copied.is_err() {
            // Half a copy could be mistaken for a whole one.
            let _ = std::fs::remove_file(to);
        }
        copied
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::sql_types::BigInt;
    use std::sync::Barrier;
    use std::sync::atomic::AtomicBool;

    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }

    fn fresh() -> (tempfile::TempDir, Database) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(Location::Sqlite(folder.path().join("test.db")), 2, 1);
        assert!(0 < database.migrate().unwrap());
        (folder, database)
    }

    fn insert(tx: &mut Tx, name: &str) -> Result<(), Error> {
        let sql = diesel::sql_query("INSERT INTO organizations VALUES (randomblob(16), ?, 0, 0)");
        sql.bind::<diesel::sql_types::Text, _>(name.to_owned()).execute(tx)?;
        Ok(())
    }

    fn stored(database: &Database, name: &'static str) -> i64 {
        let count = move |tx: &mut Tx| -> Result<i64, Error> {
            let sql = diesel::sql_query("SELECT count(*) AS count FROM organizations WHERE name = ?");
            Ok(sql.bind::<diesel::sql_types::Text, _>(name).get_result::<Count>(tx)?.count)
        };
        database.read_now(count).unwrap()
    }

    #[test]
    fn a_job_that_fails_does_not_affect_the_others_of_its_group() {
        let (_folder, database) = fresh();
        // The first job blocks the writer until the others wait in the queue, so that they become one group.
        let gate = Arc::new(Barrier::new(2));
        let (answers, answered) = bounded(16);
        let hold = Arc::clone(&gate);
        let has_waited = AtomicBool::new(false); // a group runs again if one of its jobs fails
        let answer = answers.clone();
        database.write(
            None,
            || true,
            move |_| -> Result<(), Error> {
                if !has_waited.swap(true, Ordering::Relaxed) {
                    hold.wait();
                }
                Ok(())
            },
            move |outcome| answer.send(("hold", outcome)).unwrap(),
        );
        for kind in ["stored", "refused", "panics", "stored"] {
            let answer = answers.clone();
            let work = move |tx: &mut Tx| -> Result<(), Error> {
                insert(tx, kind)?;
                match kind {
                    "refused" => Err(Error::Duplicate),
                    "panics" => panic!("on purpose"),
                    _ => Ok(()),
                }
            };
            database.write(None, || true, work, move |outcome| answer.send((kind, outcome)).unwrap());
        }
        database.write(None, || false, |tx| insert(tx, "abandoned"), |_: Result<(), Error>| {});
        gate.wait();
        for _ in 0..5 {
            let (kind, outcome) = answered.recv().unwrap();
            assert_eq!(outcome.is_ok(), kind == "stored" || kind == "hold", "{kind}: {outcome:?}");
            if kind == "panics" {
                assert!(
                    matches!(&outcome, Err(Error::Broken(text)) if text == "a panic"),
                    "without its text: {outcome:?}"
                );
            }
        }
        assert_eq!(stored(&database, "stored"), 2);
        assert_eq!(
            stored(&database, "refused") + stored(&database, "panics") + stored(&database, "abandoned"),
            0
        );
    }

    #[test]
    fn a_reader_cannot_write() {
        let (_folder, database) = fresh();
        assert!(database.read_now(|tx| insert(tx, "by a reader")).is_err());
        assert_eq!(stored(&database, "by a reader"), 0);
    }

    #[test]
    fn a_schema_of_a_newer_binary_is_refused() {
        let (_folder, database) = fresh();
        let newer = |tx: &mut Tx| -> Result<(), Error> {
            diesel::sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')")
                .execute(tx)?;
            Ok(())
        };
        database.write_now(newer).unwrap();
        let refusal = database.migrate().unwrap_err();
        assert!(matches!(&refusal, Error::Setup(text) if text.contains("newer Evenkeel")), "{refusal:?}");
    }

    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn only_their_owner_can_read_the_files_of_a_database_and_its_copy() {
        let (folder, database) = fresh();
        database.write_now(|tx| insert(tx, "one")).unwrap();
        let copy = folder.path().join("copy.db");
        database.backup(&copy).unwrap();
        for file in ["test.db", "test.db-wal", "test.db-shm", "copy.db"] {
            assert_eq!(mode(&folder.path().join(file)), 0o600, "{file}");
        }
        let taken = database.backup(&copy).unwrap_err().to_string();
        assert!(taken.ends_with("copy.db exists already; name a new file"), "{taken}");
        let nowhere = database.backup(&folder.path().join("none/copy.db")).unwrap_err().to_string();
        assert!(nowhere.ends_with("none/copy.db does not exist; make it first"), "{nowhere}");
    }

    #[test]
    fn a_database_that_does_not_exist_has_no_accounts_and_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.db");
        let database = Database::open(Location::Sqlite(file.clone()), 1, 1);
        assert!(!database.has_accounts().unwrap() && !file.exists());
        std::fs::write(&file, "").unwrap();
        assert!(!database.has_accounts().unwrap(), "an empty file");
        let (_folder, database) = fresh();
        assert!(!database.has_accounts().unwrap());
    }

    #[test]
    fn a_database_url_that_cannot_be_read_is_not_quoted() {
        for url in [
            "postgres://u:se%cret@127.0.0.1/db",
            "postgres://u:pass/secret@127.0.0.1/db",
            "postgres://u:pass@secret@127.0.0.1/db",
            "postgres://u:secret@[::1/db",
            "postgres://u:secret@127.0.0.1:port/db",
            "postgres://u@127.0.0.1/db?password=x&secret",
            "postgres://u:secret@127.0.0.1:1/db",
        ] {
            let refusal = Location::parse(url).unwrap().connect(true).err().unwrap().to_string();
            assert!(!refusal.contains("cret") && !refusal.contains("pass@"), "{url}: {refusal}");
        }
    }

    #[test]
    fn a_misspelled_scheme_makes_no_file() {
        for url in
            ["postgres_typo", "mysql://x", "", "evenkeel.db", "sqlite:", "sqlite::memory:", "sqlite:file:x"]
        {
            assert!(Location::parse(url).is_err(), "{url}");
        }
        assert_eq!(Location::parse("postgres://u:secret@h:5/db").unwrap().to_string(), "PostgreSQL, h:5/db");
    }

    #[test]
    fn an_audit_event_can_be_neither_changed_nor_removed() {
        let (_folder, database) = fresh();
        let add = |tx: &mut Tx| -> Result<(), Error> {
            diesel::sql_query(
                "INSERT INTO audit_events (stream, seq, at, action, outcome, request_id) \
                 VALUES (randomblob(16), 1, 0, 'read_cravings', 'done', randomblob(16))",
            )
            .execute(tx)?;
            Ok(())
        };
        database.write_now(add).unwrap();
        for sql in ["UPDATE audit_events SET at = 1", "DELETE FROM audit_events"] {
            let outcome = database.write_now(move |tx| -> Result<(), Error> {
                diesel::sql_query(sql).execute(tx)?;
                Ok(())
            });
            assert!(outcome.is_err(), "{sql}");
        }
    }
}
