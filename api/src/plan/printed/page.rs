//! Draws the pages, tags them for screen readers, and writes the PDF.

use std::num::NonZeroU16;

use evenkeel_domain::plan::printed::PrintedPlan;
use krilla::color::luma;
use krilla::configure::{Accessibility, Configuration, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::error::KrillaResult;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, SpanTag, Tag, TagGroup, TagTree,
};
use krilla::{Document, SerializeSettings};

use super::Paper;
use super::layout::{BELOW_TITLE, HEADING, INDENT, INSIDE, Kind, MARGIN, Row, TITLE, laid_out};
use super::text::{Fonts, Line};

const FOOTER: f32 = 10.0;
/// The size of small print, in units of the text's size.
const SMALL: f32 = 0.9;
/// Where the mark before a line ends, in units of the text's size.
const MARK_ENDS: f32 = 1.5;
const FRAME: f32 = 1.2;
const BLACK: u8 = 0;
const GREY: u8 = 90;
const LIGHT: u8 = 190;
const WHITE: u8 = 255;

const TITLE_LEVEL: NonZeroU16 = NonZeroU16::MIN;
const GROUP_LEVEL: NonZeroU16 = NonZeroU16::MIN.saturating_add(1);

/// What a piece of text is for a screen reader.
enum Part {
    Heading(NonZeroU16, String),
    /// The mark at the beginning of a list item.
    Mark(ListNumbering),
    /// The text of the last list item.
    Item,
    Paragraph,
}

/// What a screen reader reads, in order.
fn tag_tree(parts: Vec<(Part, Identifier)>) -> TagTree {
    let mut tree = TagTree::new().with_lang(Some("en".to_owned()));
    let mut list: Option<TagGroup> = None;
    let mut parts = parts.into_iter().peekable();
    while let Some((part, id)) = parts.next() {
        let group = match part {
            Part::Mark(numbering) => {
                let mut body = TagGroup::new(Tag::LBody);
                while let Some((_, id)) = parts.next_if(|(part, _)| matches!(part, Part::Item)) {
                    body.push(id);
                }
                let label = TagGroup::with_children(Tag::Lbl, vec![id.into()]);
                let item = TagGroup::with_children(Tag::LI, vec![label.into(), body.into()]);
                list.get_or_insert_with(|| TagGroup::new(Tag::L(numbering))).push(item);
                continue;
            }
            Part::Heading(level, said) => {
                TagGroup::with_children(Tag::Hn(level, Some(said)), vec![id.into()])
            }
            Part::Item | Part::Paragraph => TagGroup::with_children(Tag::P, vec![id.into()]),
        };
        tree.children.extend(list.take().map(Into::into));
        tree.push(group);
    }
    tree.children.extend(list.map(Into::into));
    tree
}

fn fill(surface: &mut Surface<'_>, shade: u8) {
    surface.set_fill(Some(Fill { paint: luma::Color::new(shade).into(), ..Fill::default() }));
}

fn area(surface: &mut Surface<'_>, shade: u8, area: Option<Rect>) {
    let mut path = PathBuilder::new();
    if let Some(area) = area {
        path.push_rect(area);
    }
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
    fill(surface, shade);
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
    surface.end_tagged();
}

/// A page between its margins, and the parts of the document so far for a screen reader.
struct Sheet<'a, 'b> {
    surface: &'a mut Surface<'b>,
    parts: &'a mut Vec<(Part, Identifier)>,
    outline: &'a mut Outline,
    page: usize,
    left: f32,
    right: f32,
    size: f32,
}

