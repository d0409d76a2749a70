//! Recovery: sober time, milestones, lapses, use reports, and the plan that learns from them.

mod lapse;
mod proposal;
mod sobriety_date;
mod use_report;

use crate::audit::{entries, events_of};
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Answer, Person, TestServer, ZONE, craving};
use rstest::rstest;
use serde_json::{Value, json};

const MINE: &str = "/v1/participants/me/recovery";

/// A sobriety date.
pub(crate) fn sobriety_date(since: &str, reported_at: &str) -> Value {
    json!({"substance": "alcohol", "since": since, "reported_at": reported_at, "time_zone": ZONE})
}

/// A correction of a sobriety date.
fn correction(of: &str, since: &str, reported_at: &str) -> Value {
    let mut draft = sobriety_date(since, reported_at);
    draft["corrects"] = json!(of);
    draft
}

/// A lapse with alcohol.
pub(crate) fn lapse(occurred_at: &str, outcome: &str) -> Value {
    json!({"occurred_at": occurred_at, "time_zone": ZONE, "substance": "alcohol", "outcome": outcome})
}

pub(crate) async fn begun(server: &TestServer, who: &Person, draft: Value) -> String {
    let id = fresh_id().to_string();
    server.put(who, &format!("{MINE}/sobriety-dates/{id}"), draft).await.is(201);
    id
}

pub(crate) async fn lapsed(server: &TestServer, who: &Person, draft: Value) -> String {
    let id = fresh_id().to_string();
    server.put(who, &format!("{MINE}/lapses/{id}"), draft).await.is(201);
    id
}

/// Saves a debrief on top of the revision that the phone knows.
async fn looked_back(server: &TestServer, who: &Person, id: &str, known: &str, draft: Value) -> Answer {
    let bearer = format!("Bearer {}", who.token);
    let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
    if !known.is_empty() {
        headers.push(("if-match", known));
    }
    let path = format!("{MINE}/lapses/{id}/debrief");
    server.send("PUT", &path, &headers, draft.to_string().into_bytes()).await
}

/// What the guidance of an answer is about, in order.
pub(crate) fn about(answer: &Value) -> Vec<&str> {
    let sections = answer["guidance"]["sections"].as_array().unwrap();
    sections.iter().map(|section| section["code"].as_str().unwrap()).collect()
}

/// The course with alcohol.
async fn course(server: &TestServer, who: &Person) -> Value {
    server.get(who, MINE).await.is(200)["courses"][0].clone()
}

fn codes(course: &Value) -> Vec<(&str, &str)> {
    let reached = course["count"]["reached"].as_array().unwrap().iter();
    reached.map(|one| (one["code"].as_str().unwrap(), one["on"].as_str().unwrap())).collect()
}

/// Logs cravings that a conflict brought on, one a day back from today.
pub(crate) async fn conflicts(server: &TestServer, who: &Person, days: std::ops::Range<u32>) {
    for day in days {
        let mut draft = craving(&format!("2026-02-{:02}T18:00:00Z", 28 - day), 6);
        draft["triggers"] = json!(["conflict"]);
        server.put(who, &format!("/v1/participants/me/cravings/{}", fresh_id()), draft).await.is(201);
    }
}

#[rstest]
#[tokio::test]
async fn sober_days_and_milestones_follow_the_persons_calendar(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    assert_eq!(
        server.get(&maya, MINE).await.is(200),
        json!({"courses": [], "sobriety_dates": [], "lapses": [], "use_reports": []})
    );
    let id = begun(&server, &maya, sobriety_date("2026-01-31", "2026-03-02T18:40:00Z")).await;
    let read = server.get(&maya, MINE).await.is(200);
    assert_eq!((&read["sobriety_dates"][0]["id"], &read["lapses"]), (&json!(id), &json!([])));
    let today = read["courses"][0].clone();
    assert_eq!(today["substance"], "alcohol");
    assert_eq!(
        today["count"]["current"],
        json!({"since": "2026-01-31", "days": 30, "milestones": ["24_hours", "30_days"]})
    );
    assert_eq!(codes(&today), [("24_hours", "2026-02-01"), ("30_days", "2026-03-02")]);
    assert_eq!(
        (&today["count"]["next"]["code"], &today["count"]["next"]["days_to_go"]),
        (&json!("60_days"), &json!(30))
    );
    server.at("2026-04-21T12:00:00Z");
    let maya = server.sign_in(&maya).await;
    let later = course(&server, &maya).await;
    assert_eq!(later["count"]["current"]["days"], 80);
    assert_eq!(
        codes(&later),
        [("24_hours", "2026-02-01"), ("30_days", "2026-03-02"), ("60_days", "2026-04-01")]
    );
    assert_eq!(
        (&later["count"]["next"]["on"], &later["count"]["next"]["days_to_go"]),
        (&json!("2026-05-01"), &json!(10))
    );
}

