//! The relapse-prevention plan, which participant and counselor write together, and the safety plan.
//!
//! Each save is a new revision; what was saved or signed never changes. A save names the revision it started
//! from, so that nobody overwrites what they have not seen. What somebody may not see, they can neither read
//! nor change. Each rule returns the state afterwards; if that equals the state before, the request was a
//! repeat.

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
pub mod printed;
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

/// The most bytes of a document's JSON. It fits into a request of 64 KiB.
pub const MOST_BYTES: usize = 48_000;

impl LevelOfCare {
    /// Within how many days a plan must be reviewed.
    pub fn review_within(self) -> i32 {
        match self {
            Self::IntensiveOutpatient => 14,
            Self::ContinuingCare => 90,
        }
    }
}

words! {
    /// Who has signed a revision.
    Agreement {
        /// Nobody signed it.
        Draft = "draft",
        /// The participant signed it.
        Participant = "participant",
        /// A counselor signed it.
        Counselor = "counselor",
        /// Both the participant and a counselor signed it.
        Agreed = "agreed",
    }
}

/// Who did something, and in which role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Author {
    /// The account.
    pub account: AccountId,
    /// Its role at that time.
    pub role: Role,
}

/// A signature of one revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signature {
    /// Who signed.
    pub by: AccountId,
    /// In which role.
    pub role: Role,
    /// When.
    pub at: Moment,
    /// The revision that was signed.
    #[schema(minimum = 1)]
    pub revision: i32,
}

/// A saved revision of a document. It can be signed while it is current; nothing else changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Revision<D> {
    /// Its number, from 1.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// Who saved it.
    pub author: Author,
    /// When.
    pub made_at: Moment,
    /// Its content.
    pub content: D,
    /// Its signatures, the first one first.
    pub signatures: Vec<Signature>,
}

impl<D> Revision<D> {
    /// Who has signed it.
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

/// The next revision, or the current one if the content is the same.
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

/// Saves a plan as a new, unsigned revision. `based_on` is the revision that was edited, 0 for a first plan;
/// `today` is the participant's. The author sends sections that are hidden from them empty, and these stay as
/// they were. The same content as the current one is a repeat.
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
    check_hidden(&before, &draft, author.role)
        // Against the revision it was made from, it may have been allowed.
        .map_err(|refusal| if based_on == number { refusal } else { Refusal::Stale { current: number } })?;
    let content = apply(&before, with_sign_codes(draft, &before), author.role);
    let saved = next(current, based_on, content, author, now)?;
    check_review(before.review_on, saved.content.review_on, today, level.review_within())?;
    Ok(saved)
}

/// The draft with the codes that its warning signs had before.
fn with_sign_codes(draft: Plan, before: &Plan) -> Plan {
    let warning_signs = draft.warning_signs.map(|sign| {
        let before = before.warning_signs.find(sign.id);
        sign.with_code_of(before)
    });
    Plan { warning_signs, ..draft }
}

/// Checks that a new review date is neither past nor too far ahead. An unchanged date that has passed, or is
/// now too far ahead, is a gap in the plan, but no reason to refuse other changes.
fn check_review(before: Option<Day>, review_on: Option<Day>, today: Day, most: i32) -> Result<(), Refusal> {
    match review_on.filter(|_| review_on != before).map(|new| today.until(new)) {
        Some(..0) => Err(Refusal::ReviewPast),
        Some(ahead) if most < ahead => Err(Refusal::ReviewTooFar { most }),
        Some(_) | None => Ok(()),
    }
}

/// Signs the current revision. Signing again changes nothing.
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

/// The latest revision that both signed.
pub fn agreed_revision<D>(revisions: &[Revision<D>]) -> Option<&Revision<D>> {
    let agreed = revisions.iter().filter(|revision| revision.agreement() == Agreement::Agreed);
    agreed.max_by_key(|revision| revision.revision)
}

/// The part of a plan that somebody may see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanView {
    /// The plan, with withheld sections empty.
    pub plan: Plan,
    /// The sections that are withheld, whether they are empty or not.
    pub withheld: Vec<PlanSection>,
}

