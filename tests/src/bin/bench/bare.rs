//! The rows of a craving as the product stores them, written without the product.

use std::borrow::Cow;

use diesel::pg::{Pg, PgConnection};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel::{Connection, RunQueryDsl};
use uuid::Uuid;

use super::Outcome;
use super::phone::{new_id, now, today};

/// What the product stores for one craving, with documents copied from rows that it wrote.
pub(super) struct Rows {
    people: Vec<Uuid>,
    device: Uuid,
    craving: String,
    tallies: String,
}

macro_rules! bare_write {
    ($name:ident, $conn:ty, $transaction:ident, $form:ident, $spelling:literal) => {
        pub(super) fn $name(&self, conn: &mut $conn, turn: usize) -> QueryResult<()> {
            let (id, moment) = (new_id(), now());
            let person = || $form::key(self.people[turn % self.people.len()]);
            let at = || $form::at(moment);
            let day = || $form::day(today());
            conn.$transaction(|conn| {
                let binds = vec![person(), $form::key(id), at(), day(), at(), words(&self.craving)];
                Statement::<0>(CRAVING[$spelling], binds).execute(conn)?;
                let binds = vec![person(), day(), at(), words(&self.tallies)];
                Statement::<1>(SUMMARY[$spelling], binds).execute(conn)?;
                let seq: i64 = Statement::<2>(HEAD[$spelling], vec![person()]).get_result(conn)?;
                let (device, request) = ($form::key(self.device), $form::key(new_id()));
                let binds =
                    vec![person(), Bind::Number(seq), at(), person(), device, $form::key(id), request];
                Statement::<3>(AUDIT_EVENT[$spelling], binds).execute(conn)?;
                Ok(())
            })
        }
    };
}

fn words(text: &str) -> Bind<'_> {
    Bind::Words(text.into())
}

impl Rows {
    pub(super) fn like(
        people: &[Uuid],
        mut last: impl FnMut(&str) -> QueryResult<Vec<String>>,
    ) -> Outcome<Self> {
        let mut last = |sql| last(sql).map(|rows| rows.into_iter().next());
        Ok(Self {
            people: people.to_vec(),
            device: new_id(),
            craving: last("SELECT CAST(detail AS text) FROM cravings ORDER BY received_at DESC LIMIT 1")?
                .ok_or("no craving to copy")?,
            tallies: last("SELECT CAST(detail AS text) FROM daily_summaries ORDER BY last_at DESC LIMIT 1")?
                .ok_or("no summary to copy")?,
        })
    }

    bare_write!(write_sqlite, SqliteConnection, immediate_transaction, Lite, 0);
    bare_write!(write_postgres, PgConnection, transaction, PostRow, 1);
}

