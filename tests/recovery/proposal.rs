//! What lapses and logs propose for the plan.

use super::{MINE, conflicts, lapse, lapsed, looked_back};
use crate::audit::{entries, events_of};
use crate::check_in::{answered, weekly};
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Person, TestServer};
use rstest::rstest;
use serde_json::json;

async fn keys(server: &TestServer, who: &Person) -> Vec<String> {
    let read = server.get(who, &format!("{MINE}/proposals")).await.is(200);
    read["items"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap().to_owned()).collect()
}

#[rstest]
#[tokio::test]
async fn looking_back_at_a_lapse_gives_proposals_for_the_plan(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = lapsed(&server, &maya, lapse("2026-03-02T01:00:00Z", "lapse")).await;
    let draft = json!({"situation": "Payday", "trigger": "urges", "signs": ["lying"], "helped_stop": "Rang Sam", "would_do": "Take the other bus"});
    let saved = looked_back(&server, &maya, &id, "\"0\"", draft.clone()).await;
    assert_eq!(saved.header("etag"), "\"1\"");
    let saved = saved.is(200);
    assert_eq!((&saved["revision"], &saved["content"]), (&json!(1), &draft));
    assert_eq!(
        saved["proposals"],
        json!([
            {"change": {"type": "add_trigger", "category": "urges", "words": "Payday"},
             "proposal": {"kind": "add_trigger", "category": "urges", "source": "internal", "words": "Payday"}},
            {"change": {"type": "add_warning_sign", "code": "lying"},
             "proposal": {"kind": "add_warning_sign", "code": "lying", "stage": "mental", "words": "I lied or hid things"}},
            {"change": {"type": "add_lapse_response_step", "words": "Rang Sam"},
             "proposal": {"kind": "add_lapse_response_step", "words": "Rang Sam"}},
            {"change": {"type": "add_coping", "category": "urges", "words": "Take the other bus"},
             "proposal": {"kind": "add_situation", "words": "An urge or a temptation", "cope": "Take the other bus"}},
        ])
    );
    assert_eq!(
        looked_back(&server, &maya, &id, "\"0\"", draft.clone()).await.is(200),
        saved,
        "a phone that did not hear may ask again"
    );
    let more = json!({"situation": "Payday, and it rained"});
    looked_back(&server, &maya, &id, "\"0\"", more.clone()).await.refused(412, "");
    looked_back(&server, &maya, &id, "", more.clone()).await.refused(428, "");
    for odd in ["0", "*", "\"1\", \"2\"", "\"-1\"", "\"99999999999\""] {
        looked_back(&server, &maya, &id, odd, more.clone()).await.refused(422, "If-Match");
    }
    assert_eq!(looked_back(&server, &maya, &id, "\"1\"", more.clone()).await.is(200)["proposals"], json!([]));
    assert_eq!(server.get(&maya, MINE).await.is(200)["lapses"][0]["debrief"]["content"], more);
    looked_back(&server, &maya, &id, "\"2\"", json!({"situation": ""})).await.refused(422, "/situation");
    looked_back(&server, &maya, &fresh_id().to_string(), "\"0\"", more.clone()).await.refused(404, "");
    server.delete(&maya, &format!("{MINE}/lapses/{id}")).await.is(204);
    looked_back(&server, &maya, &id, "\"2\"", json!({})).await.refused(409, "");
}

#[rstest]
#[tokio::test]
async fn what_the_logs_suggest_is_proposed_until_it_is_declined(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    conflicts(&server, &maya, 0..2).await;
    assert_eq!(keys(&server, &maya).await, [""; 0]);
    conflicts(&server, &maya, 2..3).await;
    answered(&server, &maya, weekly("2026-02-22T18:00:00Z", &["lying"])).await;
    lapsed(&server, &maya, lapse("2026-02-25T18:00:00Z", "lapse")).await;
    let read = server.get(&maya, &format!("{MINE}/proposals")).await.is(200);
    assert_eq!(
        read["items"],
        json!([
            {"key": "trigger:conflict", "change": {"type": "add_trigger", "category": "conflict"},
             "grounds": {"count": 3, "days": ["2026-02-26", "2026-02-27", "2026-02-28"], "mean": 6.0}},
            {"key": "sign:lying", "change": {"type": "add_warning_sign", "code": "lying"},
             "grounds": {"count": 1, "days": ["2026-02-22"], "mean": null}},
        ])
    );
    for _ in 0..2 {
        server.call("POST", &format!("{MINE}/proposals/trigger:conflict/decline"), &maya, None).await.is(204);
    }
    assert_eq!(keys(&server, &maya).await, ["sign:lying"]);
    server
        .call("POST", &format!("{MINE}/proposals/trigger:urges/decline"), &maya, None)
        .await
        .refused(404, "");
    conflicts(&server, &maya, 3..5).await;
    assert_eq!(keys(&server, &maya).await, ["sign:lying"]);
    conflicts(&server, &maya, 5..6).await;
    assert_eq!(keys(&server, &maya).await, ["trigger:conflict", "sign:lying"], "twice as much to show");
}

