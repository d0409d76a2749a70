//! Proposals and how they are accepted.

use super::{MINE, actors_of, of, plan};
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::Person;
use evenkeel_tests::test_server::TestServer;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[tokio::test]
async fn a_skill_with_a_precaution_that_applies_is_a_gap_and_not_accepted(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let mut draft = plan();
    draft["triggers"][0]["coping"] = json!(["library:cold_water", "library:urge_surfing"]);
    server.put_on(maya, MINE, "\"0\"", draft.clone()).await.is(201);
    let gaps = async |who: &Person| -> Vec<(Value, Value)> {
        let found = server.get(who, &of(maya, "plan")).await.is(200);
        let gaps = found["completeness"]["gaps"].as_array().unwrap().iter();
        gaps.filter(|gap| gap["section"] == "triggers")
            .map(|gap| (gap["item"].clone(), gap["code"].clone()))
            .collect()
    };
    assert_eq!(gaps(maya).await, []);
    let wish = json!({"favorites": [], "precautions": ["heart_condition"]});
    server.put(maya, "/v1/participants/me/coping/choices", wish).await.is(200);
    let gap = (draft["triggers"][0]["id"].clone(), json!("skill_with_precaution"));
    for who in [maya, casey] {
        assert_eq!(gaps(who).await, std::slice::from_ref(&gap));
    }
    let add = |skill: &str| {
        json!({
            "proposal": {"kind": "add_skill", "against": {"category": "conflict"}, "skill": skill}, "id": fresh_id(),
        })
    };
    for who in [maya, casey] {
        let path = format!("{}/proposals/accept", of(maya, "plan"));
        let take = async |skill| {
            server.call_with("POST", &path, who, &[("if-match", "\"1\"")], Some(add(skill))).await
        };
        let problem = take("library:cold_water").await.refused(422, "/proposal/skill");
        assert!(problem["detail"].as_str().unwrap().contains("precaution"), "{problem}");
        take("library:urge_surfing").await.is(200);
    }
    draft["triggers"][0]["coping"] = json!(["library:urge_surfing"]);
    server.put_on(maya, MINE, "\"1\"", draft).await.is(201);
    assert_eq!(gaps(casey).await, []);
}

#[rstest]
#[tokio::test]
async fn a_proposal_is_accepted_with_a_tap(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let maya = &clinic.maya;
    let path = format!("{MINE}/proposals/accept");
    let take = async |tag: &str, proposal: Value| {
        server
            .call_with(
                "POST",
                &path,
                maya,
                &[("if-match", tag)],
                Some(json!({"proposal": proposal, "id": fresh_id()})),
            )
            .await
    };
    let trigger =
        json!({"kind": "add_trigger", "category": "conflict", "source": "external", "words": "A row"});
    let first = take("\"0\"", trigger.clone()).await.is(201);
    assert_eq!((&first["revision"], &first["content"]["triggers"][0]["words"]), (&json!(1), &json!("A row")));
    take("\"0\"", trigger).await.is(200);
    let skill =
        json!({"kind": "add_skill", "against": {"category": "conflict"}, "skill": "library:urge_surfing"});
    take("\"0\"", skill.clone()).await.refused(412, "");
    let second = take("\"1\"", skill).await.is(201);
    assert_eq!(second["content"]["triggers"][0]["coping"], json!(["library:urge_surfing"]));
    let nowhere =
        json!({"kind": "add_skill", "against": {"category": "urges"}, "skill": "library:urge_surfing"});
    take("\"2\"", nowhere).await.refused(422, "/proposal/against");
    take("\"2\"", json!({"kind": "horoscope"})).await.refused(422, "/proposal/kind");
    assert_eq!(actors_of(&server, &clinic, "accept").await, [&*maya.account, &maya.account]);
}
