//! Coping skills: on offer, practiced, assigned, and what works.

mod assignment;
mod choice;
mod organization;
mod skill_practice;

use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Person, TestServer, ZONE};
use rstest::rstest;
use serde_json::{Value, json};

/// The least that a practice is logged with.
pub(crate) fn practice(occurred_at: &str, skill: &str, before: i32, after: i32) -> Value {
    json!({"occurred_at": occurred_at, "time_zone": ZONE, "skill": skill, "before": before, "after": after})
}

/// A skill as an organization adds it.
pub(crate) fn tea() -> Value {
    json!({
        "name": "Tea with the night team", "family": "social",
        "summary": "Someone is up at any hour. You do not have to sit with it alone.",
        "steps": ["Go down to the kitchen.", "Put the kettle on.", "Say as much or as little as you like."],
        "minutes": 15, "intensity": {"from": 4, "to": 10}, "triggers": ["urges"], "precautions": ["injury"],
    })
}

const MINE: &str = "/v1/participants/me/coping";

fn path(id: &str) -> String {
    format!("{MINE}/skill-practices/{id}")
}

fn skills(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["skill"].as_str().unwrap()).collect()
}

pub(crate) async fn log_practice(
    server: &TestServer,
    who: &Person,
    at: &str,
    skill: &str,
    before: i32,
    after: i32,
) -> String {
    let id = fresh_id().to_string();
    server.put(who, &path(&id), practice(at, skill, before, after)).await.is(201);
    id
}

#[rstest]
#[tokio::test]
async fn what_works_says_nothing_before_the_third_try(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let works = format!("{MINE}/what-works");
    for (day, tries) in [(1, 1), (2, 2)] {
        log_practice(&server, maya, &format!("2026-02-{day:02}T18:00:00Z"), "library:brisk_walk", 8, 4).await;
        let worked = server.get(maya, &works).await.is(200);
        assert_eq!(worked["items"], json!([{"skill": "library:brisk_walk", "tries": tries, "claim": null}]));
    }
    let mut third = practice("2026-02-03T18:00:00Z", "library:brisk_walk", 8, 4);
    third["trigger"] = json!("conflict");
    server.put(maya, &path(&fresh_id().to_string()), third).await.is(201);
    let worked = server.get(maya, &works).await.is(200);
    assert_eq!(
        (&worked["items"][0]["tries"], &worked["items"][0]["claim"]["mean_drop"]),
        (&json!(3), &json!(4.0))
    );
    let seen =
        server.get(&clinic.casey, &format!("/v1/participants/{}/coping/what-works", maya.participant)).await;
    assert_eq!(seen.is(200), worked);
    assert_eq!(worked["items"][0]["claim"]["effect"], "helped");
    let quarrel = server.get(maya, &format!("{works}?trigger=conflict")).await.is(200);
    assert_eq!(quarrel["items"], json!([{"skill": "library:brisk_walk", "tries": 1, "claim": null}]));
    assert_eq!(server.get(maya, &format!("{works}?trigger=urges")).await.is(200)["items"], json!([]));
    server.get(maya, &format!("{works}?trigger=weather")).await.refused(422, "/trigger");
    let first =
        server.get(maya, &format!("{MINE}/suggestions?trigger=urges&intensity=5")).await.is(200)["items"][0]
            .clone();
    assert_eq!((&first["skill"], &first["source"]), (&json!("library:brisk_walk"), &json!("evidence")));
    assert_eq!(first["reason"], json!({"kind": "helped", "tries": 3, "mean_drop": 4.0, "trigger": null}));
}

#[rstest]
#[tokio::test]
async fn a_skill_that_never_eased_a_craving_is_not_said_to_have_helped(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    for (day, worse) in [(1, 1), (2, 1), (3, 0)] {
        log_practice(
            &server,
            &maya,
            &format!("2026-02-{day:02}T18:00:00Z"),
            "library:brisk_walk",
            6,
            6 + worse,
        )
        .await;
        log_practice(&server, &maya, &format!("2026-02-{day:02}T19:00:00Z"), "library:delay_15", 9, 1).await;
    }
    let worked = server.get(&maya, &format!("{MINE}/what-works")).await.is(200);
    assert_eq!(skills(&worked), ["library:delay_15", "library:brisk_walk"]);
    assert_eq!(worked["items"][1]["claim"]["effect"], "not_helped");
    let list = server.get(&maya, &format!("{MINE}/suggestions")).await.is(200);
    assert_eq!((skills(&list)[0], &list["items"][1]["source"]), ("library:delay_15", &json!("fit")));
    assert!(!skills(&list).contains(&"library:brisk_walk"), "{list}");
    let liked = json!({"favorites": ["library:brisk_walk", "library:self_soothe"], "precautions": []});
    server.put(&maya, &format!("{MINE}/choices"), liked).await.is(200);
    let list = server.get(&maya, &format!("{MINE}/suggestions")).await.is(200);
    assert_eq!(skills(&list)[..2], ["library:delay_15", "library:self_soothe"]);
    assert!(!skills(&list).contains(&"library:brisk_walk"), "{list}");
}

