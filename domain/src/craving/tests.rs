use super::*;
use crate::log_entry::Reason;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rstest::rstest;
use uuid::Uuid;

pub(crate) fn moment(text: &str) -> Moment {
    Moment::try_from(text.parse::<Timestamp>().unwrap()).unwrap()
}
pub(crate) fn intensity(number: i64) -> Intensity {
    Intensity::try_from(number).unwrap()
}
fn rating_id(number: u128) -> RatingId {
    Uuid::from_u128(number).into()
}
pub(crate) fn draft(occurred_at: &str, zone: &str, strength: i64) -> CravingDraft {
    CravingDraft {
        occurred_at: moment(occurred_at),
        time_zone: TimeZone::try_from(zone.to_owned()).unwrap(),
        intensity: intensity(strength),
        substance: None,
        triggers: BoundedSet::default(),
        cues: BoundedSet::default(),
        halt: BoundedSet::default(),
        company: None,
        place: None,
        coping_used: BoundedSet::default(),
        note: None,
        outcome: None,
    }
}
pub(crate) fn recorded(draft: CravingDraft, now: &str) -> Craving {
    record(Uuid::from_u128(1).into(), Uuid::from_u128(2).into(), draft, moment(now))
}
fn correction(draft: CravingDraft) -> Correction<CravingDraft> {
    Correction { reason: None, entry: draft }
}
/// The first correction of a craving.
fn corrected(
    craving: &Craving,
    reported: &[ReportedOutcome],
    draft: CravingDraft,
    now: Moment,
) -> (Craving, Vec<Revision<CravingDraft>>) {
    let id = Uuid::from_u128(9).into();
    correct(craving, &[craving.first_revision()], reported, id, &correction(draft), now).unwrap().unwrap()
}
fn evening() -> Craving {
    recorded(draft("2026-03-02T18:40:00Z", "America/New_York", 7), "2026-03-02T18:41:00Z")
}
fn rating(at: &str, strength: i64) -> RatingDraft {
    RatingDraft { rated_at: moment(at), intensity: intensity(strength) }
}
fn ended(outcome: Outcome, at: &str) -> OutcomeDraft {
    OutcomeDraft { outcome, observed_at: moment(at) }
}
/// Reports the outcomes in turn. Returns the craving and all that were stored.
fn reported(craving: &Craving, ends: &[OutcomeDraft], now: Moment) -> (Craving, Vec<ReportedOutcome>) {
    ends.iter().fold((craving.clone(), Vec::new()), |(craving, mut stored), end| {
        let (craving, new) = conclude(&craving, &stored, end, now).unwrap();
        stored.extend(new);
        (craving, stored)
    })
}

#[rstest]
#[case::by_the_phones_zone_not_the_servers("2026-07-01T00:30:00Z", "America/New_York", "2026-06-30", 20)]
#[case::first_evening("2026-07-02T00:00:00Z", "America/New_York", "2026-07-01", 20)]
#[case::next_morning("2026-07-02T13:00:00Z", "America/New_York", "2026-07-02", 9)]
#[case::third_evening("2026-07-04T00:00:00Z", "America/New_York", "2026-07-03", 20)]
#[case::ten_days_late("2026-06-24T12:00:00Z", "UTC", "2026-06-24", 12)]
#[case::long_ago("1970-01-01T00:00:00Z", "Asia/Tokyo", "1970-01-01", 9)]
#[case::hour_that_comes_twice_first("2026-11-01T05:30:00Z", "America/New_York", "2026-11-01", 1)]
fn it_counts_on_the_day_and_hour_it_was_felt(
    #[case] at: &str,
    #[case] zone: &str,
    #[case] day: &str,
    #[case] hour: u8,
) {
    let craving = recorded(draft(at, zone, 5), "2026-12-04T12:00:00Z");
    assert_eq!((craving.local_day.to_string().as_str(), craving.hour()), (day, hour));
    assert!(!craving.clock_suspect);
}

