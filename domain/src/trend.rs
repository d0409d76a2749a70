//! Trends: cravings by day, trigger, hour and weekday, and the summary of a participant in the caseload.
//!
//! A day's summary is updated with each entry and always equals a recount of that day. A day without an entry
//! is missing, not zero. Means are of the intensity as logged, rounded to two decimals. Peaks include later
//! ratings.

mod caseload;
mod summary;
mod tally;

pub use caseload::{CASELOAD_DAYS, CaseloadLine, DayGlance, Recent, RecentDays, sort_caseload};
pub use summary::{DayDetail, DaySummary};
pub use tally::{Tallies, Tally, TallyKey};

use crate::craving::{Intensity, TriggerCategory};
use crate::reminder::Weekday;
use crate::value::Day;
use serde::Serialize;
use utoipa::ToSchema;

/// The most days that one trend covers.
pub const LONGEST_SPAN: i32 = 366;

/// Why a trend is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The span ends before it begins.
    #[error("`to` must not be earlier than `from`")]
    Backwards,
    /// The span covers too many days.
    #[error("must cover at most 366 days, first and last included")]
    TooLong,
}

/// A span of up to 366 days, first and last included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    from: Day,
    to: Day,
}

impl Span {
    /// The days from one to another, both included.
    pub fn new(from: Day, to: Day) -> Result<Self, Refusal> {
        match from.until(to) {
            ..0 => Err(Refusal::Backwards),
            0..LONGEST_SPAN => Ok(Self { from, to }),
            LONGEST_SPAN.. => Err(Refusal::TooLong),
        }
    }
    /// The days of this span that are also between two other days, both included; none if there are none.
    #[must_use]
    pub fn within(self, first: Day, last: Day) -> Option<Self> {
        Self::new(self.from.max(first), self.to.min(last)).ok()
    }
    /// The first day.
    pub fn from(self) -> Day {
        self.from
    }
    /// The last day.
    pub fn to(self) -> Day {
        self.to
    }
}

/// How entries ended. Entries without an outcome are not counted here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Outcomes {
    /// Passed without use.
    #[schema(minimum = 0)]
    pub passed: i32,
    /// Still going at the last update.
    #[schema(minimum = 0)]
    pub still_going: i32,
    /// Ended in use.
    #[schema(minimum = 0)]
    pub lapsed: i32,
}

impl Outcomes {
    fn add(&mut self, other: Self) {
        self.passed = self.passed.saturating_add(other.passed);
        self.still_going = self.still_going.saturating_add(other.still_going);
        self.lapsed = self.lapsed.saturating_add(other.lapsed);
    }
}

/// A day with entries.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TrendDay {
    /// The local day.
    pub day: Day,
    /// Number of entries.
    #[schema(minimum = 1)]
    pub count: i32,
    /// Mean intensity as logged.
    #[schema(minimum = 0, maximum = 10)]
    pub mean: Option<f64>,
    /// The highest intensity, later ratings included.
    pub peak: Intensity,
    /// How they ended.
    pub outcomes: Outcomes,
}

/// The entries with one kind of trigger.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TrendTrigger {
    /// The kind of situation.
    pub trigger: TriggerCategory,
    /// Number of entries.
    #[schema(minimum = 1)]
    pub count: i32,
    /// Mean intensity as logged.
    #[schema(minimum = 0, maximum = 10)]
    pub mean: Option<f64>,
}

/// The entries in one hour of the local day.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TrendHour {
    /// The hour.
    #[schema(minimum = 0, maximum = 23)]
    pub hour: u8,
    /// Number of entries.
    #[schema(minimum = 1)]
    pub count: i32,
    /// Mean intensity as logged.
    #[schema(minimum = 0, maximum = 10)]
    pub mean: Option<f64>,
}

/// The entries on one day of the week.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TrendWeekday {
    /// The weekday.
    pub weekday: Weekday,
    /// Number of entries.
    #[schema(minimum = 1)]
    pub count: i32,
    /// Mean intensity as logged.
    #[schema(minimum = 0, maximum = 10)]
    pub mean: Option<f64>,
}

