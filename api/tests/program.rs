//! The program itself, as whoever runs it starts, asks, stops and kills it.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test panics where something is wrong, and plays the phone"
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

fn asked(data: &Path, words: &[&str]) -> Output {
    program(data, words).output().unwrap()
}

fn said(output: &Output) -> String {
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

/// A server that runs until it is stopped or dropped.
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

    /// Reads on to the line that has this in it.
    fn line_with(&mut self, word: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.out.read_line(&mut line).unwrap(), 0, "it ended before it said {word}");
            if line.contains(word) {
                return line;
            }
        }
    }

    /// The command that it prints for its first administrator.
    fn first_command(&mut self) -> String {
        self.line_with("curl ") + &self.line_with("CHANGE-ME")
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// What it complained of until it is gone.
    fn end(mut self) -> String {
        self.child.kill().unwrap();
        let mut complaints = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
        complaints
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
    assert!(ran.status.success(), "{}", said(&ran));
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

/// The token of a participant who has come in by the code that the first start printed.
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

/// Eight phones of one participant log until they are cut off; each craving that was answered is told of.
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
                assert_eq!(answer.status(), 201, "a request that is answered is served");
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

/// A server in the middle of writes: the phones log, and a hundred cravings are answered.
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
        let (tell, mut answered) = mpsc::unbounded_channel();
        let phones = phones(&client, &served.home, &token, &tell);
        // Each phone has its own: when the last is cut off, all was told.
        drop(tell);
        let mut known = BTreeSet::new();
        for _ in 0..100 {
            known.insert(answered.recv().await.unwrap());
        }
        Self { served, client, token, phones, answered, known }
    }

    /// Hears all that was answered until the phones were cut off.
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
async fn a_stop_in_the_middle_of_writes_answers_all_that_it_stores() {
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
    assert_eq!(stored, busy.known, "answered is stored, and stored is answered");
}

#[tokio::test]
async fn a_kill_in_the_middle_of_writes_loses_nothing_that_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut busy = Busy::start(folder.path()).await;
    busy.served.signal("-KILL");
    busy.served.child.wait().unwrap();
    busy.drain().await;
    let verdict = asked(folder.path(), &["audit", "verify"]);
    assert!(verdict.status.success() && said(&verdict).contains("is whole"), "{}", said(&verdict));
    let served = Served::start(folder.path());
    let stored = stored(&busy.client, &served.home, &busy.token).await;
    let lost: Vec<_> = busy.known.difference(&stored).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn where_the_address_is_taken_no_code_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = asked(folder.path(), &["serve", "--listen", &address]);
    assert!(refused.status.code() == Some(1) && said(&refused).contains(&address), "{}", said(&refused));
    assert!(refused.stdout.is_empty(), "{}", said(&refused));
    let missed = Served::start(folder.path()).first_command();
    let mut served = Served::start(folder.path());
    let command = served.first_command();
    assert_eq!(pasted(&command)["status"], 422, "the password is still to be chosen");
    // The code of the start before is void; its address is gone too.
    let code = |command: &str| command.split("\"code\": \"").nth(1).unwrap()[..15].to_owned();
    let missed = command.replace(&code(&command), &code(&missed)).replace("CHANGE-ME", PASSWORD);
    assert_eq!(pasted(&missed)["status"], 404);
    assert_eq!(pasted(&command.replace("CHANGE-ME", PASSWORD))["sign_in_name"], "you@example.org");
    drop(served);
    let mut served = Served::start(folder.path());
    served.signal("-TERM");
    let mut rest = String::new();
    served.out.read_to_string(&mut rest).unwrap();
    assert!(!rest.contains("administrator"), "somebody has come: {rest}");
}

#[test]
fn a_command_on_a_folder_that_holds_no_installation_makes_nothing_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (empty, missing, keyless) =
        (folder.path().join("empty"), folder.path().join("missing"), folder.path().join("keyless"));
    std::fs::create_dir(&empty).unwrap();
    std::fs::create_dir(&keyless).unwrap();
    std::fs::write(keyless.join("evenkeel.db"), "something").unwrap();
    let copy = folder.path().join("copy.db");
    for (data, told) in [
        (&empty, "there is no database here"),
        (&missing, "there is no database here"),
        (&keyless, "keys.json is missing"),
    ] {
        for words in [["audit", "verify"], ["backup", copy.to_str().unwrap()]] {
            let refused = asked(data, &words);
            assert!(refused.status.code() == Some(1) && said(&refused).contains(told), "{}", said(&refused));
        }
    }
    let names = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
    assert_eq!((names(&empty), missing.exists(), names(&keyless), copy.exists()), (0, false, 1, false));
}

#[test]
fn a_check_of_the_audit_log_brings_nothing_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { data: folder.path().to_owned(), ..Config::default() };
    let app = App::open(config, Clock::system()).unwrap();
    let ready = || -> Result<(), Error> { app.database().read_now(Tx::ready) };
    assert!(ready().is_err(), "connected to, and without tables");
    let refused = asked(folder.path(), &["audit", "verify"]);
    assert!(refused.status.code() == Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("run evenkeel migrate first"), "{}", said(&refused));
    assert!(ready().is_err(), "it ran no migration");
}

#[tokio::test]
async fn the_demonstration_is_kept_from_others_and_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let reach = asked(folder.path(), &["serve", "--demo", "--listen", "0.0.0.0:0"]);
    assert!(reach.status.code() == Some(1) && said(&reach).contains("--demo-anywhere"), "{}", said(&reach));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
    let warned = |complaints: &str| complaints.contains("the demonstration is in this database");
    assert!(!warned(&Served::start(folder.path()).end()));

    let folder = tempfile::tempdir().unwrap();
    let config = Config { data: folder.path().to_owned(), password_memory: 8, ..Config::default() };
    let app = App::open(config, Clock::system()).unwrap();
    app.migrate().await.unwrap();
    demo::seed(&app).await.unwrap();
    drop(app);
    assert!(warned(&Served::start(folder.path()).end()));
}
