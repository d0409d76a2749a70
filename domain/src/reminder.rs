//! When somebody wants to be reminded, when the next one is due, and what becomes of each letter.
//!
//! A letter is planned once for a person, kind, local date and slot. Just before it leaves, [`send_decision`]
//! asks again whether it is still wanted; [`after_attempt`] says what a try to send it made of it.

use std::time::Duration;

use jiff::{SignedDuration, civil};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account::ParticipantId;
use crate::journal::words;
use crate::value::{Day, Few, Moment, TimeOfDay, TimeZone};

id! {
    /// One letter that is to go out.
    LetterId
}

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

words! {
    /// What a letter is for.
    Kind {
        /// The daily invitation to check in.
        CheckIn = "check_in",
    }
}

words! {
    /// Where a letter stands.
    LetterState {
        /// Waits for its time or its next try.
        Planned = "planned",
        /// The mail server took it.
        Sent = "sent",
        /// The person logged something on that day after it was sent.
        Answered = "answered",
        /// Its time passed before it could be sent.
        Expired = "expired",
        /// The mail server refused it for good.
        Bounced = "bounced",
        /// Given up after too many tries.
        Dead = "dead",
        /// No longer wanted when it was about to leave.
        Suppressed = "suppressed",
    }
}

words! {
    /// Why a letter was held back.
    Suppression {
        /// The person turned reminders off.
        TurnedOff = "turned_off",
        /// The person moved reminders to another time, day or zone.
        Rescheduled = "rescheduled",
        /// It would have arrived in the person's quiet hours.
        QuietHours = "quiet_hours",
        /// There is no address to send to any more.
        NoAddress = "no_address",
        /// The check-in of that day is already answered.
        AlreadyAnswered = "already_answered",
    }
}

/// Hours in which nothing may arrive, from the first time up to but not including the second; over midnight
/// if the first is the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// Quiet from this time on.
    pub from: TimeOfDay,
    /// Until this time.
    pub until: TimeOfDay,
}

impl QuietHours {
    /// Whether a time of day is quiet.
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
    /// Whether at all.
    pub enabled: bool,
    /// At which time on the person's own clock.
    pub at: TimeOfDay,
    /// On which days.
    #[schema(value_type = Vec<Weekday>, max_items = 7)]
    pub weekdays: Few<Weekday, 7>,
    /// When nothing may arrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
    /// How much a message may say.
    pub content: ContentLevel,
}

impl Default for Preferences {
    /// What holds until somebody chooses: nothing is sent.
    fn default() -> Self {
        Self {
            enabled: false,
            at: TimeOfDay::try_from(19 * 60).expect("19:00 is a time of day"),
            weekdays: Few::try_from(Weekday::ALL.to_vec()).unwrap_or_default(),
            quiet_hours: None,
            content: ContentLevel::Discreet,
        }
    }
}

impl Preferences {
    /// When the reminder of a day is due, if that day has one. A time that the clock skips comes as much later
    /// as the clock skips; a time that comes twice counts the first time; a day that the zone skips has none.
    fn due_on(&self, day: Day, zone: &TimeZone) -> Option<Due> {
        let date = civil::Date::from(day);
        let weekday = Weekday::from(date.weekday());
        if !self.enabled || !self.weekdays.iter().any(|chosen| *chosen == weekday) {
            return None;
        }
        if date.to_zoned(zone.rules()).ok()?.date() != date {
            return None;
        }
        let due = date.to_datetime(self.at.civil()).to_zoned(zone.rules()).ok()?;
        Some(Due { local_date: day, slot: self.at.minutes(), due_at: due.timestamp().try_into().ok()? })
    }
}

/// Why preferences cannot stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Reminders on, but on no day.
    #[error("choose at least one weekday, or turn reminders off")]
    NoWeekday,
    /// The time lies in the quiet hours, so nothing would ever arrive.
    #[error("the time of the reminder lies in the quiet hours: move one of them")]
    InQuietHours,
    /// Quiet hours that end when they begin.
    #[error("quiet hours must end at another time than they begin")]
    EmptyQuietHours,
}

/// Preferences that make sense. Turning reminders off is never refused.
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

