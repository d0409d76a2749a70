//! The safety plan: six steps, in this order, for a suicidal crisis.
//!
//! It is separate from the relapse-prevention plan. The care team sees all of it.
//!
//! Source of the steps: Stanley and Brown's Safety Planning Intervention. The words are our own.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::completeness::{Checks, Completeness, GapCode};
use super::document::document;
use super::item::{Called, ItemId, Items, Reach, Words, items};
use super::lines::crisis_lines;
use super::printed::{PrintedGroup, PrintedLine, PrintedPlan, emergency_box};
use super::section::entries;
use super::{Author, Refusal, Revision, check_review, next};
use crate::value::{Day, Moment};

/// Days until the next review, unless somebody sets a date.
pub const REVIEW_DAYS: i32 = 30;
/// The most days ahead that a review can be set.
pub const MOST_REVIEW_DAYS: i32 = 90;

words! {
    /// A part of the safety plan: the six steps in their order, and the date of the next review.
    SafetySection {
        /// Step 1: warning signs of a crisis.
        WarningSigns = "warning_signs",
        /// Step 2: internal coping strategies, which need nobody else.
        InternalCoping = "internal_coping",
        /// Step 3: people and places that distract.
        Distractions = "distractions",
        /// Step 4: people to ask for help.
        Helpers = "helpers",
        /// Step 5: professionals and crisis lines.
        Professionals = "professionals",
        /// Step 6: making the environment safe.
        SafeEnvironment = "safe_environment",
        /// The date of the next review.
        Review = "review",
    }
}

impl SafetySection {
    /// Whether no text of it is ever dropped.
    pub fn is_critical(self) -> bool {
        self != Self::Review
    }
}

words! {
    /// Whether a distraction is a person or a place.
    DistractionKind {
        /// A person, who does not need to know why.
        Person = "person",
        /// A place.
        Place = "place",
    }
}

entries! {
    /// A warning sign of a crisis: a thought, a mood or a behavior.
    CrisisSign {
        /// What it is.
        words: Words,
    }
    /// Something that helps and needs nobody else.
    CopingStrategy {
        /// What it is.
        words: Words,
    }
    /// A person or a place that distracts.
    Distraction {
        /// A person or a place.
        kind: DistractionKind,
        /// Who or where.
        words: Words,
        /// How to reach them, or to get there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reach: Option<Reach>,
    }
    /// Somebody to ask for help.
    Helper {
        /// The name.
        name: Called,
        /// How to reach them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reach: Option<Reach>,
    }
    /// A professional or an agency.
    Professional {
        /// The name.
        name: Called,
        /// How to reach them, or to get there.
        reach: Reach,
    }
    /// Something that makes the environment safer.
    Safeguard {
        /// What it is, and who helps with it.
        words: Words,
    }
}

/// The content of a safety plan. The national crisis lines belong to step 5 of every plan and are not stored in
/// it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SafetyPlan {
    /// Step 1: warning signs of a crisis.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<CrisisSign>, max_items = 10)]
    pub warning_signs: Items<CrisisSign, 10>,
    /// Step 2: internal coping strategies, which need nobody else.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<CopingStrategy>, max_items = 10)]
    pub internal_coping: Items<CopingStrategy, 10>,
    /// Step 3: people and places that distract.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<Distraction>, max_items = 10)]
    pub distractions: Items<Distraction, 10>,
    /// Step 4: people to ask for help.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<Helper>, max_items = 10)]
    pub helpers: Items<Helper, 10>,
    /// Step 5: professionals, besides the national crisis lines.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<Professional>, max_items = 10)]
    pub professionals: Items<Professional, 10>,
    /// Step 6: making the environment safe.
    #[serde(default, skip_serializing_if = "Items::is_empty")]
    #[schema(value_type = Vec<Safeguard>, max_items = 10)]
    pub safe_environment: Items<Safeguard, 10>,
    /// The date of the next review; if missing, 30 days after the save.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub review_on: Option<Day>,
}

document!(SafetyPlan, SafetySection {
    warning_signs = WarningSigns,
    internal_coping = InternalCoping,
    distractions = Distractions,
    helpers = Helpers,
    professionals = Professionals,
    safe_environment = SafeEnvironment,
    review_on = Review,
});

/// A step as text, ready to be shown or printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SafetyStep {
    /// 1 to 6.
    #[schema(minimum = 1, maximum = 6)]
    pub number: u8,
    /// Its title.
    pub title: &'static str,
    /// Its entries, in order.
    pub lines: Vec<String>,
}

