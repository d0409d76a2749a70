//! The binary: starting, stopping and killing it, and its commands.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test panics if something is wrong, and makes ids and times as a phone does"
)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use evenkeel::{App, Clock, Config, demo};
use evenkeel_persistence::{Error, Tx};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_blocking};

const PASSWORD: &str = "correct horse battery staple";

fn program(data: &Path, words: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
    program.env_clear().args(words).arg("--data").arg(data).args(["--log", "error"]).stdin(Stdio::null());
    program
}

fn run(data: &Path, words: &[&str]) -> Output {
    program(data, words).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

const SERVE: [&str; 9] = [
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--metrics-listen",
    "127.0.0.1:0",
    "--password-memory",
    "8",
    "--attempts",
    "1000",
];

/// A running server, killed when it is dropped.
struct Served {
    child: Child,
    out: BufReader<ChildStdout>,
    home: String,
}

impl Served {
    fn start(data: &Path) -> Self {
        let mut child = program(data, &SERVE).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut served = Self { child, out, home: String::new() };
        let docs = served.line_with("docs ");
        docs.split_whitespace().last().unwrap().trim_end_matches("/docs").clone_into(&mut served.home);
        served
    }

    /// Reads to the next line that contains this.
    fn line_with(&mut self, word: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.out.read_line(&mut line).unwrap(), 0, "it ended before it printed {word}");
            if line.contains(word) {
                return line;
            }
        }
    }

    /// The command that it prints for the first administrator.
    fn first_command(&mut self) -> String {
        self.line_with("curl ") + &self.line_with("CHANGE-ME")
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Kills it and returns what it wrote to standard error.
    fn errors(mut self) -> String {
        self.child.kill().unwrap();
        let mut errors = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        errors
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pasted(command: &str) -> Value {
    let ran = Command::new("bash").args(["-c", command]).output().unwrap();
    assert!(ran.status.success(), "{}", text(&ran));
    serde_json::from_slice(&ran.stdout).unwrap()
}

async fn post(client: &Client, home: &str, path: &str, token: &str, body: &Value) -> Value {
    let ask =
        client.post(format!("{home}{path}")).bearer_auth(token).header("content-type", "application/json");
    let answer = ask.body(body.to_string()).send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, 201, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// The token of a participant: the first admin invites a counselor, who invites the participant.
async fn participant(client: &Client, served: &mut Served) -> String {
    let command = served.first_command().replace("CHANGE-ME", PASSWORD);
    let mut token = pasted(&command)["access_token"].as_str().unwrap().to_owned();
    for (role, email) in [("counselor", "casey@harbor.example"), ("participant", "maya@harbor.example")] {
        let draft = json!({
            "display_name": role, "email": email, "role": role,
            "time_zone": (role == "participant").then_some("America/New_York"),
        });
        let code = post(client, &served.home, "/v1/invites", &token, &draft).await["code"].clone();
        let redeem = json!({"code": code, "password": PASSWORD, "device_name": "phone"});
        let signed_in = post(client, &served.home, "/v1/invites/redeem", "", &redeem).await;
        signed_in["access_token"].as_str().unwrap().clone_into(&mut token);
    }
    token
}

/// Eight phones of one participant log cravings until the connection is cut, and report the id of each answered one.
fn phones(client: &Client, home: &str, token: &str, answered: &mpsc::UnboundedSender<String>) -> JoinSet<()> {
    let now = jiff::Timestamp::now().to_string();
    let draft = json!({"occurred_at": now, "time_zone": "America/New_York", "intensity": 4}).to_string();
    let mut phones = JoinSet::new();
    for _ in 0..8 {
        let (client, answered, draft) = (client.clone(), answered.clone(), draft.clone());
        let (home, token) = (home.to_owned(), token.to_owned());
        phones.spawn(async move {
            for _ in 0..1000 {
                let id = uuid::Uuid::now_v7().to_string();
                let ask = client.put(format!("{home}/v1/participants/me/cravings/{id}")).bearer_auth(&token);
                let ask = ask.header("content-type", "application/json").body(draft.clone());
                let Ok(answer) = ask.send().await else { return };
                assert_eq!(answer.status(), 201, "every answer is a success");
                answered.send(id).unwrap();
            }
        });
    }
    phones
}

async fn stored(client: &Client, home: &str, token: &str) -> BTreeSet<String> {
    let (mut all, mut after) = (BTreeSet::new(), String::new());
    loop {
        let url = format!("{home}/v1/participants/me/cravings?limit=200{after}");
        let text = client.get(url).bearer_auth(token).send().await.unwrap().text().await.unwrap();
        let page: Value = serde_json::from_str(&text).unwrap();
        let items = page["items"].as_array().unwrap_or_else(|| panic!("{text}"));
        all.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { return all };
        after = format!("&after={next}");
    }
}

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

/// A server in the middle of writes: phones are logging, and a hundred cravings are answered.
struct Busy {
    served: Served,
    client: Client,
    token: String,
    phones: JoinSet<()>,
    answered: mpsc::UnboundedReceiver<String>,
    known: BTreeSet<String>,
}

impl Busy {
    async fn start(folder: &Path) -> Self {
        let client = client();
        let mut served = Served::start(folder);
        let token = participant(&client, &mut served).await;
        let (report, mut answered) = mpsc::unbounded_channel();
        let phones = phones(&client, &served.home, &token, &report);
        // Each phone has its own clone, so the channel ends when the last phone is cut off.
        drop(report);
        let mut known = BTreeSet::new();
        for _ in 0..100 {
            known.insert(answered.recv().await.unwrap());
        }
        Self { served, client, token, phones, answered, known }
    }

    /// Receives all that was answered until the phones were cut off.
    async fn drain(&mut self) {
        while let Some(phone) = self.phones.join_next().await {
            phone.unwrap();
        }
        while let Some(id) = self.answered.recv().await {
            self.known.insert(id);
        }
    }
}

#[tokio::test]
async fn a_stop_in_the_middle_of_writes_answers_everything_it_stores() {
    let folder = tempfile::tempdir().unwrap();
    let mut busy = Busy::start(folder.path()).await;
    busy.served.signal("-TERM");
    let stopped = spawn_blocking(move || {
        let code = busy.served.child.wait().unwrap().code();
        (busy, code)
    });
    let (mut busy, code) =
        tokio::time::timeout(Duration::from_secs(10), stopped).await.expect("stops in time").unwrap();
    assert_eq!(code, Some(0));
    busy.drain().await;
    let served = Served::start(folder.path());
    let stored = stored(&busy.client, &served.home, &busy.token).await;
    assert_eq!(stored, busy.known, "exactly the answered cravings are stored");
}

#[tokio::test]
async fn a_kill_in_the_middle_of_writes_loses_no_answered_craving() {
    let folder = tempfile::tempdir().unwrap();
    let mut busy = Busy::start(folder.path()).await;
    busy.served.signal("-KILL");
    busy.served.child.wait().unwrap();
    busy.drain().await;
    let verdict = run(folder.path(), &["audit", "verify"]);
    assert!(verdict.status.success() && text(&verdict).contains("is intact"), "{}", text(&verdict));
    let served = Served::start(folder.path());
    let stored = stored(&busy.client, &served.home, &busy.token).await;
    let lost: Vec<_> = busy.known.difference(&stored).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn a_start_on_a_taken_address_makes_no_code() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = run(folder.path(), &["serve", "--listen", &address]);
    assert!(refused.status.code() == Some(1) && text(&refused).contains(&address), "{}", text(&refused));
    assert!(refused.stdout.is_empty(), "{}", text(&refused));
    let missed = Served::start(folder.path()).first_command();
    let mut served = Served::start(folder.path());
    let command = served.first_command();
    assert_eq!(pasted(&command)["status"], 422, "the command needs a password first");
    // The code of the earlier start no longer works.
    let code = |command: &str| command.split("\"code\": \"").nth(1).unwrap()[..15].to_owned();
    let missed = command.replace(&code(&command), &code(&missed)).replace("CHANGE-ME", PASSWORD);
    assert_eq!(pasted(&missed)["status"], 404);
    assert_eq!(pasted(&command.replace("CHANGE-ME", PASSWORD))["sign_in_name"], "you@example.org");
    drop(served);
    let mut served = Served::start(folder.path());
    served.signal("-TERM");
    let mut rest = String::new();
    served.out.read_to_string(&mut rest).unwrap();
    assert!(!rest.contains("administrator"), "there is an account: {rest}");
}

#[test]
fn a_command_on_a_folder_without_an_installation_fails_and_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (empty, missing, keyless) =
        (folder.path().join("empty"), folder.path().join("missing"), folder.path().join("keyless"));
    std::fs::create_dir(&empty).unwrap();
    std::fs::create_dir(&keyless).unwrap();
    std::fs::write(keyless.join("evenkeel.db"), "something").unwrap();
    let copy = folder.path().join("copy.db");
    for (data, reason) in [
        (&empty, "there is no database here"),
        (&missing, "there is no database here"),
        (&keyless, "keys.json is missing"),
    ] {
        for words in [["audit", "verify"], ["backup", copy.to_str().unwrap()]] {
            let refused = run(data, &words);
            assert!(
                refused.status.code() == Some(1) && text(&refused).contains(reason),
                "{}",
                text(&refused)
            );
        }
    }
    let names = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
    assert_eq!((names(&empty), missing.exists(), names(&keyless), copy.exists()), (0, false, 1, false));
}

#[test]
fn audit_verify_runs_no_migration() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { data: folder.path().to_owned(), ..Config::default() };
    let app = App::open(config, Clock::system()).unwrap();
    let ready = || -> Result<(), Error> { app.database().read_now(Tx::ready) };
    assert!(ready().is_err(), "the database exists and has no tables");
    let refused = run(folder.path(), &["audit", "verify"]);
    assert!(refused.status.code() == Some(1), "{}", text(&refused));
    assert!(text(&refused).contains("run evenkeel migrate first"), "{}", text(&refused));
    assert!(ready().is_err(), "it ran no migration");
}

#[tokio::test]
async fn the_demo_is_refused_on_a_reachable_address_and_leads_to_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let reach = run(folder.path(), &["serve", "--demo", "--listen", "0.0.0.0:0"]);
    assert!(reach.status.code() == Some(1) && text(&reach).contains("--demo-anywhere"), "{}", text(&reach));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
    let has_warning = |errors: &str| errors.contains("this database holds the demo");
    assert!(!has_warning(&Served::start(folder.path()).errors()));

    let folder = tempfile::tempdir().unwrap();
    let config = Config { data: folder.path().to_owned(), password_memory: 8, ..Config::default() };
    let app = App::open(config, Clock::system()).unwrap();
    app.migrate().await.unwrap();
    demo::seed(&app).await.unwrap();
    drop(app);
    assert!(has_warning(&Served::start(folder.path()).errors()));
}
