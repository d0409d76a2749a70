//! What a caseload reads: the participants a permit covers, and rows of many of them at once.

use std::collections::HashMap;

use diesel::dsl::max;
use diesel::prelude::*;
use evenkeel_domain::access::Permit;
use evenkeel_domain::account::{DisplayName, ParticipantId, Role};
use evenkeel_domain::trend::{DayGlance, RecentDays};
use evenkeel_domain::value::{Day, Moment, TimeZone};

use crate::column::{At, Id, On, broken, read};
use crate::schema::{accounts, audit_streams, caseload_views, caseloads, daily_summaries, participants};
use crate::{Error, Tx};

/// The rows of a table with a `participant_id` of all participants a permit covers: a supervisor's whole
/// organization, anybody else's own caseload.
macro_rules! of_caseload {
    ($tx:expr, $permit:expr, $table:ident, $filter:expr, $columns:expr) => {{
        use $crate::column::Id;
        use $crate::schema::{caseloads, participants};
        let actor = $permit.actor();
        if actor.role == ::evenkeel_domain::account::Role::Supervisor {
            participants::table
                .inner_join($table::table.on($table::participant_id.eq(participants::id)))
                .filter(participants::organization_id.eq(Id::of(actor.organization)))
                .filter($filter)
                .select($columns)
                .load($tx)
        } else {
            caseloads::table
                .inner_join($table::table.on($table::participant_id.eq(caseloads::participant_id)))
                .filter(caseloads::counselor_id.eq(Id::of(actor.account)))
                .filter($filter)
                .select($columns)
                .load($tx)
        }
    }};
}

/// A participant on a caseload.
pub struct Member {
    /// Whose record it is.
    pub participant: ParticipantId,
    /// The name staff know them by.
    pub display_name: DisplayName,
    /// The zone they live in.
    pub time_zone: TimeZone,
    /// The number of the last event in their audit log. Every change of their record raises it.
    pub version: i64,
}

/// The participants a permit covers, in any order: a supervisor's whole organization, anybody else's own caseload.
pub fn members(tx: &mut Tx, permit: &Permit) -> Result<Vec<Member>, Error> {
    type Row = (Id, String, String, Option<i64>);
    let actor = permit.actor();
    let columns = (
        participants::id,
        accounts::display_name,
        participants::time_zone,
        audit_streams::last_seq.nullable(),
    );
    let people = participants::table
        .inner_join(accounts::table.on(accounts::id.eq(participants::account_id)))
        .left_join(audit_streams::table.on(audit_streams::stream.eq(participants::id)))
        .filter(participants::organization_id.eq(Id::of(actor.organization)))
        .filter(accounts::active.eq(true))
        .select(columns);
    let rows: Vec<Row> = if actor.role == Role::Supervisor {
        people.load(tx)?
    } else {
        people
            .inner_join(caseloads::table.on(caseloads::participant_id.eq(participants::id)))
            .filter(caseloads::counselor_id.eq(Id::of(actor.account)))
            .load(tx)?
    };
    let member = |(participant, name, zone, version): Row| {
        Ok(Member {
            participant: participant.to(),
            display_name: read(name)?,
            time_zone: read(zone)?,
            version: version.unwrap_or(0),
        })
    };
    rows.into_iter().map(member).collect()
}

/// The days from `since` on of these participants, and the last day with an entry, however long ago.
pub fn recent_days(
    tx: &mut Tx,
    members: &[&Member],
    since: Day,
) -> Result<HashMap<ParticipantId, RecentDays>, Error> {
    type Row = (Id, On, i32, i32, i16, At);
    let mut found: HashMap<ParticipantId, RecentDays> =
        members.iter().map(|member| (member.participant, RecentDays::default())).collect();
    let ids: Vec<Id> = found.keys().map(|&participant| Id::of(participant)).collect();
    let rows: Vec<Row> = daily_summaries::table
        .filter(daily_summaries::participant_id.eq_any(&ids))
        .filter(daily_summaries::day.ge(On(since)))
        .select((
            daily_summaries::participant_id,
            daily_summaries::day,
            daily_summaries::count,
            daily_summaries::intensity_sum,
            daily_summaries::peak,
            daily_summaries::last_at,
        ))
        .load(tx)?;
    for (participant, day, count, intensity_sum, peak, last_at) in rows {
        let peak = peak.try_into().map_err(broken)?;
        let glance = DayGlance { day: day.0, count, intensity_sum, peak, last_at: last_at.0 };
        found.entry(participant.to()).or_default().days.push(glance);
    }
    let quiet: Vec<Id> =
        found.iter().filter(|(_, recent)| recent.days.is_empty()).map(|(&id, _)| Id::of(id)).collect();
    if quiet.is_empty() {
        return Ok(found);
    }
    let last = (daily_summaries::participant_id, max(daily_summaries::day), max(daily_summaries::last_at));
    let rows: Vec<(Id, Option<On>, Option<At>)> = each!(tx, conn => daily_summaries::table
        .filter(daily_summaries::participant_id.eq_any(&quiet))
        .group_by(daily_summaries::participant_id)
        .select(last)
        .load(conn))?;
    for (participant, day, at) in rows {
        let before = day.zip(at).map(|(day, at)| (day.0, at.0));
        found.entry(participant.to()).or_default().before = before;
    }
    Ok(found)
}

/// Those of these participants whom somebody sees in the caseload for the first time in this hour.
pub fn first_views(
    tx: &mut Tx,
    permit: &Permit,
    seen: &[ParticipantId],
    hour: Moment,
) -> Result<Vec<ParticipantId>, Error> {
    let known: Vec<Id> = caseload_views::table
        .filter(caseload_views::counselor_id.eq(Id::of(permit.actor().account)))
        .filter(caseload_views::hour.eq(At(hour)))
        .select(caseload_views::participant_id)
        .load(tx)?;
    let known: std::collections::HashSet<ParticipantId> = known.into_iter().map(Id::to).collect();
    Ok(seen.iter().copied().filter(|participant| !known.contains(participant)).collect())
}

/// Notes that somebody saw a participant in the caseload in this hour.
pub fn put_view(tx: &mut Tx, permit: &Permit, participant: ParticipantId, hour: Moment) -> Result<(), Error> {
    let row = (
        caseload_views::counselor_id.eq(Id::of(permit.actor().account)),
        caseload_views::participant_id.eq(Id::of(participant)),
        caseload_views::hour.eq(At(hour)),
    );
    let key = (caseload_views::counselor_id, caseload_views::participant_id);
    each!(tx, conn => diesel::insert_into(caseload_views::table).values(row).on_conflict(key).do_update()
        .set(caseload_views::hour.eq(At(hour))).execute(conn))?;
    Ok(())
}
