//! Skills that a counselor assigns.

use super::{MINE, log_practice, path};
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Person, START, TestServer};
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

/// The state of the only assignment of a list.
async fn state(server: &TestServer, who: &Person) -> Value {
    let list = server.get(who, &format!("{MINE}/assignments")).await.is(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    list["items"][0]["state"].clone()
}

#[rstest]
#[tokio::test]
async fn an_assignment_is_done_by_practice_since_late_or_not(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let at = format!("/v1/participants/{}/coping/assignments/{}", maya.participant, fresh_id());
    let draft = json!({"skill": "library:urge_surfing", "note": "Once a day.", "until": "2026-03-09"});
    log_practice(&server, maya, "2026-03-02T18:00:00Z", "library:urge_surfing", 6, 3).await;
    let made = server.put(casey, &at, draft.clone()).await.is(201);
    assert_eq!(
        (&made["state"], &made["assigned_by"], &made["assigned_at"]),
        (&json!("open"), &json!(casey.account), &json!(START))
    );
    for (member, sent) in draft.as_object().unwrap() {
        assert_eq!(&made[member], sent, "{member}");
    }
    assert_eq!(server.put(casey, &at, draft.clone()).await.is(200), made);
    let other = json!({"skill": "library:urge_surfing", "until": "2026-03-09"});
    server.put(casey, &at, other).await.refused(409, "");
    assert_eq!(server.get(maya, &format!("{MINE}/assignments")).await.is(200)["items"], json!([made]));
    server.later(SignedDuration::from_mins(10));
    log_practice(&server, maya, "2026-03-02T18:45:00Z", "library:delay_15", 6, 3).await;
    assert_eq!(state(&server, maya).await, "open");
    let since = log_practice(&server, maya, "2026-03-02T18:45:00Z", "library:urge_surfing", 6, 3).await;
    assert_eq!(state(&server, maya).await, "done");
    assert_eq!(server.put(casey, &at, draft.clone()).await.is(200)["practiced_at"], "2026-03-02T18:45:00Z");
    server.delete(maya, &path(&since)).await.is(204);
    assert_eq!(state(&server, maya).await, "open");
    // In New York the ninth is not over yet.
    server.at("2026-03-10T03:59:00Z");
    let maya = &server.sign_in(maya).await;
    assert_eq!(state(&server, maya).await, "open");
    server.later(SignedDuration::from_mins(2));
    assert_eq!(state(&server, maya).await, "over");
    log_practice(&server, maya, "2026-03-10T04:00:00Z", "library:urge_surfing", 6, 3).await;
    assert_eq!(state(&server, maya).await, "done");
    let casey = &server.sign_in(casey).await;
    server.delete(casey, &at).await.is(204);
    server.delete(casey, &at).await.is(204);
    assert_eq!(state(&server, maya).await, "withdrawn");
    server.put(casey, &at, draft).await.refused(409, "");
    // Withdrawn at 04:01 on the tenth: four weeks later the phones have received that.
    server.at("2026-04-07T04:00:00Z");
    let maya = &server.sign_in(maya).await;
    assert_eq!(state(&server, maya).await, "withdrawn");
    server.at("2026-04-07T04:02:00Z");
    assert_eq!(server.get(maya, &format!("{MINE}/assignments")).await.is(200)["items"], json!([]));
}

#[rstest]
#[tokio::test]
async fn an_assignment_with_a_precaution_is_no_longer_asked_for(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let at = format!("/v1/participants/{}/coping/assignments/{}", maya.participant, fresh_id());
    let draft = json!({"skill": "library:urge_surfing", "until": "2026-03-09"});
    server.put(casey, &at, draft.clone()).await.is(201);
    let bundle = "/v1/participants/me/offline";
    assert_eq!(server.get(maya, bundle).await.is(200)["assignments"][0]["state"], "open");
    server
        .put(maya, &format!("{MINE}/choices"), json!({"favorites": [], "precautions": ["trauma"]}))
        .await
        .is(200);
    assert_eq!(state(&server, maya).await, "has_precaution");
    assert_eq!(
        server.put(casey, &at, draft).await.is(200)["state"],
        "has_precaution",
        "who asked for it sees that"
    );
    assert_eq!(server.get(maya, bundle).await.is(200)["assignments"], json!([]));
    server.at("2026-03-20T12:00:00Z");
    let maya = &server.sign_in(maya).await;
    assert_eq!(state(&server, maya).await, "has_precaution", "it was not missed");
    server
        .put_on(maya, &format!("{MINE}/choices"), "\"1\"", json!({"favorites": [], "precautions": []}))
        .await
        .is(200);
    assert_eq!(state(&server, maya).await, "over");
}

#[rstest]
#[tokio::test]
async fn a_skill_is_assigned_only_if_it_is_offered_and_does_no_harm(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let all = format!("/v1/participants/{}/coping/assignments", maya.participant);
    server
        .put(maya, &format!("{MINE}/choices"), json!({"favorites": [], "precautions": ["trauma"]}))
        .await
        .is(200);
    for (skill, until, pointer) in [
        ("library:skill_of_tomorrow", "2026-03-09", "/skill"),
        ("organization:019cb000-0000-7000-8000-000000000001", "2026-03-09", "/skill"),
        ("library:urge_surfing", "2026-03-09", "/skill"),
        ("urge_surfing", "2026-03-09", "/skill"),
        ("library:delay_15", "2026-03-01", "/until"),
        ("library:delay_15", "2027-03-04", "/until"),
        ("library:delay_15", "soon", "/until"),
    ] {
        let at = format!("{all}/{}", fresh_id());
        server.put(casey, &at, json!({"skill": skill, "until": until})).await.refused(422, pointer);
    }
    assert_eq!(server.get(casey, &all).await.is(200)["items"], json!([]));
    for until in ["2026-03-02", "2027-03-03"] {
        let at = format!("{all}/{}", fresh_id());
        server.put(casey, &at, json!({"skill": "library:delay_15", "until": until})).await.is(201);
    }
    server.delete(casey, &format!("{all}/{}", fresh_id())).await.refused(404, "");
}
