//! Reminder preferences and the outbox of reminder messages.

use diesel::prelude::*;
use evenkeel_domain::access::{Grant, Permit};
use evenkeel_domain::account::{ParticipantId, Role};
use evenkeel_domain::reminder::{
    Preferences, QuietHours, ReminderMessage, ReminderMessageId, ReminderState, Suppression, Weekday,
};
use evenkeel_domain::value::{Moment, TimeOfDay};

use crate::column::{At, Id, On, broken, read};
use crate::schema::{caseloads, participants, reminder_messages, reminder_preferences as wishes};
use crate::{Error, Tx};

/// A row of wishes.
pub(crate) type Wish = (bool, i16, i16, Option<i16>, Option<i16>, String);

macro_rules! wish_columns {
    () => {{
        use $crate::schema::reminder_preferences::*;
        (enabled, at_minute, weekdays, quiet_from, quiet_until, content)
    }};
}
pub(crate) use wish_columns;

// One bit for each day of the week, Monday the lowest.
fn bits(preferences: &Preferences) -> i16 {
    Weekday::ALL
        .iter()
        .enumerate()
        .filter(|(_, day)| preferences.weekdays.iter().any(|chosen| chosen == *day))
        .fold(0, |bits, (number, _)| bits | 1 << number)
}

pub(crate) fn preferences((enabled, at, weekdays, from, until, content): Wish) -> Result<Preferences, Error> {
    let chosen = Weekday::ALL.iter().enumerate().filter(|(number, _)| weekdays & 1 << number != 0);
    let time = |minutes: i16| TimeOfDay::try_from(minutes).map_err(broken);
    Ok(Preferences {
        enabled,
        at: time(at)?,
        weekdays: chosen.map(|(_, day)| *day).collect::<Vec<_>>().try_into().map_err(broken)?,
        quiet_hours: match (from, until) {
            (Some(from), Some(until)) => Some(QuietHours { from: time(from)?, until: time(until)? }),
            _ => None,
        },
        content: read(content)?,
    })
}

/// What a participant wishes, if they ever said.
pub fn wish(tx: &mut Tx, participant: ParticipantId) -> Result<Option<Preferences>, Error> {
    let query = wishes::table.find(Id::of(participant)).select(wish_columns!());
    let row: Option<Wish> = each!(tx, conn => query.get_result(conn)).optional()?;
    row.map(preferences).transpose()
}

/// Keeps what a participant wishes, and when the next reminder is due.
pub fn put_wish(
    tx: &mut Tx,
    participant: ParticipantId,
    wish: &Preferences,
    next_due_at: Option<Moment>,
    now: Moment,
) -> Result<(), Error> {
    let values = (
        wishes::enabled.eq(wish.enabled),
        wishes::at_minute.eq(i16::from(wish.at)),
        wishes::weekdays.eq(bits(wish)),
        wishes::quiet_from.eq(wish.quiet_hours.map(|quiet| i16::from(quiet.from))),
        wishes::quiet_until.eq(wish.quiet_hours.map(|quiet| i16::from(quiet.until))),
        wishes::content.eq(wish.content.as_str()),
        wishes::next_due_at.eq(next_due_at.map(At)),
        wishes::changed_at.eq(At(now)),
    );
    if diesel::update(wishes::table.find(Id::of(participant))).set(values).execute(tx)? == 0 {
        let row = (wishes::participant_id.eq(Id::of(participant)), values);
        diesel::insert_into(wishes::table).values(row).execute(tx)?;
    }
    Ok(())
}

