//! Sobriety dates and their corrections.

use super::{MINE, begun, codes, correction, course, lapse, lapsed, sobriety_date};
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::TestServer;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn a_sobriety_date_moved_back_adds_no_lapse(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let first = begun(&server, &maya, sobriety_date("2026-01-31", "2026-03-01T12:00:00Z")).await;
    let id = begun(&server, &maya, correction(&first, "2026-01-01", "2026-03-02T12:00:00Z")).await;
    let moved = course(&server, &maya).await;
    assert_eq!(
        (&moved["count"]["current"]["since"], &moved["count"]["lifetime_days"]),
        (&json!("2026-01-01"), &json!(60))
    );
    assert_eq!((&moved["lapses"], &moved["count"]["past"]), (&json!(0), &json!([])));
    server.delete(&maya, &format!("{MINE}/sobriety-dates/{id}")).await.is(204);
    server.delete(&maya, &format!("{MINE}/sobriety-dates/{id}")).await.is(204);
    assert_eq!(course(&server, &maya).await["count"]["current"]["days"], 30);
    server.delete(&maya, &format!("{MINE}/sobriety-dates/{}", fresh_id())).await.refused(404, "");
}

#[rstest]
#[tokio::test]
async fn a_corrected_sobriety_date_removes_the_milestones_of_the_wrong_one(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let wrong = begun(&server, &maya, sobriety_date("2006-03-01", "2026-03-01T12:00:00Z")).await;
    assert!(codes(&course(&server, &maya).await).contains(&("20_years", "2026-03-01")));
    server.delete(&maya, &format!("{MINE}/sobriety-dates/{wrong}")).await.is(204);
    assert_eq!(server.get(&maya, MINE).await.is(200)["courses"], json!([]));
    let first = begun(&server, &maya, sobriety_date("2025-01-31", "2026-03-01T12:00:00Z")).await;
    assert!(codes(&course(&server, &maya).await).contains(&("1_year", "2026-01-31")));
    begun(&server, &maya, correction(&first, "2026-01-31", "2026-03-02T12:00:00Z")).await;
    assert_eq!(codes(&course(&server, &maya).await), [("24_hours", "2026-02-01"), ("30_days", "2026-03-02")]);
}

#[rstest]
#[tokio::test]
async fn the_latest_correction_counts_whichever_of_its_chain_was_withdrawn(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let first = begun(&server, &maya, sobriety_date("2026-01-31", "2026-02-01T12:00:00Z")).await;
    let second = begun(&server, &maya, correction(&first, "2026-01-20", "2026-02-02T12:00:00Z")).await;
    let third = begun(&server, &maya, correction(&second, "2026-01-25", "2026-02-03T12:00:00Z")).await;
    for (gone, since) in
        [(&first, json!("2026-01-25")), (&second, json!("2026-01-25")), (&third, json!(null))]
    {
        server.delete(&maya, &format!("{MINE}/sobriety-dates/{gone}")).await.is(204);
        assert_eq!(course(&server, &maya).await["count"]["current"]["since"], since);
    }
}

#[rstest]
#[tokio::test]
async fn a_correction_of_nothing_or_of_another_substance_is_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let mut smoke = sobriety_date("2026-01-31", "2026-02-01T12:00:00Z");
    smoke["substance"] = json!("nicotine");
    let smoke = begun(&server, &maya, smoke).await;
    let own = fresh_id().to_string();
    let at = format!("{MINE}/sobriety-dates/{own}");
    for of in [&smoke, &own] {
        server
            .put(&maya, &at, correction(of, "2026-01-20", "2026-02-02T12:00:00Z"))
            .await
            .refused(422, "/corrects");
    }
    let (early, late) = (fresh_id().to_string(), fresh_id().to_string());
    let waiting = server
        .put(
            &maya,
            &format!("{MINE}/sobriety-dates/{early}"),
            correction(&late, "2026-01-20", "2026-02-02T12:00:00Z"),
        )
        .await
        .is(201);
    assert_eq!(
        (&waiting["effect"], &waiting["course"]["count"]["current"]),
        (&json!("waits"), &json!(null)),
        "its start may still come"
    );
    let ring = format!("{MINE}/sobriety-dates/{late}");
    server
        .put(&maya, &ring, correction(&early, "2026-01-21", "2026-02-02T12:00:00Z"))
        .await
        .refused(422, "/corrects");
    let come = server.put(&maya, &ring, sobriety_date("2026-01-31", "2026-02-01T12:00:00Z")).await.is(201);
    assert_eq!(
        (&come["effect"], &come["course"]["count"]["current"]["since"]),
        (&json!("corrected"), &json!("2026-01-20"))
    );
}

#[rstest]
#[tokio::test]
async fn a_sobriety_date_is_answered_with_what_it_changes_in_the_count(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let at = format!("{MINE}/sobriety-dates/{}", fresh_id());
    let first = server.put(&maya, &at, sobriety_date("2026-01-31", "2026-02-01T12:00:00Z")).await.is(201);
    assert_eq!(
        (&first["effect"], &first["course"]["count"]["current"]["days"]),
        (&json!("begins"), &json!(30))
    );
    let later = server
        .put(
            &maya,
            &format!("{MINE}/sobriety-dates/{}", fresh_id()),
            sobriety_date("2026-02-15", "2026-03-02T12:00:00Z"),
        )
        .await
        .is(201);
    assert_eq!(
        (&later["effect"], &later["course"]["count"]["current"]["since"]),
        (&json!("already_running"), &json!("2026-01-31"))
    );
    lapsed(&server, &maya, lapse("2026-02-10T12:00:00Z", "lapse")).await;
    let found = course(&server, &maya).await;
    assert_eq!(
        (&found["count"]["current"]["since"], &found["count"]["lifetime_days"]),
        (&json!("2026-02-15"), &json!(25)),
        "the lapse that lay between"
    );
    server
        .put(&maya, &format!("{MINE}/counter"), json!({"substance": "alcohol", "hidden": true}))
        .await
        .is(200);
    let again = server.put(&maya, &at, sobriety_date("2026-01-31", "2026-02-01T12:00:00Z")).await.is(200);
    assert_eq!(
        (&again["effect"], again["course"].get("count")),
        (&json!("begins"), None),
        "what is hidden stays hidden"
    );
}

#[rstest]
#[tokio::test]
async fn a_sobriety_date_after_a_single_use_counts_from_its_own_day(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    lapsed(&server, &maya, lapse("2026-02-01T18:00:00Z", "lapse")).await;
    assert_eq!(course(&server, &maya).await["count"]["current"]["since"], "2026-02-01");
    begun(&server, &maya, sobriety_date("2026-02-10", "2026-03-02T12:00:00Z")).await;
    let found = course(&server, &maya).await;
    assert_eq!(
        (&found["count"]["current"]["since"], &found["count"]["current"]["days"]),
        (&json!("2026-02-10"), &json!(20))
    );
}
