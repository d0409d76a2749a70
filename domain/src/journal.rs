//! Who did or saw what of whose record, and the seal that shows if anyone changed that afterwards.
//!
//! Each stream (one participant's record, or one account's own doings) counts its entries without a gap. Blocks
//! seal the entries of all streams in the order of their ids; the hash of each block covers the one before. The
//! hash function is an argument: the rules here are the same under any.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Actor;
use crate::account::{AccountId, DeviceId, Role};
use crate::value::Moment;

/// A stored word that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a known word: {0}")]
pub struct UnknownWord(pub String);

/// A closed set of words, one spelling for JSON and the database.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[doc = $doc:literal])* $variant:ident = $word:tt,)+ }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            ::serde::Serialize, ::serde::Deserialize, ::utoipa::ToSchema,
        )]
        pub enum $name {
            $($(#[doc = $doc])* #[serde(rename = $word)] $variant,)+
        }
        impl $name {
            /// Every member, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
            /// The word that JSON and the database hold.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
        impl TryFrom<String> for $name {
            type Error = $crate::journal::UnknownWord;
            fn try_from(word: String) -> Result<Self, Self::Error> {
                match word.as_str() {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::journal::UnknownWord(word)),
                }
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self { value.as_str().to_owned() }
        }
    };
}
pub(crate) use words;

words! {
    /// What was done. Together with the room it says all that the journal tells: never content.
    Act {
        /// Looked at.
        Read = "read",
        /// Written down for the first time.
        Record = "record",
        /// Rated again while it lasted.
        Rate = "rate",
        /// Told how it ended.
        Conclude = "conclude",
        /// Replaced by a corrected revision; the old one is kept.
        Correct = "correct",
        /// Taken back.
        Withdraw = "withdraw",
        /// Settings changed.
        Change = "change",
        /// Somebody was invited.
        Invite = "invite",
        /// An invitation was used.
        Redeem = "redeem",
        /// Signed in on a device.
        SignIn = "sign_in",
        /// Signed out of a device.
        SignOut = "sign_out",
        /// A device was shut out.
        Revoke = "revoke",
        /// A message was sent.
        Send = "send",
        /// A message did not arrive.
        Bounce = "bounce",
        /// Messages were ended by the link in one of them.
        Unsubscribe = "unsubscribe",
        /// Signed as agreed.
        Sign = "sign",
        /// Suggested to the other side.
        Propose = "propose",
        /// A suggestion was taken up.
        Accept = "accept",
        /// A suggestion was turned down.
        Decline = "decline",
        /// Given to somebody to do.
        Assign = "assign",
        /// Seen by who treats the person, and said so.
        Acknowledge = "acknowledge",
    }
}

words! {
    /// The part of the house that an entry is about.
    Room {
        /// People, invitations, devices.
        Account = "account",
        /// The level of care.
        Program = "program",
        /// The relapse-prevention plan and the safety plan.
        Plan = "plan",
        /// Logged cravings.
        Craving = "craving",
        /// Coping skills: practice, favourites, assignments.
        Coping = "coping",
        /// Daily and weekly check-ins.
        CheckIn = "check_in",
        /// Sober time, milestones, lapses.
        Recovery = "recovery",
        /// Summaries over days.
        Trend = "trend",
        /// Reminders and their settings.
        Reminder = "reminder",
        /// This journal.
        Journal = "journal",
    }
}

words! {
    /// Whether it came to pass.
    EntryOutcome {
        /// It was done.
        Done = "done",
        /// It was asked for and refused.
        Refused = "refused",
    }
}

/// One thing that was done to or seen of a record. Ids only, never content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Its place in its stream, counted from 1 without a gap.
    #[schema(minimum = 1)]
    pub seq: i64,
    /// When.
    pub at: Moment,
    /// Who; nobody when the house itself acted, and to a participant nobody where another participant tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<AccountId>,
    /// As what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_role: Option<Role>,
    /// On which of the actor's devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// What was done.
    pub act: Act,
    /// In which part of the record.
    pub room: Room,
    /// To which single thing in it, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<Uuid>,
    /// Whether it came to pass.
    pub outcome: EntryOutcome,
    /// The request that did it, as in the logs.
    pub request_id: Uuid,
}

