use super::*;
use crate::craving::tests::moment;
use crate::log_entry::Correction;
use crate::recovery::lapse::{self, LapseDraft};
use crate::recovery::milestone::milestones;
use crate::recovery::sobriety_date::tests::{day, draft};
use crate::recovery::sobriety_date::{self, SobrietyDateDraft};
use proptest::prelude::*;
use rstest::rstest;

fn new_york() -> TimeZone {
    TimeZone::try_from("America/New_York".to_owned()).unwrap()
}
fn begun(id: u128, draft: SobrietyDateDraft, now: &str) -> SobrietyDate {
    sobriety_date::record(Uuid::from_u128(1).into(), Uuid::from_u128(id).into(), draft, &[], moment(now))
        .unwrap()
}
fn since(id: u128, since: &str) -> SobrietyDate {
    begun(id, draft(since, "2026-12-01T12:00:00Z"), "2026-12-01T12:00:00Z")
}
fn corrected(id: u128, of: &SobrietyDate, since: &str, reported_at: &str) -> SobrietyDate {
    let correction = SobrietyDateDraft { corrects: Some(of.id), ..draft(since, reported_at) };
    begun(id, correction, "2026-12-01T12:00:00Z")
}
fn lapsed(id: u128, at: &str, outcome: LapseOutcome) -> Lapse {
    lapsed_with(Substance::Alcohol, id, moment(at), outcome, moment(at))
}
fn lapsed_with(substance: Substance, id: u128, at: Moment, outcome: LapseOutcome, now: Moment) -> Lapse {
    let time_zone = new_york();
    let draft = LapseDraft { occurred_at: at, time_zone, substance, outcome, note: None, craving: None };
    lapse::report(Uuid::from_u128(1).into(), Uuid::from_u128(id).into(), draft, now)
}
fn read(starts: &[SobrietyDate], lapses: &[Lapse], now: Moment) -> (Course, Count) {
    let course = course(Substance::Alcohol, starts, lapses, milestones(), &new_york(), now);
    let count = course.count.clone().unwrap();
    (course, count)
}
fn counted(starts: &[SobrietyDate], lapses: &[Lapse], now: &str) -> Count {
    read(starts, lapses, moment(now)).1
}
fn codes(reached: &[Reached]) -> Vec<(&str, String)> {
    reached.iter().map(|one| (one.code.as_ref(), one.on.to_string())).collect()
}

#[rstest]
#[case::the_first_evening("2026-02-01T04:59:59Z", 0)]
#[case::midnight_there("2026-02-01T05:00:00Z", 1)]
#[case::thirty_days("2026-03-02T05:00:00Z", 30)]
#[case::over_the_skipped_hour("2026-03-09T04:00:00Z", 37)]
#[case::a_year("2027-01-31T17:00:00Z", 365)]
fn sober_days_are_days_of_the_persons_calendar(#[case] now: &str, #[case] days: i32) {
    let count = counted(&[since(2, "2026-01-31")], &[], now);
    assert_eq!((count.current.unwrap().days, count.lifetime_days, count.longest_days), (days, days, days));
}

#[test]
fn milestones_are_reached_one_after_the_other_and_the_next_is_shown() {
    let count = counted(&[since(2, "2026-01-31")], &[], "2026-04-21T12:00:00Z");
    let expected = [("24_hours", "2026-02-01"), ("30_days", "2026-03-02"), ("60_days", "2026-04-01")];
    assert_eq!(codes(&count.reached), expected.map(|(code, on)| (code, on.to_owned())));
    let next = count.next.unwrap();
    assert_eq!((next.code.as_ref(), next.on, next.days_to_go), ("90_days", day("2026-05-01"), 10));
    let past_all = counted(&[since(2, "1900-01-01")], &[], "2026-04-21T12:00:00Z");
    assert_eq!((past_all.next, past_all.reached.len()), (None, milestones().len()));
}

