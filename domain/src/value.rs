//! Values that carry their check, their JSON form and their schema once.
//!
//! `TryFrom<primitive>` is the only way in and `From<T> for primitive` the only way out; JSON and the
//! database both go through that pair.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp, Zoned, civil, tz};
use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema, openapi::RefOr};

/// Why a value cannot exist. The text is meant for the person who sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// A number outside its range.
    #[error("must be {low} to {high}, was {was}")]
    Range {
        /// Smallest allowed.
        low: i64,
        /// Largest allowed.
        high: i64,
        /// What was given.
        was: i64,
    },
    /// A text that is too short or too long, counted in Unicode characters.
    #[error("must have {low} to {high} characters, had {was}")]
    Length {
        /// Fewest characters allowed.
        low: usize,
        /// Most characters allowed.
        high: usize,
        /// Characters given.
        was: usize,
    },
    /// A text with a control character in it.
    #[error("must not contain control characters")]
    Control,
    /// A name with a character in it that nobody sees, or that turns the order of the others round.
    #[error("must not contain invisible characters or such as change the direction of writing")]
    Invisible,
    /// A text of nothing but white space.
    #[error("must contain more than white space")]
    Blank,
    /// A time zone the IANA database does not name.
    #[error("must be the name of an IANA time zone such as America/New_York")]
    TimeZone,
    /// A text that is not a UUID.
    #[error("must be a UUID such as 0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3")]
    Id,
    /// A text that is not an instant by RFC 3339.
    #[error("must be a time such as 2026-03-02T18:05:00Z")]
    Moment,
    /// A text that is not a day of the calendar.
    #[error("must be a day such as 2026-03-02")]
    Day,
    /// An instant outside the years that can be stored.
    #[error("must lie between 0001-01-02 and 2199-12-31")]
    Instant,
    /// A text that is not an e-mail address.
    #[error("must be an e-mail address such as name@example.org, at most 254 characters")]
    Email,
    /// A sign-in name of the wrong form.
    #[error("must be 3 to 254 characters: letters, digits, dot, hyphen, underscore, or an e-mail address")]
    SignInName,
    /// A wall-clock time that is not `HH:MM`.
    #[error("must be a time of day such as 08:30")]
    TimeOfDay,
    /// A number with more than one decimal.
    #[error("must have at most one decimal")]
    Decimals,
    /// A list with too many members.
    #[error("must have at most {most} entries, had {was}")]
    TooMany {
        /// Most entries allowed.
        most: usize,
        /// Entries given.
        was: usize,
    },
    /// A list with too few or too many members.
    #[error("must have {low} to {high} entries, had {was}")]
    Count {
        /// Fewest entries allowed.
        low: usize,
        /// Most entries allowed.
        high: usize,
        /// Entries given.
        was: usize,
    },
    /// A range that ends before it begins.
    #[error("must not end below where it begins")]
    Backwards,
    /// A code that is not one word in snake case.
    #[error("must be a code of 2 to 40 characters such as urge_surfing: a to z, 0 to 9, underscores")]
    SkillCode,
    /// A text that names no skill.
    #[error("must name a skill, such as library:urge_surfing or organisation: and the skill's id")]
    SkillRef,
}

/// Reads a value from a text and says in the value's own words what must stand there, whatever does.
#[macro_export]
macro_rules! told {
    ($name:ident, $words:expr) => {
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
                text.deserialize_str($crate::value::Told::<Self>::by($words))
            }
        }
    };
}

/// The reader of [`told!`](crate::told).
pub struct Told<T>(Invalid, PhantomData<T>);

impl<T> Told<T> {
    /// With the words for what is something else.
    pub fn by(words: Invalid) -> Self {
        Self(words, PhantomData)
    }
}

impl<T: FromStr<Err = Invalid>> Visitor<'_> for Told<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_string().trim_start_matches("must be "))
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// An identifier of one kind of thing. Another kind's does not fit in its place.
#[macro_export]
macro_rules! id {
    ($(#[doc = $doc:literal])* $name:ident) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(::uuid::Uuid);
        $crate::told!($name, $crate::value::Invalid::Id);
        impl From<::uuid::Uuid> for $name {
            fn from(id: ::uuid::Uuid) -> Self { Self(id) }
        }
        impl From<$name> for ::uuid::Uuid {
            fn from(id: $name) -> Self { id.0 }
        }
        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result { self.0.fmt(f) }
        }
        impl ::std::str::FromStr for $name {
            type Err = $crate::value::Invalid;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self).map_err(|_| $crate::value::Invalid::Id)
            }
        }
        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::schema::Schema> {
                $crate::value::text_schema(concat!($($doc),*), None, None, Some("uuid"), "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3")
            }
        }
        impl ::utoipa::ToSchema for $name {}
    };
}

