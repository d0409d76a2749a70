//! Coping skills: what is on offer, what somebody chose and practiced, what works for them, what to try now.
//!
//! A skill is the library's, a reviewed data file ([`library`]), or an organization's own ([`organization`]). Both
//! are a [`SkillDraft`] and go by a [`SkillRef`], so nothing after that asks whose it is.

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
    /// What a skill is called.
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
        /// To ask, to refuse, to keep the peace and one's limits.
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
    /// What makes a skill unfit for somebody. The library has a sentence on each.
    Precaution {
        /// A heart condition: no cold, no exercise.
        HeartCondition = "heart_condition",
        /// Asthma, COPD and the like: no breath holding, no exercise.
        BreathingCondition = "breathing_condition",
        /// Pregnancy: no hard exercise.
        Pregnancy = "pregnancy",
        /// An eating disorder: no cold shock, no exercise or food advice without the team.
        EatingDisorder = "eating_disorder",
        /// An injury or lasting pain: no tensing, stretching or exercise.
        Injury = "injury",
        /// Memories of trauma: no long looking inward.
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

/// A skill, whoever offers it: `library:urge_surfing`, or `organization:` and the id of an organization's own.
/// Only its form is checked: an entry from a phone with a newer library, or about a retired skill, is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum SkillRef {
    /// One of the library's.
    Library(SkillCode),
    /// One that an organization added.
    Organization(SkillId),
}

impl TryFrom<String> for SkillRef {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        let skill = match text.split_once(':') {
            Some(("library", code)) => SkillCode::try_from(code.to_owned()).ok().map(Self::Library),
            // 36 characters: a UUID has other spellings, which would make one skill two.
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
            "A skill: `library:` and its code, or `organization:` and the id of an organization's own";
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

/// From one intensity to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Bounds")]
#[schema(example = json!({ "from": 4, "to": 10 }))]
pub struct IntensityRange {
    /// The weakest it suits.
    from: Intensity,
    /// The strongest it suits.
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
    /// A range that does not end below where it begins.
    pub fn new(from: Intensity, to: Intensity) -> Result<Self, Invalid> {
        if from <= to { Ok(Self { from, to }) } else { Err(Invalid::Backwards) }
    }
    /// Whether this intensity lies in it.
    pub fn contains(self, intensity: Intensity) -> bool {
        self.from <= intensity && intensity <= self.to
    }
}

/// What a skill is, without whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Tea with the night team", "family": "social",
    "summary": "Someone is up at any hour. You do not have to sit with it alone.",
    "steps": ["Go down to the kitchen.", "Put the kettle on.", "Say as much or as little as you like."],
    "minutes": 15, "intensity": { "from": 4, "to": 10 }, "triggers": ["urges"]
}))]
pub struct SkillDraft {
    /// What it is called.
    pub name: SkillName,
    /// Where it comes from.
    pub family: Family,
    /// What it is for.
    pub summary: Summary,
    /// What to do, in order.
    #[schema(value_type = Vec<Step>, min_items = 3, max_items = 6)]
    pub steps: Steps,
    /// How long it takes.
    pub minutes: SkillMinutes,
    /// The intensities it suits in the moment; none if it is for other times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intensity: Option<IntensityRange>,
    /// The situations it fits best.
    #[serde(default, skip_serializing_if = "BoundedSet::is_empty")]
    #[schema(value_type = Vec<TriggerCategory>, max_items = 8)]
    pub triggers: BoundedSet<TriggerCategory, 8>,
    /// Whom it may harm.
    #[serde(default, skip_serializing_if = "BoundedSet::is_empty")]
    #[schema(value_type = Vec<Precaution>, max_items = 8)]
    pub precautions: BoundedSet<Precaution, 8>,
}

/// Why something in this module is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The id already stands for other content.
    #[error("this id already stands for other content; send a correction, or a new entry under a new id")]
    Different,
    /// The id already stands for another assignment.
    #[error("this id already stands for another assignment; make a new one under a new id")]
    AssignedOther,
    /// The id already stands for a skill that says something else.
    #[error(
        "this id already stands for a skill that says something else; to edit it, send If-Match with the ETag that \
         you read, or add yours under a new id"
    )]
    AddedOther,
    /// The entry was withdrawn.
    #[error("this entry was withdrawn; make a new one under a new id")]
    Withdrawn,
    /// There are as many revisions as are kept.
    #[error(
        "this was already corrected as often as is kept; withdraw it, and make a new entry under a new id"
    )]
    TooManyRevisions,
    /// It was changed in between.
    #[error("this was changed in the meantime; read it again and make your change to that")]
    Stale,
    /// A change of what stands does not say what it was made to.
    #[error("say by If-Match which revision you changed")]
    WhichRevision,
    /// The skill was retired.
    #[error("this skill was retired; offer it again first, or add a new one")]
    Retired,
    /// There is no such skill on offer.
    #[error("this skill is not on offer; choose one that is")]
    NotOffered,
    /// The participant noted a precaution that the skill has.
    #[error("this skill has a precaution that holds for this participant; choose another")]
    HasPrecaution,
    /// A practice would be asked for a day that has passed, or that is too far off.
    #[error("`until` must be a day from today to a year from now")]
    Until,
}

impl From<log_entry::Refusal> for Refusal {
    fn from(refusal: log_entry::Refusal) -> Self {
        match refusal {
            log_entry::Refusal::Different => Self::Different,
            log_entry::Refusal::Withdrawn => Self::Withdrawn,
            log_entry::Refusal::TooManyRevisions => Self::TooManyRevisions,
        }
    }
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
    fn a_skill_of_nobody_is_refused(#[case] text: &str) {
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
    fn a_range_holds_both_its_ends() {
        let range = IntensityRange::new(intensity(4), intensity(6)).unwrap();
        let held: Vec<_> = (0..=10).filter(|number| range.contains(intensity(*number))).collect();
        assert_eq!(held, [4, 5, 6]);
    }

    proptest! {
        #[test]
        fn a_skill_has_one_spelling(code in "[a-z][a-z0-9_]{0,38}[a-z0-9]", id in any::<u128>()) {
            for spelling in [format!("library:{code}"), format!("organization:{}", Uuid::from_u128(id))] {
                let read = SkillRef::try_from(spelling.clone()).unwrap();
                prop_assert!((10..=49).contains(&spelling.len()));
                prop_assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::json!(spelling));
            }
        }
        #[test]
        fn no_text_panics_a_skill(text in "(library|organization)?:?\\PC{0,40}") {
            let _ = SkillRef::try_from(text);
        }
    }
}