/// The sections of a revision that somebody may not see: those that the participant hides now, and those that
/// were hidden in that revision.
pub fn withheld(plan: &Plan, current: &Plan, role: Role) -> Vec<PlanSection> {
    let hidden = |section| !plan.only_me.shows(section, role) || !current.only_me.shows(section, role);
    PlanSection::ALL.iter().copied().filter(|section| hidden(*section)).collect()
}

/// The part of a revision that somebody in this role may see.
pub fn visible_to(plan: &Plan, current: &Plan, role: Role) -> PlanView {
    let withheld = withheld(plan, current, role);
    let plan = plan.clone().taking(&Plan::default(), |section| withheld.contains(&section));
    PlanView { plan, withheld }
}

/// The differences between two revisions that somebody in this role may see.
pub fn compare_visible(old: &Plan, new: &Plan, current: &Plan, role: Role) -> Vec<Difference<PlanSection>> {
    let hidden = [withheld(old, current, role), withheld(new, current, role)].concat();
    let mut differences = compare(old, new);
    differences.retain(|difference| !hidden.contains(&difference.section));
    differences
}

/// The current plan changed by a draft. Sections that are hidden from the author stay as they are. Only the
/// participant can change what is hidden.
#[must_use]
pub fn apply(current: &Plan, draft: Plan, author: Role) -> Plan {
    draft.taking(current, |section| {
        let is_fixed = section == PlanSection::Sharing && author != Role::Participant;
        is_fixed || !current.only_me.shows(section, author)
    })
}

/// Checks that a draft does not fill sections that are hidden from its author, or change which are hidden. A
/// hidden section is also refused if it is sent with its current content: otherwise its content could be
/// guessed by trying.
fn check_hidden(current: &Plan, draft: &Plan, author: Role) -> Result<(), Refusal> {
    if author == Role::Participant {
        return Ok(());
    }
    let filled = draft.sections_where(&Plan::default(), |section, is_empty| {
        !is_empty && !current.only_me.shows(section, author)
    });
    match filled.first() {
        Some(&section) => Err(Refusal::Hidden { section }),
        None if draft.only_me != current.only_me => Err(Refusal::Sharing),
        None => Ok(()),
    }
}

/// The current plan with an accepted proposal, for the author to save. `id` is for the item that it adds. A
/// skill with a precaution that the participant noted is refused.
pub fn accept_proposal(
    current: &Plan,
    proposal: &Proposal,
    id: ItemId,
    author: Role,
    has_precaution: impl Fn(&SkillRef) -> bool,
) -> Result<Plan, Refusal> {
    let section = proposal.section();
    if !current.only_me.shows(section, author) {
        return Err(Refusal::Hidden { section });
    }
    if let Proposal::AddSkill { skill, .. } = proposal
        && has_precaution(skill)
    {
        return Err(Refusal::HasPrecaution);
    }
    proposal::accept(&visible_to(current, current, author).plan, proposal, id)
}

/// Merges a draft that was made from `base` into the current plan, for the author to save. Sections that are
/// hidden from the author stay as they are. It is a conflict if the draft fills a section that was hidden in
/// `base`, changes one that was hidden since, or changes which sections are hidden.
pub fn reconcile(
    base: &Plan,
    current: &Plan,
    draft: Plan,
    author: Role,
) -> Result<Plan, Conflict<PlanSection>> {
    let draft = with_sign_codes(draft, base);
    let seen = |plan: &Plan, section| plan.only_me.shows(section, author);
    let empty = draft.sections_where(&Plan::default(), |_, is_empty| is_empty);
    let sections = draft.sections_where(base, |section, is_same| {
        if section == PlanSection::Sharing {
            return author != Role::Participant && !is_same;
        }
        // An empty section was not seen, rather than emptied.
        let is_filled = !empty.contains(&section);
        is_filled && (!seen(base, section) || !is_same && !seen(current, section))
    });
    if !sections.is_empty() {
        let why = |section| if section == PlanSection::Sharing { Clash::Sharing } else { Clash::Hidden };
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
