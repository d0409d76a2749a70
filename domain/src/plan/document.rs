//! What the relapse-prevention plan and the safety plan share: a document of sections that can be merged,
//! compared and partly hidden, without code for each section.

use serde::Serialize;

use super::difference::{self, Difference, ItemChange};
use super::item::{Item, Items};
use super::merge::{self, Clash, Conflict};

/// A document of sections.
pub trait Document: Clone + PartialEq + Default + Serialize {
    /// The names of its sections.
    type Section: Copy + Ord + std::fmt::Debug + Serialize + Send + 'static;

    /// The JSON name of a section.
    fn field(section: Self::Section) -> &'static str;

    /// The document with the changes of both sides since `base`; see [`merge`](merge()).
    fn merged(base: &Self, theirs: &Self, mine: &Self) -> Result<Self, Conflict<Self::Section>>;

    /// The differences by section; see [`compare`].
    fn differences(old: &Self, new: &Self) -> Vec<Difference<Self::Section>>;

    /// This document with some sections of another.
    #[must_use]
    fn taking(self, from: &Self, which: impl Fn(Self::Section) -> bool) -> Self;

    /// The sections for which `is_so` holds, in order. It also gets whether both documents agree on the section.
    fn sections_where(&self, other: &Self, is_so: impl Fn(Self::Section, bool) -> bool)
    -> Vec<Self::Section>;
}

/// The document with the changes of both sides since `base`.
///
/// A section that only one side changed is taken from that side. In a list that both changed, each item is
/// taken from the side that changed it, and an item that one side removed and the other did not change is gone.
/// It is a conflict if both changed the same item differently, also by a new order in it, or reordered the same
/// items differently. In a critical section both wordings of an item stay instead. If one side removed an item
/// or a part of one, and the other changed it, it is a conflict in every section: somebody who removes the
/// number of a person who harms them relies on it being gone.
pub fn merge<D: Document>(base: &D, theirs: &D, mine: &D) -> Result<D, Conflict<D::Section>> {
    D::merged(base, theirs, mine)
}

/// The differences between two documents, in the order of their sections; none if they are equal.
pub fn compare<D: Document>(old: &D, new: &D) -> Vec<Difference<D::Section>> {
    D::differences(old, new)
}

/// The content of a section.
pub(super) trait Part: Clone + PartialEq {
    /// The merged content.
    fn merged(base: &Self, theirs: &Self, mine: &Self, critical: bool) -> Result<Self, Clash>;
    /// The differences. `name` is the field name of a value that has no fields.
    fn changes(old: &Self, new: &Self, name: &str) -> Vec<ItemChange>;
}

impl<T: Item, const MOST: usize> Part for Items<T, MOST> {
    fn merged(base: &Self, theirs: &Self, mine: &Self, critical: bool) -> Result<Self, Clash> {
        if theirs == mine || mine == base {
            return Ok(theirs.clone());
        }
        if theirs == base {
            return Ok(mine.clone());
        }
        merge::items(base, theirs, mine, critical)
    }
    fn changes(old: &Self, new: &Self, _: &str) -> Vec<ItemChange> {
        difference::items(old, new)
    }
}

/// A section that holds one value.
pub(super) trait Single: Clone + PartialEq + Serialize {
    /// Merges two values.
    fn both(base: Option<&Self>, theirs: &Self, mine: &Self) -> Result<Self, Clash>;
}

impl<T: Single> Part for Option<T> {
    fn merged(base: &Self, theirs: &Self, mine: &Self, critical: bool) -> Result<Self, Clash> {
        if theirs == mine || mine == base {
            return Ok(theirs.clone());
        }
        match (theirs, mine) {
            _ if theirs == base => Ok(mine.clone()),
            (Some(theirs), Some(mine)) => T::both(base.as_ref(), theirs, mine).map(Some),
            _ if critical => Err(Clash::Removed),
            // A review date that one side left out remains set.
            (one, other) => Ok(one.clone().or_else(|| other.clone())),
        }
    }
    fn changes(old: &Self, new: &Self, name: &str) -> Vec<ItemChange> {
        difference::single(old.as_ref(), new.as_ref(), name).into_iter().collect()
    }
}

/// Makes a struct of sections into a [`Document`]; a field left out does not compile.
macro_rules! document {
    ($document:ident, $sections:ident { $($field:ident = $section:ident,)+ }) => {
        impl $crate::plan::document::Document for $document {
            type Section = $sections;

            fn field(section: $sections) -> &'static str {
                match section { $($sections::$section => stringify!($field),)+ }
            }

            fn merged(
                base: &Self,
                theirs: &Self,
                mine: &Self,
            ) -> Result<Self, $crate::plan::merge::Conflict<$sections>> {
                use $crate::plan::document::Part;
                let mut sections = Vec::new();
                let merged = Self {
                    $($field: {
                        let critical = $sections::$section.is_critical();
                        Part::merged(&base.$field, &theirs.$field, &mine.$field, critical).unwrap_or_else(|clash| {
                            sections.push(($sections::$section, clash));
                            theirs.$field.clone()
                        })
                    },)+
                };
                if sections.is_empty() { Ok(merged) } else { Err($crate::plan::merge::Conflict { sections }) }
            }

            fn differences(old: &Self, new: &Self) -> Vec<$crate::plan::difference::Difference<$sections>> {
                use $crate::plan::{difference::Difference, document::Part};
                let mut differences = Vec::new();
                $({
                    let section = $sections::$section;
                    let changes = Part::changes(&old.$field, &new.$field, stringify!($field));
                    differences.extend(changes.into_iter().map(|change| Difference { section, change }));
                })+
                differences
            }

            fn taking(self, from: &Self, which: impl Fn($sections) -> bool) -> Self {
                Self {
                    $($field: if which($sections::$section) { from.$field.clone() } else { self.$field },)+
                }
            }

            fn sections_where(&self, other: &Self, is_so: impl Fn($sections, bool) -> bool) -> Vec<$sections> {
                let mut sections = Vec::new();
                $(if is_so($sections::$section, self.$field == other.$field) {
                    sections.push($sections::$section);
                })+
                sections
            }
        }
    };
}
pub(super) use document;
