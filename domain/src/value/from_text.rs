//! Values read from a text. Their error says what was expected.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{self, Visitor};

use super::Invalid;

/// Reads a value from a text. The error describes the expected form, whatever was sent.
#[macro_export]
macro_rules! from_text {
    ($name:ident, $error:expr) => {
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(text: D) -> Result<Self, D::Error> {
                text.deserialize_str($crate::value::TextVisitor::<Self>::by($error))
            }
        }
    };
}

/// The reader of [`from_text!`](crate::from_text).
pub struct TextVisitor<T>(Invalid, PhantomData<T>);

impl<T> TextVisitor<T> {
    /// A reader with this error for anything else.
    pub fn by(error: Invalid) -> Self {
        Self(error, PhantomData)
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
