//! Use that cravings and check-ins tell of is answered like a lapse, and reaches who treats the person.

use super::{MINE, about, begun, lapse, lapsed, sobriety_date};
use crate::audit::{entries, told};
use crate::check_in::{answered, daily, weekly};
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Person, TestServer, craving};
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

/// Logs a craving that ended in use.
async fn used(server: &TestServer, who: &Person, occurred_at: &str, substance: Option<&str>) -> String {
    let id = fresh_id().to_string();
    let mut draft = craving(occurred_at, 8);
    draft["outcome"] = json!("lapsed");
    if let Some(substance) = substance {
        draft["substance"] = json!(substance);
    }
    server.put(who, &format!("/v1/participants/me/cravings/{id}"), draft).await.is(201);
    id
}

/// The first of a counselor's caseload.
async fn line(server: &TestServer, counselor: &Person) -> Value {
    server.get(counselor, "/v1/participants").await.is(200)["items"][0].clone()
}

/// Acknowledges what a craving tells.
async fn seen(
    server: &TestServer,
    who: &Person,
    participant: &Person,
    id: &str,
) -> evenkeel_tests::test_server::Answer {
    seen_as(server, who, participant, "craving", id).await
}

async fn seen_as(
    server: &TestServer,
    who: &Person,
    participant: &Person,
    kind: &str,
    id: &str,
) -> evenkeel_tests::test_server::Answer {
    let path = format!(
        "/v1/participants/{}/recovery/told-uses/{kind}/{id}/acknowledgement",
        participant.participant
    );
    server.acknowledge(who, &path, 1).await
}

/// Takes back what an entry told first.
async fn taken_back(server: &TestServer, who: &Person, its_use: &str) -> evenkeel_tests::test_server::Answer {
    server.call_with("DELETE", its_use, who, &[("if-match", "\"1\"")], None).await
}

/// Acknowledges a lapse.
async fn lapse_seen(server: &TestServer, who: &Person, participant: &Person, id: &str) {
    let path = format!("/v1/participants/{}/recovery/lapses/{id}/acknowledgement", participant.participant);
    server.acknowledge(who, &path, 1).await.is(204);
}

fn outcome(of: &str, observed_at: &str) -> Value {
    json!({"outcome": of, "observed_at": observed_at})
}

