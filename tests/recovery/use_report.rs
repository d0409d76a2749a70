//! Use that any entry reports is answered with guidance, and staff who treat the person see it.

use super::{MINE, about, begun, lapse, lapsed, sobriety_date};
use crate::audit::{entries, events_of};
use crate::check_in::{answered, daily, weekly};
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Answer, Person, TestServer, craving};
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

/// Answers the daily check-in of 1 March.
async fn checked_in(
    server: &TestServer,
    who: &Person,
    at: &str,
    any_use: bool,
    reason: Option<&str>,
) -> Value {
    let mut draft = daily(at, 4);
    draft["day"] = json!("2026-03-01");
    draft["answers"]["any_use"] = json!(any_use);
    if let Some(reason) = reason {
        draft["reason"] = json!(reason);
    }
    answered(server, who, draft).await
}

fn outcome(of: &str, observed_at: &str) -> Value {
    json!({"outcome": of, "observed_at": observed_at})
}

/// The use reports of the first on a caseload, and whether they need attention.
async fn shown(server: &TestServer, who: &Person) -> (Vec<Value>, bool) {
    let line = server.get(who, "/v1/participants").await.is(200)["items"][0].clone();
    let groups = line["use_reports"].as_array().unwrap().clone();
    (groups, line["needs_attention"].as_bool().unwrap())
}

/// Acknowledges a group as it was read.
async fn acknowledged(server: &TestServer, who: &Person, whose: &Person, group: &Value) -> Answer {
    let day = group["day"].as_str().unwrap();
    let path = format!("/v1/participants/{}/recovery/use-reports/{day}/acknowledgement", whose.participant);
    server.acknowledge(who, &path, group["etag"].as_str().unwrap()).await
}

#[rstest]
#[tokio::test]
async fn a_craving_that_ended_in_use_is_answered_like_a_lapse(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
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
        assert_eq!((read.get("guidance"), read.get("report_lapse_at")), (None, None));
    }
    // The craving passed in the end; that there was use before arrives late.
    let at = format!("{own}/{}", fresh_id());
    server.put(&maya, &at, of(json!("opioids"), "still_going")).await.is(201);
    let passed = outcome("passed", "2026-03-02T14:00:00Z");
    assert_eq!(server.put(&maya, &format!("{at}/outcome"), passed).await.is(200).get("guidance"), None);
    let before = outcome("lapsed", "2026-03-02T13:00:00Z");
    let late = server.put(&maya, &format!("{at}/outcome"), before).await.is(200);
    assert_eq!((about(&late)[0], &late["outcome"]), ("overdose", &json!("passed")));
    // The first request again, after a correction, is answered as it was the first time.
    let at = format!("{own}/{}", fresh_id());
    server.put(&maya, &at, of(json!("alcohol"), "lapsed")).await.is(201);
    let right = json!({"entry": of(json!("alcohol"), "passed")});
    let right = server.put(&maya, &format!("{at}/revisions/{}", fresh_id()), right).await.is(201);
    assert_eq!(right.get("guidance"), None);
    let again = server.put(&maya, &at, of(json!("alcohol"), "lapsed")).await.is(200);
    assert_eq!(about(&again)[0], "without_shame");
    let unknown = craving("2026-03-02T12:00:00Z", 8);
    let at = format!("{own}/{}", fresh_id());
    assert_eq!(server.put(&maya, &at, unknown).await.is(201).get("guidance"), None);
    for _ in 0..2 {
        let ended = outcome("lapsed", "2026-03-02T13:00:00Z");
        let concluded = server.put(&maya, &format!("{at}/outcome"), ended).await.is(200);
        let expected = ["overdose", "without_shame", "not_alone", "withdrawal", "next_steps"];
        assert_eq!(about(&concluded), expected, "the substance is not known");
    }
    // Also where the entry is refused.
    let taken = server.put(&maya, &at, of(json!("opioids"), "lapsed")).await.refused(409, "");
    assert_eq!(about(&taken)[0], "overdose");
    assert_eq!(server.get(&maya, MINE).await.is(200)["lapses"], json!([]), "only the person reports a lapse");
}

