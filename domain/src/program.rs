//! The level of care of a participant, and since when.
//!
//! Staff record changes of the level of care. A recorded change is never edited: an error is corrected by
//! another change. The level on a day is computed from the changes. Without a change, it is intensive
//! outpatient, where treatment begins.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account::AccountId;
use crate::value::{Day, Moment};

/// The most days between today and a change. It catches a wrong year.
pub const FURTHEST_SINCE: i32 = 366;
/// The most changes listed; the newest are.
pub const MOST_LISTED: usize = 200;

id! {
    /// A level-of-care change. The client makes the id; it is unique for the participant.
    LevelOfCareChangeId
}
words! {
    /// The level of care.
    LevelOfCare {
        /// Intensive outpatient program.
        IntensiveOutpatient = "intensive_outpatient",
        /// Continuing care, which follows it.
        ContinuingCare = "continuing_care",
    }
}

/// A level-of-care change to record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "level": "continuing_care", "since": "2026-11-20" }))]
pub struct LevelOfCareChangeDraft {
    /// The new level.
    pub level: LevelOfCare,
    /// Its first day, in the participant's time zone: at most a year ago, or ahead if it is planned.
    pub since: Day,
}

/// A recorded level-of-care change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LevelOfCareChange {
    /// Its id.
    pub id: LevelOfCareChangeId,
    /// Its number in the order in which the participant's changes were recorded, from 1. The clocks of two
    /// servers may not agree on that order.
    #[serde(skip)]
    pub number: i32,
    /// The new level.
    pub level: LevelOfCare,
    /// Its first day.
    pub since: Day,
    /// Who recorded it.
    pub recorded_by: AccountId,
    /// When it was recorded.
    pub recorded_at: Moment,
}

impl LevelOfCareChange {
    fn draft(&self) -> LevelOfCareChangeDraft {
        LevelOfCareChangeDraft { level: self.level, since: self.since }
    }
}

/// The level of care on a day, and all changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "level": "continuing_care", "since": "2026-11-20",
    "history": [
        {
            "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3", "level": "continuing_care", "since": "2026-11-20",
            "recorded_by": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b4", "recorded_at": "2026-11-19T16:05:00Z",
        },
        {
            "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b5", "level": "intensive_outpatient", "since": "2026-09-01",
            "recorded_by": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b4", "recorded_at": "2026-09-01T14:30:00Z",
        },
    ],
}))]
pub struct LevelOfCareHistory {
    /// The level.
    pub level: LevelOfCare,
    /// Since which day without a break; missing if nothing is recorded for the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub since: Option<Day>,
    /// The changes, also planned ones, the latest first day first. Of two with the same first day, the one
    /// recorded last comes first and applies. At most the newest 200.
    #[schema(max_items = 200)]
    pub history: Vec<LevelOfCareChange>,
}

/// Why a change is not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The id is in use for another change.
    #[error("this id is already in use for another change; send this under a new id")]
    Different,
    /// The day is more than a year away.
    #[error("must be at most {FURTHEST_SINCE} days before or after today")]
    TooFarAway,
    /// The level is the same on that day already.
    #[error("the level of care is the same on that day already; read what is recorded")]
    NoChange,
}

/// The change that applies on a day: the latest by then; of those with the same first day, the one recorded last.
fn applying(changes: &[LevelOfCareChange], on: Day) -> Option<&LevelOfCareChange> {
    changes.iter().filter(|change| change.since <= on).max_by_key(|change| (change.since, change.number))
}

/// The level of care on a day. The changes can be in any order.
pub fn level_on(changes: &[LevelOfCareChange], on: Day) -> LevelOfCare {
    applying(changes, on).map_or(LevelOfCare::IntensiveOutpatient, |change| change.level)
}

/// The level of care on a day, with all changes.
pub fn level_of_care_on(changes: &[LevelOfCareChange], on: Day) -> LevelOfCareHistory {
    let level = level_on(changes, on);
    let before = |change: &&LevelOfCareChange| {
        let earlier = applying(changes, change.since.plus(-1));
        // On the first day of the calendar, the day before is the same day.
        earlier.filter(|earlier| earlier.level == level && earlier.since < change.since)
    };
    let first = std::iter::successors(applying(changes, on), before).last();
    let mut history = changes.to_vec();
    history.sort_by_key(|change| Reverse((change.since, change.number)));
    history.truncate(MOST_LISTED);
    LevelOfCareHistory { level, since: first.map(|change| change.since), history }
}