#[test]
fn a_single_use_begins_a_new_count_and_the_days_before_it_still_count() {
    let starts = [since(2, "2026-01-31")];
    let lapses = [lapsed(3, "2026-03-12T01:00:00Z", LapseOutcome::SingleLapse)];
    let (course, count) = read(&starts, &lapses, moment("2026-03-16T12:00:00Z"));
    let run = count.current.as_ref().unwrap();
    assert_eq!((run.since, run.days), (day("2026-03-11"), 5));
    assert_eq!((count.lifetime_days, count.longest_days), (44, 39));
    assert_eq!(count.past, [PastPeriod { since: day("2026-01-31"), until: day("2026-03-11"), days: 39 }]);
    assert_eq!((course.lapses, course.close_calls, course.last_lapse_on), (1, 0, Some(day("2026-03-11"))));
    assert_eq!(codes(&count.reached)[1], ("30_days", "2026-03-02".to_owned()), "it stays reached");
    assert_eq!(run.milestones.iter().map(AsRef::as_ref).collect::<Vec<_>>(), ["24_hours"]);
    let next = count.next.unwrap();
    assert_eq!((next.code.as_ref(), next.on), ("30_days", day("2026-04-10")));
}

#[test]
fn the_24_hours_after_a_lapse_are_counted_from_the_lapse() {
    let lapses = [lapsed(3, "2026-03-12T01:00:00Z", LapseOutcome::SingleLapse)];
    let codes_at = |now| counted(&[], &lapses, now).reached.len();
    assert_eq!((codes_at("2026-03-13T00:59:59Z"), codes_at("2026-03-13T01:00:00Z")), (0, 1));
}

#[test]
fn a_close_call_changes_no_count() {
    let starts = [since(2, "2026-01-31")];
    let close = [lapsed(3, "2026-03-12T01:00:00Z", LapseOutcome::CloseCall)];
    let now = moment("2026-03-16T12:00:00Z");
    let (course, count) = read(&starts, &close, now);
    assert_eq!(count, read(&starts, &[], now).1);
    assert_eq!((course.lapses, course.close_calls, course.last_lapse_on), (0, 1, None));
}

#[test]
fn after_a_return_to_use_there_is_no_count_until_another_sobriety_date() {
    let first = since(2, "2026-01-31");
    let lapses = [
        lapsed(3, "2026-03-12T01:00:00Z", LapseOutcome::ReturnToUse),
        lapsed(4, "2026-03-14T01:00:00Z", LapseOutcome::SingleLapse),
    ];
    let count = counted(std::slice::from_ref(&first), &lapses, "2026-03-16T12:00:00Z");
    assert_eq!((count.current, count.next, count.lifetime_days), (None, None, 39));
    let another = since(5, "2026-03-20");
    let count = counted(&[first, another], &lapses, "2026-03-25T12:00:00Z");
    let run = count.current.unwrap();
    assert_eq!((run.since, run.days), (day("2026-03-20"), 5));
    assert_eq!((count.lifetime_days, count.longest_days), (44, 39));
}

#[rstest]
#[case::reported_before_it("2026-03-12T12:00:00Z", false)]
#[case::reported_after_it("2026-03-12T20:00:00Z", true)]
fn sober_since_today_means_after_what_happened_today(#[case] reported_at: &str, #[case] running: bool) {
    let lapses = [lapsed(3, "2026-03-12T16:00:00Z", LapseOutcome::ReturnToUse)];
    let starts = [begun(2, draft("2026-03-12", reported_at), reported_at)];
    let count = counted(&starts, &lapses, "2026-03-13T15:00:00Z");
    assert_eq!(count.current.is_some(), running);
    assert_eq!(count.reached, [], "no 24 hours yet");
}

#[test]
fn a_sobriety_date_moved_back_lengthens_the_count_and_adds_no_lapse() {
    let first = since(2, "2026-01-31");
    let back = corrected(3, &first, "2026-01-01", "2026-03-01T12:00:00Z");
    let (course, count) = read(&[first, back], &[], moment("2026-03-02T12:00:00Z"));
    assert_eq!((count.current.unwrap().since, count.lifetime_days), (day("2026-01-01"), 60));
    assert_eq!((course.lapses, count.past.len()), (0, 0));
}