#[rstest]
#[tokio::test]
async fn use_told_with_a_craving_is_answered_like_a_lapse(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic("harbor.example").await.maya;
    let own = "/v1/participants/me/cravings";
    let of = |substance: Value, outcome: &str| {
        let mut draft = craving("2026-03-02T12:00:00Z", 8);
        (draft["substance"], draft["outcome"]) = (substance, json!(outcome));
        draft
    };
    for (substance, expected) in [
        (json!("opioids"), &["overdose", "without_shame", "not_alone", "next_steps"][..]),
        (json!("alcohol"), &["without_shame", "withdrawal", "next_steps"][..]),
    ] {
        let at = format!("{own}/{}", fresh_id());
        let stored = server.put(&maya, &at, of(substance.clone(), "lapsed")).await.is(201);
        assert_eq!(about(&stored), expected);
        assert_eq!(stored["report_lapse_at"], "/v1/participants/me/recovery/lapses/{id}");
        assert_eq!(server.put(&maya, &at, of(substance, "lapsed")).await.is(200), stored);
        let read = server.get(&maya, &at).await.is(200);
        assert_eq!(
            (read.get("guidance"), read.get("report_lapse_at"), &read["outcome"]),
            (None, None, &json!("lapsed"))
        );
    }
    // The craving passed in the end; that there was use before is told late, and heard.
    let at = format!("{own}/{}", fresh_id());
    server.put(&maya, &at, of(json!("opioids"), "still_going")).await.is(201);
    let passed = json!({"outcome": "passed", "observed_at": "2026-03-02T14:00:00Z"});
    assert_eq!(server.put(&maya, &format!("{at}/outcome"), passed).await.is(200).get("guidance"), None);
    let before = json!({"outcome": "lapsed", "observed_at": "2026-03-02T13:00:00Z"});
    let heard = server.put(&maya, &format!("{at}/outcome"), before).await.is(200);
    assert_eq!((about(&heard)[0], &heard["outcome"]), ("overdose", &json!("passed")));
    // A queue that is sent again after a lost answer is heard again.
    let at = format!("{own}/{}", fresh_id());
    server.put(&maya, &at, of(json!("alcohol"), "lapsed")).await.is(201);
    let mended = json!({"craving": of(json!("alcohol"), "passed")});
    assert_eq!(
        server.put(&maya, &format!("{at}/revisions/{}", fresh_id()), mended).await.is(201).get("guidance"),
        None
    );
    assert_eq!(
        about(&server.put(&maya, &at, of(json!("alcohol"), "lapsed")).await.is(200))[0],
        "without_shame"
    );
    let at = format!("{own}/{}", fresh_id());
    let going = server.put(&maya, &at, craving("2026-03-02T12:00:00Z", 8)).await.is(201);
    assert_eq!((going.get("guidance"), going.get("report_lapse_at")), (None, None));
    let ended = json!({"outcome": "lapsed", "observed_at": "2026-03-02T13:00:00Z"});
    for _ in 0..2 {
        let concluded = server.put(&maya, &format!("{at}/outcome"), ended.clone()).await.is(200);
        assert_eq!(
            about(&concluded),
            ["overdose", "without_shame", "not_alone", "withdrawal", "next_steps"],
            "of what is not known"
        );
    }
    let corrected = json!({"craving": of(json!("opioids"), "lapsed")});
    let corrected = server.put(&maya, &format!("{at}/revisions/{}", fresh_id()), corrected).await.is(201);
    assert_eq!(about(&corrected)[0], "overdose");
    assert_eq!(server.get(&maya, MINE).await.is(200)["lapses"], json!([]), "no lapse is told for anybody");
}

#[rstest]
#[tokio::test]
async fn use_told_in_a_check_in_is_answered_like_a_lapse(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic("harbor.example").await.maya;
    let own = "/v1/participants/me/check-ins";
    let day = |on: &str, any_use: Value| {
        let mut draft = daily(&format!("{on}T18:00:00Z"), 4);
        draft["answers"]["any_use"] = any_use;
        draft
    };
    let none = answered(&server, &maya, day("2026-03-01", json!(false))).await;
    assert_eq!((none.get("guidance"), none.get("report_lapse_at")), (None, None));
    let at = format!("{own}/{}", fresh_id());
    let stored = server.put(&maya, &at, day("2026-03-01", json!(true))).await;
    assert_eq!(
        about(&stored.is(201)),
        ["overdose", "without_shame", "not_alone", "withdrawal", "next_steps"],
        "of what is not known"
    );
    let mut later = day("2026-03-01", json!(false));
    later["occurred_at"] = json!("2026-03-01T20:00:00Z");
    assert_eq!(answered(&server, &maya, later).await.get("guidance"), None);
    let mut between = day("2026-03-01", json!(true));
    between["occurred_at"] = json!("2026-03-01T19:00:00Z");
    let between = answered(&server, &maya, between).await;
    assert_eq!(
        (about(&between)[0], &between["answers"]["any_use"]),
        ("overdose", &json!(false)),
        "what does not stand is heard too"
    );
    let again = server.put(&maya, &at, day("2026-03-01", json!(true))).await.is(200);
    assert_eq!(again["report_lapse_at"], "/v1/participants/me/recovery/lapses/{id}");
    let week = async |minute: i32, signs: &[&str], of: Value| {
        let mut week = weekly(&format!("2026-03-01T18:0{minute}:00Z"), signs);
        week["answers"].as_object_mut().unwrap().extend(of.as_object().unwrap().clone());
        let answer = answered(&server, &maya, week).await;
        about(&answer).join(" ")
    };
    assert_eq!(week(1, &[], json!({"alcohol_days": 1})).await, "without_shame withdrawal next_steps");
    assert!(
        week(2, &[], json!({"alcohol_days": 1, "drug_days": 1})).await.starts_with("overdose"),
        "which drug is not known"
    );
    assert!(week(3, &["use"], json!({})).await.starts_with("overdose"), "nor what was used");
    let mut closed = day("2026-03-02", json!(true));
    closed["day"] = json!("2026-02-20");
    let refused = server.put(&maya, &format!("{own}/{}", fresh_id()), closed).await.refused(422, "/day");
    assert_eq!(
        (about(&refused)[0], &refused["report_lapse_at"]),
        ("overdose", &json!("/v1/participants/me/recovery/lapses/{id}"))
    );
    assert_eq!(server.get(&maya, own).await.is(200)["items"][0].get("guidance"), None);
}