#[rstest]
#[tokio::test]
async fn a_lapse_begins_a_new_count_and_the_days_before_it_still_count(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    begun(&server, &maya, sobriety_date("2026-01-31", "2026-03-02T18:40:00Z")).await;
    server.at("2026-03-16T12:00:00Z");
    let maya = server.sign_in(&maya).await;
    let id = lapsed(&server, &maya, lapse("2026-03-12T01:00:00Z", "lapse")).await;
    let read = server.get(&maya, MINE).await.is(200);
    let count = &read["courses"][0]["count"];
    assert_eq!((&count["current"]["since"], &count["current"]["days"]), (&json!("2026-03-11"), &json!(5)));
    assert_eq!((&count["lifetime_days"], &count["longest_days"]), (&json!(44), &json!(39)));
    assert_eq!(count["past"], json!([{"since": "2026-01-31", "until": "2026-03-11", "days": 39}]));
    assert_eq!(codes(&read["courses"][0])[1], ("30_days", "2026-03-02"), "it stays reached");
    assert_eq!(
        (&read["lapses"][0]["id"], &read["lapses"][0]["local_day"]),
        (&json!(id), &json!("2026-03-11"))
    );
    assert_eq!(
        (&read["courses"][0]["lapses"], &read["courses"][0]["last_lapse_on"]),
        (&json!(1), &json!("2026-03-11"))
    );
    lapsed(&server, &maya, lapse("2026-03-15T12:00:00Z", "close_call")).await;
    let close = course(&server, &maya).await;
    assert_eq!((&close["count"]["current"]["days"], &close["close_calls"]), (&json!(5), &json!(1)));
    let back = lapsed(&server, &maya, lapse("2026-03-16T01:00:00Z", "return_to_use")).await;
    let using = course(&server, &maya).await;
    assert_eq!((&using["count"]["current"], &using["count"]["lifetime_days"]), (&json!(null), &json!(43)));
    server.delete(&maya, &format!("{MINE}/lapses/{back}")).await.is(204);
    server.delete(&maya, &format!("{MINE}/lapses/{back}")).await.is(204);
    server
        .put(&maya, &format!("{MINE}/lapses/{back}"), lapse("2026-03-16T01:00:00Z", "return_to_use"))
        .await
        .refused(409, "");
    assert_eq!(
        course(&server, &maya).await["count"],
        close["count"],
        "what was withdrawn counts for nothing"
    );
    server.delete(&maya, &format!("{MINE}/lapses/{}", fresh_id())).await.refused(404, "");
}

#[rstest]
#[tokio::test]
async fn a_milestone_remains_when_a_lapse_before_it_is_reported_later(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    begun(&server, &maya, sobriety_date("2026-01-31", "2026-01-31T18:00:00Z")).await;
    lapsed(&server, &maya, lapse("2026-02-20T18:00:00Z", "lapse")).await;
    let found = course(&server, &maya).await;
    assert_eq!(
        codes(&found),
        [("24_hours", "2026-02-01"), ("30_days", "2026-03-02")],
        "it was reached when the lapse was reported"
    );
    assert_eq!(
        (&found["count"]["current"]["days"], &found["count"]["next"]["code"]),
        (&json!(10), &json!("30_days"))
    );
    server.at("2026-04-21T12:00:00Z");
    let maya = server.sign_in(&maya).await;
    assert_eq!(codes(&course(&server, &maya).await).len(), 3, "60 days are counted from the lapse");
}

