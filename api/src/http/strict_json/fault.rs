//! What is wrong with one part of a request: serde's errors, worded for the client.

use std::fmt::{self, Display};

use serde::de::{Error, Expected, Unexpected};

/// The most bytes of a pointer, as in the OpenAPI document.
const MOST_POINTER: usize = 300;

/// What is wrong with a part.
#[derive(Debug)]
pub struct Fault {
    /// The names and indexes that lead to the part. While reading, they are in reverse order.
    pub path: Vec<String>,
    /// What the part must be. It does not repeat texts that were sent.
    pub detail: String,
    /// If the part is missing: the fields of the struct that requires it, or none if they are not known.
    pub(super) missed_by: Option<&'static [&'static str]>,
}

impl Fault {
    pub(super) fn at(mut self, name: impl Display) -> Self {
        self.path.push(name.to_string());
        self
    }

    /// The same fault of another field.
    pub(super) fn beside(&self, name: String) -> Self {
        let around = self.path.iter().take(self.path.len().saturating_sub(1));
        Self {
            path: around.cloned().chain([name]).collect(),
            detail: self.detail.clone(),
            missed_by: self.missed_by,
        }
    }

    /// A JSON pointer (RFC 6901) to the part, or to the part around it if the pointer would be too long.
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        for name in &self.path {
            let part = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            if MOST_POINTER < pointer.len() + part.len() {
                break;
            }
            pointer.push_str(&part);
        }
        pointer
    }
}

/// Lists the words of an enumeration, as what a value must be.
pub(super) fn one_of(words: &[&str]) -> String {
    format!("one of {}", list(words))
}

fn list(words: &[&str]) -> String {
    words.join(if words.len() == 2 { " or " } else { ", " })
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}
impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: Display>(detail: T) -> Self {
        Self { path: vec![], detail: detail.to_string(), missed_by: None }
    }
    fn invalid_type(_: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::custom(format_args!("must be {wanted}"))
    }
    fn invalid_value(_: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::custom(format_args!("must be {wanted}"))
    }
    fn invalid_length(_: usize, wanted: &dyn Expected) -> Self {
        Self::custom(format_args!("must be {wanted}"))
    }
    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::custom(format_args!("must be {}", one_of(known)))
    }
    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        let only = if known.is_empty() { String::new() } else { format!(", only {}", list(known)) };
        Self::custom(format_args!("is not known here{only}")).at(name)
    }
    fn missing_field(name: &'static str) -> Self {
        Self { missed_by: Some(&[]), ..Self::custom("must be given").at(name) }
    }
    fn duplicate_field(name: &'static str) -> Self {
        Self::custom("must be given once").at(name)
    }
}
