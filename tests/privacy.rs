//! Nothing of a person reaches the logs or the metrics, however much is logged and whatever goes wrong.
#![expect(clippy::unwrap_used, reason = "a test panics where something is wrong")]

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, Once};

use evenkeel_tests::Engine;
use evenkeel_tests::mailbox::{Fault, Stage};
use evenkeel_tests::test_server::{Person, TestServer, ZONE, known};
use serde_json::{Value, json};

static LOGGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Collects everything that the product and its dependencies log, in the product's format, without the test's own HTTP
/// client.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let all = "trace,reqwest=off,hyper=off,hyper_util=off";
        let format = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(all);
        format.with_writer(|| Log).init();
    });
}

/// What nobody else would write: one word for each place.
#[derive(Default)]
struct Canaries(BTreeMap<String, String>);

impl Canaries {
    fn lay(&mut self, place: &str, word: impl Into<String>) -> String {
        let word = word.into();
        self.0.insert(place.to_owned(), word.clone());
        word
    }

    fn word(&mut self, place: &str) -> String {
        let place = place.replace(' ', "");
        self.lay(&place, format!("zqxv{place}qvxz"))
    }

    fn of(&mut self, who: &str, person: &Person) {
        self.lay(&format!("{who}'s account"), &person.account);
        self.lay(&format!("{who}'s access token"), &person.token);
        self.lay(&format!("{who}'s refresh token"), &person.refresh);
        if !person.participant.is_empty() {
            self.lay(&format!("{who}'s record"), &person.participant);
        }
    }

    fn none_in(&self, where_: &str, text: &str) {
        let text = text.to_lowercase();
        for (place, word) in &self.0 {
            if let Some(at) = text.find(&word.to_lowercase()) {
                let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
                panic!("{place} is in {where_}: {:.600}", &text[line..]);
            }
        }
        assert!(!text.contains("zqxv"), "part of a word in {where_}");
    }
}

fn full(words: &mut Canaries) -> Value {
    json!({
        "occurred_at": "2026-03-02T18:00:00Z", "time_zone": ZONE, "intensity": 6, "substance": "alcohol",
        "cues": [{"kind": "place", "text": words.word("cue")}], "coping_used": [words.word("coping")],
        "note": words.word("note"),
    })
}

