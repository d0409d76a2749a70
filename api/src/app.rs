//! What every handler needs: the database, the clock, the keys. Knows no HTTP extractor and no module.

pub mod audit;
pub mod calendar;
pub mod clock;
pub mod config;
pub mod mailer;
pub mod password;
pub mod problem;
pub mod recent_days;
pub mod secret;
pub mod token;

use std::sync::Arc;
use std::time::Duration;

use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Database, Tx};
use jiff::Timestamp;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;
use uuid::{Builder, Uuid};

use self::clock::Clock;
use self::config::Config;
use self::mailer::Mailer;
use self::password::Passwords;
use self::problem::Problem;
use self::recent_days::RecentDaysCache;
use self::secret::{Secrets, random};
use self::token::Tokens;

/// How long a request waits for a connection before it is answered 503.
const MAX_WAIT: Duration = Duration::from_secs(3);

/// The product without its HTTP server. Cloning it is cheap.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    config: Config,
    clock: Clock,
    database: Database,
    secrets: Secrets,
    tokens: Tokens,
    passwords: Passwords,
    mailer: Mailer,
    recent_days: RecentDaysCache,
    ending: watch::Sender<bool>,
}

impl App {
    /// Opens the data folder. The first start makes the folder and its keys.
    ///
    /// If there are no keys, the database must have no accounts yet: new keys would lock everybody out and void
    /// the signatures of the audit log.
    pub fn open(config: Config, clock: Clock) -> Result<Self, String> {
        let folder = config.data.display().to_string();
        let location = config.location().map_err(|error| error.to_string())?;
        let database = Database::open(location, config.readers, config.writers);
        if !Secrets::are_there(&config.data)? && database.has_accounts().map_err(|error| error.to_string())? {
            return Err(lost_keys(&config));
        }
        let mut make = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut make, 0o700);
        make.recursive(true).create(&config.data).map_err(|error| format!("{folder}: {error}"))?;
        Self::with(config, clock, database)
    }

    /// Opens an installation that was started before. Fails if something is missing, and creates nothing.
    pub fn open_existing(config: Config, clock: Clock) -> Result<Self, String> {
        let location = config.location().map_err(|error| error.to_string())?;
        if !location.exists() {
            return Err(format!(
                "there is no database here ({location}); name the folder with --data, or the database with \
                 --database-url"
            ));
        }
        if !Secrets::are_there(&config.data)? {
            return Err(lost_keys(&config));
        }
        let database = Database::open(location, config.readers, config.writers);
        Self::with(config, clock, database)
    }

    fn with(config: Config, clock: Clock, database: Database) -> Result<Self, String> {
        let secrets = Secrets::open(&config.data)?;
        Ok(Self(Arc::new(Parts {
            database,
            tokens: Tokens::new(&secrets, &config.home())?,
            passwords: Passwords::new(config.password_memory)?,
            mailer: Mailer::open(&config)?,
            recent_days: RecentDaysCache::default(),
            ending: watch::Sender::new(false),
            secrets,
            clock,
            config,
        })))
    }

    /// Runs `work` on one consistent view of the data. It may run more than once.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (start, started) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let answer = move |outcome| drop(answer.send(outcome));
        self.0.database.read(move || start.send(()).is_ok(), work, answer);
        self.recording_denial(outcome(started, answered).await).await
    }

    /// Runs `work` in one transaction and returns once it is on disk. For work that writes to several records or
    /// to none. It may run more than once, so make ids and the time outside it.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.recording_denial(self.run_write(None, work).await).await
    }

    /// Like [`App::write`], for work that writes to one record.
    pub async fn write_to<T: Send + 'static>(
        &self,
        record: Uuid,
        work: impl Fn(&mut Tx) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.recording_denial(self.run_write(Some(record), work).await).await
    }

    async fn run_write<T: Send + 'static>(
        &self,
        record: Option<Uuid>,
        work: impl Fn(&mut Tx) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let (start, started) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let answer = move |outcome| drop(answer.send(outcome));
        self.0.database.write(record, move || start.send(()).is_ok(), work, answer);
        outcome(started, answered).await
    }

    /// Writes a denied attempt to the audit log before the refusal is sent. The refused work was rolled back.
    async fn recording_denial<T>(&self, outcome: Result<T, Problem>) -> Result<T, Problem> {
        if let Err(Some(denied)) = outcome.as_ref().map_err(Problem::denied) {
            let denied = denied.clone();
            let record = denied.participant.into();
            self.run_write(Some(record), move |tx| audit::record_denied(tx, &denied)).await?;
        }
        outcome
    }

    /// Brings the schema up to date; returns how many migrations ran.
    pub async fn migrate(&self) -> Result<usize, String> {
        let database = self.0.database.clone();
        let migrated = tokio::task::spawn_blocking(move || database.migrate()).await;
        migrated.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }

    /// Asks the background tasks to start nothing more.
    pub fn end(&self) {
        self.0.ending.send_replace(true);
    }
    /// Whether [`App::end`] was called.
    pub fn is_ending(&self) -> bool {
        *self.0.ending.borrow()
    }
    /// Waits until [`App::end`] is called.
    pub async fn ended(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.ending.subscribe().wait_for(|ending| *ending).await;
    }

    /// The current time.
    pub fn now(&self) -> Moment {
        self.0.clock.now()
    }

    /// A new id (UUIDv7). Ids sort by time.
    pub fn fresh_id(&self) -> Uuid {
        let millis = u64::try_from(Timestamp::from(self.now()).as_millisecond()).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &random()).into_uuid()
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }
    /// The database, for commands that may block.
    pub fn database(&self) -> &Database {
        &self.0.database
    }
    /// The keys.
    pub fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }
    /// Issues and verifies access tokens.
    pub fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }
    /// Hashes and checks passwords.
    pub fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }
    /// The cached days of caseloads.
    pub fn recent_days(&self) -> &RecentDaysCache {
        &self.0.recent_days
    }
    /// Sends messages.
    pub fn mailer(&self) -> &Mailer {
        &self.0.mailer
    }
}

fn lost_keys(config: &Config) -> String {
    format!(
        "{} is missing, and the database cannot be used without it; restore it from a backup, or copy it from the \
         data folder of another running copy",
        config.data.join("keys.json").display()
    )
}

async fn outcome<T>(
    started: oneshot::Receiver<()>,
    answered: oneshot::Receiver<Result<T, Problem>>,
) -> Result<T, Problem> {
    // A job that has not started by then never runs: nothing is done after a 503.
    if timeout(MAX_WAIT, started).await.is_err() {
        metrics::counter!("evenkeel_database_turned_away_total").increment(1);
        return Err(Problem::unavailable());
    }
    answered.await.unwrap_or_else(|_| Err(Problem::unavailable()))
}