impl Entry {
    /// The entry as this person may read it. That somebody is in treatment is not for a fellow patient to
    /// know, so a participant learns of another one no more than that it was one.
    #[must_use]
    pub fn told_to(self, reader: &Actor) -> Self {
        let other = self.actor.is_some_and(|actor| actor != reader.account);
        if reader.role == Role::Participant && other && self.actor_role == Some(Role::Participant) {
            return Self { actor: None, device: None, ..self };
        }
        self
    }
}

/// An entry where it is stored: in which stream and at which place among all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its place among the entries of all streams; ascending, gaps allowed.
    pub id: i64,
    /// The participant whose record it is about, or else the account that acted.
    pub stream: Uuid,
    /// What it says.
    pub entry: Entry,
}

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

/// Something in the journal that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A block number is missing or comes twice.
    #[error("block {expected} is missing: block {found} stands in its place")]
    BlockMissing {
        /// The number that should have come.
        expected: i64,
        /// The number that came.
        found: i64,
    },
    /// A block does not name the hash of the one before it.
    #[error("block {number} does not follow from the block before it")]
    LinkBroken {
        /// The block.
        number: i64,
    },
    /// The entries of a block, or the block itself, are not those that were sealed.
    #[error("block {number} (entries {first_id} to {last_id}) was changed after it was sealed")]
    BlockChanged {
        /// The block.
        number: i64,
        /// Id of its first entry.
        first_id: i64,
        /// Id of its last entry.
        last_id: i64,
    },
    /// An entry lies before the end of the last seal but in no block.
    #[error("entry {id} was put in after its time was sealed")]
    EntryInserted {
        /// The entry.
        id: i64,
    },
    /// A stream does not count on by one.
    #[error("stream {stream} goes on with {found} at entry {id} where {expected} should come")]
    CountBroken {
        /// The stream.
        stream: Uuid,
        /// The entry.
        id: i64,
        /// The number that should have come.
        expected: i64,
        /// The number that came.
        found: i64,
    },
    /// A stream ends elsewhere than its counter says.
    #[error("stream {stream} ends at {found}, its counter stands at {expected}")]
    EndCut {
        /// The stream.
        stream: Uuid,
        /// Where the counter stands.
        expected: i64,
        /// Where the stream ends.
        found: i64,
    },
    /// A block that was witnessed is gone or has another hash.
    #[error("block {number} is not the one that was witnessed")]
    WitnessDiffers {
        /// The block.
        number: i64,
    },
}

/// The one byte form of an entry. Every part has its length before it, so no two entries share a form.
pub fn canonical(entry: &Entry, stream: Uuid, id: i64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    write_entry(&mut bytes, entry, stream, id);
    bytes
}

