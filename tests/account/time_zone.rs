//! Somebody moves: their days and reminders follow the clock where they live now.

use crate::audit::{entries, events_of};
use crate::craving;
use crate::recovery::sobriety_date;
use crate::reminder::{daily, states, wishes};
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Person, TestServer, ZONE};
use rstest::rstest;
use serde_json::{Value, json};

const MINE: &str = "/v1/participants/me/time-zone";

fn lives(zone: &str) -> Value {
    json!({"time_zone": zone})
}

async fn moves(server: &TestServer, who: &Person, zone: &str) {
    assert_eq!(server.put(who, MINE, lives(zone)).await.is(200), lives(zone));
}

/// Days sober, and how many milestones the count has reached.
async fn sober(server: &TestServer, who: &Person) -> (Value, usize) {
    let read = server.get(who, "/v1/participants/me/recovery").await.is(200);
    let count = &read["courses"][0]["count"];
    (count["current"]["days"].clone(), count["reached"].as_array().unwrap().len())
}

/// The local dates of all reminder messages to this participant, the first first.
async fn dates(server: &TestServer, who: &Person) -> Vec<String> {
    let history = server.get(who, "/v1/participants/me/reminders/history").await.is(200);
    let reminder_messages = history["items"].as_array().unwrap().iter().rev();
    reminder_messages.map(|message| message["local_date"].as_str().unwrap().to_owned()).collect()
}

#[rstest]
#[tokio::test]
async fn sober_days_milestones_and_reviews_follow_the_time_zone_somebody_moves_to(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let begun = format!("/v1/participants/me/recovery/sobriety-dates/{}", fresh_id());
    server.put(maya, &begun, sobriety_date("2026-02-01", "2026-03-02T18:40:00Z")).await.is(201);
    let mut plan = crate::plan::plan();
    plan["review_on"] = json!("2026-03-17");
    assert_eq!(sober(&server, maya).await, (json!(29), 1));
    server.put_on(maya, "/v1/participants/me/plan", "\"0\"", plan.clone()).await.refused(422, "/review_on");

    moves(&server, maya, "Pacific/Auckland").await;
    assert_eq!(sober(&server, maya).await, (json!(30), 2), "there it is the next morning");
    server.put_on(maya, "/v1/participants/me/plan", "\"0\"", plan).await.is(201);
    assert_eq!(server.get(maya, "/v1/me").await.is(200)["time_zone"], "Pacific/Auckland");
    let caseload = server.get(&clinic.casey, "/v1/participants").await.is(200);
    assert_eq!(caseload["items"][0]["time_zone"], "Pacific/Auckland");
    let offline = server.get(maya, "/v1/participants/me/offline").await.is(200);
    assert_eq!(offline["time_zone"], "Pacific/Auckland");

    moves(&server, maya, ZONE).await;
    assert_eq!(sober(&server, maya).await, (json!(29), 1));
}

#[rstest]
#[tokio::test]
async fn what_is_logged_keeps_its_own_time_zone_and_day(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = server.craving(&maya, "2026-03-02T03:00:00Z", 6).await;
    let path = format!("/v1/participants/me/cravings/{id}");
    let before = server.get(&maya, &path).await.is(200);
    assert_eq!((&before["time_zone"], &before["local_day"]), (&json!(ZONE), &json!("2026-03-01")));
    moves(&server, &maya, "Europe/Berlin").await;
    assert_eq!(server.get(&maya, &path).await.is(200), before);
    server.put(&maya, &format!("/v1/participants/me/cravings/{}", fresh_id()), craving::full()).await.is(201);
}

#[rstest]
#[tokio::test]
async fn the_reminder_goes_out_at_the_local_time_of_the_new_time_zone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    wishes(&server, &maya, daily("14:00")).await;
    moves(&server, &maya, "America/Denver").await;
    for before in ["2026-03-02T19:00:00Z", "2026-03-02T20:59:59Z"] {
        server.at(before);
        assert!(server.deliver_reminders().await.is_empty(), "not by the clock they left");
    }
    server.at("2026-03-02T21:00:00Z");
    assert_eq!(server.deliver_reminders().await.len(), 1);
    server.at("2026-03-03T21:00:00Z");
    assert_eq!(server.deliver_reminders().await.len(), 1);
    let maya = server.sign_in(&maya).await;
    assert_eq!(dates(&server, &maya).await, ["2026-03-02", "2026-03-03"]);
}

#[rstest]
#[tokio::test]
async fn a_reminder_that_comes_sooner_after_a_move_east_is_not_late(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    wishes(&server, &maya, daily("21:00")).await;
    moves(&server, &maya, "Europe/Berlin").await;
    server.at("2026-03-02T19:59:59Z");
    assert!(server.deliver_reminders().await.is_empty());
    server.at("2026-03-02T20:00:00Z");
    assert_eq!(server.deliver_reminders().await.len(), 1);
    server.at("2026-03-03T02:00:00Z");
    assert!(server.deliver_reminders().await.is_empty(), "not by the clock they left");
}

