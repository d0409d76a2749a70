//! How fast the product is, beside the bare limit of its database on the same machine in the same run.
//!
//! Starts the release binary on a fresh database with the demo organisation, signs in over HTTP, loads it
//! with kept-alive connections and prints tables for `docs/performance.md`.

#![expect(clippy::print_stdout, reason = "its output is a report on the terminal")]

use std::borrow::Cow;
use std::error::Error;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::pg::{Pg, PgConnection};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Binary, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel::{Connection, RunQueryDsl};
use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const PASSWORD: &str = "evenkeel-demo-2026";
const USAGE: &str =
    "usage: bench [--seconds 5] [--connections 1,16,64] [--postgres postgres://user@host/postgres]
The binary is target/release/evenkeel, or what EVENKEEL_BIN names. With --postgres a database of its own is
made on that server and dropped in the end.";

fn main() -> Outcome<()> {
    let mut options =
        Options { seconds: Duration::from_secs(5), connections: vec![1, 16, 64], postgres: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(USAGE);
        match argument.as_str() {
            "--seconds" => options.seconds = Duration::from_secs_f64(value()?.parse()?),
            "--connections" => {
                options.connections = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?;
            }
            "--postgres" => options.postgres = Some(value()?),
            "--help" => {
                println!("{USAGE}");
                return Ok(());
            }
            _ => return Err(USAGE.into()),
        }
    }
    let folder = tempfile::tempdir()?;
    let store = match &options.postgres {
        None => Store::Sqlite(folder.path().join("evenkeel.db")),
        Some(server) => Store::on_postgres(server)?,
    };
    let done = tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(measure(
        &options,
        folder.path(),
        &store,
    ));
    store.remove()?;
    done
}

struct Options {
    seconds: Duration,
    connections: Vec<usize>,
    postgres: Option<String>,
}

