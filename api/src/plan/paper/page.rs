//! The pages as they are drawn, and the bytes of the PDF.

use std::ops::Range;

use evenkeel_domain::plan::poster::Poster;
use jiff::civil;
use krilla::Document;
use krilla::color::luma;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;

use super::Paper;
use super::layout::{BELOW_TITLE, Draft, HEADING, INDENT, INSIDE, Kind, MARGIN, Row, TITLE};
use super::text::{Faces, Text};

const DATE: f32 = 10.0;
/// Small print, against the text.
const NOTE: f32 = 0.9;
/// Where the mark before a line ends, in units of the text's size.
const MARK_ENDS: f32 = 1.5;
const FRAME: f32 = 1.2;
const BLACK: u8 = 0;
const GREY: u8 = 90;
const LIGHT: u8 = 190;
const WHITE: u8 = 255;

fn pen(surface: &mut Surface<'_>, shade: u8) {
    surface.set_fill(Some(Fill { paint: luma::Color::new(shade).into(), ..Fill::default() }));
}

fn area(surface: &mut Surface<'_>, shade: u8, area: Option<Rect>) {
    let mut path = PathBuilder::new();
    if let Some(area) = area {
        path.push_rect(area);
    }
    if let Some(path) = path.finish() {
        pen(surface, shade);
        surface.draw_path(&path);
    }
}

/// Where rows stand between the margins.
struct Sheet<'a, 'b> {
    surface: &'a mut Surface<'b>,
    left: f32,
    right: f32,
    size: f32,
}

impl Sheet<'_, '_> {
    /// Writes a part of a text `indent` points from where it begins to be read.
    fn write(&mut self, (indent, y): (f32, f32), size: f32, shade: u8, text: &Text, part: Range<usize>) {
        pen(self.surface, shade);
        let runs = text.runs(part);
        let width: f32 = runs.iter().map(|run| run.width).sum();
        let mut x = if text.is_leftward { self.right - indent - width * size } else { self.left + indent };
        for run in runs {
            self.surface.draw_glyphs(Point::from_xy(x, y), &run.glyphs, run.font, &text.said, size, false);
            x += run.width * size;
        }
    }

    fn rule(&mut self, indent: f32, y: f32) {
        let from = self.left + indent;
        area(self.surface, LIGHT, Rect::from_xywh(from, y, self.right - from, 0.7));
    }

    /// A frame around what stands from one row to another.
    fn frame(&mut self, from: f32, to: f32) {
        let (top, end) = (from - self.size * 1.55, to + self.size * 0.75);
        area(self.surface, BLACK, Rect::from_ltrb(self.left, top, self.right, end));
        let (left, right) = (self.left + FRAME, self.right - FRAME);
        area(self.surface, WHITE, Rect::from_ltrb(left, top + FRAME, right, end - FRAME));
    }

    fn row(&mut self, row: &Row, y: f32) {
        let (size, part) = (self.size, row.part.clone());
        let inside = if row.is_framed { INSIDE * size } else { 0.0 };
        let indent = inside + INDENT * size;
        match &row.kind {
            Kind::Heading => {
                let room = self.right - self.left - 2.0 * inside;
                self.write(
                    (inside, y),
                    (size * HEADING).min(room / row.text.width()),
                    BLACK,
                    &row.text,
                    part,
                );
            }
            Kind::Line { mark } => {
                if let Some(mark) = mark {
                    let ends = inside + (MARK_ENDS - mark.width()) * size;
                    let mirrored = self.right - self.left - ends - mark.width() * size;
                    let from = if row.text.is_leftward { mirrored } else { ends };
                    self.write((from, y), size, GREY, mark, 0..mark.said.len());
                }
                self.write((indent, y), size, BLACK, &row.text, part);
            }
            Kind::Note => self.write((indent, y), size * NOTE, GREY, &row.text, part),
            Kind::Blank => self.rule(indent, y),
            Kind::Foot => self.write((0.0, y), size * NOTE, GREY, &row.text, part),
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
                self.rule(0.0, y - self.size * 1.5);
            }
            // A frame, or a line to write on, parts what is above from what is below.
            is_parted = row.is_framed || matches!(row.kind, Kind::Blank);
            self.row(row, y);
        }
    }
}

/// Draws a poster; the bytes are a PDF. Nothing in them names a person or a program.
pub fn pdf(poster: &Poster, paper: Paper) -> Result<Vec<u8>, String> {
    let faces = Faces::get().ok_or("the fonts cannot be read")?;
    let draft = Draft::new(faces, poster);
    let (size, pages) = draft.laid_out(poster, paper);
    let (width, height) = paper.size();
    let title = faces.bold(poster.title);
    let on = civil::Date::from(poster.on).strftime("%b %-d, %Y");

    let mut document = Document::new();
    document.set_metadata(Metadata::new().title(poster.title.to_owned()).language("en".to_owned()));
    let settings = PageSettings::from_wh(width, height).ok_or("the paper has no size")?;
    let all = pages.len();
    for (rows, number) in pages.into_iter().zip(1..) {
        let mut page = document.start_page_with(settings.clone());
        let mut surface = page.surface();
        let mut sheet = Sheet { surface: &mut surface, left: MARGIN, right: width - MARGIN, size };
        let base = MARGIN + TITLE * 0.8;
        sheet.write((0.0, base), TITLE, BLACK, &title, 0..title.said.len());
        let page_of = (1 < all).then(|| format!("page {number} of {all}"));
        let standing = poster.standing.map(str::to_owned);
        let said: Vec<String> = [Some(on.to_string()), standing, page_of].into_iter().flatten().collect();
        let date = faces.plain(&said.join(" · "));
        let from = width - 2.0 * MARGIN - date.width() * DATE;
        sheet.write((from, base), DATE, GREY, &date, 0..date.said.len());
        sheet.rows(&rows);
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| format!("the page cannot be made: {error:?}"))
}
