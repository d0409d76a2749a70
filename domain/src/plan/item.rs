//! What a plan is made of: short texts, and lists of things that keep their id from revision to revision.

use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::value::text_schema;

id! {
    /// One thing in a plan, named by the phone; it keeps its id from revision to revision.
    ItemId
}
text! {
    /// A few words of the person's own.
    Words: 1 to 160, such as "Walking home past the old bar on payday"
}
text! {
    /// How somebody, or a line, is called.
    Called: 1 to 60, such as "Sam"
}
text! {
    /// A telephone number or another way to get through.
    Reach: 1 to 60, such as "call or text 555-0100"
}

/// Why a part of a plan cannot exist. The text is meant for the person who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A list with too many entries.
    #[error("must have at most {most} entries, had {was}")]
    TooMany {
        /// Most entries allowed.
        most: usize,
        /// Entries given.
        was: usize,
    },
    /// Two entries of one list under one id.
    #[error("must not hold two entries with the id {0}")]
    Repeated(ItemId),
    /// A text that names no skill.
    #[error("must be library: and a code of small letters, digits and underscores, or own: and an id")]
    NoSkill,
    /// A section that the care team always sees.
    #[error("must not name lines, lapse_steps, naloxone, review or sharing: the care team always sees these")]
    AlwaysShared,
}

/// A coping skill by name: `library:` and its code, or `own:` and the id of one that the person wrote.
///
/// Spelt like `coping::SkillRef`, so that the two can become one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SkillLink(String);

impl SkillLink {
    /// Most characters of a library code.
    const MOST_CODE: usize = 40;

    /// The code in words, if it is one of the library's: what to print where nobody knows a better name.
    pub fn plain(&self) -> Option<String> {
        self.0.strip_prefix("library:").map(|code| code.replace('_', " "))
    }
}
impl TryFrom<String> for SkillLink {
    type Error = Unfit;
    fn try_from(text: String) -> Result<Self, Unfit> {
        match text.split_once(':') {
            Some(("library", code)) => {
                let is_code = (1..=Self::MOST_CODE).contains(&code.len())
                    && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
                if is_code { Ok(Self(text)) } else { Err(Unfit::NoSkill) }
            }
            // One id has several spellings; a link has one, or the same skill would count as two.
            Some(("own", id)) => {
                id.parse::<Uuid>().map(|id| Self(format!("own:{id}"))).map_err(|_| Unfit::NoSkill)
            }
            _ => Err(Unfit::NoSkill),
        }
    }
}
impl From<SkillLink> for String {
    fn from(link: SkillLink) -> Self {
        link.0
    }
}
impl AsRef<str> for SkillLink {
    fn as_ref(&self) -> &str {
        &self.0
    }
}
impl PartialSchema for SkillLink {
    fn schema() -> RefOr<Schema> {
        let about = "A coping skill: library: and its code, or own: and the id of one the person wrote";
        text_schema(about, Some(9), Some(48), None, "library:urge_surfing")
    }
}
impl ToSchema for SkillLink {}

/// Something in a list of a plan.
pub trait Item: Clone + PartialEq + Serialize {
    /// Its id.
    fn id(&self) -> ItemId;
    /// The same under another id.
    #[must_use]
    fn under(self, id: ItemId) -> Self;
}

/// Makes structs with an `id` field into items.
macro_rules! items {
    ($($item:ident),+) => {$(
        impl $crate::plan::item::Item for $item {
            fn id(&self) -> $crate::plan::item::ItemId { self.id }
            fn under(self, id: $crate::plan::item::ItemId) -> Self { Self { id, ..self } }
        }
    )+};
}
pub(crate) use items;

/// A list of at most `MOST` items, in the order that the person gave them, each id once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "Vec<T>",
    into = "Vec<T>",
    bound(deserialize = "T: Item + Deserialize<'de>", serialize = "T: Item")
)]
pub struct Items<T: Item, const MOST: usize>(Vec<T>);

impl<T: Item, const MOST: usize> Items<T, MOST> {
    /// Whether there is nothing in it.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn link(text: &str) -> Result<SkillLink, Unfit> {
        text.to_owned().try_into()
    }

    #[test]
    fn a_skill_is_the_librarys_or_an_own_one() {
        let own = "own:0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3";
        assert_eq!(String::from(link("library:urge_surfing").unwrap()), "library:urge_surfing");
        assert_eq!(link("library:urge_surfing").unwrap().plain().as_deref(), Some("urge surfing"));
        assert_eq!(link(own).unwrap().plain(), None);
        assert_eq!(link(&own.to_uppercase().replace("OWN", "own")), link(own), "one spelling of one skill");
        let long = format!("library:{}", "a".repeat(41));
        for bad in ["", "urge_surfing", "library:", "library:Urge", "library:a b", "own:7", "shop:x", &long] {
            assert_eq!(link(bad), Err(Unfit::NoSkill), "{bad:?}");
        }
    }
}