const CRAVING: [&str; 2] = [
    "INSERT INTO cravings (participant_id, id, occurred_at, local_day, received_at, clock_suspect, \
     intensity, peak, revision, detail) VALUES (?, ?, ?, ?, ?, 0, 6, 6, 1, ?)",
    "INSERT INTO cravings (participant_id, id, occurred_at, local_day, received_at, clock_suspect, \
     intensity, peak, revision, detail) VALUES (?::uuid, ?::uuid, ?::timestamptz, ?::date, \
     ?::timestamptz, false, 6, 6, 1, ?::jsonb)",
];
const SUMMARY: [&str; 2] = [
    "INSERT INTO daily_summaries (participant_id, day, count, intensity_sum, peak, passed, still_going, lapsed, \
     last_at, detail) VALUES (?, ?, 1, 6, 6, 0, 0, 0, ?, ?) ON CONFLICT (participant_id, day) DO UPDATE SET \
     count = count + 1, intensity_sum = intensity_sum + 6, last_at = excluded.last_at, detail = excluded.detail",
    "INSERT INTO daily_summaries AS s (participant_id, day, count, intensity_sum, peak, passed, still_going, lapsed, \
     last_at, detail) VALUES (?::uuid, ?::date, 1, 6, 6, 0, 0, 0, ?::timestamptz, ?::jsonb) \
     ON CONFLICT (participant_id, day) DO UPDATE SET count = s.count + 1, intensity_sum = s.intensity_sum + 6, \
     last_at = excluded.last_at, detail = excluded.detail",
];
const HEAD: [&str; 2] = [
    "INSERT INTO audit_streams (stream, last_seq) VALUES (?, 1) \
     ON CONFLICT (stream) DO UPDATE SET last_seq = last_seq + 1 RETURNING last_seq",
    "INSERT INTO audit_streams AS h (stream, last_seq) VALUES (?::uuid, 1) \
     ON CONFLICT (stream) DO UPDATE SET last_seq = h.last_seq + 1 RETURNING last_seq",
];
const AUDIT_EVENT: [&str; 2] = [
    "INSERT INTO audit_events (stream, seq, at, actor, actor_role, device, action, entity, outcome, request_id) \
     VALUES (?, ?, ?, ?, 'participant', ?, 'record_craving', ?, 'done', ?)",
    "INSERT INTO audit_events (stream, seq, at, actor, actor_role, device, action, entity, outcome, request_id) \
     VALUES (?::uuid, ?, ?::timestamptz, ?::uuid, 'participant', ?::uuid, 'record_craving', ?::uuid, \
     'done', ?::uuid)",
];

/// A value of a bare statement, in the form that the engine takes.
enum Bind<'a> {
    Bytes([u8; 16]),
    Number(i64),
    Words(Cow<'a, str>),
}

/// SQLite's native forms.
struct Lite;
/// PostgreSQL's, as texts that the statements cast.
struct PostRow;

impl Lite {
    fn key<'a>(id: Uuid) -> Bind<'a> {
        Bind::Bytes(id.into_bytes())
    }
    fn at<'a>(at: jiff::Timestamp) -> Bind<'a> {
        Bind::Number(at.as_microsecond())
    }
    fn day<'a>(day: jiff::civil::Date) -> Bind<'a> {
        let since = jiff::civil::date(1970, 1, 1).until(day).map_or(0, |span| span.get_days());
        Bind::Number(since.into())
    }
}
impl PostRow {
    fn key<'a>(id: Uuid) -> Bind<'a> {
        Bind::Words(id.to_string().into())
    }
    fn at<'a>(at: jiff::Timestamp) -> Bind<'a> {
        Bind::Words(at.to_string().into())
    }
    fn day<'a>(day: jiff::civil::Date) -> Bind<'a> {
        Bind::Words(day.to_string().into())
    }
}

/// One statement with its values. The number is its place in the connection's cache of prepared statements.
struct Statement<'a, const NUMBER: usize>(&'static str, Vec<Bind<'a>>);

impl<const NUMBER: usize> QueryId for Statement<'_, NUMBER> {
    type QueryId = Statement<'static, NUMBER>;
    const HAS_STATIC_QUERY_ID: bool = true;
}
impl<const NUMBER: usize> Query for Statement<'_, NUMBER> {
    type SqlType = BigInt;
}
impl<const NUMBER: usize, C> RunQueryDsl<C> for Statement<'_, NUMBER> {}

macro_rules! fragment_on {
    ($($engine:ty),*) => {$(
        impl<const NUMBER: usize> QueryFragment<$engine> for Statement<'_, NUMBER> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $engine>) -> QueryResult<()> {
                let mut pieces = self.0.split('?');
                out.push_sql(pieces.next().unwrap_or_default());
                for (piece, bind) in pieces.zip(&self.1) {
                    match bind {
                        Bind::Bytes(bytes) => out.push_bind_param::<Binary, [u8]>(bytes)?,
                        Bind::Number(number) => out.push_bind_param::<BigInt, i64>(number)?,
                        Bind::Words(words) => out.push_bind_param::<Text, str>(words)?,
                    }
                    out.push_sql(piece);
                }
                Ok(())
            }
        }
    )*};
}
fragment_on!(Sqlite, Pg);
