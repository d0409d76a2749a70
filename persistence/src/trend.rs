//! Daily summaries, which trends and caseloads read. Each write updates them in its transaction.

use diesel::prelude::*;
use diesel::sql_types::{Integer, Untyped};
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::craving::Intensity;
use evenkeel_domain::trend::{DayDetail, DaySummary};
use evenkeel_domain::value::{Day, Moment};

use crate::column::{AsJson, Calendar, Document, Instant, Key, Number, Stored};
use crate::schema::daily_summaries;
use crate::{Error, Tx};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = daily_summaries, treat_none_as_default_value = false)]
struct Row {
    day: Stored<Day>,
    count: i32,
    intensity_sum: i32,
    peak: Stored<Intensity>,
    passed: i32,
    still_going: i32,
    lapsed: i32,
    last_at: Stored<Moment>,
    detail: AsJson<DayDetail>,
}

impl From<Row> for DaySummary {
    fn from(row: Row) -> Self {
        let Row { count, intensity_sum, passed, still_going, lapsed, .. } = row;
        let (day, peak, last_at, detail) = (row.day.0, row.peak.0, row.last_at.0, row.detail.0);
        Self { day, count, intensity_sum, peak, passed, still_going, lapsed, last_at, detail }
    }
}

/// The summary of one day; none if nothing was logged on it.
pub fn day(tx: &mut Tx, grant: &Grant, day: Day) -> Result<Option<DaySummary>, Error> {
    let query = daily_summaries::table.find((Stored(grant.participant()), Stored(day)));
    let row: Option<Row> = each!(tx, conn => query.select(Row::as_select()).get_result(conn)).optional()?;
    Ok(row.map(DaySummary::from))
}

/// The summaries of the days from `from` to `to`, both included. A day without logs has none.
pub fn days(tx: &mut Tx, grant: &Grant, from: Day, to: Day) -> Result<Vec<DaySummary>, Error> {
    let query = daily_summaries::table
        .filter(daily_summaries::participant_id.eq(Stored(grant.participant())))
        .filter(daily_summaries::day.between(Stored(from), Stored(to)))
        .order(daily_summaries::day);
    let rows: Vec<Row> = each!(tx, conn => query.select(Row::as_select()).load(conn))?;
    Ok(rows.into_iter().map(DaySummary::from).collect())
}

/// Stores the summary of a day for the first time.
pub fn add(tx: &mut Tx, grant: &Grant, summary: &DaySummary) -> Result<(), Error> {
    let DaySummary { count, intensity_sum, passed, still_going, lapsed, .. } = *summary;
    let (day, peak, last_at) = (Stored(summary.day), Stored(summary.peak), Stored(summary.last_at));
    let detail = AsJson(summary.detail.clone());
    let row = Row { day, count, intensity_sum, peak, passed, still_going, lapsed, last_at, detail };
    let row = (daily_summaries::participant_id.eq(Stored(grant.participant())), row);
    diesel::insert_into(daily_summaries::table).values(row).execute(tx)?;
    Ok(())
}

prepared! {
    Replace {
        participant: ParticipantId => Key,
        day: Day => Calendar,
        count: i32 => Integer,
        intensity_sum: i32 => Integer,
        peak: Intensity => Number,
        passed: i32 => Integer,
        still_going: i32 => Integer,
        lapsed: i32 => Integer,
        last_at: Moment => Instant,
        detail: AsJson<DayDetail> => Document,
    } -> Untyped:
    "UPDATE daily_summaries SET count = " [count] ", intensity_sum = " [intensity_sum] ", peak = " [peak]
    ", passed = " [passed] ", still_going = " [still_going] ", lapsed = " [lapsed] ", last_at = " [last_at]
    ", detail = " [detail] " WHERE participant_id = " [participant] " AND day = " [day] ""
}

/// Replaces the summary of a day.
pub fn put(tx: &mut Tx, grant: &Grant, summary: &DaySummary) -> Result<(), Error> {
    let DaySummary { day, count, intensity_sum, peak, passed, still_going, lapsed, last_at, .. } = *summary;
    let (participant, detail) = (grant.participant(), AsJson(summary.detail.clone()));
    let replace = Replace {
        participant,
        day,
        count,
        intensity_sum,
        peak,
        passed,
        still_going,
        lapsed,
        last_at,
        detail,
    };
    replace.execute(tx)?;
    Ok(())
}

/// Removes the summary of a day that no longer has an entry.
pub fn remove(tx: &mut Tx, grant: &Grant, day: Day) -> Result<(), Error> {
    diesel::delete(daily_summaries::table.find((Stored(grant.participant()), Stored(day)))).execute(tx)?;
    Ok(())
}

/// The time of a participant's last craving, however long ago.
pub fn last(tx: &mut Tx, participant: ParticipantId) -> Result<Option<Moment>, Error> {
    let query = daily_summaries::table
        .filter(daily_summaries::participant_id.eq(Stored(participant)))
        .order(daily_summaries::day.desc())
        .select(daily_summaries::last_at);
    Ok(query.first(tx).optional()?)
}
