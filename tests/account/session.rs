//! Staying signed in, signing out, lost devices.

use super::{seconds, session_id};
use crate::Engine;
use evenkeel_tests::test_server::{Answer, TestServer, known};
use rstest::rstest;
use serde_json::{Value, json};

async fn refresh(server: &TestServer, token: &str) -> Answer {
    server.post("", "/v1/sign-in/refresh", json!({"refresh_token": token})).await
}

fn renewed(answer: &Value) -> (String, String) {
    let person = known(answer);
    (person.token, person.refresh)
}

#[rstest]
#[tokio::test]
async fn an_access_token_lasts_fifteen_minutes(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
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
    let maya = server.clinic().maya;
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
    let maya = server.clinic().maya;
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
    let maya = server.clinic().maya;
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
    let maya = server.clinic().maya;
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
    let maya = server.clinic().maya;
    let (_, next) = renewed(&refresh(&server, &maya.refresh).await.is(200));
    server.later(seconds(601));
    refresh(&server, &maya.refresh).await.refused(401, "");
    refresh(&server, &next).await.refused(401, "");
}

#[rstest]
#[tokio::test]
async fn a_canceled_successor_that_is_used_ends_the_session(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
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
    let clinic = server.clinic();
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
    let clinic = server.clinic();
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
    let maya = server.clinic().maya;
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
    let clinic = server.clinic();
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
    let sid = session_id(&mine);
    let lost_id = ids.into_iter().find(|id| **id != sid).unwrap();
    server.delete(&mine, &format!("/v1/me/devices/{lost_id}")).await.is(204);
    server.get(lost, "/v1/me").await.refused(401, "");
    refresh(&server, &lost.refresh).await.refused(401, "");
    server.get(&mine, "/v1/me").await.is(200);
}
