//! Coping skills: an organisation's own, what a participant chose, what was assigned and practised.

mod assignment;
mod choice;
mod organisation;
mod practice;

pub use assignment::{add_assignment, assignments, find_assignment, practised_at, put_assignment};
pub(crate) use choice::{ChosenRow, chosen_of};
pub use choice::{chosen, put_chosen};
pub use organisation::{
    add_skill, find_skill, first_skill, keep_skill_revision, put_skill, skill_revisions, skills,
};
pub use practice::{add, find, first_sent, keep_revision, list, put, revisions, tries};
