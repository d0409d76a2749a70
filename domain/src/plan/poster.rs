//! The plans on paper, to be pinned to a wall or folded into a wallet: what is printed, in which order, and what
//! gives way where the paper ends.

use std::fmt;

use super::item::{Called, Reach};
use super::lines::CrisisLine;
use super::section::{Plan, PlanSection, PlanTrigger, Support};
use crate::coping::{Choices, SkillRef, Skills};
use crate::value::Day;

/// Skills that are named for when a craving comes: few enough to remember.
pub const MOST_SKILLS: usize = 3;

const TRIGGERS: &str = "What sets it off, and what I do";
const PEOPLE: &str = "Who I call";
const REASONS: &str = "Why I do this";

/// One thing to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PosterLine {
    /// What it says.
    pub words: String,
    /// How to get through. Apart from the words, because a number reads from left to right in every language.
    pub reach: Option<String>,
}

impl PosterLine {
    /// Words alone.
    pub fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), reach: None }
    }
    /// Who, or where, and how to get through.
    pub fn reached(words: impl Into<String>, reach: Option<&Reach>) -> Self {
        Self { words: words.into(), reach: reach.map(|reach| reach.as_ref().to_owned()) }
    }
}
impl fmt::Display for PosterLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reach {
            Some(reach) => write!(f, "{}: {reach}", self.words),
            None => f.write_str(&self.words),
        }
    }
}

/// What stands under one heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PosterGroup {
    /// The heading.
    pub heading: String,
    /// What it holds, in order.
    pub lines: Vec<PosterLine>,
    /// How many more there are in the app.
    pub left_out: usize,
    /// How many of its lines never give way.
    least: usize,
}

impl PosterGroup {
    /// Lines that somebody's life may hang on: none of them gives way.
    pub fn critical(heading: impl Into<String>, lines: Vec<PosterLine>) -> Self {
        Self { heading: heading.into(), lines, left_out: 0, least: usize::MAX }
    }
    fn at_least(least: usize, heading: &str, lines: Vec<PosterLine>) -> Self {
        Self { least, ..Self::critical(heading, lines) }
    }
    fn keep(&mut self, most: usize) {
        self.left_out += self.lines.len().saturating_sub(most);
        self.lines.truncate(most);
    }
}

/// A plan on paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poster {
    /// What stands on top. It names neither person nor program nor substance.
    pub title: &'static str,
    /// The day it was made.
    pub on: Day,
    /// The groups in reading order, the most urgent first.
    pub groups: Vec<PosterGroup>,
    /// What the reader should know about it, in small print.
    pub note: Option<&'static str>,
}

impl Poster {
    /// Takes away the line that is missed least; `false` if all that is left has to stay.
    pub fn shorten(&mut self) -> bool {
        // Reasons are known by heart; a number is not.
        let gives = |heading: &str| {
            self.groups.iter().position(|group| group.heading == heading && group.least < group.lines.len())
        };
        let Some(place) = [REASONS, TRIGGERS, PEOPLE].into_iter().find_map(gives) else { return false };
        let group = &mut self.groups[place];
        group.keep(group.lines.len() - 1);
        true
    }
}

/// Lays a plan out for paper.
///
/// `withheld` is what the participant keeps from whom it is printed for. A skill is named if it is on offer and has
/// none of this person's cautions, as for a suggestion. Steps after a slip, naloxone and the lines that answer day
/// and night never give way.
pub fn poster(
    plan: &Plan,
    withheld: &[PlanSection],
    lines: &[CrisisLine],
    skills: &Skills,
    choices: &Choices,
    on: Day,
) -> Poster {
    let name = |skill: &SkillRef| {
        let allowed = skills.find(skill).filter(|skill| choices.allow(skill))?;
        Some(allowed.name.as_ref().to_owned())
    };
    let best = plan.skills(None).iter().filter_map(name).map(PosterLine::new).collect();
    let mut best = PosterGroup::at_least(MOST_SKILLS, "When a craving comes", best);
    best.keep(MOST_SKILLS);
    let reasons = plan.reasons.iter().map(|item| PosterLine::new(item.words.as_ref())).collect();
    let groups = vec![
        best,
        PosterGroup::at_least(6, TRIGGERS, triggers(plan, name)),
        PosterGroup::at_least(4, PEOPLE, people(plan)),
        PosterGroup::critical("If I slip", slip(plan)),
        PosterGroup::critical("Day and night", all_lines(plan, lines)),
        PosterGroup::at_least(2, REASONS, reasons),
    ];
    let note =
        (!withheld.is_empty()).then_some("Parts of the plan are left out here at the participant's wish.");
    Poster { title: "My plan", on, groups, note }
}

