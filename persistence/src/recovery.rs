//! Recovery: starts and lapses as they were told, what is hidden and what was declined.

mod told_use;

pub use told_use::{find_told_use, put_told_use, told_uses, unacknowledged_uses};

use diesel::prelude::*;
use evenkeel_domain::access::{Grant, Permit};
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::craving::{Note, Substance};
use evenkeel_domain::log_entry::Reason;
use evenkeel_domain::recovery::attention::LastLapse;
use evenkeel_domain::recovery::course::CounterChoice;
use evenkeel_domain::recovery::debrief::Debrief;
use evenkeel_domain::recovery::lapse::{Acknowledgement, Lapse, LapseId, LapseOutcome, LapseRevision};
use evenkeel_domain::recovery::learning::Declined;
use evenkeel_domain::recovery::sobriety_date::{SobrietyDate, SobrietyDateId};
use evenkeel_domain::value::{Moment, TimeZone};

use crate::column::{At, Id, Json, On, read};
use crate::schema::{counter_choices, declined_lessons, lapse_revisions, lapses, sobriety_dates};
use crate::{Error, Tx};

// Starts

/// Stores a new start; false if the participant has one of that id.
pub fn add_sobriety_date(tx: &mut Tx, grant: &Grant, start: &SobrietyDate) -> Result<bool, Error> {
    let row = (
        sobriety_dates::participant_id.eq(Id::of(grant.participant())),
        sobriety_dates::id.eq(Id::of(start.id)),
        sobriety_dates::substance.eq(start.substance.as_str()),
        sobriety_dates::since.eq(On(start.since)),
        sobriety_dates::at.eq(start.at.map(At)),
        sobriety_dates::reported_at.eq(At(start.reported_at)),
        sobriety_dates::time_zone.eq(start.time_zone.name()),
        sobriety_dates::corrects.eq(start.corrects.map(Id::of)),
        sobriety_dates::received_at.eq(At(start.received_at)),
        sobriety_dates::clock_suspect.eq(start.clock_suspect),
        sobriety_dates::withdrawn_at.eq(start.withdrawn_at.map(At)),
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

fn start(grant: &Grant, row: SobrietyDateRow) -> Result<SobrietyDate, Error> {
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

/// One start, taken back or not.
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
    row.map(|row| start(grant, row)).transpose()
}

/// All starts of a participant, those taken back too, in the order of their ids.
pub fn sobriety_dates(tx: &mut Tx, grant: &Grant) -> Result<Vec<SobrietyDate>, Error> {
    let rows: Vec<SobrietyDateRow> = sobriety_dates::table
        .filter(sobriety_dates::participant_id.eq(Id::of(grant.participant())))
        .order(sobriety_dates::id)
        .select(sobriety_date_columns!())
        .load(tx)?;
    rows.into_iter().map(|row| start(grant, row)).collect()
}

/// Stores that a start was taken back: nothing else of it ever changes.
pub fn put_sobriety_date(tx: &mut Tx, grant: &Grant, start: &SobrietyDate) -> Result<(), Error> {
    let target = sobriety_dates::table.find((Id::of(grant.participant()), Id::of(start.id)));
    diesel::update(target).set(sobriety_dates::withdrawn_at.eq(start.withdrawn_at.map(At))).execute(tx)?;
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
        lapses::use_told_at.eq(lapse.use_told_at.map(At)),
        lapses::withdrawn_at.eq(lapse.withdrawn_at.map(At)),
        lapses::debrief_revision.eq(lapse.debrief.revision),
        lapses::debrief_saved_at.eq(lapse.debrief.saved_at.map(At)),
        lapses::debrief.eq(Json::of(&lapse.debrief.content)?),
    );
    let added = each!(tx, conn => diesel::insert_into(lapses::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

type Told = (Id, At, String, String, String, Option<String>, Option<Id>);
type Kept = (On, (At, Option<At>), bool, i32, Option<At>, (Option<Id>, Option<At>), (i32, Option<At>, Json));

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
                (lapses::received_at, lapses::use_told_at),
                lapses::clock_suspect,
                lapses::revision,
                lapses::withdrawn_at,
                (lapses::acknowledged_by, lapses::acknowledged_at),
                (lapses::debrief_revision, lapses::debrief_saved_at, lapses::debrief),
            ),
        )
    };
}