#[rstest]
#[tokio::test]
async fn use_in_a_check_in_is_answered_like_a_lapse(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    // Someone who is free from alcohol may have used anything.
    begun(&server, &maya, sobriety_date("2026-01-31", "2026-03-02T18:00:00Z")).await;
    let none = checked_in(&server, &maya, "2026-03-01T18:00:00Z", false, None).await;
    assert_eq!((none.get("guidance"), none.get("report_lapse_at")), (None, None));
    let used = checked_in(&server, &maya, "2026-03-01T18:05:00Z", true, None).await;
    let expected = ["overdose", "without_shame", "not_alone", "withdrawal", "next_steps"];
    assert_eq!(about(&used), expected, "the substance is not known");
    assert_eq!(used["report_lapse_at"], "/v1/participants/me/recovery/lapses/{id}");
    let later = checked_in(&server, &maya, "2026-03-01T20:00:00Z", false, None).await;
    assert_eq!(later.get("guidance"), None);
    let between = checked_in(&server, &maya, "2026-03-01T19:00:00Z", true, None).await;
    assert_eq!((about(&between)[0], &between["answers"]["any_use"]), ("overdose", &json!(false)));
    let week = async |minute: i32, signs: &[&str], of: Value| {
        let mut week = weekly(&format!("2026-03-01T18:0{minute}:00Z"), signs);
        week["answers"].as_object_mut().unwrap().extend(of.as_object().unwrap().clone());
        let answer = answered(&server, &maya, week).await;
        about(&answer).join(" ")
    };
    assert_eq!(week(1, &[], json!({"alcohol_days": 1})).await, "without_shame withdrawal next_steps");
    assert!(week(2, &[], json!({"alcohol_days": 1, "drug_days": 1})).await.starts_with("overdose"));
    assert!(week(3, &["use"], json!({})).await.starts_with("overdose"));
    let mut closed = daily("2026-03-02T18:00:00Z", 4);
    (closed["answers"]["any_use"], closed["day"]) = (json!(true), json!("2026-02-20"));
    let path = format!("/v1/participants/me/check-ins/{}", fresh_id());
    let refused = server.put(&maya, &path, closed).await.refused(422, "/day");
    assert_eq!(about(&refused)[0], "overdose");
}

