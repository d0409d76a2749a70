//! Trends: what cravings add up to, day by day, by trigger, hour and weekday, and what a counselor reads of it.
//!
//! A day's summary grows with each entry and always equals a recount of that day. A day without an entry is
//! missing, not zero. Means are of the intensity as logged, rounded to two decimals; peaks include ratings.

use crate::craving::{Craving, Intensity, Outcome, TriggerCategory};
use crate::reminder::Weekday;
use crate::value::{Day, Moment, TimeZone};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;
use utoipa::ToSchema;

/// Longest span of days that one trend covers.
pub const LONGEST_SPAN: i32 = 366;
/// How many days, today included, a caseload line looks at.
pub const CASELOAD_DAYS: i32 = 21;

/// How many entries there are, and their intensities added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i32, i32)", into = "(i32, i32)")]
pub struct Tally {
    /// Entries.
    pub count: i32,
    /// Their intensities, added up.
    pub sum: i32,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.saturating_add(other.sum);
    }

    fn mean(self) -> Option<f64> {
        let hundredths = (f64::from(self.sum) * 100.0 / f64::from(self.count)).round();
        (0 < self.count).then_some(hundredths / 100.0)
    }
}
impl From<(i32, i32)> for Tally {
    fn from((count, sum): (i32, i32)) -> Self {
        Self { count, sum }
    }
}
impl From<Tally> for (i32, i32) {
    fn from(tally: Tally) -> Self {
        (tally.count, tally.sum)
    }
}

/// A day by trigger and by hour, kept as one small document: `{"t":{"conflict":[1,7]},"h":{"18":[1,7]}}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayDetail {
    /// By kind of situation. An entry with two of them counts in both.
    #[serde(rename = "t")]
    pub triggers: Tallies<TriggerCategory, 8>,
    /// By hour of the local day, 0 to 23.
    #[serde(rename = "h")]
    pub hours: Tallies<u8, 24>,
}

/// Tallies by one of `N` keys. A trend adds up hundreds of these: each key has its place, none is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tallies<K, const N: usize> {
    by_place: [Tally; N],
    keys: PhantomData<K>,
}

/// Something that tallies are kept by.
pub trait TallyKey: Copy {
    /// Its place among all of its kind, from 0.
    fn place(self) -> usize;
    /// What stands at this place, if there is such a place.
    fn at(place: usize) -> Option<Self>;
}
macro_rules! word_keys {
    ($($word:ty),+) => {$(
        impl TallyKey for $word {
            fn place(self) -> usize {
                self as usize
            }
            fn at(place: usize) -> Option<Self> {
                Self::ALL.get(place).copied()
            }
        }
    )+};
}
word_keys!(TriggerCategory, Weekday);
impl TallyKey for u8 {
    fn place(self) -> usize {
        self.into()
    }
    fn at(place: usize) -> Option<Self> {
        place.try_into().ok()
    }
}

