//! The rules of Evenkeel: values that are valid by construction, and decisions.
//!
//! There is no I/O, clock, randomness, async or database here. A rule takes everything it needs as arguments,
//! also `now`, time zones and ids, and returns a value or a refusal. So it can be tested by itself.
#![warn(missing_docs)]

#[macro_use]
pub mod value;
pub mod access;
pub mod account;
pub mod audit;
pub mod check_in;
pub mod coping;
pub mod craving;
pub mod log_entry;
pub mod plan;
pub mod program;
pub mod question;
pub mod recovery;
pub mod reminder;
pub mod trend;