fn write_entry(bytes: &mut Vec<u8>, entry: &Entry, stream: Uuid, id: i64) {
    put(bytes, Some(b"evenkeel entry 1"));
    put(bytes, Some(&id.to_be_bytes()));
    put(bytes, Some(stream.as_bytes()));
    put(bytes, Some(&entry.seq.to_be_bytes()));
    put(bytes, Some(&microseconds(entry.at)));
    put(bytes, entry.actor.map(Uuid::from).as_ref().map(|id| id.as_bytes().as_slice()));
    put(bytes, entry.actor_role.as_ref().map(|role| role.as_str().as_bytes()));
    put(bytes, entry.device.map(Uuid::from).as_ref().map(|id| id.as_bytes().as_slice()));
    put(bytes, Some(entry.act.as_str().as_bytes()));
    put(bytes, Some(entry.room.as_str().as_bytes()));
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

fn count(entries: &[Kept]) -> i64 {
    i64::try_from(entries.len()).unwrap_or(i64::MAX)
}

/// The hash of a block: its head, which names the hash before, and then every entry.
fn block_hash(block: &Block, entries: &[Kept], hash: impl Fn(&[u8]) -> Hash) -> Hash {
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
    entries: &[Kept],
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

/// A walk over a whole journal that holds one block of it at a time.
#[derive(Debug, Default)]
pub struct Walk {
    last: Option<Block>,
    ends: BTreeMap<Uuid, i64>,
    witnesses: BTreeMap<i64, Vec<Hash>>,
    findings: Vec<Finding>,
}

impl Walk {
    /// A walk that will also look for the blocks that were witnessed.
    pub fn new(witnesses: &[Witness]) -> Self {
        let mut walk = Self::default();
        for witness in witnesses {
            walk.witnesses.entry(witness.number).or_default().push(witness.hash);
        }
        walk
    }

    /// The next block, with all entries above the last block up to this one's last id, ascending by id.
    pub fn block(&mut self, block: &Block, entries: &[Kept], hash: impl Fn(&[u8]) -> Hash) {
        let expected = self.last.as_ref().map_or(1, |last| last.number + 1);
        if block.number != expected {
            self.findings.push(Finding::BlockMissing { expected, found: block.number });
        }
        if block.previous != self.last.as_ref().map_or(ORIGIN, |last| last.hash) {
            self.findings.push(Finding::LinkBroken { number: block.number });
        }
        let own = entries.partition_point(|kept| kept.id < block.first_id);
        let (strangers, own) = entries.split_at(own);
        self.findings.extend(strangers.iter().map(|kept| Finding::EntryInserted { id: kept.id }));
        if count(own) != block.entries || block_hash(block, own, hash) != block.hash {
            let Block { number, first_id, last_id, .. } = *block;
            self.findings.push(Finding::BlockChanged { number, first_id, last_id });
        }
        if let Some(hashes) = self.witnesses.remove(&block.number)
            && hashes.iter().any(|hash| *hash != block.hash)
        {
            self.findings.push(Finding::WitnessDiffers { number: block.number });
        }
        self.follow(entries);
        self.last = Some(block.clone());
    }

    /// More entries that no block covers yet, ascending by id; call as often as needed.
    pub fn unsealed(&mut self, entries: &[Kept]) {
        let sealed = self.last.as_ref().map_or(i64::MIN, |last| last.last_id);
        let late = entries.iter().take_while(|kept| kept.id <= sealed);
        self.findings.extend(late.map(|kept| Finding::EntryInserted { id: kept.id }));
        self.follow(entries);
    }

    /// The end of the walk: where each stream's counter stands, and all that was found.
    #[must_use]
    pub fn findings(mut self, heads: &BTreeMap<Uuid, i64>) -> Vec<Finding> {
        for (&stream, &expected) in heads {
            let found = self.ends.remove(&stream).unwrap_or(0);
            if found != expected {
                self.findings.push(Finding::EndCut { stream, expected, found });
            }
        }
        let counterless = self.ends.into_iter();
        self.findings.extend(counterless.map(|(stream, found)| Finding::EndCut {
            stream,
            expected: 0,
            found,
        }));
        self.findings.extend(self.witnesses.into_keys().map(|number| Finding::WitnessDiffers { number }));
        self.findings
    }

    fn follow(&mut self, entries: &[Kept]) {
        for Kept { id, stream, entry } in entries {
            let end = self.ends.entry(*stream).or_insert(0);
            let expected = *end + 1;
            if entry.seq != expected {
                let (stream, id, found) = (*stream, *id, entry.seq);
                self.findings.push(Finding::CountBroken { stream, id, expected, found });
            }
            *end = entry.seq;
        }
    }
}

/// Everything that is not as it was written, of a journal held whole: its blocks by number, its entries by id,
/// where each stream's counter stands, and the blocks that were witnessed elsewhere.
pub fn verify(
    blocks: &[Block],
    entries: &[Kept],
    heads: &BTreeMap<Uuid, i64>,
    witnesses: &[Witness],
    hash: impl Fn(&[u8]) -> Hash,
) -> Vec<Finding> {
    let mut walk = Walk::new(witnesses);
    let mut rest = entries;
    for block in blocks {
        let (covered, beyond) = rest.split_at(rest.partition_point(|kept| kept.id <= block.last_id));
        walk.block(block, covered, &hash);
        rest = beyond;
    }
    walk.unsealed(rest);
    walk.findings(heads)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // Not a hash to trust, but one in which each bit of the input counts.
    fn hash(bytes: &[u8]) -> Hash {
        let mut out = [0; 32];
        for (lane, part) in (1u64..).zip(out.chunks_exact_mut(8)) {
            let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325 ^ lane, |sum: u64, byte| {
                (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(7)
            });
            part.copy_from_slice(&sum.to_be_bytes());
        }
        out
    }

    fn at(second: i64) -> Moment {
        Timestamp::from_second(1_790_000_000 + second).unwrap().try_into().unwrap()
    }

    fn entry(seq: i64, second: i64) -> Entry {
        Entry {
            seq,
            at: at(second),
            actor: Some(Uuid::from_u128(7).into()),
            actor_role: Some(Role::Counselor),
            device: Some(Uuid::from_u128(8).into()),
            act: Act::Read,
            room: Room::Craving,
            entity: None,
            outcome: EntryOutcome::Done,
            request_id: Uuid::from_u128(u128::from(second.unsigned_abs())),
        }
    }

    #[derive(Clone, Debug)]
    struct Journal {
        blocks: Vec<Block>,
        entries: Vec<Kept>,
        heads: BTreeMap<Uuid, i64>,
    }

    impl Journal {
        /// One entry for each stream number in turn, sealed by fours, the rest left unsealed.
        fn of(streams: &[u8]) -> Self {
            let mut heads = BTreeMap::new();
            let entries: Vec<Kept> = (1i64..)
                .zip(streams)
                .map(|(id, stream)| {
                    let stream = Uuid::from_u128(100 + u128::from(*stream));
                    let seq = heads.entry(stream).and_modify(|seq| *seq += 1).or_insert(1);
                    Kept { id: id * 2, stream, entry: entry(*seq, id) }
                })
                .collect();
            let mut blocks: Vec<Block> = Vec::new();
            for run in entries.chunks_exact(4) {
                blocks.push(seal(blocks.last(), run, hash, at(1000)).unwrap());
            }
            Self { blocks, entries, heads }
        }
        fn findings(&self) -> Vec<Finding> {
            verify(&self.blocks, &self.entries, &self.heads, &[], hash)
        }
    }

    fn sample() -> Journal {
        Journal::of(&[1, 2, 1, 3, 1, 1, 2, 3, 3, 1, 2])
    }

    #[test]
    fn an_untouched_journal_has_no_findings() {
        assert_eq!(sample().findings(), []);
        assert_eq!(Journal::of(&[]).findings(), []);
        assert_eq!(seal(None, &[], hash, at(0)), None);
    }

    #[test]
    fn a_changed_entry_is_found_whichever_part_was_changed() {
        type Tamper = fn(&mut Kept);
        let tampers: [Tamper; 11] = [
            |kept| kept.stream = Uuid::from_u128(3),
            |kept| kept.entry.seq += 1,
            |kept| kept.entry.at = at(99),
            |kept| kept.entry.actor = None,
            |kept| kept.entry.actor_role = Some(Role::Participant),
            |kept| kept.entry.device = None,
            |kept| kept.entry.act = Act::Record,
            |kept| kept.entry.room = Room::Trend,
            |kept| kept.entry.entity = Some(Uuid::nil()),
            |kept| kept.entry.outcome = EntryOutcome::Refused,
            |kept| kept.entry.request_id = Uuid::max(),
        ];
        for (part, tamper) in tampers.into_iter().enumerate() {
            let mut journal = sample();
            tamper(&mut journal.entries[5]);
            let changed = Finding::BlockChanged { number: 2, first_id: 10, last_id: 16 };
            assert!(journal.findings().contains(&changed), "part {part}");
        }
    }

    #[test]
    fn a_swap_of_two_contents_is_found() {
        let mut journal = sample();
        let (one, other) = (journal.entries[4].entry.clone(), journal.entries[5].entry.clone());
        journal.entries[4].entry = Entry { seq: one.seq, ..other.clone() };
        journal.entries[5].entry = Entry { seq: other.seq, ..one };
        assert_eq!(journal.findings(), [Finding::BlockChanged { number: 2, first_id: 10, last_id: 16 }]);
    }

    #[test]
    fn an_entry_put_between_two_blocks_is_found() {
        let mut journal = sample();
        let stranger = Uuid::from_u128(555);
        journal.entries.insert(4, Kept { id: 9, stream: stranger, entry: entry(1, 4) });
        journal.heads.insert(stranger, 1);
        assert_eq!(journal.findings(), [Finding::EntryInserted { id: 9 }]);
    }

    #[test]
    fn a_block_taken_out_with_its_entries_is_found() {
        let mut journal = Journal::of(&[1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1]);
        journal.blocks.remove(1);
        journal.entries.drain(4..8);
        journal.heads.remove(&Uuid::from_u128(102));
        let missing = Finding::BlockMissing { expected: 2, found: 3 };
        assert_eq!(journal.findings(), [missing, Finding::LinkBroken { number: 3 }]);
    }

    #[test]
    fn a_cut_end_is_found_by_the_counters_even_where_nothing_was_sealed() {
        let mut journal = sample();
        let cut = journal.entries.pop().unwrap();
        assert_eq!(journal.findings(), [Finding::EndCut { stream: cut.stream, expected: 3, found: 2 }]);
    }

    #[test]
    fn an_end_cut_with_its_counters_or_a_chain_made_anew_is_found_by_a_witness() {
        let whole = sample();
        let last = whole.blocks.last().unwrap();
        let witnesses = [Witness { number: last.number, hash: last.hash }];
        assert_eq!(verify(&whole.blocks, &whole.entries, &whole.heads, &witnesses, hash), []);

        for forged in [Journal::of(&[1, 2, 1, 3]), Journal::of(&[2, 2, 1, 3, 1, 1, 2, 3, 3, 1, 2])] {
            assert_eq!(forged.findings(), [], "a forgery that holds by itself");
            let findings = verify(&forged.blocks, &forged.entries, &forged.heads, &witnesses, hash);
            assert_eq!(findings, [Finding::WitnessDiffers { number: 2 }]);
        }
    }

    #[test]
    fn a_word_reads_back_as_written_and_as_json() {
        for act in Act::ALL {
            assert_eq!(Act::try_from(act.as_str().to_owned()), Ok(*act));
            assert_eq!(serde_json::to_value(act).unwrap(), act.as_str());
        }
        assert_eq!(Room::try_from("attic".to_owned()), Err(UnknownWord("attic".to_owned())));
    }

    #[test]
    fn the_byte_form_never_changes() {
        let id = |number: u8| [[0; 15].as_slice(), &[number]].concat();
        let number = |number: i64| number.to_be_bytes().to_vec();
        let text = |text: &str| text.as_bytes().to_vec();
        let parts = [
            Some(text("evenkeel entry 1")),
            Some(number(5)),
            Some(id(3)),
            Some(number(1)),
            Some(number(1_790_000_009_000_000)),
            Some(id(7)),
            Some(text("counselor")),
            Some(id(8)),
            Some(text("read")),
            Some(text("craving")),
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

    proptest! {
        #[test]
        fn any_tampering_with_any_journal_is_found(
            streams in proptest::collection::vec(0u8..4, 5..40),
            what in 0u8..6,
            place in any::<prop::sample::Index>(),
            second in any::<prop::sample::Index>(),
        ) {
            let whole = Journal::of(&streams);
            prop_assert_eq!(whole.findings(), []);
            let mut journal = whole.clone();
            let sealed = journal.blocks.len() * 4;
            match what {
                // A changed content of what is sealed.
                0 => journal.entries[place.index(sealed)].entry.at = at(5000),
                // A deletion anywhere, sealed or not.
                1 => { journal.entries.remove(place.index(streams.len())); }
                // An insertion anywhere, of a copy or between two ids.
                2 => {
                    let place = place.index(streams.len());
                    let mut extra = journal.entries[place].clone();
                    extra.id += 1;
                    journal.entries.insert(place + 1, extra);
                }
                // A swap of two different contents, at least one sealed.
                3 => {
                    let (one, other) = (place.index(sealed), second.index(streams.len()));
                    prop_assume!(one != other);
                    let (mut first, mut last) = (journal.entries[one].clone(), journal.entries[other].clone());
                    std::mem::swap(&mut first.id, &mut last.id);
                    (journal.entries[one], journal.entries[other]) = (last, first);
                }
                // A cut of the end, with or without its blocks.
                4 => {
                    let keep = place.index(streams.len());
                    journal.entries.truncate(keep);
                    journal.blocks.truncate(keep / 4);
                }
                // A block changed.
                _ => {
                    let place = place.index(journal.blocks.len());
                    journal.blocks[place].hash[second.index(32)] ^= 1;
                }
            }
            prop_assert!(!journal.findings().is_empty());
        }

        #[test]
        fn a_walk_in_steps_finds_what_a_whole_look_finds(
            streams in proptest::collection::vec(0u8..4, 0..40), gone in any::<prop::sample::Index>(),
        ) {
            let mut journal = Journal::of(&streams);
            if !streams.is_empty() { journal.entries.remove(gone.index(streams.len())); }
            let mut walk = Walk::new(&[]);
            let mut from = i64::MIN;
            for block in &journal.blocks {
                let run: Vec<Kept> =
                    journal.entries.iter().filter(|kept| from < kept.id && kept.id <= block.last_id).cloned().collect();
                walk.block(block, &run, hash);
                from = block.last_id;
            }
            for kept in journal.entries.iter().filter(|kept| from < kept.id) {
                walk.unsealed(std::slice::from_ref(kept));
            }
            prop_assert_eq!(walk.findings(&journal.heads), journal.findings());
        }
    }
}