async fn measure(options: &Options, folder: &Path, store: &Store) -> Outcome<()> {
    drop(Server::start(folder, store, true).await?);
    let mut starts = Vec::new();
    for _ in 0..5 {
        starts.push(Server::start(folder, store, false).await?.ready_after);
    }
    starts.sort();
    let server = Server::start(folder, store, false).await?;
    let address = server.address;
    let idle = server.memory()?;

    let phones = sign_in_participants(address, store).await?;
    let counselor = sign_in(address, "counselor@demo.example", 250).await?;
    let supervisor = sign_in(address, "supervisor@demo.example", 251).await?;
    let people: Vec<Uuid> = phones.iter().filter_map(|phone| phone.participant).collect();
    let own = phones.first().ok_or("no participant could sign in")?;
    let days = format!("from={}&to={}", today() - days(89), today());
    let own_trend = get(&format!("/v1/participants/me/trends?{days}"), own);
    let with_check_ins = get(&format!("/v1/participants/me/trends?{days}&check_ins=true"), own);
    let suggestions = get("/v1/participants/me/coping/suggestions?trigger=conflict&intensity=7", own);
    let bundle = get("/v1/participants/me/offline", own);
    let shown = own.participant.ok_or("the participant has no id")?;
    let read_trend = get(&format!("/v1/participants/{shown}/trends?{days}"), &counselor);
    let (caseload, listed) = caseload(address, &[counselor, supervisor]).await?;

    let mut report = String::new();
    writeln!(report, "| {} | connections | /s | p50 ms | p99 ms | CPU µs |", store.name())?;
    writeln!(report, "|---|---|---|---|---|---|")?;
    let mut loaded = idle;

    let phone_count = phones.len();
    let put: Request = Arc::new(move |turn| put_craving(&phones[turn % phones.len()]));
    load(&server, 1, Duration::from_millis(300), &put).await?; // warms caches and leaves a row to copy
    let bare_before = store.bare(folder, &people, options)?;
    let rows_before = store.rows()?;
    let mut written = 0;
    let mut write_rates = Vec::new();
    for &connections in &options.connections {
        let found = load(&server, connections, options.seconds, &put).await?;
        found.line(&mut report, "craving write", connections)?;
        loaded = loaded.max(server.memory()?);
        written += found.done();
        write_rates.push(found.rate());
    }
    let rows = store.rows()?;
    let bare_after = store.bare(folder, &people, options)?;
    for (name, request) in [
        ("own trend", own_trend),
        ("own trend with check-ins", with_check_ins),
        ("suggestions in the moment", suggestions),
        ("offline bundle", bundle),
        ("counselor's trend, journaled", read_trend),
        ("caseload", caseload),
    ] {
        let request: Request = Arc::new(move |_| request.clone());
        for &connections in &options.connections {
            let found = load(&server, connections, options.seconds, &request).await?;
            found.line(&mut report, name, connections)?;
            loaded = loaded.max(server.memory()?);
        }
    }
    for (connections, before, after) in bare_before
        .iter()
        .zip(&bare_after)
        .map(|((connections, before), (_, after))| (connections, before, after))
    {
        before.line(&mut report, "bare write, before", *connections)?;
        after.line(&mut report, "bare write, after", *connections)?;
    }

    println!("{report}");
    for (number, (connections, rate)) in options.connections.iter().zip(&write_rates).enumerate() {
        let beside =
            |bare: &[(usize, Found)]| bare.get(number).or(bare.last()).map_or(0.0, |(_, found)| found.rate());
        let limit = beside(&bare_before).max(beside(&bare_after));
        println!("- writes at {connections} connections: {:.2} x the better bare run", rate / limit);
    }
    println!("- start to first 200, migrated database: median {:.1} ms of 5", milliseconds(starts[2]));
    println!("- memory (PSS): idle {idle:.1} MiB, highest under load {loaded:.1} MiB");
    println!("- {phone_count} participants wrote, the caseload listed {listed}, trends spanned 90 days");
    println!(
        "- answered 2xx {written}; new rows: cravings {}, summaries {}, journal {}",
        rows[0] - rows_before[0],
        rows[1] - rows_before[1],
        rows[2] - rows_before[2]
    );
    let stored = |table: usize| u64::try_from(rows[table] - rows_before[table]).unwrap_or(0);
    if stored(0) != written || stored(2) < written {
        return Err("the rows stored are not the writes answered".into());
    }
    Ok(())
}

// ---- the product ----

struct Server {
    process: Child,
    address: SocketAddr,
    ready_after: Duration,
    /// Whether the database is a process of its own.
    on_postgres: bool,
}

impl Server {
    async fn start(folder: &Path, store: &Store, demo: bool) -> Outcome<Self> {
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(binary());
        command.args([
            "serve",
            "--listen",
            &address.to_string(),
            "--metrics-listen",
            "127.0.0.1:0",
            "--data",
        ]);
        // Sign-ins are limited by address; the load comes through a proxy that tells them apart.
        command.arg(folder).args(["--trusted-proxies", "127.0.0.1"]);
        if demo {
            command.arg("--demo");
        }
        command.env_remove("SMTP_URL").env_remove("DATABASE_URL");
        if let Store::Postgres { url, .. } = store {
            command.env("DATABASE_URL", url);
        }
        let log = std::fs::File::create(folder.join("server.log"))?;
        command.stdout(log.try_clone()?).stderr(log).stdin(Stdio::null());
        let began = Instant::now();
        let process = command.spawn().map_err(|error| format!("{}: {error}", binary().display()))?;
        let on_postgres = matches!(store, Store::Postgres { .. });
        let mut server = Self { process, address, ready_after: Duration::ZERO, on_postgres };
        let probe = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
        loop {
            if let Ok(mut line) = Line::open(address).await
                && matches!(line.ask(probe).await, Ok(200))
            {
                server.ready_after = began.elapsed();
                return Ok(server);
            }
            if server.process.try_wait()?.is_some() || Duration::from_mins(3) < began.elapsed() {
                return Err(std::fs::read_to_string(folder.join("server.log"))?.into());
            }
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
    }

    /// Proportional set size in MiB.
    fn memory(&self) -> Outcome<f64> {
        let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.process.id()))?;
        let line =
            rollup.lines().find_map(|line| line.strip_prefix("Pss:")).ok_or("no Pss in smaps_rollup")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    }

    /// Processor time of the server, and of PostgreSQL if it runs here.
    fn processor_time(&self) -> Outcome<Duration> {
        let mut ticks = ticks_of(&self.process.id().to_string()).ok_or("no processor time in /proc")?;
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let is_database = || {
                std::fs::read_to_string(entry.path().join("comm"))
                    .is_ok_and(|name| name.trim_end() == "postgres")
            };
            if self.on_postgres && is_database() {
                ticks += ticks_of(&entry.file_name().to_string_lossy()).unwrap_or(0);
            }
        }
        Ok(Duration::from_millis(ticks * 10)) // Linux counts in hundredths of a second
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let asked = Command::new("kill").arg(self.process.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            self.process.kill().ok();
        }
        self.process.wait().ok();
    }
}

