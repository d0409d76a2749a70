//! The pages: how large the text is, where each row stands, and the bytes of the PDF.

use std::ops::Range;
use std::rc::Rc;

use evenkeel_domain::plan::poster::Poster;
use krilla::Document;
use krilla::color::luma;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;

use super::Paper;
use super::text::{Faces, Text};

const MARGIN: f32 = 50.0;
const TITLE: f32 = 24.0;
const BELOW_TITLE: f32 = MARGIN + TITLE * 1.2;
const DATE: f32 = 10.0;
/// Sizes of the text in points, the largest that fits one page is taken: read from a step away, or up close.
const SIZES: [f32; 8] = [13.0, 12.5, 12.0, 11.5, 11.0, 10.5, 10.0, SMALLEST];
const SMALLEST: f32 = 9.0;
/// Small print, against the text.
const NOTE: f32 = 0.9;
const BLACK: u8 = 0;
const GREY: u8 = 110;
const LIGHT: u8 = 190;

const CANNOT_BE_PRINTED: &str = "… cannot be printed here; it is in the app";

enum Kind {
    Heading,
    /// The first row of a line has a dot before it.
    Line {
        first: bool,
    },
    Note,
    /// Small print at the end.
    Foot,
}

/// One row of a page: where it stands is known once its size is.
struct Row {
    kind: Kind,
    text: Rc<Text>,
    part: Range<usize>,
}

impl Row {
    fn whole(kind: Kind, text: &Rc<Text>) -> Self {
        Self { kind, text: text.clone(), part: 0..text.said.len() }
    }
    /// Height in units of the text's size.
    const fn height(&self) -> f32 {
        match self.kind {
            Kind::Heading | Kind::Foot => 2.3,
            Kind::Line { first: true } => 1.42,
            Kind::Line { first: false } | Kind::Note => 1.3,
        }
    }
}

/// Rows that stay together on a page, where that is large enough.
type Block = Vec<Row>;

fn height(rows: &[Row]) -> f32 {
    rows.iter().map(Row::height).sum()
}

/// A poster whose text is measured.
struct Draft {
    faces: &'static Faces,
    headings: Vec<Rc<Text>>,
    lines: Vec<Vec<Rc<Text>>>,
    lost: Rc<Text>,
}

impl Draft {
    fn new(faces: &'static Faces, poster: &Poster) -> Self {
        let groups = || poster.groups.iter();
        Self {
            faces,
            headings: groups().map(|group| Rc::new(faces.bold(&group.heading))).collect(),
            lines: groups()
                .map(|group| group.lines.iter().map(|line| Rc::new(faces.line(line))).collect())
                .collect(),
            lost: Rc::new(faces.plain(CANNOT_BE_PRINTED)),
        }
    }

    fn small(&self, kind: Kind, text: &str) -> Row {
        Row::whole(kind, &Rc::new(self.faces.plain(text)))
    }

