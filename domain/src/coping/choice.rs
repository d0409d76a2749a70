//! A participant's favorite skills and precautions. Only the participant changes favorites; their counselor can
//! also note precautions. A change must name the revision it started from: otherwise a phone with an old copy
//! could remove a heart condition that the counselor noted.

use super::{Precaution, Refusal, SkillDraft, SkillRef, Skills};
use crate::value::{BoundedList, BoundedSet};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Favorite skills and precautions. A favorite that is no longer on offer is not suggested.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "favorites": ["library:urge_surfing"], "precautions": ["heart_condition"] }))]
pub struct Choices {
    /// Favorite skills, the best liked one first.
    #[schema(value_type = Vec<SkillRef>, max_items = 60)]
    pub favorites: BoundedList<SkillRef, 60>,
    /// Precautions that apply to them. A skill with one of these is never suggested to them.
    #[schema(value_type = Vec<Precaution>, max_items = 8)]
    pub precautions: BoundedSet<Precaution, 8>,
}

impl Choices {
    /// Whether a skill has none of this person's precautions.
    pub fn allow(&self, skill: &SkillDraft) -> bool {
        !skill.precautions.iter().any(|precaution| self.precautions.contains(precaution))
    }

    /// Whether a skill on offer has one of this person's precautions.
    pub fn warn_of(&self, skill: &SkillRef, skills: &Skills) -> bool {
        !self.precautions.is_empty() && skills.find(skill).is_some_and(|skill| !self.allow(skill))
    }
}

/// The current choices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Chosen {
    /// The number of changes: 0 until something is chosen.
    #[schema(minimum = 0)]
    pub revision: i32,
    /// The favorites and precautions.
    #[serde(flatten)]
    pub choices: Choices,
}

impl Chosen {
    /// Replaces all choices. `read` is the revision that was read. The same choices change nothing, whatever
    /// was read.
    pub fn replaced(&self, read: Option<i32>, choices: Choices) -> Result<Self, Refusal> {
        if self.choices == choices {
            return Ok(self.clone());
        }
        match read {
            None if self.revision == 0 => {}
            None => return Err(Refusal::WhichRevision),
            Some(read) if read == self.revision => {}
            Some(_) => return Err(Refusal::Stale),
        }
        Ok(Self { revision: self.revision + 1, choices })
    }

    /// Replaces the precautions; the favorites stay.
    pub fn with_precautions(
        &self,
        read: Option<i32>,
        precautions: BoundedSet<Precaution, 8>,
    ) -> Result<Self, Refusal> {
        self.replaced(read, Choices { precautions, ..self.choices.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coping::tests::skill;
    use rstest::rstest;

    fn precautions(some: &[Precaution]) -> BoundedSet<Precaution, 8> {
        some.to_vec().try_into().unwrap()
    }
    fn chosen() -> Chosen {
        let favorites = vec![skill("library:urge_surfing")].try_into().unwrap();
        Chosen {
            revision: 2,
            choices: Choices { favorites, precautions: precautions(&[Precaution::HeartCondition]) },
        }
    }

    #[rstest]
    #[case::nothing("{}")]
    #[case::no_precautions(r#"{"favorites":[]}"#)]
    #[case::no_favorites(r#"{"precautions":[]}"#)]
    fn a_missing_list_is_not_taken_for_an_empty_one(#[case] json: &str) {
        assert!(serde_json::from_str::<Choices>(json).is_err());
    }

    #[rstest]
    #[case::the_current_revision(Some(2), Ok(3))]
    #[case::an_old_copy(Some(1), Err(Refusal::Stale))]
    #[case::before_the_first(Some(0), Err(Refusal::Stale))]
    #[case::missing(None, Err(Refusal::WhichRevision))]
    fn a_change_names_the_revision_it_started_from(
        #[case] read: Option<i32>,
        #[case] revision: Result<i32, Refusal>,
    ) {
        let changed = chosen().replaced(read, Choices::default());
        assert_eq!(changed.map(|chosen| chosen.revision), revision);
        assert_eq!(chosen().replaced(read, chosen().choices), Ok(chosen()));
    }

    #[rstest]
    fn the_first_choice_needs_no_revision(#[values(None, Some(0))] read: Option<i32>) {
        let first = Chosen::default().replaced(read, chosen().choices).unwrap();
        assert_eq!(first, Chosen { revision: 1, ..chosen() });
    }

    #[test]
    fn precautions_leave_the_favorites_alone() {
        let noted = chosen().with_precautions(Some(2), precautions(&[Precaution::Injury])).unwrap();
        assert_eq!(noted.choices.favorites, chosen().choices.favorites);
        assert_eq!((noted.revision, noted.choices.precautions), (3, precautions(&[Precaution::Injury])));
    }
}
