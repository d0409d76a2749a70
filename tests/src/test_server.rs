//! The product started for one test, and the people of one clinic in it.

mod answer;

pub use self::answer::Answer;
use crate::mailbox::Mailbox;
use crate::{Engine, contract, postgres};
use diesel::{Connection, PgConnection, RunQueryDsl, SqliteConnection};
use evenkeel::{App, Clock, Config, Running};
use evenkeel_domain::account::{Email, OrganizationName};
use evenkeel_domain::value::Moment;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::OnceCell;

/// When every story begins: Monday 2026-03-02, 13:40 in New York.
pub const START: &str = "2026-03-02T18:40:00Z";
/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery staple";
/// Where the participants live.
pub const ZONE: &str = "America/New_York";

/// A running product with its own database, clock and mailbox.
pub struct TestServer {
    /// The only clock the product reads; moved by hand.
    pub clock: Clock,
    /// Where its mail arrives.
    pub mailbox: Mailbox,
    /// The product without its HTTP server.
    pub app: App,
    /// Where its metrics are served.
    pub metrics_address: SocketAddr,
    /// How it is set up.
    pub config: Config,
    /// The product's data folder.
    pub folder: tempfile::TempDir,
    http: reqwest::Client,
    strangers: AtomicU32,
    address: SocketAddr,
    // Gone only while the server is being taken down.
    running: Option<Running>,
    copies: Vec<Running>,
    database: Option<postgres::Database>,
    clinic: Option<Clinic>,
}

/// Somebody who is signed in on one device.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their account.
    pub account: String,
    /// Their record, if they have one.
    pub participant: String,
    /// How they sign in.
    pub name: String,
    /// The current access token.
    pub token: String,
    /// The current refresh token.
    pub refresh: String,
}

impl AsRef<str> for Person {
    fn as_ref(&self) -> &str {
        &self.token
    }
}

/// Everybody of a small clinic. Maya is on Casey's caseload, Theo on Drew's.
#[derive(Clone)]
pub struct Clinic {
    /// Settings and people, nothing clinical.
    pub admin: Person,
    /// Sees the whole organization.
    pub supervisor: Person,
    /// Maya's counselor.
    pub casey: Person,
    /// Theo's counselor.
    pub drew: Person,
    /// A participant with an e-mail address.
    pub maya: Person,
    /// A participant of another caseload, without an e-mail address.
    pub theo: Person,
}

impl TestServer {
    /// A fresh server at [`START`] with a clinic in it; `None` where the engine is not on this machine.
    pub async fn new(engine: Engine) -> Option<Self> {
        Self::with(engine, |_| ()).await
    }

    /// A fresh server with a clinic in it and some settings changed.
    pub async fn with(engine: Engine, change: impl FnOnce(&mut Config)) -> Option<Self> {
        let template = Template::of(engine).await?;
        Self::start(engine, Clock::by_hand(moment(START)), Some(template), change).await
    }

    /// A fresh server with nobody in it.
    pub async fn empty(engine: Engine) -> Option<Self> {
        Self::empty_at(engine, Clock::by_hand(moment(START))).await
    }

    /// The same with a clock of one's own.
    pub async fn empty_at(engine: Engine, clock: Clock) -> Option<Self> {
        Self::start(engine, clock, None, |_| ()).await
    }

