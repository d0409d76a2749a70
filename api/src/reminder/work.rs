//! One round of the reminder worker: plan due reminders, mark answered ones, send waiting ones.

use std::sync::Arc;
use std::time::Duration;

use evenkeel_domain::access::{Action, Request};
use evenkeel_domain::reminder::{
    Attempt, Decision, ReminderMessage, ReminderMessageId, ReminderState, Suppression, after_attempt,
    next_due, send_decision, unless_answered,
};
use evenkeel_domain::value::{Moment, TimeZone};
use evenkeel_persistence::{Tx, account, check_in, reminder as store, trend};
use jiff::SignedDuration;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::app::App;
use crate::app::audit;
use crate::app::problem::Problem;
use crate::app::secret::{jitter, sha256};

/// How many reminders are planned in one transaction.
const PLANNED_AT_ONCE: u8 = 50;
/// How many messages are sent at the same time.
const SENT_AT_ONCE: i64 = 8;
/// How many messages are checked for an answer in one page.
const CHECKED_AT_ONCE: i64 = 500;
/// After an outage, reminders older than this are not planned.
const MAX_DELAY: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A message can be answered only on its own local date, which is at most this long in any time zone.
const ANSWERABLE: SignedDuration = SignedDuration::from_hours(26);
/// How often marking is tried again while the database is not available, one second apart.
const MARK_RETRIES: u8 = 10;

/// What one round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Messages planned.
    pub planned: usize,
    /// Messages that the mail server accepted.
    pub sent: usize,
    /// Messages that it did not accept.
    pub failed: usize,
}

impl App {
    /// Sends the reminders that are due.
    pub async fn work_reminders(&self) -> Result<(), Problem> {
        let passed = work(self).await?;
        if passed != Passed::default() {
            let Passed { planned, sent, failed } = passed;
            tracing::info!(planned, sent, failed, "reminders");
        }
        Ok(())
    }
}

/// Runs one round. Several copies may run one at the same time.
pub async fn work(app: &App) -> Result<Passed, Problem> {
    let planned = plan(app).await?;
    mark_answered(app).await?;
    let (sent, failed) = send(app).await?;
    Ok(Passed { planned, sent, failed })
}

fn token(app: &App, message: ReminderMessageId) -> String {
    app.secrets().unsubscribe_token(message.into())
}

async fn plan(app: &App) -> Result<usize, Problem> {
    let mut planned = 0;
    loop {
        let now = app.now();
        let blanks: Vec<(ReminderMessageId, [u8; 32])> = (0..PLANNED_AT_ONCE)
            .map(|_| ReminderMessageId::from(app.fresh_id()))
            .map(|id| (id, sha256(token(app, id).as_bytes())))
            .collect();
        let (seen, added) = app.write(move |tx| plan_some(tx, &blanks, now)).await?;
        planned += added;
        if seen == 0 {
            return Ok(planned);
        }
    }
}

/// Plans due reminders, one for each person. Returns how many people it handled and how many messages are new.
fn plan_some(
    tx: &mut Tx,
    blanks: &[(ReminderMessageId, [u8; 32])],
    now: Moment,
) -> Result<(usize, usize), Problem> {
    let mut due = store::due(tx, now, PLANNED_AT_ONCE.into())?;
    // Every transaction that writes to several records takes them in this order, to avoid deadlocks.
    due.sort_by_key(|(participant, ..)| *participant);
    let mut added = 0;
    for ((participant, wish, due_at), (id, hash)) in due.iter().zip(blanks) {
        let mut next = None;
        if let Some(zone) = account::time_zone(tx, *participant)? {
            next = next_due(wish, &zone, due_at.plus(-SignedDuration::from_micros(1)));
            if let Some(due) = next.filter(|due| due.due_at <= now) {
                let message = ReminderMessage::planned(*id, *participant, due, now);
                added += usize::from(store::add(tx, &message, hash)?);
                next = next_due(wish, &zone, due.due_at.max(now.plus(-MAX_DELAY)));
            }
        }
        store::put_preferences(tx, *participant, wish, next.map(|due| due.due_at), now)?;
    }
    Ok((due.len(), added))
}

async fn mark_answered(app: &App) -> Result<(), Problem> {
    let now = app.now();
    let answered = app.read(move |tx| answered(tx, now)).await?;
    if answered.is_empty() {
        return Ok(());
    }
    app.write(move |tx| {
        for message in &answered {
            store::put(tx, message, message.fence)?;
        }
        Ok(())
    })
    .await
}

fn answered(tx: &mut Tx, now: Moment) -> Result<Vec<ReminderMessage>, Problem> {
    let (mut since, mut answered) = (now.plus(-ANSWERABLE), Vec::new());
    loop {
        let reminder_messages = store::unanswered(tx, since, CHECKED_AT_ONCE)?;
        for message in &reminder_messages {
            if let Some(zone) = account::time_zone(tx, message.participant)? {
                answered.extend(answer_to(tx, message, &zone)?);
            }
        }
        // The next page starts at the time of the last message, so a message may come twice. It is marked the same.
        let last = reminder_messages.last().and_then(|message| message.sent_at).unwrap_or(since);
        if last <= since || i64::try_from(reminder_messages.len()).is_ok_and(|count| count < CHECKED_AT_ONCE)
        {
            return Ok(answered);
        }
        since = last;
    }
}

