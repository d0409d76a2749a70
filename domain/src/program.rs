//! The program that somebody is in: at which level of care, and since when.
//!
//! What is kept are steps as staff stated them, and none ever changes: what was stated wrongly is put right by
//! another step. The level on a day is folded from them each time it is asked for. Where no step says anything,
//! somebody is in intensive outpatient care, with which treatment here begins.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account::AccountId;
use crate::value::{Day, Moment};

/// How many days before or after today a step may lie: a slip in the year is no step.
pub const FURTHEST_SINCE: i32 = 366;
/// Steps told at most, the newest.
pub const MOST_TOLD: usize = 200;

id! {
    /// A step to a level of care, named by whoever records it; unique for its participant.
    LevelOfCareChangeId
}
words! {
    /// The level of care.
    LevelOfCare {
        /// An intensive outpatient program.
        IntensiveOutpatient = "intensive_outpatient",
        /// ContinuingCare, the step down from it.
        ContinuingCare = "continuing_care",
    }
}

/// A step to a level of care, as it is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "level": "continuing_care", "since": "2026-11-20" }))]
pub struct LevelOfCareChangeDraft {
    /// To which level.
    pub level: LevelOfCare,
    /// From which day on, by the participant's calendar; up to a year back, or ahead if it is planned.
    pub since: Day,
}

/// A step to a level of care, as it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LevelOfCareChange {
    /// Its id.
    pub id: LevelOfCareChangeId,
    /// Its place among the participant's steps in the order in which they were recorded, from 1. The clocks of two
    /// servers could not tell that order.
    #[serde(skip)]
    pub number: i32,
    /// To which level.
    pub level: LevelOfCare,
    /// From which day on.
    pub since: Day,
    /// Who recorded it.
    pub recorded_by: AccountId,
    /// When.
    pub recorded_at: Moment,
}

impl LevelOfCareChange {
    fn draft(&self) -> LevelOfCareChangeDraft {
        LevelOfCareChangeDraft { level: self.level, since: self.since }
    }
}

/// The level of care on a day, and the steps it follows from.
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
    /// Since which day without a break; absent if nothing is recorded for the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub since: Option<Day>,
    /// The steps by the day they begin on, the newest first, those ahead too; of one day, that recorded last
    /// comes first and holds. At most the newest 200.
    #[schema(max_items = 200)]
    pub history: Vec<LevelOfCareChange>,
}

/// Why a step is not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The id already stands for another step.
    #[error("this id already stands for another step; send it under a new id")]
    Different,
    /// The day is more than a year away.
    #[error("must be at most {FURTHEST_SINCE} days before or after today")]
    FarAway,
    /// It changes nothing.
    #[error("this level of care holds on that day already; read what is recorded")]
    NoStep,
}

/// The step that holds on a day: the last to begin by then; of those that begin on one day, the one recorded last.
fn holding(steps: &[LevelOfCareChange], on: Day) -> Option<&LevelOfCareChange> {
    steps.iter().filter(|step| step.since <= on).max_by_key(|step| (step.since, step.number))
}

/// The level of care on a day, whichever order the steps are in.
pub fn level_on(steps: &[LevelOfCareChange], on: Day) -> LevelOfCare {
    holding(steps, on).map_or(LevelOfCare::IntensiveOutpatient, |step| step.level)
}

/// Care as it stands on a day.
pub fn level_of_care_on(steps: &[LevelOfCareChange], on: Day) -> LevelOfCareHistory {
    let level = level_on(steps, on);
    let before = |step: &&LevelOfCareChange| {
        let earlier = holding(steps, step.since.plus(-1));
        // The calendar has a first day, before which there is no other.
        earlier.filter(|earlier| earlier.level == level && earlier.since < step.since)
    };
    let first = std::iter::successors(holding(steps, on), before).last();
    let mut history = steps.to_vec();
    history.sort_by_key(|step| Reverse((step.since, step.number)));
    history.truncate(MOST_TOLD);
    LevelOfCareHistory { level, since: first.map(|step| step.since), history }
}

