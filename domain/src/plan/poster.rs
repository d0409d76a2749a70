//! The plan on one page, to be pinned to a wall.

use serde::Serialize;
use utoipa::ToSchema;

use super::lines::CrisisLine;
use super::section::Plan;
use crate::coping::SkillRef;
use crate::value::Day;

/// Characters in a row that fit across A4 and Letter in a 12 point face.
pub const WIDTH: usize = 76;
/// Rows that fit one page of A4 or Letter below the title: six headings of two rows, and what they hold.
pub const ROWS: usize = 43;
/// Skills that are named for when a craving comes: few enough to remember.
pub const MOST_SKILLS: usize = 3;

const HEADINGS: usize = 6 * 2;

/// What stands under one heading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PosterGroup {
    /// The heading.
    pub heading: &'static str,
    /// What it holds, in order. A line longer than a row is broken at spaces.
    pub lines: Vec<String>,
    /// How many more there are in the plan.
    pub left_out: usize,
}

/// A plan on one page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Poster {
    /// What stands on top. It names neither person nor program nor substance.
    pub title: &'static str,
    /// The day it was made.
    pub on: Day,
    /// The groups in reading order, the most urgent first.
    pub groups: Vec<PosterGroup>,
}

/// A group before the page is shared out.
struct Wish {
    heading: &'static str,
    lines: Vec<String>,
    /// Rows it has for certain.
    rows: usize,
    /// Most rows it can use.
    most: usize,
}

/// Lays a plan out on one page.
///
/// `skills` are the names of skills, the best first; skills that it does not name follow in the order of how
/// many triggers they help against. Rows that a group leaves over go to the others, the most urgent first.
/// Steps after a slip are never left out, nor are the national lines; a number is never cut.
pub fn poster(plan: &Plan, lines: &[CrisisLine], skills: &[(SkillRef, String)], on: Day) -> Poster {
    let wish = |heading, rows, lines: Vec<String>| {
        let most = lines.len();
        let lines = lines.into_iter().map(|line| shortened(&line, WIDTH)).collect();
        Wish { heading, lines, rows, most }
    };
    let slip = slip(plan);
    let rows_of_slip = slip.iter().map(|line| rows(line)).sum();
    let best = best_skills(plan, skills);
    let mut wishes = [
        wish("When a craving comes", MOST_SKILLS, best),
        wish("What sets it off, and what I do", 6, triggers(plan, skills)),
        wish("Who I call", 4, people(plan)),
        Wish { heading: "If I slip", rows: 11, most: rows_of_slip, lines: slip },
        wish("Day and night", 5, all_lines(plan, lines)),
        wish("Why I do this", 2, plan.reasons.iter().map(|item| item.words.as_ref().to_owned()).collect()),
    ];
    wishes[0].most = wishes[0].most.min(MOST_SKILLS);

    let mut spare = ROWS - HEADINGS;
    for wish in &mut wishes {
        wish.rows = wish.rows.min(wish.most);
        spare = spare.saturating_sub(wish.rows);
    }
    // What may save a life grows first.
    for urgent in [3, 4, 2, 1, 5] {
        let wish = &mut wishes[urgent];
        let more = (wish.most - wish.rows).min(spare);
        wish.rows += more;
        spare -= more;
    }
    let groups = wishes.into_iter().map(|Wish { heading, mut lines, rows, most }| {
        let all = lines.len();
        if rows < most {
            lines = lines.into_iter().map(|line| shortened(&line, WIDTH)).collect();
        }
        // Only steps after a slip may take several rows, and then all of them have their place.
        lines.truncate(rows);
        PosterGroup { heading, left_out: all - lines.len(), lines }
    });
    Poster { title: "My plan", on, groups: groups.collect() }
}

/// The name of a skill, if there is one that means something to a reader.
fn name(link: &SkillRef, skills: &[(SkillRef, String)]) -> Option<String> {
    let known = skills.iter().find(|(known, _)| known == link).map(|(_, name)| name.clone());
    known.or_else(|| match link {
        SkillRef::Library(code) => Some(code.as_ref().replace('_', " ")),
        SkillRef::Organisation(_) => None,
    })
}