#[rstest]
#[tokio::test]
async fn a_close_call_that_is_reported_as_use_later_removes_no_milestone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    begun(&server, &maya, sobriety_date("2026-01-31", "2026-01-31T18:00:00Z")).await;
    let close = lapse("2026-02-20T18:00:00Z", "close_call");
    let id = lapsed(&server, &maya, close).await;
    server.at("2026-04-02T12:00:00Z");
    let maya = server.sign_in(&maya).await;
    let before = course(&server, &maya).await;
    assert_eq!(codes(&before).len(), 3, "{before}");
    let correction = json!({"entry": lapse("2026-02-20T18:00:00Z", "return_to_use")});
    server.put(&maya, &format!("{MINE}/lapses/{id}/revisions/{}", fresh_id()), correction).await.is(201);
    let after = course(&server, &maya).await;
    assert_eq!(codes(&after), codes(&before));
    assert_eq!((&after["count"]["current"], &after["count"]["lifetime_days"]), (&Value::Null, &json!(20)));
}

#[rstest]
#[tokio::test]
async fn a_sobriety_date_or_lapse_sent_twice_is_stored_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let at = format!("{MINE}/sobriety-dates/{}", fresh_id());
    let stored = server.put(&maya, &at, sobriety_date("2026-01-31", "2026-03-02T18:40:00Z")).await.is(201);
    assert_eq!(
        server.put(&maya, &at, sobriety_date("2026-01-31", "2026-03-02T18:40:00Z")).await.is(200),
        stored
    );
    server.put(&maya, &at, sobriety_date("2026-01-30", "2026-03-02T18:40:00Z")).await.refused(409, "");
    let at = format!("{MINE}/lapses/{}", fresh_id());
    let stored = server.put(&maya, &at, lapse("2026-02-20T03:30:00Z", "lapse")).await.is(201);
    assert_eq!(stored["local_day"], "2026-02-19", "reported late, it counts on its own day");
    assert_eq!(server.put(&maya, &at, lapse("2026-02-20T03:30:00Z", "lapse")).await.is(200), stored);
    server.put(&maya, &at, lapse("2026-02-20T03:30:00Z", "close_call")).await.refused(409, "");
    let ahead = server
        .put(&maya, &format!("{MINE}/lapses/{}", fresh_id()), lapse("2031-01-01T12:00:00Z", "close_call"))
        .await
        .is(201);
    assert_eq!((&ahead["clock_suspect"], &ahead["local_day"]), (&json!(true), &json!("2026-03-02")));
}

#[rstest]
#[tokio::test]
async fn an_invalid_sobriety_date_or_lapse_is_refused_by_field(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let with = |member: &str, value: Value| {
        let mut draft = sobriety_date("2026-03-01", "2026-03-02T18:40:00Z");
        draft[member] = value;
        draft
    };
    for (member, value, pointer) in [
        ("since", json!("2026-03-03"), "/since"),
        ("since", json!("1899-12-31"), "/since"),
        ("since", json!("soon"), "/since"),
        ("at", json!("2026-03-02T12:00:00Z"), "/at"),
        ("substance", json!("sugar"), "/substance"),
        ("corrects", json!("x"), "/corrects"),
        ("time_zone", json!("Mars/Olympus"), "/time_zone"),
        ("shame", json!(1), "/shame"),
    ] {
        server
            .put(&maya, &format!("{MINE}/sobriety-dates/{}", fresh_id()), with(member, value))
            .await
            .refused(422, pointer);
    }
    let mut odd = lapse("2026-03-02T12:00:00Z", "failed");
    server.put(&maya, &format!("{MINE}/lapses/{}", fresh_id()), odd.clone()).await.refused(422, "/outcome");
    odd["outcome"] = json!("lapse");
    odd["note"] = json!("nul\u{0}");
    server.put(&maya, &format!("{MINE}/lapses/{}", fresh_id()), odd).await.refused(422, "/note");
    server
        .put(&maya, &format!("{MINE}/counter"), json!({"substance": "alcohol", "hidden": 1}))
        .await
        .refused(422, "/hidden");
    assert_eq!(server.get(&maya, MINE).await.is(200)["courses"], json!([]));
}

