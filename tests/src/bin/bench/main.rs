//! Measures the product, and the limit of its database on the same machine in the same run.
//!
//! Starts the release binary on a fresh database with the demo organization, signs in over HTTP, loads it
//! with keep-alive connections and prints tables for `docs/performance.md`.

#![expect(clippy::print_stdout, reason = "its output is a report on the terminal")]

mod bare;
mod load;
mod phone;
mod server;
mod store;

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use load::{Found, Request, load};
use phone::{caseload, days, get, put_craving, sign_in, sign_in_participants, today};
use server::Server;
use store::Store;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

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
        ("counselor's trend, recorded in the audit log", read_trend),
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
        "- answered 2xx {written}; new rows: cravings {}, summaries {}, audit_log {}",
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

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
