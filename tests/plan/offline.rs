//! The offline bundle.

use super::{MINE, SAFE, fullest, plan, safety_plan};
use evenkeel_tests::Engine;
use evenkeel_tests::test_server::TestServer;
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn the_offline_bundle_has_all_that_a_phone_needs_and_is_small(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let path = "/v1/participants/me/offline";
    let wish = json!({"enabled": true, "at": "19:30", "weekdays": ["monday"], "content": "discreet"});
    server.put(maya, "/v1/participants/me/reminders", wish).await.is(200);
    let empty = server.get(maya, path).await.is(200);
    assert_eq!(
        (&empty["as_of"], &empty["plan"]["revision"], &empty["contacts"]),
        (&json!("2026-03-02T18:40:00Z"), &json!(0), &json!([]))
    );
    assert_eq!(empty["crisis_lines"]["lines"][0]["reach"], "call or text 988");
    let codes: Vec<_> = empty["guidance"]["sections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    assert!(
        codes.contains(&"overdose") && codes.contains(&"not_alone"),
        "a lapse may be reported without a network: {codes:?}"
    );
    assert!(20 < empty["skills"].as_array().unwrap().len());

    let full = fullest();
    server.put_on(maya, MINE, "\"0\"", full.clone()).await.is(201);
    server.put_on(maya, SAFE, "\"0\"", safety_plan()).await.is(201);
    let answer = server.get(maya, path).await;
    assert!(answer.text.len() < 200_000, "{} bytes", answer.text.len());
    let tag = answer.header("etag");
    let bundle = answer.is(200);
    assert_eq!((&bundle["plan"]["content"], &bundle["contacts"]), (&full, &full["supports"]));
    let first: Vec<_> = bundle["skills"]
        .as_array()
        .unwrap()
        .iter()
        .take(4)
        .map(|one| one["skill"].as_str().unwrap())
        .collect();
    assert!(first.contains(&"library:urge_surfing") && first.contains(&"library:cold_water"), "{first:?}");
    assert!(bundle["skills"][0]["content"]["steps"][0].is_string());
    let days = bundle["days"].as_array().unwrap();
    assert_eq!(
        (days.len(), &days[0]["day"], &days[13]["day"]),
        (14, &json!("2026-03-02"), &json!("2026-03-15"))
    );
    // Seven days later New York has put its clocks forward.
    assert_eq!(
        (&days[0]["reminder_at"], &days[7]["reminder_at"]),
        (&json!("2026-03-03T00:30:00Z"), &json!("2026-03-09T23:30:00Z"))
    );
    assert!(days[1].get("reminder_at").is_none());
    assert_eq!(days[8]["reviews"], json!(["plan"]));

    assert_eq!(server.get(&clinic.theo, path).await.is(200)["plan"]["revision"], 0, "each phone its own");
    server.later(SignedDuration::from_hours(7));
    let maya = &server.sign_in(maya).await;
    server.get_unless(maya, path, &tag).await.is(304);
    server.put_on(maya, MINE, "\"1\"", plan()).await.is(201);
    server.get_unless(maya, path, &tag).await.is(200);
}
