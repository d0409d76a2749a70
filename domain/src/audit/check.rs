//! The check of a audit log against its seals, its counters and what was witnessed elsewhere.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::seal::{block_hash, count};
use super::{Block, Finding, Hash, ORIGIN, StoredEvent, Witness};

/// A walk over a whole audit log that holds one block of it at a time.
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
    pub fn block(&mut self, block: &Block, entries: &[StoredEvent], hash: impl Fn(&[u8]) -> Hash) {
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
    pub fn unsealed(&mut self, entries: &[StoredEvent]) {
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

    fn follow(&mut self, entries: &[StoredEvent]) {
        for StoredEvent { id, stream, entry } in entries {
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

/// Everything that is not as it was written, of a audit log held whole: its blocks by number, its entries by id,
/// where each stream's counter stands, and the blocks that were witnessed elsewhere.
pub fn verify(
    blocks: &[Block],
    entries: &[StoredEvent],
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
    use crate::access::Action;
    use crate::account::Role;
    use crate::audit::tests::{at, entry};
    use crate::audit::{AuditEvent, AuditOutcome, seal};
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

    #[derive(Clone, Debug)]
    struct AuditLog {
        blocks: Vec<Block>,
        entries: Vec<StoredEvent>,
        heads: BTreeMap<Uuid, i64>,
    }

    impl AuditLog {
        /// One entry for each stream number in turn, sealed by fours, the rest left unsealed.
        fn of(streams: &[u8]) -> Self {
            let mut heads = BTreeMap::new();
            let entries: Vec<StoredEvent> = (1i64..)
                .zip(streams)
                .map(|(id, stream)| {
                    let stream = Uuid::from_u128(100 + u128::from(*stream));
                    let seq = heads.entry(stream).and_modify(|seq| *seq += 1).or_insert(1);
                    StoredEvent { id: id * 2, stream, entry: entry(*seq, id) }
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

    fn sample() -> AuditLog {
        AuditLog::of(&[1, 2, 1, 3, 1, 1, 2, 3, 3, 1, 2])
    }

    #[test]
    fn an_untouched_audit_log_has_no_findings() {
        assert_eq!(sample().findings(), []);
        assert_eq!(AuditLog::of(&[]).findings(), []);
        assert_eq!(seal(None, &[], hash, at(0)), None);
    }

    #[test]
    fn a_changed_entry_is_found_whichever_part_was_changed() {
        type Tamper = fn(&mut StoredEvent);
        let tampers: [Tamper; 10] = [
            |kept| kept.stream = Uuid::from_u128(3),
            |kept| kept.entry.seq += 1,
            |kept| kept.entry.at = at(99),
            |kept| kept.entry.actor = None,
            |kept| kept.entry.actor_role = Some(Role::Participant),
            |kept| kept.entry.device = None,
            |kept| kept.entry.action = Action::RecordCraving,
            |kept| kept.entry.entity = Some(Uuid::nil()),
            |kept| kept.entry.outcome = AuditOutcome::Refused,
            |kept| kept.entry.request_id = Uuid::max(),
        ];
        for (part, tamper) in tampers.into_iter().enumerate() {
            let mut audit_log = sample();
            tamper(&mut audit_log.entries[5]);
            let changed = Finding::BlockChanged { number: 2, first_id: 10, last_id: 16 };
            assert!(audit_log.findings().contains(&changed), "part {part}");
        }
    }

    #[test]
    fn a_swap_of_two_contents_is_found() {
        let mut audit_log = sample();
        let (one, other) = (audit_log.entries[4].entry.clone(), audit_log.entries[5].entry.clone());
        audit_log.entries[4].entry = AuditEvent { seq: one.seq, ..other.clone() };
        audit_log.entries[5].entry = AuditEvent { seq: other.seq, ..one };
        assert_eq!(audit_log.findings(), [Finding::BlockChanged { number: 2, first_id: 10, last_id: 16 }]);
    }

    #[test]
    fn an_entry_put_between_two_blocks_is_found() {
        let mut audit_log = sample();
        let stranger = Uuid::from_u128(555);
        audit_log.entries.insert(4, StoredEvent { id: 9, stream: stranger, entry: entry(1, 4) });
        audit_log.heads.insert(stranger, 1);
        assert_eq!(audit_log.findings(), [Finding::EntryInserted { id: 9 }]);
    }

    #[test]
    fn a_block_taken_out_with_its_entries_is_found() {
        let mut audit_log = AuditLog::of(&[1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1]);
        audit_log.blocks.remove(1);
        audit_log.entries.drain(4..8);
        audit_log.heads.remove(&Uuid::from_u128(102));
        let missing = Finding::BlockMissing { expected: 2, found: 3 };
        assert_eq!(audit_log.findings(), [missing, Finding::LinkBroken { number: 3 }]);
    }

    #[test]
    fn a_cut_end_is_found_by_the_counters_even_where_nothing_was_sealed() {
        let mut audit_log = sample();
        let cut = audit_log.entries.pop().unwrap();
        assert_eq!(audit_log.findings(), [Finding::EndCut { stream: cut.stream, expected: 3, found: 2 }]);
    }

    #[test]
    fn an_end_cut_with_its_counters_or_a_chain_made_anew_is_found_by_a_witness() {
        let whole = sample();
        let last = whole.blocks.last().unwrap();
        let witnesses = [Witness { number: last.number, hash: last.hash }];
        assert_eq!(verify(&whole.blocks, &whole.entries, &whole.heads, &witnesses, hash), []);

        for forged in [AuditLog::of(&[1, 2, 1, 3]), AuditLog::of(&[2, 2, 1, 3, 1, 1, 2, 3, 3, 1, 2])] {
            assert_eq!(forged.findings(), [], "a forgery that holds by itself");
            let findings = verify(&forged.blocks, &forged.entries, &forged.heads, &witnesses, hash);
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
                // A changed content of what is sealed.
                0 => audit_log.entries[place.index(sealed)].entry.at = at(5000),
                // A deletion anywhere, sealed or not.
                1 => { audit_log.entries.remove(place.index(streams.len())); }
                // An insertion anywhere, of a copy or between two ids.
                2 => {
                    let place = place.index(streams.len());
                    let mut extra = audit_log.entries[place].clone();
                    extra.id += 1;
                    audit_log.entries.insert(place + 1, extra);
                }
                // A swap of two different contents, at least one sealed.
                3 => {
                    let (one, other) = (place.index(sealed), second.index(streams.len()));
                    prop_assume!(one != other);
                    let (mut first, mut last) = (audit_log.entries[one].clone(), audit_log.entries[other].clone());
                    std::mem::swap(&mut first.id, &mut last.id);
                    (audit_log.entries[one], audit_log.entries[other]) = (last, first);
                }
                // A cut of the end, with or without its blocks.
                4 => {
                    let keep = place.index(streams.len());
                    audit_log.entries.truncate(keep);
                    audit_log.blocks.truncate(keep / 4);
                }
                // A block changed.
                _ => {
                    let place = place.index(audit_log.blocks.len());
                    audit_log.blocks[place].hash[second.index(32)] ^= 1;
                }
            }
            prop_assert!(!audit_log.findings().is_empty());
        }

        #[test]
        fn a_walk_in_steps_finds_what_a_whole_look_finds(
            streams in proptest::collection::vec(0u8..4, 0..40), gone in any::<prop::sample::Index>(),
        ) {
            let mut audit_log = AuditLog::of(&streams);
            if !streams.is_empty() { audit_log.entries.remove(gone.index(streams.len())); }
            let mut walk = Walk::new(&[]);
            let mut from = i64::MIN;
            for block in &audit_log.blocks {
                let run: Vec<StoredEvent> =
                    audit_log.entries.iter().filter(|kept| from < kept.id && kept.id <= block.last_id).cloned().collect();
                walk.block(block, &run, hash);
                from = block.last_id;
            }
            for kept in audit_log.entries.iter().filter(|kept| from < kept.id) {
                walk.unsealed(std::slice::from_ref(kept));
            }
            prop_assert_eq!(walk.findings(&audit_log.heads), audit_log.findings());
        }
    }
}
