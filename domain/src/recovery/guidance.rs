//! What every lapse is answered with. Words for a hard moment: kind, short, and what keeps alive first.

use super::lapse::LapseOutcome;
use crate::craving::Substance;
use crate::journal::words;
use crate::value::Day;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use utoipa::ToSchema;

words! {
    /// What a piece of guidance is about.
    GuidanceCode {
        /// A lapse undoes nothing.
        WithoutShame = "without_shame",
        /// Coming close and not using is a skill.
        NearMiss = "near_miss",
        /// Lost tolerance, naloxone, what to do in an overdose.
        Overdose = "overdose",
        /// Fentanyl in other drugs.
        FentanylInSupply = "fentanyl_in_supply",
        /// Why not to stop alcohol or sedatives alone.
        Withdrawal = "withdrawal",
        /// Stop, leave, call, be safe, tell, return to care.
        NextSteps = "next_steps",
    }
}

/// One piece of guidance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GuidanceSection {
    /// What it is about.
    pub code: GuidanceCode,
    /// Its heading.
    pub title: String,
    /// Short sentences, in order.
    pub lines: Vec<String>,
}

/// What a lapse is answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Guidance {
    /// When the words were last gone over.
    pub reviewed_on: Day,
    /// Its pieces, the most pressing first.
    pub sections: Vec<GuidanceSection>,
}

impl Guidance {
    /// Whether it holds this piece.
    pub fn holds(&self, code: GuidanceCode) -> bool {
        self.sections.iter().any(|section| section.code == code)
    }
}

static WRITTEN: LazyLock<Guidance> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/guidance.json")).expect("a test reads this file")
});

/// What a lapse is answered with. An opioid always brings the overdose guidance, whatever happened, since
/// tolerance is lost within days; alcohol and sedatives used again bring the danger of stopping alone; drugs
/// from the street bring that of fentanyl in them.
pub fn guidance(substance: Substance, outcome: LapseOutcome) -> Guidance {
    let codes = [
        Some(if outcome.is_use() { GuidanceCode::WithoutShame } else { GuidanceCode::NearMiss }),
        danger_of_overdose(substance),
        danger_of_stopping(substance, outcome),
        Some(GuidanceCode::NextSteps),
    ];
    let section = |code| WRITTEN.sections.iter().find(|section| section.code == code).cloned();
    Guidance {
        reviewed_on: WRITTEN.reviewed_on,
        sections: codes.into_iter().flatten().filter_map(section).collect(),
    }
}

fn danger_of_overdose(substance: Substance) -> Option<GuidanceCode> {
    match substance {
        Substance::Opioids => Some(GuidanceCode::Overdose),
        Substance::Cocaine
        | Substance::Hallucinogens
        | Substance::Methamphetamine
        | Substance::Sedatives
        | Substance::Other => Some(GuidanceCode::FentanylInSupply),
        Substance::Alcohol | Substance::Cannabis | Substance::Inhalants | Substance::Nicotine => None,
    }
}

fn danger_of_stopping(substance: Substance, outcome: LapseOutcome) -> Option<GuidanceCode> {
    match (substance, outcome) {
        (Substance::Alcohol | Substance::Sedatives, LapseOutcome::ReturnedToUse) => {
            Some(GuidanceCode::Withdrawal)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn text(code: GuidanceCode) -> String {
        WRITTEN.sections.iter().find(|section| section.code == code).unwrap().lines.join(" ").to_lowercase()
    }

    #[test]
    fn every_piece_is_written_once_in_short_sentences() {
        for code in GuidanceCode::ALL {
            assert_eq!(
                WRITTEN.sections.iter().filter(|section| section.code == *code).count(),
                1,
                "{code:?}"
            );
        }
        for section in &WRITTEN.sections {
            assert!(!section.title.is_empty() && (2..=12).contains(&section.lines.len()));
            for sentence in section.lines.iter().flat_map(|line| line.split(". ")) {
                assert!(sentence.split_whitespace().count() <= 20, "{sentence}");
            }
        }
    }

    #[rstest]
    #[case::overdose(GuidanceCode::Overdose, &["tolerance", "alone", "naloxone", "911", "recovery position", "test strips"])]
    #[case::next(GuidanceCode::NextSteps, &["stop:", "leave:", "call:", "be safe:", "tell:", "return to care:", "988"])]
    #[case::withdrawal(GuidanceCode::Withdrawal, &["seizures", "doctor", "911"])]
    fn the_words_that_must_be_there_are_there(#[case] code: GuidanceCode, #[case] words: &[&str]) {
        for word in words {
            assert!(text(code).contains(word), "{word}");
        }
    }

    #[test]
    fn no_word_shames() {
        let all = serde_json::to_string(&*WRITTEN).unwrap().to_lowercase();
        for word in
            ["addict", "relapser", "dirty", "clean", "abuse", "failed", "weak", "should have", "junkie"]
        {
            assert!(!all.contains(word), "{word}");
        }
    }

    /// There are few enough to try them all.
    #[test]
    fn an_opioid_lapse_always_brings_the_overdose_guidance() {
        for substance in Substance::ALL {
            for outcome in LapseOutcome::ALL {
                let guidance = guidance(*substance, *outcome);
                let opioid = *substance == Substance::Opioids;
                assert_eq!(guidance.holds(GuidanceCode::Overdose), opioid, "{substance:?} {outcome:?}");
                let kind = if outcome.is_use() { GuidanceCode::WithoutShame } else { GuidanceCode::NearMiss };
                assert_eq!(guidance.sections[0].code, kind, "kindness first");
                assert_eq!(guidance.sections.last().unwrap().code, GuidanceCode::NextSteps);
                let stopping = matches!(substance, Substance::Alcohol | Substance::Sedatives)
                    && *outcome == LapseOutcome::ReturnedToUse;
                assert_eq!(guidance.holds(GuidanceCode::Withdrawal), stopping, "{substance:?} {outcome:?}");
            }
        }
    }
}
