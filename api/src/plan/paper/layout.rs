//! How large the text is, and which row stands on which page.

use std::iter::{once, repeat_with};
use std::ops::Range;
use std::rc::Rc;

use evenkeel_domain::plan::poster::{Poster, PosterGroup};

use super::Paper;
use super::text::{Faces, Text};

pub const MARGIN: f32 = 50.0;
pub const TITLE: f32 = 24.0;
pub const BELOW_TITLE: f32 = MARGIN + TITLE * 1.2;
/// Sizes of the text in points, the largest that fits one page is taken: read from a step away, or at arm's length.
const SIZES: [f32; 10] = [16.0, 15.0, 14.0, 13.0, 12.5, 12.0, 11.5, 11.0, 10.5, SMALLEST];
const SMALLEST: f32 = 10.0;
/// Lines to write on, where there is nothing yet.
const BLANKS: usize = 2;
/// A heading, against the text.
pub const HEADING: f32 = 1.1;
/// Where lines begin, in units of the text's size.
pub const INDENT: f32 = 1.9;
/// Between the frame and what stands in it, in units of the text's size.
pub const INSIDE: f32 = 0.8;

const CONTINUED: &str = " (continued)";
const CANNOT_BE_PRINTED: &str = "… cannot be printed here; it is in the app";

pub enum Kind {
    Heading,
    /// The first row of a line has a mark before it.
    Line {
        mark: Option<Rc<Text>>,
    },
    Note,
    /// A line to write on.
    Blank,
    /// Small print at the end.
    Foot,
}

/// One row of a page: where it stands is known once its size is.
pub struct Row {
    pub kind: Kind,
    pub text: Rc<Text>,
    pub part: Range<usize>,
    /// Whether it stands in the frame above everything.
    pub is_framed: bool,
}

impl Row {
    const HEADING: f32 = 2.4;

    fn whole(kind: Kind, text: &Rc<Text>) -> Self {
        Self { kind, text: text.clone(), part: 0..text.said.len(), is_framed: false }
    }
    pub const fn is_heading(&self) -> bool {
        matches!(self.kind, Kind::Heading)
    }
    /// Height in units of the text's size.
    pub const fn height(&self) -> f32 {
        match self.kind {
            Kind::Heading | Kind::Foot => Self::HEADING,
            Kind::Line { mark: Some(_) } => 1.42,
            Kind::Blank => 1.9,
            Kind::Line { mark: None } | Kind::Note => 1.3,
        }
    }
}

/// Rows that stay together on a page, where that is large enough.
struct Block {
    rows: Vec<Row>,
    /// What it stands under.
    heading: Option<Rc<Text>>,
    is_band: bool,
}

impl Block {
    /// What is never divided: all of it, or if no page has `room` for that, a heading with its first row and each
    /// row after it.
    fn units(self, room: f32) -> Vec<Vec<Row>> {
        if height(&self.rows) <= room {
            return vec![self.rows];
        }
        let mut units: Vec<Vec<Row>> = Vec::new();
        for row in self.rows {
            match units.last_mut() {
                Some(unit) if unit.last().is_some_and(Row::is_heading) => unit.push(row),
                _ => units.push(vec![row]),
            }
        }
        units
    }
}

fn height(rows: &[Row]) -> f32 {
    rows.iter().map(Row::height).sum()
}

/// A group whose text is measured.
struct Measured {
    heading: Rc<Text>,
    continued: Rc<Text>,
    lines: Vec<Rc<Text>>,
    marks: Vec<Rc<Text>>,
}

/// A poster whose text is measured.
pub struct Draft {
    faces: &'static Faces,
    band: Measured,
    groups: Vec<Measured>,
    lost: Rc<Text>,
}

impl Draft {
    pub fn new(faces: &'static Faces, poster: &Poster) -> Self {
        let dot = Rc::new(faces.bold("•"));
        let measured = |group: &PosterGroup| Measured {
            heading: Rc::new(faces.bold(&group.heading)),
            continued: Rc::new(faces.bold(&format!("{}{CONTINUED}", group.heading))),
            lines: group.lines.iter().map(|line| Rc::new(faces.line(line))).collect(),
            marks: (1..=group.lines.len())
                .map(|n| if group.is_numbered { Rc::new(faces.plain(&format!("{n}."))) } else { dot.clone() })
                .collect(),
        };
        Self {
            faces,
            band: measured(&poster.band),
            groups: poster.groups.iter().map(measured).collect(),
            lost: Rc::new(faces.plain(CANNOT_BE_PRINTED)),
        }
    }

