//! Use that a craving or a check-in tells of. It changes no count, for only a lapse does, and only the person tells
//! one; but who treats them hears of it, until a lapse tells of it too or somebody has acknowledged it.
//!
//! **Taken back.** What was told stays told: neither another outcome of the same craving nor another answer of the same
//! day takes it back, but a correction that changes it, or the person's own word, does.
//!
//! **Told by a lapse too.** The lapse was told after it, as the answer to it invites: what was told before may have been
//! another time. It is of the same, as far as the entry says what it was, names no other craving, and is on one of its
//! days; one before 6 in the morning counts for the evening before as well. Of a week, lapses answer that are of as many
//! days as it tells; who returned to use tells of every day until they told it. Of what was told more than once, none
//! does.
//!
//! One look too many costs less than one too few: what is not surely the same is news.

use super::Refusal;
use super::guidance::may_be_opioid;
use super::lapse::{Acknowledgement, Lapse, LapseOutcome};
use crate::account::AccountId;
use crate::craving::{Craving, Outcome, Substance};
use crate::journal::words;
use crate::value::{Day, Moment};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeSet;
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
    /// What kind of entry tells of it.
    pub kind: TellingKind,
    /// The entry; unique for its participant and kind.
    pub id: TellingId,
    /// The first day on which it may have been.
    pub from: Day,
    /// The last.
    pub to: Day,
    /// What was used, where the entry says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub substance: Option<Substance>,
    /// On how many of these days it was alcohol; only where the entry says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 14)]
    pub alcohol_days: Option<i16>,
    /// On how many of these days it was a drug; only where the entry says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1, maximum = 14)]
    pub drug_days: Option<i16>,
    /// When it was told: when the server received it, or what is news of it.
    pub told_at: Moment,
    /// How often it was news: 1 until something else or more is told of it.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// Who of those who treat the person has seen it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub acknowledged: Option<Acknowledgement>,
    /// Whether lapses tell of all of it that somebody has acknowledged: there is nothing in it to be seen besides.
    pub seen_with_lapses: bool,
    /// When it was last taken back; what was told before then is not told any more.
    #[serde(skip)]
    pub taken_back_at: Option<Moment>,
    /// Whether nothing was told since then.
    #[serde(skip)]
    pub is_taken_back: bool,
}

/// What happened to a craving that may tell of use.
#[derive(Clone, Copy, Debug)]
pub enum Telling<'a> {
    /// It was told, with the entry or beside it, that this was so then.
    Observed(Outcome, Moment),
    /// It was corrected, by this outcome if it names one; this stood before.
    Corrected(Option<Outcome>, &'a Craving),
    /// It was withdrawn.
    Withdrawn,
}

impl ToldUse {
    /// What a craving tells after this has happened to it now; `before` is what it told until then. Use is taken back by
    /// a correction that changes an end in use to another, not by one that repeats what stood beside it.
    pub fn of_craving(
        craving: &Craving,
        telling: Telling<'_>,
        before: Option<&Self>,
        now: Moment,
    ) -> Option<Self> {
        let standing = before.filter(|before| before.stands());
        let day = |at: Moment| at.local_day(&craving.draft.time_zone);
        let (days, is_anew) = match telling {
            Telling::Observed(Outcome::Lapsed, at) => (Self::with_unseen((day(at), day(at)), standing), true),
            Telling::Observed(Outcome::Passed | Outcome::StillGoing, _) => return standing.copied(),
            Telling::Withdrawn => return None,
            Telling::Corrected(named, stood) => {
                let was_use = stood.draft.outcome == Some(Outcome::Lapsed);
                let is_use = craving.draft.outcome == Some(Outcome::Lapsed);
                let moved = |day| if day == stood.local_day { craving.local_day } else { day };
                match standing {
                    Some(_) if was_use && !is_use => return None,
                    Some(one) if was_use || !is_use => ((moved(one.from), moved(one.to)), false),
                    // It was use, where no use stood, or where it was taken back that any was told.
                    _ if named == Some(Outcome::Lapsed) => {
                        let days = (craving.local_day, craving.outcome_at.map_or(craving.local_day, day));
                        (Self::with_unseen(days, standing), true)
                    }
                    _ => return standing.copied(),
                }
            }
        };
        let (from, to) = (days.0.min(days.1), days.0.max(days.1));
        let told = Self {
            kind: TellingKind::Craving,
            id: Uuid::from(craving.id).into(),
            from,
            to,
            substance: craving.draft.substance,
            alcohol_days: None,
            drug_days: None,
            told_at: now,
            revision: 1,
            acknowledged: None,
            seen_with_lapses: false,
            taken_back_at: None,
            is_taken_back: false,
        };
        Some(told.after(before, is_anew))
    }

