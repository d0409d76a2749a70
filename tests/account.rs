//! Signing in: passwords, tokens, limits.

mod invite;
mod session;
mod time_zone;

use crate::Engine;
use evenkeel_domain::audit::StoredEvent;
use evenkeel_persistence::{Tx, audit};
use evenkeel_tests::test_server::{PASSWORD, Person, TestServer, known};
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

const fn seconds(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n)
}

async fn try_password(
    server: &TestServer,
    name: &str,
    password: &str,
) -> evenkeel_tests::test_server::Answer {
    server.post("", "/v1/sign-in", json!({"email": name, "password": password, "device_name": "phone"})).await
}

#[tokio::test]
async fn without_another_name_a_token_names_the_address_that_is_listened_on() {
    let server = TestServer::with(Engine::Sqlite, |config| config.public_url = None).await.unwrap();
    let maya = server.sign_in(&server.clinic().maya).await;
    assert_eq!(claims(&maya)["iss"], server.config.home().as_str());
    assert_ne!(claims(&maya)["iss"], "http://127.0.0.1:8080");
}

#[rstest]
#[tokio::test]
async fn a_participant_signs_in_and_learns_who_they_are(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let answer = try_password(&server, "Maya@Harbor.example", PASSWORD).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let signed = answer.is(200);
    assert_eq!((&signed["token_type"], &signed["expires_in"]), (&json!("Bearer"), &json!(900)));
    let me = server.get(known(&signed), "/v1/me").await.is(200);
    assert_eq!(me["participant_id"], clinic.maya.participant.as_str());
    assert_eq!((&me["role"], &me["display_name"]), (&json!("participant"), &json!("Maya R.")));
    let me = server.get(&clinic.casey, "/v1/me").await.is(200);
    assert_eq!(
        (&me["role"], me.get("participant_id").is_some_and(|id| !id.is_null())),
        (&json!("counselor"), false)
    );
}

#[rstest]
#[tokio::test]
async fn somebody_without_an_email_address_signs_in_by_name(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let theo = server.sign_in(&clinic.theo).await;
    assert_eq!(theo.participant, clinic.theo.participant);
}

#[rstest]
#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_get_the_same_answer(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let stripped = |mut answer: Value| {
        answer.as_object_mut().unwrap().remove("request_id");
        answer
    };
    for status in [401, 429] {
        let wrong =
            try_password(&server, "maya@harbor.example", "not the right password").await.refused(status, "");
        let unknown = try_password(&server, "nobody@harbor.example", "not the right password")
            .await
            .refused(status, "");
        assert_eq!(stripped(wrong), stripped(unknown));
    }
}

#[rstest]
#[tokio::test]
async fn a_failed_sign_in_is_recorded_in_the_accounts_own_stream_once_an_hour(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let failed = || {
        let events = stream(&server, &clinic.maya.account);
        events.iter().filter(|entry| entry["action"] == "sign_in" && entry["outcome"] == "refused").count()
    };
    try_password(&server, "maya@harbor.example", "not the right password").await.refused(401, "");
    assert_eq!(failed(), 1);
    server.later(seconds(1));
    try_password(&server, "maya@harbor.example", PASSWORD).await.is(200);
    try_password(&server, "maya@harbor.example", "not the right password").await.refused(401, "");
    assert_eq!(failed(), 1, "a good sign-in in between does not make room for more");
    server.later(seconds(3_600));
    try_password(&server, "maya@harbor.example", "not the right password").await.refused(401, "");
    assert_eq!(failed(), 2);
    let all = entries(&server);
    try_password(&server, "nobody@harbor.example", "not the right password").await.refused(401, "");
    assert_eq!(entries(&server), all, "no list of names that were tried");
}

