//! The lines that answer day and night, for everybody: reviewed data that no plan can lose.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::item::{Called, Reach};
use crate::value::Day;

/// A line that answers day and night.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CrisisLine {
    /// Its name.
    pub name: Called,
    /// How to get through.
    pub reach: Reach,
    /// Where that is published.
    pub source: String,
    /// Whether it is for a life in danger now.
    pub emergency: bool,
}

/// The lines of a country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CrisisLines {
    /// When somebody last checked them.
    pub reviewed_on: Day,
    /// The country, by ISO 3166.
    #[schema(example = "US")]
    pub country: String,
    /// The lines, the first to try first.
    pub lines: Vec<CrisisLine>,
}

static LINES: LazyLock<CrisisLines> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/crisis_lines.json")).expect("a test reads this very file")
});

/// The national lines. They are not written into plans: corrected once, they are correct in all.
pub fn crisis_lines() -> &'static CrisisLines {
    &LINES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_national_lines_are_there_and_988_comes_first() {
        let lines = crisis_lines();
        let reach: Vec<&str> = lines.lines.iter().map(|line| line.reach.as_ref()).collect();
        let numbers = ["call or text 988", "call 1-800-662-4357", "text HOME to 741741", "call 911"];
        assert_eq!(reach, numbers);
        let emergency = lines.lines.iter().filter(|line| line.emergency).map(|line| line.reach.as_ref());
        assert_eq!(emergency.collect::<Vec<_>>(), ["call 911"]);
        assert_eq!(lines.country, "US");
        assert!(lines.lines.iter().all(|line| line.source.starts_with("https://")));
    }
}
