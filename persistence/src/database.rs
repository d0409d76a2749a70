//! How a transaction begins and ends, on either engine. Nothing outside this folder does either.
//!
//! Jobs wait in bounded queues, and threads that own a connection each take them. A writer takes all that wait
//! and commits once, so that many share one flush to disk and each is answered after it.

mod checkpoint;
mod error;
mod job;
mod location;
mod migration;
mod turn;

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::{Sender, bounded};
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;
use uuid::Uuid;

pub use error::{Error, Failure};
use job::{Job, Work};
pub use location::Location;
use turn::Mode;

/// A transaction, on whichever engine the database is.
#[derive(diesel::MultiConnection)]
pub enum Tx {
    /// PostgreSQL.
    Postgres(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}

impl Tx {
    /// Answers when the database does and its schema is this binary's.
    pub fn ready(&mut self) -> Result<(), Error> {
        if migration::is_migrated(self)? {
            Ok(())
        } else {
            Err(Error::Unavailable("migrations are pending".to_owned()))
        }
    }
}

/// The database: two verbs, `read` and `write`.
#[derive(Clone)]
pub struct Database {
    location: Location,
    reads: Sender<Box<dyn Job>>,
    // One for each writer. What writes to one record always goes to the same one.
    writes: Arc<[Sender<Box<dyn Job>>]>,
    turn: Arc<AtomicUsize>,
    // Dropped with the last handle: the checkpoint thread ends with it.
    _open: Arc<Sender<()>>,
}

/// How many jobs may wait in a queue before the next is turned away.
const QUEUE: usize = 1024;

impl Database {
    /// Starts the threads that will own the connections. Nothing is connected until the first use. An SQLite
    /// database has one writer, whatever `writers` says.
    pub fn open(location: Location, readers: usize, writers: usize) -> Self {
        let (reads, read_queue) = bounded(QUEUE);
        let (open, closed) = bounded(0);
        for number in 0..readers.max(1) {
            turn::spawn(format!("read-{number}"), location.clone(), read_queue.clone(), Mode::Read);
        }
        let is_sqlite = matches!(location, Location::Sqlite(_));
        let writer = |number| {
            let (sender, write_queue) = bounded(QUEUE);
            turn::spawn(format!("write-{number}"), location.clone(), write_queue, Mode::Write);
            sender
        };
        let queues = (0..if is_sqlite { 1 } else { writers.max(1) }).map(writer).collect();
        if is_sqlite {
            checkpoint::spawn(location.clone(), closed);
        }
        Self { location, reads, writes: queues, turn: Arc::default(), _open: Arc::new(open) }
    }

    /// Where the data lives.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Brings the schema up to this binary's, under a lock, and refuses a schema that is newer.
    pub fn migrate(&self) -> Result<usize, Error> {
        migration::migrate(&mut self.location.connect(true)?)
    }

    /// Runs `work` on one consistent view of the data and hands what it returns to `answer`.
    ///
    /// `started` is asked when a connection is free; it says whether anybody still waits.
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

    /// Runs `work` in one transaction, serialisable in effect, and hands what it returns to `answer` once it
    /// is on disk. `work` may run more than once; ids and the time are made outside it.
    ///
    /// `record` names the one record that `work` writes to: a participant's, or an account's. Work of many
    /// records shares a commit, work of one record waits for its turn instead of meeting itself. Nothing is
    /// named where the work writes to several.
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
            None => self.turn.fetch_add(1, Ordering::Relaxed) as u64,
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

    /// Copies the embedded database to a new file, consistently, while it is in use.
    pub fn backup(&self, to: &Path) -> Result<(), Error> {
        match &mut self.location.connect(true)? {
            Tx::Sqlite(conn) => {
                let vacuum = diesel::sql_query("VACUUM INTO ?");
                vacuum.bind::<diesel::sql_types::Text, _>(to.to_string_lossy().into_owned()).execute(conn)?;
                Ok(())
            }
            Tx::Postgres(_) => Err(Error::Unavailable("use pg_dump for a PostgreSQL database".to_owned())),
        }
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
        let sql = diesel::sql_query("INSERT INTO organisations VALUES (randomblob(16), ?, 0, 0)");
        sql.bind::<diesel::sql_types::Text, _>(name.to_owned()).execute(tx)?;
        Ok(())
    }

    fn stored(database: &Database, name: &'static str) -> i64 {
        let count = move |tx: &mut Tx| -> Result<i64, Error> {
            let sql = diesel::sql_query("SELECT count(*) AS count FROM organisations WHERE name = ?");
            Ok(sql.bind::<diesel::sql_types::Text, _>(name).get_result::<Count>(tx)?.count)
        };
        database.read_now(count).unwrap()
    }

    #[test]
    fn in_a_group_each_stands_or_falls_alone() {
        let (_folder, database) = fresh();
        // The first job holds the writer until the others wait behind it and so become one group.
        let gate = Arc::new(Barrier::new(2));
        let (answers, answered) = bounded(16);
        let hold = Arc::clone(&gate);
        let waited = AtomicBool::new(false); // a group runs again when one of it falls
        let answer = answers.clone();
        database.write(
            None,
            || true,
            move |_| -> Result<(), Error> {
                if !waited.swap(true, Ordering::Relaxed) {
                    hold.wait();
                }
                Ok(())
            },
            move |outcome| answer.send(("hold", outcome)).unwrap(),
        );
        for kind in ["kept", "refused", "panics", "kept"] {
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
            assert_eq!(outcome.is_ok(), kind == "kept" || kind == "hold", "{kind}: {outcome:?}");
        }
        assert_eq!(stored(&database, "kept"), 2);
        assert_eq!(
            stored(&database, "refused") + stored(&database, "panics") + stored(&database, "abandoned"),
            0
        );
    }

    #[test]
    fn a_reader_cannot_write() {
        let (_folder, database) = fresh();
        assert!(database.read_now(|tx| insert(tx, "sneaked in")).is_err());
        assert_eq!(stored(&database, "sneaked in"), 0);
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
        assert!(
            matches!(&refusal, Error::Unavailable(text) if text.contains("newer Evenkeel")),
            "{refusal:?}"
        );
    }

    #[test]
    fn a_misspelt_scheme_makes_no_file() {
        for url in ["postgres_typo", "mysql://x", "", "evenkeel.db", "sqlite:"] {
            assert!(Location::parse(url).is_err(), "{url}");
        }
        assert_eq!(Location::parse("postgres://u:secret@h:5/db").unwrap().to_string(), "PostgreSQL, h:5/db");
    }

    #[test]
    fn a_journal_entry_can_be_neither_changed_nor_removed() {
        let (_folder, database) = fresh();
        let add = |tx: &mut Tx| -> Result<(), Error> {
            diesel::sql_query(
                "INSERT INTO journal (stream, seq, at, act, room, outcome, request_id) \
                 VALUES (randomblob(16), 1, 0, 'read', 'craving', 'done', randomblob(16))",
            )
            .execute(tx)?;
            Ok(())
        };
        database.write_now(add).unwrap();
        for sql in ["UPDATE journal SET at = 1", "DELETE FROM journal"] {
            let outcome = database.write_now(move |tx| -> Result<(), Error> {
                diesel::sql_query(sql).execute(tx)?;
                Ok(())
            });
            assert!(outcome.is_err(), "{sql}");
        }
    }
}
