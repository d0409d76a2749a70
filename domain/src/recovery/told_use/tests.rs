use super::*;
use crate::craving::CravingDraft;
use crate::craving::tests::{draft, moment, recorded};
use crate::recovery::lapse::{self, LapseDraft, tests as lapses};
use jiff::SignedDuration;
use proptest::prelude::*;
use rstest::rstest;

const NOW: &str = "2026-07-10T12:00:00Z";

fn day(text: &str) -> Day {
    text.parse::<jiff::civil::Date>().unwrap().into()
}
fn told(id: u128, substance: Option<Substance>, on: &str) -> ToldUse {
    let reported_at = moment(&format!("{on}T22:00:00Z"));
    ToldUse::new(TellingKind::Craving, Uuid::from_u128(id), (day(on), day(on)), substance, reported_at)
}
fn week(alcohol_days: Option<i16>, drug_days: Option<i16>) -> ToldUse {
    let substance = drug_days.map_or(Some(Substance::Alcohol), |_| None);
    let kind = TellingKind::CheckIn;
    ToldUse { kind, from: day("2026-06-29"), alcohol_days, drug_days, ..told(2, substance, "2026-07-05") }
}
/// A lapse at a time in New York, 4 hours behind.
fn lapse(substance: Substance, at: &str) -> Lapse {
    lapses::reported(lapses::draft(at, substance, LapseOutcome::SingleLapse), NOW)
}
fn outcome(outcome: Option<Outcome>) -> Craving {
    let felt = draft("2026-07-05T18:00:00Z", "America/New_York", 8);
    recorded(CravingDraft { outcome, substance: Some(Substance::Opioids), ..felt }, NOW)
}
fn someone() -> AccountId {
    Uuid::from_u128(9).into()
}
fn seen(lapse: &Lapse, at: &str) -> Lapse {
    lapse::acknowledge(lapse, 1, someone(), moment(at)).unwrap()
}

#[rstest]
#[case::the_same_day(Some(Substance::Alcohol), Substance::Alcohol, "2026-07-05T18:00:00Z", true)]
#[case::after_midnight(Some(Substance::Alcohol), Substance::Alcohol, "2026-07-06T05:00:00Z", true)]
#[case::the_next_morning(Some(Substance::Alcohol), Substance::Alcohol, "2026-07-06T10:00:00Z", false)]
#[case::the_evening_before(Some(Substance::Alcohol), Substance::Alcohol, "2026-07-05T03:00:00Z", false)]
#[case::something_else(Some(Substance::Opioids), Substance::Alcohol, "2026-07-05T18:00:00Z", false)]
#[case::of_what_is_not_known(None, Substance::Alcohol, "2026-07-05T18:00:00Z", true)]
#[case::of_what_was_not_asked(None, Substance::Nicotine, "2026-07-05T18:00:00Z", false)]
fn a_lapse_of_that_day_tells_of_it_too(
    #[case] what: Option<Substance>,
    #[case] of: Substance,
    #[case] at: &str,
    #[case] is_told: bool,
) {
    let told = told(2, what, "2026-07-05");
    assert_eq!(last(&[told], &[lapse(of, at)]).is_none(), is_told);
    let mut close = lapse(of, at);
    close.outcome = LapseOutcome::CloseCall;
    assert_eq!(last(&[told], &[close, lapse::withdraw(&lapse(of, at), moment(NOW))]), Some(told));
}

#[test]
fn a_lapse_that_was_told_before_does_not_answer_for_what_is_told_after() {
    let told = told(2, Some(Substance::Opioids), "2026-07-05");
    let used = lapse(Substance::Opioids, "2026-07-05T13:00:00Z");
    let with = |lapse: &Lapse| told.weighed(std::slice::from_ref(lapse)).seen_with_lapses;
    let before = Lapse { use_told_at: Some(moment("2026-07-05T14:00:00Z")), ..seen(&used, NOW) };
    assert_eq!((last(&[told], std::slice::from_ref(&before)), with(&before)), (Some(told), false));
    let of_it =
        |craving: u128, lapse: Lapse| Lapse { craving: Some(Uuid::from_u128(craving).into()), ..lapse };
    assert!(!with(&of_it(2, before)), "not even by that craving's name");
    let after = seen(&used, NOW);
    assert!(with(&of_it(2, after.clone())) && !with(&of_it(3, after.clone())), "of another craving");
    let twice = ToldUse { revision: 2, ..told };
    assert_eq!(last(&[twice], std::slice::from_ref(&after)), Some(twice), "which of the two?");
    assert!(with(&after) && !with(&used), "as soon as somebody has seen it");
    assert!(!told.weighed(&[after]).weighed(&[]).seen_with_lapses, "as long as the lapse stands");
}

