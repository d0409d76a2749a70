//! Lapses: read alone, corrected, answered with guidance.

use super::{MINE, about, course, lapse, lapsed, looked_back};
use crate::audit::{entries, events_of};
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::TestServer;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn a_lapse_is_read_alone_with_its_debrief(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let id = lapsed(&server, maya, lapse("2026-03-02T01:00:00Z", "lapse")).await;
    looked_back(&server, maya, &id, "\"0\"", json!({"trigger": "urges"})).await.is(200);
    let read = server.get(maya, &format!("{MINE}/lapses/{id}")).await.is(200);
    assert_eq!(read, server.get(maya, MINE).await.is(200)["lapses"][0]);
    assert_eq!(
        (&read["debrief"]["revision"], &read["debrief"]["content"]["trigger"]),
        (&json!(1), &json!("urges"))
    );
    let hers = format!("/v1/participants/{}/recovery/lapses/{id}", maya.participant);
    assert_eq!(server.get(&clinic.casey, &hers).await.is(200), read);
    server.get(maya, &format!("{MINE}/lapses/{}", fresh_id())).await.refused(404, "");
    server.delete(maya, &format!("{MINE}/lapses/{id}")).await.is(204);
    server.get(maya, &format!("{MINE}/lapses/{id}")).await.refused(410, "");
    let seen = entries(&server, maya, "me").await;
    assert_eq!(events_of(&seen, &clinic.casey, "read", "recovery")[0]["entity"], id.as_str());
}

#[rstest]
#[tokio::test]
async fn a_corrected_lapse_keeps_its_debrief_and_its_earlier_revisions(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let sent = lapse("2026-03-02T01:00:00Z", "lapse");
    let id = lapsed(&server, maya, sent.clone()).await;
    looked_back(&server, maya, &id, "\"0\"", json!({"trigger": "urges"})).await.is(200);
    let at = format!("{MINE}/lapses/{id}");
    let own = server.get(maya, &format!("{at}/revisions")).await.is(200);
    assert_eq!((own["items"].as_array().unwrap().len(), &own["items"][0]["entry"]), (1, &sent));
    let mut right = sent.clone();
    (right["substance"], right["occurred_at"]) = (json!("opioids"), json!("2026-03-01T01:00:00Z"));
    let (correction, revision) = (json!({"reason": "It was not a drink", "entry": right}), fresh_id());
    let corrected = server.put(maya, &format!("{at}/revisions/{revision}"), correction.clone()).await.is(201);
    assert_eq!(about(&corrected)[0], "overdose");
    assert_eq!(
        (&corrected["local_day"], &corrected["revision"], &corrected["debrief"]["revision"]),
        (&json!("2026-02-28"), &json!(2), &json!(1))
    );
    assert_eq!(
        server.put(maya, &format!("{at}/revisions/{revision}"), correction.clone()).await.is(200),
        corrected
    );
    server.put(maya, &format!("{at}/revisions/{revision}"), json!({"entry": sent})).await.refused(409, "");
    assert_eq!(
        server.put(maya, &at, sent.clone()).await.is(200),
        corrected,
        "the first version again is the same"
    );
    server.put(maya, &at, right).await.refused(409, "");
    server
        .put(maya, &format!("{at}/revisions/{}", fresh_id()), json!({"entry": {"substance": "sugar"}}))
        .await
        .refused(422, "/entry/substance");
    let other = lapsed(&server, maya, sent.clone()).await;
    let own = server
        .put(maya, &format!("{MINE}/lapses/{other}/revisions/{other}"), correction.clone())
        .await
        .refused(409, "");
    assert!(own["detail"].as_str().unwrap().contains("under a new id"), "{own}");
    server.delete(maya, &format!("{MINE}/lapses/{other}")).await.is(204);
    let read = server
        .get(&clinic.casey, &format!("/v1/participants/{}/recovery/lapses/{id}/revisions", maya.participant))
        .await
        .is(200);
    let said: Vec<_> = read["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["revision"], &one["entry"]["substance"]))
        .collect();
    assert_eq!(said, [(&json!(1), &json!("alcohol")), (&json!(2), &json!("opioids"))]);
    let courses = server.get(maya, MINE).await.is(200)["courses"].clone();
    assert_eq!((courses.as_array().unwrap().len(), &courses[0]["substance"]), (1, &json!("opioids")));
    server.delete(maya, &at).await.is(204);
    server.put(maya, &format!("{at}/revisions/{}", fresh_id()), correction).await.refused(409, "");
    server.get(maya, &format!("{at}/revisions")).await.refused(410, "");
    let seen = entries(&server, maya, "me").await;
    assert_eq!(events_of(&seen, maya, "correct", "recovery").len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_lapse_may_be_corrected_to_a_time_after_it_was_first_reported(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = lapsed(&server, &maya, lapse("2026-03-01T18:00:00Z", "lapse")).await;
    server.later(jiff::SignedDuration::from_hours(24));
    let correction = json!({"entry": lapse("2026-03-03T12:00:00Z", "lapse")});
    let maya = server.sign_in(&maya).await;
    let corrected =
        server.put(&maya, &format!("{MINE}/lapses/{id}/revisions/{}", fresh_id()), correction).await.is(201);
    assert_eq!((&corrected["local_day"], &corrected["clock_suspect"]), (&json!("2026-03-03"), &json!(false)));
    assert_eq!(course(&server, &maya).await["last_lapse_on"], "2026-03-03");
}

#[rstest]
#[tokio::test]
async fn a_refused_lapse_is_answered_with_guidance(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let mut draft = lapse("2026-03-01T12:00:00Z", "lapse");
    draft["substance"] = json!("opioids");
    for (field, wrong) in [
        ("note", json!("x".repeat(2001))),
        ("time_zone", json!("GMT-05:00")),
        ("substance", json!("fentanyl")),
        ("mood", json!(1)),
    ] {
        let mut draft = draft.clone();
        draft[field] = wrong;
        let refused = server
            .put(maya, &format!("{MINE}/lapses/{}", fresh_id()), draft)
            .await
            .refused(422, &format!("/{field}"));
        assert_eq!(about(&refused)[0], "overdose", "{field}");
    }
    let id = lapsed(&server, maya, lapse("2026-03-01T12:00:00Z", "close_call")).await;
    let taken = server.put(maya, &format!("{MINE}/lapses/{id}"), draft.clone()).await.refused(409, "");
    assert_eq!(about(&taken)[0], "overdose");
    server.delete(maya, &format!("{MINE}/lapses/{id}")).await.is(204);
    let gone = server
        .put(maya, &format!("{MINE}/lapses/{id}/revisions/{}", fresh_id()), json!({"entry": draft}))
        .await
        .refused(409, "");
    assert_eq!(about(&gone)[0], "overdose");
    let staff = server
        .put(
            &clinic.casey,
            &format!("/v1/participants/{}/recovery/lapses/{}", maya.participant, fresh_id()),
            draft,
        )
        .await
        .refused(403, "");
    assert_eq!(staff.get("guidance"), None);
}
