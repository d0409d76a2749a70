//! The caseload: a line for each participant, those who need attention first.

use super::Tally;
use crate::account::{DisplayName, ParticipantId, sort_by_name};
use crate::craving::Intensity;
use crate::recovery::use_report::{UnseenReport, UseReport, UseReportGroup, for_caseload};
use crate::value::{Day, Moment, TimeZone};
use serde::Serialize;
use std::cmp::Reverse;
use utoipa::ToSchema;

/// How many days a caseload line covers, today included.
pub const CASELOAD_DAYS: i32 = 21;

/// A participant's cravings at a glance: the last 7 days and the 14 days before.
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
    /// Their highest intensity.
    pub peak_7_days: Option<Intensity>,
    /// Mean intensity in the 14 days before those.
    #[schema(minimum = 0, maximum = 10)]
    pub mean_14_days_before: Option<f64>,
    /// The highest intensity in the 14 days before those.
    pub peak_14_days_before: Option<Intensity>,
    /// When the latest logged craving was felt; null if there is none.
    pub last_log_at: Option<Moment>,
    /// The last day with an entry, if neither today nor yesterday has one.
    pub quiet_since: Option<Day>,
}

/// A participant on a caseload, with recent changes.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CaseloadLine {
    /// The participant.
    pub id: ParticipantId,
    /// The participant's name.
    pub display_name: DisplayName,
    /// The participant's time zone.
    pub time_zone: TimeZone,
    /// The participant's cravings at a glance.
    #[serde(flatten)]
    pub recent: Recent,
    /// Use reports that need attention or were received in the last 14 days, by day. The most urgent first: what needs
    /// attention and may have been an opioid, what else needs attention, then the latest.
    #[schema(max_items = 1000)]
    pub use_reports: Vec<UseReportGroup>,
    /// Whether a use report needs attention.
    pub needs_attention: bool,
}

impl CaseloadLine {
    /// The line of a participant now. `tag` makes the tag of a group of use reports.
    pub fn new(
        (id, display_name, time_zone): (ParticipantId, DisplayName, TimeZone),
        days: &RecentDays,
        reports: &[UseReport],
        now: Moment,
        tag: impl Fn(&[UnseenReport]) -> String,
    ) -> Self {
        let use_reports = for_caseload(reports, now, tag);
        Self {
            recent: days.recent(now.local_day(&time_zone)),
            needs_attention: use_reports.iter().any(|group| group.needs_attention),
            id,
            display_name,
            time_zone,
            use_reports,
        }
    }

    /// Greater for those who need attention, and among them for those whose use may have involved opioids.
    fn urgency(&self) -> (bool, bool) {
        let mut open = self.use_reports.iter().filter(|group| group.needs_attention);
        (self.needs_attention, open.any(|group| group.may_be_opioid))
    }
}

/// Sorts a caseload: those who need attention first, then by name.
pub fn sort_caseload(lines: &mut [CaseloadLine]) {
    sort_by_name(lines, |line| (&line.display_name, line.id));
    lines.sort_by_key(|line| Reverse(line.urgency()));
}

/// The summary of a day without its tallies by trigger and hour, for a caseload line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayGlance {
    /// The local day.
    pub day: Day,
    /// Number of entries.
    pub count: i32,
    /// The sum of their intensities as logged.
    pub intensity_sum: i32,
    /// Their highest intensity, later ratings included.
    pub peak: Intensity,
    /// When the latest of them was felt.
    pub last_at: Moment,
}

/// A participant's latest entries, by local day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecentDays {
    /// At least the last 21 days with an entry, in any order.
    pub days: Vec<DayGlance>,
    /// If there are no such days: the last day with an entry, and when that entry was.
    pub before: Option<(Day, Moment)>,
}

