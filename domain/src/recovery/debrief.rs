//! Debrief: looking back at a lapse, step by step, as far as the person wants. The plan can learn from it.

use super::learning::{PlanChange, PlanSummary};
use super::warning::{self, SignCode};
use crate::craving::TriggerCategory;
use crate::value::{BoundedSet, Moment};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

text! {
    /// A step of looking back, in the person's own words.
    DebriefText: 1 to 1000, lines, such as "Payday, and I went home past the bar."
}
text! {
    /// A skill that was tried: its name, or a reference to one of the library.
    SkillTriedText: 1 to 120, such as "urge surfing"
}

/// What the person says about a lapse. Every step is optional. A save replaces all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "situation": "Payday, and I went home past the bar.", "trigger": "urges",
    "feeling": "Proud and restless", "skill_tried": "urge surfing",
    "would_do": "Take the other bus and ring Sam on the way."
}))]
pub struct DebriefDraft {
    /// What was going on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub situation: Option<DebriefText>,
    /// The kind of situation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<TriggerCategory>,
    /// What the person thought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thought: Option<DebriefText>,
    /// What the person felt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feeling: Option<DebriefText>,
    /// Warning signs that the person sees, looking back.
    #[serde(default, skip_serializing_if = "BoundedSet::is_empty")]
    #[schema(value_type = Vec<SignCode>, max_items = 20)]
    pub signs: BoundedSet<SignCode, 20>,
    /// A skill that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill_tried: Option<SkillTriedText>,
    /// What helped to stop, or not to begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helped_stop: Option<DebriefText>,
    /// What the person would do next time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_do: Option<DebriefText>,
}

/// The current debrief of a lapse.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Debrief {
    /// How often it was saved; 0 until the first step.
    #[schema(minimum = 0)]
    pub revision: i32,
    /// When it was last saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saved_at: Option<Moment>,
    /// What the person said.
    pub content: DebriefDraft,
}

/// The changes of the plan that a debrief suggests: its trigger and warning signs, what helped to stop as a lapse
/// response step, and what the person would do as a way to cope with the trigger, or as a lapse response step if no
/// trigger was named. Triggers and signs that are in the plan are left out, and so are unknown signs.
pub fn proposals_from_debrief(debrief: &DebriefDraft, plan: &PlanSummary) -> Vec<PlanChange> {
    let words = |text: &DebriefText| text.as_ref().to_owned();
    let mut changes = Vec::new();
    if let Some(category) = debrief.trigger.filter(|category| !plan.triggers.contains(category)) {
        changes.push(PlanChange::AddTrigger { category, words: debrief.situation.as_ref().map(words) });
    }
    let unknown = |code: &&SignCode| warning::find(code).is_some() && !plan.signs.contains(*code);
    let signs = debrief.signs.iter().filter(unknown);
    changes.extend(signs.map(|code| PlanChange::AddWarningSign { code: code.clone() }));
    if let Some(text) = &debrief.helped_stop {
        changes.push(PlanChange::AddLapseResponseStep { words: words(text) });
    }
    if let Some(text) = &debrief.would_do {
        changes.push(match debrief.trigger {
            Some(category) => PlanChange::AddCoping { category, words: words(text) },
            None => PlanChange::AddLapseResponseStep { words: words(text) },
        });
    }
    let mut keys = BTreeSet::new();
    changes.retain(|change| keys.insert(change.key()));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::craving::Substance;
    use crate::craving::tests::moment;
    use crate::log_entry;
    use crate::recovery::Refusal;
    use crate::recovery::lapse::tests::{draft, reported};
    use crate::recovery::lapse::{Lapse, save_debrief as save};
    use crate::recovery::lapse::{LapseOutcome, withdraw};

    fn text(text: &str) -> DebriefText {
        DebriefText::try_from(text.to_owned()).unwrap()
    }
    fn code(code: &str) -> SignCode {
        SignCode::try_from(code.to_owned()).unwrap()
    }
    fn lapse() -> Lapse {
        let sent = draft("2026-07-01T00:30:00Z", Substance::Alcohol, LapseOutcome::SingleLapse);
        reported(sent, "2026-07-01T00:31:00Z")
    }
    fn full() -> DebriefDraft {
        DebriefDraft {
            situation: Some(text("Payday")),
            trigger: Some(TriggerCategory::Urges),
            thought: Some(text("Just one")),
            feeling: Some(text("Restless")),
            signs: vec![code("lying"), code("bargaining")].try_into().unwrap(),
            skill_tried: Some(SkillTriedText::try_from("urge surfing".to_owned()).unwrap()),
            helped_stop: Some(text("Rang Sam")),
            would_do: Some(text("Take the other bus")),
        }
    }

    #[test]
    fn a_debrief_is_saved_step_by_step() {
        let now = moment("2026-07-02T08:00:00Z");
        let step = DebriefDraft { situation: Some(text("Payday")), ..DebriefDraft::default() };
        let one = save(&lapse(), &step, 0, now).unwrap();
        assert_eq!((one.debrief.revision, one.debrief.saved_at), (1, Some(now)));
        let two = save(&one, &full(), 1, now).unwrap();
        assert_eq!((two.debrief.revision, &two.debrief.content), (2, &full()));
        assert_eq!(save(&two, &full(), 1, moment("2026-07-03T08:00:00Z")), Ok(two.clone()), "a repeat");
        assert_eq!(save(&two, &step, 1, now), Err(Refusal::Stale { current: 2 }));
        assert_eq!(save(&withdraw(&two, now), &full(), 2, now), Err(log_entry::Refusal::Withdrawn.into()));
    }

    #[test]
    fn a_debrief_proposes_what_is_not_in_the_plan() {
        let all = proposals_from_debrief(&full(), &PlanSummary::default());
        let category = TriggerCategory::Urges;
        let expected = [
            PlanChange::AddTrigger { category, words: Some("Payday".to_owned()) },
            PlanChange::AddWarningSign { code: code("bargaining") },
            PlanChange::AddWarningSign { code: code("lying") },
            PlanChange::AddLapseResponseStep { words: "Rang Sam".to_owned() },
            PlanChange::AddCoping { category, words: "Take the other bus".to_owned() },
        ];
        assert_eq!(all, expected);
        let plan = PlanSummary {
            triggers: [category].into(),
            signs: [code("lying"), code("bargaining")].into(),
            skills: BTreeSet::new(),
        };
        assert_eq!(proposals_from_debrief(&full(), &plan), expected[3..]);
        assert_eq!(proposals_from_debrief(&DebriefDraft::default(), &plan), []);
    }

    #[test]
    fn what_somebody_would_do_is_a_lapse_response_step_if_no_trigger_is_named() {
        let bare = DebriefDraft {
            would_do: Some(text("Rang Sam")),
            helped_stop: Some(text("Rang Sam")),
            ..DebriefDraft::default()
        };
        let expected = [PlanChange::AddLapseResponseStep { words: "Rang Sam".to_owned() }];
        assert_eq!(proposals_from_debrief(&bare, &PlanSummary::default()), expected);
    }

    #[test]
    fn a_debrief_and_its_proposals_read_back_as_written() {
        let json = serde_json::to_value(full()).unwrap();
        assert_eq!(serde_json::from_value::<DebriefDraft>(json).unwrap(), full());
        assert_eq!(serde_json::to_value(DebriefDraft::default()).unwrap(), serde_json::json!({}));
        for change in proposals_from_debrief(&full(), &PlanSummary::default()) {
            let json = serde_json::to_value(&change).unwrap();
            assert_eq!(serde_json::from_value::<PlanChange>(json).unwrap(), change);
        }
    }
}