#[rstest]
#[tokio::test]
async fn use_that_a_check_in_does_not_name_is_taken_for_the_worst(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic("harbor.example").await.maya;
    begun(&server, &maya, sobriety_date("2026-01-31", "2026-03-02T18:00:00Z")).await;
    let mut draft = daily("2026-03-01T18:00:00Z", 4);
    draft["answers"]["any_use"] = json!(true);
    let told = answered(&server, &maya, draft).await;
    assert_eq!(about(&told)[0], "overdose", "who is free from alcohol may have used anything");
}

#[rstest]
#[tokio::test]
async fn use_told_with_a_craving_stands_out_in_the_caseload_until_somebody_acknowledges_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    assert_eq!(line(&server, casey).await.get("told_use"), None);
    let id = used(&server, maya, "2026-03-01T12:00:00Z", Some("opioids")).await;
    let alert = line(&server, casey).await;
    let expected = json!({
        "id": id, "kind": "craving", "from": "2026-03-01", "to": "2026-03-01", "substance": "opioids",
        "reported_at": "2026-03-02T18:40:00Z", "revision": 1, "seen_with_lapses": false,
    });
    assert_eq!((&alert["told_use"], &alert["needs_attention"]), (&expected, &json!(true)));
    assert_eq!(line(&server, &clinic.supervisor).await["told_use"], expected);
    assert!(!server.get(&clinic.drew, "/v1/participants").await.text.contains(&id), "only who treats Maya");
    let own = server.get(maya, MINE).await.is(200);
    assert_eq!(
        (&own["told_uses"], &own["courses"], &own["lapses"]),
        (&json!([expected]), &json!([]), &json!([]))
    );
    let later = used(&server, maya, "2026-03-02T12:00:00Z", Some("alcohol")).await;
    assert_eq!(line(&server, casey).await["told_use"], expected, "what can kill comes first");
    for who in [casey, casey, &clinic.supervisor] {
        seen(&server, who, maya, &id).await.is(204);
    }
    seen(&server, maya, maya, &id).await.refused(403, "");
    seen(&server, casey, maya, &fresh_id().to_string()).await.refused(404, "");
    seen_as(&server, casey, maya, "check_in", &id).await.refused(404, "");
    seen_as(&server, casey, maya, "lapse", &id).await.refused(400, "path: kind");
    assert_eq!(line(&server, casey).await["told_use"]["id"], later.as_str());
    seen(&server, casey, maya, &later).await.is(204);
    let quiet = line(&server, casey).await;
    assert_eq!((quiet.get("told_use"), &quiet["needs_attention"]), (None, &json!(false)));
    let own = server.get(maya, MINE).await.is(200);
    assert_eq!(own["told_uses"][1]["acknowledged"]["by"], casey.account.as_str());
    let audit_log = entries(&server, maya, "me").await;
    assert_eq!(told(&audit_log, casey, "acknowledge", "recovery").len(), 2, "{audit_log:#?}");
    assert_eq!(told(&audit_log, &clinic.supervisor, "acknowledge", "recovery").len(), 0);
}

