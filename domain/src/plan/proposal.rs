//! Small changes to a plan that somebody or a rule proposes. One tap accepts them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::item::{Item, ItemId, Items, Unfit, Words};
use super::refusal::Refusal;
use super::section::{
    LapseResponseStep, Plan, PlanSection, PlanSign, PlanTrigger, RiskSituation, TriggerSource,
};
use crate::coping::SkillRef;
use crate::craving::TriggerCategory;
use crate::recovery::warning::{SignCode, WarningStage};
use crate::value::BoundedList;

/// The triggers that a skill is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkillTarget {
    /// One trigger of the plan.
    Trigger(ItemId),
    /// Every trigger of this category in the plan.
    Category(TriggerCategory),
}

/// A change to a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Proposal {
    /// Adds a trigger.
    AddTrigger {
        /// The kind of high-risk situation.
        category: TriggerCategory,
        /// Whether it comes from outside or inside.
        source: TriggerSource,
        /// What it is.
        words: Words,
    },
    /// Adds an early warning sign.
    AddWarningSign {
        /// The sign of the weekly check-in, if it is one of those.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        code: Option<SignCode>,
        /// The stage it belongs to.
        stage: WarningStage,
        /// What it is.
        words: Words,
    },
    /// Adds a step to the end of the lapse response plan.
    AddLapseResponseStep {
        /// What to do.
        words: Words,
    },
    /// Adds a high-risk situation and how to get through it.
    AddSituation {
        /// What it is.
        words: Words,
        /// How to get through it.
        cope: Words,
    },
    /// Adds a skill to triggers.
    AddSkill {
        /// The triggers it is for.
        against: SkillTarget,
        /// The skill.
        skill: SkillRef,
    },
    /// Removes a skill from all triggers.
    RemoveSkill {
        /// The skill.
        skill: SkillRef,
    },
}

impl Proposal {
    /// The section it changes.
    pub fn section(&self) -> PlanSection {
        match self {
            Self::AddTrigger { .. } | Self::AddSkill { .. } | Self::RemoveSkill { .. } => {
                PlanSection::Triggers
            }
            Self::AddWarningSign { .. } => PlanSection::WarningSigns,
            Self::AddLapseResponseStep { .. } => PlanSection::LapseResponse,
            Self::AddSituation { .. } => PlanSection::Situations,
        }
    }

    /// Whether a plan has all of it already.
    pub fn is_in(&self, plan: &Plan) -> bool {
        accept(plan, self, ItemId::from(Uuid::nil())).is_ok_and(|after| after == *plan)
    }
}

/// The plan with an accepted proposal. `id` is for the item that it adds, if any. What the plan already has is
/// not added again.
pub fn accept(plan: &Plan, proposal: &Proposal, id: ItemId) -> Result<Plan, Refusal> {
    let mut plan = plan.clone();
    match proposal.clone() {
        Proposal::AddTrigger { category, source, words } => {
            let trigger = PlanTrigger { id, category, source, words, coping: BoundedList::default() };
            let without_coping =
                |trigger: PlanTrigger| PlanTrigger { coping: BoundedList::default(), ..trigger };
            plan.triggers = with(&plan.triggers, trigger, without_coping)?;
        }
        Proposal::AddWarningSign { code, stage, words } => {
            let sign = PlanSign { id, code, stage, words };
            // A sign with the same code, or with no code and the same words, is the same sign.
            let as_proposed = |known: PlanSign| {
                let is_same = known.code.is_some() && known.code == sign.code;
                if is_same { sign.clone() } else { PlanSign { code: sign.code.clone(), ..known } }
            };
            plan.warning_signs = with(&plan.warning_signs, sign.clone(), as_proposed)?;
        }
        Proposal::AddLapseResponseStep { words } => {
            plan.lapse_response = with(&plan.lapse_response, LapseResponseStep { id, words }, |step| step)?;
        }
        Proposal::AddSituation { words, cope } => {
            let cope = Some(cope);
            let situation = RiskSituation { id, words, avoid: None, escape: None, cope, call: None };
            let coping_only = |situation: RiskSituation| RiskSituation {
                avoid: None,
                escape: None,
                call: None,
                ..situation
            };
            plan.situations = with(&plan.situations, situation, coping_only)?;
        }
        Proposal::AddSkill { against, skill } => {
            let is_target = |trigger: &PlanTrigger| match against {
                SkillTarget::Trigger(id) => trigger.id == id,
                SkillTarget::Category(category) => trigger.category == category,
            };
            if !plan.triggers.iter().any(is_target) {
                return Err(Refusal::NoSuchTrigger);
            }
            plan.triggers = relinked(&plan.triggers, |trigger, links| {
                if is_target(trigger) && !links.contains(&skill) {
                    links.push(skill.clone());
                }
            })?;
        }
        Proposal::RemoveSkill { skill } => {
            plan.triggers = relinked(&plan.triggers, |_, links| links.retain(|link| *link != skill))?;
        }
    }
    Ok(plan)
}

