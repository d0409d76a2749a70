//! Calendar dates.

use std::str::FromStr;

use jiff::civil;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{Invalid, Moment, TimeZone};

/// A date in a person's local calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "civil::Date")]
pub struct Day(civil::Date);

impl Day {
    /// The earliest date that can be stored.
    pub const EARLIEST: Self = Self(civil::date(1, 1, 1));

    /// The day this many days later, or earlier if negative. It stops at the first and the last date.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().days(days)))
    }

    /// The first instant of this day in a time zone; none outside the range of [`Moment`]. A day that the zone
    /// skipped begins with the next one.
    pub fn begins(self, zone: &TimeZone) -> Option<Moment> {
        self.0.to_zoned(zone.rules()).ok()?.timestamp().try_into().ok()
    }

    /// The number of days from this day to another; negative if the other is earlier.
    pub fn until(self, later: Self) -> i32 {
        later.number() - self.number()
    }

    /// Days since 1970-01-01.
    pub fn number(self) -> i32 {
        civil::date(1970, 1, 1).until(self.0).map_or(0, |span| span.get_days())
    }

    /// The day this many days after 1970-01-01, if there is such a date.
    pub fn from_number(number: i32) -> Option<Self> {
        civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(number).ok()?).ok().map(Self)
    }
}

impl From<civil::Date> for Day {
    fn from(date: civil::Date) -> Self {
        Self(date)
    }
}
from_text!(Day, Invalid::Day);

impl FromStr for Day {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if !has_form(text, "0000-00-00") {
            return Err(Invalid::Day);
        }
        text.parse().map(Self).map_err(|_| Invalid::Day)
    }
}
impl From<Day> for civil::Date {
    fn from(day: Day) -> Self {
        day.0
    }
}
impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a text has this form, in which each 0 is any digit.
pub(super) fn has_form(text: &str, form: &str) -> bool {
    let fits =
        |(given, wanted): (u8, u8)| if wanted == b'0' { given.is_ascii_digit() } else { given == wanted };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}

// Part of the patterns in schemas.
pub(super) const DATE: &str = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A date in the person's local calendar"))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .pattern(Some(format!("^{DATE}$")))
            .min_length(Some(10))
            .max_length(Some(10))
            .examples([serde_json::json!("2026-03-02")])
            .into()
    }
}
impl ToSchema for Day {}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn pattern(schema: RefOr<Schema>) -> regex::Regex {
        let RefOr::T(Schema::Object(schema)) = schema else { panic!("a schema of its own") };
        regex::Regex::new(&schema.pattern.unwrap()).unwrap()
    }

    #[test]
    fn a_day_is_written_in_ten_characters_and_no_other_way() {
        assert_eq!("2026-03-02".parse::<Day>().unwrap().to_string(), "2026-03-02");
        for bad in [
            "",
            "20260302",
            "2026-3-2",
            "+002026-03-02",
            "2026-03-02T00:00:00Z",
            "2026-02-30",
            "2026-03-02[UTC]",
            "2026-W10-1",
            "2026-061",
            "-001-01-01",
            "2026/03/02",
            " 2026-03-02",
        ] {
            assert_eq!(bad.parse::<Day>(), Err(Invalid::Day), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_accepted_day_has_the_documented_form(text in prop_oneof![
            "[0-9+-]{0,3}[0-9]{4}-?[01]?[0-9]-?[0-3]?[0-9](T00)?",
            "[0-9]{4}-[01][0-9]-[0-3][0-9]",
            "\\PC{0,12}",
        ]) {
            if let Ok(day) = text.parse::<Day>() {
                prop_assert!(pattern(Day::schema()).is_match(&text), "{}", text);
                prop_assert_eq!(day.to_string(), text);
            }
        }

        #[test]
        fn days_and_their_numbers_are_the_same(number in -700_000i32..80_000) {
            let day = Day::from_number(number).unwrap();
            prop_assert_eq!(day.number(), number);
            prop_assert_eq!(day.plus(7).plus(-7), day);
            prop_assert_eq!(day.until(day.plus(21)), 21);
        }
    }
}
