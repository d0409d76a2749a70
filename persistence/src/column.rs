//! The columns that each engine spells its own way, and the macro for queries that both engines understand
//! but the derive does not offer.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{HasSqlType, SqlOrd, SqlType};
use diesel::sqlite::Sqlite;
use evenkeel_domain::value::{Day, Moment};
use jiff::Timestamp;
use std::io::Write;
use uuid::Uuid;

use crate::Error;
use crate::database::MultiBackend;

/// Runs the same query against whichever engine the transaction is on, in that engine's own types: for what
/// the derive does not offer, and for reads of many rows, or of every request. Through the derive, the text of
/// a query is made anew each time, and each column is looked at twice.
macro_rules! each {
    ($tx:expr, $conn:ident => $query:expr) => {
        match $tx {
            $crate::Tx::Postgres($conn) => $query,
            $crate::Tx::Sqlite($conn) => $query,
        }
    };
}

/// A statement that stays prepared. Diesel prepares every `UPDATE` it builds anew, since its text may vary: on a
/// way that is taken with each write that costs as much as running it. Here the text is fixed.
macro_rules! prepared {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $rust:ty => $sql:ty,)+ } -> $answer:ty: $start:literal $([$bind:ident] $text:literal)+) => {
        $(#[$doc])*
        struct $name { $($field: $rust,)+ }
        impl ::diesel::query_builder::QueryId for $name {
            type QueryId = Self;
            const HAS_STATIC_QUERY_ID: bool = true;
        }
        impl ::diesel::query_builder::Query for $name {
            type SqlType = $answer;
        }
        impl ::diesel::RunQueryDsl<$crate::Tx> for $name {}
        impl ::diesel::query_builder::QueryFragment<$crate::database::MultiBackend> for $name {
            fn walk_ast<'b>(
                &'b self,
                mut out: ::diesel::query_builder::AstPass<'_, 'b, $crate::database::MultiBackend>,
            ) -> ::diesel::QueryResult<()> {
                // One field, one type: the binds below may stand in any order of the text.
                $(#[expect(non_camel_case_types, reason = "named as the field")] type $field = $sql;)+
                out.push_sql($start);
                $(
                    out.push_bind_param::<$bind, _>(&self.$bind)?;
                    out.push_sql($text);
                )+
                Ok(())
            }
        }
    };
}

/// A row that holds what cannot be: somebody wrote past the application.
pub(crate) fn broken(invalid: impl std::fmt::Display) -> Error {
    Error::Broken(format!("a stored value {invalid}"))
}

/// A stored word as the value it stands for.
pub(crate) fn read<T: TryFrom<String, Error: std::fmt::Display>>(text: String) -> Result<T, Error> {
    T::try_from(text).map_err(broken)
}

/// `uuid` on PostgreSQL, a 16-byte blob on SQLite.
#[derive(Clone, Copy, Debug, SqlType, QueryId)]
#[diesel(postgres_type(name = "uuid"), sqlite_type(name = "Binary"))]
pub struct Key;

/// `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite.
#[derive(Clone, Copy, Debug, SqlType, QueryId)]
#[diesel(postgres_type(name = "timestamptz"), sqlite_type(name = "Long"))]
pub struct Instant;

/// `date` on PostgreSQL, days since 1970-01-01 on SQLite.
#[derive(Clone, Copy, Debug, SqlType, QueryId)]
#[diesel(postgres_type(name = "date"), sqlite_type(name = "Long"))]
pub struct Calendar;

impl SqlOrd for Instant {}
impl SqlOrd for Calendar {}

/// `jsonb` on PostgreSQL, text on SQLite.
#[derive(Clone, Copy, Debug, SqlType, QueryId)]
#[diesel(postgres_type(name = "jsonb"), sqlite_type(name = "Text"))]
pub struct Document;

/// A [`Key`] in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Key)]
pub struct Id(pub Uuid);

/// An [`Instant`] in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Instant)]
pub struct At(pub Moment);

/// A [`Calendar`] day in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Calendar)]
pub struct On(pub Day);

/// A [`Document`] in a row, as JSON text.
#[derive(Clone, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Document)]
pub struct Json(pub String);

impl Id {
    pub fn of(id: impl Into<Uuid>) -> Self {
        Self(id.into())
    }
    pub fn to<T: From<Uuid>>(self) -> T {
        self.0.into()
    }
}

