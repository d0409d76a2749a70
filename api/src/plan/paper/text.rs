//! Text for paper: which face has each letter, which way it reads, and how wide it is.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use evenkeel_domain::plan::poster::PosterLine;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{Direction, UnicodeBuffer};
use unicode_bidi::{BidiInfo, Level};

/// What stands in place of letters that no face has.
const LOST: char = '…';
/// Keeps a number together.
const UNBROKEN: char = '\u{a0}';

const FIRST_STRONG: char = '\u{2068}';
const ISOLATED: char = '\u{2066}';
const LEFT_TO_RIGHT: char = '\u{202d}';
const POP: char = '\u{202c}';
const POP_ISOLATE: char = '\u{2069}';

/// A face, for measuring and for drawing.
pub struct Face {
    shapes: rustybuzz::Face<'static>,
    pub font: Font,
    em: f32,
}

impl Face {
    fn new(bytes: &'static [u8]) -> Option<Self> {
        let shapes = rustybuzz::Face::from_slice(bytes, 0)?;
        let em = f32::from(u16::try_from(shapes.units_per_em()).ok()?);
        Some(Self { shapes, font: Font::new(bytes.into(), 0)?, em })
    }
    fn has(&self, c: char) -> bool {
        self.shapes.glyph_index(c).is_some()
    }
}

/// The faces, each for what those before it lack.
pub struct Faces {
    plain: Vec<Face>,
    bold: Face,
}

impl Faces {
    /// The faces that are built in; `None` if they cannot be read.
    pub fn get() -> Option<&'static Self> {
        static FACES: LazyLock<Option<Faces>> = LazyLock::new(|| {
            let plain = [
                Face::new(include_bytes!("../../../fonts/NotoSans-Regular.ttf")),
                Face::new(include_bytes!("../../../fonts/NotoSansHebrew-Regular.ttf")),
                Face::new(include_bytes!("../../../fonts/NotoSansArabic-Regular.ttf")),
                Face::new(include_bytes!("../../../fonts/NotoSansDevanagari-Regular.ttf")),
                Face::new(include_bytes!("../../../fonts/NotoSansThai-Regular.ttf")),
            ];
            let bold = Face::new(include_bytes!("../../../fonts/NotoSans-Bold.ttf"));
            Some(Faces { plain: plain.into_iter().collect::<Option<_>>()?, bold: bold? })
        });
        FACES.as_ref()
    }

    /// The face for a letter; letters that have none in bold stay plain.
    fn of(&self, c: char, is_bold: bool) -> &Face {
        if is_bold && self.bold.has(c) {
            return &self.bold;
        }
        self.plain.iter().find(|face| face.has(c)).unwrap_or(&self.bold)
    }
    fn has(&self, c: char) -> bool {
        self.plain.iter().any(|face| face.has(c))
    }

    /// A line of a plan, its answer in bold.
    pub fn line(&'static self, line: &PosterLine) -> Text {
        let (mut text, mut lost) = printable(self, &line.words);
        text = with_numbers(&text);
        let mut bold = text.len()..text.len();
        if let Some(answer) = &line.answer {
            let (answer, lost_too) = printable(self, answer);
            lost |= lost_too;
            text.push_str(": ");
            bold.start = text.len();
            // Whatever language the name is in, what belongs to the number stays beside it in its own order.
            text.push(FIRST_STRONG);
            text.push_str(&with_numbers(&answer));
            text.push(POP_ISOLATE);
            bold.end = text.len();
        }
        Text::new(self, text, bold, lost)
    }
    /// Words of ours.
    pub fn plain(&'static self, text: &str) -> Text {
        Text::new(self, text.to_owned(), 0..0, false)
    }
    /// Words of ours, in bold.
    pub fn bold(&'static self, text: &str) -> Text {
        Text::new(self, text.to_owned(), 0..text.len(), false)
    }
}

