//! Who saw or did what to a participant's record, and when.

use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Clinic, Person, TestServer};
use rstest::rstest;
use serde_json::{Value, json};

/// All entries of a record, in order.
pub(crate) async fn entries(server: &TestServer, who: &Person, participant: &str) -> Vec<Value> {
    let (mut all, mut after) = (vec![], String::new());
    loop {
        let page = server
            .get(who, &format!("/v1/participants/{participant}/audit-log?limit=20{after}"))
            .await
            .is(200);
        all.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    all.sort_by_key(|entry| entry["seq"].as_i64().unwrap());
    all
}

/// The events of what somebody did in one module: `verb` is the first word of the action.
pub(crate) fn events_of<'a>(entries: &'a [Value], who: &Person, verb: &str, module: &str) -> Vec<&'a Value> {
    let of = |entry: &&Value| {
        let action = entry["action"].as_str().unwrap_or_default();
        let is_verb = action.split('_').next() == Some(verb);
        entry["actor"] == who.account.as_str() && is_verb && entry["module"] == module
    };
    entries.iter().filter(of).collect()
}

#[rstest]
#[tokio::test]
async fn a_participant_sees_who_looked(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let id = server.craving(maya, "2026-03-02T18:00:00Z", 6).await;
    let record = format!("/v1/participants/{}", maya.participant);
    server.get(casey, &format!("{record}/cravings/{id}")).await.is(200);
    let seen = entries(&server, maya, "me").await;
    let look = events_of(&seen, casey, "read", "craving");
    assert_eq!(look.len(), 1, "{seen:#?}");
    assert_eq!(
        (&look[0]["entity"], &look[0]["actor_role"], &look[0]["outcome"]),
        (&json!(id), &json!("counselor"), &json!("done"))
    );
    assert_eq!(look[0]["at"], "2026-03-02T18:40:00Z");
    server.get(casey, &format!("{record}/cravings")).await.is(200);
    server.get(casey, &format!("{record}/trends?from=2026-03-01&to=2026-03-02")).await.is(200);
    server.get(casey, &format!("{record}/trends.svg?from=2026-03-01&to=2026-03-02")).await.is(200);
    server.get(casey, &format!("{record}/reminders")).await.is(200);
    let seen = entries(&server, maya, "me").await;
    assert_eq!(events_of(&seen, casey, "read", "craving").len(), 2);
    assert_eq!(events_of(&seen, casey, "read", "trend").len(), 2);
    assert_eq!(events_of(&seen, casey, "read", "reminder").len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_look_at_the_caseload_is_in_the_audit_log_of_each_on_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    server.get(&clinic.casey, "/v1/participants").await.is(200);
    assert_eq!(
        events_of(&entries(&server, &clinic.maya, "me").await, &clinic.casey, "read", "trend").len(),
        1
    );
    assert!(
        events_of(&entries(&server, &clinic.theo, "me").await, &clinic.casey, "read", "trend").is_empty()
    );
}

#[rstest]
#[tokio::test]
async fn what_a_participant_did_is_there_in_order_without_a_gap(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = server.craving(&maya, "2026-03-02T18:00:00Z", 6).await;
    let path = format!("/v1/participants/me/cravings/{id}");
    let rating = json!({"rated_at": "2026-03-02T18:10:00Z", "intensity": 3});
    server.put(&maya, &format!("{path}/ratings/{}", fresh_id()), rating).await.is(201);
    server
        .put(
            &maya,
            &format!("{path}/outcome"),
            json!({"outcome": "passed", "observed_at": "2026-03-02T18:20:00Z"}),
        )
        .await
        .is(200);
    let draft = evenkeel_tests::test_server::craving("2026-03-02T18:00:00Z", 5);
    server.put(&maya, &format!("{path}/revisions/{}", fresh_id()), json!({"entry": draft})).await.is(201);
    server.delete(&maya, &path).await.is(204);
    let all = entries(&server, &maya, "me").await;
    let own: Vec<_> = all
        .iter()
        .filter(|entry| entry["module"] == "craving")
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        own,
        ["record_craving", "rate_craving", "conclude_craving", "correct_craving", "withdraw_craving"]
    );
    for (place, entry) in (1..).zip(&all) {
        assert_eq!(entry["seq"], json!(place), "{all:#?}");
    }
    let text = json!(all).to_string();
    assert!(!text.contains("intensity") && !text.contains("time_zone"), "never content");
}

#[rstest]
#[tokio::test]
async fn a_refused_request_changes_nothing_and_is_recorded(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let record = format!("/v1/participants/{}", clinic.maya.participant);
    server.get(&clinic.admin, &format!("{record}/cravings")).await.refused(403, "");
    let seen = entries(&server, &clinic.maya, "me").await;
    let tries: Vec<_> = seen.iter().filter(|entry| entry["actor"] == clinic.admin.account.as_str()).collect();
    assert_eq!(tries.len(), 1, "{seen:#?}");
    assert_eq!(tries[0]["outcome"], "refused");
}

#[rstest]
#[tokio::test]
async fn every_action_refused_to_her_own_counselor_is_recorded(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let record = format!("/v1/participants/{}", clinic.maya.participant);
    let craving = evenkeel_tests::test_server::craving("2026-03-02T18:00:00Z", 5);
    server.put(&clinic.casey, &format!("{record}/cravings/{}", fresh_id()), craving).await.refused(403, "");
    server.get(&clinic.casey, &format!("{record}/audit-log")).await.refused(403, "");
    let seen = entries(&server, &clinic.maya, "me").await;
    for (act, module) in [("record", "craving"), ("read", "audit")] {
        let tries = events_of(&seen, &clinic.casey, act, module);
        assert_eq!(tries.len(), 1, "{seen:#?}");
        assert_eq!(tries[0]["outcome"], "refused");
    }
}