    /// Whether it was not taken back.
    pub fn stands(&self) -> bool {
        !self.is_taken_back
    }

    /// These days, with those that were told already and nobody has looked at.
    pub fn with_unseen(days: (Day, Day), standing: Option<&Self>) -> (Day, Day) {
        let unseen = standing.filter(|one| one.acknowledged.is_none() && !one.seen_with_lapses);
        unseen.map_or(days, |one| (one.from.min(days.0), one.to.max(days.1)))
    }

    /// What is told now in place of what was told before. Told anew, it is news. Put right, what is known of it already,
    /// or less, is none; another substance, other days or more of them are.
    #[must_use]
    pub fn after(self, before: Option<&Self>, is_anew: bool) -> Self {
        let Some(before) = before else { return self };
        let counted = |one: &Self| one.alcohol_days.is_some() || one.drug_days.is_some();
        let on_its_days = before.from <= self.from && self.to <= before.to;
        let no_more = self.alcohol_days <= before.alcohol_days && self.drug_days <= before.drug_days;
        // One of two that were counted is less.
        let one_of_two = before.substance.is_none() && counted(before) && counted(&self);
        let of_the_same = self.substance == before.substance || one_of_two;
        if !is_anew && before.stands() && on_its_days && no_more && of_the_same {
            let Self { told_at, revision, acknowledged, taken_back_at, .. } = *before;
            Self { told_at, revision, acknowledged, taken_back_at, ..self }
        } else {
            Self { revision: before.revision + 1, taken_back_at: before.taken_back_at, ..self }
        }
    }

    /// Takes it back. Done twice, the first time stands.
    #[must_use]
    pub fn take_back(self, now: Moment) -> Self {
        if self.is_taken_back { self } else { Self { taken_back_at: Some(now), is_taken_back: true, ..self } }
    }

    /// Takes back what stands as of this revision: what was told since is not meant.
    pub fn take_back_as_of(self, revision: i32, now: Moment) -> Result<Self, Refusal> {
        if self.is_taken_back || revision == self.revision {
            Ok(self.take_back(now))
        } else {
            Err(Refusal::Stale { current: self.revision })
        }
    }

    /// Notes who has seen it as of this revision; of several, the first stands.
    pub fn acknowledge(self, revision: i32, by: AccountId, now: Moment) -> Result<Self, Refusal> {
        let acknowledged = Acknowledgement::noted(self.acknowledged, self.revision, revision, by, now)?;
        Ok(Self { acknowledged: Some(acknowledged), ..self })
    }

    /// Weighs it against all lapses of the person, anew whenever one of them has changed.
    #[must_use]
    pub fn weighed(self, lapses: &[Lapse]) -> Self {
        let seen = lapses.iter().filter(|lapse| lapse.acknowledged.is_some()).filter_map(Answer::of);
        Self { seen_with_lapses: self.is_told(&seen.collect::<Vec<_>>()), ..self }
    }

    /// Whether answers tell of all of it too.
    fn is_told(&self, answers: &[Answer<'_>]) -> bool {
        let told = |is_of: &dyn Fn(Substance) -> bool, least: Option<i16>| {
            let of_it = answers.iter().filter(|one| is_of(one.lapse.substance) && self.is_told_by(one));
            let days: BTreeSet<Day> = of_it.flat_map(Answer::days).filter(|day| *day <= self.to).collect();
            least.is_none_or(|least| usize::try_from(least).is_ok_and(|least| least <= days.len()))
        };
        let (alcohol, drugs) = (self.alcohol_days, self.drug_days);
        // Where an entry does not name a substance, it does not ask about nicotine.
        let is_whole = match self.substance {
            Some(substance) => told(&|one| one == substance, Some(1)),
            None if drugs.is_none() => told(&|one| one != Substance::Nicotine, Some(1)),
            None => true,
        };
        let is_drug = |one| one != Substance::Nicotine && one != Substance::Alcohol;
        let was_told_once = self.revision == 1;
        was_told_once && is_whole && told(&|one| one == Substance::Alcohol, alcohol) && told(&is_drug, drugs)
    }

    /// Whether an answer tells of some of it.
    fn is_told_by(&self, answer: &Answer<'_>) -> bool {
        let lapse = answer.lapse;
        let names_another = self.kind == TellingKind::Craving
            && lapse.craving.is_some_and(|craving| Uuid::from(craving) != Uuid::from(self.id));
        let is_told_after = Some(self.told_at) <= lapse.use_told_at;
        let on_its_days = answer.evening <= self.to && self.from <= lapse.local_day;
        is_told_after && on_its_days && !names_another
    }
}

/// A lapse with use that stands.
struct Answer<'a> {
    lapse: &'a Lapse,
    evening: Day,
}

