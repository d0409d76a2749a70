//! Jobs: units of work in the queues.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Sender, TrySendError};
use uuid::Uuid;

use super::error::{Error, Failure};
use super::tx::Tx;

/// A unit of work in a queue.
pub(super) trait Job: Send {
    /// The record that it writes to, if it is only one.
    fn record(&self) -> Option<Uuid>;
    /// Whether somebody still waits for it. Called once, before the first run.
    fn begin(&mut self) -> bool;
    /// Runs it. May be called again.
    fn run(&mut self, tx: &mut Tx) -> Run;
    /// Answers the caller, when the changes are on disk or rolled back.
    fn end(self: Box<Self>, stored: Result<(), Error>);
}

/// How a run of a job ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// Its changes can be committed.
    Done,
    /// It failed, and its changes must be rolled back.
    Failed,
    /// Another transaction conflicted with it. It must run again.
    Contended,
}

pub(super) struct Work<S, W, A, T, E> {
    record: Option<Uuid>,
    started: Option<S>,
    closure: W,
    answer: A,
    outcome: Option<Result<T, E>>,
}

impl<S, W, A, T, E> Work<S, W, A, T, E>
where
    S: FnOnce() -> bool + Send + 'static,
    W: Fn(&mut Tx) -> Result<T, E> + Send + 'static,
    A: FnOnce(Result<T, E>) + Send + 'static,
    T: Send + 'static,
    E: Failure,
{
    pub(super) fn new(record: Option<Uuid>, started: S, closure: W, answer: A) -> Self {
        Self { record, started: Some(started), closure, answer, outcome: None }
    }

    /// Puts the work into a queue. If the queue is full, the caller gets an error at once.
    pub(super) fn submit(self, queue: &Sender<Box<dyn Job>>) {
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) = queue.try_send(Box::new(self))
        {
            job.end(Err(Error::Unavailable("too many jobs are waiting".to_owned())));
        }
    }
}

impl<S, W, A, T, E> Job for Work<S, W, A, T, E>
where
    S: FnOnce() -> bool + Send,
    W: Fn(&mut Tx) -> Result<T, E> + Send,
    A: FnOnce(Result<T, E>) + Send,
    T: Send,
    E: Failure,
{
    fn record(&self) -> Option<Uuid> {
        self.record
    }

    fn begin(&mut self) -> bool {
        self.started.take().is_none_or(|started| started())
    }

    fn run(&mut self, tx: &mut Tx) -> Run {
        // The text of a panic may quote personal data, so it is dropped.
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.closure)(tx)))
            .unwrap_or_else(|_| Err(Error::Broken("a panic".to_owned()).into()));
        let run = match &outcome {
            Ok(_) => Run::Done,
            Err(error) if error.is_contended() => Run::Contended,
            Err(_) => Run::Failed,
        };
        self.outcome = Some(outcome);
        run
    }

    fn end(self: Box<Self>, stored: Result<(), Error>) {
        let outcome = match (stored, self.outcome) {
            // Work that was not stored must not be answered as a success.
            (Err(error), Some(Ok(_)) | None) => Err(error.into()),
            (Ok(()), None) => Err(Error::Broken("work was not run".to_owned()).into()),
            (_, Some(outcome)) => outcome,
        };
        (self.answer)(outcome);
    }
}
