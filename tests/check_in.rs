//! Check-ins: a minute a day and a little more once a week, answered offline or not.

use crate::audit::{entries, events_of};
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Person, TestServer, ZONE};
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};

const MINE: &str = "/v1/participants/me/check-ins";

fn path(id: &str) -> String {
    format!("{MINE}/{id}")
}

/// A daily check-in filled in at this time.
pub(crate) fn daily(occurred_at: &str, mood: i32) -> Value {
    json!({
        "kind": "daily", "version": 1, "occurred_at": occurred_at, "time_zone": ZONE,
        "answers": { "mood": mood, "sleep_hours": 7.5, "craving_worst": 4, "confidence": 8, "any_use": false },
    })
}

/// A weekly check-in filled in at this time, with these warning signs ticked.
pub(crate) fn weekly(occurred_at: &str, signs: &[&str]) -> Value {
    json!({
        "kind": "weekly", "version": 1, "occurred_at": occurred_at, "time_zone": ZONE,
        "answers": { "low_days": 1, "craving": 2, "support_days": 4, "confidence": 8, "signs": signs },
    })
}

/// Answers a check-in as a new one and returns the current one.
pub(crate) async fn answered(server: &TestServer, who: &Person, check_in: Value) -> Value {
    server.put(who, &path(&fresh_id().to_string()), check_in).await.is(201)
}

async fn listed(server: &TestServer, who: &Person, query: &str) -> Vec<Value> {
    server.get(who, &format!("{MINE}{query}")).await.is(200)["items"].as_array().unwrap().clone()
}

async fn reminder_messages(server: &TestServer, who: &Person) -> Vec<Value> {
    let history = server.get(who, "/v1/participants/me/reminders/history").await.is(200);
    history["items"].as_array().unwrap().clone()
}

async fn reminded_at(server: &TestServer, who: &Person, at: &str) {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let wish = json!({"enabled": true, "at": at, "weekdays": days, "content": "discreet"});
    server.put(who, "/v1/participants/me/reminders", wish).await.is(200);
}

#[rstest]
#[tokio::test]
async fn a_check_in_comes_back_as_it_was_answered(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = fresh_id().to_string();
    let draft = daily("2026-03-02T18:30:00Z", 6);
    let stored = server.put(&maya, &path(&id), draft.clone()).await.is(201);
    for (member, sent) in draft.as_object().unwrap() {
        assert_eq!(&stored[member], sent, "{member}");
    }
    assert_eq!(
        (&stored["id"], &stored["day"], &stored["revision"]),
        (&json!(id), &json!("2026-03-02"), &json!(1))
    );
    assert_eq!((&stored["late"], &stored["clock_suspect"]), (&json!(false), &json!(false)));
    assert_eq!(listed(&server, &maya, "").await, std::slice::from_ref(&stored));
    assert_eq!(server.put(&maya, &path(&id), draft).await.is(200), stored);
    server.put(&maya, &path(&id), daily("2026-03-02T18:30:00Z", 5)).await.refused(409, "");
    assert_eq!(listed(&server, &maya, "").await, [stored]);
}

#[rstest]
#[tokio::test]
async fn a_check_in_sent_many_times_at_once_is_stored_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let at = path(&fresh_id().to_string());
    let ask = || server.put(&maya, &at, daily("2026-03-02T18:30:00Z", 6));
    let answers = tokio::join!(ask(), ask(), ask(), ask());
    let mut statuses = [answers.0.status, answers.1.status, answers.2.status, answers.3.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 201]);
    assert_eq!(listed(&server, &maya, "").await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_check_in_answered_offline_counts_on_its_own_day_and_is_late_not_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let stored = answered(&server, &maya, daily("2026-02-20T02:00:00Z", 6)).await;
    assert_eq!((&stored["day"], &stored["late"]), (&json!("2026-02-19"), &json!(true)));
    let mut of_yesterday = daily("2026-03-02T15:00:00Z", 6);
    of_yesterday["day"] = json!("2026-03-01");
    let stored = answered(&server, &maya, of_yesterday).await;
    assert_eq!((&stored["day"], &stored["late"]), (&json!("2026-03-01"), &json!(false)));
    let ahead = answered(&server, &maya, daily("2031-01-01T12:00:00Z", 6)).await;
    assert_eq!((&ahead["day"], &ahead["clock_suspect"]), (&json!("2026-03-02"), &json!(true)));
}

