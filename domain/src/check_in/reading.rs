//! Reads answers: the figures of a day for trends, warning signs, use.

use super::{Answer, Answers, CheckIn, CheckInKind, CheckInRevision, Figure};
use crate::craving::Substance;
use crate::recovery::use_report::{ReportSource, Use, UseReport, evening};
use crate::recovery::warning::{SignCode, SignSeen};
use crate::value::Moment;
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

/// What the answers say of use; none where a question was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UseAnswers {
    any: Option<bool>,
    sign: Option<bool>,
    alcohol: Option<bool>,
    drugs: Option<bool>,
}

impl UseAnswers {
    /// What these answers say.
    pub fn of(answers: &Answers) -> Self {
        let some = |code| match answers.get(code) {
            Some(Answer::Number(days)) => Some(Figure::from(0) < *days),
            _ => None,
        };
        Self {
            any: any_use(answers),
            sign: answers.get("signs").map(|_| signs(answers).any(|sign| sign.as_ref() == "use")),
            alcohol: some("alcohol_days"),
            drugs: some("drug_days"),
        }
    }

    /// Whether they report use.
    pub fn is_use(self) -> bool {
        [self.any, self.sign, self.alcohol, self.drugs].contains(&Some(true))
    }

    /// What was used, if it can only have been alcohol: no question names another substance.
    pub fn substance(self) -> Option<Substance> {
        let is_unnamed = self.any == Some(true) || self.sign == Some(true);
        let is_alcohol = self.alcohol == Some(true)
            && match self.drugs {
                Some(drugs) => !drugs,
                None => !is_unnamed,
            };
        is_alcohol.then_some(Substance::Alcohol)
    }

    /// These answers; what they leave out stays as it was.
    fn or(self, before: Self) -> Self {
        Self {
            any: self.any.or(before.any),
            sign: self.sign.or(before.sign),
            alcohol: self.alcohol.or(before.alcohol),
            drugs: self.drugs.or(before.drugs),
        }
    }
}

/// The use report of a check-in after a new answer. `stored` are the revisions before it, `before` is the report.
///
/// An answer that says yes is a report, also the second one of a day. One that says no leaves an earlier report: it may
/// be about other hours. Only a correction, which has a reason, withdraws it, by changing a yes to a no.
pub fn use_report(
    check_in: &CheckIn,
    stored: &[CheckInRevision],
    new: &CheckInRevision,
    before: Option<&UseReport>,
    now: Moment,
) -> Option<UseReport> {
    // A correction is about the days of the answer before it, whenever it comes.
    let answers = stored.iter().chain([new]).filter(|one| !one.corrects());
    let answered = answers.max_by_key(|one| one.revision).unwrap_or(new);
    let said = UseAnswers::of(&new.check_in.answers);
    if !new.corrects() {
        return match answered.says(said) {
            Some(says) => Some(UseReport::report(ReportSource::CheckIn, check_in.id, before, says, now)),
            None => before.copied(),
        };
    }
    let current = CheckIn::current(check_in.participant, stored);
    let current = current.map(|current| UseAnswers::of(&current.answers)).unwrap_or_default();
    let (was, is) = (answered.says(current), answered.says(said.or(current)));
    let says = if was == is { before.and_then(UseReport::reported) } else { is };
    UseReport::revise(ReportSource::CheckIn, check_in.id, before, says, now)
}

impl CheckInRevision {
    /// Use on the days that it asks about: its day, with the evening before if it was filled in before 6 in the
    /// morning; of a weekly one, the 7 days up to the one on which it was filled in.
    fn says(&self, said: UseAnswers) -> Option<Use> {
        let (at, zone) = (self.answered_at(), &self.check_in.time_zone);
        let (first_day, last_day) = match self.check_in.kind {
            CheckInKind::Daily => (evening(at, zone).min(self.day), self.day),
            CheckInKind::Weekly => (at.local_day(zone).plus(-6), at.local_day(zone)),
        };
        said.is_use().then(|| Use { first_day, last_day, substance: said.substance(), outcome: None })
    }
}