/// Records a change. The same change sent again is the one that was recorded. `today` is the participant's.
pub fn record(
    changes: &[LevelOfCareChange],
    id: LevelOfCareChangeId,
    draft: LevelOfCareChangeDraft,
    by: AccountId,
    today: Day,
    now: Moment,
) -> Result<LevelOfCareChange, Refusal> {
    if let Some(recorded) = changes.iter().find(|change| change.id == id) {
        return if recorded.draft() == draft { Ok(*recorded) } else { Err(Refusal::Different) };
    }
    let LevelOfCareChangeDraft { level, since } = draft;
    if FURTHEST_SINCE < today.until(since).abs() {
        return Err(Refusal::TooFarAway);
    }
    // The first level can be recorded, even if it is the one that treatment begins with.
    if applying(changes, since).is_some_and(|change| change.level == level) {
        return Err(Refusal::NoChange);
    }
    let number = 1 + changes.iter().map(|change| change.number).max().unwrap_or(0);
    Ok(LevelOfCareChange { id, number, level, since, recorded_by: by, recorded_at: now })
}

#[cfg(test)]
mod tests {
    use super::LevelOfCare::{ContinuingCare, IntensiveOutpatient};
    use super::*;
    use crate::craving::tests::moment;
    use crate::recovery::sobriety_date::tests::day;
    use proptest::prelude::*;
    use rstest::rstest;
    use uuid::Uuid;

    const TODAY: &str = "2026-11-25";

    fn try_record(
        changes: &[LevelOfCareChange],
        level: LevelOfCare,
        since: &str,
    ) -> Result<LevelOfCareChange, Refusal> {
        let id = Uuid::from_u128(100 + u128::try_from(changes.len()).unwrap()).into();
        let draft = LevelOfCareChangeDraft { level, since: day(since) };
        record(changes, id, draft, Uuid::from_u128(1).into(), day(TODAY), moment("2026-11-25T16:00:00Z"))
    }
    fn recorded(drafts: &[(LevelOfCare, &str)]) -> Vec<LevelOfCareChange> {
        drafts.iter().fold(Vec::new(), |mut changes, (level, since)| {
            changes.push(try_record(&changes, *level, since).unwrap());
            changes
        })
    }
    fn on(changes: &[LevelOfCareChange], date: &str) -> (LevelOfCare, Option<Day>) {
        let care = level_of_care_on(changes, day(date));
        (care.level, care.since)
    }

    #[test]
    fn without_a_change_the_level_is_intensive_outpatient() {
        assert_eq!(on(&[], TODAY), (IntensiveOutpatient, None));
        assert_eq!(level_of_care_on(&[], day(TODAY)).history, []);
    }

    #[test]
    fn a_change_applies_from_its_first_day() {
        let changes = recorded(&[(IntensiveOutpatient, "2026-09-01"), (ContinuingCare, "2026-11-20")]);
        assert_eq!(on(&changes, "2026-08-31"), (IntensiveOutpatient, None));
        assert_eq!(on(&changes, "2026-11-19"), (IntensiveOutpatient, Some(day("2026-09-01"))));
        assert_eq!(on(&changes, "2026-11-20"), (ContinuingCare, Some(day("2026-11-20"))));
        assert_eq!(on(&changes, TODAY), (ContinuingCare, Some(day("2026-11-20"))));
    }

    #[test]
    fn a_planned_change_applies_once_its_first_day_has_come() {
        let changes = recorded(&[(ContinuingCare, "2026-12-01")]);
        assert_eq!(on(&changes, TODAY), (IntensiveOutpatient, None));
        assert_eq!(on(&changes, "2026-12-01"), (ContinuingCare, Some(day("2026-12-01"))));
    }

    #[test]
    fn of_two_changes_on_one_day_the_one_recorded_later_applies() {
        let changes = recorded(&[(ContinuingCare, "2026-11-20"), (IntensiveOutpatient, "2026-11-20")]);
        assert_eq!(on(&changes, TODAY), (IntensiveOutpatient, Some(day("2026-11-20"))));
        let newest_first: Vec<_> =
            level_of_care_on(&changes, day(TODAY)).history.iter().map(|change| change.number).collect();
        assert_eq!(newest_first, [2, 1]);
    }

    #[test]
    fn a_change_that_was_earlier_than_recorded_is_corrected_by_another() {
        let changes = recorded(&[(ContinuingCare, "2026-11-20"), (ContinuingCare, "2026-11-10")]);
        assert_eq!(
            on(&changes, TODAY),
            (ContinuingCare, Some(day("2026-11-10"))),
            "without a break since then"
        );
    }

    #[test]
    fn a_change_that_was_later_than_recorded_is_corrected_by_two_others() {
        let wrong = (ContinuingCare, "2026-11-10");
        let changes = recorded(&[wrong, (IntensiveOutpatient, "2026-11-10"), (ContinuingCare, "2026-11-20")]);
        assert_eq!(on(&changes, "2026-11-19").0, IntensiveOutpatient);
        assert_eq!(on(&changes, TODAY), (ContinuingCare, Some(day("2026-11-20"))));
    }

