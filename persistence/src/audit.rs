//! The audit log: its events, and the seals over them.

use std::collections::BTreeMap;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::account::{AccountId, DeviceId, DisplayName, Role};
use evenkeel_domain::audit::{AuditEvent, AuditOutcome, Block, StoredEvent};
use evenkeel_domain::value::Moment;
use uuid::Uuid;

use crate::column::{Instant, Key, Stored, Word};
use crate::schema::{accounts, audit_events, audit_seals, audit_streams};
use crate::{Error, Tx};

prepared! {
    /// Counts an event of a stream that already has some, and returns its number.
    Count { stream: Uuid => Key, } -> BigInt:
    "UPDATE audit_streams SET last_seq = last_seq + 1 WHERE stream = " [stream] " RETURNING last_seq"
}

prepared! {
    /// Counts and appends an event in one statement. Only PostgreSQL can do this, and there each statement costs a
    /// round trip.
    CountAndAppend {
        stream: Uuid => Key,
        at: Moment => Instant,
        actor: Option<AccountId> => Nullable<Key>,
        actor_role: Option<Role> => Nullable<Word>,
        device: Option<DeviceId> => Nullable<Key>,
        action: Action => Word,
        entity: Option<Uuid> => Nullable<Key>,
        outcome: AuditOutcome => Word,
        request_id: Uuid => Key,
    } -> BigInt:
    "WITH head AS (INSERT INTO audit_streams AS h (stream, last_seq) VALUES (" [stream] ", 1) \
     ON CONFLICT (stream) DO UPDATE SET last_seq = h.last_seq + 1 RETURNING stream, last_seq) \
     INSERT INTO audit_events (stream, seq, at, actor, actor_role, device, action, entity, outcome, request_id) \
     SELECT stream, last_seq, " [at] ", " [actor] ", " [actor_role] ", " [device] ", " [action] ", "
    [entity] ", " [outcome] ", " [request_id] " FROM head RETURNING seq"
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_events, treat_none_as_default_value = false)]
struct EventRow {
    stream: Stored<Uuid>,
    seq: i64,
    at: Stored<Moment>,
    actor: Stored<Option<AccountId>>,
    actor_role: Stored<Option<Role>>,
    device: Stored<Option<DeviceId>>,
    action: Stored<Action>,
    entity: Stored<Option<Uuid>>,
    outcome: Stored<AuditOutcome>,
    request_id: Stored<Uuid>,
}

/// Appends an event to a stream and returns its number. The numbers have no gaps. The event's own `seq` is ignored.
pub fn append(tx: &mut Tx, stream: Uuid, event: &AuditEvent) -> Result<i64, Error> {
    let AuditEvent { at, actor, actor_role, device, action, entity, outcome, request_id, .. } = *event;
    if let Tx::Postgres(_) = tx {
        let both =
            CountAndAppend { stream, at, actor, actor_role, device, action, entity, outcome, request_id };
        return Ok(both.get_result(tx)?);
    }
    let seq: Option<i64> = Count { stream }.get_result(tx).optional()?;
    let seq = if let Some(seq) = seq {
        seq
    } else {
        let first = (audit_streams::stream.eq(Stored(stream)), audit_streams::last_seq.eq(1i64));
        diesel::insert_into(audit_streams::table).values(first).execute(tx)?;
        1
    };
    let row = EventRow {
        stream: Stored(stream),
        seq,
        at: Stored(at),
        actor: Stored(actor),
        actor_role: Stored(actor_role),
        device: Stored(device),
        action: Stored(action),
        entity: Stored(entity),
        outcome: Stored(outcome),
        request_id: Stored(request_id),
    };
    diesel::insert_into(audit_events::table).values(row).execute(tx)?;
    Ok(seq)
}

impl From<EventRow> for AuditEvent {
    fn from(row: EventRow) -> Self {
        Self {
            seq: row.seq,
            at: row.at.0,
            actor: row.actor.0,
            actor_role: row.actor_role.0,
            device: row.device.0,
            action: row.action.0,
            module: row.action.0.policy().module,
            entity: row.entity.0,
            outcome: row.outcome.0,
            request_id: row.request_id.0,
        }
    }
}

