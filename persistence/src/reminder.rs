//! Reminder preferences and the outbox of letters.

use diesel::prelude::*;
use evenkeel_domain::access::{Grant, Permit};
use evenkeel_domain::account::{ParticipantId, Role};
use evenkeel_domain::reminder::{
    Letter, LetterId, LetterState, Preferences, QuietHours, Suppression, Weekday,
};
use evenkeel_domain::value::{Moment, TimeOfDay};

use crate::account::{broken, read};
use crate::column::{At, Id, On};
use crate::schema::{caseloads, letters, participants, reminder_preferences as wishes};
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

/// Whose next reminder is due, with when; the longest due first.
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
            letters::id,
            letters::participant_id,
            letters::kind,
            letters::local_date,
            letters::slot,
            letters::due_at,
            letters::state,
            letters::reason,
            (
                letters::attempts,
                letters::next_attempt_at,
                letters::lease_until,
                letters::fence,
                letters::planned_at,
                letters::sent_at,
            ),
        )
    };
}

fn letter(
    (id, participant, kind, local_date, slot, due_at, state, reason, course): Row,
) -> Result<Letter, Error> {
    let (attempts, next_attempt_at, lease_until, fence, planned_at, sent_at) = course;
    Ok(Letter {
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

/// Puts a letter into the outbox; false if this person's reminder of that date and slot is there already.
pub fn add(tx: &mut Tx, letter: &Letter, unsubscribe_hash: &[u8; 32]) -> Result<bool, Error> {
    let row = (
        letters::id.eq(Id::of(letter.id)),
        letters::participant_id.eq(Id::of(letter.participant)),
        letters::kind.eq(letter.kind.as_str()),
        letters::local_date.eq(On(letter.local_date)),
        letters::slot.eq(letter.slot),
        letters::due_at.eq(At(letter.due_at)),
        letters::state.eq(letter.state.as_str()),
        letters::reason.eq(letter.reason.map(Suppression::as_str)),
        letters::attempts.eq(letter.attempts),
        letters::next_attempt_at.eq(At(letter.next_attempt_at)),
        letters::lease_until.eq(letter.lease_until.map(At)),
        letters::fence.eq(letter.fence),
        letters::planned_at.eq(At(letter.planned_at)),
        letters::sent_at.eq(letter.sent_at.map(At)),
        letters::unsubscribe_hash.eq(unsubscribe_hash.to_vec()),
    );
    let added = each!(tx, conn => diesel::insert_into(letters::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

/// Letters that wait to be sent, the longest due first.
pub fn waiting(tx: &mut Tx, now: Moment, limit: i64) -> Result<Vec<Letter>, Error> {
    let rows: Vec<Row> = letters::table
        .filter(letters::state.eq(LetterState::Planned.as_str()))
        .filter(letters::next_attempt_at.le(At(now)))
        .filter(letters::lease_until.is_null().or(letters::lease_until.le(At(now))))
        .order(letters::next_attempt_at)
        .limit(limit)
        .select(letter_columns!())
        .load(tx)?;
    rows.into_iter().map(letter).collect()
}

/// Letters sent since a moment that nobody has answered yet.
pub fn unanswered(tx: &mut Tx, since: Moment, limit: i64) -> Result<Vec<Letter>, Error> {
    let rows: Vec<Row> = letters::table
        .filter(letters::state.eq(LetterState::Sent.as_str()))
        .filter(letters::sent_at.ge(At(since)))
        .order(letters::sent_at)
        .limit(limit)
        .select(letter_columns!())
        .load(tx)?;
    rows.into_iter().map(letter).collect()
}

/// Stores what a rule made of a letter, unless somebody else has leased it since: only the holder of the
/// fence it was taken with may write.
pub fn put(tx: &mut Tx, letter: &Letter, held: i64) -> Result<bool, Error> {
    let mine = letters::table.filter(letters::id.eq(Id::of(letter.id))).filter(letters::fence.eq(held));
    let change = (
        letters::state.eq(letter.state.as_str()),
        letters::reason.eq(letter.reason.map(Suppression::as_str)),
        letters::attempts.eq(letter.attempts),
        letters::next_attempt_at.eq(At(letter.next_attempt_at)),
        letters::lease_until.eq(letter.lease_until.map(At)),
        letters::fence.eq(letter.fence),
        letters::sent_at.eq(letter.sent_at.map(At)),
    );
    Ok(diesel::update(mine).set(change).execute(tx)? == 1)
}

/// A participant's letters, the latest due first, after the one a page before ended with.
pub fn history(
    tx: &mut Tx,
    grant: &Grant,
    after: Option<(Moment, LetterId)>,
    limit: i64,
) -> Result<Vec<Letter>, Error> {
    let mut query = letters::table
        .filter(letters::participant_id.eq(Id::of(grant.participant())))
        .order((letters::due_at.desc(), letters::id.desc()))
        .limit(limit)
        .select(letter_columns!())
        .into_boxed();
    if let Some((at, id)) = after {
        let same = letters::due_at.eq(At(at)).and(letters::id.lt(Id::of(id)));
        query = query.filter(letters::due_at.lt(At(at)).or(same));
    }
    query.load::<Row>(tx)?.into_iter().map(letter).collect()
}

/// Letters of a caseload that came back or were given up since a moment.
pub fn undelivered(tx: &mut Tx, permit: &Permit, since: Moment) -> Result<Vec<Letter>, Error> {
    let actor = permit.actor();
    let failed = [LetterState::Bounced.as_str(), LetterState::Dead.as_str()];
    let mut query = letters::table
        .inner_join(participants::table.on(participants::id.eq(letters::participant_id)))
        .filter(participants::organisation_id.eq(Id::of(actor.organisation)))
        .filter(letters::state.eq_any(failed))
        .filter(letters::due_at.ge(At(since)))
        .order((letters::due_at.desc(), letters::id.desc()))
        .limit(200)
        .select(letter_columns!())
        .into_boxed();
    if actor.role != Role::Supervisor {
        let own = caseloads::table
            .filter(caseloads::counselor_id.eq(Id::of(actor.account)))
            .select(caseloads::participant_id);
        query = query.filter(letters::participant_id.eq_any(own));
    }
    query.load::<Row>(tx)?.into_iter().map(letter).collect()
}

/// Whose letter carried an unsubscribe token.
pub fn by_unsubscribe_hash(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<ParticipantId>, Error> {
    let row: Option<Id> = letters::table
        .filter(letters::unsubscribe_hash.eq(hash.to_vec()))
        .select(letters::participant_id)
        .get_result(tx)
        .optional()?;
    Ok(row.map(Id::to))
}
