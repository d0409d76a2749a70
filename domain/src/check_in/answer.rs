//! Answers as a phone sends them, before they are compared with a definition.

use crate::value::{BoundedSet, Invalid};
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type,
};
use utoipa::{PartialSchema, ToSchema, openapi::RefOr};

/// The most answers in one check-in.
pub const MOST_ANSWERS: usize = 64;
/// The most choices in one answer.
pub const MOST_CHOICES: usize = 40;

text! {
    /// The stable name of a question or of a choice.
    Code: 1 to 40, such as "craving_worst"
}
text! {
    /// An answer in the participant's own words, or the name of a choice.
    AnswerText: 1 to 280, lines, such as "Slept badly, but the group helped."
}

/// A number with at most one decimal place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Figure(i32);

impl Figure {
    /// The number in tenths.
    pub fn tenths(self) -> i32 {
        self.0
    }
    /// The number, if it is a whole number.
    pub fn whole(self) -> Option<i16> {
        (self.0 % 10 == 0).then(|| i16::try_from(self.0 / 10).ok()).flatten()
    }
}
impl From<i16> for Figure {
    fn from(whole: i16) -> Self {
        Self(i32::from(whole) * 10)
    }
}
impl TryFrom<f64> for Figure {
    type Error = Invalid;
    fn try_from(number: f64) -> Result<Self, Invalid> {
        let tenths = (number * 10.0).round();
        if !number.is_finite() || 100_000.0 < tenths.abs() {
            #[expect(clippy::cast_possible_truncation, reason = "a cast from float saturates")]
            return Err(Invalid::Range { low: -10_000, high: 10_000, was: number as i64 });
        }
        if 1e-9 < (number * 10.0 - tenths).abs() {
            return Err(Invalid::Decimals);
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most a hundred thousand either way")]
        Ok(Self(tenths as i32))
    }
}
impl From<Figure> for f64 {
    fn from(figure: Figure) -> Self {
        Self::from(figure.0) / 10.0
    }
}
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f64::from(*self).fmt(f)
    }
}
impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.whole() {
            Some(whole) => serializer.serialize_i16(whole),
            None => serializer.serialize_f64((*self).into()),
        }
    }
}
impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer)?.try_into().map_err(de::Error::custom)
    }
}
impl PartialSchema for Figure {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some("A number with at most one decimal place"))
            .minimum(Some(-10_000))
            .maximum(Some(10_000))
            .multiple_of(Some(0.1))
            .examples([serde_json::json!(7.5)])
            .into()
    }
}
impl ToSchema for Figure {}

/// An answer as a phone sends it. The definition says whether it fits its question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes or no.
    YesNo(bool),
    /// A point on a scale, or a number.
    Number(Figure),
    /// Free text, or the code of one choice.
    Text(AnswerText),
    /// The codes of several choices.
    Choices(BoundedSet<Code, MOST_CHOICES>),
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::YesNo(yes) => yes.serialize(serializer),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => text.serialize(serializer),
            Self::Choices(choices) => choices.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnswerVisitor)
    }
}

// An untagged enum would say only that no variant fits.
struct AnswerVisitor;

