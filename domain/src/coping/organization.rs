//! The skills that an organization adds. Earlier revisions stay stored, to show what somebody practiced. A retired
//! skill is no longer offered, but it stays stored and can be restored.

use super::{Refusal, SkillDraft, SkillId};
use crate::account::{AccountId, OrganizationId};
use crate::log_entry;
use crate::value::Moment;
use serde::Serialize;
use utoipa::ToSchema;

/// A skill that an organization added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrganizationSkill {
    /// Its id.
    pub id: SkillId,
    /// Whose it is.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// Its content.
    #[serde(flatten)]
    pub skill: SkillDraft,
    /// Its revision, from 1.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// Who wrote the current revision.
    pub changed_by: AccountId,
    /// When.
    pub changed_at: Moment,
    /// When it was retired.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retired_at: Option<Moment>,
}

/// An earlier revision of a skill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SkillRevision {
    /// Its number, from 1.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// Who wrote it.
    pub changed_by: AccountId,
    /// When.
    pub changed_at: Moment,
    /// Its content.
    pub skill: SkillDraft,
}

/// Adds a skill.
pub fn add(
    organization: OrganizationId,
    id: SkillId,
    skill: SkillDraft,
    by: AccountId,
    now: Moment,
) -> OrganizationSkill {
    OrganizationSkill {
        id,
        organization,
        skill,
        revision: 1,
        changed_by: by,
        changed_at: now,
        retired_at: None,
    }
}

/// Whether a skill that is added again under its id has the same content as its first revision.
pub fn same(skill: &OrganizationSkill, first: &SkillDraft, again: &SkillDraft) -> Result<(), Refusal> {
    check_active(skill)?;
    log_entry::same(first, again).map_err(|_| Refusal::DifferentSkill)
}

/// Edits a skill. `read` is the revision that the editor read. Returns the skill and its earlier revision to
/// store. The same content changes nothing, whatever revision was read.
pub fn edit(
    skill: &OrganizationSkill,
    read: i32,
    draft: SkillDraft,
    by: AccountId,
    now: Moment,
) -> Result<(OrganizationSkill, Option<SkillRevision>), Refusal> {
    check_active(skill)?;
    if skill.skill == draft {
        return Ok((skill.clone(), None));
    }
    if skill.revision != read {
        return Err(Refusal::Stale);
    }
    let OrganizationSkill { revision, changed_by, changed_at, .. } = *skill;
    let earlier = SkillRevision { revision, changed_by, changed_at, skill: skill.skill.clone() };
    let edited = OrganizationSkill {
        skill: draft,
        revision: revision + 1,
        changed_by: by,
        changed_at: now,
        ..skill.clone()
    };
    Ok((edited, Some(earlier)))
}

/// Retires a skill. Doing it again changes nothing.
#[must_use]
pub fn retire(skill: &OrganizationSkill, now: Moment) -> OrganizationSkill {
    OrganizationSkill { retired_at: log_entry::withdrawn(skill.retired_at, now), ..skill.clone() }
}

/// Offers a retired skill again. A skill that is on offer does not change.
#[must_use]
pub fn restore(skill: &OrganizationSkill) -> OrganizationSkill {
    OrganizationSkill { retired_at: None, ..skill.clone() }
}

fn check_active(skill: &OrganizationSkill) -> Result<(), Refusal> {
    log_entry::not_withdrawn(skill.retired_at).map_err(|_| Refusal::Retired)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::coping::tests::tea;
    use crate::coping::{SkillMinutes, SkillRef, Skills, library::library};
    use crate::craving::tests::moment;
    use uuid::Uuid;

    pub(crate) fn added(number: u128, skill: SkillDraft) -> OrganizationSkill {
        let [organization, id, by] = [1, number, 3].map(Uuid::from_u128);
        add(organization.into(), id.into(), skill, by.into(), moment("2026-03-02T09:00:00Z"))
    }
    fn longer() -> SkillDraft {
        SkillDraft { minutes: SkillMinutes::try_from(20i64).unwrap(), ..tea() }
    }

    #[test]
    fn an_edit_returns_the_earlier_revision() {
        let (before, editor) = (added(2, tea()), Uuid::from_u128(4).into());
        let now = moment("2026-03-03T09:00:00Z");
        let (after, earlier) = edit(&before, 1, longer(), editor, now).unwrap();
        assert_eq!((after.revision, after.changed_by, after.changed_at), (2, editor, now));
        let earlier = earlier.unwrap();
        assert_eq!((earlier.revision, earlier.changed_by, earlier.skill), (1, before.changed_by, tea()));
        assert_eq!(edit(&after, 1, longer(), editor, now), Ok((after.clone(), None)));
        assert_eq!(edit(&after, 1, tea(), editor, now), Err(Refusal::Stale));
        assert_eq!(same(&after, &tea(), &tea()), Ok(()));
        assert_eq!(same(&after, &tea(), &longer()), Err(Refusal::DifferentSkill));
    }

    #[test]
    fn a_retired_skill_is_not_offered_and_cannot_be_edited() {
        let skill = added(2, tea());
        let gone = retire(&skill, moment("2026-03-03T09:00:00Z"));
        assert_eq!(retire(&gone, moment("2026-03-04T09:00:00Z")), gone);
        assert_eq!(edit(&gone, 1, longer(), gone.changed_by, gone.changed_at), Err(Refusal::Retired));
        assert_eq!(same(&gone, &tea(), &tea()), Err(Refusal::Retired));
        let name = SkillRef::Organization(skill.id);
        assert_eq!(Skills::new(library(), std::slice::from_ref(&skill)).find(&name), Some(&skill.skill));
        assert_eq!(Skills::new(library(), std::slice::from_ref(&gone)).find(&name), None);
        assert_eq!(restore(&gone), skill);
        assert_eq!(restore(&skill), skill);
    }
}