#[test]
fn an_entry_by_a_clock_that_is_ahead_is_flagged_and_counts_on_the_day_it_arrived() {
    let now = "2026-03-02T18:40:00Z";
    assert!(!recorded(draft("2026-03-02T18:45:00Z", "UTC", 5), now).clock_suspect);
    let craving = recorded(
        CravingDraft { outcome: Some(Outcome::StillGoing), ..draft("2031-01-01T03:00:00Z", "UTC", 5) },
        now,
    );
    assert!(craving.clock_suspect);
    assert_eq!(craving.draft.occurred_at, moment("2031-01-01T03:00:00Z"));
    assert_eq!((craving.local_day.to_string().as_str(), craving.hour()), ("2026-03-02", 18));
    let end = ended(Outcome::Passed, "2026-03-02T19:00:00Z");
    let (later, _) = reported(&craving, &[end], moment("2026-03-02T19:00:00Z"));
    assert_eq!(later.draft.outcome, Some(Outcome::Passed));
}

#[test]
fn the_same_entry_again_is_the_same_and_another_under_its_id_is_refused() {
    let craving = evening();
    let sent = craving.draft.clone();
    let first = [craving.first_revision()];
    assert_eq!(same(&craving, &first, &[], &sent), Ok(()));
    let stronger = CravingDraft { intensity: intensity(8), ..sent.clone() };
    assert_eq!(same(&craving, &first, &[], &stronger), Err(log_entry::Refusal::Different.into()));
    let lapsed = CravingDraft { outcome: Some(Outcome::Lapsed), ..sent.clone() };
    assert_eq!(same(&craving, &first, &[], &lapsed), Err(log_entry::Refusal::Different.into()));
    let gone = withdraw(&craving, moment("2026-03-03T00:00:00Z"));
    assert_eq!(same(&gone, &first, &[], &sent), Err(log_entry::Refusal::Withdrawn.into()));
}

#[test]
fn an_entry_sent_again_after_its_outcome_or_its_correction_is_still_the_same() {
    let now = moment("2026-03-02T20:00:00Z");
    for first in [None, Some(Outcome::StillGoing)] {
        let sent = CravingDraft { outcome: first, ..evening().draft.clone() };
        let craving = recorded(sent.clone(), "2026-03-02T18:41:00Z");
        let (passed, ends) = reported(&craving, &[ended(Outcome::Passed, "2026-03-02T19:00:00Z")], now);
        let with = |outcome| CravingDraft { outcome, ..sent.clone() };
        let revisions = [passed.first_revision()];
        for outcome in [None, first, Some(Outcome::Passed)] {
            assert_eq!(same(&passed, &revisions, &ends, &with(outcome)), Ok(()));
        }
        let unknown = same(&passed, &revisions, &ends, &with(Some(Outcome::Lapsed)));
        assert_eq!(unknown, Err(log_entry::Refusal::Different.into()), "never reported");
        let stronger = CravingDraft { intensity: intensity(9), ..sent.clone() };
        let (corrected, revisions) = corrected(&passed, &ends, stronger.clone(), now);
        assert_eq!(revisions[0].entry, sent);
        assert_eq!(same(&corrected, &revisions, &ends, &sent), Ok(()));
        let other = same(&corrected, &revisions, &ends, &stronger);
        assert_eq!(other, Err(log_entry::Refusal::Different.into()));
    }
}

#[test]
fn ratings_keep_their_order_and_the_peak() {
    let craving = evening();
    let late = rate(&craving, rating_id(2), &rating("2026-03-02T19:10:00Z", 2)).unwrap();
    let both = rate(&late, rating_id(1), &rating("2026-03-02T18:55:00Z", 9)).unwrap();
    assert_eq!(both.ratings.iter().map(|one| one.id).collect::<Vec<_>>(), [rating_id(1), rating_id(2)]);
    assert_eq!((both.peak, both.draft.intensity), (intensity(9), intensity(7)));
    assert_eq!(rate(&both, rating_id(2), &rating("2026-03-02T19:10:00Z", 2)), Ok(both.clone()));
    assert_eq!(
        rate(&both, rating_id(2), &rating("2026-03-02T19:10:00Z", 3)),
        Err(log_entry::Refusal::Different.into())
    );
}

