//! Text for print, in the built-in fonts, and in fonts of the system for the scripts that those do not have.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use evenkeel_domain::plan::printed::PrintedLine;
use krilla::text::{Font, GlyphId, KrillaGlyph, Tag};
use parley::fontique::{Blob, Collection, CollectionOptions, SourceCache};
use parley::{
    Alignment, AlignmentOptions, FontContext, FontFamily, FontWeight, Layout, LayoutContext, OverflowWrap,
    StyleProperty,
};

const FONTS: [&[u8]; 6] = [
    include_bytes!("../../../fonts/NotoSans-Regular.ttf"),
    include_bytes!("../../../fonts/NotoSans-Bold.ttf"),
    include_bytes!("../../../fonts/NotoSansHebrew-Regular.ttf"),
    include_bytes!("../../../fonts/NotoSansArabic-Regular.ttf"),
    include_bytes!("../../../fonts/NotoSansDevanagari-Regular.ttf"),
    include_bytes!("../../../fonts/NotoSansThai-Regular.ttf"),
];
const FAMILIES: &str = "Noto Sans, Noto Sans Hebrew, Noto Sans Arabic, Noto Sans Devanagari, Noto Sans Thai";

/// Printed in place of letters that no font has.
const LOST: char = '…';
const NO_BREAK_SPACE: char = '\u{a0}';
const WORD_JOINER: char = '\u{2060}';
const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const POP_ISOLATE: char = '\u{2069}';
const LEFT_TO_RIGHT: [char; 2] = ['\u{2066}', '\u{202d}'];
const POP: [char; 2] = ['\u{202c}', POP_ISOLATE];

/// The fonts for one PDF. They are dropped with it, because fonts of the system can take much memory.
pub struct Fonts {
    context: FontContext,
    /// Whether the fonts of the system are loaded, which happens only for a text that needs them.
    has_system: bool,
    layouts: LayoutContext<()>,
    /// Shaped texts.
    texts: HashMap<PrintedLine, Rc<Text>>,
}

impl Fonts {
    /// The built-in fonts.
    pub fn new() -> Self {
        let mut collection = Collection::new(CollectionOptions { shared: false, system_fonts: false });
        for bytes in FONTS {
            collection.register_fonts(Blob::new(Arc::new(bytes)), None);
        }
        let context = FontContext { collection, source_cache: SourceCache::default() };
        Self { context, has_system: false, layouts: LayoutContext::new(), texts: HashMap::new() }
    }

    /// Words on one line.
    pub fn plain(&mut self, words: &str) -> Line {
        self.text(&PrintedLine::new(words)).lines(f32::MAX).swap_remove(0)
    }
    /// Words on one line, in bold.
    pub fn bold(&mut self, words: &str) -> Line {
        let line = PrintedLine { words: String::new(), answer: Some(words.to_owned()) };
        self.text(&line).lines(f32::MAX).swap_remove(0)
    }
    /// A line of a plan, its answer in bold.
    pub fn text(&mut self, line: &PrintedLine) -> Rc<Text> {
        if let Some(text) = self.texts.get(line) {
            return text.clone();
        }
        let mut said = with_numbers(&clean(&line.words));
        if let Some(answer) = &line.answer {
            let colon = if said.is_empty() { "" } else { ": " };
            // Whatever the language of the name, the signs of a number stay beside it in their order.
            let answer = with_numbers(&clean(answer));
            said = format!("{said}{colon}{FIRST_STRONG_ISOLATE}{answer}{POP_ISOLATE}");
        }
        let text = Rc::new(self.shaped(said));
        self.texts.insert(line.clone(), text.clone());
        text
    }

