use super::*;
use crate::craving::Substance;
use crate::craving::tests::moment;
use crate::recovery::use_report::UseReport;
use proptest::prelude::*;
use rstest::rstest;
use uuid::Uuid;

const NEW_YORK: &str = "America/New_York";

fn zone(name: &str) -> TimeZone {
    TimeZone::try_from(name.to_owned()).unwrap()
}
fn day(text: &str) -> Day {
    text.parse::<civil::Date>().unwrap().into()
}
fn id(number: u128) -> CheckInId {
    Uuid::from_u128(number).into()
}
fn someone() -> ParticipantId {
    Uuid::from_u128(1).into()
}
fn answers(json: serde_json::Value) -> Answers {
    serde_json::from_value(json).unwrap()
}
fn daily(at: &str, mood: i16) -> CheckInDraft {
    CheckInDraft {
        kind: CheckInKind::Daily,
        version: 1,
        day: None,
        occurred_at: moment(at),
        time_zone: zone(NEW_YORK),
        answers: answers(serde_json::json!({ "mood": mood, "craving_worst": 4, "confidence": 8 })),
        reason: None,
    }
}
fn weekly(at: &str) -> CheckInDraft {
    let answers = answers(serde_json::json!({
        "low_days": 1, "craving": 2, "support_days": 4, "confidence": 8, "signs": ["lying", "isolating"],
    }));
    CheckInDraft { kind: CheckInKind::Weekly, answers, ..daily(at, 5) }
}
fn about(named: &str, draft: CheckInDraft) -> CheckInDraft {
    CheckInDraft { day: Some(day(named)), ..draft }
}
/// Sends check-ins in this order. Returns the current version and all stored revisions.
fn sent(all: &[(u128, CheckInDraft)], now: &str) -> (CheckIn, Vec<CheckInRevision>) {
    let mut stored = Vec::new();
    let mut current = None;
    for (number, draft) in all {
        let answered = answer(someone(), &stored, id(*number), draft, moment(now)).unwrap();
        stored.extend(answered.new);
        current = Some(answered.check_in);
    }
    (current.unwrap(), stored)
}

#[rstest]
#[case::in_the_evening(daily("2026-07-01T00:30:00Z", 5), "2026-06-30")]
#[case::an_hour_after_midnight(daily("2026-07-01T05:00:00Z", 5), "2026-07-01")]
#[case::of_yesterday(about("2026-06-30", daily("2026-07-01T05:00:00Z", 5)), "2026-06-30")]
#[case::on_a_sunday(weekly("2026-03-08T20:00:00Z"), "2026-03-02")]
#[case::on_a_monday(weekly("2026-03-09T20:00:00Z"), "2026-03-09")]
#[case::of_last_week(about("2026-03-05", weekly("2026-03-09T20:00:00Z")), "2026-03-02")]
#[case::over_new_year(weekly("2027-01-01T20:00:00Z"), "2026-12-28")]
fn a_check_in_counts_on_the_day_or_week_it_is_about(#[case] draft: CheckInDraft, #[case] counts_on: &str) {
    let placed = place(&draft, draft.occurred_at).unwrap();
    assert_eq!(placed, Placed { day: day(counts_on), clock_suspect: false, late: false, closed: false });
}

#[rstest]
#[case::an_ordinary_day("2026-07-01", NEW_YORK, "2026-07-01T04:00:00Z", "2026-07-03T04:00:00Z")]
#[case::a_day_of_23_hours("2026-03-08", NEW_YORK, "2026-03-08T05:00:00Z", "2026-03-10T04:00:00Z")]
#[case::a_day_of_25_hours("2026-11-01", NEW_YORK, "2026-11-01T04:00:00Z", "2026-11-03T05:00:00Z")]
#[case::the_day_before_the_skip("2026-03-07", NEW_YORK, "2026-03-07T05:00:00Z", "2026-03-09T05:00:00Z")]
#[case::no_midnight("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-06T02:00:00Z")]
fn a_daily_check_in_is_open_from_the_start_of_its_day_until_24_hours_after_its_end(
    #[case] of: &str,
    #[case] name: &str,
    #[case] opens: &str,
    #[case] closes: &str,
) {
    let window = Window::of(CheckInKind::Daily, day(of), &zone(name)).unwrap();
    assert_eq!((window.opens_at, window.closes_at), (moment(opens), moment(closes)));
    let at = |at: Moment| {
        let draft = CheckInDraft { occurred_at: at, time_zone: zone(name), ..about(of, daily(opens, 5)) };
        place(&draft, at).map(|placed| placed.day)
    };
    let tick = SignedDuration::from_micros(1);
    assert_eq!(at(window.opens_at.plus(-tick)), Err(Refusal::NotYet));
    assert_eq!(at(window.opens_at), Ok(day(of)));
    assert_eq!(at(window.closes_at.plus(-tick)), Ok(day(of)));
    assert_eq!(at(window.closes_at), Err(Refusal::Closed));
}

