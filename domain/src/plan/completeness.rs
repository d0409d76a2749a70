//! What is missing in a plan, and why that matters.

use serde::Serialize;
use utoipa::ToSchema;

use super::item::ItemId;
use super::section::{Plan, PlanSection as Section};
use crate::coping::SkillRef;
use crate::craving::Substance;
use crate::program::LevelOfCare;
use crate::recovery::guidance::may_be_opioid;
use crate::value::Day;

/// The fewest support people with a way to reach them. Source: common plan templates ask for two or more.
pub const FEWEST_SUPPORTS: usize = 2;

words! {
    /// What is missing.
    GapCode {
        /// The section is empty.
        Empty = "empty",
        /// There is no skill for this trigger.
        NoSkill = "no_skill",
        /// A skill for this trigger has a precaution that applies to this person.
        SkillWithPrecaution = "skill_with_precaution",
        /// Fewer than two people have a way to reach them.
        FewSupports = "few_supports",
        /// Nobody on the list has a way to reach them.
        NobodyReachable = "nobody_reachable",
        /// It is not answered whether naloxone is at hand.
        NaloxoneUnanswered = "naloxone_unanswered",
        /// No date is set for the next review.
        ReviewNotSet = "review_not_set",
        /// The review date has passed.
        ReviewPast = "review_past",
        /// The review date is further ahead than this level of care allows.
        ReviewTooFar = "review_too_far",
    }
}

/// Something that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Gap<S> {
    /// The section.
    pub section: S,
    /// The item, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub item: Option<ItemId>,
    /// What is missing.
    pub code: GapCode,
    /// Why that matters, for the participant to read.
    pub why: &'static str,
}

/// How complete a plan is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Completeness<S> {
    /// The share of what is asked for that is there, in percent; 100 only if nothing is missing.
    #[schema(maximum = 100)]
    pub percent: u8,
    /// What is missing, in the order of the plan.
    pub gaps: Vec<Gap<S>>,
}

/// Counts what is asked for and collects what is missing. It leaves out withheld sections: a percentage that
/// counts them would reveal what is in them.
pub(super) struct Checks<'a, S> {
    withheld: &'a [S],
    asked: usize,
    gaps: Vec<Gap<S>>,
}

impl<'a, S: PartialEq> Checks<'a, S> {
    pub(super) fn new(withheld: &'a [S]) -> Self {
        Self { withheld, asked: 0, gaps: Vec::new() }
    }
    pub(super) fn ask(&mut self, there: bool, section: S, code: GapCode, why: &'static str) {
        self.ask_item(there, section, None, code, why);
    }
    fn ask_item(&mut self, there: bool, section: S, item: Option<ItemId>, code: GapCode, why: &'static str) {
        if self.withheld.contains(&section) {
            return;
        }
        self.asked += 1;
        if !there {
            self.gaps.push(Gap { section, item, code, why });
        }
    }
    /// Asks about the review date.
    pub(super) fn ask_review(&mut self, review_on: Option<Day>, on: Day, within: i32, section: S) {
        let (there, code, why) = match review_on.map(|review_on| on.until(review_on)) {
            None => (
                false,
                GapCode::ReviewNotSet,
                "A plan that nobody reviews gets out of date. Set a day to look at it again.",
            ),
            Some(..0) => {
                (false, GapCode::ReviewPast, "The day to review this plan has passed. Does it still fit you?")
            }
            Some(ahead) => (
                ahead <= within,
                GapCode::ReviewTooFar,
                "A lot can change before the day that is set. Choose an earlier one.",
            ),
        };
        self.ask(there, section, code, why);
    }
    pub(super) fn done(self) -> Completeness<S> {
        let there = self.asked - self.gaps.len();
        let percent = (there * 100).checked_div(self.asked).unwrap_or(100);
        Completeness { percent: u8::try_from(percent).unwrap_or(100), gaps: self.gaps }
    }
}