impl<K: TallyKey, const N: usize> Tallies<K, N> {
    /// Those with an entry, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (K, Tally)> {
        let counted = self.by_place.iter().enumerate().filter(|(_, tally)| 0 < tally.count);
        counted.filter_map(|(place, tally)| Some((K::at(place)?, *tally)))
    }

    fn add(&mut self, key: K, tally: Tally) {
        if let Some(standing) = self.by_place.get_mut(key.place()) {
            standing.add(tally);
        }
    }

    fn add_all(&mut self, other: &Self) {
        for (standing, tally) in self.by_place.iter_mut().zip(other.by_place) {
            standing.add(tally);
        }
    }
}
impl<K, const N: usize> Default for Tallies<K, N> {
    fn default() -> Self {
        Self { by_place: [Tally::default(); N], keys: PhantomData }
    }
}
impl<K: TallyKey + fmt::Debug, const N: usize> fmt::Debug for Tallies<K, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
impl<K: TallyKey + Serialize, const N: usize> Serialize for Tallies<K, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}
impl<'de, K: TallyKey + Deserialize<'de>, const N: usize> Deserialize<'de> for Tallies<K, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<K, const N: usize>(PhantomData<K>);
        impl<'de, K: TallyKey + Deserialize<'de>, const N: usize> Visitor<'de> for Entries<K, N> {
            type Value = Tallies<K, N>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tallies")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut tallies = Tallies::default();
                while let Some((key, tally)) = entries.next_entry::<K, Tally>()? {
                    let place = tallies.by_place.get_mut(key.place());
                    *place.ok_or_else(|| A::Error::custom("a tally of an unknown key"))? = tally;
                }
                Ok(tallies)
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// What one participant's cravings of one local day add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaySummary {
    /// The local day.
    pub day: Day,
    /// Entries.
    pub count: i32,
    /// Their intensities as logged, added up.
    pub intensity_sum: i32,
    /// The strongest of them, ratings included.
    pub peak: Intensity,
    /// Those that passed.
    pub passed: i32,
    /// Those that were still going when last heard of.
    pub still_going: i32,
    /// Those that ended in use.
    pub lapsed: i32,
    /// When the last of them was felt.
    pub last_at: Moment,
    /// By trigger and hour.
    pub detail: DayDetail,
}

impl DaySummary {
    /// The summary of a day with this one entry.
    pub fn first(craving: &Craving) -> Self {
        let day = Self {
            day: craving.local_day,
            count: 0,
            intensity_sum: 0,
            peak: craving.peak,
            passed: 0,
            still_going: 0,
            lapsed: 0,
            last_at: craving.felt_at(),
            detail: DayDetail::default(),
        };
        day.with(craving)
    }

    /// This summary with one more, new, entry of the same day. After any other change the day is recounted.
    #[must_use]
    pub fn with(mut self, craving: &Craving) -> Self {
        debug_assert_eq!(self.day, craving.local_day, "an entry counts on its own day");
        let one = Tally { count: 1, sum: i16::from(craving.draft.intensity).into() };
        self.count = self.count.saturating_add(one.count);
        self.intensity_sum = self.intensity_sum.saturating_add(one.sum);
        self.peak = self.peak.max(craving.peak);
        match craving.draft.outcome {
            Some(Outcome::Passed) => self.passed += 1,
            Some(Outcome::StillGoing) => self.still_going += 1,
            Some(Outcome::Lapsed) => self.lapsed += 1,
            None => {}
        }
        self.last_at = self.last_at.max(craving.felt_at());
        for trigger in &craving.draft.triggers {
            self.detail.triggers.add(*trigger, one);
        }
        self.detail.hours.add(craving.hour(), one);
        self
    }

    /// The summary of all entries of one day; none if there are none but withdrawn ones.
    pub fn recount(cravings: &[Craving]) -> Option<Self> {
        let mut standing = cravings.iter().filter(|craving| craving.withdrawn_at.is_none());
        let first = Self::first(standing.next()?);
        Some(standing.fold(first, Self::with))
    }

    fn tally(&self) -> Tally {
        Tally { count: self.count, sum: self.intensity_sum }
    }

    fn outcomes(&self) -> Outcomes {
        Outcomes { passed: self.passed, still_going: self.still_going, lapsed: self.lapsed }
    }
}

/// Why there is no such trend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It would end before it begins.
    #[error("`to` must not be earlier than `from`")]
    Backwards,
    /// It would cover too many days.
    #[error("must cover at most 366 days, first and last included")]
    TooLong,
}

/// Up to 366 days, first and last included.
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
    /// The first day.
    pub fn from(self) -> Day {
        self.from
    }
    /// The last day.
    pub fn to(self) -> Day {
        self.to
    }
}

/// How entries ended. Those without a known end are in none of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Outcomes {
    /// Passed without use.
    #[schema(minimum = 0)]
    pub passed: i32,
    /// Still going when last heard of.
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

