//! What differs between the relapse-prevention plan and the safety plan.

use evenkeel_domain::access::Grant;
use evenkeel_domain::account::Role;
use evenkeel_domain::plan::completeness::Completeness;
use evenkeel_domain::plan::{Conflict, Difference, Refusal, Revision};
use evenkeel_domain::value::{Day, Moment};
use evenkeel_persistence::Tx;
use evenkeel_persistence::plan::StoredDocument;

use crate::app::problem::Problem;

/// A plan document: the relapse-prevention plan or the safety plan.
pub trait Written: StoredDocument + Send + 'static {
    /// The revision that a draft makes, or why the rule refuses it; see [`save`](evenkeel_domain::plan::save).
    fn saved(
        tx: &mut Tx,
        grant: &Grant,
        current: Option<&Revision<Self>>,
        based_on: i32,
        draft: Self,
        today: Day,
        now: Moment,
    ) -> Result<Result<Revision<Self>, Refusal>, Problem>;
    /// A draft made from `base`, merged into the current revision.
    fn merged(
        base: &Self,
        current: &Self,
        draft: Self,
        author: Role,
    ) -> Result<Self, Conflict<Self::Section>>;
    /// What somebody in this role may see of it, and which sections are withheld.
    fn shown(&self, current: &Self, role: Role) -> (Self, Vec<Self::Section>);
    /// The differences in a newer revision, as far as somebody in this role may see both.
    fn compared(&self, new: &Self, current: &Self, role: Role) -> Vec<Difference<Self::Section>>;
    /// What is missing on a day, in the sections that are not withheld.
    fn completeness(
        &self,
        tx: &mut Tx,
        grant: &Grant,
        on: Day,
        withheld: &[Self::Section],
    ) -> Result<Completeness<Self::Section>, Problem>;
}
