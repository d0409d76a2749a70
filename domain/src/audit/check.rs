//! Checks the audit log against its seals, its counters and the witnessed block hashes.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::seal::{block_hash, count};
use super::{Block, Finding, Hash, ORIGIN, StoredEvent, Witness};

/// A check of a whole audit log that reads one block at a time.
#[derive(Debug, Default)]
pub struct Walk {
    last: Option<Block>,
    ends: BTreeMap<Uuid, i64>,
    witnesses: BTreeMap<i64, Vec<Hash>>,
    findings: Vec<Finding>,
}

impl Walk {
    /// A check that also looks for the witnessed blocks.
    pub fn new(witnesses: &[Witness]) -> Self {
        let mut walk = Self::default();
        for witness in witnesses {
            walk.witnesses.entry(witness.number).or_default().push(witness.hash);
        }
        walk
    }

    /// Checks the next block. `events` are all events after the last block up to this one's last id, ascending
    /// by id.
    pub fn block(&mut self, block: &Block, events: &[StoredEvent], hash: impl Fn(&[u8]) -> Hash) {
        let expected = self.last.as_ref().map_or(1, |last| last.number + 1);
        if block.number != expected {
            self.findings.push(Finding::BlockMissing { expected, found: block.number });
        }
        if block.previous != self.last.as_ref().map_or(ORIGIN, |last| last.hash) {
            self.findings.push(Finding::LinkBroken { number: block.number });
        }
        let own = events.partition_point(|stored| stored.id < block.first_id);
        let (inserted, own) = events.split_at(own);
        self.findings.extend(inserted.iter().map(|stored| Finding::EventInserted { id: stored.id }));
        if count(own) != block.events || block_hash(block, own, hash) != block.hash {
            let Block { number, first_id, last_id, .. } = *block;
            self.findings.push(Finding::BlockChanged { number, first_id, last_id });
        }
        if let Some(hashes) = self.witnesses.remove(&block.number)
            && hashes.iter().any(|hash| *hash != block.hash)
        {
            self.findings.push(Finding::WitnessDiffers { number: block.number });
        }
        self.follow(events);
        self.last = Some(block.clone());
    }

    /// Checks more events that no block covers yet, ascending by id. It can be called several times.
    pub fn unsealed(&mut self, events: &[StoredEvent]) {
        let sealed = self.last.as_ref().map_or(i64::MIN, |last| last.last_id);
        let inserted = events.iter().take_while(|stored| stored.id <= sealed);
        self.findings.extend(inserted.map(|stored| Finding::EventInserted { id: stored.id }));
        self.follow(events);
    }

    /// Ends the check and returns all findings. `heads` has the counter of each stream.
    #[must_use]
    pub fn findings(mut self, heads: &BTreeMap<Uuid, i64>) -> Vec<Finding> {
        for (&stream, &expected) in heads {
            let found = self.ends.remove(&stream).unwrap_or(0);
            if found != expected {
                self.findings.push(Finding::EndCut { stream, expected, found });
            }
        }
        let without_counter = self.ends.into_iter();
        self.findings.extend(without_counter.map(|(stream, found)| Finding::EndCut {
            stream,
            expected: 0,
            found,
        }));
        self.findings.extend(self.witnesses.into_keys().map(|number| Finding::WitnessDiffers { number }));
        self.findings
    }

    fn follow(&mut self, events: &[StoredEvent]) {
        for StoredEvent { id, stream, event } in events {
            let end = self.ends.entry(*stream).or_insert(0);
            let expected = *end + 1;
            if event.seq != expected {
                let (stream, id, found) = (*stream, *id, event.seq);
                self.findings.push(Finding::CountBroken { stream, id, expected, found });
            }
            *end = event.seq;
        }
    }
}

