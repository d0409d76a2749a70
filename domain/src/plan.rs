//! The relapse-prevention plan, which participant and counselor write together, and the safety plan.
//!
//! Each save is a new revision; what was written or signed never changes. A save says which revision it
//! started from, so that nobody overwrites what they have not seen, and what somebody may not see they can
//! neither read nor erase. Each rule returns things as they stand afterwards: equal to what was given, it was
//! a repeat.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::proposal::Proposal;
pub use self::refusal::Refusal;
use crate::account::{AccountId, Role};
use crate::coping::SkillRef;
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
mod refusal;
pub mod safety;
pub mod section;
pub mod summary;

pub use difference::Difference;
pub use document::{Document, compare, merge};
pub use item::ItemId;
pub use merge::{Clash, Conflict};
pub use section::{Plan, PlanSection};

/// Most bytes of a document's JSON: it fits a request of 64 KiB with room around it.
pub const MOST_BYTES: usize = 48_000;

impl LevelOfCare {
    /// Within how many days a plan is looked at again.
    pub fn review_within(self) -> i32 {
        match self {
            Self::IntensiveOutpatient => 14,
            Self::ContinuingCare => 90,
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
/// one; `today` is the participant's. Sections hidden from the author come empty and stay as they were. A plan
/// that says what the current one says is a repeat.
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
    let number = current.map_or(0, |current| current.revision);
    overreach(&before, &draft, author.role)
        // Made from another revision, it may have been in order there.
        .map_err(|refusal| if based_on == number { refusal } else { Refusal::Stale { current: number } })?;
    let content = apply(&before, following(draft, &before), author.role);
    let saved = next(current, based_on, content, author, now)?;
    check_review(before.review_on, saved.content.review_on, today, level.review_within())?;
    Ok(saved)
}

/// A draft in which each warning sign is known to come from what its id stood for before.
fn following(draft: Plan, before: &Plan) -> Plan {
    let warning_signs = draft.warning_signs.map(|sign| {
        let before = before.warning_signs.find(sign.id);
        sign.following(before)
    });
    Plan { warning_signs, ..draft }
}

/// Whether a new day for the next review is neither past nor too far away. A day that stood before, which time
/// or care outran, is a gap in the plan, not a reason to refuse a change elsewhere in it.
fn check_review(before: Option<Day>, review_on: Option<Day>, today: Day, most: i32) -> Result<(), Refusal> {
    match review_on.filter(|_| review_on != before).map(|new| today.until(new)) {
        Some(..0) => Err(Refusal::ReviewPast),
        Some(ahead) if most < ahead => Err(Refusal::ReviewTooFar { most }),
        Some(_) | None => Ok(()),
    }
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

/// Whether a draft stays out of what its author has no say in: sections that are hidden from them, and what is
/// hidden. Also what it says right of a hidden section is refused: who may not read it may not try it out.
fn overreach(current: &Plan, draft: &Plan, author: Role) -> Result<(), Refusal> {
    if author == Role::Participant {
        return Ok(());
    }
    let said = draft.sections_where(&Plan::default(), |section, is_empty| {
        !is_empty && !current.only_me.shows(section, author)
    });
    match said.first() {
        Some(&section) => Err(Refusal::Kept { section }),
        None if draft.only_me != current.only_me => Err(Refusal::Sharing),
        None => Ok(()),
    }
}

/// What a proposal makes of the current plan, for the author to save on top of it; `id` is for what it adds. No
/// skill is added that the participant noted a precaution against.
pub fn take_up(
    current: &Plan,
    proposal: &Proposal,
    id: ItemId,
    author: Role,
    is_cautioned: impl Fn(&SkillRef) -> bool,
) -> Result<Plan, Refusal> {
    let section = proposal.section();
    if !current.only_me.shows(section, author) {
        return Err(Refusal::Kept { section });
    }
    if let Proposal::AddSkill { skill, .. } = proposal
        && is_cautioned(skill)
    {
        return Err(Refusal::HasPrecaution);
    }
    proposal::accept(&visible_to(current, current, author).plan, proposal, id)
}

/// Merges a draft that was made from `base` into the current plan, for the author to save on top of it. What
/// is hidden from the author stays as it is. It is a conflict if the draft says something in a section that was
/// hidden in `base`, something new in one that was hidden meanwhile, or something else about what is hidden.
pub fn reconcile(
    base: &Plan,
    current: &Plan,
    draft: Plan,
    author: Role,
) -> Result<Plan, Conflict<PlanSection>> {
    let draft = following(draft, base);
    let seen = |plan: &Plan, section| plan.only_me.shows(section, author);
    let empty = draft.sections_where(&Plan::default(), |_, is_empty| is_empty);
    let sections = draft.sections_where(base, |section, is_same| {
        if section == PlanSection::Sharing {
            return author != Role::Participant && !is_same;
        }
        // Empty, it was not seen rather than emptied.
        let is_said = !empty.contains(&section);
        is_said && (!seen(base, section) || !is_same && !seen(current, section))
    });
    if !sections.is_empty() {
        let why = |section| if section == PlanSection::Sharing { Clash::Sharing } else { Clash::Kept };
        return Err(Conflict {
            sections: sections.into_iter().map(|section| (section, why(section))).collect(),
        });
    }
    let hidden = |section| !seen(current, section);
    let mine = apply(base, draft, author).taking(base, hidden);
    Ok(merge(base, current, &mine)?.taking(&Plan::default(), hidden))
}

#[cfg(test)]
mod tests;
