//! Warning signs: what often comes before use, in three stages. They are not a diagnosis.
//!
//! Source: the stages of relapse by Melemis, in our own words.

use crate::value::Day;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use utoipa::ToSchema;

words! {
    /// How close to use a sign is.
    WarningStage {
        /// The person does not think of use, but feelings and habits lead there.
        Emotional = "emotional",
        /// The person thinks of use.
        Mental = "mental",
        /// There was use.
        Physical = "physical",
    }
}
text! {
    /// The stable name of a warning sign.
    SignCode: 1 to 40, such as "isolating"
}

/// Something that often comes before use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WarningSign {
    /// Its stable name.
    pub code: SignCode,
    /// How close to use it is.
    pub stage: WarningStage,
    /// The text for the person.
    pub words: String,
}

/// A sign that was ticked on a local day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignSeen {
    /// The sign.
    pub code: SignCode,
    /// When.
    pub day: Day,
}

static SIGNS: LazyLock<Vec<WarningSign>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/warning_signs.json")).expect("a test reads this file")
});

/// The signs that everyone is asked about.
pub fn signs() -> &'static [WarningSign] {
    &SIGNS
}

/// The sign of this name, if everyone is asked about it.
pub fn find(code: &SignCode) -> Option<&'static WarningSign> {
    signs().iter().find(|sign| sign.code == *code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_sign_has_its_own_name_and_every_stage_has_signs() {
        let codes: BTreeSet<_> = signs().iter().map(|sign| &sign.code).collect();
        assert_eq!(codes.len(), signs().len());
        for stage in WarningStage::ALL {
            assert!(signs().iter().any(|sign| sign.stage == *stage), "{stage:?}");
        }
        assert!(signs().iter().all(|sign| sign.words.starts_with('I') && sign.words.len() <= 80));
    }
}