/// Reads a whole number and says between which bounds it must lie, whatever stands there.
pub struct Whole {
    /// Smallest allowed.
    pub low: i64,
    /// Largest allowed.
    pub high: i64,
}

impl Visitor<'_> for Whole {
    type Value = i64;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {} to {}, in plain digits", self.low, self.high)
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }
}

/// A whole number with bounds.
#[macro_export]
macro_rules! whole_number {
    ($(#[doc = $doc:literal])* $name:ident: $low:literal to $high:literal, such as $example:literal) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ::serde::Serialize)]
        #[serde(into = "i64")]
        pub struct $name(i16);
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(number: D) -> Result<Self, D::Error> {
                let was = number.deserialize_i64($crate::value::Whole { low: $low, high: $high })?;
                Self::try_from(was).map_err(::serde::de::Error::custom)
            }
        }
        impl TryFrom<i64> for $name {
            type Error = $crate::value::Invalid;
            fn try_from(was: i64) -> Result<Self, Self::Error> {
                match i16::try_from(was) {
                    Ok(number) if ($low..=$high).contains(&number) => Ok(Self(number)),
                    _ => Err($crate::value::Invalid::Range { low: $low, high: $high, was }),
                }
            }
        }
        impl From<$name> for i64 {
            fn from(value: $name) -> Self { value.0.into() }
        }
        impl From<$name> for i16 {
            fn from(value: $name) -> Self { value.0 }
        }
        impl TryFrom<i16> for $name {
            type Error = $crate::value::Invalid;
            fn try_from(was: i16) -> Result<Self, Self::Error> { i64::from(was).try_into() }
        }
        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::schema::Schema> {
                ::utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(::utoipa::openapi::schema::Type::Integer)
                    .description(Some(concat!($($doc),*).trim()))
                    .minimum(Some($low))
                    .maximum(Some($high))
                    .examples([::serde_json::json!($example)])
                    .into()
            }
        }
        impl ::utoipa::ToSchema for $name {}
    };
}

/// A text with a length and without control characters; `lines` allows line breaks and tabs, `name` refuses what
/// makes one name or number look like another.
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

/// The control characters that a text of several lines may hold.
pub const LINES: [char; 3] = ['\n', '\r', '\t'];

/// The one check of a text: its length in characters, and that nothing in it can break a header, a log line
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