    fn small(&self, kind: Kind, text: &str) -> Row {
        Row::whole(kind, &Rc::new(self.faces.plain(text)))
    }

    /// The first `most` lines of a group, each a block; the first has the heading too.
    fn group(&self, group: &Measured, most: usize, room: f32) -> Vec<Block> {
        let block = |(place, (text, mark)): (usize, (&Rc<Text>, &Rc<Text>))| {
            let heading = (place == 0).then(|| Row::whole(Kind::Heading, &group.heading));
            let row = |(n, part)| Row {
                kind: Kind::Line { mark: (n == 0).then(|| mark.clone()) },
                part,
                ..Row::whole(Kind::Note, text)
            };
            let lost = text.is_lost.then(|| Row::whole(Kind::Note, &self.lost));
            let lines = text.rows(room - INDENT).into_iter().enumerate().map(row);
            let rows = heading.into_iter().chain(lines).chain(lost).collect();
            Block { rows, heading: Some(group.continued.clone()), is_band: false }
        };
        group.lines.iter().zip(&group.marks).take(most).enumerate().map(block).collect()
    }

    /// The first `most` lines of the band.
    fn band(&self, most: usize, room: f32) -> Vec<Block> {
        let mut blocks = self.group(&self.band, most, room - 2.0 * INSIDE);
        for block in &mut blocks {
            block.is_band = true;
            block.rows.iter_mut().for_each(|row| row.is_framed = true);
        }
        blocks
    }

    /// What is left of a poster that may have been shortened, with at most `room` ems in a row.
    fn blocks(&self, poster: &Poster, room: f32) -> Vec<Block> {
        let mut blocks = self.band(poster.band.lines.len(), room);
        for (group, measured) in poster.groups.iter().zip(&self.groups) {
            blocks.extend(self.group(measured, group.lines.len(), room));
            if group.is_to_fill && group.lines.is_empty() {
                let blank = || Row::whole(Kind::Blank, &self.lost);
                let heading = Row::whole(Kind::Heading, &measured.heading);
                let rows = once(heading).chain(repeat_with(blank).take(BLANKS)).collect();
                blocks.push(Block { rows, heading: None, is_band: false });
            }
            if let (Some(last), true) = (blocks.last_mut(), 0 < group.left_out) {
                last.rows.push(self.small(Kind::Note, &format!("and {} more in the app", group.left_out)));
            }
        }
        let note = poster.note.map(|note| self.small(Kind::Foot, note));
        blocks.extend(note.map(|note| Block { rows: vec![note], heading: None, is_band: false }));
        blocks
    }

    /// The pages, each at most `most` units of the text's size high. A further page begins with what saves a life,
    /// and with the heading of what goes on there.
    fn pages(&self, poster: &Poster, room: f32, most: f32) -> Vec<Vec<Row>> {
        let again = || self.band(poster.again, room).into_iter().flat_map(|block| block.rows);
        let again_height: f32 = again().map(|row| row.height()).sum();
        let mut pages = vec![Vec::new()];
        let mut used = 0.0;
        for block in self.blocks(poster, room) {
            let (heading, is_band) = (block.heading.clone(), block.is_band);
            for unit in block.units(most - again_height - Row::HEADING) {
                if most < used + height(&unit) && 0.0 < used {
                    let is_opened = unit.first().is_some_and(Row::is_heading);
                    let heading = heading.as_ref().filter(|_| !is_opened);
                    let heading = heading
                        .map(|heading| Row { is_framed: is_band, ..Row::whole(Kind::Heading, heading) });
                    // Letters so wide that nothing else would have room are not said again.
                    let fits = again_height + Row::HEADING + height(&unit) <= most;
                    let again = again().filter(|_| !is_band && fits);
                    pages.push(again.chain(heading).collect());
                    used = pages.last().map_or(0.0, |page| height(page));
                }
                used += height(&unit);
                if let Some(page) = pages.last_mut() {
                    page.extend(unit);
                }
            }
        }
        pages
    }

