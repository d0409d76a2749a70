//! How a transaction begins and ends, on either engine. Nothing outside this file does either.
//!
//! Jobs wait in two bounded queues, one for reading and one for writing, and threads that own a connection
//! each take them. A writer takes all that wait, runs each in its own savepoint and commits once, so that
//! many share one flush to disk and each is answered after it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::PgConnection;
use diesel::result::DatabaseErrorKind;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel::{Connection, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// A transaction, on whichever engine the database is.
#[derive(diesel::MultiConnection)]
pub enum Tx {
    /// PostgreSQL.
    Postgres(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}

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

    fn connect(&self, write: bool) -> Result<Tx, Error> {
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

/// One unit of work as the queues see it.
trait Job: Send {
    /// Whether somebody still waits for it.
    fn begin(&mut self) -> bool;
    /// Runs it, once or again.
    fn run(&mut self, tx: &mut Tx) -> Kept;
    /// Answers, once what it did is on disk or is known not to be.
    fn end(self: Box<Self>, stored: Result<(), Error>);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Yes,
    No,
    Again,
}

struct Work<S, W, A, T, E> {
    started: Option<S>,
    closure: W,
    answer: A,
    outcome: Option<Result<T, E>>,
}

impl<S, W, A, T, E> Job for Work<S, W, A, T, E>
where
    S: FnOnce() -> bool + Send,
    W: Fn(&mut Tx) -> Result<T, E> + Send,
    A: FnOnce(Result<T, E>) + Send,
    T: Send,
    E: Failure,
{
    fn begin(&mut self) -> bool {
        self.started.take().is_none_or(|started| started())
    }

    fn run(&mut self, tx: &mut Tx) -> Kept {
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.closure)(tx)))
            .unwrap_or_else(|panic| Err(Error::Broken(format!("a panic: {}", words(&*panic))).into()));
        let kept = match &outcome {
            Ok(_) => Kept::Yes,
            Err(error) if error.is_contended() => Kept::Again,
            Err(_) => Kept::No,
        };
        self.outcome = Some(outcome);
        kept
    }

    fn end(self: Box<Self>, stored: Result<(), Error>) {
        let outcome = match (stored, self.outcome) {
            // A storage error is never answered with success.
            (Err(error), Some(Ok(_)) | None) => Err(error.into()),
            (Ok(()), None) => Err(Error::Broken("work was not run".to_owned()).into()),
            (_, Some(outcome)) => outcome,
        };
        (self.answer)(outcome);
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("")
}

/// The database: two verbs, `read` and `write`.
#[derive(Clone)]
pub struct Database {
    location: Location,
    reads: Sender<Box<dyn Job>>,
    writes: Sender<Box<dyn Job>>,
    // Dropped with the last handle: the checkpoint thread ends with it.
    _open: Arc<Sender<()>>,
}

/// How many jobs may wait before the next is turned away.
const QUEUE: usize = 1024;
/// How many writes one transaction takes at most.
const GROUP: usize = 64;
/// How often contended work is run before its caller is told.
const TRIES: usize = 8;

impl Database {
    /// Starts the threads that will own the connections. Nothing is connected until the first use.
    pub fn open(location: Location, readers: usize) -> Self {
        let (reads, read_queue) = bounded(QUEUE);
        let (writes, write_queue) = bounded(QUEUE);
        let (open, closed) = bounded(0);
        // One writer for each process, on PostgreSQL too: two met over the same rows, and a deadlock takes the
        // server a second to notice.
        for number in 0..readers.max(1) {
            spawn(format!("read-{number}"), location.clone(), read_queue.clone(), Mode::Read);
        }
        spawn("write".to_owned(), location.clone(), write_queue, Mode::Write);
        if matches!(location, Location::Sqlite(_)) {
            let location = location.clone();
            let thread = std::thread::Builder::new().name("checkpoint".to_owned());
            let _ = thread.spawn(move || checkpoints(&location, &closed));
        }
        Self { location, reads, writes, _open: Arc::new(open) }
    }

    /// Where the data lives.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Brings the schema up to this binary's, under a lock, and refuses a schema that is newer.
    pub fn migrate(&self) -> Result<usize, Error> {
        match &mut self.location.connect(true)? {
            Tx::Sqlite(conn) => migrate(conn, SQLITE, "SELECT 1", "SELECT 1"),
            Tx::Postgres(conn) => migrate(
                conn,
                POSTGRES,
                "SELECT pg_advisory_lock(3141592653)",
                "SELECT pg_advisory_unlock(3141592653)",
            ),
        }
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
        submit(&self.reads, Work { started: Some(started), closure: work, answer, outcome: None });
    }

    /// Runs `work` in one transaction, serialisable in effect, and hands what it returns to `answer` once it
    /// is on disk. `work` may run more than once; ids and the time are made outside it.
    pub fn write<T, E: Failure>(
        &self,
        started: impl FnOnce() -> bool + Send + 'static,
        work: impl Fn(&mut Tx) -> Result<T, E> + Send + 'static,
        answer: impl FnOnce(Result<T, E>) + Send + 'static,
    ) where
        T: Send + 'static,
    {
        submit(&self.writes, Work { started: Some(started), closure: work, answer, outcome: None });
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
        self.write(|| true, work, move |outcome| drop(sender.send(outcome)));
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
    pub fn backup(&self, to: &std::path::Path) -> Result<(), Error> {
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

/// Whether every migration of this binary has been run. The library's own question would write.
fn is_migrated(tx: &mut Tx) -> Result<bool, Error> {
    #[derive(diesel::QueryableByName)]
    struct Applied {
        #[diesel(sql_type = diesel::sql_types::Text)]
        version: String,
    }
    let unavailable = |error: Box<dyn std::error::Error + Send + Sync>| Error::Unavailable(error.to_string());
    let known: Vec<Box<dyn Migration<Sqlite>>> = SQLITE.migrations().map_err(unavailable)?;
    let sql = diesel::sql_query("SELECT version FROM __diesel_schema_migrations");
    let applied: Vec<Applied> = sql.load(tx).map_err(|error| Error::Unavailable(error.to_string()))?;
    let run = |version: String| applied.iter().any(|applied| applied.version == version);
    Ok(known.iter().all(|migration| run(migration.name().version().to_string())))
}

impl Tx {
    /// Answers when the database does and its schema is this binary's.
    pub fn ready(&mut self) -> Result<(), Error> {
        if is_migrated(self)? { Ok(()) } else { Err(Error::Unavailable("migrations are pending".to_owned())) }
    }
}

fn migrate<C, B>(conn: &mut C, ours: EmbeddedMigrations, lock: &str, unlock: &str) -> Result<usize, Error>
where
    C: MigrationHarness<B> + SimpleConnection,
    B: diesel::backend::Backend,
    EmbeddedMigrations: diesel::migration::MigrationSource<B>,
{
    let broken = |error: Box<dyn std::error::Error + Send + Sync>| Error::Unavailable(error.to_string());
    conn.batch_execute(lock)?;
    let known = diesel::migration::MigrationSource::<B>::migrations(&ours).map_err(broken)?;
    let newest = known.iter().map(|migration| migration.name().version().as_owned()).max();
    let applied = conn.applied_migrations().map_err(broken)?;
    if applied.iter().max() > newest.as_ref() {
        let text =
            "the database was made by a newer Evenkeel; start that version, or restore a backup".to_owned();
        return Err(Error::Unavailable(text));
    }
    let run = conn.run_pending_migrations(ours).map(|run| run.len()).map_err(broken)?;
    conn.batch_execute(unlock)?;
    Ok(run)
}

fn submit<S, W, A, T, E>(queue: &Sender<Box<dyn Job>>, work: Work<S, W, A, T, E>)
where
    Work<S, W, A, T, E>: Job + 'static,
{
    if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) = queue.try_send(Box::new(work)) {
        job.end(Err(Error::Unavailable("too many wait already".to_owned())));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Read,
    Write,
}

fn spawn(name: String, location: Location, queue: Receiver<Box<dyn Job>>, mode: Mode) {
    let serve = move || {
        let mut connection = None;
        while let Ok(first) = queue.recv() {
            // Take what waits, without waiting for more: alone, a write is not delayed.
            let most = if mode == Mode::Write { GROUP } else { 1 };
            let mut jobs = vec![first];
            jobs.extend(queue.try_iter().take(most - 1));
            jobs.retain_mut(|job| job.begin());
            if !jobs.is_empty() && !serve(&location, &mut connection, mode, jobs) {
                connection = None;
            }
        }
    };
    // A thread that cannot be made leaves its queue to the others; with none, callers are told 503.
    if let Err(error) = std::thread::Builder::new().name(name).spawn(serve) {
        tracing::error!(%error, "a database thread could not start");
    }
}

/// Runs a group of jobs and answers each; false if the connection is not to be used again.
fn serve(location: &Location, connection: &mut Option<Tx>, mode: Mode, mut jobs: Vec<Box<dyn Job>>) -> bool {
    if connection.is_none() {
        match location.connect(mode == Mode::Write) {
            Ok(tx) => *connection = Some(tx),
            Err(error) => {
                tracing::error!(%error, "no connection to the database");
                for job in jobs {
                    job.end(Err(error.clone()));
                }
                return false;
            }
        }
    }
    let Some(tx) = connection else { return false };
    metrics::histogram!("evenkeel_database_group_size")
        .record(f64::from(u32::try_from(jobs.len()).unwrap_or(u32::MAX)));
    match together(tx, mode, &mut jobs) {
        Ok(()) => {
            for job in jobs {
                job.end(Ok(()));
            }
            true
        }
        Err(Error::Contended) => {
            metrics::counter!("evenkeel_database_groups_contended_total").increment(1);
            again(tx, mode, jobs)
        }
        Err(error) => {
            tracing::error!(%error, "a group of transactions was not stored");
            for job in jobs {
                job.end(Err(error.clone()));
            }
            false
        }
    }
}

/// Runs a group that met another one: once more together, then each by itself, so that nobody's trouble is
/// everybody's.
fn again(tx: &mut Tx, mode: Mode, mut jobs: Vec<Box<dyn Job>>) -> bool {
    if 1 < jobs.len() && together(tx, mode, &mut jobs).is_ok() {
        for job in jobs {
            job.end(Ok(()));
        }
        return true;
    }
    let mut usable = true;
    for mut job in jobs {
        let mut stored = Err(Error::Unavailable("the connection was lost".to_owned()));
        for _ in 0..TRIES {
            if !usable {
                break;
            }
            stored = together(tx, mode, std::slice::from_mut(&mut job));
            if !matches!(stored, Err(Error::Contended)) {
                break;
            }
            metrics::counter!("evenkeel_database_retries_total").increment(1);
        }
        usable &= !matches!(stored, Err(Error::Unavailable(_) | Error::Broken(_)));
        job.end(stored);
    }
    usable
}

/// Runs jobs in one transaction, each in a savepoint of its own unless it is the only one.
fn together(tx: &mut Tx, mode: Mode, jobs: &mut [Box<dyn Job>]) -> Result<(), Error> {
    begin(tx, mode)?;
    if let [job] = jobs {
        return match job.run(tx) {
            Kept::Yes => commit(tx).or_else(|error| abandon(tx).and(Err(error))),
            Kept::No => abandon(tx),
            Kept::Again => abandon(tx).and(Err(Error::Contended)),
        };
    }
    for job in jobs {
        let outcome = begin_savepoint(tx).and_then(|()| match job.run(tx) {
            Kept::Yes => commit(tx),
            Kept::No => roll_back(tx),
            Kept::Again => Err(Error::Contended),
        });
        if let Err(error) = outcome {
            return abandon(tx).and(Err(error));
        }
    }
    commit(tx).or_else(|error| abandon(tx).and(Err(error)))
}

type Transactions = <Tx as Connection>::TransactionManager;

fn begin(tx: &mut Tx, mode: Mode) -> Result<(), Error> {
    let (sqlite, postgres) = match mode {
        Mode::Read => ("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        // Plain BEGIN would take the lock only at the first write, and lose to whoever was quicker.
        Mode::Write => ("BEGIN IMMEDIATE", "BEGIN ISOLATION LEVEL SERIALIZABLE"),
    };
    match tx {
        Tx::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, sqlite)?,
        Tx::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(conn, postgres)?,
    }
    Ok(())
}

fn begin_savepoint(tx: &mut Tx) -> Result<(), Error> {
    Ok(Transactions::begin_transaction(tx)?)
}
fn commit(tx: &mut Tx) -> Result<(), Error> {
    Ok(Transactions::commit_transaction(tx)?)
}
fn roll_back(tx: &mut Tx) -> Result<(), Error> {
    Ok(Transactions::rollback_transaction(tx)?)
}

/// Rolls back whatever is open, savepoints and all.
fn abandon(tx: &mut Tx) -> Result<(), Error> {
    while is_open(tx) {
        roll_back(tx)?;
    }
    Ok(())
}

fn is_open(tx: &mut Tx) -> bool {
    let status = Transactions::transaction_manager_status_mut(tx);
    matches!(status.transaction_depth(), Ok(Some(_)))
}

/// How large the write-ahead log may grow before writers wait for it to be emptied, in pages of 4 KiB: 64 MiB.
const LARGE_LOG: i32 = 16_384;

/// Moves the write-ahead log into the database beside the writer, never in its way until the log is large.
fn checkpoints(location: &Location, closed: &Receiver<()>) {
    use diesel::sql_types::Integer;
    #[derive(diesel::QueryableByName)]
    struct Checkpoint {
        #[diesel(sql_type = Integer)]
        log: i32,
    }
    let mut connection = None;
    let mut large = false;
    while closed.recv_timeout(Duration::from_millis(250)) == Err(crossbeam_channel::RecvTimeoutError::Timeout)
    {
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

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::sql_types::BigInt;
    use std::sync::Barrier;

    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }

    fn fresh() -> (tempfile::TempDir, Database) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(Location::Sqlite(folder.path().join("test.db")), 2);
        assert_eq!(database.migrate().unwrap(), 1);
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
        let answer = answers.clone();
        database.write(
            || true,
            move |_| -> Result<(), Error> {
                hold.wait();
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
            database.write(|| true, work, move |outcome| answer.send((kind, outcome)).unwrap());
        }
        database.write(|| false, |tx| insert(tx, "abandoned"), |_: Result<(), Error>| {});
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