fn best_skills(plan: &Plan, skills: &[(SkillRef, String)]) -> Vec<String> {
    let linked = || plan.triggers.iter().flat_map(|trigger| &trigger.coping);
    let mut links: Vec<&SkillRef> = Vec::new();
    for link in linked() {
        if !links.contains(&link) {
            links.push(link);
        }
    }
    links.sort_by_key(|link| {
        let rank = skills.iter().position(|(known, _)| known == *link).unwrap_or(usize::MAX);
        (rank, std::cmp::Reverse(linked().filter(|other| other == link).count()))
    });
    links.into_iter().filter_map(|link| name(link, skills)).collect()
}

/// Triggers with something to do about them come before those without.
fn triggers(plan: &Plan, skills: &[(SkillRef, String)]) -> Vec<String> {
    let mut triggers: Vec<_> = plan.triggers.iter().collect();
    triggers.sort_by_key(|trigger| trigger.coping.is_empty());
    let line = |trigger: &super::section::PlanTrigger| {
        let words = trigger.words.as_ref();
        let names: Vec<String> = trigger.coping.iter().filter_map(|link| name(link, skills)).collect();
        if names.is_empty() {
            return words.to_owned();
        }
        // At least half of the row is for what to do.
        let coping = names.join(", ");
        let room = (WIDTH / 2).max(WIDTH.saturating_sub(coping.chars().count() + 2));
        format!("{}: {coping}", shortened(words, room))
    };
    triggers.into_iter().map(line).collect()
}

fn people(plan: &Plan) -> Vec<String> {
    let reachable = plan.supports.iter().filter_map(|support| Some((support, support.reach.as_ref()?)));
    let line = |(support, reach): (&super::section::Support, &super::item::Reach)| {
        let who = format!("{} ({})", support.name.as_ref(), support.role.as_str());
        with_number(&who, reach.as_ref())
    };
    reachable.map(line).collect()
}

fn slip(plan: &Plan) -> Vec<String> {
    let steps =
        (1..).zip(&plan.lapse_steps).map(|(number, step)| format!("{number}. {}", step.words.as_ref()));
    let naloxone = plan.naloxone.as_ref().filter(|naloxone| naloxone.has).map(|naloxone| {
        naloxone
            .kept
            .as_ref()
            .map_or("Naloxone is at hand".to_owned(), |kept| format!("Naloxone: {}", kept.as_ref()))
    });
    steps.chain(naloxone).collect()
}

/// The national lines come first: there is always room for them.
fn all_lines(plan: &Plan, lines: &[CrisisLine]) -> Vec<String> {
    let national = lines.iter().map(|line| with_number(line.name.as_ref(), line.reach.as_ref()));
    let local = plan.lines.iter().map(|line| with_number(line.name.as_ref(), line.reach.as_ref()));
    national.chain(local).collect()
}

/// A name and a number in one row. The name may be cut, the number never.
fn with_number(name: &str, number: &str) -> String {
    let room = WIDTH.saturating_sub(number.chars().count() + 2);
    format!("{}: {number}", shortened(name, room))
}

/// A text of at most so many characters, cut between words where that costs less than half of it.
fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let cut: String = text.chars().take(width.saturating_sub(1)).collect();
    let whole = cut.rfind(' ').filter(|end| cut.len() / 2 < *end).unwrap_or(cut.len());
    format!("{}…", cut[..whole].trim_end())
}

