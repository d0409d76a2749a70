//! Turns changes that the logs or a debrief suggest into proposals for the plan.

use super::item::{MOST_WORDS, Words};
use super::proposal::Proposal;
use super::section::TriggerSource;
use crate::craving::TriggerCategory;
use crate::recovery::learning::PlanChange;
use crate::recovery::warning;

impl PlanChange {
    /// The proposal that makes this change, in words by which the plan recognizes it later. A text that is too
    /// long ends in an ellipsis. None if the warning sign is unknown or the words are empty.
    pub fn proposal(&self) -> Option<Proposal> {
        Some(match self {
            Self::AddTrigger { category, words } => Proposal::AddTrigger {
                category: *category,
                source: source(*category),
                words: short(words.as_deref().unwrap_or(wording(*category)))?,
            },
            Self::AddWarningSign { code } => {
                let sign = warning::find(code)?;
                Proposal::AddWarningSign {
                    code: Some(sign.code.clone()),
                    stage: sign.stage,
                    words: short(&sign.words)?,
                }
            }
            Self::AddLapseResponseStep { words } => Proposal::AddLapseResponseStep { words: short(words)? },
            Self::AddCoping { category, words } => {
                Proposal::AddSituation { words: short(wording(*category))?, cope: short(words)? }
            }
            Self::ReplaceSkill { skill } => Proposal::RemoveSkill { skill: skill.clone() },
        })
    }
}

/// Whether a kind of trigger comes from outside or inside. Source: Marlatt divides his eight categories into
/// interpersonal and intrapersonal ones.
fn source(category: TriggerCategory) -> TriggerSource {
    match category {
        TriggerCategory::Conflict | TriggerCategory::SocialPressure | TriggerCategory::PleasantTimes => {
            TriggerSource::External
        }
        TriggerCategory::NegativeEmotions
        | TriggerCategory::PhysicalDiscomfort
        | TriggerCategory::PositiveEmotions
        | TriggerCategory::TestingControl
        | TriggerCategory::Urges => TriggerSource::Internal,
    }
}

/// The words for a kind of trigger in a plan, until the person finds better ones.
fn wording(category: TriggerCategory) -> &'static str {
    match category {
        TriggerCategory::NegativeEmotions => "Anger, sadness, fear or boredom",
        TriggerCategory::PhysicalDiscomfort => "Pain, withdrawal or exhaustion",
        TriggerCategory::PositiveEmotions => "Feeling good and wanting to celebrate",
        TriggerCategory::TestingControl => "Thinking that I can have just one",
        TriggerCategory::Urges => "An urge or a temptation",
        TriggerCategory::Conflict => "A quarrel or tension with somebody",
        TriggerCategory::SocialPressure => "Being offered it, or seeing others use",
        TriggerCategory::PleasantTimes => "Pleasant times with others",
    }
}

/// The text on one line, cut to the length that a plan allows, between words if possible.
fn short(text: &str) -> Option<Words> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST_WORDS {
        return line.try_into().ok();
    }
    let cut: String = line.chars().take(MOST_WORDS - 1).collect();
    let whole = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole);
    format!("{whole}…").try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::proposal::accept;
    use crate::plan::tests::{id, link, list, trigger, words};
    use crate::plan::{ItemId, Plan};
    use crate::recovery::warning::signs;
    use proptest::prelude::*;

    fn accepted(plan: &Plan, change: &PlanChange) -> Plan {
        let id: ItemId = id(90);
        accept(plan, &change.proposal().unwrap(), id).unwrap()
    }

    #[test]
    fn a_plan_recognizes_every_kind_of_trigger_and_every_sign_that_it_accepted() {
        for category in TriggerCategory::ALL {
            let change = PlanChange::AddTrigger { category: *category, words: None };
            assert_eq!(accepted(&Plan::default(), &change).summary().triggers, [*category].into());
        }
        for sign in signs() {
            let change = PlanChange::AddWarningSign { code: sign.code.clone() };
            assert_eq!(accepted(&Plan::default(), &change).summary().signs, [sign.code.clone()].into());
        }
        let odd = PlanChange::AddWarningSign { code: "weather".to_owned().try_into().unwrap() };
        assert_eq!(odd.proposal(), None);
    }

    #[test]
    fn own_words_stay_and_a_skill_is_removed() {
        let category = TriggerCategory::Urges;
        let payday = PlanChange::AddTrigger { category, words: Some("Payday,\nand rain".to_owned()) };
        let plan = accepted(&Plan::default(), &payday);
        assert_eq!(plan.triggers.iter().next().unwrap().words, words("Payday, and rain"));
        let bus = PlanChange::AddCoping { category, words: "Take the other bus".to_owned() };
        let plan = accepted(&Plan::default(), &bus);
        let situation = plan.situations.iter().next().unwrap();
        assert_eq!(situation.words, words("An urge or a temptation"));
        assert_eq!(situation.cope, Some(words("Take the other bus")));
        let plan = Plan { triggers: list([trigger(1, "a row", &["library:walk"])]), ..Plan::default() };
        let without = PlanChange::ReplaceSkill { skill: link("library:walk") };
        assert_eq!(accepted(&plan, &without).skills(None), []);
        assert_eq!(PlanChange::AddLapseResponseStep { words: " \n".to_owned() }.proposal(), None);
    }

    proptest! {
        #[test]
        fn a_text_of_any_length_fits_the_plan_and_its_beginning_is_unchanged(text in "[a-zé ]{0,40}[a-zé]{1,200}[a-z\n ]{0,760}") {
            let proposal = PlanChange::AddLapseResponseStep { words: text.clone() }.proposal().unwrap();
            let Proposal::AddLapseResponseStep { words } = proposal else { panic!("another kind") };
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let beginning = words.as_ref().strip_suffix('…').unwrap_or(words.as_ref());
            prop_assert!(line.starts_with(beginning));
            prop_assert_eq!(words.as_ref().ends_with('…'), MOST_WORDS < line.chars().count());
        }
    }
}
