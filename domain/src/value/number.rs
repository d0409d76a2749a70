//! Whole numbers in a range.

use std::fmt;

use serde::de::{self, Unexpected, Visitor};

/// Reads a whole number. Its error names the allowed range, whatever was sent.
pub struct Whole {
    /// Smallest allowed.
    pub low: i64,
    /// Largest allowed.
    pub high: i64,
}

impl Visitor<'_> for Whole {
    type Value = i64;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {} to {}, in plain digits", self.low, self.high)
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }
}

/// Makes a type for whole numbers in a range.
#[macro_export]
macro_rules! whole_number {
    ($(#[doc = $doc:literal])* $name:ident: $low:literal to $high:literal, such as $example:literal) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ::serde::Serialize)]
        #[serde(into = "i64")]
        pub struct $name(i16);
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(number: D) -> Result<Self, D::Error> {
                let was = number.deserialize_i64($crate::value::Whole { low: $low, high: $high })?;
                Self::try_from(was).map_err(::serde::de::Error::custom)
            }
        }
        impl TryFrom<i64> for $name {
            type Error = $crate::value::Invalid;
            fn try_from(was: i64) -> Result<Self, Self::Error> {
                match i16::try_from(was) {
                    Ok(number) if ($low..=$high).contains(&number) => Ok(Self(number)),
                    _ => Err($crate::value::Invalid::Range { low: $low, high: $high, was }),
                }
            }
        }
        impl From<$name> for i64 {
            fn from(value: $name) -> Self { value.0.into() }
        }
        impl From<$name> for i16 {
            fn from(value: $name) -> Self { value.0 }
        }
        impl TryFrom<i16> for $name {
            type Error = $crate::value::Invalid;
            fn try_from(was: i16) -> Result<Self, Self::Error> { i64::from(was).try_into() }
        }
        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::schema::Schema> {
                ::utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(::utoipa::openapi::schema::Type::Integer)
                    .description(Some(concat!($($doc),*).trim()))
                    .minimum(Some($low))
                    .maximum(Some($high))
                    .examples([::serde_json::json!($example)])
                    .into()
            }
        }
        impl ::utoipa::ToSchema for $name {}
    };
}
