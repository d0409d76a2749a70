//! The commands and settings. Each setting is a flag and an environment variable.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use evenkeel_persistence::Location;
use ipnet::IpNet;

/// The backend of Evenkeel: craving logs, trends and discreet reminders for intensive outpatient programs.
#[derive(Parser)]
#[command(name = "evenkeel", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// The settings.
    #[command(flatten)]
    pub config: Config,
}

/// What the binary can do.
#[derive(Subcommand)]
pub enum Command {
    /// Bring the database up to date and serve the API. Until somebody has an account, each start prints a new code
    /// for the first administrator
    Serve {
        /// First fill an empty database with an invented organization
        #[arg(long)]
        demo: bool,
        /// Allow the demo, whose passwords are public, on an address that other machines can reach
        #[arg(long, env = "EVENKEEL_DEMO_ANYWHERE", value_parser = clap::builder::FalseyValueParser::new())]
        demo_anywhere: bool,
    },
    /// Bring the database up to date and exit
    Migrate,
    /// Print the OpenAPI document
    Openapi,
    /// Organizations
    #[command(subcommand)]
    Org(OrgCommand),
    /// The audit log: who did or saw what
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Copy the SQLite database to a new file while it is in use
    Backup {
        /// The file to create; it must not exist
        to: PathBuf,
    },
}

/// Commands on organizations.
#[derive(Subcommand)]
pub enum OrgCommand {
    /// Create an organization and print the invitation code of its first admin
    Create {
        /// Its name
        name: String,
        /// The email address of its first admin
        #[arg(long)]
        admin_email: String,
    },
}

/// Commands on the audit log.
#[derive(Subcommand)]
pub enum AuditCommand {
    /// Check the seals of the whole audit log. Exits with status 1 if there is any finding
    Verify {
        /// Also compare with this copy of audit-heads.jsonl from another machine
        #[arg(long)]
        heads: Option<PathBuf>,
    },
}

/// The settings.
#[derive(Clone, Args)]
pub struct Config {
    /// Address to serve the API on
    #[arg(long, env = "EVENKEEL_LISTEN", default_value = "127.0.0.1:8080", global = true)]
    pub listen: SocketAddr,
    /// Address to serve Prometheus metrics on. Do not open it to the internet
    #[arg(long, env = "EVENKEEL_METRICS_LISTEN", default_value = "127.0.0.1:9464", global = true)]
    pub metrics_listen: SocketAddr,
    /// Folder for keys, the embedded database, and mail when there is no SMTP server
    #[arg(long, env = "EVENKEEL_DATA", default_value = "evenkeel-data", global = true)]
    pub data: PathBuf,
    /// `postgres://…` or `sqlite:…`. Default: an SQLite database in the data folder
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true)]
    pub database_url: Option<String>,
    /// SMTP server for reminders, such as `smtps://user:password@mail.example.org`. Default: emails are written as
    /// files into the data folder
    #[arg(long, env = "SMTP_URL", hide_env_values = true, global = true)]
    pub smtp_url: Option<String>,
    /// Sender of reminders. Choose one that does not hint at treatment
    #[arg(long, env = "MAIL_FROM", default_value = "Daily note <daily@localhost>", global = true)]
    pub mail_from: String,
    /// Public address of this API. Links in emails begin with it, and tokens name it as their issuer. Set the same
    /// in all copies. Default: the address it listens on
    #[arg(long, env = "PUBLIC_URL", value_parser = public_url, global = true)]
    pub public_url: Option<String>,
    /// Networks of proxies whose `X-Forwarded-For` is trusted, such as `10.0.0.0/8`
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',', value_parser = network, global = true)]
    pub trusted_proxies: Vec<IpNet>,
    /// Attempts per minute that one client address has to sign in or to redeem an invitation
    #[arg(long, env = "EVENKEEL_ATTEMPTS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..), global = true)]
    pub attempts: u32,
    /// Memory for one password hash, in KiB. Less than 19456 is for tests only
    #[arg(long, env = "EVENKEEL_PASSWORD_MEMORY", default_value_t = 65536, value_parser = clap::value_parser!(u32).range(8..=4_194_304), global = true)]
    pub password_memory: u32,
    /// Threads that serve requests. Default: one for each core
    #[arg(long, env = "EVENKEEL_WORKERS", value_parser = workers, global = true)]
    pub workers: Option<usize>,
    /// Connections for reading
    #[arg(long, env = "EVENKEEL_READERS", default_value_t = 4, value_parser = workers, global = true)]
    pub readers: usize,
    /// Connections for writing to PostgreSQL. SQLite has one
    #[arg(long, env = "EVENKEEL_WRITERS", default_value_t = 4, value_parser = workers, global = true)]
    pub writers: usize,
    /// What to log, such as `info` or `evenkeel=debug,warn`
    #[arg(long, env = "EVENKEEL_LOG", default_value = "info", global = true)]
    pub log: String,
}

