//! Letters on paper: what a reminder says, and how it is handed over.

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
/// How long handing over one message may take in all; shorter than a lease. The library limits the connecting
/// only, and this ends a try wherever it hangs. It takes the connection with it, which is why none are pooled:
/// the next message must not hear the answers that are owed to this one.
const WHOLE_TIME: Duration = Duration::from_secs(30);

/// Takes reminder messages: to the mail server, or into a folder where there is none.
pub struct Mailer {
    from: Mailbox,
    home: String,
    way: Way,
}

enum Way {
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
    /// Gets ready to send. Nothing is connected to yet.
    pub fn open(config: &Config) -> Result<Self, String> {
        let from = config.mail_from.parse().map_err(|_| {
            "MAIL_FROM cannot be read; the form is `Daily note <daily@example.org>` or `daily@example.org`"
        })?;
        let home = config.home();
        if !home.is_ascii() {
            return Err("PUBLIC_URL: write the host in its ASCII form (xn--…)".to_owned());
        }
        let way = match &config.smtp_url {
            Some(url) => {
                let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
                // The library's words may quote the password.
                let server = server.map_err(|_| {
                    "SMTP_URL cannot be read; the form is smtps://user:password@mail.example.org or \
                     smtp://mail.example.org:1025, other signs than letters and digits in the password as %XX"
                })?;
                Way::Server(server.timeout(Some(CONNECT_TIME)).build())
            }
            None => Way::Folder(config.data.join("mail")),
        };
        Ok(Self { from, home, way })
    }

    /// Tries once to hand a message over. Again it has the same `Message-ID`.
    pub async fn send(&self, id: ReminderMessageId, to: &str, token: &str, now: Moment) -> Attempt {
        // An address that cannot be written on a message will not get better.
        let Ok(message) = self.write(id, to, token, now) else { return Attempt::Refused };
        match &self.way {
            Way::Server(server) => match timeout(WHOLE_TIME, server.send(message)).await {
                Ok(Ok(_)) => Attempt::Accepted,
                Ok(Err(error)) => refusal(id, &error),
                Err(_) => Attempt::Failed,
            },
            Way::Folder(folder) => {
                let folder = folder.clone();
                let stored = spawn_blocking(move || store(&folder, id, &message.formatted())).await;
                if matches!(stored, Ok(Ok(()))) {
                    Attempt::Accepted
                } else {
                    tracing::warn!(message_id = %id, "a mail could not be written to the data folder");
                    Attempt::Failed
                }
            }
        }
    }

    /// A message that betrays nothing: neither name nor program, nor what the reminder is about.
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

// A link must stay in one piece; all that comes here is ASCII of our own making.
fn raw(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
}

/// What a failure means. A server's words may name the recipient: only its code is logged.
fn refusal(id: ReminderMessageId, error: &smtp::Error) -> Attempt {
    let code = error.status();
    tracing::warn!(message_id = %id, code = code.map(|code| code.to_string()), "a mail was not taken");
    // 55x speaks of this recipient; other 5xx of us, such as a wrong password, which somebody will mend.
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

    fn post(folder: &Path) -> Mailer {
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
    fn a_mail_betrays_nothing() {
        let message = post(Path::new("x")).write(id(), "someone@mail.example", TOKEN, now()).unwrap();
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
    fn a_mail_has_what_mail_programs_need() {
        let message = post(Path::new("x")).write(id(), "someone@mail.example", TOKEN, now()).unwrap();
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
        let again = post(Path::new("x")).write(id(), "someone@mail.example", TOKEN, now()).unwrap();
        assert_eq!(again.formatted(), text.as_bytes());
    }

    #[tokio::test]
    async fn without_a_server_a_letter_is_one_private_file_however_often_it_is_tried() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let post = post(folder.path());
        for _ in 0..2 {
            assert_eq!(post.send(id(), "someone@mail.example", TOKEN, now()).await, Attempt::Accepted);
        }
        let files: Vec<_> =
            std::fs::read_dir(folder.path().join("mail")).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn settings_that_cannot_be_read_are_told_by_their_form_and_not_quoted() {
        for (mail_from, smtp_url, told) in [
            ("Daily note", None, "MAIL_FROM cannot be read; the form is"),
            ("a@b.example", Some("mail.example:secret"), "SMTP_URL cannot be read; the form is"),
            ("a@b.example", Some("https://u:secret@mail.example"), "SMTP_URL cannot be read; the form is"),
        ] {
            let (mail_from, smtp_url) = (mail_from.to_owned(), smtp_url.map(str::to_owned));
            let refusal = Mailer::open(&Config { smtp_url, mail_from, ..Config::default() }).err().unwrap();
            assert!(refusal.starts_with(told) && !refusal.contains("secret"), "{refusal}");
        }
    }

    #[tokio::test]
    async fn an_address_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(post(folder.path()).send(id(), "a b@c", TOKEN, now()).await, Attempt::Refused);
    }
}
