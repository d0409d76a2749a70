//! The printed plans, to pin to a wall or fold into a wallet: what is printed, in which order, and what is left out if
//! the page is full.

use std::fmt;

use jiff::civil;

use super::Revision;
use super::item::Reach;
use super::lines::CrisisLine;
use super::section::{Naloxone, Plan, PlanSection, PlanTrigger, Support};
use crate::account::Role;
use crate::coping::{Choices, SkillRef, Skills};
use crate::value::{Day, TimeZone};

/// The most skills printed for when a craving comes: few enough to remember.
pub const MOST_SKILLS: usize = 3;

/// The answer to a trigger if the plan has no skill and no person for it.
const ANYBODY: &str = "Call someone on this page";

const LAPSE: &str = "If a lapse happens";
const TRIGGERS: &str = "What sets it off, and what I do";
const PEOPLE: &str = "Who I call";
const REASONS: &str = "Why I do this";

/// One printed line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PrintedLine {
    /// Its words.
    pub words: String,
    /// How to reach somebody, or what to do. It is a field of its own because it is printed in bold, and a number reads
    /// from left to right in every language.
    pub answer: Option<String>,
}

impl PrintedLine {
    /// Words alone.
    pub fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), answer: None }
    }
    /// Who, or where, and how to reach them.
    pub fn reached(words: impl Into<String>, reach: Option<&Reach>) -> Self {
        Self { words: words.into(), answer: reach.map(|reach| reach.as_ref().to_owned()) }
    }
    fn answered(words: &str, answer: &str) -> Self {
        Self { words: words.to_owned(), answer: Some(answer.to_owned()) }
    }
}
impl fmt::Display for PrintedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.answer {
            Some(answer) => write!(f, "{}: {answer}", self.words),
            None => f.write_str(&self.words),
        }
    }
}

/// The lines under one heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintedGroup {
    /// The heading.
    pub heading: String,
    /// The lines, in order.
    pub lines: Vec<PrintedLine>,
    /// How many more lines there are in the app.
    pub left_out: usize,
    /// Whether its lines are numbered steps.
    pub is_numbered: bool,
    /// Whether there is space to write by hand if it has no lines.
    pub is_to_fill: bool,
    /// How many of its lines are always printed.
    least: usize,
}

impl PrintedGroup {
    /// A group that somebody's life may depend on. All its lines are always printed.
    pub fn critical(heading: impl Into<String>, lines: Vec<PrintedLine>) -> Self {
        let heading = heading.into();
        Self { heading, lines, left_out: 0, is_numbered: false, is_to_fill: false, least: usize::MAX }
    }
    /// The same group, with space to write by hand if it has no lines.
    #[must_use]
    pub fn to_fill(self) -> Self {
        Self { is_to_fill: true, ..self }
    }
    fn at_least(least: usize, heading: &str, lines: Vec<PrintedLine>) -> Self {
        Self { least, ..Self::critical(heading, lines) }
    }
    fn limit(&mut self, most: usize) {
        self.left_out += self.lines.len().saturating_sub(most);
        self.lines.truncate(most);
    }
}

/// A plan to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintedPlan {
    /// The title, without the names of person, program or substance.
    pub title: &'static str,
    /// The day on which it is printed.
    pub on: Day,
    /// Its revision, and when both signed it or that they have not; `None` before the first revision.
    pub revision: Option<String>,
    /// What saves a life, above everything else.
    pub emergency_box: PrintedGroup,
    /// How many lines of the emergency box every further page repeats.
    pub repeated: usize,
    /// The groups in reading order, the most urgent first.
    pub groups: Vec<PrintedGroup>,
    /// A note for the reader, in small print.
    pub note: Option<&'static str>,
}

