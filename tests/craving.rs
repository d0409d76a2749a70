//! Cravings logged on a phone, offline first.

use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::TestServer;
use evenkeel_tests::test_server::{START, ZONE, craving};
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

fn path(id: &str) -> String {
    format!("/v1/participants/me/cravings/{id}")
}

fn ids(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// A craving with every field.
pub(crate) fn full() -> Value {
    json!({
        "occurred_at": "2026-03-02T18:30:00Z", "time_zone": ZONE, "intensity": 7, "substance": "alcohol",
        "triggers": ["negative_emotions", "conflict"],
        "cues": [{"kind": "place", "text": "the corner shop"}],
        "halt": ["hungry", "tired"], "company": "alone", "place": "home",
        "coping_used": ["urge surfing"], "note": "It came\nand it went.", "outcome": "passed",
    })
}

#[rstest]
#[tokio::test]
async fn a_craving_comes_back_as_it_was_logged(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = fresh_id().to_string();
    let stored = server.put(&maya, &path(&id), full()).await.is(201);
    for (member, sent) in full().as_object().unwrap() {
        assert_eq!(&stored[member], sent, "{member}");
    }
    assert_eq!((&stored["id"], &stored["local_day"]), (&json!(id), &json!("2026-03-02")));
    assert_eq!((&stored["received_at"], &stored["clock_suspect"]), (&json!(START), &json!(false)));
    assert_eq!((&stored["revision"], &stored["peak"]), (&json!(1), &json!(7)));
    assert_eq!(server.get(&maya, &path(&id)).await.is(200), stored);
    let listed = server.get(&maya, "/v1/participants/me/cravings").await.is(200);
    assert_eq!(listed["items"], json!([stored]));
}

#[rstest]
#[tokio::test]
async fn a_craving_sent_twice_is_stored_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = fresh_id().to_string();
    let first = server.put(&maya, &path(&id), full()).await.is(201);
    server.later(SignedDuration::from_mins(3));
    assert_eq!(server.put(&maya, &path(&id), full()).await.is(200), first);
    assert_eq!(server.get(&maya, "/v1/participants/me/cravings").await.is(200)["items"], json!([first]));
}

#[rstest]
#[tokio::test]
async fn a_craving_sent_many_times_at_once_is_stored_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let at = path(&fresh_id().to_string());
    let ask = || server.put(&maya, &at, full());
    let answers = tokio::join!(ask(), ask(), ask(), ask(), ask(), ask());
    let answers = [answers.0, answers.1, answers.2, answers.3, answers.4, answers.5];
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 201]);
    let day = server.get(&maya, "/v1/participants/me/trends?from=2026-03-02&to=2026-03-02").await.is(200);
    assert_eq!(day["count"], 1);
}

#[rstest]
#[tokio::test]
async fn other_content_under_the_same_id_is_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = fresh_id().to_string();
    let first = server.put(&maya, &path(&id), full()).await.is(201);
    let mut other = full();
    other["intensity"] = json!(8);
    server.put(&maya, &path(&id), other).await.refused(409, "");
    assert_eq!(server.get(&maya, &path(&id)).await.is(200), first);
}

#[rstest]
#[tokio::test]
async fn the_first_content_sent_again_after_a_correction_is_a_repeat(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = fresh_id().to_string();
    server.put(&maya, &path(&id), full()).await.is(201);
    let mut right = full();
    right["intensity"] = json!(4);
    let revision = format!("{}/revisions/{}", path(&id), fresh_id());
    let corrected = server.put(&maya, &revision, json!({"entry": right})).await.is(201);
    assert_eq!(server.put(&maya, &path(&id), full()).await.is(200), corrected);
}

#[rstest]
#[tokio::test]
async fn an_id_of_somebody_elses_craving_means_nothing_here(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let id = server.craving(&clinic.maya, "2026-03-02T18:00:00Z", 6).await;
    server.get(&clinic.theo, &path(&id)).await.refused(404, "");
    server.put(&clinic.theo, &path(&id), craving("2026-03-02T17:00:00Z", 2)).await.is(201);
    assert_eq!(server.get(&clinic.maya, &path(&id)).await.is(200)["intensity"], 6);
    assert_eq!(server.get(&clinic.theo, &path(&id)).await.is(200)["intensity"], 2);
}

#[rstest]
#[tokio::test]
async fn a_craving_logged_offline_counts_on_the_day_it_was_felt(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = server.craving(&maya, "2026-02-21T03:30:00Z", 5).await;
    assert_eq!(server.get(&maya, &path(&id)).await.is(200)["local_day"], "2026-02-20");
    let felt = server.get(&maya, "/v1/participants/me/trends?from=2026-02-20&to=2026-03-02").await.is(200);
    let days: Vec<_> = felt["days"].as_array().unwrap().iter().map(|day| &day["day"]).collect();
    assert_eq!(days, ["2026-02-20"]);
}