/// The check of a name of one line: a text in which no character is unseen. Joiners stay, which names of some
/// scripts and emoji need, but do not make a name alone.
///
/// Source: Unicode TR 36 2.5 (bidirectional text spoofing).
pub fn checked_name(text: String, low: usize, high: usize) -> Result<String, Invalid> {
    let is_joiner = |c: char| matches!(c, '\u{200c}' | '\u{200d}');
    let is_unseen = |c: char| {
        matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let text = checked_text(text, low, high, &[])?;
    if text.chars().any(is_unseen) {
        return Err(Invalid::Invisible);
    }
    if text.chars().all(|c| c.is_whitespace() || is_joiner(c)) {
        return Err(Invalid::Blank);
    }
    Ok(text)
}

/// The schema of a text with bounds, a format and an example.
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

/// The schema of what stands: what the house says of it, and the draft it came from. `allOf` would not let a
/// closed draft be extended.
pub fn standing_schema(description: &str, standing: RefOr<Schema>, draft: RefOr<Schema>) -> RefOr<Schema> {
    match (standing, draft) {
        (RefOr::T(Schema::Object(mut whole)), RefOr::T(Schema::Object(draft))) => {
            whole.description = Some(description.to_owned());
            whole.properties.extend(draft.properties);
            whole.required.extend(draft.required);
            whole.into()
        }
        (other, _) => other,
    }
}

/// An instant as a phone or a server tells it, to the microsecond, between the years 1 and 2199.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "Timestamp")]
pub struct Moment(Timestamp);

impl Moment {
    // A day in from year 1, so that the local day is a year 1 day in every zone.
    const EARLIEST: Timestamp = Timestamp::constant(-62_135_510_400, 0);
    const LATEST: Timestamp = Timestamp::constant(7_258_118_400, 0);

    /// The instant so much later, or earlier if negative; stays where the calendar ends.
    #[must_use]
    pub fn plus(self, by: SignedDuration) -> Self {
        let then = self.0.checked_add(by).ok();
        then.and_then(|then| then.try_into().ok()).unwrap_or(self)
    }

    /// The wall clock of this instant in a zone.
    pub fn in_zone(self, zone: &TimeZone) -> Zoned {
        self.0.to_zoned(zone.rules())
    }

    /// The local day of this instant in a zone.
    pub fn local_day(self, zone: &TimeZone) -> Day {
        Day(self.in_zone(zone).date())
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

told!(Moment, Invalid::Moment);

impl FromStr for Moment {
    type Err = Invalid;
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if !is_rfc_3339(text) {
            return Err(Invalid::Moment);
        }
        text.parse::<Timestamp>().map_err(|_| Invalid::Moment)?.try_into()
    }
}

/// Whether a text has the form of an instant; whether there is such a day or hour is for the calendar to say.
///
/// Source: RFC 3339 5.6. The calendar library also reads other forms of ISO 8601.
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

/// Whether a text reads like this form, where each 0 stands for a digit.
fn has_form(text: &str, form: &str) -> bool {
    let fits =
        |(given, wanted): (u8, u8)| if wanted == b'0' { given.is_ascii_digit() } else { given == wanted };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}

impl From<Moment> for Timestamp {
    fn from(moment: Moment) -> Self {
        moment.0
    }
}

// Parts of patterns in schemas.
const DATE: &str = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";
const HOUR: &str = "([01][0-9]|2[0-3])";

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("An instant by RFC 3339, to the microsecond, from 0001-01-02 to 2199-12-31"))
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

/// A day of somebody's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "civil::Date")]
pub struct Day(civil::Date);

impl Day {
    /// The first day that a calendar here knows.
    pub const EARLIEST: Self = Self(civil::date(1, 1, 1));

    /// The day this many days later, or earlier if negative; stays where the calendar ends.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().days(days)))
    }

    /// The first instant of this day in a zone; none where the calendar ends. A day that the zone skips begins
    /// with the one after it.
    pub fn begins(self, zone: &TimeZone) -> Option<Moment> {
        self.0.to_zoned(zone.rules()).ok()?.timestamp().try_into().ok()
    }

    /// How many days lie between this day and a later one; negative if it is earlier.
    pub fn until(self, later: Self) -> i32 {
        later.number() - self.number()
    }

    /// Days since 1970-01-01.
    pub fn number(self) -> i32 {
        civil::date(1970, 1, 1).until(self.0).map_or(0, |span| span.get_days())
    }

    /// The day this many days after 1970-01-01, if the calendar reaches that far.
    pub fn from_number(number: i32) -> Option<Self> {
        civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(number).ok()?).ok().map(Self)
    }
}

impl From<civil::Date> for Day {
    fn from(date: civil::Date) -> Self {
        Self(date)
    }
}
told!(Day, Invalid::Day);

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
impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A day of the person's own calendar"))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .pattern(Some(format!("^{DATE}$")))
            .min_length(Some(10))
            .max_length(Some(10))
            .examples([serde_json::json!("2026-03-02")])
            .into()
    }
}
impl ToSchema for Day {}

/// An IANA time zone by name. Kept as the phone spelt it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeZone(tz::TimeZone);

impl TimeZone {
    // What lies beside the zones where an operating system keeps them: its own clock, rules without a place, and
    // the same zones again, some of them counting leap seconds.
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
        text_schema("Name of a time zone of the IANA database", Some(1), Some(64), None, "America/New_York")
    }
}
impl ToSchema for TimeZone {}

/// A time on the wall clock, to the minute, written `HH:MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(i16);

impl TimeOfDay {
    /// Minutes since local midnight, 0 to 1439.
    pub fn minutes(self) -> i16 {
        self.0
    }
    /// As the calendar library counts it.
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
            .description(Some("A time on the wall clock, to the minute"))
            .pattern(Some("^([01][0-9]|2[0-3]):[0-5][0-9]$"))
            .min_length(Some(5))
            .max_length(Some(5))
            .examples([serde_json::json!("19:30")])
            .into()
    }
}
impl ToSchema for TimeOfDay {}

/// A set of at most `MOST` members, such as the triggers of one craving; a member named twice counts once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "Vec<T>",
    into = "Vec<T>",
    bound(deserialize = "T: Ord + Deserialize<'de>", serialize = "T: Ord + Clone + Serialize")
)]
pub struct Few<T: Ord + Clone, const MOST: usize>(Vec<T>);

