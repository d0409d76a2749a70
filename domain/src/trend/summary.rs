//! The summary of one day, updated with each entry.

use super::{Outcomes, Tallies, Tally};
use crate::craving::{Craving, Intensity, Outcome, TriggerCategory};
use crate::value::{Day, Moment};
use serde::{Deserialize, Serialize};

/// A day by trigger and by hour, stored as one small document: `{"t":{"conflict":[1,7]},"h":{"18":[1,7]}}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayDetail {
    /// By kind of trigger. An entry with two kinds counts in both.
    #[serde(rename = "t")]
    pub triggers: Tallies<TriggerCategory, 8>,
    /// By hour of the local day, 0 to 23.
    #[serde(rename = "h")]
    pub hours: Tallies<u8, 24>,
}

/// The totals of a participant's cravings of one local day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaySummary {
    /// The local day.
    pub day: Day,
    /// Number of entries.
    pub count: i32,
    /// The sum of their intensities as logged.
    pub intensity_sum: i32,
    /// Their highest intensity, later ratings included.
    pub peak: Intensity,
    /// How many passed without use.
    pub passed: i32,
    /// How many were still going at the last update.
    pub still_going: i32,
    /// How many ended in use.
    pub lapsed: i32,
    /// When the latest of them was felt.
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

    /// This summary with a new entry of the same day. After any other change the day is recounted.
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

    /// The summary of all entries of one day; none if all are withdrawn.
    pub fn recount(cravings: &[Craving]) -> Option<Self> {
        let mut valid = cravings.iter().filter(|craving| craving.withdrawn_at.is_none());
        let first = Self::first(valid.next()?);
        Some(valid.fold(first, Self::with))
    }

    pub(super) fn tally(&self) -> Tally {
        Tally { count: self.count, sum: self.intensity_sum }
    }

    pub(super) fn outcomes(&self) -> Outcomes {
        Outcomes { passed: self.passed, still_going: self.still_going, lapsed: self.lapsed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::craving::tests::moment;
    use crate::craving::withdraw;
    use crate::trend::tests::{any_craving, felt, week};
    use proptest::prelude::*;

    #[test]
    fn the_detail_of_a_day_is_a_small_document() {
        let detail = &week()[1].detail;
        let json = r#"{"t":{"urges":[1,7],"conflict":[2,11]},"h":{"9":[1,9],"18":[2,11]}}"#;
        assert_eq!(serde_json::to_string(detail).unwrap(), json);
        assert_eq!(&serde_json::from_str::<DayDetail>(json).unwrap(), detail);
    }

    #[test]
    fn a_day_with_only_withdrawn_entries_is_missing() {
        let craving = felt("2026-03-02T18:10:00Z", 7, &[], None);
        let gone = withdraw(&craving, moment("2026-03-03T00:00:00Z"));
        assert_eq!(DaySummary::recount(std::slice::from_ref(&gone)), None);
        assert_eq!(DaySummary::recount(&[]), None);
        assert_eq!(DaySummary::recount(&[gone, craving.clone()]), Some(DaySummary::first(&craving)));
    }

    proptest! {
        #[test]
        fn an_updated_summary_equals_a_recount_in_any_order(
            (entries, shuffled) in prop::collection::vec(any_craving(), 1..20)
                .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
            gone in prop::collection::vec(any_craving(), 0..5),
        ) {
            let updated = entries[1..].iter().fold(DaySummary::first(&entries[0]), DaySummary::with);
            let now = moment("2026-03-03T00:00:00Z");
            let mut all: Vec<_> = gone.iter().map(|craving| withdraw(craving, now)).collect();
            all.extend(shuffled);
            prop_assert_eq!(DaySummary::recount(&all), Some(updated.clone()));
            let json = serde_json::to_string(&updated.detail).unwrap();
            prop_assert_eq!(serde_json::from_str::<DayDetail>(&json).unwrap(), updated.detail);
        }
    }
}