#[rstest]
#[tokio::test]
async fn practice_while_calm_is_stored_and_is_no_evidence(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, skill) = (&clinic.maya, "library:paced_breathing");
    let mut plan = crate::plan::plan();
    plan["triggers"][0]["coping"] = json!([skill]);
    server.put_on(maya, "/v1/participants/me/plan", "\"0\"", plan).await.is(201);
    for day in 1..=6 {
        log_practice(&server, maya, &format!("2026-02-{day:02}T18:00:00Z"), skill, 0, 0).await;
    }
    let works = format!("{MINE}/what-works");
    assert_eq!(server.get(maya, &works).await.is(200)["items"], json!([]));
    let proposals = server.get(maya, "/v1/participants/me/recovery/proposals").await.is(200);
    assert_eq!(proposals["items"], json!([]));
    let list = server.get(maya, &format!("{MINE}/suggestions?trigger=conflict")).await.is(200);
    assert_eq!((skills(&list)[0], &list["items"][0]["source"]), (skill, &json!("plan")));
    assert_eq!(
        server.get(maya, &format!("{MINE}/skill-practices")).await.is(200)["items"].as_array().unwrap().len(),
        6
    );
    let tried = log_practice(&server, maya, "2026-02-07T18:00:00Z", skill, 6, 2).await;
    assert_eq!(server.get(maya, &works).await.is(200)["items"][0]["tries"], 1);
    let calm = json!({"entry": practice("2026-02-07T18:00:00Z", skill, 0, 0)});
    server.put(maya, &format!("{}/revisions/{}", path(&tried), fresh_id()), calm).await.is(201);
    assert_eq!(server.get(maya, &works).await.is(200)["items"], json!([]));
}

#[rstest]
#[tokio::test]
async fn a_practice_in_a_craving_counts_for_the_situations_of_that_craving(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, craving) = (&clinic.maya, fresh_id().to_string());
    for minute in 1..=3 {
        let mut tried = practice(&format!("2026-03-02T18:{minute:02}:00Z"), "library:delay_15", 8, 4);
        tried["craving"] = json!(craving);
        server.put(maya, &path(&fresh_id().to_string()), tried).await.is(201);
    }
    let mut named = practice("2026-03-02T18:10:00Z", "library:self_soothe", 5, 4);
    (named["craving"], named["trigger"]) = (json!(craving), json!("urges"));
    server.put(maya, &path(&fresh_id().to_string()), named).await.is(201);
    let count = async |trigger: &str| {
        let worked = server.get(maya, &format!("{MINE}/what-works?trigger={trigger}")).await.is(200);
        let items = worked["items"].as_array().unwrap().iter();
        items
            .map(|one| (one["skill"].as_str().unwrap().to_owned(), one["tries"].as_i64().unwrap()))
            .collect::<Vec<_>>()
    };
    let felt = |triggers: &[&str]| {
        let mut draft = evenkeel_tests::test_server::craving("2026-03-02T18:00:00Z", 8);
        draft["triggers"] = json!(triggers);
        draft
    };
    let at = format!("/v1/participants/me/cravings/{craving}");
    server.put(&clinic.theo, &at, felt(&["conflict"])).await.is(201);
    assert_eq!(count("conflict").await, [], "that one is Theo's");
    server.put(maya, &at, felt(&["conflict", "social_pressure"])).await.is(201);
    let (three, one) = (("library:delay_15".to_owned(), 3), ("library:self_soothe".to_owned(), 1));
    for trigger in ["conflict", "social_pressure"] {
        assert_eq!(count(trigger).await, std::slice::from_ref(&three));
        let list = server.get(maya, &format!("{MINE}/suggestions?trigger={trigger}")).await.is(200);
        let helped = json!({"kind": "helped", "tries": 3, "mean_drop": 3.79, "trigger": trigger});
        assert_eq!(
            (&list["items"][0]["skill"], &list["items"][0]["reason"]),
            (&json!("library:delay_15"), &helped)
        );
    }
    assert_eq!(count("urges").await, std::slice::from_ref(&one), "what it names itself goes before");
    let moved = json!({"entry": felt(&["urges"])});
    server.put(maya, &format!("{at}/revisions/{}", fresh_id()), moved).await.is(201);
    assert_eq!((count("conflict").await, count("urges").await), (vec![], vec![three, one.clone()]));
    server.delete(maya, &at).await.is(204);
    assert_eq!(count("urges").await, [one]);
    let all = server.get(maya, &format!("{MINE}/what-works")).await.is(200);
    assert_eq!((skills(&all)[0], &all["items"][0]["tries"]), ("library:delay_15", &json!(3)));
}