#[rstest]
#[tokio::test]
async fn a_reminder_sent_before_a_move_west_is_not_sent_again_that_local_day(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    wishes(&server, &maya, daily("19:30")).await;
    server.at("2026-03-03T00:30:00Z");
    assert_eq!(server.deliver_reminders().await.len(), 1);
    server.at("2026-03-03T01:00:00Z");
    let maya = server.sign_in(&maya).await;
    moves(&server, &maya, "America/Los_Angeles").await;
    for again in ["2026-03-03T01:00:00Z", "2026-03-03T03:30:00Z", "2026-03-03T07:59:59Z"] {
        server.at(again);
        assert!(server.deliver_reminders().await.is_empty(), "still the same day on the coast: {again}");
    }
    server.at("2026-03-04T03:30:00Z");
    assert_eq!(server.deliver_reminders().await.len(), 1);
    let maya = server.sign_in(&maya).await;
    assert_eq!(dates(&server, &maya).await, ["2026-03-02", "2026-03-03"]);
    assert_eq!(states(&server, &maya).await, ["sent", "sent"]);
}

#[rstest]
#[tokio::test]
async fn a_reminder_whose_time_is_over_where_somebody_moves_to_comes_the_next_day(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    wishes(&server, &maya, daily("14:00")).await;
    moves(&server, &maya, "Europe/Berlin").await;
    for passed in ["2026-03-02T18:40:00Z", "2026-03-02T19:00:00Z", "2026-03-03T12:59:59Z"] {
        server.at(passed);
        assert!(server.deliver_reminders().await.is_empty(), "nothing is made up for: {passed}");
    }
    server.at("2026-03-03T13:00:00Z");
    assert_eq!(server.deliver_reminders().await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn no_reminder_goes_out_after_a_move_to_somebody_who_turned_them_off(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    moves(&server, &maya, "America/Denver").await;
    let mut off = daily("14:00");
    off["enabled"] = json!(false);
    wishes(&server, &maya, off.clone()).await;
    moves(&server, &maya, "America/Chicago").await;
    assert_eq!(server.get(&maya, "/v1/participants/me/reminders").await.is(200), off);
    server.at("2026-03-02T20:00:00Z");
    assert!(server.deliver_reminders().await.is_empty());
}

#[rstest]
#[tokio::test]
async fn a_counselor_changes_the_time_zone_of_their_own_participants_only(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let path = format!("/v1/participants/{}/time-zone", maya.participant);
    server.put(casey, &path, lives("America/Denver")).await.is(200);
    server.put(&clinic.supervisor, &path, lives("America/Chicago")).await.is(200);
    for (stranger, status) in [(&clinic.theo, 404), (&clinic.drew, 404), (&clinic.admin, 403)] {
        server.put(stranger, &path, lives("America/Denver")).await.refused(status, "");
    }
    server.put(casey, MINE, lives("America/Denver")).await.refused(404, "");
    assert_eq!(server.get(maya, "/v1/me").await.is(200)["time_zone"], "America/Chicago");
    assert_eq!(server.get(&clinic.theo, "/v1/me").await.is(200)["time_zone"], "Europe/Berlin");
    let seen = entries(&server, maya, "me").await;
    for (who, outcome) in
        [(casey, "done"), (&clinic.supervisor, "done"), (&clinic.drew, "refused"), (&clinic.admin, "refused")]
    {
        let changes = events_of(&seen, who, "change", "account");
        assert_eq!(changes.len(), 1, "{seen:#?}");
        assert_eq!((&changes[0]["outcome"], changes[0].get("entity")), (&json!(outcome), None));
    }
}

#[rstest]
#[tokio::test]
async fn the_time_zone_somebody_lives_in_already_changes_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    moves(&server, maya, "America/Denver").await;
    let before = entries(&server, maya, "me").await;
    assert_eq!(events_of(&before, maya, "change", "account").len(), 1, "{before:#?}");
    moves(&server, maya, "America/Denver").await;
    assert_eq!(entries(&server, maya, "me").await, before);

    let path = format!("/v1/participants/{}/time-zone", maya.participant);
    server.put(casey, &path, lives("America/Denver")).await.is(200);
    let seen = entries(&server, maya, "me").await;
    assert!(events_of(&seen, casey, "change", "account").is_empty(), "{seen:#?}");
    assert_eq!(events_of(&seen, casey, "read", "account").len(), 1, "the answer shows where somebody lives");
    assert_eq!(seen.len(), before.len() + 1);
}

#[rstest]
#[tokio::test]
async fn what_is_no_time_zone_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    for (draft, pointer) in [
        (lives("Mars/Olympus"), "/time_zone"),
        (lives(""), "/time_zone"),
        (lives("localtime"), "/time_zone"),
        (lives("posix/Europe/Berlin"), "/time_zone"),
        (json!({"time_zone": null}), "/time_zone"),
        (json!({}), "/time_zone"),
        (json!({"time_zone": ZONE, "since": "2026-03-02"}), "/since"),
    ] {
        server.put(&maya, MINE, draft).await.refused(422, pointer);
    }
    assert_eq!(server.get(&maya, "/v1/me").await.is(200)["time_zone"], ZONE);
    assert!(events_of(&entries(&server, &maya, "me").await, &maya, "change", "account").is_empty());
}
