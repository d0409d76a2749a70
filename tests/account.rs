//! Signing in and out, invites, devices and their sessions.

mod time_zone;

use crate::Engine;
use evenkeel_domain::audit::StoredEvent;
use evenkeel_persistence::{Tx, audit};
use evenkeel_tests::test_server::{PASSWORD, Person, TestServer, ZONE, known};
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

const fn seconds(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n)
}

async fn refresh(server: &TestServer, token: &str) -> evenkeel_tests::test_server::Answer {
    server.post("", "/v1/sign-in/refresh", json!({"refresh_token": token})).await
}

async fn try_password(
    server: &TestServer,
    name: &str,
    password: &str,
) -> evenkeel_tests::test_server::Answer {
    server.post("", "/v1/sign-in", json!({"email": name, "password": password, "device_name": "phone"})).await
}

fn renewed(answer: &Value) -> (String, String) {
    let person = known(answer);
    (person.token, person.refresh)
}

#[tokio::test]
async fn without_another_name_a_token_names_the_address_that_is_listened_on() {
    let server = TestServer::with(Engine::Sqlite, |config| config.public_url = None).await.unwrap();
    let maya = server.clinic("harbor.example").await.maya;
    assert_eq!(claims(&maya)["iss"], server.config.home().as_str());
    assert_ne!(claims(&maya)["iss"], "http://127.0.0.1:8080");
}

#[rstest]
#[tokio::test]
async fn a_participant_signs_in_and_learns_who_they_are(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
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
    let clinic = server.clinic("harbor.example").await;
    let theo = server.sign_in(&clinic.theo).await;
    assert_eq!(theo.participant, clinic.theo.participant);
}

