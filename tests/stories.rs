//! End-to-end tests by module: real HTTP and SMTP, on both databases.
#![expect(clippy::unwrap_used, reason = "a test panics where something is wrong")]

mod access_matrix;
mod account;
mod audit;
mod bad_input;
mod check_in;
mod coping;
mod craving;
mod demo;
mod layers;
mod openapi;
mod operations;
mod plan;
mod program;
mod question;
mod readme_tour;
mod recovery;
mod reminder;
mod schema;
mod trend;

use evenkeel_tests::Engine;