/// ParticipantRef next reminder is due, with when; the longest due first.
pub fn due(tx: &mut Tx, now: Moment, limit: i64) -> Result<Vec<(ParticipantId, Preferences, Moment)>, Error> {
    let rows: Vec<(Id, Option<At>, Wish)> = wishes::table
        .filter(wishes::next_due_at.le(At(now)))
        .order(wishes::next_due_at)
        .limit(limit)
        .select((wishes::participant_id, wishes::next_due_at, wish_columns!()))
        .load(tx)?;
    rows.into_iter()
        .filter_map(|(participant, due_at, wish)| {
            let due_at = due_at?.0;
            Some(preferences(wish).map(|wish| (participant.to(), wish, due_at)))
        })
        .collect()
}

type Row = (Id, Id, String, On, i16, At, String, Option<String>, (i16, At, Option<At>, i64, At, Option<At>));

macro_rules! letter_columns {
    () => {
        (
            reminder_messages::id,
            reminder_messages::participant_id,
            reminder_messages::kind,
            reminder_messages::local_date,
            reminder_messages::slot,
            reminder_messages::due_at,
            reminder_messages::state,
            reminder_messages::reason,
            (
                reminder_messages::attempts,
                reminder_messages::next_attempt_at,
                reminder_messages::lease_until,
                reminder_messages::fence,
                reminder_messages::planned_at,
                reminder_messages::sent_at,
            ),
        )
    };
}

fn message(
    (id, participant, kind, local_date, slot, due_at, state, reason, course): Row,
) -> Result<ReminderMessage, Error> {
    let (attempts, next_attempt_at, lease_until, fence, planned_at, sent_at) = course;
    Ok(ReminderMessage {
        id: id.to(),
        participant: participant.to(),
        kind: read(kind)?,
        local_date: local_date.0,
        slot,
        due_at: due_at.0,
        state: read(state)?,
        reason: reason.map(read).transpose()?,
        attempts,
        next_attempt_at: next_attempt_at.0,
        lease_until: lease_until.map(|at| at.0),
        fence,
        planned_at: planned_at.0,
        sent_at: sent_at.map(|at| at.0),
    })
}

