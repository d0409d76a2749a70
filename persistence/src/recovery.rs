//! Recovery: sobriety dates, lapses and use reports, what is hidden and what was declined.

pub mod lapse;
mod use_report;

pub use use_report::{find_use_report, put_use_report, use_reports, use_reports_of_caseload};

use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::craving::Substance;
use evenkeel_domain::recovery::course::CounterChoice;
use evenkeel_domain::recovery::learning::Declined;
use evenkeel_domain::recovery::sobriety_date::{SobrietyDate, SobrietyDateId};
use evenkeel_domain::value::{Day, Moment, TimeZone};

use crate::column::Stored;
use crate::schema::{counter_choices, declined_lessons, lapses, sobriety_dates, use_reports};
use crate::{Error, Tx};

// Sobriety dates

row! {
    #[diesel(table_name = sobriety_dates)]
    DateRow of SobrietyDate {
        id: SobrietyDateId,
        #[diesel(column_name = participant_id)]
        participant: ParticipantId,
        substance: Substance,
        since: Day,
        at: Option<Moment>,
        reported_at: Moment,
        time_zone: TimeZone,
        corrects: Option<SobrietyDateId>,
        received_at: Moment,
        clock_suspect: bool,
        withdrawn_at: Option<Moment>,
    }
}

/// Stores a new sobriety date; false if the participant has one of that id.
pub fn add_sobriety_date(tx: &mut Tx, grant: &Grant, date: &SobrietyDate) -> Result<bool, Error> {
    let row = DateRow { participant: Stored(grant.participant()), ..date.clone().into() };
    let added = each!(tx, conn => diesel::insert_into(sobriety_dates::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

/// One sobriety date, withdrawn or not.
pub fn find_sobriety_date(
    tx: &mut Tx,
    grant: &Grant,
    id: SobrietyDateId,
) -> Result<Option<SobrietyDate>, Error> {
    let query = sobriety_dates::table.find((Stored(grant.participant()), Stored(id)));
    Ok(query.select(DateRow::as_select()).get_result(tx).optional()?.map(SobrietyDate::from))
}

/// All sobriety dates of a participant, withdrawn ones included, in the order of their ids.
pub fn sobriety_dates(tx: &mut Tx, grant: &Grant) -> Result<Vec<SobrietyDate>, Error> {
    let rows = sobriety_dates::table
        .filter(sobriety_dates::participant_id.eq(Stored(grant.participant())))
        .order(sobriety_dates::id)
        .select(DateRow::as_select())
        .load(tx)?;
    Ok(rows.into_iter().map(SobrietyDate::from).collect())
}

/// Stores that a sobriety date was withdrawn: nothing else of it ever changes.
pub fn put_sobriety_date(tx: &mut Tx, grant: &Grant, date: &SobrietyDate) -> Result<(), Error> {
    let target = sobriety_dates::table.find((Stored(grant.participant()), Stored(date.id)));
    diesel::update(target).set(sobriety_dates::withdrawn_at.eq(Stored(date.withdrawn_at))).execute(tx)?;
    Ok(())
}

/// What a participant is free from or used, by their sobriety dates, lapses and use reports; none where a report does
/// not name it.
pub fn substances(tx: &mut Tx, grant: &Grant) -> Result<Vec<Option<Substance>>, Error> {
    let participant = Stored(grant.participant());
    let mut found: Vec<Option<Substance>> = sobriety_dates::table
        .filter(sobriety_dates::participant_id.eq(participant).and(sobriety_dates::withdrawn_at.is_null()))
        .select(sobriety_dates::substance.nullable())
        .distinct()
        .load(tx)?;
    let lapses: Vec<Option<Substance>> = lapses::table
        .filter(lapses::participant_id.eq(participant).and(lapses::withdrawn_at.is_null()))
        .select(lapses::substance.nullable())
        .distinct()
        .load(tx)?;
    let reports: Vec<Option<Substance>> = use_reports::table
        .filter(use_reports::participant_id.eq(participant).and(use_reports::withdrawn_at.is_null()))
        .select(use_reports::substance)
        .distinct()
        .load(tx)?;
    found.extend(lapses);
    found.extend(reports);
    Ok(found)
}

// What is hidden, what was declined

/// The substances for which a participant chose whether to see the counter; the others are shown.
pub fn counter_choices(tx: &mut Tx, grant: &Grant) -> Result<Vec<(Substance, CounterChoice)>, Error> {
    let rows: Vec<(Substance, bool)> = counter_choices::table
        .filter(counter_choices::participant_id.eq(Stored(grant.participant())))
        .order(counter_choices::substance)
        .select((counter_choices::substance, counter_choices::hidden))
        .load(tx)?;
    Ok(rows.into_iter().map(|(substance, hidden)| (substance, CounterChoice { hidden })).collect())
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
        counter_choices::participant_id.eq(Stored(grant.participant())),
        counter_choices::substance.eq(Stored(substance)),
        hidden,
    );
    let of = (counter_choices::participant_id, counter_choices::substance);
    each!(tx, conn => diesel::insert_into(counter_choices::table).values(row).on_conflict(of).do_update().set(hidden).execute(conn))?;
    Ok(())
}

row! {
    #[derive(AsChangeset)]
    #[diesel(table_name = declined_lessons, primary_key(participant_id, key))]
    DeclinedRow of Declined {
        key: String,
        count: i32,
        #[diesel(column_name = declined_on)]
        on: Day,
    }
}

/// What a participant declined of what logs spoke for.
pub fn declined(tx: &mut Tx, grant: &Grant) -> Result<Vec<Declined>, Error> {
    let rows = declined_lessons::table
        .filter(declined_lessons::participant_id.eq(Stored(grant.participant())))
        .order(declined_lessons::key)
        .select(DeclinedRow::as_select())
        .load(tx)?;
    Ok(rows.into_iter().map(Declined::from).collect())
}

/// Stores that a lesson was declined, in place of an earlier time. A key longer than 200 characters is no
/// lesson's and is refused as [`Error::Broken`].
pub fn put_declined(tx: &mut Tx, grant: &Grant, declined: &Declined) -> Result<(), Error> {
    let row = || DeclinedRow::from(declined.clone());
    let new = (declined_lessons::participant_id.eq(Stored(grant.participant())), row());
    let of = (declined_lessons::participant_id, declined_lessons::key);
    each!(tx, conn => diesel::insert_into(declined_lessons::table).values(new).on_conflict(of).do_update().set(row()).execute(conn))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{PARTICIPANT, at, day, grant, id, test_database, value};
    use evenkeel_domain::access::Action;
    use evenkeel_domain::recovery::sobriety_date as rule;

    #[test]
    fn sobriety_dates_read_back_as_sent() {
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
            .map(|(number, draft)| rule::record(id(PARTICIPANT), id(number), value(draft), &[], now).unwrap())
            .collect();
        for date in &stored {
            assert!(add_sobriety_date(tx, &own, date).unwrap());
            assert!(!add_sobriety_date(tx, &own, date).unwrap());
        }
        stored[1] = rule::withdraw(&stored[1], now);
        put_sobriety_date(tx, &own, &stored[1]).unwrap();
        assert_eq!(find_sobriety_date(tx, &own, id(2)).unwrap().as_ref(), Some(&stored[1]));
        assert_eq!(sobriety_dates(tx, &own).unwrap(), stored);
        assert_eq!(substances(tx, &own).unwrap(), [Some(Substance::Alcohol)]);
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
