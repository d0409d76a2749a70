//! Sealing: the byte form of an event, and the blocks whose hashes cover it.

use jiff::Timestamp;
use uuid::Uuid;

use super::{AuditEvent, StoredEvent};
use crate::value::Moment;

/// A hash of 256 bits.
pub type Hash = [u8; 32];

/// The previous hash of the first block.
pub const ORIGIN: Hash = [0; 32];

/// A run of events under one seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its number, from 1 without a gap.
    pub number: i64,
    /// The id of its first event.
    pub first_id: i64,
    /// The id of its last event. All ids between the two belong to it.
    pub last_id: i64,
    /// The number of its events.
    pub events: i64,
    /// When it was sealed.
    pub sealed_at: Moment,
    /// The hash of the block before, or [`ORIGIN`].
    pub previous: Hash,
    /// The hash of this block.
    pub hash: Hash,
}

/// A block's hash that is also stored elsewhere, where somebody who can change the database cannot change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The block.
    pub number: i64,
    /// Its hash.
    pub hash: Hash,
}

/// The byte form of an event. Each part is preceded by its length, so no two events have the same form.
pub fn canonical(event: &AuditEvent, stream: Uuid, id: i64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    write_event(&mut bytes, event, stream, id);
    bytes
}

fn write_event(bytes: &mut Vec<u8>, event: &AuditEvent, stream: Uuid, id: i64) {
    put(bytes, Some(b"evenkeel event 1"));
    put(bytes, Some(&id.to_be_bytes()));
    put(bytes, Some(stream.as_bytes()));
    put(bytes, Some(&event.seq.to_be_bytes()));
    put(bytes, Some(&microseconds(event.at)));
    put(bytes, event.actor.map(Uuid::from).as_ref().map(|id| id.as_bytes().as_slice()));
    put(bytes, event.actor_role.as_ref().map(|role| role.as_str().as_bytes()));
    put(bytes, event.device.map(Uuid::from).as_ref().map(|id| id.as_bytes().as_slice()));
    put(bytes, Some(event.action.as_str().as_bytes()));

    put(bytes, event.entity.as_ref().map(|id| id.as_bytes().as_slice()));
    put(bytes, Some(event.outcome.as_str().as_bytes()));
    put(bytes, Some(event.request_id.as_bytes()));
}

/// Writes a part: one byte that says whether it is there, its length, and the part.
fn put(bytes: &mut Vec<u8>, part: Option<&[u8]>) {
    match part {
        None => bytes.push(0),
        Some(part) => {
            bytes.push(1);
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part);
        }
    }
}

fn microseconds(at: Moment) -> [u8; 8] {
    Timestamp::from(at).as_microsecond().to_be_bytes()
}

pub(super) fn count(events: &[StoredEvent]) -> i64 {
    i64::try_from(events.len()).unwrap_or(i64::MAX)
}

/// The hash of a block. It covers the block's own fields, which include the previous hash, and every event.
pub(super) fn block_hash(block: &Block, events: &[StoredEvent], hash: impl Fn(&[u8]) -> Hash) -> Hash {
    let mut bytes = Vec::with_capacity(256 * (events.len() + 1));
    put(&mut bytes, Some(b"evenkeel block 1"));
    for number in [block.number, block.first_id, block.last_id, block.events] {
        put(&mut bytes, Some(&number.to_be_bytes()));
    }
    put(&mut bytes, Some(&microseconds(block.sealed_at)));
    put(&mut bytes, Some(&block.previous));
    for stored in events {
        write_event(&mut bytes, &stored.event, stored.stream, stored.id);
    }
    hash(&bytes)
}

/// The next block, over the events since the last one, ascending by id; none if there are none.
pub fn seal(
    previous: Option<&Block>,
    events: &[StoredEvent],
    hash: impl Fn(&[u8]) -> Hash,
    now: Moment,
) -> Option<Block> {
    let (first, last) = (events.first()?, events.last()?);
    let mut block = Block {
        number: previous.map_or(1, |block| block.number + 1),
        first_id: first.id,
        last_id: last.id,
        events: count(events),
        sealed_at: now,
        previous: previous.map_or(ORIGIN, |block| block.hash),
        hash: ORIGIN,
    };
    block.hash = block_hash(&block, events, hash);
    Some(block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tests::event;

    #[test]
    fn the_byte_form_never_changes() {
        let id = |number: u8| [[0; 15].as_slice(), &[number]].concat();
        let number = |number: i64| number.to_be_bytes().to_vec();
        let text = |text: &str| text.as_bytes().to_vec();
        let parts = [
            Some(text("evenkeel event 1")),
            Some(number(5)),
            Some(id(3)),
            Some(number(1)),
            Some(number(1_790_000_009_000_000)),
            Some(id(7)),
            Some(text("counselor")),
            Some(id(8)),
            Some(text("read_cravings")),
            None,
            Some(text("done")),
            Some(id(9)),
        ];
        let form = parts.map(|part| match part {
            None => vec![0],
            Some(part) => [&[1, 0, 0, 0, 0, 0, 0, 0, u8::try_from(part.len()).unwrap()], &part[..]].concat(),
        });
        assert_eq!(canonical(&event(1, 9), Uuid::from_u128(3), 5), form.concat());
    }
}
