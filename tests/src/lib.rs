//! The product as a test sees it: over real HTTP and SMTP, on both databases.
#![expect(clippy::missing_panics_doc, reason = "a test panics where something is wrong")]

pub mod contract;
pub mod mailbox;
pub mod postgres;
pub mod test_server;

/// The engines that every story runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The embedded database.
    Sqlite,
    /// A throw-away PostgreSQL cluster, or the server that `EVENKEEL_TEST_POSTGRES_URL` names.
    Postgres,
}

/// A setting of this test run, from the environment.
#[expect(clippy::disallowed_methods, reason = "a test run has no other settings")]
pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// An id as a phone makes it.
#[expect(clippy::disallowed_methods, reason = "a test plays the phone, which makes its own ids")]
pub fn fresh_id() -> uuid::Uuid {
    uuid::Uuid::now_v7()
}