fn ticks_of(process: &str) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark has no settings of its own but this one")]
fn binary() -> PathBuf {
    std::env::var("EVENKEEL_BIN").unwrap_or_else(|_| "target/release/evenkeel".to_owned()).into()
}

// ---- HTTP, as lean as it goes ----

/// One kept-alive connection.
struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
    body: std::ops::Range<usize>,
}

impl Line {
    async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 << 10), body: 0..0 })
    }

    /// Sends a whole request and reads the whole answer; its body stays in `self.body()`.
    async fn ask(&mut self, request: &[u8]) -> Outcome<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = std::str::from_utf8(&self.buffer[..end])?;
                let status = head.get(9..12).ok_or("no status")?.parse()?;
                let length: usize = head
                    .lines()
                    .filter_map(|line| line.split_once(':'))
                    .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                    .map_or(Ok(0), |(_, value)| value.trim().parse())?;
                self.body = end + 4..end + 4 + length;
                while self.buffer.len() < self.body.end {
                    if self.stream.read_buf(&mut self.buffer).await? == 0 {
                        return Err("the answer ended early".into());
                    }
                }
                return Ok(status);
            }
        }
    }

    fn body(&self) -> &[u8] {
        &self.buffer[self.body.clone()]
    }
}

struct Session {
    token: String,
    participant: Option<Uuid>,
}

async fn sign_in(address: SocketAddr, name: &str, from: usize) -> Outcome<Session> {
    let body =
        serde_json::json!({ "email": name, "password": PASSWORD, "device_name": "Benchmark" }).to_string();
    let request = format!(
        "POST /v1/sign-in HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 198.51.100.{from}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut line = Line::open(address).await?;
    let status = line.ask(request.as_bytes()).await?;
    if status != 200 {
        return Err(
            format!("{name} could not sign in: {status} {}", String::from_utf8_lossy(line.body())).into()
        );
    }
    let answer: serde_json::Value = serde_json::from_slice(line.body())?;
    Ok(Session {
        token: answer["access_token"].as_str().ok_or("no access token")?.to_owned(),
        participant: answer["participant_id"].as_str().map(str::parse).transpose()?,
    })
}

/// The demo participant, and all others whom the demo password lets in.
async fn sign_in_participants(address: SocketAddr, store: &Store) -> Outcome<Vec<Session>> {
    let mut phones = vec![sign_in(address, "participant@demo.example", 1).await?];
    for (number, name) in store.participants()?.iter().enumerate() {
        match sign_in(address, name, number + 2).await {
            Ok(session) => phones.push(session),
            Err(_) => break,
        }
    }
    Ok(phones)
}

fn get(path: &str, who: &Session) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", who.token)
        .into_bytes()
}

