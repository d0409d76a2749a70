//! One throw-away PostgreSQL cluster for the whole test run, one database for each test.

use crate::setting;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

/// A database of its own for one test, gone with it.
pub struct Database {
    /// Where to connect.
    pub url: String,
    name: String,
}

struct Server {
    base: String,
    admin: Mutex<PgConnection>,
    // Its standard input closes when this process ends, however it ends; then it clears up.
    _watchdog: Option<Child>,
}

static SERVER: LazyLock<Result<Server, String>> = LazyLock::new(open);
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A fresh database with nothing in it; `None` where this machine has no PostgreSQL.
///
/// With `EVENKEEL_TEST_REQUIRE_POSTGRES=1`, no PostgreSQL is a failure.
pub fn empty_database() -> Option<Database> {
    server().map(|server| copy(server, "template0"))
}

/// A fresh database with the same in it as one to which nobody is connected; `None` as with [`empty_database`].
pub fn copy_of(template: &Database) -> Option<Database> {
    server().map(|server| copy(server, &template.name))
}

fn server() -> Option<&'static Server> {
    let required = setting("EVENKEEL_TEST_REQUIRE_POSTGRES").as_deref() == Some("1");
    match &*SERVER {
        Ok(server) => Some(server),
        Err(why) if required => panic!("PostgreSQL is required and cannot be had: {why}"),
        Err(_) => None,
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Ok(server) = &*SERVER {
            let mut admin = server.admin.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = admin.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

fn copy(server: &Server, template: &str) -> Database {
    let name = format!("evenkeel_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let mut admin = server.admin.lock().unwrap_or_else(PoisonError::into_inner);
    admin
        .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
        .expect("a database can be copied");
    Database { url: format!("{}/{name}", server.base), name }
}

fn open() -> Result<Server, String> {
    let opened = match setting("EVENKEEL_TEST_POSTGRES_URL") {
        Some(url) => connect(&url).map(|admin| Server {
            base: url.rsplit_once('/').map_or(url.as_str(), |(base, _)| base).to_owned(),
            admin,
            _watchdog: None,
        }),
        None => start(),
    };
    if let Err(why) = &opened {
        // Not by eprintln!, which the test runner keeps to itself.
        let warning = "NO POSTGRESQL: every PostgreSQL case passes WITHOUT HAVING RUN";
        let _ = writeln!(std::io::stderr(), "\n*** {warning}. {why}\n");
    }
    opened
}

fn connect(url: &str) -> Result<Mutex<PgConnection>, String> {
    PgConnection::establish(url).map(Mutex::new).map_err(|e| e.to_string())
}

// $1 programs, $2 folder, $3 port. Fast and forgetful: nothing here outlives the test run.
const WATCHDOG: &str = r#"
cd "$2" || exit 1
"$1/initdb" -D db -U evenkeel --auth=trust --no-sync --encoding=UTF8 --locale=C >log 2>&1 &&
"$1/pg_ctl" -D db -l log -w -o "-p $3 -h 127.0.0.1 -c unix_socket_directories='' -c fsync=off \
  -c synchronous_commit=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=64MB \
  -c wal_level=minimal -c max_wal_senders=0 -c max_wal_size=128MB" \
  start </dev/null >/dev/null 2>&1
if [ $? = 0 ]; then
  echo ready
  cat >/dev/null
  "$1/pg_ctl" -D db -m immediate -w stop >/dev/null 2>&1
else
  tail -n 3 log | tr '\n' ' '
fi
cd / && rm -rf "$2"
"#;

fn start() -> Result<Server, String> {
    let programs = programs().ok_or("neither PATH nor /usr/lib/postgresql/*/bin has initdb")?;
    let mut folder = tempfile::Builder::new();
    let folder = folder.prefix("evenkeel-postgres-");
    let folder = if memory() { folder.tempdir_in(MEMORY) } else { folder.tempdir() };
    let folder = folder.map_err(|e| e.to_string())?;
    // Free now and, on a machine that is not handing out thousands of ports a second, still free then.
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_err(|e| e.to_string())?;
    let mut watchdog = Command::new("sh");
    watchdog.args(["-c", WATCHDOG, "watchdog"]).arg(programs).arg(folder.path()).arg(port.port().to_string());
    watchdog.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
    if let Some((uid, gid)) = not_root(folder.path()) {
        chown(folder.path(), Some(uid), Some(gid)).map_err(|e| e.to_string())?;
        watchdog.uid(uid).gid(gid);
    }
    let mut watchdog = watchdog.spawn().map_err(|e| e.to_string())?;
    let _ = folder.keep();
    let mut said = String::new();
    let out = watchdog.stdout.take().ok_or("the watchdog has no output")?;
    BufReader::new(out).read_line(&mut said).map_err(|e| e.to_string())?;
    if said.trim() != "ready" {
        return Err(format!("PostgreSQL does not start: {said}"));
    }
    let base = format!("postgres://evenkeel@127.0.0.1:{}", port.port());
    let admin = connect(&format!("{base}/postgres"))?;
    Ok(Server { base, admin, _watchdog: Some(watchdog) })
}

/// Making a database takes a third of a second on a disk and a hundredth in memory.
const MEMORY: &str = "/dev/shm";

/// Whether there is a folder in memory with a free GiB.
fn memory() -> bool {
    let output = Command::new("df").args(["-Pk", MEMORY]).output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let free = said.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    free.is_some_and(|kib| 1 << 20 <= kib)
}

/// The folder of a complete set of PostgreSQL's programs.
fn programs() -> Option<PathBuf> {
    let path = setting("PATH").unwrap_or_default();
    let mut packaged: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    packaged.sort();
    packaged
        .into_iter()
        .rev()
        .chain(std::env::split_paths(&path))
        .find(|folder| ["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).is_file()))
}

/// The user to run as where we are root, which PostgreSQL refuses to be.
fn not_root(folder: &Path) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    if std::fs::metadata(folder).ok()?.uid() != 0 {
        return None;
    }
    let people = std::fs::read_to_string("/etc/passwd").ok()?;
    let find = |name: &str| {
        people.lines().find_map(|line| match line.split(':').collect::<Vec<_>>()[..] {
            [who, _, uid, gid, ..] if who == name => Some((uid.parse().ok()?, gid.parse().ok()?)),
            _ => None,
        })
    };
    find("postgres").or_else(|| find("nobody"))
}
