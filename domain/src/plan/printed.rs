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
mod tests;