/// A page of a participant's stream, the latest first: the events before number `before`, with the names of the actors.
pub fn list(
    tx: &mut Tx,
    grant: &Grant,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<(AuditEvent, Option<DisplayName>)>, Error> {
    let rows: Vec<(EventRow, Option<DisplayName>)> = audit_events::table
        .left_join(accounts::table.on(audit_events::actor.eq(accounts::id.nullable())))
        .filter(audit_events::stream.eq(Stored(grant.participant())))
        .filter(audit_events::seq.lt(before.unwrap_or(i64::MAX)))
        .order(audit_events::seq.desc())
        .limit(limit)
        .select((EventRow::as_select(), accounts::display_name.nullable()))
        .load(tx)?;
    Ok(rows.into_iter().map(|(row, name)| (row.into(), name)).collect())
}

/// The number of events in one read of the search for a refusal.
const PAGE: i64 = 100;

/// Whether a stream has a refusal of this actor since a moment, for an action that `is_alike` accepts. Reads back from
/// the end of the stream to that moment only.
pub fn was_refused_since(
    tx: &mut Tx,
    stream: Uuid,
    actor: Option<AccountId>,
    since: Moment,
    is_alike: impl Fn(Action) -> bool,
) -> Result<bool, Error> {
    let mut before = i64::MAX;
    loop {
        let rows = audit_events::table
            .filter(audit_events::stream.eq(Stored(stream)))
            .filter(audit_events::seq.lt(before))
            .order(audit_events::seq.desc())
            .limit(PAGE)
            .select(EventRow::as_select())
            .load(tx)?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|rows| rows < PAGE);
        for event in rows {
            if event.at.0 < since {
                return Ok(false);
            }
            let is_refusal = event.outcome.0 == AuditOutcome::Refused;
            if is_refusal && event.actor.0 == actor && is_alike(event.action.0) {
                return Ok(true);
            }
            before = event.seq;
        }
        if is_last {
            return Ok(false);
        }
    }
}

/// The events of all streams after the id `id`, in the order of their ids.
pub fn after(tx: &mut Tx, id: i64, up_to: i64, limit: i64) -> Result<Vec<StoredEvent>, Error> {
    let rows: Vec<(i64, EventRow)> = audit_events::table
        .filter(audit_events::id.gt(id))
        .filter(audit_events::id.le(up_to))
        .order(audit_events::id)
        .limit(limit)
        .select((audit_events::id, EventRow::as_select()))
        .load(tx)?;
    Ok(rows
        .into_iter()
        .map(|(id, row)| StoredEvent { id, stream: row.stream.0, event: row.into() })
        .collect())
}

/// The id up to which no new event can appear. On PostgreSQL an event has its id before its transaction commits, so
/// this waits for the running transactions.
pub fn settled(tx: &mut Tx) -> Result<i64, Error> {
    if let Tx::Postgres(conn) = tx {
        conn.batch_execute("LOCK TABLE audit_events IN SHARE MODE")?;
    }
    Ok(audit_events::table.select(diesel::dsl::max(audit_events::id)).first::<Option<i64>>(tx)?.unwrap_or(0))
}

row! {
    #[diesel(table_name = audit_seals)]
    Seal of Block {
        number: i64,
        first_id: i64,
        last_id: i64,
        #[diesel(column_name = entries)]
        events: i64,
        previous: [u8; 32],
        hash: [u8; 32],
        sealed_at: Moment,
    }
}

/// The last sealed block.
pub fn last_block(tx: &mut Tx) -> Result<Option<Block>, Error> {
    let last = audit_seals::table.order(audit_seals::number.desc()).select(Seal::as_select());
    Ok(last.first(tx).optional()?.map(Block::from))
}

/// The blocks after a number, in order.
pub fn blocks(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<Block>, Error> {
    let seals = audit_seals::table
        .filter(audit_seals::number.gt(after))
        .order(audit_seals::number)
        .limit(limit)
        .select(Seal::as_select())
        .load(tx)?;
    Ok(seals.into_iter().map(Block::from).collect())
}

/// Adds a block.
pub fn add_block(tx: &mut Tx, block: &Block) -> Result<(), Error> {
    diesel::insert_into(audit_seals::table).values(Seal::from(block.clone())).execute(tx)?;
    Ok(())
}

/// The last number of every stream.
pub fn heads(tx: &mut Tx) -> Result<BTreeMap<Uuid, i64>, Error> {
    let rows: Vec<(Uuid, i64)> = audit_streams::table.load(tx)?;
    Ok(rows.into_iter().collect())
}
