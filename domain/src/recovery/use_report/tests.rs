use super::*;
use crate::craving::tests::{draft, moment, recorded};
use crate::craving::{self, CravingDraft, OutcomeDraft};
use crate::log_entry::Correction;
use crate::recovery::lapse::{self, tests as lapses};
use proptest::prelude::*;
use rstest::rstest;

const NOW: &str = "2026-07-06T12:00:00Z";

fn day(text: &str) -> Day {
    text.parse::<jiff::civil::Date>().unwrap().into()
}
fn new_york() -> TimeZone {
    TimeZone::try_from("America/New_York".to_owned()).unwrap()
}
fn used(at: &str, substance: Option<Substance>) -> Use {
    Use::at(moment(at), &new_york(), substance)
}
fn report(id: u128, says: Use, now: Moment) -> UseReport {
    UseReport::report(ReportSource::Craving, Uuid::from_u128(id), None, says, now)
}
fn someone() -> AccountId {
    Uuid::from_u128(9).into()
}
/// A tag that shows what it is made of.
fn tag(unseen: &[UnseenReport]) -> String {
    format!("{unseen:?}")
}
fn craving(outcome: Option<Outcome>) -> Craving {
    let felt = draft("2026-07-05T18:00:00Z", "America/New_York", 8);
    recorded(CravingDraft { outcome, substance: Some(Substance::Opioids), ..felt }, NOW)
}
fn corrected(craving: &Craving, outcome: Outcome, substance: Substance) -> Craving {
    let draft = CravingDraft { outcome: Some(outcome), substance: Some(substance), ..craving.draft.clone() };
    let correction = Correction { reason: None, entry: draft };
    let (first, id) = ([craving.first_revision()], Uuid::from_u128(77).into());
    craving::correct(craving, &first, &[], id, &correction, moment(NOW)).unwrap().unwrap().0
}
fn passed(craving: &Craving) -> Craving {
    let later = OutcomeDraft { outcome: Outcome::Passed, observed_at: moment("2026-07-05T20:00:00Z") };
    craving::conclude(craving, &[], &later, moment(NOW)).unwrap().0
}

#[rstest]
#[case::in_the_afternoon("2026-07-05T18:00:00Z", "2026-07-05", "2026-07-05")]
#[case::shortly_before_midnight("2026-07-06T03:59:00Z", "2026-07-05", "2026-07-05")]
#[case::after_midnight("2026-07-06T05:00:00Z", "2026-07-05", "2026-07-06")]
#[case::at_six_in_the_morning("2026-07-06T10:00:00Z", "2026-07-06", "2026-07-06")]
fn use_before_six_in_the_morning_also_counts_for_the_evening_before(
    #[case] at: &str,
    #[case] first: &str,
    #[case] last: &str,
) {
    let says = used(at, None);
    assert_eq!((says.first_day, says.last_day), (day(first), day(last)));
}

#[rstest]
#[case::use_of_alcohol(Substance::Alcohol, LapseOutcome::SingleLapse, true)]
#[case::return_to_alcohol(Substance::Alcohol, LapseOutcome::ReturnToUse, true)]
#[case::close_call_with_alcohol(Substance::Alcohol, LapseOutcome::CloseCall, false)]
#[case::close_call_with_opioids(Substance::Opioids, LapseOutcome::CloseCall, true)]
#[case::close_call_with_something_else(Substance::Other, LapseOutcome::CloseCall, true)]
fn a_lapse_is_reported_and_a_close_call_only_if_it_may_have_been_an_opioid(
    #[case] substance: Substance,
    #[case] outcome: LapseOutcome,
    #[case] is_reported: bool,
) {
    let lapse = lapses::reported(lapses::draft("2026-07-06T05:00:00Z", substance, outcome), NOW);
    let says = Use { outcome: Some(outcome), ..used("2026-07-06T05:00:00Z", Some(substance)) };
    assert_eq!(Use::of_lapse(&lapse), is_reported.then_some(says));
    assert_eq!(Use::of_lapse(&lapse::withdraw(&lapse, moment(NOW))), None);
}

#[test]
fn a_craving_that_ended_in_use_is_reported_until_a_correction_changes_its_outcome() {
    let (open, lapsed) = (craving(None), craving(Some(Outcome::Lapsed)));
    let says = used("2026-07-05T18:00:00Z", Some(Substance::Opioids));
    assert_eq!(Use::of_craving(&open), None);
    assert_eq!(Use::of_craving(&lapsed), Some(says));
    assert_eq!(Use::of_craving(&craving::withdraw(&lapsed, moment(NOW))), None);

    let over = passed(&lapsed);
    let other = Use { substance: Some(Substance::Alcohol), ..says };
    for (before, outcome, substance, reported, expected) in [
        (&lapsed, Outcome::Passed, Substance::Opioids, Some(says), None),
        (&lapsed, Outcome::Lapsed, Substance::Opioids, Some(says), Some(says)),
        (&lapsed, Outcome::Lapsed, Substance::Alcohol, Some(says), Some(other)),
        // It passed after the use. A correction of something else sends that outcome again.
        (&over, Outcome::Passed, Substance::Opioids, Some(says), Some(says)),
        (&over, Outcome::Passed, Substance::Alcohol, Some(says), Some(other)),
        (&open, Outcome::Passed, Substance::Opioids, None, None),
        (&open, Outcome::Lapsed, Substance::Opioids, None, Some(says)),
    ] {
        let after = corrected(before, outcome, substance);
        assert_eq!(
            Use::of_corrected_craving(before, &after, reported),
            expected,
            "{outcome:?} {substance:?}"
        );
    }
}

