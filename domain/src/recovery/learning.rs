//! The plan that learns: what the logs show and the plan does not have yet becomes a proposal, with its evidence.
//! A person decides. A declined proposal comes again only with twice the evidence, or after some time.

use super::warning::{self, SignCode, SignSeen};
use crate::coping::SkillRef;
use crate::coping::evidence::{Effect, Tries};
use crate::craving::{Intensity, TriggerCategory};
use crate::value::Day;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// How many days of logs count, today included.
pub const LOG_DAYS: i32 = 28;
/// How often a kind of trigger must be logged in that time to be proposed.
pub const LEAST_TRIGGERS: i32 = 3;
/// The lowest intensity at which a logged trigger counts: moderate.
pub const MODERATE: i64 = 4;
/// How many days before a lapse a warning sign belongs to it.
pub const DAYS_BEFORE_LAPSE: i32 = 7;
/// How often a skill of the plan must be tried without help before another is proposed. It is more than the tries for
/// a claim, because this asks somebody to give up what they chose.
pub const LEAST_TRIES: i32 = 5;
/// After how many days a declined proposal may come again as it was.
pub const DECLINED_DAYS: i32 = 28;

/// A kind of situation in one logged craving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerSeen {
    /// Its kind.
    pub category: TriggerCategory,
    /// The local day of the craving.
    pub day: Day,
    /// How strong the craving was.
    pub intensity: Intensity,
}

/// What the plan can learn from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Triggers of logged cravings; those older than [`LOG_DAYS`] do not count.
    pub triggers: Vec<TriggerSeen>,
    /// Warning signs that were ticked.
    pub signs: Vec<SignSeen>,
    /// The local days of lapses in which there was use.
    pub lapses: Vec<Day>,
    /// The tries of each skill in each kind of situation, over all time, without practice while calm.
    pub skills: Vec<(SkillRef, Tries)>,
}

/// What the plan already has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanSummary {
    /// The kinds of its triggers.
    pub triggers: BTreeSet<TriggerCategory>,
    /// Its warning signs.
    pub signs: BTreeSet<SignCode>,
    /// Its skills.
    pub skills: BTreeSet<SkillRef>,
}

/// A change of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum PlanChange {
    /// Add a trigger.
    AddTrigger {
        /// Its kind.
        category: TriggerCategory,
        /// The person's own words, if there are any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
    },
    /// Add a warning sign.
    AddWarningSign {
        /// The sign.
        code: SignCode,
    },
    /// Add a step for when a lapse happens.
    AddLapseResponseStep {
        /// The person's own words.
        words: String,
    },
    /// Add a way to cope with a kind of trigger.
    AddCoping {
        /// The kind of trigger.
        category: TriggerCategory,
        /// The person's own words.
        words: String,
    },
    /// Replace a skill that did not help.
    ReplaceSkill {
        /// The skill.
        skill: SkillRef,
    },
}

impl PlanChange {
    /// The key, which is the same each time this change is proposed.
    pub fn key(&self) -> String {
        match self {
            Self::AddTrigger { category, .. } => format!("trigger:{}", category.as_str()),
            Self::AddWarningSign { code } => format!("sign:{}", code.as_ref()),
            Self::AddLapseResponseStep { words } => format!("lapse_step:{words}"),
            Self::AddCoping { category, words } => format!("coping:{}:{words}", category.as_str()),
            Self::ReplaceSkill { skill } => format!("skill:{}", String::from(skill.clone())),
        }
    }
}

/// Why a change is proposed, in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Grounds {
    /// How often it was seen; for a warning sign, the number of lapses that it came before.
    #[schema(minimum = 1)]
    pub count: i32,
    /// The days on which it was seen, in order; empty where days do not matter.
    pub days: Vec<Day>,
    /// The mean intensity of these cravings, or the mean drop of a skill, rounded to two decimals.
    pub mean: Option<f64>,
}

/// A change of the plan that the logs suggest.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "key": "trigger:conflict", "change": { "type": "add_trigger", "category": "conflict" },
    "grounds": { "count": 4, "days": ["2026-02-25", "2026-03-02"], "mean": 6.25 }
}))]
pub struct Lesson {
    /// The same each time this change is proposed.
    pub key: String,
    /// The change.
    pub change: PlanChange,
    /// Why it is proposed.
    pub grounds: Grounds,
}

