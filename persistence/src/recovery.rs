//! Recovery: sobriety dates, lapses and use reports, what is hidden and what was declined.

mod use_report;

pub use use_report::{find_use_report, put_use_report, use_reports, use_reports_of_caseload};

use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::craving::{Note, Substance};
use evenkeel_domain::log_entry::Reason;
use evenkeel_domain::recovery::course::CounterChoice;
use evenkeel_domain::recovery::debrief::Debrief;
use evenkeel_domain::recovery::lapse::{Lapse, LapseId, LapseOutcome, LapseRevision};
use evenkeel_domain::recovery::learning::Declined;
use evenkeel_domain::recovery::sobriety_date::{SobrietyDate, SobrietyDateId};
use evenkeel_domain::value::TimeZone;

use crate::column::{At, Id, Json, On, read};
use crate::schema::{
    counter_choices, declined_lessons, lapse_revisions, lapses, sobriety_dates, use_reports,
};
use crate::{Error, Tx};

// Sobriety dates

/// Stores a new sobriety date; false if the participant has one of that id.
pub fn add_sobriety_date(tx: &mut Tx, grant: &Grant, date: &SobrietyDate) -> Result<bool, Error> {
    let row = (
        sobriety_dates::participant_id.eq(Id::of(grant.participant())),
        sobriety_dates::id.eq(Id::of(date.id)),
        sobriety_dates::substance.eq(date.substance.as_str()),
        sobriety_dates::since.eq(On(date.since)),
        sobriety_dates::at.eq(date.at.map(At)),
        sobriety_dates::reported_at.eq(At(date.reported_at)),
        sobriety_dates::time_zone.eq(date.time_zone.name()),
        sobriety_dates::corrects.eq(date.corrects.map(Id::of)),
        sobriety_dates::received_at.eq(At(date.received_at)),
        sobriety_dates::clock_suspect.eq(date.clock_suspect),
        sobriety_dates::withdrawn_at.eq(date.withdrawn_at.map(At)),
    );
    let added = each!(tx, conn => diesel::insert_into(sobriety_dates::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

type SobrietyDateRow = (Id, String, On, Option<At>, At, String, Option<Id>, At, bool, Option<At>);

macro_rules! sobriety_date_columns {
    () => {
        (
            sobriety_dates::id,
            sobriety_dates::substance,
            sobriety_dates::since,
            sobriety_dates::at,
            sobriety_dates::reported_at,
            sobriety_dates::time_zone,
            sobriety_dates::corrects,
            sobriety_dates::received_at,
            sobriety_dates::clock_suspect,
            sobriety_dates::withdrawn_at,
        )
    };
}

fn sobriety_date(grant: &Grant, row: SobrietyDateRow) -> Result<SobrietyDate, Error> {
    let (
        id,
        substance,
        since,
        at,
        reported_at,
        time_zone,
        corrects,
        received_at,
        clock_suspect,
        withdrawn_at,
    ) = row;
    Ok(SobrietyDate {
        id: id.to(),
        participant: grant.participant(),
        substance: read(substance)?,
        since: since.0,
        at: at.map(|at| at.0),
        reported_at: reported_at.0,
        time_zone: read::<TimeZone>(time_zone)?,
        corrects: corrects.map(Id::to),
        received_at: received_at.0,
        clock_suspect,
        withdrawn_at: withdrawn_at.map(|at| at.0),
    })
}

/// One sobriety date, withdrawn or not.
pub fn find_sobriety_date(
    tx: &mut Tx,
    grant: &Grant,
    id: SobrietyDateId,
) -> Result<Option<SobrietyDate>, Error> {
    let row: Option<SobrietyDateRow> = sobriety_dates::table
        .find((Id::of(grant.participant()), Id::of(id)))
        .select(sobriety_date_columns!())
        .get_result(tx)
        .optional()?;
    row.map(|row| sobriety_date(grant, row)).transpose()
}

/// All sobriety dates of a participant, withdrawn ones included, in the order of their ids.
pub fn sobriety_dates(tx: &mut Tx, grant: &Grant) -> Result<Vec<SobrietyDate>, Error> {
    let rows: Vec<SobrietyDateRow> = sobriety_dates::table
        .filter(sobriety_dates::participant_id.eq(Id::of(grant.participant())))
        .order(sobriety_dates::id)
        .select(sobriety_date_columns!())
        .load(tx)?;
    rows.into_iter().map(|row| sobriety_date(grant, row)).collect()
}

/// Stores that a sobriety date was withdrawn: nothing else of it ever changes.
pub fn put_sobriety_date(tx: &mut Tx, grant: &Grant, date: &SobrietyDate) -> Result<(), Error> {
    let target = sobriety_dates::table.find((Id::of(grant.participant()), Id::of(date.id)));
    diesel::update(target).set(sobriety_dates::withdrawn_at.eq(date.withdrawn_at.map(At))).execute(tx)?;
    Ok(())
}

// Lapses

/// Stores a new lapse; false if the participant has one of that id.
pub fn add_lapse(tx: &mut Tx, grant: &Grant, lapse: &Lapse) -> Result<bool, Error> {
    let row = (
        lapses::participant_id.eq(Id::of(grant.participant())),
        lapses::id.eq(Id::of(lapse.id)),
        lapses::occurred_at.eq(At(lapse.occurred_at)),
        lapses::time_zone.eq(lapse.time_zone.name()),
        lapses::substance.eq(lapse.substance.as_str()),
        lapses::outcome.eq(lapse.outcome.as_str()),
        lapses::note.eq(lapse.note.as_ref().map(AsRef::<str>::as_ref)),
        lapses::craving_id.eq(lapse.craving.map(Id::of)),
        lapses::local_day.eq(On(lapse.local_day)),
        lapses::received_at.eq(At(lapse.received_at)),
        lapses::clock_suspect.eq(lapse.clock_suspect),
        lapses::revision.eq(lapse.revision),
        lapses::use_reported_at.eq(lapse.use_reported_at.map(At)),
        lapses::withdrawn_at.eq(lapse.withdrawn_at.map(At)),
        lapses::debrief_revision.eq(lapse.debrief.revision),
        lapses::debrief_saved_at.eq(lapse.debrief.saved_at.map(At)),
        lapses::debrief.eq(Json::of(&lapse.debrief.content)?),
    );
    let added = each!(tx, conn => diesel::insert_into(lapses::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

type Sent = (Id, At, String, String, String, Option<String>, Option<Id>);
type Stored = (On, At, Option<At>, bool, i32, Option<At>, (i32, Option<At>, Json));

macro_rules! lapse_columns {
    () => {
        (
            (
                lapses::id,
                lapses::occurred_at,
                lapses::time_zone,
                lapses::substance,
                lapses::outcome,
                lapses::note,
                lapses::craving_id,
            ),
            (
                lapses::local_day,
                lapses::received_at,
                lapses::use_reported_at,
                lapses::clock_suspect,
                lapses::revision,
                lapses::withdrawn_at,
                (lapses::debrief_revision, lapses::debrief_saved_at, lapses::debrief),
            ),
        )
    };
}

fn lapse(participant: ParticipantId, (sent, stored): (Sent, Stored)) -> Result<Lapse, Error> {
    let (id, occurred_at, time_zone, substance, outcome, note, craving) = sent;
    let (local_day, received_at, use_reported_at, clock_suspect, revision, withdrawn_at, debrief) = stored;
    let (saved, saved_at, content) = debrief;
    Ok(Lapse {
        id: id.to(),
        participant,
        occurred_at: occurred_at.0,
        time_zone: read::<TimeZone>(time_zone)?,
        substance: read(substance)?,
        outcome: read::<LapseOutcome>(outcome)?,
        note: note.map(read::<Note>).transpose()?,
        craving: craving.map(Id::to),
        local_day: local_day.0,
        received_at: received_at.0,
        use_reported_at: use_reported_at.map(|at| at.0),
        clock_suspect,
        revision,
        withdrawn_at: withdrawn_at.map(|at| at.0),
        debrief: Debrief { revision: saved, saved_at: saved_at.map(|at| at.0), content: content.read()? },
    })
}

/// One lapse with its debrief, withdrawn or not.
pub fn find_lapse(tx: &mut Tx, grant: &Grant, id: LapseId) -> Result<Option<Lapse>, Error> {
    let row: Option<(Sent, Stored)> = lapses::table
        .find((Id::of(grant.participant()), Id::of(id)))
        .select(lapse_columns!())
        .get_result(tx)
        .optional()?;
    row.map(|row| lapse(grant.participant(), row)).transpose()
}

/// All lapses of a participant with their debriefs, withdrawn ones included, in the order of their ids.
pub fn lapses(tx: &mut Tx, grant: &Grant) -> Result<Vec<Lapse>, Error> {
    let rows: Vec<(Sent, Stored)> = lapses::table
        .filter(lapses::participant_id.eq(Id::of(grant.participant())))
        .order(lapses::id)
        .select(lapse_columns!())
        .load(tx)?;
    rows.into_iter().map(|row| lapse(grant.participant(), row)).collect()
}

/// Stores the current version of a lapse.
pub fn put_lapse(tx: &mut Tx, grant: &Grant, lapse: &Lapse) -> Result<(), Error> {
    let target = lapses::table.find((Id::of(grant.participant()), Id::of(lapse.id)));
    let content = (
        lapses::occurred_at.eq(At(lapse.occurred_at)),
        lapses::time_zone.eq(lapse.time_zone.name()),
        lapses::substance.eq(lapse.substance.as_str()),
        lapses::outcome.eq(lapse.outcome.as_str()),
        lapses::note.eq(lapse.note.as_ref().map(AsRef::<str>::as_ref)),
        lapses::craving_id.eq(lapse.craving.map(Id::of)),
        lapses::local_day.eq(On(lapse.local_day)),
        lapses::clock_suspect.eq(lapse.clock_suspect),
        lapses::revision.eq(lapse.revision),
        lapses::use_reported_at.eq(lapse.use_reported_at.map(At)),
    );
    let row = (
        content,
        lapses::withdrawn_at.eq(lapse.withdrawn_at.map(At)),
        lapses::debrief_revision.eq(lapse.debrief.revision),
        lapses::debrief_saved_at.eq(lapse.debrief.saved_at.map(At)),
        lapses::debrief.eq(Json::of(&lapse.debrief.content)?),
    );
    diesel::update(target).set(row).execute(tx)?;
    Ok(())
}

/// Stores a revision. Every one of a corrected lapse is stored, the first and the current one included.
pub fn add_lapse_revision(
    tx: &mut Tx,
    grant: &Grant,
    lapse: LapseId,
    revision: &LapseRevision,
) -> Result<(), Error> {
    let row = (
        lapse_revisions::participant_id.eq(Id::of(grant.participant())),
        lapse_revisions::lapse_id.eq(Id::of(lapse)),
        lapse_revisions::revision.eq(revision.revision),
        lapse_revisions::id.eq(Id::of(revision.id)),
        lapse_revisions::received_at.eq(At(revision.received_at)),
        lapse_revisions::reason.eq(revision.reason.as_ref().map(AsRef::<str>::as_ref)),
        lapse_revisions::draft.eq(Json::of(&revision.lapse)?),
    );
    diesel::insert_into(lapse_revisions::table).values(row).execute(tx)?;
    Ok(())
}

/// The revisions of a lapse that was corrected, the first one first; none if it never was.
pub fn lapse_revisions(tx: &mut Tx, grant: &Grant, lapse: LapseId) -> Result<Vec<LapseRevision>, Error> {
    let rows: Vec<(Id, i32, At, Option<String>, Json)> = lapse_revisions::table
        .filter(lapse_revisions::participant_id.eq(Id::of(grant.participant())))
        .filter(lapse_revisions::lapse_id.eq(Id::of(lapse)))
        .order(lapse_revisions::revision)
        .select((
            lapse_revisions::id,
            lapse_revisions::revision,
            lapse_revisions::received_at,
            lapse_revisions::reason,
            lapse_revisions::draft,
        ))
        .load(tx)?;
    rows.into_iter()
        .map(|(id, revision, received_at, reason, draft)| {
            Ok(LapseRevision {
                id: id.to(),
                revision,
                received_at: received_at.0,
                reason: reason.map(read::<Reason>).transpose()?,
                lapse: draft.read()?,
            })
        })
        .collect()
}

/// What a participant is free from or used, by their sobriety dates, lapses and use reports; none where a report does
/// not name it.
pub fn substances(tx: &mut Tx, grant: &Grant) -> Result<Vec<Option<Substance>>, Error> {
    let participant = Id::of(grant.participant());
    let mut found: Vec<Option<String>> = sobriety_dates::table
        .filter(sobriety_dates::participant_id.eq(participant).and(sobriety_dates::withdrawn_at.is_null()))
        .select(sobriety_dates::substance.nullable())
        .distinct()
        .load(tx)?;
    let lapses: Vec<Option<String>> = lapses::table
        .filter(lapses::participant_id.eq(participant).and(lapses::withdrawn_at.is_null()))
        .select(lapses::substance.nullable())
        .distinct()
        .load(tx)?;
    let reports: Vec<Option<String>> = use_reports::table
        .filter(use_reports::participant_id.eq(participant).and(use_reports::withdrawn_at.is_null()))
        .select(use_reports::substance)
        .distinct()
        .load(tx)?;
    found.extend(lapses);
    found.extend(reports);
    found.into_iter().map(|substance| substance.map(read).transpose()).collect()
}

// What is hidden, what was declined

/// The substances for which a participant chose whether to see the counter; the others are shown.
pub fn counter_choices(tx: &mut Tx, grant: &Grant) -> Result<Vec<(Substance, CounterChoice)>, Error> {
    let rows: Vec<(String, bool)> = counter_choices::table
        .filter(counter_choices::participant_id.eq(Id::of(grant.participant())))
        .order(counter_choices::substance)
        .select((counter_choices::substance, counter_choices::hidden))
        .load(tx)?;
    let choice = |(substance, hidden)| Ok((read(substance)?, CounterChoice { hidden }));
    rows.into_iter().map(choice).collect()
}

/// Stores whether a participant wants to see the counter of a substance.
pub fn put_counter_choice(
    tx: &mut Tx,
    grant: &Grant,
    substance: Substance,
    choice: CounterChoice,
) -> Result<(), Error> {
    let hidden = counter_choices::hidden.eq(choice.hidden);
    let row = (
        counter_choices::participant_id.eq(Id::of(grant.participant())),
        counter_choices::substance.eq(substance.as_str()),
        hidden,
    );
    let of = (counter_choices::participant_id, counter_choices::substance);
    each!(tx, conn => diesel::insert_into(counter_choices::table).values(row).on_conflict(of).do_update().set(hidden).execute(conn))?;
    Ok(())
}

/// What a participant declined of what logs spoke for.
pub fn declined(tx: &mut Tx, grant: &Grant) -> Result<Vec<Declined>, Error> {
    let rows: Vec<(String, i32, On)> = declined_lessons::table
        .filter(declined_lessons::participant_id.eq(Id::of(grant.participant())))
        .order(declined_lessons::key)
        .select((declined_lessons::key, declined_lessons::count, declined_lessons::declined_on))
        .load(tx)?;
    Ok(rows.into_iter().map(|(key, count, on)| Declined { key, count, on: on.0 }).collect())
}

/// Stores that a lesson was declined, in place of an earlier time. A key longer than 200 characters is no
/// lesson's and is refused as [`Error::Broken`].
pub fn put_declined(tx: &mut Tx, grant: &Grant, declined: &Declined) -> Result<(), Error> {
    let content =
        (declined_lessons::count.eq(declined.count), declined_lessons::declined_on.eq(On(declined.on)));
    let row = (
        declined_lessons::participant_id.eq(Id::of(grant.participant())),
        declined_lessons::key.eq(&declined.key),
        content,
    );
    let of = (declined_lessons::participant_id, declined_lessons::key);
    each!(tx, conn => diesel::insert_into(declined_lessons::table).values(row).on_conflict(of).do_update().set(content).execute(conn))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{PARTICIPANT, at, day, grant, id, test_database, value};
    use evenkeel_domain::access::Action;
    use evenkeel_domain::recovery::{lapse as rule, sobriety_date as date_rule};

    #[test]
    fn sobriety_dates_and_lapses_read_back_as_sent() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let own = grant(Action::ReportLapse);
        let now = at("2026-03-05T18:00:00Z");
        let sent = [
            serde_json::json!({ "substance": "alcohol", "since": "2026-01-31",
                "reported_at": "2026-03-02T18:40:00Z", "time_zone": "America/New_York" }),
            serde_json::json!({ "substance": "alcohol", "since": "2026-01-30", "at": "2026-01-30T20:00:00Z",
                "reported_at": "2026-03-03T18:40:00Z", "time_zone": "America/New_York", "corrects": id::<SobrietyDateId>(1) }),
        ];
        let mut stored: Vec<SobrietyDate> = (1..)
            .zip(sent)
            .map(|(number, draft)| {
                date_rule::record(id(PARTICIPANT), id(number), value(draft), &[], now).unwrap()
            })
            .collect();
        for date in &stored {
            assert!(add_sobriety_date(tx, &own, date).unwrap());
            assert!(!add_sobriety_date(tx, &own, date).unwrap());
        }
        stored[1] = date_rule::withdraw(&stored[1], now);
        put_sobriety_date(tx, &own, &stored[1]).unwrap();
        assert_eq!(find_sobriety_date(tx, &own, id(2)).unwrap().as_ref(), Some(&stored[1]));
        assert_eq!(sobriety_dates(tx, &own).unwrap(), stored);
        assert_eq!(substances(tx, &own).unwrap(), [Some(Substance::Alcohol)]);

        let draft = value(serde_json::json!({ "occurred_at": "2026-03-02T23:40:00Z", "time_zone": "UTC",
            "substance": "alcohol", "outcome": "lapse", "note": "Two beers.", "craving": id::<LapseId>(9) }));
        let reported = rule::report(id(PARTICIPANT), id(1), draft, now);
        assert!(add_lapse(tx, &own, &reported).unwrap());
        assert!(!add_lapse(tx, &own, &reported).unwrap());
        assert_eq!(lapses(tx, &own).unwrap(), std::slice::from_ref(&reported));
        let looked_back = value(serde_json::json!({ "situation": "Payday.", "trigger": "urges",
            "signs": ["lying"], "would_do": "Take the other bus." }));
        let saved = rule::save_debrief(&reported, &looked_back, 0, now).unwrap();
        let correction = value(serde_json::json!({ "reason": "Later that night", "lapse": {
            "occurred_at": "2026-03-03T04:40:00Z", "time_zone": "America/New_York", "substance": "opioids",
            "outcome": "return_to_use" } }));
        let (corrected, revisions) = rule::correct(&saved, id(7), &correction, now).unwrap();
        assert_eq!(lapse_revisions(tx, &own, id(1)).unwrap(), []);
        for revision in &revisions {
            add_lapse_revision(tx, &own, id(1), revision).unwrap();
        }
        assert_eq!(lapse_revisions(tx, &own, id(1)).unwrap(), revisions);
        put_lapse(tx, &own, &corrected).unwrap();
        assert_eq!(find_lapse(tx, &own, id(1)).unwrap().as_ref(), Some(&corrected));
        let withdrawn = rule::withdraw(&corrected, now);
        put_lapse(tx, &own, &withdrawn).unwrap();
        assert_eq!(find_lapse(tx, &own, id(1)).unwrap(), Some(withdrawn));
    }

    #[test]
    fn choices_and_what_was_declined_read_back_as_stored() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let own = grant(Action::ReportLapse);
        assert_eq!(counter_choices(tx, &own).unwrap(), []);
        for hidden in [true, false] {
            let choice = CounterChoice { hidden };
            put_counter_choice(tx, &own, Substance::Alcohol, choice).unwrap();
            assert_eq!(counter_choices(tx, &own).unwrap(), [(Substance::Alcohol, choice)]);
        }

        for (count, on) in [(3, "2026-03-02"), (6, "2026-03-09")] {
            let no = Declined { key: "trigger:conflict".to_owned(), count, on: day(on) };
            put_declined(tx, &own, &no).unwrap();
            assert_eq!(declined(tx, &own).unwrap(), [no]);
        }
    }
}