#[test]
fn a_weekly_check_in_is_open_until_72_hours_after_its_week() {
    let window = Window::of(CheckInKind::Weekly, day("2026-03-05"), &zone(NEW_YORK)).unwrap();
    let expected = (moment("2026-03-02T05:00:00Z"), moment("2026-03-12T04:00:00Z"));
    assert_eq!((window.opens_at, window.closes_at), expected, "the week has 167 hours");
    let asked = |at: &str| place(&about("2026-03-05", weekly(at)), moment(at)).map(|placed| placed.day);
    assert_eq!(asked("2026-03-12T03:59:59Z"), Ok(day("2026-03-02")));
    assert_eq!(asked("2026-03-12T04:00:00Z"), Err(Refusal::Closed));
}

#[rstest]
#[case::at_once("2026-07-01T12:00:00Z", false)]
#[case::as_the_time_ends("2026-07-03T03:59:59Z", false)]
#[case::a_moment_later("2026-07-03T04:00:00Z", true)]
#[case::after_five_months("2026-12-01T00:00:00Z", true)]
fn a_check_in_filled_in_within_its_window_is_accepted_whenever_it_arrives(
    #[case] now: &str,
    #[case] late: bool,
) {
    let (check_in, stored) = sent(&[(2, daily("2026-07-01T12:00:00Z", 5))], now);
    assert_eq!((check_in.day, check_in.late, stored[0].late), (day("2026-07-01"), late, late));
    assert!(!check_in.clock_suspect);
}

#[test]
fn a_check_in_from_a_clock_that_is_ahead_is_flagged_and_counts_on_the_day_it_arrived() {
    let now = "2026-07-01T12:00:00Z";
    for draft in [daily("2031-01-01T03:00:00Z", 5), about("2030-12-31", daily("2031-01-01T03:00:00Z", 5))] {
        let (check_in, _) = sent(&[(2, draft.clone())], now);
        assert_eq!((check_in.day, check_in.clock_suspect, check_in.late), (day("2026-07-01"), true, false));
        assert_eq!(check_in.occurred_at, draft.occurred_at);
    }
    let yesterday = about("2026-06-30", daily("2026-07-01T13:00:00Z", 5));
    assert_eq!(place(&yesterday, moment(now)).unwrap().day, day("2026-06-30"));
}

#[test]
fn after_the_window_an_answer_can_be_corrected_with_a_reason() {
    let first = daily("2026-07-01T12:00:00Z", 5);
    let (_, stored) = sent(&[(2, first)], "2026-07-01T12:00:00Z");
    let later = "2026-09-01T12:00:00Z";
    let unexplained = about("2026-07-01", daily(later, 7));
    assert_eq!(answer(someone(), &stored, id(3), &unexplained, moment(later)), Err(Refusal::Closed));
    let correction = CheckInDraft { reason: Some("Wrong day".to_owned().try_into().unwrap()), ..unexplained };
    let Answered { check_in, new } = answer(someone(), &stored, id(3), &correction, moment(later)).unwrap();
    assert_eq!((check_in.id, check_in.day, check_in.revision), (id(2), day("2026-07-01"), 2));
    assert_eq!(check_in.answers, correction.answers);
    let new = new.unwrap();
    assert_eq!(new.check_in.reason, correction.reason);
    assert_eq!((new.late, check_in.late), (true, false), "the day was answered in time");
    assert_eq!(answer(someone(), &[], id(3), &correction, moment(later)), Err(Refusal::NeverAnswered));
}

