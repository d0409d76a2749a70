//! The program: steps to a level of care, as they were recorded.

use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::program::LevelOfCareChange;

use crate::column::{At, Id, On, read};
use crate::schema::level_of_care_changes;
use crate::{Error, Tx};

/// Stores a new step; [`Error::Duplicate`] if the participant has one of that id or number.
pub fn add(tx: &mut Tx, grant: &Grant, step: &LevelOfCareChange) -> Result<(), Error> {
    let row = (
        level_of_care_changes::participant_id.eq(Id::of(grant.participant())),
        level_of_care_changes::id.eq(Id::of(step.id)),
        level_of_care_changes::number.eq(step.number),
        level_of_care_changes::level.eq(step.level.as_str()),
        level_of_care_changes::since.eq(On(step.since)),
        level_of_care_changes::recorded_by.eq(Id::of(step.recorded_by)),
        level_of_care_changes::recorded_at.eq(At(step.recorded_at)),
    );
    diesel::insert_into(level_of_care_changes::table).values(row).execute(tx)?;
    Ok(())
}

/// All steps of a participant, in the order in which they were recorded.
pub fn list(tx: &mut Tx, grant: &Grant) -> Result<Vec<LevelOfCareChange>, Error> {
    let rows: Vec<(Id, i32, String, On, Id, At)> = level_of_care_changes::table
        .filter(level_of_care_changes::participant_id.eq(Id::of(grant.participant())))
        .order(level_of_care_changes::number)
        .select((
            level_of_care_changes::id,
            level_of_care_changes::number,
            level_of_care_changes::level,
            level_of_care_changes::since,
            level_of_care_changes::recorded_by,
            level_of_care_changes::recorded_at,
        ))
        .load(tx)?;
    let step = |(id, number, level, since, recorded_by, recorded_at): (Id, i32, String, On, Id, At)| {
        Ok(LevelOfCareChange {
            id: id.to(),
            number,
            level: read(level)?,
            since: since.0,
            recorded_by: recorded_by.to(),
            recorded_at: recorded_at.0,
        })
    };
    rows.into_iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{actor, at, day, grant, id, test_database, value};
    use evenkeel_domain::access::Action;
    use evenkeel_domain::account::Role;
    use evenkeel_domain::program::record;

    #[test]
    fn steps_read_back_in_the_order_in_which_they_were_recorded() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let counselors = grant(Action::ChangeLevelOfCare);
        assert_eq!(list(tx, &counselors).unwrap(), []);
        let mut stored: Vec<LevelOfCareChange> = Vec::new();
        for (number, level, since) in [
            (3, "continuing_care", "2026-03-20"),
            (2, "intensive_outpatient", "2026-03-20"),
            (1, "continuing_care", "2026-03-01"),
        ] {
            let draft = value(serde_json::json!({ "level": level, "since": since }));
            let (by, now) = (actor(Role::Counselor).account, at("2026-03-02T18:00:00Z"));
            let step = record(&stored, id(number), draft, by, day("2026-03-02"), now).unwrap();
            add(tx, &counselors, &step).unwrap();
            assert!(matches!(add(tx, &counselors, &step), Err(Error::Duplicate)));
            stored.push(step);
        }
        assert_eq!(list(tx, &grant(Action::ReadLevelOfCare)).unwrap(), stored);
        let taken = LevelOfCareChange { id: id(9), ..stored[0] };
        assert!(
            matches!(add(tx, &counselors, &taken), Err(Error::Duplicate)),
            "a number stands for one step"
        );
    }
}