/// A proposal that was declined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declined {
    /// Its key.
    pub key: String,
    /// The count of its grounds then.
    pub count: i32,
    /// When.
    pub on: Day,
}

impl Declined {
    /// Whether a proposal must still wait because of this.
    fn delays(&self, proposal: &Lesson, today: Day) -> bool {
        let doubled = self.count.saturating_mul(2) <= proposal.grounds.count;
        self.key == proposal.key && !doubled && self.on.until(today) < DECLINED_DAYS
    }
}

/// What the plan could learn: triggers first, then warning signs, then skills, each with the highest count first.
pub fn learn(evidence: &Evidence, plan: &PlanSummary, declined: &[Declined], today: Day) -> Vec<Lesson> {
    let mut proposals = triggers(evidence, plan, today);
    proposals.extend(signs(evidence, plan));
    proposals.extend(skills(evidence, plan));
    proposals.retain(|proposal| !declined.iter().any(|one| one.delays(proposal, today)));
    proposals
}

fn proposal(change: PlanChange, count: i32, days: BTreeSet<Day>, mean: Option<f64>) -> Lesson {
    let grounds = Grounds { count, days: days.into_iter().collect(), mean };
    Lesson { key: change.key(), change, grounds }
}

fn mean(sum: i32, count: i32) -> f64 {
    (f64::from(sum) * 100.0 / f64::from(count)).round() / 100.0
}

/// Kinds of trigger that were logged often at moderate intensity and are not in the plan.
fn triggers(evidence: &Evidence, plan: &PlanSummary, today: Day) -> Vec<Lesson> {
    let mut seen: BTreeMap<TriggerCategory, (i32, i32, BTreeSet<Day>)> = BTreeMap::new();
    for one in &evidence.triggers {
        let recent = one.day.until(today) < LOG_DAYS;
        if recent && MODERATE <= i64::from(one.intensity) && !plan.triggers.contains(&one.category) {
            let (count, sum, days) = seen.entry(one.category).or_default();
            *count += 1;
            *sum += i32::from(i16::from(one.intensity));
            days.insert(one.day);
        }
    }
    let mut proposals: Vec<_> = seen
        .into_iter()
        .filter(|(_, (count, ..))| LEAST_TRIGGERS <= *count)
        .map(|(category, (count, sum, days))| {
            let change = PlanChange::AddTrigger { category, words: None };
            proposal(change, count, days, Some(mean(sum, count)))
        })
        .collect();
    proposals.sort_by_key(|one| -one.grounds.count);
    proposals
}

/// Warning signs that were ticked in the days before a lapse and are not in the plan.
fn signs(evidence: &Evidence, plan: &PlanSummary) -> Vec<Lesson> {
    let lapses: BTreeSet<_> = evidence.lapses.iter().collect();
    let mut seen: BTreeMap<&SignCode, (BTreeSet<Day>, BTreeSet<Day>)> = BTreeMap::new();
    let unknown = |code: &SignCode| warning::find(code).is_some() && !plan.signs.contains(code);
    for one in evidence.signs.iter().filter(|one| unknown(&one.code)) {
        for lapse in &lapses {
            // On the day of the lapse it may have been ticked afterwards.
            if (1..=DAYS_BEFORE_LAPSE).contains(&one.day.until(**lapse)) {
                let (before, days) = seen.entry(&one.code).or_default();
                before.insert(**lapse);
                days.insert(one.day);
            }
        }
    }
    let mut proposals: Vec<_> = seen
        .into_iter()
        .map(|(code, (before, days))| {
            let count = i32::try_from(before.len()).unwrap_or(i32::MAX);
            proposal(PlanChange::AddWarningSign { code: code.clone() }, count, days, None)
        })
        .collect();
    proposals.sort_by_key(|one| -one.grounds.count);
    proposals
}