#[test]
fn the_same_again_is_a_repeat_and_other_answers_are_a_revision() {
    let first = daily("2026-07-01T12:00:00Z", 5);
    let better = daily("2026-07-01T20:00:00Z", 7);
    let now = "2026-07-01T21:00:00Z";
    let (check_in, stored) = sent(&[(2, first.clone()), (2, first.clone()), (3, first.clone())], now);
    assert_eq!((check_in.id, check_in.revision, stored.len()), (id(2), 1, 1));
    let (check_in, stored) = sent(&[(2, first.clone()), (3, better.clone()), (2, first.clone())], now);
    assert_eq!((check_in.id, check_in.revision, stored.len()), (id(2), 2, 2));
    assert_eq!(check_in.answers, better.answers);
    assert_eq!((&stored[0].check_in, stored[0].received_at), (&first, moment(now)));
    let clash = answer(someone(), &stored, id(3), &first, moment(now));
    assert_eq!(clash, Err(Refusal::Different));
}

#[test]
fn a_repeat_is_accepted_even_where_a_new_answer_would_be_refused() {
    let draft = CheckInDraft { version: 9, ..daily("2026-07-01T12:00:00Z", 5) };
    let (_, mut stored) = sent(&[(2, daily("2026-07-01T12:00:00Z", 5))], "2026-07-01T12:00:00Z");
    stored[0].check_in = draft.clone();
    let again = answer(someone(), &stored, id(2), &draft, moment("2026-12-01T12:00:00Z")).unwrap();
    assert_eq!((again.new, again.check_in.version), (None, 9));
    let fresh = answer(someone(), &[], id(2), &draft, moment("2026-07-01T12:00:00Z"));
    assert_eq!(fresh.unwrap_err().faults()[0].0, "/version");
}

#[test]
fn answers_that_do_not_fit_name_their_questions() {
    let odd = answers(serde_json::json!({ "mood": 11, "craving_worst": 4, "weight": 70 }));
    let draft = CheckInDraft { answers: odd, ..daily("2026-07-01T12:00:00Z", 5) };
    let refusal = answer(someone(), &[], id(2), &draft, moment("2026-07-01T12:00:00Z")).unwrap_err();
    let pointers: Vec<_> = refusal.faults().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/answers/mood", "/answers/weight", "/answers/confidence"]);
}

#[test]
fn the_fifty_first_revision_is_refused_but_a_repeat_is_not() {
    let at = |minute: u128| daily(&format!("2026-07-01T12:{minute:02}:00Z"), 5);
    let all: Vec<_> = (0..50).map(|number| (number, at(number))).collect();
    let (_, stored) = sent(&all, "2026-07-01T14:00:00Z");
    let now = moment("2026-07-01T14:00:00Z");
    assert_eq!(answer(someone(), &stored, id(50), &at(50), now), Err(Refusal::TooManyRevisions));
    assert_eq!(answer(someone(), &stored, id(0), &at(0), now).unwrap().new, None);
}

#[test]
fn a_day_is_answered_only_by_its_own_daily_check_in() {
    let now = "2026-07-02T12:00:00Z";
    let (today, _) = sent(&[(2, daily("2026-07-01T12:00:00Z", 5))], now);
    let (week, _) = sent(&[(3, weekly("2026-06-29T12:00:00Z"))], now);
    let all = [today, week];
    assert!(answered_on(&all, day("2026-07-01")));
    assert!(!answered_on(&all, day("2026-06-29")) && !answered_on(&all, day("2026-07-02")));
}

#[test]
fn the_figures_of_a_day_are_what_was_answered() {
    let full = answers(serde_json::json!({
        "mood": 6, "sleep_hours": 7.5, "craving_worst": 4, "stress": 3, "confidence": 8, "any_use": false
    }));
    let draft = CheckInDraft { answers: full, ..daily("2026-07-01T12:00:00Z", 5) };
    let (check_in, _) = sent(&[(2, draft)], "2026-07-01T12:00:00Z");
    let json = serde_json::json!({
        "mood": 6, "sleep_hours": 7.5, "stress": 3, "confidence": 8, "craving_worst": 4, "any_use": false
    });
    assert_eq!(serde_json::to_value(DayFigures::of(&check_in)).unwrap(), json);
    let (bare, _) = sent(&[(2, daily("2026-07-01T12:00:00Z", 5))], "2026-07-01T12:00:00Z");
    let figures = DayFigures::of(&bare);
    assert_eq!((figures.mood, figures.sleep_hours, figures.any_use), (Some(5), None, None));
    let (week, _) = sent(&[(2, weekly("2026-07-01T12:00:00Z"))], "2026-07-01T12:00:00Z");
    assert_eq!(DayFigures::of(&week), DayFigures::default());
    assert_eq!(signs_seen(&week).iter().map(|seen| seen.day).collect::<Vec<_>>(), [day("2026-07-01"); 2]);
    assert_eq!(signs_seen(&bare), []);
}

