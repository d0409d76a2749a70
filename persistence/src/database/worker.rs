//! The threads that own a connection. Each takes waiting jobs, runs and answers them; writers run them in groups.

use crossbeam_channel::Receiver;
use diesel::Connection;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};

use super::error::Error;
use super::job::{Job, Run};
use super::location::Location;
use super::tx::Tx;

type Jobs = Vec<Box<dyn Job>>;

/// The most writes in one transaction.
const GROUP: usize = 64;
/// How often a job with conflicts runs by itself before its caller gets an error.
const TRIES: usize = 16;

/// What a thread's connection is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Read,
    Write,
}

/// Starts a thread that takes jobs from a queue until the queue is closed.
pub(super) fn spawn(name: String, location: Location, queue: Receiver<Box<dyn Job>>, mode: Mode) {
    let serve = move || {
        let mut connection = None;
        while let Ok(first) = queue.recv() {
            // Take the jobs that wait now, but do not wait for more, so that a single write is not delayed.
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
    // If a thread cannot start, the others do its work. Without any, callers get 503.
    if let Err(error) = std::thread::Builder::new().name(name).spawn(serve) {
        tracing::error!(%error, "a database thread could not start");
    }
}

/// Divides jobs into groups that share a transaction. On SQLite all share one, because there is only one writer. On
/// PostgreSQL other writers hold locks. There the jobs of one record each are a group, in the order of the records, and
/// every other job is alone. So no two groups can wait for each other.
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

/// Runs a group of jobs and answers each. False if the connection must not be used again.
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
    match run_group(tx, mode, &mut jobs) {
        Ok(()) => {
            answer(jobs, &Ok(()));
            true
        }
        Err(Error::Contended) => {
            metrics::counter!("evenkeel_database_groups_contended_total").increment(1);
            retry(tx, mode, jobs)
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

/// Runs a group again after a conflict: once together, then each job by itself, so that one job's conflicts do not
/// delay the others. A lock lets only one group of all server copies do this at a time, so that they do not conflict
/// with each other.
fn retry(tx: &mut Tx, mode: Mode, mut jobs: Jobs) -> bool {
    if let Err(error) = retry_lock(tx, "SELECT pg_advisory_lock(2718281828)") {
        tracing::warn!(%error, "no lock to run again");
        answer(jobs, &Err(Error::Unavailable("no lock to run again".to_owned())));
        return false;
    }
    let mut usable = true;
    if 1 < jobs.len() && run_group(tx, mode, &mut jobs).is_ok() {
        answer(jobs, &Ok(()));
    } else {
        for mut job in jobs {
            let mut stored = Err(Error::Unavailable("the connection was lost".to_owned()));
            for _ in 0..TRIES {
                if !usable {
                    break;
                }
                stored = run_group(tx, mode, std::slice::from_mut(&mut job));
                if !matches!(stored, Err(Error::Contended)) {
                    break;
                }
                metrics::counter!("evenkeel_database_retries_total").increment(1);
            }
            usable &= !matches!(stored, Err(Error::Unavailable(_) | Error::Broken(_)));
            job.end(stored);
        }
    }
    // A connection that cannot release the lock is closed, which releases it.
    usable && retry_lock(tx, "SELECT pg_advisory_unlock(2718281828)").is_ok()
}

/// Takes or releases the lock for retries, outside any transaction. SQLite needs none, because it has one writer.
fn retry_lock(tx: &mut Tx, sql: &str) -> Result<(), Error> {
    match tx {
        Tx::Postgres(conn) => Ok(conn.batch_execute(sql)?),
        Tx::Sqlite(_) => Ok(()),
    }
}

/// Runs jobs in one transaction. A job that fails does not affect the others. Few jobs fail, and a savepoint costs as
/// much as a query, so the group first runs without savepoints, and with them only after a failure.
fn run_group(tx: &mut Tx, mode: Mode, jobs: &mut [Box<dyn Job>]) -> Result<(), Error> {
    begin(tx, mode)?;
    let mut run = Run::Done;
    for job in &mut *jobs {
        run = job.run(tx);
        if run != Run::Done {
            break;
        }
    }
    match run {
        Run::Done => return commit(tx).or_else(|error| roll_back_all(tx).and(Err(error))),
        Run::Contended => return roll_back_all(tx).and(Err(Error::Contended)),
        Run::Failed => roll_back_all(tx)?,
    }
    if let [_] = jobs {
        return Ok(());
    }
    begin(tx, mode)?;
    for job in jobs {
        let outcome = begin_savepoint(tx).and_then(|()| match job.run(tx) {
            Run::Done => commit(tx),
            Run::Failed => roll_back(tx),
            Run::Contended => Err(Error::Contended),
        });
        if let Err(error) = outcome {
            return roll_back_all(tx).and(Err(error));
        }
    }
    commit(tx).or_else(|error| roll_back_all(tx).and(Err(error)))
}

type Transactions = <Tx as Connection>::TransactionManager;

fn begin(tx: &mut Tx, mode: Mode) -> Result<(), Error> {
    let (sqlite, postgres) = match mode {
        Mode::Read => ("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        // Plain BEGIN would take the lock only at the first write, and could fail there.
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

/// Rolls back the transaction and its savepoints.
fn roll_back_all(tx: &mut Tx) -> Result<(), Error> {
    while in_transaction(tx) {
        roll_back(tx)?;
    }
    Ok(())
}

fn in_transaction(tx: &mut Tx) -> bool {
    let status = Transactions::transaction_manager_status_mut(tx);
    matches!(status.transaction_depth(), Ok(Some(_)))
}