/// Skills of the plan that were tried often and did not help.
fn skills(evidence: &Evidence, plan: &PlanSummary) -> Vec<Lesson> {
    let mut tried: BTreeMap<&SkillRef, Tries> = BTreeMap::new();
    for (skill, tries) in evidence.skills.iter().filter(|(skill, _)| plan.skills.contains(skill)) {
        tried.entry(skill).or_default().add(*tries);
    }
    let mut proposals: Vec<_> = tried
        .into_iter()
        .filter(|(_, tries)| LEAST_TRIES <= tries.count && tries.effect() == Some(Effect::NotHelped))
        .map(|(skill, Tries { count, sum, .. })| {
            let change = PlanChange::ReplaceSkill { skill: skill.clone() };
            proposal(change, count, BTreeSet::new(), Some(mean(sum, count)))
        })
        .collect();
    proposals.sort_by_key(|one| -one.grounds.count);
    proposals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coping::tests::skill;
    use crate::craving::tests::intensity;
    use TriggerCategory::{Conflict, Urges};
    use proptest::prelude::*;
    use rstest::rstest;

    fn today() -> Day {
        Day::from_number(20_000).unwrap()
    }
    fn ago(days: i32) -> Day {
        today().plus(-days)
    }
    fn code(code: &str) -> SignCode {
        SignCode::try_from(code.to_owned()).unwrap()
    }
    fn felt(category: TriggerCategory, days: i32, strength: i64) -> TriggerSeen {
        TriggerSeen { category, day: ago(days), intensity: intensity(strength) }
    }
    fn tried(name: &str, drops: &[i32]) -> Vec<(SkillRef, Tries)> {
        drops.iter().map(|drop| (skill(name), Tries { count: 1, sum: *drop, squares: drop * drop })).collect()
    }
    fn keys(evidence: &Evidence, plan: &PlanSummary) -> Vec<String> {
        learn(evidence, plan, &[], today()).into_iter().map(|one| one.key).collect()
    }
    fn conflicts(count: i32) -> Evidence {
        let triggers = (0..count).map(|number| felt(Conflict, number % 28, 6)).collect();
        Evidence { triggers, ..Evidence::default() }
    }

    #[test]
    fn a_trigger_logged_three_times_at_moderate_intensity_is_proposed_with_its_days() {
        let triggers = vec![
            felt(Conflict, 0, 4),
            felt(Conflict, 27, 7),
            felt(Conflict, 27, 8),
            felt(Conflict, 28, 9),
            felt(Urges, 1, 3),
            felt(Urges, 2, 9),
            felt(Urges, 3, 9),
        ];
        let evidence = Evidence { triggers, ..Evidence::default() };
        let expected = Lesson {
            key: "trigger:conflict".to_owned(),
            change: PlanChange::AddTrigger { category: Conflict, words: None },
            grounds: Grounds { count: 3, days: vec![ago(27), ago(0)], mean: Some(6.33) },
        };
        assert_eq!(learn(&evidence, &PlanSummary::default(), &[], today()), [expected]);
    }

    #[test]
    fn what_is_in_the_plan_is_not_proposed() {
        let evidence = Evidence {
            signs: vec![SignSeen { code: code("lying"), day: ago(8) }],
            lapses: vec![ago(5)],
            ..conflicts(5)
        };
        assert_eq!(keys(&evidence, &PlanSummary::default()), ["trigger:conflict", "sign:lying"]);
        let plan = PlanSummary {
            triggers: [Conflict].into(),
            signs: [code("lying")].into(),
            skills: BTreeSet::new(),
        };
        assert_eq!(keys(&evidence, &plan), [""; 0]);
    }

    #[rstest]
    #[case::the_day_before(6, true)]
    #[case::seven_days_before(12, true)]
    #[case::eight_days_before(13, false)]
    #[case::the_day_itself(5, false)]
    #[case::after_it(4, false)]
    fn a_sign_of_the_7_days_before_a_lapse_is_proposed(#[case] days: i32, #[case] proposed: bool) {
        let evidence = Evidence {
            signs: vec![SignSeen { code: code("lying"), day: ago(days) }],
            lapses: vec![ago(5)],
            ..Evidence::default()
        };
        assert_eq!(!keys(&evidence, &PlanSummary::default()).is_empty(), proposed);
    }

    #[test]
    fn a_sign_counts_the_lapses_it_came_before() {
        let seen = |sign: &str, days| SignSeen { code: code(sign), day: ago(days) };
        let evidence = Evidence {
            signs: vec![seen("lying", 6), seen("lying", 7), seen("isolating", 6), seen("isolating", 42)],
            lapses: vec![ago(5), ago(40)],
            ..Evidence::default()
        };
        let proposals = learn(&evidence, &PlanSummary::default(), &[], today());
        assert_eq!(
            proposals.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(),
            ["sign:isolating", "sign:lying"]
        );
        assert_eq!(proposals[0].grounds, Grounds { count: 2, days: vec![ago(42), ago(6)], mean: None });
        assert_eq!(proposals[1].grounds, Grounds { count: 1, days: vec![ago(7), ago(6)], mean: None });
    }

    #[rstest]
    #[case::helps_a_little(&[0, 0, 0, 0, 1], false)]
    #[case::never_helps(&[0, 0, 0, 0, 0], true)]
    #[case::makes_it_worse(&[1, -2, 0, 0, 0], true)]
    #[case::too_few_tries(&[-5, -5, -5, -5], false)]
    fn a_skill_tried_five_times_without_help_is_proposed_for_another(
        #[case] drops: &[i32],
        #[case] proposed: bool,
    ) {
        let plan = PlanSummary { skills: [skill("library:urge_surfing")].into(), ..PlanSummary::default() };
        let skills =
            [tried("library:urge_surfing", drops), tried("library:not_in_the_plan", &[0; 9])].concat();
        let evidence = Evidence { skills, ..Evidence::default() };
        let expected: &[&str] = if proposed { &["skill:library:urge_surfing"] } else { &[] };
        assert_eq!(keys(&evidence, &plan), expected);
    }

    #[rstest]
    #[case::at_once(5, 0, false)]
    #[case::nearly_twice_as_much(9, 27, false)]
    #[case::twice_as_much(10, 0, true)]
    #[case::as_much_but_28_days_later(5, 28, true)]
    fn a_declined_proposal_comes_again_with_twice_the_evidence_or_after_28_days(
        #[case] count: i32,
        #[case] days: i32,
        #[case] again: bool,
    ) {
        let declined = Declined { key: "trigger:conflict".to_owned(), count: 5, on: ago(days) };
        let proposals = learn(&conflicts(count), &PlanSummary::default(), &[declined], today());
        assert_eq!(!proposals.is_empty(), again);
        let other = Declined { key: "trigger:urges".to_owned(), count: 5, on: today() };
        assert_eq!(learn(&conflicts(count), &PlanSummary::default(), &[other], today()).len(), 1);
    }

    proptest! {
        #[test]
        fn every_proposal_has_its_own_key_and_grounds_and_the_order_of_logs_does_not_matter(
            (triggers, shuffled) in prop::collection::vec(
                (prop::sample::select(TriggerCategory::ALL), 0i32..40, 0i64..=10), 0..60
            ).prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
            signs in prop::collection::vec((prop::sample::select(vec!["lying", "isolating"]), 0i32..40), 0..20),
            lapses in prop::collection::vec(0i32..40, 0..4),
        ) {
            let evidence = |triggers: &[(TriggerCategory, i32, i64)]| Evidence {
                triggers: triggers.iter().map(|(category, days, strength)| felt(*category, *days, *strength)).collect(),
                signs: signs.iter().map(|(sign, days)| SignSeen { code: code(sign), day: ago(*days) }).collect(),
                lapses: lapses.iter().map(|days| ago(*days)).collect(),
                skills: Vec::new(),
            };
            let proposals = learn(&evidence(&triggers), &PlanSummary::default(), &[], today());
            prop_assert_eq!(&proposals, &learn(&evidence(&shuffled), &PlanSummary::default(), &[], today()));
            let keys: BTreeSet<_> = proposals.iter().map(|one| &one.key).collect();
            prop_assert_eq!(keys.len(), proposals.len());
            prop_assert!(proposals.iter().all(|one| 0 < one.grounds.count && !one.grounds.days.is_empty()));
        }
    }
}
