//! Warning signs: what often comes before use, in three stages. Counted, never a diagnosis.
//!
//! Source: the stages of relapse by Melemis, in our own words.

use crate::journal::words;
use crate::value::Day;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::LazyLock;
use utoipa::ToSchema;

/// How many days, today included, the stage looks at.
pub const STAGE_DAYS: i32 = 7;

words! {
    /// How near to use a sign lies.
    WarningStage {
        /// Not thinking of use; feelings and habits set it up.
        Emotional = "emotional",
        /// Part of the mind thinks of use.
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
    /// How near to use it lies.
    pub stage: WarningStage,
    /// What the person reads.
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

/// The stage that the distinct signs of the last 7 days add up to: any physical one; else any mental one; else
/// two emotional ones. `own` are signs that the person added. A sign that is in neither list does not count.
pub fn stage(seen: &[SignSeen], own: &[WarningSign], today: Day) -> Option<WarningStage> {
    // A phone further east may be a day ahead of today: it counts as today.
    let recent = seen.iter().filter(|sign| sign.day.until(today) < STAGE_DAYS);
    let distinct: BTreeSet<_> = recent.map(|sign| &sign.code).collect();
    let stages = distinct
        .iter()
        .filter_map(|code| signs().iter().chain(own).find(|sign| sign.code == **code).map(|sign| sign.stage));
    let (mut emotional, mut nearest) = (0, None);
    for stage in stages {
        emotional += i32::from(stage == WarningStage::Emotional);
        nearest = nearest.max(Some(stage));
    }
    nearest.filter(|stage| *stage != WarningStage::Emotional || 2 <= emotional)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn code(code: &str) -> SignCode {
        SignCode::try_from(code.to_owned()).unwrap()
    }
    fn today() -> Day {
        Day::from_number(20_000).unwrap()
    }

    #[test]
    fn every_sign_has_its_own_name_and_every_stage_has_signs() {
        let codes: BTreeSet<_> = signs().iter().map(|sign| &sign.code).collect();
        assert_eq!(codes.len(), signs().len());
        for stage in WarningStage::ALL {
            assert!(signs().iter().any(|sign| sign.stage == *stage), "{stage:?}");
        }
        assert!(signs().iter().all(|sign| sign.words.starts_with('I') && sign.words.len() <= 80));
    }

    #[rstest]
    #[case::nothing(&[], None)]
    #[case::one_emotional(&[("isolating", 0)], None)]
    #[case::the_same_twice(&[("isolating", 0), ("isolating", 1)], None)]
    #[case::two_emotional(&[("isolating", 0), ("bottling_up", 6)], Some(WarningStage::Emotional))]
    #[case::one_of_them_too_old(&[("isolating", 0), ("bottling_up", 7)], None)]
    #[case::one_mental(&[("lying", 6)], Some(WarningStage::Mental))]
    #[case::mental_over_emotional(&[("isolating", 0), ("lying", 0), ("bottling_up", 0)], Some(WarningStage::Mental))]
    #[case::use_over_all(&[("lying", 0), ("use", 3)], Some(WarningStage::Physical))]
    #[case::tomorrow_further_east(&[("lying", -1)], Some(WarningStage::Mental))]
    #[case::an_own_sign(&[("old_music", 2)], Some(WarningStage::Mental))]
    #[case::an_unknown_one(&[("weather", 2)], None)]
    fn the_stage_is_that_of_the_last_7_days(
        #[case] seen: &[(&str, i32)],
        #[case] expected: Option<WarningStage>,
    ) {
        let seen: Vec<_> =
            seen.iter().map(|(sign, ago)| SignSeen { code: code(sign), day: today().plus(-ago) }).collect();
        let own = [WarningSign {
            code: code("old_music"),
            stage: WarningStage::Mental,
            words: "I played the old songs".to_owned(),
        }];
        assert_eq!(stage(&seen, &own, today()), expected);
    }
}
