//! Practice of skills, logged offline first.

use super::{MINE, log_practice, path, practice, skills};
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::TestServer;
use evenkeel_tests::test_server::{START, ZONE};
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

/// A practice with every field.
fn full() -> Value {
    json!({
        "occurred_at": "2026-03-02T18:30:00Z", "time_zone": ZONE, "skill": "library:urge_surfing",
        "before": 8, "after": 4, "minutes": 10, "helpful": 3, "trigger": "conflict",
        "note": "It rose\nand it fell.", "craving": "019cb000-0000-7000-8000-000000000001",
    })
}

fn ids(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[rstest]
#[tokio::test]
async fn a_practice_comes_back_as_it_was_logged(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = fresh_id().to_string();
    let stored = server.put(&maya, &path(&id), full()).await.is(201);
    for (member, sent) in full().as_object().unwrap() {
        assert_eq!(&stored[member], sent, "{member}");
    }
    assert_eq!((&stored["id"], &stored["local_day"]), (&json!(id), &json!("2026-03-02")));
    assert_eq!((&stored["received_at"], &stored["clock_suspect"]), (&json!(START), &json!(false)));
    assert_eq!(stored["revision"], 1);
    assert_eq!(server.get(&maya, &path(&id)).await.is(200), stored);
    let listed = server.get(&maya, &format!("{MINE}/skill-practices")).await.is(200);
    assert_eq!(listed["items"], json!([stored]));
}

#[rstest]
#[tokio::test]
async fn a_practice_logged_offline_counts_on_the_day_it_was_done(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = log_practice(&server, &maya, "2026-02-21T03:30:00Z", "library:delay_15", 7, 4).await;
    let stored = server.get(&maya, &path(&id)).await.is(200);
    assert_eq!((&stored["local_day"], &stored["clock_suspect"]), (&json!("2026-02-20"), &json!(false)));
    let ahead = log_practice(&server, &maya, "2027-01-01T12:00:00Z", "library:delay_15", 7, 4).await;
    let stored = server.get(&maya, &path(&ahead)).await.is(200);
    assert_eq!((&stored["local_day"], &stored["clock_suspect"]), (&json!("2026-03-02"), &json!(true)));
    assert_eq!(stored["occurred_at"], "2027-01-01T12:00:00Z");
    let today = format!("{MINE}/skill-practices?from=2026-03-02T00:00:00Z&until=2026-03-03T00:00:00Z");
    assert_eq!(ids(&server.get(&maya, &today).await.is(200)), [ahead]);
}

#[rstest]
#[tokio::test]
async fn a_practice_sent_twice_or_many_times_at_once_is_stored_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let at = path(&fresh_id().to_string());
    let ask = || server.put(&maya, &at, full());
    let (one, two, three, four) = tokio::join!(ask(), ask(), ask(), ask());
    let mut statuses = [one.status, two.status, three.status, four.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 201]);
    server.later(SignedDuration::from_mins(3));
    let stored = server.put(&maya, &at, full()).await.is(200);
    assert_eq!(stored["received_at"], START);
    let worked = server.get(&maya, &format!("{MINE}/what-works")).await.is(200);
    assert_eq!(worked["items"][0]["tries"], 1);
}

#[rstest]
#[tokio::test]
async fn other_content_under_the_id_of_a_practice_is_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = log_practice(&server, &maya, "2026-03-02T18:00:00Z", "library:delay_15", 7, 4).await;
    let other = practice("2026-03-02T18:00:00Z", "library:delay_15", 7, 5);
    server.put(&maya, &path(&id), other).await.refused(409, "");
    assert_eq!(server.get(&maya, &path(&id)).await.is(200)["after"], 4);
}

