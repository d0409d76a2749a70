//! The journal: what was done to or seen of whose record, and the seals over it.

use std::collections::BTreeMap;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::{AccountId, Role};
use evenkeel_domain::journal::{Act, Block, Entry, EntryOutcome, Kept, Room};
use evenkeel_domain::value::Moment;
use uuid::Uuid;

use crate::account::read;
use crate::column::{At, Id, Instant, Key};
use crate::schema::{accounts, journal, journal_heads, journal_seals};
use crate::{Error, Tx};

prepared! {
    /// Counts an entry of a stream that has some; answers its number.
    Count { stream: Id => Key, } -> BigInt:
    "UPDATE journal_heads SET last_seq = last_seq + 1 WHERE stream = " [stream] " RETURNING last_seq"
}

prepared! {
    /// Counts and appends at once, which PostgreSQL alone can: there each statement is a way there and back.
    CountAndAppend {
        stream: Id => Key,
        at: At => Instant,
        actor: Option<Id> => Nullable<Key>,
        actor_role: Option<&'static str> => Nullable<Text>,
        device: Option<Id> => Nullable<Key>,
        act: &'static str => Text,
        room: &'static str => Text,
        entity: Option<Id> => Nullable<Key>,
        outcome: &'static str => Text,
        request_id: Id => Key,
    } -> BigInt:
    "WITH head AS (INSERT INTO journal_heads AS h (stream, last_seq) VALUES (" [stream] ", 1) \
     ON CONFLICT (stream) DO UPDATE SET last_seq = h.last_seq + 1 RETURNING stream, last_seq) \
     INSERT INTO journal (stream, seq, at, actor, actor_role, device, act, room, entity, outcome, request_id) \
     SELECT stream, last_seq, " [at] ", " [actor] ", " [actor_role] ", " [device] ", " [act] ", " [room] ", "
    [entity] ", " [outcome] ", " [request_id] " FROM head RETURNING seq"
}

