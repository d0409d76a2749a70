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

    /// Whether it says no where that was not said before.
    fn denies(self, before: Self) -> bool {
        let no = |now: Option<bool>, then: Option<bool>| now == Some(false) && then != now;
        let none = |now: Option<i16>, then: Option<i16>| now == Some(0) && then != now;
        no(self.any, before.any)
            || no(self.sign, before.sign)
            || none(self.alcohol_days, before.alcohol_days)
            || none(self.drug_days, before.drug_days)
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

/// The use that a check-in tells of once this was answered now. `stood` are the answers that stood until then, `before`
/// what it told. Another answer adds to it; only a correction that says no where none was said takes it back.
pub fn told_use(
    check_in: &CheckIn,
    stood: Option<&Answers>,
    new: &CheckInRevision,
    before: Option<&ToldUse>,
    now: Moment,
) -> Option<ToldUse> {
    let standing = before.filter(|before| before.stands());
    let (alcohol, drugs) = standing.map_or((None, None), |one| (one.alcohol_days, one.drug_days));
    let mut said = Said::of(&new.check_in.answers);
    let corrected = stood.filter(|_| new.corrects());
    let denied = corrected.is_some_and(|stood| said.denies(Said::of(stood)));
    if said.used().is_none() && !denied {
        return standing.copied();
    }
    let (mut from, mut to) = new.asks_about();
    if corrected.is_some() {
        // What is left out stays.
        said.alcohol_days = said.alcohol_days.or(alcohol);
        said.drug_days = said.drug_days.or(drugs);
        // Whenever it is corrected, it is about the days it was about, and more is about its week.
        let more = alcohol < said.alcohol_days || drugs < said.drug_days || standing.is_none();
        (from, to) = match standing {
            Some(one) if more => (one.from.min(new.day), one.to.max(new.last_day())),
            Some(one) => (one.from, one.to),
            None => (new.day, new.last_day()),
        };
    } else {
        said.alcohol_days = said.alcohol_days.max(alcohol);
        said.drug_days = said.drug_days.max(drugs);
    }
    let substances = said.used()?;
    let some = |days: Option<i16>| days.filter(|days| 0 < *days);
    let told = ToldUse {
        kind: TellingKind::CheckIn,
        id: uuid::Uuid::from(check_in.id).into(),
        from,
        to,
        substance: substances.first().copied(),
        alcohol_days: some(said.alcohol_days),
        drug_days: some(said.drug_days),
        told_at: now,
        revision: 1,
        acknowledged: None,
        seen_with_lapses: false,
        taken_back_at: None,
    };
    let at = corrected.is_none().then(|| new.answered_at());
    Some(told.after(before, at))
}

impl CheckInRevision {
    /// The first and the last day that it asks about: of a weekly one, the 7 up to that on which it is filled in.
    fn asks_about(&self) -> (Day, Day) {
        match self.check_in.kind {
            CheckInKind::Daily => (self.day, self.day),
            CheckInKind::Weekly => {
                let to = self.answered_at().local_day(&self.check_in.time_zone);
                (to.plus(-6), to)
            }
        }
    }

    /// The last day of the day or week that it belongs to.
    fn last_day(&self) -> Day {
        match self.check_in.kind {
            CheckInKind::Daily => self.day,
            CheckInKind::Weekly => self.day.plus(6),
        }
    }
}