impl Sheet<'_, '_> {
    /// Writes a line. A screen reader skips it if it has no `part`.
    fn write(&mut self, (x, y): (f32, f32), size: f32, shade: u8, line: &Line, part: Option<Part>) {
        let artifact = ContentTag::Artifact(Artifact::with_kind(ArtifactType::PaginationOther));
        let tag = if part.is_some() { ContentTag::Span(SpanTag::empty()) } else { artifact };
        let id = self.surface.start_tagged(tag);
        fill(self.surface, shade);
        for run in line.runs() {
            let from = Point::from_xy(x + run.x * size, y);
            self.surface.draw_glyphs(from, &run.glyphs, run.font, line.text(), size, false);
        }
        self.surface.end_tagged();
        if let Some(Part::Heading(_, said)) = &part {
            let place = XyzDestination::new(self.page, Point::from_xy(self.left, y - size));
            self.outline.push_child(OutlineNode::new(said.clone(), place));
        }
        self.parts.extend(part.map(|part| (part, id)));
    }

    fn rule(&mut self, from: f32, y: f32) {
        area(self.surface, LIGHT, Rect::from_xywh(from, y, self.right - from, 0.7));
    }

    /// The frame of the emergency box, from its first row to its last.
    fn frame(&mut self, from: f32, to: f32) {
        let (top, end) = (from - self.size * 1.55, to + self.size * 0.75);
        area(self.surface, BLACK, Rect::from_ltrb(self.left, top, self.right, end));
        let (left, right) = (self.left + FRAME, self.right - FRAME);
        area(self.surface, WHITE, Rect::from_ltrb(left, top + FRAME, right, end - FRAME));
    }

    fn row(&mut self, row: &Row, y: f32) {
        let (size, line) = (self.size, &row.line);
        let inside = if row.is_framed { INSIDE * size } else { 0.0 };
        let (left, right) = (self.left + inside, self.right - inside);
        // In a text that reads from right to left, the mark and its space are on the right.
        let from = if line.is_leftward() { left } else { left + INDENT * size };
        let part = |part| (!row.is_repeated).then_some(part);
        match &row.kind {
            Kind::Heading => {
                let size = (size * HEADING).min((right - left) / line.width());
                let heading = part(Part::Heading(GROUP_LEVEL, line.said()));
                self.write((left, y), size, BLACK, line, heading);
            }
            Kind::First { mark, numbering } => {
                let ends = MARK_ENDS * size;
                let begins =
                    if line.is_leftward() { right - ends } else { left + ends - mark.width() * size };
                self.write((begins, y), size, GREY, mark, part(Part::Mark(*numbering)));
                self.write((from, y), size, BLACK, line, part(Part::Item));
            }
            Kind::Further => self.write((from, y), size, BLACK, line, part(Part::Item)),
            Kind::Aside => self.write((from, y), size * SMALL, GREY, line, part(Part::Item)),
            Kind::Blank => self.rule(from, y),
            Kind::Note => self.write((self.left, y), size * SMALL, GREY, line, part(Part::Paragraph)),
        }
    }

    fn rows(&mut self, rows: &[Row]) {
        let mut y = BELOW_TITLE;
        let mut down = |row: &Row| {
            y += row.height() * self.size;
            y
        };
        let placed: Vec<(&Row, f32)> = rows.iter().map(|row| (row, down(row))).collect();
        let mut framed = placed.iter().filter(|(row, _)| row.is_framed).map(|(_, y)| *y);
        if let Some(from) = framed.next() {
            self.frame(from, framed.next_back().unwrap_or(from));
        }
        let mut is_parted = false;
        for (row, y) in placed {
            if row.is_heading() && !row.is_framed && !is_parted {
                self.rule(self.left, y - self.size * 1.5);
            }
            // The frame of the emergency box, or a line to write on, already separates the groups.
            is_parted = row.is_framed || matches!(row.kind, Kind::Blank);
            self.row(row, y);
        }
    }
}

