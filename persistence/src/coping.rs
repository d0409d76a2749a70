//! Coping skills: an organization's own skills, and a participant's choices, assignments and practices.

mod assignment;
mod choice;
mod organization;
mod skill_practice;

pub use assignment::{add_assignment, assignments, find_assignment, practiced_at, put_assignment};
pub(crate) use choice::ChosenRow;
pub use choice::{chosen, put_chosen};
pub use organization::{
    add_skill, add_skill_revision, find_skill, first_skill, put_skill, skill_revisions, skills,
};
pub use skill_practice::{add, correct, find, list, put, revisions, tries};
