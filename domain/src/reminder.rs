//! Reminder preferences, when the next reminder is due, and the states of each message.
//!
//! A message is planned once for each person, kind, local date and slot. Just before it is sent,
//! [`send_decision`] checks whether it is still wanted. [`after_attempt`] gives its state after an attempt to
//! send it.

mod attempt;
mod due;
mod message;

pub use attempt::{Attempt, MAX_ATTEMPTS, after_attempt, backoff};
pub use due::{Due, next_due};
pub use message::{
    Decision, Kind, LATEST, LEASE, ReminderMessage, ReminderMessageId, ReminderState, Suppression,
    send_decision, unless_answered,
};

use jiff::{SignedDuration, civil};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::value::{BoundedSet, Moment, TimeOfDay};

words! {
    /// A day of the week.
    Weekday {
        /// Monday.
        Monday = "monday",
        /// Tuesday.
        Tuesday = "tuesday",
        /// Wednesday.
        Wednesday = "wednesday",
        /// Thursday.
        Thursday = "thursday",
        /// Friday.
        Friday = "friday",
        /// Saturday.
        Saturday = "saturday",
        /// Sunday.
        Sunday = "sunday",
    }
}

impl From<civil::Weekday> for Weekday {
    fn from(day: civil::Weekday) -> Self {
        match day {
            civil::Weekday::Monday => Self::Monday,
            civil::Weekday::Tuesday => Self::Tuesday,
            civil::Weekday::Wednesday => Self::Wednesday,
            civil::Weekday::Thursday => Self::Thursday,
            civil::Weekday::Friday => Self::Friday,
            civil::Weekday::Saturday => Self::Saturday,
            civil::Weekday::Sunday => Self::Sunday,
        }
    }
}

words! {
    /// How much a message may say.
    ContentLevel {
        /// Only that there is a reminder: no name, program, substance, staff or place.
        Discreet = "discreet",
    }
}

/// Hours without messages, from the first time up to but not including the second. They go past midnight if the
/// first is the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// The start, included.
    pub from: TimeOfDay,
    /// The end, excluded.
    pub until: TimeOfDay,
}

impl QuietHours {
    /// Whether a time of day is in the quiet hours.
    pub fn cover(self, time: TimeOfDay) -> bool {
        if self.from <= self.until {
            self.from <= time && time < self.until
        } else {
            self.from <= time || time < self.until
        }
    }
}

/// Whether, when and how somebody wants to be reminded to check in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    /// Whether reminders are on.
    pub enabled: bool,
    /// At which local time.
    pub at: TimeOfDay,
    /// On which days.
    #[schema(value_type = Vec<Weekday>, max_items = 7)]
    pub weekdays: BoundedSet<Weekday, 7>,
    /// When no message may arrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
    /// How much a message may say.
    pub content: ContentLevel,
}

impl Default for Preferences {
    /// Until somebody chooses, reminders are off.
    fn default() -> Self {
        Self {
            enabled: false,
            at: TimeOfDay::try_from(19 * 60).expect("19:00 is a time of day"),
            weekdays: BoundedSet::try_from(Weekday::ALL.to_vec()).unwrap_or_default(),
            quiet_hours: None,
            content: ContentLevel::Discreet,
        }
    }
}

/// Why preferences are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Reminders are on, but on no day.
    #[error("choose at least one weekday, or turn reminders off")]
    NoWeekday,
    /// The time is in the quiet hours, so nothing would ever arrive.
    #[error("the time of the reminder is in the quiet hours: change one of them")]
    InQuietHours,
    /// Quiet hours that end when they begin.
    #[error("quiet hours must not end at the time they begin")]
    EmptyQuietHours,
}

