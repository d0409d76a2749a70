//! The plans on paper, to be pinned to a wall or folded into a wallet: what is printed, in which order, and what
//! gives way where the paper ends.

use std::fmt;

use super::Agreement;
use super::item::Reach;
use super::lines::CrisisLine;
use super::section::{Naloxone, Plan, PlanSection, PlanTrigger, Support};
use crate::coping::{Choices, SkillRef, Skills};
use crate::value::Day;

/// Skills that are named for when a craving comes: few enough to remember.
pub const MOST_SKILLS: usize = 3;

/// What is answered to a trigger if nobody and nothing of the person's own is left.
const ANYBODY: &str = "Call someone on this page";

const TRIGGERS: &str = "What sets it off, and what I do";
const PEOPLE: &str = "Who I call";
const REASONS: &str = "Why I do this";

/// One thing to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PosterLine {
    /// What it says.
    pub words: String,
    /// How to get through, or what to do about it. Apart from the words, because it is what the eye looks for, and
    /// a number reads from left to right in every language.
    pub answer: Option<String>,
}

impl PosterLine {
    /// Words alone.
    pub fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), answer: None }
    }
    /// Who, or where, and how to get through.
    pub fn reached(words: impl Into<String>, reach: Option<&Reach>) -> Self {
        Self { words: words.into(), answer: reach.map(|reach| reach.as_ref().to_owned()) }
    }
    fn answered(words: &str, answer: &str) -> Self {
        Self { words: words.to_owned(), answer: Some(answer.to_owned()) }
    }
}
impl fmt::Display for PosterLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.answer {
            Some(answer) => write!(f, "{}: {answer}", self.words),
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
    /// Whether its lines are steps, to be taken in their order.
    pub is_numbered: bool,
    /// Whether there is room to write by hand while it says nothing.
    pub is_to_fill: bool,
    /// How many of its lines never give way.
    least: usize,
}

