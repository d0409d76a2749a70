//! The size of the text, and the rows of each page.

use evenkeel_domain::plan::printed::{PrintedGroup, PrintedPlan};
use krilla::tagging::ListNumbering;

use super::Paper;
use super::text::{Fonts, Line};

pub const MARGIN: f32 = 50.0;
pub const TITLE: f32 = 24.0;
pub const BELOW_TITLE: f32 = MARGIN + TITLE * 1.2;
/// The sizes of the text in points, from one that can be read from a step away to one for arm's length.
const SIZES: [f32; 10] = [16.0, 15.0, 14.0, 13.0, 12.5, 12.0, 11.5, 11.0, 10.5, SMALLEST];
const SMALLEST: f32 = 10.0;
/// The lines to write on in an empty group.
const BLANKS: usize = 2;
/// The size of a heading, in units of the text's size.
pub const HEADING: f32 = 1.1;
/// Where lines begin, in units of the text's size.
pub const INDENT: f32 = 1.9;
/// Between the frame of the emergency box and its text, in units of the text's size.
pub const INSIDE: f32 = 0.8;

const CONTINUED: &str = " (continued)";
const CANNOT_BE_PRINTED: &str = "… cannot be printed here; it is in the app";

#[derive(Clone)]
pub enum Kind {
    Heading,
    /// The first row of a line of the plan, and the mark before it.
    First {
        mark: Line,
        numbering: ListNumbering,
    },
    /// A further row of the line above it.
    Further,
    /// A remark on the line above it.
    Aside,
    /// A line to write on.
    Blank,
    /// Small print at the end.
    Note,
}

/// One row of a page.
#[derive(Clone)]
pub struct Row {
    pub kind: Kind,
    pub line: Line,
    /// Whether it is in the emergency box.
    pub is_framed: bool,
    /// Whether an earlier page has it too.
    pub is_repeated: bool,
}

impl Row {
    const HEADING: f32 = 2.4;

    fn new(kind: Kind, line: Line) -> Self {
        Self { kind, line, is_framed: false, is_repeated: false }
    }
    pub const fn is_heading(&self) -> bool {
        matches!(self.kind, Kind::Heading)
    }
    /// Height in units of the text's size.
    pub const fn height(&self) -> f32 {
        match self.kind {
            Kind::Heading | Kind::Note => Self::HEADING,
            Kind::First { .. } => 1.42,
            Kind::Blank => 1.9,
            Kind::Further | Kind::Aside => 1.3,
        }
    }
}

fn height(rows: &[Row]) -> f32 {
    rows.iter().map(Row::height).sum()
}

/// The rows of each line of a group, which stay together on a page. The first have the heading too.
fn units(fonts: &mut Fonts, group: &PrintedGroup, is_framed: bool, width: f32) -> Vec<Vec<Row>> {
    let width = if is_framed { width - 2.0 * INSIDE } else { width };
    let mut units = Vec::new();
    for (number, line) in (1..).zip(&group.lines) {
        let text = fonts.text(line);
        let (mark, numbering) = if group.is_numbered {
            (fonts.plain(&format!("{number}.")), ListNumbering::Decimal)
        } else {
            (fonts.bold("•"), ListNumbering::Disc)
        };
        let mut kind = Kind::First { mark, numbering };
        let lines = text.lines(width - INDENT).into_iter();
        let mut unit: Vec<Row> =
            lines.map(|line| Row::new(std::mem::replace(&mut kind, Kind::Further), line)).collect();
        unit.extend(text.is_lost.then(|| Row::new(Kind::Aside, fonts.plain(CANNOT_BE_PRINTED))));
        units.push(unit);
    }
    if group.is_to_fill && units.is_empty() {
        units.push(vec![Row::new(Kind::Blank, fonts.plain("")); BLANKS]);
    }
    if let Some(last) = units.last_mut().filter(|_| 0 < group.left_out) {
        last.push(Row::new(Kind::Aside, fonts.plain(&format!("and {} more in the app", group.left_out))));
    }
    if let Some(first) = units.first_mut() {
        first.insert(0, Row::new(Kind::Heading, fonts.bold(&group.heading)));
    }
    units.iter_mut().flatten().for_each(|row| row.is_framed = is_framed);
    units
}

/// Divides the rows of a line that is longer than a page. A heading stays with the first row.
fn divided(unit: &[Row], most: f32) -> Vec<&[Row]> {
    if height(unit) <= most {
        return vec![unit];
    }
    let (first, rest) = unit.split_at(if unit[0].is_heading() { 2 } else { 1 });
    std::iter::once(first).chain(rest.chunks(1)).collect()
}

