//! Sealing: the one byte form of an entry, and the blocks whose hashes cover it.

use jiff::Timestamp;
use uuid::Uuid;

use super::{AuditEvent, StoredEvent};
use crate::value::Moment;

/// A hash of 256 bits.
pub type Hash = [u8; 32];

/// The hash that the first block names as the one before it.
pub const ORIGIN: Hash = [0; 32];

/// A run of entries under one seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Counted from 1 without a gap.
    pub number: i64,
    /// Id of its first entry.
    pub first_id: i64,
    /// Id of its last entry. All ids in between belong to it.
    pub last_id: i64,
    /// How many entries it holds.
    pub entries: i64,
    /// When it was sealed.
    pub sealed_at: Moment,
    /// The hash of the block before, or [`ORIGIN`].
    pub previous: Hash,
    /// The hash of this block.
    pub hash: Hash,
}

/// A block's hash as written down in a second place, out of reach of who can rewrite the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The block.
    pub number: i64,
    /// Its hash.
    pub hash: Hash,
}

/// The one byte form of an entry. Every part has its length before it, so no two entries share a form.
pub fn canonical(entry: &AuditEvent, stream: Uuid, id: i64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    write_entry(&mut bytes, entry, stream, id);
    bytes
}

fn write_entry(bytes: &mut Vec<u8>, entry: &AuditEvent, stream: Uuid, id: i64) {
    put(bytes, Some(b"evenkeel event 1"));
    put(bytes, Some(&id.to_be_bytes()));
    put(bytes, Some(stream.as_bytes()));
    put(bytes, Some(&entry.seq.to_be_bytes()));
    put(bytes, Some(&microseconds(entry.at)));
    put(bytes, entry.actor.map(Uuid::from).as_ref().map(|id| id.as_bytes().as_slice()));
    put(bytes, entry.actor_role.as_ref().map(|role| role.as_str().as_bytes()));
    put(bytes, entry.device.map(Uuid::from).as_ref().map(|id| id.as_bytes().as_slice()));
    put(bytes, Some(entry.action.as_str().as_bytes()));

    put(bytes, entry.entity.as_ref().map(|id| id.as_bytes().as_slice()));
    put(bytes, Some(entry.outcome.as_str().as_bytes()));
    put(bytes, Some(entry.request_id.as_bytes()));
}

/// A part: one byte whether it is there, its length, itself.
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

pub(super) fn count(entries: &[StoredEvent]) -> i64 {
    i64::try_from(entries.len()).unwrap_or(i64::MAX)
}

/// The hash of a block: its head, which names the hash before, and then every entry.
pub(super) fn block_hash(block: &Block, entries: &[StoredEvent], hash: impl Fn(&[u8]) -> Hash) -> Hash {
    let mut bytes = Vec::with_capacity(256 * (entries.len() + 1));
    put(&mut bytes, Some(b"evenkeel block 1"));
    for number in [block.number, block.first_id, block.last_id, block.entries] {
        put(&mut bytes, Some(&number.to_be_bytes()));
    }
    put(&mut bytes, Some(&microseconds(block.sealed_at)));
    put(&mut bytes, Some(&block.previous));
    for kept in entries {
        write_entry(&mut bytes, &kept.entry, kept.stream, kept.id);
    }
    hash(&bytes)
}

/// The next block, over the entries that came since the last one, ascending by id. Nothing to seal, no block.
pub fn seal(
    previous: Option<&Block>,
    entries: &[StoredEvent],
    hash: impl Fn(&[u8]) -> Hash,
    now: Moment,
) -> Option<Block> {
    let (first, last) = (entries.first()?, entries.last()?);
    let mut block = Block {
        number: previous.map_or(1, |block| block.number + 1),
        first_id: first.id,
        last_id: last.id,
        entries: count(entries),
        sealed_at: now,
        previous: previous.map_or(ORIGIN, |block| block.hash),
        hash: ORIGIN,
    };
    block.hash = block_hash(&block, entries, hash);
    Some(block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tests::entry;

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
        assert_eq!(canonical(&entry(1, 9), Uuid::from_u128(3), 5), form.concat());
    }
}
