//! Lapses with their debriefs, and their earlier revisions.

use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::craving::{CravingId, Note, Substance};
use evenkeel_domain::log_entry::{Entry, Revision};
use evenkeel_domain::recovery::debrief::{Debrief, DebriefDraft};
use evenkeel_domain::recovery::lapse::{Lapse, LapseDraft, LapseId, LapseOutcome};
use evenkeel_domain::value::{Day, Moment, TimeZone};

use crate::column::{AsJson, Stored};
use crate::schema::{lapse_revisions, lapses};
use crate::{Error, Tx};

row! {
    #[derive(AsChangeset)]
    #[diesel(table_name = lapses)]
    DraftRow of LapseDraft {
        occurred_at: Moment,
        time_zone: TimeZone,
        substance: Substance,
        outcome: LapseOutcome,
        note: Option<Note>,
        #[diesel(column_name = craving_id)]
        craving: Option<CravingId>,
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = lapses, primary_key(participant_id, id), treat_none_as_default_value = false)]
struct Row {
    participant_id: Stored<ParticipantId>,
    id: Stored<LapseId>,
    #[diesel(embed)]
    draft: DraftRow,
    local_day: Stored<Day>,
    received_at: Stored<Moment>,
    clock_suspect: bool,
    use_reported_at: Stored<Option<Moment>>,
    revision: i32,
    withdrawn_at: Stored<Option<Moment>>,
    debrief_revision: i32,
    debrief_saved_at: Stored<Option<Moment>>,
    debrief: AsJson<DebriefDraft>,
}

impl Row {
    fn new(grant: &Grant, lapse: &Lapse) -> Self {
        Self {
            participant_id: Stored(grant.participant()),
            id: Stored(lapse.id),
            draft: lapse.draft.clone().into(),
            local_day: Stored(lapse.local_day),
            received_at: Stored(lapse.received_at),
            clock_suspect: lapse.clock_suspect,
            use_reported_at: Stored(lapse.use_reported_at),
            revision: lapse.revision,
            withdrawn_at: Stored(lapse.withdrawn_at),
            debrief_revision: lapse.debrief.revision,
            debrief_saved_at: Stored(lapse.debrief.saved_at),
            debrief: AsJson(lapse.debrief.content.clone()),
        }
    }
}

impl From<Row> for Lapse {
    fn from(row: Row) -> Self {
        Self {
            entry: Entry {
                id: row.id.0,
                participant: row.participant_id.0,
                draft: row.draft.into(),
                local_day: row.local_day.0,
                received_at: row.received_at.0,
                clock_suspect: row.clock_suspect,
                revision: row.revision,
                withdrawn_at: row.withdrawn_at.0,
            },
            use_reported_at: row.use_reported_at.0,
            debrief: Debrief {
                revision: row.debrief_revision,
                saved_at: row.debrief_saved_at.0,
                content: row.debrief.0,
            },
        }
    }
}

/// Stores a new lapse; false if the participant has one of that id.
pub fn add(tx: &mut Tx, grant: &Grant, lapse: &Lapse) -> Result<bool, Error> {
    let row = Row::new(grant, lapse);
    let added = each!(tx, conn => diesel::insert_into(lapses::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

/// One lapse with its debrief, withdrawn or not.
pub fn find(tx: &mut Tx, grant: &Grant, id: LapseId) -> Result<Option<Lapse>, Error> {
    let query = lapses::table.find((Stored(grant.participant()), Stored(id)));
    Ok(query.select(Row::as_select()).get_result(tx).optional()?.map(Lapse::from))
}

/// All lapses of a participant with their debriefs, withdrawn ones included, in the order of their ids.
pub fn list(tx: &mut Tx, grant: &Grant) -> Result<Vec<Lapse>, Error> {
    let rows = lapses::table
        .filter(lapses::participant_id.eq(Stored(grant.participant())))
        .order(lapses::id)
        .select(Row::as_select())
        .load(tx)?;
    Ok(rows.into_iter().map(Lapse::from).collect())
}

/// Stores what a rule made of a lapse.
pub fn put(tx: &mut Tx, grant: &Grant, lapse: &Lapse) -> Result<(), Error> {
    let target = lapses::table.find((Stored(grant.participant()), Stored(lapse.id)));
    diesel::update(target).set(Row::new(grant, lapse)).execute(tx)?;
    Ok(())
}

revisions!(lapse_revisions.lapse_id, Lapse, LapseDraft);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{PARTICIPANT, at, grant, id, test_database, value};
    use evenkeel_domain::access::Action;
    use evenkeel_domain::recovery::lapse as rule;

    #[test]
    fn a_lapse_reads_back_as_sent_with_its_debrief_and_its_revisions() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let own = grant(Action::ReportLapse);
        let now = at("2026-03-05T18:00:00Z");
        let draft = value(serde_json::json!({ "occurred_at": "2026-03-02T23:40:00Z", "time_zone": "UTC",
            "substance": "alcohol", "outcome": "lapse", "note": "Two beers.", "craving": id::<LapseId>(9) }));
        let reported = rule::report(id(PARTICIPANT), id(1), draft, now);
        assert!(add(tx, &own, &reported).unwrap());
        assert!(!add(tx, &own, &reported).unwrap());
        assert_eq!(list(tx, &own).unwrap(), std::slice::from_ref(&reported));
        let looked_back = value(serde_json::json!({ "situation": "Payday.", "trigger": "urges",
            "signs": ["lying"], "would_do": "Take the other bus." }));
        let saved = rule::save_debrief(&reported, &looked_back, 0, now).unwrap();
        let correction = value(serde_json::json!({ "reason": "Later that night", "entry": {
            "occurred_at": "2026-03-03T04:40:00Z", "time_zone": "America/New_York", "substance": "opioids",
            "outcome": "return_to_use" } }));
        let first = revisions(tx, &own, &saved).unwrap();
        assert_eq!(first, [reported.first_revision()]);
        let (corrected, new) = rule::correct(&saved, &first, id(7), &correction, now).unwrap().unwrap();
        correct(tx, &own, &corrected, new.clone()).unwrap();
        assert_eq!(revisions(tx, &own, &corrected).unwrap(), new);
        assert_eq!(find(tx, &own, id(1)).unwrap().as_ref(), Some(&corrected));
        let withdrawn = rule::withdraw(&corrected, now);
        put(tx, &own, &withdrawn).unwrap();
        assert_eq!(find(tx, &own, id(1)).unwrap(), Some(withdrawn));
    }
}
