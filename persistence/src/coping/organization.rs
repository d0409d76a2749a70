//! An organization's own skills.

use diesel::prelude::*;
use evenkeel_domain::access::Permit;
use evenkeel_domain::account::OrganizationId;
use evenkeel_domain::coping::organization::{OrganizationSkill, SkillRevision};
use evenkeel_domain::coping::{SkillDraft, SkillId};

use crate::column::{At, Id, Json};
use crate::schema::{organization_skill_revisions, organization_skills};
use crate::{Error, Tx};

/// Stores a new skill of the actor's organization; false if it has one of that id.
pub fn add_skill(tx: &mut Tx, permit: &Permit, skill: &OrganizationSkill) -> Result<bool, Error> {
    let row = (
        organization_skills::organization_id.eq(Id::of(permit.actor().organization)),
        organization_skills::id.eq(Id::of(skill.id)),
        organization_skills::revision.eq(skill.revision),
        organization_skills::changed_by.eq(Id::of(skill.changed_by)),
        organization_skills::changed_at.eq(At(skill.changed_at)),
        organization_skills::retired_at.eq(skill.retired_at.map(At)),
        organization_skills::skill.eq(Json::of(&skill.skill)?),
    );
    let added = each!(tx, conn => diesel::insert_into(organization_skills::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

type SkillRow = (Id, i32, Id, At, Option<At>, Json);

macro_rules! skill_columns {
    () => {
        (
            organization_skills::id,
            organization_skills::revision,
            organization_skills::changed_by,
            organization_skills::changed_at,
            organization_skills::retired_at,
            organization_skills::skill,
        )
    };
}

fn skill(organization: OrganizationId, row: SkillRow) -> Result<OrganizationSkill, Error> {
    let (id, revision, changed_by, changed_at, retired_at, skill) = row;
    Ok(OrganizationSkill {
        id: id.to(),
        organization,
        skill: skill.read()?,
        revision,
        changed_by: changed_by.to(),
        changed_at: changed_at.0,
        retired_at: retired_at.map(|at| at.0),
    })
}

/// One skill of an organization, retired or not.
pub fn find_skill(
    tx: &mut Tx,
    organization: OrganizationId,
    id: SkillId,
) -> Result<Option<OrganizationSkill>, Error> {
    let row: Option<SkillRow> = organization_skills::table
        .find((Id::of(organization), Id::of(id)))
        .select(skill_columns!())
        .get_result(tx)
        .optional()?;
    row.map(|row| skill(organization, row)).transpose()
}

/// The skills that an organization added, retired ones too, in the order of their ids: the oldest first.
pub fn skills(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<OrganizationSkill>, Error> {
    let query = organization_skills::table
        .filter(organization_skills::organization_id.eq(Id::of(organization)))
        .order(organization_skills::id)
        .select(skill_columns!());
    let rows: Vec<SkillRow> = each!(tx, conn => query.load(conn))?;
    rows.into_iter().map(|row| skill(organization, row)).collect()
}

/// Stores what a rule made of a skill, after [`keep_skill_revision`] has put aside what it said before.
pub fn put_skill(tx: &mut Tx, permit: &Permit, skill: &OrganizationSkill) -> Result<(), Error> {
    let target = organization_skills::table.find((Id::of(permit.actor().organization), Id::of(skill.id)));
    let row = (
        organization_skills::revision.eq(skill.revision),
        organization_skills::changed_by.eq(Id::of(skill.changed_by)),
        organization_skills::changed_at.eq(At(skill.changed_at)),
        organization_skills::retired_at.eq(skill.retired_at.map(At)),
        organization_skills::skill.eq(Json::of(&skill.skill)?),
    );
    diesel::update(target).set(row).execute(tx)?;
    Ok(())
}

/// Keeps what a skill said until it was edited.
pub fn keep_skill_revision(
    tx: &mut Tx,
    permit: &Permit,
    skill: SkillId,
    revision: &SkillRevision,
) -> Result<(), Error> {
    let row = (
        organization_skill_revisions::organization_id.eq(Id::of(permit.actor().organization)),
        organization_skill_revisions::skill_id.eq(Id::of(skill)),
        organization_skill_revisions::revision.eq(revision.revision),
        organization_skill_revisions::changed_by.eq(Id::of(revision.changed_by)),
        organization_skill_revisions::changed_at.eq(At(revision.changed_at)),
        organization_skill_revisions::skill.eq(Json::of(&revision.skill)?),
    );
    diesel::insert_into(organization_skill_revisions::table).values(row).execute(tx)?;
    Ok(())
}

/// What a skill said before each edit, the first one first; what it says now is not among them.
pub fn skill_revisions(
    tx: &mut Tx,
    organization: OrganizationId,
    skill: SkillId,
) -> Result<Vec<SkillRevision>, Error> {
    let rows: Vec<(i32, Id, At, Json)> = organization_skill_revisions::table
        .filter(organization_skill_revisions::organization_id.eq(Id::of(organization)))
        .filter(organization_skill_revisions::skill_id.eq(Id::of(skill)))
        .order(organization_skill_revisions::revision)
        .select((
            organization_skill_revisions::revision,
            organization_skill_revisions::changed_by,
            organization_skill_revisions::changed_at,
            organization_skill_revisions::skill,
        ))
        .load(tx)?;
    rows.into_iter()
        .map(|(revision, changed_by, changed_at, skill)| {
            let (changed_by, changed_at) = (changed_by.to(), changed_at.0);
            Ok(SkillRevision { revision, changed_by, changed_at, skill: skill.read()? })
        })
        .collect()
}

/// What a skill said when it was added, to tell a repeated request from a clash.
pub fn first_skill(
    tx: &mut Tx,
    organization: OrganizationId,
    id: SkillId,
) -> Result<Option<SkillDraft>, Error> {
    let earlier: Option<Json> = organization_skill_revisions::table
        .find((Id::of(organization), Id::of(id), 1))
        .select(organization_skill_revisions::skill)
        .get_result(tx)
        .optional()?;
    match earlier {
        Some(draft) => draft.read().map(Some),
        None => Ok(find_skill(tx, organization, id)?.map(|skill| skill.skill)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{ORGANIZATION, at, id, permit, test_database, value};
    use evenkeel_domain::access::Action;
    use evenkeel_domain::account::Role;
    use evenkeel_domain::coping::organization;

    fn tea(name: &str) -> SkillDraft {
        value(serde_json::json!({
            "name": name, "family": "social", "summary": "Someone is up at any hour.",
            "steps": ["Go down to the kitchen.", "Put the kettle on.", "Talk if you like."], "minutes": 15,
            "intensity": { "from": 4, "to": 10 }, "triggers": ["urges"], "precautions": ["trauma"]
        }))
    }

    #[test]
    fn an_organizations_skill_reads_back_with_what_it_said_before() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let permit = permit(Role::Supervisor, Action::AddSkill);
        let (of, by) = (id(ORGANIZATION), permit.actor().account);
        let first = organization::add(of, id(7), tea("Tea"), by, at("2026-03-02T18:00:00Z"));
        assert!(add_skill(tx, &permit, &first).unwrap());
        assert!(!add_skill(tx, &permit, &first).unwrap());
        assert_eq!(find_skill(tx, of, id(7)).unwrap().as_ref(), Some(&first));
        let (edited, kept) =
            organization::edit(&first, 1, tea("Tea at night"), by, at("2026-03-03T18:00:00Z")).unwrap();
        let kept = kept.unwrap();
        keep_skill_revision(tx, &permit, id(7), &kept).unwrap();
        let retired = organization::retire(&edited, at("2026-03-04T18:00:00Z"));
        put_skill(tx, &permit, &retired).unwrap();
        assert_eq!(skills(tx, of).unwrap(), [retired]);
        assert_eq!(skill_revisions(tx, of, id(7)).unwrap(), [kept]);
        assert_eq!(first_skill(tx, of, id(7)).unwrap(), Some(tea("Tea")));
        assert_eq!(find_skill(tx, id(77), id(7)).unwrap(), None);
    }
}
