//! What else an invented phone holds: check-ins, practice, favorites, sober time and lapses.

use evenkeel_domain::check_in::{Answer, Answers, CheckInDraft, CheckInKind, Code, Figure, UseAnswers};
use evenkeel_domain::coping::skill_practice::{Distress, Helpful, SkillPracticeDraft};
use evenkeel_domain::coping::{Choices, Precaution, SkillId, SkillRef};
use evenkeel_domain::craving::{CravingDraft, CravingId, Outcome, Substance};
use evenkeel_domain::recovery::lapse::{LapseDraft, LapseId, LapseOutcome};
use evenkeel_domain::recovery::sobriety_date::SobrietyDateDraft;
use evenkeel_domain::value::{Day, Moment, TimeZone};
use jiff::civil;
use serde_json::json;

use super::dice::Dice;
use super::person::Person;
use super::step::Step;
use super::values::{DAYS, few, instant, later, value};
use super::words::{DEBRIEFS, GOOD_DAY, HARD_DAY, PRACTICE_NOTES, WEEK_NOTES};
use crate::app::problem::Problem;

/// Practices that one person logs at most.
const PRACTICES: usize = 40;
/// Skills that people practice here; nobody has a precaution against these.
const SKILLS: [&str; 14] = [
    "library:urge_surfing",
    "library:delay_15",
    "library:call_someone",
    "library:mindful_walk",
    "library:paced_breathing",
    "library:play_the_tape",
    "library:leave_the_trigger",
    "library:five_senses",
    "library:halt_check",
    "library:go_to_a_meeting",
    "library:distract_with_activity",
    "library:refuse_an_offer",
    "library:radical_acceptance",
    "library:name_the_feeling",
];

/// A craving as it was logged.
pub(super) struct Felt {
    id: CravingId,
    draft: CravingDraft,
    day: Day,
    lapsed: bool,
}

/// The cravings in what a phone sends.
pub(super) fn felt(steps: &[(Moment, Step)], zone: &TimeZone) -> Vec<Felt> {
    let lapsed = |of: CravingId| {
        steps.iter().any(
            |(_, step)| matches!(step, Step::Conclude(id, told) if *id == of && told.outcome == Outcome::Lapsed),
        )
    };
    let strong = |id, draft: &CravingDraft| {
        draft.outcome == Some(Outcome::Lapsed) || 1 < i64::from(draft.intensity) && lapsed(id)
    };
    let record = |step: &Step| match step {
        Step::Record(id, draft) => Some(Felt {
            id: *id,
            day: draft.occurred_at.local_day(zone),
            lapsed: strong(*id, draft),
            draft: draft.clone(),
        }),
        _ => None,
    };
    steps.iter().filter_map(|(_, step)| record(step)).collect()
}

/// One person's pocket, as far as it is the same for all that is in it.
pub(super) struct Pocket<'a> {
    pub(super) person: &'a Person,
    pub(super) number: u64,
    pub(super) zone: &'a TimeZone,
    pub(super) now: Moment,
    pub(super) felt: &'a [Felt],
    pub(super) own_skills: &'a [SkillId],
}

