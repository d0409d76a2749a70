//! Noting what was done, what was shown and what was refused.

use evenkeel_domain::access::{self, Actor, Grant, Relation};
use evenkeel_domain::journal::{Act, Entry, EntryOutcome, Room};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, journal as store};
use jiff::SignedDuration;
use uuid::Uuid;

use crate::app::App;
use crate::problem::{Denied, Problem};

/// Notes what an actor did to or saw of a participant's record.
pub fn note(
    tx: &mut Tx,
    grant: &Grant,
    act: Act,
    room: Room,
    entity: Option<Uuid>,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    append(tx, grant.participant().into(), Some(grant.actor()), act, room, entity, request, now)
}

/// Notes what an actor did that is about no participant's record, in the actor's own stream.
pub fn note_own(
    tx: &mut Tx,
    actor: &Actor,
    act: Act,
    room: Room,
    entity: Option<Uuid>,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    append(tx, actor.account.into(), Some(actor), act, room, entity, request, now)
}

/// Notes what an actor saw of a participant beside others, as in a caseload.
pub fn note_seen(
    tx: &mut Tx,
    actor: &Actor,
    participant: Uuid,
    room: Room,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    append(tx, participant, Some(actor), Act::Read, room, None, request, now)
}

/// Notes what happened without anybody signed in: a mail that went out, a reminder turned off by its link.
pub fn note_house(
    tx: &mut Tx,
    stream: Uuid,
    act: Act,
    room: Room,
    entity: Option<Uuid>,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    append(tx, stream, None, act, room, entity, request, now)
}

/// Notes that somebody not signed in was refused something about an account or an invitation.
pub fn note_refused(
    tx: &mut Tx,
    stream: Uuid,
    act: Act,
    entity: Option<Uuid>,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    let entry =
        Entry { outcome: EntryOutcome::Refused, ..entry(None, act, Room::Account, entity, request, now) };
    store::append(tx, stream, &entry)?;
    Ok(())
}

/// Whether this refusal of somebody not signed in stands in a stream since an hour.
pub fn is_refusal_told(tx: &mut Tx, stream: Uuid, act: Act, now: Moment) -> Result<bool, Problem> {
    Ok(store::is_told_of_refusal(tx, stream, None, Room::Account, Some(act), now.plus(-REFUSALS))?)
}

/// How long a refusal stands for those like it, so that nobody fills a journal by being refused.
const REFUSALS: SignedDuration = SignedDuration::from_hours(1);

/// Notes that somebody of the organisation was kept from a participant's record, once an hour for each room.
pub fn note_denied(tx: &mut Tx, denied: &Denied, now: Moment) -> Result<(), Problem> {
    let (act, room) = match denied.act {
        access::Act::RecordCraving => (Act::Record, Room::Craving),
        access::Act::ReadCravings => (Act::Read, Room::Craving),
        access::Act::ReadTrend => (Act::Read, Room::Trend),
        access::Act::ReadReminders => (Act::Read, Room::Reminder),
        access::Act::ChangeReminders => (Act::Change, Room::Reminder),
        access::Act::ReadJournal => (Act::Read, Room::Journal),
        access::Act::RecordPractice => (Act::Record, Room::Coping),
        access::Act::AssignSkill => (Act::Assign, Room::Coping),
        access::Act::ReadPractice => (Act::Read, Room::Coping),
        access::Act::ChooseSkills | access::Act::NoteCautions => (Act::Change, Room::Coping),
        access::Act::AnswerCheckIn => (Act::Record, Room::CheckIn),
        access::Act::ReadCheckIns => (Act::Read, Room::CheckIn),
        access::Act::ReportLapse => (Act::Record, Room::Recovery),
        access::Act::ReadRecovery => (Act::Read, Room::Recovery),
        access::Act::AcknowledgeLapse => (Act::Acknowledge, Room::Recovery),
        access::Act::ReadPlan => (Act::Read, Room::Plan),
        access::Act::ChangePlan => (Act::Change, Room::Plan),
        access::Act::SignPlan => (Act::Sign, Room::Plan),
        access::Act::ReadCare => (Act::Read, Room::Program),
        access::Act::ChangeCare => (Act::Record, Room::Program),
        access::Act::ChangeTimeZone => (Act::Change, Room::Account),
    };
    let stream = denied.participant.into();
    if store::is_told_of_refusal(tx, stream, Some(denied.actor.account), room, None, now.plus(-REFUSALS))? {
        return Ok(());
    }
    let entry = Entry {
        outcome: EntryOutcome::Refused,
        ..entry(Some(&denied.actor), act, room, None, denied.request_id, now)
    };
    store::append(tx, stream, &entry)?;
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "an entry has as many parts")]
fn append(
    tx: &mut Tx,
    stream: Uuid,
    actor: Option<&Actor>,
    act: Act,
    room: Room,
    entity: Option<Uuid>,
    request_id: Uuid,
    at: Moment,
) -> Result<(), Problem> {
    store::append(tx, stream, &entry(actor, act, room, entity, request_id, at))?;
    Ok(())
}

fn entry(
    actor: Option<&Actor>,
    act: Act,
    room: Room,
    entity: Option<Uuid>,
    request_id: Uuid,
    at: Moment,
) -> Entry {
    Entry {
        // Counted by the stream when it is appended.
        seq: 0,
        at,
        actor: actor.map(|actor| actor.account),
        actor_role: actor.map(|actor| actor.role),
        device: actor.map(|actor| actor.device),
        act,
        room,
        entity,
        outcome: EntryOutcome::Done,
        request_id,
    }
}

/// Notes that an answer shows somebody's record, in the transaction that it is the answer of. What participants
/// read of their own is theirs alone.
pub fn note_shown(
    tx: &mut Tx,
    grant: &Grant,
    room: Room,
    entity: Option<Uuid>,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    match grant.relation() {
        Relation::Own => Ok(()),
        Relation::Caseload | Relation::Organisation | Relation::Foreign => {
            note(tx, grant, Act::Read, room, entity, request, now)
        }
    }
}

/// Journals that a record was read, and returns once that is on disk: only then may the answer leave. What
/// participants read of their own is not worth a transaction.
pub async fn seen(
    app: &App,
    grant: Grant,
    room: Room,
    entity: Option<Uuid>,
    request: Uuid,
) -> Result<(), Problem> {
    if grant.relation() == Relation::Own {
        return Ok(());
    }
    let now = app.now();
    let record = grant.participant().into();
    app.write_to(record, move |tx| note_shown(tx, &grant, room, entity, request, now)).await
}