#[test]
fn the_fifty_first_rating_is_refused_but_a_repeat_is_not() {
    let mut craving = evening();
    let one = rating("2026-03-02T19:10:00Z", 2);
    for number in 0..50 {
        craving = rate(&craving, rating_id(number), &one).unwrap();
    }
    assert_eq!(rate(&craving, rating_id(50), &one), Err(Refusal::TooManyRatings));
    assert_eq!(rate(&craving, rating_id(0), &one), Ok(craving));
}

#[test]
fn a_correction_keeps_the_old_revision_the_ratings_and_the_outcome() {
    let now = moment("2026-03-04T08:00:00Z");
    let rated = rate(&evening(), rating_id(1), &rating("2026-03-02T18:55:00Z", 8)).unwrap();
    let (passed, ends) = reported(&rated, &[ended(Outcome::Passed, "2026-03-02T19:10:00Z")], now);
    let correction = Correction {
        reason: Some(Reason::try_from("Wrong day".to_owned()).unwrap()),
        entry: draft("2026-03-01T18:40:00Z", "America/New_York", 6),
    };
    let id = |number| RevisionId::from(Uuid::from_u128(number));
    let first = [passed.first_revision()];
    let (corrected, revisions) = correct(&passed, &first, &ends, id(9), &correction, now).unwrap().unwrap();
    assert_eq!(corrected.local_day.to_string(), "2026-03-01");
    assert_eq!((corrected.peak, corrected.revision), (intensity(8), 2));
    assert_eq!((corrected.draft.outcome, corrected.outcome_at), (Some(Outcome::Passed), passed.outcome_at));
    assert_eq!(corrected.received_at, passed.received_at);
    assert_eq!(revisions.iter().map(|one| one.revision).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(revisions[0].entry, rated.draft, "as it was sent");
    let again = |id, correction| correct(&corrected, &revisions, &ends, id, &correction, now);
    assert_eq!(again(id(9), correction.clone()), Ok(None));
    let other = again(id(9), Correction { reason: None, ..correction.clone() });
    assert_eq!(other, Err(log_entry::Refusal::Different.into()));
    let (third, new) = again(id(10), correction).unwrap().unwrap();
    assert_eq!((third.revision, new.len()), (3, 1));
}

#[test]
fn a_correction_may_move_an_entry_to_after_it_was_first_received() {
    let now = moment("2026-03-03T09:00:00Z");
    let first = recorded(draft("2026-03-02T18:00:00Z", "UTC", 5), "2026-03-02T18:00:00Z");
    let (corrected, _) = corrected(&first, &[], draft("2026-03-03T08:00:00Z", "UTC", 5), now);
    assert_eq!(
        (corrected.clock_suspect, corrected.felt_at(), corrected.local_day.to_string().as_str()),
        (false, moment("2026-03-03T08:00:00Z"), "2026-03-03")
    );
    let rated = rate(&corrected, rating_id(1), &rating("2026-03-03T08:10:00Z", 2)).unwrap();
    assert_eq!((rated.felt_at(), rated.local_day), (corrected.felt_at(), corrected.local_day));
}

#[test]
fn an_outcome_sent_again_after_a_correction_changes_nothing() {
    let now = moment("2026-03-03T09:00:00Z");
    let end = ended(Outcome::Passed, "2026-03-02T19:00:00Z");
    let (passed, ends) = reported(&evening(), std::slice::from_ref(&end), now);
    let lapsed = CravingDraft { outcome: Some(Outcome::Lapsed), ..evening().draft.clone() };
    let (corrected, _) = corrected(&passed, &ends, lapsed, now);
    assert_eq!(conclude(&corrected, &ends, &end, now), Ok((corrected.clone(), None)));
    let later = ended(Outcome::StillGoing, "2026-03-02T19:01:00Z");
    let (later, _) = conclude(&corrected, &ends, &later, now).unwrap();
    assert_eq!(later.draft.outcome, Some(Outcome::StillGoing));
}

#[test]
fn a_time_corrected_to_the_future_and_back_does_not_change_when_it_ended() {
    let now = moment("2026-03-03T09:00:00Z");
    let going = CravingDraft { outcome: Some(Outcome::StillGoing), ..evening().draft.clone() };
    let first = recorded(going.clone(), "2026-03-03T09:00:00Z");
    let ahead = CravingDraft { occurred_at: moment("2031-01-01T03:00:00Z"), ..going.clone() };
    let mut craving = first.clone();
    for draft in [ahead, going] {
        (craving, _) = corrected(&craving, &[], draft, now);
    }
    assert_eq!(craving.outcome_at, first.outcome_at);
    let (passed, _) = reported(&craving, &[ended(Outcome::Passed, "2026-03-02T19:00:00Z")], now);
    assert_eq!(passed.draft.outcome, Some(Outcome::Passed));
}

#[test]
fn the_fifty_first_outcome_is_refused_but_a_repeat_is_not() {
    let now = moment("2026-03-03T09:00:00Z");
    let at = |minute: i64| evening().felt_at().plus(SignedDuration::from_mins(minute));
    let end = |minute| OutcomeDraft { outcome: Outcome::StillGoing, observed_at: at(minute) };
    let ends: Vec<_> = (0..50).map(end).collect();
    let (craving, stored) = reported(&evening(), &ends, now);
    assert_eq!(conclude(&craving, &stored, &end(50), now), Err(Refusal::TooManyOutcomes));
    assert_eq!(conclude(&craving, &stored, &end(0), now), Ok((craving, None)));
}

#[test]
fn a_corrected_time_clears_the_flag_of_a_clock_that_was_ahead() {
    let now = moment("2026-03-02T18:41:00Z");
    let craving = recorded(draft("2031-01-01T03:00:00Z", "UTC", 5), "2026-03-02T18:40:00Z");
    let (corrected, _) = corrected(&craving, &[], draft("2026-03-01T18:00:00Z", "UTC", 5), now);
    assert!(!corrected.clock_suspect);
    assert_eq!(corrected.local_day.to_string(), "2026-03-01");
}

#[test]
fn a_withdrawn_craving_cannot_be_changed() {
    let now = moment("2026-03-03T00:00:00Z");
    let gone = withdraw(&evening(), now);
    assert_eq!(withdraw(&gone, moment("2026-03-04T00:00:00Z")), gone);
    assert_eq!(
        rate(&gone, rating_id(1), &rating("2026-03-02T18:55:00Z", 8)),
        Err(log_entry::Refusal::Withdrawn.into())
    );
    assert_eq!(
        conclude(&gone, &[], &ended(Outcome::Passed, "2026-03-02T19:00:00Z"), now),
        Err(log_entry::Refusal::Withdrawn.into())
    );
    let (id, correction) = (Uuid::from_u128(9).into(), correction(gone.draft.clone()));
    let first = [gone.first_revision()];
    assert_eq!(correct(&gone, &first, &[], id, &correction, now), Err(log_entry::Refusal::Withdrawn.into()));
}

#[test]
fn a_bare_draft_is_three_fields_and_a_full_one_reads_back_as_written() {
    let bare = draft("2026-03-02T18:40:00Z", "America/New_York", 7);
    let json = serde_json::json!(
        { "occurred_at": "2026-03-02T18:40:00Z", "time_zone": "America/New_York", "intensity": 7 });
    assert_eq!(serde_json::to_value(&bare).unwrap(), json);
    let full = serde_json::json!({
        "occurred_at": "2026-03-02T18:40:00Z", "time_zone": "America/New_York", "intensity": 7,
        "substance": "alcohol", "triggers": ["conflict", "pleasant_times"],
        "cues": [{ "kind": "time", "text": "payday" }], "halt": ["tired"], "company": "people_using",
        "place": "others_home", "coping_used": ["urge surfing"], "note": "two\nlines", "outcome": "still_going"
    });
    let read: CravingDraft = serde_json::from_value(full.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), full);
}

