//! Lapses: read alone, corrected, seen by who treats the person.

use super::{MINE, about, course, lapse, lapsed, looked_back};
use crate::audit::{entries, told};
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::TestServer;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn a_lapse_is_read_alone_with_its_debrief(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
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
    assert_eq!(told(&seen, &clinic.casey, "read", "recovery")[0]["entity"], id.as_str());
}

#[rstest]
#[tokio::test]
async fn a_lapse_is_corrected_and_keeps_its_debrief_and_what_it_said_before(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let maya = &clinic.maya;
    let sent = lapse("2026-03-02T01:00:00Z", "lapse");
    let id = lapsed(&server, maya, sent.clone()).await;
    looked_back(&server, maya, &id, "\"0\"", json!({"trigger": "urges"})).await.is(200);
    let at = format!("{MINE}/lapses/{id}");
    let own = server.get(maya, &format!("{at}/revisions")).await.is(200);
    assert_eq!((own["items"].as_array().unwrap().len(), &own["items"][0]["lapse"]), (1, &sent));
    let mut right = sent.clone();
    (right["substance"], right["occurred_at"]) = (json!("opioids"), json!("2026-03-01T01:00:00Z"));
    let (correction, revision) = (json!({"reason": "It was not a drink", "lapse": right}), fresh_id());
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
    server.put(maya, &format!("{at}/revisions/{revision}"), json!({"lapse": sent})).await.refused(409, "");
    assert_eq!(
        server.put(maya, &at, sent.clone()).await.is(200),
        corrected,
        "what was sent first, sent again, is no clash"
    );
    server.put(maya, &at, right).await.refused(409, "");
    server
        .put(maya, &format!("{at}/revisions/{}", fresh_id()), json!({"lapse": {"substance": "sugar"}}))
        .await
        .refused(422, "/lapse/substance");
    let other = lapsed(&server, maya, sent.clone()).await;
    let own = server
        .put(maya, &format!("{MINE}/lapses/{other}/revisions/{other}"), json!({"lapse": sent}))
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
        .map(|one| (&one["revision"], &one["lapse"]["substance"]))
        .collect();
    assert_eq!(said, [(&json!(1), &json!("alcohol")), (&json!(2), &json!("opioids"))]);
    let courses = server.get(maya, MINE).await.is(200)["courses"].clone();
    assert_eq!((courses.as_array().unwrap().len(), &courses[0]["substance"]), (1, &json!("opioids")));
    server.delete(maya, &at).await.is(204);
    server.put(maya, &format!("{at}/revisions/{}", fresh_id()), correction).await.refused(409, "");
    server.get(maya, &format!("{at}/revisions")).await.refused(410, "");
    let seen = entries(&server, maya, "me").await;
    assert_eq!(told(&seen, maya, "correct", "recovery").len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_lapse_may_be_corrected_to_after_it_was_first_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic("harbor.example").await.maya;
    let id = lapsed(&server, &maya, lapse("2026-03-01T18:00:00Z", "lapse")).await;
    server.later(jiff::SignedDuration::from_hours(24));
    let correction = json!({"lapse": lapse("2026-03-03T12:00:00Z", "lapse")});
    let maya = server.sign_in(&maya).await;
    let corrected =
        server.put(&maya, &format!("{MINE}/lapses/{id}/revisions/{}", fresh_id()), correction).await.is(201);
    assert_eq!((&corrected["local_day"], &corrected["clock_suspect"]), (&json!("2026-03-03"), &json!(false)));
    assert_eq!(course(&server, &maya).await["last_lapse_on"], "2026-03-03");
}

#[rstest]
#[tokio::test]
async fn a_lapse_stands_out_in_the_caseload_until_somebody_acknowledges_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let line = async || server.get(casey, "/v1/participants").await.is(200)["items"][0].clone();
    let quiet = line().await;
    assert_eq!((quiet.get("last_lapse"), &quiet["needs_attention"]), (None, &json!(false)));
    let mut draft = lapse("2026-03-01T12:00:00Z", "lapse");
    draft["substance"] = json!("opioids");
    let id = lapsed(&server, maya, draft).await;
    let alert = line().await;
    assert_eq!(alert["needs_attention"], true);
    assert_eq!(
        alert["last_lapse"],
        json!({
            "id": id, "substance": "opioids", "outcome": "lapse", "occurred_at": "2026-03-01T12:00:00Z",
            "local_day": "2026-03-01", "received_at": alert["last_lapse"]["received_at"], "revision": 1, "acknowledged": false,
        })
    );
    let close = lapsed(&server, maya, lapse("2026-03-02T12:00:00Z", "close_call")).await;
    assert_eq!(line().await["last_lapse"]["id"], id.as_str(), "what needs attention comes first");
    server.at("2026-03-20T12:00:00Z");
    let (maya, casey) = (&server.sign_in(maya).await, &server.sign_in(casey).await);
    let supervisor = server.sign_in(&clinic.supervisor).await;
    let line = async || server.get(casey, "/v1/participants").await.is(200)["items"][0].clone();
    assert_eq!(line().await["needs_attention"], true, "until it is acknowledged");
    let hers = format!("/v1/participants/{}/recovery/lapses/{id}", maya.participant);
    let seen = format!("{hers}/acknowledgement");
    for who in [casey, casey, &supervisor] {
        server.acknowledge(who, &seen, 1).await.is(204);
    }
    let done = line().await;
    assert_eq!(
        (done.get("last_lapse"), &done["needs_attention"]),
        (None, &json!(false)),
        "and 14 days have passed"
    );
    let read = server.get(maya, &format!("{MINE}/lapses/{id}")).await.is(200);
    assert_eq!(read["acknowledged"]["by"], json!(casey.account), "the first time stands");
    let again = lapsed(&server, maya, lapse("2026-03-19T12:00:00Z", "return_to_use")).await;
    assert_eq!(
        (&line().await["last_lapse"]["id"], &line().await["needs_attention"]),
        (&json!(again), &json!(true))
    );
    server.delete(maya, &format!("{MINE}/lapses/{again}")).await.is(204);
    assert_eq!(line().await["needs_attention"], false, "what was taken back does not stand out");
    server
        .acknowledge(
            casey,
            &format!("/v1/participants/{}/recovery/lapses/{again}/acknowledgement", maya.participant),
            1,
        )
        .await
        .refused(409, "");
    server.acknowledge(maya, &format!("{MINE}/lapses/{close}/acknowledgement"), 1).await.refused(403, "");
    let audit_log = entries(&server, maya, "me").await;
    assert_eq!(told(&audit_log, casey, "acknowledge", "recovery").len(), 1, "{audit_log:#?}");
    assert_eq!(told(&audit_log, &supervisor, "acknowledge", "recovery").len(), 0);
}

