//! Queries on the participants of a caseload.

use std::collections::{HashMap, HashSet};

use diesel::dsl::max;
use diesel::prelude::*;
use evenkeel_domain::access::Permit;
use evenkeel_domain::account::{DisplayName, ParticipantId, Role};
use evenkeel_domain::craving::Intensity;
use evenkeel_domain::trend::{DayGlance, RecentDays};
use evenkeel_domain::value::{Day, Moment, TimeZone};

use crate::column::Stored;
use crate::schema::{accounts, audit_streams, caseload_views, caseloads, daily_summaries, participants};
use crate::{Error, Tx};

/// The rows of a table with a `participant_id`, of all participants that a permit covers: of the organization for a
/// supervisor, of their own caseload for anybody else.
macro_rules! of_caseload {
    ($tx:expr, $permit:expr, $table:ident, $filter:expr, $columns:expr) => {{
        use $crate::column::Stored;
        use $crate::schema::{caseloads, participants};
        let actor = $permit.actor();
        if actor.role == ::evenkeel_domain::account::Role::Supervisor {
            participants::table
                .inner_join($table::table.on($table::participant_id.eq(participants::id)))
                .filter(participants::organization_id.eq(Stored(actor.organization)))
                .filter($filter)
                .select($columns)
                .load($tx)
        } else {
            caseloads::table
                .inner_join($table::table.on($table::participant_id.eq(caseloads::participant_id)))
                .filter(caseloads::counselor_id.eq(Stored(actor.account)))
                .filter($filter)
                .select($columns)
                .load($tx)
        }
    }};
}

/// A participant on a caseload.
pub struct Member {
    /// The participant.
    pub participant: ParticipantId,
    /// The name that staff see.
    pub display_name: DisplayName,
    /// Their time zone.
    pub time_zone: TimeZone,
    /// The number of the last event in their audit log. It goes up with every change of their record.
    pub version: i64,
}

/// The participants that a permit covers, in any order: of the organization for a supervisor, of their own caseload for
/// anybody else.
pub fn members(tx: &mut Tx, permit: &Permit) -> Result<Vec<Member>, Error> {
    type Row = (ParticipantId, DisplayName, TimeZone, Option<i64>);
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
        .filter(participants::organization_id.eq(Stored(actor.organization)))
        .filter(accounts::active.eq(true))
        .select(columns);
    let rows: Vec<Row> = if actor.role == Role::Supervisor {
        people.load(tx)?
    } else {
        people
            .inner_join(caseloads::table.on(caseloads::participant_id.eq(participants::id)))
            .filter(caseloads::counselor_id.eq(Stored(actor.account)))
            .load(tx)?
    };
    let member = |(participant, display_name, time_zone, version): Row| Member {
        participant,
        display_name,
        time_zone,
        version: version.unwrap_or(0),
    };
    Ok(rows.into_iter().map(member).collect())
}

row! {
    #[diesel(table_name = daily_summaries)]
    GlanceRow of DayGlance {
        day: Day,
        count: i32,
        intensity_sum: i32,
        peak: Intensity,
        last_at: Moment,
    }
}

/// The days of these participants from `since` on, and the last day with an entry, however long ago.
pub fn recent_days(
    tx: &mut Tx,
    members: &[&Member],
    since: Day,
) -> Result<HashMap<ParticipantId, RecentDays>, Error> {
    let mut found: HashMap<ParticipantId, RecentDays> =
        members.iter().map(|member| (member.participant, RecentDays::default())).collect();
    let ids: Vec<_> = found.keys().copied().map(Stored).collect();
    let rows: Vec<(ParticipantId, GlanceRow)> = daily_summaries::table
        .filter(daily_summaries::participant_id.eq_any(&ids))
        .filter(daily_summaries::day.ge(Stored(since)))
        .select((daily_summaries::participant_id, GlanceRow::as_select()))
        .load(tx)?;
    for (participant, glance) in rows {
        found.entry(participant).or_default().days.push(glance.into());
    }
    let quiet: Vec<_> =
        found.iter().filter(|(_, recent)| recent.days.is_empty()).map(|(&id, _)| Stored(id)).collect();
    if quiet.is_empty() {
        return Ok(found);
    }
    let last = (daily_summaries::participant_id, max(daily_summaries::day), max(daily_summaries::last_at));
    let rows: Vec<(ParticipantId, Option<Day>, Option<Moment>)> = each!(tx, conn => daily_summaries::table
        .filter(daily_summaries::participant_id.eq_any(&quiet))
        .group_by(daily_summaries::participant_id)
        .select(last)
        .load(conn))?;
    for (participant, day, at) in rows {
        found.entry(participant).or_default().before = day.zip(at);
    }
    Ok(found)
}

/// Those of these participants that the actor has not seen in the caseload in this hour.
pub fn first_views(
    tx: &mut Tx,
    permit: &Permit,
    seen: &[ParticipantId],
    hour: Moment,
) -> Result<Vec<ParticipantId>, Error> {
    let known: Vec<ParticipantId> = caseload_views::table
        .filter(caseload_views::counselor_id.eq(Stored(permit.actor().account)))
        .filter(caseload_views::hour.eq(Stored(hour)))
        .select(caseload_views::participant_id)
        .load(tx)?;
    let known: HashSet<ParticipantId> = known.into_iter().collect();
    Ok(seen.iter().copied().filter(|participant| !known.contains(participant)).collect())
}

/// Stores that the actor saw a participant in the caseload in this hour.
pub fn put_view(tx: &mut Tx, permit: &Permit, participant: ParticipantId, hour: Moment) -> Result<(), Error> {
    let row = (
        caseload_views::counselor_id.eq(Stored(permit.actor().account)),
        caseload_views::participant_id.eq(Stored(participant)),
        caseload_views::hour.eq(Stored(hour)),
    );
    let key = (caseload_views::counselor_id, caseload_views::participant_id);
    each!(tx, conn => diesel::insert_into(caseload_views::table).values(row).on_conflict(key).do_update()
        .set(caseload_views::hour.eq(Stored(hour))).execute(conn))?;
    Ok(())
}
