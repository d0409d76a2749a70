//! Reminder preferences and the outbox of reminder messages.

use diesel::prelude::*;
use evenkeel_domain::access::{Grant, Permit};
use evenkeel_domain::account::{ParticipantId, Role};
use evenkeel_domain::reminder::{
    ContentLevel, Kind, Preferences, QuietHours, ReminderMessage, ReminderMessageId, ReminderState,
    Suppression, Weekday,
};
use evenkeel_domain::value::{Day, Moment, TimeOfDay};

use crate::column::{Stored, broken};
use crate::schema::{caseloads, participants, reminder_messages, reminder_preferences};
use crate::{Error, Tx};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = reminder_preferences, primary_key(participant_id), treat_none_as_default_value = false)]
pub(crate) struct PreferencesRow {
    participant_id: Stored<ParticipantId>,
    enabled: bool,
    at_minute: Stored<TimeOfDay>,
    weekdays: i16,
    quiet_from: Stored<Option<TimeOfDay>>,
    quiet_until: Stored<Option<TimeOfDay>>,
    content: Stored<ContentLevel>,
    next_due_at: Stored<Option<Moment>>,
    changed_at: Stored<Moment>,
}

// One bit for each day of the week, Monday the lowest.
fn bits(preferences: &Preferences) -> i16 {
    Weekday::ALL
        .iter()
        .enumerate()
        .filter(|(_, day)| preferences.weekdays.iter().any(|chosen| chosen == *day))
        .fold(0, |bits, (number, _)| bits | 1 << number)
}

impl TryFrom<PreferencesRow> for Preferences {
    type Error = Error;
    fn try_from(row: PreferencesRow) -> Result<Self, Error> {
        let chosen = Weekday::ALL.iter().enumerate().filter(|(number, _)| row.weekdays & 1 << number != 0);
        Ok(Self {
            enabled: row.enabled,
            at: row.at_minute.0,
            weekdays: chosen.map(|(_, day)| *day).collect::<Vec<_>>().try_into().map_err(broken)?,
            quiet_hours: row
                .quiet_from
                .0
                .zip(row.quiet_until.0)
                .map(|(from, until)| QuietHours { from, until }),
            content: row.content.0,
        })
    }
}

/// The preferences of a participant; none if they have not chosen any.
pub fn preferences(tx: &mut Tx, participant: ParticipantId) -> Result<Option<Preferences>, Error> {
    let query = reminder_preferences::table.find(Stored(participant));
    let row: Option<PreferencesRow> =
        each!(tx, conn => query.select(PreferencesRow::as_select()).get_result(conn)).optional()?;
    row.map(Preferences::try_from).transpose()
}

/// Stores a participant's preferences, and the time when the next reminder is due.
pub fn put_preferences(
    tx: &mut Tx,
    participant: ParticipantId,
    preferences: &Preferences,
    next_due_at: Option<Moment>,
    now: Moment,
) -> Result<(), Error> {
    let row = PreferencesRow {
        participant_id: Stored(participant),
        enabled: preferences.enabled,
        at_minute: Stored(preferences.at),
        weekdays: bits(preferences),
        quiet_from: Stored(preferences.quiet_hours.map(|quiet| quiet.from)),
        quiet_until: Stored(preferences.quiet_hours.map(|quiet| quiet.until)),
        content: Stored(preferences.content),
        next_due_at: Stored(next_due_at),
        changed_at: Stored(now),
    };
    if diesel::update(reminder_preferences::table.find(Stored(participant))).set(&row).execute(tx)? == 0 {
        diesel::insert_into(reminder_preferences::table).values(row).execute(tx)?;
    }
    Ok(())
}

/// The participants whose next reminder is due, with the time, the longest due first.
pub fn due(tx: &mut Tx, now: Moment, limit: i64) -> Result<Vec<(ParticipantId, Preferences, Moment)>, Error> {
    let rows: Vec<PreferencesRow> = reminder_preferences::table
        .filter(reminder_preferences::next_due_at.le(Some(now)))
        .order(reminder_preferences::next_due_at)
        .limit(limit)
        .select(PreferencesRow::as_select())
        .load(tx)?;
    rows.into_iter()
        .filter_map(|row| {
            let (participant, due_at) = (row.participant_id.0, row.next_due_at.0?);
            Some(row.try_into().map(|preferences| (participant, preferences, due_at)))
        })
        .collect()
}

row! {
    #[derive(AsChangeset)]
    #[diesel(table_name = reminder_messages)]
    Row of ReminderMessage {
        id: ReminderMessageId,
        #[diesel(column_name = participant_id)]
        participant: ParticipantId,
        kind: Kind,
        local_date: Day,
        slot: i16,
        due_at: Moment,
        state: ReminderState,
        reason: Option<Suppression>,
        attempts: i16,
        next_attempt_at: Moment,
        lease_until: Option<Moment>,
        fence: i64,
        planned_at: Moment,
        sent_at: Option<Moment>,
    }
}