impl PrintedPlan {
    /// The same plan, with its revision and the day in `zone` on which both had signed it. An empty plan has no
    /// revision.
    #[must_use]
    pub fn of_revision<D>(self, revision: Option<&Revision<D>>, zone: &TimeZone) -> Self {
        let described = revision.map(|revision| {
            let by = |role| revision.signatures.iter().filter(move |signature| signature.role == role);
            let first = |role| by(role).map(|signature| signature.at).min();
            let agreed = first(Role::Participant).zip(first(Role::Counselor));
            let agreed = agreed.map(|(one, other)| one.max(other).local_day(zone));
            let agreed =
                agreed.map_or("not yet signed by both".to_owned(), |day| format!("agreed {}", date(day)));
            format!("Revision {}, {agreed}", revision.revision)
        });
        Self { revision: described, ..self }
    }

    /// The line at the foot of each page.
    pub fn footer(&self) -> String {
        let printed = format!("printed {}", date(self.on));
        self.revision.iter().cloned().chain([printed]).collect::<Vec<_>>().join(" · ")
    }

    /// Leaves out the least important line; `false` if all that are left must be printed.
    pub fn shorten(&mut self) -> bool {
        // People know their reasons by heart, but not phone numbers.
        let shortened = |heading: &str| {
            self.groups.iter().position(|group| group.heading == heading && group.least < group.lines.len())
        };
        let Some(place) = [REASONS, TRIGGERS, PEOPLE].into_iter().find_map(shortened) else { return false };
        let group = &mut self.groups[place];
        group.limit(group.lines.len() - 1);
        true
    }
}

fn date(day: Day) -> impl fmt::Display {
    civil::Date::from(day).strftime("%b %-d, %Y")
}

/// The printed plan.
///
/// `withheld` is what the participant does not share with the person who prints it. A skill is printed if it is on
/// offer and has none of this person's precautions. Every trigger has an answer: if none of its own skills can be
/// printed, it is another skill of the plan or a favorite, or else a person, or else anybody on the page. The lapse
/// response steps, naloxone and the crisis lines are always printed.
pub fn printed_plan(
    plan: &Plan,
    withheld: &[PlanSection],
    lines: &[CrisisLine],
    skills: &Skills,
    choices: &Choices,
    on: Day,
) -> PrintedPlan {
    let name = |skill: &SkillRef| {
        let allowed = skills.find(skill).filter(|skill| choices.allow(skill))?;
        Some(allowed.name.as_ref().to_owned())
    };
    let own = own_skills(plan, choices, name);
    let best = own.iter().map(PrintedLine::new).collect();
    let mut best = PrintedGroup::at_least(MOST_SKILLS, "When a craving comes", best);
    best.limit(MOST_SKILLS);
    let reasons = plan.reasons.iter().map(|item| PrintedLine::new(item.words.as_ref())).collect();
    let lapse = plan.lapse_response.iter().map(|step| PrintedLine::new(step.words.as_ref())).collect();
    let groups = vec![
        best,
        PrintedGroup::at_least(4, PEOPLE, people(plan)),
        PrintedGroup { is_numbered: true, ..PrintedGroup::critical(LAPSE, lapse) },
        PrintedGroup::at_least(6, TRIGGERS, triggers(plan, name, &spare(&own, plan))),
        PrintedGroup::at_least(2, REASONS, reasons),
    ];
    let note =
        (!withheld.is_empty()).then_some("Parts of the plan are left out here at the participant's wish.");
    let local = plan
        .local_crisis_lines
        .iter()
        .map(|local| PrintedLine::reached(local.name.as_ref(), Some(&local.reach)));
    let naloxone = plan.naloxone.as_ref();
    let (mut emergency_box, repeated) = emergency_box(lines, naloxone.and_then(at_hand));
    emergency_box.lines.extend(local);
    // Naloxone that they do not have yet cannot help at once, so it comes after the crisis lines.
    emergency_box.lines.extend(naloxone.and_then(to_get));
    PrintedPlan { title: "My plan", on, revision: None, emergency_box, repeated, groups, note }
}