    /// A text with a mark in place of letters that no font has.
    fn shaped(&mut self, mut said: String) -> Text {
        let mut is_lost = false;
        loop {
            let layout = self.layout(&said);
            let missing = missing(&layout, &said);
            if missing.is_empty() {
                return Text { said: said.into(), layout, is_lost };
            }
            if !self.has_system && missing.iter().any(|(_, is_emoji)| !is_emoji) {
                self.context.collection.load_system_fonts();
                self.has_system = true;
                continue;
            }
            let (mut out, mut end) = (String::new(), 0);
            for (range, _) in missing {
                out.push_str(&said[end..range.start]);
                end = range.end;
                for c in said[range].chars().filter(|c| !is_joiner(*c)) {
                    if c.is_ascii() || is_unseen(c) {
                        out.push(c);
                    } else if let Some(digit) = ascii_digit(c) {
                        out.push(digit);
                    } else {
                        is_lost = true;
                        let before = out.trim_end();
                        let before = before.strip_suffix(LOST).unwrap_or(&out).len();
                        out.truncate(before);
                        out.push(LOST);
                    }
                }
            }
            said = out + &said[end..];
        }
    }

    /// The layout of a text in ems, on one line, its answer in bold.
    fn layout(&mut self, text: &str) -> Layout<()> {
        let bold = text.find(FIRST_STRONG_ISOLATE).unwrap_or(text.len());
        let mut builder = self.layouts.ranged_builder(&mut self.context, text, 1.0, false);
        builder.push_default(StyleProperty::FontSize(1.0));
        builder.push_default(OverflowWrap::Anywhere);
        builder.push_default(FontFamily::from(FAMILIES));
        builder.push(FontWeight::BOLD, bold..);
        let mut layout = builder.build(text);
        layout.break_all_lines(None);
        layout
    }
}

/// The ranges of letters that no font has, and whether each is an emoji. Emoji are never printed, because their fonts
/// have pictures instead of outlines.
fn missing(layout: &Layout<()>, text: &str) -> Vec<(Range<usize>, bool)> {
    let runs = layout.lines().flat_map(|line| line.runs());
    let missing = runs.flat_map(|run| {
        let is_unreadable = font(&run).is_none();
        clusters(&run).into_iter().filter_map(move |(range, glyphs, is_emoji)| {
            let is_missing = is_emoji || is_unreadable || glyphs.iter().any(|glyph| glyph.id == 0);
            // The layout of an empty text has a space.
            let letters = text.get(range.clone()).unwrap_or_default();
            let is_seen = !letters.chars().all(|c| c.is_ascii() || is_unseen(c));
            (is_missing && is_seen).then_some((range, is_emoji))
        })
    });
    let mut missing: Vec<_> = missing.collect();
    missing.sort_by_key(|(range, _)| range.start);
    missing
}

/// The font that a run is drawn in; `None` if it cannot be embedded.
fn font(run: &parley::Run<'_, ()>) -> Option<Font> {
    let (data, _) = run.font().data.clone().into_raw_parts();
    let synthesis = run.synthesis();
    let axes = synthesis.variation_settings().iter();
    let axes: Vec<(Tag, f32)> = axes.map(|(tag, value)| (Tag::new(&tag.into_bytes()), *value)).collect();
    Font::new_variable(data.into(), run.font().index, &axes)
}

/// The letters of a run with their glyphs, a ligature as one, and whether they are an emoji, in reading order.
fn clusters(run: &parley::Run<'_, ()>) -> Vec<(Range<usize>, Vec<parley::Glyph>, bool)> {
    let mut clusters: Vec<(Range<usize>, Vec<parley::Glyph>, bool)> = Vec::new();
    for cluster in run.clusters() {
        let range = cluster.text_range();
        match clusters.last_mut() {
            Some((ligature, ..)) if cluster.is_ligature_continuation() => ligature.end = range.end,
            _ => clusters.push((range, cluster.glyphs().collect(), cluster.is_emoji())),
        }
    }
    clusters
}

/// Invisible characters, and those that change the direction of writing, which could make a number read backwards.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{e0000}'..='\u{e0fff}')
        || c.is_control()
}

