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
    pub reported_at: Moment,
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
        let told = Self::new(TellingKind::Craving, craving.id, (from, to), craving.draft.substance, now);
        Some(told.after(before, is_anew))
    }

    /// What an entry tells for the first time.
    pub fn new(
        kind: TellingKind,
        entry: impl Into<Uuid>,
        (from, to): (Day, Day),
        substance: Option<Substance>,
        now: Moment,
    ) -> Self {
        Self {
            kind,
            id: entry.into().into(),
            from,
            to,
            substance,
            alcohol_days: None,
            drug_days: None,
            reported_at: now,
            revision: 1,
            acknowledged: None,
            seen_with_lapses: false,
            taken_back_at: None,
            is_taken_back: false,
        }
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
            let Self { reported_at, revision, acknowledged, taken_back_at, .. } = *before;
            Self { reported_at, revision, acknowledged, taken_back_at, ..self }
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
        let was_told_once = self.revision == 1;
        if !was_told_once {
            return false;
        }
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
        is_whole && told(&|one| one == Substance::Alcohol, alcohol) && told(&is_drug, drugs)
    }

    /// Whether an answer tells of some of it.
    fn is_told_by(&self, answer: &Answer<'_>) -> bool {
        let lapse = answer.lapse;
        let names_another = self.kind == TellingKind::Craving
            && lapse.craving.is_some_and(|craving| Uuid::from(craving) != Uuid::from(self.id));
        let is_told_after = Some(self.reported_at) <= lapse.use_told_at;
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
            LapseOutcome::ReturnToUse => told_on.map_or(0, |told_on| first.until(told_on).clamp(0, 366)),
            LapseOutcome::SingleLapse | LapseOutcome::CloseCall => 0,
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
    news.min_by_key(|one| Reverse((may_kill(one), one.reported_at, one.id))).copied()
}

#[cfg(test)]
mod tests;