#[rstest]
#[tokio::test]
async fn a_lapse_that_is_told_takes_the_place_of_what_a_craving_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    // At 23:30 in New York; the lapse is told after midnight.
    let id = used(&server, maya, "2026-03-02T04:30:00Z", Some("alcohol")).await;
    assert_eq!(line(&server, casey).await["told_use"]["id"], id.as_str());
    let first = lapsed(&server, maya, lapse("2026-03-02T05:30:00Z", "lapse")).await;
    let once = line(&server, casey).await;
    assert_eq!((once.get("told_use"), &once["last_lapse"]["id"]), (None, &json!(first)));
    server.delete(maya, &format!("{MINE}/lapses/{first}")).await.is(204);
    assert_eq!(line(&server, casey).await["told_use"]["id"], id.as_str(), "the craving still tells of it");

    let again = lapsed(&server, maya, lapse("2026-03-02T05:30:00Z", "lapse")).await;
    lapse_seen(&server, casey, maya, &again).await;
    assert_eq!(line(&server, casey).await["needs_attention"], false);
    let own = server.get(maya, MINE).await.is(200);
    assert_eq!(
        (&own["told_uses"][0]["seen_with_lapses"], own["told_uses"][0].get("acknowledged")),
        (&json!(true), None)
    );
    server.delete(maya, &format!("{MINE}/lapses/{again}")).await.is(204);
    assert_eq!(line(&server, casey).await["told_use"]["id"], id.as_str(), "and nobody has seen that");
}

#[rstest]
#[tokio::test]
async fn use_after_a_lapse_that_somebody_has_seen_is_news(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let told = lapsed(&server, maya, lapse("2026-03-02T13:00:00Z", "lapse")).await;
    lapse_seen(&server, casey, maya, &told).await;
    server.later(SignedDuration::from_mins(1));
    let again = used(&server, maya, "2026-03-02T18:00:00Z", Some("alcohol")).await;
    assert_eq!(line(&server, casey).await["told_use"]["id"], again.as_str());
    let mut of_it = lapse("2026-03-02T18:30:00Z", "lapse");
    of_it["craving"] = json!(again);
    lapsed(&server, maya, of_it).await;
    assert_eq!(line(&server, casey).await.get("told_use"), None);
}

#[rstest]
#[tokio::test]
async fn use_after_a_lapse_that_answered_for_the_morning_is_news(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let mut day = daily("2026-03-02T14:00:00Z", 4);
    day["answers"]["any_use"] = json!(true);
    answered(&server, maya, day.clone()).await;
    let id = lapsed(&server, maya, lapse("2026-03-02T13:00:00Z", "lapse")).await;
    lapse_seen(&server, casey, maya, &id).await;
    assert_eq!(line(&server, casey).await["needs_attention"], false);
    server.later(SignedDuration::from_mins(5));
    day["occurred_at"] = json!("2026-03-02T18:44:00Z");
    answered(&server, maya, day).await;
    let evening = line(&server, casey).await["told_use"].clone();
    assert_eq!((&evening["revision"], &evening["reported_at"]), (&json!(2), &json!("2026-03-02T18:45:00Z")));
}

