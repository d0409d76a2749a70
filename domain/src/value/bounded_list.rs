//! Short lists in order of preference, such as the skills for one trigger.

use serde::{Deserialize, Serialize};

use super::Invalid;

/// A list of at most `MOST` members, the preferred one first, such as the skills for one trigger. Of duplicates
/// the first counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "Vec<T>",
    into = "Vec<T>",
    bound(deserialize = "T: PartialEq + Deserialize<'de>", serialize = "T: Clone + Serialize")
)]
pub struct BoundedList<T, const MOST: usize>(Vec<T>);

impl<T, const MOST: usize> BoundedList<T, MOST> {
    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Its members, the preferred one first.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}
impl<'a, T, const MOST: usize> IntoIterator for &'a BoundedList<T, MOST> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
impl<T, const MOST: usize> Default for BoundedList<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
impl<T: PartialEq, const MOST: usize> TryFrom<Vec<T>> for BoundedList<T, MOST> {
    type Error = Invalid;
    fn try_from(members: Vec<T>) -> Result<Self, Invalid> {
        if MOST < members.len() {
            return Err(Invalid::TooMany { most: MOST, was: members.len() });
        }
        let mut unique: Vec<T> = Vec::with_capacity(members.len());
        for member in members {
            if !unique.contains(&member) {
                unique.push(member);
            }
        }
        Ok(Self(unique))
    }
}
impl<T, const MOST: usize> From<BoundedList<T, MOST>> for Vec<T> {
    fn from(list: BoundedList<T, MOST>) -> Self {
        list.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(members: &[u16]) -> Result<BoundedList<u16, 4>, Invalid> {
        members.to_vec().try_into()
    }

    #[test]
    fn the_order_stays_and_the_first_of_duplicates_counts() {
        assert_eq!(Vec::from(of(&[3, 1, 2]).unwrap()), [3, 1, 2]);
        assert_eq!(Vec::from(of(&[3, 1, 3, 1]).unwrap()), [3, 1]);
        assert_ne!(of(&[3, 1]), of(&[1, 3]));
        assert_eq!(of(&[1, 1, 1, 1, 1]), Err(Invalid::TooMany { most: 4, was: 5 }));
    }

    proptest! {
        #[test]
        fn a_list_reads_back_as_written(members in prop::collection::vec(0u16..4, 0..=4)) {
            let list = of(&members).unwrap();
            let json = serde_json::to_string(&list).unwrap();
            prop_assert_eq!(serde_json::from_str::<BoundedList<u16, 4>>(&json).unwrap(), list.clone());
            prop_assert!(members.iter().all(|member| list.iter().filter(|one| *one == member).count() == 1));
        }
    }
}
