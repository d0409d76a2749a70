//! A reminder message, its states, and whether it is still wanted when it is about to be sent.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Due, Preferences, later};
use crate::account::ParticipantId;
use crate::value::{Day, Moment, TimeOfDay, TimeZone};

id! {
    /// A reminder message.
    ReminderMessageId
}

words! {
    /// What a message is for.
    Kind {
        /// The daily reminder to check in.
        CheckIn = "check_in",
    }
}

words! {
    /// The state of a message.
    ReminderState {
        /// Waits for its time or its next attempt.
        Planned = "planned",
        /// The mail server accepted it.
        Sent = "sent",
        /// After it was sent, the person logged something on the same day.
        Answered = "answered",
        /// It could not be sent within two hours of its time.
        Expired = "expired",
        /// The mail server refused it permanently.
        Bounced = "bounced",
        /// Given up after too many attempts.
        Dead = "dead",
        /// Not sent, because it was no longer wanted.
        Suppressed = "suppressed",
    }
}

words! {
    /// Why a message was not sent.
    Suppression {
        /// The person turned reminders off.
        TurnedOff = "turned_off",
        /// The person moved reminders to another time, day or zone.
        Rescheduled = "rescheduled",
        /// It would have arrived in the person's quiet hours.
        QuietHours = "quiet_hours",
        /// The person no longer has an email address.
        NoAddress = "no_address",
        /// The check-in of that day is already answered.
        AlreadyAnswered = "already_answered",
    }
}

/// How long after its time a reminder can still be sent, in seconds.
pub const LATEST: i64 = 2 * 60 * 60;

/// How long a worker may hold a message, in seconds: longer than any attempt to send it.
pub const LEASE: i64 = 60;

/// A message to a participant and its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReminderMessage {
    /// Its id, also part of its `Message-ID`, so that duplicates can be recognized.
    pub id: ReminderMessageId,
    /// To whom it is sent.
    pub participant: ParticipantId,
    /// What it is for.
    pub kind: Kind,
    /// The day it belongs to.
    pub local_date: Day,
    /// The chosen time in minutes since midnight.
    #[schema(minimum = 0, maximum = 1439)]
    pub slot: i16,
    /// When it is due.
    pub due_at: Moment,
    /// Its state.
    pub state: ReminderState,
    /// The number of attempts to send it.
    #[schema(minimum = 0, maximum = 8)]
    pub attempts: i16,
    /// The earliest time of the next attempt.
    #[serde(skip)]
    pub next_attempt_at: Moment,
    /// Until when a worker holds it.
    #[serde(skip)]
    pub lease_until: Option<Moment>,
    /// The number of leases. Only the latest holder may change the state.
    #[serde(skip)]
    pub fence: i64,
    /// When the mail server accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Moment>,
    /// Why it was not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Suppression>,
    /// When it was planned.
    pub planned_at: Moment,
}

impl ReminderMessage {
    /// A message for a reminder that is due.
    pub fn planned(id: ReminderMessageId, participant: ParticipantId, due: Due, now: Moment) -> Self {
        Self {
            id,
            participant,
            kind: Kind::CheckIn,
            local_date: due.local_date,
            slot: due.slot,
            due_at: due.due_at,
            state: ReminderState::Planned,
            attempts: 0,
            next_attempt_at: due.due_at,
            lease_until: None,
            fence: 0,
            sent_at: None,
            reason: None,
            planned_at: now,
        }
    }

    /// This message leased to a worker, if it is due and no other worker holds it.
    pub fn leased(&self, now: Moment) -> Option<Self> {
        let free = self.lease_until.is_none_or(|until| until <= now);
        (self.state == ReminderState::Planned && self.next_attempt_at <= now && free).then(|| Self {
            lease_until: Some(later(now, LEASE)),
            fence: self.fence + 1,
            ..self.clone()
        })
    }

    /// This message after a decision: suppressed or expired. It does not change if it is to be sent.
    #[must_use]
    pub fn decided(&self, decision: Decision) -> Self {
        let (state, reason) = match decision {
            Decision::Send => return self.clone(),
            Decision::Suppress(reason) => (ReminderState::Suppressed, Some(reason)),
            Decision::Expire => (ReminderState::Expired, None),
        };
        Self { state, reason, lease_until: None, ..self.clone() }
    }

    /// This message as answered, if the person logged something later on the day it was sent.
    pub fn answered(&self, logged_at: Moment, zone: &TimeZone) -> Option<Self> {
        let after = self.state == ReminderState::Sent && self.sent_at.is_some_and(|sent| sent <= logged_at);
        (after && logged_at.local_day(zone) == self.local_date)
            .then(|| Self { state: ReminderState::Answered, ..self.clone() })
    }
}

/// What to do with a message that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Send it.
    Send,
    /// Do not send it, for this reason.
    Suppress(Suppression),
    /// It is too late to send it.
    Expire,
}

/// Whether a message is still wanted, by the person's current preferences.
pub fn send_decision(
    message: &ReminderMessage,
    preferences: Option<&Preferences>,
    zone: &TimeZone,
    has_address: bool,
    now: Moment,
) -> Decision {
    let Some(preferences) = preferences.filter(|preferences| preferences.enabled) else {
        return Decision::Suppress(Suppression::TurnedOff);
    };
    if !has_address {
        return Decision::Suppress(Suppression::NoAddress);
    }
    if preferences.due_on(message.local_date, zone).is_none_or(|due| due.due_at != message.due_at) {
        return Decision::Suppress(Suppression::Rescheduled);
    }
    if later(message.due_at, LATEST) < now {
        return Decision::Expire;
    }
    let local = now.in_zone(zone).time();
    let clock = TimeOfDay::try_from(i16::from(local.hour()) * 60 + i16::from(local.minute()));
    match (preferences.quiet_hours, clock) {
        (Some(quiet), Ok(clock)) if quiet.cover(clock) => Decision::Suppress(Suppression::QuietHours),
        _ => Decision::Send,
    }
}

