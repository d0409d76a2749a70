//! The product, started as its users start it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Outcome;
use super::phone::Line;
use super::store::Store;

pub(super) struct Server {
    process: Child,
    pub(super) address: SocketAddr,
    pub(super) ready_after: Duration,
    /// Whether the database is a process of its own.
    on_postgres: bool,
}

impl Server {
    pub(super) async fn start(folder: &Path, store: &Store, demo: bool) -> Outcome<Self> {
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
        // Sign-ins are limited by address, so each request names its own through a trusted proxy.
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
    pub(super) fn memory(&self) -> Outcome<f64> {
        let rollup = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.process.id()))?;
        let line =
            rollup.lines().find_map(|line| line.strip_prefix("Pss:")).ok_or("no Pss in smaps_rollup")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    }

    /// Processor time of the server, and of PostgreSQL if it runs here.
    pub(super) fn processor_time(&self) -> Outcome<Duration> {
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
