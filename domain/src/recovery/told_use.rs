//! Use that a craving or a check-in tells of. It changes no count, for only a lapse does, and only the person tells
//! one; but who treats them hears of it, until a lapse tells of it too or somebody has acknowledged it.

use super::lapse::Acknowledgement;
use crate::account::{AccountId, ParticipantId};
use crate::craving::{Craving, Outcome, Substance};
use crate::journal::words;
use crate::value::{Day, Moment};
use serde::Serialize;
use std::cmp::Reverse;
use utoipa::ToSchema;
use uuid::Uuid;

id! {
    /// A craving or a check-in that tells of use.
    TellingId
}
words! {
    /// What kind of entry tells of use.
    TellingKind {
        /// A craving that ended in use.
        Craving = "craving",
        /// A check-in that answers yes to use.
        CheckIn = "check_in",
    }
}

/// Use that an entry tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ToldUse {
    /// The entry.
    pub id: TellingId,
    /// What kind of entry it is.
    pub kind: TellingKind,
    /// The first day on which it may have been.
    pub from: Day,
    /// The last.
    pub to: Day,
    /// What was used, where the entry says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub substance: Option<Substance>,
    /// When it was told: when the server received it.
    pub told_at: Moment,
    /// Who of those who treat the person has seen it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub acknowledged: Option<Acknowledgement>,
}

/// The day of a lapse with use that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UseDay {
    /// Whose.
    pub participant: ParticipantId,
    /// What was used.
    pub substance: Substance,
    /// The day it counts on.
    pub day: Day,
}

impl ToldUse {
    /// What a craving tells, received now; nothing unless it stands and ended in use.
    pub fn of_craving(craving: &Craving, now: Moment) -> Option<Self> {
        let tells = craving.withdrawn_at.is_none() && craving.draft.outcome == Some(Outcome::Lapsed);
        tells.then(|| Self {
            id: Uuid::from(craving.id).into(),
            kind: TellingKind::Craving,
            from: craving.local_day,
            to: craving.local_day,
            substance: craving.draft.substance,
            told_at: now,
            acknowledged: None,
        })
    }

    /// The same use told again: what is known of it already is no news, the substance or the days of it are.
    #[must_use]
    pub fn after(self, before: Option<&Self>) -> Self {
        let known = |before: &&Self| {
            (before.substance, before.from, before.to) == (self.substance, self.from, self.to)
        };
        before.filter(known).copied().unwrap_or(self)
    }

    /// Notes who has seen it; of several, the first stands.
    #[must_use]
    pub fn acknowledge(self, by: AccountId, now: Moment) -> Self {
        Self { acknowledged: Acknowledgement::first(self.acknowledged, by, now), ..self }
    }

    /// Whether a lapse tells of it too: of the same, as far as it is known, on one of its days or one beside them,
    /// for an evening may end after midnight.
    pub fn is_told_by(&self, lapse: &UseDay) -> bool {
        self.substance.is_none_or(|substance| substance == lapse.substance)
            && self.from.plus(-1) <= lapse.day
            && lapse.day <= self.to.plus(1)
    }
}

