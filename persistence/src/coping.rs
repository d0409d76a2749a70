//! Coping skills: an organization's own, what a participant chose, what was assigned and practiced.

mod assignment;
mod choice;
mod organization;
mod skill_practice;

pub use assignment::{add_assignment, assignments, find_assignment, practiced_at, put_assignment};
pub(crate) use choice::{ChosenRow, chosen_of};
pub use choice::{chosen, put_chosen};
pub use organization::{
    add_skill, find_skill, first_skill, keep_skill_revision, put_skill, skill_revisions, skills,
};
pub use skill_practice::{add, find, first_sent, keep_revision, list, put, revisions, tries};