/// A participant's cravings over a span of local days.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "from": "2026-02-24", "to": "2026-03-02", "count": 3, "mean": 6.33, "peak": 9,
    "outcomes": { "passed": 2, "still_going": 0, "lapsed": 0 },
    "days": [
        { "day": "2026-02-25", "count": 1, "mean": 5.0, "peak": 5,
          "outcomes": { "passed": 1, "still_going": 0, "lapsed": 0 } },
        { "day": "2026-03-02", "count": 2, "mean": 7.0, "peak": 9,
          "outcomes": { "passed": 1, "still_going": 0, "lapsed": 0 } }
    ],
    "triggers": [{ "trigger": "conflict", "count": 2, "mean": 7.0 }],
    "hours": [{ "hour": 18, "count": 3, "mean": 6.33 }],
    "weekdays": [
        { "weekday": "monday", "count": 2, "mean": 7.0 },
        { "weekday": "wednesday", "count": 1, "mean": 5.0 }
    ]
}))]
pub struct Trend {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
    /// Number of entries.
    #[schema(minimum = 0)]
    pub count: i32,
    /// Mean intensity as logged; null without an entry.
    #[schema(minimum = 0, maximum = 10)]
    pub mean: Option<f64>,
    /// The highest intensity, later ratings included; null without an entry.
    pub peak: Option<Intensity>,
    /// How they ended.
    pub outcomes: Outcomes,
    /// The days with entries, in order. Days without entries are missing.
    #[schema(max_items = 366)]
    pub days: Vec<TrendDay>,
    /// By kind of trigger, the most frequent first. An entry with two kinds counts in both.
    #[schema(max_items = 8)]
    pub triggers: Vec<TrendTrigger>,
    /// By hour of the local day, in order. Hours without entries are missing.
    #[schema(max_items = 24)]
    pub hours: Vec<TrendHour>,
    /// By day of the week, from Monday. Weekdays without entries are missing.
    #[schema(max_items = 7)]
    pub weekdays: Vec<TrendWeekday>,
}

/// Makes a trend from the summaries of days. Summaries outside the span do not count.
pub fn trend(span: Span, summaries: &[DaySummary]) -> Trend {
    let mut within: Vec<_> =
        summaries.iter().filter(|day| span.from <= day.day && day.day <= span.to).collect();
    within.sort_by_key(|summary| summary.day);
    let mut all = Tally::default();
    let mut outcomes = Outcomes::default();
    let mut detail = DayDetail::default();
    let mut weekdays = Tallies::<Weekday, 7>::default();
    for summary in &within {
        all.add(summary.tally());
        outcomes.add(summary.outcomes());
        detail.triggers.add_all(&summary.detail.triggers);
        detail.hours.add_all(&summary.detail.hours);
        let weekday = Weekday::from(jiff::civil::Date::from(summary.day).weekday());
        weekdays.add(weekday, summary.tally());
    }
    let mut triggers: Vec<_> = detail
        .triggers
        .iter()
        .map(|(trigger, tally)| TrendTrigger { trigger, count: tally.count, mean: tally.mean() })
        .collect();
    triggers.sort_by_key(|one| (-one.count, one.trigger));
    Trend {
        from: span.from,
        to: span.to,
        count: all.count,
        mean: all.mean(),
        peak: within.iter().map(|summary| summary.peak).max(),
        outcomes,
        days: within.iter().copied().map(TrendDay::from).collect(),
        triggers,
        hours: detail
            .hours
            .iter()
            .map(|(hour, tally)| TrendHour { hour, count: tally.count, mean: tally.mean() })
            .collect(),
        weekdays: weekdays
            .iter()
            .map(|(weekday, tally)| TrendWeekday { weekday, count: tally.count, mean: tally.mean() })
            .collect(),
    }
}

