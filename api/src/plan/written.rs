//! What the relapse-prevention plan and the safety plan each do in their own way.

use evenkeel_domain::access::Grant;
use evenkeel_domain::account::Role;
use evenkeel_domain::plan::completeness::Completeness;
use evenkeel_domain::plan::{Conflict, Difference, Refusal, Revision};
use evenkeel_domain::value::{Day, Moment};
use evenkeel_persistence::Tx;
use evenkeel_persistence::plan::Kept;

use crate::app::problem::Problem;

/// What either document does in its own way.
pub trait Written: Kept + Send + 'static {
    /// The revision that a draft makes, or why its rule makes none; see [`save`](evenkeel_domain::plan::save).
    fn saved(
        tx: &mut Tx,
        grant: &Grant,
        current: Option<&Revision<Self>>,
        based_on: i32,
        draft: Self,
        today: Day,
        now: Moment,
    ) -> Result<Result<Revision<Self>, Refusal>, Problem>;
    /// A draft made from `base`, merged into what stands.
    fn reconciled(
        base: &Self,
        current: &Self,
        draft: Self,
        author: Role,
    ) -> Result<Self, Conflict<Self::Section>>;
    /// What somebody in this role may see of it, and which sections they may not.
    fn shown(&self, current: &Self, role: Role) -> (Self, Vec<Self::Section>);
    /// What differs in a newer one, as far as somebody in this role may see both.
    fn compared(&self, new: &Self, current: &Self, role: Role) -> Vec<Difference<Self::Section>>;
    /// What is missing on a day in the sections that are not withheld.
    fn lacking(
        &self,
        tx: &mut Tx,
        grant: &Grant,
        on: Day,
        withheld: &[Self::Section],
    ) -> Result<Completeness<Self::Section>, Problem>;
}