/// The letters of some scripts need joiners.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// A text with one space between words, without invisible characters, and with full-width letters, digits and signs in
/// their ASCII form.
fn clean(text: &str) -> String {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    };
    let word = |word: &str| word.chars().filter(|c| !is_unseen(*c)).map(narrow).collect();
    let words = text.split_whitespace().map(word).filter(|word: &String| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

// The zeros of scripts that the built-in fonts do not have. The other nine digits follow each: Unicode 16, `Nd`.
const ZEROS: [char; 20] = [
    '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}', '\u{be6}', '\u{c66}', '\u{ce6}', '\u{d66}', '\u{de6}',
    '\u{ed0}', '\u{f20}', '\u{1040}', '\u{1090}', '\u{17e0}', '\u{1810}', '\u{1946}', '\u{19d0}', '\u{a8d0}',
    '\u{aa50}', '\u{abf0}',
];

/// The ASCII form of a digit, so that no number is missing because of a font.
fn ascii_digit(c: char) -> Option<char> {
    ZEROS.iter().find_map(|zero| char::from_digit(u32::from(c).checked_sub(u32::from(*zero))?, 10))
}

/// A text whose numbers read from left to right, whatever is around them, and have no line breaks. A number has at
/// least two digits, with the spaces and signs between them.
fn with_numbers(text: &str) -> String {
    let is_dash = |c| matches!(c, '-' | '\u{2010}'..='\u{2015}');
    let is_sign = |c| is_dash(c) || matches!(c, ' ' | '.' | '/' | '(' | ')' | '+');
    let (mut out, mut rest) = (String::new(), text);
    while let Some(first) = rest.find(char::is_numeric) {
        let after = &rest[first..];
        let end = after.find(|c: char| !c.is_numeric() && !is_sign(c)).unwrap_or(after.len());
        let end = first + after[..end].trim_end_matches(is_sign).len();
        let is_paired = rest[..first].ends_with('(') && rest[first..end].contains(')');
        let start = first - usize::from(is_paired);
        let start = start - usize::from(rest[..start].ends_with('+'));
        let number = &rest[start..end];
        out.push_str(&rest[..start]);
        if 1 < number.matches(char::is_numeric).count() {
            out.extend(LEFT_TO_RIGHT);
            for c in number.chars() {
                out.push(if c == ' ' { NO_BREAK_SPACE } else { c });
                out.extend(is_dash(c).then_some(WORD_JOINER));
            }
            out.extend(POP);
        } else {
            out.push_str(number);
        }
        rest = &rest[end..];
    }
    out + rest
}

/// A text of one line or more.
pub struct Text {
    said: Rc<str>,
    layout: Layout<()>,
    /// Whether some of its letters cannot be printed.
    pub is_lost: bool,
}

impl Text {
    /// Its lines, each at most `most` ems wide.
    pub fn lines(&self, most: f32) -> Vec<Line> {
        let mut layout = self.layout.clone();
        layout.break_all_lines(Some(most));
        layout.align(Alignment::Start, AlignmentOptions::default());
        let layout = Rc::new(layout);
        let line = |number| Line { said: self.said.clone(), layout: layout.clone(), number };
        (0..layout.len()).map(line).collect()
    }
}

/// A line of a text.
#[derive(Clone)]
pub struct Line {
    said: Rc<str>,
    layout: Rc<Layout<()>>,
    number: usize,
}

/// Glyphs in one font, from left to right.
pub struct Run {
    pub font: Font,
    pub glyphs: Vec<KrillaGlyph>,
    /// Where they begin, in ems from the left end of the text.
    pub x: f32,
}

impl Line {
    /// The whole text that it is a line of.
    pub fn text(&self) -> &str {
        &self.said
    }
    /// Its words, without marks for the direction.
    pub fn said(&self) -> String {
        let range = self.layout.get(self.number).map(|line| line.text_range()).unwrap_or_default();
        self.said.get(range).unwrap_or_default().trim_end().chars().filter(|c| !is_unseen(*c)).collect()
    }
    /// Whether it reads from right to left.
    pub fn is_leftward(&self) -> bool {
        self.layout.is_rtl()
    }
    /// Its width in ems, without the spaces at its end.
    pub fn width(&self) -> f32 {
        let metrics = self.layout.get(self.number).map(|line| *line.metrics()).unwrap_or_default();
        metrics.advance - metrics.hanging_advance
    }

    /// The runs to draw.
    pub fn runs(&self) -> Vec<Run> {
        let mut runs = Vec::new();
        if let Some(line) = self.layout.get(self.number).filter(|_| !self.said.is_empty()) {
            let mut x = line.metrics().offset;
            for run in line.runs() {
                runs.extend(font(&run).map(|font| Run { font, glyphs: self.glyphs(&run), x }));
                x += run.advance();
            }
        }
        runs
    }

    fn glyphs(&self, run: &parley::Run<'_, ()>) -> Vec<KrillaGlyph> {
        let mut clusters = clusters(run);
        if run.is_rtl() {
            clusters.reverse();
        }
        clusters.retain(|(range, ..)| !self.said[range.clone()].chars().all(is_unseen));
        let glyphs = clusters.into_iter().flat_map(|(range, glyphs, _)| {
            glyphs.into_iter().map(move |glyph| {
                let id = GlyphId::new(glyph.id);
                KrillaGlyph::new(id, glyph.advance, glyph.x, -glyph.y, 0.0, range.clone(), None)
            })
        });
        glyphs.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::printed::tests::any_text;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Only the built-in fonts.
    fn built_in() -> Fonts {
        Fonts { has_system: true, ..Fonts::new() }
    }
    fn line(words: &str, reach: &str) -> Rc<Text> {
        built_in().text(&PrintedLine { words: words.to_owned(), answer: Some(reach.to_owned()) })
    }
    fn words(words: &str) -> Rc<Text> {
        built_in().text(&PrintedLine::new(words))
    }
    fn whole(text: &Text) -> Line {
        text.lines(f32::MAX).remove(0)
    }
    fn glyphs(line: &Line) -> impl Iterator<Item = KrillaGlyph> {
        line.runs().into_iter().flat_map(|run| run.glyphs)
    }
    /// The drawn text of a line, from left to right.
    fn seen_in(line: &Line) -> String {
        let mut seen: Vec<Range<usize>> = glyphs(line).map(|glyph| glyph.text_range).collect();
        seen.dedup();
        seen.into_iter().map(|range| line.text()[range].replace(NO_BREAK_SPACE, " ")).collect()
    }
    fn seen(text: &Text) -> String {
        seen_in(&whole(text))
    }
    fn has_box(line: &Line) -> bool {
        glyphs(line).any(|glyph| glyph.glyph_id == GlyphId::new(0))
    }
    fn backwards(text: &str) -> String {
        text.chars().rev().collect()
    }

    #[test]
    fn a_number_reads_from_left_to_right_beside_a_name_of_any_script() {
        let number = "555-010-9988";
        // A bracket is mirrored in text that reads from right to left.
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
    fn the_signs_of_a_number_stay_on_their_side() {
        assert_eq!(seen(&line("אמא", "555-0100 ext 4")), format!("555-0100 ext 4 :{}", backwards("אמא")));
        assert_eq!(
            seen(&line("אמא", "text HOME to 741741")),
            format!("text HOME to 741741 :{}", backwards("אמא"))
        );
        assert_eq!(seen(&line("Mom", "555-0100 ext 4")), "Mom: 555-0100 ext 4");
    }

    #[test]
    fn numbers_are_found_with_their_signs() {
        let found = |text: &str| {
            let marked = with_numbers(text).replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "");
            let numbers = marked.split(LEFT_TO_RIGHT[1]).skip(1);
            numbers.map(|number| number.split(POP[0]).next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("call +1 (555) 010-9988, or 911."), ["+1 (555) 010-9988", "911"]);
        assert_eq!(found("(555) 010 9988"), ["(555) 010 9988"]);
        assert_eq!(found("+(555) 010 9988"), ["+(555) 010 9988"]);
        assert_eq!(found("wait (15 minutes) and 5 more"), ["15"]);
        assert_eq!(found("no number"), Vec::<String>::new());
    }

    #[test]
    fn a_letter_without_a_font_is_never_a_box_and_removes_nothing_else() {
        let said = |text: &str| {
            let text = words(text);
            (whole(&text).said().replace(NO_BREAK_SPACE, " "), text.is_lost)
        };
        let lost = |text: &str| (text.to_owned(), true);
        assert_eq!(said("Call Sam"), ("Call Sam".to_owned(), false));
        assert_eq!(said("山田さん (family)"), lost("… (family)"));
        assert_eq!(said("深呼吸 する"), lost("…"));
        assert_eq!(said("Call Sam 👨\u{200d}👩\u{200d}👧 ❤\u{fe0f} now"), lost("Call Sam … now"));
        assert_eq!(said("전화 555-0100"), lost("… 555-0100"));
        assert_eq!(said("祖母 ０９０－１２３４（夜）"), lost("… 090-1234(…)"));
        assert_eq!(said("০১২ ৯৮ ៥៥៥"), ("012 98 555".to_owned(), false));
        for printed in ["Zażółć Ξένος Привет", "אבא", "أمي", "माँ क्\u{200d}ष", "แม่", "می\u{200c}روم", "Trần"]
        {
            assert_eq!(said(printed), (printed.to_owned(), false));
        }
        for text in ["山田さん 555-0100", "🎉", "Ωמ山ا"] {
            let text = words(text);
            assert!(text.is_lost && !has_box(&whole(&text)));
        }
    }

    #[test]
    fn lines_break_at_spaces_and_never_in_a_number() {
        let text = line("Grandmother who lives by the sea (family)", "+1 (555) 010 9988");
        let lines = |width: f32| text.lines(width).iter().map(seen_in).collect::<Vec<_>>();
        assert_eq!(lines(100.0), ["Grandmother who lives by the sea (family): +1 (555) 010 9988"]);
        let width = whole(&text).width();
        assert_eq!(lines(width + 0.01).len(), 1);
        let two = ["Grandmother who lives by the sea (family): ", "+1 (555) 010 9988"];
        assert_eq!(lines(width - 0.01), two);
        for width in [2.0, 5.0, 9.0, 12.0] {
            let together = lines(width).concat();
            assert_eq!(together.replace(' ', ""), seen(&text).replace(' ', ""), "nothing is lost");
            for line in text.lines(width) {
                assert!(line.width() <= width, "{} in {width}", line.width());
            }
        }
        for number in ["555-010-9988", "555–010–9988", "(555) - 010 / 9988", "+1.555.010.9988"] {
            let text = line("Sam", &format!("call {number} at night"));
            for tenth in 100..250u8 {
                let lines = text.lines(f32::from(tenth) / 10.0);
                assert!(lines.iter().any(|line| seen_in(line).contains(number)), "{number}");
            }
        }
        let thai = words(&"กำลังใจ".repeat(20));
        assert!(1 < thai.lines(20.0).len());
        assert_eq!(words("").lines(10.0).len(), 1);
    }

    #[test]
    fn a_script_without_a_built_in_font_is_printed_if_the_system_has_a_font_for_it() {
        for (name, language) in
            [("山田さん", "ja"), ("王小明", "zh"), ("김민수", "ko"), ("Անի", "hy"), ("দিদিমা", "bn")]
        {
            let mut fonts = Fonts::new();
            let text =
                fonts.text(&PrintedLine { words: name.to_owned(), answer: Some("555-0100".to_owned()) });
            assert!(fonts.has_system);
            if text.is_lost {
                eprintln!("SKIPPED: no font of this system has {name}; see `fc-list :lang={language}`");
                continue;
            }
            assert!(!has_box(&whole(&text)) && seen(&text).contains("555-0100"), "{name}");
        }
        let mut fonts = Fonts::new();
        fonts.text(&PrintedLine::new("Zażółć אבא أمي माँ แม่ 🎉"));
        assert!(!fonts.has_system, "only for a script that needs it");
    }

    proptest! {
        #[test]
        fn a_mark_shows_where_letters_are_left_out(words in any_text(), answer in any_text(), width in 1.0..40f32) {
            let text = line(&words, &answer);
            let lines = text.lines(width);
            prop_assert!(!lines.iter().any(has_box));
            let drawn: BTreeSet<usize> = lines.iter().flat_map(glyphs).flat_map(|glyph| glyph.text_range).collect();
            let said = lines[0].text();
            for (at, c) in said.char_indices().filter(|(_, c)| !is_unseen(*c) && !is_joiner(*c)) {
                prop_assert!(drawn.contains(&at), "{:?} of {:?}", c, said);
            }
        }
    }
}
