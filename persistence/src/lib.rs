//! Evenkeel on SQLite and PostgreSQL. Each query is written once for both and takes the transaction first.
//!
//! Queries take and return values of `domain`. There are no rules here, no HTTP and no async.

#[macro_use]
mod column;
#[macro_use]
pub mod caseload;
mod database;
#[macro_use]
mod log_entry;
#[rustfmt::skip]
pub mod schema;
pub mod account;
pub mod audit;
pub mod check_in;
pub mod coping;
pub mod craving;
pub mod plan;
pub mod program;
pub mod question;
pub mod recovery;
pub mod reminder;
#[cfg(test)]
mod test_database;
pub mod trend;

pub use database::{Database, Error, Failure, Location, Tx};
