//! The relapse-prevention plan, which participant and counselor write together, and the safety plan.
//!
//! Each save is a new revision; what was written or signed never changes. A save says which revision it
//! started from, so that nobody overwrites what they have not seen, and what somebody may not see they can
//! neither read nor erase. Each rule returns things as they stand afterwards: equal to what was given, it was
//! a repeat.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account::{AccountId, Role};
use crate::journal::words;
use crate::program::LevelOfCare;
use crate::value::{Day, Moment};

pub mod completeness;
pub mod difference;
pub mod document;
pub mod item;
pub mod learned;
pub mod lines;
pub mod merge;
pub mod poster;
pub mod proposal;
pub mod safety;
pub mod section;
pub mod summary;

pub use difference::{Difference, compare};
pub use document::Document;
pub use item::ItemId;
pub use merge::{Conflict, merge};
pub use section::{Plan, PlanSection};

/// Most bytes of a document's JSON: it fits a request of 64 KiB with room around it.
pub const MOST_BYTES: usize = 48_000;

impl LevelOfCare {
    /// Within how many days a plan is looked at again.
    pub fn review_within(self) -> i32 {
        match self {
            Self::IntensiveOutpatient => 14,
            Self::Aftercare => 90,
        }
    }
}

words! {
    /// How far a revision is agreed.
    Agreement {
        /// Nobody signed it.
        Draft = "draft",
        /// The participant signed it.
        Participant = "participant",
        /// A counselor signed it.
        Counselor = "counselor",
        /// Both signed it.
        Agreed = "agreed",
    }
}

/// Who did it, and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Author {
    /// The account.
    pub account: AccountId,
    /// Its role then.
    pub role: Role,
}

/// A signature under one revision, and under no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signature {
    /// Who signed.
    pub by: AccountId,
    /// As what.
    pub role: Role,
    /// When.
    pub at: Moment,
    /// The revision that was signed.
    #[schema(minimum = 1)]
    pub revision: i32,
}

/// A document as it was saved once. Signatures may be added while it is the current one; nothing else changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Revision<D> {
    /// Its number, from 1.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// Who saved it.
    pub author: Author,
    /// When.
    pub made_at: Moment,
    /// What it says.
    pub content: D,
    /// Who signed it, in order of time.
    pub signatures: Vec<Signature>,
}

impl<D> Revision<D> {
    /// How far it is agreed.
    pub fn agreement(&self) -> Agreement {
        let signed = |role| self.signatures.iter().any(|signature| signature.role == role);
        match (signed(Role::Participant), signed(Role::Counselor)) {
            (false, false) => Agreement::Draft,
            (true, false) => Agreement::Participant,
            (false, true) => Agreement::Counselor,
            (true, true) => Agreement::Agreed,
        }
    }
}

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
    #[error("this id already stands for something else in the plan")]
    Different,
}

/// The revision that follows, or the current one if nothing is new in it.
fn next<D: Document>(
    current: Option<&Revision<D>>,
    based_on: i32,
    content: D,
    author: Author,
    now: Moment,
) -> Result<Revision<D>, Refusal> {
    if let Some(current) = current
        && current.content == content
    {
        return Ok(current.clone());
    }
    let number = current.map_or(0, |current| current.revision);
    if based_on != number {
        return Err(Refusal::Stale { current: number });
    }
    let bytes = serde_json::to_vec(&content).map_or(usize::MAX, |json| json.len());
    if MOST_BYTES < bytes {
        return Err(Refusal::TooLarge);
    }
    Ok(Revision { revision: number + 1, author, made_at: now, content, signatures: Vec::new() })
}

/// Saves a plan as a new, unsigned revision. `based_on` is the revision it was made from, 0 for the first
/// one; `today` is the participant's. Sections hidden from the author stay as they were. A plan that says
/// what the current one says is a repeat.
pub fn save(
    current: Option<&Revision<Plan>>,
    based_on: i32,
    draft: Plan,
    author: Author,
    level: LevelOfCare,
    today: Day,
    now: Moment,
) -> Result<Revision<Plan>, Refusal> {
    let before = current.map(|current| current.content.clone()).unwrap_or_default();
    let content = apply(&before, draft, author.role);
    let saved = next(current, based_on, content, author, now)?;
    // A date that a step in care outran is a gap in the plan, not a reason to refuse a change elsewhere in it.
    let is_new = saved.content.review_on != before.review_on;
    let most = level.review_within();
    if is_new && saved.content.review_on.is_some_and(|review_on| most < today.until(review_on)) {
        return Err(Refusal::ReviewTooFar { most });
    }
    Ok(saved)
}