#[rstest]
#[tokio::test]
async fn the_earlier_revisions_of_a_corrected_practice_stay_stored(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = log_practice(&server, &maya, "2026-03-02T18:00:00Z", "library:delay_15", 7, 4).await;
    let first = server.get(&maya, &format!("{}/revisions", path(&id))).await.is(200);
    assert_eq!((first["items"].as_array().unwrap().len(), &first["items"][0]["revision"]), (1, &json!(1)));
    let revision = format!("{}/revisions/{}", path(&id), fresh_id());
    let right = practice("2026-03-01T18:00:00Z", "library:urge_surfing", 7, 6);
    let correction = json!({"reason": "Wrong skill", "entry": right});
    let stored = server.put(&maya, &revision, correction.clone()).await.is(201);
    assert_eq!(
        (&stored["revision"], &stored["skill"], &stored["local_day"]),
        (&json!(2), &json!("library:urge_surfing"), &json!("2026-03-01"))
    );
    assert_eq!(server.put(&maya, &revision, correction.clone()).await.is(200), stored);
    let other = json!({"reason": "Another", "entry": right});
    server.put(&maya, &revision, other).await.refused(409, "");
    let again = practice("2026-03-02T18:00:00Z", "library:delay_15", 7, 4);
    assert_eq!(server.put(&maya, &path(&id), again).await.is(200), stored);
    let revisions = server.get(&maya, &format!("{}/revisions", path(&id))).await.is(200);
    let said: Vec<_> =
        revisions["items"].as_array().unwrap().iter().map(|one| &one["entry"]["skill"]).collect();
    assert_eq!(said, ["library:delay_15", "library:urge_surfing"]);
    let worked = server.get(&maya, &format!("{MINE}/what-works")).await.is(200);
    assert_eq!(skills(&worked), ["library:urge_surfing"]);
}

#[rstest]
#[tokio::test]
async fn a_correction_may_move_a_practice_to_after_it_was_first_received(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let at = path(&log_practice(&server, &maya, "2026-03-02T18:00:00Z", "library:urge_surfing", 7, 4).await);
    server.later(SignedDuration::from_hours(24));
    let maya = server.sign_in(&maya).await;
    let correction = json!({"entry": practice("2026-03-03T17:00:00Z", "library:urge_surfing", 7, 4)});
    let stored = server.put(&maya, &format!("{at}/revisions/{}", fresh_id()), correction).await.is(201);
    assert_eq!((&stored["local_day"], &stored["clock_suspect"]), (&json!("2026-03-03"), &json!(false)));
}

#[rstest]
#[tokio::test]
async fn a_withdrawn_practice_leaves_a_tombstone_and_no_longer_counts(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let id = log_practice(&server, maya, "2026-03-02T18:00:00Z", "library:delay_15", 7, 4).await;
    server.delete(maya, &path(&id)).await.is(204);
    server.delete(maya, &path(&id)).await.is(204);
    server.get(maya, &path(&id)).await.refused(410, "");
    server.get(maya, &format!("{}/revisions", path(&id))).await.refused(410, "");
    server
        .get(&clinic.casey, &format!("/v1/participants/{}/coping/skill-practices/{id}", maya.participant))
        .await
        .refused(410, "");
    let same = practice("2026-03-02T18:00:00Z", "library:delay_15", 7, 4);
    server.put(maya, &path(&id), same.clone()).await.refused(409, "");
    server
        .put(maya, &format!("{}/revisions/{}", path(&id), fresh_id()), json!({"entry": same}))
        .await
        .refused(409, "");
    assert_eq!(server.get(maya, &format!("{MINE}/skill-practices")).await.is(200)["items"], json!([]));
    assert_eq!(server.get(maya, &format!("{MINE}/what-works")).await.is(200)["items"], json!([]));
    server.delete(maya, &path(&fresh_id().to_string())).await.refused(404, "");
}

#[rstest]
#[tokio::test]
async fn an_id_of_somebody_elses_practice_means_nothing_here(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let id = log_practice(&server, &clinic.maya, "2026-03-02T18:00:00Z", "library:delay_15", 7, 4).await;
    server.get(&clinic.theo, &path(&id)).await.refused(404, "");
    server
        .put(&clinic.theo, &path(&id), practice("2026-03-02T17:00:00Z", "library:call_someone", 5, 5))
        .await
        .is(201);
    assert_eq!(server.get(&clinic.maya, &path(&id)).await.is(200)["skill"], "library:delay_15");
    assert_eq!(server.get(&clinic.theo, &path(&id)).await.is(200)["skill"], "library:call_someone");
}