/// Triggers with something to do about them come before those without.
fn triggers(plan: &Plan, name: impl Fn(&SkillRef) -> Option<String>) -> Vec<PosterLine> {
    let named = |trigger: &PlanTrigger| {
        let names: Vec<String> = trigger.coping.iter().filter_map(&name).collect();
        (trigger.words.as_ref().to_owned(), names.join(", "))
    };
    let (with, without): (Vec<_>, Vec<_>) =
        plan.triggers.iter().map(named).partition(|(_, names)| !names.is_empty());
    let with = with.into_iter().map(|(words, names)| format!("{words}: {names}"));
    with.chain(without.into_iter().map(|(words, _)| words)).map(PosterLine::new).collect()
}

fn people(plan: &Plan) -> Vec<PosterLine> {
    let reachable = plan.supports.iter().filter(|support| support.reach.is_some());
    let line = |support: &Support| {
        let who = format!("{} ({})", support.name.as_ref(), support.role.as_str());
        PosterLine::reached(who, support.reach.as_ref())
    };
    reachable.map(line).collect()
}

fn slip(plan: &Plan) -> Vec<PosterLine> {
    let steps =
        (1..).zip(&plan.lapse_steps).map(|(number, step)| format!("{number}. {}", step.words.as_ref()));
    let naloxone = plan.naloxone.as_ref().filter(|naloxone| naloxone.has).map(|naloxone| {
        naloxone
            .kept
            .as_ref()
            .map_or("Naloxone is at hand".to_owned(), |kept| format!("Naloxone: {}", kept.as_ref()))
    });
    steps.chain(naloxone).map(PosterLine::new).collect()
}

