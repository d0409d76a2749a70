//! Request and response handling that all modules share. Knows no module.

pub mod body;
pub mod caller;
pub mod etag;
pub mod page;
pub mod rate_limit;
pub mod request_log;
mod strict_json;