#[rstest]
#[tokio::test]
async fn practices_are_read_page_by_page_and_by_time(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let mut all = vec![];
    for hour in [9, 12, 10, 11, 8] {
        all.push(
            log_practice(&server, maya, &format!("2026-03-01T{hour:02}:00:00Z"), "library:delay_15", 6, 3)
                .await,
        );
    }
    let (mut seen, mut after) = (vec![], String::new());
    loop {
        let page = server.get(maya, &format!("{MINE}/skill-practices?limit=2{after}")).await.is(200);
        assert!(ids(&page).len() <= 2);
        seen.extend(ids(&page));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, [1, 3, 2, 0, 4].map(|place: usize| all[place].clone()));
    let span = format!("{MINE}/skill-practices?from=2026-03-01T09:00:00Z&until=2026-03-01T11:00:00Z");
    assert_eq!(ids(&server.get(maya, &span).await.is(200)), [all[2].clone(), all[0].clone()]);
    let same = server
        .get(&clinic.casey, &format!("/v1/participants/{}/coping/skill-practices", maya.participant))
        .await
        .is(200);
    assert_eq!(ids(&same), seen);
    for (query, pointer) in [("after=garbage", "/after"), ("limit=0", "/limit"), ("color=red", "/color")] {
        server.get(maya, &format!("{MINE}/skill-practices?{query}")).await.refused(422, pointer);
    }
}

#[rstest]
#[tokio::test]
async fn an_invalid_practice_is_refused_by_field_and_not_stored(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let cases = [
        ("before", json!(11), "/before"),
        ("before", json!(-1), "/before"),
        ("before", json!(7.5), "/before"),
        ("after", json!("3"), "/after"),
        ("minutes", json!(601), "/minutes"),
        ("helpful", json!(5), "/helpful"),
        ("skill", json!("urge_surfing"), "/skill"),
        ("skill", json!("library:Urge Surfing"), "/skill"),
        ("skill", json!("organization:tea"), "/skill"),
        ("skill", json!(null), "/skill"),
        ("trigger", json!("weather"), "/trigger"),
        ("craving", json!("the last one"), "/craving"),
        ("note", json!("nul\u{0}"), "/note"),
        ("note", json!("x".repeat(2_001)), "/note"),
        ("time_zone", json!("Mars/Olympus"), "/time_zone"),
        ("occurred_at", json!("2026-02-30T00:00:00Z"), "/occurred_at"),
        ("local_day", json!("2026-03-02"), "/local_day"),
        ("color", json!("red"), "/color"),
    ];
    for (member, value, pointer) in cases {
        let mut draft = full();
        draft[member] = value;
        server.put(&maya, &path(&fresh_id().to_string()), draft).await.refused(422, pointer);
    }
    for member in ["occurred_at", "time_zone", "skill", "before", "after"] {
        let mut draft = full();
        draft.as_object_mut().unwrap().remove(member);
        server.put(&maya, &path(&fresh_id().to_string()), draft).await.refused(422, &format!("/{member}"));
    }
    server.put(&maya, &path("1"), full()).await.refused(400, "");
    assert_eq!(server.get(&maya, &format!("{MINE}/skill-practices")).await.is(200)["items"], json!([]));
    let id = log_practice(&server, &maya, "2026-03-02T18:00:00Z", "library:skill_of_tomorrow", 0, 10).await;
    let wrong = json!({"entry": practice("2026-03-02T18:00:00Z", "library:delay_15", 12, 5)});
    server
        .put(&maya, &format!("{}/revisions/{}", path(&id), fresh_id()), wrong)
        .await
        .refused(422, "/entry/before");
    assert_eq!(server.get(&maya, &path(&id)).await.is(200)["revision"], 1);
}