#[rstest]
#[case::as_many(week(Some(2), None), &[(Substance::Alcohol, "06-30"), (Substance::Alcohol, "07-02")], true)]
#[case::one_of_two(week(Some(2), None), &[(Substance::Alcohol, "06-30"), (Substance::Alcohol, "06-30")], false)]
#[case::alcohol_is_no_drug(week(None, Some(1)), &[(Substance::Alcohol, "06-30")], false)]
#[case::any_drug(week(None, Some(1)), &[(Substance::Cannabis, "06-30")], true)]
#[case::nicotine_is_none(week(None, Some(1)), &[(Substance::Nicotine, "06-30")], false)]
#[case::one_of_both(week(Some(1), Some(1)), &[(Substance::Opioids, "06-30")], false)]
#[case::both(week(Some(1), Some(1)), &[(Substance::Opioids, "06-30"), (Substance::Alcohol, "06-30")], true)]
#[case::the_sunday_before(week(Some(1), None), &[(Substance::Alcohol, "06-28")], false)]
fn lapses_of_a_week_answer_for_as_many_days_as_it_tells(
    #[case] told: ToldUse,
    #[case] of: &[(Substance, &str)],
    #[case] is_told: bool,
) {
    let all: Vec<_> =
        of.iter().map(|(what, on)| seen(&lapse(*what, &format!("2026-{on}T18:00:00Z")), NOW)).collect();
    assert_eq!(last(&[told], &all).is_none(), is_told);
    assert_eq!(told.weighed(&all).seen_with_lapses, is_told);
}

#[test]
fn who_returned_to_use_tells_of_every_day_until_they_told_it() {
    let returned = LapseOutcome::ReturnToUse;
    let draft = lapses::draft("2026-06-30T18:00:00Z", Substance::Alcohol, returned);
    let lapse = lapses::reported(draft, NOW);
    let all = |days, lapse: &Lapse| last(&[week(Some(days), None)], std::slice::from_ref(lapse)).is_none();
    // From Tuesday to Sunday.
    assert!(all(6, &lapse) && !all(7, &lapse));
    let on_saturday = ToldUse { reported_at: moment("2026-07-04T12:00:00Z"), ..week(Some(5), None) };
    let told_then = Lapse { use_told_at: Some(on_saturday.reported_at), ..lapse.clone() };
    assert_eq!(last(&[on_saturday], std::slice::from_ref(&told_then)), None);
    let more = ToldUse { alcohol_days: Some(6), ..on_saturday };
    assert_eq!(last(&[more], &[told_then]), Some(more), "Sunday may be another time");
    for on in ["2026-06-28", "2026-07-09"] {
        let other = told(2, Some(Substance::Alcohol), on);
        assert_eq!(last(&[other], std::slice::from_ref(&lapse)), Some(other));
    }
}

#[test]
fn an_unnamed_tick_beside_alcohol_stays_without_a_name() {
    let both = ToldUse { substance: None, ..week(Some(1), None) };
    let drank = lapse(Substance::Alcohol, "2026-07-01T18:00:00Z");
    assert_eq!(last(&[both], std::slice::from_ref(&drank)), None, "told after it");
    let before = Lapse { use_told_at: Some(moment("2026-07-01T19:00:00Z")), ..drank };
    assert_eq!(last(&[both], &[before]), Some(both));
}

#[test]
fn what_may_kill_comes_first_and_what_somebody_has_seen_comes_no_more() {
    let (opioid, unknown) = (told(2, Some(Substance::Opioids), "2026-07-01"), told(3, None, "2026-07-02"));
    let other = told(5, Some(Substance::Other), "2026-07-03");
    let later = told(4, Some(Substance::Alcohol), "2026-07-05");
    let seen = |one: ToldUse| one.acknowledge(1, someone(), moment(NOW)).unwrap();
    assert_eq!(last(&[opioid, later, unknown, other], &[]), Some(other));
    assert_eq!(last(&[opioid, later, unknown], &[]), Some(unknown));
    assert_eq!(last(&[opioid, later, seen(unknown)], &[]), Some(opioid));
    assert_eq!(last(&[seen(opioid), later], &[]), Some(later));
    assert_eq!(last(&[seen(opioid), seen(later)], &[]), None);
}