fn lapse(participant: ParticipantId, (told, kept): (Told, Kept)) -> Result<Lapse, Error> {
    let (id, occurred_at, time_zone, substance, outcome, note, craving) = told;
    let (local_day, (received_at, use_told_at), clock_suspect, revision, withdrawn_at, seen, debrief) = kept;
    let (by, seen_at) = seen;
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
        use_told_at: use_told_at.map(|at| at.0),
        clock_suspect,
        revision,
        withdrawn_at: withdrawn_at.map(|at| at.0),
        acknowledged: by.zip(seen_at).map(|(by, at)| Acknowledgement { by: by.to(), at: at.0 }),
        debrief: Debrief { revision: saved, saved_at: saved_at.map(|at| at.0), content: content.read()? },
    })
}

/// One lapse with its debrief, taken back or not.
pub fn find_lapse(tx: &mut Tx, grant: &Grant, id: LapseId) -> Result<Option<Lapse>, Error> {
    let row: Option<(Told, Kept)> = lapses::table
        .find((Id::of(grant.participant()), Id::of(id)))
        .select(lapse_columns!())
        .get_result(tx)
        .optional()?;
    row.map(|row| lapse(grant.participant(), row)).transpose()
}

/// All lapses of a participant with their debriefs, those taken back too, in the order of their ids.
pub fn lapses(tx: &mut Tx, grant: &Grant) -> Result<Vec<Lapse>, Error> {
    let rows: Vec<(Told, Kept)> = lapses::table
        .filter(lapses::participant_id.eq(Id::of(grant.participant())))
        .order(lapses::id)
        .select(lapse_columns!())
        .load(tx)?;
    rows.into_iter().map(|row| lapse(grant.participant(), row)).collect()
}

/// All lapses that stand of those of these participants a permit covers, in any order.
pub fn lapses_of(tx: &mut Tx, permit: &Permit, of: &[ParticipantId]) -> Result<Vec<Lapse>, Error> {
    let standing = lapses::withdrawn_at.is_null();
    let theirs = standing.and(lapses::participant_id.eq_any(of.iter().copied().map(Id::of)));
    let columns = (lapses::participant_id, lapse_columns!());
    let rows: Vec<(Id, (Told, Kept))> = of_caseload!(tx, permit, lapses, theirs, columns)?;
    rows.into_iter().map(|(participant, row)| lapse(participant.to(), row)).collect()
}

/// Stores a lapse as it now stands.
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
        lapses::use_told_at.eq(lapse.use_told_at.map(At)),
    );
    let row = (
        content,
        lapses::withdrawn_at.eq(lapse.withdrawn_at.map(At)),
        lapses::acknowledged_by.eq(lapse.acknowledged.map(|seen| Id::of(seen.by))),
        lapses::acknowledged_at.eq(lapse.acknowledged.map(|seen| At(seen.at))),
        lapses::debrief_revision.eq(lapse.debrief.revision),
        lapses::debrief_saved_at.eq(lapse.debrief.saved_at.map(At)),
        lapses::debrief.eq(Json::of(&lapse.debrief.content)?),
    );
    diesel::update(target).set(row).execute(tx)?;
    Ok(())
}