#[rstest]
#[tokio::test]
async fn a_time_far_in_the_past_is_accepted(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = server.craving(&maya, "1970-01-01T00:00:00Z", 5).await;
    let stored = server.get(&maya, &path(&id)).await.is(200);
    assert_eq!((&stored["clock_suspect"], &stored["local_day"]), (&json!(false), &json!("1969-12-31")));
}

#[rstest]
#[tokio::test]
async fn a_time_in_the_future_is_stored_and_marked(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let fast = server.craving(&maya, "2026-03-02T18:45:00Z", 5).await;
    assert_eq!(server.get(&maya, &path(&fast)).await.is(200)["clock_suspect"], false);
    let wrong = server.craving(&maya, "2027-01-01T12:00:00Z", 5).await;
    let stored = server.get(&maya, &path(&wrong)).await.is(200);
    assert_eq!((&stored["clock_suspect"], &stored["local_day"]), (&json!(true), &json!("2026-03-02")));
    assert_eq!(stored["occurred_at"], "2027-01-01T12:00:00Z");
}

#[rstest]
#[tokio::test]
async fn a_craving_is_rated_again_while_it_passes(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = server.craving(&maya, "2026-03-02T18:30:00Z", 6).await;
    let rating = format!("{}/ratings/{}", path(&id), fresh_id());
    let high = json!({"rated_at": "2026-03-02T18:35:00Z", "intensity": 9});
    let rated = server.put(&maya, &rating, high.clone()).await.is(201);
    server.put(&maya, &rating, high).await.is(200);
    server
        .put(&maya, &rating, json!({"rated_at": "2026-03-02T18:35:00Z", "intensity": 1}))
        .await
        .refused(409, "");
    let second = format!("{}/ratings/{}", path(&id), fresh_id());
    server.put(&maya, &second, json!({"rated_at": "2026-03-02T18:39:00Z", "intensity": 3})).await.is(201);
    let stored = server.get(&maya, &path(&id)).await.is(200);
    assert_eq!((&stored["intensity"], &stored["peak"]), (&json!(6), &json!(9)), "{rated}");
    let ratings = stored["ratings"].as_array().unwrap();
    assert_eq!(ratings.iter().map(|rating| &rating["intensity"]).collect::<Vec<_>>(), [9, 3]);
    server
        .put(&maya, &second, json!({"rated_at": "2026-03-02T18:39:00Z", "intensity": 11}))
        .await
        .refused(422, "/intensity");
}

#[rstest]
#[tokio::test]
async fn the_latest_outcome_is_current(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = server.craving(&maya, "2026-03-02T18:00:00Z", 6).await;
    let outcome = format!("{}/outcome", path(&id));
    let later = json!({"outcome": "passed", "observed_at": "2026-03-02T18:35:00Z"});
    assert_eq!(server.put(&maya, &outcome, later).await.is(200)["outcome"], "passed");
    let earlier = json!({"outcome": "still_going", "observed_at": "2026-03-02T18:20:00Z"});
    server.put(&maya, &outcome, earlier).await.is(200);
    assert_eq!(server.get(&maya, &path(&id)).await.is(200)["outcome"], "passed");
    let last = json!({"outcome": "lapsed", "observed_at": "2026-03-02T18:39:00Z"});
    server.put(&maya, &outcome, last).await.is(200);
    assert_eq!(server.get(&maya, &path(&id)).await.is(200)["outcome"], "lapsed");
    let day = server.get(&maya, "/v1/participants/me/trends?from=2026-03-02&to=2026-03-02").await.is(200);
    assert_eq!(day["outcomes"], json!({"passed": 0, "still_going": 0, "lapsed": 1}));
}

#[rstest]
#[tokio::test]
async fn the_earlier_revisions_of_a_corrected_craving_stay_stored(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = fresh_id().to_string();
    server.put(&maya, &path(&id), full()).await.is(201);
    let mut right = full();
    right["intensity"] = json!(4);
    right["occurred_at"] = json!("2026-03-01T18:30:00Z");
    let revision = format!("{}/revisions/{}", path(&id), fresh_id());
    let correction = json!({"reason": "It was yesterday", "entry": right});
    let stored = server.put(&maya, &revision, correction.clone()).await.is(201);
    assert_eq!(
        (&stored["revision"], &stored["intensity"], &stored["local_day"]),
        (&json!(2), &json!(4), &json!("2026-03-01"))
    );
    server.put(&maya, &revision, correction).await.is(200);
    let other = server.craving(&maya, "2026-03-02T18:00:00Z", 6).await;
    let own = json!({"entry": craving("2026-03-02T17:00:00Z", 6)});
    let own = server.put(&maya, &format!("{}/revisions/{other}", path(&other)), own).await.refused(409, "");
    assert!(own["detail"].as_str().unwrap().contains("under a new id"), "{own}");
    server.delete(&maya, &path(&other)).await.is(204);
    let revisions = server.get(&maya, &format!("{}/revisions", path(&id))).await.is(200);
    assert!(revisions["items"].to_string().contains("\"intensity\":7"), "{revisions}");
    let days = server.get(&maya, "/v1/participants/me/trends?from=2026-03-01&to=2026-03-02").await.is(200);
    assert_eq!(days["days"].as_array().unwrap().len(), 1, "{days}");
    assert_eq!(days["days"][0]["day"], "2026-03-01");
}

