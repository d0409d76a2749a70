//! The product's stories, told room by room over real HTTP and SMTP on both databases.
#![expect(clippy::unwrap_used, reason = "a test panics where something is wrong")]

mod account;
mod bad_input;
mod check_in;
mod coping;
mod craving;
mod doors;
mod journal;
mod openapi;
mod plan;
mod program;
mod recovery;
mod reminder;
mod schema;
mod tour;
mod trend;
mod upkeep;

use evenkeel_tests::house::TestHouse;
use evenkeel_tests::{Engine, house};

/// A story that is told once on each engine.
macro_rules! story {
    ($($(#[$meta:meta])* async fn $name:ident($house:ident) $body:block)*) => {$(
        $(#[$meta])*
        #[rstest::rstest]
        #[tokio::test]
        async fn $name(#[values($crate::Engine::Sqlite, $crate::Engine::Postgres)] engine: $crate::Engine) {
            let Some($house) = $crate::TestHouse::new(engine).await else { return };
            $body
        }
    )*};
}
use story;