/// Characters that are not seen, and those that turn the direction of writing round: a number among them would
/// read backwards.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// The zeros of the scripts whose digits no face has, each followed by its nine others: Unicode 16, `Nd`.
const ZEROS: [char; 21] = [
    '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}', '\u{be6}', '\u{c66}', '\u{ce6}', '\u{d66}', '\u{de6}',
    '\u{ed0}', '\u{f20}', '\u{1040}', '\u{1090}', '\u{17e0}', '\u{1810}', '\u{1946}', '\u{19d0}', '\u{a8d0}',
    '\u{aa50}', '\u{abf0}', '\u{ff10}',
];

/// A number must not be lost for want of a face: the plain form of a digit, or of a full-width sign.
fn plain(c: char) -> Option<char> {
    let digit = ZEROS.iter().find_map(|zero| {
        let value = u32::from(c).checked_sub(u32::from(*zero))?;
        char::from_digit(value, 10)
    });
    let is_wide = ('\u{ff01}'..='\u{ff5e}').contains(&c);
    digit.or_else(|| if is_wide { char::from_u32(u32::from(c) - 0xfee0) } else { None })
}

/// A text with one space between words, and a mark in place of what no face has; `true` if there is one.
fn printable(faces: &Faces, text: &str) -> (String, bool) {
    // Letters of some scripts need joiners; those of emoji that are lost go with them.
    let is_joiner = |c| matches!(c, '\u{200c}' | '\u{200d}');
    let (mut out, mut lost) = (String::new(), false);
    for c in text.chars() {
        let c = if faces.has(c) { c } else { plain(c).unwrap_or(c) };
        let has = faces.has(c);
        if is_unseen(c) || is_joiner(c) && (!has || out.ends_with(LOST)) {
            continue;
        }
        if c.is_whitespace() {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else if has {
            out.push(c);
        } else {
            lost = true;
            let before = out.trim_end();
            if before.ends_with(LOST) {
                out.truncate(before.len());
            } else {
                out.push(LOST);
            }
        }
    }
    (out.trim().to_owned(), lost)
}

/// The numbers of a text that have two digits at least, with the spaces and signs between their digits.
fn numbers(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let is_sign = |c| matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '+' | '\u{2010}'..='\u{2015}');
    let mut digits = text.char_indices().filter(|(_, c)| c.is_numeric()).map(|(at, c)| at..at + c.len_utf8());
    let Some(mut number) = digits.next() else { return found };
    let opened = |number: &Range<usize>| {
        let before = &text[..number.start];
        let paired = before.ends_with('(') && text[number.clone()].contains(')');
        let start = number.start - usize::from(paired);
        start - usize::from(text[..start].ends_with('+'))..number.end
    };
    let mut close = |number: &Range<usize>| {
        if 1 < text[number.clone()].chars().filter(|c| c.is_numeric()).count() {
            found.push(opened(number));
        }
    };
    for digit in digits {
        if text[number.end..digit.start].chars().all(is_sign) {
            number.end = digit.end;
        } else {
            close(&number);
            number = digit;
        }
    }
    close(&number);
    found
}

/// A text whose numbers read from left to right whatever is around them, and are not broken at a space.
fn with_numbers(text: &str) -> String {
    let (mut out, mut end) = (String::new(), 0);
    for number in numbers(text) {
        out.push_str(&text[end..number.start]);
        out.extend([ISOLATED, LEFT_TO_RIGHT]);
        out.extend(text[number.clone()].chars().map(|c| if c == ' ' { UNBROKEN } else { c }));
        out.extend([POP, POP_ISOLATE]);
        end = number.end;
    }
    out + &text[end..]
}

/// Letters that one face draws in one direction.
struct Piece {
    face: &'static Face,
    is_bold: bool,
    level: Level,
    range: Range<usize>,
}