#[rstest]
#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_get_the_same_answer(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    server.clinic("harbor.example").await;
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
async fn a_failed_sign_in_stands_in_the_accounts_own_stream_once_an_hour(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let failed = || {
        let told = stream(&server, &clinic.maya.account);
        told.iter().filter(|entry| entry["action"] == "sign_in" && entry["outcome"] == "refused").count()
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
    server.clinic("harbor.example").await;
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
    server.clinic("harbor.example").await;
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

#[rstest]
#[tokio::test]
async fn an_access_token_lasts_fifteen_minutes(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    server.later(seconds(14 * 60));
    server.get(&clinic.maya, "/v1/me").await.is(200);
    server.later(seconds(2 * 60));
    let gone = server.get(&clinic.maya, "/v1/me").await;
    assert!(gone.header("www-authenticate").starts_with("Bearer"), "{gone:?}");
    gone.refused(401, "");
}

#[rstest]
#[tokio::test]
async fn a_refresh_token_is_replaced_at_each_use(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic("harbor.example").await.maya;
    let mut token = maya.refresh.clone();
    for _ in 0..5 {
        server.later(seconds(3_600));
        let (access, next) = renewed(&refresh(&server, &token).await.is(200));
        assert_ne!(next, token);
        server.get(access, "/v1/me").await.is(200);
        token = next;
    }
}

#[rstest]
#[tokio::test]
async fn a_token_whose_successor_was_used_ends_the_session(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic("harbor.example").await.maya;
    let (_, second) = renewed(&refresh(&server, &maya.refresh).await.is(200));
    let (access, third) = renewed(&refresh(&server, &second).await.is(200));
    refresh(&server, &maya.refresh).await.refused(401, "");
    server.get(access, "/v1/me").await.refused(401, "");
    refresh(&server, &third).await.refused(401, "");
    server.sign_in(&maya).await;
}

#[rstest]
#[tokio::test]
async fn a_lost_answer_is_forgiven_three_times(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic("harbor.example").await.maya;
    refresh(&server, &maya.refresh).await.is(200);
    let mut last = String::new();
    for _ in 0..3 {
        last = renewed(&refresh(&server, &maya.refresh).await.is(200)).1;
    }
    let (_, last) = renewed(&refresh(&server, &last).await.is(200));
    // The successor was used, so the phone had the answer after all.
    refresh(&server, &maya.refresh).await.refused(401, "");
    refresh(&server, &last).await.refused(401, "");
}

#[rstest]
#[tokio::test]
async fn a_fourth_lost_answer_ends_the_session(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic("harbor.example").await.maya;
    for _ in 0..4 {
        refresh(&server, &maya.refresh).await.is(200);
    }
    refresh(&server, &maya.refresh).await.refused(401, "");
}

#[rstest]
#[tokio::test]
async fn an_answer_lost_for_longer_than_ten_minutes_is_a_replay(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic("harbor.example").await.maya;
    let (_, next) = renewed(&refresh(&server, &maya.refresh).await.is(200));
    server.later(seconds(601));
    refresh(&server, &maya.refresh).await.refused(401, "");
    refresh(&server, &next).await.refused(401, "");
}

#[rstest]
#[tokio::test]
async fn a_canceled_successor_gives_the_thief_away(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic("harbor.example").await.maya;
    let (_, stolen) = renewed(&refresh(&server, &maya.refresh).await.is(200));
    let (_, own) = renewed(&refresh(&server, &maya.refresh).await.is(200));
    refresh(&server, &stolen).await.refused(401, "");
    refresh(&server, &own).await.refused(401, "");
}

#[rstest]
#[tokio::test]
async fn an_unused_phone_stays_signed_in_for_thirty_days(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    server.later(seconds(29 * 86_400));
    let (_, next) = renewed(&refresh(&server, &clinic.maya.refresh).await.is(200));
    server.later(seconds(30 * 86_400 + 1));
    refresh(&server, &next).await.refused(401, "");
}

#[rstest]
#[tokio::test]
async fn staff_are_signed_out_after_an_hour_away_and_after_a_day(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let mut token = clinic.casey.refresh.clone();
    for _ in 0..25 {
        server.later(seconds(57 * 60));
        token = renewed(&refresh(&server, &token).await.is(200)).1;
    }
    server.later(seconds(30 * 60));
    refresh(&server, &token).await.refused(401, "");
    refresh(&server, &clinic.drew.refresh).await.refused(401, "");
}

#[rstest]
#[tokio::test]
async fn signing_out_ends_both_tokens_at_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic("harbor.example").await.maya;
    let other = server.sign_in(&maya).await;
    server.call("POST", "/v1/sign-out", &maya, None).await.is(204);
    server.get(&maya, "/v1/me").await.refused(401, "");
    refresh(&server, &maya.refresh).await.refused(401, "");
    server.get(&other, "/v1/me").await.is(200);
}

#[rstest]
#[tokio::test]
async fn a_lost_phone_is_signed_out_from_another(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let lost = &clinic.maya;
    let mine = server.sign_in(lost).await;
    let devices = server.get(lost, "/v1/me/devices").await.is(200);
    let own = devices["items"].as_array().unwrap();
    assert_eq!(own.len(), 2, "{devices}");
    assert!(own.iter().all(|device| device["name"] == "phone"));
    for device in own {
        let path = format!("/v1/me/devices/{}", device["id"].as_str().unwrap());
        server.delete(&clinic.theo, &path).await.refused(404, "");
    }
    let ids = own.iter().map(|device| device["id"].as_str().unwrap());
    let sid = session(&mine);
    let lost_id = ids.into_iter().find(|id| **id != sid).unwrap();
    server.delete(&mine, &format!("/v1/me/devices/{lost_id}")).await.is(204);
    server.get(lost, "/v1/me").await.refused(401, "");
    refresh(&server, &lost.refresh).await.refused(401, "");
    server.get(&mine, "/v1/me").await.is(200);
}

#[rstest]
#[tokio::test]
async fn an_invite_is_a_code_to_say_aloud_and_works_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let draft = json!({"display_name": "Noor", "time_zone": ZONE});
    let invite = server.post(&clinic.casey, "/v1/invites", draft).await.is(201);
    let code = invite["code"].as_str().unwrap();
    let letters = code.chars().filter(char::is_ascii_alphanumeric).count();
    assert_eq!(letters, 13, "{code}");
    assert_eq!(invite["expires_at"], "2026-03-05T18:40:00Z");
    server.redeem(code, "noor").await;
    let again = json!({"code": code, "sign_in_name": "noor2", "password": PASSWORD, "device_name": "phone"});
    server.post("", "/v1/invites/redeem", again).await.refused(404, "");
    let caseload = server.get(&clinic.casey, "/v1/participants").await.is(200);
    assert_eq!(caseload["items"].as_array().unwrap().len(), 2);
}

#[rstest]
#[tokio::test]
async fn an_invite_lasts_three_days(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let draft = json!({"display_name": "Noor", "time_zone": ZONE});
    let invite = server.post(&clinic.casey, "/v1/invites", draft).await.is(201);
    server.later(seconds(72 * 3_600 + 1));
    let body =
        json!({"code": invite["code"], "sign_in_name": "noor", "password": PASSWORD, "device_name": "p"});
    server.post("", "/v1/invites/redeem", body).await.refused(404, "");
}

#[rstest]
#[tokio::test]
async fn a_code_redeemed_by_many_at_once_makes_one_account(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let draft = json!({"display_name": "Noor", "time_zone": ZONE});
    let invite = server.post(&clinic.casey, "/v1/invites", draft).await.is(201);
    let body = |n: u32| json!({"code": invite["code"], "sign_in_name": format!("noor{n}"), "password": PASSWORD, "device_name": "p"});
    let ask = |n| server.post("", "/v1/invites/redeem", body(n));
    let answers = tokio::join!(ask(1), ask(2), ask(3), ask(4), ask(5), ask(6), ask(7), ask(8));
    let (first, second) =
        ([answers.0, answers.1, answers.2, answers.3], [answers.4, answers.5, answers.6, answers.7]);
    let mut statuses: Vec<_> = first.iter().chain(&second).map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 404, 404, 404, 404, 404, 404, 404]);
}