/// Keeps a revision; every one of a lapse that was corrected is kept, the first and the present one too.
pub fn keep_lapse_revision(
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
pub fn kept_lapse_revisions(tx: &mut Tx, grant: &Grant, lapse: LapseId) -> Result<Vec<LapseRevision>, Error> {
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

/// The lapses that stand of all participants a permit covers, in any order: those told since then, and those
/// that nobody has acknowledged.
pub fn caseload(
    tx: &mut Tx,
    permit: &Permit,
    since: Moment,
) -> Result<Vec<(ParticipantId, LastLapse)>, Error> {
    type Row = (Id, Id, String, String, At, On, (At, i32), Option<At>);
    let columns = (
        lapses::participant_id,
        lapses::id,
        lapses::substance,
        lapses::outcome,
        lapses::occurred_at,
        lapses::local_day,
        (lapses::received_at, lapses::revision),
        lapses::acknowledged_at,
    );
    let shown = lapses::withdrawn_at
        .is_null()
        .and(lapses::received_at.ge(At(since)).or(lapses::acknowledged_at.is_null()));
    let rows: Vec<Row> = of_caseload!(tx, permit, lapses, shown, columns)?;
    rows.into_iter()
        .map(|(participant, id, substance, outcome, occurred_at, local_day, told, acknowledged_at)| {
            let lapse = LastLapse {
                id: id.to(),
                substance: read(substance)?,
                outcome: read(outcome)?,
                occurred_at: occurred_at.0,
                local_day: local_day.0,
                received_at: told.0.0,
                revision: told.1,
                acknowledged: acknowledged_at.is_some(),
            };
            Ok((participant.to(), lapse))
        })
        .collect()
}

/// What a participant is free from or used, by the starts and lapses that stand; each once in each.
pub fn substances(tx: &mut Tx, grant: &Grant) -> Result<Vec<Substance>, Error> {
    let mut told: Vec<String> = sobriety_dates::table
        .filter(sobriety_dates::participant_id.eq(Id::of(grant.participant())))
        .filter(sobriety_dates::withdrawn_at.is_null())
        .select(sobriety_dates::substance)
        .distinct()
        .load(tx)?;
    let used: Vec<String> = lapses::table
        .filter(lapses::participant_id.eq(Id::of(grant.participant())))
        .filter(lapses::withdrawn_at.is_null())
        .select(lapses::substance)
        .distinct()
        .load(tx)?;
    told.extend(used);
    told.into_iter().map(read).collect()
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
    use crate::test_database::{PARTICIPANT, actor, at, day, grant, id, permit, test_database, value};
    use evenkeel_domain::access::Action;
    use evenkeel_domain::account::Role;
    use evenkeel_domain::recovery::{lapse as rule, sobriety_date as begun};

    #[test]
    fn starts_and_lapses_read_back_as_told() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let own = grant(Action::ReportLapse);
        let now = at("2026-03-05T18:00:00Z");
        let told = [
            serde_json::json!({ "substance": "alcohol", "since": "2026-01-31",
                "reported_at": "2026-03-02T18:40:00Z", "time_zone": "America/New_York" }),
            serde_json::json!({ "substance": "alcohol", "since": "2026-01-30", "at": "2026-01-30T20:00:00Z",
                "reported_at": "2026-03-03T18:40:00Z", "time_zone": "America/New_York", "corrects": id::<SobrietyDateId>(1) }),
        ];
        let mut stored: Vec<SobrietyDate> = (1..)
            .zip(told)
            .map(|(number, draft)| begun::begin(id(PARTICIPANT), id(number), value(draft), &[], now).unwrap())
            .collect();
        for start in &stored {
            assert!(add_sobriety_date(tx, &own, start).unwrap());
            assert!(!add_sobriety_date(tx, &own, start).unwrap());
        }
        stored[1] = begun::withdraw(&stored[1], now);
        put_sobriety_date(tx, &own, &stored[1]).unwrap();
        assert_eq!(find_sobriety_date(tx, &own, id(2)).unwrap().as_ref(), Some(&stored[1]));
        assert_eq!(sobriety_dates(tx, &own).unwrap(), stored);
        assert_eq!(substances(tx, &own).unwrap(), [Substance::Alcohol]);

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
        let (corrected, kept) = rule::correct(&saved, id(7), &correction, now).unwrap();
        assert_eq!(kept_lapse_revisions(tx, &own, id(1)).unwrap(), []);
        for revision in &kept {
            keep_lapse_revision(tx, &own, id(1), revision).unwrap();
        }
        assert_eq!(kept_lapse_revisions(tx, &own, id(1)).unwrap(), kept);
        put_lapse(tx, &own, &corrected).unwrap();
        let office = permit(Role::Supervisor, Action::ReadCaseload);
        let shown = caseload(tx, &office, at("2026-03-06T00:00:00Z")).unwrap();
        assert_eq!(shown.iter().map(|(_, lapse)| lapse.substance).collect::<Vec<_>>(), [Substance::Opioids]);
        let seen =
            rule::acknowledge(&corrected, corrected.revision, actor(Role::Counselor).account, now).unwrap();
        put_lapse(tx, &own, &seen).unwrap();
        assert_eq!(find_lapse(tx, &own, id(1)).unwrap().as_ref(), Some(&seen));
        assert_eq!(caseload(tx, &office, at("2026-03-06T00:00:00Z")).unwrap(), []);
        assert_eq!(caseload(tx, &office, now).unwrap().len(), 1);
        let withdrawn = rule::withdraw(&seen, now);
        put_lapse(tx, &own, &withdrawn).unwrap();
        assert_eq!(caseload(tx, &office, now).unwrap(), []);
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