#[test]
fn a_sobriety_date_moved_forward_shortens_the_count_and_a_later_correction_counts() {
    let first = since(2, "2026-01-31");
    let forth = corrected(3, &first, "2026-02-10", "2026-03-01T12:00:00Z");
    let again = corrected(4, &forth, "2026-02-05", "2026-03-01T13:00:00Z");
    let starts = [again, forth.clone(), first.clone()];
    let now = "2026-03-02T12:00:00Z";
    assert_eq!(counted(&[first, forth], &[], now).current.unwrap().since, day("2026-02-10"));
    assert_eq!(counted(&starts, &[], now).current.unwrap().since, day("2026-02-05"));
}

#[test]
fn a_sobriety_date_moved_forward_and_back_across_a_lapse_removes_no_day() {
    let first = since(2, "2026-01-10");
    let forth = corrected(3, &first, "2026-01-20", "2026-03-01T12:00:00Z");
    let back = corrected(4, &first, "2026-01-15", "2026-03-01T13:00:00Z");
    let lapses = [lapsed(5, "2026-01-17T17:00:00Z", LapseOutcome::ReturnToUse)];
    let now = "2026-03-02T12:00:00Z";
    let before = counted(&[first.clone(), forth.clone()], &lapses, now);
    let after = counted(&[first, forth, back], &lapses, now);
    assert_eq!((before.current.unwrap().days, before.lifetime_days), (41, 41));
    assert_eq!((after.current.unwrap().days, after.lifetime_days), (41, 43));
}

#[test]
fn a_correction_waits_for_a_sobriety_date_that_has_not_arrived() {
    let first = since(2, "2026-01-31");
    let back = corrected(3, &first, "2026-01-01", "2026-03-01T12:00:00Z");
    let mut ring = corrected(5, &back, "2026-01-02", "2026-03-01T12:00:00Z");
    ring.corrects = Some(ring.id);
    assert_eq!(counted(&[back, ring], &[], "2026-03-02T12:00:00Z"), Count::default());
}

#[test]
fn a_corrected_sobriety_date_removes_the_milestones_of_the_wrong_one() {
    let wrong = since(2, "2005-01-31");
    let right = corrected(3, &wrong, "2026-01-31", "2026-03-01T12:00:00Z");
    let count = counted(&[wrong, right], &[], "2026-03-02T12:00:00Z");
    assert_eq!(codes(&count.reached).len(), 2, "{count:?}");
    assert_eq!(count.reached[1].code.as_ref(), "30_days");
}

#[rstest]
#[case::reported_at_once("2026-02-20T12:00:00Z", 1)]
#[case::reported_after_30_days("2026-03-03T12:00:00Z", 2)]
#[case::reported_after_60_days("2026-04-02T12:00:00Z", 3)]
fn a_lapse_removes_no_milestone_that_was_reached_before_it_was_reported(
    #[case] reported_at: &str,
    #[case] reached: usize,
) {
    let start = since(2, "2026-01-31");
    let (at, outcome) = (moment("2026-02-20T12:00:00Z"), LapseOutcome::ReturnToUse);
    let late = lapsed_with(Substance::Alcohol, 3, at, outcome, moment(reported_at));
    let count = counted(std::slice::from_ref(&start), std::slice::from_ref(&late), "2026-06-01T12:00:00Z");
    assert_eq!((count.reached.len(), count.lifetime_days), (reached, 20));
    let next = lapsed(4, "2026-02-28T12:00:00Z", LapseOutcome::SingleLapse);
    let count = counted(&[start], &[late, next], "2026-06-01T12:00:00Z");
    assert_eq!(count.reached.len(), 1, "what ended the count was reported by then");
}

