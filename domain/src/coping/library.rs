//! The skills that every organization has, in `domain/data/coping_skills.json`. The file has a version, by
//! which a phone knows whether its copy is current.

use super::{Precaution, SkillCode, SkillDraft};
use crate::value::Day;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use utoipa::ToSchema;

text! {
    /// A sentence for people to whom a precaution may apply.
    PrecautionText: 1 to 300, such as "Skip this if you have a heart problem."
}
text! {
    /// Who reviewed the library.
    Reviewer: 1 to 300, such as "Clinical board"
}

const FILE: &str = include_str!("../../data/coping_skills.json");

static LIBRARY: LazyLock<Library> =
    LazyLock::new(|| serde_json::from_str(FILE).expect("a test reads the file that is built in"));

/// A skill of the library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LibrarySkill {
    /// Its stable name. It is never reused for another skill.
    pub code: SkillCode,
    /// Its content.
    #[serde(flatten)]
    pub skill: SkillDraft,
}

/// The explanation of a precaution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrecautionNote {
    /// The precaution.
    pub precaution: Precaution,
    /// What to show people to whom it may apply.
    pub text: PrecautionText,
}

/// The library of this release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// Goes up with every change of the content.
    #[schema(minimum = 1)]
    pub version: i32,
    /// When the content was last reviewed.
    pub reviewed_on: Day,
    /// Who reviewed it.
    pub reviewed_by: Reviewer,
    /// One explanation for each precaution.
    #[schema(max_items = 8)]
    pub precautions: Vec<PrecautionNote>,
    /// The skills. Among those that fit equally well, earlier ones are suggested first.
    #[schema(max_items = 200)]
    pub skills: Vec<LibrarySkill>,
}

