//! The text of a reminder email, and sending it.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use askama::Template;
use evenkeel_domain::reminder::{Attempt, ReminderMessageId};
use evenkeel_domain::value::Moment;
use jiff::Timestamp;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::response::{Category, Severity};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor, transport::smtp};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::app::config::Config;

/// How long the mail server may take until it is connected.
const CONNECT_TIME: Duration = Duration::from_secs(15);
/// How long sending one message may take in all; shorter than a lease. The library only limits the time to connect.
///
/// When the time is over the connection is closed. Connections are not pooled: the next message must not read the
/// server's answers to this one.
const WHOLE_TIME: Duration = Duration::from_secs(30);

/// Sends reminder messages to the mail server, or writes them into a folder if there is none.
pub struct Mailer {
    from: Mailbox,
    home: String,
    transport: Transport,
}

enum Transport {
    Server(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
}

type Fault = Box<dyn std::error::Error + Send + Sync>;

#[derive(Template)]
#[template(path = "reminder.txt")]
struct Plain<'a> {
    home: &'a str,
    unsubscribe: &'a str,
}

#[derive(Template)]
#[template(path = "reminder.html")]
struct Rich<'a> {
    home: &'a str,
    unsubscribe: &'a str,
}

impl Mailer {
    /// Reads the settings. Does not connect yet.
    pub fn open(config: &Config) -> Result<Self, String> {
        let from = config.mail_from.parse().map_err(|_| {
            "MAIL_FROM cannot be read; write it as `Daily note <daily@example.org>` or `daily@example.org`"
        })?;
        let home = config.home();
        if !home.is_ascii() {
            return Err(
                "PUBLIC_URL cannot be used in emails; write the host in its ASCII form (xn--…)".to_owned()
            );
        }
        let transport = match &config.smtp_url {
            Some(url) => {
                let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
                // The library's error may quote the password.
                let server = server.map_err(|_| {
                    "SMTP_URL cannot be read; write it as smtps://user:password@mail.example.org or \
                     smtp://mail.example.org:1025, with %XX for each character of the password that is not a \
                     letter or digit"
                })?;
                Transport::Server(server.timeout(Some(CONNECT_TIME)).build())
            }
            None => Transport::Folder(config.data.join("mail")),
        };
        Ok(Self { from, home, transport })
    }

    /// Tries once to send a message. Each try has the same `Message-ID`.
    pub async fn send(&self, id: ReminderMessageId, to: &str, token: &str, now: Moment) -> Attempt {
        // A later try would fail too.
        let Ok(message) = self.write(id, to, token, now) else { return Attempt::Refused };
        match &self.transport {
            Transport::Server(server) => match timeout(WHOLE_TIME, server.send(message)).await {
                Ok(Ok(_)) => Attempt::Accepted,
                Ok(Err(error)) => refusal(id, &error),
                Err(_) => Attempt::Failed,
            },
            Transport::Folder(folder) => {
                let folder = folder.clone();
                let stored = spawn_blocking(move || store(&folder, id, &message.formatted())).await;
                if matches!(stored, Ok(Ok(()))) {
                    Attempt::Accepted
                } else {
                    tracing::warn!(message_id = %id, "an email could not be written to the data folder");
                    Attempt::Failed
                }
            }
        }
    }

    /// A discreet message: it names neither the person nor the program, and does not say what the reminder is about.
    fn write(&self, id: ReminderMessageId, to: &str, token: &str, now: Moment) -> Result<Message, Fault> {
        let unsubscribe = format!("{}/u/{token}", self.home);
        let plain = Plain { home: &self.home, unsubscribe: &unsubscribe }.render()?;
        let rich = Rich { home: &self.home, unsubscribe: &unsubscribe }.render()?;
        let parts = MultiPart::alternative().boundary("next_part_of_this_mail");
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to.parse()?))
            .subject("You have a reminder")
            .date(SystemTime::from(Timestamp::from(now)))
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .raw_header(raw("List-Unsubscribe", format!("<{unsubscribe}>")))
            .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()))
            .raw_header(raw("Auto-Submitted", "auto-generated".to_owned()))
            .multipart(parts.singlepart(SinglePart::plain(plain)).singlepart(SinglePart::html(rich)))?;
        Ok(message)
    }
}

// Not folded or encoded: a link must stay in one piece. The values are ASCII and made by us.
fn raw(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
}

