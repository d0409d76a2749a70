//! The parts of a plan: short texts, and lists of items that keep their id from revision to revision.

use serde::{Deserialize, Serialize};

/// The most characters of [`Words`].
pub(super) const MOST_WORDS: usize = 160;

id! {
    /// The id of an item in a plan, made by the phone. It stays the same from revision to revision.
    ItemId
}
text! {
    /// A few of the person's own words.
    Words: 1 to 160, such as "Walking home past the old bar on payday"
}
text! {
    /// The name of a person or a crisis line.
    Called: 1 to 60, name, such as "Sam"
}
text! {
    /// A phone number or another way to reach somebody.
    Reach: 1 to 60, name, such as "call or text 555-0100"
}

/// Why a part of a plan is invalid. The text is for the person who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A list with too many entries.
    #[error("must have at most {most} entries, had {was}")]
    TooMany {
        /// The most entries allowed.
        most: usize,
        /// Entries given.
        was: usize,
    },
    /// Two entries of a list with the same id.
    #[error("must not have two entries with the id {0}")]
    Repeated(ItemId),
    /// A section that the care team always sees.
    #[error(
        "must not name local_crisis_lines, lapse_response, naloxone, review or sharing: the care team always sees these"
    )]
    AlwaysShared,
    /// A section that is named twice.
    #[error("must name each section once")]
    NamedTwice,
}

/// An entry of a list in a plan.
pub trait Item: Clone + PartialEq + Serialize {
    /// Its id.
    fn id(&self) -> ItemId;
    /// The same item with another id.
    #[must_use]
    fn under(self, id: ItemId) -> Self;
}

/// Implements [`Item`] for structs with an `id` field.
macro_rules! items {
    ($($item:ident),+) => {$(
        impl $crate::plan::item::Item for $item {
            fn id(&self) -> $crate::plan::item::ItemId { self.id }
            fn under(self, id: $crate::plan::item::ItemId) -> Self { Self { id, ..self } }
        }
    )+};
}
pub(crate) use items;

/// A list of at most `MOST` items in the person's order, each id once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "Vec<T>",
    into = "Vec<T>",
    bound(deserialize = "T: Item + Deserialize<'de>", serialize = "T: Item")
)]
pub struct Items<T: Item, const MOST: usize>(Vec<T>);

impl<T: Item, const MOST: usize> Items<T, MOST> {
    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
    /// Its items, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
    /// The item with this id.
    pub fn find(&self, id: ItemId) -> Option<&T> {
        self.iter().find(|item| item.id() == id)
    }
    /// The list with each item changed. Its id stays the same.
    #[must_use]
    pub(super) fn map(self, change: impl Fn(T) -> T) -> Self {
        let each = |item: T| {
            let id = item.id();
            change(item).under(id)
        };
        Self(self.0.into_iter().map(each).collect())
    }
    /// Their ids, in order.
    pub fn ids(&self) -> Vec<ItemId> {
        self.iter().map(Item::id).collect()
    }
}
impl<'a, T: Item, const MOST: usize> IntoIterator for &'a Items<T, MOST> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
impl<T: Item, const MOST: usize> Default for Items<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
impl<T: Item, const MOST: usize> TryFrom<Vec<T>> for Items<T, MOST> {
    type Error = Unfit;
    fn try_from(items: Vec<T>) -> Result<Self, Unfit> {
        if MOST < items.len() {
            return Err(Unfit::TooMany { most: MOST, was: items.len() });
        }
        let mut seen = std::collections::BTreeSet::new();
        match items.iter().map(Item::id).find(|id| !seen.insert(*id)) {
            Some(twice) => Err(Unfit::Repeated(twice)),
            None => Ok(Self(items)),
        }
    }
}
impl<T: Item, const MOST: usize> From<Items<T, MOST>> for Vec<T> {
    fn from(items: Items<T, MOST>) -> Self {
        items.0
    }
}
