//! How many of the expected daily check-ins were answered.
//!
//! An unanswered day whose window is still open has not been missed: it does not count as expected and does not
//! end a streak.

use super::DAILY_GRACE;
use crate::trend::Span;
use crate::value::{Day, Moment, TimeZone};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// How many daily check-ins were answered. Days on which none was expected do not count, nor do unanswered days
/// whose window is still open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({ "expected": 14, "answered": 12, "rate": 0.86, "streak": 3, "longest_streak": 8 }))]
pub struct CompletionRate {
    /// Expected days that were answered or whose window has closed.
    #[schema(minimum = 0)]
    pub expected: i32,
    /// How many of these were answered.
    #[schema(minimum = 0)]
    pub answered: i32,
    /// `answered` divided by `expected`, rounded to two decimals; null if none was expected.
    #[schema(minimum = 0, maximum = 1)]
    pub rate: Option<f64>,
    /// Answered days in a row up to the last day. An unanswered day whose window is still open does not end the
    /// streak.
    #[schema(minimum = 0)]
    pub streak: i32,
    /// The most answered days in a row.
    #[schema(minimum = 0)]
    pub longest_streak: i32,
}

/// Counts the daily check-ins on the days of `expected`, except paused days and unanswered days whose window is
/// still open in this time zone. These days do not end a streak, but a check-in on a paused day lengthens it.
pub fn completion_rate(
    expected: Span,
    paused: &[Span],
    answered: &BTreeSet<Day>,
    zone: &TimeZone,
    now: Moment,
) -> CompletionRate {
    // The first day whose window is still open.
    let first_open = now.plus(-DAILY_GRACE).local_day(zone);
    let mut count = CompletionRate::default();
    let days = expected.from().until(expected.to());
    for day in (0..=days).map(|days| expected.from().plus(days)) {
        let is_answered = answered.contains(&day);
        let is_paused = paused.iter().any(|span| span.from() <= day && day <= span.to());
        let is_expected = !is_paused && (is_answered || day < first_open);
        if is_expected {
            count.expected += 1;
            count.answered += i32::from(is_answered);
        }
        if is_answered {
            count.streak += 1;
        } else if is_expected {
            count.streak = 0;
        }
        count.longest_streak = count.longest_streak.max(count.streak);
    }
    let percent = (f64::from(count.answered) * 100.0 / f64::from(count.expected)).round();
    count.rate = (0 < count.expected).then_some(percent / 100.0);
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check_in::{CheckInKind, Window};
    use crate::craving::tests::moment;
    use proptest::prelude::*;
    use rstest::rstest;

    fn day(number: i32) -> Day {
        Day::from_number(20_000 + number).unwrap()
    }
    fn span(from: i32, to: i32) -> Span {
        Span::new(day(from), day(to)).unwrap()
    }
    fn utc() -> TimeZone {
        TimeZone::try_from("UTC".to_owned()).unwrap()
    }
    fn noon(number: i32) -> Moment {
        day(number).begins(&utc()).unwrap().plus(jiff::SignedDuration::from_hours(12))
    }
    fn days(numbers: &[i32]) -> BTreeSet<Day> {
        numbers.iter().map(|number| day(*number)).collect()
    }

    #[test]
    fn two_evenings_with_a_morning_between_are_three_days_in_a_row() {
        let zone = TimeZone::try_from("America/New_York".to_owned()).unwrap();
        let three = ["2026-07-02T00:00:00Z", "2026-07-02T13:00:00Z", "2026-07-04T00:00:00Z"];
        let answered: BTreeSet<_> = three.iter().map(|at| moment(at).local_day(&zone)).collect();
        let first = *answered.first().unwrap();
        let now = moment("2026-07-04T01:00:00Z");
        let count = completion_rate(Span::new(first, first.plus(2)).unwrap(), &[], &answered, &zone, now);
        let whole =
            CompletionRate { expected: 3, answered: 3, rate: Some(1.0), streak: 3, longest_streak: 3 };
        assert_eq!(count, whole);
    }

    #[rstest]
    #[case::none(&[], &[], (7, 0, Some(0.0), 0, 0))]
    #[case::all(&[0, 1, 2, 3, 4, 5, 6], &[], (7, 7, Some(1.0), 7, 7))]
    #[case::the_last_day_is_over(&[4, 5], &[], (7, 2, Some(0.29), 0, 2))]
    #[case::a_gap_starts_a_new_streak(&[0, 1, 2, 4, 6], &[], (7, 5, Some(0.71), 1, 3))]
    #[case::a_pause_is_no_gap(&[0, 1, 4, 5], &[(2, 3)], (5, 4, Some(0.8), 0, 4))]
    #[case::an_answer_in_a_pause_lengthens(&[0, 1, 2, 4, 5], &[(2, 3)], (5, 4, Some(0.8), 0, 5))]
    #[case::all_paused(&[], &[(-3, 9)], (0, 0, None, 0, 0))]
    #[case::before_and_after_do_not_count(&[-1, 7], &[], (7, 0, Some(0.0), 0, 0))]
    fn a_week_of_check_ins(
        #[case] answered: &[i32],
        #[case] paused: &[(i32, i32)],
        #[case] (expected, count, rate, streak, longest_streak): (i32, i32, Option<f64>, i32, i32),
    ) {
        let paused: Vec<_> = paused.iter().map(|(from, to)| span(*from, *to)).collect();
        let found = completion_rate(span(0, 6), &paused, &days(answered), &utc(), noon(9));
        assert_eq!(found, CompletionRate { expected, answered: count, rate, streak, longest_streak });
    }

    #[rstest]
    #[case::today_and_yesterday(&[3, 4], &[], (5, 2, Some(0.4), 2, 2))]
    #[case::todays_is_answered(&[3, 4, 6], &[], (6, 3, Some(0.5), 3, 3))]
    #[case::yesterdays_is_answered(&[3, 4, 5], &[], (6, 3, Some(0.5), 3, 3))]
    #[case::the_day_before_is_over(&[3], &[], (5, 1, Some(0.2), 0, 1))]
    #[case::nothing_can_be_over_yet(&[], &[(0, 4)], (0, 0, None, 0, 0))]
    #[case::a_pause_until_today(&[0, 1], &[(2, 6)], (2, 2, Some(1.0), 2, 2))]
    fn a_day_whose_window_is_open_is_not_missed(
        #[case] answered: &[i32],
        #[case] paused: &[(i32, i32)],
        #[case] (expected, count, rate, streak, longest_streak): (i32, i32, Option<f64>, i32, i32),
    ) {
        let paused: Vec<_> = paused.iter().map(|(from, to)| span(*from, *to)).collect();
        let found = completion_rate(span(0, 6), &paused, &days(answered), &utc(), noon(6));
        assert_eq!(found, CompletionRate { expected, answered: count, rate, streak, longest_streak });
    }

    proptest! {
        #[test]
        fn one_more_check_in_never_counts_for_less(
            answered in prop::collection::btree_set(0i32..40, 0..40), more in 0i32..40, pause in 0i32..40, long in 0i32..9
        ) {
            let paused = [span(pause, pause + long)];
            let before: BTreeSet<_> = answered.iter().map(|number| day(*number)).collect();
            let mut after = before.clone();
            after.insert(day(more));
            let counted = |answered| completion_rate(span(0, 39), &paused, answered, &utc(), noon(39));
            let (before, after) = (counted(&before), counted(&after));
            prop_assert!(before.answered <= after.answered && after.answered <= after.expected);
            prop_assert!(before.rate.is_none_or(|rate| rate <= after.rate.unwrap()));
            prop_assert!(before.streak <= after.streak && before.longest_streak <= after.longest_streak);
            prop_assert!(after.streak <= after.longest_streak);
            prop_assert!(before.expected <= after.expected);
        }

        #[test]
        fn an_unanswered_day_is_expected_once_its_window_has_closed(
            hours in 0i64..9000, zone in prop::sample::select(vec!["America/New_York", "Australia/Lord_Howe", "Asia/Tokyo"])
        ) {
            let zone = TimeZone::try_from(zone.to_owned()).unwrap();
            let now = moment("2026-01-05T00:30:00Z").plus(jiff::SignedDuration::from_hours(hours));
            for ago in 0..4 {
                let day = now.local_day(&zone).plus(-ago);
                let count = completion_rate(Span::new(day, day).unwrap(), &[], &BTreeSet::new(), &zone, now);
                let is_closed = Window::of(CheckInKind::Daily, day, &zone).unwrap().closes_at <= now;
                prop_assert_eq!(count.expected, i32::from(is_closed));
            }
        }
    }
}