/// What a failure means. Logs only the code, because the server's text may name the recipient.
fn refusal(id: ReminderMessageId, error: &smtp::Error) -> Attempt {
    let code = error.status();
    tracing::warn!(message_id = %id, code = code.map(|code| code.to_string()), "the mail server refused an email");
    // 55x means this recipient. Other 5xx mean our settings, such as a wrong password, which somebody can fix.
    match code {
        Some(code)
            if code.severity == Severity::PermanentNegativeCompletion
                && code.category == Category::MailSystem =>
        {
            Attempt::Refused
        }
        _ => Attempt::Failed,
    }
}

fn store(folder: &Path, id: ReminderMessageId, message: &[u8]) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let path = folder.join(format!("{id}.eml"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(message)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const TOKEN: &str = "AZLwwS0-ekuMXW5_gJGis4Yh0c1Tz3R7uQm5kX2vB9E";

    fn mailer(folder: &Path) -> Mailer {
        let config = Config {
            data: folder.to_owned(),
            mail_from: "Daily note <daily@post.example>".to_owned(),
            public_url: Some("https://go.example".to_owned()),
            ..Config::default()
        };
        Mailer::open(&config).unwrap()
    }
    fn now() -> Moment {
        "2026-03-03T00:30:00Z".parse::<Timestamp>().unwrap().try_into().unwrap()
    }
    fn id() -> ReminderMessageId {
        Uuid::from_u128(7).into()
    }

    #[test]
    fn an_email_says_nothing_about_treatment() {
        let message = mailer(Path::new("x")).write(id(), "someone@mail.example", TOKEN, now()).unwrap();
        let text = String::from_utf8(message.formatted()).unwrap().replace("=\r\n", "").to_lowercase();
        for word in [
            "evenkeel",
            "craving",
            "addict",
            "recover",
            "sober",
            "relapse",
            "lapse",
            "alcohol",
            "drug",
            "substance",
            "clinic",
            "program",
            "treatment",
            "therap",
            "counsel",
            "patient",
            "participant",
            "health",
            "rehab",
            "session",
            "group",
            "check-in",
            "check_in",
            "streak",
            "<img",
            "<script",
            "http:",
        ] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }

    #[test]
    fn an_email_has_the_headers_that_mail_programs_need() {
        let message = mailer(Path::new("x")).write(id(), "someone@mail.example", TOKEN, now()).unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        for line in [
            "From: \"Daily note\" <daily@post.example>",
            "To: someone@mail.example",
            "Subject: You have a reminder",
            "Date: Tue, 03 Mar 2026 00:30:00 +0000",
            "Message-ID: <00000000-0000-0000-0000-000000000007@post.example>",
            &format!("List-Unsubscribe: <https://go.example/u/{TOKEN}>"),
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} in {text}");
        }
        assert!(text.contains("text/plain") && text.contains("text/html"));
        let again = mailer(Path::new("x")).write(id(), "someone@mail.example", TOKEN, now()).unwrap();
        assert_eq!(again.formatted(), text.as_bytes());
    }

    #[tokio::test]
    async fn without_a_server_an_email_is_one_private_file_even_if_sent_twice() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mailer = mailer(folder.path());
        for _ in 0..2 {
            assert_eq!(mailer.send(id(), "someone@mail.example", TOKEN, now()).await, Attempt::Accepted);
        }
        let files: Vec<_> =
            std::fs::read_dir(folder.path().join("mail")).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_unreadable_setting_is_explained_and_not_quoted() {
        for (mail_from, smtp_url, expected) in [
            ("Daily note", None, "MAIL_FROM cannot be read; write it as"),
            ("a@b.example", Some("mail.example:secret"), "SMTP_URL cannot be read; write it as"),
            ("a@b.example", Some("https://u:secret@mail.example"), "SMTP_URL cannot be read; write it as"),
        ] {
            let (mail_from, smtp_url) = (mail_from.to_owned(), smtp_url.map(str::to_owned));
            let refusal = Mailer::open(&Config { smtp_url, mail_from, ..Config::default() }).err().unwrap();
            assert!(refusal.starts_with(expected) && !refusal.contains("secret"), "{refusal}");
        }
    }

    #[tokio::test]
    async fn an_invalid_address_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(mailer(folder.path()).send(id(), "a b@c", TOKEN, now()).await, Attempt::Refused);
    }
}
