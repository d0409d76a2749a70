//! What other modules need from a plan.

use std::cmp::Reverse;

use super::section::Plan;
use crate::coping::SkillRef;
use crate::craving::TriggerCategory;
use crate::recovery::learning::PlanSummary;
use crate::recovery::warning::signs;

impl Plan {
    /// The skills it names, or those for one kind of trigger. Skills for the most triggers come first, then the
    /// order is that of the plan.
    pub fn skills(&self, category: Option<TriggerCategory>) -> Vec<SkillRef> {
        let matching =
            self.triggers.iter().filter(|trigger| category.is_none_or(|kind| trigger.category == kind));
        let mut counted: Vec<(usize, SkillRef)> = Vec::new();
        for skill in matching.flat_map(|trigger| &trigger.coping) {
            match counted.iter_mut().find(|(_, known)| known == skill) {
                Some((count, _)) => *count += 1,
                None => counted.push((1, skill.clone())),
            }
        }
        counted.sort_by_key(|(count, _)| Reverse(*count));
        counted.into_iter().map(|(_, skill)| skill).collect()
    }

    /// The triggers, warning signs and skills that it has. A warning sign is recognized by its code, or by the
    /// words of the weekly check-in.
    pub fn summary(&self) -> PlanSummary {
        let known = signs().iter().filter(|sign| self.warning_signs.iter().any(|own| own.matches(sign)));
        PlanSummary {
            triggers: self.triggers.iter().map(|trigger| trigger.category).collect(),
            signs: known.map(|sign| sign.code.clone()).collect(),
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
    fn the_skill_for_the_most_triggers_comes_first() {
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
    fn the_skills_for_one_trigger_stay_in_their_order() {
        let given = ["library:walk", "library:breathing", "library:call"];
        let plan = Plan { triggers: list([trigger(1, "payday", &given)]), ..Plan::default() };
        assert_eq!(plan.skills(None), given.map(link));
    }

    #[test]
    fn a_plan_recognizes_a_sign_in_own_words_by_its_code() {
        let known = &signs()[1];
        let code = Some(known.code.clone());
        let sign = PlanSign { id: id(1), code, stage: known.stage, words: words("I go quiet with Sam") };
        let plan = Plan { warning_signs: list([sign]), ..Plan::default() };
        assert_eq!(plan.summary().signs, [known.code.clone()].into());
    }

    #[test]
    fn a_plan_recognizes_a_sign_by_its_words() {
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