#[rstest]
#[tokio::test]
async fn nobody_acknowledges_what_they_have_not_seen(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let id = lapsed(&server, maya, lapse("2026-03-01T12:00:00Z", "lapse")).await;
    let seen = format!("/v1/participants/{}/recovery/lapses/{id}/acknowledgement", maya.participant);
    server.call("PUT", &seen, casey, None).await.refused(428, "");
    let mut worse = lapse("2026-03-01T12:00:00Z", "return_to_use");
    worse["substance"] = json!("opioids");
    server
        .put(maya, &format!("{MINE}/lapses/{id}/revisions/{}", fresh_id()), json!({"lapse": worse}))
        .await
        .is(201);
    server.acknowledge(casey, &seen, 1).await.refused(412, "");
    let line = server.get(casey, "/v1/participants").await.is(200)["items"][0].clone();
    assert_eq!((&line["last_lapse"]["revision"], &line["needs_attention"]), (&json!(2), &json!(true)));
    server.acknowledge(casey, &seen, 2).await.is(204);
}

#[rstest]
#[tokio::test]
async fn a_lapse_that_is_refused_is_answered_with_guidance_all_the_same(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
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
        .put(maya, &format!("{MINE}/lapses/{id}/revisions/{}", fresh_id()), json!({"lapse": draft}))
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
