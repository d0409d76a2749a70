//! The threads that own a connection: each takes the jobs that wait and answers them, writers in groups.

use crossbeam_channel::Receiver;
use diesel::Connection;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};

use super::error::Error;
use super::job::{Job, Kept};
use super::location::Location;
use super::tx::Tx;

type Jobs = Vec<Box<dyn Job>>;

/// How many writes one transaction takes at most.
const GROUP: usize = 64;
/// How often contended work is run by itself before its caller is told.
const TRIES: usize = 16;

/// What a thread's connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Read,
    Write,
}

/// Starts a thread that takes jobs from a queue until nobody can send any more.
pub(super) fn spawn(name: String, location: Location, queue: Receiver<Box<dyn Job>>, mode: Mode) {
    let serve = move || {
        let mut connection = None;
        while let Ok(first) = queue.recv() {
            // Take what waits, without waiting for more: alone, a write is not delayed.
            let most = if mode == Mode::Write { GROUP } else { 1 };
            let mut jobs = vec![first];
            jobs.extend(queue.try_iter().take(most - 1));
            jobs.retain_mut(|job| job.begin());
            for group in groups(jobs, &location) {
                if !serve(&location, &mut connection, mode, group) {
                    connection = None;
                }
            }
        }
    };
    // A thread that cannot be made leaves its queue to the others; with none, callers are told 503.
    if let Err(error) = std::thread::Builder::new().name(name).spawn(serve) {
        tracing::error!(%error, "a database thread could not start");
    }
}

/// Which jobs share a transaction. On SQLite nobody else writes meanwhile: all do. On PostgreSQL other writers
/// hold locks, so that a group takes the records in their one order, and a job of several records or of none
/// stays by itself: then no two groups can each wait for the other.
fn groups(mut jobs: Jobs, location: &Location) -> Vec<Jobs> {
    if matches!(location, Location::Sqlite(_)) || jobs.len() < 2 {
        return if jobs.is_empty() { vec![] } else { vec![jobs] };
    }
    jobs.sort_by_key(|job| job.record());
    let several = jobs.partition_point(|job| job.record().is_none());
    let together = jobs.split_off(several);
    let mut groups: Vec<Jobs> = jobs.into_iter().map(|job| vec![job]).collect();
    if !together.is_empty() {
        groups.push(together);
    }
    groups
}

/// Runs a group of jobs and answers each; false if the connection is not to be used again.
fn serve(location: &Location, connection: &mut Option<Tx>, mode: Mode, mut jobs: Jobs) -> bool {
    if connection.is_none() {
        match location.connect(mode == Mode::Write) {
            Ok(tx) => *connection = Some(tx),
            Err(error) => {
                tracing::error!(%error, "no connection to the database");
                answer(jobs, &Err(error));
                return false;
            }
        }
    }
    let Some(tx) = connection else { return false };
    metrics::histogram!("evenkeel_database_group_size")
        .record(f64::from(u32::try_from(jobs.len()).unwrap_or(u32::MAX)));
    match together(tx, mode, &mut jobs) {
        Ok(()) => {
            answer(jobs, &Ok(()));
            true
        }
        Err(Error::Contended) => {
            metrics::counter!("evenkeel_database_groups_contended_total").increment(1);
            again(tx, mode, jobs)
        }
        Err(error) => {
            tracing::error!(%error, "a group of transactions was not stored");
            answer(jobs, &Err(error));
            false
        }
    }
}

fn answer(jobs: Jobs, stored: &Result<(), Error>) {
    for job in jobs {
        job.end(stored.clone());
    }
}

/// Runs a group that met another one: once more together, then each by itself, so that nobody's trouble is
/// everybody's. Of all who run again, in whichever copy, one has the turn: they would only meet each other.
fn again(tx: &mut Tx, mode: Mode, mut jobs: Jobs) -> bool {
    if let Err(error) = turn(tx, "SELECT pg_advisory_lock(2718281828)") {
        tracing::warn!(%error, "no turn to run again");
        answer(jobs, &Err(Error::Unavailable("no turn to run again".to_owned())));
        return false;
    }
    let mut usable = true;
    if 1 < jobs.len() && together(tx, mode, &mut jobs).is_ok() {
        answer(jobs, &Ok(()));
    } else {
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
    }
    // A connection that cannot give the turn back is closed, and with it the turn ends.
    usable && turn(tx, "SELECT pg_advisory_unlock(2718281828)").is_ok()
}

/// Takes or gives back the turn, outside any transaction. On SQLite the writer has it anyway.
fn turn(tx: &mut Tx, sql: &str) -> Result<(), Error> {
    match tx {
        Tx::Postgres(conn) => Ok(conn.batch_execute(sql)?),
        Tx::Sqlite(_) => Ok(()),
    }
}

/// Runs jobs in one transaction; each stands or falls alone. Nearly all jobs stand, and a savepoint for each
/// costs as much as a query: the group runs without them, and only if one falls once more with them.
fn together(tx: &mut Tx, mode: Mode, jobs: &mut [Box<dyn Job>]) -> Result<(), Error> {
    begin(tx, mode)?;
    let mut kept = Kept::Yes;
    for job in &mut *jobs {
        kept = job.run(tx);
        if kept != Kept::Yes {
            break;
        }
    }
    match kept {
        Kept::Yes => return commit(tx).or_else(|error| abandon(tx).and(Err(error))),
        Kept::Again => return abandon(tx).and(Err(Error::Contended)),
        Kept::No => abandon(tx)?,
    }
    if let [_] = jobs {
        return Ok(());
    }
    begin(tx, mode)?;
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