/// The report of a check-in after these were sent in turn; each with these answers besides.
fn reported(all: &[(CheckInDraft, serde_json::Value)]) -> Option<UseReport> {
    let with = |(draft, more): &(CheckInDraft, serde_json::Value)| {
        let all = draft.answers.iter().map(|(code, answer)| (code.clone(), answer.clone()));
        let more = answers(more.clone());
        let more = more.iter().map(|(code, answer)| (code.clone(), answer.clone()));
        CheckInDraft { answers: all.chain(more).collect(), ..draft.clone() }
    };
    let now = moment("2026-08-01T12:00:00Z");
    let (mut stored, mut report) = (Vec::new(), None);
    for (number, draft) in (2..).zip(all.iter().map(with)) {
        let Answered { check_in, new } = answer(someone(), &stored, id(number), &draft, now).unwrap();
        let new = new.unwrap();
        report = use_report(&check_in, &stored, &new, report.as_ref(), now);
        stored.push(new);
    }
    report
}

fn reason() -> Reason {
    Reason::try_from("I was ashamed".to_owned()).unwrap()
}

#[test]
fn only_a_correction_from_yes_to_no_withdraws_a_use_report() {
    let at = |hour: i16, more| (daily(&format!("2026-07-01T{hour}:00:00Z"), hour % 10), more);
    let corrected =
        |hour, more| (CheckInDraft { reason: Some(reason()), ..at(hour, serde_json::json!({})).0 }, more);
    let yes = || serde_json::json!({ "any_use": true });
    let no = || serde_json::json!({ "any_use": false });
    let silent = || serde_json::json!({});
    let revision = |all: &[_]| reported(all).map(|report| (report.revision, report.withdrawn_at.is_none()));
    assert_eq!(revision(&[at(12, silent())]), None);
    assert_eq!(revision(&[at(12, no())]), None);
    for keeps in [
        &[at(12, yes()), at(13, silent())][..],
        &[at(13, yes()), at(12, silent())],
        // The one shortly after midnight, the other in the evening.
        &[at(12, yes()), at(13, no())],
        &[at(13, no()), at(12, yes())],
        &[at(12, yes()), corrected(13, silent())],
        &[at(12, yes()), corrected(13, yes())],
        &[corrected(12, no()), at(13, yes())],
        // The current answer was a no already: something else is corrected.
        &[at(12, yes()), at(13, no()), corrected(14, no())],
        &[at(12, yes()), at(13, silent()), corrected(14, no())],
    ] {
        assert_eq!(revision(keeps), Some((1, true)));
    }
    for hour in [11, 13] {
        assert_eq!(
            revision(&[at(12, yes()), corrected(hour, no())]),
            Some((2, false)),
            "whatever the clock says"
        );
    }
    assert_eq!(revision(&[at(12, yes()), at(13, yes())]), Some((2, true)), "perhaps another time");
    assert_eq!(revision(&[at(12, no()), corrected(13, yes())]), Some((1, true)));
    assert_eq!(revision(&[at(12, yes()), corrected(13, no()), at(14, yes())]), Some((3, true)));
}

#[test]
fn a_correction_replaces_what_arrived_before_it_whatever_the_clock_says() {
    let first = daily("2026-07-01T12:04:00Z", 5);
    let correction = CheckInDraft { reason: Some(reason()), ..daily("2026-07-01T12:00:00Z", 7) };
    let (current, _) = sent(&[(9, first), (2, correction.clone())], "2026-07-01T12:00:00Z");
    assert_eq!((current.answers, current.revision), (correction.answers, 2));
}

