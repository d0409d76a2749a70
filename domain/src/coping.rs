//! Coping skills: which are on offer, what somebody chose and practiced, what works for them, what to try now.
//!
//! A skill belongs to the library, a reviewed data file ([`library`]), or to an organization
//! ([`organization`]). Both kinds have a [`SkillDraft`] and are named by a [`SkillRef`].

pub mod assignment;
pub mod choice;
pub mod evidence;
pub mod library;
mod offer;
pub mod organization;
pub mod skill_practice;
pub mod suggestion;

pub use offer::Skills;

use crate::craving::{Intensity, TriggerCategory};
use crate::log_entry;
use crate::value::{BoundedSet, Invalid, text_schema};
pub use choice::{Choices, Chosen};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

id! {
    /// A coping skill that an organization added.
    SkillId
}
whole_number! {
    /// How long a skill takes, in minutes.
    SkillMinutes: 1 to 120, such as 10
}
text! {
    /// The name of a skill.
    SkillName: 1 to 80, such as "Urge surfing"
}
text! {
    /// What a skill is for, in a sentence or two.
    Summary: 1 to 300, such as "An urge is like a wave. You can ride it out."
}
text! {
    /// One thing to do.
    Step: 1 to 300, such as "Breathe in while you count to four."
}
words! {
    /// Where a skill comes from.
    Family {
        /// To get through a hard moment without making it worse; from dialectical behavior therapy.
        DbtDistressTolerance = "dbt_distress_tolerance",
        /// To understand feelings and change them.
        EmotionRegulation = "emotion_regulation",
        /// To notice what is, without judging it.
        Mindfulness = "mindfulness",
        /// To ask, to say no, to handle conflict and set limits.
        Interpersonal = "interpersonal",
        /// To change thoughts, plans and situations; from cognitive behavioral therapy.
        Cbt = "cbt",
        /// To come back to the here and now.
        Grounding = "grounding",
        /// To be with others.
        Social = "social",
        /// To move, eat and rest.
        Physical = "physical",
        /// To stay alive and safer, whatever happens.
        HarmReduction = "harm_reduction",
    }
}
words! {
    /// A reason not to use a skill. The library explains each.
    Precaution {
        /// A heart condition: no cold, no exercise.
        HeartCondition = "heart_condition",
        /// Asthma, COPD or a similar condition: no breath holding, no exercise.
        BreathingCondition = "breathing_condition",
        /// Pregnancy: no hard exercise.
        Pregnancy = "pregnancy",
        /// An eating disorder: no cold shock, and no exercise or food advice without the care team.
        EatingDisorder = "eating_disorder",
        /// An injury or lasting pain: no tensing, stretching or exercise.
        Injury = "injury",
        /// Trauma: no long periods of inward attention.
        Trauma = "trauma",
    }
}

/// The stable name of a skill in the library.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SkillCode(String);

impl TryFrom<String> for SkillCode {
    type Error = Invalid;
    fn try_from(code: String) -> Result<Self, Invalid> {
        let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let fits = (2..=40).contains(&code.len()) && code.chars().all(snake);
        if fits && code.starts_with(|c: char| c.is_ascii_lowercase()) && !code.ends_with('_') {
            Ok(Self(code))
        } else {
            Err(Invalid::SkillCode)
        }
    }
}
impl From<SkillCode> for String {
    fn from(code: SkillCode) -> Self {
        code.0
    }
}
impl AsRef<str> for SkillCode {
    fn as_ref(&self) -> &str {
        &self.0
    }
}
impl PartialSchema for SkillCode {
    fn schema() -> RefOr<Schema> {
        text_schema("The stable name of a skill in the library", Some(2), Some(40), None, "urge_surfing")
    }
}
impl ToSchema for SkillCode {}

/// Names a skill: `library:` and its code, or `organization:` and its id. Only the form is checked, so that
/// entries from a phone with a newer library, or about a retired skill, are accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum SkillRef {
    /// A skill of the library.
    Library(SkillCode),
    /// A skill that an organization added.
    Organization(SkillId),
}