fn all_lines(plan: &Plan, lines: &[CrisisLine]) -> Vec<PosterLine> {
    let line = |name: &Called, reach| PosterLine::reached(name.as_ref(), Some(reach));
    let national = lines.iter().map(|national| line(&national.name, &national.reach));
    let local = plan.lines.iter().map(|local| line(&local.name, &local.reach));
    national.chain(local).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coping::Caution;
    use crate::coping::library::library;
    use crate::coping::organisation::tests::added;
    use crate::coping::tests::tea;
    use crate::plan::lines::crisis_lines;
    use crate::plan::section::{Naloxone, SupportRole};
    use crate::plan::tests::{any_plan, day, fullest, id, list, reason, step, trigger, words};
    use proptest::prelude::*;

    const TEA: &str = "organisation:00000000-0000-0000-0000-000000000002";

    fn of(plan: &Plan, choices: &Choices) -> Poster {
        let own = [added(2, tea())];
        let skills = Skills::new(library(), &own);
        poster(plan, &[], &crisis_lines().lines, &skills, choices, day("2026-03-02"))
    }
    fn text(group: &PosterGroup) -> Vec<String> {
        group.lines.iter().map(ToString::to_string).collect()
    }
    fn support(number: u128, name: &str, reach: Option<&str>) -> Support {
        Support {
            id: id(number),
            name: Called::try_from(name.to_owned()).unwrap(),
            role: SupportRole::Sponsor,
            reach: reach.map(|reach| Reach::try_from(reach.to_owned()).unwrap()),
            ask: None,
        }
    }

    #[test]
    fn a_poster_reads_from_the_most_urgent_to_the_reasons() {
        let plan = Plan {
            reasons: list([reason(1, "My daughter")]),
            triggers: list([
                trigger(2, "boredom", &["library:juggling"]),
                trigger(3, "payday", &["library:urge_surfing", TEA]),
                trigger(4, "a row", &["library:urge_surfing", "library:brisk_walk"]),
            ]),
            supports: list([support(5, "Sam", Some("555-0100")), support(6, "Ann", None)]),
            lapse_steps: list([step(7, "Stop"), step(8, "Call Sam")]),
            naloxone: Some(Naloxone { has: true, kept: Some(words("kitchen drawer")) }),
            ..Plan::default()
        };
        let poster = of(&plan, &Choices::default());
        let said: Vec<(&str, Vec<String>)> =
            poster.groups.iter().map(|group| (group.heading.as_str(), text(group))).collect();
        let tea = tea().name;
        let tea: &str = tea.as_ref();
        let payday = format!("payday: Urge surfing, {tea}");
        let expected = [
            ("When a craving comes", vec!["Urge surfing", tea, "Take a brisk walk"]),
            (
                "What sets it off, and what I do",
                vec![payday.as_str(), "a row: Take a brisk walk, Urge surfing", "boredom"],
            ),
            ("Who I call", vec!["Sam (sponsor): 555-0100"]),
            ("If I slip", vec!["1. Stop", "2. Call Sam", "Naloxone: kitchen drawer"]),
            (
                "Day and night",
                vec![
                    "988 Suicide & Crisis Lifeline: call or text 988",
                    "SAMHSA National Helpline: call 1-800-662-4357",
                    "Crisis Text Line: text HOME to 741741",
                    "Emergency: overdose, or a life in danger: call 911",
                ],
            ),
            ("Why I do this", vec!["My daughter"]),
        ];
        let expected =
            expected.map(|(heading, lines)| (heading, lines.into_iter().map(str::to_owned).collect()));
        assert_eq!(said, expected);
        assert!(poster.groups.iter().all(|group| group.left_out == 0));
        assert_eq!(poster.note, None);
    }

    #[test]
    fn a_skill_with_a_caution_that_holds_for_this_person_is_not_on_the_poster() {
        let plan = Plan {
            triggers: list([trigger(1, "a row", &["library:cold_water", "library:urge_surfing"])]),
            ..Plan::default()
        };
        let cautious =
            Choices { cautions: vec![Caution::HeartCondition].try_into().unwrap(), ..Choices::default() };
        let named = |choices: &Choices| of(&plan, choices).groups[..2].iter().map(text).collect::<Vec<_>>();
        assert_eq!(
            named(&Choices::default()),
            [
                vec!["Cold water on the face", "Urge surfing"],
                vec!["a row: Cold water on the face, Urge surfing"]
            ]
        );
        assert_eq!(named(&cautious), [["Urge surfing"], ["a row: Urge surfing"]]);
    }

    #[test]
    fn a_poster_for_somebody_else_says_that_parts_are_left_out() {
        let skills = Skills::new(library(), &[]);
        let of = |withheld| {
            poster(&Plan::default(), withheld, &[], &skills, &Choices::default(), day("2026-03-02")).note
        };
        assert_eq!(of(&[]), None);
        assert!(of(&[PlanSection::Reasons]).is_some_and(|note| note.contains("left out")));
    }

    #[test]
    fn reasons_give_way_first_and_people_last_and_what_gives_way_is_counted() {
        let mut poster = of(&fullest("x"), &Choices::default());
        let counts =
            |poster: &Poster| poster.groups.iter().map(|group| group.lines.len()).collect::<Vec<_>>();
        assert_eq!(counts(&poster), [0, 16, 10, 10, 10, 8]);
        assert!(poster.shorten());
        assert_eq!(counts(&poster), [0, 16, 10, 10, 10, 7]);
        for _ in 0..5 + 10 + 5 {
            assert!(poster.shorten());
        }
        assert_eq!(counts(&poster), [0, 6, 5, 10, 10, 2]);
        assert!(poster.shorten());
        assert!(!poster.shorten(), "the rest stays");
        let left_out: Vec<_> = poster.groups.iter().map(|group| group.left_out).collect();
        assert_eq!(left_out, [0, 10, 6, 0, 0, 6]);
    }

    proptest! {
        #[test]
        fn however_short_a_poster_is_nothing_in_it_is_cut_and_no_critical_line_is_gone(plan in any_plan()) {
            let whole = of(&plan, &Choices::default());
            let mut short = whole.clone();
            while short.shorten() {}
            for (whole, short) in whole.groups.iter().zip(&short.groups) {
                prop_assert!(whole.lines.starts_with(&short.lines));
                prop_assert_eq!(whole.lines.len() + whole.left_out, short.lines.len() + short.left_out);
            }
            prop_assert_eq!(&whole.groups[3..5], &short.groups[3..5]);
        }
    }
}
