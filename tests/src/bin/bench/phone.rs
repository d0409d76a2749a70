//! A minimal phone: its connection, requests, ids and clock.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::Outcome;
use super::store::Store;

const PASSWORD: &str = "evenkeel-demo-2026";

/// One keep-alive connection.
pub(super) struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
    body: std::ops::Range<usize>,
}

impl Line {
    pub(super) async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 << 10), body: 0..0 })
    }

    /// Sends a whole request and reads the whole answer; its body stays in `self.body()`.
    pub(super) async fn ask(&mut self, request: &[u8]) -> Outcome<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = std::str::from_utf8(&self.buffer[..end])?;
                let status = head.get(9..12).ok_or("no status")?.parse()?;
                let length: usize = head
                    .lines()
                    .filter_map(|line| line.split_once(':'))
                    .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                    .map_or(Ok(0), |(_, value)| value.trim().parse())?;
                self.body = end + 4..end + 4 + length;
                while self.buffer.len() < self.body.end {
                    if self.stream.read_buf(&mut self.buffer).await? == 0 {
                        return Err("the answer ended early".into());
                    }
                }
                return Ok(status);
            }
        }
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.buffer[self.body.clone()]
    }
}

pub(super) struct Session {
    token: String,
    pub(super) participant: Option<Uuid>,
}

pub(super) async fn sign_in(address: SocketAddr, name: &str, from: usize) -> Outcome<Session> {
    let body =
        serde_json::json!({ "email": name, "password": PASSWORD, "device_name": "Benchmark" }).to_string();
    let request = format!(
        "POST /v1/sign-in HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 198.51.100.{from}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut line = Line::open(address).await?;
    let status = line.ask(request.as_bytes()).await?;
    if status != 200 {
        return Err(
            format!("{name} could not sign in: {status} {}", String::from_utf8_lossy(line.body())).into()
        );
    }
    let answer: serde_json::Value = serde_json::from_slice(line.body())?;
    Ok(Session {
        token: answer["access_token"].as_str().ok_or("no access token")?.to_owned(),
        participant: answer["participant_id"].as_str().map(str::parse).transpose()?,
    })
}

/// The demo participant, and all others whom the demo password lets in.
pub(super) async fn sign_in_participants(address: SocketAddr, store: &Store) -> Outcome<Vec<Session>> {
    let mut phones = vec![sign_in(address, "participant@demo.example", 1).await?];
    for (number, name) in store.participants()?.iter().enumerate() {
        match sign_in(address, name, number + 2).await {
            Ok(session) => phones.push(session),
            Err(_) => break,
        }
    }
    Ok(phones)
}

pub(super) fn get(path: &str, who: &Session) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", who.token)
        .into_bytes()
}

pub(super) fn put_craving(who: &Session) -> Vec<u8> {
    let body = format!(
        r#"{{"occurred_at":"{}","time_zone":"America/New_York","intensity":6,"triggers":["conflict"],"halt":["tired"],"coping_used":["walked around the block"],"note":"an argument on the phone, it took most of the way home to let go of it"}}"#,
        now()
    );
    format!(
        "PUT /v1/participants/me/cravings/{} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        new_id(),
        who.token,
        body.len()
    )
    .into_bytes()
}

/// The caseload's request by whoever sees more people, and how many those are.
pub(super) async fn caseload(address: SocketAddr, staff: &[Session]) -> Outcome<(Vec<u8>, usize)> {
    let mut line = Line::open(address).await?;
    let mut best = (Vec::new(), 0);
    for session in staff {
        let request = get("/v1/participants", session);
        let status = line.ask(&request).await?;
        let answer: serde_json::Value = serde_json::from_slice(line.body())?;
        let count = answer["items"].as_array().map_or(0, Vec::len);
        if status == 200 && best.1 < count {
            best = (request, count);
        }
    }
    if best.1 == 0 { Err("nobody sees a caseload".into()) } else { Ok(best) }
}

#[expect(clippy::disallowed_methods, reason = "the benchmark is the phone, which makes its own ids")]
pub(super) fn new_id() -> Uuid {
    Uuid::now_v7()
}

#[expect(clippy::disallowed_methods, reason = "the benchmark is the phone, which has its own clock")]
pub(super) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

pub(super) fn today() -> jiff::civil::Date {
    now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

pub(super) fn days(count: i64) -> jiff::Span {
    jiff::Span::new().days(count)
}