#[rstest]
#[case::eleven(r#""intensity":11"#)]
#[case::fraction(r#""intensity":7.5"#)]
#[case::text(r#""intensity":"7""#)]
#[case::unknown_field(r#""intensity":7,"mood":1"#)]
#[case::unknown_word(r#""intensity":7,"halt":["sad"]"#)]
#[case::twice(r#""intensity":7,"intensity":7"#)]
#[case::empty_note(r#""intensity":7,"note":"""#)]
#[case::nul_in_a_cue(r#""intensity":7,"cues":[{"kind":"time","text":"a\u0000"}]"#)]
#[case::too_many_halt(r#""intensity":7,"halt":["tired","tired","tired","tired","tired"]"#)]
fn a_bad_draft_is_refused(#[case] rest: &str) {
    let json = format!(r#"{{"occurred_at":"2026-03-02T18:40:00Z","time_zone":"UTC",{rest}}}"#);
    assert!(serde_json::from_str::<CravingDraft>(&json).is_err());
}

#[test]
fn a_note_of_2000_characters_fits_and_one_more_does_not() {
    assert!(Note::try_from("é".repeat(2000)).is_ok());
    assert!(Note::try_from("é".repeat(2001)).is_err());
}

#[test]
fn every_word_reads_back_as_written() {
    for word in TriggerCategory::ALL {
        assert_eq!(TriggerCategory::try_from(String::from(*word)), Ok(*word));
        assert_eq!(serde_json::to_value(word).unwrap(), word.as_str());
    }
    assert!(Outcome::try_from("Passed".to_owned()).is_err());
}

proptest! {
    #[test]
    fn of_two_outcomes_the_later_counts_in_either_order(first in 0i64..60, second in 0i64..60) {
        let now = moment("2026-03-03T18:00:00Z");
        let at = |minutes: i64, outcome| OutcomeDraft {
            outcome,
            observed_at: Timestamp::from(moment("2026-03-02T18:40:00Z"))
                .checked_add(SignedDuration::from_mins(minutes)).unwrap().try_into().unwrap(),
        };
        let (one, other) = (at(first, Outcome::Passed), at(second, Outcome::Lapsed));
        let (forth, stored) = reported(&evening(), &[one.clone(), other.clone()], now);
        let (back, _) = reported(&evening(), &[other, one], now);
        prop_assert_eq!(&forth, &back);
        prop_assert_eq!(stored.len(), 2);
        // At the same moment, use counts.
        let later = if first <= second { Outcome::Lapsed } else { Outcome::Passed };
        prop_assert_eq!(forth.draft.outcome, Some(later));
    }

    #[test]
    fn the_order_in_which_ratings_arrive_does_not_matter(
        strengths in prop::collection::vec((0i64..=10, 0u8..50), 0..20), turn in 0usize..20
    ) {
        let all: Vec<_> = (1u128..).zip(&strengths)
            .map(|(id, (strength, minute))| {
                (rating_id(id), rating(&format!("2026-03-02T19:{minute:02}:00Z"), *strength))
            })
            .collect();
        let mut turned = all.clone();
        turned.rotate_left(if all.is_empty() { 0 } else { turn % all.len() });
        let rated = |all: &[(RatingId, RatingDraft)]| all.iter()
            .fold(evening(), |craving, (id, draft)| rate(&craving, *id, draft).unwrap());
        let whole = rated(&all);
        prop_assert_eq!(&whole, &rated(&turned));
        let strongest = strengths.iter().map(|(strength, _)| *strength).max().unwrap_or(0).max(7);
        prop_assert_eq!(i64::from(whole.peak), strongest);
    }
}
