//! Value types. Each has one check, one JSON form and one schema.
//!
//! `TryFrom<primitive>` is the only way to make a value and `From<T> for primitive` the only way to read it. JSON
//! and the database both use that pair.

#[macro_use]
mod from_text;
#[macro_use]
mod id;
#[macro_use]
mod number;
#[macro_use]
mod text;
#[macro_use]
mod word;
mod bounded_list;
mod bounded_set;
mod clock;
mod day;
mod moment;

pub use bounded_list::BoundedList;
pub use bounded_set::BoundedSet;
pub use clock::{TimeOfDay, TimeZone};
pub use day::Day;
pub use from_text::TextVisitor;
pub use moment::Moment;
pub use number::Whole;
pub use text::{LINES, checked_name, checked_text, text_schema};
pub use word::UnknownWord;

/// Why a value is invalid. The text is for the person who sent it.
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
    /// A text that is too short or too long. The length is in Unicode characters.
    #[error("must have {low} to {high} characters, had {was}")]
    Length {
        /// Fewest characters allowed.
        low: usize,
        /// Most characters allowed.
        high: usize,
        /// Characters given.
        was: usize,
    },
    /// A text with a control character.
    #[error("must not contain control characters")]
    Control,
    /// A name with an invisible character, or with one that changes the direction of writing.
    #[error("must not contain invisible characters or characters that change the direction of writing")]
    Invisible,
    /// A text that is only white space.
    #[error("must contain more than white space")]
    Blank,
    /// A time zone that is not in the IANA database.
    #[error("must be the name of an IANA time zone such as America/New_York")]
    TimeZone,
    /// A text that is not a UUID.
    #[error("must be a UUID such as 0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3")]
    Id,
    /// A text that is not an RFC 3339 timestamp.
    #[error("must be a time such as 2026-03-02T18:05:00Z")]
    Moment,
    /// A text that is not a calendar date.
    #[error("must be a day such as 2026-03-02")]
    Day,
    /// A timestamp outside the range that can be stored.
    #[error("must be between 0001-01-02 and 2199-12-31")]
    Instant,
    /// A text that is not an email address.
    #[error("must be an email address such as name@example.org, at most 254 characters")]
    Email,
    /// A sign-in name of the wrong form.
    #[error("must be 3 to 254 characters: letters, digits, dot, hyphen, underscore, or an email address")]
    SignInName,
    /// A wall-clock time that is not `HH:MM`.
    #[error("must be a time of day such as 08:30")]
    TimeOfDay,
    /// A number with more than one decimal place.
    #[error("must have at most one decimal place")]
    Decimals,
    /// A list with too many entries.
    #[error("must have at most {most} entries, had {was}")]
    TooMany {
        /// Most entries allowed.
        most: usize,
        /// Entries given.
        was: usize,
    },
    /// A list with too few or too many entries.
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
    #[error("must not end below its start")]
    Backwards,
    /// A code that is not in snake case.
    #[error("must be a code of 2 to 40 characters such as urge_surfing: a to z, 0 to 9, underscores")]
    SkillCode,
    /// A text that is not a skill reference.
    #[error("must name a skill, such as library:urge_surfing or organization: and the skill's id")]
    SkillRef,
}
