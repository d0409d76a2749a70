//! Small changes that one side, or a rule, suggests and a tap makes.

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

/// What a skill is meant to help against.
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
    /// A trigger more.
    AddTrigger {
        /// The kind of high-risk situation.
        category: TriggerCategory,
        /// Whether it comes from outside or inside.
        source: TriggerSource,
        /// What it is.
        words: Words,
    },
    /// An early warning sign more.
    AddWarningSign {
        /// The sign that everyone is asked about, if it is one of those.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        code: Option<SignCode>,
        /// The stage it belongs to.
        stage: WarningStage,
        /// What it is.
        words: Words,
    },
    /// A step more to take if there was use, after the others.
    AddLapseResponseStep {
        /// What to do.
        words: Words,
    },
    /// A high-risk situation more, with how to get through it.
    AddSituation {
        /// What it is.
        words: Words,
        /// How to get through it.
        cope: Words,
    },
    /// A skill against a trigger.
    AddSkill {
        /// What it helps against.
        against: SkillTarget,
        /// The skill.
        skill: SkillRef,
    },
    /// A skill taken out everywhere.
    RemoveSkill {
        /// The skill.
        skill: SkillRef,
    },
}

impl Proposal {
    /// The section it changes; who may not see that one has no say in it.
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

    /// Whether a plan says all of it already.
    pub fn is_said(&self, plan: &Plan) -> bool {
        accept(plan, self, ItemId::from(Uuid::nil())).is_ok_and(|after| after == *plan)
    }
}

/// The plan with a proposal taken up; `id` is for the item that it adds, if it adds one. What the plan already
/// says is not added again.
pub fn accept(plan: &Plan, proposal: &Proposal, id: ItemId) -> Result<Plan, Refusal> {
    let mut plan = plan.clone();
    match proposal.clone() {
        Proposal::AddTrigger { category, source, words } => {
            let trigger = PlanTrigger { id, category, source, words, coping: BoundedList::default() };
            let without_coping = |kept: PlanTrigger| PlanTrigger { coping: BoundedList::default(), ..kept };
            plan.triggers = with(&plan.triggers, trigger, without_coping)?;
        }
        Proposal::AddWarningSign { code, stage, words } => {
            let sign = PlanSign { id, code, stage, words };
            // One that came from the same sign, or says the same under no code, says it already.
            let as_proposed = |kept: PlanSign| {
                let is_same = kept.code.is_some() && kept.code == sign.code;
                if is_same { sign.clone() } else { PlanSign { code: sign.code.clone(), ..kept } }
            };
            plan.warning_signs = with(&plan.warning_signs, sign.clone(), as_proposed)?;
        }
        Proposal::AddLapseResponseStep { words } => {
            plan.lapse_response = with(&plan.lapse_response, LapseResponseStep { id, words }, |kept| kept)?;
        }
        Proposal::AddSituation { words, cope } => {
            let cope = Some(cope);
            let situation = RiskSituation { id, words, avoid: None, escape: None, cope, call: None };
            let how_through =
                |kept: RiskSituation| RiskSituation { avoid: None, escape: None, call: None, ..kept };
            plan.situations = with(&plan.situations, situation, how_through)?;
        }
        Proposal::AddSkill { against, skill } => {
            let is_meant = |trigger: &PlanTrigger| match against {
                SkillTarget::Trigger(id) => trigger.id == id,
                SkillTarget::Category(category) => trigger.category == category,
            };
            if !plan.triggers.iter().any(is_meant) {
                return Err(Refusal::NoSuchTrigger);
            }
            plan.triggers = relinked(&plan.triggers, |trigger, links| {
                if is_meant(trigger) && !links.contains(&skill) {
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

/// The list with one item more, unless it is in there already, `said` telling what an item says.
fn with<T: Item, const MOST: usize>(
    items: &Items<T, MOST>,
    new: T,
    said: impl Fn(T) -> T,
) -> Result<Items<T, MOST>, Refusal> {
    let id = new.id();
    if items.iter().any(|kept| said(kept.clone().under(id)) == new) {
        return Ok(items.clone());
    }
    let all: Vec<T> = items.iter().cloned().chain([new]).collect();
    all.try_into().map_err(|unfit| match unfit {
        Unfit::Repeated(_) => Refusal::Different,
        _ => Refusal::Full,
    })
}

/// The triggers with their links to skills changed.
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
    fn a_list_has_a_limit_and_an_id_one_meaning() {
        let steps: Vec<LapseResponseStep> = (1..=10).map(|n| step(n, &format!("step {n}"))).collect();
        let full = Plan { lapse_response: list(steps), ..Plan::default() };
        let more = Proposal::AddLapseResponseStep { words: words("one more") };
        assert_eq!(accept(&full, &more, id(11)), Err(Refusal::Full));
        let known = Proposal::AddLapseResponseStep { words: words("step 3") };
        assert_eq!(accept(&full, &known, id(11)).as_ref(), Ok(&full), "said already");
        let some = Plan { lapse_response: list([step(1, "call")]), ..Plan::default() };
        assert_eq!(accept(&some, &more, id(1)), Err(Refusal::Different));

        let crowded = ["library:aa", "library:bb", "library:cc", "library:dd"];
        let plan = Plan { triggers: list([trigger(1, "a", &crowded)]), ..Plan::default() };
        let add = Proposal::AddSkill { against: SkillTarget::Trigger(id(1)), skill: link("library:ee") };
        assert_eq!(accept(&plan, &add, id(9)), Err(Refusal::Full));
    }

    #[test]
    fn a_sign_in_own_words_is_said_already() {
        let sign = |code: Option<&str>, text: &str| Proposal::AddWarningSign {
            code: code.map(|code| code.to_owned().try_into().unwrap()),
            stage: WarningStage::Mental,
            words: words(text),
        };
        let proposed = sign(Some("lying"), "I lied or hid things");
        let mut plan = accept(&Plan::default(), &proposed, id(1)).unwrap();
        plan.warning_signs = plan.warning_signs.map(|sign| PlanSign { words: words("I lie to Sam"), ..sign });
        assert!(proposed.is_said(&plan));
        assert!(!sign(Some("isolating"), "I kept to myself").is_said(&plan));
        assert!(!sign(None, "I lied or hid things").is_said(&plan));
        let own = accept(&Plan::default(), &sign(None, "I lied or hid things"), id(1)).unwrap();
        assert!(proposed.is_said(&own), "in the same words");
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
        fn a_proposal_changes_its_section_alone_and_twice_is_once(plan in any_plan(), which in 0usize..6) {
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
            prop_assert!(proposal.is_said(&after));
            prop_assert_eq!(accept(&after, &proposal, id(98)), Ok(after));
        }
    }
}