#[rstest]
#[tokio::test]
async fn what_staff_read_of_somebodys_practice_is_in_the_audit_log(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let id = log_practice(&server, maya, "2026-03-02T18:00:00Z", "library:delay_15", 7, 4).await;
    let record = format!("/v1/participants/{}/coping", maya.participant);
    let looks = [
        "choices",
        "assignments",
        "skill-practices",
        &format!("skill-practices/{id}"),
        &format!("skill-practices/{id}/revisions"),
        "what-works",
        "suggestions",
    ];
    for look in looks {
        server.get(maya, &format!("{MINE}/{look}")).await.is(200);
        server.get(casey, &format!("{record}/{look}")).await.is(200);
    }
    let assignment = fresh_id().to_string();
    for status in [201, 200] {
        server
            .put(
                casey,
                &format!("{record}/assignments/{assignment}"),
                json!({"skill": "library:delay_15", "until": "2026-03-09"}),
            )
            .await
            .is(status);
    }
    server.get(&clinic.admin, &format!("{record}/skill-practices")).await.refused(403, "");
    server
        .put(
            &clinic.supervisor,
            &format!("{record}/assignments/{assignment}"),
            json!({"skill": "library:delay_15", "until": "2026-03-09"}),
        )
        .await
        .refused(403, "");
    let correction = json!({"entry": practice("2026-03-02T18:00:00Z", "library:delay_15", 7, 5)});
    server.put(maya, &format!("{}/revisions/{}", path(&id), fresh_id()), correction).await.is(201);
    for _ in 0..2 {
        server
            .put(maya, &format!("{MINE}/choices"), json!({"favorites": [], "precautions": ["injury"]}))
            .await
            .is(200);
    }
    server.delete(maya, &path(&id)).await.is(204);
    let audit_log = server.get(maya, "/v1/participants/me/audit-log?limit=200").await.is(200);
    let events = |who: &Person| -> Vec<(String, Value, String)> {
        let text = |entry: &Value, member: &str| entry[member].as_str().unwrap().to_owned();
        let items = audit_log["items"].as_array().unwrap().iter().rev();
        let own = items.filter(|entry| entry["actor"] == who.account.as_str() && entry["module"] == "coping");
        own.map(|entry| (text(entry, "action"), entry["entity"].clone(), text(entry, "outcome"))).collect()
    };
    let done = |act: &str, entity: Value| (act.to_owned(), entity, "done".to_owned());
    let id = json!(id);
    assert_eq!(
        events(casey),
        [
            done("read_skill_practice", Value::Null),
            done("read_skill_practice", Value::Null),
            done("read_skill_practice", Value::Null),
            done("read_skill_practice", id.clone()),
            done("read_skill_practice", id.clone()),
            done("read_skill_practice", Value::Null),
            done("read_skill_practice", Value::Null),
            done("assign_skill", json!(assignment)),
            done("read_skill_practice", json!(assignment)),
        ]
    );
    assert_eq!(
        events(&clinic.admin),
        [("read_skill_practice".to_owned(), Value::Null, "refused".to_owned())]
    );
    assert_eq!(events(&clinic.supervisor), [("assign_skill".to_owned(), Value::Null, "refused".to_owned())]);
    assert_eq!(
        events(maya),
        [
            done("record_skill_practice", id.clone()),
            done("correct_skill_practice", id.clone()),
            done("choose_skills", Value::Null),
            done("withdraw_skill_practice", id)
        ]
    );
}
