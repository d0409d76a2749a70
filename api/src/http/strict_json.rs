//! Strict JSON: reads a value, or names every part that is wrong and what it must be.
//!
//! It is stricter than serde's derives: it does not accept an array for a struct, or an object for a variant
//! without fields. Such a body could mean something else in the next version.

mod fault;
mod reader;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, Visitor};
use serde_json::Number;
use serde_json::value::RawValue;

pub use fault::Fault;

/// The most faults named at once, and the most passes to find them.
const MOST_FAULTS: usize = 100;
/// The most bytes read to find them. A large body gets fewer passes than a small one.
const MOST_READ: usize = 512 * 1024;
/// The deepest nesting of lists and objects.
const MOST_LEVELS: usize = 8;

const HALF_PAIR: &str = "must not have half of a surrogate pair (\\ud800 to \\udfff)";
const TOO_DEEP: &str = "must not be nested so deeply";
const TOO_LARGE: &str = "must be a smaller number";

/// The JSON or parameters that a client sent.
pub enum Tree<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Cow<'a, str>),
    /// A part of a path or query: a text, or the number or boolean that it spells.
    Parameter(Cow<'a, str>),
    /// A list.
    List(Vec<Self>),
    /// An object with all its members, including those with the same name.
    Object(Vec<(Cow<'a, str>, Self)>),
    /// JSON that no type can hold, with what it must be.
    Unfit(&'static str),
    /// A part whose fault is already recorded. Readers skip it.
    LeftOut,
}

impl<'a> Tree<'a> {
    /// The tree of valid JSON.
    pub fn of(json: &'a RawValue) -> Self {
        Self::within(json, MOST_LEVELS)
    }

    fn within(json: &'a RawValue, levels: usize) -> Self {
        let json = json.get();
        let first = json.bytes().next();
        if levels == 0 && matches!(first, Some(b'{' | b'[')) {
            return Self::Unfit(TOO_DEEP);
        }
        let read = match first {
            Some(b'{') => serde_json::from_str(json).map(|Members(members)| {
                let part = |(Text(name), part)| (name, Self::within(part, levels - 1));
                Self::Object(members.into_iter().map(part).collect())
            }),
            Some(b'[') => serde_json::from_str(json).map(|items: Vec<&RawValue>| {
                Self::List(items.into_iter().map(|item| Self::within(item, levels - 1)).collect())
            }),
            Some(b'"') => serde_json::from_str(json).map(|Text(text)| Self::Text(text)),
            Some(b't' | b'f') => Ok(Self::Bool(json == "true")),
            Some(b'n') => Ok(Self::Null),
            _ => serde_json::from_str(json).map(Self::Number),
        };
        // The syntax is already checked. What fails here is a text or a number that Rust cannot hold.
        read.unwrap_or(Self::Unfit(if matches!(first, Some(b'"' | b'{')) { HALF_PAIR } else { TOO_LARGE }))
    }

    /// Reads a value of `length` bytes, or finds all faults. Each pass finds one: it leaves out the part with the
    /// fault, and the next pass reads the rest. `required` gives the required ones of a struct's fields.
    pub fn read<T: DeserializeOwned>(
        mut self,
        length: usize,
        required: impl Fn(&[&str]) -> Vec<String>,
    ) -> Result<T, Vec<Fault>> {
        let passes = (MOST_READ / length.max(1)).clamp(1, MOST_FAULTS);
        let mut faults: Vec<Fault> = vec![];
        let mut left_out: Vec<Vec<String>> = vec![];
        for _ in 0..passes {
            let mut fault = match T::deserialize(&self) {
                Ok(value) if faults.is_empty() => return Ok(value),
                Ok(_) => break,
                Err(fault) => fault,
            };
            fault.path.reverse();
            // Inside a tagged variant serde does not report where the fault is.
            while fault.missed_by.is_none() && !self.has(&fault.path) {
                fault.path.pop();
            }
            let path = fault.path.clone();
            // serde stops at the first missing field, so the others are added here.
            let others = fault.missed_by.map(&required).unwrap_or_default();
            let others = others.into_iter().map(|name| fault.beside(name));
            let others: Vec<_> =
                others.filter(|other| other.path != path && !self.has(&other.path)).collect();
            // Do not report a fault that only exists because a part of it was left out.
            if !left_out.iter().any(|part| part.starts_with(&path)) {
                faults.push(fault);
            }
            faults.extend(others);
            self.leave_out(&path);
            if matches!(self, Self::LeftOut) {
                break;
            }
            left_out.push(path);
        }
        faults.truncate(MOST_FAULTS);
        Err(faults)
    }

    /// The parts with this name or index.
    fn parts(&mut self, name: &str) -> Vec<&mut Self> {
        match self {
            Self::Object(members) => {
                members.iter_mut().filter(|member| member.0 == name).map(|member| &mut member.1).collect()
            }
            Self::List(items) => {
                let index: Option<usize> = name.parse().ok();
                index.and_then(|index| items.get_mut(index)).into_iter().collect()
            }
            _ => vec![],
        }
    }

    fn has(&mut self, path: &[String]) -> bool {
        let Some((name, rest)) = path.split_first() else { return true };
        self.parts(name).into_iter().any(|part| part.has(rest))
    }

    /// Leaves out the part at a path, or the nearest part around it that exists.
    fn leave_out(&mut self, path: &[String]) {
        let mut is_there = false;
        if let Some((name, rest)) = path.split_first() {
            for part in self.parts(name).into_iter().filter(|part| !matches!(part, Self::LeftOut)) {
                is_there = true;
                part.leave_out(rest);
            }
        }
        if !is_there {
            *self = Self::LeftOut;
        }
    }

    fn must_be(&self, wanted: impl fmt::Display) -> Fault {
        match self {
            Self::Unfit(detail) => Fault::custom(detail),
            _ => Fault::custom(format_args!("must be {wanted}")),
        }
    }
}

/// A text, borrowed if it has no escape.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// The members of an object in order. A map would lose members with the same name.
struct Members<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(object: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = vec![];
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        object.deserialize_map(All)
    }
}
