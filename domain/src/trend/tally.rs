//! Tallies: the number of entries of a kind, and their intensity.

use crate::craving::TriggerCategory;
use crate::reminder::Weekday;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;

/// The number of entries and the sum of their intensities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i32, i32)", into = "(i32, i32)")]
pub struct Tally {
    /// Number of entries.
    pub count: i32,
    /// The sum of their intensities.
    pub sum: i32,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.saturating_add(other.sum);
    }

    pub(super) fn mean(self) -> Option<f64> {
        let hundredths = (f64::from(self.sum) * 100.0 / f64::from(self.count)).round();
        (0 < self.count).then_some(hundredths / 100.0)
    }
}
impl From<(i32, i32)> for Tally {
    fn from((count, sum): (i32, i32)) -> Self {
        Self { count, sum }
    }
}
impl From<Tally> for (i32, i32) {
    fn from(tally: Tally) -> Self {
        (tally.count, tally.sum)
    }
}

/// Tallies by one of `N` keys. A trend adds up hundreds of these, so each key has a fixed place in an array.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tallies<K, const N: usize> {
    by_place: [Tally; N],
    keys: PhantomData<K>,
}

/// A key of tallies.
pub trait TallyKey: Copy {
    /// Its place among all keys, from 0.
    fn place(self) -> usize;
    /// The key at this place, if there is one.
    fn at(place: usize) -> Option<Self>;
}
macro_rules! word_keys {
    ($($word:ty),+) => {$(
        impl TallyKey for $word {
            fn place(self) -> usize {
                self as usize
            }
            fn at(place: usize) -> Option<Self> {
                Self::ALL.get(place).copied()
            }
        }
    )+};
}
word_keys!(TriggerCategory, Weekday);
impl TallyKey for u8 {
    fn place(self) -> usize {
        self.into()
    }
    fn at(place: usize) -> Option<Self> {
        place.try_into().ok()
    }
}

impl<K: TallyKey, const N: usize> Tallies<K, N> {
    /// The tallies with entries, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (K, Tally)> {
        let counted = self.by_place.iter().enumerate().filter(|(_, tally)| 0 < tally.count);
        counted.filter_map(|(place, tally)| Some((K::at(place)?, *tally)))
    }

    pub(super) fn add(&mut self, key: K, tally: Tally) {
        if let Some(sum) = self.by_place.get_mut(key.place()) {
            sum.add(tally);
        }
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        for (sum, tally) in self.by_place.iter_mut().zip(other.by_place) {
            sum.add(tally);
        }
    }
}
impl<K, const N: usize> Default for Tallies<K, N> {
    fn default() -> Self {
        Self { by_place: [Tally::default(); N], keys: PhantomData }
    }
}
impl<K: TallyKey + fmt::Debug, const N: usize> fmt::Debug for Tallies<K, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
impl<K: TallyKey + Serialize, const N: usize> Serialize for Tallies<K, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}
impl<'de, K: TallyKey + Deserialize<'de>, const N: usize> Deserialize<'de> for Tallies<K, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<K, const N: usize>(PhantomData<K>);
        impl<'de, K: TallyKey + Deserialize<'de>, const N: usize> Visitor<'de> for Entries<K, N> {
            type Value = Tallies<K, N>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tallies")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut tallies = Tallies::default();
                while let Some((key, tally)) = entries.next_entry::<K, Tally>()? {
                    let place = tallies.by_place.get_mut(key.place());
                    *place.ok_or_else(|| A::Error::custom("a tally of an unknown key"))? = tally;
                }
                Ok(tallies)
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}