impl RecentDays {
    /// The summary of the last 7 days, today included, and of the 14 days before. Older days do not count.
    /// `today` is the day in the participant's time zone.
    pub fn recent(&self, today: Day) -> Recent {
        // A phone further east may be a day ahead. That day counts as today.
        let age = |glance: &DayGlance| glance.day.until(today).max(0);
        let over = |ages: std::ops::Range<i32>| {
            let mut tally = Tally::default();
            let mut peak = None;
            for glance in self.days.iter().filter(|glance| ages.contains(&age(glance))) {
                tally.add(Tally { count: glance.count, sum: glance.intensity_sum });
                peak = peak.max(Some(glance.peak));
            }
            (tally, peak)
        };
        let (week, peak_7_days) = over(0..7);
        let (before, peak_14_days_before) = over(7..CASELOAD_DAYS);
        let last_day = self.days.iter().map(|glance| glance.day).max().or(self.before.map(|(day, _)| day));
        let last_at = self.days.iter().map(|glance| glance.last_at).max();
        Recent {
            logs_7_days: week.count,
            mean_7_days: week.mean(),
            peak_7_days,
            mean_14_days_before: before.mean(),
            peak_14_days_before,
            last_log_at: last_at.or(self.before.map(|(_, at)| at)),
            quiet_since: last_day.filter(|day| 2 <= day.until(today)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::craving::Substance;
    use crate::craving::tests::{intensity, moment};
    use crate::recovery::use_report::{ReportSource, Use};
    use crate::trend::DaySummary;
    use crate::trend::tests::{day, felt};
    use rstest::rstest;
    use uuid::Uuid;

    fn only(at: &str, strength: i64) -> DaySummary {
        DaySummary::first(&felt(at, strength, &[], None))
    }
    fn glance(day: &DaySummary) -> DayGlance {
        let DaySummary { day, count, intensity_sum, peak, last_at, .. } = *day;
        DayGlance { day, count, intensity_sum, peak, last_at }
    }

    #[test]
    fn a_caseload_lists_those_who_need_attention_first_and_then_by_name() {
        let now = moment("2026-03-02T12:00:00Z");
        let utc = || TimeZone::try_from("UTC".to_owned()).unwrap();
        let line = |number: u128, name: &str, substances: &[Option<Substance>]| {
            let report = |(id, substance): (u128, &Option<Substance>)| {
                let says = Use::at(now, &utc(), *substance);
                UseReport::report(ReportSource::Craving, Uuid::from_u128(id), None, says, now)
            };
            let reports: Vec<_> = (1..).zip(substances).map(report).collect();
            let who =
                (Uuid::from_u128(number).into(), DisplayName::try_from(name.to_owned()).unwrap(), utc());
            CaseloadLine::new(who, &RecentDays::default(), &reports, now, |_| String::new())
        };
        let mut lines = [
            line(1, "Ana", &[]),
            line(2, "Émile", &[]),
            line(3, "Drew", &[Some(Substance::Alcohol)]),
            line(4, "Theo", &[Some(Substance::Alcohol), None]),
            line(5, "Maya", &[Some(Substance::Opioids)]),
            line(6, "Eva", &[]),
        ];
        sort_caseload(&mut lines);
        let names = lines.each_ref().map(|line| line.display_name.as_ref());
        assert_eq!(names, ["Maya", "Theo", "Drew", "Ana", "Émile", "Eva"]);
        assert_eq!(
            lines.each_ref().map(|line| line.needs_attention),
            [true, true, true, false, false, false]
        );
    }

    #[test]
    fn a_caseload_line_has_the_last_7_days_and_the_14_before() {
        let days = [
            only("2026-03-02T08:00:00Z", 8),
            only("2026-02-24T08:00:00Z", 5),
            only("2026-02-23T08:00:00Z", 3),
            only("2026-02-10T08:00:00Z", 6),
            only("2026-02-09T08:00:00Z", 10),
        ]
        .map(|day| glance(&day));
        let line = RecentDays { days: days.to_vec(), before: None }.recent(day("2026-03-02"));
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
    fn somebody_without_an_entry_today_or_yesterday_is_quiet(#[case] at: &str, #[case] since: Option<&str>) {
        let days = vec![glance(&only(at, 4))];
        let line = RecentDays { days, before: None }.recent(day("2026-03-02"));
        assert_eq!((line.quiet_since, line.logs_7_days), (since.map(day), 1));
    }

    #[test]
    fn the_last_entry_may_be_older_than_the_summaries_read() {
        let (day_of, at) = (day("2025-06-30"), moment("2025-07-01T00:30:00Z"));
        let long_ago = RecentDays { days: vec![], before: Some((day_of, at)) };
        assert_eq!(
            long_ago.recent(day("2026-03-02")),
            Recent { last_log_at: Some(at), quiet_since: Some(day_of), ..Recent::default() }
        );
        assert_eq!(RecentDays::default().recent(day("2026-03-02")), Recent::default());
    }
}