impl Json {
    pub fn of(value: &impl serde::Serialize) -> Result<Self, Error> {
        serde_json::to_string(value).map(Self).map_err(|error| Error::Broken(error.to_string()))
    }
    /// What it says. Where it does not fit is told by its place: it is somebody's own words.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(&self.0).map_err(|error| {
            Error::Broken(format!(
                "a stored document does not fit at line {}, column {}",
                error.line(),
                error.column()
            ))
        })
    }
}

macro_rules! on_both {
    ($sql:ident as $rust:ident) => {
        impl HasSqlType<$sql> for MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                MultiBackend::lookup_sql_type::<$sql>(lookup)
            }
        }
        impl FromSql<$sql, MultiBackend> for $rust {
            fn from_sql(bytes: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                bytes.from_sql::<Self, $sql>()
            }
        }
        impl ToSql<$sql, MultiBackend> for $rust {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value(($sql, self));
                Ok(IsNull::No)
            }
        }
    };
}
on_both!(Key as Id);
on_both!(Instant as At);
on_both!(Calendar as On);
on_both!(Document as Json);

impl FromSql<Key, Pg> for Id {
    fn from_sql(bytes: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(bytes.as_bytes())?))
    }
}
impl ToSql<Key, Pg> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}
impl FromSql<Key, Sqlite> for Id {
    fn from_sql(bytes: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let bytes = <Vec<u8> as FromSql<diesel::sql_types::Binary, Sqlite>>::from_sql(bytes)?;
        Ok(Self(Uuid::from_slice(&bytes)?))
    }
}
impl ToSql<Key, Sqlite> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(&self.0.as_bytes()[..]);
        Ok(IsNull::No)
    }
}

// PostgreSQL counts microseconds from 2000-01-01.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

impl FromSql<Instant, Pg> for At {
    fn from_sql(bytes: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let since_2000 = i64::from_be_bytes(bytes.as_bytes().try_into()?);
        at(since_2000.checked_add(POSTGRES_EPOCH).ok_or("an instant out of range")?)
    }
}
impl ToSql<Instant, Pg> for At {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&(microseconds(self.0) - POSTGRES_EPOCH).to_be_bytes())?;
        Ok(IsNull::No)
    }
}
impl FromSql<Instant, Sqlite> for At {
    fn from_sql(bytes: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        at(<i64 as FromSql<diesel::sql_types::BigInt, Sqlite>>::from_sql(bytes)?)
    }
}
impl ToSql<Instant, Sqlite> for At {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(microseconds(self.0));
        Ok(IsNull::No)
    }
}

fn at(microseconds: i64) -> deserialize::Result<At> {
    Ok(At(Moment::try_from(Timestamp::from_microsecond(microseconds)?)?))
}
fn microseconds(moment: Moment) -> i64 {
    Timestamp::from(moment).as_microsecond()
}

// ... and days from 2000-01-01.
const POSTGRES_DAY: i32 = 10_957;

impl FromSql<Calendar, Pg> for On {
    fn from_sql(bytes: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let since_2000 = i32::from_be_bytes(bytes.as_bytes().try_into()?);
        on(i64::from(since_2000) + i64::from(POSTGRES_DAY))
    }
}
impl ToSql<Calendar, Pg> for On {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&(self.0.number() - POSTGRES_DAY).to_be_bytes())?;
        Ok(IsNull::No)
    }
}
impl FromSql<Calendar, Sqlite> for On {
    fn from_sql(bytes: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        on(<i64 as FromSql<diesel::sql_types::BigInt, Sqlite>>::from_sql(bytes)?)
    }
}
impl ToSql<Calendar, Sqlite> for On {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(i64::from(self.0.number()));
        Ok(IsNull::No)
    }
}

fn on(number: i64) -> deserialize::Result<On> {
    let day = i32::try_from(number).ok().and_then(Day::from_number);
    Ok(On(day.ok_or("a day out of range")?))
}

// The first byte of a jsonb value on the wire is the version of its format.
const JSONB: u8 = 1;

impl FromSql<Document, Pg> for Json {
    fn from_sql(bytes: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        match bytes.as_bytes().split_first() {
            Some((&JSONB, text)) => Ok(Self(std::str::from_utf8(text)?.to_owned())),
            _ => Err("a jsonb value of an unknown version".into()),
        }
    }
}
impl ToSql<Document, Pg> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[JSONB])?;
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}
impl FromSql<Document, Sqlite> for Json {
    fn from_sql(bytes: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        <String as FromSql<diesel::sql_types::Text, Sqlite>>::from_sql(bytes).map(Self)
    }
}
impl ToSql<Document, Sqlite> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_str());
        Ok(IsNull::No)
    }
}
