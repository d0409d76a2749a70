//! A small SMTP server that stores the mails it receives and fails on demand.

use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A point in the SMTP conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before the greeting.
    Connect,
    /// At `EHLO`.
    Hello,
    /// At `MAIL FROM`.
    From,
    /// At `RCPT TO`.
    To,
    /// At `DATA`.
    Data,
    /// After the mail's last line.
    End,
}

/// What goes wrong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 450: try again later.
    Busy,
    /// 550: never.
    Refuse,
    /// The connection closes.
    Drop,
    /// No answer comes.
    Hang,
}

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// Headers and body, dots unstuffed.
    pub text: String,
}

#[derive(Default)]
struct Inside {
    mails: Vec<Mail>,
    fault: Option<(Stage, Fault)>,
    conversations: u32,
}

/// The server. It stops with the runtime it was opened in.
#[derive(Clone)]
pub struct Mailbox {
    /// Where it listens, as the product's `SMTP_URL`.
    pub url: String,
    inside: Arc<Mutex<Inside>>,
}

impl Mailbox {
    /// Opens one on a free port.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("smtp://{}", listener.local_addr().expect("an address"));
        let inside = Arc::new(Mutex::new(Inside::default()));
        let shared = inside.clone();
        tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let inside = shared.clone();
                tokio::spawn(async move { converse(caller, &inside).await });
            }
        });
        Self { url, inside }
    }

    /// From now on, fails at this stage in this way; `None` ends that.
    pub fn misbehave(&self, fault: Option<(Stage, Fault)>) {
        self.lock().fault = fault;
    }

    /// Takes out what has arrived.
    pub fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut self.lock().mails)
    }

    /// How many conversations were begun.
    pub fn conversations(&self) -> u32 {
        self.lock().conversations
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn converse(caller: TcpStream, inside: &Mutex<Inside>) -> Option<()> {
    let (read, mut write) = caller.into_split();
    let mut lines = BufReader::new(read).lines();
    let lock = || inside.lock().unwrap_or_else(PoisonError::into_inner);
    lock().conversations += 1;
    let (mut mail, mut stage, mut usual) = (None::<Mail>, Stage::Connect, "220 mailbox ready");
    loop {
        let fault = lock().fault.filter(|(at, _)| *at == stage).map(|(_, fault)| fault);
        let answer = match fault {
            None => usual,
            Some(Fault::Busy) if stage == Stage::Connect => "421 not now",
            Some(Fault::Busy) => "450 not now",
            Some(Fault::Refuse) => "550 nobody of that name",
            Some(Fault::Drop) => return None,
            Some(Fault::Hang) => std::future::pending().await,
        };
        // A mail is ours before the sender learns so.
        if stage == Stage::End && answer.starts_with('2') {
            lock().mails.extend(mail.take());
        }
        write.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
        if stage == Stage::Data && answer.starts_with('3') {
            let mail =
                mail.get_or_insert_with(|| Mail { from: String::new(), to: vec![], text: String::new() });
            loop {
                let line = lines.next_line().await.ok()??;
                if line == "." {
                    break;
                }
                mail.text.push_str(line.strip_prefix('.').unwrap_or(&line));
                mail.text.push_str("\r\n");
            }
            (stage, usual) = (Stage::End, "250 stored");
            continue;
        }
        let line = loop {
            let line = lines.next_line().await.ok()??;
            let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" | "HELO" => (stage, usual) = (Stage::Hello, "250-mailbox\r\n250 8BITMIME"),
                "MAIL" => (stage, usual) = (Stage::From, "250 ok"),
                "RCPT" => (stage, usual) = (Stage::To, "250 ok"),
                "DATA" => (stage, usual) = (Stage::Data, "354 go on"),
                "QUIT" => {
                    let _ = write.write_all(b"221 bye\r\n").await;
                    return None;
                }
                "NOOP" | "RSET" => {
                    write.write_all(b"250 ok\r\n").await.ok()?;
                    continue;
                }
                _ => {
                    write.write_all(b"502 no\r\n").await.ok()?;
                    continue;
                }
            }
            break line;
        };
        let address = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        match stage {
            Stage::From => mail = Some(Mail { from: address, to: vec![], text: String::new() }),
            Stage::To => mail.as_mut()?.to.push(address),
            _ => {}
        }
    }
}
