//! Recovery: sober time for each substance, its milestones, lapses without shame, and reports of use.
//!
//! Sobriety dates ([`sobriety_date`]) and lapses ([`lapse`]) are stored as the phone sent them, however late they come.
//! Sober time ([`course`]) and milestones are computed from them in the order in which things happened, so it does not
//! matter in which order they arrived. Staff who treat the person see the use that any entry reports ([`use_report`]);
//! only a lapse changes sober time.

pub mod course;
pub mod debrief;
pub mod guidance;
pub mod lapse;
pub mod learning;
pub mod milestone;
pub mod sobriety_date;
pub mod use_report;
pub mod warning;

use crate::log_entry;

/// Why a change to a recovery record is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// What applies to all entries.
    #[error(transparent)]
    Entry(#[from] log_entry::Refusal),
    /// A sobriety date in the future.
    #[error("that has not begun yet; choose today or an earlier day")]
    NotYet,
    /// A sobriety date before 1900.
    #[error("must not be earlier than 1900-01-01")]
    LongAgo,
    /// The time of a sobriety date is on another day.
    #[error("must be on the day of `since` in this time zone")]
    OtherDay,
    /// A correction that names itself, or a sobriety date of another substance.
    #[error("must name another sobriety date of the same substance")]
    OtherDate,
    /// The phone changed a revision that is not the latest.
    #[error("this was changed since; the latest revision is {current}")]
    Stale {
        /// The latest revision.
        current: i32,
    },
    /// Somebody acknowledged use reports that have changed since they were read.
    #[error(
        "use was reported, corrected or withdrawn since; read the use reports of this day and acknowledge what you see"
    )]
    ReportedSince,
}

impl Refusal {
    /// The field that causes the refusal, as a JSON pointer, if it is one field.
    pub fn pointer(self) -> Option<&'static str> {
        match self {
            Self::NotYet | Self::LongAgo => Some("/since"),
            Self::OtherDay => Some("/at"),
            Self::OtherDate => Some("/corrects"),
            Self::Entry(_) | Self::Stale { .. } | Self::ReportedSince => None,
        }
    }
}