/// The list with a new item, unless it has it already. `compared` returns the part of an item that is compared.
fn with<T: Item, const MOST: usize>(
    items: &Items<T, MOST>,
    new: T,
    compared: impl Fn(T) -> T,
) -> Result<Items<T, MOST>, Refusal> {
    let id = new.id();
    if items.iter().any(|item| compared(item.clone().under(id)) == new) {
        return Ok(items.clone());
    }
    let all: Vec<T> = items.iter().cloned().chain([new]).collect();
    all.try_into().map_err(|unfit| match unfit {
        Unfit::Repeated(_) => Refusal::Different,
        _ => Refusal::Full,
    })
}

/// The triggers with their skills changed.
fn relinked<const MOST: usize>(
    triggers: &Items<PlanTrigger, MOST>,
    change: impl Fn(&PlanTrigger, &mut Vec<SkillRef>),
) -> Result<Items<PlanTrigger, MOST>, Refusal> {
    let relink = |trigger: &PlanTrigger| {
        let mut links = trigger.coping.clone().into();
        change(trigger, &mut links);
        let coping = links.try_into().map_err(|_| Refusal::Full)?;
        Ok(PlanTrigger { coping, ..trigger.clone() })
    };
    let triggers = triggers.iter().map(relink).collect::<Result<Vec<_>, Refusal>>()?;
    triggers.try_into().map_err(|_| Refusal::Full)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::compare;
    use crate::plan::tests::{any_plan, id, link, list, step, trigger, words};
    use proptest::prelude::*;

    fn skills(plan: &Plan) -> Vec<Vec<String>> {
        let links = |trigger: &PlanTrigger| trigger.coping.iter().map(|link| link.clone().into()).collect();
        plan.triggers.iter().map(links).collect()
    }

    #[test]
    fn a_skill_goes_to_one_trigger_or_to_all_of_a_category() {
        let other = PlanTrigger { category: TriggerCategory::Urges, ..trigger(3, "smell", &[]) };
        let plan =
            Plan { triggers: list([trigger(1, "a", &[]), trigger(2, "b", &[]), other]), ..Plan::default() };
        let skill = link("library:walk");
        let add = |against| accept(&plan, &Proposal::AddSkill { against, skill: skill.clone() }, id(9));
        let one = add(SkillTarget::Trigger(id(1))).unwrap();
        assert_eq!(skills(&one), [vec!["library:walk"], vec![], vec![]]);
        let conflict = add(SkillTarget::Category(TriggerCategory::Conflict)).unwrap();
        assert_eq!(skills(&conflict), [vec!["library:walk"], vec!["library:walk"], vec![]]);
        assert_eq!(add(SkillTarget::Trigger(id(8))), Err(Refusal::NoSuchTrigger));
        let pressure = SkillTarget::Category(TriggerCategory::SocialPressure);
        assert_eq!(add(pressure), Err(Refusal::NoSuchTrigger));
        let gone = accept(&conflict, &Proposal::RemoveSkill { skill: skill.clone() }, id(9));
        assert_eq!(gone, Ok(plan.clone()));
    }

    #[test]
    fn a_full_list_and_an_id_in_use_are_refused() {
        let steps: Vec<LapseResponseStep> = (1..=10).map(|n| step(n, &format!("step {n}"))).collect();
        let full = Plan { lapse_response: list(steps), ..Plan::default() };
        let more = Proposal::AddLapseResponseStep { words: words("one more") };
        assert_eq!(accept(&full, &more, id(11)), Err(Refusal::Full));
        let known = Proposal::AddLapseResponseStep { words: words("step 3") };
        assert_eq!(accept(&full, &known, id(11)).as_ref(), Ok(&full), "it is there already");
        let some = Plan { lapse_response: list([step(1, "call")]), ..Plan::default() };
        assert_eq!(accept(&some, &more, id(1)), Err(Refusal::Different));

        let crowded = ["library:aa", "library:bb", "library:cc", "library:dd"];
        let plan = Plan { triggers: list([trigger(1, "a", &crowded)]), ..Plan::default() };
        let add = Proposal::AddSkill { against: SkillTarget::Trigger(id(1)), skill: link("library:ee") };
        assert_eq!(accept(&plan, &add, id(9)), Err(Refusal::Full));
    }

    #[test]
    fn a_sign_in_own_words_is_not_added_again() {
        let sign = |code: Option<&str>, text: &str| Proposal::AddWarningSign {
            code: code.map(|code| code.to_owned().try_into().unwrap()),
            stage: WarningStage::Mental,
            words: words(text),
        };
        let proposed = sign(Some("lying"), "I lied or hid things");
        let mut plan = accept(&Plan::default(), &proposed, id(1)).unwrap();
        plan.warning_signs = plan.warning_signs.map(|sign| PlanSign { words: words("I lie to Sam"), ..sign });
        assert!(proposed.is_in(&plan));
        assert!(!sign(Some("isolating"), "I kept to myself").is_in(&plan));
        assert!(!sign(None, "I lied or hid things").is_in(&plan));
        let own = accept(&Plan::default(), &sign(None, "I lied or hid things"), id(1)).unwrap();
        assert!(proposed.is_in(&own), "in the same words");
    }

    #[test]
    fn a_proposal_reads_back_as_written() {
        let json = serde_json::json!({
            "kind": "add_skill", "against": { "category": "conflict" }, "skill": "library:walk",
        });
        let proposal: Proposal = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(&proposal).unwrap(), json);
        let more = serde_json::json!({ "kind": "remove_skill", "skill": "library:walk", "why": "" });
        assert!(serde_json::from_value::<Proposal>(more).is_err());
    }

    proptest! {
        #[test]
        fn a_proposal_changes_only_its_section_and_only_once(plan in any_plan(), which in 0usize..6) {
            let words = words("new");
            let proposal = [
                Proposal::AddTrigger {
                    category: TriggerCategory::Urges, source: TriggerSource::Internal, words: words.clone(),
                },
                Proposal::AddWarningSign { code: None, stage: WarningStage::Mental, words: words.clone() },
                Proposal::AddSituation { words: words.clone(), cope: words.clone() },
                Proposal::AddLapseResponseStep { words },
                Proposal::AddSkill {
                    against: SkillTarget::Category(TriggerCategory::Conflict), skill: link("library:walk"),
                },
                Proposal::RemoveSkill { skill: link("library:urge_surfing") },
            ][which].clone();
            let Ok(after) = accept(&plan, &proposal, id(99)) else { return Ok(()) };
            let differences = compare(&plan, &after);
            prop_assert!(differences.iter().all(|difference| difference.section == proposal.section()));
            prop_assert!(proposal.is_in(&after));
            prop_assert_eq!(accept(&after, &proposal, id(98)), Ok(after));
        }
    }
}