/// What is drawn together.
pub struct Run {
    /// The face it is drawn in.
    pub font: Font,
    /// Its glyphs from left to right.
    pub glyphs: Vec<KrillaGlyph>,
    /// How wide it is, in ems.
    pub width: f32,
}

/// What must not be divided: a letter with its marks.
struct Cluster {
    start: usize,
    width: f32,
}

/// A text of one line or more.
pub struct Text {
    faces: &'static Faces,
    /// What it says, in the order in which it is read, with marks for the direction.
    pub said: String,
    bold: Range<usize>,
    levels: Vec<Level>,
    clusters: Vec<Cluster>,
    /// Whether it reads from right to left.
    pub is_leftward: bool,
    /// Whether letters of it cannot be printed.
    pub is_lost: bool,
}

impl Text {
    fn new(faces: &'static Faces, text: String, bold: Range<usize>, is_lost: bool) -> Self {
        let info = BidiInfo::new(&text, None);
        let is_leftward = info.paragraphs.first().is_some_and(|paragraph| paragraph.level.is_rtl());
        let levels = info.levels;
        let mut new = Self { faces, said: text, bold, levels, clusters: Vec::new(), is_leftward, is_lost };
        let mut widths = BTreeMap::new();
        for glyph in new.runs(0..new.said.len()).iter().flat_map(|run| &run.glyphs) {
            *widths.entry(glyph.text_range.start).or_insert(0.0) += glyph.x_advance;
        }
        new.clusters = widths.into_iter().map(|(start, width)| Cluster { start, width }).collect();
        new
    }

    /// How wide it is in one row, in ems.
    pub fn width(&self) -> f32 {
        self.clusters.iter().map(|cluster| cluster.width).sum()
    }

    /// Its rows, at most `room` ems wide each, broken at spaces; a word longer than a row is broken where the row
    /// ends.
    pub fn rows(&self, room: f32) -> Vec<Range<usize>> {
        let is_space = |at: usize| self.said[self.clusters[at].start..].starts_with(' ');
        let offset = |at: usize| self.clusters.get(at).map_or(self.said.len(), |cluster| cluster.start);
        let (mut rows, mut start, mut space, mut width) = (Vec::new(), 0, None, 0.0);
        for at in 0..self.clusters.len() {
            width += self.clusters[at].width;
            if is_space(at) {
                space = Some(at);
            } else if room < width && start < at {
                let (end, next) = space.map_or((at, at), |space| (space, space + 1));
                rows.push(offset(start)..offset(end));
                (start, space) = (next, None);
                width = self.clusters[start..=at].iter().map(|cluster| cluster.width).sum();
            }
        }
        rows.push(offset(start)..self.said.len());
        rows
    }

    /// What is drawn of a part of it, from left to right.
    pub fn runs(&self, part: Range<usize>) -> Vec<Run> {
        let pieces = self.pieces(part);
        let levels: Vec<Level> = pieces.iter().map(|piece| piece.level).collect();
        BidiInfo::reorder_visual(&levels).into_iter().map(|place| self.shaped(&pieces[place])).collect()
    }

