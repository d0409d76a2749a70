//! Invitations and how they are redeemed.

use super::{seconds, stream};
use crate::Engine;
use evenkeel_tests::test_server::{PASSWORD, Person, TestServer, ZONE, known};
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn an_invite_is_a_code_to_say_aloud_and_works_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let invite = server.open_invite(&clinic.casey).await;
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
    let clinic = server.clinic();
    let invite = server.open_invite(&clinic.casey).await;
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
    let clinic = server.clinic();
    let invite = server.open_invite(&clinic.casey).await;
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
async fn a_code_still_works_after_a_refused_attempt(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let invite = server.open_invite(&clinic.casey).await;
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
async fn a_code_cannot_be_used_to_find_out_who_is_in_treatment(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let invite = server.open_invite(&clinic.casey).await;
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
    let events = stream(&server, &clinic.casey.account);
    let of_invite: Vec<_> = events
        .iter()
        .filter(|entry| entry["entity"] == invite["id"] && entry["action"] != "invite_participant")
        .map(|entry| (entry["action"].as_str().unwrap(), entry["outcome"].as_str().unwrap()))
        .collect();
    let clash = ("redeem_invite", "refused");
    assert_eq!(of_invite, [clash, clash, clash, ("withdraw_invite", "done")]);
}

#[rstest]
#[tokio::test]
async fn somebody_without_a_sign_in_name_gets_one_that_says_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let invite = server.open_invite(&clinic.casey).await;
    let body = json!({"code": invite["code"], "password": PASSWORD, "device_name": "phone"});
    let noor = known(&server.post("", "/v1/invites/redeem", body).await.is(201));
    assert!(!noor.name.is_empty() && !noor.name.contains("noor"), "{}", noor.name);
    assert_eq!(server.sign_in(&noor).await.participant, noor.participant);
}

#[rstest]
#[tokio::test]
async fn who_may_invite_whom(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
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