#[rstest]
#[case::a_close_call(Substance::Alcohol, LapseOutcome::CloseCall, 3)]
#[case::use_of_something_else(Substance::Cannabis, LapseOutcome::ReturnToUse, 3)]
#[case::use_from_the_beginning(Substance::Alcohol, LapseOutcome::SingleLapse, 1)]
fn a_correction_to_use_removes_no_milestone_that_was_reached_before_it(
    #[case] substance: Substance,
    #[case] outcome: LapseOutcome,
    #[case] reached: usize,
) {
    let start = since(2, "2026-01-31");
    let at = moment("2026-02-20T12:00:00Z");
    let first = lapsed_with(substance, 3, at, outcome, at);
    let (substance, outcome) = (Substance::Alcohol, LapseOutcome::ReturnToUse);
    let entry = LapseDraft { substance, outcome, ..first.draft.clone() };
    let correction = Correction { reason: None, entry };
    let (revisions, now) = ([first.first_revision()], moment("2026-04-02T12:00:00Z"));
    let id = Uuid::from_u128(9).into();
    let (corrected, _) = lapse::correct(&first, &revisions, id, &correction, now).unwrap().unwrap();
    let count = counted(&[start], &[corrected], "2026-06-01T12:00:00Z");
    assert_eq!((count.reached.len(), count.lifetime_days), (reached, 20));
}

#[test]
fn a_sobriety_date_after_a_single_use_sets_the_first_day() {
    let lapses = [lapsed(3, "2026-11-01T17:00:00Z", LapseOutcome::SingleLapse)];
    let now = "2026-11-24T12:00:00Z";
    let run = |starts: &[SobrietyDate]| counted(starts, &lapses, now).current.unwrap();
    assert_eq!((run(&[]).since, run(&[]).days), (day("2026-11-01"), 23));
    let start = since(2, "2026-11-10");
    assert_eq!(
        (run(std::slice::from_ref(&start)).since, run(std::slice::from_ref(&start)).days),
        (day("2026-11-10"), 14)
    );
    assert_eq!(run(&[since(4, "2026-10-01"), start.clone()]).since, day("2026-11-10"));
    let back = corrected(5, &start, "2026-11-05", "2026-11-20T12:00:00Z");
    assert_eq!(run(&[start.clone(), back]).since, day("2026-11-05"));
    let across = corrected(5, &start, "2026-10-05", "2026-11-20T12:00:00Z");
    assert_eq!(
        run(&[start, across]).since,
        day("2026-11-01"),
        "a correction across the use sets no first day"
    );
}

#[test]
fn the_latest_correction_counts_when_what_it_corrects_was_withdrawn() {
    let now = "2026-03-02T12:00:00Z";
    let first = since(2, "2026-01-31");
    let second = corrected(3, &first, "2026-01-20", "2026-02-02T12:00:00Z");
    let third = corrected(4, &second, "2026-01-25", "2026-02-03T12:00:00Z");
    let gone = |start: &SobrietyDate| sobriety_date::withdraw(start, moment(now));
    for starts in [
        [gone(&first), second.clone(), third.clone()],
        [first.clone(), gone(&second), third.clone()],
        [gone(&first), gone(&second), third.clone()],
    ] {
        assert_eq!(counted(&starts, &[], now).current.unwrap().since, day("2026-01-25"));
    }
    assert_eq!(
        counted(&[first, gone(&second), gone(&third)], &[], now).current.unwrap().since,
        day("2026-01-31")
    );
}

#[test]
fn a_sobriety_date_shows_what_it_changes_in_the_count() {
    use SobrietyDateEffect::{AlreadyRunning, Begins, Corrected, Waits};
    let first = since(2, "2026-01-31");
    let back = corrected(3, &first, "2026-01-20", "2026-02-02T12:00:00Z");
    let other = since(4, "2026-02-10");
    let orphan = SobrietyDate { corrects: Some(Uuid::from_u128(99).into()), ..since(5, "2026-02-10") };
    let starts = [first, back, other, orphan];
    let effects = |lapses: &[Lapse]| starts.each_ref().map(|one| effect(one, &starts, lapses));
    assert_eq!(effects(&[]), [Corrected, Begins, AlreadyRunning, Waits]);
    let between = lapsed(9, "2026-02-05T12:00:00Z", LapseOutcome::ReturnToUse);
    assert_eq!(effects(&[between]), [Corrected, Begins, Begins, Waits]);
}

