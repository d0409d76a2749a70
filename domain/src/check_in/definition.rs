//! The questions of check-ins: versioned data. A published version never changes; a change is a new version.

use super::answer::{Answer, Answers, Code, Figure};
use crate::audit::Hash;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use utoipa::ToSchema;

words! {
    /// How often a check-in is asked for.
    CheckInKind {
        /// Once every local day. It takes less than a minute.
        Daily = "daily",
        /// Once every ISO week, Monday to Sunday.
        Weekly = "weekly",
    }
}
/// One of several choices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckInChoice {
    /// Its stable name.
    pub code: Code,
    /// What the person reads.
    pub label: String,
}

/// The kind of answer that a question takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Asks {
    /// A whole number on a scale with a label at each end.
    Scale {
        /// Its lowest point.
        low: i16,
        /// Its highest point.
        high: i16,
        /// What the lowest point means.
        low_label: String,
        /// What the highest point means.
        high_label: String,
    },
    /// A number in steps from the lowest.
    Number {
        /// The lowest number.
        low: i16,
        /// The highest number.
        high: i16,
        /// The step from one number to the next.
        step: Figure,
        /// What is counted.
        unit: String,
    },
    /// `true` or `false`.
    YesNo,
    /// `"yes"`, `"no"` or `"not_prescribed"`.
    YesNoNotPrescribed,
    /// The code of one choice.
    Choice {
        /// The choices.
        options: Vec<CheckInChoice>,
    },
    /// A list of the codes of all choices that fit. An empty list is an answer too.
    Choices {
        /// The choices.
        options: Vec<CheckInChoice>,
    },
    /// Free text, 1 to 280 characters.
    Text,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckInItem {
    /// Its stable name, the same in every version that asks the same question.
    pub code: Code,
    /// What the person reads.
    pub prompt: String,
    /// Whether it needs an answer.
    pub required: bool,
    /// The kind of answer it takes.
    pub answer: Asks,
}

/// One version of a check-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// How often it is asked for.
    pub kind: CheckInKind,
    /// Its version, from 1.
    #[schema(minimum = 1)]
    pub version: i16,
    /// Its heading.
    pub title: String,
    /// Its questions, in order.
    #[schema(max_items = 64)]
    pub items: Vec<CheckInItem>,
}

/// Why an answer is invalid. The text is for the person who sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The definition does not ask this.
    #[error("is not a question of this check-in")]
    Unknown,
    /// A required question without an answer.
    #[error("needs an answer")]
    Missing,
    /// An answer of the wrong type.
    #[error("must be {0}")]
    Type(&'static str),
    /// A number outside its range.
    #[error("must be {low} to {high}, was {was}")]
    Range {
        /// Smallest allowed.
        low: i16,
        /// Largest allowed.
        high: i16,
        /// What was given.
        was: Figure,
    },
    /// A number between two steps.
    #[error("must go in steps of {step}, was {was}")]
    Step {
        /// The step from one number to the next.
        step: Figure,
        /// What was given.
        was: Figure,
    },
    /// A code that is not one of the choices.
    #[error("is not one of the choices")]
    NotAChoice,
}

/// An invalid answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", item.as_ref())]
pub struct Fault {
    /// The question.
    pub item: Code,
    /// What is wrong with it.
    pub why: Why,
}

impl Fault {
    /// Its place in the request, as a JSON pointer (RFC 6901).
    pub fn pointer(&self) -> String {
        format!("/answers/{}", self.item.as_ref().replace('~', "~0").replace('/', "~1"))
    }
}

impl Asks {
    fn check(&self, answer: &Answer) -> Result<(), Why> {
        let chosen = |options: &[CheckInChoice], code: &str| {
            let known = options.iter().any(|option| option.code.as_ref() == code);
            if known { Ok(()) } else { Err(Why::NotAChoice) }
        };
        match (self, answer) {
            (Self::YesNo, Answer::YesNo(_)) | (Self::Text, Answer::Text(_)) => Ok(()),
            (Self::Scale { low, high, .. }, Answer::Number(was)) => within(*low, *high, 1.into(), *was),
            (Self::Number { low, high, step, .. }, Answer::Number(was)) => within(*low, *high, *step, *was),
            (Self::YesNoNotPrescribed, Answer::Text(text)) => match text.as_ref() {
                "yes" | "no" | "not_prescribed" => Ok(()),
                _ => Err(Why::NotAChoice),
            },
            (Self::Choice { options }, Answer::Text(text)) => chosen(options, text.as_ref()),
            (Self::Choices { options }, Answer::Choices(codes)) => {
                codes.iter().try_for_each(|code| chosen(options, code.as_ref()))
            }
            (Self::Scale { .. } | Self::Number { .. }, _) => Err(Why::Type("a number")),
            (Self::YesNo, _) => Err(Why::Type("true or false")),
            (Self::YesNoNotPrescribed, _) => Err(Why::Type("\"yes\", \"no\" or \"not_prescribed\"")),
            (Self::Choice { .. }, _) => Err(Why::Type("the code of one choice")),
            (Self::Choices { .. }, _) => Err(Why::Type("a list of codes")),
            (Self::Text, _) => Err(Why::Type("a text")),
        }
    }
}

