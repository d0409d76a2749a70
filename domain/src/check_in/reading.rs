//! What answers say: of a day for its trend, of warning signs, of use.

use super::{Answer, Answers, CheckIn, CheckInKind, CheckInRevision, Figure};
use crate::craving::Substance;
use crate::recovery::told_use::{TellingKind, ToldUse};
use crate::recovery::warning::{SignCode, SignSeen};
use crate::value::{Day, Moment};
use serde::Serialize;
use utoipa::ToSchema;

/// The last day on which a weekly check-in can be filled in, counted from its Monday: those of its week, and the 3 of
/// [`super::WEEKLY_GRACE`].
const WEEKLY_LAST_DAY: i32 = 9;

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

/// On how many days of the week it was so; none where it was on no day or is not said.
fn some_days(answers: &Answers, code: &str) -> Option<i16> {
    match answers.get(code) {
        Some(Answer::Number(days)) => days.whole().filter(|days| 0 < *days),
        _ => None,
    }
}

/// What answers tell was used, on their day or in their week, if they tell of use at all; nothing, and so the worst,
/// where it may have been anything. They name no drug: only alcohol is told by its own question, or by being all
/// that is `known` of the person.
pub fn used(answers: &Answers, known: &[Substance]) -> Option<Vec<Substance>> {
    let some = |code| some_days(answers, code).is_some();
    let (drank, drugs) = (some("alcohol_days"), some("drug_days"));
    let any = any_use(answers) == Some(true) || signs(answers).any(|sign| sign.as_ref() == "use");
    // No question here is about nicotine.
    let mut others = known.iter().filter(|one| **one != Substance::Nicotine).peekable();
    let only_drinks = others.peek().is_some() && others.all(|one| *one == Substance::Alcohol);
    let alcohol = !drugs && (drank || only_drinks);
    (drank || drugs || any).then(|| if alcohol { vec![Substance::Alcohol] } else { Vec::new() })
}

/// The use that all revisions of one day or week tell of, received now. To each question the answer counts that was
/// filled in last: one that is left out takes nothing back.
pub fn told_use(kept: &[CheckInRevision], now: Moment) -> Option<ToldUse> {
    let mut kept: Vec<_> = kept.iter().collect();
    let id = kept.iter().min_by_key(|one| one.revision)?.id;
    kept.sort_by_key(|one| (one.answered_at(), one.id));
    let said = kept.iter().flat_map(|one| one.check_in.answers.iter());
    let answers: Answers = said.map(|(code, answer)| (code.clone(), answer.clone())).collect();
    let of_what = used(&answers, &[])?;
    let telling = kept.iter().rfind(|one| used(&one.check_in.answers, &[]).is_some())?;
    let (from, to) = about(telling);
    Some(ToldUse {
        kind: TellingKind::CheckIn,
        id: uuid::Uuid::from(id).into(),
        from,
        to,
        substance: of_what.first().copied(),
        alcohol_days: some_days(&answers, "alcohol_days"),
        drug_days: some_days(&answers, "drug_days"),
        told_at: now,
        acknowledged: None,
    })
}

/// The first and the last day that its answers are about. A weekly one asks about the 7 days up to the one on which
/// it was filled in, and belongs to a week that may have begun before them; who answers anew long after the week
/// still tells of that one.
fn about(one: &CheckInRevision) -> (Day, Day) {
    match one.check_in.kind {
        CheckInKind::Daily => (one.day, one.day),
        CheckInKind::Weekly => {
            let filled_in = one.answered_at().local_day(&one.check_in.time_zone);
            let to = filled_in.min(one.day.plus(WEEKLY_LAST_DAY));
            (to.plus(-6).min(one.day), to)
        }
    }
}