/// What is missing in a relapse-prevention plan on a day, at this level of care, for somebody who uses or used
/// these substances (`None`: an unnamed one). Sections that are withheld from the reader are left out.
pub fn completeness(
    plan: &Plan,
    substances: &[Option<Substance>],
    has_precaution: impl Fn(&SkillRef) -> bool,
    level: LevelOfCare,
    on: Day,
    withheld: &[Section],
) -> Completeness<Section> {
    let mut checks = Checks::new(withheld);
    checks.ask(
        !plan.reasons.is_empty(),
        Section::Reasons,
        GapCode::Empty,
        "In a craving, your own reasons help you say no. Write down at least one.",
    );
    checks.ask(
        !plan.triggers.is_empty(),
        Section::Triggers,
        GapCode::Empty,
        "You can prepare for what you know. Write down what triggers your cravings.",
    );
    for trigger in &plan.triggers {
        let is_unsafe = trigger.coping.iter().any(&has_precaution);
        let (code, why) = if is_unsafe {
            (
                GapCode::SkillWithPrecaution,
                "A skill that you named here has a precaution that applies to you. Choose one that is safe for you.",
            )
        } else {
            (
                GapCode::NoSkill,
                "A craving leaves little time to think. Choose now what you will do about this trigger.",
            )
        };
        let there = !trigger.coping.is_empty() && !is_unsafe;
        checks.ask_item(there, Section::Triggers, Some(trigger.id), code, why);
    }
    checks.ask(
        !plan.warning_signs.is_empty(),
        Section::WarningSigns,
        GapCode::Empty,
        "A relapse often begins long before use. Your own signs tell you when to get help.",
    );
    checks.ask(
        !plan.situations.is_empty(),
        Section::Situations,
        GapCode::Empty,
        "Some situations are harder than others. Decide now how you will avoid, leave or get through them.",
    );
    let reachable = plan.supports.iter().filter(|support| support.reach.is_some()).count();
    checks.ask(
        FEWEST_SUPPORTS <= reachable,
        Section::Supports,
        GapCode::FewSupports,
        "One person may not pick up. Name at least two, and how to reach them.",
    );
    checks.ask(
        !plan.lapse_response.is_empty(),
        Section::LapseResponse,
        GapCode::Empty,
        "A lapse does not have to become a relapse. Write the steps down now, for when it is hard to think.",
    );
    if substances.iter().any(|substance| may_be_opioid(*substance)) {
        checks.ask(
            plan.naloxone.is_some(),
            Section::Naloxone,
            GapCode::NaloxoneUnanswered,
            "After a time without opioids, your body can handle less of them. Naloxone can save a life: do you have some?",
        );
    }
    checks.ask_review(plan.review_on, on, level.review_within(), Section::Review);
    checks.done()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Role;
    use crate::plan::item::{Called, ItemId, Reach};
    use crate::plan::section::{Naloxone, PlanSign, PlanTrigger, RiskSituation, Support, SupportRole};
    use crate::plan::tests::{any_plan, day, id, link, list, reason, step, trigger, words};
    use crate::plan::{Document, withheld};
    use crate::program::LevelOfCare::{ContinuingCare, IntensiveOutpatient};
    use crate::recovery::warning::WarningStage;
    use proptest::prelude::*;

    fn on() -> Day {
        day("2026-03-02")
    }
    fn no_precaution(_: &SkillRef) -> bool {
        false
    }
    fn of(plan: &Plan) -> Completeness<Section> {
        completeness(plan, &[Some(Substance::Opioids)], no_precaution, IntensiveOutpatient, on(), &[])
    }
    fn support(number: u128, reach: Option<&str>) -> Support {
        Support {
            id: id(number),
            name: Called::try_from("Sam".to_owned()).unwrap(),
            role: SupportRole::Friend,
            reach: reach.map(|reach| Reach::try_from(reach.to_owned()).unwrap()),
            ask: None,
        }
    }
    fn gaps(plan: &Plan) -> Vec<(Section, Option<ItemId>, GapCode)> {
        of(plan).gaps.into_iter().map(|gap| (gap.section, gap.item, gap.code)).collect()
    }

    /// The plan with one gap filled.
    fn filled(plan: &Plan, gap: &Gap<Section>) -> Plan {
        let mut plan = plan.clone();
        match gap.section {
            Section::Reasons => plan.reasons = list([reason(90, "health")]),
            Section::Triggers => match gap.item {
                None => plan.triggers = list([trigger(90, "payday", &["library:urge_surfing"])]),
                Some(item) => {
                    let coping = || vec![link("library:urge_surfing")].try_into().unwrap();
                    let with = |trigger: &PlanTrigger| {
                        if trigger.id == item {
                            PlanTrigger { coping: coping(), ..trigger.clone() }
                        } else {
                            trigger.clone()
                        }
                    };
                    plan.triggers = list(plan.triggers.iter().map(with).collect::<Vec<_>>());
                }
            },
            Section::WarningSigns => {
                let sign = PlanSign {
                    id: id(90),
                    code: None,
                    stage: WarningStage::Mental,
                    words: words("bargaining"),
                };
                plan.warning_signs = list([sign]);
            }
            Section::Situations => {
                let words = words("a wedding");
                let (avoid, escape, cope, call) = (None, None, None, None);
                plan.situations = list([RiskSituation { id: id(90), words, avoid, escape, cope, call }]);
            }
            Section::Supports => plan.supports = list([support(90, Some("1")), support(91, Some("2"))]),
            Section::LapseResponse => plan.lapse_response = list([step(90, "call")]),
            Section::Naloxone => plan.naloxone = Some(Naloxone { has: false, location: None }),
            Section::Review => plan.review_on = Some(on().plus(7)),
            other => panic!("{other:?} is not asked for"),
        }
        plan
    }

    #[test]
    fn an_empty_plan_lacks_every_section_that_is_asked_for() {
        let empty = of(&Plan::default());
        let sections: Vec<Section> = empty.gaps.iter().map(|gap| gap.section).collect();
        let asked = [
            Section::Reasons,
            Section::Triggers,
            Section::WarningSigns,
            Section::Situations,
            Section::Supports,
            Section::LapseResponse,
            Section::Naloxone,
            Section::Review,
        ];
        assert_eq!((empty.percent, &sections[..]), (0, &asked[..]));
        let alcohol = completeness(
            &Plan::default(),
            &[Some(Substance::Alcohol)],
            no_precaution,
            IntensiveOutpatient,
            on(),
            &[],
        );
        assert!(alcohol.gaps.iter().all(|gap| gap.section != Section::Naloxone));
        let withheld =
            completeness(&Plan::default(), &[], no_precaution, IntensiveOutpatient, on(), &asked[..7]);
        assert_eq!(withheld.gaps.len(), 1);
    }

    #[test]
    fn a_trigger_without_a_skill_and_a_single_number_are_gaps() {
        let plan = Plan {
            triggers: list([trigger(1, "payday", &[]), trigger(2, "a row", &["library:walk"])]),
            supports: list([support(3, Some("555-0100")), support(4, None)]),
            ..Plan::default()
        };
        assert!(gaps(&plan).contains(&(Section::Triggers, Some(id(1)), GapCode::NoSkill)));
        assert!(!gaps(&plan).iter().any(|(_, item, _)| *item == Some(id(2))));
        assert!(gaps(&plan).contains(&(Section::Supports, None, GapCode::FewSupports)));
    }

    #[test]
    fn a_skill_with_a_precaution_that_the_person_noted_is_a_gap() {
        let trigger = trigger(1, "payday", &["library:cold_water", "library:walk"]);
        let plan = Plan { triggers: list([trigger]), ..Plan::default() };
        let with = |unsafe_skill: &str| {
            let has_precaution = |skill: &SkillRef| *skill == link(unsafe_skill);
            let gaps = completeness(&plan, &[], has_precaution, IntensiveOutpatient, on(), &[]).gaps;
            gaps.into_iter().find(|gap| gap.section == Section::Triggers).map(|gap| (gap.item, gap.code))
        };
        assert_eq!(with("library:cold_water"), Some((Some(id(1)), GapCode::SkillWithPrecaution)));
        assert_eq!(with("library:sauna"), None);
    }

    #[test]
    fn a_review_is_set_ahead_and_near_enough() {
        let code = |days: Option<i32>, level| {
            let plan = Plan { review_on: days.map(|days| on().plus(days)), ..Plan::default() };
            let gaps = completeness(&plan, &[], no_precaution, level, on(), &[]).gaps;
            gaps.into_iter().find(|gap| gap.section == Section::Review).map(|gap| gap.code)
        };
        assert_eq!(code(None, IntensiveOutpatient), Some(GapCode::ReviewNotSet));
        assert_eq!(code(Some(-1), IntensiveOutpatient), Some(GapCode::ReviewPast));
        assert_eq!(code(Some(0), IntensiveOutpatient), None, "today is still the day");
        assert_eq!(code(Some(14), IntensiveOutpatient), None);
        assert_eq!(code(Some(15), IntensiveOutpatient), Some(GapCode::ReviewTooFar));
        assert_eq!(code(Some(90), ContinuingCare), None);
        assert_eq!(code(Some(91), ContinuingCare), Some(GapCode::ReviewTooFar));
    }

    proptest! {
        #[test]
        fn filling_a_gap_opens_no_other(plan in any_plan()) {
            for gap in of(&plan).gaps {
                let after = of(&filled(&plan, &gap));
                prop_assert!(!after.gaps.contains(&gap));
                prop_assert!(after.gaps.iter().all(|left| of(&plan).gaps.contains(left)));
                prop_assert!(of(&plan).percent <= after.percent);
            }
        }

        #[test]
        fn completeness_reveals_nothing_of_withheld_sections(plan in any_plan(), other in any_plan()) {
            let hidden = withheld(&plan, &plan, Role::Counselor);
            let changed = plan.clone().taking(&other, |section| hidden.contains(&section));
            let seen = |plan| completeness(plan, &[Some(Substance::Opioids)], no_precaution, IntensiveOutpatient, on(), &hidden);
            prop_assert_eq!(seen(&plan), seen(&changed));
        }

        #[test]
        fn a_plan_is_complete_exactly_when_nothing_is_missing(plan in any_plan()) {
            prop_assert_eq!(of(&plan).percent == 100, of(&plan).gaps.is_empty());
            let whole = of(&plan).gaps.iter().fold(plan, |plan, gap| filled(&plan, gap));
            prop_assert_eq!(of(&whole), Completeness { percent: 100, gaps: Vec::new() });
        }
    }
}