/// One reminder that is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The day it belongs to, on the person's calendar.
    pub local_date: Day,
    /// Which one of that day: the chosen time in minutes since midnight.
    pub slot: i16,
    /// The instant.
    pub due_at: Moment,
}

/// The first reminder due later than an instant.
pub fn next_due(preferences: &Preferences, zone: &TimeZone, after: Moment) -> Option<Due> {
    let today = after.local_day(zone);
    // From yesterday, whose time the clock may have pushed past midnight; a week on, and one for skipped days.
    (-1..=15).filter_map(|days| preferences.due_on(today.plus(days), zone)).find(|due| after < due.due_at)
}

/// How long after its time a reminder still makes sense, in seconds.
pub const LATEST: i64 = 2 * 60 * 60;
/// How often sending is tried.
pub const MAX_ATTEMPTS: i16 = 8;
/// How long one worker may hold a letter, in seconds: longer than any try to send it.
pub const LEASE: i64 = 60;

/// A message to a participant and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Letter {
    /// Its id, also in its `Message-ID`, so that a repeated one can be told.
    pub id: LetterId,
    /// To whom.
    pub participant: ParticipantId,
    /// What it is for.
    pub kind: Kind,
    /// The day it belongs to.
    pub local_date: Day,
    /// Which one of that day: the chosen time in minutes since midnight.
    #[schema(minimum = 0, maximum = 1439)]
    pub slot: i16,
    /// When it was to leave.
    pub due_at: Moment,
    /// Where it stands.
    pub state: LetterState,
    /// How often sending was tried.
    #[schema(minimum = 0, maximum = 8)]
    pub attempts: i16,
    /// Not tried before this.
    #[serde(skip)]
    pub next_attempt_at: Moment,
    /// A worker has it until then.
    #[serde(skip)]
    pub lease_until: Option<Moment>,
    /// Counts the leases: only the latest holder may say what became of it.
    #[serde(skip)]
    pub fence: i64,
    /// When the mail server took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Moment>,
    /// Why it was held back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Suppression>,
    /// When it was planned.
    pub planned_at: Moment,
}

impl Letter {
    /// A letter for a reminder that is due.
    pub fn planned(id: LetterId, participant: ParticipantId, due: Due, now: Moment) -> Self {
        Self {
            id,
            participant,
            kind: Kind::CheckIn,
            local_date: due.local_date,
            slot: due.slot,
            due_at: due.due_at,
            state: LetterState::Planned,
            attempts: 0,
            next_attempt_at: due.due_at,
            lease_until: None,
            fence: 0,
            sent_at: None,
            reason: None,
            planned_at: now,
        }
    }

    /// This letter in the hands of a worker, if it is time and no other worker has it.
    pub fn leased(&self, now: Moment) -> Option<Self> {
        let free = self.lease_until.is_none_or(|until| until <= now);
        (self.state == LetterState::Planned && self.next_attempt_at <= now && free).then(|| Self {
            lease_until: Some(later(now, LEASE)),
            fence: self.fence + 1,
            ..self.clone()
        })
    }

    /// This letter held back or expired, as decided; one that may be sent stays as it is.
    #[must_use]
    pub fn decided(&self, decision: Decision) -> Self {
        let (state, reason) = match decision {
            Decision::Send => return self.clone(),
            Decision::Suppress(reason) => (LetterState::Suppressed, Some(reason)),
            Decision::Expire => (LetterState::Expired, None),
        };
        Self { state, reason, lease_until: None, ..self.clone() }
    }

    /// This letter answered, if it was sent and the person logged something later on its day.
    pub fn answered(&self, logged_at: Moment, zone: &TimeZone) -> Option<Self> {
        let after = self.state == LetterState::Sent && self.sent_at.is_some_and(|sent| sent <= logged_at);
        (after && logged_at.local_day(zone) == self.local_date)
            .then(|| Self { state: LetterState::Answered, ..self.clone() })
    }
}

/// What to do with a letter whose time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Send it.
    Send,
    /// Hold it back, and why.
    Suppress(Suppression),
    /// Too late for it to make sense.
    Expire,
}