/// One day with entries.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TrendDay {
    /// The local day.
    pub day: Day,
    /// Entries.
    #[schema(minimum = 1)]
    pub count: i32,
    /// Mean intensity as logged.
    #[schema(minimum = 0, maximum = 10)]
    pub mean: Option<f64>,
    /// The strongest, ratings included.
    pub peak: Intensity,
    /// How they ended.
    pub outcomes: Outcomes,
}

/// Entries with one kind of trigger.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TrendTrigger {
    /// The kind of situation.
    pub trigger: TriggerCategory,
    /// Entries.
    #[schema(minimum = 1)]
    pub count: i32,
    /// Mean intensity as logged.
    #[schema(minimum = 0, maximum = 10)]
    pub mean: Option<f64>,
}

/// Entries in one hour of the local day.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TrendHour {
    /// The hour.
    #[schema(minimum = 0, maximum = 23)]
    pub hour: u8,
    /// Entries.
    #[schema(minimum = 1)]
    pub count: i32,
    /// Mean intensity as logged.
    #[schema(minimum = 0, maximum = 10)]
    pub mean: Option<f64>,
}

/// Entries on one day of the week.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TrendWeekday {
    /// The weekday.
    pub weekday: Weekday,
    /// Entries.
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
    /// Entries in all.
    #[schema(minimum = 0)]
    pub count: i32,
    /// Mean intensity as logged; null without an entry.
    #[schema(minimum = 0, maximum = 10)]
    pub mean: Option<f64>,
    /// The strongest, ratings included; null without an entry.
    pub peak: Option<Intensity>,
    /// How they ended.
    pub outcomes: Outcomes,
    /// The days with entries, in order. A day that is not here had none.
    #[schema(max_items = 366)]
    pub days: Vec<TrendDay>,
    /// By kind of situation, most frequent first. An entry with two of them counts in both.
    #[schema(max_items = 8)]
    pub triggers: Vec<TrendTrigger>,
    /// By hour of the local day, in order; hours without entries are missing.
    #[schema(max_items = 24)]
    pub hours: Vec<TrendHour>,
    /// By day of the week from Monday; days without entries are missing.
    #[schema(max_items = 7)]
    pub weekdays: Vec<TrendWeekday>,
}

/// Reads a trend from the summaries of its days. Summaries outside the span do not count.
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

/// What a caseload says of one participant at a glance: the last 7 days against the 14 before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "logs_7_days": 4, "mean_7_days": 6.25, "peak_7_days": 9, "mean_14_days_before": 4.5,
    "peak_14_days_before": 7, "last_log_at": "2026-02-27T18:40:00Z", "quiet_since": "2026-02-27"
}))]
pub struct Recent {
    /// Entries in the last 7 days, today included.
    #[schema(minimum = 0)]
    pub logs_7_days: i32,
    /// Their mean intensity as logged; null without an entry.
    #[schema(minimum = 0, maximum = 10)]
    pub mean_7_days: Option<f64>,
    /// The strongest of them.
    pub peak_7_days: Option<Intensity>,
    /// Mean intensity in the 14 days before those.
    #[schema(minimum = 0, maximum = 10)]
    pub mean_14_days_before: Option<f64>,
    /// The strongest in the 14 days before those.
    pub peak_14_days_before: Option<Intensity>,
    /// When the last logged craving was felt; null if there is none.
    pub last_log_at: Option<Moment>,
    /// The last day with an entry, if neither today nor yesterday has one.
    pub quiet_since: Option<Day>,
}

/// What a caseload line is read from: a day without its tallies by trigger and hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayGlance {
    /// The local day.
    pub day: Day,
    /// Entries.
    pub count: i32,
    /// Their intensities as logged, added up.
    pub intensity_sum: i32,
    /// The strongest of them, ratings included.
    pub peak: Intensity,
    /// When the last of them was felt.
    pub last_at: Moment,
}