    async fn start(
        engine: Engine,
        clock: Clock,
        template: Option<&Template>,
        change: impl FnOnce(&mut Config),
    ) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        if let Some(template) = template {
            template.write_files(folder.path());
        }
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => {
                let template = template.and_then(|template| template.database.as_ref());
                Some(template.map_or_else(postgres::empty_database, postgres::copy_of)?)
            }
        };
        let mailbox = Mailbox::open().await;
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut config = Config {
            listen: here,
            metrics_listen: here,
            data: folder.path().to_owned(),
            database_url: database.as_ref().map(|own| own.url.clone()),
            smtp_url: Some(mailbox.url.clone()),
            mail_from: "Daily note <hello@post.example>".to_owned(),
            public_url: Some("https://go.example".to_owned()),
            trusted_proxies: vec!["127.0.0.1/32".parse().expect("a network")],
            password_memory: 8,
            workers: Some(1),
            readers: 2,
            ..Config::default()
        };
        change(&mut config);
        let running = open(config.clone(), clock.clone()).await;
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
        Some(Self {
            clock,
            mailbox,
            app: running.app.clone(),
            address: running.address,
            metrics_address: running.metrics_address,
            running: Some(running),
            copies: vec![],
            config,
            folder,
            http: http.expect("an HTTP client"),
            strangers: AtomicU32::new(0),
            database,
            clinic: template.map(|template| template.clinic.clone()),
        })
    }

    /// The clinic that every server but an empty one starts with, at `harbor.example`. Everybody is signed in.
    pub fn clinic(&self) -> Clinic {
        self.clinic.clone().expect("a server that was not started empty")
    }

    /// The same server after a stop and a start.
    #[must_use]
    pub async fn again(mut self) -> Self {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        let running = open(self.config.clone(), self.clock.clone()).await;
        (self.app, self.address, self.metrics_address) =
            (running.app.clone(), running.address, running.metrics_address);
        self.running = Some(running);
        self
    }

    /// Its database engine.
    pub fn engine(&self) -> Engine {
        if self.database.is_some() { Engine::Postgres } else { Engine::Sqlite }
    }

    /// The address of a second copy of the product, on the same database and keys.
    pub async fn copy(&mut self) -> String {
        let running = open(self.config.clone(), self.clock.clone()).await;
        let base = format!("http://{}", running.address);
        self.copies.push(running);
        base
    }

    /// The product's address.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Asks, as the holder of a token; `""` is nobody.
    pub async fn call(&self, method: &str, path: &str, who: impl AsRef<str>, body: Option<Value>) -> Answer {
        self.call_with(method, path, who, &[], body).await
    }

    /// Asks, as the holder of a token, with more headers.
    pub async fn call_with(
        &self,
        method: &str,
        path: &str,
        who: impl AsRef<str>,
        more: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut headers = more.to_vec();
        let token = format!("Bearer {}", who.as_ref());
        if !who.as_ref().is_empty() {
            headers.push(("authorization", token.as_str()));
        }
        let body = body.map(|body| body.to_string());
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        self.send(method, path, &headers, body.unwrap_or_default().into_bytes()).await
    }

    /// Asks with exactly these headers and bytes, each time from another address behind the proxy unless the
    /// headers say which. What is answered must be as the document says.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let verb = method.to_ascii_uppercase().parse().expect("a method");
        let mut request = self.http.request(verb, format!("{}{path}", self.base()));
        let stranger = self.strangers.fetch_add(1, Ordering::Relaxed);
        if !headers.iter().any(|(name, _)| *name == "x-forwarded-for") {
            let from = format!("10.{}.{}.{}", stranger / 62_500, stranger / 250 % 250, 1 + stranger % 250);
            request = request.header("x-forwarded-for", from);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = serde_json::from_slice(&body).unwrap_or_default();
        if !body.is_empty() {
            request = request.body(body);
        }
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.expect("a whole answer");
        let json = serde_json::from_str(&text).unwrap_or_default();
        let answer = Answer { status, headers, text, json, asked: path.to_owned() };
        contract::check(method, path, &sent, status, &answer.header("content-type"), &answer.json);
        answer
    }

    /// `GET`.
    pub async fn get(&self, who: impl AsRef<str>, path: &str) -> Answer {
        self.call("GET", path, who, None).await
    }
    /// `PUT`.
    pub async fn put(&self, who: impl AsRef<str>, path: &str, body: Value) -> Answer {
        self.call("PUT", path, who, Some(body)).await
    }
    /// `PUT` with `If-Match`.
    pub async fn put_on(&self, who: impl AsRef<str>, path: &str, tag: &str, body: Value) -> Answer {
        self.call_with("PUT", path, who, &[("if-match", tag)], Some(body)).await
    }
    /// `PUT` of an acknowledgement, of what was read under this tag.
    pub async fn acknowledge(&self, who: impl AsRef<str>, path: &str, tag: &str) -> Answer {
        self.call_with("PUT", path, who, &[("if-match", tag)], None).await
    }
    /// `GET` with `If-None-Match`.
    pub async fn get_unless(&self, who: impl AsRef<str>, path: &str, tag: &str) -> Answer {
        self.call_with("GET", path, who, &[("if-none-match", tag)], None).await
    }
    /// `POST`.
    pub async fn post(&self, who: impl AsRef<str>, path: &str, body: Value) -> Answer {
        self.call("POST", path, who, Some(body)).await
    }
    /// `DELETE`.
    pub async fn delete(&self, who: impl AsRef<str>, path: &str) -> Answer {
        self.call("DELETE", path, who, None).await
    }

    /// Signs somebody in on a new device, as one does after a long time away.
    pub async fn sign_in(&self, person: &Person) -> Person {
        let body = json!({"email": person.name, "password": PASSWORD, "device_name": "phone"});
        known(&self.post("", "/v1/sign-in", body).await.is(200))
    }

    /// Invites somebody and redeems the invitation; `name` is their e-mail address or sign-in name.
    pub async fn invite(&self, host: &Person, name: &str, draft: Value) -> Person {
        let invite = self.post(host, "/v1/invites", draft).await.is(201);
        self.redeem(invite["code"].as_str().expect("a code"), name).await
    }

    /// An invitation for a participant that nobody has redeemed yet.
    pub async fn open_invite(&self, host: &Person) -> Value {
        self.post(host, "/v1/invites", json!({"display_name": "Noor", "time_zone": ZONE})).await.is(201)
    }

    /// Redeems an invite by its code.
    pub async fn redeem(&self, code: &str, name: &str) -> Person {
        let key = if name.contains('@') { "email" } else { "sign_in_name" };
        let body = json!({"code": code, key: name, "password": PASSWORD, "device_name": "phone"});
        known(&self.post("", "/v1/invites/redeem", body).await.is(201))
    }

    /// A participant of this counselor, with an e-mail address.
    pub async fn participant(&self, counselor: &Person, email: &str, zone: &str) -> Person {
        self.invite(counselor, email, json!({"display_name": "Alex P.", "time_zone": zone, "email": email}))
            .await
    }

    /// One more clinic, each of its people invited by another. `at` is the domain of its email addresses.
    pub async fn invite_clinic(&self, at: &str) -> Clinic {
        let code = self.organization(at).await;
        let admin = self.redeem(&code, &format!("admin@{at}")).await;
        let staff = async |role: &str, who: &str| {
            let email = format!("{who}@{at}");
            self.invite(&admin, &email, json!({"display_name": who, "email": email, "role": role})).await
        };
        let supervisor = staff("supervisor", "sam").await;
        let casey = staff("counselor", "casey").await;
        let drew = staff("counselor", "drew").await;
        let email = format!("maya@{at}");
        let draft = json!({"display_name": "Maya R.", "time_zone": ZONE, "email": email});
        let maya = self.invite(&casey, &email, draft).await;
        let draft = json!({"display_name": "Theo K.", "time_zone": "Europe/Berlin"});
        let theo = self.invite(&drew, &format!("theo.{}", at.replace('.', "-")), draft).await;
        Clinic { admin, supervisor, casey, drew, maya, theo }
    }

    /// A new organization and the code that makes its first admin, as `evenkeel org create` prints it.
    pub async fn organization(&self, at: &str) -> String {
        let name = OrganizationName::try_from(format!("The server of {at}")).expect("a name");
        let email = Email::try_from(format!("admin@{at}")).expect("an address");
        let made = evenkeel::account::create_organization(&self.app, name, email).await;
        made.expect("an organization can be made")
    }

    /// Logs a craving as this participant and answers its id.
    pub async fn craving(&self, who: &Person, occurred_at: &str, intensity: i32) -> String {
        let id = crate::fresh_id().to_string();
        let draft = craving(occurred_at, intensity);
        self.put(who, &format!("/v1/participants/me/cravings/{id}"), draft).await.is(201);
        id
    }

    /// Changes the database without the product; `forced` drops the triggers that guard it first.
    pub fn tamper(&self, sql: &str, forced: bool) -> diesel::QueryResult<()> {
        use diesel::connection::SimpleConnection;
        let tables = ["audit_events", "audit_seals", "audit_streams"];
        if let Some(database) = &self.database {
            let mut conn = PgConnection::establish(&database.url).expect("our own database");
            for table in tables.iter().filter(|_| forced) {
                conn.batch_execute(&format!("ALTER TABLE {table} DISABLE TRIGGER USER"))?;
            }
            return conn.batch_execute(sql);
        }
        let file = self.folder.path().join("evenkeel.db");
        let mut conn = SqliteConnection::establish(&file.to_string_lossy()).expect("our own database");
        conn.batch_execute("PRAGMA busy_timeout = 5000")?;
        if forced {
            let guards = "SELECT name AS text FROM sqlite_schema WHERE type = 'trigger'";
            for guard in diesel::sql_query(guards).load::<Named>(&mut conn)? {
                conn.batch_execute(&format!("DROP TRIGGER {}", guard.text))?;
            }
        }
        conn.batch_execute(sql)
    }

    /// One pass of the reminder worker, then the mails it sent.
    pub async fn deliver_reminders(&self) -> Vec<crate::mailbox::Mail> {
        self.app.work_reminders().await.expect("a pass of the reminder worker");
        self.mailbox.take()
    }

    /// Moves the clock on.
    pub fn later(&self, by: SignedDuration) {
        self.clock.advance(by.try_into().expect("time goes on"));
    }

    /// Moves the clock on to an instant.
    pub fn at(&self, instant: &str) {
        let now: Timestamp = self.app.now().into();
        let then: Timestamp = instant.parse().expect("an instant");
        self.later(then.duration_since(now));
    }
}