#[rstest]
#[tokio::test]
async fn what_a_debrief_proposes_is_sent_on_to_the_plan_as_it_is(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    let id = lapsed(&server, &maya, lapse("2026-03-02T01:00:00Z", "lapse")).await;
    let draft = json!({"situation": "Payday\nand rain", "trigger": "urges", "signs": ["lying", "weather"], "helped_stop": "Rang Sam. ".repeat(90), "would_do": "Take the other bus"});
    let saved = looked_back(&server, &maya, &id, "\"0\"", draft.clone()).await.is(200);
    let proposals = saved["proposals"].as_array().unwrap();
    assert_eq!(proposals.len(), 4, "a sign that nobody is asked about is not proposed: {saved}");
    let mut tag = String::from("\"0\"");
    for one in proposals {
        let body = json!({"proposal": one["proposal"], "id": fresh_id()});
        let accepted = server
            .call_with(
                "POST",
                "/v1/participants/me/plan/proposals/accept",
                &maya,
                &[("if-match", &tag)],
                Some(body),
            )
            .await;
        tag = accepted.header("etag");
        accepted.is(201);
    }
    let plan = server.get(&maya, "/v1/participants/me/plan").await.is(200)["content"].clone();
    assert_eq!(
        (&plan["triggers"][0]["words"], &plan["warning_signs"][0]["words"]),
        (&json!("Payday and rain"), &json!("I lied or hid things"))
    );
    assert_eq!(
        (&plan["situations"][0]["words"], &plan["situations"][0]["cope"]),
        (&json!("An urge or a temptation"), &json!("Take the other bus"))
    );
    assert!(plan["lapse_response"][0]["words"].as_str().unwrap().ends_with('…'), "{plan}");
    let again = looked_back(&server, &maya, &id, "\"1\"", draft).await.is(200);
    let kinds: Vec<_> =
        again["proposals"].as_array().unwrap().iter().map(|one| &one["proposal"]["kind"]).collect();
    assert_eq!(kinds, [""; 0], "the plan says all of it");
}

#[rstest]
#[tokio::test]
async fn what_is_accepted_is_in_the_plan_and_is_not_proposed_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    conflicts(&server, maya, 0..3).await;
    answered(&server, maya, weekly("2026-02-22T18:00:00Z", &["lying"])).await;
    lapsed(&server, maya, lapse("2026-02-25T18:00:00Z", "lapse")).await;
    let mut plan = crate::plan::plan();
    plan["triggers"][0]["category"] = json!("urges");
    let accept = async |key: &str, tag: &str| {
        let headers: &[(&str, &str)] = if tag.is_empty() { &[] } else { &[("if-match", tag)] };
        server.call_with("POST", &format!("{MINE}/proposals/{key}/accept"), maya, headers, None).await
    };
    assert_eq!(keys(&server, maya).await, ["trigger:conflict", "sign:lying"]);
    server.call("POST", &format!("{MINE}/proposals/sign:lying/decline"), maya, None).await.is(204);
    accept("trigger:conflict", "").await.refused(428, "");
    accept("trigger:urges", "\"0\"").await.refused(404, "");
    let first = accept("trigger:conflict", "\"0\"").await;
    assert!(first.header("etag").starts_with("\"1."), "{}", first.header("etag"));
    let first = first.is(201);
    assert_eq!(first["content"]["triggers"][0]["words"], "A quarrel or tension with somebody");
    assert_eq!((&first["revision"], &first["author"]["account"]), (&json!(1), &json!(maya.account)));
    assert_eq!(
        accept("trigger:conflict", "\"0\"").await.is(200),
        first,
        "a phone that did not hear may ask again"
    );
    let stale = accept("sign:lying", "\"0\"").await;
    assert_eq!(stale.refused(412, "")["current"]["revision"], 1);
    let second = accept("sign:lying", "\"1\"").await.is(201);
    assert_eq!(
        second["content"]["warning_signs"][0]["words"], "I lied or hid things",
        "also after it was declined"
    );
    assert_eq!(keys(&server, maya).await, [""; 0]);
    let mut own = second["content"].clone();
    assert_eq!(own["warning_signs"][0]["code"], "lying");
    own["warning_signs"][0]["words"] = json!("I tell Sam that I am fine");
    own["warning_signs"][0].as_object_mut().unwrap().remove("code");
    let third = server.put_on(maya, "/v1/participants/me/plan", "\"2\"", own).await.is(201);
    assert_eq!(
        third["content"]["warning_signs"][0]["code"], "lying",
        "also where a phone does not know of it"
    );
    assert_eq!(keys(&server, maya).await, [""; 0], "own words do not make it another sign");
    server.put_on(maya, "/v1/participants/me/plan", "\"3\"", plan).await.is(201);
    assert_eq!(
        keys(&server, maya).await,
        ["trigger:conflict"],
        "removed from the plan, it is proposed again; what was declined is not"
    );
    let hers = format!("/v1/participants/{}/recovery/proposals/trigger:conflict/accept", maya.participant);
    server.call_with("POST", &hers, casey, &[("if-match", "\"4\"")], None).await.refused(403, "");
    let seen = entries(&server, maya, "me").await;
    assert_eq!(events_of(&seen, maya, "accept", "plan").len(), 2, "{seen:#?}");
}

#[rstest]
#[tokio::test]
async fn a_skill_that_does_not_help_goes_with_a_tap(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let maya = server.clinic().maya;
    server.put_on(&maya, "/v1/participants/me/plan", "\"0\"", crate::plan::plan()).await.is(201);
    for day in 1..=5 {
        let draft =
            crate::coping::practice(&format!("2026-02-{day:02}T18:00:00Z"), "library:urge_surfing", 6, 6);
        server
            .put(&maya, &format!("/v1/participants/me/coping/skill-practices/{}", fresh_id()), draft)
            .await
            .is(201);
    }
    assert_eq!(keys(&server, &maya).await, ["skill:library:urge_surfing"]);
    let path = format!("{MINE}/proposals/skill:library:urge_surfing/accept");
    let accepted = server.call_with("POST", &path, &maya, &[("if-match", "\"1\"")], None).await.is(201);
    assert_eq!(accepted["content"]["triggers"][0].get("coping"), None);
    assert_eq!(keys(&server, &maya).await, [""; 0]);
}
