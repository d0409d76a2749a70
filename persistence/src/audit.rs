//! The audit_events: what was done to or seen of whose record, and the seals over it.

use std::collections::BTreeMap;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use evenkeel_domain::access::Action;
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::{AccountId, Role};
use evenkeel_domain::audit::{AuditEvent, AuditOutcome, Block, StoredEvent};
use evenkeel_domain::value::Moment;
use uuid::Uuid;

use crate::column::{At, Id, Instant, Key, read};
use crate::schema::{accounts, audit_events, audit_seals, audit_streams};
use crate::{Error, Tx};

prepared! {
    /// Counts an entry of a stream that has some; answers its number.
    Count { stream: Id => Key, } -> BigInt:
    "UPDATE audit_streams SET last_seq = last_seq + 1 WHERE stream = " [stream] " RETURNING last_seq"
}

prepared! {
    /// Counts and appends at once, which PostgreSQL alone can: there each statement is a way there and back.
    CountAndAppend {
        stream: Id => Key,
        at: At => Instant,
        actor: Option<Id> => Nullable<Key>,
        actor_role: Option<&'static str> => Nullable<Text>,
        device: Option<Id> => Nullable<Key>,
        action: &'static str => Text,
        entity: Option<Id> => Nullable<Key>,
        outcome: &'static str => Text,
        request_id: Id => Key,
    } -> BigInt:
    "WITH head AS (INSERT INTO audit_streams AS h (stream, last_seq) VALUES (" [stream] ", 1) \
     ON CONFLICT (stream) DO UPDATE SET last_seq = h.last_seq + 1 RETURNING stream, last_seq) \
     INSERT INTO audit_events (stream, seq, at, actor, actor_role, device, action, entity, outcome, request_id) \
     SELECT stream, last_seq, " [at] ", " [actor] ", " [actor_role] ", " [device] ", " [action] ", "
    [entity] ", " [outcome] ", " [request_id] " FROM head RETURNING seq"
}

/// Appends an entry to a stream and answers its number, counted without a gap. The entry's own `seq` is not
/// looked at.
pub fn append(tx: &mut Tx, stream: Uuid, entry: &AuditEvent) -> Result<i64, Error> {
    if let Tx::Postgres(_) = tx {
        let both = CountAndAppend {
            stream: Id(stream),
            at: At(entry.at),
            actor: entry.actor.map(Id::of),
            actor_role: entry.actor_role.map(Role::as_str),
            device: entry.device.map(Id::of),
            action: entry.action.as_str(),
            entity: entry.entity.map(Id),
            outcome: entry.outcome.as_str(),
            request_id: Id(entry.request_id),
        };
        return Ok(both.get_result(tx)?);
    }
    let seq: Option<i64> = Count { stream: Id(stream) }.get_result(tx).optional()?;
    let seq = if let Some(seq) = seq {
        seq
    } else {
        let first = (audit_streams::stream.eq(Id(stream)), audit_streams::last_seq.eq(1i64));
        diesel::insert_into(audit_streams::table).values(first).execute(tx)?;
        1
    };
    let row = (
        audit_events::stream.eq(Id(stream)),
        audit_events::seq.eq(seq),
        audit_events::at.eq(At(entry.at)),
        audit_events::actor.eq(entry.actor.map(Id::of)),
        audit_events::actor_role.eq(entry.actor_role.map(Role::as_str)),
        audit_events::device.eq(entry.device.map(Id::of)),
        audit_events::action.eq(entry.action.as_str()),
        audit_events::entity.eq(entry.entity.map(Id)),
        audit_events::outcome.eq(entry.outcome.as_str()),
        audit_events::request_id.eq(Id(entry.request_id)),
    );
    diesel::insert_into(audit_events::table).values(row).execute(tx)?;
    Ok(seq)
}

type Row = (i64, Id, i64, At, Option<Id>, Option<String>, Option<Id>, (String, Option<Id>, String, Id));

macro_rules! audit_event_columns {
    () => {
        (
            audit_events::id,
            audit_events::stream,
            audit_events::seq,
            audit_events::at,
            audit_events::actor,
            audit_events::actor_role,
            audit_events::device,
            (audit_events::action, audit_events::entity, audit_events::outcome, audit_events::request_id),
        )
    };
}

fn kept((id, stream, seq, at, actor, actor_role, device, what): Row) -> Result<StoredEvent, Error> {
    let (action, entity, outcome, request_id) = what;
    let action: Action = read(action)?;
    let entry = AuditEvent {
        seq,
        at: at.0,
        actor: actor.map(Id::to),
        actor_role: actor_role.map(read).transpose()?,
        device: device.map(Id::to),
        action,
        module: action.policy().module,
        entity: entity.map(|id| id.0),
        outcome: read(outcome)?,
        request_id: request_id.0,
    };
    Ok(StoredEvent { id, stream: stream.0, event: entry })
}

