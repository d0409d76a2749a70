//! What participants withhold of a plan, and plans that a caller may not know of.

use super::{MINE, item, of, plan};
use evenkeel::http::caller::{Caller, ParticipantRef};
use evenkeel_domain::access::Action;
use evenkeel_domain::craving::TriggerCategory;
use evenkeel_tests::Engine;
use evenkeel_tests::fresh_id;
use evenkeel_tests::test_server::{Clinic, Person, TestServer};
use rstest::rstest;
use serde_json::json;

/// How many skills against a conflict, and how many kinds of trigger, another module sees of Maya's plan when
/// this person asks.
async fn known_by(server: &TestServer, who: &Person, clinic: &Clinic) -> (usize, usize) {
    let id = |text: &str| text.parse::<uuid::Uuid>().unwrap();
    let (account, device) = (id(&who.account).into(), id(&crate::account::session_id(who)).into());
    let caller = Caller { account, device, request_id: fresh_id() };
    let participant = ParticipantRef::Id(id(&clinic.maya.participant).into());
    let asked = caller.read(&server.app, Action::ReadPlan, participant, None, |tx, grant| {
        let skills = evenkeel::coping::planned_skills(tx, grant, Some(TriggerCategory::Conflict))?;
        Ok((skills.len(), evenkeel::plan::summary(tx, grant)?.triggers.len()))
    });
    asked.await.unwrap()
}

#[rstest]
#[tokio::test]
async fn a_counselor_neither_sees_nor_erases_what_is_withheld_from_them(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let (maya, casey) = (&clinic.maya, &clinic.casey);
    let open = plan();
    server.put_on(maya, MINE, "\"0\"", open.clone()).await.is(201);
    let mut withheld = open.clone();
    withheld["only_me"] = json!(["reasons"]);
    server.put_on(maya, MINE, "\"1\"", withheld.clone()).await.is(201);
    let path = of(maya, "plan");
    for where_ in [path.clone(), format!("{path}/revisions/2"), format!("{path}/revisions/1")] {
        let seen = server.get(casey, &where_).await.is(200);
        assert_eq!(seen["withheld"], json!(["reasons"]), "{where_}");
        assert!(!seen.to_string().contains("My daughter"), "{where_}: {seen}");
    }
    let mut draft = server.get(casey, &path).await.is(200)["content"].clone();
    assert_eq!(draft["only_me"], json!(["reasons"]));
    draft["routine"] = json!([item(json!({"words": "Up at seven"}))]);
    let mut open = draft.clone();
    open["only_me"] = json!([]);
    server.put_on(casey, &path, "\"2\"", open).await.refused(422, "/only_me");
    for reasons in [json!([item(json!({"words": "Because I say so"}))]), withheld["reasons"].clone()] {
        let mut filled = draft.clone();
        filled["reasons"] = reasons;
        let problem = server.put_on(casey, &path, "\"2\"", filled.clone()).await.refused(422, "/reasons");
        assert!(problem["detail"].as_str().unwrap().contains("keeps this section private"), "{problem}");
        server.put_on(casey, &format!("{path}?merge=true"), "\"1\"", filled).await.refused(409, "");
    }
    let saved = server.put_on(casey, &path, "\"2\"", draft.clone()).await.is(201);
    assert!(saved["content"].get("reasons").is_none());
    let whole = server.get(maya, MINE).await.is(200);
    withheld["routine"] = draft["routine"].clone();
    assert_eq!(whole["content"], withheld);
    server.put_on(maya, MINE, "\"3\"", json!({"only_me": ["lapse_response"]})).await.refused(422, "/only_me");
    let hidden = json!({"proposal": {"kind": "add_trigger", "category": "urges", "source": "internal", "words": "Boredom"}, "id": fresh_id()});
    withheld["only_me"] = json!(["reasons", "triggers"]);
    server.put_on(maya, MINE, "\"3\"", withheld.clone()).await.is(201);
    server
        .call_with("POST", &format!("{path}/proposals/accept"), casey, &[("if-match", "\"4\"")], Some(hidden))
        .await
        .refused(422, "/proposal");
    let completeness = server.get(casey, &path).await.is(200)["completeness"].clone();
    withheld["reasons"] = json!([]);
    withheld["triggers"] = json!([]);
    server.put_on(maya, MINE, "\"4\"", withheld).await.is(201);
    assert_eq!(
        server.get(casey, &path).await.is(200)["completeness"],
        completeness,
        "the percent says nothing of it"
    );
}

#[rstest]
#[tokio::test]
async fn another_module_sees_no_more_of_a_plan_than_its_caller_may_see(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    let mut withheld = plan();
    let asked = async || {
        (known_by(&server, &clinic.maya, &clinic).await, known_by(&server, &clinic.casey, &clinic).await)
    };
    assert_eq!(asked().await, ((0, 0), (0, 0)));
    server.put_on(&clinic.maya, MINE, "\"0\"", withheld.clone()).await.is(201);
    assert_eq!(asked().await, ((1, 1), (1, 1)));
    withheld["only_me"] = json!(["triggers"]);
    server.put_on(&clinic.maya, MINE, "\"1\"", withheld).await.is(201);
    assert_eq!(asked().await, ((1, 1), (0, 0)));
}

#[rstest]
#[tokio::test]
async fn somebody_elses_plan_is_not_there(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let Some(server) = TestServer::new(engine).await else { return };
    let clinic = server.clinic();
    server.put_on(&clinic.maya, MINE, "\"0\"", plan()).await.is(201);
    for what in [
        "plan",
        "plan.pdf",
        "plan/revisions",
        "plan/revisions/1",
        "plan/agreed",
        "safety-plan",
        "safety-plan.pdf",
    ] {
        server.get(&clinic.theo, &of(&clinic.maya, what)).await.refused(404, "");
        server.get(&clinic.drew, &of(&clinic.maya, what)).await.refused(404, "");
    }
    assert_eq!(server.get(&clinic.theo, MINE).await.is(200)["revision"], 0);
    server.put_on(&clinic.drew, &of(&clinic.maya, "plan"), "\"1\"", plan()).await.refused(404, "");
    assert_eq!(server.get(&clinic.maya, MINE).await.is(200)["revision"], 1);
}
