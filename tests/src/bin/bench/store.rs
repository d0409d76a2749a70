//! The database of the product, and its limit without the product.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::SqliteConnection;
use diesel::{Connection, RunQueryDsl};
use hdrhistogram::Histogram;
use uuid::Uuid;

use super::bare::Rows;
use super::load::Found;
use super::phone::new_id;
use super::{Options, Outcome};

pub(super) enum Store {
    Sqlite(PathBuf),
    Postgres { server: String, name: String, url: String },
}

impl Store {
    pub(super) fn on_postgres(server: &str) -> Outcome<Self> {
        let name = format!("evenkeel_bench_{}", std::process::id());
        let (address, old) = server.rsplit_once('/').ok_or("the URL names no database")?;
        let options = old.split_once('?').map_or(String::new(), |(_, options)| format!("?{options}"));
        let url = format!("{address}/{name}{options}");
        PgConnection::establish(server)?.batch_execute(&format!("CREATE DATABASE {name}"))?;
        Ok(Self::Postgres { server: server.to_owned(), name, url })
    }

    pub(super) fn remove(&self) -> Outcome<()> {
        if let Self::Postgres { server, name, .. } = self {
            PgConnection::establish(server)?.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"))?;
        }
        Ok(())
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite, synchronous=FULL",
            Self::Postgres { .. } => "PostgreSQL",
        }
    }

    /// How many cravings, daily summaries and audit log entries are stored.
    pub(super) fn rows(&self) -> Outcome<[i64; 3]> {
        let mut counts = [0; 3];
        for (count, table) in counts.iter_mut().zip(["cravings", "daily_summaries", "audit_events"]) {
            let query = diesel::dsl::sql::<BigInt>(&format!("SELECT count(*) FROM {table}"));
            *count = match self {
                Self::Sqlite(file) => query.get_result(&mut sqlite(file)?)?,
                Self::Postgres { url, .. } => query.get_result(&mut PgConnection::establish(url)?)?,
            };
        }
        Ok(counts)
    }

    /// The sign-in names of the participants but the one whom everybody knows.
    pub(super) fn participants(&self) -> Outcome<Vec<String>> {
        let query = diesel::dsl::sql::<Text>(
            "SELECT sign_in_name FROM accounts WHERE role = 'participant' AND password_hash IS NOT NULL \
             AND sign_in_name <> 'participant@demo.example' ORDER BY sign_in_name LIMIT 63",
        );
        Ok(match self {
            Self::Sqlite(file) => query.load(&mut sqlite(file)?)?,
            Self::Postgres { url, .. } => query.load(&mut PgConnection::establish(url)?)?,
        })
    }

    /// The same rows without the product: SQLite through one connection and a commit each, on a copy;
    /// PostgreSQL through one connection for each client, in the same tables.
    pub(super) fn bare(
        &self,
        folder: &Path,
        people: &[Uuid],
        options: &Options,
    ) -> Outcome<Vec<(usize, Found)>> {
        match self {
            Self::Sqlite(file) => {
                let copy = folder.join(format!("bare-{}.db", new_id()));
                sqlite(file)?.batch_execute(&format!("VACUUM INTO '{}'", copy.display()))?;
                let mut conn = sqlite(&copy)?;
                conn.batch_execute(
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON",
                )?;
                let rows = Rows::like(people, |sql| diesel::dsl::sql::<Text>(sql).load(&mut conn))?;
                Ok(vec![(1, bare_load(vec![conn], options.seconds, &rows, Rows::write_sqlite)?)])
            }
            Self::Postgres { url, .. } => {
                let mut conn = PgConnection::establish(url)?;
                let rows = Rows::like(people, |sql| diesel::dsl::sql::<Text>(sql).load(&mut conn))?;
                let connect = |_| PgConnection::establish(url);
                let one = |&connections: &usize| {
                    let open = (0..connections).map(connect).collect::<Result<Vec<_>, _>>()?;
                    Ok((connections, bare_load(open, options.seconds, &rows, Rows::write_postgres)?))
                };
                options.connections.iter().map(one).collect()
            }
        }
    }
}

fn sqlite(file: &Path) -> Outcome<SqliteConnection> {
    let mut conn = SqliteConnection::establish(&file.to_string_lossy())?;
    conn.batch_execute("PRAGMA busy_timeout = 5000")?;
    Ok(conn)
}

fn bare_load<C: Send>(
    connections: Vec<C>,
    time: Duration,
    rows: &Rows,
    write: fn(&Rows, &mut C, usize) -> QueryResult<()>,
) -> Outcome<Found> {
    let turn = AtomicUsize::new(0);
    let began = Instant::now();
    let work = |mut conn: C| {
        let mut latencies = Histogram::<u64>::new_with_max(60_000_000, 3)?;
        while began.elapsed() < time {
            let sent = Instant::now();
            write(rows, &mut conn, turn.fetch_add(1, Ordering::Relaxed))?;
            latencies.saturating_record(u64::try_from(sent.elapsed().as_micros())?);
        }
        Outcome::Ok(latencies)
    };
    let mut latencies = Histogram::new_with_max(60_000_000, 3)?;
    std::thread::scope(|scope| {
        let work = &work;
        let running: Vec<_> = connections.into_iter().map(|conn| scope.spawn(move || work(conn))).collect();
        for thread in running {
            latencies.add(thread.join().map_err(|_| "a bare writer panicked")??)?;
        }
        Outcome::Ok(())
    })?;
    Ok(Found { latencies, took: began.elapsed(), processor: None })
}