#[rstest]
#[tokio::test]
async fn a_craving_a_check_in_and_a_lapse_of_one_evening_are_acknowledged_together(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    assert_eq!(shown(&server, casey).await, (vec![], false));
    // At 23:30 in New York; the lapse was after midnight.
    let craving = used(&server, maya, "2026-03-02T04:30:00Z", Some("alcohol")).await;
    let check_in = checked_in(&server, maya, "2026-03-02T14:00:00Z", true, None).await["id"].clone();
    let lapse = lapsed(&server, maya, lapse("2026-03-02T05:30:00Z", "return_to_use")).await;
    let (groups, needs_attention) = shown(&server, casey).await;
    let [group] = &groups[..] else { panic!("{groups:#?}") };
    let entry = |source: &str, last_day: &str| {
        json!({"source": source, "first_day": "2026-03-01", "last_day": last_day, "revision": 1,
               "reported_at": "2026-03-02T18:40:00Z"})
    };
    let mut expected =
        [entry("lapse", "2026-03-02"), entry("check_in", "2026-03-01"), entry("craving", "2026-03-01")];
    (expected[0]["id"], expected[0]["substance"]) = (json!(lapse), json!("alcohol"));
    expected[0]["outcome"] = json!("return_to_use");
    expected[1]["id"] = check_in;
    (expected[2]["id"], expected[2]["substance"]) = (json!(craving), json!("alcohol"));
    assert_eq!((&group["day"], &group["reports"]), (&json!("2026-03-01"), &json!(expected)));
    assert!(needs_attention && group["needs_attention"] == true);
    assert_eq!(group["may_be_opioid"], true, "the check-in does not say what it was");
    assert_eq!(shown(&server, &clinic.supervisor).await.0, groups);
    assert_eq!(server.get(maya, MINE).await.is(200)["use_reports"], json!(groups));
    let other = server.get(&clinic.drew, "/v1/participants").await;
    assert!(!other.text.contains(&craving), "only whoever treats Maya");

    acknowledged(&server, maya, maya, group).await.refused(403, "");
    for who in [casey, casey, &clinic.supervisor] {
        acknowledged(&server, who, maya, group).await.is(204);
    }
    let (groups, needs_attention) = shown(&server, casey).await;
    assert!(!needs_attention && groups[0]["needs_attention"] == false, "it stays for 14 days");
    assert_eq!(groups[0]["reports"][0]["acknowledged"]["by"], casey.account.as_str());
    let audit_log = entries(&server, maya, "me").await;
    assert_eq!(events_of(&audit_log, casey, "acknowledge", "recovery").len(), 3, "{audit_log:#?}");
    assert_eq!(events_of(&audit_log, &clinic.supervisor, "acknowledge", "recovery").len(), 0);
    server.at("2026-03-20T12:00:00Z");
    let casey = &server.sign_in(casey).await;
    assert_eq!(shown(&server, casey).await, (vec![], false));
}

#[rstest]
#[tokio::test]
async fn nobody_acknowledges_use_they_have_not_seen(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let id = lapsed(&server, maya, lapse("2026-03-01T17:00:00Z", "lapse")).await;
    let seen = shown(&server, casey).await.0[0].clone();
    let path =
        format!("/v1/participants/{}/recovery/use-reports/2026-03-01/acknowledgement", maya.participant);
    server.call("PUT", &path, casey, None).await.refused(428, "");
    let mut worse = lapse("2026-03-01T17:00:00Z", "lapse");
    worse["substance"] = json!("opioids");
    let revision = format!("{MINE}/lapses/{id}/revisions/{}", fresh_id());
    server.put(maya, &revision, json!({"entry": worse})).await.is(201);
    let stale = acknowledged(&server, casey, maya, &seen).await.refused(412, "");
    assert!(stale["detail"].as_str().unwrap().contains("read the use reports of this day"), "{stale}");
    let seen = shown(&server, casey).await.0[0].clone();
    assert_eq!((&seen["may_be_opioid"], &seen["reports"][0]["revision"]), (&json!(true), &json!(2)));
    checked_in(&server, maya, "2026-03-01T18:00:00Z", true, None).await;
    acknowledged(&server, casey, maya, &seen).await.refused(412, "");
    let seen = shown(&server, casey).await.0[0].clone();
    acknowledged(&server, casey, maya, &seen).await.is(204);
    // The same answer to the same question, but perhaps about another time.
    checked_in(&server, maya, "2026-03-01T22:00:00Z", true, None).await;
    assert!(shown(&server, casey).await.1);
    acknowledged(&server, casey, maya, &seen).await.refused(412, "");
    let other = json!({"day": "2026-02-28", "etag": seen["etag"]});
    acknowledged(&server, casey, maya, &other).await.refused(404, "");
}

