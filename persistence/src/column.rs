//! Columns whose types differ between the engines, and macros for queries and rows.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow, Queryable};
use diesel::expression::{AsExpression, TypedExpressionType};
use diesel::internal::derives::as_expression::Bound;
use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Binary, HasSqlType, SmallInt, SqlOrd, SqlType, Text};
use diesel::sqlite::{Sqlite, SqliteBindValue};
use evenkeel_domain::access::Action;
use evenkeel_domain::account::{
    AccountId, DeviceId, DeviceName, DisplayName, Email, InviteId, OrganizationId, OrganizationName,
    ParticipantId, Role, SignInName,
};
use evenkeel_domain::audit::AuditOutcome;
use evenkeel_domain::check_in::{CheckInId, CheckInKind};
use evenkeel_domain::coping::assignment::{AssignmentId, AssignmentNote};
use evenkeel_domain::coping::skill_practice::SkillPracticeId;
use evenkeel_domain::coping::{SkillId, SkillRef};
use evenkeel_domain::craving::{CravingId, Intensity, Note, Outcome, RatingId, Substance, TriggerCategory};
use evenkeel_domain::log_entry::{Reason, RevisionId};
use evenkeel_domain::program::{LevelOfCare, LevelOfCareChangeId};
use evenkeel_domain::question::{QuestionId, QuestionText};
use evenkeel_domain::recovery::lapse::{LapseId, LapseOutcome};
use evenkeel_domain::recovery::sobriety_date::SobrietyDateId;
use evenkeel_domain::recovery::use_report::{ReportSource, UseReportId};
use evenkeel_domain::reminder::{ContentLevel, Kind, ReminderMessageId, ReminderState, Suppression};
use evenkeel_domain::value::{Day, Moment, TimeOfDay, TimeZone};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::fmt::{Debug, Display};
use std::io::Write;
use uuid::Uuid;

use crate::Error;
use crate::database::MultiBackend;

/// Runs a query on the engine of the transaction, in that engine's own types. It is for queries that Diesel's
/// `MultiConnection` does not offer, and for those that read many rows or run with every request, because
/// `MultiConnection` builds the text of a query each time and reads each column twice.
macro_rules! each {
    ($tx:expr, $conn:ident => $query:expr) => {
        match $tx {
            $crate::Tx::Postgres($conn) => $query,
            $crate::Tx::Sqlite($conn) => $query,
        }
    };
}

/// A statement with a fixed text, which stays prepared. Diesel prepares every `UPDATE` again, because its text may
/// vary. In a statement that runs with each write, that costs as much as the statement itself.
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
                // A type with the name of each field, so that the binds may be in any order.
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