/// What saves a life: the emergency number, what is at hand until help comes, then the other national lines. Every page
/// repeats the lines up to the first of the other lines.
pub(super) fn emergency_box(lines: &[CrisisLine], at_hand: Option<PrintedLine>) -> (PrintedGroup, usize) {
    let of = |emergency| {
        let some = lines.iter().filter(move |line| line.emergency == emergency);
        some.map(|line| PrintedLine::reached(line.name.as_ref(), Some(&line.reach)))
    };
    let mut all: Vec<PrintedLine> = of(true).chain(at_hand).collect();
    let repeated = all.len() + 1;
    all.extend(of(false));
    (PrintedGroup::critical("Help, day and night", all), repeated)
}

/// The names of the plan's skills, those for most triggers first, or of the favorites if there are none.
fn own_skills(plan: &Plan, choices: &Choices, name: impl Fn(&SkillRef) -> Option<String>) -> Vec<String> {
    let planned: Vec<String> = plan.skills(None).iter().filter_map(&name).collect();
    if planned.is_empty() {
        choices.favorites.iter().filter_map(&name).take(MOST_SKILLS).collect()
    } else {
        planned
    }
}

/// The answer to a trigger if none of its own skills can be printed.
fn spare(own: &[String], plan: &Plan) -> String {
    let person = || {
        let reachable = plan.supports.iter().find(|support| support.reach.is_some());
        reachable.map(|support| format!("Talk to {}", support.name.as_ref()))
    };
    own.first().cloned().or_else(person).unwrap_or_else(|| ANYBODY.to_owned())
}

/// Triggers with skills of their own come first. `spare` is the answer to the others.
fn triggers(plan: &Plan, name: impl Fn(&SkillRef) -> Option<String>, spare: &str) -> Vec<PrintedLine> {
    let named = |trigger: &PlanTrigger| -> Vec<String> { trigger.coping.iter().filter_map(&name).collect() };
    let all = plan.triggers.iter().map(|trigger| (trigger.words.as_ref(), named(trigger)));
    let (with, without): (Vec<_>, Vec<_>) = all.partition(|(_, names)| !names.is_empty());
    let with = with.into_iter().map(|(words, names)| PrintedLine::answered(words, &names.join(", ")));
    with.chain(without.into_iter().map(|(words, _)| PrintedLine::answered(words, spare))).collect()
}

fn people(plan: &Plan) -> Vec<PrintedLine> {
    let reachable = plan.supports.iter().filter(|support| support.reach.is_some());
    let line = |support: &Support| {
        let who = format!("{} ({})", support.name.as_ref(), support.role.as_str());
        PrintedLine::reached(who, support.reach.as_ref())
    };
    reachable.map(line).collect()
}

fn at_hand(naloxone: &Naloxone) -> Option<PrintedLine> {
    let place = naloxone.location.as_ref().map_or("at hand", AsRef::as_ref);
    naloxone.has.then(|| PrintedLine::answered("Naloxone", place))
}

