//! Lists in pages: the size of a page, and where the next one begins.

use data_encoding::BASE64URL_NOPAD;
use evenkeel_domain::value::{Moment, text_schema};
use evenkeel_domain::whole_number;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

whole_number! {
    /// The most entries on a page.
    Limit: 1 to 200, such as 50
}

impl Default for Limit {
    fn default() -> Self {
        Self::try_from(50i16).unwrap_or_else(|_| unreachable!("50 lies in 1 to 200"))
    }
}

/// Where a page ended: a time and an id. Opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cursor(pub Moment, pub Uuid);

/// Why a cursor cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("must be the unchanged `next` of the page before")]
pub struct BadCursor;

impl TryFrom<String> for Cursor {
    type Error = BadCursor;
    fn try_from(text: String) -> Result<Self, BadCursor> {
        let bytes: [u8; 24] =
            BASE64URL_NOPAD.decode(text.as_bytes()).ok().and_then(|b| b.try_into().ok()).ok_or(BadCursor)?;
        let (at, id) = bytes.split_at(8);
        let micros = i64::from_be_bytes(at.try_into().map_err(|_| BadCursor)?);
        let at = Timestamp::from_microsecond(micros).map_err(|_| BadCursor)?;
        Ok(Self(at.try_into().map_err(|_| BadCursor)?, Uuid::from_slice(id).map_err(|_| BadCursor)?))
    }
}

impl From<Cursor> for String {
    fn from(Cursor(at, id): Cursor) -> Self {
        let mut bytes = Timestamp::from(at).as_microsecond().to_be_bytes().to_vec();
        bytes.extend(id.as_bytes());
        BASE64URL_NOPAD.encode(&bytes)
    }
}

impl PartialSchema for Cursor {
    fn schema() -> RefOr<Schema> {
        let example = "AAZLw5ZhgAABkvDBLT56S4xdbn-AkaKz";
        text_schema("The unchanged `next` of the page before", Some(1), Some(64), None, example)
    }
}
impl ToSchema for Cursor {}

/// Where a page of numbered entries ended: the number of its last entry. Opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Before(pub i64);

impl TryFrom<String> for Before {
    type Error = BadCursor;
    fn try_from(text: String) -> Result<Self, BadCursor> {
        text.parse().ok().filter(|seq| 0 < *seq).map(Self).ok_or(BadCursor)
    }
}
impl From<Before> for String {
    fn from(before: Before) -> Self {
        before.0.to_string()
    }
}
impl PartialSchema for Before {
    fn schema() -> RefOr<Schema> {
        text_schema("The unchanged `next` of the page before", Some(1), Some(20), None, "118")
    }
}
impl ToSchema for Before {}

/// Which entries of a log a page has.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntryQuery {
    /// Only what took place from then on
    #[param(inline)]
    pub from: Option<Moment>,
    /// Only what took place before then
    #[param(inline)]
    pub until: Option<Moment>,
    /// How many entries at most; 50 if not given
    #[serde(default)]
    #[param(required = false, inline)]
    pub limit: Limit,
    /// Where to go on
    #[param(inline)]
    pub after: Option<Cursor>,
}

/// Which page of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The most entries to answer; default 50
    #[serde(default)]
    #[param(required = false, inline)]
    pub limit: Limit,
    /// The `next` of the page before
    #[param(inline)]
    pub after: Option<Cursor>,
}

/// A page of entries, the latest first.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    /// The entries, withdrawn ones left out
    #[schema(max_items = 200)]
    items: Vec<T>,
    /// Where the next page begins; absent on the last
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Cursor>,
}

impl<T> Page<T> {
    /// A page of these entries, of which there is one more than it holds if there is a next page.
    pub fn new(items: Vec<T>, limit: Limit, end: impl Fn(&T) -> Cursor) -> Self {
        let (items, next) = cut(items, limit, end);
        Self { items, next }
    }
}

/// Splits `items`, which are read one more than the limit, into a page and the cursor of the next page, if there
/// is one.
pub fn cut<T>(mut items: Vec<T>, limit: Limit, end: impl Fn(&T) -> Cursor) -> (Vec<T>, Option<Cursor>) {
    let most = usize::try_from(i16::from(limit)).unwrap_or(1);
    let more = most < items.len();
    items.truncate(most);
    let next = if more { items.last().map(end) } else { None };
    (items, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_other_text_is_refused() {
        let at = Moment::try_from("2026-03-02T18:40:00.123456Z".parse::<Timestamp>().unwrap()).unwrap();
        let cursor = Cursor(at, Uuid::from_u128(7));
        assert_eq!(Cursor::try_from(String::from(cursor)).unwrap(), cursor);
        for bad in ["", "x", "AAAA", "%00", &"A".repeat(99)] {
            assert!(Cursor::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
