//! Why a change of a plan is refused.

use super::section::PlanSection;
use crate::coping;

/// Why a change of a plan is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The plan was changed since it was read.
    #[error("this plan was changed since you read it; the current revision is {current}")]
    Stale {
        /// The current revision; 0 if there is none.
        current: i32,
    },
    /// Only the current revision can be signed.
    #[error("only the current revision, {current}, can be signed")]
    NotCurrent {
        /// The current revision.
        current: i32,
    },
    /// Only the participant and a counselor sign a plan.
    #[error("only the participant and a counselor can sign a plan")]
    NotASigner,
    /// The review date is too far away.
    #[error("the next review must be at most {most} days ahead")]
    ReviewTooFar {
        /// The most days ahead.
        most: i32,
    },
    /// The review date has passed.
    #[error("the next review must be today or later")]
    ReviewPast,
    /// The document is longer than a phone can send back.
    #[error("this is too long to save, at most 48 kB; leave something out")]
    TooLarge,
    /// The list is full.
    #[error("this list is full; remove something first")]
    Full,
    /// The plan has no such trigger.
    #[error("the plan has no such trigger")]
    NoSuchTrigger,
    /// The id is in use for something else.
    #[error("this id is already in use for something else in the plan; make a new one")]
    Different,
    /// The skill has a precaution that the participant noted.
    #[error("{}", coping::Refusal::HasPrecaution)]
    HasPrecaution,
    /// The participant hides the section from the author.
    #[error("the participant keeps this section private")]
    Hidden {
        /// The section.
        section: PlanSection,
    },
    /// Only the participant can change which sections are hidden.
    #[error("only the participant chooses which sections are private; send `only_me` as you read it")]
    Sharing,
}
