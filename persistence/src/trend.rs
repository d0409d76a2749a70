//! Daily summaries: what trends and caseloads are read from, kept by the transaction of each write.

use diesel::prelude::*;
use diesel::sql_types::{Integer, SmallInt, Untyped};
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::trend::DaySummary;
use evenkeel_domain::value::{Day, Moment};

use crate::column::{At, Calendar, Document, Id, Instant, Json, Key, On, broken};
use crate::schema::daily_summaries;
use crate::{Error, Tx};

type Row = (On, i32, i32, i16, (i32, i32, i32), At, Json);

macro_rules! summary_columns {
    () => {
        (
            daily_summaries::day,
            daily_summaries::count,
            daily_summaries::intensity_sum,
            daily_summaries::peak,
            (daily_summaries::passed, daily_summaries::still_going, daily_summaries::lapsed),
            daily_summaries::last_at,
            daily_summaries::detail,
        )
    };
}

fn summary((day, count, intensity_sum, peak, outcomes, last_at, detail): Row) -> Result<DaySummary, Error> {
    Ok(DaySummary {
        day: day.0,
        count,
        intensity_sum,
        peak: peak.try_into().map_err(broken)?,
        passed: outcomes.0,
        still_going: outcomes.1,
        lapsed: outcomes.2,
        last_at: last_at.0,
        detail: detail.read()?,
    })
}

/// The summary of one day, if anything was logged on it.
pub fn day(tx: &mut Tx, grant: &Grant, day: Day) -> Result<Option<DaySummary>, Error> {
    let query =
        daily_summaries::table.find((Id::of(grant.participant()), On(day))).select(summary_columns!());
    let row: Option<Row> = each!(tx, conn => query.get_result(conn)).optional()?;
    row.map(summary).transpose()
}

/// The summaries of the days from `from` to `to`, both included; a day without logs has none.
pub fn days(tx: &mut Tx, grant: &Grant, from: Day, to: Day) -> Result<Vec<DaySummary>, Error> {
    let query = daily_summaries::table
        .filter(daily_summaries::participant_id.eq(Id::of(grant.participant())))
        .filter(daily_summaries::day.between(On(from), On(to)))
        .order(daily_summaries::day)
        .select(summary_columns!());
    let rows: Vec<Row> = each!(tx, conn => query.load(conn))?;
    rows.into_iter().map(summary).collect()
}

/// Stores the summary of a day for the first time.
pub fn add(tx: &mut Tx, grant: &Grant, summary: &DaySummary) -> Result<(), Error> {
    let row = (
        daily_summaries::participant_id.eq(Id::of(grant.participant())),
        daily_summaries::day.eq(On(summary.day)),
        daily_summaries::count.eq(summary.count),
        daily_summaries::intensity_sum.eq(summary.intensity_sum),
        daily_summaries::peak.eq(i16::from(summary.peak)),
        daily_summaries::passed.eq(summary.passed),
        daily_summaries::still_going.eq(summary.still_going),
        daily_summaries::lapsed.eq(summary.lapsed),
        daily_summaries::last_at.eq(At(summary.last_at)),
        daily_summaries::detail.eq(Json::of(&summary.detail)?),
    );
    diesel::insert_into(daily_summaries::table).values(row).execute(tx)?;
    Ok(())
}

prepared! {
    Replace {
        participant: Id => Key,
        day: On => Calendar,
        count: i32 => Integer,
        intensity_sum: i32 => Integer,
        peak: i16 => SmallInt,
        passed: i32 => Integer,
        still_going: i32 => Integer,
        lapsed: i32 => Integer,
        last_at: At => Instant,
        detail: Json => Document,
    } -> Untyped:
    "UPDATE daily_summaries SET count = " [count] ", intensity_sum = " [intensity_sum] ", peak = " [peak]
    ", passed = " [passed] ", still_going = " [still_going] ", lapsed = " [lapsed] ", last_at = " [last_at]
    ", detail = " [detail] " WHERE participant_id = " [participant] " AND day = " [day] ""
}

/// Replaces the summary of a day.
pub fn put(tx: &mut Tx, grant: &Grant, summary: &DaySummary) -> Result<(), Error> {
    let replace = Replace {
        participant: Id::of(grant.participant()),
        day: On(summary.day),
        count: summary.count,
        intensity_sum: summary.intensity_sum,
        peak: i16::from(summary.peak),
        passed: summary.passed,
        still_going: summary.still_going,
        lapsed: summary.lapsed,
        last_at: At(summary.last_at),
        detail: Json::of(&summary.detail)?,
    };
    replace.execute(tx)?;
    Ok(())
}

/// Removes the summary of a day on which nothing stands any more.
pub fn remove(tx: &mut Tx, grant: &Grant, day: Day) -> Result<(), Error> {
    let target = daily_summaries::table.find((Id::of(grant.participant()), On(day)));
    diesel::delete(target).execute(tx)?;
    Ok(())
}

/// When the last craving of a participant was, however long ago.
pub fn last(tx: &mut Tx, participant: ParticipantId) -> Result<Option<Moment>, Error> {
    let last: Option<At> = daily_summaries::table
        .filter(daily_summaries::participant_id.eq(Id::of(participant)))
        .order(daily_summaries::day.desc())
        .select(daily_summaries::last_at)
        .first(tx)
        .optional()?;
    Ok(last.map(|at| at.0))
}
