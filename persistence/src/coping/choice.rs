//! A participant's favorite skills and precautions.

use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::coping::{Choices, Chosen};
use evenkeel_domain::value::Moment;

use crate::column::{AsJson, Stored};
use crate::schema::coping_choices;
use crate::{Error, Tx};

#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = coping_choices, primary_key(participant_id), treat_none_as_default_value = false)]
pub(crate) struct ChosenRow {
    participant_id: Stored<ParticipantId>,
    revision: i32,
    changed_at: Stored<Moment>,
    choices: AsJson<Choices>,
}

impl From<ChosenRow> for Chosen {
    fn from(row: ChosenRow) -> Self {
        Self { revision: row.revision, choices: row.choices.0 }
    }
}

/// A participant's choices. Before the first choice they are empty, with revision 0.
pub fn chosen(tx: &mut Tx, grant: &Grant) -> Result<Chosen, Error> {
    let query = coping_choices::table.find(Stored(grant.participant()));
    let row: Option<ChosenRow> =
        each!(tx, conn => query.select(ChosenRow::as_select()).get_result(conn)).optional()?;
    Ok(row.map(Chosen::from).unwrap_or_default())
}

/// Replaces a participant's choices.
pub fn put_chosen(tx: &mut Tx, grant: &Grant, chosen: &Chosen, now: Moment) -> Result<(), Error> {
    let row = ChosenRow {
        participant_id: Stored(grant.participant()),
        revision: chosen.revision,
        changed_at: Stored(now),
        choices: AsJson(chosen.choices.clone()),
    };
    each!(tx, conn => diesel::insert_into(coping_choices::table).values(row.clone())
        .on_conflict(coping_choices::participant_id).do_update().set(row).execute(conn))?;
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
