//! Values read from a text that say in their own words what must stand there.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{self, Visitor};

use super::Invalid;

/// Reads a value from a text and says in the value's own words what must stand there, whatever does.
#[macro_export]
macro_rules! from_text {
    ($name:ident, $words:expr) => {
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
                text.deserialize_str($crate::value::TextVisitor::<Self>::by($words))
            }
        }
    };
}

/// The reader of [`from_text!`](crate::from_text).
pub struct TextVisitor<T>(Invalid, PhantomData<T>);

impl<T> TextVisitor<T> {
    /// With the words for what is something else.
    pub fn by(words: Invalid) -> Self {
        Self(words, PhantomData)
    }
}

impl<T: FromStr<Err = Invalid>> Visitor<'_> for TextVisitor<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_string().trim_start_matches("must be "))
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}
