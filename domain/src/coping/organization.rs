//! The skills that an organization adds for its own people. An edit keeps what the skill said before, so that it
//! stays known what somebody practiced; a retired skill is offered no more but not forgotten, and can be offered again.

use super::{Refusal, SkillDraft, SkillId};
use crate::account::{AccountId, OrganizationId};
use crate::log_entry;
use crate::value::{Moment, entry_schema};
use serde::Serialize;
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};

/// A skill that an organization added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrganizationSkill {
    /// Its id.
    pub id: SkillId,
    /// ParticipantRef it is.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// What it is.
    #[serde(flatten)]
    pub skill: SkillDraft,
    /// How often it was written: 1 until edited.
    pub revision: i32,
    /// Who wrote it as it stands.
    pub changed_by: AccountId,
    /// When.
    pub changed_at: Moment,
    /// When it was retired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Moment>,
}

/// What an organization's skill says beyond its draft, for the schema.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Standing {
    /// Its id.
    id: SkillId,
    /// How often it was written: 1 until edited.
    #[schema(minimum = 1)]
    revision: i32,
    /// Who wrote it as it stands.
    changed_by: AccountId,
    /// When.
    changed_at: Moment,
    /// When it was retired.
    #[schema(nullable = false)]
    retired_at: Option<Moment>,
}

impl PartialSchema for OrganizationSkill {
    fn schema() -> RefOr<Schema> {
        entry_schema("A skill that an organization added", Standing::schema(), SkillDraft::schema())
    }
}
impl ToSchema for OrganizationSkill {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Standing::schemas(schemas);
        SkillDraft::schemas(schemas);
    }
}

/// What a skill said until it was edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SkillRevision {
    /// Its number, from 1.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// Who wrote it.
    pub changed_by: AccountId,
    /// When.
    pub changed_at: Moment,
    /// What it said.
    pub skill: SkillDraft,
}

/// A new skill.
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

/// Whether a skill that was added again under its id is the one that was; `first` is what revision 1 said.
pub fn same(skill: &OrganizationSkill, first: &SkillDraft, again: &SkillDraft) -> Result<(), Refusal> {
    standing(skill)?;
    log_entry::same(first, again).map_err(|_| Refusal::AddedOther)
}

/// Edits the revision that the editor read: the skill as it now stands, and the revision to keep. What it says
/// already changes nothing, whatever revision was read.
pub fn edit(
    skill: &OrganizationSkill,
    read: i32,
    draft: SkillDraft,
    by: AccountId,
    now: Moment,
) -> Result<(OrganizationSkill, Option<SkillRevision>), Refusal> {
    standing(skill)?;
    if skill.skill == draft {
        return Ok((skill.clone(), None));
    }
    if skill.revision != read {
        return Err(Refusal::Stale);
    }
    let OrganizationSkill { revision, changed_by, changed_at, .. } = *skill;
    let kept = SkillRevision { revision, changed_by, changed_at, skill: skill.skill.clone() };
    let edited = OrganizationSkill {
        skill: draft,
        revision: revision + 1,
        changed_by: by,
        changed_at: now,
        ..skill.clone()
    };
    Ok((edited, Some(kept)))
}

/// Retires a skill. Done twice, the first time stands.
#[must_use]
pub fn retire(skill: &OrganizationSkill, now: Moment) -> OrganizationSkill {
    OrganizationSkill { retired_at: log_entry::withdrawn(skill.retired_at, now), ..skill.clone() }
}

/// Offers a retired skill again, as it was. Done twice, or to one that is on offer, it changes nothing.
#[must_use]
pub fn restore(skill: &OrganizationSkill) -> OrganizationSkill {
    OrganizationSkill { retired_at: None, ..skill.clone() }
}

fn standing(skill: &OrganizationSkill) -> Result<(), Refusal> {
    log_entry::standing(skill.retired_at).map_err(|_| Refusal::Retired)
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
    fn an_edit_keeps_what_the_skill_said() {
        let (before, editor) = (added(2, tea()), Uuid::from_u128(4).into());
        let now = moment("2026-03-03T09:00:00Z");
        let (after, kept) = edit(&before, 1, longer(), editor, now).unwrap();
        assert_eq!((after.revision, after.changed_by, after.changed_at), (2, editor, now));
        let kept = kept.unwrap();
        assert_eq!((kept.revision, kept.changed_by, kept.skill), (1, before.changed_by, tea()));
        assert_eq!(edit(&after, 1, longer(), editor, now), Ok((after.clone(), None)));
        assert_eq!(edit(&after, 1, tea(), editor, now), Err(Refusal::Stale));
        assert_eq!(same(&after, &tea(), &tea()), Ok(()));
        assert_eq!(same(&after, &tea(), &longer()), Err(Refusal::AddedOther));
    }

    #[test]
    fn a_retired_skill_is_offered_no_more_and_changes_no_more() {
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
