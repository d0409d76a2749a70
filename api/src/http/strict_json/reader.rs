//! Reads a tree with serde. Each fault says where it is.

use std::borrow::Cow;
use std::iter::Enumerate;
use std::slice::Iter;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::fault::one_of;
use super::{Fault, Tree};

macro_rules! whole_numbers {
    ($($ask:ident $type:ident)+) => {$(
        fn $ask<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let number = match self {
                Tree::Number(number) => number.as_i64(),
                Tree::Parameter(text) => text.parse().ok(),
                _ => None,
            };
            match number.filter(|number| $type::try_from(*number).is_ok()) {
                Some(number) => visitor.visit_i64(number),
                None => Err(self.must_be(format_args!("a whole number from {} to {}", $type::MIN, $type::MAX))),
            }
        }
    )+};
}

// For Rust's own types the methods below name what a value must be. Our value types ask for `str`, `i64` or `any`,
// and their visitors name it.
impl<'de> Deserializer<'de> for &'de Tree<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(yes) => visitor.visit_bool(*yes),
            Tree::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (_, Some(number), _) => visitor.visit_i64(number),
                (.., number) => visitor.visit_f64(number.unwrap_or(f64::NAN)),
            },
            Tree::Text(text) | Tree::Parameter(text) => visitor.visit_borrowed_str(text),
            Tree::List(items) => visitor.visit_seq(Items(items.iter().enumerate())),
            Tree::Object(members) => visitor.visit_map(Members { rest: members.iter(), at: None }),
            Tree::Unfit(_) | Tree::LeftOut => Err(self.must_be("given")),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Tree::Bool(yes) => visitor.visit_bool(*yes),
            Tree::Parameter(text) if text == "true" => visitor.visit_bool(true),
            Tree::Parameter(text) if text == "false" => visitor.visit_bool(false),
            _ => Err(self.must_be("true or false")),
        }
    }

    whole_numbers! {
        deserialize_i8 i8 deserialize_i16 i16 deserialize_i32 i32
        deserialize_u8 u8 deserialize_u16 u16 deserialize_u32 u32
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Tree::Parameter(text) => match text.parse() {
                Ok(number) => visitor.visit_i64(number),
                Err(_) => visitor.visit_borrowed_str(text),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Tree::Number(_) => self.deserialize_any(visitor),
            _ => Err(self.must_be("a number")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Tree::Text(text) | Tree::Parameter(text) => visitor.visit_borrowed_str(text),
            _ => Err(self.must_be("a text")),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Tree::List(_) => self.deserialize_any(visitor),
            _ => Err(self.must_be("a list")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Tree::List(items) if items.len() == length => self.deserialize_any(visitor),
            _ => Err(self.must_be(format_args!("a list of {length}"))),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Tree::Object(_) => self.deserialize_any(visitor),
            _ => Err(self.must_be("an object")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor).map_err(|fault| match fault.missed_by {
            Some(_) if fault.path.len() == 1 => Fault { missed_by: Some(fields), ..fault },
            _ => fault,
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self {
            Tree::Text(word) | Tree::Parameter(word) => {
                visitor.visit_enum(BorrowedStrDeserializer::new(word))
            }
            _ => Err(self.must_be(one_of(words))),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Tree::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i128 u64 u128 f32 char str bytes byte_buf unit unit_struct tuple_struct identifier ignored_any
    }
}

/// The items of a list. Items that are left out still count in the index.
struct Items<'de, 'a>(Enumerate<Iter<'de, Tree<'a>>>);

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let next = self.0.find(|(_, item)| !matches!(item, Tree::LeftOut));
        let Some((index, item)) = next else { return Ok(None) };
        seed.deserialize(item).map(Some).map_err(|fault| fault.at(index))
    }
}

/// The members of an object, and the one whose name was read.
struct Members<'de, 'a> {
    rest: Iter<'de, (Cow<'a, str>, Tree<'a>)>,
    at: Option<&'de (Cow<'a, str>, Tree<'a>)>,
}

impl<'de> MapAccess<'de> for Members<'de, '_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.at = self.rest.find(|(_, part)| !matches!(part, Tree::LeftOut));
        let Some((name, _)) = self.at else { return Ok(None) };
        // The path of an unknown field already has its name.
        let named = |fault: Fault| if fault.path.is_empty() { fault.at(name) } else { fault };
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some).map_err(named)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let Some((name, part)) = self.at else { return Err(Fault::custom("must have a name")) };
        seed.deserialize(part).map_err(|fault| fault.at(name))
    }
}