#[test]
fn a_second_report_of_one_entry_includes_the_days_of_the_first() {
    let now = moment(NOW);
    let first = report(1, used("2026-07-03T18:00:00Z", Some(Substance::Opioids)), now);
    let seen = first.acknowledge(someone(), now);
    let again = |before: UseReport, substance| {
        let says = used("2026-07-05T18:00:00Z", Some(substance));
        UseReport::report(ReportSource::Craving, Uuid::from_u128(1), Some(&before), says, now)
    };
    let twice = again(seen, Substance::Opioids);
    assert_eq!((twice.says.first_day, twice.says.last_day), (day("2026-07-03"), day("2026-07-05")));
    assert_eq!(
        (twice.says.substance, twice.revision, twice.needs_attention()),
        (Some(Substance::Opioids), 2, true)
    );
    assert_eq!(again(first, Substance::Alcohol).says.substance, None, "it may be either");
}

#[test]
fn one_evening_is_one_group_whichever_entries_report_it() {
    let now = moment(NOW);
    let craving = recorded(
        CravingDraft {
            outcome: Some(Outcome::Lapsed),
            ..draft("2026-07-06T03:30:00Z", "America/New_York", 8)
        },
        NOW,
    );
    let sent = lapses::draft("2026-07-06T04:30:00Z", Substance::Alcohol, LapseOutcome::SingleLapse);
    let lapse = Use::of_lapse(&lapses::reported(sent, NOW)).unwrap();
    let day_of = |day| Use { first_day: day, last_day: day, substance: None, outcome: None };
    let reports = [
        report(1, Use::of_craving(&craving).unwrap(), now),
        UseReport::report(ReportSource::Lapse, Uuid::from_u128(2), None, lapse, now),
        UseReport::report(ReportSource::CheckIn, Uuid::from_u128(3), None, day_of(day("2026-07-05")), now),
        report(4, used("2026-07-06T18:00:00Z", None), now),
    ];
    let groups = by_day(&reports, tag);
    let found: Vec<_> = groups.iter().map(|group| (group.day, group.reports.len())).collect();
    assert_eq!(found, [(day("2026-07-06"), 1), (day("2026-07-05"), 3)]);
}

#[test]
fn a_caseload_shows_what_may_have_been_an_opioid_first_and_what_was_acknowledged_for_14_days() {
    let now = moment("2026-07-20T12:00:00Z");
    let at = |id, on: &str, substance| {
        let at = format!("2026-{on}T18:00:00Z");
        report(id, used(&at, substance), moment(&at))
    };
    let seen = |one: UseReport| one.acknowledge(someone(), now);
    let opioid = at(1, "01-02", Some(Substance::Opioids));
    let unknown = at(2, "01-03", None);
    let alcohol = at(3, "07-18", Some(Substance::Alcohol));
    let recent = seen(at(4, "07-19", Some(Substance::Opioids)));
    let old = seen(at(5, "07-05", Some(Substance::Opioids)));
    let shown: Vec<_> = for_caseload(&[old, recent, alcohol, unknown, opioid], now, tag)
        .iter()
        .map(|group| (group.day.to_string(), group.needs_attention, group.may_be_opioid))
        .collect();
    let expected = [
        ("2026-01-03", true, true),
        ("2026-01-02", true, true),
        ("2026-07-18", true, false),
        ("2026-07-19", false, true),
    ];
    assert_eq!(shown, expected.map(|(day, needs, opioid)| (day.to_owned(), needs, opioid)));
}

/// What can happen to the report of one entry.
#[derive(Clone, Copy, Debug)]
enum Change {
    Report(Use),
    Revise(Option<Use>),
    Acknowledge,
}

fn any_use() -> impl Strategy<Value = Use> {
    (0i32..4, 0i32..3, 0usize..4).prop_map(|(first, days, substance)| {
        let first_day = day("2026-07-01").plus(first);
        let substance =
            [None, Some(Substance::Alcohol), Some(Substance::Opioids), Some(Substance::Other)][substance];
        Use { first_day, last_day: first_day.plus(days), substance, outcome: None }
    })
}
fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any_use().prop_map(Change::Report),
        prop::option::of(any_use()).prop_map(Change::Revise),
        Just(Change::Acknowledge),
    ]
}
fn changed(id: u128, before: Option<UseReport>, change: Change, now: Moment) -> Option<UseReport> {
    let id = Uuid::from_u128(id);
    match change {
        Change::Report(says) => {
            Some(UseReport::report(ReportSource::Craving, id, before.as_ref(), says, now))
        }
        Change::Revise(says) => UseReport::revise(ReportSource::Craving, id, before.as_ref(), says, now),
        Change::Acknowledge => before.map(|before| before.acknowledge(someone(), now)),
    }
}