impl<T: Ord + Clone, const MOST: usize> Few<T, MOST> {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Whether it has this member.
    pub fn contains(&self, member: &T) -> bool {
        self.0.binary_search(member).is_ok()
    }
    /// Its members, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}
impl<'a, T: Ord + Clone, const MOST: usize> IntoIterator for &'a Few<T, MOST> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
impl<T: Ord + Clone, const MOST: usize> Default for Few<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
impl<T: Ord + Clone, const MOST: usize> TryFrom<Vec<T>> for Few<T, MOST> {
    type Error = Invalid;
    fn try_from(mut members: Vec<T>) -> Result<Self, Invalid> {
        if MOST < members.len() {
            return Err(Invalid::TooMany { most: MOST, was: members.len() });
        }
        members.sort();
        members.dedup();
        Ok(Self(members))
    }
}
impl<T: Ord + Clone, const MOST: usize> From<Few<T, MOST>> for Vec<T> {
    fn from(few: Few<T, MOST>) -> Self {
        few.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::try_from(name.to_owned()).unwrap()
    }
    fn moment(text: &str) -> Moment {
        Moment::try_from(text.parse::<Timestamp>().unwrap()).unwrap()
    }

    #[test]
    fn a_log_belongs_to_the_day_of_its_own_zone() {
        let late_evening = moment("2026-07-01T00:30:00Z");
        assert_eq!(late_evening.local_day(&zone("America/New_York")).to_string(), "2026-06-30");
        assert_eq!(late_evening.local_day(&zone("UTC")).to_string(), "2026-07-01");
    }

    #[test]
    fn a_year_no_calendar_needs_is_refused() {
        assert_eq!(
            Moment::try_from("9999-01-01T00:00:00Z".parse::<Timestamp>().unwrap()),
            Err(Invalid::Instant)
        );
        assert!(Moment::try_from("1970-01-01T00:00:00Z".parse::<Timestamp>().unwrap()).is_ok());
        assert!(Moment::try_from("0001-01-02T00:00:00Z".parse::<Timestamp>().unwrap()).is_ok());
    }

    #[test]
    fn a_text_may_not_hold_what_breaks_a_line_or_a_database() {
        for bad in ["a\0b", "a\u{1b}[31m", "a\u{7f}"] {
            assert_eq!(checked_text(bad.to_owned(), 1, 9, &LINES), Err(Invalid::Control), "{bad:?}");
        }
        assert!(checked_text("two\nlines".to_owned(), 1, 20, &LINES).is_ok());
        assert_eq!(checked_text("two\nlines".to_owned(), 1, 20, &[]), Err(Invalid::Control));
        assert_eq!(checked_text("   ".to_owned(), 1, 20, &[]), Err(Invalid::Blank));
    }

    #[test]
    fn a_name_holds_nothing_that_nobody_sees() {
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

    #[test]
    fn an_unknown_zone_is_refused() {
        for bad in
            ["", "Mars/Olympus", "America/New York", "EST5EDT,M3.2.0,M11.1.0", "../etc/passwd", "Etc/Unknown"]
        {
            assert_eq!(TimeZone::try_from(bad.to_owned()), Err(Invalid::TimeZone), "{bad:?}");
        }
    }

    #[test]
    fn a_file_beside_the_zones_is_no_zone() {
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

    fn pattern(schema: RefOr<Schema>) -> regex::Regex {
        let RefOr::T(Schema::Object(schema)) = schema else { panic!("a schema of its own") };
        regex::Regex::new(&schema.pattern.unwrap()).unwrap()
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

    /// Texts that are nearly an instant: parts of the right form and parts of a wrong one.
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
        fn a_time_of_day_reads_back_as_written(minutes in 0i16..1440) {
            let time = TimeOfDay::try_from(minutes).unwrap();
            prop_assert_eq!(TimeOfDay::try_from(String::from(time)), Ok(time));
        }
        #[test]
        fn a_text_never_panics_the_time_of_day(text in ".{0,8}") {
            let _ = TimeOfDay::try_from(text);
        }
        #[test]
        fn days_and_their_numbers_are_the_same(number in -700_000i32..80_000) {
            let day = Day::from_number(number).unwrap();
            prop_assert_eq!(day.number(), number);
            prop_assert_eq!(day.plus(7).plus(-7), day);
            prop_assert_eq!(day.until(day.plus(21)), 21);
        }
        #[test]
        fn every_length_is_counted_in_characters(text in "\\PC{0,12}") {
            let was = text.chars().count();
            let outcome = checked_text(text.clone(), 0, 6, &[]);
            prop_assert_eq!(outcome.is_ok(), was <= 6 && !text.chars().any(char::is_control));
        }
    }
}