impl Default for Config {
    /// The settings without any flag or variable.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            metrics_listen: SocketAddr::from(([127, 0, 0, 1], 9464)),
            data: "evenkeel-data".into(),
            database_url: None,
            smtp_url: None,
            mail_from: "Daily note <daily@localhost>".to_owned(),
            public_url: None,
            trusted_proxies: vec![],
            attempts: 20,
            password_memory: 65536,
            workers: None,
            readers: 4,
            writers: 4,
            log: "info".to_owned(),
        }
    }
}

impl Config {
    /// The database to use.
    pub fn location(&self) -> Result<Location, evenkeel_persistence::Error> {
        match &self.database_url {
            Some(url) => Location::parse(url),
            None => Ok(Location::Sqlite(self.data.join("evenkeel.db"))),
        }
    }

    /// Whether clients reach the API over TLS.
    pub fn is_secure(&self) -> bool {
        self.home().starts_with("https://")
    }

    /// The address that links in emails begin with and tokens name as their issuer.
    pub fn home(&self) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{}", reachable(self.listen)))
    }

    /// Warns of settings that are not safe with real people's data.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = vec![];
        let mode = std::fs::metadata(&self.data).map_or(0, |data| data.permissions().mode());
        if mode & 0o077 != 0 {
            let (data, mode) = (self.data.display(), mode & 0o777);
            warnings.push(format!("other users can open {data} (mode {mode:o}); run chmod 700 on it"));
        }
        if self.public_url.is_none() && (self.listen.ip().is_unspecified() || self.listen.port() == 0) {
            let home = self.home();
            warnings.push(format!(
                "PUBLIC_URL is not set: links in emails begin with {home}, which phones cannot open; set it to the \
                 address that phones use"
            ));
        }
        warnings
    }
}

/// The address at which a client on this machine reaches this listener.
pub fn reachable(mut listen: SocketAddr) -> SocketAddr {
    match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => listen.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => listen.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    listen
}

fn public_url(url: &str) -> Result<String, String> {
    let url = url.trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !url.contains(['?', '#', ' ', '"', '<', '>']) => Ok(url.to_owned()),
        _ => Err("must be an http or https address without a query".to_owned()),
    }
}

fn workers(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| (1..=256).contains(count)).ok_or_else(|| "must be 1 to 256".to_owned())
}

/// Reads a network, or a single address as a network of one.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let one = |_| text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(one).map_err(|_| "must be a network such as 10.0.0.0/8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trusted_proxies_are_networks_or_single_addresses() {
        let proxies = |text: &str| {
            let cli = Cli::try_parse_from(["evenkeel", "serve", "--trusted-proxies", text]);
            cli.map(|cli| cli.config.trusted_proxies)
        };
        let known = proxies("10.1.0.0/16, ::1,10.2.3.4/24").unwrap();
        let holds =
            |address: &str| known.iter().any(|network| network.contains(&address.parse::<IpAddr>().unwrap()));
        assert!(["10.1.255.3", "::1", "10.2.3.255"].into_iter().all(holds));
        assert!(!["10.3.0.1", "::2", "10.2.4.1"].into_iter().any(holds));
        assert!(proxies("0.0.0.0/0").unwrap()[0].contains(&IpAddr::from([9, 9, 9, 9])));
        for bad in ["10.0.0.0/33", "proxy", "10.0.0.0/", "::/129"] {
            assert!(proxies(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn links_begin_with_the_public_url_or_with_the_address_it_listens_on() {
        let at = |listen: &str, public_url: Option<&str>| Config {
            listen: listen.parse().unwrap(),
            public_url: public_url.map(str::to_owned),
            data: "nowhere".into(),
            ..Config::default()
        };
        assert_eq!(at("192.0.2.7:90", None).home(), "http://192.0.2.7:90");
        assert_eq!(at("192.0.2.7:90", Some("https://go.example")).home(), "https://go.example");
        assert_eq!(at("192.0.2.7:90", None).warnings(), [""; 0]);
        let everywhere = at("0.0.0.0:90", None);
        assert_eq!(everywhere.home(), "http://127.0.0.1:90");
        assert!(everywhere.warnings()[0].contains("PUBLIC_URL is not set"));
        assert_eq!(at("0.0.0.0:90", Some("https://go.example")).warnings(), [""; 0]);
    }

    #[test]
    fn there_is_a_warning_if_others_can_open_the_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { data: folder.path().to_owned(), ..Config::default() };
        let set =
            |mode| std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        set(0o700);
        assert_eq!(config.warnings(), [""; 0]);
        set(0o750);
        assert!(config.warnings()[0].contains("(mode 750); run chmod 700"), "{:?}", config.warnings());
    }

    #[test]
    fn a_setting_is_read_from_its_flag_and_checked() {
        let cli = Cli::try_parse_from(["evenkeel", "serve", "--listen", "127.0.0.1:1"]).unwrap();
        assert_eq!(cli.config.listen.port(), 1);
        assert!(Cli::try_parse_from(["evenkeel", "serve", "--public-url", "ftp://x"]).is_err());
    }
}