/// The pages, each at most `most` units of the text's size high, in rows at most `width` ems wide. Each further page
/// begins with the first lines of the emergency box and the heading of the group that continues there.
fn pages(fonts: &mut Fonts, plan: &PrintedPlan, width: f32, most: f32) -> Vec<Vec<Row>> {
    let mut short = plan.emergency_box.clone();
    short.lines.truncate(plan.repeated);
    let repeated = units(fonts, &short, true, width).into_iter().flatten();
    let repeated: Vec<Row> = repeated.map(|row| Row { is_repeated: true, ..row }).collect();
    let groups = plan.groups.iter().map(|group| (group, false));
    let groups = std::iter::once((&plan.emergency_box, true)).chain(groups);
    let mut all: Vec<(&str, Vec<Row>)> = Vec::new();
    for (group, is_framed) in groups {
        let units = units(fonts, group, is_framed, width);
        all.extend(units.into_iter().map(|unit| (group.heading.as_str(), unit)));
    }
    if let (Some((_, last)), Some(note)) = (all.last_mut(), plan.note) {
        last.push(Row::new(Kind::Note, fonts.plain(note)));
    }
    let (mut pages, mut page) = (Vec::new(), Vec::new());
    let above = height(&repeated) + Row::HEADING;
    for (heading, unit) in &all {
        for rows in divided(unit, most - above) {
            if most < height(&page) + height(rows) && !page.is_empty() {
                pages.push(std::mem::take(&mut page));
                let is_framed = rows[0].is_framed;
                // If the letters are so large that they fill a page, there is no space to repeat it.
                if !is_framed && above + height(rows) <= most {
                    page.clone_from(&repeated);
                }
                if !rows[0].is_heading() {
                    let heading = fonts.bold(&format!("{heading}{CONTINUED}"));
                    page.push(Row { is_framed, is_repeated: true, ..Row::new(Kind::Heading, heading) });
                }
            }
            page.extend_from_slice(rows);
        }
    }
    pages.push(page);
    pages
}