#[test]
fn the_same_told_again_is_no_news_and_another_substance_or_more_days_are() {
    let first = week(Some(3), None);
    let seen = first.acknowledge(1, someone(), moment("2026-07-06T12:00:00Z")).unwrap();
    let again = ToldUse { reported_at: moment("2026-07-07T12:00:00Z"), ..first };
    assert_eq!((again.after(Some(&seen), false), again.after(None, true)), (seen, again));
    assert_eq!(again.after(Some(&seen), true), ToldUse { revision: 2, ..again }, "another time");
    let fewer = ToldUse { alcohol_days: Some(2), ..again };
    assert_eq!(fewer.after(Some(&seen), false), ToldUse { alcohol_days: Some(2), ..seen });
    let both = ToldUse { substance: None, drug_days: Some(1), ..again };
    let seen_both = both.acknowledge(1, someone(), moment(NOW)).unwrap();
    assert!(again.after(Some(&seen_both), false).acknowledged.is_some(), "one of the two is no news");
    for worse in [
        ToldUse { alcohol_days: Some(4), ..again },
        both,
        ToldUse { from: day("2026-06-28"), ..again },
        ToldUse { to: day("2026-07-06"), ..again },
    ] {
        assert_eq!(worse.after(Some(&seen), false), ToldUse { revision: 2, ..worse });
    }
    let unsaid = ToldUse { substance: None, alcohol_days: None, ..seen };
    assert_eq!(both.after(Some(&unsaid), false).revision, 2, "that is more than was said");
    let craving = told(2, Some(Substance::Alcohol), "2026-07-05");
    for other in [None, Some(Substance::Opioids)] {
        let other = ToldUse { substance: other, ..craving };
        assert_eq!(other.after(Some(&craving), false).revision, 2);
    }
    let ticked = ToldUse { substance: None, ..again };
    assert_eq!(ticked.after(Some(&seen), false).revision, 2, "it may have been anything");
    let gone = seen.take_back(moment(NOW));
    assert_eq!(
        (again.after(Some(&gone), false).revision, gone.take_back(moment("2027-01-01T00:00:00Z"))),
        (2, gone)
    );
    let by_another = seen.acknowledge(2, Uuid::from_u128(8).into(), moment(NOW));
    assert_eq!(by_another, Ok(seen), "the first time stands");
    assert_eq!(first.acknowledge(2, someone(), moment(NOW)), Err(Refusal::Stale { current: 1 }));
}

#[test]
fn a_craving_takes_back_what_it_told_by_a_correction_that_changes_it_or_when_it_is_withdrawn() {
    let now = moment(NOW);
    let (open, lapsed, passed) =
        (outcome(None), outcome(Some(Outcome::Lapsed)), outcome(Some(Outcome::Passed)));
    let told = |craving: &Craving, telling, before: Option<&ToldUse>| {
        ToldUse::of_craving(craving, telling, before, now)
    };
    let used = told(&open, Telling::Observed(Outcome::Lapsed, open.felt_at()), None).unwrap();
    let on = day("2026-07-05");
    assert_eq!((used.from, used.to, used.substance), (on, on, Some(Substance::Opioids)));
    for (craving, telling) in [
        (&passed, Telling::Observed(Outcome::Passed, now)),
        // It passed after use: a correction of something else repeats that.
        (&passed, Telling::Corrected(Some(Outcome::Passed), &passed)),
        (&lapsed, Telling::Corrected(Some(Outcome::Lapsed), &lapsed)),
        (&lapsed, Telling::Corrected(None, &lapsed)),
    ] {
        assert_eq!(told(craving, telling, Some(&used)), Some(used), "{telling:?}");
    }
    assert_eq!(told(&passed, Telling::Corrected(Some(Outcome::Passed), &lapsed), Some(&used)), None);
    assert_eq!(told(&lapsed, Telling::Withdrawn, Some(&used)), None);
    for (craving, telling) in [
        (&passed, Telling::Observed(Outcome::Passed, now)),
        (&passed, Telling::Corrected(Some(Outcome::Passed), &open)),
        (&lapsed, Telling::Corrected(None, &lapsed)),
    ] {
        assert_eq!(told(craving, telling, None), None, "{telling:?}");
        assert_eq!(told(craving, telling, Some(&used.take_back(now))), None, "{telling:?}");
    }
    assert_eq!(told(&lapsed, Telling::Corrected(Some(Outcome::Lapsed), &passed), None), Some(used));
    for (stood, before) in [(&lapsed, used.take_back(now)), (&passed, used)] {
        let again = told(&lapsed, Telling::Corrected(Some(Outcome::Lapsed), stood), Some(&before)).unwrap();
        assert_eq!((again.revision, again.stands()), (2, true), "it was use after all");
    }
    let gone = used.take_back(now);
    assert_eq!(used.take_back_as_of(2, now), Err(Refusal::Stale { current: 1 }));
    assert_eq!((used.take_back_as_of(1, now), gone.take_back_as_of(2, now)), (Ok(gone), Ok(gone)));
}

