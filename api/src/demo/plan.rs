//! Plans of invented people, in their own words, and the two skills that their organization added.

use evenkeel_domain::account::Role;
use evenkeel_domain::coping::assignment::AssignmentDraft;
use evenkeel_domain::coping::{SkillDraft, SkillRef};
use evenkeel_domain::craving::{Substance, TriggerCategory as Trigger};
use evenkeel_domain::plan::safety::SafetyPlan;
use evenkeel_domain::plan::{Plan, visible_to};
use evenkeel_domain::program::{LevelOfCare, LevelOfCareChangeDraft};
use evenkeel_domain::value::Moment;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::dice::Dice;
use super::pocket::{LAPSE, Pocket};
use super::step::Step;
use super::values::{DAYS, value};
use super::words::{
    ALONE, ASSIGNED, CRISIS, DISTRACTIONS, LAPSE_STEPS, MILESTONES, REASONS, ROUTINE, SAFEGUARDS, SIGNS,
    SITUATIONS, SUPPORTS, SituationWords, planned,
};
use crate::app::problem::Problem;

/// Gives things of a plan their ids.
struct Pen<'a> {
    dice: &'a mut Dice,
    at: Moment,
}

impl Pen<'_> {
    fn item(&mut self, mut said: Value) -> Value {
        said["id"] = json!(self.dice.id(self.at));
        said
    }
    fn items(&mut self, said: impl IntoIterator<Item = Value>) -> Vec<Value> {
        said.into_iter().map(|one| self.item(one)).collect()
    }
    fn words(&mut self, from: &[&str], count: usize) -> Vec<Value> {
        let words = self.dice.some(from, count);
        self.steps(&words)
    }
    fn steps(&mut self, words: &[&str]) -> Vec<Value> {
        self.items(words.iter().map(|words| json!({ "words": words })))
    }
}

fn read<T: DeserializeOwned>(said: Value) -> Result<T, Problem> {
    serde_json::from_value(said).map_err(Problem::internal)
}

