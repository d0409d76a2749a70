//! What answers say: of a day for its trend, of warning signs, of use.

use super::{Answer, Answers, CheckIn, CheckInKind, CheckInRevision, Figure};
use crate::craving::Substance;
use crate::recovery::told_use::{TellingKind, ToldUse};
use crate::recovery::warning::{SignCode, SignSeen};
use crate::value::{Day, Moment};
use serde::Serialize;
use utoipa::ToSchema;

/// What a daily check-in says of its day, for trends; what was not answered is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "mood": 6, "sleep_hours": 7.5, "stress": 3, "confidence": 8, "craving_worst": 4, "any_use": false
}))]
pub struct DayFigures {
    /// Mood, 0 very low to 10 very good.
    #[schema(minimum = 0, maximum = 10)]
    pub mood: Option<i16>,
    /// Hours slept, in halves.
    #[schema(minimum = 0, maximum = 24)]
    pub sleep_hours: Option<Figure>,
    /// Stress, 0 none to 10.
    #[schema(minimum = 0, maximum = 10)]
    pub stress: Option<i16>,
    /// Confidence to stay free from use, 0 to 10.
    #[schema(minimum = 0, maximum = 10)]
    pub confidence: Option<i16>,
    /// The craving of the day at its worst, 0 to 10.
    #[schema(minimum = 0, maximum = 10)]
    pub craving_worst: Option<i16>,
    /// Whether there was any use.
    pub any_use: Option<bool>,
}

impl DayFigures {
    /// The figures of a daily check-in, by the codes of its questions; a weekly one has none of a day.
    pub fn of(check_in: &CheckIn) -> Self {
        if check_in.kind != CheckInKind::Daily {
            return Self::default();
        }
        let figure = |code| match check_in.answers.get(code) {
            Some(Answer::Number(figure)) => Some(*figure),
            _ => None,
        };
        let point = |code| figure(code).and_then(Figure::whole);
        Self {
            mood: point("mood"),
            sleep_hours: figure("sleep_hours"),
            stress: point("stress"),
            confidence: point("confidence"),
            craving_worst: point("craving_worst"),
            any_use: any_use(&check_in.answers),
        }
    }
}

fn any_use(answers: &Answers) -> Option<bool> {
    match answers.get("any_use") {
        Some(Answer::YesNo(yes)) => Some(*yes),
        _ => None,
    }
}

/// The warning signs that were ticked in a check-in, on the local day on which it was filled in.
pub fn signs_seen(check_in: &CheckIn) -> Vec<SignSeen> {
    let day = check_in.filled_in_at().local_day(&check_in.time_zone);
    signs(&check_in.answers).map(|code| SignSeen { code, day }).collect()
}

fn signs(answers: &Answers) -> impl Iterator<Item = SignCode> {
    let ticked = match answers.get("signs") {
        Some(Answer::Choices(codes)) => Some(codes),
        _ => None,
    };
    ticked.into_iter().flatten().filter_map(|code| SignCode::try_from(String::from(code.clone())).ok())
}

/// What was said of use, question by question; nothing of what was left out.
#[derive(Clone, Copy, Default)]
struct Said {
    any: Option<bool>,
    sign: Option<bool>,
    alcohol_days: Option<i16>,
    drug_days: Option<i16>,
}

impl Said {
    fn of(answers: &Answers) -> Self {
        let days = |code| match answers.get(code) {
            Some(Answer::Number(days)) => days.whole(),
            _ => None,
        };
        let ticked = answers.get("signs").map(|_| signs(answers).any(|sign| sign.as_ref() == "use"));
        Self {
            any: any_use(answers),
            sign: ticked,
            alcohol_days: days("alcohol_days"),
            drug_days: days("drug_days"),
        }
    }

    /// With another answer, which may be about other hours: the worse of both.
    fn and(self, other: Self) -> Self {
        Self {
            any: self.any.max(other.any),
            sign: self.sign.max(other.sign),
            alcohol_days: self.alcohol_days.max(other.alcohol_days),
            drug_days: self.drug_days.max(other.drug_days),
        }
    }

    /// Put right: what is left out stays.
    fn corrected(self, by: Self) -> Self {
        Self {
            any: by.any.or(self.any),
            sign: by.sign.or(self.sign),
            alcohol_days: by.alcohol_days.or(self.alcohol_days),
            drug_days: by.drug_days.or(self.drug_days),
        }
    }

    fn used(self) -> Option<Vec<Substance>> {
        let some = |days: Option<i16>| days.is_some_and(|days| 0 < days);
        let (drank, drugs) = (some(self.alcohol_days), some(self.drug_days));
        let alcohol = if drank && !drugs { vec![Substance::Alcohol] } else { Vec::new() };
        (drank || drugs || self.any == Some(true) || self.sign == Some(true)).then_some(alcohol)
    }
}

/// What answers tell was used, on their day or in their week, if they tell of use at all; nothing, and so the worst,
/// where it may have been anything. They name no drug; only alcohol is told by a question of its own.
pub fn used(answers: &Answers) -> Option<Vec<Substance>> {
    Said::of(answers).used()
}

/// The use that all revisions of one day or week tell of, received now. What one tells, another adds to; only a
/// correction takes back what it answers otherwise.
pub fn told_use(kept: &[CheckInRevision], now: Moment) -> Option<ToldUse> {
    let mut kept: Vec<_> = kept.iter().collect();
    kept.sort_by_key(|one| one.revision);
    let first = *kept.first()?;
    let said = kept.iter().fold(Said::default(), |said, one| {
        let more = Said::of(&one.check_in.answers);
        if one.corrects() { said.corrected(more) } else { said.and(more) }
    });
    let substances = said.used()?;
    let telling = |one: &&&CheckInRevision| !one.corrects() && used(&one.check_in.answers).is_some();
    let (from, to) = kept.iter().rfind(telling).map_or(first, |one| *one).asks_about();
    let some = |days: Option<i16>| days.filter(|days| 0 < *days);
    Some(ToldUse {
        kind: TellingKind::CheckIn,
        id: uuid::Uuid::from(first.id).into(),
        from,
        to,
        substance: substances.first().copied(),
        alcohol_days: some(said.alcohol_days),
        drug_days: some(said.drug_days),
        told_at: now,
        revision: 1,
        acknowledged: None,
        seen_with_lapses: false,
    })
}

impl CheckInRevision {
    /// The first and the last day that it asks about. A weekly one asks about the 7 days up to the one on which it is
    /// filled in, and belongs to a week that may have begun before them.
    fn asks_about(&self) -> (Day, Day) {
        match self.check_in.kind {
            CheckInKind::Daily => (self.day, self.day),
            CheckInKind::Weekly => {
                let to = self.answered_at().local_day(&self.check_in.time_zone);
                (to.plus(-6).min(self.day), to)
            }
        }
    }
}