impl TryFrom<String> for SkillRef {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        let skill = match text.split_once(':') {
            Some(("library", code)) => SkillCode::try_from(code.to_owned()).ok().map(Self::Library),
            // 36 characters: in another spelling of the UUID the same skill would count as two.
            Some(("organization", id)) if id.len() == 36 => {
                id.parse::<SkillId>().ok().map(Self::Organization)
            }
            _ => None,
        };
        skill.ok_or(Invalid::SkillRef)
    }
}
impl fmt::Display for SkillRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(code) => write!(f, "library:{}", code.0),
            Self::Organization(id) => write!(f, "organization:{}", Uuid::from(*id)),
        }
    }
}
impl From<SkillRef> for String {
    fn from(skill: SkillRef) -> Self {
        skill.to_string()
    }
}
impl Serialize for SkillRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl PartialSchema for SkillRef {
    fn schema() -> RefOr<Schema> {
        let description =
            "A skill: `library:` and its code, or `organization:` and the id of the organization's skill";
        text_schema(description, Some(10), Some(49), None, "library:urge_surfing")
    }
}
impl ToSchema for SkillRef {}

/// The 3 to 6 steps of a skill, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Step>", into = "Vec<Step>")]
pub struct Steps(Vec<Step>);

impl TryFrom<Vec<Step>> for Steps {
    type Error = Invalid;
    fn try_from(steps: Vec<Step>) -> Result<Self, Invalid> {
        let was = steps.len();
        if (3..=6).contains(&was) { Ok(Self(steps)) } else { Err(Invalid::Count { low: 3, high: 6, was }) }
    }
}
impl From<Steps> for Vec<Step> {
    fn from(steps: Steps) -> Self {
        steps.0
    }
}

/// A range of intensities, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Bounds")]
#[schema(example = json!({ "from": 4, "to": 10 }))]
pub struct IntensityRange {
    /// The lowest intensity.
    from: Intensity,
    /// The highest intensity.
    to: Intensity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    from: Intensity,
    to: Intensity,
}

impl TryFrom<Bounds> for IntensityRange {
    type Error = Invalid;
    fn try_from(Bounds { from, to }: Bounds) -> Result<Self, Invalid> {
        Self::new(from, to)
    }
}

impl IntensityRange {
    /// A range whose end is not below its start.
    pub fn new(from: Intensity, to: Intensity) -> Result<Self, Invalid> {
        if from <= to { Ok(Self { from, to }) } else { Err(Invalid::Backwards) }
    }
    /// Whether an intensity is in the range.
    pub fn contains(self, intensity: Intensity) -> bool {
        self.from <= intensity && intensity <= self.to
    }
}

/// The content of a skill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Tea with the night team", "family": "social",
    "summary": "Someone is up at any hour. You do not have to sit with it alone.",
    "steps": ["Go down to the kitchen.", "Put the kettle on.", "Say as much or as little as you like."],
    "minutes": 15, "intensity": { "from": 4, "to": 10 }, "triggers": ["urges"]
}))]
pub struct SkillDraft {
    /// Its name.
    pub name: SkillName,
    /// Where it comes from.
    pub family: Family,
    /// What it is for.
    pub summary: Summary,
    /// What to do, in order.
    #[schema(value_type = Vec<Step>, min_items = 3, max_items = 6)]
    pub steps: Steps,
    /// How many minutes it takes.
    pub minutes: SkillMinutes,
    /// The intensities for which it is meant in the moment; missing if it is for other times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intensity: Option<IntensityRange>,
    /// The kinds of situation it fits best.
    #[serde(default, skip_serializing_if = "BoundedSet::is_empty")]
    #[schema(value_type = Vec<TriggerCategory>, max_items = 8)]
    pub triggers: BoundedSet<TriggerCategory, 8>,
    /// Reasons not to use it.
    #[serde(default, skip_serializing_if = "BoundedSet::is_empty")]
    #[schema(value_type = Vec<Precaution>, max_items = 8)]
    pub precautions: BoundedSet<Precaution, 8>,
}