fn within(low: i16, high: i16, step: Figure, was: Figure) -> Result<(), Why> {
    if was < low.into() || Figure::from(high) < was {
        return Err(Why::Range { low, high, was });
    }
    let steps = (was.tenths() - Figure::from(low).tenths()) % step.tenths().max(1);
    if steps == 0 { Ok(()) } else { Err(Why::Step { step, was }) }
}

impl Definition {
    /// All faults of a set of answers: first wrong answers by code, then missing ones in the order of the
    /// questions.
    pub fn faults(&self, answers: &Answers) -> Vec<Fault> {
        let given = answers.iter().filter_map(|(code, answer)| {
            let item = self.items.iter().find(|item| item.code == *code);
            let why = item.map_or(Err(Why::Unknown), |item| item.answer.check(answer)).err()?;
            Some(Fault { item: code.clone(), why })
        });
        let missing = self.items.iter().filter(|item| item.required);
        let missing = missing.filter(|item| answers.get(item.code.as_ref()).is_none());
        given.chain(missing.map(|item| Fault { item: item.code.clone(), why: Why::Missing })).collect()
    }

    /// The canonical text of this definition: JSON without white space, its fields in the order of their
    /// declaration. Phones fetch it and its hash covers it. A test checks that no published one changes.
    pub fn canonical(&self) -> String {
        // Plain structs of texts and numbers always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The hash by which a phone knows this definition. The caller supplies the hash function.
    pub fn hash(&self, hash: impl Fn(&[u8]) -> Hash) -> Hash {
        hash(self.canonical().as_bytes())
    }
}

static PUBLISHED: LazyLock<Vec<Definition>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/check_ins.json")).expect("a test reads this file")
});

/// Every published definition, so that an old phone can answer under the one it has.
pub fn definitions() -> &'static [Definition] {
    &PUBLISHED
}

/// The definition of a kind and version, if there is one.
pub fn definition(kind: CheckInKind, version: i16) -> Option<&'static Definition> {
    definitions().iter().find(|one| (one.kind, one.version) == (kind, version))
}