/// Records a step beside those that are. Sent again, it is the one that was recorded. `today` is the participant's.
pub fn record(
    steps: &[LevelOfCareChange],
    id: LevelOfCareChangeId,
    draft: LevelOfCareChangeDraft,
    by: AccountId,
    today: Day,
    now: Moment,
) -> Result<LevelOfCareChange, Refusal> {
    if let Some(kept) = steps.iter().find(|step| step.id == id) {
        return if kept.draft() == draft { Ok(*kept) } else { Err(Refusal::Different) };
    }
    let LevelOfCareChangeDraft { level, since } = draft;
    if FURTHEST_SINCE < today.until(since).abs() {
        return Err(Refusal::FarAway);
    }
    // What nobody recorded can be stated, even where it is the level that everybody begins at.
    if holding(steps, since).is_some_and(|step| step.level == level) {
        return Err(Refusal::NoStep);
    }
    let number = 1 + steps.iter().map(|step| step.number).max().unwrap_or(0);
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
        steps: &[LevelOfCareChange],
        level: LevelOfCare,
        since: &str,
    ) -> Result<LevelOfCareChange, Refusal> {
        let id = Uuid::from_u128(100 + u128::try_from(steps.len()).unwrap()).into();
        let draft = LevelOfCareChangeDraft { level, since: day(since) };
        record(steps, id, draft, Uuid::from_u128(1).into(), day(TODAY), moment("2026-11-25T16:00:00Z"))
    }
    fn recorded(drafts: &[(LevelOfCare, &str)]) -> Vec<LevelOfCareChange> {
        drafts.iter().fold(Vec::new(), |mut steps, (level, since)| {
            steps.push(try_record(&steps, *level, since).unwrap());
            steps
        })
    }
    fn on(steps: &[LevelOfCareChange], date: &str) -> (LevelOfCare, Option<Day>) {
        let care = level_of_care_on(steps, day(date));
        (care.level, care.since)
    }

    #[test]
    fn with_nothing_recorded_somebody_is_in_intensive_outpatient_care() {
        assert_eq!(on(&[], TODAY), (IntensiveOutpatient, None));
        assert_eq!(level_of_care_on(&[], day(TODAY)).history, []);
    }

    #[test]
    fn a_step_counts_from_its_day_on() {
        let steps = recorded(&[(IntensiveOutpatient, "2026-09-01"), (ContinuingCare, "2026-11-20")]);
        assert_eq!(on(&steps, "2026-08-31"), (IntensiveOutpatient, None));
        assert_eq!(on(&steps, "2026-11-19"), (IntensiveOutpatient, Some(day("2026-09-01"))));
        assert_eq!(on(&steps, "2026-11-20"), (ContinuingCare, Some(day("2026-11-20"))));
        assert_eq!(on(&steps, TODAY), (ContinuingCare, Some(day("2026-11-20"))));
    }

    #[test]
    fn a_step_that_is_planned_counts_once_its_day_has_come() {
        let steps = recorded(&[(ContinuingCare, "2026-12-01")]);
        assert_eq!(on(&steps, TODAY), (IntensiveOutpatient, None));
        assert_eq!(on(&steps, "2026-12-01"), (ContinuingCare, Some(day("2026-12-01"))));
    }

    #[test]
    fn of_two_steps_on_one_day_the_one_recorded_later_holds() {
        let steps = recorded(&[(ContinuingCare, "2026-11-20"), (IntensiveOutpatient, "2026-11-20")]);
        assert_eq!(on(&steps, TODAY), (IntensiveOutpatient, Some(day("2026-11-20"))));
        let newest_first: Vec<_> =
            level_of_care_on(&steps, day(TODAY)).history.iter().map(|step| step.number).collect();
        assert_eq!(newest_first, [2, 1]);
    }

    #[test]
    fn a_step_that_was_earlier_than_stated_is_put_right_by_another() {
        let steps = recorded(&[(ContinuingCare, "2026-11-20"), (ContinuingCare, "2026-11-10")]);
        assert_eq!(
            on(&steps, TODAY),
            (ContinuingCare, Some(day("2026-11-10"))),
            "without a break since then"
        );
    }

    #[test]
    fn a_step_that_was_later_than_stated_is_put_right_by_two_others() {
        let wrong = (ContinuingCare, "2026-11-10");
        let steps = recorded(&[wrong, (IntensiveOutpatient, "2026-11-10"), (ContinuingCare, "2026-11-20")]);
        assert_eq!(on(&steps, "2026-11-19").0, IntensiveOutpatient);
        assert_eq!(on(&steps, TODAY), (ContinuingCare, Some(day("2026-11-20"))));
    }

    #[rstest]
    #[case::a_year_ago("2025-11-24", Ok(()))]
    #[case::longer_ago("2025-11-23", Err(Refusal::FarAway))]
    #[case::a_year_ahead("2027-11-26", Ok(()))]
    #[case::further_ahead("2027-11-27", Err(Refusal::FarAway))]
    fn a_step_lies_within_a_year_of_today(#[case] since: &str, #[case] expected: Result<(), Refusal>) {
        assert_eq!(try_record(&[], ContinuingCare, since).map(drop), expected);
    }

    #[test]
    fn a_step_that_changes_nothing_is_refused() {
        assert!(try_record(&[], IntensiveOutpatient, TODAY).is_ok(), "what nobody said can be said");
        let steps = recorded(&[(ContinuingCare, "2026-11-20")]);
        assert_eq!(try_record(&steps, ContinuingCare, TODAY), Err(Refusal::NoStep));
        assert_eq!(try_record(&steps, ContinuingCare, "2026-11-20"), Err(Refusal::NoStep));
        assert!(try_record(&steps, ContinuingCare, "2026-11-19").is_ok());
        assert!(try_record(&steps, IntensiveOutpatient, TODAY).is_ok());
    }

    #[test]
    fn the_same_step_again_is_the_same_and_another_under_its_id_is_refused() {
        let steps = recorded(&[(ContinuingCare, "2026-11-20"), (IntensiveOutpatient, "2026-11-23")]);
        let again = |since: &str| {
            let draft = LevelOfCareChangeDraft { level: ContinuingCare, since: day(since) };
            let later = moment("2028-01-01T00:00:00Z");
            record(&steps, steps[0].id, draft, Uuid::from_u128(2).into(), day("2028-01-01"), later)
        };
        assert_eq!(again("2026-11-20"), Ok(steps[0]), "however late, and whatever was recorded since");
        assert_eq!(again("2026-11-19"), Err(Refusal::Different));
    }

    #[test]
    fn no_more_is_told_than_a_page_holds() {
        let first = recorded(&[(ContinuingCare, TODAY)])[0];
        let steps: Vec<_> = (1..=250).map(|number| LevelOfCareChange { number, ..first }).collect();
        let history = level_of_care_on(&steps, day(TODAY)).history;
        assert_eq!((history.len(), history[0].number), (MOST_TOLD, 250));
    }

    prop_compose! {
        /// Steps as they may be recorded one after the other, within three weeks.
        fn any_steps()(drafts in prop::collection::vec((any::<bool>(), 0i32..21), 0..12)) -> Vec<LevelOfCareChange> {
            drafts.into_iter().fold(Vec::new(), |mut steps, (is_continuing_care, ago)| {
                let level = if is_continuing_care { ContinuingCare } else { IntensiveOutpatient };
                steps.extend(try_record(&steps, level, &day(TODAY).plus(-ago).to_string()));
                steps
            })
        }
    }

    proptest! {
        #[test]
        fn a_step_holds_on_its_day_and_changes_no_day_before_it(
            steps in any_steps(), is_continuing_care in any::<bool>(), ago in 0i32..21, before in 1i32..21
        ) {
            let level = if is_continuing_care { ContinuingCare } else { IntensiveOutpatient };
            let since = day(TODAY).plus(-ago);
            let mut more = steps.clone();
            more.extend(try_record(&steps, level, &since.to_string()));
            prop_assert_eq!(level_on(&more, since), level, "recorded, or refused because it holds");
            prop_assert_eq!(level_on(&more, since.plus(-before)), level_on(&steps, since.plus(-before)));
        }

        #[test]
        fn the_order_in_which_steps_are_read_does_not_matter(
            (steps, shuffled) in any_steps().prop_flat_map(|steps| (Just(steps.clone()), Just(steps).prop_shuffle())),
            ago in 0i32..25
        ) {
            let on = day(TODAY).plus(-ago);
            prop_assert_eq!(level_of_care_on(&steps, on), level_of_care_on(&shuffled, on));
        }

        #[test]
        fn a_level_has_held_on_every_day_since_and_not_on_the_day_before(steps in any_steps(), ago in 0i32..25) {
            let on = day(TODAY).plus(-ago);
            let LevelOfCareHistory { level, since, .. } = level_of_care_on(&steps, on);
            let recorded_by_then = |on: Day| steps.iter().any(|step| step.since <= on);
            prop_assert_eq!(since.is_some(), recorded_by_then(on));
            if let Some(since) = since {
                let mut days = (0..=since.until(on)).map(|days| since.plus(days));
                prop_assert!(days.all(|day| level_on(&steps, day) == level));
                let before = since.plus(-1);
                prop_assert!(!recorded_by_then(before) || level_on(&steps, before) != level);
            }
        }
    }
}
