//! Reads answers: the figures of a day for trends, warning signs, use.

use super::{Answer, Answers, CheckIn, CheckInKind, CheckInRevision, Figure};
use crate::craving::Substance;
use crate::recovery::told_use::{TellingKind, ToldUse};
use crate::recovery::warning::{SignCode, SignSeen};
use crate::value::{Day, Moment};
use serde::Serialize;
use utoipa::ToSchema;

/// The figures of a daily check-in, for trends. Questions without an answer are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "mood": 6, "sleep_hours": 7.5, "stress": 3, "confidence": 8, "craving_worst": 4, "any_use": false
}))]
pub struct DayFigures {
    /// Mood, 0 very low to 10 very good.
    #[schema(minimum = 0, maximum = 10)]
    pub mood: Option<i16>,
    /// Hours slept, in steps of half an hour.
    #[schema(minimum = 0, maximum = 24)]
    pub sleep_hours: Option<Figure>,
    /// Stress, 0 none to 10.
    #[schema(minimum = 0, maximum = 10)]
    pub stress: Option<i16>,
    /// Confidence about not using, 0 to 10.
    #[schema(minimum = 0, maximum = 10)]
    pub confidence: Option<i16>,
    /// The strongest craving of the day, 0 to 10.
    #[schema(minimum = 0, maximum = 10)]
    pub craving_worst: Option<i16>,
    /// Whether there was any use.
    pub any_use: Option<bool>,
}

impl DayFigures {
    /// The figures of a daily check-in; a weekly one has none.
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

/// The warning signs that were checked in a check-in, on the local day on which it was filled in.
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

/// Most days of use that a check-in tells of, answered on two days of one week.
const MOST_DAYS: i16 = 14;

/// What was said of use, question by question; nothing of what was left out.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
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
        let (alcohol_days, drug_days) = (days("alcohol_days"), days("drug_days"));
        // What was ticked was the alcohol, where no drug was.
        let is_named = alcohol_days.is_some_and(|days| 0 < days) && drug_days == Some(0);
        let unnamed = |tick: Option<bool>| tick.filter(|used| !(*used && is_named));
        Self { any: unnamed(any_use(answers)), sign: unnamed(ticked), alcohol_days, drug_days }
    }

    /// With another answer, which may be about other hours or, unless it is of the same days, other days.
    fn and(self, other: Self, is_of_the_same_days: bool) -> Self {
        let days = |one: Option<i16>, other: Option<i16>| match (one, other) {
            (Some(one), Some(other)) if !is_of_the_same_days => Some((one + other).min(MOST_DAYS)),
            _ => one.max(other),
        };
        Self {
            any: self.any.max(other.any),
            sign: self.sign.max(other.sign),
            alcohol_days: days(self.alcohol_days, other.alcohol_days),
            drug_days: days(self.drug_days, other.drug_days),
        }
    }

    /// What it says otherwise than what stood.
    fn otherwise(self, stood: Self) -> Self {
        Self {
            any: self.any.filter(|_| self.any != stood.any),
            sign: self.sign.filter(|_| self.sign != stood.sign),
            alcohol_days: self.alcohol_days.filter(|_| self.alcohol_days != stood.alcohol_days),
            drug_days: self.drug_days.filter(|_| self.drug_days != stood.drug_days),
        }
    }

    /// Whether it tells of use, or more of it, where this stood.
    fn is_more_than(self, stood: Self) -> bool {
        let yes = |now: Option<bool>, then: Option<bool>| now == Some(true) && then != now;
        let more = |now: Option<i16>, then: Option<i16>| now.is_some_and(|days| 0 < days) && then < now;
        yes(self.any, stood.any)
            || yes(self.sign, stood.sign)
            || more(self.alcohol_days, stood.alcohol_days)
            || more(self.drug_days, stood.drug_days)
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
        let ticked = self.any == Some(true) || self.sign == Some(true);
        let alcohol = if drank && !drugs && !ticked { vec![Substance::Alcohol] } else { Vec::new() };
        (drank || drugs || ticked).then_some(alcohol)
    }
}

/// What answers tell was used, on their day or in their week, if they tell of use at all; nothing, and so the
/// worst, where it may have been anything. They name no drug; only alcohol is told by a question of its own.
pub fn used(answers: &Answers) -> Option<Vec<Substance>> {
    Said::of(answers).used()
}

/// The use that a check-in tells of once this was answered now. `kept` are its revisions until then, `before`
/// is what it told. Another answer adds to it; only a correction of the answer that told of it takes it back,
/// and only where no other did: of several, nobody knows which is meant.
pub fn told_use(
    check_in: &CheckIn,
    kept: &[CheckInRevision],
    new: &CheckInRevision,
    before: Option<&ToldUse>,
    now: Moment,
) -> Option<ToldUse> {
    let standing = before.filter(|before| before.stands());
    // What was taken back is not told again by what was said before.
    let since = before.and_then(|before| before.taken_back_at);
    let is_told = |one: &CheckInRevision| one.id == new.id || since < Some(one.received_at);
    let mut all: Vec<_> = kept.iter().chain([new]).collect();
    all.sort_by_key(|one| one.revision);
    let (mut said, mut news, mut is_anew, mut tellings) = (Said::default(), Said::default(), true, 0);
    let (mut stood, mut answered): (Option<&CheckInRevision>, Option<(Day, Day)>) = (None, None);
    for one in all {
        let own = Said::of(&one.check_in.answers);
        let corrected = stood.filter(|_| one.corrects());
        let stands = corrected.filter(|stood| is_told(stood)).map(|stood| Said::of(&stood.check_in.answers));
        let stands = stands.unwrap_or_default();
        news = own.otherwise(stands);
        is_anew = corrected.is_none() || own.is_more_than(stands);
        if is_told(one) {
            let is_of_the_same_days = answered.is_none_or(|days| days == one.asks_about());
            said = match corrected {
                Some(_) if tellings <= 1 && stands.used().is_some() => said.corrected(news),
                Some(_) if !is_anew => said,
                _ => said.and(news, is_of_the_same_days),
            };
            tellings += i32::from(is_anew && own.used().is_some());
        }
        if corrected.is_none() {
            answered = Some(one.asks_about());
        }
        stood = stood.filter(|stood| !one.replaces(stood)).or(Some(one));
    }
    if (is_anew && news.used().is_none()) || news == Said::default() {
        return standing.copied();
    }
    let substances = said.used()?;
    // A correction is about the days that were asked about, whenever it comes.
    let days = answered.unwrap_or_else(|| new.asks_about());
    let (from, to) = match standing {
        Some(one) if !is_anew => (one.from, one.to),
        _ => ToldUse::with_unseen(days, standing),
    };
    let some = |days: Option<i16>| days.filter(|days| 0 < *days);
    let substance = substances.first().copied();
    let told = ToldUse {
        alcohol_days: some(said.alcohol_days),
        drug_days: some(said.drug_days),
        ..ToldUse::new(TellingKind::CheckIn, check_in.id, (from, to), substance, now)
    };
    Some(told.after(before, is_anew))
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
}