/// Puts a message into the outbox; false if this person's reminder of that date and slot is there already.
pub fn add(tx: &mut Tx, message: &ReminderMessage, unsubscribe_hash: &[u8; 32]) -> Result<bool, Error> {
    let row = (
        reminder_messages::id.eq(Id::of(message.id)),
        reminder_messages::participant_id.eq(Id::of(message.participant)),
        reminder_messages::kind.eq(message.kind.as_str()),
        reminder_messages::local_date.eq(On(message.local_date)),
        reminder_messages::slot.eq(message.slot),
        reminder_messages::due_at.eq(At(message.due_at)),
        reminder_messages::state.eq(message.state.as_str()),
        reminder_messages::reason.eq(message.reason.map(Suppression::as_str)),
        reminder_messages::attempts.eq(message.attempts),
        reminder_messages::next_attempt_at.eq(At(message.next_attempt_at)),
        reminder_messages::lease_until.eq(message.lease_until.map(At)),
        reminder_messages::fence.eq(message.fence),
        reminder_messages::planned_at.eq(At(message.planned_at)),
        reminder_messages::sent_at.eq(message.sent_at.map(At)),
        reminder_messages::unsubscribe_hash.eq(unsubscribe_hash.to_vec()),
    );
    let added = each!(tx, conn => diesel::insert_into(reminder_messages::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

/// Letters that wait to be sent, the longest due first.
pub fn waiting(tx: &mut Tx, now: Moment, limit: i64) -> Result<Vec<ReminderMessage>, Error> {
    let rows: Vec<Row> = reminder_messages::table
        .filter(reminder_messages::state.eq(ReminderState::Planned.as_str()))
        .filter(reminder_messages::next_attempt_at.le(At(now)))
        .filter(reminder_messages::lease_until.is_null().or(reminder_messages::lease_until.le(At(now))))
        .order(reminder_messages::next_attempt_at)
        .limit(limit)
        .select(letter_columns!())
        .load(tx)?;
    rows.into_iter().map(message).collect()
}

/// Letters sent since a moment that nobody has answered yet.
pub fn unanswered(tx: &mut Tx, since: Moment, limit: i64) -> Result<Vec<ReminderMessage>, Error> {
    let rows: Vec<Row> = reminder_messages::table
        .filter(reminder_messages::state.eq(ReminderState::Sent.as_str()))
        .filter(reminder_messages::sent_at.ge(At(since)))
        .order(reminder_messages::sent_at)
        .limit(limit)
        .select(letter_columns!())
        .load(tx)?;
    rows.into_iter().map(message).collect()
}

/// Stores what a rule made of a message, unless somebody else has leased it since: only the holder of the
/// fence it was taken with may write.
pub fn put(tx: &mut Tx, message: &ReminderMessage, held: i64) -> Result<bool, Error> {
    let mine = reminder_messages::table
        .filter(reminder_messages::id.eq(Id::of(message.id)))
        .filter(reminder_messages::fence.eq(held));
    let change = (
        reminder_messages::state.eq(message.state.as_str()),
        reminder_messages::reason.eq(message.reason.map(Suppression::as_str)),
        reminder_messages::attempts.eq(message.attempts),
        reminder_messages::next_attempt_at.eq(At(message.next_attempt_at)),
        reminder_messages::lease_until.eq(message.lease_until.map(At)),
        reminder_messages::fence.eq(message.fence),
        reminder_messages::sent_at.eq(message.sent_at.map(At)),
    );
    Ok(diesel::update(mine).set(change).execute(tx)? == 1)
}

/// A participant's reminder messages, the latest due first, after the one a page before ended with.
pub fn history(
    tx: &mut Tx,
    grant: &Grant,
    after: Option<(Moment, ReminderMessageId)>,
    limit: i64,
) -> Result<Vec<ReminderMessage>, Error> {
    let mut query = reminder_messages::table
        .filter(reminder_messages::participant_id.eq(Id::of(grant.participant())))
        .order((reminder_messages::due_at.desc(), reminder_messages::id.desc()))
        .limit(limit)
        .select(letter_columns!())
        .into_boxed();
    if let Some((at, id)) = after {
        let same = reminder_messages::due_at.eq(At(at)).and(reminder_messages::id.lt(Id::of(id)));
        query = query.filter(reminder_messages::due_at.lt(At(at)).or(same));
    }
    query.load::<Row>(tx)?.into_iter().map(message).collect()
}

/// Letters of a caseload that came back or were given up since a moment.
pub fn undelivered(tx: &mut Tx, permit: &Permit, since: Moment) -> Result<Vec<ReminderMessage>, Error> {
    let actor = permit.actor();
    let failed = [ReminderState::Bounced.as_str(), ReminderState::Dead.as_str()];
    let mut query = reminder_messages::table
        .inner_join(participants::table.on(participants::id.eq(reminder_messages::participant_id)))
        .filter(participants::organization_id.eq(Id::of(actor.organization)))
        .filter(reminder_messages::state.eq_any(failed))
        .filter(reminder_messages::due_at.ge(At(since)))
        .order((reminder_messages::due_at.desc(), reminder_messages::id.desc()))
        .limit(200)
        .select(letter_columns!())
        .into_boxed();
    if actor.role != Role::Supervisor {
        let own = caseloads::table
            .filter(caseloads::counselor_id.eq(Id::of(actor.account)))
            .select(caseloads::participant_id);
        query = query.filter(reminder_messages::participant_id.eq_any(own));
    }
    query.load::<Row>(tx)?.into_iter().map(message).collect()
}

/// ParticipantRef message carried an unsubscribe token.
pub fn by_unsubscribe_hash(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<ParticipantId>, Error> {
    let row: Option<Id> = reminder_messages::table
        .filter(reminder_messages::unsubscribe_hash.eq(hash.to_vec()))
        .select(reminder_messages::participant_id)
        .get_result(tx)
        .optional()?;
    Ok(row.map(Id::to))
}
