//! When the next reminder is due, in the person's time zone.

use jiff::civil;

use super::{Preferences, Weekday};
use crate::value::{Day, Moment, TimeZone};

impl Preferences {
    /// When the reminder of a day is due, if that day has one. If the clock skips the time, it is due that much
    /// later. If the time comes twice, the first one counts. A day that the time zone skips has none.
    pub(super) fn due_on(&self, day: Day, zone: &TimeZone) -> Option<Due> {
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

/// A reminder that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its day in the person's calendar.
    pub local_date: Day,
    /// The chosen time in minutes since midnight.
    pub slot: i16,
    /// When it is due.
    pub due_at: Moment,
}

/// The first reminder due after this time.
pub fn next_due(preferences: &Preferences, zone: &TimeZone, after: Moment) -> Option<Due> {
    let today = after.local_day(zone);
    // From yesterday, because a clock change can move its time past midnight. Two weeks, because days can be
    // skipped.
    (-1..=15).filter_map(|days| preferences.due_on(today.plus(days), zone)).find(|due| after < due.due_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reminder::later;
    use crate::reminder::tests::{NEW_YORK, daily, moment, zone};
    use crate::value::{BoundedSet, TimeOfDay};
    use proptest::prelude::*;
    use rstest::rstest;

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
    fn the_next_reminder_is_due_in_the_persons_time_zone(
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
        let weekdays = BoundedSet::try_from(vec![Weekday::Sunday]).unwrap();
        let sundays = Preferences { weekdays, ..daily("09:00") };
        // 2026-07-05 is a Sunday.
        let due = next_due(&sundays, &zone("UTC"), moment("2026-07-05T09:00:00Z")).unwrap();
        assert_eq!(due.local_date.to_string(), "2026-07-12");
        assert_eq!(
            next_due(&Preferences { weekdays: BoundedSet::default(), ..sundays }, &zone("UTC"), due.due_at),
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
    fn in_every_time_zone_each_day_has_exactly_one_reminder() {
        let end = moment("2027-01-03T00:00:00Z");
        for (number, name) in jiff::tz::db().available().enumerate() {
            let Ok(zone) = TimeZone::try_from(name.as_str().to_owned()) else { continue };
            let at = if number % 2 == 0 { 150 } else { i16::try_from(number * 37 % 1440).unwrap() };
            let preferences = Preferences { at: TimeOfDay::try_from(at).unwrap(), ..daily("00:00") };
            let mut last = next_due(&preferences, &zone, moment("2026-01-01T00:00:00Z")).unwrap();
            while last.due_at < end {
                let next = next_due(&preferences, &zone, last.due_at).unwrap();
                assert!(last.due_at < next.due_at, "{name}");
                assert_eq!(last.local_date.until(next.local_date), 1, "{name} {}", next.local_date);
                let wall = next.due_at.in_zone(&zone).datetime();
                let asked = civil::Date::from(next.local_date).to_datetime(preferences.at.civil());
                let shift = asked.duration_until(wall).as_mins();
                assert!((0..=120).contains(&shift), "{name} {asked} came at {wall}");
                last = next;
            }
        }
    }

    proptest! {
        #[test]
        fn the_next_reminder_is_later_and_none_is_missed(
            at in 0i16..1440, second in 0i64..94_608_000, gap in 0i64..600_000,
            name in prop::sample::select(vec!["UTC", NEW_YORK, "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Nuuk"]),
        ) {
            let (zone, preferences) = (zone(name), Preferences { at: TimeOfDay::try_from(at).unwrap(), ..daily("00:00") });
            let after = later(moment("2026-01-01T00:00:00Z"), second);
            let due = next_due(&preferences, &zone, after).unwrap();
            prop_assert!(after < due.due_at && due.due_at <= later(after, 27 * 3600));
            // Asked at any time before it is due, the answer is the same reminder; asked later, a later one.
            let asked = later(after, gap);
            let again = next_due(&preferences, &zone, asked).unwrap();
            prop_assert_eq!(again == due, asked < due.due_at);
        }
    }
}