#[rstest]
#[tokio::test]
async fn use_that_a_craving_told_stays_told_whatever_else_is_observed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let mut concluded = 0;
    for order in [[("passed", 30), ("lapsed", 20)], [("lapsed", 20), ("passed", 30)]] {
        let id = fresh_id().to_string();
        let at = format!("/v1/participants/me/cravings/{id}");
        let mut draft = craving("2026-03-02T18:00:00Z", 8);
        draft["substance"] = json!("opioids");
        server.put(maya, &at, draft.clone()).await.is(201);
        for (end, minute) in order {
            server
                .put(maya, &format!("{at}/outcome"), outcome(end, &format!("2026-03-02T18:{minute}:00Z")))
                .await
                .is(200);
        }
        assert_eq!(server.get(maya, &at).await.is(200)["outcome"], "passed");
        assert_eq!(line(&server, casey).await["told_use"]["id"], id.as_str(), "{order:?}");
        let audit_log = entries(&server, maya, "me").await;
        concluded += 2;
        assert_eq!(told(&audit_log, maya, "conclude", "craving").len(), concluded);
        let kept = server.get(maya, &format!("{at}/revisions")).await.is(200);
        assert_eq!(
            (kept["items"].as_array().unwrap().len(), kept["outcomes"].as_array().unwrap().len()),
            (1, 2)
        );
        // A phone that folds what was told into the entry and sends it again.
        draft["outcome"] = json!("lapsed");
        server.put(maya, &at, draft).await.is(200);
        seen(&server, casey, maya, &id).await.is(204);
    }
    let id = server.craving(maya, "2026-03-02T18:00:00Z", 8).await;
    let at = format!("/v1/participants/me/cravings/{id}");
    server.put(maya, &format!("{at}/outcome"), outcome("passed", "2026-03-02T18:30:00Z")).await.is(200);
    let mut other = craving("2026-03-02T18:00:00Z", 8);
    other["outcome"] = json!("lapsed");
    server.put(maya, &at, other).await.refused(409, "");
}

#[rstest]
#[tokio::test]
async fn use_that_never_was_is_taken_back_by_the_person_in_so_many_words(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let id = used(&server, maya, "2026-03-02T12:00:00Z", Some("opioids")).await;
    let at = format!("/v1/participants/me/cravings/{id}");
    server.put(maya, &format!("{at}/outcome"), outcome("passed", "2026-03-02T13:00:00Z")).await.is(200);
    // The whole entry as it stands, for the sake of a note.
    let mut noted = craving("2026-03-02T12:00:00Z", 8);
    (noted["outcome"], noted["substance"], noted["note"]) =
        (json!("passed"), json!("opioids"), json!("at the bar"));
    server.put(maya, &format!("{at}/revisions/{}", fresh_id()), json!({"craving": noted})).await.is(201);
    assert_eq!(line(&server, casey).await["told_use"]["id"], id.as_str(), "it says nothing new of the end");
    let its_use = format!("{MINE}/told-uses/craving/{id}");
    for _ in 0..2 {
        taken_back(&server, maya, &its_use).await.is(204);
    }
    server.delete(maya, &its_use).await.refused(428, "");
    taken_back(&server, maya, &format!("{MINE}/told-uses/craving/{}", fresh_id())).await.refused(404, "");
    assert_eq!(line(&server, casey).await.get("told_use"), None);
    assert_eq!(server.get(maya, MINE).await.is(200)["told_uses"], json!([]));
    seen(&server, casey, maya, &id).await.refused(404, "");
    server.put(maya, &format!("{at}/outcome"), outcome("lapsed", "2026-03-02T14:00:00Z")).await.is(200);
    assert_eq!(line(&server, casey).await["told_use"]["revision"], 2, "what is told later is told anew");
    taken_back(&server, maya, &its_use).await.refused(412, "");
    seen(&server, casey, maya, &id).await.refused(412, "");
    let audit_log = entries(&server, maya, "me").await;
    assert_eq!(told(&audit_log, maya, "withdraw", "recovery").len(), 1);
}

#[rstest]
#[tokio::test]
async fn use_that_is_observed_days_after_a_craving_is_news_of_that_day(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let id = used(&server, maya, "2026-02-27T18:00:00Z", Some("opioids")).await;
    seen(&server, casey, maya, &id).await.is(204);
    let again = outcome("lapsed", "2026-03-02T18:00:00Z");
    server.put(maya, &format!("/v1/participants/me/cravings/{id}/outcome"), again).await.is(200);
    let told = line(&server, casey).await["told_use"].clone();
    assert_eq!(
        (&told["from"], &told["to"], &told["revision"]),
        (&json!("2026-03-02"), &json!("2026-03-02"), &json!(2))
    );
}