/// A row with the same fields as a value of the domain, with conversions in both directions. Other columns of the
/// table, such as the participant, are inserted beside it.
macro_rules! row {
    ($(#[$meta:meta])* $row:ident of $value:ident { $($(#[$column:meta])* $field:ident: $type:ty,)+ }) => {
        #[derive(::diesel::Queryable, ::diesel::Selectable, ::diesel::Insertable)]
        #[diesel(treat_none_as_default_value = false)]
        $(#[$meta])*
        struct $row {
            $($(#[$column])* $field: $crate::column::Stored<$type>,)+
        }
        impl From<$row> for $value {
            fn from(row: $row) -> Self {
                Self { $($field: row.$field.0,)+ }
            }
        }
        impl From<$value> for $row {
            fn from(value: $value) -> Self {
                Self { $($field: $crate::column::Stored(value.$field),)+ }
            }
        }
    };
}

/// The error for a stored value that is not valid: something else than the application wrote it.
pub(crate) fn broken(invalid: impl Display) -> Error {
    Error::Broken(format!("a stored value {invalid}"))
}

/// How each engine stores a column, and the type that it is read as.
trait Column {
    type Value;
    fn from_postgres(bytes: &[u8]) -> deserialize::Result<Self::Value>;
    fn from_sqlite(bytes: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self::Value>;
    fn postgres(value: Self::Value) -> impl AsRef<[u8]>;
    fn sqlite<'b>(value: Self::Value) -> impl Into<SqliteBindValue<'b>>;
}

// The oids of PostgreSQL's own types and of their arrays are fixed, so that no connection has to look them up.

/// `uuid` on PostgreSQL, a 16-byte blob on SQLite.
#[derive(Clone, Copy, Debug, SqlType, QueryId)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951), sqlite_type(name = "Binary"))]
pub struct Key;

impl Column for Key {
    type Value = Uuid;
    fn from_postgres(bytes: &[u8]) -> deserialize::Result<Uuid> {
        Ok(Uuid::from_slice(bytes)?)
    }
    fn from_sqlite(bytes: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Uuid> {
        Ok(Uuid::from_slice(&<Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(bytes)?)?)
    }
    fn postgres(id: Uuid) -> impl AsRef<[u8]> {
        id.into_bytes()
    }
    fn sqlite<'b>(id: Uuid) -> impl Into<SqliteBindValue<'b>> {
        id.into_bytes().to_vec()
    }
}

/// `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite.
#[derive(Clone, Copy, Debug, SqlType, QueryId)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185), sqlite_type(name = "Long"))]
pub struct Instant;

impl SqlOrd for Instant {}
impl SqlOrd for Calendar {}

// PostgreSQL counts microseconds from 2000-01-01.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

impl Column for Instant {
    type Value = Moment;
    fn from_postgres(bytes: &[u8]) -> deserialize::Result<Moment> {
        let since_2000 = i64::from_be_bytes(bytes.try_into()?);
        moment(since_2000.checked_add(POSTGRES_EPOCH).ok_or("a timestamp out of range")?)
    }
    fn from_sqlite(bytes: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Moment> {
        moment(<i64 as FromSql<BigInt, Sqlite>>::from_sql(bytes)?)
    }
    fn postgres(at: Moment) -> impl AsRef<[u8]> {
        (microseconds(at) - POSTGRES_EPOCH).to_be_bytes()
    }
    fn sqlite<'b>(at: Moment) -> impl Into<SqliteBindValue<'b>> {
        microseconds(at)
    }
}

fn moment(microseconds: i64) -> deserialize::Result<Moment> {
    Ok(Moment::try_from(Timestamp::from_microsecond(microseconds)?)?)
}
fn microseconds(moment: Moment) -> i64 {
    Timestamp::from(moment).as_microsecond()
}

/// `date` on PostgreSQL, days since 1970-01-01 on SQLite.
#[derive(Clone, Copy, Debug, SqlType, QueryId)]
#[diesel(postgres_type(oid = 1082, array_oid = 1182), sqlite_type(name = "Long"))]
pub struct Calendar;

// PostgreSQL counts days from 2000-01-01.
const POSTGRES_DAY: i32 = 10_957;

impl Column for Calendar {
    type Value = Day;
    fn from_postgres(bytes: &[u8]) -> deserialize::Result<Day> {
        day(i64::from(i32::from_be_bytes(bytes.try_into()?)) + i64::from(POSTGRES_DAY))
    }
    fn from_sqlite(bytes: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Day> {
        day(<i64 as FromSql<BigInt, Sqlite>>::from_sql(bytes)?)
    }
    fn postgres(day: Day) -> impl AsRef<[u8]> {
        (day.number() - POSTGRES_DAY).to_be_bytes()
    }
    fn sqlite<'b>(day: Day) -> impl Into<SqliteBindValue<'b>> {
        i64::from(day.number())
    }
}

fn day(number: i64) -> deserialize::Result<Day> {
    let day = i32::try_from(number).ok().and_then(Day::from_number);
    Ok(day.ok_or("a day out of range")?)
}

/// A text that a type of the domain checks.
#[derive(Clone, Copy, Debug, SqlType, QueryId)]
#[diesel(postgres_type(oid = 25, array_oid = 1009), sqlite_type(name = "Text"))]
pub struct Word;

impl Column for Word {
    type Value = String;
    fn from_postgres(bytes: &[u8]) -> deserialize::Result<String> {
        Ok(std::str::from_utf8(bytes)?.to_owned())
    }
    fn from_sqlite(bytes: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<String> {
        <String as FromSql<Text, Sqlite>>::from_sql(bytes)
    }
    fn postgres(text: String) -> impl AsRef<[u8]> {
        text
    }
    fn sqlite<'b>(text: String) -> impl Into<SqliteBindValue<'b>> {
        text
    }
}

/// A small whole number that a type of the domain checks.
#[derive(Clone, Copy, Debug, SqlType, QueryId)]
#[diesel(postgres_type(oid = 21, array_oid = 1005), sqlite_type(name = "SmallInt"))]
pub struct Number;

impl Column for Number {
    type Value = i16;
    fn from_postgres(bytes: &[u8]) -> deserialize::Result<i16> {
        Ok(i16::from_be_bytes(bytes.try_into()?))
    }
    fn from_sqlite(bytes: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<i16> {
        <i16 as FromSql<SmallInt, Sqlite>>::from_sql(bytes)
    }
    fn postgres(number: i16) -> impl AsRef<[u8]> {
        number.to_be_bytes()
    }
    fn sqlite<'b>(number: i16) -> impl Into<SqliteBindValue<'b>> {
        i32::from(number)
    }
}

/// A hash of 32 bytes.
#[derive(Clone, Copy, Debug, SqlType, QueryId)]
#[diesel(postgres_type(oid = 17, array_oid = 1001), sqlite_type(name = "Binary"))]
pub struct Hash;

impl Column for Hash {
    type Value = [u8; 32];
    fn from_postgres(bytes: &[u8]) -> deserialize::Result<[u8; 32]> {
        Ok(bytes.try_into()?)
    }
    fn from_sqlite(bytes: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<[u8; 32]> {
        Self::from_postgres(&<Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(bytes)?)
    }
    fn postgres(hash: [u8; 32]) -> impl AsRef<[u8]> {
        hash
    }
    fn sqlite<'b>(hash: [u8; 32]) -> impl Into<SqliteBindValue<'b>> {
        hash.to_vec()
    }
}

/// Makes types readable from columns of an SQL type and, as [`Stored`], writable to them.
macro_rules! stored {
    ($sql:ident: $($rust:ty),+ $(,)?) => {
        on_both!($sql);
        $(
            impl<DB: Backend> Queryable<$sql, DB> for $rust where Self: FromSql<$sql, DB> {
                type Row = Self;
                fn build(row: Self) -> deserialize::Result<Self> {
                    Ok(row)
                }
            }
            impl FromSql<$sql, Pg> for $rust {
                fn from_sql(bytes: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                    <$rust>::try_from(<$sql as Column>::from_postgres(bytes.as_bytes())?).map_err(invalid)
                }
            }
            impl FromSql<$sql, Sqlite> for $rust {
                fn from_sql(bytes: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                    <$rust>::try_from(<$sql as Column>::from_sqlite(bytes)?).map_err(invalid)
                }
            }
            impl ToSql<$sql, Pg> for $rust {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                    out.write_all(<$sql as Column>::postgres(Self::clone(self).into()).as_ref())?;
                    Ok(IsNull::No)
                }
            }
            impl ToSql<$sql, Sqlite> for $rust {
                fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                    out.set_value(<$sql as Column>::sqlite(Self::clone(self).into()));
                    Ok(IsNull::No)
                }
            }
            on_both!($sql as [] $rust);
        )+
    };
}

/// Passes a column to the engine of the transaction.
macro_rules! on_both {
    ($sql:ident) => {
        impl HasSqlType<$sql> for MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                MultiBackend::lookup_sql_type::<$sql>(lookup)
            }
        }
    };
    ($sql:ident as [$($of:tt)*] $rust:ty) => {
        impl<$($of)*> FromSql<$sql, MultiBackend> for $rust {
            fn from_sql(bytes: <MultiBackend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                bytes.from_sql::<Self, $sql>()
            }
        }
        impl<$($of)*> ToSql<$sql, MultiBackend> for $rust {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value(($sql, self));
                Ok(IsNull::No)
            }
        }
    };
}

fn invalid(invalid: impl Display) -> Box<dyn std::error::Error + Send + Sync> {
    format!("a stored value {invalid}").into()
}

stored!(
    Key: Uuid, AccountId, AssignmentId, CheckInId, CravingId, DeviceId, InviteId, LapseId, LevelOfCareChangeId,
    OrganizationId, ParticipantId, QuestionId, RatingId, ReminderMessageId, RevisionId, SkillId, SkillPracticeId, SobrietyDateId,
    UseReportId,
);
stored!(Instant: Moment);
stored!(Calendar: Day);
stored!(
    Word: Action, AssignmentNote, AuditOutcome, CheckInKind, ContentLevel, DeviceName, DisplayName, Email, Kind,
    LapseOutcome, LevelOfCare, Note, OrganizationName, Outcome, QuestionText, Reason, ReminderState, ReportSource, Role, SignInName,
    SkillRef, Substance, Suppression, TimeZone, TriggerCategory,
);
stored!(Number: Intensity, TimeOfDay);
stored!(Hash: [u8; 32]);

/// A value as a field of a row or a parameter of a query. Diesel's traits cannot be implemented for types of another
/// crate.
#[derive(Clone, Copy, Debug, FromSqlRow)]
pub struct Stored<T>(pub T);

impl<T, ST: SqlType + TypedExpressionType> AsExpression<ST> for Stored<T> {
    type Expression = Bound<ST, Self>;
    fn as_expression(self) -> Self::Expression {
        Bound::new(self)
    }
}
impl<T, ST: SqlType + TypedExpressionType> AsExpression<ST> for &Stored<T> {
    type Expression = Bound<ST, Self>;
    fn as_expression(self) -> Self::Expression {
        Bound::new(self)
    }
}
impl<T: FromSql<ST, DB>, ST, DB: Backend> FromSql<ST, DB> for Stored<T> {
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        T::from_sql(bytes).map(Self)
    }
    fn from_nullable_sql(bytes: Option<DB::RawValue<'_>>) -> deserialize::Result<Self> {
        T::from_nullable_sql(bytes).map(Self)
    }
}
impl<T: ToSql<ST, DB>, ST, DB: Backend> ToSql<ST, DB> for Stored<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

/// `jsonb` on PostgreSQL, text on SQLite.
#[derive(Clone, Copy, Debug, SqlType, QueryId)]
#[diesel(postgres_type(oid = 3802, array_oid = 3807), sqlite_type(name = "Text"))]
pub struct Document;

/// A value in a [`Document`].
#[derive(Clone, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Document)]
pub struct AsJson<T>(pub T);

on_both!(Document);
on_both!(Document as [T: Debug + Serialize + DeserializeOwned + Send + Sync + 'static] AsJson<T>);

// The first byte of a jsonb value on the wire is the version of its format.
const JSONB: u8 = 1;

impl<T: DeserializeOwned> FromSql<Document, Pg> for AsJson<T> {
    fn from_sql(bytes: <Pg as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        match bytes.as_bytes().split_first() {
            Some((&JSONB, text)) => serde_json::from_slice(text).map(Self).map_err(|error| misfit(&error)),
            _ => Err("a jsonb value of an unknown version".into()),
        }
    }
}
impl<T: Debug + Serialize> ToSql<Document, Pg> for AsJson<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[JSONB])?;
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}
impl<T: DeserializeOwned> FromSql<Document, Sqlite> for AsJson<T> {
    fn from_sql(bytes: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<Text, Sqlite>>::from_sql(bytes)?;
        serde_json::from_str(&text).map(Self).map_err(|error| misfit(&error))
    }
}
impl<T: Debug + Serialize> ToSql<Document, Sqlite> for AsJson<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}

/// Says where a document is not valid, but does not quote it, because it has somebody's own words.
fn misfit(error: &serde_json::Error) -> Box<dyn std::error::Error + Send + Sync> {
    format!("a stored document is not valid at line {}, column {}", error.line(), error.column()).into()
}

impl AsJson<Box<RawValue>> {
    /// The content, if its type was not known when the row was read.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(self.0.get()).map_err(|error| Error::Broken(misfit(&error).to_string()))
    }
}