impl From<&DaySummary> for TrendDay {
    fn from(summary: &DaySummary) -> Self {
        Self {
            day: summary.day,
            count: summary.count,
            mean: summary.tally().mean(),
            peak: summary.peak,
            outcomes: summary.outcomes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::craving::tests::{draft, intensity, recorded};
    use crate::craving::{Craving, CravingDraft, Outcome};
    use crate::log_entry::Entry;
    use proptest::prelude::*;
    use rstest::rstest;
    use std::collections::BTreeMap;

    pub(super) fn day(text: &str) -> Day {
        text.parse::<jiff::civil::Date>().unwrap().into()
    }
    fn span(from: &str, to: &str) -> Span {
        Span::new(day(from), day(to)).unwrap()
    }

    pub(super) fn week() -> Vec<DaySummary> {
        use TriggerCategory::{Conflict, Urges};
        let monday = [
            felt("2026-03-02T18:10:00Z", 7, &[Conflict, Urges], Some(Outcome::Passed)),
            felt("2026-03-02T18:50:00Z", 4, &[Conflict], None),
            felt("2026-03-02T09:00:00Z", 9, &[], Some(Outcome::Lapsed)),
        ];
        let wednesday = [felt("2026-03-04T18:00:00Z", 0, &[Urges], Some(Outcome::StillGoing))];
        vec![DaySummary::recount(&wednesday).unwrap(), DaySummary::recount(&monday).unwrap()]
    }

    pub(super) fn felt(
        at: &str,
        strength: i64,
        triggers: &[TriggerCategory],
        outcome: Option<Outcome>,
    ) -> Craving {
        let triggers = triggers.to_vec().try_into().unwrap();
        recorded(CravingDraft { triggers, outcome, ..draft(at, "UTC", strength) }, "2026-12-31T00:00:00Z")
    }

    pub(super) fn any_craving() -> impl Strategy<Value = Craving> {
        (
            (0u8..24, 0u8..60, 0i64..=10, 0i64..=10),
            prop::collection::vec(prop::sample::select(TriggerCategory::ALL), 0..8),
            prop::option::of(prop::sample::select(Outcome::ALL)),
        )
            .prop_map(|((hour, minute, strength, peak), triggers, outcome)| Craving {
                peak: intensity(strength.max(peak)),
                ..felt(&format!("2026-03-02T{hour:02}:{minute:02}:00Z"), strength, &triggers, outcome)
            })
    }

    #[test]
    fn a_trend_adds_up_its_days_and_leaves_out_days_without_entries() {
        let trend = serde_json::to_value(trend(span("2026-03-02", "2026-03-08"), &week())).unwrap();
        assert_eq!(
            trend,
            serde_json::json!({
                "from": "2026-03-02", "to": "2026-03-08", "count": 4, "mean": 5.0, "peak": 9,
                "outcomes": { "passed": 1, "still_going": 1, "lapsed": 1 },
                "days": [
                    { "day": "2026-03-02", "count": 3, "mean": 6.67, "peak": 9,
                      "outcomes": { "passed": 1, "still_going": 0, "lapsed": 1 } },
                    { "day": "2026-03-04", "count": 1, "mean": 0.0, "peak": 0,
                      "outcomes": { "passed": 0, "still_going": 1, "lapsed": 0 } }
                ],
                "triggers": [
                    { "trigger": "urges", "count": 2, "mean": 3.5 },
                    { "trigger": "conflict", "count": 2, "mean": 5.5 }
                ],
                "hours": [{ "hour": 9, "count": 1, "mean": 9.0 }, { "hour": 18, "count": 3, "mean": 3.67 }],
                "weekdays": [
                    { "weekday": "monday", "count": 3, "mean": 6.67 },
                    { "weekday": "wednesday", "count": 1, "mean": 0.0 }
                ]
            })
        );
    }

    #[test]
    fn days_outside_the_span_do_not_count_and_without_entries_there_is_no_mean() {
        let one = trend(span("2026-03-04", "2026-03-04"), &week());
        assert_eq!((one.count, one.days.len()), (1, 1));
        let none = trend(span("2026-03-05", "2026-03-08"), &week());
        assert_eq!((none.count, none.mean, none.peak, none.days.len()), (0, None, None, 0));
    }

    #[rstest]
    #[case::one_day("2026-03-02", "2026-03-02", None)]
    #[case::backwards("2026-03-02", "2026-03-01", Some(Refusal::Backwards))]
    #[case::a_leap_year("2028-01-01", "2028-12-31", None)]
    #[case::a_day_more("2028-01-01", "2029-01-01", Some(Refusal::TooLong))]
    #[case::all_there_is("-9999-01-01", "9999-12-31", Some(Refusal::TooLong))]
    fn a_span_has_1_to_366_days(#[case] from: &str, #[case] to: &str, #[case] refusal: Option<Refusal>) {
        let from = from.replace("-9999", "-009999");
        assert_eq!(Span::new(day(&from), day(to)).err(), refusal);
    }

    proptest! {
        #[test]
        fn a_trend_counts_every_entry_once(
            entries in prop::collection::vec((0i32..40, any_craving()), 0..40), first in 0i32..40, days in 0i32..40
        ) {
            let start = day("2026-03-02");
            let mut by_day: BTreeMap<Day, Vec<Craving>> = BTreeMap::new();
            for (later, craving) in entries {
                let local_day = start.plus(later);
                let entry = Entry { local_day, ..craving.entry };
                by_day.entry(local_day).or_default().push(Craving { entry, ..craving });
            }
            let summaries: Vec<_> = by_day.values().filter_map(|all| DaySummary::recount(all)).collect();
            let span = Span::new(start.plus(first), start.plus(first + days)).unwrap();
            let trend = trend(span, &summaries);
            let within: Vec<_> = by_day.iter()
                .filter(|(day, _)| span.from() <= **day && **day <= span.to()).flat_map(|(_, all)| all).collect();
            prop_assert_eq!(usize::try_from(trend.count).unwrap(), within.len());
            prop_assert_eq!(trend.peak, within.iter().map(|craving| craving.peak).max());
            prop_assert_eq!(trend.days.iter().map(|one| one.count).sum::<i32>(), trend.count);
            prop_assert_eq!(trend.hours.iter().map(|one| one.count).sum::<i32>(), trend.count);
            prop_assert_eq!(trend.weekdays.iter().map(|one| one.count).sum::<i32>(), trend.count);
            let strengths: f64 = within.iter().map(|craving| f64::from(i16::from(craving.draft.intensity))).sum();
            if let Some(mean) = trend.mean {
                prop_assert!((mean - strengths / f64::from(trend.count)).abs() <= 0.005 + 1e-9);
            }
        }
    }
}