fn to_get(naloxone: &Naloxone) -> Option<PrintedLine> {
    let line = match &naloxone.location {
        Some(place) => PrintedLine::answered("Naloxone: none yet. Get it", place.as_ref()),
        None => PrintedLine::answered("Naloxone", "none yet. Ask your counselor or a pharmacy."),
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
    use crate::plan::{Author, Signature};
    use proptest::prelude::*;

    const TEA: &str = "organization:00000000-0000-0000-0000-000000000002";

    fn of(plan: &Plan, choices: &Choices) -> PrintedPlan {
        let own = [added(2, tea())];
        let skills = Skills::new(library(), &own);
        printed_plan(plan, &[], &crisis_lines().lines, &skills, choices, day("2026-03-02"))
    }
    fn text(group: &PrintedGroup) -> Vec<String> {
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
    fn a_printed_plan_reads_from_the_most_urgent_to_the_reasons() {
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
        let printed = of(&plan, &Choices::default());
        let said: Vec<(&str, Vec<String>)> =
            printed.groups.iter().map(|group| (group.heading.as_str(), text(group))).collect();
        let tea = tea().name;
        let tea: &str = tea.as_ref();
        let payday = format!("payday: Urge surfing, {tea}");
        let boredom = "boredom: Urge surfing";
        let expected = [
            ("When a craving comes", vec!["Urge surfing", tea, "Take a brisk walk"]),
            ("Who I call", vec!["Sam (sponsor): 555-0100"]),
            (LAPSE, vec!["Stop", "Call Sam"]),
            (
                "What sets it off, and what I do",
                vec![payday.as_str(), "a row: Urge surfing, Take a brisk walk", boredom],
            ),
            ("Why I do this", vec!["My daughter"]),
        ];
        let expected =
            expected.map(|(heading, lines)| (heading, lines.into_iter().map(str::to_owned).collect()));
        assert_eq!(said, expected);
        assert!(printed.groups.iter().all(|group| group.left_out == 0));
        assert!(printed.groups.iter().all(|group| group.is_numbered == (group.heading == LAPSE)));
        assert_eq!(printed.note, None);
    }

    #[test]
    fn what_saves_a_life_comes_first_and_its_first_lines_are_on_every_page() {
        let called = |text: &str| Called::try_from(text.to_owned()).unwrap();
        let reach = Reach::try_from("555-0142".to_owned()).unwrap();
        let with = |location: Option<&str>| Plan {
            naloxone: Some(Naloxone { has: true, location: location.map(words) }),
            local_crisis_lines: list([LocalCrisisLine {
                id: id(1),
                name: called("Night line"),
                reach: reach.clone(),
            }]),
            ..Plan::default()
        };
        let printed = of(&with(Some("kitchen drawer")), &Choices::default());
        let lines = [
            "Emergency: overdose, or a life in danger: call 911",
            "Naloxone: kitchen drawer",
            "988 Suicide & Crisis Lifeline: call or text 988",
            "SAMHSA National Helpline: call 1-800-662-4357",
            "Crisis Text Line: text HOME to 741741",
            "Night line: 555-0142",
        ];
        assert_eq!((text(&printed.emergency_box), printed.repeated), (lines.map(str::to_owned).to_vec(), 3));
        assert_eq!(text(&of(&with(None), &Choices::default()).emergency_box)[1], "Naloxone: at hand");
        let bare = of(&Plan::default(), &Choices::default());
        assert_eq!((&text(&bare.emergency_box)[1], bare.repeated), (&lines[2].to_owned(), 2));
    }

    #[test]
    fn where_to_get_naloxone_comes_after_the_crisis_lines() {
        let without = |location: Option<&str>| {
            let naloxone = Some(Naloxone { has: false, location: location.map(words) });
            of(&Plan { naloxone, ..Plan::default() }, &Choices::default())
        };
        for (location, line) in [
            (Some("Free at the pharmacy on 5th"), "Naloxone: none yet. Get it: Free at the pharmacy on 5th"),
            (None, "Naloxone: none yet. Ask your counselor or a pharmacy."),
        ] {
            let printed = without(location);
            assert_eq!((text(&printed.emergency_box).last().unwrap().as_str(), printed.repeated), (line, 2));
        }
    }

    #[test]
    fn a_skill_with_a_precaution_that_applies_to_this_person_is_not_printed() {
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
            let printed = of(plan, choices);
            text(printed.groups.iter().find(|group| group.heading == TRIGGERS).unwrap())
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
    fn a_printed_plan_for_somebody_else_says_that_parts_are_left_out() {
        let skills = Skills::new(library(), &[]);
        let of = |withheld| {
            printed_plan(&Plan::default(), withheld, &[], &skills, &Choices::default(), day("2026-03-02"))
                .note
        };
        assert_eq!(of(&[]), None);
        assert!(of(&[PlanSection::Reasons]).is_some_and(|note| note.contains("left out")));
    }

    #[test]
    fn a_printed_plan_shows_its_revision_and_whether_both_have_signed_it() {
        let bare = of(&Plan::default(), &Choices::default());
        let zone = TimeZone::try_from("America/New_York".to_owned()).unwrap();
        let account = uuid::Uuid::from_u128(1).into();
        let footer = |signed: &[(Role, &str)]| {
            let signature = |(role, at): &(Role, &str)| Signature {
                by: account,
                role: *role,
                at: at.parse().unwrap(),
                revision: 3,
            };
            let author = Author { account, role: Role::Counselor };
            let made_at = "2026-03-01T12:00:00Z".parse().unwrap();
            let signatures = signed.iter().map(signature).collect();
            let revision = Revision { revision: 3, author, made_at, content: Plan::default(), signatures };
            bare.clone().of_revision(Some(&revision), &zone).footer()
        };
        let participant = (Role::Participant, "2026-03-01T15:00:00Z");
        let counselor = (Role::Counselor, "2026-03-02T03:00:00Z");
        let open = "Revision 3, not yet signed by both · printed Mar 2, 2026";
        for signed in [vec![], vec![participant], vec![counselor], vec![counselor, counselor]] {
            assert_eq!(footer(&signed), open, "{signed:?}");
        }
        let later = (Role::Counselor, "2026-03-04T12:00:00Z");
        let agreed = "Revision 3, agreed Mar 1, 2026 · printed Mar 2, 2026";
        assert_eq!(
            footer(&[counselor, later, participant]),
            agreed,
            "the first of each, by the zone's calendar"
        );
        assert_eq!(bare.clone().of_revision::<Plan>(None, &zone).footer(), "printed Mar 2, 2026");
    }

    #[test]
    fn reasons_are_left_out_first_and_people_last_and_left_out_lines_are_counted() {
        let mut printed = of(&fullest("x"), &Choices::default());
        let counts =
            |printed: &PrintedPlan| printed.groups.iter().map(|group| group.lines.len()).collect::<Vec<_>>();
        assert_eq!(counts(&printed), [0, 10, 10, 16, 8]);
        assert!(printed.shorten());
        assert_eq!(counts(&printed), [0, 10, 10, 16, 7]);
        for _ in 0..5 + 10 + 5 {
            assert!(printed.shorten());
        }
        assert_eq!(counts(&printed), [0, 5, 10, 6, 2]);
        assert!(printed.shorten());
        assert!(!printed.shorten(), "the rest stays");
        let left_out: Vec<_> = printed.groups.iter().map(|group| group.left_out).collect();
        assert_eq!(left_out, [0, 6, 0, 10, 6]);
    }

    proptest! {
        #[test]
        fn a_shortened_plan_cuts_no_line_and_leaves_out_no_critical_one(plan in any_plan()) {
            let whole = of(&plan, &Choices::default());
            let mut short = whole.clone();
            while short.shorten() {}
            for (whole, short) in whole.groups.iter().zip(&short.groups) {
                prop_assert!(whole.lines.starts_with(&short.lines));
                prop_assert_eq!(whole.lines.len() + whole.left_out, short.lines.len() + short.left_out);
            }
            prop_assert_eq!((&whole.emergency_box, &whole.groups[2]), (&short.emergency_box, &short.groups[2]));
        }

        #[test]
        fn every_trigger_on_a_printed_plan_has_an_answer(plan in any_plan()) {
            let printed = of(&plan, &Choices::default());
            let triggers = printed.groups.iter().find(|group| group.heading == TRIGGERS).unwrap();
            prop_assert!(triggers.lines.iter().all(|line| line.answer.as_ref().is_some_and(|a| !a.is_empty())));
        }
    }
}