/// The library.
pub fn library() -> &'static Library {
    &LIBRARY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coping::{Choices, Family, Step};
    use crate::craving::TriggerCategory;
    use crate::craving::tests::intensity;
    use std::collections::{BTreeMap, BTreeSet};

    /// The text of a skill that a person reads.
    fn text(skill: &SkillDraft) -> String {
        let steps = Vec::<Step>::from(skill.steps.clone());
        let lines = [skill.summary.as_ref()].into_iter().chain(steps.iter().map(AsRef::as_ref));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Counts groups of vowels, without a silent ending. A number is read digit by digit.
    fn syllables(word: &str) -> usize {
        let word = word.to_lowercase();
        let digits = word.chars().filter(char::is_ascii_digit).count();
        if 0 < digits {
            return digits;
        }
        let vowels: Vec<bool> = word.chars().map(|c| "aeiouyé".contains(c)).collect();
        let groups = (0..vowels.len()).filter(|&at| vowels[at] && (at == 0 || !vowels[at - 1])).count();
        let silent_e = word.ends_with('e') && !word.ends_with("le");
        let silent_ed = word.ends_with("ed") && !word.ends_with("ted") && !word.ends_with("ded");
        groups.saturating_sub(usize::from(silent_e || silent_ed)).max(1)
    }

    /// Source: Kincaid et al. 1975, the Flesch-Kincaid grade level.
    #[expect(clippy::cast_precision_loss, reason = "a text has few words")]
    fn grade(text: &str) -> f64 {
        let sentences = text.split(['.', '!', '?', '\n']).filter(|part| !part.trim().is_empty()).count();
        let words: Vec<_> =
            text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty()).collect();
        let spoken: usize = words.iter().map(|word| syllables(word)).sum();
        let words = words.len() as f64;
        0.39 * words / sentences as f64 + 11.8 * spoken as f64 / words - 15.59
    }

    #[test]
    fn everything_in_the_file_is_read() {
        let file: serde_json::Value = serde_json::from_str(FILE).unwrap();
        assert_eq!(serde_json::to_value(library()).unwrap(), file);
        assert!(1 <= library().version);
    }

    #[test]
    fn no_two_skills_share_a_code_or_a_name() {
        let codes: BTreeSet<_> = library().skills.iter().map(|one| &one.code).collect();
        let names: BTreeSet<_> = library().skills.iter().map(|one| &one.skill.name).collect();
        assert_eq!((codes.len(), names.len()), (library().skills.len(), library().skills.len()));
        assert!((40..=60).contains(&codes.len()));
    }

    #[test]
    fn each_precaution_has_one_sentence() {
        let explained: Vec<_> = library().precautions.iter().map(|note| note.precaution).collect();
        assert_eq!(explained, Precaution::ALL);
    }

    #[test]
    fn there_is_something_for_everybody_in_every_situation() {
        let everything =
            Choices { precautions: Precaution::ALL.to_vec().try_into().unwrap(), ..Choices::default() };
        let allowed = || library().skills.iter().map(|one| &one.skill).filter(|one| everything.allow(one));
        for family in Family::ALL {
            assert!(allowed().any(|one| one.family == *family), "{family:?}");
        }
        for trigger in TriggerCategory::ALL {
            let strong = |one: &SkillDraft| one.intensity.is_some_and(|range| range.contains(intensity(9)));
            let fitting: Vec<_> = allowed().filter(|one| one.triggers.contains(trigger)).collect();
            assert!(3 <= fitting.len(), "{trigger:?}");
            assert!(fitting.iter().any(|one| strong(one)), "{trigger:?}");
        }
    }

    /// Words for what may do harm, and the precautions they need. All physical skills count as exercise too.
    const HARMFUL: [(&[&str], &[Precaution]); 4] = [
        (
            &[
                "exercise", "walk", "walking", "running", "jog", "jogging", "jump", "jumping", "stairs",
                "dance", "swim", "bike", "squats", "sprint", "workout", "move for",
            ],
            &EXERCISE,
        ),
        (&["go hard", "hard exercise", "sprint"], &[Precaution::Pregnancy]),
        (&["cold", "ice", "icy", "freezer"], &[Precaution::HeartCondition]),
        (&["hold your breath", "face in"], &[Precaution::HeartCondition, Precaution::BreathingCondition]),
    ];
    const EXERCISE: [Precaution; 4] = [
        Precaution::HeartCondition,
        Precaution::BreathingCondition,
        Precaution::EatingDisorder,
        Precaution::Injury,
    ];

    /// Skills with such words that need no precaution, each with what it asks for.
    const HARMLESS: [(&str, &str); 9] = [
        ("paced_breathing", "not to hold the breath"),
        ("body_scan", "to notice cold"),
        ("mindful_walk", "to walk slow"),
        ("take_a_time_out", "to walk, or something else"),
        ("leave_the_trigger", "to walk out of a door"),
        ("care_for_body", "to move as one likes"),
        ("eat_something", "to eat"),
        ("stretch_it_out", "to stretch slow"),
        ("wind_down_for_sleep", "to rest"),
    ];

    #[test]
    fn skills_with_cold_or_exercise_have_their_precautions() {
        let mut harmless: BTreeMap<_, _> = HARMLESS.into_iter().collect();
        for LibrarySkill { code, skill } in &library().skills {
            let words = format!("{}\n{}", skill.name.as_ref(), text(skill)).to_lowercase();
            let words: Vec<_> =
                words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
            let words = format!(" {} ", words.join(" "));
            let named =
                HARMFUL.iter().filter(|(some, _)| some.iter().any(|one| words.contains(&format!(" {one} "))));
            let moving: &[Precaution] = if skill.family == Family::Physical { &EXERCISE } else { &[] };
            let needed = named.flat_map(|(_, precautions)| *precautions).chain(moving);
            let missing: BTreeSet<_> =
                needed.filter(|precaution| !skill.precautions.contains(precaution)).collect();
            let expected = !missing.is_empty() && harmless.remove(code.as_ref()).is_some();
            assert!(missing.is_empty() || expected, "{code:?} lacks {missing:?}");
        }
        assert!(harmless.is_empty(), "not needed: {harmless:?}");
    }

    #[test]
    fn skills_that_can_save_a_life_are_there() {
        let all = library().skills.iter().map(|one| text(&one.skill)).collect::<String>().to_lowercase();
        for word in
            ["988", "911", "naloxone", "fentanyl", "test strip", "do not use alone", "blue or gray lips"]
        {
            assert!(all.contains(word), "{word}");
        }
    }

    #[test]
    fn a_sixth_grader_can_read_it() {
        assert_eq!(
            ["calm", "urge", "little", "wanted", "breathed", "988"].map(syllables),
            [1, 1, 2, 2, 1, 3]
        );
        for LibrarySkill { code, skill } in &library().skills {
            let grade = grade(&text(skill));
            assert!(grade <= 6.0, "{code:?} reads at grade {grade:.1}");
        }
        let hard = "Contemplation facilitates nonjudgmental observation of physiological manifestations.";
        assert!(6.0 < grade(hard));
    }
}
