//! The program: steps to a level of care, as they were recorded.

use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::program::CareStep;

use crate::account::read;
use crate::column::{At, Id, On};
use crate::schema::care_steps;
use crate::{Error, Tx};

/// Stores a new step; [`Error::Duplicate`] if the participant has one of that id or number.
pub fn add(tx: &mut Tx, grant: &Grant, step: &CareStep) -> Result<(), Error> {
    let row = (
        care_steps::participant_id.eq(Id::of(grant.participant())),
        care_steps::id.eq(Id::of(step.id)),
        care_steps::number.eq(step.number),
        care_steps::level.eq(step.level.as_str()),
        care_steps::since.eq(On(step.since)),
        care_steps::recorded_by.eq(Id::of(step.recorded_by)),
        care_steps::recorded_at.eq(At(step.recorded_at)),
    );
    diesel::insert_into(care_steps::table).values(row).execute(tx)?;
    Ok(())
}

/// All steps of a participant, in the order in which they were recorded.
pub fn list(tx: &mut Tx, grant: &Grant) -> Result<Vec<CareStep>, Error> {
    let rows: Vec<(Id, i32, String, On, Id, At)> = care_steps::table
        .filter(care_steps::participant_id.eq(Id::of(grant.participant())))
        .order(care_steps::number)
        .select((
            care_steps::id,
            care_steps::number,
            care_steps::level,
            care_steps::since,
            care_steps::recorded_by,
            care_steps::recorded_at,
        ))
        .load(tx)?;
    let step = |(id, number, level, since, recorded_by, recorded_at): (Id, i32, String, On, Id, At)| {
        Ok(CareStep {
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
    use crate::fresh::{actor, at, day, grant, house, id, value};
    use evenkeel_domain::access::Act;
    use evenkeel_domain::account::Role;
    use evenkeel_domain::program::record;

    #[test]
    fn steps_read_back_in_the_order_in_which_they_were_recorded() {
        let mut house = house();
        let tx = &mut house.tx;
        let counselors = grant(Act::ChangeCare);
        assert_eq!(list(tx, &counselors).unwrap(), []);
        let mut stored: Vec<CareStep> = Vec::new();
        for (number, level, since) in [
            (3, "aftercare", "2026-03-20"),
            (2, "intensive_outpatient", "2026-03-20"),
            (1, "aftercare", "2026-03-01"),
        ] {
            let draft = value(serde_json::json!({ "level": level, "since": since }));
            let (by, now) = (actor(Role::Counselor).account, at("2026-03-02T18:00:00Z"));
            let step = record(&stored, id(number), draft, by, day("2026-03-02"), now).unwrap();
            add(tx, &counselors, &step).unwrap();
            assert!(matches!(add(tx, &counselors, &step), Err(Error::Duplicate)));
            stored.push(step);
        }
        assert_eq!(list(tx, &grant(Act::ReadCare)).unwrap(), stored);
        let taken = CareStep { id: id(9), ..stored[0] };
        assert!(
            matches!(add(tx, &counselors, &taken), Err(Error::Duplicate)),
            "a number stands for one step"
        );
    }
}
