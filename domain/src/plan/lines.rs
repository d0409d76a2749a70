//! The national crisis lines: reviewed data that every plan shows.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::item::{Called, Reach};
use crate::value::Day;

/// A crisis line, open 24 hours a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CrisisLine {
    /// Its name.
    pub name: Called,
    /// How to reach it.
    pub reach: Reach,
    /// Where this is published.
    pub source: String,
    /// Whether it is for a life-threatening emergency.
    pub emergency: bool,
}

/// The crisis lines of a country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CrisisLines {
    /// When they were last checked.
    pub reviewed_on: Day,
    /// The country, an ISO 3166 code.
    #[schema(example = "US")]
    pub country: String,
    /// The lines, in the order to try them.
    pub lines: Vec<CrisisLine>,
}

static LINES: LazyLock<CrisisLines> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/crisis_lines.json")).expect("a test reads this file")
});

/// The national crisis lines. They are not stored in plans, so a correction reaches all of them.
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
