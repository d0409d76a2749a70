//! The Evenkeel API: HTTP in, one transaction, HTTP out.
//!
//! The rooms (`account`, `craving`, `coping`, `check_in`, `recovery`, `plan`, `program`, `trend`, `reminder`, `journal`) hold the
//! routes and the actions behind them; the other modules are what every room stands on.

pub mod app;
pub mod body;
pub mod caller;
pub mod clock;
pub mod config;
pub mod demo;
pub mod etag;
pub mod exchange;
pub mod limits;
mod object;
pub mod openapi;
pub mod ops;
pub mod page;
pub mod password;
pub mod problem;
pub mod secret;
pub mod server;
pub mod token;

pub mod account;
pub mod check_in;
pub mod coping;
pub mod craving;
pub mod journal;
pub mod plan;
pub mod program;
pub mod recovery;
pub mod reminder;
pub mod trend;

pub use app::App;
pub use clock::Clock;
pub use config::Config;
pub use server::{Running, routes, start};
