//! Timestamps, and the one form in which they are written.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp, Zoned};
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::day::{DATE, has_form};
use super::{Day, Invalid, TimeZone};

/// A timestamp from a phone or a server, to the microsecond, from 0001-01-02 to 2199-12-31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "Timestamp")]
pub struct Moment(Timestamp);

impl Moment {
    // The second day of year 1, so that the local day is in year 1 in every zone.
    const EARLIEST: Timestamp = Timestamp::constant(-62_135_510_400, 0);
    const LATEST: Timestamp = Timestamp::constant(7_258_118_400, 0);

    /// The timestamp this much later, or earlier if negative; unchanged if that is out of range.
    #[must_use]
    pub fn plus(self, by: SignedDuration) -> Self {
        let then = self.0.checked_add(by).ok();
        then.and_then(|then| then.try_into().ok()).unwrap_or(self)
    }

    /// The local time of this timestamp in a zone.
    pub fn in_zone(self, zone: &TimeZone) -> Zoned {
        self.0.to_zoned(zone.rules())
    }

    /// The local day of this timestamp in a zone.
    pub fn local_day(self, zone: &TimeZone) -> Day {
        self.in_zone(zone).date().into()
    }
}

impl TryFrom<Timestamp> for Moment {
    type Error = Invalid;
    fn try_from(instant: Timestamp) -> Result<Self, Invalid> {
        if instant < Self::EARLIEST || Self::LATEST <= instant {
            return Err(Invalid::Instant);
        }
        Timestamp::from_microsecond(instant.as_microsecond()).map(Self).map_err(|_| Invalid::Instant)
    }
}

from_text!(Moment, Invalid::Moment);

impl FromStr for Moment {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if !is_rfc_3339(text) {
            return Err(Invalid::Moment);
        }
        text.parse::<Timestamp>().map_err(|_| Invalid::Moment)?.try_into()
    }
}

/// Whether a text has the form of a timestamp. The library then checks that the date and the time exist.
///
/// Source: RFC 3339 5.6. The library also accepts other forms of ISO 8601.
fn is_rfc_3339(text: &str) -> bool {
    let Some((clock, rest)) = text.split_at_checked(19) else { return false };
    let zone = match rest.strip_prefix('.') {
        Some(rest) => {
            let zone = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            if !(1..=9).contains(&(rest.len() - zone.len())) {
                return false;
            }
            zone
        }
        None => rest,
    };
    let is_offset = || has_form(zone, "+00:00") || has_form(zone, "-00:00");
    has_form(&clock.to_ascii_uppercase(), "0000-00-00T00:00:00")
        && (zone.eq_ignore_ascii_case("z") || is_offset() && &zone[1..] <= "23:59")
}

impl From<Moment> for Timestamp {
    fn from(moment: Moment) -> Self {
        moment.0
    }
}

// Part of the pattern in the schema.
const HOUR: &str = "([01][0-9]|2[0-3])";

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("An RFC 3339 timestamp, to the microsecond, from 0001-01-02 to 2199-12-31"))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .pattern(Some(format!(
                "^{DATE}[Tt]{HOUR}:[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]{{1,9}})?([Zz]|[+-]{HOUR}:[0-5][0-9])$"
            )))
            .min_length(Some(20))
            .max_length(Some(35))
            .examples([serde_json::json!("2026-03-02T18:40:00Z")])
            .into()
    }
}
impl ToSchema for Moment {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::day::tests::pattern;
    use proptest::prelude::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::try_from(name.to_owned()).unwrap()
    }
    fn moment(text: &str) -> Moment {
        Moment::try_from(text.parse::<Timestamp>().unwrap()).unwrap()
    }

    #[test]
    fn an_entry_belongs_to_the_local_day_of_its_own_zone() {
        let late_evening = moment("2026-07-01T00:30:00Z");
        assert_eq!(late_evening.local_day(&zone("America/New_York")).to_string(), "2026-06-30");
        assert_eq!(late_evening.local_day(&zone("UTC")).to_string(), "2026-07-01");
    }

    #[test]
    fn a_year_out_of_range_is_refused() {
        assert_eq!(
            Moment::try_from("9999-01-01T00:00:00Z".parse::<Timestamp>().unwrap()),
            Err(Invalid::Instant)
        );
        assert!(Moment::try_from("1970-01-01T00:00:00Z".parse::<Timestamp>().unwrap()).is_ok());
        assert!(Moment::try_from("0001-01-02T00:00:00Z".parse::<Timestamp>().unwrap()).is_ok());
    }

    #[test]
    fn a_moment_is_written_as_rfc_3339_and_no_other_way() {
        for good in [
            "2026-03-02T18:05:00Z",
            "2026-03-02t18:05:00z",
            "2026-03-02T18:05:00.123456789+05:45",
            "2026-03-02T18:05:00-00:00",
            "2026-03-02T18:05:00+23:59",
            "2026-12-31T23:59:60Z",
        ] {
            assert!(good.parse::<Moment>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "2026-03-02",
            "2026-03-02T18:05Z",
            "2026-03-02T18:05:00",
            "2026-03-02 18:05:00Z",
            "20260302T180500Z",
            "2026-03-02T18:05:00+01",
            "2026-03-02T18:05:00+0100",
            "2026-03-02T18:05:00+01:00:01",
            "2026-03-02T18:05:00+24:00",
            "2026-03-02T18:05:00+25:59",
            "2026-03-02T18:05:00Z[UTC]",
            "2026-03-02T18:05:00+01:00[Europe/Berlin]",
            "+002026-03-02T18:05:00Z",
            "-000001-03-02T18:05:00Z",
            "2026-03-02T18:05:00,5Z",
            "2026-03-02T18:05:00.Z",
            "2026-03-02T24:00:00Z",
            "2026-03-02T18:05:00Z ",
            "2026-02-30T18:05:00Z",
            "2026-03-02T18:05:00\u{2212}01:00",
            "2026-03-02T18:05:00é",
        ] {
            assert_eq!(bad.parse::<Moment>(), Err(Invalid::Moment), "{bad}");
        }
        assert_eq!("9999-01-01T00:00:00Z".parse::<Moment>(), Err(Invalid::Instant));
    }

    /// Texts that are almost a timestamp: some parts have the right form, some a wrong one.
    fn nearly_a_moment() -> impl Strategy<Value = String> {
        let day = "[+-]?(00)?[0-9]{4}-?[01][0-9]-?[0-3][0-9]";
        let clock = "[Tt _]?[0-2][0-9]:?[0-6][0-9](:?[0-6][0-9])?([.,][0-9]{0,11})?";
        let zone = "(|[Zz]|[+-][0-2][0-9](:?[0-6][0-9](:?[0-5][0-9])?)?)(\\[UTC\\])?";
        (day, clock, zone).prop_map(|(day, clock, zone)| day + &clock + &zone)
    }

    proptest! {
        #[test]
        fn every_accepted_moment_has_the_documented_form(text in prop_oneof![
            nearly_a_moment(),
            "\\PC{0,36}",
            "[0-2][0-9]{3}-(0[1-9]|1[0-2])-[0-2][0-9]T[01][0-9]:[0-5][0-9]:[0-6][0-9](Z|[+-][0-2][0-9]:[0-6][0-9])",
        ]) {
            if let Ok(moment) = text.parse::<Moment>() {
                prop_assert!(pattern(Moment::schema()).is_match(&text), "{}", text);
                let written = Timestamp::from(moment).to_string();
                prop_assert!(pattern(Moment::schema()).is_match(&written), "{}", written);
                prop_assert_eq!(written.parse::<Moment>(), Ok(moment));
            }
        }
    }
}
