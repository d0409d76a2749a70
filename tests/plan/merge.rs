//! Two who save one plan: too late, at once, or brought together.

use super::{MINE, SAFE, actors_of, item, of, plan};
use evenkeel_tests::Engine;
use evenkeel_tests::test_server::TestServer;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn a_save_that_comes_too_late_is_shown_the_current_revision_and_nothing_is_lost(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let tag = server.get(maya, MINE).await.header("etag");
    let current = server.put_on(maya, MINE, &tag, plan()).await;
    let newest = current.header("etag");
    let current = current.is(201);
    let late = server.put_on(casey, &of(maya, "plan"), &tag, plan()).await;
    assert_eq!(late.header("etag"), newest);
    assert_eq!(late.refused(412, "")["current"], current);
    assert_eq!(server.get(maya, MINE).await.is(200), current);
    assert_eq!(actors_of(&server, &clinic, "read").await, [&*casey.account], "what a refusal shows is seen");
    server.put_on(casey, &of(maya, "plan"), &newest, plan()).await.is(201);
}

#[rstest]
#[tokio::test]
async fn two_saves_at_once_never_overwrite_each_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let theirs = of(&clinic.maya, "plan");
    let (one, other) = tokio::join!(
        server.put_on(&clinic.maya, MINE, "\"0\"", plan()),
        server.put_on(&clinic.casey, &theirs, "\"0\"", plan()),
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 412], "{} {}", one.text, other.text);
    assert_eq!(server.get(&clinic.maya, MINE).await.is(200)["revision"], 1);
}

#[rstest]
#[tokio::test]
async fn sections_that_do_not_overlap_are_merged_and_those_that_do_are_named(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let base = plan();
    server.put_on(maya, MINE, "\"0\"", base.clone()).await.is(201);
    let mut mine = base.clone();
    mine["reasons"] = json!([item(json!({"words": "My own bed"}))]);
    server.put_on(maya, MINE, "\"1\"", mine.clone()).await.is(201);

    let mut theirs = base.clone();
    theirs["routine"] = json!([item(json!({"words": "Up at seven"}))]);
    let path = format!("{}?merge=true", of(maya, "plan"));
    let merged = server.put_on(casey, &path, "\"1\"", theirs.clone()).await.is(201);
    let mut both = mine.clone();
    both["routine"] = theirs["routine"].clone();
    assert_eq!((&merged["revision"], &merged["content"]), (&json!(3), &both));
    assert_eq!(
        server.put_on(casey, &path, "\"1\"", theirs).await.is(200),
        merged,
        "merged again, nothing doubles"
    );

    let mut clash = base.clone();
    clash["triggers"][0]["words"] = json!("A fight at work");
    clash["milestones"] = json!([item(json!({"words": "Thirty days"}))]);
    let mut first = both.clone();
    first["triggers"][0]["words"] = json!("A fight with my brother");
    server.put_on(maya, MINE, "\"3\"", first.clone()).await.is(201);
    let problem = server.put_on(casey, &path, "\"1\"", clash).await.refused(409, "/triggers");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 1, "{problem}");
    assert_eq!(problem["current"]["content"], first);
    let why = problem["errors"][0]["detail"].as_str().unwrap();
    assert!(why.contains("different ways"), "{problem}");
    assert_eq!(server.get(maya, MINE).await.is(200)["revision"], 4, "nothing was stored");
}

#[rstest]
#[tokio::test]
async fn a_person_who_was_removed_does_not_come_back_unnoticed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let person = item(json!({"name": "Ex-partner", "reach": "555-0100"}));
    let of_people = |people: &[&Value]| json!({"helpers": people, "review_on": "2026-04-01"});
    server.put_on(maya, SAFE, "\"0\"", of_people(&[&person])).await.is(201);
    let mut changed = person.clone();
    // Also where only the name is another, beside a number that stays.
    changed["name"] = json!("Tom (Ex)");
    server.put_on(casey, &of(maya, "safety-plan"), "\"1\"", of_people(&[&changed])).await.is(201);
    let merge = format!("{SAFE}?merge=true");
    let mut unreachable = person.clone();
    unreachable.as_object_mut().unwrap().remove("reach");
    for people in [&[][..], &[&unreachable]] {
        let clash = server.put_on(maya, &merge, "\"1\"", of_people(people)).await;
        assert!(clash.header("etag").starts_with("\"2."), "{}", clash.header("etag"));
        let clash = clash.refused(409, "/helpers");
        assert!(clash["errors"][0]["detail"].as_str().unwrap().contains("one of you removed"), "{clash}");
        assert_eq!(clash["current"]["content"]["helpers"], json!([changed]));
    }
    let gone = server.put_on(maya, &merge, "\"2\"", of_people(&[])).await.is(201);
    assert_eq!((&gone["revision"], gone["content"].get("helpers")), (&json!(3), None));
    let late = server
        .put_on(casey, &format!("{}?merge=true", of(maya, "safety-plan")), "\"1\"", of_people(&[&changed]))
        .await;
    late.refused(409, "/helpers");
}

#[rstest]
#[tokio::test]
async fn what_is_removed_from_a_critical_section_does_not_come_back_unnoticed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let line = item(json!({"name": "Night line", "reach": "555-0100"}));
    let step = item(json!({"words": "Call Sam"}));
    let base = json!({"local_crisis_lines": [line], "lapse_response": [step], "naloxone": {"has": true, "location": "Sam has it"}});
    server.put_on(maya, MINE, "\"0\"", base.clone()).await.is(201);
    let mut theirs = base.clone();
    theirs["local_crisis_lines"][0]["reach"] = json!("555-0199");
    theirs["lapse_response"][0]["words"] = json!("Call Sam at once");
    theirs["naloxone"]["location"] = json!("Sam has two");
    server.put_on(casey, &of(maya, "plan"), "\"1\"", theirs.clone()).await.is(201);
    let merge = format!("{MINE}?merge=true");
    for (section, pointer) in [
        ("local_crisis_lines", "/local_crisis_lines"),
        ("lapse_response", "/lapse_response"),
        ("naloxone", "/naloxone"),
    ] {
        let mut mine = base.clone();
        mine.as_object_mut().unwrap().remove(section);
        let clash = server.put_on(maya, &merge, "\"1\"", mine).await.refused(409, pointer);
        assert_eq!((clash["errors"].as_array().unwrap().len(), &clash["current"]["content"]), (1, &theirs));
    }
}

#[rstest]
#[tokio::test]
async fn what_is_too_much_for_one_list_is_refused_and_says_so(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let reasons = |count: usize| (0..count).map(|_| item(json!({"words": "My own bed"}))).collect::<Vec<_>>();
    let base = reasons(7);
    let of_all = |more: Vec<Value>| json!({"reasons": base.iter().cloned().chain(more).collect::<Vec<_>>()});
    server.put_on(maya, MINE, "\"0\"", of_all(vec![])).await.is(201);
    server.put_on(maya, MINE, "\"1\"", of_all(reasons(1))).await.is(201);
    let path = format!("{}?merge=true", of(maya, "plan"));
    let problem = server.put_on(casey, &path, "\"1\"", of_all(reasons(1))).await.refused(409, "/reasons");
    let why = problem["errors"][0]["detail"].as_str().unwrap();
    assert!(why.contains("at most 8 entries") && !why.contains("different"), "{problem}");
}
