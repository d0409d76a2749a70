//! Milestones of sober time, by the calendar. The list is a data file.

use crate::value::{Day, Moment, TimeZone};
use jiff::{SignedDuration, Span, civil};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use utoipa::ToSchema;

words! {
    /// What a milestone counts.
    MilestoneKind {
        /// Elapsed hours.
        Hours = "hours",
        /// Calendar days.
        Days = "days",
        /// Calendar months; from the last day of a month to the last day of a shorter one.
        Months = "months",
        /// Calendar years; from a leap day to February 28.
        Years = "years",
    }
}
text! {
    /// The stable name of a milestone.
    MilestoneCode: 1 to 40, such as "30_days"
}

/// A length of sober time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Milestone {
    /// Its stable name.
    pub code: MilestoneCode,
    /// What it counts.
    pub kind: MilestoneKind,
    /// How many of these.
    #[schema(minimum = 1)]
    pub amount: i32,
    /// The text for the person.
    pub label: String,
}

/// Where a count of sober time begins: an instant, and the day of the person's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The day; day 0 of the count.
    pub day: Day,
    /// The instant.
    pub at: Moment,
}

impl Milestone {
    /// When a count that began at `since` reaches this: the day, and for hours the instant. None past the end of the
    /// calendar. Days, months and years are calendar ones, so clock changes do not matter.
    pub fn due(&self, since: Anchor, zone: &TimeZone) -> Option<(Day, Option<Moment>)> {
        let later = |span: Span| Some(Day::from(civil::Date::from(since.day).checked_add(span).ok()?));
        let amount = self.amount;
        match self.kind {
            MilestoneKind::Hours => {
                let at = since.at.plus(SignedDuration::from_hours(amount.into()));
                Some((at.local_day(zone), Some(at)))
            }
            MilestoneKind::Days => Some((later(Span::new().try_days(amount).ok()?)?, None)),
            MilestoneKind::Months => Some((later(Span::new().try_months(amount).ok()?)?, None)),
            MilestoneKind::Years => Some((later(Span::new().try_years(amount).ok()?)?, None)),
        }
    }
}

static MILESTONES: LazyLock<Vec<Milestone>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/milestones.json")).expect("a test reads this file")
});

/// The milestones. No official list exists.
pub fn milestones() -> &'static [Milestone] {
    &MILESTONES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::craving::tests::moment;
    use proptest::prelude::*;
    use rstest::rstest;
    use std::collections::BTreeSet;

    fn day(text: &str) -> Day {
        text.parse::<civil::Date>().unwrap().into()
    }
    fn zone(name: &str) -> TimeZone {
        TimeZone::try_from(name.to_owned()).unwrap()
    }
    fn since(text: &str) -> Anchor {
        Anchor { day: day(text), at: moment(&format!("{text}T17:00:00Z")) }
    }
    fn milestone(kind: MilestoneKind, amount: i32) -> Milestone {
        let code = MilestoneCode::try_from("any".to_owned()).unwrap();
        Milestone { code, kind, amount, label: String::new() }
    }

    #[rstest]
    #[case::thirty_days("2026-01-31", MilestoneKind::Days, 30, "2026-03-02")]
    #[case::sixty_days("2026-01-31", MilestoneKind::Days, 60, "2026-04-01")]
    #[case::ninety_days("2026-01-31", MilestoneKind::Days, 90, "2026-05-01")]
    #[case::a_shorter_month("2026-01-31", MilestoneKind::Months, 1, "2026-02-28")]
    #[case::six_months("2026-01-31", MilestoneKind::Months, 6, "2026-07-31")]
    #[case::a_year("2026-01-31", MilestoneKind::Years, 1, "2027-01-31")]
    #[case::a_year_from_a_leap_day("2028-02-29", MilestoneKind::Years, 1, "2029-02-28")]
    #[case::four_years_from_a_leap_day("2028-02-29", MilestoneKind::Years, 4, "2032-02-29")]
    fn a_milestone_falls_on_its_day_of_the_calendar(
        #[case] begin: &str,
        #[case] kind: MilestoneKind,
        #[case] amount: i32,
        #[case] expected: &str,
    ) {
        let due = milestone(kind, amount).due(since(begin), &zone("America/New_York"));
        assert_eq!(due, Some((day(expected), None)));
    }

    #[rstest]
    #[case::an_ordinary_day("2026-01-31T17:00:00Z", "2026-02-01", "2026-02-01T17:00:00Z")]
    #[case::over_a_skipped_hour("2026-03-08T04:30:00Z", "2026-03-09", "2026-03-09T04:30:00Z")]
    #[case::over_a_doubled_hour("2026-11-01T04:30:00Z", "2026-11-01", "2026-11-02T04:30:00Z")]
    fn a_day_of_24_hours_is_counted_by_the_clock(#[case] at: &str, #[case] on: &str, #[case] due: &str) {
        let zone = zone("America/New_York");
        let begin = Anchor { day: moment(at).local_day(&zone), at: moment(at) };
        let found = milestone(MilestoneKind::Hours, 24).due(begin, &zone);
        assert_eq!(found, Some((day(on), Some(moment(due)))));
    }

    #[test]
    fn the_milestones_come_one_after_the_other_and_have_their_own_names() {
        let codes: BTreeSet<_> = milestones().iter().map(|one| &one.code).collect();
        assert_eq!(codes.len(), milestones().len());
        let due: Vec<_> =
            milestones().iter().map(|one| one.due(since("2026-01-31"), &zone("UTC")).unwrap().0).collect();
        assert!(due.is_sorted_by(|a, b| a < b));
        let first: Vec<_> = milestones().iter().take(9).map(|one| one.code.as_ref()).collect();
        let expected = [
            "24_hours",
            "30_days",
            "60_days",
            "90_days",
            "6_months",
            "9_months",
            "1_year",
            "18_months",
            "2_years",
        ];
        assert_eq!(first, expected);
        assert!(milestones().iter().all(|one| 0 < one.amount && !one.label.is_empty()));
    }

    proptest! {
        #[test]
        fn no_amount_breaks_a_milestone(number in -700_000i32..80_000, amount in any::<i32>()) {
            let begin = Anchor { day: Day::from_number(number).unwrap(), at: moment("2026-01-31T17:00:00Z") };
            for kind in MilestoneKind::ALL {
                let _ = milestone(*kind, amount).due(begin, &zone("UTC"));
            }
        }
    }
}