impl Pocket<'_> {
    /// The plan, as it came to be: begun early, looked at again of late, and signed by one, by both or not yet.
    pub(super) fn plans(
        &self,
        skills: &[(SkillRef, i64)],
        dice: &mut Dice,
    ) -> Result<Vec<(Moment, Step)>, Problem> {
        let whole = self.number == 0;
        if !whole && !dice.chance(85) {
            return Ok(Vec::new());
        }
        let begun = i32::try_from(dice.between(3, 12)).unwrap_or(3);
        let at = self.on(begun, 15, dice);
        let plan = self.plan(skills, whole, &mut Pen { dice: &mut *dice, at })?;
        let first = Plan {
            reasons: plan.reasons.clone(),
            triggers: plan.triggers.clone(),
            supports: plan.supports.clone(),
            ..Plan::default()
        };
        let mut steps = vec![(at, Step::Plan(0, Box::new(first)))];
        if !whole && dice.chance(20) {
            return Ok(steps);
        }
        let looked = if whole { LAPSE + 4 } else { begun + i32::try_from(dice.between(7, 20)).unwrap_or(7) };
        let at = self.on(looked, 16, dice);
        steps.push((at, Step::Plan(1, Box::new(plan.clone()))));
        // In session: the counselor sets the day on which it is looked at again.
        let met = if whole { DAYS - 5 } else { DAYS - i32::try_from(dice.between(3, 20)).unwrap_or(3) };
        let met = met.min(self.person.quiet_from - 1);
        let at = self.on(met, 11, dice);
        let [soonest, latest] = if self.steps_down() { [30, 90] } else { [9, 14] };
        let ahead = i32::try_from(dice.between(soonest, latest)).unwrap_or(9);
        let seen = visible_to(&plan, &plan, Role::Counselor).plan;
        let plan = Plan { review_on: Some(at.local_day(self.zone).plus(ahead)), ..seen };
        steps.push((at, Step::Revise(2, Box::new(plan))));
        let signed = if whole { 0 } else { dice.between(0, 9) };
        if signed < 8 {
            steps.push((self.on(met, 12, dice), Step::Sign(3)));
        }
        if signed < 6 {
            steps.push((self.on(met, 13, dice), Step::Countersign(3)));
        }
        Ok(steps)
    }

    fn plan(&self, skills: &[(SkillRef, i64)], whole: bool, pen: &mut Pen) -> Result<Plan, Problem> {
        let mut triggers = Vec::new();
        let kinds = pen.dice.some(Trigger::ALL, if whole { 4 } else { 3 });
        let kinds = kinds.into_iter().filter(|kind| *kind != self.person.hardest);
        for category in [self.person.hardest].into_iter().chain(kinds) {
            let (source, words, helps) = planned(category);
            let mut coping: Vec<Value> = helps.iter().map(|skill| json!(skill)).collect();
            let (skill, eases) = pen.dice.pick(&skills.iter().collect::<Vec<_>>());
            let skill = json!(skill);
            if 12 <= *eases && !coping.contains(&skill) {
                coping.push(skill);
            }
            let words = pen.dice.pick(words);
            let said = json!({ "category": category, "source": source, "words": words, "coping": coping });
            triggers.push(pen.item(said));
        }
        let signs = pen.dice.some(&SIGNS, if whole { 5 } else { 3 });
        let situations = pen.dice.some(&SITUATIONS, if whole { 3 } else { 2 });
        let supports = pen.dice.some(&SUPPORTS, if whole { 4 } else { 2 });
        let opioids = self.person.substance == Substance::Opioids;
        let medicine = match self.person.substance {
            Substance::Alcohol => Some("Naltrexone 50 mg with breakfast"),
            Substance::Opioids => Some("Buprenorphine/naloxone 8/2 mg, under the tongue, each morning"),
            _ => None,
        };
        let reward = "Dinner out, somewhere without a bar";
        let milestones = pen.dice.some(&MILESTONES, 2);
        let mut plan = json!({
            "reasons": pen.words(&REASONS, if whole { 4 } else { 2 }),
            "triggers": triggers,
            "warning_signs": pen.items(
                signs.into_iter().map(|(stage, words)| json!({ "stage": stage, "words": words })),
            ),
            "situations": pen.items(situations.into_iter().map(|SituationWords { words, avoid, escape, cope }| {
                json!({ "words": words, "avoid": avoid, "escape": escape, "cope": cope })
            })),
            "supports": pen.items(supports.into_iter().map(|(name, role, reach, ask)| {
                json!({ "name": name, "role": role, "reach": reach, "ask": ask })
            })),
            "lapse_response": pen.steps(&LAPSE_STEPS[..if whole { 7 } else { 3 }]),
            "medications": pen.items(medicine.map(|words| json!({ "words": words }))),
            "routine": pen.words(&ROUTINE, if whole { 4 } else { 2 }),
            "milestones": pen.items(
                milestones.into_iter().map(|words| json!({ "words": words, "reward": reward })),
            ),
        });
        if opioids || whole {
            let kept = pen.dice.pick(&["Kitchen drawer; my sister knows", "Glove box and by the bed"]);
            plan["naloxone"] = json!({ "has": true, "location": kept });
        }
        if whole {
            plan["local_crisis_lines"] =
                json!(pen.items([json!({ "name": "Harbor Demo night line", "reach": "call 555-0142" })]));
        } else if pen.dice.chance(15) {
            plan["only_me"] = json!(["reasons"]);
        }
        read(plan)
    }

    /// The other plan, for the hours in which somebody may not want to live; some have one.
    pub(super) fn safety_plan(&self, dice: &mut Dice) -> Result<Option<(Moment, Step)>, Problem> {
        if self.number != 0 && !dice.chance(30) {
            return Ok(None);
        }
        let number = i32::try_from(dice.between(40, 80)).unwrap_or(40).min(self.person.quiet_from - 1);
        let at = self.on(number, 14, dice);
        let pen = &mut Pen { dice, at };
        let distractions = pen.dice.some(&DISTRACTIONS, 2);
        let people = pen.dice.some(&SUPPORTS, 2);
        let plan: SafetyPlan = read(json!({
            "warning_signs": pen.words(&CRISIS, 2),
            "internal_coping": pen.words(&ALONE, 3),
            "distractions": pen.items(
                distractions.into_iter().map(|(kind, words)| json!({ "kind": kind, "words": words })),
            ),
            "helpers": pen.items(
                people.into_iter().map(|(name, _, reach, _)| json!({ "name": name, "reach": reach })),
            ),
            "professionals": pen.items([json!({ "name": "My counselor at Harbor Demo", "reach": "call 555-0140" })]),
            "safe_environment": pen.words(&SAFEGUARDS, 2),
        }))?;
        Ok(Some((at, Step::SafetyPlan(Box::new(plan)))))
    }

    /// Whether this person is in continuing care by now.
    fn steps_down(&self) -> bool {
        self.number % 10 == 7
    }

    /// The step down to continuing care of those who took it, before the plan is looked at for the last time.
    pub(super) fn step_down(&self, dice: &mut Dice) -> Option<(Moment, Step)> {
        let number = DAYS - i32::try_from(dice.between(22, 28)).unwrap_or(22);
        let at = self.on(number, 10, dice);
        let draft =
            LevelOfCareChangeDraft { level: LevelOfCare::ContinuingCare, since: at.local_day(self.zone) };
        let step = Step::Care(dice.id(at).into(), draft);
        self.steps_down().then_some((at, step))
    }

    /// What the counselor asked this person to practice.
    pub(super) fn assignment(&self, dice: &mut Dice) -> Result<(Moment, Step), Problem> {
        let number = DAYS - i32::try_from(dice.between(3, 24)).unwrap_or(3);
        let at = self.on(number, 11, dice);
        let (skill, note) = dice.pick(&ASSIGNED);
        let ahead = i32::try_from(dice.between(7, 14)).unwrap_or(7);
        let until = at.local_day(self.zone).plus(ahead);
        let draft = AssignmentDraft { skill: value(skill)?, note: Some(value(note)?), until };
        Ok((at, Step::Assign(dice.id(at).into(), draft)))
    }
}

/// The skills that the organization added.
pub(super) fn own_skills() -> Result<[SkillDraft; 2], Problem> {
    Ok([
        read(json!({
            "name": "Walk to the pier", "family": "physical",
            "summary": "The pier is ten minutes from the house. By the time you are there the worst has often passed.",
            "steps": [
                "Put your shoes on and leave your wallet.", "Walk to the end of the pier and touch the rail.",
                "Name three boats you can see.", "Walk back, or ring someone from the bench.",
            ],
            "minutes": 25, "intensity": { "from": 3, "to": 9 }, "triggers": ["urges", "negative_emotions", "conflict"],
        }))?,
        read(json!({
            "name": "Tea in the group room", "family": "social",
            "summary": "The group room is open until nine. You do not have to talk.",
            "steps": ["Come in; the side door is open.", "Put the kettle on.", "Say as much or as little as you like."],
            "minutes": 30, "intensity": { "from": 4, "to": 10 }, "triggers": ["urges", "negative_emotions"],
        }))?,
    ])
}