/// How many rows a text takes if it is broken at spaces.
fn rows(text: &str) -> usize {
    let (mut rows, mut used) = (1, 0);
    for word in text.split(' ') {
        let length = word.chars().count();
        if used != 0 && used + 1 + length <= WIDTH {
            used += 1 + length;
            continue;
        }
        if used != 0 {
            rows += 1;
        }
        rows += length.saturating_sub(1) / WIDTH;
        used = length - length.saturating_sub(1) / WIDTH * WIDTH;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::item::{Called, Reach};
    use crate::plan::lines::crisis_lines;
    use crate::plan::section::{Naloxone, Support, SupportRole};
    use crate::plan::tests::{any_plan, day, fullest, id, link, list, reason, step, trigger, words};
    use proptest::prelude::*;

    fn of(plan: &Plan) -> Poster {
        poster(plan, &crisis_lines().lines, &[], day("2026-03-02"))
    }
    fn used(poster: &Poster) -> usize {
        poster
            .groups
            .iter()
            .map(|group| 2 + group.lines.iter().map(|line| super::rows(line)).sum::<usize>())
            .sum()
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
        let own = "organisation:0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3";
        let plan = Plan {
            reasons: list([reason(1, "My daughter")]),
            triggers: list([
                trigger(2, "boredom", &[]),
                trigger(3, "payday", &["library:urge_surfing", own]),
                trigger(4, "a row", &["library:urge_surfing", "library:walk"]),
            ]),
            supports: list([support(5, "Sam", Some("555-0100")), support(6, "Ann", None)]),
            lapse_steps: list([step(7, "Stop"), step(8, "Call Sam")]),
            naloxone: Some(Naloxone { has: true, kept: Some(words("kitchen drawer")) }),
            ..Plan::default()
        };
        let names = [(link(own), "Grandma's song".to_owned())];
        let poster = poster(&plan, &crisis_lines().lines, &names, day("2026-03-02"));
        let text: Vec<(&str, Vec<&str>)> = poster
            .groups
            .iter()
            .map(|group| (group.heading, group.lines.iter().map(String::as_str).collect()))
            .collect();
        let expected = [
            ("When a craving comes", vec!["Grandma's song", "urge surfing", "walk"]),
            (
                "What sets it off, and what I do",
                vec!["payday: urge surfing, Grandma's song", "a row: urge surfing, walk", "boredom"],
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
        assert_eq!(text, expected);
        assert!(poster.groups.iter().all(|group| group.left_out == 0));
    }

    #[test]
    fn the_fullest_plan_still_fits_one_page_with_every_step_and_national_line() {
        let plan = fullest("x");
        let poster = of(&plan);
        assert!(used(&poster) <= ROWS, "{}", used(&poster));
        let [skills, _, people, slip, lines, _] = &poster.groups[..] else { panic!("six groups") };
        assert_eq!((skills.lines.len(), slip.lines.len(), slip.left_out), (3, 10, 0));
        assert!(
            crisis_lines()
                .lines
                .iter()
                .all(|line| { lines.lines.iter().any(|printed| printed.ends_with(line.reach.as_ref())) })
        );
        let number = "x".repeat(60);
        assert!(people.lines.iter().all(|line| line.ends_with(&number)), "a number is never cut");
    }

    #[test]
    fn a_text_is_cut_between_words_and_never_longer_than_its_room() {
        assert_eq!(shortened("one two three", 13), "one two three");
        assert_eq!(shortened("one two three", 12), "one two…");
        assert_eq!(shortened("onetwothreefour five", 6), "onetw…");
        assert_eq!(rows(&"x".repeat(WIDTH)), 1);
        assert_eq!(rows(&"x".repeat(WIDTH + 1)), 2);
        assert_eq!(rows(&format!("{} {}", "x".repeat(40), "y".repeat(40))), 2);
    }

    proptest! {
        #[test]
        fn every_plan_fits_one_page(plan in any_plan(), long in "[a-z ]{1,160}") {
            let step = step(77, &format!("x{}", &long[1..]));
            let steps: Vec<_> = (0..5).map(|n| crate::plan::item::Item::under(step.clone(), id(70 + n)))
                .chain(plan.lapse_steps.iter().cloned()).collect();
            let all = steps.len();
            let poster = of(&Plan { lapse_steps: list(steps), ..plan });
            prop_assert!(used(&poster) <= ROWS);
            prop_assert!(all <= poster.groups[3].lines.len());
            for (place, group) in poster.groups.iter().enumerate() {
                let within = group.lines.iter().all(|line| line.chars().count() <= WIDTH);
                prop_assert!(within || place == 3);
            }
        }
    }
}
