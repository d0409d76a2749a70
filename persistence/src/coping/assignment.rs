//! What was assigned.

use diesel::dsl::min;
use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::coping::assignment::{Assignment, AssignmentDraft, AssignmentId, AssignmentNote};
use evenkeel_domain::value::Moment;

use crate::column::{At, Id, On, read};
use crate::schema::{skill_assignments, skill_practices};
use crate::{Error, Tx};

/// Stores a new assignment; false if the participant has one of that id.
pub fn add_assignment(tx: &mut Tx, grant: &Grant, assignment: &Assignment) -> Result<bool, Error> {
    let row = (
        skill_assignments::participant_id.eq(Id::of(grant.participant())),
        skill_assignments::id.eq(Id::of(assignment.id)),
        skill_assignments::skill.eq(String::from(assignment.draft.skill.clone())),
        skill_assignments::note.eq(assignment.draft.note.as_ref().map(AsRef::<str>::as_ref)),
        skill_assignments::until_day.eq(On(assignment.draft.until)),
        skill_assignments::assigned_by.eq(Id::of(assignment.assigned_by)),
        skill_assignments::assigned_at.eq(At(assignment.assigned_at)),
        skill_assignments::withdrawn_at.eq(assignment.withdrawn_at.map(At)),
    );
    let added = each!(tx, conn => diesel::insert_into(skill_assignments::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

type AssignmentRow = (Id, String, Option<String>, On, Id, At, Option<At>);

macro_rules! assignment_columns {
    () => {
        (
            skill_assignments::id,
            skill_assignments::skill,
            skill_assignments::note,
            skill_assignments::until_day,
            skill_assignments::assigned_by,
            skill_assignments::assigned_at,
            skill_assignments::withdrawn_at,
        )
    };
}

fn assignment(grant: &Grant, row: AssignmentRow) -> Result<Assignment, Error> {
    let (id, skill, note, until, assigned_by, assigned_at, withdrawn_at) = row;
    let note = note.map(read::<AssignmentNote>).transpose()?;
    Ok(Assignment {
        id: id.to(),
        participant: grant.participant(),
        draft: AssignmentDraft { skill: read(skill)?, note, until: until.0 },
        assigned_by: assigned_by.to(),
        assigned_at: assigned_at.0,
        withdrawn_at: withdrawn_at.map(|at| at.0),
    })
}

/// One assignment, withdrawn or not.
pub fn find_assignment(tx: &mut Tx, grant: &Grant, id: AssignmentId) -> Result<Option<Assignment>, Error> {
    let row: Option<AssignmentRow> = skill_assignments::table
        .find((Id::of(grant.participant()), Id::of(id)))
        .select(assignment_columns!())
        .get_result(tx)
        .optional()?;
    row.map(|row| assignment(grant, row)).transpose()
}

/// When the skill of an assignment was first practiced since, as far as that practice stands.
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

/// When the skill of an assignment was first practiced since.
pub fn practiced_at(tx: &mut Tx, grant: &Grant, id: AssignmentId) -> Result<Option<Moment>, Error> {
    let query = skill_assignments::table
        .find((Id::of(grant.participant()), Id::of(id)))
        .select(first_practiced_at!());
    let first: Option<Option<At>> = each!(tx, conn => query.get_result(conn)).optional()?;
    Ok(first.flatten().map(|at| at.0))
}

/// What was assigned and not taken back, or taken back only at this moment or later, with when it was first
/// practiced; the latest first.
pub fn assignments(
    tx: &mut Tx,
    grant: &Grant,
    since: Moment,
    most: i64,
) -> Result<Vec<(Assignment, Option<Moment>)>, Error> {
    let withdrawn_at = skill_assignments::withdrawn_at;
    let query = skill_assignments::table
        .filter(skill_assignments::participant_id.eq(Id::of(grant.participant())))
        .filter(withdrawn_at.is_null().or(withdrawn_at.ge(At(since)).assume_not_null()))
        .order((skill_assignments::assigned_at.desc(), skill_assignments::id.desc()))
        .limit(most)
        .select((assignment_columns!(), first_practiced_at!()));
    let rows: Vec<(AssignmentRow, Option<At>)> = each!(tx, conn => query.load(conn))?;
    rows.into_iter().map(|(row, first)| Ok((assignment(grant, row)?, first.map(|at| at.0)))).collect()
}

/// Stores that an assignment was taken back: nothing else of it ever changes.
pub fn put_assignment(tx: &mut Tx, grant: &Grant, assignment: &Assignment) -> Result<(), Error> {
    let target = skill_assignments::table.find((Id::of(grant.participant()), Id::of(assignment.id)));
    diesel::update(target)
        .set(skill_assignments::withdrawn_at.eq(assignment.withdrawn_at.map(At)))
        .execute(tx)?;
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
