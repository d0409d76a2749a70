//! What a participant chose.

use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::coping::Chosen;
use evenkeel_domain::value::Moment;

use crate::column::{At, Id, Json};
use crate::schema::coping_choices;
use crate::{Error, Tx};

/// What a participant chose; nothing yet is revision 0, which says nothing.
pub fn chosen(tx: &mut Tx, grant: &Grant) -> Result<Chosen, Error> {
    let query = coping_choices::table
        .find(Id::of(grant.participant()))
        .select((coping_choices::revision, coping_choices::choices));
    chosen_of(each!(tx, conn => query.get_result(conn)).optional()?)
}

/// A row of choices: the revision, and what they are.
pub(crate) type ChosenRow = (i32, Json);

pub(crate) fn chosen_of(row: Option<ChosenRow>) -> Result<Chosen, Error> {
    row.map_or(Ok(Chosen::default()), |(revision, choices)| Ok(Chosen { revision, choices: choices.read()? }))
}

/// Stores what a participant chose, in place of what they chose before.
pub fn put_chosen(tx: &mut Tx, grant: &Grant, chosen: &Chosen, now: Moment) -> Result<(), Error> {
    let content = (
        coping_choices::revision.eq(chosen.revision),
        coping_choices::changed_at.eq(At(now)),
        coping_choices::choices.eq(Json::of(&chosen.choices)?),
    );
    let row = (coping_choices::participant_id.eq(Id::of(grant.participant())), content.clone());
    each!(tx, conn => diesel::insert_into(coping_choices::table).values(row)
        .on_conflict(coping_choices::participant_id).do_update().set(content).execute(conn))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{at, grant, test_database, value};
    use evenkeel_domain::access::Action;

    #[test]
    fn choices_read_back_as_stored() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let own = grant(Action::ChooseSkills);
        assert_eq!(chosen(tx, &own).unwrap(), Chosen::default());
        for (revision, favorite) in (1..).zip(["library:urge_surfing", "library:delay_15"]) {
            let choices = value(serde_json::json!({ "favorites": [favorite], "precautions": ["injury"] }));
            let now = Chosen { revision, choices };
            put_chosen(tx, &own, &now, at("2026-03-02T18:00:00Z")).unwrap();
            assert_eq!(chosen(tx, &own).unwrap(), now);
        }
    }
}