impl SafetyPlan {
    /// The six steps in their order. Step 5 is never empty: it begins with the emergency number.
    pub fn steps(&self) -> [SafetyStep; 6] {
        let mut number = 0;
        self.said().map(|(title, lines)| {
            number += 1;
            SafetyStep { number, title, lines: lines.iter().map(ToString::to_string).collect() }
        })
    }

    /// The six steps as they are printed, below what saves a life at once. All of it is critical: everything is
    /// printed, and a step that is still empty can be filled in by hand.
    pub fn printed(&self, on: Day) -> PrintedPlan {
        let group =
            |(number, (title, lines))| PrintedGroup::critical(format!("{number}. {title}"), lines).to_fill();
        let groups = (1..).zip(self.said()).map(group).collect();
        let (mut emergency_box, repeated) = emergency_box(&crisis_lines().lines, None);
        // The fifth step has the others.
        emergency_box.lines.truncate(repeated);
        PrintedPlan {
            title: "My safety plan",
            on,
            revision: None,
            emergency_box,
            repeated,
            groups,
            note: None,
        }
    }

    fn said(&self) -> [(&'static str, Vec<PrintedLine>); 6] {
        let said = |words: &Words| PrintedLine::new(words.as_ref());
        let reached = |(name, reach): (&Called, &Reach)| PrintedLine::reached(name.as_ref(), Some(reach));
        let distraction = |item: &Distraction| PrintedLine::reached(item.words.as_ref(), item.reach.as_ref());
        let professionals = self.professionals.iter().map(|item| (&item.name, &item.reach));
        let lines = |emergency| {
            let some = crisis_lines().lines.iter().filter(move |line| line.emergency == emergency);
            some.map(|line| (&line.name, &line.reach))
        };
        [
            (
                "Signs that a crisis may be coming",
                self.warning_signs.iter().map(|item| said(&item.words)).collect(),
            ),
            ("What I can do by myself", self.internal_coping.iter().map(|item| said(&item.words)).collect()),
            (
                "People and places that take my mind off it",
                self.distractions.iter().map(distraction).collect(),
            ),
            (
                "People I can ask for help",
                self.helpers
                    .iter()
                    .map(|item| PrintedLine::reached(item.name.as_ref(), item.reach.as_ref()))
                    .collect(),
            ),
            (
                "Professionals and crisis lines I can contact",
                lines(true).chain(professionals).chain(lines(false)).map(reached).collect(),
            ),
            (
                "How I make my environment safe",
                self.safe_environment.iter().map(|item| said(&item.words)).collect(),
            ),
        ]
    }
}

/// Saves a safety plan as a new revision, by the same rules as [`save`](super::save()). A draft without a
/// review date keeps the current one unless it has passed; otherwise the review is 30 days from `today`.
pub fn save(
    current: Option<&Revision<SafetyPlan>>,
    based_on: i32,
    draft: SafetyPlan,
    author: Author,
    today: Day,
    now: Moment,
) -> Result<Revision<SafetyPlan>, Refusal> {
    let before = current.and_then(|current| current.content.review_on);
    let set = before.filter(|review_on| today <= *review_on);
    let review_on = draft.review_on.or(set).unwrap_or_else(|| today.plus(REVIEW_DAYS));
    let saved = next(current, based_on, SafetyPlan { review_on: Some(review_on), ..draft }, author, now)?;
    check_review(before, Some(review_on), today, MOST_REVIEW_DAYS)?;
    Ok(saved)
}

/// What is missing in a safety plan on a day. Step 5 is always complete: it has the national crisis lines.
pub fn completeness(plan: &SafetyPlan, on: Day) -> Completeness<SafetySection> {
    let mut checks = Checks::new(&[]);
    checks.ask(
        !plan.warning_signs.is_empty(),
        SafetySection::WarningSigns,
        GapCode::Empty,
        "The plan helps if you notice when you need it. Write down how you would know.",
    );
    checks.ask(
        !plan.internal_coping.is_empty(),
        SafetySection::InternalCoping,
        GapCode::Empty,
        "The worst of a crisis passes. Something you can do by yourself helps until then.",
    );
    checks.ask(
        !plan.distractions.is_empty(),
        SafetySection::Distractions,
        GapCode::Empty,
        "Other people and other places take your mind off it. Nobody there has to know why you came.",
    );
    checks.ask(
        plan.helpers.iter().any(|helper| helper.reach.is_some()),
        SafetySection::Helpers,
        GapCode::NobodyReachable,
        "Somebody you trust can stay with you through it. Name a person, and how to reach them.",
    );
    checks.ask(
        !plan.safe_environment.is_empty(),
        SafetySection::SafeEnvironment,
        GapCode::Empty,
        "Distance from what could harm you gives you time, and time saves lives.",
    );
    checks.ask_review(plan.review_on, on, MOST_REVIEW_DAYS, SafetySection::Review);
    checks.done()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Role;
    use crate::craving::tests::moment;
    use crate::plan::tests::{day, id, list, words};
    use crate::plan::{Clash, Conflict, MOST_BYTES, compare, merge};
    use uuid::Uuid;

    fn by(role: Role) -> Author {
        Author { account: Uuid::from_u128(1).into(), role }
    }
    fn try_save(
        current: Option<&Revision<SafetyPlan>>,
        draft: SafetyPlan,
        today: &str,
    ) -> Result<Revision<SafetyPlan>, Refusal> {
        let based_on = current.map_or(0, |current| current.revision);
        let now = moment("2026-03-02T18:40:00Z");
        save(current, based_on, draft, by(Role::Counselor), day(today), now)
    }
    fn sample() -> SafetyPlan {
        let name = |text: &str| Called::try_from(text.to_owned()).unwrap();
        let reach = |text: &str| Reach::try_from(text.to_owned()).unwrap();
        SafetyPlan {
            warning_signs: list([CrisisSign { id: id(1), words: words("I stop answering") }]),
            internal_coping: list([CopingStrategy { id: id(2), words: words("A cold shower") }]),
            distractions: list([Distraction {
                id: id(3),
                kind: DistractionKind::Place,
                words: words("The library"),
                reach: None,
            }]),
            helpers: list([Helper { id: id(4), name: name("Sam"), reach: Some(reach("555-0100")) }]),
            professionals: list([Professional {
                id: id(5),
                name: name("Dr. Lee"),
                reach: reach("555-0101"),
            }]),
            safe_environment: list([Safeguard { id: id(6), words: words("Sam keeps the pills") }]),
            review_on: None,
        }
    }

    #[test]
    fn the_steps_come_in_their_order_and_the_fifth_always_has_988() {
        for plan in [SafetyPlan::default(), sample()] {
            let steps = plan.steps();
            assert_eq!(steps.each_ref().map(|step| step.number), [1, 2, 3, 4, 5, 6]);
            assert!(steps[4].lines.contains(&"988 Suicide & Crisis Lifeline: call or text 988".to_owned()));
        }
        let [signs, coping, distractions, helpers, professionals, safe_environment] = sample().steps();
        assert_eq!(signs.lines, ["I stop answering"]);
        assert_eq!(coping.lines, ["A cold shower"]);
        assert_eq!(distractions.lines, ["The library"]);
        assert_eq!(helpers.lines, ["Sam: 555-0100"]);
        let first = ["Emergency: overdose, or a life in danger: call 911", "Dr. Lee: 555-0101"];
        assert_eq!(professionals.lines[..2], first);
        assert_eq!(safe_environment.lines, ["Sam keeps the pills"]);
    }

    #[test]
    fn a_printed_safety_plan_says_what_its_steps_say_and_nothing_is_left_out() {
        let mut printed = sample().printed(day("2026-03-02"));
        assert!(!printed.shorten());
        let reaches: Vec<_> = printed.emergency_box.lines.iter().map(|line| line.answer.as_deref()).collect();
        assert_eq!(
            (reaches.as_slice(), printed.repeated),
            (&[Some("call 911"), Some("call or text 988")][..], 2)
        );
        for (group, step) in printed.groups.iter().zip(sample().steps()) {
            assert_eq!(group.heading, format!("{}. {}", step.number, step.title));
            assert_eq!(group.lines.iter().map(ToString::to_string).collect::<Vec<_>>(), step.lines);
        }
    }

    #[test]
    fn a_safety_plan_is_saved_by_revisions_and_reviewed_within_90_days() {
        let first = try_save(None, sample(), "2026-03-02").unwrap();
        assert_eq!((first.revision, first.content.review_on), (1, Some(day("2026-04-01"))));
        let again = try_save(Some(&first), sample(), "2026-03-05").unwrap();
        assert_eq!(again, first, "the same again is a repeat, also days later");
        let late = try_save(Some(&first), sample(), "2026-05-05").unwrap();
        assert_eq!((late.revision, late.content.review_on), (2, Some(day("2026-06-04"))));

        let on = |date: &str| SafetyPlan { review_on: Some(day(date)), ..sample() };
        assert!(try_save(None, on("2026-05-31"), "2026-03-02").is_ok());
        let far = try_save(None, on("2026-06-01"), "2026-03-02");
        assert_eq!(far, Err(Refusal::ReviewTooFar { most: 90 }));
        assert_eq!(try_save(None, on("2026-03-01"), "2026-03-02"), Err(Refusal::ReviewPast));
        let edited = SafetyPlan { helpers: list([]), ..on("2026-04-01") };
        assert!(try_save(Some(&first), edited, "2026-05-05").is_ok(), "a date that passed blocks nothing");
        let now = moment("2026-03-02T18:40:00Z");
        let stale =
            save(Some(&late), 1, SafetyPlan::default(), by(Role::Participant), day("2026-05-05"), now);
        assert_eq!(stale, Err(Refusal::Stale { current: 2 }));
    }

    #[test]
    fn gaps_are_listed_in_the_order_of_the_steps() {
        use SafetySection as S;
        let empty = completeness(&SafetyPlan::default(), day("2026-03-02"));
        let sections: Vec<_> = empty.gaps.iter().map(|gap| gap.section).collect();
        assert_eq!(
            sections,
            [S::WarningSigns, S::InternalCoping, S::Distractions, S::Helpers, S::SafeEnvironment, S::Review]
        );
        let saved = try_save(None, sample(), "2026-03-02").unwrap().content;
        assert_eq!(completeness(&saved, day("2026-03-02")).percent, 100);
        let later = completeness(&saved, day("2026-04-02"));
        assert_eq!(later.gaps.iter().map(|gap| gap.code).collect::<Vec<_>>(), [GapCode::ReviewPast]);
    }

    #[test]
    fn two_wordings_of_a_safety_step_both_stay() {
        let of = |text: &str| SafetyPlan {
            safe_environment: list([Safeguard { id: id(6), words: words(text) }]),
            ..sample()
        };
        let merged = merge(&sample(), &of("Sam has the keys"), &of("The pills are gone")).unwrap();
        let wordings: Vec<&str> = merged.safe_environment.iter().map(|item| item.words.as_ref()).collect();
        assert_eq!(wordings, ["Sam has the keys", "The pills are gone"]);
        assert_eq!(compare(&sample(), &sample()), []);
    }

    #[test]
    fn a_person_whom_one_side_removes_and_the_other_changes_is_a_conflict() {
        let of = |reach: Option<&str>| SafetyPlan {
            helpers: list([Helper {
                id: id(4),
                name: "Ex".to_owned().try_into().unwrap(),
                reach: reach.map(|reach| reach.to_owned().try_into().unwrap()),
            }]),
            ..sample()
        };
        let (base, changed) = (of(Some("555-0100")), of(Some("555-0199")));
        let removed = Err(Conflict { sections: vec![(SafetySection::Helpers, Clash::Removed)] });
        for less in [SafetyPlan { helpers: list([]), ..sample() }, of(None)] {
            assert_eq!(merge(&base, &changed, &less), removed);
            assert_eq!(merge(&base, &less, &changed), removed);
            assert_eq!(merge(&base, &base, &less), Ok(less));
        }
        let unset = SafetyPlan { review_on: None, ..sample() };
        let on = |date: &str| SafetyPlan { review_on: Some(day(date)), ..sample() };
        let dated = merge(&on("2026-04-01"), &on("2026-04-08"), &unset);
        assert_eq!(dated, Ok(on("2026-04-08")), "a date that one side left out remains set");
    }

    #[test]
    fn the_fullest_safety_plan_fits_a_request() {
        let (text, short) = ("x".repeat(160), "x".repeat(60));
        let many = |fields: serde_json::Value| {
            let with_id = |number: u128| {
                let mut item = fields.clone();
                item["id"] = Uuid::from_u128(u128::MAX - number).to_string().into();
                item
            };
            (0..10).map(with_id).collect::<Vec<_>>()
        };
        let json = serde_json::json!({
            "warning_signs": many(serde_json::json!({ "words": text })),
            "internal_coping": many(serde_json::json!({ "words": text })),
            "distractions": many(serde_json::json!({ "kind": "person", "words": text, "reach": short })),
            "helpers": many(serde_json::json!({ "name": short, "reach": short })),
            "professionals": many(serde_json::json!({ "name": short, "reach": short })),
            "safe_environment": many(serde_json::json!({ "words": text })),
            "review_on": "2026-04-01",
        });
        let full: SafetyPlan = serde_json::from_value(json).unwrap();
        assert!(serde_json::to_vec(&full).unwrap().len() <= MOST_BYTES);
    }
}
