//! An organization's own skills.

use diesel::prelude::*;
use evenkeel_domain::access::Permit;
use evenkeel_domain::account::{AccountId, OrganizationId};
use evenkeel_domain::coping::organization::{OrganizationSkill, SkillRevision};
use evenkeel_domain::coping::{SkillDraft, SkillId};
use evenkeel_domain::value::Moment;

use crate::column::{AsJson, Stored};
use crate::schema::{organization_skill_revisions, organization_skills};
use crate::{Error, Tx};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = organization_skills, primary_key(organization_id, id), treat_none_as_default_value = false)]
struct Row {
    organization_id: Stored<OrganizationId>,
    id: Stored<SkillId>,
    revision: i32,
    changed_by: Stored<AccountId>,
    changed_at: Stored<Moment>,
    retired_at: Stored<Option<Moment>>,
    skill: AsJson<SkillDraft>,
}

impl Row {
    fn new(permit: &Permit, skill: &OrganizationSkill) -> Self {
        Self {
            organization_id: Stored(permit.actor().organization),
            id: Stored(skill.id),
            revision: skill.revision,
            changed_by: Stored(skill.changed_by),
            changed_at: Stored(skill.changed_at),
            retired_at: Stored(skill.retired_at),
            skill: AsJson(skill.skill.clone()),
        }
    }
}

impl From<Row> for OrganizationSkill {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            organization: row.organization_id.0,
            skill: row.skill.0,
            revision: row.revision,
            changed_by: row.changed_by.0,
            changed_at: row.changed_at.0,
            retired_at: row.retired_at.0,
        }
    }
}

/// Stores a new skill of the actor's organization. False if the organization already has one with this id.
pub fn add_skill(tx: &mut Tx, permit: &Permit, skill: &OrganizationSkill) -> Result<bool, Error> {
    let row = Row::new(permit, skill);
    let added = each!(tx, conn => diesel::insert_into(organization_skills::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

/// One skill of an organization, retired or not.
pub fn find_skill(
    tx: &mut Tx,
    organization: OrganizationId,
    id: SkillId,
) -> Result<Option<OrganizationSkill>, Error> {
    let query = organization_skills::table.find((Stored(organization), Stored(id)));
    Ok(query.select(Row::as_select()).get_result(tx).optional()?.map(OrganizationSkill::from))
}

/// The skills of an organization, retired ones too, in the order of their ids: the oldest first.
pub fn skills(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<OrganizationSkill>, Error> {
    let query = organization_skills::table
        .filter(organization_skills::organization_id.eq(Stored(organization)))
        .order(organization_skills::id);
    let rows: Vec<Row> = each!(tx, conn => query.select(Row::as_select()).load(conn))?;
    Ok(rows.into_iter().map(OrganizationSkill::from).collect())
}

/// Stores a changed skill. [`add_skill_revision`] stores the earlier revision first.
pub fn put_skill(tx: &mut Tx, permit: &Permit, skill: &OrganizationSkill) -> Result<(), Error> {
    let target = organization_skills::table.find((Stored(permit.actor().organization), Stored(skill.id)));
    diesel::update(target).set(Row::new(permit, skill)).execute(tx)?;
    Ok(())
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = organization_skill_revisions, treat_none_as_default_value = false)]
struct RevisionRow {
    revision: i32,
    changed_by: Stored<AccountId>,
    changed_at: Stored<Moment>,
    skill: AsJson<SkillDraft>,
}

/// Stores the earlier revision of an edited skill.
pub fn add_skill_revision(
    tx: &mut Tx,
    permit: &Permit,
    skill: SkillId,
    revision: &SkillRevision,
) -> Result<(), Error> {
    let row = (
        organization_skill_revisions::organization_id.eq(Stored(permit.actor().organization)),
        organization_skill_revisions::skill_id.eq(Stored(skill)),
        RevisionRow {
            revision: revision.revision,
            changed_by: Stored(revision.changed_by),
            changed_at: Stored(revision.changed_at),
            skill: AsJson(revision.skill.clone()),
        },
    );
    diesel::insert_into(organization_skill_revisions::table).values(row).execute(tx)?;
    Ok(())
}

/// The earlier revisions of a skill, the oldest first, without the current one.
pub fn skill_revisions(
    tx: &mut Tx,
    organization: OrganizationId,
    skill: SkillId,
) -> Result<Vec<SkillRevision>, Error> {
    let rows = organization_skill_revisions::table
        .filter(organization_skill_revisions::organization_id.eq(Stored(organization)))
        .filter(organization_skill_revisions::skill_id.eq(Stored(skill)))
        .order(organization_skill_revisions::revision)
        .select(RevisionRow::as_select())
        .load(tx)?;
    let revision = |row: RevisionRow| SkillRevision {
        revision: row.revision,
        changed_by: row.changed_by.0,
        changed_at: row.changed_at.0,
        skill: row.skill.0,
    };
    Ok(rows.into_iter().map(revision).collect())
}

/// The first content of a skill, to distinguish a repeated request from another skill with the same id.
pub fn first_skill(
    tx: &mut Tx,
    organization: OrganizationId,
    id: SkillId,
) -> Result<Option<SkillDraft>, Error> {
    let earlier: Option<AsJson<SkillDraft>> = organization_skill_revisions::table
        .find((Stored(organization), Stored(id), 1))
        .select(organization_skill_revisions::skill)
        .get_result(tx)
        .optional()?;
    match earlier {
        Some(draft) => Ok(Some(draft.0)),
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
    fn an_organizations_skill_reads_back_with_its_earlier_revisions() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let permit = permit(Role::Supervisor, Action::AddSkill);
        let (of, by) = (id(ORGANIZATION), permit.actor().account);
        let first = organization::add(of, id(7), tea("Tea"), by, at("2026-03-02T18:00:00Z"));
        assert!(add_skill(tx, &permit, &first).unwrap());
        assert!(!add_skill(tx, &permit, &first).unwrap());
        assert_eq!(find_skill(tx, of, id(7)).unwrap().as_ref(), Some(&first));
        let (edited, earlier) =
            organization::edit(&first, 1, tea("Tea at night"), by, at("2026-03-03T18:00:00Z")).unwrap();
        let earlier = earlier.unwrap();
        add_skill_revision(tx, &permit, id(7), &earlier).unwrap();
        let retired = organization::retire(&edited, at("2026-03-04T18:00:00Z"));
        put_skill(tx, &permit, &retired).unwrap();
        assert_eq!(skills(tx, of).unwrap(), [retired]);
        assert_eq!(skill_revisions(tx, of, id(7)).unwrap(), [earlier]);
        assert_eq!(first_skill(tx, of, id(7)).unwrap(), Some(tea("Tea")));
        assert_eq!(find_skill(tx, id(77), id(7)).unwrap(), None);
    }
}
