//! Texts and names: their length and the characters they may contain.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};

use super::Invalid;

/// Makes a type for texts of a given length without control characters. `lines` allows line breaks and tabs.
/// `name` refuses characters that make one name or number look like another.
#[macro_export]
macro_rules! text {
    ($(#[doc = $doc:literal])* $name:ident: $low:literal to $high:literal, lines, such as $example:literal) => {
        $crate::text!(@ [$($doc),*] $name $low $high |text| $crate::value::checked_text(text, $low, $high, &$crate::value::LINES), $example);
    };
    ($(#[doc = $doc:literal])* $name:ident: $low:literal to $high:literal, name, such as $example:literal) => {
        $crate::text!(@ [$($doc),*] $name $low $high |text| $crate::value::checked_name(text, $low, $high), $example);
    };
    ($(#[doc = $doc:literal])* $name:ident: $low:literal to $high:literal, such as $example:literal) => {
        $crate::text!(@ [$($doc),*] $name $low $high |text| $crate::value::checked_text(text, $low, $high, &[]), $example);
    };
    (@ [$($doc:literal),*] $name:ident $low:literal $high:literal |$text:ident| $check:expr, $example:literal) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);
        impl TryFrom<String> for $name {
            type Error = $crate::value::Invalid;
            fn try_from($text: String) -> Result<Self, Self::Error> {
                $check.map(Self)
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self { value.0 }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str { &self.0 }
        }
        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::schema::Schema> {
                $crate::value::text_schema(concat!($($doc),*), Some($low), Some($high), None, $example)
            }
        }
        impl ::utoipa::ToSchema for $name {}
    };
}

/// The control characters that a text of several lines may contain.
pub const LINES: [char; 3] = ['\n', '\r', '\t'];

/// Checks a text: its length in characters, and that it has no character that could break a header, a log line
/// or a database.
pub fn checked_text(text: String, low: usize, high: usize, allowed: &[char]) -> Result<String, Invalid> {
    let was = text.chars().count();
    if was < low || high < was {
        return Err(Invalid::Length { low, high, was });
    }
    if text.chars().any(|c| c.is_control() && !allowed.contains(&c)) {
        return Err(Invalid::Control);
    }
    if 0 < low && text.trim().is_empty() {
        return Err(Invalid::Blank);
    }
    Ok(text)
}

/// Checks a name of one line: a text without invisible characters. Joiners are allowed, because some scripts and
/// emoji need them, but a name must have more than joiners.
///
/// Source: Unicode TR 36 2.5 (bidirectional text spoofing).
pub fn checked_name(text: String, low: usize, high: usize) -> Result<String, Invalid> {
    let is_joiner = |c: char| matches!(c, '\u{200c}' | '\u{200d}');
    let is_invisible = |c: char| {
        matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let text = checked_text(text, low, high, &[])?;
    if text.chars().any(is_invisible) {
        return Err(Invalid::Invisible);
    }
    if text.chars().all(|c| c.is_whitespace() || is_joiner(c)) {
        return Err(Invalid::Blank);
    }
    Ok(text)
}

/// The schema of a text with its length, format and example.
pub fn text_schema(
    description: &str,
    low: Option<usize>,
    high: Option<usize>,
    format: Option<&str>,
    example: &str,
) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description.trim()))
        .min_length(low)
        .max_length(high)
        .format(format.map(|format| SchemaFormat::Custom(format.to_owned())))
        .examples([serde_json::json!(example)])
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_contains_nothing_that_breaks_a_line_or_a_database() {
        for bad in ["a\0b", "a\u{1b}[31m", "a\u{7f}"] {
            assert_eq!(checked_text(bad.to_owned(), 1, 9, &LINES), Err(Invalid::Control), "{bad:?}");
        }
        assert!(checked_text("two\nlines".to_owned(), 1, 20, &LINES).is_ok());
        assert_eq!(checked_text("two\nlines".to_owned(), 1, 20, &[]), Err(Invalid::Control));
        assert_eq!(checked_text("   ".to_owned(), 1, 20, &[]), Err(Invalid::Blank));
    }

    #[test]
    fn a_name_contains_no_invisible_characters() {
        let name = |text: &str| checked_name(text.to_owned(), 1, 20);
        for bad in [
            "Sam\u{202e}R",
            "Sam\u{2066}",
            "S\u{200b}am",
            "\u{feff}Sam",
            "Sam\u{ad}",
            "Sam\u{2028}R",
            "Sam\u{e0041}",
        ] {
            assert_eq!(name(bad), Err(Invalid::Invisible), "{bad:?}");
        }
        for good in ["Sam R.", "نیم\u{200c}فاصله", "👩\u{200d}🌾 Zoë", "דנה", "李"] {
            assert!(name(good).is_ok(), "{good:?}");
        }
        assert_eq!(name(" \u{200d} "), Err(Invalid::Blank));
        assert_eq!(name("Sam\n"), Err(Invalid::Control));
    }

    proptest! {
        #[test]
        fn lengths_are_counted_in_characters(text in "\\PC{0,12}") {
            let was = text.chars().count();
            let outcome = checked_text(text.clone(), 0, 6, &[]);
            prop_assert_eq!(outcome.is_ok(), was <= 6 && !text.chars().any(char::is_control));
        }
    }
}