    #[rstest]
    #[case::a_year_ago("2025-11-24", Ok(()))]
    #[case::longer_ago("2025-11-23", Err(Refusal::TooFarAway))]
    #[case::a_year_ahead("2027-11-26", Ok(()))]
    #[case::further_ahead("2027-11-27", Err(Refusal::TooFarAway))]
    fn a_change_is_within_a_year_of_today(#[case] since: &str, #[case] expected: Result<(), Refusal>) {
        assert_eq!(try_record(&[], ContinuingCare, since).map(drop), expected);
    }

    #[test]
    fn a_change_to_the_same_level_is_refused() {
        assert!(try_record(&[], IntensiveOutpatient, TODAY).is_ok(), "the first level can be recorded");
        let changes = recorded(&[(ContinuingCare, "2026-11-20")]);
        assert_eq!(try_record(&changes, ContinuingCare, TODAY), Err(Refusal::NoChange));
        assert_eq!(try_record(&changes, ContinuingCare, "2026-11-20"), Err(Refusal::NoChange));
        assert!(try_record(&changes, ContinuingCare, "2026-11-19").is_ok());
        assert!(try_record(&changes, IntensiveOutpatient, TODAY).is_ok());
    }

    #[test]
    fn the_same_change_again_is_a_repeat_and_another_under_its_id_is_refused() {
        let changes = recorded(&[(ContinuingCare, "2026-11-20"), (IntensiveOutpatient, "2026-11-23")]);
        let again = |since: &str| {
            let draft = LevelOfCareChangeDraft { level: ContinuingCare, since: day(since) };
            let later = moment("2028-01-01T00:00:00Z");
            record(&changes, changes[0].id, draft, Uuid::from_u128(2).into(), day("2028-01-01"), later)
        };
        assert_eq!(again("2026-11-20"), Ok(changes[0]), "however late, and whatever was recorded since");
        assert_eq!(again("2026-11-19"), Err(Refusal::Different));
    }

    #[test]
    fn at_most_200_changes_are_listed() {
        let first = recorded(&[(ContinuingCare, TODAY)])[0];
        let changes: Vec<_> = (1..=250).map(|number| LevelOfCareChange { number, ..first }).collect();
        let history = level_of_care_on(&changes, day(TODAY)).history;
        assert_eq!((history.len(), history[0].number), (MOST_LISTED, 250));
    }

    prop_compose! {
        /// Changes recorded one after the other, within three weeks.
        fn any_changes()(drafts in prop::collection::vec((any::<bool>(), 0i32..21), 0..12)) -> Vec<LevelOfCareChange> {
            drafts.into_iter().fold(Vec::new(), |mut changes, (is_continuing_care, ago)| {
                let level = if is_continuing_care { ContinuingCare } else { IntensiveOutpatient };
                changes.extend(try_record(&changes, level, &day(TODAY).plus(-ago).to_string()));
                changes
            })
        }
    }

    proptest! {
        #[test]
        fn a_change_applies_on_its_first_day_and_to_no_day_before_it(
            changes in any_changes(), is_continuing_care in any::<bool>(), ago in 0i32..21, before in 1i32..21
        ) {
            let level = if is_continuing_care { ContinuingCare } else { IntensiveOutpatient };
            let since = day(TODAY).plus(-ago);
            let mut more = changes.clone();
            more.extend(try_record(&changes, level, &since.to_string()));
            prop_assert_eq!(level_on(&more, since), level, "recorded, or refused because it is the same");
            prop_assert_eq!(level_on(&more, since.plus(-before)), level_on(&changes, since.plus(-before)));
        }

        #[test]
        fn the_order_in_which_changes_are_read_does_not_matter(
            (changes, shuffled) in any_changes().prop_flat_map(|changes| (Just(changes.clone()), Just(changes).prop_shuffle())),
            ago in 0i32..25
        ) {
            let on = day(TODAY).plus(-ago);
            prop_assert_eq!(level_of_care_on(&changes, on), level_of_care_on(&shuffled, on));
        }

        #[test]
        fn a_level_applies_on_every_day_since_and_not_on_the_day_before(changes in any_changes(), ago in 0i32..25) {
            let on = day(TODAY).plus(-ago);
            let LevelOfCareHistory { level, since, .. } = level_of_care_on(&changes, on);
            let recorded_by_then = |on: Day| changes.iter().any(|change| change.since <= on);
            prop_assert_eq!(since.is_some(), recorded_by_then(on));
            if let Some(since) = since {
                let mut days = (0..=since.until(on)).map(|days| since.plus(days));
                prop_assert!(days.all(|day| level_on(&changes, day) == level));
                let before = since.plus(-1);
                prop_assert!(!recorded_by_then(before) || level_on(&changes, before) != level);
            }
        }
    }
}
