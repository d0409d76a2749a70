//! Short lists in an order of preference, such as the skills against one trigger.

use serde::{Deserialize, Serialize};

use super::Invalid;

/// A list of at most `MOST` members, the one that is preferred first, such as the skills against one trigger; a
/// member named twice counts where it is named first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "Vec<T>",
    into = "Vec<T>",
    bound(deserialize = "T: PartialEq + Deserialize<'de>", serialize = "T: Clone + Serialize")
)]
pub struct BoundedList<T, const MOST: usize>(Vec<T>);

impl<T, const MOST: usize> BoundedList<T, MOST> {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Its members, the one that is preferred first.
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
        let mut ranked: Vec<T> = Vec::with_capacity(members.len());
        for member in members {
            if !ranked.contains(&member) {
                ranked.push(member);
            }
        }
        Ok(Self(ranked))
    }
}
impl<T, const MOST: usize> From<BoundedList<T, MOST>> for Vec<T> {
    fn from(ranked: BoundedList<T, MOST>) -> Self {
        ranked.0
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
    fn the_order_stays_and_a_double_counts_where_it_is_named_first() {
        assert_eq!(Vec::from(of(&[3, 1, 2]).unwrap()), [3, 1, 2]);
        assert_eq!(Vec::from(of(&[3, 1, 3, 1]).unwrap()), [3, 1]);
        assert_ne!(of(&[3, 1]), of(&[1, 3]));
        assert_eq!(of(&[1, 1, 1, 1, 1]), Err(Invalid::TooMany { most: 4, was: 5 }));
    }

    proptest! {
        #[test]
        fn a_list_reads_back_as_written(members in prop::collection::vec(0u16..4, 0..=4)) {
            let ranked = of(&members).unwrap();
            let json = serde_json::to_string(&ranked).unwrap();
            prop_assert_eq!(serde_json::from_str::<BoundedList<u16, 4>>(&json).unwrap(), ranked.clone());
            prop_assert!(members.iter().all(|member| ranked.iter().filter(|one| *one == member).count() == 1));
        }
    }
}
