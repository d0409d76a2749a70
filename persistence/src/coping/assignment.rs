//! Assignments.

use diesel::dsl::min;
use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::{AccountId, ParticipantId};
use evenkeel_domain::coping::SkillRef;
use evenkeel_domain::coping::assignment::{Assignment, AssignmentDraft, AssignmentId, AssignmentNote};
use evenkeel_domain::value::{Day, Moment};

use crate::column::Stored;
use crate::schema::{skill_assignments, skill_practices};
use crate::{Error, Tx};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = skill_assignments, treat_none_as_default_value = false)]
struct Row {
    participant_id: Stored<ParticipantId>,
    id: Stored<AssignmentId>,
    skill: Stored<SkillRef>,
    note: Stored<Option<AssignmentNote>>,
    until_day: Stored<Day>,
    assigned_by: Stored<AccountId>,
    assigned_at: Stored<Moment>,
    withdrawn_at: Stored<Option<Moment>>,
}

impl From<Row> for Assignment {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.0,
            participant: row.participant_id.0,
            draft: AssignmentDraft { skill: row.skill.0, note: row.note.0, until: row.until_day.0 },
            assigned_by: row.assigned_by.0,
            assigned_at: row.assigned_at.0,
            withdrawn_at: row.withdrawn_at.0,
        }
    }
}

/// Stores a new assignment. False if the participant already has one with this id.
pub fn add_assignment(tx: &mut Tx, grant: &Grant, assignment: &Assignment) -> Result<bool, Error> {
    let AssignmentDraft { skill, note, until } = assignment.draft.clone();
    let row = Row {
        participant_id: Stored(grant.participant()),
        id: Stored(assignment.id),
        skill: Stored(skill),
        note: Stored(note),
        until_day: Stored(until),
        assigned_by: Stored(assignment.assigned_by),
        assigned_at: Stored(assignment.assigned_at),
        withdrawn_at: Stored(assignment.withdrawn_at),
    };
    let added = each!(tx, conn => diesel::insert_into(skill_assignments::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

/// One assignment, withdrawn or not.
pub fn find_assignment(tx: &mut Tx, grant: &Grant, id: AssignmentId) -> Result<Option<Assignment>, Error> {
    let query = skill_assignments::table.find((Stored(grant.participant()), Stored(id)));
    Ok(query.select(Row::as_select()).get_result(tx).optional()?.map(Assignment::from))
}

/// When the skill was first practiced since it was assigned. Withdrawn practices do not count.
macro_rules! first_practiced_at {
    () => {
        skill_practices::table
            .filter(skill_practices::participant_id.eq(skill_assignments::participant_id))
            .filter(skill_practices::withdrawn_at.is_null())
            .filter(skill_practices::skill.eq(skill_assignments::skill))
            .filter(skill_practices::practiced_at.ge(skill_assignments::assigned_at))
            .select(min(skill_practices::practiced_at))
            .single_value()
    };
}

/// When the skill was first practiced since it was assigned.
pub fn practiced_at(tx: &mut Tx, grant: &Grant, id: AssignmentId) -> Result<Option<Moment>, Error> {
    let query = skill_assignments::table
        .find((Stored(grant.participant()), Stored(id)))
        .select(first_practiced_at!());
    let first: Option<Option<Moment>> = each!(tx, conn => query.get_result(conn)).optional()?;
    Ok(first.flatten())
}

/// The assignments that were not withdrawn before `since`, each with the time of its first practice, the latest first.
pub fn assignments(
    tx: &mut Tx,
    grant: &Grant,
    since: Moment,
    most: i64,
) -> Result<Vec<(Assignment, Option<Moment>)>, Error> {
    let withdrawn_at = skill_assignments::withdrawn_at;
    let query = skill_assignments::table
        .filter(skill_assignments::participant_id.eq(Stored(grant.participant())))
        .filter(withdrawn_at.is_null().or(withdrawn_at.ge(Some(since)).assume_not_null()))
        .order((skill_assignments::assigned_at.desc(), skill_assignments::id.desc()))
        .limit(most);
    let rows: Vec<(Row, Option<Moment>)> =
        each!(tx, conn => query.select((Row::as_select(), first_practiced_at!())).load(conn))?;
    Ok(rows.into_iter().map(|(row, first)| (row.into(), first)).collect())
}

/// Stores that an assignment was withdrawn. Nothing else in an assignment changes.
pub fn put_assignment(tx: &mut Tx, grant: &Grant, assignment: &Assignment) -> Result<(), Error> {
    let target = skill_assignments::table.find((Stored(grant.participant()), Stored(assignment.id)));
    diesel::update(target).set(skill_assignments::withdrawn_at.eq(assignment.withdrawn_at)).execute(tx)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{PARTICIPANT, at, grant, id, test_database, value};
    use evenkeel_domain::access::Action;

    #[test]
    fn assignments_read_back_as_stored() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let counselor = grant(Action::AssignSkill);
        let assigned = Assignment {
            id: id(5),
            participant: id(PARTICIPANT),
            draft: value(serde_json::json!({
                "skill": "library:urge_surfing", "note": "Once a day.\nBest at night.", "until": "2026-03-09"
            })),
            assigned_by: counselor.actor().account,
            assigned_at: at("2026-03-02T18:00:00Z"),
            withdrawn_at: None,
        };
        assert!(add_assignment(tx, &counselor, &assigned).unwrap());
        assert!(!add_assignment(tx, &counselor, &assigned).unwrap());
        let (before, after) = (at("2026-03-03T18:00:00Z"), at("2026-03-03T18:00:01Z"));
        assert_eq!(assignments(tx, &counselor, after, 1).unwrap(), [(assigned.clone(), None)]);
        assert_eq!(assignments(tx, &counselor, after, 0).unwrap(), []);
        let withdrawn = Assignment { withdrawn_at: Some(at("2026-03-03T18:00:00Z")), ..assigned };
        put_assignment(tx, &counselor, &withdrawn).unwrap();
        assert_eq!(find_assignment(tx, &counselor, id(5)).unwrap().as_ref(), Some(&withdrawn));
        assert_eq!(assignments(tx, &counselor, before, 1).unwrap(), [(withdrawn, None)]);
        assert_eq!(assignments(tx, &counselor, after, 1).unwrap(), []);
    }
}