/// Checks preferences. Turning reminders off is never refused.
pub fn checked(preferences: Preferences) -> Result<Preferences, Refusal> {
    if !preferences.enabled {
        return Ok(preferences);
    }
    if preferences.weekdays.is_empty() {
        return Err(Refusal::NoWeekday);
    }
    match preferences.quiet_hours {
        Some(quiet) if quiet.from == quiet.until => Err(Refusal::EmptyQuietHours),
        Some(quiet) if quiet.cover(preferences.at) => Err(Refusal::InQuietHours),
        _ => Ok(preferences),
    }
}

fn later(moment: Moment, seconds: i64) -> Moment {
    moment.plus(SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::TimeZone;
    use proptest::prelude::*;
    use rstest::rstest;

    pub(super) fn zone(name: &str) -> TimeZone {
        TimeZone::try_from(name.to_owned()).unwrap()
    }
    pub(super) fn moment(text: &str) -> Moment {
        Moment::try_from(text.parse::<jiff::Timestamp>().unwrap()).unwrap()
    }
    pub(super) fn time(text: &str) -> TimeOfDay {
        TimeOfDay::try_from(text.to_owned()).unwrap()
    }
    pub(super) fn daily(at: &str) -> Preferences {
        Preferences { enabled: true, at: time(at), ..Preferences::default() }
    }
    pub(super) fn quiet(from: &str, until: &str) -> QuietHours {
        QuietHours { from: time(from), until: time(until) }
    }
    pub(super) const NEW_YORK: &str = "America/New_York";

    #[rstest]
    #[case::an_open_evening(Some(quiet("21:00", "08:00")), "19:30", Ok(()))]
    #[case::the_last_quiet_minute(Some(quiet("21:00", "08:00")), "07:59", Err(Refusal::InQuietHours))]
    #[case::the_end_is_open(Some(quiet("21:00", "08:00")), "08:00", Ok(()))]
    #[case::the_first_quiet_minute(Some(quiet("21:00", "08:00")), "21:00", Err(Refusal::InQuietHours))]
    #[case::past_midnight(Some(quiet("21:00", "08:00")), "00:00", Err(Refusal::InQuietHours))]
    #[case::within_a_day(Some(quiet("12:00", "14:00")), "13:00", Err(Refusal::InQuietHours))]
    #[case::around_it(Some(quiet("12:00", "14:00")), "14:00", Ok(()))]
    #[case::empty(Some(quiet("12:00", "12:00")), "14:00", Err(Refusal::EmptyQuietHours))]
    fn a_time_in_the_quiet_hours_is_refused(
        #[case] quiet_hours: Option<QuietHours>,
        #[case] at: &str,
        #[case] expected: Result<(), Refusal>,
    ) {
        let preferences = Preferences { quiet_hours, ..daily(at) };
        assert_eq!(checked(preferences.clone()).map(|_| ()), expected);
        assert!(
            checked(Preferences { enabled: false, ..preferences }).is_ok(),
            "turning off is never refused"
        );
    }

    #[test]
    fn reminders_on_no_day_are_refused() {
        let never = Preferences { weekdays: BoundedSet::default(), ..daily("09:00") };
        assert_eq!(checked(never), Err(Refusal::NoWeekday));
    }

    #[test]
    fn preferences_read_back_as_written() {
        let preferences = Preferences { quiet_hours: Some(quiet("21:00", "08:00")), ..daily("19:30") };
        let json = serde_json::json!({
            "enabled": true, "at": "19:30", "quiet_hours": { "from": "21:00", "until": "08:00" }, "content": "discreet",
            "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        });
        assert_eq!(serde_json::to_value(&preferences).unwrap(), json);
        assert_eq!(serde_json::from_value::<Preferences>(json).unwrap(), preferences);
    }

    proptest! {
        #[test]
        fn quiet_hours_and_their_reverse_share_the_day(from in 0i16..1440, until in 0i16..1440, at in 0i16..1440) {
            prop_assume!(from != until);
            let [from, until, at] = [from, until, at].map(|minutes| TimeOfDay::try_from(minutes).unwrap());
            prop_assert_ne!(QuietHours { from, until }.cover(at), QuietHours { from: until, until: from }.cover(at));
        }
    }
}