/// Draws a plan as a PDF. It names a person or a program only where the plan does.
pub fn pdf(plan: &PrintedPlan, paper: Paper) -> Result<Vec<u8>, String> {
    let accessible = ConfigurationBuilder::new().with_accessibility_validator(Accessibility::UA1).finish();
    let accessible = accessible.map_err(|error| format!("{error:?}"))?;
    let mut fonts = Fonts::new();
    let (size, pages) = laid_out(&mut fonts, plan, paper);
    let mut draw = |configuration| drawn(&mut fonts, plan, paper, size, &pages, configuration);
    // A printed plan that does not meet the whole standard is better than none.
    draw(accessible).or_else(|error| {
        tracing::warn!(%error, "a printed plan is not PDF/UA");
        draw(Configuration::default()).map_err(|error| error.to_string())
    })
}

fn drawn(
    fonts: &mut Fonts,
    plan: &PrintedPlan,
    paper: Paper,
    size: f32,
    pages: &[Vec<Row>],
    configuration: Configuration,
) -> KrillaResult<Vec<u8>> {
    let (width, height) = paper.size();
    let title = fonts.bold(plan.title);
    let mut document =
        Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    let metadata = Metadata::new().title(plan.title.to_owned()).description(plan.footer());
    document.set_metadata(metadata.language("en".to_owned()));
    let (mut parts, mut outline, mut foot) = (Vec::new(), Outline::new(), None);
    for (number, rows) in pages.iter().enumerate() {
        let mut page = document.start_page_with(PageSettings::from_wh(width, height).unwrap_or_default());
        let mut surface = page.surface();
        let mut sheet = Sheet {
            surface: &mut surface,
            parts: &mut parts,
            outline: &mut outline,
            page: number,
            left: MARGIN,
            right: width - MARGIN,
            size,
        };
        let first = |part| (number == 0).then_some(part);
        let heading = first(Part::Heading(TITLE_LEVEL, plan.title.to_owned()));
        sheet.write((MARGIN, MARGIN + TITLE * 0.8), TITLE, BLACK, &title, heading);
        sheet.rows(rows);
        let page_of = (1 < pages.len()).then(|| format!(" · page {} of {}", number + 1, pages.len()));
        let footer = fonts.plain(&(plan.footer() + &page_of.unwrap_or_default()));
        sheet.write((MARGIN, height - MARGIN * 0.6), FOOTER, GREY, &footer, first(Part::Paragraph));
        // Read once, after everything else.
        foot = foot.or_else(|| sheet.parts.pop());
        surface.finish();
        page.finish();
    }
    parts.extend(foot);
    document.set_tag_tree(tag_tree(parts));
    document.set_outline(outline);
    document.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::printed::tests::{any_text, of};
    use evenkeel_domain::plan::printed::PrintedLine;
    use proptest::prelude::*;

    #[test]
    fn a_text_of_the_widest_letters_can_be_printed() {
        let plan = of(vec![PrintedLine::new("\u{fdfd}".repeat(800)); 9]);
        assert!(pdf(&plan, Paper::A4).unwrap().starts_with(b"%PDF"));
    }

    #[test]
    fn a_screen_reader_gets_lists_in_one_piece_across_pages() {
        let line = PrintedLine::new("call Sam and wait ".repeat(9));
        let tags = |lines: usize| {
            let pdf = pdf(&of(vec![line.clone(); lines]), Paper::Letter).unwrap();
            let pdf = String::from_utf8_lossy(&pdf).into_owned();
            ["Document", "H1", "H2", "L", "LI", "Lbl", "LBody", "P"].map(|tag| {
                pdf.matches(&format!("/S/{tag}\n")).count() + pdf.matches(&format!("/S/{tag}/")).count()
            })
        };
        assert_eq!(tags(3), [1, 1, 2, 2, 5, 5, 5, 1]);
        assert_eq!(tags(60), [1, 1, 2, 2, 62, 62, 62, 1]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn any_plan_is_an_accessible_pdf(lines in proptest::collection::vec((any_text(), any_text()), 0..6)) {
            let line = |(words, answer)| PrintedLine { words, answer: Some(answer) };
            let pdf = pdf(&of(lines.into_iter().map(line).collect()), Paper::Letter).unwrap();
            prop_assert!(String::from_utf8_lossy(&pdf).contains("pdfuaid"));
        }
    }
}
