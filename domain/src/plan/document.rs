//! What the relapse-prevention plan and the safety plan have in common: a document of sections that can be
//! merged, compared and partly hidden without a line of code for a single section.

use serde::Serialize;

use super::difference::{self, Difference, ItemChange};
use super::item::{Item, ItemId, Items};
use super::merge::{self, Clash, Conflict};
use super::section::OnlyMe;

/// A document of sections.
pub trait Document: Clone + PartialEq + Default + Serialize {
    /// The names of its sections.
    type Section: Copy + Ord + std::fmt::Debug + Serialize + Send + 'static;

    /// The name in JSON of a section.
    fn field(section: Self::Section) -> &'static str;

    /// The document with what both sides did since `base`; see [`merge`](super::merge()).
    fn merged(base: &Self, theirs: &Self, mine: &Self) -> Result<Self, Conflict<Self::Section>>;

    /// What differs, section by section; see [`compare`](super::compare).
    fn differences(old: &Self, new: &Self) -> Vec<Difference<Self::Section>>;

    /// This document with some of its sections as another has them.
    #[must_use]
    fn taking(self, from: &Self, which: impl Fn(Self::Section) -> bool) -> Self;

    /// The sections of which this is so, in order; `is_so` is told whether two documents agree on it.
    fn sections_where(&self, other: &Self, is_so: impl Fn(Self::Section, bool) -> bool)
    -> Vec<Self::Section>;
}

/// What one section holds.
pub(super) trait Part: Clone + PartialEq {
    /// What both sides made of it, unless that does not go together.
    fn merged(base: &Self, theirs: &Self, mine: &Self, critical: bool) -> Result<Self, Clash>;
    /// What differs; `name` stands for a value that has no fields.
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
    /// One value that does justice to two.
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
            // A day for the next review that was left out is none the less set.
            (one, other) => Ok(one.clone().or_else(|| other.clone())),
        }
    }
    fn changes(old: &Self, new: &Self, name: &str) -> Vec<ItemChange> {
        difference::single(old.as_ref(), new.as_ref(), name).into_iter().collect()
    }
}

impl Part for OnlyMe {
    fn merged(base: &Self, theirs: &Self, mine: &Self, _: bool) -> Result<Self, Clash> {
        // Both can only have made the same change to one section: it was kept before, or it was not.
        Ok(theirs.changed_as(base, mine))
    }
    fn changes(old: &Self, new: &Self, name: &str) -> Vec<ItemChange> {
        difference::single(Some(old), Some(new), name).into_iter().collect()
    }
}

/// The id of an item's second wording, the same wherever it is worked out.
pub(super) fn twin(id: ItemId, content: &[u8]) -> ItemId {
    // FNV-1a of 128 bits: not to be trusted, only to be the same for everybody.
    let hash = content.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b)
    });
    let bytes = (uuid::Uuid::from(id).as_u128() ^ hash).to_be_bytes();
    uuid::Builder::from_custom_bytes(bytes).into_uuid().into()
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