impl PosterGroup {
    /// Lines that somebody's life may hang on: none of them gives way.
    pub fn critical(heading: impl Into<String>, lines: Vec<PosterLine>) -> Self {
        let heading = heading.into();
        Self { heading, lines, left_out: 0, is_numbered: false, is_to_fill: false, least: usize::MAX }
    }
    /// The same, with room to write by hand while it says nothing.
    #[must_use]
    pub fn to_fill(self) -> Self {
        Self { is_to_fill: true, ..self }
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
    /// What stands beside that day: that it is not agreed yet.
    pub standing: Option<&'static str>,
    /// What saves a life, above everything else.
    pub band: PosterGroup,
    /// How many of its lines stand on each further page too.
    pub again: usize,
    /// The groups in reading order, the most urgent first.
    pub groups: Vec<PosterGroup>,
    /// What the reader should know about it, in small print.
    pub note: Option<&'static str>,
}

impl Poster {
    /// The same, saying that nobody or only one signed what it was made from; an empty plan is not there to sign.
    #[must_use]
    pub fn agreed(self, how_far: Option<Agreement>) -> Self {
        let is_open = how_far.is_some_and(|agreement| agreement != Agreement::Agreed);
        Self { standing: is_open.then_some("not yet signed by both"), ..self }
    }

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
/// none of this person's precautions, as for a suggestion. No trigger is without an answer: where none of its own
/// skills is left there is another of the plan or a favorite, else a person, else the page itself. Steps after a
/// slip, naloxone and the lines that answer day and night never give way.
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
    let own = own_skills(plan, choices, name);
    let best = own.iter().map(PosterLine::new).collect();
    let mut best = PosterGroup::at_least(MOST_SKILLS, "When a craving comes", best);
    best.keep(MOST_SKILLS);
    let reasons = plan.reasons.iter().map(|item| PosterLine::new(item.words.as_ref())).collect();
    let slip = plan.lapse_response.iter().map(|step| PosterLine::new(step.words.as_ref())).collect();
    let groups = vec![
        best,
        PosterGroup::at_least(4, PEOPLE, people(plan)),
        PosterGroup { is_numbered: true, ..PosterGroup::critical("If I slip", slip) },
        PosterGroup::at_least(6, TRIGGERS, triggers(plan, name, &spare(&own, plan))),
        PosterGroup::at_least(2, REASONS, reasons),
    ];
    let note =
        (!withheld.is_empty()).then_some("Parts of the plan are left out here at the participant's wish.");
    let local = plan
        .local_crisis_lines
        .iter()
        .map(|local| PosterLine::reached(local.name.as_ref(), Some(&local.reach)));
    let naloxone = plan.naloxone.as_ref();
    let (mut band, again) = band(lines, naloxone.and_then(at_hand));
    band.lines.extend(local);
    // What is still to be got helps nobody at once: after those who do.
    band.lines.extend(naloxone.and_then(to_get));
    Poster { title: "My plan", on, standing: None, band, again, groups, note }
}

/// What saves a life: the emergency number, what is at hand until somebody comes, then the other national lines.
/// Up to the first of these it belongs on every page.
pub(super) fn band(lines: &[CrisisLine], at_hand: Option<PosterLine>) -> (PosterGroup, usize) {
    let of = |emergency| {
        let some = lines.iter().filter(move |line| line.emergency == emergency);
        some.map(|line| PosterLine::reached(line.name.as_ref(), Some(&line.reach)))
    };
    let mut all: Vec<PosterLine> = of(true).chain(at_hand).collect();
    let again = all.len() + 1;
    all.extend(of(false));
    (PosterGroup::critical("Help, day and night", all), again)
}

/// The names of the plan's skills, those for most triggers first; of the favorites if there are none.
fn own_skills(plan: &Plan, choices: &Choices, name: impl Fn(&SkillRef) -> Option<String>) -> Vec<String> {
    let planned: Vec<String> = plan.skills(None).iter().filter_map(&name).collect();
    if planned.is_empty() {
        choices.favorites.iter().filter_map(&name).take(MOST_SKILLS).collect()
    } else {
        planned
    }
}

/// What answers a trigger that has no skill of its own left.
fn spare(own: &[String], plan: &Plan) -> String {
    let person = || {
        let reachable = plan.supports.iter().find(|support| support.reach.is_some());
        reachable.map(|support| format!("Talk to {}", support.name.as_ref()))
    };
    own.first().cloned().or_else(person).unwrap_or_else(|| ANYBODY.to_owned())
}

/// Triggers with skills of their own come before those answered with what is `spare`.
fn triggers(plan: &Plan, name: impl Fn(&SkillRef) -> Option<String>, spare: &str) -> Vec<PosterLine> {
    let named = |trigger: &PlanTrigger| -> Vec<String> { trigger.coping.iter().filter_map(&name).collect() };
    let all = plan.triggers.iter().map(|trigger| (trigger.words.as_ref(), named(trigger)));
    let (with, without): (Vec<_>, Vec<_>) = all.partition(|(_, names)| !names.is_empty());
    let with = with.into_iter().map(|(words, names)| PosterLine::answered(words, &names.join(", ")));
    with.chain(without.into_iter().map(|(words, _)| PosterLine::answered(words, spare))).collect()
}

fn people(plan: &Plan) -> Vec<PosterLine> {
    let reachable = plan.supports.iter().filter(|support| support.reach.is_some());
    let line = |support: &Support| {
        let who = format!("{} ({})", support.name.as_ref(), support.role.as_str());
        PosterLine::reached(who, support.reach.as_ref())
    };
    reachable.map(line).collect()
}

fn at_hand(naloxone: &Naloxone) -> Option<PosterLine> {
    let kept = naloxone.location.as_ref().map_or("at hand", AsRef::as_ref);
    naloxone.has.then(|| PosterLine::answered("Naloxone", kept))
}

fn to_get(naloxone: &Naloxone) -> Option<PosterLine> {
    let line = match &naloxone.location {
        Some(place) => PosterLine::answered("Naloxone: none yet. Get it", place.as_ref()),
        None => PosterLine::answered("Naloxone", "none yet. Ask your counselor or a pharmacy."),
    };
    (!naloxone.has).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coping::Precaution;
    use crate::coping::library::library;
    use crate::coping::organization::tests::added;
    use crate::coping::tests::{skill, tea};
    use crate::plan::item::Called;
    use crate::plan::lines::crisis_lines;
    use crate::plan::section::{LocalCrisisLine, SupportRole};
    use crate::plan::tests::{any_plan, day, fullest, id, list, reason, step, trigger, words};
    use proptest::prelude::*;

    const TEA: &str = "organization:00000000-0000-0000-0000-000000000002";

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
            lapse_response: list([step(7, "Stop"), step(8, "Call Sam")]),
            naloxone: Some(Naloxone { has: true, location: Some(words("kitchen drawer")) }),
            ..Plan::default()
        };
        let poster = of(&plan, &Choices::default());
        let said: Vec<(&str, Vec<String>)> =
            poster.groups.iter().map(|group| (group.heading.as_str(), text(group))).collect();
        let tea = tea().name;
        let tea: &str = tea.as_ref();
        let payday = format!("payday: Urge surfing, {tea}");
        let boredom = "boredom: Urge surfing";
        let expected = [
            ("When a craving comes", vec!["Urge surfing", tea, "Take a brisk walk"]),
            ("Who I call", vec!["Sam (sponsor): 555-0100"]),
            ("If I slip", vec!["Stop", "Call Sam"]),
            (
                "What sets it off, and what I do",
                vec![payday.as_str(), "a row: Urge surfing, Take a brisk walk", boredom],
            ),
            ("Why I do this", vec!["My daughter"]),
        ];
        let expected =
            expected.map(|(heading, lines)| (heading, lines.into_iter().map(str::to_owned).collect()));
        assert_eq!(said, expected);
        assert!(poster.groups.iter().all(|group| group.left_out == 0));
        assert!(poster.groups.iter().all(|group| group.is_numbered == (group.heading == "If I slip")));
        assert_eq!(poster.note, None);
    }

    #[test]
    fn what_saves_a_life_stands_above_everything_and_the_first_of_it_on_every_page() {
        let called = |text: &str| Called::try_from(text.to_owned()).unwrap();
        let reach = Reach::try_from("555-0142".to_owned()).unwrap();
        let with = |kept: Option<&str>| Plan {
            naloxone: Some(Naloxone { has: true, location: kept.map(words) }),
            local_crisis_lines: list([LocalCrisisLine {
                id: id(1),
                name: called("Night line"),
                reach: reach.clone(),
            }]),
            ..Plan::default()
        };
        let poster = of(&with(Some("kitchen drawer")), &Choices::default());
        let lines = [
            "Emergency: overdose, or a life in danger: call 911",
            "Naloxone: kitchen drawer",
            "988 Suicide & Crisis Lifeline: call or text 988",
            "SAMHSA National Helpline: call 1-800-662-4357",
            "Crisis Text Line: text HOME to 741741",
            "Night line: 555-0142",
        ];
        assert_eq!((text(&poster.band), poster.again), (lines.map(str::to_owned).to_vec(), 3));
        assert_eq!(text(&of(&with(None), &Choices::default()).band)[1], "Naloxone: at hand");
        let bare = of(&Plan::default(), &Choices::default());
        assert_eq!((&text(&bare.band)[1], bare.again), (&lines[2].to_owned(), 2));
    }

    #[test]
    fn where_to_get_naloxone_stands_below_the_lines_that_answer() {
        let without = |kept: Option<&str>| {
            let naloxone = Some(Naloxone { has: false, location: kept.map(words) });
            of(&Plan { naloxone, ..Plan::default() }, &Choices::default())
        };
        for (kept, line) in [
            (Some("Free at the pharmacy on 5th"), "Naloxone: none yet. Get it: Free at the pharmacy on 5th"),
            (None, "Naloxone: none yet. Ask your counselor or a pharmacy."),
        ] {
            let poster = without(kept);
            assert_eq!((text(&poster.band).last().unwrap().as_str(), poster.again), (line, 2));
        }
    }

    #[test]
    fn a_skill_with_a_precaution_that_holds_for_this_person_is_not_on_the_poster() {
        let plan = Plan {
            triggers: list([trigger(1, "a row", &["library:cold_water", "library:urge_surfing"])]),
            ..Plan::default()
        };
        let cautious = Choices {
            precautions: vec![Precaution::HeartCondition].try_into().unwrap(),
            ..Choices::default()
        };
        let named = |choices: &Choices| {
            of(&plan, choices).groups.iter().map(text).filter(|lines| !lines.is_empty()).collect::<Vec<_>>()
        };
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
    fn a_trigger_without_a_skill_for_this_person_still_has_an_answer() {
        let plan = Plan {
            triggers: list([trigger(1, "a row", &["library:cold_water"]), trigger(2, "boredom", &[])]),
            ..Plan::default()
        };
        let favorite = |precautions: &[Precaution], skills: &[&str]| Choices {
            precautions: precautions.to_vec().try_into().unwrap(),
            favorites: skills.iter().map(|code| skill(code)).collect::<Vec<_>>().try_into().unwrap(),
        };
        let answers = |plan: &Plan, choices: &Choices| {
            let poster = of(plan, choices);
            text(poster.groups.iter().find(|group| group.heading == TRIGGERS).unwrap())
        };
        let heart = [Precaution::HeartCondition];
        assert_eq!(
            answers(&plan, &Choices::default()),
            ["a row: Cold water on the face", "boredom: Cold water on the face"],
            "another skill of the plan"
        );
        assert_eq!(
            answers(&plan, &favorite(&heart, &["library:cold_water", "library:urge_surfing"])),
            ["a row: Urge surfing", "boredom: Urge surfing"],
            "a favorite without such a precaution"
        );
        let reachable = Plan {
            supports: list([support(5, "Ann", None), support(6, "Sam", Some("555-0100"))]),
            ..plan.clone()
        };
        assert_eq!(
            answers(&reachable, &favorite(&heart, &[])),
            ["a row: Talk to Sam", "boredom: Talk to Sam"],
            "somebody who can be reached"
        );
        assert_eq!(
            answers(&plan, &favorite(&heart, &[])),
            ["a row: Call someone on this page", "boredom: Call someone on this page"]
        );
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
    fn a_poster_says_that_it_is_not_signed_by_both_until_it_is() {
        let standing = |how_far| of(&Plan::default(), &Choices::default()).agreed(how_far).standing;
        for open in [Agreement::Draft, Agreement::Participant, Agreement::Counselor] {
            assert_eq!(standing(Some(open)), Some("not yet signed by both"), "{open:?}");
        }
        assert_eq!((standing(Some(Agreement::Agreed)), standing(None)), (None, None));
    }

    #[test]
    fn reasons_give_way_first_and_people_last_and_what_gives_way_is_counted() {
        let mut poster = of(&fullest("x"), &Choices::default());
        let counts =
            |poster: &Poster| poster.groups.iter().map(|group| group.lines.len()).collect::<Vec<_>>();
        assert_eq!(counts(&poster), [0, 10, 10, 16, 8]);
        assert!(poster.shorten());
        assert_eq!(counts(&poster), [0, 10, 10, 16, 7]);
        for _ in 0..5 + 10 + 5 {
            assert!(poster.shorten());
        }
        assert_eq!(counts(&poster), [0, 5, 10, 6, 2]);
        assert!(poster.shorten());
        assert!(!poster.shorten(), "the rest stays");
        let left_out: Vec<_> = poster.groups.iter().map(|group| group.left_out).collect();
        assert_eq!(left_out, [0, 6, 0, 10, 6]);
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
            prop_assert_eq!((&whole.band, &whole.groups[2]), (&short.band, &short.groups[2]));
        }

        #[test]
        fn every_trigger_on_a_poster_has_an_answer(plan in any_plan()) {
            let poster = of(&plan, &Choices::default());
            let triggers = poster.groups.iter().find(|group| group.heading == TRIGGERS).unwrap();
            prop_assert!(triggers.lines.iter().all(|line| line.answer.as_ref().is_some_and(|a| !a.is_empty())));
        }
    }
}
