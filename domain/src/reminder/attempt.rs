//! Attempts to send a message, and when to try again.

use std::time::Duration;

use super::{LATEST, ReminderMessage, ReminderState, later};
use crate::value::Moment;

/// The most attempts to send a message.
pub const MAX_ATTEMPTS: i16 = 8;

/// The outcome of an attempt to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The mail server accepted the message.
    Accepted,
    /// It refused the message permanently (5xx to this recipient).
    Refused,
    /// It refused for now, did not answer or could not be reached.
    Failed,
}

/// A message after an attempt to send it: sent, bounced, planned for another attempt, or dead. A message that
/// is not planned does not change.
#[must_use]
pub fn after_attempt(
    message: &ReminderMessage,
    attempt: Attempt,
    jitter: f64,
    now: Moment,
) -> ReminderMessage {
    if message.state != ReminderState::Planned {
        return message.clone();
    }
    let attempts = message.attempts.saturating_add(1);
    let tried = ReminderMessage { attempts, lease_until: None, ..message.clone() };
    match attempt {
        Attempt::Accepted => ReminderMessage { state: ReminderState::Sent, sent_at: Some(now), ..tried },
        Attempt::Refused => ReminderMessage { state: ReminderState::Bounced, ..tried },
        Attempt::Failed if MAX_ATTEMPTS <= attempts => {
            ReminderMessage { state: ReminderState::Dead, ..tried }
        }
        Attempt::Failed => {
            let wait = i64::try_from(backoff(attempts, jitter)).unwrap_or(LATEST);
            ReminderMessage { next_attempt_at: later(now, wait), ..tried }
        }
    }
}

/// Seconds to wait after this many failed attempts: 30, doubled each time up to half an hour, up to a fifth
/// more or less by a jitter between 0 and 1.
pub fn backoff(attempts: i16, jitter: f64) -> u64 {
    let doubled = u32::from(attempts.clamp(1, 7).unsigned_abs()) - 1;
    let seconds = (30u64 << doubled).min(30 * 60);
    let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.5 };
    Duration::from_secs(seconds).mul_f64(0.8 + 0.4 * jitter).as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reminder::message::tests::message;
    use proptest::prelude::*;

    #[test]
    fn the_mail_servers_answer_decides_the_state_of_a_message() {
        let leased = message().leased(message().due_at).unwrap();
        let now = later(leased.due_at, 1);
        let sent = after_attempt(&leased, Attempt::Accepted, 0.5, now);
        assert_eq!((sent.state, sent.sent_at, sent.lease_until), (ReminderState::Sent, Some(now), None));
        let bounced = after_attempt(&leased, Attempt::Refused, 0.5, now);
        assert_eq!((bounced.state, bounced.sent_at), (ReminderState::Bounced, None));
        let failed = after_attempt(&leased, Attempt::Failed, 0.5, now);
        assert_eq!(
            (failed.state, failed.attempts, failed.next_attempt_at),
            (ReminderState::Planned, 1, later(now, 30))
        );
        assert_eq!(after_attempt(&sent, Attempt::Failed, 0.5, now), sent, "a sent message stays sent");
    }

    #[test]
    fn the_eighth_failure_is_the_last_and_comes_before_the_message_expires() {
        let mut message = message();
        let (due, mut tries) = (message.due_at, 0);
        while message.state == ReminderState::Planned {
            let now = message.next_attempt_at;
            assert!(now <= later(due, LATEST));
            message = after_attempt(&message.leased(now).unwrap(), Attempt::Failed, 1.0, now);
            tries += 1;
        }
        assert_eq!((message.state, tries), (ReminderState::Dead, 8));
    }

    proptest! {
        #[test]
        fn the_wait_grows_and_stays_in_range(attempts in any::<i16>(), jitter in any::<f64>()) {
            let wait = backoff(attempts, jitter);
            prop_assert!((24..=36 * 60).contains(&wait));
            let step = attempts.clamp(1, 6);
            prop_assert!(backoff(step, 1.0) <= backoff(step + 1, 0.0) + 300);
        }
    }
}