/// The decision, given whether the daily check-in of the message's day is already answered. Then no reminder is
/// needed.
#[must_use]
pub fn unless_answered(decision: Decision, answered: bool) -> Decision {
    match decision {
        Decision::Send if answered => Decision::Suppress(Suppression::AlreadyAnswered),
        other => other,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::reminder::tests::{NEW_YORK, daily, moment, quiet, zone};
    use crate::reminder::{Attempt, after_attempt, next_due};
    use rstest::rstest;
    use uuid::Uuid;

    /// Due at 19:30 in New York, 23:30 UTC.
    pub(crate) fn message() -> ReminderMessage {
        let due = next_due(&daily("19:30"), &zone(NEW_YORK), moment("2026-07-01T12:00:00Z")).unwrap();
        ReminderMessage::planned(
            Uuid::from_u128(1).into(),
            Uuid::from_u128(2).into(),
            due,
            moment("2026-07-01T12:00:00Z"),
        )
    }

    #[rstest]
    #[case::wanted(Some(daily("19:30")), true, "2026-07-01T23:30:00Z", Decision::Send)]
    #[case::just_in_time(Some(daily("19:30")), true, "2026-07-02T01:30:00Z", Decision::Send)]
    #[case::too_late(Some(daily("19:30")), true, "2026-07-02T01:30:01Z", Decision::Expire)]
    #[case::no_preferences(None, true, "2026-07-01T23:30:00Z", Decision::Suppress(Suppression::TurnedOff))]
    #[case::off(Some(Preferences { enabled: false, ..daily("19:30") }), true, "2026-07-01T23:30:00Z", Decision::Suppress(Suppression::TurnedOff))]
    #[case::no_address(
        Some(daily("19:30")),
        false,
        "2026-07-01T23:30:00Z",
        Decision::Suppress(Suppression::NoAddress)
    )]
    #[case::moved(
        Some(daily("20:00")),
        true,
        "2026-07-01T23:30:00Z",
        Decision::Suppress(Suppression::Rescheduled)
    )]
    #[case::quiet_by_now(Some(Preferences { quiet_hours: Some(quiet("20:00", "08:00")), ..daily("19:30") }), true, "2026-07-02T00:00:00Z", Decision::Suppress(Suppression::QuietHours))]
    #[case::not_quiet_yet(Some(Preferences { quiet_hours: Some(quiet("20:00", "08:00")), ..daily("19:30") }), true, "2026-07-01T23:59:00Z", Decision::Send)]
    fn a_message_is_checked_again_before_it_is_sent(
        #[case] preferences: Option<Preferences>,
        #[case] has_address: bool,
        #[case] now: &str,
        #[case] expected: Decision,
    ) {
        let message = message();
        let decision =
            send_decision(&message, preferences.as_ref(), &zone(NEW_YORK), has_address, moment(now));
        assert_eq!(decision, expected);
        let decided = message.decided(decision);
        let state = match expected {
            Decision::Send => ReminderState::Planned,
            Decision::Suppress(_) => ReminderState::Suppressed,
            Decision::Expire => ReminderState::Expired,
        };
        assert_eq!(decided.state, state);
        assert_eq!(decided.reason.is_some(), state == ReminderState::Suppressed);
    }

    #[test]
    fn no_message_is_sent_once_the_check_in_of_its_day_is_answered() {
        let answered = Decision::Suppress(Suppression::AlreadyAnswered);
        assert_eq!(unless_answered(Decision::Send, true), answered);
        let off = Decision::Suppress(Suppression::TurnedOff);
        for decision in [Decision::Expire, off] {
            assert_eq!(unless_answered(decision, true), decision);
        }
        assert_eq!(unless_answered(Decision::Send, false), Decision::Send);
        assert_eq!(message().decided(answered).reason, Some(Suppression::AlreadyAnswered));
    }

    #[test]
    fn a_message_planned_for_another_time_zone_is_suppressed() {
        let decision = send_decision(&message(), Some(&daily("19:30")), &zone("UTC"), true, message().due_at);
        assert_eq!(decision, Decision::Suppress(Suppression::Rescheduled));
    }

    #[test]
    fn only_one_worker_at_a_time_holds_a_message() {
        let message = message();
        let due = message.due_at;
        assert_eq!(message.leased(later(due, -1)), None, "not before its time");
        let first = message.leased(due).unwrap();
        assert_eq!((first.fence, first.lease_until), (1, Some(later(due, LEASE))));
        assert_eq!(first.leased(later(due, LEASE - 1)), None);
        assert_eq!(first.leased(later(due, LEASE)).unwrap().fence, 2);
        assert_eq!(after_attempt(&first, Attempt::Accepted, 0.5, due).leased(later(due, 600)), None);
    }

    #[test]
    fn an_entry_later_on_the_same_day_answers_a_sent_message() {
        let zone = zone(NEW_YORK);
        let sent = after_attempt(&message(), Attempt::Accepted, 0.0, message().due_at);
        assert_eq!(sent.answered(later(sent.due_at, 60), &zone).unwrap().state, ReminderState::Answered);
        assert_eq!(sent.answered(later(sent.due_at, -60), &zone), None);
        assert_eq!(sent.answered(moment("2026-07-02T04:00:00Z"), &zone), None, "that is the next day");
        assert_eq!(message().answered(later(sent.due_at, 60), &zone), None, "it was never sent");
    }
}