#[rstest]
#[tokio::test]
async fn one_a_local_day_and_a_second_is_a_revision(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let first = fresh_id().to_string();
    server.put(&maya, &path(&first), daily("2026-03-02T15:00:00Z", 3)).await.is(201);
    let second = fresh_id().to_string();
    let current = server.put(&maya, &path(&second), daily("2026-03-02T18:00:00Z", 7)).await.is(201);
    assert_eq!(
        (&current["id"], &current["revision"], &current["answers"]["mood"]),
        (&json!(first), &json!(2), &json!(7))
    );
    let early = answered(&server, &maya, daily("2026-03-02T16:00:00Z", 1)).await;
    assert_eq!(
        (&early["revision"], &early["answers"]["mood"]),
        (&json!(3), &json!(7)),
        "the one filled in last is current"
    );
    assert_eq!(listed(&server, &maya, "").await, std::slice::from_ref(&early));
    assert_eq!(server.put(&maya, &path(&first), daily("2026-03-02T15:00:00Z", 3)).await.is(200), early);
    for id in [&first, &second] {
        let revisions = server.get(&maya, &format!("{}/revisions", path(id))).await.is(200);
        let moods: Vec<_> = revisions["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["check_in"]["answers"]["mood"])
            .collect();
        assert_eq!(moods, [3, 7, 1]);
    }
    server.get(&maya, &format!("{}/revisions", path(&fresh_id().to_string()))).await.refused(404, "");
    let next = answered(&server, &maya, daily("2026-03-02T04:59:00Z", 2)).await;
    assert_eq!(
        (&next["day"], &next["revision"]),
        (&json!("2026-03-01"), &json!(1)),
        "a minute before midnight there"
    );
}

#[rstest]
#[tokio::test]
async fn an_answer_can_be_corrected_when_the_time_for_it_is_over_but_not_first_given(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let first = answered(&server, &maya, daily("2026-03-02T18:00:00Z", 3)).await;
    server.at("2026-03-20T18:00:00Z");
    let maya = server.sign_in(&maya).await;
    let mut right = daily("2026-03-20T17:00:00Z", 6);
    right["day"] = json!("2026-03-02");
    server.put(&maya, &path(&fresh_id().to_string()), right.clone()).await.refused(422, "/day");
    right["reason"] = json!("I had answered for my sister.");
    let id = fresh_id().to_string();
    let current = server.put(&maya, &path(&id), right.clone()).await.is(201);
    assert_eq!(
        (&current["id"], &current["day"], &current["revision"]),
        (&first["id"], &json!("2026-03-02"), &json!(2))
    );
    assert_eq!((&current["answers"]["mood"], &current["late"]), (&json!(6), &json!(false)));
    assert_eq!(server.put(&maya, &path(&id), right.clone()).await.is(200), current);
    let revisions = server.get(&maya, &format!("{}/revisions", path(&id))).await.is(200);
    assert_eq!(revisions["items"][1]["check_in"]["reason"], right["reason"]);
    let figures = server
        .get(&maya, "/v1/participants/me/trends?from=2026-03-02&to=2026-03-02&check_ins=true")
        .await
        .is(200);
    assert_eq!(figures["check_ins"][0]["mood"], 6);
    right["day"] = json!("2026-03-05");
    let refused = server.put(&maya, &path(&fresh_id().to_string()), right).await.refused(422, "/day");
    assert!(refused["detail"].as_str().unwrap().contains("no answer to correct"), "{refused}");
}

#[rstest]
#[tokio::test]
async fn nobody_is_expected_to_answer_before_joining_or_ahead(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let completion_rate =
        async |query: &str| server.get(&maya, &format!("{MINE}/completion-rate{query}")).await.is(200);
    let none = json!({"from": "2026-02-03", "to": "2026-03-02", "expected": 0, "answered": 0, "rate": null, "streak": 0, "longest_streak": 0});
    assert_eq!(completion_rate("").await, none, "today can still be filled in");
    answered(&server, &maya, daily("2026-03-02T18:00:00Z", 6)).await;
    let whole = completion_rate("?from=2026-02-20&to=2026-03-31").await;
    assert_eq!(
        (&whole["expected"], &whole["answered"], &whole["rate"], &whole["streak"]),
        (&json!(1), &json!(1), &json!(1.0), &json!(1))
    );
    for query in ["?from=2026-02-01&to=2026-03-01", "?from=2026-03-03&to=2026-03-09"] {
        let empty = completion_rate(query).await;
        assert_eq!((&empty["expected"], &empty["rate"]), (&json!(0), &json!(null)), "{query}");
    }
}

#[rstest]
#[tokio::test]
async fn a_weekly_check_in_counts_on_its_monday(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let week = answered(&server, &maya, weekly("2026-03-01T20:00:00Z", &["lying"])).await;
    assert_eq!(week["day"], "2026-02-23");
    let day = answered(&server, &maya, daily("2026-03-02T18:00:00Z", 6)).await;
    assert_eq!(listed(&server, &maya, "").await, [day.clone(), week.clone()]);
    assert_eq!(listed(&server, &maya, "?kind=weekly").await, [week]);
    assert_eq!(listed(&server, &maya, "?kind=daily").await, [day]);
    assert_eq!(listed(&server, &maya, "?from=2026-02-24&to=2026-03-01").await, [json!(null); 0]);
    for (query, pointer) in [
        ("?kind=hourly", "/kind"),
        ("?from=2026-03-02&to=2026-03-01", "/from"),
        ("?from=2025-03-01", "/to"),
        ("?day=1", "/day"),
    ] {
        server.get(&maya, &format!("{MINE}{query}")).await.refused(422, pointer);
    }
}

#[rstest]
#[tokio::test]
async fn a_wrong_answer_names_its_question(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let at = path(&fresh_id().to_string());
    let mut wrong = daily("2026-03-02T18:00:00Z", 11);
    wrong["answers"]["stress"] = json!("a lot");
    wrong["answers"]["weight"] = json!(70);
    wrong["answers"]["confidence"] = json!(null);
    let problem = server.put(&maya, &at, wrong).await.refused(422, "/answers/mood");
    let faults: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect();
    assert_eq!(faults, ["/answers/mood", "/answers/stress", "/answers/weight", "/answers/confidence"]);
    let mut nested = daily("2026-03-02T18:00:00Z", 6);
    nested["answers"]["mood"] = json!({"value": 6});
    server.put(&maya, &at, nested).await.refused(422, "/answers/mood");
    let mut unknown = daily("2026-03-02T18:00:00Z", 6);
    unknown["version"] = json!(9);
    server.put(&maya, &at, unknown).await.refused(422, "/version");
    let mut ahead = daily("2026-03-02T18:00:00Z", 6);
    ahead["day"] = json!("2026-03-03");
    server.put(&maya, &at, ahead).await.refused(422, "/day");
    let mut over = daily("2026-03-02T18:00:00Z", 6);
    over["day"] = json!("2026-02-28");
    server.put(&maya, &at, over).await.refused(422, "/day");
    assert_eq!(listed(&server, &maya, "").await, [json!(null); 0]);
    server.put(&maya, &at, daily("2026-03-02T18:00:00Z", 6)).await.is(201);
}

#[rstest]
#[tokio::test]
async fn what_a_check_in_asks_is_fetched_once_and_stored(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let all = server.get(&maya, "/v1/check-ins/definitions").await.is(200);
    let kinds: Vec<_> =
        all["items"].as_array().unwrap().iter().map(|one| (&one["kind"], &one["version"])).collect();
    assert_eq!(kinds, [(&json!("daily"), &json!(1)), (&json!("weekly"), &json!(1))]);
    for one in all["items"].as_array().unwrap() {
        let hash = one["hash"].as_str().unwrap();
        let at = format!("/v1/check-ins/definitions/{hash}");
        let answer = server.get(&maya, &at).await;
        let tag = format!("\"{hash}\"");
        assert_eq!(
            (answer.header("etag"), answer.header("content-type")),
            (tag.clone(), "application/json".to_owned())
        );
        assert!(answer.header("cache-control").contains("immutable"), "{:?}", answer.headers);
        assert_eq!(HEXLOWER.encode(digest::digest(&digest::SHA256, answer.text.as_bytes()).as_ref()), hash);
        assert_eq!((&answer.json["title"], &answer.json["kind"]), (&one["title"], &one["kind"]));
        let bearer = format!("Bearer {}", maya.token);
        let known =
            server.send("GET", &at, &[("authorization", &bearer), ("if-none-match", &tag)], vec![]).await;
        assert_eq!((known.status, known.text.as_str(), known.header("etag")), (304, "", tag));
    }
    server.get(&maya, &format!("/v1/check-ins/definitions/{}", "0".repeat(64))).await.refused(404, "");
    server.get("", "/v1/check-ins/definitions").await.refused(401, "");
}

#[rstest]
#[tokio::test]
async fn no_reminder_goes_out_after_the_check_in(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    reminded_at(&server, &maya, "14:00").await;
    answered(&server, &maya, daily("2026-03-02T18:39:00Z", 6)).await;
    server.at("2026-03-02T19:00:00Z");
    assert_eq!(server.deliver_reminders().await.len(), 0);
    let maya = server.sign_in(&maya).await;
    let held = reminder_messages(&server, &maya).await;
    assert_eq!((&held[0]["state"], &held[0]["reason"]), (&json!("suppressed"), &json!("already_answered")));
    server.at("2026-03-03T19:00:00Z");
    assert_eq!(server.deliver_reminders().await.len(), 1, "the next day is another one");
}

#[rstest]
#[tokio::test]
async fn a_check_in_answers_the_reminder_of_its_day(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    reminded_at(&server, &maya, "14:00").await;
    server.at("2026-03-02T19:00:00Z");
    assert_eq!(server.deliver_reminders().await.len(), 1);
    let maya = server.sign_in(&maya).await;
    answered(&server, &maya, daily("2026-03-02T18:59:00Z", 6)).await;
    assert_eq!(reminder_messages(&server, &maya).await[0]["state"], "sent", "filled in before it came");
    server.at("2026-03-02T19:05:00Z");
    answered(&server, &maya, daily("2026-03-02T19:04:00Z", 6)).await;
    assert_eq!(reminder_messages(&server, &maya).await[0]["state"], "answered");
    server.deliver_reminders().await;
    assert_eq!(reminder_messages(&server, &maya).await[0]["state"], "answered");
}

#[rstest]
#[tokio::test]
async fn two_evenings_with_a_morning_between_are_three_days_in_a_row(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    server.at("2026-07-04T01:00:00Z");
    let maya = server.sign_in(&maya).await;
    for at in ["2026-07-02T00:00:00Z", "2026-07-02T13:00:00Z", "2026-07-04T00:00:00Z"] {
        answered(&server, &maya, daily(at, 6)).await;
    }
    let whole =
        server.get(&maya, &format!("{MINE}/completion-rate?from=2026-07-01&to=2026-07-03")).await.is(200);
    assert_eq!(
        whole,
        json!({
            "from": "2026-07-01", "to": "2026-07-03",
            "expected": 3, "answered": 3, "rate": 1.0, "streak": 3, "longest_streak": 3,
        })
    );
    let open =
        server.get(&maya, &format!("{MINE}/completion-rate?from=2026-06-28&to=2026-07-04")).await.is(200);
    assert_eq!(open["rate"], 0.5);
    assert_eq!(
        (&open["expected"], &open["answered"], &open["streak"]),
        (&json!(6), &json!(3), &json!(3)),
        "tomorrow is not asked for"
    );
    let recent = server.get(&maya, &format!("{MINE}/completion-rate")).await.is(200);
    assert_eq!(
        (&recent["from"], &recent["to"], &recent["expected"]),
        (&json!("2026-06-06"), &json!("2026-07-03"), &json!(28))
    );
    server
        .get(&maya, &format!("{MINE}/completion-rate?from=2026-07-03&to=2026-07-01"))
        .await
        .refused(422, "/from");
    server.at("2026-07-04T15:00:00Z");
    let maya = server.sign_in(&maya).await;
    let open =
        server.get(&maya, &format!("{MINE}/completion-rate?from=2026-06-28&to=2026-07-04")).await.is(200);
    assert_eq!(
        (&open["expected"], &open["rate"], &open["streak"]),
        (&json!(6), &json!(0.5), &json!(3)),
        "today can still be filled in"
    );
    server.at("2026-07-06T03:59:00Z");
    let maya = server.sign_in(&maya).await;
    let week = format!("{MINE}/completion-rate?from=2026-06-28&to=2026-07-05");
    let open = server.get(&maya, &week).await.is(200);
    assert_eq!((&open["expected"], &open["rate"], &open["streak"]), (&json!(6), &json!(0.5), &json!(3)));
    server.later(SignedDuration::from_mins(1));
    let over = server.get(&maya, &week).await.is(200);
    assert_eq!((&over["expected"], &over["rate"], &over["streak"]), (&json!(7), &json!(0.43), &json!(0)));
}

#[rstest]
#[tokio::test]
async fn trends_show_the_figures_of_each_day_with_a_check_in_if_asked(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    answered(&server, maya, daily("2026-02-28T20:00:00Z", 3)).await;
    answered(&server, maya, daily("2026-03-02T18:00:00Z", 6)).await;
    answered(&server, maya, weekly("2026-03-02T18:00:00Z", &[])).await;
    let figures = |day: &str, mood: i32| {
        json!({
            "day": day, "mood": mood, "sleep_hours": 7.5, "stress": null, "confidence": 8, "craving_worst": 4, "any_use": false,
        })
    };
    let cravings = format!("/v1/participants/{}/trends?from=2026-02-27&to=2026-03-02", maya.participant);
    assert!(
        server.get(maya, &cravings).await.is(200).get("check_ins").is_none(),
        "nobody reads more than they ask for"
    );
    let trends = format!("{cravings}&check_ins=true");
    for who in [maya, &clinic.casey, &clinic.supervisor] {
        let read = server.get(who, &trends).await.is(200);
        assert_eq!(
            read["check_ins"],
            json!([figures("2026-02-28", 3), figures("2026-03-02", 6)]),
            "a day without one is missing"
        );
        assert_eq!((&read["count"], &read["days"]), (&json!(0), &json!([])), "a check-in is no craving");
    }
    answered(&server, maya, daily("2026-03-02T18:30:00Z", 9)).await;
    assert_eq!(server.get(maya, &trends).await.is(200)["check_ins"][1]["mood"], 9);
}

#[rstest]
#[tokio::test]
async fn somebody_elses_check_ins_are_not_there(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let id = fresh_id().to_string();
    server.put(&clinic.maya, &path(&id), daily("2026-03-02T18:00:00Z", 6)).await.is(201);
    let hers = format!("/v1/participants/{}/check-ins", clinic.maya.participant);
    for stranger in [&clinic.theo, &clinic.drew] {
        server.get(stranger, &hers).await.refused(404, "");
        server.get(stranger, &format!("{hers}/completion-rate")).await.refused(404, "");
        server.get(stranger, &format!("{hers}/{id}/revisions")).await.refused(404, "");
        server
            .put(stranger, &format!("{hers}/{id}"), daily("2026-03-02T18:00:00Z", 1))
            .await
            .refused(404, "");
    }
    server
        .put(&clinic.casey, &format!("{hers}/{id}"), daily("2026-03-02T18:00:00Z", 1))
        .await
        .refused(403, "");
    server.get(&clinic.theo, &format!("{}/revisions", path(&id))).await.refused(404, "");
    server.put(&clinic.theo, &path(&id), daily("2026-03-02T17:00:00Z", 1)).await.is(201);
    assert_eq!(listed(&server, &clinic.maya, "").await[0]["answers"]["mood"], 6);
}

#[rstest]
#[tokio::test]
async fn a_look_at_check_ins_is_in_the_audit_log_and_so_is_each_answer(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let id =
        answered(&server, maya, daily("2026-03-02T17:00:00Z", 6)).await["id"].as_str().unwrap().to_owned();
    answered(&server, maya, daily("2026-03-02T18:00:00Z", 7)).await;
    listed(&server, maya, "").await;
    let hers = format!("/v1/participants/{}/check-ins", maya.participant);
    server.get(casey, &hers).await.is(200);
    server.get(casey, &format!("{hers}/completion-rate")).await.is(200);
    server.get(casey, &format!("{hers}/{id}/revisions")).await.is(200);
    let seen = entries(&server, maya, "me").await;
    assert_eq!(events_of(&seen, casey, "read", "check_in").len(), 3, "{seen:#?}");
    assert_eq!(events_of(&seen, casey, "read", "check_in")[2]["entity"], id.as_str());
    assert_eq!(events_of(&seen, maya, "answer", "check_in")[0]["entity"], id.as_str());
    assert_eq!(events_of(&seen, maya, "correct", "check_in")[0]["entity"], id.as_str());
    assert_eq!(events_of(&seen, maya, "read", "check_in").len(), 0);
}
