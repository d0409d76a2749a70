//! Recovery: sober time for each substance, its milestones, and lapses without shame.
//!
//! Use that a craving or a check-in tells of ([`told_use`]) changes none of it, but is seen.
//!
//! What is stored are facts: sobriety dates ([`sobriety_date`]) and lapses ([`lapse`]), each named by the phone, each taken
//! however late it comes. Sober time ([`course`]) is folded from them each time it is asked for, in the order in
//! which things happened, so it does not matter in which order they came. So are its milestones.

pub mod attention;
pub mod course;
pub mod debrief;
pub mod guidance;
pub mod lapse;
pub mod learning;
pub mod milestone;
pub mod sobriety_date;
pub mod told_use;
pub mod warning;

use crate::log_entry;

/// Why a change to a recovery record is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The id already stands for other content.
    #[error("this id already stands for other content; send it under a new id")]
    Different,
    /// It was taken back.
    #[error("this was taken back; make a new entry under a new id")]
    Withdrawn,
    /// There are as many revisions as are kept.
    #[error(
        "this was already corrected as often as is kept; take it back, and make a new entry under a new id"
    )]
    TooManyRevisions,
    /// A start that lies ahead.
    #[error("that has not begun yet; choose today or an earlier day")]
    NotYet,
    /// A start before anyone alive was born.
    #[error("must not be earlier than 1900-01-01")]
    LongAgo,
    /// The time of a start lies on another day than the start.
    #[error("must lie on the day of `since` in this time zone")]
    OtherDay,
    /// A correction that names itself, or a start of another substance.
    #[error("must name another start of the same substance")]
    OtherStart,
    /// The phone saved on top of a revision that is not the latest, or somebody acknowledged one.
    #[error("this was changed since; the latest revision is {current}")]
    Stale {
        /// The latest revision.
        current: i32,
    },
}

impl From<log_entry::Refusal> for Refusal {
    fn from(refusal: log_entry::Refusal) -> Self {
        match refusal {
            log_entry::Refusal::Different => Self::Different,
            log_entry::Refusal::Withdrawn => Self::Withdrawn,
            log_entry::Refusal::TooManyRevisions => Self::TooManyRevisions,
        }
    }
}

impl Refusal {
    /// What is at fault in the request, as a JSON pointer, if it is one field.
    pub fn pointer(self) -> Option<&'static str> {
        match self {
            Self::NotYet | Self::LongAgo => Some("/since"),
            Self::OtherDay => Some("/at"),
            Self::OtherStart => Some("/corrects"),
            Self::Different | Self::Withdrawn | Self::TooManyRevisions | Self::Stale { .. } => None,
        }
    }
}