#[rstest]
#[tokio::test]
async fn a_use_report_is_withdrawn_when_its_entry_is_withdrawn_or_corrected(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let own = "/v1/participants/me/cravings";
    let id = used(&server, maya, "2026-03-02T12:00:00Z", Some("opioids")).await;
    let at = format!("{own}/{id}");
    let correct = async |outcome: &str| {
        let mut right = craving("2026-03-02T12:00:00Z", 8);
        (right["outcome"], right["substance"]) = (json!(outcome), json!("opioids"));
        let path = format!("{own}/{id}/revisions/{}", fresh_id());
        server.put(maya, &path, json!({"entry": right})).await.is(201);
    };
    // Neither a later outcome nor a correction that repeats it withdraws the report.
    server.put(maya, &format!("{at}/outcome"), outcome("passed", "2026-03-02T13:00:00Z")).await.is(200);
    correct("passed").await;
    assert!(shown(&server, casey).await.1);
    correct("lapsed").await;
    correct("passed").await;
    assert_eq!(shown(&server, casey).await, (vec![], false));
    // The first outcome, sent again, undoes no correction.
    server.put(maya, &format!("{at}/outcome"), outcome("passed", "2026-03-02T13:00:00Z")).await.is(200);
    server.put(maya, &format!("{at}/outcome"), outcome("lapsed", "2026-03-02T14:00:00Z")).await.is(200);
    assert_eq!(shown(&server, casey).await.0[0]["reports"][0]["id"], id.as_str(), "reported again");
    server.delete(maya, &at).await.is(204);
    assert_eq!(shown(&server, casey).await, (vec![], false));

    checked_in(&server, maya, "2026-03-01T18:00:00Z", true, None).await;
    checked_in(&server, maya, "2026-03-01T20:00:00Z", false, None).await;
    assert!(shown(&server, casey).await.1, "another answer may be about other hours");
    checked_in(&server, maya, "2026-03-01T21:00:00Z", true, None).await;
    checked_in(&server, maya, "2026-03-01T22:00:00Z", false, Some("I ticked the wrong one")).await;
    assert_eq!(shown(&server, casey).await, (vec![], false));

    let close = lapsed(&server, maya, lapse("2026-03-02T12:00:00Z", "close_call")).await;
    assert_eq!(shown(&server, casey).await, (vec![], false), "a close call with alcohol");
    let mut opioid = lapse("2026-03-02T12:00:00Z", "close_call");
    opioid["substance"] = json!("opioids");
    let revision = format!("{MINE}/lapses/{close}/revisions/{}", fresh_id());
    server.put(maya, &revision, json!({"entry": opioid})).await.is(201);
    let group = shown(&server, casey).await.0[0].clone();
    assert_eq!((&group["needs_attention"], &group["may_be_opioid"]), (&json!(true), &json!(true)));
    server.delete(maya, &format!("{MINE}/lapses/{close}")).await.is(204);
    assert_eq!(shown(&server, casey).await, (vec![], false));
    acknowledged(&server, casey, maya, &group).await.refused(404, "");
    assert_eq!(server.get(maya, MINE).await.is(200)["use_reports"], json!([]));
}

#[rstest]
#[tokio::test]
async fn a_caseload_shows_what_may_have_been_an_opioid_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    used(&server, maya, "2026-02-20T17:00:00Z", None).await;
    used(&server, maya, "2026-03-01T17:00:00Z", Some("alcohol")).await;
    let days = async || -> Vec<String> {
        let groups = shown(&server, casey).await.0;
        groups.iter().map(|group| group["day"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(days().await, ["2026-02-20", "2026-03-01"]);
    let first = shown(&server, casey).await.0[0].clone();
    acknowledged(&server, casey, maya, &first).await.is(204);
    assert_eq!(days().await, ["2026-03-01", "2026-02-20"]);
    let mut week = weekly("2026-03-02T18:00:00Z", &[]);
    week["answers"]["alcohol_days"] = json!(2);
    answered(&server, maya, week).await;
    let group = shown(&server, casey).await.0[0].clone();
    assert_eq!(
        (&group["day"], &group["reports"][0]["last_day"]),
        (&json!("2026-03-01"), &json!("2026-03-01"))
    );
    let week = &server.get(maya, MINE).await.is(200)["use_reports"][1]["reports"][0];
    assert_eq!((&week["first_day"], &week["last_day"]), (&json!("2026-02-24"), &json!("2026-03-02")));
}