#[rstest::rstest]
#[tokio::test]
async fn no_word_of_a_person_is_logged_or_counted(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    listen();
    let Some(server) = TestServer::new(engine).await else { return };
    let mut words = Canaries::default();
    let clinic = server.invite_clinic("zqxvclinic.example").await;
    for (who, person) in [("Maya", &clinic.maya), ("Casey", &clinic.casey), ("the admin", &clinic.admin)] {
        words.of(who, person);
    }

    // Somebody comes, writes, corrects, is read by others, and is reminded, also where the mail goes wrong.
    let (name, email) = (words.word("display name"), words.lay("e-mail", "zqxvmail@zqxvhost.example"));
    let draft = json!({"display_name": name, "time_zone": ZONE, "email": email});
    let invite = server.post(&clinic.casey, "/v1/invites", draft).await.is(201);
    let code = words.lay("code", invite["code"].as_str().unwrap());
    words.lay("code without hyphens", code.replace('-', ""));
    let password = format!("{} with other words", words.word("password"));
    let redeem = json!({
        "code": code, "sign_in_name": words.word("sign in name"), "password": password,
        "device_name": words.word("device name"),
    });
    let zoe = known(&server.post("", "/v1/invites/redeem", redeem.clone()).await.is(201));
    words.of("Zoe", &zoe);
    let craving = words.lay("craving", evenkeel_tests::fresh_id().to_string());
    let path = format!("/v1/participants/me/cravings/{craving}");
    let draft = full(&mut words);
    server.put(&zoe, &path, draft.clone()).await.is(201);
    let fix = json!({"reason": words.word("reason"), "entry": draft});
    server.put(&zoe, &format!("{path}/revisions/{}", evenkeel_tests::fresh_id()), fix).await.is(201);
    let theirs = format!("/v1/participants/{}", zoe.participant);
    for read in ["cravings", "trends?from=2026-03-01&to=2026-03-02", "reminders", "audit-log"] {
        server.get(&clinic.supervisor, &format!("{theirs}/{read}")).await.is(200);
    }
    server.get(&clinic.casey, "/v1/participants").await.is(200);
    let wish =
        json!({"enabled": true, "at": "14:00", "weekdays": ["monday", "tuesday"], "content": "discreet"});
    let current = server.get(&zoe, "/v1/participants/me/reminders").await;
    let tag = current.header("etag");
    let bearer = format!("Bearer {}", zoe.token);
    let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
    if !tag.is_empty() {
        headers.push(("if-match", &tag));
    }
    let reminders = "/v1/participants/me/reminders";
    server.send("PUT", reminders, &headers, wish.to_string().into_bytes()).await.is(200);
    server.at("2026-03-02T19:00:00Z");
    for fault in [Some((Stage::To, Fault::Busy)), Some((Stage::End, Fault::Drop)), None] {
        server.mailbox.misbehave(fault);
        server.deliver_reminders().await;
        server.later(jiff::SignedDuration::from_mins(10));
    }
    server.app.seal_audit_log().await.unwrap();

    // All kinds of mistakes.
    let zoe = known(
        &server
            .post("", "/v1/sign-in", json!({"email": zoe.name, "password": password, "device_name": "x"}))
            .await
            .is(200),
    );
    words.of("Zoe again", &zoe);
    let bearer = format!("Bearer {}", zoe.token);
    let json_of = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let agent = words.word("agent");
    for (body, status) in [
        (format!("{{\"note\":\"{}\"", words.word("bad json")), 400),
        (json!({"intensity": words.word("wrong kind")}).to_string(), 422),
        (json!({words.word("unknown field"): 1}).to_string(), 422),
        (json!({"note": words.word("large").repeat(9_000)}).to_string(), 413),
    ] {
        let headers =
            [json_of[0], json_of[1], ("user-agent", agent.as_str()), ("x-forwarded-for", "203.0.113.77")];
        let answer = server.send("PUT", &path, &headers, body.into_bytes()).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    words.lay("client address", "203.0.113.77");
    server
        .put(&zoe, &path, json!({"occurred_at": "2026-03-02T18:00:00Z", "time_zone": ZONE, "intensity": 1}))
        .await
        .is(409);
    let nowhere = words.lay("unknown id", evenkeel_tests::fresh_id().to_string());
    for path in
        [format!("/v1/participants/{nowhere}/cravings"), format!("/v1/participants/me/cravings/{nowhere}")]
    {
        server.get(&zoe, &path).await.is(404);
    }
    for (path, status) in [
        (format!("/v1/participants/{}/cravings", words.word("path id")), 400),
        (format!("/v1/participants/me/cravings?after={}", words.word("query value")), 422),
        (format!("/v1/participants/me/cravings?{}=1", words.word("query name")), 422),
        (format!("/{}", words.word("path")), 404),
        (format!("/u/{}", words.word("unsubscribe token")), 404),
        (format!("/problems/{}", words.word("problem")), 404),
    ] {
        assert_eq!(server.get(&zoe, &path).await.status, status, "{path}");
    }
    server.get(words.word("made up token"), "/v1/me").await.is(401);
    server.get(&clinic.theo, &format!("{theirs}/cravings")).await;
    server
        .post("", "/v1/sign-in/refresh", json!({"refresh_token": words.word("refresh token")}))
        .await
        .is(401);
    for name in [
        zoe.name.clone(),
        words.word("unknown name"),
        words.lay("unknown e-mail", "zqxvnobody@zqxvhost.example"),
    ] {
        let attempt = json!({"email": name, "password": format!("{} and more", words.word("wrong password")), "device_name": words.word("device")});
        server.post("", "/v1/sign-in", attempt).await.is(401);
    }
    server.post("", "/v1/invites/redeem", redeem).await.is(404);
    let invite =
        server.post(&clinic.casey, "/v1/invites", json!({"display_name": "x", "time_zone": ZONE})).await;
    let code = invite.json["code"].as_str().unwrap_or_default().to_owned();
    let taken = json!({"code": code, "sign_in_name": zoe.name, "password": password, "device_name": "x"});
    server.post("", "/v1/invites/redeem", taken).await;

    // A broken row is an internal error, which is logged.
    let row = format!("UPDATE cravings SET detail = '\"{}\"'", words.word("row"));
    server.tamper(&row, true).unwrap();
    server.get(&zoe, &path).await.is(500);

    let metrics = reqwest::get(format!("http://{}/metrics", server.metrics_address)).await.unwrap();
    words.none_in("the metrics", &metrics.text().await.unwrap());
    let server = server.again().await;
    let logged = String::from_utf8(LOGGED.lock().unwrap().clone()).unwrap();
    for expected in ["\"answered\"", "\"TRACE\"", "\"bug\""] {
        assert!(logged.contains(expected), "{expected} is not in the log");
    }
    words.none_in("the log", &logged);
    drop(server);
}