/// A database with a clinic in it and the keys of its sign-ins: made once for each engine, copied for each server.
struct Template {
    keys: Vec<u8>,
    // The whole file of an SQLite database; empty for PostgreSQL.
    sqlite: Vec<u8>,
    database: Option<postgres::Database>,
    clinic: Clinic,
}

impl Template {
    async fn of(engine: Engine) -> Option<&'static Self> {
        static SQLITE: OnceCell<Template> = OnceCell::const_new();
        static POSTGRES: OnceCell<Template> = OnceCell::const_new();
        let made = match engine {
            Engine::Sqlite => &SQLITE,
            Engine::Postgres => &POSTGRES,
        };
        made.get_or_try_init(async || Self::make(engine).await.ok_or(())).await.ok()
    }

    async fn make(engine: Engine) -> Option<Self> {
        let mut server = TestServer::empty(engine).await?;
        let clinic = server.invite_clinic("harbor.example").await;
        let keys = std::fs::read(server.folder.path().join("keys.json")).expect("keys");
        let mut sqlite = vec![];
        if engine == Engine::Sqlite {
            let copy = server.folder.path().join("copy.db");
            server.app.database().backup(&copy).expect("a copy");
            sqlite = std::fs::read(copy).expect("a copy");
        }
        // PostgreSQL copies only a database that nobody is connected to.
        if let Some(running) = server.running.take() {
            running.stop().await;
        }
        Some(Self { keys, sqlite, database: server.database.take(), clinic })
    }

    fn write_files(&self, folder: &Path) {
        let mut new = std::fs::OpenOptions::new();
        new.write(true).create_new(true).mode(0o600);
        let write = |name: &str, bytes: &[u8]| {
            let mut file = new.open(folder.join(name))?;
            std::io::Write::write_all(&mut file, bytes)
        };
        write("keys.json", &self.keys).expect("a key file");
        if !self.sqlite.is_empty() {
            write("evenkeel.db", &self.sqlite).expect("a database file");
        }
    }
}

