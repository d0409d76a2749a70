//! What every lapse is answered with. Words for a hard moment: kind, short, and what keeps alive first.

use super::lapse::LapseOutcome;
use crate::craving::Substance;
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
        CloseCall = "close_call",
        /// Lost tolerance, naloxone, what to do in an overdose.
        Overdose = "overdose",
        /// What stops breathing while asleep is not slept off alone.
        NotAlone = "not_alone",
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

/// All that may be answered, for a phone that has no network when it is needed: it chooses by the codes.
pub fn all_guidance() -> &'static Guidance {
    &WRITTEN
}

/// What is answered to whoever tells of a lapse, in whichever way. `substances` are those it may have been, none
/// where that is not known; `outcome` is none where there was use and how much is not known.
///
/// An opioid, and what nobody knows, always brings the overdose guidance, whatever happened, since tolerance is
/// lost within days; what stops breathing brings that of staying with someone; alcohol and sedatives used again
/// bring the danger of stopping alone; drugs from the street bring that of fentanyl in them.
pub fn guidance(substances: &[Substance], outcome: Option<LapseOutcome>) -> Guidance {
    let used = outcome.is_none_or(LapseOutcome::is_use);
    let any = |of: fn(Substance) -> bool| substances.iter().any(|one| of(*one));
    let overdose = substances.is_empty() || any(may_be_opioid);
    let stops_breathing = overdose || substances.contains(&Substance::Sedatives);
    let stopping = substances.is_empty() || any(is_dangerous_to_stop);
    let codes = [
        overdose.then_some(GuidanceCode::Overdose),
        Some(if used { GuidanceCode::WithoutShame } else { GuidanceCode::CloseCall }),
        (used && stops_breathing).then_some(GuidanceCode::NotAlone),
        (!overdose && any(may_hold_fentanyl)).then_some(GuidanceCode::FentanylInSupply),
        (stopping && used && outcome != Some(LapseOutcome::SingleLapse)).then_some(GuidanceCode::Withdrawal),
        Some(GuidanceCode::NextSteps),
    ];
    let section = |code| WRITTEN.sections.iter().find(|section| section.code == code).cloned();
    Guidance {
        reviewed_on: WRITTEN.reviewed_on,
        sections: codes.into_iter().flatten().filter_map(section).collect(),
    }
}

/// Whether it is an opioid, or something of which nobody knows that it is none.
pub(super) fn may_be_opioid(substance: Substance) -> bool {
    match substance {
        Substance::Opioids | Substance::Other => true,
        Substance::Alcohol
        | Substance::Cannabis
        | Substance::Cocaine
        | Substance::Hallucinogens
        | Substance::Inhalants
        | Substance::Methamphetamine
        | Substance::Nicotine
        | Substance::Sedatives => false,
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
    #[case::not_alone(GuidanceCode::NotAlone, &["awake", "next hours", "alone", "911"])]
    #[case::next(GuidanceCode::NextSteps, &["stop:", "leave:", "call:", "be safe:", "tell:", "return to care:", "988"])]
    #[case::withdrawal(GuidanceCode::Withdrawal, &["seizures", "doctor", "911"])]
    fn the_words_that_must_be_there_are_there(#[case] code: GuidanceCode, #[case] words: &[&str]) {
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

    fn codes(substances: &[Substance], outcome: Option<LapseOutcome>) -> Vec<GuidanceCode> {
        guidance(substances, outcome).sections.iter().map(|section| section.code).collect()
    }

    /// There are few enough to try them all.
    #[test]
    fn an_opioid_lapse_always_begins_with_the_overdose_guidance() {
        for substance in Substance::ALL {
            for outcome in LapseOutcome::ALL {
                let codes = codes(&[*substance], Some(*outcome));
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
    fn what_is_not_known_is_taken_for_the_worst() {
        use GuidanceCode::{FentanylInSupply, NextSteps, NotAlone, Overdose, Withdrawal, WithoutShame};
        assert_eq!(codes(&[], None), [Overdose, WithoutShame, NotAlone, Withdrawal, NextSteps]);
        assert_eq!(codes(&[Substance::Alcohol], None), [WithoutShame, Withdrawal, NextSteps]);
        let both = [Substance::Cocaine, Substance::Opioids];
        assert_eq!(codes(&both, None), [Overdose, WithoutShame, NotAlone, NextSteps]);
        assert_eq!(codes(&both[..1], None), [WithoutShame, FentanylInSupply, NextSteps]);
    }
}