#[rstest]
#[tokio::test]
async fn an_outcome_that_is_sent_again_undoes_no_correction(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let id = server.craving(maya, "2026-03-02T18:00:00Z", 8).await;
    let at = format!("/v1/participants/me/cravings/{id}");
    let passed = outcome("passed", "2026-03-02T18:30:00Z");
    server.put(maya, &format!("{at}/outcome"), passed.clone()).await.is(200);
    let mut right = craving("2026-03-02T18:00:00Z", 8);
    right["outcome"] = json!("lapsed");
    server.put(maya, &format!("{at}/revisions/{}", fresh_id()), json!({"craving": right})).await.is(201);
    let again = server.put(maya, &format!("{at}/outcome"), passed).await.is(200);
    assert_eq!(again["outcome"], "lapsed");
    assert_eq!(line(&server, casey).await["told_use"]["id"], id.as_str());
}

#[rstest]
#[tokio::test]
async fn a_second_answer_that_says_nothing_of_use_takes_nothing_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let day = |at: &str, any_use: Option<bool>| {
        let mut day = daily(at, 4);
        let answers = day["answers"].as_object_mut().unwrap();
        answers.remove("any_use");
        answers.extend(any_use.map(|yes| ("any_use".to_owned(), json!(yes))));
        day
    };
    let id = answered(&server, maya, day("2026-03-01T18:00:00Z", Some(true))).await["id"].clone();
    // Another answer of the day may be about another hour.
    let silent = answered(&server, maya, day("2026-03-01T19:00:00Z", None)).await;
    assert_eq!(silent["answers"].get("any_use"), None);
    assert_eq!(line(&server, casey).await["told_use"]["id"], id);
    let mut no = day("2026-03-01T20:00:00Z", Some(false));
    no["reason"] = json!("None since noon");
    answered(&server, maya, no).await;
    assert_eq!(line(&server, casey).await["told_use"]["id"], id, "that puts another answer right");
}

#[rstest]
#[tokio::test]
async fn more_days_of_use_in_a_week_are_news(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let week = |minute: i32, days: i32| {
        let mut week = weekly(&format!("2026-03-02T18:0{minute}:00Z"), &[]);
        (week["answers"]["drug_days"], week["reason"]) = (json!(days), json!("I counted again"));
        week
    };
    let id = answered(&server, maya, week(1, 3)).await["id"].as_str().unwrap().to_owned();
    let told = line(&server, casey).await["told_use"].clone();
    assert_eq!(
        (&told["from"], &told["to"], &told["drug_days"]),
        (&json!("2026-02-24"), &json!("2026-03-02"), &json!(3))
    );
    seen_as(&server, casey, maya, "check_in", &id).await.is(204);
    answered(&server, maya, week(2, 2)).await;
    assert_eq!(line(&server, casey).await.get("told_use"), None);
    answered(&server, maya, week(3, 7)).await;
    assert_eq!(line(&server, casey).await["told_use"]["drug_days"], 7);
}

#[rstest]
#[tokio::test]
async fn a_craving_and_a_check_in_of_one_id_tell_each_for_itself(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let id = used(&server, maya, "2026-03-02T12:00:00Z", Some("opioids")).await;
    let mut day = daily("2026-03-01T18:00:00Z", 4);
    day["answers"]["any_use"] = json!(true);
    server.put(maya, &format!("/v1/participants/me/check-ins/{id}"), day).await.is(201);
    assert_eq!(server.get(maya, MINE).await.is(200)["told_uses"].as_array().unwrap().len(), 2);
    seen_as(&server, casey, maya, "check_in", &id).await.is(204);
    assert_eq!(line(&server, casey).await["told_use"]["kind"], "craving");
}

