//! The Evenkeel API: each request runs in one transaction.
//!
//! It has four layers. Each may use the layers below it: `server` knows every module; a module holds routes and
//! their actions; `http` holds what all routes share; `app` holds what needs neither HTTP nor a module. The test
//! `tests/layers.rs` lists the allowed directions.

pub mod app;
pub mod http;

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
pub mod trend;

pub mod demo;
pub mod server;

pub use app::App;
pub use app::clock::Clock;
pub use app::config::Config;
pub use server::{Running, start};
