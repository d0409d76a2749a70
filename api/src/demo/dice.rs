//! Chance for the invented people.

use evenkeel_domain::value::Moment;
use jiff::Timestamp;
use uuid::{Builder, Uuid};

/// Chance that comes out the same each time: SplitMix64.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ stream.wrapping_mul(0xd134_2543_de82_ef95))
    }
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
    /// A number from one to another, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() >> 1).cast_signed() % (high - low + 1)
    }
    pub(super) fn chance(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }
    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let last = i64::try_from(from.len()).unwrap_or(1) - 1;
        from[usize::try_from(self.between(0, last)).unwrap_or(0)]
    }
    pub(super) fn maybe<T: Copy>(&mut self, percent: i64, from: &[T]) -> Option<T> {
        self.chance(percent).then(|| self.pick(from))
    }
    /// Some of these, each once, in their order from a chance beginning.
    pub(super) fn some<T: Copy>(&mut self, from: &[T], count: usize) -> Vec<T> {
        let skip = usize::try_from(self.between(0, i64::try_from(from.len()).unwrap_or(1) - 1)).unwrap_or(0);
        from.iter().copied().cycle().skip(skip).take(count.min(from.len())).collect()
    }
    pub(super) fn id(&mut self, at: Moment) -> Uuid {
        let millis = u64::try_from(Timestamp::from(at).as_millisecond()).unwrap_or(0);
        let mut random = [0; 10];
        let bytes = u128::from(self.next()) << 64 | u128::from(self.next());
        random.copy_from_slice(&bytes.to_le_bytes()[..10]);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}