proptest! {
    #[test]
    fn a_report_needs_attention_from_each_new_revision_until_it_is_acknowledged_or_withdrawn(
        changes in prop::collection::vec(any_change(), 0..12), last in any_use(),
    ) {
        let mut now = moment(NOW);
        let mut report: Option<UseReport> = None;
        for change in changes {
            now = now.plus(SignedDuration::from_mins(1));
            let before = report;
            report = changed(1, before, change, now);
            let (was, is) = (before.and_then(|one| one.reported()), report.and_then(|one| one.reported()));
            let revision = |one: Option<UseReport>| one.map_or(0, |one| one.revision);
            let is_new = revision(report) == revision(before) + 1;
            prop_assert!(is_new || revision(report) == revision(before));
            match change {
                Change::Report(says) => {
                    let is = is.unwrap();
                    prop_assert!(is_new && is.first_day <= says.first_day && says.last_day <= is.last_day);
                    prop_assert!(!may_be_opioid(says.substance) || may_be_opioid(is.substance));
                    let was = was.unwrap_or(is);
                    prop_assert!(is.first_day <= was.first_day && was.last_day <= is.last_day);
                    prop_assert!(!may_be_opioid(was.substance) || may_be_opioid(is.substance));
                }
                Change::Revise(says) => prop_assert!(is == says && is_new == (was != is)),
                Change::Acknowledge => prop_assert!(!is_new && was == is),
            }
            let needs = report.is_some_and(|one| one.needs_attention());
            if is_new {
                prop_assert_eq!(needs, is.is_some());
                prop_assert!(is.is_none() || report.unwrap().reported_at == now);
            }
            prop_assert!(!matches!(change, Change::Acknowledge) || !needs);
        }
        let again = changed(1, report, Change::Report(last), now).unwrap();
        prop_assert!(again.needs_attention(), "whatever came before");
        let seen = again.acknowledge(someone(), now);
        prop_assert_eq!(seen.acknowledge(Uuid::from_u128(8).into(), now), seen, "the first one counts");
    }

    #[test]
    fn every_report_that_needs_attention_is_in_the_caseload_and_the_most_urgent_is_first(
        (reports, shuffled) in prop::collection::vec((prop::collection::vec(any_change(), 1..4), 0i64..30), 0..10)
            .prop_flat_map(|all| {
                let reports: Vec<_> = (1..).zip(all).filter_map(|(id, (changes, days))| {
                    let at = moment(NOW).plus(SignedDuration::from_hours(24 * days));
                    changes.into_iter().fold(None, |report, change| changed(id, report, change, at))
                }).collect();
                (Just(reports.clone()), Just(reports).prop_shuffle())
            }),
        withdrawn in any::<bool>(),
    ) {
        let now = moment(NOW).plus(SignedDuration::from_hours(24 * 30));
        let groups = for_caseload(&reports, now, tag);
        prop_assert_eq!(&groups, &for_caseload(&shuffled, now, tag), "in whatever order they are read");
        for report in &reports {
            let group = groups.iter().find(|group| group.reports.contains(report));
            prop_assert!(group.is_some() || !report.needs_attention());
            prop_assert!(group.is_none_or(|group| group.day == report.says.first_day && report.reported().is_some()));
            prop_assert!(group.is_none_or(|group| group.needs_attention || !report.needs_attention()));
        }
        let rank = |group: &UseReportGroup| (!group.needs_attention, !(group.needs_attention && group.may_be_opioid));
        prop_assert!(groups.is_sorted_by_key(rank));
        for group in &groups {
            let seen = group.acknowledge(&group.etag, someone(), now).unwrap();
            let unseen = group.reports.iter().filter(|one| one.needs_attention()).count();
            prop_assert_eq!((seen.len(), group.needs_attention), (unseen, 0 < unseen));
            prop_assert!(seen.iter().all(|one| !one.needs_attention()));
            let other = group.acknowledge("another", someone(), now);
            prop_assert_eq!(other, if group.needs_attention { Err(Refusal::ReportedSince) } else { Ok(vec![]) });
        }
        // Only what was seen is acknowledged, so any change of it changes the tag.
        if let Some(report) = reports.iter().find(|one| one.needs_attention()) {
            let day = report.says.first_day;
            let change = if withdrawn { Change::Revise(None) } else { Change::Report(report.says) };
            let later = changed(Uuid::from(report.id).as_u128(), Some(*report), change, now).unwrap();
            let after: Vec<_> = reports.iter().map(|one| if one.id == report.id { later } else { *one }).collect();
            let etag = |all: &[UseReport]| by_day(all, tag).into_iter().find(|group| group.day == day).map(|group| group.etag);
            prop_assert_ne!(etag(&reports), etag(&after));
        }
    }
}