    fn pieces(&self, part: Range<usize>) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        for (at, c) in self.said[part.clone()].char_indices() {
            let at = part.start + at;
            if is_unseen(c) {
                continue;
            }
            let (level, end) = (self.levels[at], at + c.len_utf8());
            let is_bold = self.bold.contains(&at);
            let last = pieces.last_mut().filter(|last| last.level == level && last.is_bold == is_bold);
            // Marks and spaces stay with the letters around them.
            if let Some(last) = last.filter(|last| last.face.has(c)) {
                last.range.end = end;
            } else {
                pieces.push(Piece { face: self.faces.of(c, is_bold), is_bold, level, range: at..end });
            }
        }
        pieces
    }

    fn shaped(&self, piece: &Piece) -> Run {
        let Face { shapes, font, em } = piece.face;
        let mut buffer = UnicodeBuffer::new();
        let seen = self.said[piece.range.clone()].char_indices();
        let seen = seen.map(|(at, c)| (piece.range.start + at, c)).filter(|(_, c)| !is_unseen(*c));
        for (at, c) in seen.clone() {
            buffer.add(c, u32::try_from(at).unwrap_or(u32::MAX));
        }
        buffer.guess_segment_properties();
        let leftward = piece.level.is_rtl();
        buffer.set_direction(if leftward { Direction::RightToLeft } else { Direction::LeftToRight });
        let shaped = rustybuzz::shape(shapes, &[], buffer);
        let starts: Vec<usize> =
            shaped.glyph_infos().iter().filter_map(|info| info.cluster.try_into().ok()).collect();
        let glyphs = shaped.glyph_infos().iter().zip(shaped.glyph_positions()).zip(&starts);
        let glyphs = glyphs.map(|((info, position), start)| {
            let next = starts.iter().copied().filter(|other| start < other).min().unwrap_or(piece.range.end);
            let end = seen.clone().rfind(|(at, _)| *at < next).map_or(next, |(at, c)| at + c.len_utf8());
            KrillaGlyph::new(
                GlyphId::new(info.glyph_id),
                ems(position.x_advance, *em),
                ems(position.x_offset, *em),
                ems(position.y_offset, *em),
                ems(position.y_advance, *em),
                *start..end,
                None,
            )
        });
        let glyphs: Vec<_> = glyphs.collect();
        let width = glyphs.iter().map(|glyph| glyph.x_advance).sum();
        Run { font: font.clone(), glyphs, width }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a face measures in thousands")]
fn ems(units: i32, em: f32) -> f32 {
    units as f32 / em
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faces() -> &'static Faces {
        Faces::get().unwrap()
    }
    fn line(words: &str, reach: &str) -> Text {
        faces().line(&PosterLine { words: words.to_owned(), answer: Some(reach.to_owned()) })
    }
    /// What an eye that knows no script sees of a part, from left to right.
    fn seen_in(text: &Text, part: Range<usize>) -> String {
        let runs = text.runs(part);
        let glyphs = runs.iter().flat_map(|run| &run.glyphs);
        let mut seen: Vec<Range<usize>> = glyphs.map(|glyph| glyph.text_range.clone()).collect();
        seen.dedup();
        seen.into_iter().map(|range| text.said[range].replace(UNBROKEN, " ")).collect()
    }
    fn seen(text: &Text) -> String {
        seen_in(text, 0..text.said.len())
    }
    fn words(words: &str) -> Text {
        faces().line(&PosterLine::new(words))
    }
    fn backwards(text: &str) -> String {
        text.chars().rev().collect()
    }

    #[test]
    fn a_number_reads_from_left_to_right_beside_a_name_of_any_script() {
        let number = "555-010-9988";
        // A bracket is drawn the other way round where it is read from right to left.
        let family = format!("{number} :)family( {}", backwards("סבתא"));
        assert_eq!(seen(&line("סבתא (family)", number)), family);
        for name in ["סבתא", "جدتي", "Sam", "दादी", "ยาย", "Ann סבתא", "جدتي Ann", "祖母", "\u{202e}Sam"]
        {
            for number in
                [number, "(555) 010-9988", "+1 (555) 010 9988", "٠٥٥٥-٠١٠ ٩٩٨٨", "555.010.9988 ext 12"]
            {
                for text in
                    [line(name, number), line(&format!("{name} (sponsor)"), &format!("call {number}"))]
                {
                    let seen = seen(&text);
                    assert!(seen.contains(number), "{seen} of {}", text.said);
                }
                let text = format!("להתקשר ל{name} {number}, גם בלילה");
                let (seen, digits) = (seen(&words(&text)), number.trim_end_matches(" ext 12"));
                assert!(seen.contains(digits), "{seen} of {text}");
            }
        }
    }

    #[test]
    fn what_belongs_to_a_number_stays_on_its_side() {
        assert_eq!(seen(&line("אמא", "555-0100 ext 4")), format!("555-0100 ext 4 :{}", backwards("אמא")));
        assert_eq!(
            seen(&line("אמא", "text HOME to 741741")),
            format!("text HOME to 741741 :{}", backwards("אמא"))
        );
        assert_eq!(seen(&line("Mom", "555-0100 ext 4")), "Mom: 555-0100 ext 4");
    }

    #[test]
    fn numbers_are_found_with_what_belongs_to_them() {
        let found = |text: &'static str| numbers(text).into_iter().map(|at| &text[at]).collect::<Vec<_>>();
        assert_eq!(found("call +1 (555) 010-9988, or 911."), ["+1 (555) 010-9988", "911"]);
        assert_eq!(found("(555) 010 9988"), ["(555) 010 9988"]);
        assert_eq!(found("+(555) 010 9988"), ["+(555) 010 9988"]);
        assert_eq!(found("wait (15 minutes) and 5 more"), ["15"]);
        assert_eq!(found("no number"), Vec::<&str>::new());
    }

    #[test]
    fn a_letter_without_a_face_is_never_a_box_and_takes_nothing_with_it() {
        let said = |words: &str| printable(faces(), words);
        let lost = |text: &str| (text.to_owned(), true);
        assert_eq!(said("Call Sam"), ("Call Sam".to_owned(), false));
        assert_eq!(said("山田さん (family)"), lost("… (family)"));
        assert_eq!(said("深呼吸 する"), lost("…"));
        assert_eq!(said("Call Sam 👨\u{200d}👩\u{200d}👧 ❤\u{fe0f} now"), lost("Call Sam … now"));
        assert_eq!(said("전화 555-0100"), lost("… 555-0100"));
        assert_eq!(said("祖母 ０９０－１２３４（夜）"), lost("… 090-1234(…)"));
        assert_eq!(said("০১২ ৯৮ ៥៥៥"), ("012 98 555".to_owned(), false));
        for kept in ["Zażółć Ξένος Привет", "אבא", "أمي", "माँ क्\u{200d}ष", "แม่", "می\u{200c}روم", "Trần"]
        {
            assert_eq!(said(kept), (kept.to_owned(), false));
        }
        for text in ["山田さん 555-0100", "🎉", "Ωמ山ا"] {
            let text = words(text);
            assert!(text.is_lost);
            let runs = text.runs(0..text.said.len());
            assert!(runs.iter().flat_map(|run| &run.glyphs).all(|glyph| glyph.glyph_id != GlyphId::new(0)));
        }
    }

    #[test]
    fn rows_break_at_spaces_where_they_are_measured_and_never_in_a_number() {
        let text = line("Grandmother who lives by the sea (family)", "+1 (555) 010 9988");
        let rows =
            |room: f32| text.rows(room).into_iter().map(|part| seen_in(&text, part)).collect::<Vec<_>>();
        assert_eq!(rows(100.0), ["Grandmother who lives by the sea (family): +1 (555) 010 9988"]);
        assert_eq!(rows(text.width() + 0.01).len(), 1);
        let two = ["Grandmother who lives by the sea (family):", "+1 (555) 010 9988"];
        assert_eq!(rows(text.width() - 0.01), two);
        for room in [2.0, 5.0, 9.0, 12.0] {
            let rows = text.rows(room);
            let together: String = rows.iter().map(|part| seen_in(&text, part.clone())).collect();
            assert_eq!(together.replace(' ', ""), seen(&text).replace(' ', ""), "nothing is lost");
            for part in rows {
                let width: f32 = text.runs(part).iter().map(|run| run.width).sum();
                assert!(width <= room, "{width} in {room}");
            }
        }
        let thai = words(&"กำลังใจ".repeat(20));
        assert!(1 < thai.rows(20.0).len());
        assert_eq!(words("").rows(10.0).len(), 1);
    }
}