#[test]
fn use_that_is_observed_on_another_day_is_news_of_that_day() {
    let craving = outcome(None);
    let told = |at: &str, before: Option<&ToldUse>| {
        ToldUse::of_craving(&craving, Telling::Observed(Outcome::Lapsed, moment(at)), before, moment(NOW))
            .unwrap()
    };
    let once = told("2026-07-05T19:00:00Z", None);
    let seen = once.acknowledge(1, someone(), moment(NOW)).unwrap();
    for (at, on) in [("2026-07-08T19:00:00Z", "2026-07-08"), ("2026-07-03T19:00:00Z", "2026-07-03")] {
        let twice = told(at, Some(&seen));
        assert_eq!((twice.from, twice.to), (day(on), day(on)));
        assert_eq!((twice.revision, twice.acknowledged), (2, None));
        let unseen = told(at, Some(&once));
        assert_eq!((unseen.from, unseen.to), (once.from.min(day(on)), once.to.max(day(on))));
        let lapses = [at, "2026-07-05T19:00:00Z"].map(|at| lapse(Substance::Opioids, at));
        assert_eq!(last(&[unseen], &lapses), Some(unseen), "not of all its days");
    }
}

proptest! {
    /// Whatever was seen, answered or taken back before: use that is observed now reaches whoever treats the person.
    #[test]
    fn use_that_is_told_anew_is_shown_whatever_came_before(
        deeds in prop::collection::vec((0u8..5, 0i64..72), 0..8), last_at in 0i64..72,
    ) {
        let at = |hour: i64| moment("2026-07-05T00:00:00Z").plus(SignedDuration::from_hours(hour));
        let (open, lapsed) = (outcome(None), outcome(Some(Outcome::Lapsed)));
        let mut told: Option<ToldUse> = None;
        let mut lapses = Vec::new();
        let mut now = moment(NOW);
        let observe = |told: Option<&ToldUse>, hour, now| {
            ToldUse::of_craving(&open, Telling::Observed(Outcome::Lapsed, at(hour)), told, now)
        };
        for (deed, hour) in deeds {
            now = now.plus(SignedDuration::from_mins(1));
            let draft = lapses::draft("2026-07-05T18:00:00Z", Substance::Opioids, LapseOutcome::ReturnToUse);
            match deed {
                0 => told = observe(told.as_ref(), hour, now),
                1 => told = told.map(|told| told.acknowledge(told.revision, someone(), now).unwrap()),
                2 => told = told.map(|told| told.take_back(now)),
                3 => lapses.push(lapse::report(
                    Uuid::from_u128(1).into(), Uuid::from_u128(2).into(),
                    LapseDraft { occurred_at: at(hour), craving: (hour % 2 == 0).then_some(open.id), ..draft }, now,
                )),
                _ => lapses = lapses.iter().map(|one| lapse::acknowledge(one, 1, someone(), now).unwrap()).collect(),
            }
            told = told.map(|told| told.weighed(&lapses));
        }
        now = now.plus(SignedDuration::from_mins(1));
        let news = observe(told.as_ref(), last_at, now).unwrap().weighed(&lapses);
        prop_assert_eq!(last(&[news], &lapses), Some(news));
        let kept = ToldUse::of_craving(&lapsed, Telling::Corrected(None, &lapsed), Some(&news), now).unwrap();
        prop_assert_eq!(kept.weighed(&lapses), news, "a correction of something else changes nothing");
    }

    #[test]
    fn what_is_shown_does_not_depend_on_the_order_in_which_it_came(
        (told, shuffled) in prop::collection::vec((0usize..3, 1u32..20), 0..6).prop_flat_map(|all| {
            let all: Vec<_> = (1..).zip(all).map(|(id, (what, on))| {
                let what = [None, Some(Substance::Alcohol), Some(Substance::Opioids)][what];
                told(id, what, &format!("2026-07-{on:02}"))
            }).collect();
            (Just(all.clone()), Just(all).prop_shuffle())
        }),
        on in 1u32..10,
    ) {
        let lapses = [lapse(Substance::Alcohol, &format!("2026-07-{on:02}T18:00:00Z"))];
        let shown = last(&told, &lapses);
        prop_assert_eq!(shown, last(&shuffled, &lapses));
        if let Some(shown) = shown {
            prop_assert!(!shown.weighed(&lapses.map(|lapse| seen(&lapse, NOW))).seen_with_lapses);
        }
    }
}