/// Signs the current revision. Signed again, the first signature stands.
pub fn sign<D: Clone>(
    current: &Revision<D>,
    revision: i32,
    by: Author,
    now: Moment,
) -> Result<Revision<D>, Refusal> {
    if !matches!(by.role, Role::Participant | Role::Counselor) {
        return Err(Refusal::NotASigner);
    }
    if revision != current.revision {
        return Err(Refusal::NotCurrent { current: current.revision });
    }
    let mut signed = current.clone();
    if !signed.signatures.iter().any(|signature| signature.by == by.account) {
        signed.signatures.push(Signature { by: by.account, role: by.role, at: now, revision });
    }
    Ok(signed)
}

/// The latest revision that both signed, of any number of them in any order.
pub fn agreed_revision<D>(revisions: &[Revision<D>]) -> Option<&Revision<D>> {
    let agreed = revisions.iter().filter(|revision| revision.agreement() == Agreement::Agreed);
    agreed.max_by_key(|revision| revision.revision)
}

/// A plan as somebody may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanView {
    /// The plan, empty where something is withheld.
    pub plan: Plan,
    /// The sections that are withheld, whether there is anything in them or not.
    pub withheld: Vec<PlanSection>,
}

/// The sections of a revision that somebody may not see. What the participant keeps now is kept in older
/// revisions, too; what was kept when they were made stays kept in them.
pub fn withheld(plan: &Plan, current: &Plan, role: Role) -> Vec<PlanSection> {
    let hidden = |section| !plan.only_me.shows(section, role) || !current.only_me.shows(section, role);
    PlanSection::ALL.iter().copied().filter(|section| hidden(*section)).collect()
}

/// A revision's plan as somebody in this role may see it, given the current one.
pub fn visible_to(plan: &Plan, current: &Plan, role: Role) -> PlanView {
    let withheld = withheld(plan, current, role);
    let plan = plan.clone().taking(&Plan::default(), |section| withheld.contains(&section));
    PlanView { plan, withheld }
}

/// What differs between two revisions, as far as somebody in this role may see both.
pub fn compare_visible(old: &Plan, new: &Plan, current: &Plan, role: Role) -> Vec<Difference<PlanSection>> {
    let hidden = [withheld(old, current, role), withheld(new, current, role)].concat();
    let mut differences = compare(old, new);
    differences.retain(|difference| !hidden.contains(&difference.section));
    differences
}

/// The plan that a draft makes of the current one: what is hidden from the author stays as it is, and the
/// participant alone says what is hidden.
#[must_use]
pub fn apply(current: &Plan, draft: Plan, author: Role) -> Plan {
    draft.taking(current, |section| {
        let own = section == PlanSection::Sharing && author != Role::Participant;
        own || !current.only_me.shows(section, author)
    })
}

/// Merges a draft that was made from `base` into the current plan, for the author to save on top of it. What
/// is hidden from the author stays as it is; a section that was hidden from the author meanwhile, and in
/// which the draft says something new, is a conflict.
pub fn reconcile(
    base: &Plan,
    current: &Plan,
    draft: Plan,
    author: Role,
) -> Result<Plan, Conflict<PlanSection>> {
    let mine = apply(base, draft, author);
    let hidden = |section| !current.only_me.shows(section, author);
    let empty = mine.sections_where(&Plan::default(), |_, is_empty| is_empty);
    let sections = mine.sections_where(base, |section, is_same| {
        // Empty, it was not seen rather than emptied.
        hidden(section) && !is_same && !empty.contains(&section)
    });
    if !sections.is_empty() {
        return Err(Conflict { sections });
    }
    merge(base, current, &mine.taking(base, hidden))
}

#[cfg(test)]
mod tests;
