//! Units of work as the queues see them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Sender, TrySendError};
use uuid::Uuid;

use super::error::{Error, Failure};
use super::tx::Tx;

/// One unit of work as the queues see it.
pub(super) trait Job: Send {
    /// ParticipantRef record it writes to, if it is one record's.
    fn record(&self) -> Option<Uuid>;
    /// Whether somebody still waits for it. Asked once, when its turn comes.
    fn begin(&mut self) -> bool;
    /// Runs it, once or again.
    fn run(&mut self, tx: &mut Tx) -> Kept;
    /// Answers, once what it did is on disk or is known not to be.
    fn end(self: Box<Self>, stored: Result<(), Error>);
}

/// What is to become of what a job has done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is to be stored.
    Yes,
    /// The job failed; nothing of it may stay.
    No,
    /// Another transaction was in the way; it is to run again.
    Again,
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

    /// Puts the work into a queue; where that is full, its caller is told at once.
    pub(super) fn submit(self, queue: &Sender<Box<dyn Job>>) {
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) = queue.try_send(Box::new(self))
        {
            job.end(Err(Error::Unavailable("too many wait already".to_owned())));
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

    fn run(&mut self, tx: &mut Tx) -> Kept {
        // A panic's text may quote what was worked on: it goes nowhere.
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.closure)(tx)))
            .unwrap_or_else(|_| Err(Error::Broken("a panic".to_owned()).into()));
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
