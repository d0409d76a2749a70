//! What other modules ask of a plan.

use std::cmp::Reverse;

use super::section::Plan;
use crate::coping::SkillRef;
use crate::craving::TriggerCategory;
use crate::recovery::learning::PlanSummary;
use crate::recovery::warning::signs;

impl Plan {
    /// The skills it names, or those against one kind of trigger: those that help against the most of its
    /// triggers first, then in the order of the plan.
    pub fn skills(&self, against: Option<TriggerCategory>) -> Vec<SkillRef> {
        let meant =
            self.triggers.iter().filter(|trigger| against.is_none_or(|kind| trigger.category == kind));
        let mut counted: Vec<(usize, SkillRef)> = Vec::new();
        for skill in meant.flat_map(|trigger| &trigger.coping) {
            match counted.iter_mut().find(|(_, known)| known == skill) {
                Some((count, _)) => *count += 1,
                None => counted.push((1, skill.clone())),
            }
        }
        counted.sort_by_key(|(count, _)| Reverse(*count));
        counted.into_iter().map(|(_, skill)| skill).collect()
    }

    /// What it knows already. A warning sign is known by its code, or by the words that everyone is asked about it
    /// in.
    pub fn summary(&self) -> PlanSummary {
        let told = signs().iter().filter(|sign| self.warning_signs.iter().any(|own| own.tells_of(sign)));
        PlanSummary {
            triggers: self.triggers.iter().map(|trigger| trigger.category).collect(),
            signs: told.map(|sign| sign.code.clone()).collect(),
            skills: self.skills(None).into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::section::{PlanSign, PlanTrigger};
    use crate::plan::tests::{id, link, list, trigger, words};

    #[test]
    fn the_skill_that_helps_against_the_most_comes_first() {
        let urge = PlanTrigger { category: TriggerCategory::Urges, ..trigger(3, "smell", &["library:call"]) };
        let plan = Plan {
            triggers: list([
                trigger(1, "payday", &["library:breathing"]),
                trigger(2, "a row", &["library:breathing", "library:walk"]),
                urge,
            ]),
            ..Plan::default()
        };
        let links = |codes: &[&str]| codes.iter().map(|code| link(code)).collect::<Vec<_>>();
        assert_eq!(plan.skills(None), links(&["library:breathing", "library:walk", "library:call"]));
        assert_eq!(plan.skills(Some(TriggerCategory::Urges)), links(&["library:call"]));
        assert_eq!(plan.skills(Some(TriggerCategory::SocialPressure)), []);
    }

    #[test]
    fn the_skills_against_one_trigger_stay_in_the_order_they_were_given() {
        let given = ["library:walk", "library:breathing", "library:call"];
        let plan = Plan { triggers: list([trigger(1, "payday", &given)]), ..Plan::default() };
        assert_eq!(plan.skills(None), given.map(link));
    }

    #[test]
    fn a_plan_knows_a_sign_in_own_words_by_its_code() {
        let known = &signs()[1];
        let code = Some(known.code.clone());
        let sign = PlanSign { id: id(1), code, stage: known.stage, words: words("I go quiet with Sam") };
        let plan = Plan { warning_signs: list([sign]), ..Plan::default() };
        assert_eq!(plan.summary().signs, [known.code.clone()].into());
    }

    #[test]
    fn a_plan_knows_a_sign_by_its_words() {
        let known = &signs()[0];
        let sign = |number, text: &str| PlanSign {
            id: id(number),
            code: None,
            stage: known.stage,
            words: words(text),
        };
        let plan = Plan {
            triggers: list([trigger(1, "payday", &["library:walk"])]),
            warning_signs: list([sign(2, &format!(" {} ", known.words.to_uppercase())), sign(3, "I hum")]),
            ..Plan::default()
        };
        let summary = plan.summary();
        assert_eq!(summary.signs.iter().collect::<Vec<_>>(), [&known.code]);
        assert_eq!(summary.triggers.iter().collect::<Vec<_>>(), [&TriggerCategory::Conflict]);
        assert_eq!(summary.skills.iter().collect::<Vec<_>>(), [&link("library:walk")]);
    }
}
