//! The program: changes of the level of care.

use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::AccountId;
use evenkeel_domain::program::{LevelOfCare, LevelOfCareChange, LevelOfCareChangeId};
use evenkeel_domain::value::{Day, Moment};

use crate::column::Stored;
use crate::schema::level_of_care_changes;
use crate::{Error, Tx};

row! {
    #[diesel(table_name = level_of_care_changes)]
    Row of LevelOfCareChange {
        id: LevelOfCareChangeId,
        number: i32,
        level: LevelOfCare,
        since: Day,
        recorded_by: AccountId,
        recorded_at: Moment,
    }
}

/// Stores a new change. [`Error::Duplicate`] if the participant already has one with this id or number.
pub fn add(tx: &mut Tx, grant: &Grant, change: &LevelOfCareChange) -> Result<(), Error> {
    let row = (level_of_care_changes::participant_id.eq(Stored(grant.participant())), Row::from(*change));
    diesel::insert_into(level_of_care_changes::table).values(row).execute(tx)?;
    Ok(())
}

/// All changes, in the order in which they were recorded.
pub fn list(tx: &mut Tx, grant: &Grant) -> Result<Vec<LevelOfCareChange>, Error> {
    let rows = level_of_care_changes::table
        .filter(level_of_care_changes::participant_id.eq(Stored(grant.participant())))
        .order(level_of_care_changes::number)
        .select(Row::as_select())
        .load(tx)?;
    Ok(rows.into_iter().map(LevelOfCareChange::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{actor, at, day, grant, id, test_database, value};
    use evenkeel_domain::access::Action;
    use evenkeel_domain::account::Role;
    use evenkeel_domain::program::record;

    #[test]
    fn level_of_care_changes_read_back_in_the_order_in_which_they_were_recorded() {
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
            "a number is that of one change"
        );
    }
}