/// Where the products of all tests run: a test's own runtime ends before its product has stopped.
static SERVER_RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime")
});

async fn open(config: Config, clock: Clock) -> Running {
    let opened = SERVER_RUNTIME.spawn(evenkeel::start(config, clock)).await;
    opened.expect("no panic at the start").expect("the product starts")
}

impl Drop for TestServer {
    fn drop(&mut self) {
        for running in self.running.take().into_iter().chain(self.copies.drain(..)) {
            SERVER_RUNTIME.spawn(running.stop());
        }
    }
}

#[derive(diesel::QueryableByName)]
struct Named {
    #[diesel(sql_type = diesel::sql_types::Text)]
    text: String,
}

/// An instant by RFC 3339.
pub fn moment(instant: &str) -> Moment {
    instant.parse::<Timestamp>().expect("an instant").try_into().expect("an instant of our time")
}

/// The least that a craving is logged with.
pub fn craving(occurred_at: &str, intensity: i32) -> Value {
    json!({"occurred_at": occurred_at, "time_zone": ZONE, "intensity": intensity})
}

/// Who the answer to a sign-in is about.
pub fn known(answer: &Value) -> Person {
    let text = |member: &str| answer[member].as_str().unwrap_or_default().to_owned();
    Person {
        account: text("account_id"),
        participant: text("participant_id"),
        name: text("sign_in_name"),
        token: text("access_token"),
        refresh: text("refresh_token"),
    }
}