    /// What is left of a poster that may have been shortened, with at most `room` ems in a row.
    fn blocks(&self, poster: &Poster, room: f32) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        for ((group, heading), lines) in poster.groups.iter().zip(&self.headings).zip(&self.lines) {
            for (place, text) in lines.iter().take(group.lines.len()).enumerate() {
                let mut block = Vec::new();
                if place == 0 {
                    block.push(Row::whole(Kind::Heading, heading));
                }
                let parts = text.rows(room).into_iter().enumerate();
                block.extend(parts.map(|(n, part)| Row {
                    kind: Kind::Line { first: n == 0 },
                    text: text.clone(),
                    part,
                }));
                if text.is_lost {
                    block.push(Row::whole(Kind::Note, &self.lost));
                }
                blocks.push(block);
            }
            if let (Some(last), true) = (blocks.last_mut(), 0 < group.left_out) {
                last.push(self.small(Kind::Note, &format!("and {} more in the app", group.left_out)));
            }
        }
        blocks.extend(poster.note.map(|note| vec![self.small(Kind::Foot, note)]));
        blocks
    }

    /// The pages, each at most `most` units of the text's size high.
    fn pages(&self, poster: &Poster, room: f32, most: f32) -> Vec<Vec<Row>> {
        let mut pages = vec![Vec::new()];
        let mut used = 0.0;
        for block in self.blocks(poster, room) {
            let mut together = height(&block);
            if most < together {
                together = 0.0;
            }
            for row in block {
                if most < used + together.max(row.height()) && 0.0 < used {
                    pages.push(Vec::new());
                    used = 0.0;
                }
                together = 0.0;
                used += row.height();
                if let Some(page) = pages.last_mut() {
                    page.push(row);
                }
            }
        }
        pages
    }

    /// The fewest pages, with as much on them as they hold, as large as it goes.
    fn laid_out(&self, poster: &Poster, paper: Paper) -> (f32, Vec<Vec<Row>>) {
        let (width, height) = paper.size();
        let at = |poster: &Poster, size: f32| {
            let room = (width - 2.0 * MARGIN) / size - 1.0;
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

fn pen(surface: &mut Surface<'_>, shade: u8) {
    surface.set_fill(Some(Fill { paint: luma::Color::new(shade).into(), ..Fill::default() }));
}

fn write(
    surface: &mut Surface<'_>,
    (x, y): (f32, f32),
    size: f32,
    shade: u8,
    text: &Text,
    part: Range<usize>,
) {
    pen(surface, shade);
    let runs = text.runs(part);
    let width: f32 = runs.iter().map(|run| run.width).sum();
    let mut x = if text.is_leftward { x - width * size } else { x };
    for run in runs {
        surface.draw_glyphs(Point::from_xy(x, y), &run.glyphs, run.font, &text.said, size, false);
        x += run.width * size;
    }
}

fn rule(surface: &mut Surface<'_>, y: f32, width: f32) {
    let mut path = PathBuilder::new();
    if let Some(rule) = Rect::from_xywh(MARGIN, y, width - 2.0 * MARGIN, 0.7) {
        path.push_rect(rule);
    }
    if let Some(path) = path.finish() {
        pen(surface, LIGHT);
        surface.draw_path(&path);
    }
}

/// Draws a poster; the bytes are a PDF. Nothing in them names a person or a program.
pub fn pdf(poster: &Poster, paper: Paper) -> Result<Vec<u8>, String> {
    let faces = Faces::get().ok_or("the fonts cannot be read")?;
    let draft = Draft::new(faces, poster);
    let (size, pages) = draft.laid_out(poster, paper);
    let (width, height) = paper.size();
    let (title, dot) = (faces.bold(poster.title), faces.bold("•"));

    let mut document = Document::new();
    document.set_metadata(Metadata::new().title(poster.title.to_owned()).language("en".to_owned()));
    let settings = PageSettings::from_wh(width, height).ok_or("the paper has no size")?;
    let all = pages.len();
    for (rows, number) in pages.into_iter().zip(1..) {
        let mut page = document.start_page_with(settings.clone());
        let mut surface = page.surface();
        let whole = |text: &Text| 0..text.said.len();
        let base = MARGIN + TITLE * 0.8;
        write(&mut surface, (MARGIN, base), TITLE, BLACK, &title, whole(&title));
        let date =
            if all == 1 { poster.on.to_string() } else { format!("{} · {number} of {all}", poster.on) };
        let date = faces.plain(&date);
        let right = width - MARGIN;
        write(&mut surface, (right - date.width() * DATE, base), DATE, GREY, &date, whole(&date));
        let mut y = BELOW_TITLE;
        for row in rows {
            y += row.height() * size;
            let indent = if row.text.is_leftward { right - size } else { MARGIN + size };
            let at = (indent, y);
            match row.kind {
                Kind::Heading => {
                    rule(&mut surface, y - size * 1.45, width);
                    write(&mut surface, (MARGIN, y), size * 1.05, BLACK, &row.text, row.part);
                }
                Kind::Line { first } => {
                    if first {
                        let x = if row.text.is_leftward { right - dot.width() * size } else { MARGIN };
                        write(&mut surface, (x, y), size, GREY, &dot, whole(&dot));
                    }
                    write(&mut surface, at, size, BLACK, &row.text, row.part);
                }
                Kind::Note => write(&mut surface, at, size * NOTE, GREY, &row.text, row.part),
                Kind::Foot => write(&mut surface, (MARGIN, y), size * NOTE, GREY, &row.text, row.part),
            }
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| format!("the page cannot be made: {error:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenkeel_domain::plan::poster::{PosterGroup, PosterLine};
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
        let rows: Vec<&Row> = pages.iter().flatten().collect();
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let printed: String = rows.iter().map(|row| letters(&row.text.said[row.part.clone()])).collect();
        let whole: String = many.groups[0].lines.iter().map(|line| letters(&line.words)).collect();
        assert!(printed.ends_with(&whole));
        let most = (Paper::Letter.size().1 - BELOW_TITLE - MARGIN) / size;
        assert!(pages.iter().all(|page| super::height(page) <= most));
        assert!(pages.iter().all(|page| !matches!(page.last().unwrap().kind, Kind::Heading)));
    }

    #[test]
    fn a_line_with_letters_that_cannot_be_printed_says_so_below_it() {
        let reach = "555-0100".to_owned().try_into().unwrap();
        let poster =
            of(vec![PosterLine::reached("山田さん (family)", Some(&reach)), PosterLine::new("Breathe")]);
        let (_, pages) = laid_out(&poster);
        let rows = said(&pages[0]);
        assert_eq!(rows[0], "If I slip");
        assert!(rows[1].starts_with("… (family): ") && rows[1].contains("555-0100"), "{rows:?}");
        assert_eq!(rows[2..], [CANNOT_BE_PRINTED, "Breathe"]);
    }

    #[test]
    fn a_text_as_wide_as_letters_get_still_ends() {
        let poster = of(vec![PosterLine::new("\u{fdfd}".repeat(800)); 9]);
        assert!(pdf(&poster, Paper::A4).unwrap().starts_with(b"%PDF"));
    }
}
