//! Favorites and precautions.

use super::{MINE, log_practice, skills};
use evenkeel_tests::Engine;
use evenkeel_tests::test_server::TestServer;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn choices_are_changed_by_whoever_read_the_current_ones(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, choices) = (&clinic.maya, format!("{MINE}/choices"));
    let empty = server.get(maya, &choices).await;
    assert_eq!(empty.header("etag"), "\"0\"");
    assert_eq!(empty.is(200), json!({"revision": 0, "favorites": [], "precautions": []}));
    let first = json!({"favorites": ["library:self_soothe", "library:delay_15", "library:skill_of_tomorrow"], "precautions": ["injury"]});
    let made = server.put(maya, &choices, first.clone()).await;
    assert_eq!(made.header("etag"), "\"1\"");
    let current = made.is(200);
    assert_eq!(current, json!({"revision": 1, "favorites": first["favorites"], "precautions": ["injury"]}));
    assert_eq!(server.put(maya, &choices, first).await.is(200), current);
    assert_eq!(
        server
            .get(&clinic.casey, &format!("/v1/participants/{}/coping/choices", maya.participant))
            .await
            .is(200),
        current
    );
    let list = server.get(maya, &format!("{MINE}/suggestions")).await.is(200);
    assert_eq!(
        (&skills(&list)[..2], &list["items"][0]["source"]),
        (&["library:self_soothe", "library:delay_15"][..], &json!("favorite"))
    );
    assert_eq!(list["items"].as_array().unwrap().len(), 8);
    let second = json!({"favorites": [], "precautions": ["trauma"]});
    server.put(maya, &choices, second.clone()).await.refused(428, "");
    let now = server.put_on(maya, &choices, "\"1\"", second.clone()).await.is(200);
    assert_eq!(now, json!({"revision": 2, "favorites": [], "precautions": ["trauma"]}));
    // A second phone with the first copy, and one that never read any.
    for tag in ["\"1\"", "\"0\""] {
        let old = json!({"favorites": ["library:delay_15"], "precautions": []});
        let stale = server.put_on(maya, &choices, tag, old).await;
        assert_eq!(stale.header("etag"), "\"2\"");
        assert_eq!(stale.refused(412, "")["current"], now);
    }
    for (draft, pointer) in [
        (json!({}), "/favorites"),
        (json!({"favorites": []}), "/precautions"),
        (json!({"precautions": []}), "/favorites"),
        (json!({"favorites": ["self_soothe"], "precautions": []}), "/favorites/0"),
        (json!({"favorites": [], "precautions": ["boredom"]}), "/precautions/0"),
        (json!({"favorites": [], "precautions": [], "skills": []}), "/skills"),
        (
            json!({"favorites": (0..61).map(|n| format!("library:skill_{n}")).collect::<Vec<_>>(), "precautions": []}),
            "/favorites",
        ),
    ] {
        server.put_on(maya, &choices, "\"2\"", draft).await.refused(422, pointer);
    }
    assert_eq!(server.get(maya, &choices).await.is(200), now);
}

#[rstest]
#[tokio::test]
async fn a_counselor_notes_precautions_and_leaves_the_favorites_alone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let record = format!("/v1/participants/{}/coping", maya.participant);
    let precautions = format!("{record}/precautions");
    server
        .put(
            maya,
            &format!("{MINE}/choices"),
            json!({"favorites": ["library:urge_surfing"], "precautions": []}),
        )
        .await
        .is(200);
    server.put(casey, &precautions, json!({"precautions": ["trauma"]})).await.refused(428, "");
    let noted = server.put_on(casey, &precautions, "\"1\"", json!({"precautions": ["trauma"]})).await.is(200);
    assert_eq!(
        noted,
        json!({"revision": 2, "favorites": ["library:urge_surfing"], "precautions": ["trauma"]})
    );
    let list = server.get(maya, &format!("{MINE}/suggestions")).await.is(200);
    assert!(!skills(&list).contains(&"library:urge_surfing"), "{list}");
    // Maya's phone has not received it yet.
    let old = json!({"favorites": ["library:delay_15"], "precautions": []});
    let stale = server.put_on(maya, &format!("{MINE}/choices"), "\"1\"", old).await.refused(412, "");
    assert_eq!(stale["current"], noted);
    let stale =
        server.put_on(casey, &precautions, "\"1\"", json!({"precautions": []})).await.refused(412, "");
    assert_eq!(stale["current"], noted);
    let same = server.put_on(casey, &precautions, "\"2\"", json!({"precautions": ["trauma"]})).await.is(200);
    assert_eq!(same, noted, "nothing changed, but Casey saw it");
    server.put_on(casey, &precautions, "\"2\"", json!({})).await.refused(422, "/precautions");
    server
        .put_on(casey, &format!("{record}/choices"), "\"2\"", json!({"favorites": [], "precautions": []}))
        .await
        .refused(403, "");
    server
        .put_on(&clinic.supervisor, &precautions, "\"2\"", json!({"precautions": []}))
        .await
        .refused(403, "");
    let own = server
        .put_on(maya, &format!("{MINE}/precautions"), "\"2\"", json!({"precautions": ["trauma", "injury"]}))
        .await
        .is(200);
    assert_eq!((&own["revision"], &own["favorites"]), (&json!(3), &json!(["library:urge_surfing"])));
    let audit_log = server.get(maya, "/v1/participants/me/audit-log").await.is(200);
    let acts = audit_log["items"].as_array().unwrap().iter().rev();
    let acts: Vec<_> = acts
        .filter(|entry| entry["actor"] == casey.account.as_str() && entry["module"] == "coping")
        .map(|entry| (entry["action"].as_str().unwrap(), entry["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(
        acts,
        [
            ("note_precautions", "done"),
            ("read_skill_practice", "done"),
            ("read_skill_practice", "done"),
            ("choose_skills", "refused")
        ]
    );
}

#[rstest]
#[tokio::test]
async fn a_skill_with_a_precaution_that_applies_is_never_suggested(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let held = ["heart_condition", "trauma"];
    for day in 1..=3 {
        log_practice(&server, &maya, &format!("2026-02-{day:02}T18:00:00Z"), "library:cold_water", 9, 1)
            .await;
    }
    let liked = ["library:cold_water", "library:urge_surfing", "library:paced_breathing"];
    server
        .put(&maya, &format!("{MINE}/choices"), json!({"favorites": liked, "precautions": held}))
        .await
        .is(200);
    let offered = server.get(&maya, "/v1/skills").await.is(200);
    let holds = |skill: &&Value| {
        skill["precautions"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| held.contains(&one.as_str().unwrap())))
    };
    let unfit: Vec<_> = offered["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(holds)
        .map(|one| one["skill"].as_str().unwrap())
        .collect();
    assert!(unfit.contains(&"library:cold_water") && unfit.contains(&"library:urge_surfing"), "{unfit:?}");
    for trigger in [
        "negative_emotions",
        "physical_discomfort",
        "positive_emotions",
        "testing_control",
        "urges",
        "conflict",
        "social_pressure",
        "pleasant_times",
    ] {
        for intensity in [0, 5, 9] {
            let list = server
                .get(&maya, &format!("{MINE}/suggestions?trigger={trigger}&intensity={intensity}"))
                .await
                .is(200);
            assert_eq!(
                (skills(&list)[0], skills(&list).len()),
                ("library:paced_breathing", 8),
                "{trigger} {intensity}"
            );
            assert!(!skills(&list).iter().any(|skill| unfit.contains(skill)), "{list}");
        }
    }
    server.get(&maya, &format!("{MINE}/suggestions?intensity=11")).await.refused(422, "/intensity");
}
