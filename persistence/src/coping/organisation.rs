//! An organisation's own skills.

use diesel::prelude::*;
use evenkeel_domain::access::Permit;
use evenkeel_domain::account::OrganisationId;
use evenkeel_domain::coping::organisation::{OrganisationSkill, SkillRevision};
use evenkeel_domain::coping::{SkillDraft, SkillId};

use crate::column::{At, Id, Json};
use crate::schema::{organisation_skill_revisions, organisation_skills};
use crate::{Error, Tx};

/// Stores a new skill of the actor's organisation; false if it has one of that id.
pub fn add_skill(tx: &mut Tx, permit: &Permit, skill: &OrganisationSkill) -> Result<bool, Error> {
    let row = (
        organisation_skills::organisation_id.eq(Id::of(permit.actor().organisation)),
        organisation_skills::id.eq(Id::of(skill.id)),
        organisation_skills::revision.eq(skill.revision),
        organisation_skills::changed_by.eq(Id::of(skill.changed_by)),
        organisation_skills::changed_at.eq(At(skill.changed_at)),
        organisation_skills::retired_at.eq(skill.retired_at.map(At)),
        organisation_skills::skill.eq(Json::of(&skill.skill)?),
    );
    let added = each!(tx, conn => diesel::insert_into(organisation_skills::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

type SkillRow = (Id, i32, Id, At, Option<At>, Json);

macro_rules! skill_columns {
    () => {
        (
            organisation_skills::id,
            organisation_skills::revision,
            organisation_skills::changed_by,
            organisation_skills::changed_at,
            organisation_skills::retired_at,
            organisation_skills::skill,
        )
    };
}

fn skill(organisation: OrganisationId, row: SkillRow) -> Result<OrganisationSkill, Error> {
    let (id, revision, changed_by, changed_at, retired_at, skill) = row;
    Ok(OrganisationSkill {
        id: id.to(),
        organisation,
        skill: skill.read()?,
        revision,
        changed_by: changed_by.to(),
        changed_at: changed_at.0,
        retired_at: retired_at.map(|at| at.0),
    })
}

/// One skill of an organisation, retired or not.
pub fn find_skill(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: SkillId,
) -> Result<Option<OrganisationSkill>, Error> {
    let row: Option<SkillRow> = organisation_skills::table
        .find((Id::of(organisation), Id::of(id)))
        .select(skill_columns!())
        .get_result(tx)
        .optional()?;
    row.map(|row| skill(organisation, row)).transpose()
}

/// The skills that an organisation added, retired ones too, in the order of their ids: the oldest first.
pub fn skills(tx: &mut Tx, organisation: OrganisationId) -> Result<Vec<OrganisationSkill>, Error> {
    let query = organisation_skills::table
        .filter(organisation_skills::organisation_id.eq(Id::of(organisation)))
        .order(organisation_skills::id)
        .select(skill_columns!());
    let rows: Vec<SkillRow> = each!(tx, conn => query.load(conn))?;
    rows.into_iter().map(|row| skill(organisation, row)).collect()
}

/// Stores what a rule made of a skill, after [`keep_skill_revision`] has put aside what it said before.
pub fn put_skill(tx: &mut Tx, permit: &Permit, skill: &OrganisationSkill) -> Result<(), Error> {
    let target = organisation_skills::table.find((Id::of(permit.actor().organisation), Id::of(skill.id)));
    let row = (
        organisation_skills::revision.eq(skill.revision),
        organisation_skills::changed_by.eq(Id::of(skill.changed_by)),
        organisation_skills::changed_at.eq(At(skill.changed_at)),
        organisation_skills::retired_at.eq(skill.retired_at.map(At)),
        organisation_skills::skill.eq(Json::of(&skill.skill)?),
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
        organisation_skill_revisions::organisation_id.eq(Id::of(permit.actor().organisation)),
        organisation_skill_revisions::skill_id.eq(Id::of(skill)),
        organisation_skill_revisions::revision.eq(revision.revision),
        organisation_skill_revisions::changed_by.eq(Id::of(revision.changed_by)),
        organisation_skill_revisions::changed_at.eq(At(revision.changed_at)),
        organisation_skill_revisions::skill.eq(Json::of(&revision.skill)?),
    );
    diesel::insert_into(organisation_skill_revisions::table).values(row).execute(tx)?;
    Ok(())
}

/// What a skill said before each edit, the first one first; what it says now is not among them.
pub fn skill_revisions(
    tx: &mut Tx,
    organisation: OrganisationId,
    skill: SkillId,
) -> Result<Vec<SkillRevision>, Error> {
    let rows: Vec<(i32, Id, At, Json)> = organisation_skill_revisions::table
        .filter(organisation_skill_revisions::organisation_id.eq(Id::of(organisation)))
        .filter(organisation_skill_revisions::skill_id.eq(Id::of(skill)))
        .order(organisation_skill_revisions::revision)
        .select((
            organisation_skill_revisions::revision,
            organisation_skill_revisions::changed_by,
            organisation_skill_revisions::changed_at,
            organisation_skill_revisions::skill,
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
    organisation: OrganisationId,
    id: SkillId,
) -> Result<Option<SkillDraft>, Error> {
    let earlier: Option<Json> = organisation_skill_revisions::table
        .find((Id::of(organisation), Id::of(id), 1))
        .select(organisation_skill_revisions::skill)
        .get_result(tx)
        .optional()?;
    match earlier {
        Some(draft) => draft.read().map(Some),
        None => Ok(find_skill(tx, organisation, id)?.map(|skill| skill.skill)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fresh::{ORGANISATION, actor, at, house, id, value};
    use evenkeel_domain::access::{OfficeAct, permit};
    use evenkeel_domain::account::Role;
    use evenkeel_domain::coping::organisation;

    fn tea(name: &str) -> SkillDraft {
        value(serde_json::json!({
            "name": name, "family": "social", "summary": "Someone is up at any hour.",
            "steps": ["Go down to the kitchen.", "Put the kettle on.", "Talk if you like."], "minutes": 15,
            "intensity": { "from": 4, "to": 10 }, "triggers": ["urges"], "cautions": ["trauma"]
        }))
    }

    #[test]
    fn an_organisations_skill_reads_back_with_what_it_said_before() {
        let mut house = house();
        let tx = &mut house.tx;
        let permit = permit(&actor(Role::Supervisor), OfficeAct::ManageSkills).unwrap();
        let (of, by) = (id(ORGANISATION), permit.actor().account);
        let first = organisation::add(of, id(7), tea("Tea"), by, at("2026-03-02T18:00:00Z"));
        assert!(add_skill(tx, &permit, &first).unwrap());
        assert!(!add_skill(tx, &permit, &first).unwrap());
        assert_eq!(find_skill(tx, of, id(7)).unwrap().as_ref(), Some(&first));
        let (edited, kept) =
            organisation::edit(&first, 1, tea("Tea at night"), by, at("2026-03-03T18:00:00Z")).unwrap();
        let kept = kept.unwrap();
        keep_skill_revision(tx, &permit, id(7), &kept).unwrap();
        let retired = organisation::retire(&edited, at("2026-03-04T18:00:00Z"));
        put_skill(tx, &permit, &retired).unwrap();
        assert_eq!(skills(tx, of).unwrap(), [retired]);
        assert_eq!(skill_revisions(tx, of, id(7)).unwrap(), [kept]);
        assert_eq!(first_skill(tx, of, id(7)).unwrap(), Some(tea("Tea")));
        assert_eq!(find_skill(tx, id(77), id(7)).unwrap(), None);
    }
}