/// Appends an entry to a stream and answers its number, counted without a gap. The entry's own `seq` is not
/// looked at.
pub fn append(tx: &mut Tx, stream: Uuid, entry: &Entry) -> Result<i64, Error> {
    if let Tx::Postgres(_) = tx {
        let both = CountAndAppend {
            stream: Id(stream),
            at: At(entry.at),
            actor: entry.actor.map(Id::of),
            actor_role: entry.actor_role.map(Role::as_str),
            device: entry.device.map(Id::of),
            act: entry.act.as_str(),
            room: entry.room.as_str(),
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
        let first = (journal_heads::stream.eq(Id(stream)), journal_heads::last_seq.eq(1i64));
        diesel::insert_into(journal_heads::table).values(first).execute(tx)?;
        1
    };
    let row = (
        journal::stream.eq(Id(stream)),
        journal::seq.eq(seq),
        journal::at.eq(At(entry.at)),
        journal::actor.eq(entry.actor.map(Id::of)),
        journal::actor_role.eq(entry.actor_role.map(Role::as_str)),
        journal::device.eq(entry.device.map(Id::of)),
        journal::act.eq(entry.act.as_str()),
        journal::room.eq(entry.room.as_str()),
        journal::entity.eq(entry.entity.map(Id)),
        journal::outcome.eq(entry.outcome.as_str()),
        journal::request_id.eq(Id(entry.request_id)),
    );
    diesel::insert_into(journal::table).values(row).execute(tx)?;
    Ok(seq)
}

type Row =
    (i64, Id, i64, At, Option<Id>, Option<String>, Option<Id>, (String, String, Option<Id>, String, Id));

macro_rules! journal_columns {
    () => {
        (
            journal::id,
            journal::stream,
            journal::seq,
            journal::at,
            journal::actor,
            journal::actor_role,
            journal::device,
            (journal::act, journal::room, journal::entity, journal::outcome, journal::request_id),
        )
    };
}

fn kept((id, stream, seq, at, actor, actor_role, device, what): Row) -> Result<Kept, Error> {
    let (act, room, entity, outcome, request_id) = what;
    let entry = Entry {
        seq,
        at: at.0,
        actor: actor.map(Id::to),
        actor_role: actor_role.map(read).transpose()?,
        device: device.map(Id::to),
        act: read(act)?,
        room: read(room)?,
        entity: entity.map(|id| id.0),
        outcome: read(outcome)?,
        request_id: request_id.0,
    };
    Ok(Kept { id, stream: stream.0, entry })
}

/// A page of a participant's stream, the latest first: entries before number `before`, with the names of
/// those who acted.
pub fn list(
    tx: &mut Tx,
    grant: &Grant,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<(Entry, Option<String>)>, Error> {
    let rows: Vec<(Row, Option<String>)> = journal::table
        .left_join(accounts::table.on(journal::actor.eq(accounts::id.nullable())))
        .filter(journal::stream.eq(Id::of(grant.participant())))
        .filter(journal::seq.lt(before.unwrap_or(i64::MAX)))
        .order(journal::seq.desc())
        .limit(limit)
        .select((journal_columns!(), accounts::display_name.nullable()))
        .load(tx)?;
    rows.into_iter().map(|(row, name)| Ok((kept(row)?.entry, name))).collect()
}

/// How many entries are looked through at a time for one that says the same.
const PAGE: i64 = 100;

/// Whether an actor's refusal in a room, of one act or of any, stands in a stream since an instant. Looks back from the end no further
/// than that instant, however long the stream is.
pub fn is_told_of_refusal(
    tx: &mut Tx,
    stream: Uuid,
    actor: Option<AccountId>,
    room: Room,
    act: Option<Act>,
    since: Moment,
) -> Result<bool, Error> {
    let mut before = i64::MAX;
    loop {
        let rows: Vec<(i64, At, Option<Id>, String, String, String)> = journal::table
            .filter(journal::stream.eq(Id(stream)))
            .filter(journal::seq.lt(before))
            .order(journal::seq.desc())
            .limit(PAGE)
            .select((
                journal::seq,
                journal::at,
                journal::actor,
                journal::room,
                journal::act,
                journal::outcome,
            ))
            .load(tx)?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|rows| rows < PAGE);
        for (seq, at, by, place, tried, outcome) in rows {
            if at.0 < since {
                return Ok(false);
            }
            let is_alike = by == actor.map(Id::of)
                && place == room.as_str()
                && act.is_none_or(|act| tried == act.as_str());
            if is_alike && outcome == EntryOutcome::Refused.as_str() {
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
pub fn after(tx: &mut Tx, id: i64, up_to: i64, limit: i64) -> Result<Vec<Kept>, Error> {
    let rows: Vec<Row> = journal::table
        .filter(journal::id.gt(id))
        .filter(journal::id.le(up_to))
        .order(journal::id)
        .limit(limit)
        .select(journal_columns!())
        .load(tx)?;
    rows.into_iter().map(kept).collect()
}

/// The id up to which no entry will appear any more. An id is taken before its transaction commits, so on
/// PostgreSQL this waits for those under way.
pub fn settled(tx: &mut Tx) -> Result<i64, Error> {
    if let Tx::Postgres(conn) = tx {
        conn.batch_execute("LOCK TABLE journal IN SHARE MODE")?;
    }
    Ok(journal::table.select(diesel::dsl::max(journal::id)).first::<Option<i64>>(tx)?.unwrap_or(0))
}

type Seal = (i64, i64, i64, i64, Vec<u8>, Vec<u8>, At);

fn block((number, first_id, last_id, entries, previous, hash, sealed_at): Seal) -> Result<Block, Error> {
    let whole =
        |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).map_err(|_| Error::Broken("a hash of 32 bytes".into()));
    let (previous, hash) = (whole(previous)?, whole(hash)?);
    Ok(Block { number, first_id, last_id, entries, sealed_at: sealed_at.0, previous, hash })
}

/// The last block that was sealed.
pub fn last_block(tx: &mut Tx) -> Result<Option<Block>, Error> {
    let row: Option<Seal> = journal_seals::table.order(journal_seals::number.desc()).first(tx).optional()?;
    row.map(block).transpose()
}

/// The blocks after a number, in order.
pub fn blocks(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<Block>, Error> {
    let rows: Vec<Seal> = journal_seals::table
        .filter(journal_seals::number.gt(after))
        .order(journal_seals::number)
        .limit(limit)
        .load(tx)?;
    rows.into_iter().map(block).collect()
}

/// Keeps a block.
pub fn add_block(tx: &mut Tx, block: &Block) -> Result<(), Error> {
    let row = (
        journal_seals::number.eq(block.number),
        journal_seals::first_id.eq(block.first_id),
        journal_seals::last_id.eq(block.last_id),
        journal_seals::entries.eq(block.entries),
        journal_seals::previous.eq(block.previous.to_vec()),
        journal_seals::hash.eq(block.hash.to_vec()),
        journal_seals::sealed_at.eq(At(block.sealed_at)),
    );
    diesel::insert_into(journal_seals::table).values(row).execute(tx)?;
    Ok(())
}

/// Where the counter of every stream stands.
pub fn heads(tx: &mut Tx) -> Result<BTreeMap<Uuid, i64>, Error> {
    let rows: Vec<(Id, i64)> = journal_heads::table.load(tx)?;
    Ok(rows.into_iter().map(|(stream, last)| (stream.0, last)).collect())
}