#[rstest]
#[tokio::test]
async fn a_participant_never_learns_from_the_audit_log_who_else_is_in_treatment(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let record = format!("/v1/participants/{}", clinic.maya.participant);
    server.get(&clinic.theo, &format!("{record}/cravings")).await.refused(404, "");
    let answer = server.get(&clinic.maya, "/v1/participants/me/audit-log").await;
    for secret in
        ["Theo", &clinic.theo.account, &clinic.theo.participant, &crate::account::session_id(&clinic.theo)]
    {
        assert!(!answer.text.contains(secret), "{secret} in {}", answer.text);
    }
    let refused = |page: Value| {
        page["items"].as_array().unwrap().iter().find(|entry| entry["outcome"] == "refused").unwrap().clone()
    };
    let try_seen = refused(answer.is(200));
    assert_eq!((&try_seen["actor_role"], &try_seen["module"]), (&json!("participant"), &json!("craving")));
    let own = entries(&server, &clinic.maya, "me").await;
    assert!(
        own.iter().filter(|entry| entry["outcome"] == "done").all(|entry| entry["actor"].is_string()),
        "{own:#?}"
    );
    let refused = refused(server.get(&clinic.supervisor, &format!("{record}/audit-log")).await.is(200));
    assert_eq!((&refused["actor"], &refused["actor_name"]), (&json!(clinic.theo.account), &json!("Theo K.")));
    assert!(refused["device"].is_string(), "{refused}");
}

#[rstest]
#[tokio::test]
async fn nobody_floods_an_audit_log_by_being_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let record = format!("/v1/participants/{}", clinic.maya.participant);
    let refused = async || {
        entries(&server, &clinic.maya, "me")
            .await
            .iter()
            .filter(|entry| entry["outcome"] == "refused")
            .count()
    };
    for _ in 0..3 {
        server.get(&clinic.theo, &format!("{record}/cravings")).await.refused(404, "");
    }
    assert_eq!(refused().await, 1);
    server.get(&clinic.theo, &format!("{record}/trends")).await.refused(404, "");
    server.get(&clinic.drew, &format!("{record}/cravings")).await.refused(404, "");
    assert_eq!(refused().await, 3, "another module and another person are recorded");
    for _ in 0..120 {
        server.get(&clinic.supervisor, &format!("{record}/reminders")).await.is(200);
    }
    server.get(&clinic.theo, &format!("{record}/cravings")).await.refused(404, "");
    assert_eq!(refused().await, 3, "however much happens in between");
    server.later(jiff::SignedDuration::from_mins(61));
    server.get(server.sign_in(&clinic.theo).await, &format!("{record}/cravings")).await.refused(404, "");
    let maya = server.sign_in(&clinic.maya).await;
    assert_eq!(
        entries(&server, &maya, "me").await.iter().filter(|entry| entry["outcome"] == "refused").count(),
        4
    );
}

#[rstest]
#[tokio::test]
async fn a_repeated_upload_is_in_the_audit_log_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let path = format!("/v1/participants/me/cravings/{}", fresh_id());
    for status in [201, 200, 200] {
        server.put(&maya, &path, crate::craving::full()).await.is(status);
    }
    assert_eq!(events_of(&entries(&server, &maya, "me").await, &maya, "record", "craving").len(), 1);
}

#[rstest]
#[tokio::test]
async fn the_audit_log_is_for_the_participant_and_the_supervisor(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let path = format!("/v1/participants/{}/audit-log", clinic.maya.participant);
    server.get(&clinic.supervisor, &path).await.is(200);
    server.get(&clinic.casey, &path).await.refused(403, "");
    server.get(&clinic.admin, &path).await.refused(403, "");
    server.get(&clinic.theo, &path).await.refused(404, "");
}

#[rstest]
#[tokio::test]
async fn each_action_is_recorded_under_its_own_name(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let Clinic { admin, casey, maya, .. } = server.clinic();
    let invite = server.open_invite(&casey).await;
    server.delete(&casey, &format!("/v1/invites/{}", invite["id"].as_str().unwrap())).await.is(204);
    let skill = format!("/v1/skills/{}", fresh_id());
    server.put(&admin, &skill, crate::coping::tea()).await.is(201);
    let mut edited = crate::coping::tea();
    edited["name"] = json!("Tea with the day team");
    server.put_on(&admin, &skill, "\"1\"", edited).await.is(200);
    server.delete(&admin, &skill).await.is(204);
    server.call("POST", &format!("{skill}/restore"), &admin, None).await.is(200);
    let mut draft = evenkeel_tests::test_server::craving("2026-03-02T18:00:00Z", 5);
    draft["outcome"] = json!("lapsed");
    server.put(&maya, &format!("/v1/participants/me/cravings/{}", fresh_id()), draft).await.is(201);
    let recovery = format!("/v1/participants/{}/recovery", maya.participant);
    let etag = server.get(&casey, &recovery).await.is(200)["use_reports"][0]["etag"].clone();
    let seen = format!("{recovery}/use-reports/2026-03-02/acknowledgement");
    server.acknowledge(&casey, &seen, etag.as_str().unwrap()).await.is(204);

    let actions = |events: Vec<Value>| -> Vec<String> {
        events.iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect()
    };
    let last = |who: &Person, count: usize| {
        let mut all = actions(crate::account::stream(&server, &who.account));
        all.split_off(all.len() - count)
    };
    assert_eq!(last(&casey, 2), ["invite_participant", "withdraw_invite"]);
    assert_eq!(last(&admin, 4), ["add_skill", "edit_skill", "retire_skill", "restore_skill"]);
    assert_eq!(
        actions(entries(&server, &maya, "me").await),
        ["record_craving", "read_recovery", "acknowledge_use"]
    );
}
