//! Time zones and times of day.

use jiff::{civil, tz};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{Invalid, text_schema};

/// An IANA time zone by name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeZone(tz::TimeZone);

impl TimeZone {
    // An operating system's zone folder also has these: its own clock, rules without a place, and the same zones
    // again, some of them with leap seconds.
    const NONE: [&str; 4] = ["localtime", "posixrules", "Factory", "Etc/Unknown"];
    const FOLDERS: [&str; 2] = ["posix", "right"];

    /// The rules of this zone.
    pub fn rules(&self) -> tz::TimeZone {
        self.0.clone()
    }
    /// The IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}
impl std::fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
impl TryFrom<String> for TimeZone {
    type Error = Invalid;
    fn try_from(name: String) -> Result<Self, Invalid> {
        let is_no_zone = Self::NONE.iter().any(|none| none.eq_ignore_ascii_case(&name));
        let is_of_folder =
            |folder: &str| name.split_once('/').is_some_and(|(first, _)| first.eq_ignore_ascii_case(folder));
        if 64 < name.len() || is_no_zone || Self::FOLDERS.into_iter().any(is_of_folder) {
            return Err(Invalid::TimeZone);
        }
        let zone = tz::TimeZone::get(&name).map_err(|_| Invalid::TimeZone)?;
        if zone.iana_name().is_none() {
            return Err(Invalid::TimeZone);
        }
        Ok(Self(zone))
    }
}
impl From<TimeZone> for String {
    fn from(zone: TimeZone) -> Self {
        zone.name().to_owned()
    }
}
impl PartialSchema for TimeZone {
    fn schema() -> RefOr<Schema> {
        text_schema("The name of an IANA time zone", Some(1), Some(64), None, "America/New_York")
    }
}
impl ToSchema for TimeZone {}

/// A local time of day, to the minute, written `HH:MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(i16);

impl TimeOfDay {
    /// Minutes since local midnight, 0 to 1439.
    pub fn minutes(self) -> i16 {
        self.0
    }
    /// As a type of the calendar library.
    pub fn civil(self) -> civil::Time {
        let (hour, minute) = (self.0 / 60, self.0 % 60);
        civil::time(i8::try_from(hour).unwrap_or(0), i8::try_from(minute).unwrap_or(0), 0, 0)
    }
}
impl TryFrom<i16> for TimeOfDay {
    type Error = Invalid;
    fn try_from(minutes: i16) -> Result<Self, Invalid> {
        if (0..24 * 60).contains(&minutes) { Ok(Self(minutes)) } else { Err(Invalid::TimeOfDay) }
    }
}
impl From<TimeOfDay> for i16 {
    fn from(time: TimeOfDay) -> Self {
        time.0
    }
}
impl TryFrom<String> for TimeOfDay {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        let digits = |part: &str| match part.as_bytes() {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
                Some(i16::from(tens - b'0') * 10 + i16::from(ones - b'0'))
            }
            _ => None,
        };
        let (hour, minute) = text.split_once(':').ok_or(Invalid::TimeOfDay)?;
        match (digits(hour), digits(minute)) {
            (Some(hour @ 0..24), Some(minute @ 0..60)) => Ok(Self(hour * 60 + minute)),
            _ => Err(Invalid::TimeOfDay),
        }
    }
}
impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        format!("{:02}:{:02}", time.0 / 60, time.0 % 60)
    }
}
impl PartialSchema for TimeOfDay {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A local time of day, to the minute"))
            .pattern(Some("^([01][0-9]|2[0-3]):[0-5][0-9]$"))
            .min_length(Some(5))
            .max_length(Some(5))
            .examples([serde_json::json!("19:30")])
            .into()
    }
}
impl ToSchema for TimeOfDay {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_unknown_zone_is_refused() {
        for bad in
            ["", "Mars/Olympus", "America/New York", "EST5EDT,M3.2.0,M11.1.0", "../etc/passwd", "Etc/Unknown"]
        {
            assert_eq!(TimeZone::try_from(bad.to_owned()), Err(Invalid::TimeZone), "{bad:?}");
        }
    }

    #[test]
    fn other_files_in_the_zone_folder_are_not_zones() {
        for bad in [
            "localtime",
            "LocalTime",
            "posixrules",
            "Factory",
            "factory",
            "posix/America/New_York",
            "Posix/UTC",
            "right/UTC",
            "Right/Europe/Berlin",
            "etc/unknown",
        ] {
            assert_eq!(TimeZone::try_from(bad.to_owned()), Err(Invalid::TimeZone), "{bad:?}");
        }
        for good in ["UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "EST5EDT", "Europe/Kyiv"] {
            assert!(TimeZone::try_from(good.to_owned()).is_ok(), "{good:?}");
        }
    }

    proptest! {
        #[test]
        fn a_time_of_day_reads_back_as_written(minutes in 0i16..1440) {
            let time = TimeOfDay::try_from(minutes).unwrap();
            prop_assert_eq!(TimeOfDay::try_from(String::from(time)), Ok(time));
        }
        #[test]
        fn a_text_never_panics_the_time_of_day(text in ".{0,8}") {
            let _ = TimeOfDay::try_from(text);
        }
    }
}