#[test]
fn a_clock_earlier_than_the_day_it_names_is_behind() {
    let behind = about("2026-07-01", daily("2019-01-01T12:00:00Z", 5));
    let now = moment("2026-07-01T18:00:00Z");
    let placed = place(&behind, now).unwrap();
    assert_eq!((placed.day, placed.clock_suspect, placed.closed), (day("2026-07-01"), true, false));
    let (current, _) = sent(&[(2, behind.clone())], "2026-07-01T18:00:00Z");
    assert_eq!(current.filled_in_at(), now);
    assert_eq!(place(&about("2026-07-02", behind.clone()), now), Err(Refusal::NotYet));
    assert_eq!(place(&about("2026-06-01", behind), now), Err(Refusal::Closed));
}

#[test]
fn a_daily_check_in_is_about_its_day_and_before_six_about_the_evening_before() {
    for (draft, first) in [
        (daily("2026-07-02T01:00:00Z", 5), "2026-07-01"),
        (about("2026-07-01", daily("2026-07-02T05:00:00Z", 5)), "2026-07-01"),
        (daily("2026-07-02T05:00:00Z", 5), "2026-07-01"),
        (daily("2026-07-02T10:00:00Z", 5), "2026-07-02"),
    ] {
        let says = reported(&[(draft, serde_json::json!({ "any_use": true }))]).unwrap().says;
        assert_eq!((says.first_day, says.substance), (day(first), None));
    }
}

#[test]
fn a_weekly_check_in_is_about_the_seven_days_before_it_was_filled_in() {
    let days = |all: &[_]| reported(all).map(|report| (report.says.first_day, report.says.last_day));
    let drugs = || serde_json::json!({ "alcohol_days": 2, "drug_days": 3 });
    let after = || about("2026-06-29", weekly("2026-07-07T18:00:00Z"));
    let late =
        CheckInDraft { reason: Some(reason()), occurred_at: moment("2026-08-01T10:00:00Z"), ..after() };
    // The Sunday, the Wednesday and the Tuesday after the week; a correction is about the days of the first answer.
    for (all, first, last) in [
        (&[(weekly("2026-07-05T18:00:00Z"), drugs())][..], "2026-06-29", "2026-07-05"),
        (&[(weekly("2026-07-01T18:00:00Z"), drugs())], "2026-06-25", "2026-07-01"),
        (&[(after(), drugs())], "2026-07-01", "2026-07-07"),
        (&[(after(), serde_json::json!({})), (late, drugs())], "2026-07-01", "2026-07-07"),
        (
            &[(weekly("2026-06-29T18:00:00Z"), drugs()), (weekly("2026-07-05T18:00:00Z"), drugs())],
            "2026-06-23",
            "2026-07-05",
        ),
    ] {
        assert_eq!(days(all), Some((day(first), day(last))));
    }
}

#[test]
fn a_weekly_check_in_names_alcohol_only_where_nothing_else_can_be_meant() {
    let week = |more| (weekly("2026-07-05T18:00:00Z"), more);
    let corrected = |more| (CheckInDraft { reason: Some(reason()), ..weekly("2026-07-05T18:00:00Z") }, more);
    let alcohol = || serde_json::json!({ "alcohol_days": 2, "drug_days": 0 });
    let both = || serde_json::json!({ "alcohol_days": 2, "drug_days": 3, "signs": ["use"] });
    let ticked = || serde_json::json!({ "signs": ["use"] });
    let none = serde_json::json!({ "alcohol_days": 0, "drug_days": 0, "signs": [] });
    let substance = |all: &[_]| reported(all).unwrap().reported().map(|says| says.substance);
    for (all, named) in [
        (&[week(alcohol())][..], Some(Some(Substance::Alcohol))),
        (&[week(serde_json::json!({ "alcohol_days": 2, "signs": [] }))], Some(Some(Substance::Alcohol))),
        (&[week(serde_json::json!({ "alcohol_days": 2, "signs": ["use"] }))], Some(None)),
        (&[week(ticked())], Some(None)),
        (&[week(both()), (weekly("2026-07-05T19:00:00Z"), alcohol())], Some(None)),
        (&[week(both()), corrected(alcohol())], Some(Some(Substance::Alcohol))),
        (&[week(alcohol()), corrected(serde_json::json!({ "drug_days": 1 }))], Some(None)),
        (&[week(both()), corrected(none)], None),
    ] {
        assert_eq!(substance(all), named);
    }
}