/// Checks a whole audit log in memory: its blocks by number, its events by id, the counter of each stream, and
/// the witnessed blocks.
pub fn verify(
    blocks: &[Block],
    events: &[StoredEvent],
    heads: &BTreeMap<Uuid, i64>,
    witnesses: &[Witness],
    hash: impl Fn(&[u8]) -> Hash,
) -> Vec<Finding> {
    let mut walk = Walk::new(witnesses);
    let mut rest = events;
    for block in blocks {
        let (covered, beyond) = rest.split_at(rest.partition_point(|stored| stored.id <= block.last_id));
        walk.block(block, covered, &hash);
        rest = beyond;
    }
    walk.unsealed(rest);
    walk.findings(heads)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Action;
    use crate::account::Role;
    use crate::audit::tests::{at, event};
    use crate::audit::{AuditEvent, AuditOutcome, seal};
    use proptest::prelude::*;

    // Not secure, but every bit of the input counts.
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

    #[derive(Clone, Debug)]
    struct AuditLog {
        blocks: Vec<Block>,
        events: Vec<StoredEvent>,
        heads: BTreeMap<Uuid, i64>,
    }

    impl AuditLog {
        /// One event for each stream number in turn. Each four are sealed, the rest is not.
        fn of(streams: &[u8]) -> Self {
            let mut heads = BTreeMap::new();
            let events: Vec<StoredEvent> = (1i64..)
                .zip(streams)
                .map(|(id, stream)| {
                    let stream = Uuid::from_u128(100 + u128::from(*stream));
                    let seq = heads.entry(stream).and_modify(|seq| *seq += 1).or_insert(1);
                    StoredEvent { id: id * 2, stream, event: event(*seq, id) }
                })
                .collect();
            let mut blocks: Vec<Block> = Vec::new();
            for run in events.chunks_exact(4) {
                blocks.push(seal(blocks.last(), run, hash, at(1000)).unwrap());
            }
            Self { blocks, events, heads }
        }
        fn findings(&self) -> Vec<Finding> {
            verify(&self.blocks, &self.events, &self.heads, &[], hash)
        }
    }

    fn sample() -> AuditLog {
        AuditLog::of(&[1, 2, 1, 3, 1, 1, 2, 3, 3, 1, 2])
    }

    #[test]
    fn an_unchanged_audit_log_has_no_findings() {
        assert_eq!(sample().findings(), []);
        assert_eq!(AuditLog::of(&[]).findings(), []);
        assert_eq!(seal(None, &[], hash, at(0)), None);
    }

    #[test]
    fn a_change_of_any_part_of_an_event_is_found() {
        type Tamper = fn(&mut StoredEvent);
        let tampers: [Tamper; 10] = [
            |stored| stored.stream = Uuid::from_u128(3),
            |stored| stored.event.seq += 1,
            |stored| stored.event.at = at(99),
            |stored| stored.event.actor = None,
            |stored| stored.event.actor_role = Some(Role::Participant),
            |stored| stored.event.device = None,
            |stored| stored.event.action = Action::RecordCraving,
            |stored| stored.event.entity = Some(Uuid::nil()),
            |stored| stored.event.outcome = AuditOutcome::Refused,
            |stored| stored.event.request_id = Uuid::max(),
        ];
        for (part, tamper) in tampers.into_iter().enumerate() {
            let mut audit_log = sample();
            tamper(&mut audit_log.events[5]);
            let changed = Finding::BlockChanged { number: 2, first_id: 10, last_id: 16 };
            assert!(audit_log.findings().contains(&changed), "part {part}");
        }
    }

    #[test]
    fn two_swapped_events_are_found() {
        let mut audit_log = sample();
        let (one, other) = (audit_log.events[4].event.clone(), audit_log.events[5].event.clone());
        audit_log.events[4].event = AuditEvent { seq: one.seq, ..other.clone() };
        audit_log.events[5].event = AuditEvent { seq: other.seq, ..one };
        assert_eq!(audit_log.findings(), [Finding::BlockChanged { number: 2, first_id: 10, last_id: 16 }]);
    }

    #[test]
    fn an_event_inserted_between_two_blocks_is_found() {
        let mut audit_log = sample();
        let stranger = Uuid::from_u128(555);
        audit_log.events.insert(4, StoredEvent { id: 9, stream: stranger, event: event(1, 4) });
        audit_log.heads.insert(stranger, 1);
        assert_eq!(audit_log.findings(), [Finding::EventInserted { id: 9 }]);
    }

    #[test]
    fn a_block_removed_with_its_events_is_found() {
        let mut audit_log = AuditLog::of(&[1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1]);
        audit_log.blocks.remove(1);
        audit_log.events.drain(4..8);
        audit_log.heads.remove(&Uuid::from_u128(102));
        let missing = Finding::BlockMissing { expected: 2, found: 3 };
        assert_eq!(audit_log.findings(), [missing, Finding::LinkBroken { number: 3 }]);
    }

    #[test]
    fn a_missing_end_is_found_by_the_counters_even_if_it_was_not_sealed() {
        let mut audit_log = sample();
        let cut = audit_log.events.pop().unwrap();
        assert_eq!(audit_log.findings(), [Finding::EndCut { stream: cut.stream, expected: 3, found: 2 }]);
    }

    #[test]
    fn a_missing_end_with_changed_counters_or_a_new_chain_is_found_by_a_witness() {
        let whole = sample();
        let last = whole.blocks.last().unwrap();
        let witnesses = [Witness { number: last.number, hash: last.hash }];
        assert_eq!(verify(&whole.blocks, &whole.events, &whole.heads, &witnesses, hash), []);

        for forged in [AuditLog::of(&[1, 2, 1, 3]), AuditLog::of(&[2, 2, 1, 3, 1, 1, 2, 3, 3, 1, 2])] {
            assert_eq!(forged.findings(), [], "the forgery is consistent");
            let findings = verify(&forged.blocks, &forged.events, &forged.heads, &witnesses, hash);
            assert_eq!(findings, [Finding::WitnessDiffers { number: 2 }]);
        }
    }

    proptest! {
        #[test]
        fn any_tampering_with_any_audit_log_is_found(
            streams in proptest::collection::vec(0u8..4, 5..40),
            what in 0u8..6,
            place in any::<prop::sample::Index>(),
            second in any::<prop::sample::Index>(),
        ) {
            let whole = AuditLog::of(&streams);
            prop_assert_eq!(whole.findings(), []);
            let mut audit_log = whole.clone();
            let sealed = audit_log.blocks.len() * 4;
            match what {
                // A sealed event is changed.
                0 => audit_log.events[place.index(sealed)].event.at = at(5000),
                // An event is deleted, sealed or not.
                1 => { audit_log.events.remove(place.index(streams.len())); }
                // A copy of an event is inserted.
                2 => {
                    let place = place.index(streams.len());
                    let mut extra = audit_log.events[place].clone();
                    extra.id += 1;
                    audit_log.events.insert(place + 1, extra);
                }
                // Two events are swapped, at least one of them sealed.
                3 => {
                    let (one, other) = (place.index(sealed), second.index(streams.len()));
                    prop_assume!(one != other);
                    let (mut first, mut last) = (audit_log.events[one].clone(), audit_log.events[other].clone());
                    std::mem::swap(&mut first.id, &mut last.id);
                    (audit_log.events[one], audit_log.events[other]) = (last, first);
                }
                // The end is removed, with or without its blocks.
                4 => {
                    let keep = place.index(streams.len());
                    audit_log.events.truncate(keep);
                    audit_log.blocks.truncate(keep / 4);
                }
                // A block is changed.
                _ => {
                    let place = place.index(audit_log.blocks.len());
                    audit_log.blocks[place].hash[second.index(32)] ^= 1;
                }
            }
            prop_assert!(!audit_log.findings().is_empty());
        }

        #[test]
        fn a_check_in_steps_finds_what_a_check_in_memory_finds(
            streams in proptest::collection::vec(0u8..4, 0..40), gone in any::<prop::sample::Index>(),
        ) {
            let mut audit_log = AuditLog::of(&streams);
            if !streams.is_empty() { audit_log.events.remove(gone.index(streams.len())); }
            let mut walk = Walk::new(&[]);
            let mut from = i64::MIN;
            for block in &audit_log.blocks {
                let run: Vec<StoredEvent> =
                    audit_log.events.iter().filter(|stored| from < stored.id && stored.id <= block.last_id).cloned().collect();
                walk.block(block, &run, hash);
                from = block.last_id;
            }
            for stored in audit_log.events.iter().filter(|stored| from < stored.id) {
                walk.unsealed(std::slice::from_ref(stored));
            }
            prop_assert_eq!(walk.findings(&audit_log.heads), audit_log.findings());
        }
    }
}