/// A sent message, marked as answered if a craving or the check-in of its day was logged later that day.
pub fn answer_to(
    tx: &mut Tx,
    message: &ReminderMessage,
    zone: &TimeZone,
) -> Result<Option<ReminderMessage>, Problem> {
    if message.state != ReminderState::Sent {
        return Ok(None);
    }
    let craving = trend::last(tx, message.participant)?;
    let check_in = check_in::answered_at(tx, message.participant, message.local_date)?;
    Ok([craving, check_in].into_iter().flatten().find_map(|logged_at| message.answered(logged_at, zone)))
}

/// Sends the waiting messages in batches. Returns how many the mail server accepted and how many it did not.
async fn send(app: &App) -> Result<(usize, usize), Problem> {
    let round = app.fresh_id();
    let (mut sent, mut failed) = (0, 0);
    loop {
        // The others are sent after the next start.
        if app.is_ending() {
            return Ok((sent, failed));
        }
        let now = app.now();
        let (seen, claimed) = app.write(move |tx| claim(tx, now)).await?;
        if seen == 0 {
            return Ok((sent, failed));
        }
        let mut tasks = JoinSet::new();
        for (message, address) in claimed {
            let app = app.clone();
            tasks.spawn(async move {
                let token = token(&app, message.id);
                let attempt = app.mailer().send(message.id, &address, &token, app.now()).await;
                (message, attempt)
            });
        }
        let (mut marks, mut all_failed) = (Vec::new(), true);
        while let Some(tried) = tasks.join_next().await {
            // If a task panicked, its message is sent again when the lease ends.
            let Ok((message, attempt)) = tried else { continue };
            all_failed &= attempt == Attempt::Failed;
            if attempt == Attempt::Accepted {
                sent += 1;
            } else {
                failed += 1;
            }
            marks.push((after_attempt(&message, attempt, jitter(), app.now()), message.fence));
        }
        let is_server_down = all_failed && !marks.is_empty();
        mark(app, marks, round).await?;
        if is_server_down {
            // The others wait for the next round instead of failing one by one.
            return Ok((sent, failed));
        }
    }
}

/// Leases the due messages that are still wanted, with the current address, and marks the others as not to be sent.
/// Also returns how many it handled.
fn claim(tx: &mut Tx, now: Moment) -> Result<(usize, Vec<(ReminderMessage, String)>), Problem> {
    let waiting = store::waiting(tx, now, SENT_AT_ONCE)?;
    let mut claimed = Vec::new();
    for message in &waiting {
        let wish = store::preferences(tx, message.participant)?;
        let zone = account::time_zone(tx, message.participant)?;
        let account = account::of_participant(tx, message.participant)?.filter(|account| account.active);
        let address = account.and_then(|account| account.email);
        let decision = zone.map_or(Decision::Suppress(Suppression::NoAddress), |zone| {
            send_decision(message, wish.as_ref(), &zone, address.is_some(), now)
        });
        let is_answered = check_in::is_answered(tx, message.participant, message.local_date)?;
        let decision = unless_answered(decision, is_answered);
        match (decision, message.leased(now), address) {
            (Decision::Send, Some(leased), Some(address)) => {
                if store::put(tx, &leased, message.fence)? {
                    claimed.push((leased, address.into()));
                }
            }
            (decision, ..) => {
                store::put(tx, &message.decided(decision), message.fence)?;
            }
        }
    }
    Ok((waiting.len(), claimed))
}

/// Stores the outcome of each message. Retries, because a message that was sent but not marked would be sent again.
async fn mark(app: &App, mut marks: Vec<(ReminderMessage, i64)>, round: Uuid) -> Result<(), Problem> {
    marks.sort_by_key(|(message, _)| message.participant);
    let marks = Arc::new(marks);
    let mut tries = 0;
    loop {
        let (marks, now) = (Arc::clone(&marks), app.now());
        let done = app.write(move |tx| {
            marks.iter().try_for_each(|(message, fence)| store_outcome(tx, message, *fence, round, now))
        });
        match done.await {
            Err(problem) if tries < MARK_RETRIES => {
                tracing::warn!(%problem, "sent emails could not be marked; will try again");
                tries += 1;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            outcome => return outcome,
        }
    }
}

fn store_outcome(
    tx: &mut Tx,
    message: &ReminderMessage,
    fence: i64,
    round: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    if !store::put(tx, message, fence)? {
        return Ok(());
    }
    let action = match message.state {
        ReminderState::Sent => Action::SendReminder,
        ReminderState::Bounced | ReminderState::Dead => Action::BounceReminder,
        _ => return Ok(()),
    };
    let request = Request { id: round, now };
    audit::record_system(tx, message.participant.into(), action, Some(message.id.into()), request)
}