#[test]
fn each_substance_has_its_own_course_and_withdrawn_entries_do_not_count() {
    let other =
        SobrietyDateDraft { substance: Substance::Nicotine, ..draft("2025-01-01", "2026-02-01T12:00:00Z") };
    let starts = [since(2, "2026-01-31"), begun(3, other, "2026-02-01T12:00:00Z")];
    let gone = lapse::withdraw(
        &lapsed(4, "2026-03-01T12:00:00Z", LapseOutcome::ReturnToUse),
        moment("2026-03-02T12:00:00Z"),
    );
    let (course, count) = read(&starts, &[gone], moment("2026-03-02T12:00:00Z"));
    assert_eq!((course.lapses, count.lifetime_days), (0, 30));
    let withdrawn = sobriety_date::withdraw(&starts[0], moment("2026-03-02T12:00:00Z"));
    assert_eq!(counted(&[withdrawn], &[], "2026-03-02T12:00:00Z"), Count::default());
}

#[test]
fn a_hidden_counter_shows_no_number_of_days() {
    let (course, _) = read(&[since(2, "2026-01-31")], &[], moment("2026-03-02T12:00:00Z"));
    assert_eq!(course.clone().shown(CounterChoice::default()), course);
    let json = serde_json::to_value(course.shown(CounterChoice { hidden: true })).unwrap();
    let expected =
        serde_json::json!({ "substance": "alcohol", "lapses": 0, "close_calls": 0, "last_lapse_on": null });
    assert_eq!(json, expected);
}

const NOW: &str = "2026-12-01T12:00:00Z";

/// A sobriety date or a correction, `ago` days before now.
#[derive(Clone, Debug)]
struct AnyStart {
    ago: i32,
    reported_ago: i64,
    corrects: Option<usize>,
}
fn any_starts() -> impl Strategy<Value = Vec<SobrietyDate>> {
    let one =
        (0i32..400, 0i64..400, prop::option::of(0usize..6)).prop_map(|(ago, reported_ago, corrects)| {
            AnyStart { ago: ago.max(i32::try_from(reported_ago).unwrap()), reported_ago, corrects }
        });
    prop::collection::vec(one, 0..6).prop_map(|all| {
        let starts: Vec<_> =
            (100u128..).zip(&all).map(|(id, one)| start_of(id, one.ago, one.reported_ago, None)).collect();
        let ids: Vec<_> = starts.iter().map(|one| one.id).collect();
        let named = |(start, one): (SobrietyDate, &AnyStart)| SobrietyDate {
            corrects: one.corrects.and_then(|of| ids.get(of).copied()).filter(|of| *of != start.id),
            ..start
        };
        starts.into_iter().zip(&all).map(named).collect()
    })
}
fn start_of(id: u128, ago: i32, reported_ago: i64, corrects: Option<SobrietyDateId>) -> SobrietyDate {
    let now = moment(NOW);
    let reported_at = now.plus(SignedDuration::from_hours(-24 * reported_ago));
    let since = now.local_day(&new_york()).plus(-ago);
    begun(id, SobrietyDateDraft { since, reported_at, corrects, ..draft("2026-01-01", NOW) }, NOW)
}
fn lapse_of(id: u128, hours_ago: i64, outcome: LapseOutcome) -> Lapse {
    let at = moment(NOW).plus(SignedDuration::from_hours(-hours_ago));
    lapsed_with(Substance::Alcohol, id, at, outcome, at)
}
fn any_lapses() -> impl Strategy<Value = Vec<Lapse>> {
    prop::collection::vec((1i64..9600, prop::sample::select(LapseOutcome::ALL)), 0..6).prop_map(|all| {
        (200u128..).zip(all).map(|(id, (hours, outcome))| lapse_of(id, hours, outcome)).collect()
    })
}

