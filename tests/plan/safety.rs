//! The safety plan.

use super::{MINE, SAFE, item, of, safety_plan, sign};
use evenkeel_tests::Engine;
use evenkeel_tests::test_server::TestServer;
use rstest::rstest;
use serde_json::json;

#[rstest]
#[tokio::test]
async fn the_safety_plan_always_has_somebody_to_call(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let empty = server.get(maya, SAFE).await.is(200);
    assert_eq!(
        (&empty["revision"], &empty["crisis_lines"]["lines"][0]["reach"]),
        (&json!(0), &json!("call or text 988"))
    );
    let base = safety_plan();
    let first = server.put_on(casey, &of(maya, "safety-plan"), "\"0\"", base.clone()).await.is(201);
    assert_eq!((&first["content"]["review_on"], &first["withheld"]), (&json!("2026-04-01"), &json!([])));
    assert!(
        first["completeness"]["gaps"].as_array().unwrap().iter().all(|gap| gap["section"] != "professionals")
    );
    let mut mine = base.clone();
    mine["helpers"] = json!([item(json!({"name": "Sam", "reach": "555-0100"}))]);
    server.put_on(maya, SAFE, "\"1\"", mine).await.is(201);
    let mut theirs = base.clone();
    theirs["internal_coping"][0]["words"] = json!("A warm shower");
    server.put_on(casey, &of(maya, "safety-plan"), "\"1\"", theirs.clone()).await.refused(412, "");
    let both = server
        .put_on(casey, &format!("{}?merge=true", of(maya, "safety-plan")), "\"1\"", theirs)
        .await
        .is(201);
    assert_eq!(
        (&both["content"]["internal_coping"][0]["words"], &both["content"]["helpers"][0]["name"]),
        (&json!("A warm shower"), &json!("Sam"))
    );
    sign(&server, &clinic, SAFE, 3).await;
    let heads = server.get(maya, &format!("{SAFE}/revisions")).await.is(200);
    let agreements: Vec<_> =
        heads["items"].as_array().unwrap().iter().map(|head| &head["agreement"]).collect();
    assert_eq!(agreements, ["agreed", "draft", "draft"]);
    let old = server.get(maya, &format!("{SAFE}/revisions/1")).await.is(200);
    assert_eq!(old["content"]["internal_coping"][0]["words"], "A cold shower");
    let compared =
        server.get(casey, &format!("{}/compare?from=1&to=3", of(maya, "safety-plan"))).await.is(200);
    let sections: Vec<_> =
        compared["differences"].as_array().unwrap().iter().map(|one| &one["section"]).collect();
    assert_eq!(sections, ["internal_coping", "helpers"]);
    assert_eq!(server.get(maya, MINE).await.is(200)["revision"], 0, "the two plans are separate");
    let steps = server.get(maya, "/v1/participants/me/offline").await.is(200)["safety_steps"].clone();
    assert!(steps[4]["lines"].to_string().contains("988"), "{steps}");
}