/// A page of a participant's stream, the latest first: entries before number `before`, with the names of
/// those who acted.
pub fn list(
    tx: &mut Tx,
    grant: &Grant,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<(AuditEvent, Option<String>)>, Error> {
    let rows: Vec<(Row, Option<String>)> = audit_events::table
        .left_join(accounts::table.on(audit_events::actor.eq(accounts::id.nullable())))
        .filter(audit_events::stream.eq(Id::of(grant.participant())))
        .filter(audit_events::seq.lt(before.unwrap_or(i64::MAX)))
        .order(audit_events::seq.desc())
        .limit(limit)
        .select((audit_event_columns!(), accounts::display_name.nullable()))
        .load(tx)?;
    rows.into_iter().map(|(row, name)| Ok((kept(row)?.event, name))).collect()
}

/// How many entries are looked through at a time for one that says the same.
const PAGE: i64 = 100;

/// Whether a refusal of this actor that `is_alike` accepts is in a stream since an instant. Looks back from the end
/// no further than that instant, however long the stream is.
pub fn was_refused_since(
    tx: &mut Tx,
    stream: Uuid,
    actor: Option<AccountId>,
    since: Moment,
    is_alike: impl Fn(Action) -> bool,
) -> Result<bool, Error> {
    let mut before = i64::MAX;
    loop {
        let rows: Vec<(i64, At, Option<Id>, String, String)> = audit_events::table
            .filter(audit_events::stream.eq(Id(stream)))
            .filter(audit_events::seq.lt(before))
            .order(audit_events::seq.desc())
            .limit(PAGE)
            .select((
                audit_events::seq,
                audit_events::at,
                audit_events::actor,
                audit_events::action,
                audit_events::outcome,
            ))
            .load(tx)?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|rows| rows < PAGE);
        for (seq, at, by, action, outcome) in rows {
            if at.0 < since {
                return Ok(false);
            }
            let is_refusal = outcome == AuditOutcome::Refused.as_str() && by == actor.map(Id::of);
            if is_refusal && is_alike(read(action)?) {
                return Ok(true);
            }
            before = seq;
        }
        if is_last {
            return Ok(false);
        }
    }
}

/// The entries of all streams after an id, in the order of their ids.
pub fn after(tx: &mut Tx, id: i64, up_to: i64, limit: i64) -> Result<Vec<StoredEvent>, Error> {
    let rows: Vec<Row> = audit_events::table
        .filter(audit_events::id.gt(id))
        .filter(audit_events::id.le(up_to))
        .order(audit_events::id)
        .limit(limit)
        .select(audit_event_columns!())
        .load(tx)?;
    rows.into_iter().map(kept).collect()
}

/// The id up to which no entry will appear any more. An id is taken before its transaction commits, so on
/// PostgreSQL this waits for those under way.
pub fn settled(tx: &mut Tx) -> Result<i64, Error> {
    if let Tx::Postgres(conn) = tx {
        conn.batch_execute("LOCK TABLE audit_events IN SHARE MODE")?;
    }
    Ok(audit_events::table.select(diesel::dsl::max(audit_events::id)).first::<Option<i64>>(tx)?.unwrap_or(0))
}

type Seal = (i64, i64, i64, i64, Vec<u8>, Vec<u8>, At);

fn block((number, first_id, last_id, entries, previous, hash, sealed_at): Seal) -> Result<Block, Error> {
    let whole =
        |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).map_err(|_| Error::Broken("a hash of 32 bytes".into()));
    let (previous, hash) = (whole(previous)?, whole(hash)?);
    Ok(Block { number, first_id, last_id, events: entries, sealed_at: sealed_at.0, previous, hash })
}

/// The last block that was sealed.
pub fn last_block(tx: &mut Tx) -> Result<Option<Block>, Error> {
    let row: Option<Seal> = audit_seals::table.order(audit_seals::number.desc()).first(tx).optional()?;
    row.map(block).transpose()
}

/// The blocks after a number, in order.
pub fn blocks(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<Block>, Error> {
    let rows: Vec<Seal> = audit_seals::table
        .filter(audit_seals::number.gt(after))
        .order(audit_seals::number)
        .limit(limit)
        .load(tx)?;
    rows.into_iter().map(block).collect()
}

/// Keeps a block.
pub fn add_block(tx: &mut Tx, block: &Block) -> Result<(), Error> {
    let row = (
        audit_seals::number.eq(block.number),
        audit_seals::first_id.eq(block.first_id),
        audit_seals::last_id.eq(block.last_id),
        audit_seals::entries.eq(block.events),
        audit_seals::previous.eq(block.previous.to_vec()),
        audit_seals::hash.eq(block.hash.to_vec()),
        audit_seals::sealed_at.eq(At(block.sealed_at)),
    );
    diesel::insert_into(audit_seals::table).values(row).execute(tx)?;
    Ok(())
}

/// Where the counter of every stream stands.
pub fn heads(tx: &mut Tx) -> Result<BTreeMap<Uuid, i64>, Error> {
    let rows: Vec<(Id, i64)> = audit_streams::table.load(tx)?;
    Ok(rows.into_iter().map(|(stream, last)| (stream.0, last)).collect())
}
