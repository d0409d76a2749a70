//! What a person reads after reporting use. It is kind and short, and what prevents a death comes first.

use super::lapse::LapseOutcome;
use crate::craving::Substance;
use crate::value::Day;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use utoipa::ToSchema;

words! {
    /// What a section is about.
    GuidanceCode {
        /// A lapse undoes nothing.
        WithoutShame = "without_shame",
        /// Coming close and not using is a skill.
        CloseCall = "close_call",
        /// Lost tolerance, naloxone, what to do in an overdose.
        Overdose = "overdose",
        /// Do not sleep alone after a drug that can stop breathing.
        NotAlone = "not_alone",
        /// Fentanyl in other drugs.
        FentanylInSupply = "fentanyl_in_supply",
        /// Why not to stop alcohol or sedatives alone.
        Withdrawal = "withdrawal",
        /// Stop, leave, call, be safe, tell somebody, return to care.
        NextSteps = "next_steps",
    }
}

/// A section of guidance.
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

/// What a person reads after reporting use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Guidance {
    /// When the text was last reviewed.
    pub reviewed_on: Day,
    /// Its sections, the most urgent first.
    pub sections: Vec<GuidanceSection>,
}

impl Guidance {
    /// Whether it has this section.
    pub fn holds(&self, code: GuidanceCode) -> bool {
        self.sections.iter().any(|section| section.code == code)
    }
}

static WRITTEN: LazyLock<Guidance> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/guidance.json")).expect("a test reads this file")
});

/// Every section, for the phone to choose from by code while it is offline.
pub fn all_guidance() -> &'static Guidance {
    &WRITTEN
}

/// What a person reads after reporting use in any entry. `substance` is none if the entry does not name it. `outcome`
/// is none if there was use and the entry does not say how much.
///
/// If it may have been an opioid, there is always the overdose section, whatever happened, since tolerance is lost
/// within days. If it may stop breathing, there is a section on staying with someone. After a return to alcohol or
/// sedatives there is one on the danger of stopping alone. With street drugs there is one on fentanyl.
pub fn guidance(substance: Option<Substance>, outcome: Option<LapseOutcome>) -> Guidance {
    let used = outcome.is_none_or(LapseOutcome::is_use);
    let overdose = may_be_opioid(substance);
    let stops_breathing = overdose || substance == Some(Substance::Sedatives);
    let stopping = substance.is_none_or(is_dangerous_to_stop);
    let codes = [
        overdose.then_some(GuidanceCode::Overdose),
        Some(if used { GuidanceCode::WithoutShame } else { GuidanceCode::CloseCall }),
        (used && stops_breathing).then_some(GuidanceCode::NotAlone),
        (!overdose && substance.is_some_and(may_hold_fentanyl)).then_some(GuidanceCode::FentanylInSupply),
        (stopping && used && outcome != Some(LapseOutcome::SingleLapse)).then_some(GuidanceCode::Withdrawal),
        Some(GuidanceCode::NextSteps),
    ];
    let section = |code| WRITTEN.sections.iter().find(|section| section.code == code).cloned();
    Guidance {
        reviewed_on: WRITTEN.reviewed_on,
        sections: codes.into_iter().flatten().filter_map(section).collect(),
    }
}

/// Whether a substance may be an opioid. An unknown one may be.
pub fn may_be_opioid(substance: Option<Substance>) -> bool {
    match substance {
        None | Some(Substance::Opioids | Substance::Other) => true,
        Some(
            Substance::Alcohol
            | Substance::Cannabis
            | Substance::Cocaine
            | Substance::Hallucinogens
            | Substance::Inhalants
            | Substance::Methamphetamine
            | Substance::Nicotine
            | Substance::Sedatives,
        ) => false,
    }
}

fn may_hold_fentanyl(substance: Substance) -> bool {
    match substance {
        Substance::Cocaine
        | Substance::Hallucinogens
        | Substance::Methamphetamine
        | Substance::Opioids
        | Substance::Sedatives
        | Substance::Other => true,
        Substance::Alcohol | Substance::Cannabis | Substance::Inhalants | Substance::Nicotine => false,
    }
}

fn is_dangerous_to_stop(substance: Substance) -> bool {
    matches!(substance, Substance::Alcohol | Substance::Sedatives)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn text(code: GuidanceCode) -> String {
        WRITTEN.sections.iter().find(|section| section.code == code).unwrap().lines.join(" ").to_lowercase()
    }

    #[test]
    fn every_section_is_written_once_in_short_sentences() {
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
    #[case::not_alone(GuidanceCode::NotAlone, &["awake", "next hours", "alone", "911"])]
    #[case::next(GuidanceCode::NextSteps, &["stop:", "leave:", "call:", "be safe:", "tell:", "return to care:", "988"])]
    #[case::withdrawal(GuidanceCode::Withdrawal, &["seizures", "doctor", "911"])]
    fn each_section_has_the_words_it_needs(#[case] code: GuidanceCode, #[case] words: &[&str]) {
        for word in words {
            assert!(text(code).contains(word), "{word}");
        }
    }

    /// Resting is the danger after opioids and sedatives.
    #[test]
    fn nobody_is_sent_to_rest() {
        for section in &WRITTEN.sections {
            for word in ["rest ", "rest.", "lie down"] {
                assert!(!section.lines.join(" ").contains(word), "{:?}: {word}", section.code);
            }
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

    fn codes(substance: Option<Substance>, outcome: Option<LapseOutcome>) -> Vec<GuidanceCode> {
        guidance(substance, outcome).sections.iter().map(|section| section.code).collect()
    }

    /// There are few enough combinations to try all.
    #[test]
    fn an_opioid_lapse_always_begins_with_the_overdose_guidance() {
        for substance in Substance::ALL {
            for outcome in LapseOutcome::ALL {
                let codes = codes(Some(*substance), Some(*outcome));
                let opioid = matches!(substance, Substance::Opioids | Substance::Other);
                let kind =
                    if outcome.is_use() { GuidanceCode::WithoutShame } else { GuidanceCode::CloseCall };
                assert_eq!(codes.contains(&GuidanceCode::Overdose), opioid, "{substance:?} {outcome:?}");
                let first = if opioid { [GuidanceCode::Overdose, kind] } else { [kind, codes[1]] };
                assert_eq!(codes[..2], first, "else kindness first");
                assert_eq!(codes.last(), Some(&GuidanceCode::NextSteps));
                let alone = (opioid || *substance == Substance::Sedatives) && outcome.is_use();
                assert_eq!(codes.contains(&GuidanceCode::NotAlone), alone, "{substance:?} {outcome:?}");
                let stopping = matches!(substance, Substance::Alcohol | Substance::Sedatives)
                    && *outcome == LapseOutcome::ReturnToUse;
                assert_eq!(codes.contains(&GuidanceCode::Withdrawal), stopping, "{substance:?} {outcome:?}");
            }
        }
    }

    #[test]
    fn an_unknown_substance_counts_as_the_most_dangerous_one() {
        use GuidanceCode::{FentanylInSupply, NextSteps, NotAlone, Overdose, Withdrawal, WithoutShame};
        assert_eq!(codes(None, None), [Overdose, WithoutShame, NotAlone, Withdrawal, NextSteps]);
        assert_eq!(codes(Some(Substance::Alcohol), None), [WithoutShame, Withdrawal, NextSteps]);
        assert_eq!(codes(Some(Substance::Opioids), None), [Overdose, WithoutShame, NotAlone, NextSteps]);
        assert_eq!(codes(Some(Substance::Cocaine), None), [WithoutShame, FentanylInSupply, NextSteps]);
    }
}