/// The size of the text, and the pages: as few pages as possible, then as many lines, then as large a text.
pub fn laid_out(fonts: &mut Fonts, plan: &PrintedPlan, paper: Paper) -> (f32, Vec<Vec<Row>>) {
    let (width, height) = paper.size();
    let mut at = |plan: &PrintedPlan, size: f32| {
        pages(fonts, plan, (width - 2.0 * MARGIN) / size, (height - BELOW_TITLE - MARGIN) / size)
    };
    let mut short = plan.clone();
    while short.shorten() {}
    let fewest = at(&short, SMALLEST).len();
    let mut sizes = SIZES.into_iter().map(|size| (size, at(plan, size)));
    if let Some(found) = sizes.find(|(_, pages)| pages.len() <= fewest) {
        return found;
    }
    let mut short = plan.clone();
    loop {
        let pages = at(&short, SMALLEST);
        if pages.len() <= fewest || !short.shorten() {
            return (SMALLEST, pages);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::printed::tests::{day, of};
    use evenkeel_domain::coping::library::library;
    use evenkeel_domain::coping::{Choices, Skills};
    use evenkeel_domain::plan::lines::crisis_lines;
    use evenkeel_domain::plan::printed::{PrintedLine, printed_plan};
    use evenkeel_domain::plan::safety::SafetyPlan;

    fn laid_out(plan: &PrintedPlan) -> (f32, Vec<Vec<Row>>) {
        super::laid_out(&mut Fonts::new(), plan, Paper::Letter)
    }
    fn said(rows: &[Row]) -> String {
        rows.iter().map(|row| row.line.said().replace('\u{a0}', " ")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn critical_text_takes_a_second_page_and_is_not_cut() {
        let step = |n: usize| PrintedLine::new(format!("{n}. {}", "call Sam and wait ".repeat(9).trim_end()));
        let some = of((1..11).map(step).collect());
        assert_eq!(laid_out(&some).1.len(), 1);
        let many = of((1..60).map(step).collect());
        let (size, pages) = laid_out(&many);
        assert!(2 <= pages.len());
        let is_own = |row: &&Row| !row.is_framed && !row.is_heading();
        let rows: Vec<&Row> = pages.iter().flatten().filter(is_own).collect();
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let printed: String = rows.iter().map(|row| letters(&row.line.said())).collect();
        let whole: String = many.groups[0].lines.iter().map(|line| letters(&line.words)).collect();
        assert_eq!(printed, whole);
        let most = (Paper::Letter.size().1 - BELOW_TITLE - MARGIN) / size;
        assert!(pages.iter().all(|page| super::height(page) <= most));
        assert!(pages.iter().all(|page| !page.last().unwrap().is_heading()));
    }

    fn longest() -> PrintedPlan {
        let many = |count: u128, fields: serde_json::Value| {
            let item = |number| {
                let mut item = fields.clone();
                item["id"] = uuid::Uuid::from_u128(number).to_string().into();
                item
            };
            (0..count).map(item).collect::<Vec<_>>()
        };
        let (x, text) = ("x".repeat(60), "Walking home past the old bar on payday ".repeat(4));
        let words = serde_json::json!({ "words": text.trim() });
        let plan = serde_json::json!({
            "reasons": many(8, words.clone()),
            "triggers": many(16, serde_json::json!({
                "category": "conflict", "source": "external", "words": text.trim(),
                "coping": ["library:urge_surfing", "library:brisk_walk"],
            })),
            "supports": many(10, serde_json::json!({ "name": x, "role": "counselor", "reach": x })),
            "lapse_response": many(10, words),
            "naloxone": { "has": true, "location": "kitchen drawer" },
            "local_crisis_lines": many(6, serde_json::json!({ "name": x, "reach": x })),
        });
        let (plan, skills) = (serde_json::from_value(plan).unwrap(), Skills::new(library(), &[]));
        printed_plan(&plan, &[], &crisis_lines().lines, &skills, &Choices::default(), day())
    }
    fn longest_safety_plan() -> PrintedPlan {
        let mut plan = SafetyPlan::default().printed(day());
        for step in [0, 1, 5] {
            plan.groups[step].lines = vec![PrintedLine::new("x".repeat(160)); 10];
        }
        plan
    }

    #[test]
    fn the_emergency_box_is_on_the_first_page_and_its_first_lines_on_each_further_one() {
        for plan in [longest(), longest_safety_plan()] {
            let (_, pages) = laid_out(&plan);
            assert!(2 <= pages.len());
            for page in &pages {
                let said = said(page);
                for reach in ["call 911", "call or text 988"] {
                    assert!(said.contains(reach), "{reach} in {said}");
                }
            }
        }
        let first = said(&laid_out(&longest()).1[0]);
        let reaches = crisis_lines().lines.iter().map(|line| line.reach.as_ref());
        for line in reaches.chain(["kitchen drawer"]) {
            assert!(first.contains(line), "{line} in {first}");
        }
        assert!(6 * 2 <= first.matches(&"x".repeat(60)).count(), "lines of the region");
    }

    #[test]
    fn a_heading_is_repeated_on_the_next_page_and_is_never_alone() {
        let step = |n: usize| PrintedLine::new(format!("{n}. {}", "call Sam and wait ".repeat(9).trim_end()));
        let wide = PrintedLine::new("\u{fdfd}".repeat(160));
        for plan in [of((1..60).map(step).collect()), longest(), longest_safety_plan(), of(vec![wide; 9])] {
            let (_, pages) = laid_out(&plan);
            assert!(2 <= pages.len());
            let headings = |page: &[Row]| {
                let rows = page.iter().filter(|row| row.is_heading());
                rows.map(|row| row.line.said()).collect::<Vec<_>>()
            };
            let mut last = headings(&pages[0]).pop().unwrap();
            for page in &pages {
                let alone = |pair: &[Row]| pair.iter().all(Row::is_heading);
                assert!(!page.windows(2).any(alone));
                assert!(!page.last().unwrap().is_heading());
            }
            for page in &pages[1..] {
                let headings = headings(page);
                let body = page.iter().find(|row| !row.is_framed).unwrap();
                assert!(body.is_heading(), "{}", body.line.said());
                if body.line.said().ends_with(CONTINUED) {
                    assert_eq!(body.line.said(), format!("{}{CONTINUED}", last.trim_end_matches(CONTINUED)));
                }
                last = headings.last().unwrap().clone();
            }
            assert!(pages[1..].iter().any(|page| said(page).contains(CONTINUED)));
        }
    }

    #[test]
    fn an_empty_step_of_the_safety_plan_can_be_filled_in_by_hand() {
        let (_, pages) = laid_out(&SafetyPlan::default().printed(day()));
        let blanks = pages[0].iter().filter(|row| matches!(row.kind, Kind::Blank)).count();
        assert_eq!((pages.len(), blanks), (1, 5 * BLANKS));
        let headings: Vec<&Row> = pages[0].iter().filter(|row| row.is_heading()).collect();
        assert_eq!(headings.len(), 1 + 6);
        let written = laid_out(&longest_safety_plan()).1;
        let blanks = written.iter().flatten().filter(|row| matches!(row.kind, Kind::Blank)).count();
        assert_eq!(blanks, 2 * BLANKS, "people and distractions");
    }

    #[test]
    fn every_heading_fits_its_row() {
        for plan in [longest(), longest_safety_plan()] {
            for group in &plan.groups {
                let heading = Fonts::new().bold(&group.heading);
                let width = Paper::A4.size().0 - 2.0 * MARGIN;
                assert!(heading.width() * SIZES[0] * HEADING <= width, "{}", group.heading);
            }
        }
    }

    #[test]
    fn a_line_with_letters_that_cannot_be_printed_has_a_note_below_it() {
        let reach = "555-0100".to_owned().try_into().unwrap();
        let plan = of(vec![PrintedLine::reached("🎉 (family)", Some(&reach)), PrintedLine::new("Breathe")]);
        let (_, pages) = laid_out(&plan);
        let printed = format!("If a lapse happens … (family): 555-0100 {CANNOT_BE_PRINTED} Breathe");
        assert!(said(&pages[0]).contains(&printed), "{}", said(&pages[0]));
    }
}