#[rstest]
#[tokio::test]
async fn use_that_a_craving_tells_no_more_stands_out_no_more(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let of = |id: &str| format!("/v1/participants/me/cravings/{id}");
    let id = server.craving(maya, "2026-03-02T12:00:00Z", 8).await;
    let ended = json!({"outcome": "lapsed", "observed_at": "2026-03-02T13:00:00Z"});
    server.put(maya, &format!("{}/outcome", of(&id)), ended).await.is(200);
    assert_eq!(
        line(&server, casey).await["told_use"],
        json!({
            "id": id, "kind": "craving", "from": "2026-03-02", "to": "2026-03-02", "reported_at": "2026-03-02T18:40:00Z",
            "revision": 1, "seen_with_lapses": false,
        })
    );
    seen(&server, casey, maya, &id).await.is(204);
    let mut right = craving("2026-03-02T12:00:00Z", 8);
    (right["outcome"], right["substance"]) = (json!("lapsed"), json!("opioids"));
    server
        .put(maya, &format!("{}/revisions/{}", of(&id), fresh_id()), json!({"craving": right}))
        .await
        .is(201);
    assert_eq!(line(&server, casey).await["told_use"]["substance"], "opioids", "that is news");
    seen(&server, casey, maya, &id).await.refused(412, "");
    right["outcome"] = json!("passed");
    server
        .put(maya, &format!("{}/revisions/{}", of(&id), fresh_id()), json!({"craving": right}))
        .await
        .is(201);
    assert_eq!(line(&server, casey).await.get("told_use"), None);
    let other = used(&server, maya, "2026-03-02T14:00:00Z", None).await;
    assert_eq!(line(&server, casey).await["told_use"]["id"], other.as_str());
    server.delete(maya, &of(&other)).await.is(204);
    assert_eq!(line(&server, casey).await["needs_attention"], false);
    seen(&server, casey, maya, &other).await.refused(404, "");
    assert_eq!(server.get(maya, MINE).await.is(200)["told_uses"], json!([]));
}

#[rstest]
#[tokio::test]
async fn use_told_in_a_check_in_stands_out_in_the_caseload(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic("harbor.example").await;
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let mut day = daily("2026-03-01T18:00:00Z", 4);
    day["answers"]["any_use"] = json!(true);
    let id = answered(&server, maya, day.clone()).await["id"].clone();
    assert_eq!(
        line(&server, casey).await["told_use"],
        json!({
            "id": id, "kind": "check_in", "from": "2026-03-01", "to": "2026-03-01", "reported_at": "2026-03-02T18:40:00Z",
            "revision": 1, "seen_with_lapses": false,
        })
    );
    (day["answers"]["any_use"], day["reason"]) = (json!(false), json!("I ticked the wrong one"));
    answered(&server, maya, day).await;
    assert_eq!(line(&server, casey).await.get("told_use"), None);
    let mut week = weekly("2026-03-02T18:00:00Z", &[]);
    week["day"] = json!("2026-02-23");
    week["answers"]["alcohol_days"] = json!(2);
    answered(&server, maya, week).await;
    let shown = line(&server, casey).await["told_use"].clone();
    assert_eq!(
        (&shown["from"], &shown["to"], &shown["substance"]),
        (&json!("2026-02-24"), &json!("2026-03-02"), &json!("alcohol"))
    );
    lapsed(&server, maya, lapse("2026-02-26T18:00:00Z", "lapse")).await;
    assert_eq!(line(&server, casey).await["told_use"], shown, "one day of two");
    lapsed(&server, maya, lapse("2026-02-28T18:00:00Z", "lapse")).await;
    assert_eq!(line(&server, casey).await.get("told_use"), None, "lapses of that week tell of it");
}