#[rstest]
#[tokio::test]
async fn a_correction_may_move_a_craving_to_after_it_was_first_received(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = server.craving(&maya, "2026-03-02T18:00:00Z", 6).await;
    server.later(SignedDuration::from_hours(24));
    let maya = server.sign_in(&maya).await;
    let correction = json!({"entry": craving("2026-03-03T17:00:00Z", 6)});
    let stored =
        server.put(&maya, &format!("{}/revisions/{}", path(&id), fresh_id()), correction).await.is(201);
    assert_eq!((&stored["local_day"], &stored["clock_suspect"]), (&json!("2026-03-03"), &json!(false)));
    let days = server.get(&maya, "/v1/participants/me/trends?from=2026-03-01&to=2026-03-03").await.is(200);
    assert_eq!((days["days"].as_array().unwrap().len(), &days["days"][0]["day"]), (1, &json!("2026-03-03")));
}

#[rstest]
#[tokio::test]
async fn a_time_in_the_future_does_not_lead_the_list(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let ahead = server.craving(&maya, "2031-01-01T12:00:00Z", 6).await;
    server.later(SignedDuration::from_mins(10));
    let latest = server.craving(&maya, "2026-03-02T18:45:00Z", 5).await;
    let all = server.get(&maya, "/v1/participants/me/cravings").await.is(200);
    assert_eq!(ids(&all), [latest, ahead.clone()]);
    assert_eq!(all["items"][1]["occurred_at"], "2031-01-01T12:00:00Z");
    let then = server
        .get(&maya, "/v1/participants/me/cravings?from=2026-03-02T18:30:00Z&until=2026-03-02T18:44:00Z")
        .await
        .is(200);
    assert_eq!(ids(&then), [ahead]);
}

#[rstest]
#[tokio::test]
async fn a_withdrawn_craving_leaves_a_tombstone_and_no_trend(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let id = server.craving(maya, "2026-03-02T18:00:00Z", 6).await;
    server.delete(maya, &path(&id)).await.is(204);
    server.delete(maya, &path(&id)).await.is(204);
    server.get(maya, &path(&id)).await.refused(410, "");
    server
        .get(&clinic.casey, &format!("/v1/participants/{}/cravings/{id}", maya.participant))
        .await
        .refused(410, "");
    server.put(maya, &path(&id), craving("2026-03-02T18:00:00Z", 6)).await.refused(409, "");
    let rating = json!({"rated_at": "2026-03-02T18:35:00Z", "intensity": 9});
    server.put(maya, &format!("{}/ratings/{}", path(&id), fresh_id()), rating).await.refused(409, "");
    assert_eq!(ids(&server.get(maya, "/v1/participants/me/cravings").await.is(200)), Vec::<String>::new());
    let day = server.get(maya, "/v1/participants/me/trends?from=2026-03-02&to=2026-03-02").await.is(200);
    assert_eq!((&day["count"], &day["days"]), (&json!(0), &json!([])));
    server.delete(maya, &path(&fresh_id().to_string())).await.refused(404, "");
}

#[rstest]
#[tokio::test]
async fn a_list_is_read_page_by_page_and_by_time(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let mut all = vec![];
    for hour in [9, 12, 10, 11, 8] {
        all.push(server.craving(maya, &format!("2026-03-01T{hour:02}:00:00Z"), hour % 10).await);
    }
    let (mut seen, mut after) = (vec![], String::new());
    loop {
        let page = server.get(maya, &format!("/v1/participants/me/cravings?limit=2{after}")).await.is(200);
        assert!(ids(&page).len() <= 2);
        seen.extend(ids(&page));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(all.iter().all(|id| seen.contains(id)));
    let span = "/v1/participants/me/cravings?from=2026-03-01T09:00:00Z&until=2026-03-01T11:00:00Z";
    let mut within = ids(&server.get(maya, span).await.is(200));
    within.sort();
    let mut meant = vec![all[0].clone(), all[2].clone()];
    meant.sort();
    assert_eq!(within, meant);
    let same =
        server.get(&clinic.casey, &format!("/v1/participants/{}/cravings", maya.participant)).await.is(200);
    assert_eq!(ids(&same).len(), 5);
    server.get(maya, "/v1/participants/me/cravings?after=garbage").await.refused(422, "/after");
    server.get(maya, "/v1/participants/me/cravings?limit=0").await.refused(422, "/limit");
    server.get(maya, "/v1/participants/me/cravings?color=red").await.refused(422, "/color");
}

#[rstest]
#[tokio::test]
async fn what_was_stored_before_a_stop_is_there_after_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = server.craving(&maya, "2026-03-02T18:00:00Z", 6).await;
    let server = server.again().await;
    assert_eq!(server.get(&maya, &path(&id)).await.is(200)["intensity"], 6);
}