/// Why something in this module is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// For what applies to all entries.
    #[error(transparent)]
    Entry(#[from] log_entry::Refusal),
    /// The id is in use for another assignment.
    #[error("this id is already in use for another assignment; make a new one under a new id")]
    DifferentAssignment,
    /// The id is in use for a skill with other content.
    #[error(
        "this id is already in use for a skill with other content; to edit it, send If-Match with the ETag that you \
         read, or add yours under a new id"
    )]
    DifferentSkill,
    /// It was changed since it was read.
    #[error("this was changed since you read it; read it again and repeat your change")]
    Stale,
    /// A change does not name the revision that it started from.
    #[error("send If-Match with the revision that you changed")]
    WhichRevision,
    /// The skill was retired.
    #[error("this skill was retired; restore it first, or add a new one")]
    Retired,
    /// The skill is not on offer.
    #[error("this skill is not on offer; choose one that is")]
    NotOffered,
    /// The skill has a precaution that applies to the participant.
    #[error("this skill has a precaution that applies to this participant; choose another one")]
    HasPrecaution,
    /// The last day of an assignment has passed or is too far ahead.
    #[error("`until` must be a day from today to a year from now")]
    Until,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::craving::tests::intensity;
    use proptest::prelude::*;
    use rstest::rstest;

    pub(crate) fn skill(name: &str) -> SkillRef {
        SkillRef::try_from(name.to_owned()).unwrap()
    }
    pub(crate) fn tea() -> SkillDraft {
        serde_json::from_value(serde_json::json!({
            "name": "Tea with the night team", "family": "social", "summary": "Someone is up at any hour.",
            "steps": ["Go down to the kitchen.", "Put the kettle on.", "Talk if you like."], "minutes": 15
        }))
        .unwrap()
    }

    #[rstest]
    #[case::no_owner("urge_surfing")]
    #[case::another_owner("mine:urge_surfing")]
    #[case::no_code("library:")]
    #[case::upper_case("library:Urge")]
    #[case::a_space("library:urge surfing")]
    #[case::no_id("organization:urge_surfing")]
    #[case::an_id_in_other_spelling("organization:0192f0c12d3e7a4b8c5d6e7f8091a2b3")]
    #[case::two_colons("library:urge:surfing")]
    fn a_malformed_skill_reference_is_refused(#[case] text: &str) {
        assert_eq!(SkillRef::try_from(text.to_owned()), Err(Invalid::SkillRef));
    }

    #[rstest]
    #[case::two_steps(serde_json::json!({ "steps": ["One.", "Two."] }))]
    #[case::seven_steps(serde_json::json!({ "steps": ["1", "2", "3", "4", "5", "6", "7"] }))]
    #[case::an_empty_step(serde_json::json!({ "steps": ["One.", "", "Three."] }))]
    #[case::no_time_at_all(serde_json::json!({ "minutes": 0 }))]
    #[case::a_range_backwards(serde_json::json!({ "intensity": { "from": 7, "to": 6 } }))]
    #[case::half_a_range(serde_json::json!({ "intensity": { "from": 7 } }))]
    #[case::an_unknown_precaution(serde_json::json!({ "precautions": ["boredom"] }))]
    #[case::an_unknown_field(serde_json::json!({ "code": "tea" }))]
    fn an_organizations_skill_has_the_same_checks_as_the_librarys(#[case] change: serde_json::Value) {
        let mut json = serde_json::to_value(tea()).unwrap();
        json.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert!(serde_json::from_value::<SkillDraft>(json).is_err());
    }

    #[test]
    fn a_range_includes_both_ends() {
        let range = IntensityRange::new(intensity(4), intensity(6)).unwrap();
        let included: Vec<_> = (0..=10).filter(|number| range.contains(intensity(*number))).collect();
        assert_eq!(included, [4, 5, 6]);
    }

    proptest! {
        #[test]
        fn a_skill_reference_has_one_spelling(code in "[a-z][a-z0-9_]{0,38}[a-z0-9]", id in any::<u128>()) {
            for spelling in [format!("library:{code}"), format!("organization:{}", Uuid::from_u128(id))] {
                let read = SkillRef::try_from(spelling.clone()).unwrap();
                prop_assert!((10..=49).contains(&spelling.len()));
                prop_assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::json!(spelling));
            }
        }
        #[test]
        fn no_text_makes_a_skill_reference_panic(text in "(library|organization)?:?\\PC{0,40}") {
            let _ = SkillRef::try_from(text);
        }
    }
}