impl<'de> Visitor<'de> for AnswerVisitor {
    type Value = Answer;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false, a number, a text or a list of choices")
    }
    fn visit_bool<E: de::Error>(self, yes: bool) -> Result<Answer, E> {
        Ok(Answer::YesNo(yes))
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Answer, E> {
        let whole = i16::try_from(number);
        let whole = whole.map_err(|_| Invalid::Range { low: -10_000, high: 10_000, was: number });
        self.visit_f64(f64::from(whole.map_err(E::custom)?))
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Answer, E> {
        self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
    }
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Answer, E> {
        Figure::try_from(number).map(Answer::Number).map_err(E::custom)
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Answer, E> {
        self.visit_string(text.to_owned())
    }
    fn visit_string<E: de::Error>(self, text: String) -> Result<Answer, E> {
        AnswerText::try_from(text).map(Answer::Text).map_err(E::custom)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Answer, A::Error> {
        let mut choices = Vec::new();
        while let Some(choice) = list.next_element()? {
            // Stop early, so that a body of a million choices is not read into memory.
            if MOST_CHOICES <= choices.len() {
                return Err(de::Error::custom(format!("must have at most {MOST_CHOICES} entries")));
            }
            choices.push(choice);
        }
        BoundedSet::try_from(choices).map(Answer::Choices).map_err(de::Error::custom)
    }
}

impl PartialSchema for Answer {
    fn schema() -> RefOr<Schema> {
        let choices = ArrayBuilder::new().items(Code::schema()).max_items(Some(MOST_CHOICES));
        let one_of = OneOfBuilder::new()
            .description(Some("An answer, of the type that its question asks for"))
            .item(ObjectBuilder::new().schema_type(Type::Boolean))
            .item(Figure::schema())
            .item(AnswerText::schema())
            .item(choices);
        one_of.into()
    }
}
impl ToSchema for Answer {}

/// Answers by the code of their question. Null means that the question was skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Answers(BTreeMap<Code, Answer>);

impl Answers {
    /// The answer to a question.
    pub fn get(&self, code: &str) -> Option<&Answer> {
        self.0.iter().find(|(item, _)| item.as_ref() == code).map(|(_, answer)| answer)
    }
    /// All answers by code.
    pub fn iter(&self) -> impl Iterator<Item = (&Code, &Answer)> {
        self.0.iter()
    }
}

impl FromIterator<(Code, Answer)> for Answers {
    fn from_iter<I: IntoIterator<Item = (Code, Answer)>>(answers: I) -> Self {
        Self(answers.into_iter().collect())
    }
}

impl<'de> Deserialize<'de> for Answers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnswersVisitor)
    }
}

struct AnswersVisitor;

impl<'de> Visitor<'de> for AnswersVisitor {
    type Value = Answers;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of answers")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Answers, A::Error> {
        let mut answers = BTreeMap::new();
        while let Some((code, answer)) = map.next_entry::<Code, Option<Answer>>()? {
            if MOST_ANSWERS <= answers.len() {
                return Err(de::Error::custom(format!("must have at most {MOST_ANSWERS} answers")));
            }
            // A map would silently take the last of two.
            if answers.insert(code, answer).is_some() {
                return Err(de::Error::custom("the same question is answered twice"));
            }
        }
        let given = answers.into_iter().filter_map(|(code, answer)| Some((code, answer?)));
        Ok(given.collect())
    }
}

impl PartialSchema for Answers {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .description(Some(
                "Answers by the code of their question; null means that the question was skipped",
            ))
            .additional_properties(Some(AdditionalProperties::RefOr(Answer::schema())))
            .max_properties(Some(MOST_ANSWERS))
            .examples([serde_json::json!(
                { "mood": 6, "sleep_hours": 7.5, "craving_worst": 4, "confidence": 8, "medicine": "yes" }
            )])
            .into()
    }
}
impl ToSchema for Answers {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::twice(r#"{"mood":1,"mood":1}"#)]
    #[case::nested(r#"{"mood":{"value":1}}"#)]
    #[case::too_long(&format!(r#"{{"note":"{}"}}"#, "é".repeat(281)))]
    #[case::nul(r#"{"note":"a\u0000"}"#)]
    #[case::huge(r#"{"mood":1e300}"#)]
    #[case::hundredths(r#"{"sleep_hours":7.25}"#)]
    #[case::too_many_choices(&format!(r#"{{"signs":[{}]}}"#, vec![r#""use""#; 41].join(",")))]
    fn an_invalid_answer_is_unreadable(#[case] json: &str) {
        assert!(serde_json::from_str::<Answers>(json).is_err());
    }

    #[test]
    fn too_many_answers_are_unreadable() {
        let many = |count: usize| (0..count).map(|n| (format!("q{n}"), 1.into())).collect();
        let read = |count| serde_json::from_value::<Answers>(serde_json::Value::Object(many(count)));
        assert!(read(MOST_ANSWERS).is_ok() && read(MOST_ANSWERS + 1).is_err());
    }

    proptest! {
        #[test]
        fn a_figure_reads_back_as_written(tenths in -100_000i32..=100_000) {
            let figure = Figure(tenths);
            let json = serde_json::to_string(&figure).unwrap();
            prop_assert_eq!(serde_json::from_str::<Figure>(&json).unwrap(), figure);
            prop_assert_eq!(Figure::try_from(f64::from(figure)), Ok(figure));
        }
        #[test]
        fn no_number_breaks_a_figure(number in any::<f64>()) {
            if let Ok(figure) = Figure::try_from(number) {
                prop_assert!((f64::from(figure) - number).abs() < 1e-6);
            }
        }
    }
}