fn put_craving(who: &Session) -> Vec<u8> {
    let body = format!(
        r#"{{"occurred_at":"{}","time_zone":"America/New_York","intensity":6,"triggers":["conflict"],"halt":["tired"],"coping_used":["walked around the block"],"note":"an argument on the phone, it took most of the way home to let go of it"}}"#,
        now()
    );
    format!(
        "PUT /v1/participants/me/cravings/{} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        new_id(),
        who.token,
        body.len()
    )
    .into_bytes()
}

/// The caseload's request by whoever sees more people, and how many those are.
async fn caseload(address: SocketAddr, staff: &[Session]) -> Outcome<(Vec<u8>, usize)> {
    let mut line = Line::open(address).await?;
    let mut best = (Vec::new(), 0);
    for session in staff {
        let request = get("/v1/participants", session);
        let status = line.ask(&request).await?;
        let answer: serde_json::Value = serde_json::from_slice(line.body())?;
        let count = answer["items"].as_array().map_or(0, Vec::len);
        if status == 200 && best.1 < count {
            best = (request, count);
        }
    }
    if best.1 == 0 { Err("nobody sees a caseload".into()) } else { Ok(best) }
}

// ---- load ----

struct Found {
    latencies: Histogram<u64>,
    took: Duration,
    processor: Option<Duration>,
}

impl Found {
    fn done(&self) -> u64 {
        self.latencies.len()
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
    fn rate(&self) -> f64 {
        self.done() as f64 / self.took.as_secs_f64()
    }

    #[expect(clippy::cast_precision_loss, reason = "microseconds of a few seconds")]
    fn line(&self, report: &mut String, name: &str, connections: usize) -> Outcome<()> {
        let at = |quantile| self.latencies.value_at_quantile(quantile) as f64 / 1000.0;
        let processor = self.processor.map_or_else(
            || "-".to_owned(),
            |time| format!("{:.0}", time.as_secs_f64() * 1e6 / self.done() as f64),
        );
        writeln!(
            report,
            "| {name} | {connections} | {:.0} | {:.2} | {:.2} | {processor} |",
            self.rate(),
            at(0.5),
            at(0.99)
        )?;
        Ok(())
    }
}

/// Makes the request of a turn.
type Request = Arc<dyn Fn(usize) -> Vec<u8> + Send + Sync>;

/// Asks over this many connections for a while. Any answer but a 2xx ends the benchmark.
async fn load(server: &Server, connections: usize, time: Duration, request: &Request) -> Outcome<Found> {
    let mut lines = Vec::new();
    for _ in 0..connections {
        lines.push(Line::open(server.address).await?);
    }
    let turn = Arc::new(AtomicUsize::new(0));
    let processor = server.processor_time()?;
    let began = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for mut line in lines {
        let (request, turn) = (Arc::clone(request), Arc::clone(&turn));
        running.spawn(async move {
            let mut latencies = Histogram::<u64>::new_with_max(60_000_000, 3)?;
            while began.elapsed() < time {
                let bytes = request(turn.fetch_add(1, Ordering::Relaxed));
                let sent = Instant::now();
                let status = line.ask(&bytes).await?;
                if !(200..300).contains(&status) {
                    return Err(format!("answered {status}: {}", String::from_utf8_lossy(line.body())).into());
                }
                latencies.saturating_record(u64::try_from(sent.elapsed().as_micros())?);
            }
            Outcome::Ok(latencies)
        });
    }
    let mut latencies = Histogram::new_with_max(60_000_000, 3)?;
    while let Some(result) = running.join_next().await {
        latencies.add(result??)?;
    }
    let took = began.elapsed();
    Ok(Found { latencies, took, processor: Some(server.processor_time()?.saturating_sub(processor)) })
}

// ---- the bare limit ----

enum Store {
    Sqlite(PathBuf),
    Postgres { server: String, name: String, url: String },
}

impl Store {
    fn on_postgres(server: &str) -> Outcome<Self> {
        let name = format!("evenkeel_bench_{}", std::process::id());
        let (address, old) = server.rsplit_once('/').ok_or("the URL names no database")?;
        let options = old.split_once('?').map_or(String::new(), |(_, options)| format!("?{options}"));
        let url = format!("{address}/{name}{options}");
        PgConnection::establish(server)?.batch_execute(&format!("CREATE DATABASE {name}"))?;
        Ok(Self::Postgres { server: server.to_owned(), name, url })
    }