/// The use that a caseload shows of what entries tell: what no lapse tells of and nobody has acknowledged; an opioid
/// or what nobody knows first, then what was told last.
pub fn last(told: &[ToldUse], lapses: &[UseDay]) -> Option<ToldUse> {
    let news = told.iter().filter(|one| one.acknowledged.is_none());
    let untold = news.filter(|one| !lapses.iter().any(|lapse| one.is_told_by(lapse)));
    let may_kill = |one: &ToldUse| one.substance.is_none_or(|substance| substance == Substance::Opioids);
    untold.min_by_key(|one| Reverse((may_kill(one), one.told_at, one.id))).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::craving::tests::moment;
    use proptest::prelude::*;
    use rstest::rstest;

    fn day(text: &str) -> Day {
        text.parse::<jiff::civil::Date>().unwrap().into()
    }
    fn told(id: u128, substance: Option<Substance>, on: &str) -> ToldUse {
        ToldUse {
            id: Uuid::from_u128(id).into(),
            kind: TellingKind::Craving,
            from: day(on),
            to: day(on),
            substance,
            told_at: moment(&format!("{on}T12:00:00Z")),
            acknowledged: None,
        }
    }
    fn lapse(substance: Substance, on: &str) -> UseDay {
        UseDay { participant: Uuid::from_u128(1).into(), substance, day: day(on) }
    }

    #[rstest]
    #[case::the_same_day(Some(Substance::Alcohol), Substance::Alcohol, "2026-07-05", true)]
    #[case::after_midnight(Some(Substance::Alcohol), Substance::Alcohol, "2026-07-06", true)]
    #[case::the_evening_before(Some(Substance::Alcohol), Substance::Alcohol, "2026-07-04", true)]
    #[case::another_day(Some(Substance::Alcohol), Substance::Alcohol, "2026-07-07", false)]
    #[case::something_else(Some(Substance::Opioids), Substance::Alcohol, "2026-07-05", false)]
    #[case::of_what_is_not_known(None, Substance::Alcohol, "2026-07-05", true)]
    fn a_lapse_of_that_day_tells_of_it_too(
        #[case] what: Option<Substance>,
        #[case] of: Substance,
        #[case] on: &str,
        #[case] is_told: bool,
    ) {
        let told = told(2, what, "2026-07-05");
        assert_eq!(told.is_told_by(&lapse(of, on)), is_told);
        assert_eq!(last(&[told], &[lapse(of, on)]).is_none(), is_told);
    }

    #[test]
    fn what_may_kill_comes_first_and_what_somebody_has_seen_comes_no_more() {
        let (opioid, unknown) =
            (told(2, Some(Substance::Opioids), "2026-07-01"), told(3, None, "2026-07-02"));
        let later = told(4, Some(Substance::Alcohol), "2026-07-05");
        let seen = |one: ToldUse| one.acknowledge(Uuid::from_u128(9).into(), moment("2026-07-06T12:00:00Z"));
        assert_eq!(last(&[opioid, later, unknown], &[]), Some(unknown));
        assert_eq!(last(&[opioid, later, seen(unknown)], &[]), Some(opioid));
        assert_eq!(last(&[seen(opioid), later], &[]), Some(later));
        assert_eq!(last(&[seen(opioid), seen(later)], &[]), None);
    }

    #[test]
    fn the_same_told_again_is_no_news_and_another_substance_is() {
        let first = told(2, Some(Substance::Alcohol), "2026-07-05");
        let seen = first.acknowledge(Uuid::from_u128(9).into(), moment("2026-07-06T12:00:00Z"));
        let again = ToldUse { told_at: moment("2026-07-07T12:00:00Z"), ..first };
        assert_eq!((again.after(Some(&seen)), again.after(None)), (seen, again));
        let worse = ToldUse { substance: Some(Substance::Opioids), ..again };
        assert_eq!(worse.after(Some(&seen)), worse);
        let by_another = seen.acknowledge(Uuid::from_u128(8).into(), moment("2026-07-08T12:00:00Z"));
        assert_eq!(by_another, seen, "the first time stands");
    }

    proptest! {
        #[test]
        fn what_is_shown_does_not_depend_on_the_order_in_which_it_came(
            (told, shuffled) in prop::collection::vec((0usize..3, 1u32..20), 0..6).prop_flat_map(|all| {
                let all: Vec<_> = (1..).zip(all).map(|(id, (what, on))| {
                    let what = [None, Some(Substance::Alcohol), Some(Substance::Opioids)][what];
                    told(id, what, &format!("2026-07-{on:02}"))
                }).collect();
                (Just(all.clone()), Just(all).prop_shuffle())
            }),
            on in 1u32..20,
        ) {
            let lapses = [lapse(Substance::Alcohol, &format!("2026-07-{on:02}"))];
            let shown = last(&told, &lapses);
            prop_assert_eq!(shown, last(&shuffled, &lapses));
            if let Some(shown) = shown {
                prop_assert!(!shown.is_told_by(&lapses[0]));
            }
        }
    }
}
