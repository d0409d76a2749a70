//! The Evenkeel API: HTTP in, one transaction, HTTP out.
//!
//! Four layers, each of which may use those below it: `server` knows every module; a module holds routes and the
//! actions behind them; `http` holds what all routes share; `app` holds what needs neither HTTP nor a module.
//! The test `layers` in `tests/` holds the table of allowed directions.

pub mod app;
pub mod http;

pub mod account;
pub mod audit;
pub mod check_in;
pub mod coping;
pub mod craving;
pub mod plan;
pub mod program;
pub mod recovery;
pub mod reminder;
pub mod trend;

pub mod demo;
pub mod server;

pub use app::App;
pub use app::clock::Clock;
pub use app::config::Config;
pub use server::{Running, start};