/// Reads a caseload line from the last 21 days (older ones do not count) and the time of the
/// last entry, which may be older. `zone` is the participant's, `today` the day there.
pub fn caseload_line(days: &[DayGlance], last_at: Option<Moment>, zone: &TimeZone, today: Day) -> Recent {
    // A phone further east may be a day ahead of today: it counts as today.
    let age = |glance: &DayGlance| glance.day.until(today).max(0);
    let over = |ages: std::ops::Range<i32>| {
        let mut tally = Tally::default();
        let mut peak = None;
        for glance in days.iter().filter(|glance| ages.contains(&age(glance))) {
            tally.add(Tally { count: glance.count, sum: glance.intensity_sum });
            peak = peak.max(Some(glance.peak));
        }
        (tally, peak)
    };
    let (week, peak_7_days) = over(0..7);
    let (before, peak_14_days_before) = over(7..CASELOAD_DAYS);
    let last_day = days.iter().map(|glance| glance.day).max().or(last_at.map(|at| at.local_day(zone)));
    Recent {
        logs_7_days: week.count,
        mean_7_days: week.mean(),
        peak_7_days,
        mean_14_days_before: before.mean(),
        peak_14_days_before,
        last_log_at: days.iter().map(|glance| glance.last_at).max().max(last_at),
        quiet_since: last_day.filter(|day| 2 <= day.until(today)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::craving::tests::{draft, intensity, moment, recorded};
    use crate::craving::{CravingDraft, withdraw};
    use proptest::prelude::*;
    use rstest::rstest;
    use std::collections::BTreeMap;

    fn day(text: &str) -> Day {
        text.parse::<jiff::civil::Date>().unwrap().into()
    }
    fn span(from: &str, to: &str) -> Span {
        Span::new(day(from), day(to)).unwrap()
    }
    fn utc() -> TimeZone {
        TimeZone::try_from("UTC".to_owned()).unwrap()
    }
    fn felt(at: &str, strength: i64, triggers: &[TriggerCategory], outcome: Option<Outcome>) -> Craving {
        let triggers = triggers.to_vec().try_into().unwrap();
        recorded(CravingDraft { triggers, outcome, ..draft(at, "UTC", strength) }, "2026-12-31T00:00:00Z")
    }
    fn only(at: &str, strength: i64) -> DaySummary {
        DaySummary::first(&felt(at, strength, &[], None))
    }
    fn glance(day: &DaySummary) -> DayGlance {
        let DaySummary { day, count, intensity_sum, peak, last_at, .. } = *day;
        DayGlance { day, count, intensity_sum, peak, last_at }
    }
    fn week() -> Vec<DaySummary> {
        use TriggerCategory::{Conflict, Urges};
        let monday = [
            felt("2026-03-02T18:10:00Z", 7, &[Conflict, Urges], Some(Outcome::Passed)),
            felt("2026-03-02T18:50:00Z", 4, &[Conflict], None),
            felt("2026-03-02T09:00:00Z", 9, &[], Some(Outcome::Lapsed)),
        ];
        let wednesday = [felt("2026-03-04T18:00:00Z", 0, &[Urges], Some(Outcome::StillGoing))];
        vec![DaySummary::recount(&wednesday).unwrap(), DaySummary::recount(&monday).unwrap()]
    }

    #[test]
    fn a_trend_adds_up_its_days_and_leaves_out_the_missing_ones() {
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
    fn days_outside_the_span_do_not_count_and_nothing_has_no_mean() {
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

    #[test]
    fn the_detail_of_a_day_is_a_small_document() {
        let detail = &week()[1].detail;
        let json = r#"{"t":{"urges":[1,7],"conflict":[2,11]},"h":{"9":[1,9],"18":[2,11]}}"#;
        assert_eq!(serde_json::to_string(detail).unwrap(), json);
        assert_eq!(&serde_json::from_str::<DayDetail>(json).unwrap(), detail);
    }

    #[test]
    fn a_day_of_withdrawn_entries_is_missing() {
        let craving = felt("2026-03-02T18:10:00Z", 7, &[], None);
        let gone = withdraw(&craving, moment("2026-03-03T00:00:00Z"));
        assert_eq!(DaySummary::recount(std::slice::from_ref(&gone)), None);
        assert_eq!(DaySummary::recount(&[]), None);
        assert_eq!(DaySummary::recount(&[gone, craving.clone()]), Some(DaySummary::first(&craving)));
    }

    #[test]
    fn a_caseload_line_sets_7_days_against_the_14_before() {
        let days = [
            only("2026-03-02T08:00:00Z", 8),
            only("2026-02-24T08:00:00Z", 5),
            only("2026-02-23T08:00:00Z", 3),
            only("2026-02-10T08:00:00Z", 6),
            only("2026-02-09T08:00:00Z", 10),
        ]
        .map(|day| glance(&day));
        let line = caseload_line(&days, Some(moment("2026-03-02T08:00:00Z")), &utc(), day("2026-03-02"));
        let expected = Recent {
            logs_7_days: 2,
            mean_7_days: Some(6.5),
            peak_7_days: Some(intensity(8)),
            mean_14_days_before: Some(4.5),
            peak_14_days_before: Some(intensity(6)),
            last_log_at: Some(moment("2026-03-02T08:00:00Z")),
            quiet_since: None,
        };
        assert_eq!(line, expected);
    }

    #[rstest]
    #[case::today("2026-03-02T08:00:00Z", None)]
    #[case::tomorrow_further_east("2026-03-03T01:00:00Z", None)]
    #[case::yesterday("2026-03-01T08:00:00Z", None)]
    #[case::two_days_ago("2026-02-28T08:00:00Z", Some("2026-02-28"))]
    fn who_has_not_logged_since_the_day_before_yesterday_is_quiet(
        #[case] at: &str,
        #[case] since: Option<&str>,
    ) {
        let line = caseload_line(&[glance(&only(at, 4))], Some(moment(at)), &utc(), day("2026-03-02"));
        assert_eq!((line.quiet_since, line.logs_7_days), (since.map(day), 1));
    }

    #[test]
    fn the_last_entry_may_be_older_than_the_summaries_read() {
        let zone = TimeZone::try_from("America/New_York".to_owned()).unwrap();
        let last_at = Some(moment("2025-07-01T00:30:00Z"));
        let line = caseload_line(&[], last_at, &zone, day("2026-03-02"));
        assert_eq!(
            line,
            Recent { last_log_at: last_at, quiet_since: Some(day("2025-06-30")), ..Recent::default() }
        );
        assert_eq!(caseload_line(&[], None, &zone, day("2026-03-02")), Recent::default());
    }

    fn any_craving() -> impl Strategy<Value = Craving> {
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

    proptest! {
        #[test]
        fn a_summary_that_grew_equals_a_recount_in_any_order(
            (came, shuffled) in prop::collection::vec(any_craving(), 1..20)
                .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
            gone in prop::collection::vec(any_craving(), 0..5),
        ) {
            let grown = came[1..].iter().fold(DaySummary::first(&came[0]), DaySummary::with);
            let now = moment("2026-03-03T00:00:00Z");
            let mut kept: Vec<_> = gone.iter().map(|craving| withdraw(craving, now)).collect();
            kept.extend(shuffled);
            prop_assert_eq!(DaySummary::recount(&kept), Some(grown.clone()));
            let json = serde_json::to_string(&grown.detail).unwrap();
            prop_assert_eq!(serde_json::from_str::<DayDetail>(&json).unwrap(), grown.detail);
        }

        #[test]
        fn a_trend_counts_every_entry_once(
            entries in prop::collection::vec((0i32..40, any_craving()), 0..40), first in 0i32..40, days in 0i32..40
        ) {
            let start = day("2026-03-02");
            let mut by_day: BTreeMap<Day, Vec<Craving>> = BTreeMap::new();
            for (later, craving) in entries {
                let local_day = start.plus(later);
                by_day.entry(local_day).or_default().push(Craving { local_day, ..craving });
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