/// Whether a letter is still wanted, by what the person wishes as of now.
pub fn send_decision(
    letter: &Letter,
    preferences: Option<&Preferences>,
    zone: &TimeZone,
    has_address: bool,
    now: Moment,
) -> Decision {
    let Some(wish) = preferences.filter(|wish| wish.enabled) else {
        return Decision::Suppress(Suppression::TurnedOff);
    };
    if !has_address {
        return Decision::Suppress(Suppression::NoAddress);
    }
    if wish.due_on(letter.local_date, zone).is_none_or(|due| due.due_at != letter.due_at) {
        return Decision::Suppress(Suppression::Rescheduled);
    }
    if later(letter.due_at, LATEST) < now {
        return Decision::Expire;
    }
    let local = now.in_zone(zone).time();
    let clock = TimeOfDay::try_from(i16::from(local.hour()) * 60 + i16::from(local.minute()));
    match (wish.quiet_hours, clock) {
        (Some(quiet), Ok(clock)) if quiet.cover(clock) => Decision::Suppress(Suppression::QuietHours),
        _ => Decision::Send,
    }
}

/// The decision once it is known whether the daily check-in of the letter's day is answered: then there is
/// nothing left to remind of.
#[must_use]
pub fn unless_answered(decision: Decision, answered: bool) -> Decision {
    match decision {
        Decision::Send if answered => Decision::Suppress(Suppression::AlreadyAnswered),
        other => other,
    }
}

/// What the mail server made of a try to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It took the letter.
    Accepted,
    /// It refused the letter for good (5xx to this recipient).
    Refused,
    /// It refused for now, did not answer, or could not be reached.
    Failed,
}

/// A letter after a try to send it: sent, bounced, to be tried again, or given up. One that is not waiting any
/// more stays as it is.
#[must_use]
pub fn after_attempt(letter: &Letter, attempt: Attempt, jitter: f64, now: Moment) -> Letter {
    if letter.state != LetterState::Planned {
        return letter.clone();
    }
    let attempts = letter.attempts.saturating_add(1);
    let tried = Letter { attempts, lease_until: None, ..letter.clone() };
    match attempt {
        Attempt::Accepted => Letter { state: LetterState::Sent, sent_at: Some(now), ..tried },
        Attempt::Refused => Letter { state: LetterState::Bounced, ..tried },
        Attempt::Failed if MAX_ATTEMPTS <= attempts => Letter { state: LetterState::Dead, ..tried },
        Attempt::Failed => {
            let wait = i64::try_from(backoff(attempts, jitter)).unwrap_or(LATEST);
            Letter { next_attempt_at: later(now, wait), ..tried }
        }
    }
}

/// Seconds to wait after this many failed tries: 30, doubled each time up to half an hour, a fifth more or less
/// by a jitter between 0 and 1.
pub fn backoff(attempts: i16, jitter: f64) -> u64 {
    let doubled = u32::from(attempts.clamp(1, 7).unsigned_abs()) - 1;
    let seconds = (30u64 << doubled).min(30 * 60);
    let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.5 };
    Duration::from_secs(seconds).mul_f64(0.8 + 0.4 * jitter).as_secs()
}