/// The newest definition of a kind.
pub fn latest(kind: CheckInKind) -> Option<&'static Definition> {
    definitions().iter().filter(|one| one.kind == kind).max_by_key(|one| one.version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check_in::answer::MOST_CHOICES;
    use rstest::rstest;
    use std::collections::BTreeSet;

    // FNV-1a: enough to notice that a text has changed.
    fn fingerprint(text: &str) -> u64 {
        text.bytes()
            .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }
    fn answers(json: serde_json::Value) -> Answers {
        serde_json::from_value(json).unwrap()
    }
    fn daily() -> &'static Definition {
        definition(CheckInKind::Daily, 1).unwrap()
    }

    /// A published version never changes: phones store it by its hash, and old answers were given under it. If
    /// this fails, restore the file and publish the change as a new version.
    #[test]
    fn a_published_definition_stays_as_it_is() {
        let published: Vec<_> = definitions()
            .iter()
            .map(|one| {
                (
                    one.kind,
                    one.version,
                    one.canonical().len(),
                    format!("{:016x}", fingerprint(&one.canonical())),
                )
            })
            .collect();
        let expected = [
            (CheckInKind::Daily, 1, 1704, "c0da62ff31161d13".to_owned()),
            (CheckInKind::Weekly, 1, 4753, "a44ef41fd6b70e97".to_owned()),
        ];
        assert_eq!(published, expected);
    }

    #[test]
    fn the_canonical_text_reads_back_and_is_what_is_hashed() {
        for one in definitions() {
            let text = one.canonical();
            assert_eq!(&serde_json::from_str::<Definition>(&text).unwrap(), one);
            let hash = one.hash(|bytes| {
                assert_eq!(bytes, text.as_bytes());
                [7; 32]
            });
            assert_eq!(hash, [7; 32]);
        }
        let begin =
            r#"{"kind":"daily","version":1,"title":"How is today?","items":[{"code":"mood","prompt":"#;
        assert!(daily().canonical().starts_with(begin));
    }

    #[test]
    fn every_definition_is_sound() {
        let mut seen = BTreeSet::new();
        let well_formed = |code: &Code| {
            let code = code.as_ref();
            code.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'))
        };
        for one in definitions() {
            assert!(0 < one.version && seen.insert((one.kind, one.version)));
            let codes: BTreeSet<_> = one.items.iter().map(|item| &item.code).collect();
            assert_eq!(codes.len(), one.items.len(), "{:?}", one.kind);
            for item in &one.items {
                assert!(well_formed(&item.code) && !item.prompt.trim().is_empty(), "{item:?}");
                for sentence in item.prompt.split(['.', '?']) {
                    assert!(sentence.split_whitespace().count() <= 22, "hard to read: {sentence}");
                }
                match &item.answer {
                    Asks::Scale { low, high, .. } => assert!(low < high),
                    Asks::Number { low, high, step, .. } => assert!(low < high && 0 < step.tenths()),
                    Asks::Choice { options } | Asks::Choices { options } => {
                        let codes: BTreeSet<_> = options.iter().map(|option| &option.code).collect();
                        assert_eq!(codes.len(), options.len());
                        assert!(options.iter().all(|option| well_formed(&option.code)));
                        assert!((2..=MOST_CHOICES).contains(&options.len()));
                    }
                    Asks::YesNo | Asks::YesNoNotPrescribed | Asks::Text => {}
                }
            }
        }
        assert_eq!(latest(CheckInKind::Daily).unwrap().items.len(), 10, "a minute is not longer");
        assert!((12..=20).contains(&latest(CheckInKind::Weekly).unwrap().items.len()));
        assert_eq!(definition(CheckInKind::Daily, 9), None);
    }

    #[test]
    fn a_full_and_a_bare_set_of_answers_fit() {
        let bare = answers(serde_json::json!({ "mood": 6, "craving_worst": 0, "confidence": 10 }));
        assert_eq!(daily().faults(&bare), []);
        let full = answers(serde_json::json!({
            "mood": 6, "sleep_hours": 7.5, "sleep_quality": 5, "craving_worst": 4, "stress": 3, "confidence": 8,
            "connected": true, "medicine": "not_prescribed", "any_use": false, "note": "Better\nthan yesterday"
        }));
        assert_eq!(daily().faults(&full), []);
        let weekly = answers(serde_json::json!({
            "health": "good", "low_days": 2, "craving": 3, "support_days": 7, "confidence": 8, "signs": [],
        }));
        assert_eq!(definition(CheckInKind::Weekly, 1).unwrap().faults(&weekly), []);
    }

    #[rstest]
    #[case::eleven("mood", "11", "must be 0 to 10, was 11")]
    #[case::below("mood", "-1", "must be 0 to 10, was -1")]
    #[case::half_a_point("mood", "5.5", "must go in steps of 1, was 5.5")]
    #[case::a_word("mood", "\"good\"", "must be a number")]
    #[case::more_than_a_day("sleep_hours", "24.5", "must be 0 to 24, was 24.5")]
    #[case::a_tenth("sleep_hours", "7.3", "must go in steps of 0.5, was 7.3")]
    #[case::one("connected", "1", "must be true or false")]
    #[case::a_bool("medicine", "true", "must be \"yes\", \"no\" or \"not_prescribed\"")]
    #[case::another_word("medicine", "\"maybe\"", "is not one of the choices")]
    #[case::a_list("note", "[\"a\"]", "must be a text")]
    #[case::unknown("weight", "70", "is not a question of this check-in")]
    #[case::skipped("mood", "null", "needs an answer")]
    fn an_answer_that_does_not_fit_names_its_question(
        #[case] code: &str,
        #[case] answer: &str,
        #[case] why: &str,
    ) {
        let mut all = serde_json::json!({ "mood": 6, "craving_worst": 0, "confidence": 10 });
        all[code] = serde_json::from_str(answer).unwrap();
        let faults = daily().faults(&answers(all));
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(
            (faults[0].pointer(), faults[0].why.to_string()),
            (format!("/answers/{code}"), why.to_owned())
        );
    }

    #[test]
    fn all_faults_are_reported_together() {
        let faults = daily().faults(&answers(serde_json::json!({ "stress": 99, "a/b~c": true })));
        let pointers: Vec<_> = faults.iter().map(Fault::pointer).collect();
        let expected = [
            "/answers/a~1b~0c",
            "/answers/stress",
            "/answers/mood",
            "/answers/craving_worst",
            "/answers/confidence",
        ];
        assert_eq!(pointers, expected);
    }
}
