//! Small sets, such as the triggers of one craving.

use serde::{Deserialize, Serialize};

use super::Invalid;

/// A set of at most `MOST` members, such as the triggers of one craving. Duplicates count once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "Vec<T>",
    into = "Vec<T>",
    bound(deserialize = "T: Ord + Deserialize<'de>", serialize = "T: Ord + Clone + Serialize")
)]
pub struct BoundedSet<T: Ord + Clone, const MOST: usize>(Vec<T>);

impl<T: Ord + Clone, const MOST: usize> BoundedSet<T, MOST> {
    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Whether it has this member.
    pub fn contains(&self, member: &T) -> bool {
        self.0.binary_search(member).is_ok()
    }
    /// Its members, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}
impl<'a, T: Ord + Clone, const MOST: usize> IntoIterator for &'a BoundedSet<T, MOST> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
impl<T: Ord + Clone, const MOST: usize> Default for BoundedSet<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
impl<T: Ord + Clone, const MOST: usize> TryFrom<Vec<T>> for BoundedSet<T, MOST> {
    type Error = Invalid;
    fn try_from(mut members: Vec<T>) -> Result<Self, Invalid> {
        if MOST < members.len() {
            return Err(Invalid::TooMany { most: MOST, was: members.len() });
        }
        members.sort();
        members.dedup();
        Ok(Self(members))
    }
}
impl<T: Ord + Clone, const MOST: usize> From<BoundedSet<T, MOST>> for Vec<T> {
    fn from(set: BoundedSet<T, MOST>) -> Self {
        set.0
    }
}
