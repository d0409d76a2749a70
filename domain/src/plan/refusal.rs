//! Why a plan is not changed.

use super::section::PlanSection;
use crate::coping;

/// Why a plan is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It was saved since. Answer with the current revision, as the asking person may see it.
    #[error("this plan was changed since; the current revision is {current}")]
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
    /// A plan is signed by the participant and a counselor.
    #[error("a plan is signed by the participant and a counselor")]
    NotASigner,
    /// The review date is too far away.
    #[error("the next review must be at most {most} days ahead")]
    ReviewTooFar {
        /// Most days ahead.
        most: i32,
    },
    /// A review date that has passed.
    #[error("the next review must be today or later")]
    ReviewPast,
    /// The document is longer than a phone can send back.
    #[error("this is too long to be kept: at most 48 kB; leave something out")]
    TooLarge,
    /// The list has no place left.
    #[error("this list is full; take something out first")]
    Full,
    /// There is no such trigger in the plan.
    #[error("the plan has no such trigger")]
    NoSuchTrigger,
    /// The id already stands for something else.
    #[error("this id already stands for something else in the plan; make a new one")]
    Different,
    /// The participant noted a precaution that the skill has.
    #[error("{}", coping::Refusal::HasPrecaution)]
    HasPrecaution,
    /// The section is kept from the author.
    #[error("the participant keeps this section to themselves")]
    Kept {
        /// Which one.
        section: PlanSection,
    },
    /// What is kept is not for the author to say.
    #[error("the participant alone chooses what to keep to themselves; send this as it was read")]
    Sharing,
}