#[rstest]
#[tokio::test]
async fn a_refused_redeeming_leaves_the_code_good(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let draft = json!({"display_name": "Noor", "time_zone": ZONE});
    let invite = server.post(&clinic.casey, "/v1/invites", draft).await.is(201);
    let code = invite["code"].as_str().unwrap();
    let short =
        json!({"code": code, "sign_in_name": "noor", "password": "too short", "device_name": "phone"});
    server.post("", "/v1/invites/redeem", short).await.refused(422, "/password");
    let taken =
        json!({"code": code, "email": "maya@harbor.example", "password": PASSWORD, "device_name": "phone"});
    let refused = server.post("", "/v1/invites/redeem", taken).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    server.redeem(code, "noor").await;
}

#[rstest]
#[tokio::test]
async fn a_code_is_no_way_to_ask_who_is_in_treatment(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let invite = server
        .post(&clinic.casey, "/v1/invites", json!({"display_name": "Noor", "time_zone": ZONE}))
        .await
        .is(201);
    let ask = async |name: &str| {
        let body =
            json!({"code": invite["code"], "email": name, "password": PASSWORD, "device_name": "phone"});
        server.post("", "/v1/invites/redeem", body).await
    };
    for _ in 0..3 {
        let problem = ask("maya@harbor.example").await.refused(409, "");
        assert_eq!(
            problem["detail"],
            "This sign-in name cannot be used. Choose another, or ask the person who invited you."
        );
    }
    ask("maya@harbor.example").await.refused(404, "");
    ask("noor@harbor.example").await.refused(404, "");
    assert_eq!(server.get(&clinic.casey, "/v1/invites").await.is(200)["items"], json!([]));
    let told = stream(&server, &clinic.casey.account);
    let of_invite: Vec<_> = told
        .iter()
        .filter(|entry| entry["entity"] == invite["id"] && entry["action"] != "invite_participant")
        .map(|entry| (entry["action"].as_str().unwrap(), entry["outcome"].as_str().unwrap()))
        .collect();
    let clash = ("redeem_invite", "refused");
    assert_eq!(of_invite, [clash, clash, clash, ("withdraw_invite", "done")]);
}

#[rstest]
#[tokio::test]
async fn somebody_who_names_no_name_is_given_one_that_says_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let draft = json!({"display_name": "Noor", "time_zone": ZONE});
    let invite = server.post(&clinic.casey, "/v1/invites", draft).await.is(201);
    let body = json!({"code": invite["code"], "password": PASSWORD, "device_name": "phone"});
    let noor = known(&server.post("", "/v1/invites/redeem", body).await.is(201));
    assert!(!noor.name.is_empty() && !noor.name.contains("noor"), "{}", noor.name);
    assert_eq!(server.sign_in(&noor).await.participant, noor.participant);
}

#[rstest]
#[tokio::test]
async fn who_may_invite_whom(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let person = json!({"display_name": "Noor", "time_zone": ZONE});
    let staff = json!({"display_name": "Lee", "email": "lee@harbor.example", "role": "counselor"});
    let cases: [(&Person, &Value, u16); 8] = [
        (&clinic.casey, &person, 201),
        (&clinic.supervisor, &person, 201),
        (&clinic.admin, &person, 403),
        (&clinic.maya, &person, 403),
        (&clinic.admin, &staff, 201),
        (&clinic.casey, &staff, 403),
        (&clinic.supervisor, &staff, 403),
        (&clinic.maya, &staff, 403),
    ];
    for (host, draft, status) in cases {
        let answer = server.post(host, "/v1/invites", draft.clone()).await;
        assert_eq!(answer.status, status, "{} invites {draft}: {}", host.name, answer.text);
    }
    let homeless = json!({"display_name": "Noor"});
    server.post(&clinic.casey, "/v1/invites", homeless).await.refused(422, "/time_zone");
    let unreachable = json!({"display_name": "Lee", "role": "counselor"});
    server.post(&clinic.admin, "/v1/invites", unreachable).await.refused(422, "/email");
}

/// The session that an access token belongs to, as it says itself.
/// All entries, also those of streams that no room shows, with their streams.
fn entries(server: &TestServer) -> Vec<StoredEvent> {
    let all = |tx: &mut Tx| audit::after(tx, 0, i64::MAX, i64::MAX);
    let all: Result<_, evenkeel_persistence::Error> = server.app.database().read_now(all);
    all.unwrap()
}

pub(crate) fn stream(server: &TestServer, of: &str) -> Vec<Value> {
    let of: uuid::Uuid = of.parse().unwrap();
    entries(server).into_iter().filter(|kept| kept.stream == of).map(|kept| json!(kept.event)).collect()
}

fn claims(person: &Person) -> Value {
    let claims = person.token.split('.').nth(1).unwrap();
    let claims = data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

pub(crate) fn session(person: &Person) -> String {
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
async fn a_made_up_address_helps_nobody_where_no_proxy_is_trusted() {
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