proptest! {
    #[test]
    fn the_order_in_which_entries_arrive_does_not_matter(
        (starts, shuffled_starts) in any_starts().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        (lapses, shuffled_lapses) in any_lapses().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        prop_assert_eq!(
            read(&starts, &lapses, moment(NOW)), read(&shuffled_starts, &shuffled_lapses, moment(NOW))
        );
    }

    #[test]
    fn a_sobriety_date_moved_back_adds_no_lapse_and_removes_no_day(
        starts in any_starts(), lapses in any_lapses(), which in any::<prop::sample::Index>(),
        ago in 0i32..400, by in 1i32..400
    ) {
        let starts = [starts, vec![start_of(98, ago, 0, None)]].concat();
        let (before, count) = read(&starts, &lapses, moment(NOW));
        let one = which.get(&starts);
        // A new latest correction, to an earlier day than the latest one so far.
        let all: Vec<_> = starts.iter().collect();
        let begin = root(one, &all).map(|root| root.id);
        let said = starts.iter().filter(|other| begin.is_some() && root(other, &all).map(|root| root.id) == begin);
        let last = said.max_by_key(|other| (other.corrects.is_some(), other.said_at(), other.id)).unwrap_or(one);
        let back = SobrietyDate { since: last.since.plus(-by), ..start_of(999, 0, 0, Some(one.id)) };
        let (after, longer) = read(&[starts, vec![back]].concat(), &lapses, moment(NOW));
        prop_assert_eq!((before.lapses, before.close_calls), (after.lapses, after.close_calls));
        prop_assert!(count.lifetime_days <= longer.lifetime_days);
        prop_assert!(count.longest_days <= longer.longest_days);
        prop_assert!(count.past.len() <= longer.past.len());
    }

    #[test]
    fn a_lapse_removes_no_day_and_no_milestone_from_before_it(
        starts in any_starts(), lapses in any_lapses(), outcome in prop::sample::select(LapseOutcome::ALL)
    ) {
        let count = read(&starts, &lapses, moment(NOW)).1;
        let all = [lapses.clone(), vec![lapse_of(300, 0, outcome)]].concat();
        let after = read(&starts, &all, moment(NOW)).1;
        prop_assert_eq!((count.lifetime_days, count.longest_days), (after.lifetime_days, after.longest_days));
        prop_assert_eq!(&count.reached, &after.reached);
        // Later there are as many days or more.
        let later = read(&starts, &all, moment("2027-03-01T12:00:00Z")).1;
        prop_assert!(after.lifetime_days <= later.lifetime_days && after.longest_days <= later.longest_days);
        for one in &after.reached {
            prop_assert!(later.reached.contains(one));
        }
    }

    #[test]
    fn a_single_use_removes_no_lifetime_days_unless_a_later_sobriety_date_sets_the_first_day(
        starts in any_starts(), lapses in any_lapses(), hours in 0i64..9600
    ) {
        let single = lapse_of(300, hours, LapseOutcome::SingleLapse);
        let starts: Vec<_> = starts.into_iter().filter(|one| one.since < single.local_day).collect();
        let count = read(&starts, &lapses, moment(NOW)).1;
        let all = [lapses, vec![single]].concat();
        prop_assert!(count.lifetime_days <= read(&starts, &all, moment(NOW)).1.lifetime_days);
    }

    #[test]
    fn a_lapse_reported_now_removes_no_milestone(
        starts in any_starts(), lapses in any_lapses(), late in any_lapses()
    ) {
        // Without single lapses: an earlier return to use would end the count that one of them began.
        let started: Vec<_> =
            lapses.into_iter().filter(|one| one.draft.outcome != LapseOutcome::SingleLapse).collect();
        let before = read(&starts, &started, moment(NOW)).1.reached;
        let late = (1000u128..).zip(late).map(|(id, one)| {
            let LapseDraft { substance, occurred_at, outcome, .. } = one.draft;
            lapsed_with(substance, id, occurred_at, outcome, moment(NOW))
        });
        let after = read(&starts, &[started.clone(), late.collect()].concat(), moment(NOW)).1.reached;
        let codes: Vec<_> = after.iter().map(|one| &one.code).collect();
        for one in &before {
            prop_assert!(codes.contains(&&one.code), "{:?}", one);
        }
    }

    #[test]
    fn periods_follow_each_other_and_add_up(starts in any_starts(), lapses in any_lapses()) {
        let count = read(&starts, &lapses, moment(NOW)).1;
        prop_assert!(count.past.is_sorted_by(|a, b| a.until <= b.since));
        let days = count.past.iter().map(|run| run.days).sum::<i32>() + count.current.map_or(0, |run| run.days);
        prop_assert_eq!(days, count.lifetime_days);
        prop_assert!(count.longest_days <= count.lifetime_days);
    }
}