#[rstest]
#[tokio::test]
async fn an_opioid_lapse_is_always_answered_with_overdose_guidance(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    for outcome in ["lapse", "return_to_use", "close_call"] {
        let at = format!("{MINE}/lapses/{}", fresh_id());
        let mut draft = lapse("2026-03-02T12:00:00Z", outcome);
        draft["substance"] = json!("opioids");
        for status in [201, 200] {
            let answer = server.put(&maya, &at, draft.clone()).await.is(status);
            let expected: &[&str] = match outcome {
                "close_call" => &["overdose", "close_call", "next_steps"],
                _ => &["overdose", "without_shame", "not_alone", "next_steps"],
            };
            assert_eq!(about(&answer), expected);
            assert!(answer["guidance"]["sections"][0].to_string().contains("naloxone"), "{answer}");
        }
    }
    let other = server
        .put(&maya, &format!("{MINE}/lapses/{}", fresh_id()), lapse("2026-03-02T12:00:00Z", "return_to_use"))
        .await
        .is(201);
    assert!(other["guidance"].to_string().contains("\"withdrawal\""), "{other}");
}

#[rstest]
#[tokio::test]
async fn a_hidden_counter_is_hidden_only_from_the_participant(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    begun(&server, maya, sobriety_date("2026-01-31", "2026-03-02T18:40:00Z")).await;
    let choice = json!({"substance": "alcohol", "hidden": true});
    assert_eq!(server.put(maya, &format!("{MINE}/counter"), choice.clone()).await.is(200), choice);
    let own = course(&server, maya).await;
    assert_eq!((own.get("count"), &own["counter_hidden"]), (None, &json!(true)));
    let theirs =
        server.get(&clinic.casey, &format!("/v1/participants/{}/recovery", maya.participant)).await.is(200);
    assert_eq!(
        (&theirs["courses"][0]["count"]["current"]["days"], &theirs["courses"][0]["counter_hidden"]),
        (&json!(30), &json!(true))
    );
    server
        .put(maya, &format!("{MINE}/counter"), json!({"substance": "alcohol", "hidden": false}))
        .await
        .is(200);
    assert_eq!(codes(&course(&server, maya).await).len(), 2);
}

#[rstest]
#[tokio::test]
async fn somebody_elses_recovery_is_not_there_and_a_look_is_in_the_audit_log(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let id = lapsed(&server, maya, lapse("2026-03-02T01:00:00Z", "lapse")).await;
    looked_back(&server, maya, &id, "\"0\"", json!({"trigger": "urges"})).await.is(200);
    let hers = format!("/v1/participants/{}/recovery", maya.participant);
    for stranger in [&clinic.theo, &clinic.drew] {
        server.get(stranger, &hers).await.refused(404, "");
        server.get(stranger, &format!("{hers}/proposals")).await.refused(404, "");
        server.delete(stranger, &format!("{hers}/lapses/{id}")).await.refused(404, "");
    }
    server.delete(casey, &format!("{hers}/lapses/{id}")).await.refused(403, "");
    server.delete(&clinic.theo, &format!("{MINE}/lapses/{id}")).await.refused(404, "");
    server.get(maya, MINE).await.is(200);
    server.get(casey, &hers).await.is(200);
    server.get(casey, &format!("{hers}/proposals")).await.is(200);
    let seen = entries(&server, maya, "me").await;
    let done: Vec<_> = events_of(&seen, casey, "read", "recovery")
        .iter()
        .map(|one| one["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(done, ["done", "done"], "{seen:#?}");
    assert_eq!(events_of(&seen, maya, "report", "recovery")[0]["entity"], id.as_str());
    assert_eq!(events_of(&seen, maya, "save", "recovery")[0]["entity"], id.as_str());
    assert_eq!(events_of(&seen, maya, "read", "recovery").len(), 0);
}
