//! Random numbers that are the same each time: SplitMix64.

use evenkeel_domain::value::Moment;
use jiff::Timestamp;
use uuid::{Builder, Uuid};

pub(super) struct Dice(u64);

impl Dice {
    /// The numbers for a person, by name.
    pub(super) fn new(name: &str) -> Self {
        Self(name.bytes().fold(0xcbf2_9ce4_8422_2325, |seed, byte| {
            (seed ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        let span = u64::from(low.abs_diff(high)) + 1;
        low + i32::try_from(self.next() % span).unwrap_or(0)
    }
    pub(super) fn chance(&mut self, percent: i32) -> bool {
        self.between(1, 100) <= percent
    }
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let last = i32::try_from(from.len()).unwrap_or(1) - 1;
        &from[usize::try_from(self.between(0, last)).unwrap_or(0)]
    }
    pub(super) fn id(&mut self, at: Moment) -> Uuid {
        let millis = u64::try_from(Timestamp::from(at).as_millisecond()).unwrap_or(0);
        let mut random = [0; 10];
        let bytes = u128::from(self.next()) << 64 | u128::from(self.next());
        random.copy_from_slice(&bytes.to_le_bytes()[..10]);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}