    fn remove(&self) -> Outcome<()> {
        if let Self::Postgres { server, name, .. } = self {
            PgConnection::establish(server)?.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"))?;
        }
        Ok(())
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite, synchronous=FULL",
            Self::Postgres { .. } => "PostgreSQL",
        }
    }

    /// How many cravings, daily summaries and journal entries are stored.
    fn rows(&self) -> Outcome<[i64; 3]> {
        let mut counts = [0; 3];
        for (count, table) in counts.iter_mut().zip(["cravings", "daily_summaries", "journal"]) {
            let query = diesel::dsl::sql::<BigInt>(&format!("SELECT count(*) FROM {table}"));
            *count = match self {
                Self::Sqlite(file) => query.get_result(&mut sqlite(file)?)?,
                Self::Postgres { url, .. } => query.get_result(&mut PgConnection::establish(url)?)?,
            };
        }
        Ok(counts)
    }

    /// The sign-in names of the participants but the one whom everybody knows.
    fn participants(&self) -> Outcome<Vec<String>> {
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
    fn bare(&self, folder: &Path, people: &[Uuid], options: &Options) -> Outcome<Vec<(usize, Found)>> {
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

/// What the product stores for one craving, with documents copied from rows that it wrote.
struct Rows {
    people: Vec<Uuid>,
    device: Uuid,
    craving: String,
    tallies: String,
}

macro_rules! bare_write {
    ($name:ident, $conn:ty, $transaction:ident, $form:ident, $spelling:literal) => {
        fn $name(&self, conn: &mut $conn, turn: usize) -> QueryResult<()> {
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
                Statement::<3>(JOURNAL[$spelling], binds).execute(conn)?;
                Ok(())
            })
        }
    };
}

fn words(text: &str) -> Bind<'_> {
    Bind::Words(text.into())
}

impl Rows {
    fn like(people: &[Uuid], mut last: impl FnMut(&str) -> QueryResult<Vec<String>>) -> Outcome<Self> {
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
    bare_write!(write_postgres, PgConnection, transaction, Post, 1);
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
    "INSERT INTO journal_heads (stream, last_seq) VALUES (?, 1) \
     ON CONFLICT (stream) DO UPDATE SET last_seq = last_seq + 1 RETURNING last_seq",
    "INSERT INTO journal_heads AS h (stream, last_seq) VALUES (?::uuid, 1) \
     ON CONFLICT (stream) DO UPDATE SET last_seq = h.last_seq + 1 RETURNING last_seq",
];
const JOURNAL: [&str; 2] = [
    "INSERT INTO journal (stream, seq, at, actor, actor_role, device, act, room, entity, outcome, request_id) \
     VALUES (?, ?, ?, ?, 'participant', ?, 'record', 'craving', ?, 'done', ?)",
    "INSERT INTO journal (stream, seq, at, actor, actor_role, device, act, room, entity, outcome, request_id) \
     VALUES (?::uuid, ?, ?::timestamptz, ?::uuid, 'participant', ?::uuid, 'record', 'craving', ?::uuid, \
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
struct Post;

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
impl Post {
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

// ---- the phone's side: its ids, its clock ----

#[expect(clippy::disallowed_methods, reason = "the benchmark is the phone, which makes its own ids")]
fn new_id() -> Uuid {
    Uuid::now_v7()
}

#[expect(clippy::disallowed_methods, reason = "the benchmark is the phone, which has its own clock")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

fn today() -> jiff::civil::Date {
    now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn days(count: i64) -> jiff::Span {
    jiff::Span::new().days(count)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
