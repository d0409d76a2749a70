//! How many of the days that were asked for have a check-in.

use crate::trend::Span;
use crate::value::Day;
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// How often daily check-ins were answered. Days that were not asked for count for nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({ "expected": 14, "answered": 12, "rate": 0.86, "streak": 3, "longest_streak": 8 }))]
pub struct Adherence {
    /// Days that were asked for.
    #[schema(minimum = 0)]
    pub expected: i32,
    /// Those of them that have a check-in.
    #[schema(minimum = 0)]
    pub answered: i32,
    /// Answered of expected, rounded to two decimals; null if none was expected.
    #[schema(minimum = 0, maximum = 1)]
    pub rate: Option<f64>,
    /// Days in a row with a check-in, up to the last day; that one may still be open and ends nothing.
    #[schema(minimum = 0)]
    pub streak: i32,
    /// Most days in a row with a check-in.
    #[schema(minimum = 0)]
    pub longest_streak: i32,
}

/// Counts the daily check-ins over days that were expected: all of `expected` but those within `paused`. A
/// paused day is not asked for and does not end a streak; a check-in on one lengthens it all the same.
pub fn adherence(expected: Span, paused: &[Span], answered: &BTreeSet<Day>) -> Adherence {
    let mut count = Adherence::default();
    let days = expected.from().until(expected.to());
    for day in (0..=days).map(|days| expected.from().plus(days)) {
        let is_answered = answered.contains(&day);
        let is_paused = paused.iter().any(|span| span.from() <= day && day <= span.to());
        if !is_paused {
            count.expected += 1;
            count.answered += i32::from(is_answered);
        }
        if is_answered {
            count.streak += 1;
        } else if !is_paused && day != expected.to() {
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
    use crate::craving::tests::moment;
    use crate::value::TimeZone;
    use proptest::prelude::*;
    use rstest::rstest;

    fn day(number: i32) -> Day {
        Day::from_number(20_000 + number).unwrap()
    }
    fn span(from: i32, to: i32) -> Span {
        Span::new(day(from), day(to)).unwrap()
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
        let count = adherence(Span::new(first, first.plus(2)).unwrap(), &[], &answered);
        let whole = Adherence { expected: 3, answered: 3, rate: Some(1.0), streak: 3, longest_streak: 3 };
        assert_eq!(count, whole);
    }

    #[rstest]
    #[case::none(&[], &[], (7, 0, Some(0.0), 0, 0))]
    #[case::all(&[0, 1, 2, 3, 4, 5, 6], &[], (7, 7, Some(1.0), 7, 7))]
    #[case::today_is_still_open(&[4, 5], &[], (7, 2, Some(0.29), 2, 2))]
    #[case::a_gap_starts_anew(&[0, 1, 2, 4, 6], &[], (7, 5, Some(0.71), 1, 3))]
    #[case::a_pause_is_no_gap(&[0, 1, 4, 5], &[(2, 3)], (5, 4, Some(0.8), 4, 4))]
    #[case::an_answer_in_a_pause_lengthens(&[0, 1, 2, 4, 5], &[(2, 3)], (5, 4, Some(0.8), 5, 5))]
    #[case::all_paused(&[], &[(-3, 9)], (0, 0, None, 0, 0))]
    #[case::before_and_after_do_not_count(&[-1, 7], &[], (7, 0, Some(0.0), 0, 0))]
    fn a_week_of_check_ins(
        #[case] answered: &[i32],
        #[case] paused: &[(i32, i32)],
        #[case] (expected, count, rate, streak, longest_streak): (i32, i32, Option<f64>, i32, i32),
    ) {
        let paused: Vec<_> = paused.iter().map(|(from, to)| span(*from, *to)).collect();
        let found = adherence(span(0, 6), &paused, &days(answered));
        assert_eq!(found, Adherence { expected, answered: count, rate, streak, longest_streak });
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
            let (before, after) = (adherence(span(0, 39), &paused, &before), adherence(span(0, 39), &paused, &after));
            prop_assert!(before.answered <= after.answered && after.answered <= after.expected);
            prop_assert!(before.streak <= after.streak && before.longest_streak <= after.longest_streak);
            prop_assert!(after.streak <= after.longest_streak);
            prop_assert_eq!(before.expected, after.expected);
        }
    }
}
