//! The level of care: recorded by staff, seen by the participant, and what the plan makes of it.

use crate::audit::{entries, events_of};
use crate::plan::plan;
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Clinic, Person, START, TestServer};
use rstest::rstest;
use serde_json::{Value, json};

const TODAY: &str = "2026-03-02";

fn of(who: &Person, what: &str) -> String {
    format!("/v1/participants/{}/{what}", who.participant)
}

/// A step to a level of care.
pub(crate) fn step(level: &str, since: &str) -> Value {
    json!({"level": level, "since": since})
}

/// Maya's counselor records a step, unless she is at this level on that day already.
pub(crate) async fn stepped(server: &TestServer, clinic: &Clinic, level: &str, since: &str) -> String {
    let id = fresh_id().to_string();
    let answer = server
        .put(&clinic.casey, &of(&clinic.maya, &format!("level-of-care/changes/{id}")), step(level, since))
        .await;
    assert!([201, 409].contains(&answer.status), "{}", answer.text);
    id
}

/// A plan to be reviewed on a day.
fn reviewed(on: &str) -> Value {
    let mut draft = plan();
    draft["review_on"] = json!(on);
    draft
}

/// What a plan lacks about its review.
fn review_gap(plan: &Value) -> Option<&str> {
    let gaps = plan["completeness"]["gaps"].as_array().unwrap();
    gaps.iter().find(|gap| gap["section"] == "review").map(|gap| gap["code"].as_str().unwrap())
}

#[rstest]
#[tokio::test]
async fn with_nothing_recorded_somebody_is_in_intensive_outpatient_care(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    for who in [&clinic.maya, &clinic.casey, &clinic.supervisor] {
        let care = server.get(who, &of(&clinic.maya, "level-of-care")).await.is(200);
        assert_eq!(care, json!({"level": "intensive_outpatient", "history": []}));
    }
}

#[rstest]
#[tokio::test]
async fn a_counselor_records_continuing_care_and_the_plan_may_wait_90_days(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let plan = of(maya, "plan");
    let problem =
        server.put_on(maya, &plan, "\"0\"", reviewed("2026-03-17")).await.refused(422, "/review_on");
    assert!(problem["detail"].as_str().unwrap().contains("at most 14 days"), "{problem}");

    let id = fresh_id().to_string();
    let path = of(maya, &format!("level-of-care/changes/{id}"));
    let recorded = server.put(casey, &path, step("continuing_care", TODAY)).await.is(201);
    assert_eq!(
        recorded,
        json!({
            "id": id, "level": "continuing_care", "since": TODAY, "recorded_by": casey.account, "recorded_at": START,
        })
    );
    server.later(jiff::SignedDuration::from_mins(5));
    assert_eq!(
        server.put(casey, &path, step("continuing_care", TODAY)).await.is(200),
        recorded,
        "sent again, it is the same"
    );
    let care = server.get(maya, "/v1/participants/me/level-of-care").await.is(200);
    assert_eq!(care, json!({"level": "continuing_care", "since": TODAY, "history": [recorded]}));

    let problem =
        server.put_on(maya, &plan, "\"0\"", reviewed("2026-06-01")).await.refused(422, "/review_on");
    assert!(problem["detail"].as_str().unwrap().contains("at most 90 days"), "{problem}");
    let saved = server.put_on(maya, &plan, "\"0\"", reviewed("2026-05-31")).await.is(201);
    assert_eq!(review_gap(&saved), None);

    let seen = entries(&server, maya, "me").await;
    let steps = events_of(&seen, casey, "change", "program");
    assert_eq!(steps.len(), 1, "{seen:#?}");
    assert_eq!(events_of(&seen, casey, "read", "program").len(), 1, "the step that was sent again was shown");
    assert_eq!(
        (&steps[0]["entity"], &steps[0]["outcome"], &steps[0]["at"]),
        (&json!(id), &json!("done"), &json!(START))
    );
}

#[rstest]
#[tokio::test]
async fn back_in_intensive_outpatient_care_a_far_review_is_a_gap_and_blocks_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, plan) = (&clinic.maya, of(&clinic.maya, "plan"));
    stepped(&server, &clinic, "continuing_care", "2026-02-20").await;
    let mut draft = reviewed("2026-05-31");
    let saved = server.put_on(maya, &plan, "\"0\"", draft.clone()).await;
    let tag = saved.header("etag");
    assert_eq!(review_gap(&saved.is(201)), None);
    stepped(&server, &clinic, "intensive_outpatient", TODAY).await;

    let found = server.get_unless(maya, &plan, &tag).await.is(200);
    assert_eq!(review_gap(&found), Some("review_too_far"), "and the copy at hand is no longer the newest");
    draft["lapse_response"][0]["words"] = json!("Call Noor");
    let saved = server.put_on(maya, &plan, "\"1\"", draft.clone()).await.is(201);
    assert_eq!(review_gap(&saved), Some("review_too_far"));
    let proposal = json!({"kind": "add_lapse_response_step", "words": "Drink a glass of water"});
    let accept = json!({"proposal": proposal, "id": fresh_id()});
    server
        .call_with("POST", &of(maya, "plan/proposals/accept"), maya, &[("if-match", "\"2\"")], Some(accept))
        .await
        .is(201);
    draft["review_on"] = json!("2026-05-30");
    server.put_on(maya, &plan, "\"3\"", draft.clone()).await.refused(422, "/review_on");
    draft["review_on"] = json!("2026-03-16");
    assert_eq!(review_gap(&server.put_on(maya, &plan, "\"3\"", draft).await.is(201)), None);
}