fn messages(rows: Vec<Row>) -> Vec<ReminderMessage> {
    rows.into_iter().map(ReminderMessage::from).collect()
}

/// Puts a message into the outbox. False if the person's reminder for this date and slot is already there.
pub fn add(tx: &mut Tx, message: &ReminderMessage, unsubscribe_hash: &[u8; 32]) -> Result<bool, Error> {
    let row = (Row::from(message.clone()), reminder_messages::unsubscribe_hash.eq(Stored(*unsubscribe_hash)));
    let added = each!(tx, conn => diesel::insert_into(reminder_messages::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

/// The messages that wait to be sent, the longest due first.
pub fn waiting(tx: &mut Tx, now: Moment, limit: i64) -> Result<Vec<ReminderMessage>, Error> {
    let rows = reminder_messages::table
        .filter(reminder_messages::state.eq(Stored(ReminderState::Planned)))
        .filter(reminder_messages::next_attempt_at.le(Stored(now)))
        .filter(reminder_messages::lease_until.is_null().or(reminder_messages::lease_until.le(Some(now))))
        .order(reminder_messages::next_attempt_at)
        .limit(limit)
        .select(Row::as_select())
        .load(tx)?;
    Ok(messages(rows))
}

/// The messages sent since a moment whose check-in has not been answered.
pub fn unanswered(tx: &mut Tx, since: Moment, limit: i64) -> Result<Vec<ReminderMessage>, Error> {
    let rows = reminder_messages::table
        .filter(reminder_messages::state.eq(Stored(ReminderState::Sent)))
        .filter(reminder_messages::sent_at.ge(Some(since)))
        .order(reminder_messages::sent_at)
        .limit(limit)
        .select(Row::as_select())
        .load(tx)?;
    Ok(messages(rows))
}

/// Stores a changed message. False if another worker has leased it since: `held` must be its current fence.
pub fn put(tx: &mut Tx, message: &ReminderMessage, held: i64) -> Result<bool, Error> {
    let mine = reminder_messages::table
        .filter(reminder_messages::id.eq(Stored(message.id)))
        .filter(reminder_messages::fence.eq(held));
    Ok(diesel::update(mine).set(Row::from(message.clone())).execute(tx)? == 1)
}

/// A page of a participant's reminder messages, the latest due first, after the last one of the page before.
pub fn history(
    tx: &mut Tx,
    grant: &Grant,
    after: Option<(Moment, ReminderMessageId)>,
    limit: i64,
) -> Result<Vec<ReminderMessage>, Error> {
    let mut query = reminder_messages::table
        .filter(reminder_messages::participant_id.eq(Stored(grant.participant())))
        .order((reminder_messages::due_at.desc(), reminder_messages::id.desc()))
        .limit(limit)
        .select(Row::as_select())
        .into_boxed();
    if let Some((at, id)) = after {
        let same = reminder_messages::due_at.eq(Stored(at)).and(reminder_messages::id.lt(Stored(id)));
        query = query.filter(reminder_messages::due_at.lt(Stored(at)).or(same));
    }
    Ok(messages(query.load(tx)?))
}

/// The messages of a caseload since a moment that bounced or could not be sent.
pub fn undelivered(tx: &mut Tx, permit: &Permit, since: Moment) -> Result<Vec<ReminderMessage>, Error> {
    let actor = permit.actor();
    let mut query = reminder_messages::table
        .inner_join(participants::table.on(participants::id.eq(reminder_messages::participant_id)))
        .filter(participants::organization_id.eq(Stored(actor.organization)))
        .filter(reminder_messages::state.eq_any([ReminderState::Bounced, ReminderState::Dead].map(Stored)))
        .filter(reminder_messages::due_at.ge(Stored(since)))
        .order((reminder_messages::due_at.desc(), reminder_messages::id.desc()))
        .limit(200)
        .select(Row::as_select())
        .into_boxed();
    if actor.role != Role::Supervisor {
        let own = caseloads::table
            .filter(caseloads::counselor_id.eq(Stored(actor.account)))
            .select(caseloads::participant_id);
        query = query.filter(reminder_messages::participant_id.eq_any(own));
    }
    Ok(messages(query.load(tx)?))
}

/// The participant whose message had an unsubscribe token.
pub fn by_unsubscribe_hash(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<ParticipantId>, Error> {
    let query = reminder_messages::table
        .filter(reminder_messages::unsubscribe_hash.eq(Stored(*hash)))
        .select(reminder_messages::participant_id);
    Ok(query.get_result(tx).optional()?)
}