impl Pocket<'_> {
    pub(super) fn first(&self) -> Day {
        self.now.local_day(self.zone).plus(1 - DAYS)
    }

    /// About this hour of a day of the course.
    pub(super) fn on(&self, number: i32, hour: i8, dice: &mut Dice) -> Moment {
        let mut least = || i8::try_from(dice.between(0, 59)).unwrap_or(0);
        instant(self.first().plus(number), [hour, least(), least()], self.zone).unwrap_or(self.now)
    }

    fn of_day(&self, day: Day) -> impl Iterator<Item = &Felt> {
        self.felt.iter().filter(move |felt| felt.day == day)
    }

    /// The strongest craving of a day; somewhat, if none was logged.
    fn worst(&self, day: Day, dice: &mut Dice) -> i64 {
        let strongest = self.of_day(day).map(|felt| i64::from(felt.draft.intensity)).max();
        strongest.unwrap_or_else(|| dice.between(0, 2))
    }

    fn used(&self, day: Day) -> bool {
        let number = self.first().until(day);
        self.of_day(day).any(|felt| felt.lapsed)
            || self.number == 0 && number == LAPSE
            || self.number == WHO_TICKED && (LATELY..DAYS - 1).contains(&number)
    }

    fn here(&self, number: i32) -> bool {
        !self.person.away.contains(&number) && number < self.person.quiet_from
    }

    /// Check-ins of the days and weeks on which the person answered.
    pub(super) fn check_ins(&self, dice: &mut Dice) -> Result<Vec<(Moment, Step)>, Problem> {
        let mut steps = Vec::new();
        let habit = if self.number == 0 { 93 } else { dice.between(52, 97) };
        for number in 0..DAYS {
            let day = self.first().plus(number);
            let at = self.on(number, dice.pick(&[19, 20, 20, 21, 21, 22]), dice);
            if !self.here(number) || !dice.chance(habit) {
                continue;
            }
            let sent = if dice.chance(6) { later(at, dice.between(60, 900)) } else { at };
            let daily = self.check_in(CheckInKind::Daily, at, self.daily(day, number, dice)?);
            steps.push((sent, Step::CheckIn(dice.id(at).into(), daily)));
            if civil::Date::from(day).weekday() == civil::Weekday::Sunday && dice.chance(88) {
                let at = later(at, 4);
                let weekly = self.check_in(CheckInKind::Weekly, at, self.weekly(day, number, dice)?);
                steps.push((sent.max(at), Step::CheckIn(dice.id(at).into(), weekly)));
            }
        }
        Ok(steps)
    }

    fn check_in(&self, kind: CheckInKind, occurred_at: Moment, answers: Answers) -> CheckInDraft {
        let time_zone = self.zone.clone();
        CheckInDraft { kind, version: 1, day: None, occurred_at, time_zone, answers, reason: None }
    }

    fn daily(&self, day: Day, number: i32, dice: &mut Dice) -> Result<Answers, Problem> {
        let worst = self.worst(day, dice);
        let shaky = i64::from(self.person.setback.contains(&number));
        let used = self.used(day);
        let mut near = |middle: i64| (middle + dice.between(-1, 1)).clamp(0, 10);
        let scales = [
            ("mood", near(8 - worst * 6 / 10 - shaky)),
            ("sleep_quality", near(9 - worst * 6 / 10 - shaky)),
            ("craving_worst", worst),
            ("stress", near(1 + worst * 7 / 10 + shaky)),
            ("confidence", near(10 - worst / 2 - shaky * 2)),
        ];
        let mut answers = Vec::new();
        for (code, scale) in scales {
            answers.push((code, number_of(scale)?));
        }
        let halves = (16 - worst * 6 / 10 - shaky + dice.between(-2, 2)).clamp(5, 20);
        let hours = Figure::try_from(f64::from(i32::try_from(halves).unwrap_or(14)) / 2.0);
        let medicine = match self.person.substance {
            Substance::Alcohol | Substance::Opioids => {
                dice.pick(&["yes", "yes", "yes", "yes", "yes", "yes", "no"])
            }
            _ => "not_prescribed",
        };
        answers.push(("sleep_hours", Answer::Number(hours.map_err(Problem::internal)?)));
        answers.push(("connected", Answer::YesNo(dice.chance(82 - worst * 4))));
        answers.push(("medicine", Answer::Text(value(medicine)?)));
        if !used || dice.chance(85) {
            answers.push(("any_use", Answer::YesNo(used)));
        }
        if let Some(note) = dice.maybe(14, if 6 <= worst { &HARD_DAY } else { &GOOD_DAY }) {
            answers.push(("note", Answer::Text(value(note)?)));
        }
        answered(answers)
    }

    fn weekly(&self, sunday: Day, number: i32, dice: &mut Dice) -> Result<Answers, Problem> {
        let week: Vec<Day> = (0..7).map(|ago| sunday.plus(-ago)).collect();
        let worst: Vec<i64> = week.iter().map(|day| self.worst(*day, dice)).collect();
        let days = |is: &dyn Fn(i64) -> bool| i64::try_from(worst.iter().filter(|one| is(**one)).count());
        let (hard, mean) = (days(&|one| 7 <= one).unwrap_or(0), worst.iter().sum::<i64>() / 7);
        let used = i64::try_from(week.iter().filter(|day| self.used(**day)).count()).unwrap_or(0);
        let drinks = self.person.substance == Substance::Alcohol;
        let shaky = (number - 6..=number).any(|day| self.person.setback.contains(&day));
        let numbers = [
            ("poor_sleep_days", (hard + dice.between(0, 1)).min(7)),
            ("low_days", hard),
            ("alcohol_days", if drinks { used } else { 0 }),
            ("drug_days", if drinks { 0 } else { used }),
            ("craving", mean),
            ("risky_days", dice.between(0, 2) + i64::from(shaky)),
            ("conflict", (mean / 2 + dice.between(0, 3)).min(10)),
            ("meeting_days", dice.between(1, 4)),
            ("support_days", (6 - mean / 2 + dice.between(-1, 1)).clamp(0, 7)),
            ("busy_days", dice.between(3, 6)),
            ("progress", (9 - mean / 2 - used + dice.between(-1, 1)).clamp(0, 10)),
            ("readiness", dice.between(6, 10)),
            ("confidence", (10 - mean / 2 - i64::from(shaky) * 2).clamp(0, 10)),
        ];
        let mut answers = Vec::new();
        for (code, number) in numbers {
            answers.push((code, number_of(number)?));
        }
        let health = if mean < 4 { "good" } else { dice.pick(&["fair", "fair", "poor"]) };
        answers.push(("health", Answer::Text(value(health)?)));
        answers.push(("needs_met", Answer::YesNo(dice.chance(85))));
        let mut signs = if shaky {
            dice.some(&["isolating", "bargaining", "glamorizing", "lying", "people_places"], 3)
        } else if 4 <= mean {
            dice.some(&["bottling_up", "poor_eating_sleep", "skipping_meetings", "craving"], 2)
        } else {
            dice.some(&["poor_eating_sleep", "not_sharing", "bottling_up"], 1)
        };
        signs.extend((0 < used).then_some("use"));
        let signs = signs.into_iter().map(value::<Code>).collect::<Result<Vec<_>, _>>()?;
        answers.push(("signs", Answer::Choices(few(signs))));
        if let Some(note) = dice.maybe(25, &WEEK_NOTES) {
            answers.push(("note", Answer::Text(value(note)?)));
        }
        answered(answers)
    }

    /// The skills that this person practises, each with how much it eases things, in tenths; the dearest first.
    pub(super) fn skills(&self, dice: &mut Dice) -> Result<Vec<(SkillRef, i64)>, Problem> {
        let count = usize::try_from(dice.between(4, 7)).unwrap_or(4);
        let mut skills = Vec::new();
        for (place, skill) in dice.some(&SKILLS, count).into_iter().enumerate() {
            // Something is no help to somebody.
            let eases = if place == 2 { dice.between(-8, 4) } else { dice.between(8, 45) };
            skills.push((value(skill)?, eases));
        }
        if dice.chance(30) && !self.own_skills.is_empty() {
            skills.push((SkillRef::Organization(dice.pick(self.own_skills)), dice.between(10, 40)));
        }
        Ok(skills)
    }

    /// What was tried in some of the cravings.
    pub(super) fn practices(
        &self,
        skills: &[(SkillRef, i64)],
        dice: &mut Dice,
    ) -> Result<Vec<(Moment, Step)>, Problem> {
        let mut steps = Vec::new();
        let strong = self.felt.iter().filter(|felt| 2 <= i64::from(felt.draft.intensity));
        let share = 3600 / i64::try_from(strong.clone().count().max(1)).unwrap_or(1);
        let last = i64::try_from(skills.len()).unwrap_or(1) - 1;
        for Felt { id, draft, .. } in strong {
            if PRACTICES <= steps.len() || !dice.chance(share) {
                continue;
            }
            // The dear ones more often.
            let which = dice.between(0, last).min(dice.between(0, last + 1));
            let Some((skill, eases)) = skills.get(usize::try_from(which).unwrap_or(0)) else { continue };
            let before = i64::from(draft.intensity);
            let drop = (eases + dice.between(-11, 11) + 5).div_euclid(10);
            let at = later(draft.occurred_at, dice.between(4, 25));
            let practice = SkillPracticeDraft {
                occurred_at: at,
                time_zone: self.zone.clone(),
                skill: skill.clone(),
                before: Distress::try_from(before).map_err(Problem::internal)?,
                after: Distress::try_from((before - drop).clamp(0, 10)).map_err(Problem::internal)?,
                minutes: dice.pick(&[5_i64, 5, 10, 10, 15, 20]).try_into().ok(),
                helpful: Helpful::try_from((drop + 1).clamp(0, 4)).ok().filter(|_| dice.chance(80)),
                note: dice.maybe(12, &PRACTICE_NOTES).map(value).transpose()?,
                trigger: draft.triggers.iter().next().copied(),
                craving: Some(*id),
            };
            steps.push((later(at, dice.between(0, 3)), Step::SkillPractice(dice.id(at).into(), practice)));
        }
        Ok(steps)
    }

    /// Favorites; the best come to be known in some weeks.
    pub(super) fn choices(&self, skills: &[(SkillRef, i64)], dice: &mut Dice) -> (Moment, Step) {
        let liked = skills.iter().filter(|(_, eases)| 15 <= *eases).take(3).map(|(skill, _)| skill.clone());
        let precautions =
            dice.maybe(15, &[Precaution::Injury, Precaution::Pregnancy, Precaution::HeartCondition]);
        let precautions = precautions.into_iter().filter(|_| self.number != 0);
        let choices = Choices {
            favorites: liked.collect::<Vec<_>>().try_into().unwrap_or_default(),
            precautions: few(precautions.collect()),
        };
        (self.on(15, 20, dice), Step::Choose(choices))
    }

    /// Since when somebody is free from what, and what they told of lapses.
    pub(super) fn recovery(&self, dice: &mut Dice) -> Result<Vec<(Moment, Step)>, Problem> {
        let mut steps = Vec::new();
        let main = self.person.substance;
        let before = if self.number == 0 { 21 } else { dice.between(0, 120) };
        let since = self.first().plus(-i32::try_from(before).unwrap_or(0));
        steps.push(self.start(main, since, self.on(0, 13, dice), dice));
        if main != Substance::Nicotine && dice.chance(22) {
            let number = i32::try_from(dice.between(5, 60)).unwrap_or(5);
            let at = self.on(number, 18, dice);
            steps.push(self.start(Substance::Nicotine, self.first().plus(number), at, dice));
        }
        if self.number == 0 {
            let at = self.on(LAPSE, 21, dice);
            steps.extend(self.lapse(at, LapseOutcome::SingleLapse, None, true, dice)?);
        }
        if self.number == WHO_LAPSED {
            let at = self.on(LATELY, 21, dice);
            steps.extend(self.lapse(at, LapseOutcome::SingleLapse, None, false, dice)?);
        }
        let told = self.felt.iter().filter(|felt| felt.lapsed && self.first() < felt.day);
        for Felt { id, draft, .. } in told.filter(|felt| felt.draft.substance == Some(main)) {
            if !dice.chance(75) {
                continue;
            }
            let at = later(draft.occurred_at, 30);
            let returned = dice.chance(20);
            let outcome = if returned { LapseOutcome::ReturnToUse } else { LapseOutcome::SingleLapse };
            let debriefed = dice.chance(60);
            steps.extend(self.lapse(at, outcome, Some(*id), debriefed, dice)?);
            let again = later(at, dice.between(2, 6) * 24 * 60);
            if returned && again < self.now {
                steps.push(self.start(main, again.local_day(self.zone), again, dice));
            }
        }
        if dice.chance(25) {
            let at = self.on(30, 22, dice);
            steps.extend(self.lapse(at, LapseOutcome::CloseCall, None, false, dice)?);
        }
        Ok(steps)
    }

    fn start(&self, substance: Substance, since: Day, at: Moment, dice: &mut Dice) -> (Moment, Step) {
        let time_zone = self.zone.clone();
        let draft =
            SobrietyDateDraft { substance, since, at: None, reported_at: at, time_zone, corrects: None };
        (at, Step::SobrietyDate(dice.id(at).into(), draft))
    }

    /// That the counselor has seen what was told, unless it is of the last days.
    fn seen(&self, told: Moment, step: Step, dice: &mut Dice) -> Option<(Moment, Step)> {
        let at = later(told, dice.between(12, 96) * 60);
        (later(told, UNSEEN) < self.now).then_some((at, step))
    }

    /// That the counselor acknowledges the use that cravings and check-ins report.
    pub(super) fn seen_uses(&self, sent: &[&[(Moment, Step)]], dice: &mut Dice) -> Vec<(Moment, Step)> {
        let is_use = |step: &Step| match step {
            Step::Record(_, draft) => draft.outcome == Some(Outcome::Lapsed),
            Step::Conclude(_, draft) => draft.outcome == Outcome::Lapsed,
            Step::CheckIn(_, draft) => UseAnswers::of(&draft.answers).is_use(),
            _ => false,
        };
        let reported = sent.iter().flat_map(|steps| steps.iter()).filter(|(_, step)| is_use(step));
        reported.filter_map(|(at, _)| self.seen(*at, Step::AcknowledgeUse, dice)).collect()
    }

    /// A lapse, told the next day, what came of looking back at it, and that the counselor has seen it.
    fn lapse(
        &self,
        at: Moment,
        outcome: LapseOutcome,
        craving: Option<CravingId>,
        debriefed: bool,
        dice: &mut Dice,
    ) -> Result<Vec<(Moment, Step)>, Problem> {
        let id = LapseId::from(dice.id(at));
        let (trigger, [note, situation, feeling, thought, stop, next]) = dice.pick(&DEBRIEFS);
        let draft = LapseDraft {
            occurred_at: at,
            time_zone: self.zone.clone(),
            substance: self.person.substance,
            outcome,
            note: outcome.is_use().then(|| value(note)).transpose()?,
            craving,
        };
        let told = later(at, dice.between(30, 16 * 60));
        let mut steps = vec![(told, Step::Lapse(id, draft))];
        if debriefed {
            let said = serde_json::from_value(json!({
                "situation": situation, "trigger": trigger, "feeling": feeling, "thought": thought,
                "signs": ["isolating", "bargaining"], "helped_stop": stop, "would_do": next,
            }));
            steps.push((later(told, 24 * 60), Step::Debrief(id, said.map_err(Problem::internal)?)));
        }
        steps.extend(self.seen(told, Step::AcknowledgeUse, dice));
        Ok(steps)
    }
}

/// How far back that is which nobody has acknowledged, in minutes: ten days.
const UNSEEN: i64 = 10 * 24 * 60;

/// The day on which the person that visitors look at first had a lapse: a good month ago.
pub(super) const LAPSE: i32 = 52;

/// Those of the counselor's people who need somebody today: one told of a lapse, one ticked use in check-ins, since the
/// day before yesterday.
const WHO_LAPSED: u64 = 2;
const WHO_TICKED: u64 = 4;
const LATELY: i32 = DAYS - 3;

fn number_of(number: i64) -> Result<Answer, Problem> {
    let number = i16::try_from(number).map_err(Problem::internal)?;
    Ok(Answer::Number(number.into()))
}

fn answered(answers: Vec<(&str, Answer)>) -> Result<Answers, Problem> {
    answers.into_iter().map(|(code, answer)| Ok((value::<Code>(code)?, answer))).collect()
}