#[rstest]
#[tokio::test]
async fn a_step_that_is_planned_counts_from_its_day_by_the_participants_calendar(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let care = of(&clinic.maya, "level-of-care");
    stepped(&server, &clinic, "continuing_care", "2026-03-03").await;
    let before = server.get(&clinic.casey, &care).await.is(200);
    assert_eq!(
        (&before["level"], before.get("since"), &before["history"][0]["since"]),
        (&json!("intensive_outpatient"), None, &json!("2026-03-03"))
    );
    server.at("2026-03-03T04:59:00Z");
    let maya = server.sign_in(&clinic.maya).await;
    assert_eq!(server.get(&maya, &care).await.is(200), before, "still the evening before in New York");
    server.at("2026-03-03T05:00:00Z");
    let after = server.get(&maya, &care).await.is(200);
    assert_eq!((&after["level"], &after["since"]), (&json!("continuing_care"), &json!("2026-03-03")));
}

#[rstest]
#[tokio::test]
async fn a_wrong_step_is_corrected_by_another_and_both_are_stored(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let first = stepped(&server, &clinic, "continuing_care", "2026-02-20").await;
    let right = fresh_id().to_string();
    let path = of(&clinic.maya, &format!("level-of-care/changes/{right}"));
    server.put(&clinic.supervisor, &path, step("intensive_outpatient", "2026-02-20")).await.is(201);
    let care = server.get(&clinic.maya, "/v1/participants/me/level-of-care").await.is(200);
    assert_eq!((&care["level"], &care["since"]), (&json!("intensive_outpatient"), &json!("2026-02-20")));
    let refusals: Vec<_> =
        care["history"].as_array().unwrap().iter().map(|one| (&one["id"], &one["recorded_by"])).collect();
    assert_eq!(
        refusals,
        [(&json!(right), &json!(clinic.supervisor.account)), (&json!(first), &json!(clinic.casey.account))]
    );
}

#[rstest]
#[tokio::test]
async fn an_invalid_step_is_refused_with_the_reason(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let fresh = || of(maya, &format!("level-of-care/changes/{}", fresh_id()));
    for (draft, pointer) in [
        (step("continuing_care", "2025-02-28"), "/since"),
        (step("continuing_care", "2027-03-04"), "/since"),
        (step("continuing_care", "2026-02-30"), "/since"),
        (step("continuing_care", "tomorrow"), "/since"),
        (step("residential", TODAY), "/level"),
        (json!({"level": "continuing_care"}), "/since"),
        (json!({"since": TODAY}), "/level"),
        (json!({"level": "continuing_care", "since": TODAY, "recorded_at": START}), "/recorded_at"),
    ] {
        server.put(casey, &fresh(), draft).await.refused(422, pointer);
    }
    let problem =
        server.put(casey, &fresh(), step("continuing_care", "2027-03-04")).await.refused(422, "/since");
    assert_eq!(problem["errors"][0]["detail"], "must be at most 366 days before or after today");
    let problem = server.put(casey, &fresh(), step("residential", TODAY)).await.refused(422, "/level");
    assert_eq!(problem["errors"][0]["detail"], "must be one of intensive_outpatient or continuing_care");
    server
        .put(casey, &of(maya, "level-of-care/changes/1"), step("continuing_care", TODAY))
        .await
        .refused(400, "path: id");

    let id = stepped(&server, &clinic, "continuing_care", "2026-02-20").await;
    server.put(casey, &fresh(), step("continuing_care", TODAY)).await.refused(409, "/level");
    let taken = of(maya, &format!("level-of-care/changes/{id}"));
    server.put(casey, &taken, step("continuing_care", TODAY)).await.refused(409, "");
    let care = server.get(casey, &of(maya, "level-of-care")).await.is(200);
    assert_eq!(care["history"].as_array().unwrap().len(), 1, "nothing else was stored: {care}");
}

#[rstest]
#[tokio::test]
async fn a_participant_sees_the_level_of_care_and_does_not_set_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let path = format!("level-of-care/changes/{}", fresh_id());
    server
        .put(maya, &format!("/v1/participants/me/{path}"), step("continuing_care", TODAY))
        .await
        .refused(403, "");
    server.put(&clinic.admin, &of(maya, &path), step("continuing_care", TODAY)).await.refused(403, "");
    for stranger in [&clinic.drew, &clinic.theo] {
        server.get(stranger, &of(maya, "level-of-care")).await.refused(404, "");
        server.put(stranger, &of(maya, &path), step("continuing_care", TODAY)).await.refused(404, "");
    }
    assert_eq!(server.get(maya, "/v1/participants/me/level-of-care").await.is(200)["history"], json!([]));
    server.get(casey, &of(maya, "level-of-care")).await.is(200);
    let seen = entries(&server, maya, "me").await;
    assert_eq!(events_of(&seen, maya, "change", "program")[0]["outcome"], "refused");
    assert_eq!(events_of(&seen, casey, "read", "program").len(), 1, "{seen:#?}");
    assert!(events_of(&seen, maya, "read", "program").is_empty(), "reading one's own is not recorded");
}

#[rstest]
#[tokio::test]
async fn the_same_step_from_two_sides_at_once_is_recorded_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let sent = step("continuing_care", TODAY);
    let [one, other] = [(); 2].map(|()| of(&clinic.maya, &format!("level-of-care/changes/{}", fresh_id())));
    let (first, second) = tokio::join!(
        server.put(&clinic.casey, &one, sent.clone()),
        server.put(&clinic.supervisor, &other, sent)
    );
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{} {}", first.text, second.text);
}