impl<'a> Answer<'a> {
    fn of(lapse: &'a Lapse) -> Option<Self> {
        let is_use = lapse.withdrawn_at.is_none() && lapse.outcome.is_use();
        is_use.then(|| Self { lapse, evening: lapse.evening() })
    }

    /// The days of use it tells of.
    fn days(&self) -> impl Iterator<Item = Day> {
        let first = self.evening;
        let told_on = self.lapse.use_told_at.map(|at| at.local_day(&self.lapse.time_zone));
        let more = match self.lapse.outcome {
            LapseOutcome::ReturnedToUse => told_on.map_or(0, |told_on| first.until(told_on).clamp(0, 366)),
            LapseOutcome::SingleUse | LapseOutcome::NearMiss => 0,
        };
        (0..=more).map(move |day| first.plus(day))
    }
}

/// The use that a caseload shows of what entries tell: what no lapse tells of and nobody has acknowledged; what may
/// have been an opioid first, then what was told last. `lapses` are all of the person.
pub fn last(told: &[ToldUse], lapses: &[Lapse]) -> Option<ToldUse> {
    let answers: Vec<_> = lapses.iter().filter_map(Answer::of).collect();
    let news = told.iter().filter(|one| one.acknowledged.is_none() && !one.is_told(&answers));
    let may_kill = |one: &ToldUse| one.substance.is_none_or(may_be_opioid);
    news.min_by_key(|one| Reverse((may_kill(one), one.told_at, one.id))).copied()
}

#[cfg(test)]
mod tests {
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
        ToldUse {
            kind: TellingKind::Craving,
            id: Uuid::from_u128(id).into(),
            from: day(on),
            to: day(on),
            substance,
            alcohol_days: None,
            drug_days: None,
            told_at: moment(&format!("{on}T22:00:00Z")),
            revision: 1,
            acknowledged: None,
            seen_with_lapses: false,
            taken_back_at: None,
            is_taken_back: false,
        }
    }
    fn week(alcohol_days: Option<i16>, drug_days: Option<i16>) -> ToldUse {
        let substance = drug_days.map_or(Some(Substance::Alcohol), |_| None);
        let kind = TellingKind::CheckIn;
        ToldUse { kind, from: day("2026-06-29"), alcohol_days, drug_days, ..told(2, substance, "2026-07-05") }
    }
    /// A lapse at a time in New York, 4 hours behind.
    fn lapse(substance: Substance, at: &str) -> Lapse {
        lapses::reported(lapses::draft(at, substance, LapseOutcome::SingleUse), NOW)
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
        close.outcome = LapseOutcome::NearMiss;
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
        let returned = LapseOutcome::ReturnedToUse;
        let draft = lapses::draft("2026-06-30T18:00:00Z", Substance::Alcohol, returned);
        let lapse = lapses::reported(draft, NOW);
        let all =
            |days, lapse: &Lapse| last(&[week(Some(days), None)], std::slice::from_ref(lapse)).is_none();
        // From Tuesday to Sunday.
        assert!(all(6, &lapse) && !all(7, &lapse));
        let on_saturday = ToldUse { told_at: moment("2026-07-04T12:00:00Z"), ..week(Some(5), None) };
        let told_then = Lapse { use_told_at: Some(on_saturday.told_at), ..lapse.clone() };
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
        let (opioid, unknown) =
            (told(2, Some(Substance::Opioids), "2026-07-01"), told(3, None, "2026-07-02"));
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
        let again = ToldUse { told_at: moment("2026-07-07T12:00:00Z"), ..first };
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
            let again =
                told(&lapsed, Telling::Corrected(Some(Outcome::Lapsed), stood), Some(&before)).unwrap();
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
                let draft = lapses::draft("2026-07-05T18:00:00Z", Substance::Opioids, LapseOutcome::ReturnedToUse);
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
}