fn later(moment: Moment, seconds: i64) -> Moment {
    moment.plus(SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use uuid::Uuid;

    fn zone(name: &str) -> TimeZone {
        TimeZone::try_from(name.to_owned()).unwrap()
    }
    fn moment(text: &str) -> Moment {
        Moment::try_from(text.parse::<jiff::Timestamp>().unwrap()).unwrap()
    }
    fn time(text: &str) -> TimeOfDay {
        TimeOfDay::try_from(text.to_owned()).unwrap()
    }
    fn daily(at: &str) -> Preferences {
        Preferences { enabled: true, at: time(at), ..Preferences::default() }
    }
    fn quiet(from: &str, until: &str) -> QuietHours {
        QuietHours { from: time(from), until: time(until) }
    }
    const NEW_YORK: &str = "America/New_York";
    /// Due at 19:30 in New York, 23:30 UTC.
    fn letter() -> Letter {
        let due = next_due(&daily("19:30"), &zone(NEW_YORK), moment("2026-07-01T12:00:00Z")).unwrap();
        Letter::planned(
            Uuid::from_u128(1).into(),
            Uuid::from_u128(2).into(),
            due,
            moment("2026-07-01T12:00:00Z"),
        )
    }

    #[rstest]
    #[case::an_ordinary_day(NEW_YORK, "19:30", "2026-07-01T12:00:00Z", "2026-07-01", "2026-07-01T23:30:00Z")]
    #[case::later_today_is_tomorrow(
        NEW_YORK,
        "19:30",
        "2026-07-01T23:30:00Z",
        "2026-07-02",
        "2026-07-02T23:30:00Z"
    )]
    #[case::a_skipped_time_comes_an_hour_later(
        NEW_YORK,
        "02:30",
        "2026-03-08T05:00:00Z",
        "2026-03-08",
        "2026-03-08T07:30:00Z"
    )]
    #[case::the_day_after_the_skip(
        NEW_YORK,
        "02:30",
        "2026-03-08T07:30:00Z",
        "2026-03-09",
        "2026-03-09T06:30:00Z"
    )]
    #[case::a_double_time_comes_first_time(
        NEW_YORK,
        "01:30",
        "2026-11-01T04:00:00Z",
        "2026-11-01",
        "2026-11-01T05:30:00Z"
    )]
    #[case::and_not_a_second_time(
        NEW_YORK,
        "01:30",
        "2026-11-01T05:30:00Z",
        "2026-11-02",
        "2026-11-02T06:30:00Z"
    )]
    #[case::nor_between_the_two(
        NEW_YORK,
        "01:30",
        "2026-11-01T06:00:00Z",
        "2026-11-02",
        "2026-11-02T06:30:00Z"
    )]
    #[case::half_an_hour_skipped(
        "Australia/Lord_Howe",
        "02:15",
        "2026-10-03T12:00:00Z",
        "2026-10-04",
        "2026-10-03T15:45:00Z"
    )]
    #[case::midnight_skipped(
        "America/Sao_Paulo",
        "00:15",
        "2018-11-03T12:00:00Z",
        "2018-11-04",
        "2018-11-04T03:15:00Z"
    )]
    #[case::a_day_skipped(
        "Pacific/Apia",
        "09:00",
        "2011-12-29T20:00:00Z",
        "2011-12-31",
        "2011-12-30T19:00:00Z"
    )]
    fn the_next_one_is_due_by_the_persons_own_clock(
        #[case] name: &str,
        #[case] at: &str,
        #[case] after: &str,
        #[case] date: &str,
        #[case] due_at: &str,
    ) {
        let due = next_due(&daily(at), &zone(name), moment(after)).unwrap();
        assert_eq!((due.local_date.to_string().as_str(), due.due_at), (date, moment(due_at)));
    }

    #[test]
    fn only_chosen_weekdays_have_a_reminder() {
        let weekdays = Few::try_from(vec![Weekday::Sunday]).unwrap();
        let sundays = Preferences { weekdays, ..daily("09:00") };
        // 2026-07-05 is a Sunday.
        let due = next_due(&sundays, &zone("UTC"), moment("2026-07-05T09:00:00Z")).unwrap();
        assert_eq!(due.local_date.to_string(), "2026-07-12");
        assert_eq!(
            next_due(&Preferences { weekdays: Few::default(), ..sundays }, &zone("UTC"), due.due_at),
            None
        );
    }

    #[test]
    fn nothing_is_due_while_reminders_are_off() {
        let off = Preferences { enabled: false, ..daily("09:00") };
        assert_eq!(next_due(&off, &zone("UTC"), moment("2026-07-05T09:00:00Z")), None);
        assert!(!Preferences::default().enabled);
    }

    #[test]
    fn in_every_zone_every_day_has_one_reminder_and_no_day_has_two() {
        let end = moment("2027-01-03T00:00:00Z");
        for (number, name) in jiff::tz::db().available().enumerate() {
            let Ok(zone) = TimeZone::try_from(name.as_str().to_owned()) else { continue };
            let at = if number % 2 == 0 { 150 } else { i16::try_from(number * 37 % 1440).unwrap() };
            let wish = Preferences { at: TimeOfDay::try_from(at).unwrap(), ..daily("00:00") };
            let mut last = next_due(&wish, &zone, moment("2026-01-01T00:00:00Z")).unwrap();
            while last.due_at < end {
                let next = next_due(&wish, &zone, last.due_at).unwrap();
                assert!(last.due_at < next.due_at, "{name}");
                assert_eq!(last.local_date.until(next.local_date), 1, "{name} {}", next.local_date);
                let wall = next.due_at.in_zone(&zone).datetime();
                let asked = civil::Date::from(next.local_date).to_datetime(wish.at.civil());
                let shift = asked.duration_until(wall).as_mins();
                assert!((0..=120).contains(&shift), "{name} {asked} came at {wall}");
                last = next;
            }
        }
    }

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
        let wish = Preferences { quiet_hours, ..daily(at) };
        assert_eq!(checked(wish.clone()).map(|_| ()), expected);
        assert!(checked(Preferences { enabled: false, ..wish }).is_ok(), "turning off is never refused");
    }

    #[test]
    fn reminders_on_no_day_are_refused() {
        let never = Preferences { weekdays: Few::default(), ..daily("09:00") };
        assert_eq!(checked(never), Err(Refusal::NoWeekday));
    }

    #[rstest]
    #[case::wanted(Some(daily("19:30")), true, "2026-07-01T23:30:00Z", Decision::Send)]
    #[case::just_in_time(Some(daily("19:30")), true, "2026-07-02T01:30:00Z", Decision::Send)]
    #[case::too_late(Some(daily("19:30")), true, "2026-07-02T01:30:01Z", Decision::Expire)]
    #[case::no_wish(None, true, "2026-07-01T23:30:00Z", Decision::Suppress(Suppression::TurnedOff))]
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
    fn a_letter_is_asked_about_again_before_it_leaves(
        #[case] wish: Option<Preferences>,
        #[case] has_address: bool,
        #[case] now: &str,
        #[case] expected: Decision,
    ) {
        let letter = letter();
        let decision = send_decision(&letter, wish.as_ref(), &zone(NEW_YORK), has_address, moment(now));
        assert_eq!(decision, expected);
        let decided = letter.decided(decision);
        let state = match expected {
            Decision::Send => LetterState::Planned,
            Decision::Suppress(_) => LetterState::Suppressed,
            Decision::Expire => LetterState::Expired,
        };
        assert_eq!(decided.state, state);
        assert_eq!(decided.reason.is_some(), state == LetterState::Suppressed);
    }

    #[test]
    fn no_letter_leaves_once_the_check_in_of_its_day_is_answered() {
        let answered = Decision::Suppress(Suppression::AlreadyAnswered);
        assert_eq!(unless_answered(Decision::Send, true), answered);
        let off = Decision::Suppress(Suppression::TurnedOff);
        for decision in [Decision::Expire, off] {
            assert_eq!(unless_answered(decision, true), decision);
        }
        assert_eq!(unless_answered(Decision::Send, false), Decision::Send);
        assert_eq!(letter().decided(answered).reason, Some(Suppression::AlreadyAnswered));
    }

    #[test]
    fn a_letter_of_another_zone_is_held_back() {
        let decision = send_decision(&letter(), Some(&daily("19:30")), &zone("UTC"), true, letter().due_at);
        assert_eq!(decision, Decision::Suppress(Suppression::Rescheduled));
    }

    #[test]
    fn one_worker_at_a_time_has_a_letter() {
        let letter = letter();
        let due = letter.due_at;
        assert_eq!(letter.leased(later(due, -1)), None, "not before its time");
        let first = letter.leased(due).unwrap();
        assert_eq!((first.fence, first.lease_until), (1, Some(later(due, LEASE))));
        assert_eq!(first.leased(later(due, LEASE - 1)), None);
        assert_eq!(first.leased(later(due, LEASE)).unwrap().fence, 2);
        assert_eq!(after_attempt(&first, Attempt::Accepted, 0.5, due).leased(later(due, 600)), None);
    }

    #[test]
    fn what_the_mail_server_says_decides_what_becomes_of_a_letter() {
        let leased = letter().leased(letter().due_at).unwrap();
        let now = later(leased.due_at, 1);
        let sent = after_attempt(&leased, Attempt::Accepted, 0.5, now);
        assert_eq!((sent.state, sent.sent_at, sent.lease_until), (LetterState::Sent, Some(now), None));
        let bounced = after_attempt(&leased, Attempt::Refused, 0.5, now);
        assert_eq!((bounced.state, bounced.sent_at), (LetterState::Bounced, None));
        let failed = after_attempt(&leased, Attempt::Failed, 0.5, now);
        assert_eq!(
            (failed.state, failed.attempts, failed.next_attempt_at),
            (LetterState::Planned, 1, later(now, 30))
        );
        assert_eq!(after_attempt(&sent, Attempt::Failed, 0.5, now), sent, "what is sent stays sent");
    }

    #[test]
    fn the_eighth_failure_is_the_last_and_comes_before_the_letter_expires() {
        let mut letter = letter();
        let (due, mut tries) = (letter.due_at, 0);
        while letter.state == LetterState::Planned {
            let now = letter.next_attempt_at;
            assert!(now <= later(due, LATEST));
            letter = after_attempt(&letter.leased(now).unwrap(), Attempt::Failed, 1.0, now);
            tries += 1;
        }
        assert_eq!((letter.state, tries), (LetterState::Dead, 8));
    }

    #[test]
    fn a_log_later_on_the_same_day_answers_a_sent_letter() {
        let zone = zone(NEW_YORK);
        let sent = after_attempt(&letter(), Attempt::Accepted, 0.0, letter().due_at);
        assert_eq!(sent.answered(later(sent.due_at, 60), &zone).unwrap().state, LetterState::Answered);
        assert_eq!(sent.answered(later(sent.due_at, -60), &zone), None);
        assert_eq!(sent.answered(moment("2026-07-02T04:00:00Z"), &zone), None, "that is the next day");
        assert_eq!(letter().answered(later(sent.due_at, 60), &zone), None, "it was never sent");
    }

    #[test]
    fn preferences_keep_their_json_form() {
        let wish = Preferences { quiet_hours: Some(quiet("21:00", "08:00")), ..daily("19:30") };
        let json = serde_json::json!({
            "enabled": true, "at": "19:30", "quiet_hours": { "from": "21:00", "until": "08:00" }, "content": "discreet",
            "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        });
        assert_eq!(serde_json::to_value(&wish).unwrap(), json);
        assert_eq!(serde_json::from_value::<Preferences>(json).unwrap(), wish);
    }

    proptest! {
        #[test]
        fn the_wait_grows_and_stays_in_its_bounds(attempts in any::<i16>(), jitter in any::<f64>()) {
            let wait = backoff(attempts, jitter);
            prop_assert!((24..=36 * 60).contains(&wait));
            let step = attempts.clamp(1, 6);
            prop_assert!(backoff(step, 1.0) <= backoff(step + 1, 0.0) + 300);
        }

        #[test]
        fn what_is_due_is_later_and_nothing_between_was_missed(
            at in 0i16..1440, second in 0i64..94_608_000, gap in 0i64..600_000,
            name in prop::sample::select(vec!["UTC", NEW_YORK, "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Nuuk"]),
        ) {
            let (zone, wish) = (zone(name), Preferences { at: TimeOfDay::try_from(at).unwrap(), ..daily("00:00") });
            let after = later(moment("2026-01-01T00:00:00Z"), second);
            let due = next_due(&wish, &zone, after).unwrap();
            prop_assert!(after < due.due_at && due.due_at <= later(after, 27 * 3600));
            // Asking at any instant before it is due gives the same one; asking later, a later one.
            let asked = later(after, gap);
            let again = next_due(&wish, &zone, asked).unwrap();
            prop_assert_eq!(again == due, asked < due.due_at);
        }

        #[test]
        fn quiet_hours_and_their_reverse_share_the_day(from in 0i16..1440, until in 0i16..1440, at in 0i16..1440) {
            prop_assume!(from != until);
            let [from, until, at] = [from, until, at].map(|minutes| TimeOfDay::try_from(minutes).unwrap());
            prop_assert_ne!(QuietHours { from, until }.cover(at), QuietHours { from: until, until: from }.cover(at));
        }
    }
}