#[rstest]
#[tokio::test]
async fn each_wrong_password_makes_the_next_try_wait_longer(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    for wait in [1, 3, 5, 10, 10] {
        try_password(&server, "maya@harbor.example", "not the right password").await.refused(401, "");
        let early = try_password(&server, "maya@harbor.example", PASSWORD).await;
        assert_eq!(early.header("retry-after"), wait.to_string());
        early.refused(429, "");
        server.later(seconds(wait));
    }
    try_password(&server, "maya@harbor.example", PASSWORD).await.is(200);
    try_password(&server, "maya@harbor.example", "not the right password").await.refused(401, "");
    server.later(seconds(1));
    try_password(&server, "maya@harbor.example", PASSWORD).await.is(200);
}

#[rstest]
#[tokio::test]
async fn a_hundred_wrong_passwords_close_the_account_for_the_day(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    for _ in 0..100 {
        try_password(&server, "maya@harbor.example", "not the right password").await.refused(401, "");
        server.later(seconds(10));
    }
    server.later(seconds(3_600));
    let closed = try_password(&server, "maya@harbor.example", PASSWORD).await;
    assert_eq!(closed.header("retry-after"), (86_400 - 1_000 - 3_600).to_string());
    closed.refused(429, "");
    server.later(seconds(86_400 - 1_000 - 3_600));
    try_password(&server, "maya@harbor.example", PASSWORD).await.is(200);
}

/// All events, also those of streams that no module shows, with their streams.
fn entries(server: &TestServer) -> Vec<StoredEvent> {
    let all = |tx: &mut Tx| audit::after(tx, 0, i64::MAX, i64::MAX);
    let all: Result<_, evenkeel_persistence::Error> = server.app.database().read_now(all);
    all.unwrap()
}

pub(crate) fn stream(server: &TestServer, of: &str) -> Vec<Value> {
    let of: uuid::Uuid = of.parse().unwrap();
    entries(server)
        .into_iter()
        .filter(|stored| stored.stream == of)
        .map(|stored| json!(stored.event))
        .collect()
}

fn claims(person: &Person) -> Value {
    let claims = person.token.split('.').nth(1).unwrap();
    let claims = data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

/// The session that an access token belongs to.
pub(crate) fn session_id(person: &Person) -> String {
    claims(person)["sid"].as_str().unwrap().to_owned()
}

#[rstest::rstest]
#[tokio::test]
async fn one_address_cannot_try_many_accounts(#[values(Engine::Sqlite)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    for (path, body) in [
        (
            "/v1/sign-in",
            json!({"email": "who@harbor.example", "password": "no such password", "device_name": "p"}),
        ),
        ("/v1/sign-in/refresh", json!({"refresh_token": "A".repeat(43)})),
        (
            "/v1/invites/redeem",
            json!({"code": "AAAAAAAAAAAAA", "sign_in_name": "x.y", "password": PASSWORD, "device_name": "p"}),
        ),
    ] {
        let ask = async |from: &str, n: i32| {
            let mut body = body.clone();
            if path == "/v1/sign-in" {
                body["email"] = format!("who{n}{from}@harbor.example").into();
            }
            let headers = [("content-type", "application/json"), ("x-forwarded-for", from)];
            server.send("POST", path, &headers, body.to_string().into_bytes()).await
        };
        let mut limited = None;
        for n in 0..200 {
            let answer = ask("203.0.113.7", n).await;
            if answer.status == 429 {
                limited = Some(answer);
                break;
            }
        }
        let limited = limited.unwrap_or_else(|| panic!("{path} has no limit by address"));
        assert!(1 <= limited.header("retry-after").parse::<u32>().unwrap(), "{limited:?}");
        limited.refused(429, "");
        assert_ne!(ask("203.0.113.8", 0).await.status, 429, "{path}: another address has its own limit");
    }
}

#[tokio::test]
async fn a_made_up_address_is_ignored_without_a_trusted_proxy() {
    let Some(server) = TestServer::with(Engine::Sqlite, |config| config.trusted_proxies.clear()).await else {
        return;
    };
    let mut limited = false;
    for n in 0..200 {
        let body = json!({"email": format!("who{n}@harbor.example"), "password": "no such password", "device_name": "p"});
        limited |= server.post("", "/v1/sign-in", body).await.status == 429;
        if limited {
            break;
        }
    }
    assert!(limited);
}