    /// The fewest pages, with as much on them as they hold, as large as it goes.
    pub fn laid_out(&self, poster: &Poster, paper: Paper) -> (f32, Vec<Vec<Row>>) {
        let (width, height) = paper.size();
        let at = |poster: &Poster, size: f32| {
            let room = (width - 2.0 * MARGIN) / size;
            self.pages(poster, room, (height - BELOW_TITLE - MARGIN) / size)
        };
        let mut most = 1;
        loop {
            let sizes = SIZES.into_iter().map(|size| (size, at(poster, size)));
            if let Some(found) = sizes.into_iter().find(|(_, pages)| pages.len() <= most) {
                return found;
            }
            let mut short = poster.clone();
            while short.shorten() {
                let pages = at(&short, SMALLEST);
                if pages.len() <= most {
                    return (SMALLEST, pages);
                }
            }
            most += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::paper::page::pdf;
    use evenkeel_domain::coping::library::library;
    use evenkeel_domain::coping::{Choices, Skills};
    use evenkeel_domain::plan::lines::crisis_lines;
    use evenkeel_domain::plan::poster::{PosterGroup, PosterLine, poster};
    use evenkeel_domain::plan::safety::SafetyPlan;

    fn of(lines: Vec<PosterLine>) -> Poster {
        let groups = vec![PosterGroup::critical("If I slip", lines)];
        Poster { groups, ..SafetyPlan::default().poster(day()) }
    }
    fn day() -> evenkeel_domain::value::Day {
        serde_json::from_str("\"2026-03-02\"").unwrap()
    }
    fn laid_out(poster: &Poster) -> (f32, Vec<Vec<Row>>) {
        Draft::new(Faces::get().unwrap(), poster).laid_out(poster, Paper::Letter)
    }
    fn seen(rows: &[Row]) -> String {
        let seen = |c: &char| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
        said(rows).join(" ").chars().filter(seen).map(|c| if c == '\u{a0}' { ' ' } else { c }).collect()
    }
    fn said(rows: &[Row]) -> Vec<&str> {
        rows.iter().map(|row| &row.text.said[row.part.clone()]).collect()
    }

    #[test]
    fn critical_text_takes_a_second_page_rather_than_be_cut() {
        let step = |n: usize| PosterLine::new(format!("{n}. {}", "call Sam and wait ".repeat(9).trim_end()));
        let some = of((1..11).map(step).collect());
        assert_eq!(laid_out(&some).1.len(), 1);
        let many = of((1..60).map(step).collect());
        let (size, pages) = laid_out(&many);
        assert!(2 <= pages.len());
        let is_own = |row: &&Row| !row.is_framed && !row.is_heading();
        let rows: Vec<&Row> = pages.iter().flatten().filter(is_own).collect();
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let printed: String = rows.iter().map(|row| letters(&row.text.said[row.part.clone()])).collect();
        let whole: String = many.groups[0].lines.iter().map(|line| letters(&line.words)).collect();
        assert_eq!(printed, whole);
        let most = (Paper::Letter.size().1 - BELOW_TITLE - MARGIN) / size;
        assert!(pages.iter().all(|page| super::height(page) <= most));
        assert!(pages.iter().all(|page| !page.last().unwrap().is_heading()));
    }

    fn longest() -> Poster {
        let text = "Walking home past the old bar on payday ".repeat(4);
        let many = |count: u128, fields: serde_json::Value| {
            let item = |number: u128| {
                let mut item = fields.clone();
                item["id"] = uuid::Uuid::from_u128(number).to_string().into();
                item
            };
            (0..count).map(item).collect::<Vec<_>>()
        };
        let plan = serde_json::json!({
            "reasons": many(8, serde_json::json!({ "words": text.trim() })),
            "triggers": many(16, serde_json::json!({
                "category": "conflict", "source": "external", "words": text.trim(),
                "coping": ["library:urge_surfing", "library:brisk_walk"],
            })),
            "supports": many(10, serde_json::json!({
                "name": "x".repeat(60), "role": "counselor", "reach": "x".repeat(60),
            })),
            "lapse_response": many(10, serde_json::json!({ "words": text.trim() })),
            "naloxone": { "has": true, "location": "kitchen drawer" },
            "local_crisis_lines": many(6, serde_json::json!({ "name": "x".repeat(60), "reach": "x".repeat(60) })),
        });
        let (plan, skills) = (serde_json::from_value(plan).unwrap(), Skills::new(library(), &[]));
        poster(&plan, &[], &crisis_lines().lines, &skills, &Choices::default(), day())
    }
    fn longest_safety_plan() -> Poster {
        let many = |part: u128| {
            let words = |number| {
                let id = uuid::Uuid::from_u128(100 * part + number);
                serde_json::json!({ "id": id, "words": "x".repeat(160) })
            };
            (0..10).map(words).collect::<Vec<_>>()
        };
        let plan = serde_json::json!({
            "warning_signs": many(1), "internal_coping": many(2), "safe_environment": many(3),
        });
        serde_json::from_value::<SafetyPlan>(plan).unwrap().poster(day())
    }

    #[test]
    fn who_saves_a_life_stands_on_the_first_page_and_in_short_on_each_further_one() {
        for poster in [longest(), longest_safety_plan()] {
            let (_, pages) = laid_out(&poster);
            assert!(2 <= pages.len());
            for page in &pages {
                let said = seen(page);
                for reach in ["call 911", "call or text 988"] {
                    assert!(said.contains(reach), "{reach} in {said}");
                }
            }
        }
        let first = seen(&laid_out(&longest()).1[0]);
        let reaches = crisis_lines().lines.iter().map(|line| line.reach.as_ref());
        for line in reaches.chain(["kitchen drawer"]) {
            assert!(first.contains(line), "{line} in {first}");
        }
        assert!(6 * 2 <= first.matches(&"x".repeat(60)).count(), "lines of the region");
    }

    #[test]
    fn a_heading_is_said_again_on_the_next_page_and_never_stands_alone() {
        let step = |n: usize| PosterLine::new(format!("{n}. {}", "call Sam and wait ".repeat(9).trim_end()));
        let wide = PosterLine::new("\u{fdfd}".repeat(160));
        for poster in [of((1..60).map(step).collect()), longest(), longest_safety_plan(), of(vec![wide; 9])] {
            let (_, pages) = laid_out(&poster);
            assert!(2 <= pages.len());
            let headings = |page: &[Row]| {
                let said = |row: &Row| row.text.said.clone();
                let rows = page.iter().filter(|row| row.is_heading());
                rows.map(said).collect::<Vec<_>>()
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
                assert!(body.is_heading(), "{}", body.text.said);
                if body.text.said.ends_with(CONTINUED) {
                    assert_eq!(body.text.said, format!("{}{CONTINUED}", last.trim_end_matches(CONTINUED)));
                }
                last = headings.last().unwrap().clone();
            }
            assert!(pages[1..].iter().any(|page| seen(page).contains(CONTINUED)));
        }
    }

    #[test]
    fn a_step_of_the_safety_plan_that_is_empty_yet_can_be_written_in_by_hand() {
        let (_, pages) = laid_out(&SafetyPlan::default().poster(day()));
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
        for poster in [longest(), longest_safety_plan()] {
            for group in &poster.groups {
                let text = Faces::get().unwrap().bold(&group.heading);
                let room = Paper::A4.size().0 - 2.0 * MARGIN;
                assert!(text.width() * SIZES[0] * HEADING <= room, "{}", group.heading);
            }
        }
    }

    #[test]
    fn a_line_with_letters_that_cannot_be_printed_says_so_below_it() {
        let reach = "555-0100".to_owned().try_into().unwrap();
        let poster =
            of(vec![PosterLine::reached("山田さん (family)", Some(&reach)), PosterLine::new("Breathe")]);
        let (_, pages) = laid_out(&poster);
        let rows = said(&pages[0]);
        let rows = &rows[rows.iter().position(|row| *row == "If I slip").unwrap() + 1..];
        assert!(rows[0].starts_with("… (family): ") && rows[0].contains("555-0100"), "{rows:?}");
        assert_eq!(rows[1..], [CANNOT_BE_PRINTED, "Breathe"]);
    }

    #[test]
    fn a_text_as_wide_as_letters_get_still_ends() {
        let poster = of(vec![PosterLine::new("\u{fdfd}".repeat(800)); 9]);
        assert!(pdf(&poster, Paper::A4).unwrap().starts_with(b"%PDF"));
    }
}