#[test]
fn every_daily_check_in_asks_for_every_figure_of_a_day() {
    for one in definitions().iter().filter(|one| one.kind == CheckInKind::Daily) {
        for code in ["mood", "sleep_hours", "stress", "confidence", "craving_worst", "any_use"] {
            assert!(one.items.iter().any(|item| item.code.as_ref() == code), "{code}");
        }
    }
}

#[test]
fn the_weekly_check_in_offers_every_warning_sign() {
    let weekly = latest(CheckInKind::Weekly).unwrap();
    let signs = weekly.items.iter().find(|item| item.code.as_ref() == "signs").unwrap();
    let Asks::Choices { options } = &signs.answer else { panic!("signs are chosen") };
    let offered: Vec<_> = options.iter().map(|option| (option.code.as_ref(), &option.label)).collect();
    let known: Vec<_> =
        crate::recovery::warning::signs().iter().map(|sign| (sign.code.as_ref(), &sign.words)).collect();
    assert_eq!(offered, known);
}

#[test]
fn a_draft_reads_back_as_written_and_knows_its_fields() {
    let draft = about("2026-06-30", daily("2026-07-01T05:00:00Z", 5));
    let json = serde_json::json!({
        "kind": "daily", "version": 1, "day": "2026-06-30", "occurred_at": "2026-07-01T05:00:00Z",
        "time_zone": NEW_YORK, "answers": { "mood": 5, "craving_worst": 4, "confidence": 8 }
    });
    assert_eq!(serde_json::to_value(&draft).unwrap(), json);
    assert_eq!(serde_json::from_value::<CheckInDraft>(json.clone()).unwrap(), draft);
    let mut odd = json;
    odd["score"] = 1.into();
    assert!(serde_json::from_value::<CheckInDraft>(odd).is_err());
}

proptest! {
    #[test]
    fn the_order_in_which_revisions_arrive_does_not_matter(
        (sent_first, shuffled) in prop::collection::vec((0u8..24, 0i16..=10), 1..8)
            .prop_map(|all| (2u128..).zip(all).collect::<Vec<_>>())
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        let drafts = |all: &[(u128, (u8, i16))]| -> Vec<(u128, CheckInDraft)> {
            all.iter()
                // No two are the same: those would be one.
                .map(|(id, (hour, mood))| (*id, daily(&format!("2026-07-01T{:02}:{:02}:00Z", 4 + hour % 20, id), *mood)))
                .collect()
        };
        let now = "2026-07-02T05:00:00Z";
        let (one, stored) = sent(&drafts(&sent_first), now);
        let (other, _) = sent(&drafts(&shuffled), now);
        prop_assert_eq!(stored.len(), sent_first.len());
        prop_assert_eq!(
            (&one.answers, one.occurred_at, one.day, one.revision),
            (&other.answers, other.occurred_at, other.day, other.revision)
        );
        prop_assert_eq!(CheckIn::current(someone(), &stored), Some(one));
    }

    #[test]
    fn every_instant_belongs_to_one_open_day_and_one_open_week(
        minute in 0i64..1_051_200,
        name in prop::sample::select(vec!["UTC", NEW_YORK, "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia"]),
    ) {
        let at = moment("2026-01-01T00:00:00Z").plus(SignedDuration::from_mins(minute));
        for kind in CheckInKind::ALL {
            let draft = CheckInDraft { kind: *kind, occurred_at: at, time_zone: zone(name), ..daily("2026-07-01T12:00:00Z", 5) };
            let placed = place(&draft, at).unwrap();
            prop_assert!(!placed.late);
            prop_assert_eq!(placed.day, period(*kind, at.local_day(&zone(name))));
        }
    }

    #[test]
    fn no_day_breaks_the_window(year in -9999i16..=9999, month in 1i8..=12, date in 1i8..=28) {
        let draft = CheckInDraft {
            day: Some(civil::date(year, month, date).into()),
            ..daily("2026-07-01T12:00:00Z", 5)
        };
        for kind in CheckInKind::ALL {
            let _ = place(&CheckInDraft { kind: *kind, ..draft.clone() }, draft.occurred_at);
        }
    }
}
